"""Complaints: feedback reports (RFC 5965), and the older ones of Hotmail that only enclose the mail."""

import re
from collections.abc import Iterator

from nkwatch.mail.bounces.pieces import Pieces
from nkwatch.mail.bounces.reports import ADDRESS

#: What readers say; `not-spam` is the contrary, `auth-failure` and `virus` come from machines (RFC 5965, RFC 6591).
COMPLAINTS = frozenset({"abuse", "fraud", "opt-out", "opt-out-list", "miscategorized", "other"})
_TYPE = re.compile(r"^[ \t]*Feedback-Type[ \t]*:[ \t]*([\w-]{1,40})", re.IGNORECASE | re.MULTILINE)
_RECIPIENT = re.compile(
    r"^[ \t]*(?:Original-Rcpt-To|Removal-Recipient|Original-Recipient"
    rf"|Final-Recipient)[ \t]*:[^\n@]{{0,40}}?({ADDRESS.pattern})",
    re.IGNORECASE | re.MULTILINE,
)
_HOTMAIL = re.compile(r"complaint about message from\b", re.IGNORECASE)


def is_feedback(pieces: Pieces, subject: str) -> bool:
    """Whether this is a report on what a reader thinks of a mail."""
    return bool(pieces.feedback) or (bool(pieces.originals) and _HOTMAIL.match(subject) is not None)


def is_complaint(pieces: Pieces) -> bool:
    """Whether the reader did not want the mail."""
    kinds = {found.lower() for text in pieces.feedback for found in _TYPE.findall(text)}
    return bool(kinds & COMPLAINTS) if pieces.feedback else True


def complainants(pieces: Pieces) -> Iterator[str]:
    """Who complained, where it is told: most providers blacken it."""
    for text in pieces.feedback:
        yield from (found.lower() for found in _RECIPIENT.findall(text))
