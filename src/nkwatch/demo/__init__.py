"""The whole service on bundled samples, on this machine alone: sample site, database, SMTP, mailbox, web pages.

Nothing here stands in for a part of the product: the samples are fetched over HTTP and the mails come by SMTP. Only the
clock is set back, so that a day passes between the first poll and the second.
"""

from nkwatch.demo.run import run_demo

__all__ = ["run_demo"]
