"""Poll the sources that are due and keep what is new. The rows decide what is due; this only asks them."""

import asyncio
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from nkwatch.domain.lease import Lease
from nkwatch.domain.source import Failed, Fetched, Outcome, PollState, Source, redesigned
from nkwatch.domain.statement import Origin, Sifted, identify, sift
from nkwatch.workflow.ports import Clock, Notice, Poller, Statements

#: Longer than any poll may take; after that another process may try.
LEASE = timedelta(minutes=10)
#: Claimed at a time.
CLAIM = 32


@dataclass(frozen=True, slots=True)
class Collected:
    """What one round of polling brought."""

    sources: int = 0
    new: int = 0
    edited: int = 0
    unchanged: int = 0
    failed: int = 0

    def __add__(self, other: "Collected") -> "Collected":
        return Collected(
            self.sources + other.sources,
            self.new + other.new,
            self.edited + other.edited,
            self.unchanged + other.unchanged,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class Collect:
    """One round: claim what is due, poll it side by side, write each outcome in one transaction."""

    sources: Mapping[str, Source]
    statements: Statements
    poller: Poller
    clock: Clock
    notice: Notice
    owner: str
    at_once: int = 8
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, only: Sequence[str] = ()) -> Collected:
        """Poll the enabled sources that are due; `only` names some of them."""
        ids = [s.id for s in self.sources.values() if s.enabled and (not only or s.id in only)]
        await self.statements.register([self.sources[i] for i in ids], self.clock())
        due = _Due(self, ids)
        # a bug met in one source must not stop the others in the middle of their round
        rounds = await asyncio.gather(*(self._worker(due) for _ in range(self.at_once)), return_exceptions=True)
        for ended in rounds:
            if isinstance(ended, BaseException):
                raise ended
        return sum((r for r in rounds if isinstance(r, Collected)), Collected())

    async def _worker(self, due: "_Due") -> Collected:
        """Poll one source after the other; a slow one holds up nobody but this worker."""
        total = Collected()
        while state := await due.next():
            total += await self._poll(self.sources[state.source_id], state)
        return total

    async def _poll(self, source: Source, state: PollState) -> Collected:
        outcome = await self.poller.poll(source, state)
        now = self.clock()
        sifted = await self._sift(source, state, outcome)
        after = state.after(outcome, now, new=len(sifted.new))
        new = await self.statements.record_poll(after, source.publisher, sifted)
        self._tell(source, state, after)
        match outcome:
            case Failed():
                return Collected(sources=1, failed=1)
            case Fetched():
                return Collected(sources=1, new=new, edited=len(sifted.edited))
            case _:
                return Collected(sources=1, unchanged=1)

    async def _sift(self, source: Source, state: PollState, outcome: Outcome) -> Sifted:
        if not isinstance(outcome, Fetched):
            return Sifted()
        identified = identify(outcome.entries)
        known = await self.statements.known(source.publisher, {key for _, keys in identified for key in keys})
        unknown = sum(not any(key in known for key in keys) for _, keys in identified)
        backlog = state.first_ingest or redesigned(unknown, len(identified))
        origin = Origin(source.id, source.publisher, (source.languages or ("",))[0], backlog)
        return sift(identified, known, origin, self.clock())

    def _tell(self, source: Source, before: PollState, after: PollState) -> None:
        """One notice per change of state, not one per failure."""
        if after.failures and not before.failures:
            self.notice("source failing", source=source.id, url=source.url, why=after.reason, next=str(after.due_at))
        elif before.failures and not after.failures:
            self.notice("source works again", source=source.id, failures=before.failures)


class _Due:
    """The sources that are due, claimed a few at a time."""

    def __init__(self, collect: Collect, ids: Sequence[str]) -> None:
        self._collect = collect
        self._ids = ids
        self._claimed: deque[PollState] = deque()
        self._lock = asyncio.Lock()

    async def next(self) -> PollState | None:
        """The next one to poll; None when nothing is due, or the round is to stop."""
        async with self._lock:
            if self._collect.stop.is_set():
                return None
            if not self._claimed:
                self._claimed.extend(await self._claim())
            return self._claimed.popleft() if self._claimed else None

    async def _claim(self) -> Sequence[PollState]:
        now = self._collect.clock()
        lease = Lease(self._collect.owner, now + LEASE)
        return await self._collect.statements.claim_due(self._ids, now, CLAIM, lease)
