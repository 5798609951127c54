"""What the workflow needs of sources and their pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.errand import Errand, Ran, Visited
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Outcome
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source


class Poller(Protocol):
    """Fetches and parses one source."""

    async def poll(self, source: Source, state: PollState) -> Outcome: ...


class Visitor(Protocol):
    """Fetches the page of one statement."""

    async def visit(self, errand: Errand, source: Source) -> Visited: ...


class Errands(Protocol):
    """The pages still to be fetched."""

    async def claim_errands(self, now: datetime, limit: int, lease: Lease) -> list[Errand]:
        """Claim up to `limit` errands that are due and whose hosts do not rest."""
        ...

    async def renew_errands(self, claimed: Sequence[Errand], lease: Lease) -> None:
        """Keep these errands until the end of this lease, those that its owner still has."""

    async def record_errand(self, ran: Ran) -> None:
        """Write what became of an errand. An article completes its statement, which may be read from then on."""
