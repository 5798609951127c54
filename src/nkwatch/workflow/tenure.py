"""How long claimed work is surely ours: a lease is short, and renewed while the worker lives.

A worker that was stopped for longer than its lease, or whose clock was set back, must offer nothing more: another one
may have its work.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from nkwatch.domain.delivery import Delivery
from nkwatch.domain.lease import Lease
from nkwatch.workflow.ports import Clock, Outbox


class Tenure:
    """The leases that `owner` took at `now` for `span` on a claimed batch."""

    def __init__(self, outbox: Outbox, clock: Clock, owner: str, span: timedelta, now: datetime) -> None:
        self._outbox, self._clock, self._owner, self._span = outbox, clock, owner, span
        self._kept = True
        self._bell = asyncio.Event()
        self._begin(now)

    def holds(self) -> bool:
        """Whether the work is surely still ours. Once it was not, it is not any more."""
        if self._kept:
            now = self._clock()
            self._kept = self._from <= now < self._until
            if now >= self._renew_at:
                self._bell.set()
        return self._kept

    async def keep(self, in_hand: Callable[[], Sequence[Delivery]]) -> None:
        """Renew every third of the span, until the work is lost. Raises what the database raises."""
        while self._kept:
            # who is asked whether it holds may ring before: the clock may have jumped
            with suppress(TimeoutError):
                async with asyncio.timeout(self._span.total_seconds() / 3):
                    await self._bell.wait()
            asked_at = self._clock()
            await self._outbox.renew(in_hand(), Lease(self._owner, asked_at + self._span))
            # an answer that came too late tells nothing: somebody else may have had the work meanwhile
            if self.holds():
                self._begin(asked_at)
            self._bell.clear()

    def _begin(self, now: datetime) -> None:
        # what is begun just before the end must not end long after it
        margin = self._span / 6
        self._from, self._until = now - margin, now + self._span - margin
        self._renew_at = now + self._span / 3
