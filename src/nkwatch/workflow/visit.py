"""Fetch the pages that statements wait for: their full text, and whether what vanished from a list is gone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from nkwatch.domain.errand import Absent, Brought, Errand, Purpose, Ran, Rest, Unavailable
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import LONGEST_RETRY_AFTER
from nkwatch.domain.source import Source, host_of
from nkwatch.workflow.ports import Clock, Errands, Visitor

LEASE = timedelta(minutes=10)
CLAIM = 32


@dataclass(frozen=True, slots=True)
class Visits:
    """What one round of visits brought; `gone` statements are hidden until an editor decides."""

    articles: int = 0
    gone: int = 0
    unavailable: int = 0

    def __add__(self, other: "Visits") -> "Visits":
        return Visits(self.articles + other.articles, self.gone + other.gone, self.unavailable + other.unavailable)


@dataclass(frozen=True, slots=True)
class VisitPages:
    """One round: claim the errands that are due, fetch their pages side by side, write each outcome at once."""

    sources: Mapping[str, Source]
    errands: Errands
    visitor: Visitor
    clock: Clock
    owner: str
    at_once: int = 8
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Visits:
        """Run every errand that is due; those at hosts that rest wait."""
        total = Visits()
        while not self.stop.is_set() and (claimed := await self._claim()):
            slots = asyncio.Semaphore(self.at_once)
            done = await asyncio.gather(*(self._run(e, slots) for e in claimed), return_exceptions=True)
            for ended in done:
                if isinstance(ended, BaseException):
                    raise ended
                total += ended
        return total

    async def _claim(self) -> Sequence[Errand]:
        now = self.clock()
        return await self.errands.claim_errands(now, CLAIM, Lease(self.owner, now + LEASE))

    async def _run(self, errand: Errand, slots: asyncio.Semaphore) -> Visits:
        source = self.sources.get(errand.source_id)
        if source is None:  # the operator took it out of the catalogue since
            await self.errands.record_errand(Ran(errand, self.clock()))
            return Visits()
        async with slots:
            visited = await self.visitor.visit(errand, source)
        now = self.clock()
        match visited:
            case Brought(article, snapshot):
                await self.errands.record_errand(Ran(errand, now, article, snapshot))
                return Visits(articles=article is not None)
            case Absent():
                # a page that was never there says nothing about a statement that its source still shows
                gone = errand.purpose is Purpose.PRESENCE
                await self.errands.record_errand(Ran(errand, now, gone=gone))
                return Visits(gone=gone)
            case Unavailable(_, retry_after):
                span = min(retry_after, LONGEST_RETRY_AFTER)
                rest = Rest(host_of(errand.url), now + span) if span else None
                await self.errands.record_errand(Ran(errand, now, again=errand.again(now), rest=rest))
                return Visits(unavailable=1)
