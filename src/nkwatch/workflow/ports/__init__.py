"""What the workflow needs of the world outside, as protocols. The adapters satisfy them without knowing of them.

Every method that changes something does so in one transaction, and doing it twice changes nothing more.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from nkwatch.workflow.ports.mail import Assembler, Callers, Composer, Issue, Letters, Relay, Signer
from nkwatch.workflow.ports.outbox import Outbox
from nkwatch.workflow.ports.readers import Register, Subscribers
from nkwatch.workflow.ports.searching import Indexing
from nkwatch.workflow.ports.sources import Errands, Poller, Visitor
from nkwatch.workflow.ports.statements import Desk, Statements

__all__ = [
    "Assembler",
    "Callers",
    "Clock",
    "Composer",
    "Desk",
    "Errands",
    "Indexing",
    "Issue",
    "Letters",
    "Notice",
    "Outbox",
    "Poller",
    "Register",
    "Relay",
    "Signer",
    "Statements",
    "Subscribers",
    "Visitor",
]

Clock = Callable[[], datetime]
"""Answers the present instant, timezone-aware UTC."""


class Notice(Protocol):
    """Tells the operator something: what happened, where, what to do."""

    def __call__(self, event: str, **facts: object) -> None: ...
