"""Poll the sources that are due and keep what is new. The rows decide what is due; this only asks them."""

import asyncio
from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nkwatch.domain.errand import Errand, Purpose, Rest
from nkwatch.domain.identity import Sifted, identify, sift
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Failed, Fetched, Found, Outcome, Trouble
from nkwatch.domain.polling import LONGEST_RETRY_AFTER, Polled, PollState, redesigned
from nkwatch.domain.source import Source, host_of
from nkwatch.domain.statement import EARLIEST, Origin, Statement, plausible
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.ledger import Ledger
from nkwatch.workflow.line import Line
from nkwatch.workflow.ports import Clock, Notice, Poller, Statements
from nkwatch.workflow.ports.redactions import Redacting
from nkwatch.workflow.redact import NoRedactions
from nkwatch.workflow.tenure import Tenure

#: Renewed while its owner lives: a source waits no longer than this for one that was killed.
LEASE = timedelta(minutes=1)
#: Claimed at a time.
CLAIM = 256
#: A text of so many code points is a whole one; a shorter one may be a teaser.
WHOLE_TEXT = 1_500
#: Older statements are filed with what their source shows.
ARTICLE_AGE = timedelta(days=31)
#: As many statements that vanished from a list are looked up after one poll.
MOST_LOOKED_UP = 5

Concerns = Callable[[Source, Statement], bool]
"""Whether a statement may be on North Korea, by what its source shows of it."""


@dataclass(frozen=True, slots=True)
class Collected(Counts):
    """What one round of polling brought."""

    sources: int = 0
    new: int = 0
    edited: int = 0
    unchanged: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Collect:
    """One round: claim what is due, poll it side by side, write each outcome in one transaction."""

    sources: Mapping[str, Source]
    statements: Statements
    poller: Poller
    concerns: Concerns
    clock: Clock
    notice: Notice
    owner: str
    at_once: int = 8
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    line: Line = field(default_factory=Line)
    redacting: Redacting = field(default_factory=NoRedactions)

    async def __call__(self, only: Sequence[str] = ()) -> Collected:
        """Poll the enabled sources that are due; `only` names some of them."""
        chosen = [s for s in self.sources.values() if s.enabled and (not only or s.id in only)]
        await self.statements.register(chosen, self.clock())
        due = _Due(self, frozenset(s.id for s in chosen))
        async with due.kept():
            async with Ledger(self.statements.record_polls) as ledger:
                this = _Round(due, ledger, dict(await self.statements.resting(self.clock())))
                workers = (self._worker(this) for _ in range(self.at_once))
                rounds = await asyncio.gather(*workers, return_exceptions=True)
                await self._settle(this.unreached, ledger)
            await self._put_off(due, dict([*this.bugs, *ledger.failed]))
        for bug in rounds:
            if isinstance(bug, BaseException):
                raise bug
        counted = sum((r for r in rounds if isinstance(r, Collected)), Collected())
        return replace(counted, new=ledger.new)

    async def _put_off(self, due: "_Due", bugs: Mapping[str, Exception]) -> None:
        """Sources on which we erred are not asked again at once: it is not theirs to bear. Raises the first error."""
        states = [due.in_hand[source_id].put_off(self.clock()) for source_id in bugs]
        if states:
            await self.statements.record_polls([Polled(s, self.sources[s.source_id].publisher) for s in states])
        for bug in bugs.values():
            raise bug

    async def _worker(self, this: "_Round") -> Collected:
        """Poll one source after the other; a slow one holds up nobody but this worker."""
        total = Collected()
        while claimed := await this.due.next():
            source = self.sources[claimed.source_id]
            try:
                total += await self._poll(source, claimed.about(source), this)
            except Exception as bug:  # noqa: BLE001  met in one source, it must not stop the others; told in the end
                this.bugs.append((source.id, bug))
        return total

    async def _poll(self, source: Source, state: PollState, this: "_Round") -> Collected:
        host = host_of(state.address(source))
        if not source.alone and this.resting.get(host, EARLIEST) > self.clock():
            put_off = state.resting(this.resting[host], self.clock())
            await this.ledger.put(Polled(put_off, source.publisher))
            return Collected()
        outcome = await self.poller.poll(source, state)
        lost = isinstance(outcome, Failed) and outcome.trouble is Trouble.UNREACHED
        self.line.note(host, reached=not lost, now=self.clock())
        if isinstance(outcome, Failed) and lost:
            this.unreached.append((state, outcome))
            return Collected(sources=1, failed=1)
        polled = await self._polled(source, state, outcome)
        if polled.rest:
            this.resting[polled.rest.host] = polled.rest.until
        await this.ledger.put(polled)
        return self._counted(outcome, polled)

    async def _settle(self, unreached: Sequence[tuple[PollState, Failed]], ledger: Ledger) -> None:
        """Sources that could not be reached have failed, unless it was our own line: then nothing is counted."""
        now = self.clock()
        down = self.line.down(now)
        for state, failed in unreached:
            after = state.put_off(now) if down else state.after(failed, now)
            await ledger.put(Polled(after, self.sources[state.source_id].publisher, at=None if down else now))
        if down and not self.line.told:
            self.notice("our own line seems down", what="most hosts cannot be reached; no source is blamed for it")
        elif self.line.told and not down:
            self.notice("our own line works again")
        self.line.told = down

    async def _polled(self, source: Source, state: PollState, outcome: Outcome) -> Polled:
        """All that this poll leaves behind."""
        sifted = await self._sifted(source, state, outcome)
        now = self.clock()
        after = state.after(outcome, now, Found(len(sifted.new), sifted.known, sifted.since), source.pace)
        if after.adopted and after.adopted != state.adopted:
            self.notice("source moved", source=source.id, to=after.adopted, what="put the new address in the settings")
        evidence = outcome.snapshot if isinstance(outcome, Fetched) and self._telling(source, sifted) else None
        return Polled(after, source.publisher, sifted, self._rest(source, state, outcome), evidence, now)

    def _counted(self, outcome: Outcome, polled: Polled) -> Collected:
        match outcome:
            case Failed():
                return Collected(sources=1, failed=1)
            case Fetched():
                return Collected(sources=1, edited=len(polled.sifted.edited))
            case _:
                return Collected(sources=1, unchanged=1)

    def _rest(self, source: Source, state: PollState, outcome: Outcome) -> Rest | None:
        """How long the whole host is left alone (RFC 9110, 10.2.3), unless the source is set to count by itself."""
        if source.alone or not isinstance(outcome, Failed) or not outcome.retry_after:
            return None
        span = min(outcome.retry_after, LONGEST_RETRY_AFTER)
        return Rest(host_of(state.address(source)), self.clock() + span)

    def _telling(self, source: Source, sifted: Sifted) -> bool:
        """Whether the bytes of this poll may be needed to prove what somebody said."""
        changed = (*(k.statement for k in sifted.new), *sifted.edited)
        return any(not s.backlog and self.concerns(source, s) for s in changed)

    async def _sifted(self, source: Source, state: PollState, outcome: Outcome) -> Sifted:
        if not isinstance(outcome, Fetched):
            return Sifted()
        # known by what their source shows, and kept as they may be
        identified = (await self.redacting.forms()).identified(identify(outcome.entries))
        keys = {key for _, keys in identified for key in keys} | {f"guid:{g}" for g in outcome.removed}
        known = await self.statements.known(source.publisher, keys)
        unknown = sum(not any(key in known for key in keys) for _, keys in identified)
        backlog = state.first_ingest or redesigned(unknown, len(identified))
        origin = Origin(source.id, source.publisher, (source.languages or ("",))[0], backlog)
        sifted = sift(identified, known, origin, self.clock())
        removed = {known[f"guid:{g}"].id for g in outcome.removed if f"guid:{g}" in known}
        looked_up = () if backlog else await self._vanished(source, outcome, {s.id for s in known.values()})
        sifted = replace(sifted, removed=tuple(sorted(removed)), errands=looked_up)
        return sifted.awaiting(lambda statement: self._wanted(source, statement), self.clock())

    def _wanted(self, source: Source, statement: Statement) -> bool:
        """Whether the page of a statement is worth asking for."""
        recent = self.clock() - statement.published <= ARTICLE_AGE
        short = len(statement.shown) < WHOLE_TEXT
        reachable = bool(statement.url) and bool(source.domains) and source.covers(statement.url)
        return recent and short and reachable and self.concerns(source, statement)

    async def _vanished(self, source: Source, outcome: Fetched, shown: set[str]) -> tuple[Errand, ...]:
        """Errands for statements that are listed no more although older ones are: they may have been deleted."""
        now = self.clock()
        dates = [e.published for e in outcome.entries if e.published and plausible(e.published, now)]
        if not dates:
            return ()
        listed = await self.statements.listed(source.id, min(dates), max(dates), shown)
        gone = [s for s in listed if source.covers(s.url)]
        return tuple(Errand(s.id, Purpose.PRESENCE, s.url, source.id, now) for s in gone[-MOST_LOOKED_UP:] if s.url)


@dataclass(frozen=True, slots=True)
class _Round:
    """What the workers of one round share: `resting` are the hosts to be left alone, and until when."""

    due: "_Due"
    ledger: Ledger
    resting: dict[str, datetime]
    unreached: list[tuple[PollState, Failed]] = field(default_factory=list)
    bugs: list[tuple[str, Exception]] = field(default_factory=list)


class _Due:
    """The sources that are due, claimed many at a time, and kept until what came of them is written."""

    def __init__(self, collect: Collect, ids: Collection[str]) -> None:
        self._collect = collect
        self._ids = ids
        self._claimed: deque[PollState] = deque()
        #: all that was claimed in this round, as it was then, by source id
        self.in_hand: dict[str, PollState] = {}
        self._lock = asyncio.Lock()
        renew, clock = collect.statements.renew_due, collect.clock
        self._tenure = Tenure(renew, clock, collect.owner, LEASE, clock())

    def kept(self) -> AbstractAsyncContextManager[None]:
        """Keep what was claimed while this lasts."""
        return self._tenure.kept(lambda: list(self.in_hand))

    async def next(self) -> PollState | None:
        """The next one to poll; None when nothing is due, the round is to stop, or others may have what it claimed."""
        async with self._lock:
            if self._collect.stop.is_set() or not self._tenure.holds():
                return None
            if not self._claimed:
                await self._claim()
            return self._claimed.popleft() if self._claimed else None

    async def _claim(self) -> None:
        now = self._collect.clock()
        lease = Lease(self._collect.owner, now + LEASE)
        self._claimed.extend(await self._collect.statements.claim_due(self._ids, now, CLAIM, lease))
        self.in_hand |= {state.source_id: state for state in self._claimed}
