"""Fetch the pages that statements wait for: their full text, and whether what vanished from a list is gone."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nkwatch.domain.errand import Absent, Brought, Errand, Purpose, Ran, Rest, Unavailable, Visited
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import LONGEST_RETRY_AFTER
from nkwatch.domain.source import Source, host_of
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.ports import Clock, Errands, Notice, Visitor
from nkwatch.workflow.tenure import Tenure

#: Renewed while its owner lives: a page waits no longer than this for one that was killed.
LEASE = timedelta(minutes=1)
CLAIM = 32
DECIDE = "it is hidden from readers; `nkwatch statements keep` or `hide` decides"


@dataclass(frozen=True, slots=True)
class Visits(Counts):
    """What one round of visits brought; `gone` statements are hidden until an editor decides.

    `unreadable` pages came, and no article was found on them: where that is most of them, the extractor is at fault.
    """

    articles: int = 0
    gone: int = 0
    unavailable: int = 0
    unreadable: int = 0


@dataclass(frozen=True, slots=True)
class VisitPages:
    """One round: claim the errands that are due, fetch their pages side by side, write each outcome at once."""

    sources: Mapping[str, Source]
    errands: Errands
    visitor: Visitor
    clock: Clock
    notice: Notice
    owner: str
    at_once: int = 8
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Visits:
        """Run every errand that is due; those at hosts that rest wait."""
        total = Visits()
        while not self.stop.is_set():
            now = self.clock()
            claimed = await self.errands.claim_errands(now, CLAIM, Lease(self.owner, now + LEASE))
            if not claimed:
                break
            for ended in await self._run_all(claimed, now):
                if isinstance(ended, BaseException):
                    raise ended
                total += ended
        return total

    async def _run_all(self, claimed: Sequence[Errand], now: datetime) -> Sequence[Visits | BaseException]:
        """Run what was claimed at `now`; one that fails stops no other."""
        tenure = Tenure(self.errands.renew_errands, self.clock, self.owner, LEASE, now)
        slots, resting, left = asyncio.Semaphore(self.at_once), dict[str, datetime](), dict.fromkeys(claimed)

        async def run(errand: Errand) -> Visits:
            try:
                return await self._run(errand, slots, resting, tenure)
            finally:
                del left[errand]

        async with tenure.kept(lambda: list(left)):
            return await asyncio.gather(*map(run, claimed), return_exceptions=True)

    async def _run(
        self, errand: Errand, slots: asyncio.Semaphore, resting: dict[str, datetime], tenure: Tenure[Errand]
    ) -> Visits:
        source = self.sources.get(errand.source_id)
        async with slots:
            if self.stop.is_set() or not tenure.holds():  # it is still there when its lease has ended
                return Visits()
            if source is None or not source.enabled:  # the operator took it out of the catalogue since
                return await self._leave(Ran(errand, self.clock()))
            if until := resting.get(host_of(errand.url)):
                return await self._leave(Ran(errand, self.clock(), again=replace(errand, due_at=until)))
            visited = await self._visited(errand, source)
        ran = _ran(errand, source, visited, self.clock())
        if ran.rest:
            resting[ran.rest.host] = ran.rest.until
        await self.errands.record_errand(ran)
        if ran.gone:
            self.notice("statement deleted by its source", statement=errand.statement_id, url=errand.url, what=DECIDE)
        lacking = isinstance(visited, Brought) and not visited.article and errand.purpose is Purpose.ARTICLE
        return Visits(ran.article is not None, ran.gone, isinstance(visited, Unavailable), lacking)

    async def _visited(self, errand: Errand, source: Source) -> Visited:
        try:
            return await self.visitor.visit(errand, source)
        except Exception:
            # a page on which we err is tried as often as one that cannot be had, and no more
            await self._leave(_ran(errand, source, Unavailable("nkwatch erred"), self.clock()))
            raise

    async def _leave(self, ran: Ran) -> Visits:
        await self.errands.record_errand(ran)
        return Visits()


def _ran(errand: Errand, source: Source, visited: Visited, now: datetime) -> Ran:
    """What a visit at `now` leaves behind."""
    match visited:
        case Brought(article, snapshot):
            return Ran(errand, now, article, snapshot)
        case Absent():
            # a page that was never there says nothing about a statement that its source still shows
            return Ran(errand, now, gone=errand.purpose is Purpose.PRESENCE)
        case Unavailable(_, retry_after):
            until = now + min(retry_after, LONGEST_RETRY_AFTER)
            again = errand.again(now)
            return Ran(
                errand,
                now,
                again=replace(again, due_at=max(again.due_at, until)) if again else None,
                rest=Rest(host_of(errand.url), until) if until > now and not source.alone else None,
            )
