"""Reads the mails that come back: bounces, complaints, automatic replies.

Hostile bytes: run it where it can be killed.
"""

from nkwatch.mail.bounces.reading import read_bounce

__all__ = ["read_bounce"]
