"""How long claimed work is surely ours: a lease is short, and renewed while the worker lives.

A worker that was stopped for longer than its lease, or whose clock was set back, must offer nothing more: another one
may have its work.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from nkwatch.domain.lease import Lease
from nkwatch.workflow.ports import Clock

T = TypeVar("T")


class Tenure(Generic[T]):
    """The leases that `owner` took at `now` for `span` on claimed work. `renew` writes that they last longer."""

    def __init__(
        self,
        renew: Callable[[Sequence[T], Lease], Awaitable[None]],
        clock: Clock,
        owner: str,
        span: timedelta,
        now: datetime,
    ) -> None:
        self._renew, self._clock, self._owner, self._span = renew, clock, owner, span
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

    @asynccontextmanager
    async def kept(self, in_hand: Callable[[], Sequence[T]]) -> AsyncIterator[None]:
        """Keep the work while this lasts. What the database raises is raised on leaving; the leases then just end."""
        keeping = asyncio.create_task(self.keep(in_hand))
        try:
            yield
        finally:
            keeping.cancel()
            await asyncio.wait([keeping])
        if not keeping.cancelled():
            keeping.result()

    async def keep(self, in_hand: Callable[[], Sequence[T]]) -> None:
        """Renew every third of the span, until the work is lost. Raises what the database raises."""
        while self._kept:
            # who is asked whether it holds may ring before: the clock may have jumped
            with suppress(TimeoutError):
                async with asyncio.timeout(self._span.total_seconds() / 3):
                    await self._bell.wait()
            asked_at = self._clock()
            await self._renew(in_hand(), Lease(self._owner, asked_at + self._span))
            # an answer that came too late tells nothing: somebody else may have had the work meanwhile
            if self.holds():
                self._begin(asked_at)
            self._bell.clear()

    def _begin(self, now: datetime) -> None:
        # what is begun just before the end must not end long after it
        margin = self._span / 6
        self._from, self._until = now - margin, now + self._span - margin
        self._renew_at = now + self._span / 3
