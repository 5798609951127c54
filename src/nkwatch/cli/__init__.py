"""The command line: one command for each function of the workflow.

Answers go to standard output, as tables for people or with ``--json`` as one JSON object; progress and notices go to
standard error. Exit 0: done; 1: failed, or "no" as an answer; 2: wrong usage or configuration.
"""

from nkwatch.cli.app import app

__all__ = ["app"]
