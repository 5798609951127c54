"""The store in memory: it keeps the promises of the ports, and the store's own suite holds it to them.

One `Memory` is one database; the classes look at it as the workflow does.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from nkwatch.domain.alert import Due, Pace, Recipient, Told, Waiting
from nkwatch.domain.bulletin import Addressed, BulletinKind, Composition, Mailing, Window
from nkwatch.domain.correction import Correction, Filed, Shift, alarming, corrected
from nkwatch.domain.delivery import (
    Booked,
    Claimed,
    Delivery,
    DeliveryState,
    Handover,
    Lane,
    Late,
    Sent,
    Unknown,
)
from nkwatch.domain.desk import UNMARKED, Marks, Note, Precision, Ruling, RulingKind, Translation
from nkwatch.domain.errand import Errand, Purpose, Ran, Rest
from nkwatch.domain.identity import TITLE, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.merging import ASKED_ANEW, Fate, Merged, Obstacle, Side, Split, Unfit, Word, merging, splitting
from nkwatch.domain.polling import Health, Polled, PollState
from nkwatch.domain.rates import Limits, Rate
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.retention import DELIVERIES, ENDED, MOVES, ONE_ANSWER, UNCONFIRMED
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Role, Source, host_of
from nkwatch.domain.statement import EARLIEST, Article, Presence, Statement
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Joining,
    Move,
    Own,
    Rhythm,
    SignUp,
    Standing,
    Subscriber,
    Suppression,
    Tidied,
)
from nkwatch.domain.surroundings import Counted, Earlier
from nkwatch.editing.windows import beginning, next_closing
from nkwatch.reading.stories import Placed, Placement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BULLETINS = (BulletinKind.ALERT, BulletinKind.DIGEST)
HEARD = (*BULLETINS, BulletinKind.LULL)
#: What was on its way when it was stopped may have left: until then its outcome should be known.
IN_HAND = timedelta(minutes=10)
UNDONE = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)
#: A lease that ends later was taken by a clock that was wrong.
LONGEST_LEASE = timedelta(hours=2)
K = TypeVar("K")


@dataclass
class Tale:
    """A story without its reports."""

    ready_at: datetime
    alert: AlertState
    reason: str = ""
    marks: Marks = UNMARKED
    freed_at: datetime | None = None
    #: where an editor merged it, and when; what its alert was that this ended is asked anew, should it come back
    into: str = ""
    ended: bool = False
    #: calls to editors while its alert is held, and since when it is held or when the last was sent
    calls: int = 0
    called_at: datetime | None = None


@dataclass
class Reader:
    """A subscriber with what the domain does not show."""

    subscriber: Subscriber
    address: str
    standing: Standing = Standing.PENDING
    consent: Consent | None = None
    reason: str = ""
    joined_at: datetime = EPOCH
    asked_at: datetime | None = None
    ended_at: datetime | None = None

    @property
    def own(self) -> Own:
        """All of it."""
        return Own(
            self.subscriber, self.standing, self.address, self.joined_at, self.consent, self.ended_at, self.reason
        )


@dataclass
class Row:
    """A delivery with what the domain does not show."""

    delivery: Delivery
    mailing: Mailing
    number: int
    addressed: Addressed
    lease: Lease | None = None
    #: it was offered once and nobody knows what came of that: the reader may have it
    risked: bool = False

    def __post_init__(self) -> None:
        self.kind, self.window = self.mailing.kind, self.mailing.window
        self.subscriber_id, self.composition = self.addressed.subscriber.id, self.addressed.composition
        #: dropped once the delivery is done
        self.slots = self.addressed.slots

    @property
    def may_have_left(self) -> bool:
        """Whether the reader may have it."""
        had = self.delivery.state in {DeliveryState.SENT, DeliveryState.LEASED}
        return had or self.risked or self.delivery.offered_at is not None


@dataclass
class Bulletin:
    """What is known of a bulletin besides its deliveries."""

    number: int
    kind: BulletinKind
    date: datetime
    story_id: str = ""
    answers: int = 0
    #: the statements that an alert told of; empty until all batches of it are written
    reports: frozenset[str] = frozenset()
    #: what a correction says
    note: Note | None = None


@dataclass
class Wait:
    """An alert that waits for the reader's next mail, or with `due_at` None for the next digest.

    Kept when `done`: told in a mail, or not to be told any more.
    """

    due_at: datetime | None
    done: bool = False


@dataclass
class Stay:
    """That a statement stood in a story before an editor moved it."""

    story_id: str
    statement_id: str
    since: datetime
    until: datetime


@dataclass
class Memory:
    """All tables."""

    sources: Mapping[str, Source] = field(default_factory=dict)
    states: dict[str, PollState] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    keys: dict[tuple[str, str], str] = field(default_factory=dict)
    readings: dict[str, Reading] = field(default_factory=dict)
    old_readings: dict[tuple[str, int, str], Reading] = field(default_factory=dict)
    corrections: list[Correction] = field(default_factory=list)
    #: those in force
    said: dict[str, Correction] = field(default_factory=dict)
    story_of: dict[str, str] = field(default_factory=dict)
    being_read: dict[str, Lease] = field(default_factory=dict)
    placings: int = 0
    marks: dict[int, set[str]] = field(default_factory=dict)
    stories: dict[str, Tale] = field(default_factory=dict)
    #: pairs of a statement and a story that it does not belong to
    apart: set[tuple[str, str]] = field(default_factory=set)
    stood: list[Stay] = field(default_factory=list)
    translations: dict[tuple[str, str], Translation] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)
    hosts: dict[str, datetime] = field(default_factory=dict)
    errands: dict[tuple[str, Purpose], Errand | None] = field(default_factory=dict)
    errand_leases: dict[tuple[str, Purpose], Lease] = field(default_factory=dict)
    snapshots: dict[str, list[Snapshot]] = field(default_factory=dict)
    told: dict[str, tuple[Health, datetime]] = field(default_factory=dict)
    closed_until: datetime | None = None
    postponed: dict[str, datetime] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    bulletins: dict[str, int] = field(default_factory=dict)
    opened: dict[int, Bulletin] = field(default_factory=dict)
    deliveries: list[Row] = field(default_factory=list)
    paces: dict[str, Pace] = field(default_factory=dict)
    #: by number of the alert and reader
    waits: dict[tuple[int, str], Wait] = field(default_factory=dict)
    #: by address in small letters
    suppressions: dict[str, tuple[Suppression, datetime]] = field(default_factory=dict)
    #: changes of address under way, each with the new one
    moves: dict[str, tuple[Move, str]] = field(default_factory=dict)
    joined: int = 0
    delivered: int = 0
    #: of each limit of rate the instant kept, and up to when turns were given away
    rates: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    #: bulk that was accepted, by hour
    hours: dict[datetime, int] = field(default_factory=dict)
    #: how often redactions changed anything
    redacted: int = 0
    #: the numbers of those that the archive shows
    editions: set[int] = field(default_factory=set)

    def forbids(self, address: str) -> bool:
        """Whether nothing at all may be sent there."""
        found = self.suppressions.get(address.casefold())
        return found is not None and found[0].final

    def keep(self, reading: Reading) -> None:
        """Keep a reading, and put it in force."""
        name = (reading.statement_id, reading.revision, reading.rules)
        self.readings[reading.statement_id] = self.old_readings.setdefault(name, reading)
        known = self.statements[reading.statement_id]
        self.statements[reading.statement_id] = replace(known, language=reading.language)

    def in_force(self, statement_id: str) -> Reading:
        """The reading that counts."""
        return corrected(self.readings[statement_id], self.said.get(statement_id))

    def join(self, statement_id: str, story_id: str, marks: Iterable[int]) -> str:
        """Put a statement into a story, or where that went; answers which story that is."""
        into = self.home(story_id)
        if into in self.taken_from(statement_id):
            into = self.story_of.get(statement_id) or self.home(statement_id)
        self.story_of[statement_id] = into
        for mark in marks:
            self.marks.setdefault(mark, set()).add(statement_id)
        return into

    def home(self, story_id: str) -> str:
        """The story to which an id leads."""
        told = self.stories.get(story_id)
        return told.into if told and told.into else story_id

    def family(self, story_id: str) -> set[str]:
        """The ids that lead to the same story."""
        own = self.home(story_id)
        return {own, *(i for i, told in self.stories.items() if told.into == own)}

    def taken_from(self, statement_id: str) -> frozenset[str]:
        """The stories that a statement must not join."""
        return frozenset(self.home(story) for one, story in self.apart if one == statement_id)

    def counted(self, story_id: str, told_at: datetime) -> set[str]:
        """What whoever was told a story then has had."""
        moved = [s for s in self.stood if s.story_id == story_id and s.since <= told_at <= s.until]
        now_in = {self.story_of.get(s.statement_id, "") for s in moved}
        return {story_id, self.home(story_id), *now_in} - {""}

    def reports(self, story_id: str) -> list[str]:
        """The statements of a story, hidden ones too."""
        return [i for i, of in self.story_of.items() if of == story_id]


class MemoryStatements:
    """The port `Statements`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def register(self, sources: Iterable[Source], now: datetime) -> None:
        for source in sources:
            known = self.memory.states.setdefault(source.id, PollState(source.id, now, source.url))
            if known.url != source.url:
                self.memory.states[source.id] = replace(known.about(source), due_at=now if known.url else known.due_at)

    async def states(self) -> list[PollState]:
        return [self.memory.states[i] for i in sorted(self.memory.states)]

    async def claim_due(self, source_ids: Sequence[str], now: datetime, limit: int, lease: Lease) -> list[PollState]:
        free = {i for i in self.memory.states if not (i in self.memory.leases and self.memory.leases[i].until > now)}
        due = [s for i, s in self.memory.states.items() if i in source_ids and i in free and s.due_at <= now]
        claimed = sorted(due, key=lambda s: s.due_at)[:limit]
        self.memory.leases |= {s.source_id: lease for s in claimed}
        return claimed

    async def renew_due(self, source_ids: Sequence[str], lease: Lease) -> None:
        _renew(self.memory.leases, source_ids, lease)

    async def known(self, publisher: str, keys: Iterable[str]) -> Mapping[str, Statement]:
        found = {k: self.memory.keys[publisher, k] for k in keys if (publisher, k) in self.memory.keys}
        return {k: self.memory.statements[i] for k, i in found.items()}

    async def listed(
        self, source_id: str, since: datetime, until: datetime, besides: Collection[str]
    ) -> list[Statement]:
        of = [s for s in self.memory.statements.values() if s.source_id == source_id and since <= s.published <= until]
        asked = {i for i, purpose in self.memory.errands if purpose is Purpose.PRESENCE}
        unasked = [s for s in of if s.presence is Presence.SHOWN and s.id not in asked and s.id not in besides]
        return sorted(unasked, key=lambda s: (s.published, s.id))

    async def resting(self, now: datetime) -> Mapping[str, datetime]:
        return {host: until for host, until in self.memory.hosts.items() if until > now}

    async def record_polls(self, polls: Sequence[Polled]) -> int:
        known = set(self.memory.statements)
        for polled in polls:
            known |= {k.statement.id for k in polled.sifted.new}
            strangers = {i for _, i in polled.sifted.further_keys} - known
            if strangers:
                raise LookupError(f"keys of no statement: {strangers}")
        return sum(map(self._record, polls))

    def _record(self, polled: Polled) -> int:
        state, publisher, sifted = polled.state, polled.publisher, self._apart(polled.publisher, polled.sifted)
        fresh = {k.statement.id: k for k in sifted.new if k.statement.id not in self.memory.statements}
        named = [(k, of.statement.id) for of in sifted.new for k in of.keys] + list(sifted.further_keys)
        self.memory.states[state.source_id] = state
        self.memory.leases.pop(state.source_id, None)
        self.memory.statements |= {i: k.statement for i, k in fresh.items()}
        for key, statement_id in named:
            self.memory.keys.setdefault((publisher, key), statement_id)
        for edited in sifted.edited:
            self._edit(edited)
        for statement_id in sifted.removed:
            self._mark_missing(statement_id)
        for errand in sifted.errands:
            self._send(errand)
        self._let_rest(polled.rest)
        self._keep(polled.snapshot, [*(k.statement.id for k in sifted.new), *(s.id for s in sifted.edited)])
        return len(fresh)

    def _apart(self, publisher: str, sifted: Sifted) -> Sifted:
        """Without what another source of the publisher brought first: its keys lead to that."""
        owners = {
            k.statement.id: [
                self.memory.keys[publisher, key]
                for key in sorted(k.keys)
                if not key.startswith(TITLE) and (publisher, key) in self.memory.keys
            ]
            for k in sifted.new
        }
        same = {i: found[0] for i, found in owners.items() if found and i not in found}
        further = [(key, same[k.statement.id]) for k in sifted.new if k.statement.id in same for key in k.keys]
        return replace(
            sifted,
            new=tuple(k for k in sifted.new if k.statement.id not in same),
            further_keys=(*sifted.further_keys, *further),
            errands=tuple(e for e in sifted.errands if e.statement_id not in same),
        )

    def _edit(self, edited: Statement) -> None:
        old = self.memory.statements[edited.id]
        if edited.revision > old.revision:
            self.memory.statements[edited.id] = replace(edited, presence=old.presence)

    def _send(self, errand: Errand) -> None:
        name = (errand.statement_id, errand.purpose)
        if errand.purpose is Purpose.ARTICLE or name not in self.memory.errands:
            self.memory.errands[name] = errand
            self.memory.errand_leases.pop(name, None)

    async def claim_errands(self, now: datetime, limit: int, lease: Lease) -> list[Errand]:
        asleep = await self.resting(now)
        due = [
            e
            for e in self.memory.errands.values()
            if e and e.due_at <= now and host_of(e.url) not in asleep and not self._taken(e, now)
        ]
        claimed = sorted(due, key=lambda e: (e.due_at, e.statement_id))[:limit]
        self.memory.errand_leases |= {(e.statement_id, e.purpose): lease for e in claimed}
        return claimed

    async def renew_errands(self, claimed: Sequence[Errand], lease: Lease) -> None:
        _renew(self.memory.errand_leases, [(e.statement_id, e.purpose) for e in claimed], lease)

    def _taken(self, errand: Errand, now: datetime) -> bool:
        lease = self.memory.errand_leases.get((errand.statement_id, errand.purpose))
        return lease is not None and lease.until > now

    async def record_errand(self, ran: Ran) -> None:
        errand, name = ran.errand, (ran.errand.statement_id, ran.errand.purpose)
        in_force = self.memory.errands.get(name)
        same = in_force is not None and (in_force.due_at, in_force.attempts) == (errand.due_at, errand.attempts)
        if same:
            self.memory.errands[name] = ran.again
            self.memory.errand_leases.pop(name, None)
        if ran.article:
            self._complete(errand.statement_id, ran.article, ran.at)
        elif same and errand.purpose is Purpose.ARTICLE and not ran.again:
            known = self.memory.statements[errand.statement_id]
            self.memory.statements[known.id] = known.freed()
        if ran.gone:
            self._mark_missing(errand.statement_id)
        self._let_rest(ran.rest)
        self._keep(ran.snapshot, [errand.statement_id])

    def _complete(self, statement_id: str, article: Article, now: datetime) -> None:
        known = self.memory.statements[statement_id]
        complete = known.completed(article, now)
        if self._read_revision(known.id) < known.revision:
            self.memory.statements[known.id] = complete
        elif complete.text != known.text:
            self.memory.statements[known.id] = replace(complete, revision=known.revision + 1)

    def _mark_missing(self, statement_id: str) -> None:
        known = self.memory.statements[statement_id]
        if known.presence is Presence.SHOWN:
            self.memory.statements[statement_id] = replace(known, presence=Presence.MISSING)

    def _let_rest(self, rest: Rest | None) -> None:
        if rest:
            self.memory.hosts[rest.host] = max(rest.until, self.memory.hosts.get(rest.host, rest.until))

    def _keep(self, kept: Snapshot | None, statement_ids: Iterable[str]) -> None:
        for statement_id in statement_ids if kept else ():
            known = self.memory.snapshots.setdefault(statement_id, [])
            if kept and kept.sha256 not in {s.sha256 for s in known}:
                known.append(kept)

    async def snapshots(self, statement_id: str) -> list[Snapshot]:
        return sorted(self.memory.snapshots.get(statement_id, ()), key=lambda s: (s.at, s.sha256))

    async def untold_health(self, morning: datetime) -> list[PollState]:
        if any(at >= morning for _, at in self.memory.told.values()):
            return []
        states = await self.states()
        return [s for s in states if s.health != self.memory.told.get(s.source_id, (Health.OK, None))[0]]

    async def told_health(self, states: Sequence[PollState], now: datetime) -> None:
        self.memory.told |= {s.source_id: (s.health, now) for s in states}

    async def record_presence(self, statement_id: str, presence: Presence) -> bool:
        known = self.memory.statements.get(statement_id)
        if known is None or known.presence is Presence.SHOWN:
            return False
        self.memory.statements[statement_id] = replace(known, presence=presence)
        return True

    async def missing(self) -> list[Statement]:
        gone = [s for s in self.memory.statements.values() if s.presence is Presence.MISSING]
        return sorted(gone, key=lambda s: (s.published, s.id))

    async def unread(self, limit: int, now: datetime, lease: Lease | None = None) -> list[Placed]:
        owner, reading = lease.owner if lease else "", self.memory.being_read
        waiting = [
            s for s in self.memory.statements.values() if self._read_revision(s.id) < s.revision and s.read_from <= now
        ]
        free = [s for s in waiting if s.id not in reading or reading[s.id].owner == owner or reading[s.id].until <= now]
        ordered = sorted(free, key=lambda s: (s.first_seen, s.published, s.id))[:limit]
        if lease:
            reading |= {s.id: lease for s in ordered}
        return [Placed(s, self.memory.story_of.get(s.id, "")) for s in ordered]

    async def placings(self) -> int:
        return self.memory.placings

    async def placed(self, marks: Iterable[int], since: datetime) -> list[Placed]:
        ids = {i for mark in marks for i in self.memory.marks.get(mark, ())}
        found = [self.memory.statements[i] for i in ids]
        return [Placed(s, self.memory.story_of.get(s.id, "")) for s in found if s.published >= since]

    async def record_readings(self, placements: Sequence[Placement], now: datetime, as_of: int | None = None) -> bool:
        placing = any(p.story_id for p in placements)
        if placing and as_of not in {None, self.memory.placings}:
            return False
        self.memory.placings += placing
        ready_at = max(now, self.memory.closed_until or now)
        for placement in placements:
            self.memory.keep(placement.reading)
            said = self.memory.said.get(placement.reading.statement_id)
            if placement.story_id and not (said and said.about_nk is False):
                self._join(placement, ready_at)
            self.memory.being_read.pop(placement.reading.statement_id, None)
        return True

    def _join(self, placement: Placement, ready_at: datetime) -> None:
        read = self.memory.in_force(placement.reading.statement_id)
        joined = self.memory.join(read.statement_id, placement.story_id, placement.marks)
        told = self.memory.stories.setdefault(joined, Tale(ready_at, AlertState.NONE))
        asked_anew = {AlertState.NONE, AlertState.HELD, AlertState.SENT}
        if read.urgency is Urgency.URGENT and told.alert in asked_anew:
            told.alert = AlertState.OPEN

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        return [self._story(i) for i in dict.fromkeys(ids) if i in self.memory.stories and self._shown(i)]

    async def named(self, ids: Iterable[str]) -> dict[str, Story]:
        wanted = list(ids)
        found = {s.id: s for s in await self.stories(map(self.memory.home, wanted))}
        return {i: found[self.memory.home(i)] for i in wanted if self.memory.home(i) in found}

    async def home(self, story_id: str) -> str:
        return self.memory.home(story_id)

    async def apart(self, statement_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        return {i: taken for i in statement_ids if (taken := self.memory.taken_from(i))}

    def _shown(self, story_id: str) -> list[str]:
        hidden = {Presence.MISSING, Presence.HIDDEN}
        return [i for i in self.memory.reports(story_id) if self.memory.statements[i].presence not in hidden]

    async def ready_between(self, window: Window) -> list[Story]:
        free = {i: t for i, t in self.memory.stories.items() if not t.marks.held}
        ready = [i for i, t in free.items() if any(window.start <= at < window.end for at in _news_at(t))]
        return await self.stories(sorted(ready, key=lambda i: (free[i].ready_at, i)))

    async def held(self, now: datetime) -> int:
        return len([i for i, t in self.memory.stories.items() if t.marks.held and self._shown(i)])

    async def counted(self, since: datetime, until: datetime) -> list[Counted]:
        ready = [i for i, t in self.memory.stories.items() if since <= t.ready_at < until]
        ordered = sorted(ready, key=lambda i: (self.memory.stories[i].ready_at, i))
        return [Counted(s.ready_at, s.themes) for s in await self.stories(ordered)]

    async def named_before(self, keys: Collection[str], before: datetime) -> Mapping[str, Earlier]:
        earlier = [i for i, t in self.memory.stories.items() if t.ready_at < before]
        found: dict[str, Earlier] = {}
        for story in await self.stories(sorted(earlier, key=lambda i: (self.memory.stories[i].ready_at, i))):
            lead = story.lead.statement
            named = {m.key for r in story.reports for m in r.reading.cases}
            told = Earlier(story.id, lead.title, lead.language, story.ready_at)
            found |= dict.fromkeys(named & set(keys), told)
        return found

    async def alert_candidates(self, limit: int) -> list[Story]:
        waiting = {AlertState.OPEN, AlertState.RELEASED}
        asked = [i for i, t in self.memory.stories.items() if t.alert in waiting and not t.marks.held]
        ids = [i for i in asked if self._shown(i)]
        return await self.stories(sorted(ids, key=lambda i: (self.memory.stories[i].ready_at, i))[:limit])

    async def record_alert(
        self, story_id: str, state: AlertState, reason: str, now: datetime, *, was: AlertState | None = None
    ) -> bool:
        told = self.memory.stories.get(story_id)
        if told is None or was not in {None, told.alert}:
            return False
        told.alert, told.reason = state, reason
        if state is not AlertState.HELD:
            told.calls, told.called_at = 0, None
        elif told.called_at is None:
            told.called_at = now
        return True

    def _read_revision(self, statement_id: str) -> int:
        return self.memory.readings[statement_id].revision if statement_id in self.memory.readings else 0

    def _story(self, story_id: str) -> Story:
        told = self.memory.stories[story_id]
        reports = tuple(self._report(i) for i in self._shown(story_id))
        said = [t for (i, _), t in sorted(self.memory.translations.items()) if self.memory.story_of.get(i) == story_id]
        marks = replace(told.marks, translations=tuple(said))
        return Story(story_id, reports, told.ready_at, told.alert, told.reason, marks)

    def _report(self, statement_id: str) -> Report:
        statement, read = self.memory.statements[statement_id], self.memory.in_force(statement_id)
        source = self.memory.sources.get(statement.source_id)
        if source is None:
            return Report(statement, read, Role.PRESS, statement.publisher)
        owners = {s.publisher: s.owner or s.publisher for s in self.memory.sources.values()}
        by = read.released_by
        owner = owners.get(by, by) or source.owner or source.publisher
        return Report(statement, read, source.role, owner, source.covers(statement.url))


class MemoryDesk:
    """The port `Desk`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def hold(self, story_id: str, editor: str, now: datetime) -> bool:
        return self._mark(story_id, held=True)

    async def free(self, story_id: str, editor: str, now: datetime) -> bool:
        told = self.memory.stories.get(story_id)
        if told is None or not told.marks.held:
            return False
        told.freed_at = max(now, self.memory.closed_until or now)
        return self._mark(story_id, held=False)

    async def pin(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        return self._mark(story_id, pinned=on)

    async def drop(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        return self._mark(story_id, dropped=on)

    async def note(self, story_id: str, note: Note | None, now: datetime) -> bool:
        return self._mark(story_id, note=note)

    def _mark(self, story_id: str, **marks: bool | Note | None) -> bool:
        told = self.memory.stories.get(story_id)
        if told:
            told.marks = replace(told.marks, **marks)  # type: ignore[arg-type]
        return told is not None

    async def translate(self, translation: Translation) -> bool:
        name = (translation.statement_id, translation.language)
        if translation.statement_id not in self.memory.statements:
            return False
        self.memory.translations.pop(name, None)
        if translation.title or translation.text:
            self.memory.translations[name] = translation
        return True

    async def merge(self, into_id: str, other_ids: Sequence[str], word: Word, *, dry: bool = False) -> Merged | Unfit:
        names = [into_id, *dict.fromkeys(other_ids)]
        sides = [self._side(i) for i in names]
        done = merging(sides[0], sides[1:], names)
        if dry or isinstance(done, Unfit):
            return done
        tables, family = self.memory, self.memory.family
        for side in filter(None, sides[1:]):
            if side.id in done.ended:
                tables.stories[side.id].ended = True
                self._end(side.id, f"merged into {into_id} by {word.editor}")
            self._leave(side, side.statements, into_id, word.at)
            for name in family(side.id):
                tables.stories[name].into = into_id
        together = {*family(into_id), *tables.reports(into_id)}
        tables.apart -= {(i, story) for i, story in tables.apart if i in together and story in family(into_id)}
        return done

    async def split(
        self, statement_ids: Collection[str], word: Word, *, news: bool = False, dry: bool = False
    ) -> Split | Unfit:
        tables = self.memory
        homes = {i: tables.story_of.get(i, "") for i in statement_ids}
        if not homes or not all(homes.values()):
            return Unfit(Obstacle.NO_STATEMENT, next((i for i, home in homes.items() if not home), ""))
        if len(set(homes.values())) > 1:
            return Unfit(Obstacle.SEVERAL)
        side = self._side(next(iter(homes.values())))
        assert side
        own = {i: self._own(i, side.id) for i in homes}
        ended = [i for i in homes if i in tables.stories and tables.stories[i].ended]
        done = splitting(side, homes, own, news=news, ended=ended)
        if dry or isinstance(done, Unfit):
            return done
        self._part(done, side, word.at)
        told = tables.stories.setdefault(
            done.story, Tale(done.ready_at, AlertState.NONE, f"split off from {done.of} by {word.editor}")
        )
        told.ended = False
        if done.asked and told.alert in ASKED_ANEW:
            told.alert = AlertState.OPEN
        ready_at = max(word.at, tables.closed_until or word.at)
        if news and side.old:
            told.ready_at = ready_at
        elif news:
            told.freed_at = ready_at
        if done.calmed:
            self._end(done.of, f"what was urgent was split off by {word.editor}")
        return done

    def _part(self, done: Split, side: Side, now: datetime) -> None:
        tables = self.memory
        self._leave(side, done.statements, done.story, now)
        tables.apart |= {(i, done.of) for i in done.statements}
        for i in done.statements:
            if i in tables.stories and tables.stories[i].into == done.of:
                tables.stories[i].into = "" if i == done.story else done.story

    def _leave(self, side: Side, statements: Iterable[str], story_id: str, now: datetime) -> None:
        for i in statements:
            self.memory.stood.append(Stay(side.id, i, side.arrived[i], now))
            self.memory.story_of[i] = story_id

    def _end(self, story_id: str, why: str) -> None:
        told = self.memory.stories[story_id]
        rows = [b for b in self.memory.opened.values() if b.story_id in self.memory.family(story_id)]
        sent = any(b.reports for b in rows if b.kind is BulletinKind.ALERT)
        told.alert, told.reason = AlertState.SENT if sent else AlertState.NONE, why
        told.calls, told.called_at = 0, None

    def _own(self, statement_id: str, of: str) -> Fate:
        told = self.memory.stories.get(statement_id)
        if self.memory.reports(statement_id) or (told and told.into not in {"", of}):
            return Fate.TAKEN
        return Fate.NONE if told is None else Fate.HERE if told.into else Fate.EMPTY

    def _side(self, story_id: str) -> Side | None:
        tables = self.memory
        told = tables.stories.get(story_id)
        if told is None:
            return None
        said = [tables.statements[i] for i in tables.reports(story_id)]
        arrived = {s.id: self._arrived(s) for s in sorted(said, key=lambda s: (s.first_seen, s.published, s.id))}
        alarms = frozenset(i for i in arrived if alarming(tables.in_force(i)))
        taken_back = told.marks.withdrawn or told.marks.correction is not None
        sure = {"held": told.marks.held, "taken_back": taken_back, "into": told.into}
        return Side(story_id, tuple(arrived), told.ready_at, told.alert, arrived, alarms, **sure)  # type: ignore[arg-type]

    def _arrived(self, one: Statement) -> datetime:
        moves = (s.until for s in self.memory.stood if s.statement_id == one.id)
        return max(one.first_seen, one.embargo or one.first_seen, *moves)

    async def rule(self, ruling: Ruling, note: Note | None = None) -> list[Ruling]:
        if ruling.story_id in self.memory.stories and ruling not in self.memory.rulings:
            self.memory.rulings.append(ruling)
        if note:
            marks = self.memory.stories[ruling.story_id].marks
            withdrawn = marks.withdrawn or ruling.kind is RulingKind.WITHDRAW
            self._mark(ruling.story_id, correction=note, withdrawn=withdrawn)
        return await self.rulings(ruling.story_id)

    async def rulings(self, story_id: str) -> list[Ruling]:
        return [r for r in self.memory.rulings if r.story_id == story_id]

    async def precisions(self, since: datetime) -> list[Precision]:
        counts: dict[str, Precision] = {}
        for story_id in self.memory.stories:
            right, wrong, waiting = self._judged(story_id, since)
            urgent = [i for i in self.memory.reports(story_id) if alarming(self.memory.in_force(i))]
            for source_id in {self.memory.statements[i].source_id for i in urgent}:
                known = counts.get(source_id, Precision(source_id))
                counts[source_id] = replace(
                    known, right=known.right + right, wrong=known.wrong + wrong, waiting=known.waiting + waiting
                )
        return [counts[i] for i in sorted(counts) if counts[i] != Precision(i)]

    def _judged(self, story_id: str, since: datetime) -> tuple[bool, bool, bool]:
        """Whether editors found the story's alert right, wrong, or have yet to look; at most one of them."""
        words = {RulingKind.RELEASE: True, RulingKind.WITHHOLD: False, RulingKind.WITHDRAW: False}
        said = [
            words[r.kind] for r in self.memory.rulings if r.story_id == story_id and r.kind in words and r.at >= since
        ]
        waits = self.memory.stories[story_id].alert is AlertState.HELD
        return bool(said) and said[-1], bool(said) and not said[-1], not said and waits

    async def calls(self, now: datetime) -> list[tuple[str, int, datetime]]:
        held = [(i, t.calls, t.called_at) for i, t in self.memory.stories.items() if t.alert is AlertState.HELD]
        return sorted((i, calls, at) for i, calls, at in held if at)

    async def called(self, story_id: str, calls: int, now: datetime) -> None:
        told = self.memory.stories[story_id]
        if told.alert is AlertState.HELD and calls > told.calls:
            told.calls, told.called_at = calls, now


def _news_at(told: Tale) -> list[datetime]:
    """When a story became news: when it was ready, and when it was freed."""
    return [told.ready_at, *([told.freed_at] if told.freed_at else [])]


class MemoryReadings:
    """The port `Readings`."""

    def __init__(self, memory: Memory) -> None:
        self.memory = memory

    async def filed(self, statement_id: str) -> Filed | None:
        return self._filed(statement_id) if statement_id in self.memory.readings else None

    def _filed(self, statement_id: str) -> Filed:
        tables = self.memory
        said, story_id = tables.said.get(statement_id), tables.story_of.get(statement_id, "")
        return Filed(tables.statements[statement_id], tables.readings[statement_id], said, story_id)

    async def outdated(self, rules: str, since: datetime | None, after: str, limit: int) -> list[Filed]:
        return [f for f in self._outdated(rules, since) if f.statement.id > after][:limit]

    async def count_outdated(self, rules: str, since: datetime | None) -> int:
        return len(self._outdated(rules, since))

    def _outdated(self, rules: str, since: datetime | None) -> list[Filed]:
        filed = (self._filed(i) for i in sorted(self.memory.readings))
        other = (f for f in filed if f.reading.rules != rules and f.reading.revision == f.statement.revision)
        return [f for f in other if since is None or f.statement.published >= since]

    async def record_anew(self, placements: Sequence[Placement], now: datetime, news_from: datetime) -> None:
        for placement in placements:
            was, read = await self.filed(placement.reading.statement_id), placement.reading
            if was and was.statement.revision == was.reading.revision == read.revision:
                self.memory.keep(read)
                shift = Shift(was.in_force, corrected(read, was.correction), news=was.statement.published >= news_from)
                self._move(was, shift, placement.story_id, placement.marks, now)

    async def record_correction(self, said: Correction, story_id: str, marks: Sequence[int], now: datetime) -> bool:
        was = await self.filed(said.statement_id)
        if was is None:
            return False
        correction = said.after(was.correction)
        self.memory.corrections.append(correction)
        self.memory.said.pop(said.statement_id, None)
        if not correction.undoes:
            self.memory.said[said.statement_id] = correction
        self._move(was, Shift(was.in_force, corrected(was.reading, correction), correction), story_id, marks, now)
        return True

    async def corrections(self, statement_id: str = "") -> list[Filed]:
        return [self._seen(c) for c in reversed(self.memory.corrections) if statement_id in {"", c.statement_id}]

    async def in_force(self) -> list[Filed]:
        return [self._seen(self.memory.said[i]) for i in sorted(self.memory.said)]

    def _seen(self, correction: Correction) -> Filed:
        read = self.memory.old_readings[correction.statement_id, correction.revision, correction.rules]
        return replace(self._filed(correction.statement_id), reading=read, correction=correction)

    def _move(self, was: Filed, shift: Shift, home: str, marks: Sequence[int], now: datetime) -> None:
        tables, one, story_id = self.memory, was.statement.id, was.story_id
        closed = tables.closed_until
        if shift.leaves:
            tables.story_of.pop(one, None)
            for mark in tables.marks.values():
                mark.discard(one)
        elif shift.after.about_nk and not story_id:
            story_id = tables.join(one, home or one, marks)
            if story_id not in tables.stories:
                tables.stories[story_id] = Tale(max(now, closed or now), *shift.first_alert)
                return
        told = tables.stories.get(story_id)
        if told is None:
            return
        others = any(alarming(tables.in_force(i)) for i in tables.reports(story_id))
        told.alert, told.reason = shift.alert(told.alert, others=others) or (told.alert, told.reason)
        undecided = told.alert in {AlertState.OPEN, AlertState.NONE, AlertState.HELD}
        unsent = undecided and (closed is None or told.ready_at >= closed)
        if shift.leaves and unsent and not tables.reports(story_id):
            del tables.stories[story_id]


class MemorySubscribers:
    """The ports `Subscribers` and `Register`. It may answer fewer than it is asked for, `page` at most."""

    def __init__(self, memory: Memory, page: int = 1_000_000) -> None:
        self.memory = memory
        self.page = page

    async def join(self, sign_up: SignUp, consent: Consent | None, now: datetime) -> Joining:
        known, suppressed = self._at(sign_up.address), self.memory.suppressions.get(sign_up.address.casefold())
        fresh = Subscriber(_new_id(self.memory), sign_up.choice, beginning(sign_up.choice.schedule, now))
        if consent and suppressed and (suppressed[0].final or suppressed[1] >= consent.given_at):
            return Joining(fresh, Standing.ENDED, now, suppressed[0])
        known = known or self.memory.readers.setdefault(fresh.id, Reader(fresh, sign_up.address, joined_at=now))
        recent = known.asked_at is not None and now - known.asked_at < ONE_ANSWER
        asked_at = known.asked_at if known.asked_at and recent else now
        if consent and known.ended_at and known.ended_at >= consent.given_at:
            return Joining(known.subscriber, known.standing, asked_at, Suppression.LEFT)
        if not consent:
            known.asked_at = asked_at
        elif not (suppressed and suppressed[0].final):
            self.memory.suppressions.pop(sign_up.address.casefold(), None)
        if known.standing is not Standing.CONFIRMED:
            known.subscriber = replace(fresh, id=known.subscriber.id, heard_at=now if consent else None)
            known.standing, known.consent = Standing.CONFIRMED if consent else Standing.PENDING, consent
            known.joined_at = now if known.ended_at else known.joined_at
            known.ended_at, known.reason = None, ""
        return Joining(known.subscriber, known.standing, asked_at)

    def _at(self, address: str) -> Reader | None:
        return next((r for r in self.memory.readers.values() if r.address.casefold() == address.casefold()), None)

    async def find(self, subscriber_id: str) -> tuple[Subscriber, Standing] | None:
        reader = self.memory.readers.get(subscriber_id)
        return (reader.subscriber, reader.standing) if reader else None

    async def confirm(self, subscriber_id: str, consent: Consent, covered_until: datetime) -> bool:
        reader = self.memory.readers.get(subscriber_id)
        if reader is None or reader.standing is not Standing.PENDING or self.memory.forbids(reader.address):
            return False
        self.memory.suppressions.pop(reader.address.casefold(), None)
        reader.standing, reader.consent = Standing.CONFIRMED, consent
        reader.subscriber = replace(reader.subscriber, covered_until=covered_until, heard_at=consent.given_at)
        self._cancel(subscriber_id, "confirmed", consent.given_at, {BulletinKind.CONFIRMATION})
        return True

    async def choose(self, subscriber_id: str, choice: Choice, covered_until: datetime) -> bool:
        reader = self._confirmed_one(subscriber_id)
        if reader is None:
            return False
        covered: datetime | None = reader.subscriber.covered_until
        if reader.subscriber.choice.schedule.rhythm is Rhythm.NONE:
            mine = [r for r in self.memory.deliveries if r.subscriber_id == subscriber_id]
            covered = max((r.window.end for r in mine if r.window), default=None)
        begins = max(covered_until, covered or covered_until)
        reader.subscriber = replace(reader.subscriber, choice=choice, covered_until=begins)
        self.memory.postponed.pop(subscriber_id, None)
        return True

    async def pause(self, subscriber_id: str, until: datetime | None, now: datetime) -> bool:
        reader = self._confirmed_one(subscriber_id)
        if reader is None:
            return False
        reader.subscriber = replace(reader.subscriber, paused_until=until)
        if until and until > now:
            self._cancel(subscriber_id, "paused", now, BULLETINS)
        return True

    async def end(self, subscriber_id: str, reason: str, now: datetime) -> bool:
        reader = self.memory.readers.get(subscriber_id)
        if reader is None or reader.standing is Standing.ENDED:
            return False
        reader.standing, reader.reason, reader.ended_at = Standing.ENDED, reason, now
        reader.subscriber = replace(reader.subscriber, paused_until=None)
        self._cancel(subscriber_id, reason, now, set(BulletinKind))
        self.memory.moves.pop(subscriber_id, None)
        return True

    def _cancel(self, subscriber_id: str, reason: str, now: datetime, kinds: Collection[BulletinKind]) -> None:
        for row in self.memory.deliveries:
            if row.subscriber_id == subscriber_id and row.kind in kinds:
                cancel(row, reason, now)
        for (_, reader), wait in self.memory.waits.items():
            if reader == subscriber_id and BulletinKind.ALERT in kinds:
                wait.done = True

    async def erase(self, subscriber_id: str, why: Suppression, now: datetime) -> bool:
        reader = self.memory.readers.get(subscriber_id)
        if reader is None:
            return False
        self._note(reader.address, why, now)
        self._delete(subscriber_id)
        return True

    def _note(self, address: str, why: Suppression, at: datetime) -> None:
        if why.final or not self.memory.forbids(address):
            self.memory.suppressions[address.casefold()] = (why, at)

    def _delete(self, subscriber_id: str) -> None:
        mine = [r for r in self.memory.deliveries if r.subscriber_id == subscriber_id]
        self._delete_deliveries(mine)
        self.memory.moves.pop(subscriber_id, None)
        self.memory.waits = {key: w for key, w in self.memory.waits.items() if key[1] != subscriber_id}
        self.memory.paces.pop(subscriber_id, None)
        del self.memory.readers[subscriber_id]

    def _delete_deliveries(self, rows: Sequence[Row]) -> None:
        personal = {r.number for r in rows if r.kind.personal}
        self.memory.bulletins = {k: n for k, n in self.memory.bulletins.items() if n not in personal}
        gone = {r.delivery.id for r in rows}
        self.memory.deliveries = [r for r in self.memory.deliveries if r.delivery.id not in gone]

    async def ask_move(self, subscriber_id: str, address: str, now: datetime) -> Move | None:
        if self._confirmed_one(subscriber_id) is None:
            return None
        move = Move(subscriber_id, asked_at=now)
        self.memory.moves[subscriber_id] = (move, address)
        return move

    async def confirm_move(self, subscriber_id: str, side: BulletinKind, asked_at: datetime) -> Move | None:
        move, address = self.memory.moves.get(subscriber_id, (None, ""))
        if move is None or move.asked_at != asked_at:
            return None
        old = side is BulletinKind.MOVE_OLD
        move = replace(move, old_confirmed=old or move.old_confirmed, new_confirmed=not old or move.new_confirmed)
        self.memory.moves[subscriber_id] = (move, address)
        if move.complete:
            del self.memory.moves[subscriber_id]
            self._carry_out(self.memory.readers[subscriber_id], address)
        return move

    def _carry_out(self, reader: Reader, address: str) -> None:
        other = self._at(address)
        if self.memory.forbids(address) or (other and other.standing is Standing.CONFIRMED):
            return
        if other:
            self._delete(other.subscriber.id)
        self.memory.suppressions.pop(address.casefold(), None)
        reader.address = address

    async def tidy(self, now: datetime) -> Tidied:
        pending = [r for r in self.memory.readers.values() if r.standing is Standing.PENDING]
        stale = [r for r in pending if self._waited_since(r) <= now - UNCONFIRMED]
        left = [r for r in self.memory.readers.values() if r.ended_at and r.ended_at <= now - ENDED]
        for reader in left:
            self._note(reader.address, Suppression.LEFT, reader.ended_at or now)
        for reader in (*stale, *left):
            self._delete(reader.subscriber.id)
        old_moves = [i for i, (m, _) in self.memory.moves.items() if m.asked_at and m.asked_at <= now - MOVES]
        for subscriber_id in old_moves:
            del self.memory.moves[subscriber_id]
        old = [r for r in self.memory.deliveries if r.delivery.date <= now - DELIVERIES]
        self._delete_deliveries(old)
        return Tidied(len(stale), len(left), len(old_moves), len(old))

    def _waited_since(self, reader: Reader) -> datetime:
        mails = [r.delivery.date for r in self.memory.deliveries if r.subscriber_id == reader.subscriber.id]
        return max([reader.asked_at or reader.joined_at, *mails])

    async def with_alerts(self, after: str, limit: int, now: datetime) -> list[Subscriber]:
        wanting = [r.subscriber for r in self._confirmed() if r.subscriber.choice.alerts and r.subscriber.id > after]
        reached = [s for s in wanting if not s.paused(now)]
        return sorted(reached, key=lambda s: s.id)[: min(limit, self.page)]

    async def announce_closing(self, now: datetime) -> None:
        self.memory.closed_until = max(now, self.memory.closed_until or now)

    async def closing(self, now: datetime, limit: int) -> list[Subscriber]:
        closed = [
            (c, r.subscriber)
            for r in self._confirmed()
            if (c := _closes_at(r.subscriber)) and max(c, self.memory.postponed.get(r.subscriber.id, c)) <= now
        ]
        return [s for _, s in sorted(closed, key=lambda pair: (pair[0], pair[1].id))[: min(limit, self.page)]]

    async def with_rhythm(self, rhythm: Rhythm, after: str, limit: int, before: datetime) -> list[Subscriber]:
        found = [r.subscriber for r in self._confirmed() if r.subscriber.choice.schedule.rhythm is rhythm]
        begun = [s for s in found if s.covered_until < before and s.id > after]
        return sorted(begun, key=lambda s: s.id)[: min(limit, self.page)]

    async def postpone(self, subscriber_ids: Sequence[str], until: datetime) -> None:
        self.memory.postponed |= dict.fromkeys(subscriber_ids, until)

    async def own(self, subscriber_id: str) -> Own | None:
        reader = self.memory.readers.get(subscriber_id)
        return reader.own if reader else None

    async def everybody(self) -> list[Own]:
        return sorted((r.own for r in self.memory.readers.values()), key=lambda o: (o.joined_at, o.subscriber.id))

    async def find_address(self, address: str) -> str | None:
        reader = self._at(address)
        return reader.subscriber.id if reader else None

    async def joined_since(self, address: str, since: datetime) -> int:
        same = [r for r in self.memory.readers.values() if _domain(r.address) == _domain(address)]
        return len([r for r in same if r.asked_at and r.asked_at >= since])

    async def suppress(self, address: str, why: Suppression, at: datetime) -> None:
        reader = self._at(address)
        confirmed = reader is not None and reader.standing is Standing.CONFIRMED
        if reader and confirmed and not why.final and reader.consent and reader.consent.given_at > at:
            return
        self._note(address, why, at)
        if reader and (why.final or confirmed):
            await self.end(reader.subscriber.id, why, at)

    async def suppression(self, address: str) -> tuple[Suppression, datetime] | None:
        return self.memory.suppressions.get(address.casefold())

    async def allow(self, address: str, now: datetime) -> bool:
        return self.memory.suppressions.pop(address.casefold(), None) is not None

    async def counts(self) -> dict[str, int]:
        standings = [r.standing.value for r in self.memory.readers.values()]
        return {standing: standings.count(standing) for standing in standings}

    def _confirmed(self) -> list[Reader]:
        return [r for r in self.memory.readers.values() if r.standing is Standing.CONFIRMED]

    def _confirmed_one(self, subscriber_id: str) -> Reader | None:
        reader = self.memory.readers.get(subscriber_id)
        return reader if reader and reader.standing is Standing.CONFIRMED else None


class MemoryOutbox:
    """The port `Outbox`. It may hand out fewer than it is asked for, `page` at most."""

    def __init__(self, memory: Memory, page: int = 1_000_000, limits: Limits = Limits()) -> None:  # noqa: B008
        self.memory = memory
        self.page = page
        self.limits = limits

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        numbers = self.memory.bulletins
        if key not in numbers:
            numbers[key] = min([0, *numbers.values()]) - 1 if kind.personal else max([0, *numbers.values()]) + 1
            self.memory.opened[numbers[key]] = Bulletin(numbers[key], kind, date)
        return numbers[key]

    async def as_of(self) -> int:
        return self.memory.redacted

    async def enqueue(self, mailing: Mailing) -> int | None:
        if mailing.as_of not in {None, self.memory.redacted}:
            return None
        number = await self._opened(mailing)
        left_out = {s.id for s in mailing.covered if mailing.window and not self._close(s, mailing.window)}
        known = {r.subscriber_id for r in self.memory.deliveries if r.number == number}
        known |= {reader for n, reader in self.memory.waits if n == number}
        wanted = [d for d in mailing.deliveries if d.subscriber.id not in left_out and self._is_present(d, mailing)]
        new = {d.subscriber.id: d for d in wanted if d.subscriber.id not in known and self._still(d, mailing)}
        for subscriber_id, addressed in new.items():
            self._write(number, subscriber_id, addressed, mailing)
        for waiting in mailing.waiting:
            if self._is_present(waiting, mailing) and waiting.subscriber.id not in known | set(new):
                self.memory.waits.setdefault((number, waiting.subscriber.id), Wait(waiting.due_at))
        covered = [s.id for s in mailing.covered if s.id not in left_out]
        for wait in self._undone([*new, *covered], mailing.told):
            wait.done = True
        return len(new)

    async def _opened(self, mailing: Mailing) -> int:
        """The number of the mailing's bulletin, what is known of it written; 0 where there is nothing to keep."""
        if not (mailing.deliveries or mailing.waiting or mailing.reports or mailing.note):
            return 0
        number = await self.number(mailing.key, mailing.kind, mailing.date)
        bulletin = self.memory.opened[number]
        bulletin.story_id = mailing.story_id or bulletin.story_id
        bulletin.answers = mailing.answers or bulletin.answers
        bulletin.reports |= set(mailing.reports)
        bulletin.note = bulletin.note or mailing.note
        return number

    def _still(self, addressed: Addressed, mailing: Mailing) -> bool:
        """Whether alerts that leave together still wait, all of them: one may have been stopped meanwhile."""
        if mailing.kind is not BulletinKind.ALERT:
            return True
        return len(self._undone([addressed.subscriber.id], mailing.told)) == len(mailing.told)

    def _undone(self, readers: Collection[str], numbers: Collection[int]) -> list[Wait]:
        waits = [w for (n, reader), w in self.memory.waits.items() if n in numbers and reader in readers]
        return [w for w in waits if not w.done]

    def _write(self, number: int, subscriber_id: str, addressed: Addressed, mailing: Mailing) -> None:
        self.memory.delivered += 1
        name = f"<{number}/{subscriber_id}@nkwatch.example>"
        date = mailing.due_at or mailing.date
        delivery = Delivery(self.memory.delivered, name, date, due_at=date)
        self.memory.deliveries.append(Row(delivery, mailing, number, addressed))
        if addressed.pace:
            self.memory.paces[subscriber_id] = addressed.pace
        reader = self.memory.readers[subscriber_id]
        if mailing.kind in HEARD:
            heard_at = max(mailing.date, reader.subscriber.heard_at or mailing.date)
            reader.subscriber = replace(reader.subscriber, heard_at=heard_at)

    def _is_present(self, to: Addressed | Waiting, mailing: Mailing) -> bool:
        reader = self.memory.readers.get(to.subscriber.id)
        if reader is None or mailing.kind.personal:
            return reader is not None
        reached = mailing.kind.corrects or not reader.subscriber.paused(mailing.date)
        return reader.standing is Standing.CONFIRMED and reached

    async def paces(self, subscriber_ids: Collection[str]) -> Mapping[str, Pace]:
        return {i: self.memory.paces[i] for i in subscriber_ids if i in self.memory.paces}

    async def due(self, now: datetime, limit: int) -> list[Due]:
        waits = sorted(self.memory.waits.items())
        due: dict[str, list[int]] = {}
        for (number, reader), wait in waits:
            if not wait.done and wait.due_at and wait.due_at <= now:
                due.setdefault(reader, []).append(number)
        readers = [(self.memory.readers[i], tuple(due[i])) for i in sorted(due)]
        free = [(r, n) for r, n in readers if r.standing is Standing.CONFIRMED and not r.subscriber.paused(now)]
        return [Due(r.subscriber, numbers) for r, numbers in free][: min(limit, self.page)]

    async def beyond(self, subscriber_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        found: dict[str, dict[str, int]] = {}
        for (number, reader), wait in sorted(self.memory.waits.items()):
            if reader in subscriber_ids and not wait.done and wait.due_at is None:
                found.setdefault(reader, {}).setdefault(self.memory.home(self.memory.opened[number].story_id), number)
        return found

    async def had(self, subscriber_ids: Collection[str], since: datetime) -> Mapping[str, frozenset[str]]:
        earlier = [t.ready_at for t in self.memory.stories.values() if EARLIEST <= t.ready_at < since]
        since = min(earlier, default=since) if self.memory.stood else since
        found: dict[str, frozenset[str]] = {}
        for row in self.memory.deliveries:
            never = row.delivery.state in {DeliveryState.CANCELLED, DeliveryState.REFUSED}
            written = row.kind in BULLETINS and not never and row.delivery.date >= since
            if row.subscriber_id in subscriber_ids and written:
                date = row.delivery.date
                counted = {i for story in row.composition.stories for i in self.memory.counted(story, date)}
                told = {i for i in counted if not self._taken_back(i, date)}
                found[row.subscriber_id] = found.get(row.subscriber_id, frozenset()) | told
        return {reader: stories for reader, stories in found.items() if stories}

    def _taken_back(self, story_id: str, told_at: datetime) -> bool:
        told = self.memory.stories.get(story_id)
        if told is None:
            return False
        return told.marks.withdrawn or bool(told.marks.correction and told.marks.correction.at > told_at)

    async def told(self, story_id: str) -> Told | None:
        ids = self.memory.family(story_id)
        alerts = [b for b in self.memory.opened.values() if b.kind is BulletinKind.ALERT and b.story_id in ids]
        if not alerts:
            return None
        first = min(alerts, key=lambda b: b.number)
        also = frozenset(b.number for b in alerts if not b.answers and b is not first)
        return Told(first.number, first.date, frozenset[str]().union(*(b.reports for b in alerts)), also)

    async def alerts(self, numbers: Collection[int]) -> Mapping[int, str]:
        found = [self.memory.opened[n] for n in numbers if n in self.memory.opened]
        return {b.number: self.memory.home(b.story_id) for b in found if b.story_id and b.kind is BulletinKind.ALERT}

    async def stop(self, story_id: str, now: datetime) -> int:
        own = set(await self.alerts(set(self.memory.opened)))
        own = {n for n in own if self.memory.opened[n].story_id in self.memory.family(story_id)}
        rows = [r for r in self.memory.deliveries if r.kind is BulletinKind.ALERT and r.number in self._with(story_id)]
        in_hand = {r.delivery.id for r in rows if r.delivery.state is DeliveryState.LEASED}
        stopped = [r for r in rows if cancel(r, "stopped", now)]
        for row in stopped:
            # what left together with it leaves without it
            due_at = now + IN_HAND if row.delivery.id in in_hand else now
            for number in set(row.mailing.told) - own:
                self.memory.waits[number, row.subscriber_id] = Wait(due_at)
        waits = [w for (n, _), w in self.memory.waits.items() if n in own and not w.done]
        for wait in waits:
            wait.done = True
        return len(stopped) + len(waits)

    async def recipients(self, numbers: Collection[int], after: str, limit: int) -> list[Recipient]:
        last: dict[str, str] = {}
        for row in self.memory.deliveries:
            if row.number in numbers and row.may_have_left and row.subscriber_id > after:
                last[row.subscriber_id] = row.delivery.message_id
        readers = [self.memory.readers[i] for i in sorted(last)]
        there = [r.subscriber for r in readers if r.standing is Standing.CONFIRMED]
        return [Recipient(s, last[s.id]) for s in there][: min(limit, self.page)]

    async def bulletins_with(self, story_id: str) -> Sequence[int]:
        return sorted(self._with(story_id))

    async def digests_with(self, story_id: str) -> Sequence[int]:
        rows = [r for r in self.memory.deliveries if r.kind is BulletinKind.DIGEST and r.may_have_left]
        return sorted({r.number for r in rows if story_id in r.composition.stories})

    async def shows(self, number: int) -> bool:
        return number in self.memory.editions

    def _with(self, story_id: str) -> set[int]:
        ids = self.memory.family(story_id)
        own = {b.number for b in self.memory.opened.values() if b.story_id in ids and b.kind is BulletinKind.ALERT}
        rows = [r for r in self.memory.deliveries if r.kind is BulletinKind.ALERT]
        return own | {r.number for r in rows if ids.intersection(r.composition.stories)}

    def _close(self, subscriber: Subscriber, window: Window) -> bool:
        reader = self.memory.readers.get(subscriber.id)
        if reader is None or reader.subscriber.covered_until != window.start:
            return False
        reader.subscriber = replace(reader.subscriber, covered_until=window.end)
        self.memory.postponed.pop(subscriber.id, None)
        return True

    async def claim(self, now: datetime, limit: int, lease: Lease, lane: Lane) -> list[Claimed]:
        rows = [r for r in self.memory.deliveries if r.kind.priority in lane.priorities]
        due = [r for r in rows if r.delivery.state in UNDONE and (r.delivery.due_at or now) <= now]
        wanted = [(r, to) for r in due if (to := self._recipient(r, now))]
        ordered = sorted(wanted, key=lambda pair: (pair[0].kind.priority, pair[0].delivery.turn, pair[0].delivery.id))
        claimed = []
        for row, to in ordered[: min(limit, self.page)]:
            content, name = row.composition, _composition_id(row.composition)
            answers = row.addressed.answers
            claimed.append(Claimed(row.delivery, row.subscriber_id, to, content, row.number, name, row.slots, answers))
            row.delivery, row.lease = replace(row.delivery, state=DeliveryState.LEASED), lease
        return claimed

    def _recipient(self, row: Row, now: datetime) -> str:
        """The address that a delivery may go to now; none otherwise."""
        reader = self.memory.readers[row.subscriber_id]
        fits = Standing.PENDING if row.kind is BulletinKind.CONFIRMATION else Standing.CONFIRMED
        paused = reader.subscriber.paused(now) and not row.kind.personal
        if reader.standing is not fits or paused:
            return ""
        address = reader.address
        if row.kind in {BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW}:
            move, new = self.memory.moves.get(row.subscriber_id, (None, ""))
            if move is None or move.asked_at != row.delivery.date:
                return ""
            address = new if row.kind is BulletinKind.MOVE_NEW else address
        return "" if self.memory.forbids(address) else address

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        for delivery, outcome in answered:
            self._answer(delivery, outcome, now, owner)
        offered, later = set(), set()
        for claimed in wanted:
            row = self._find(claimed.delivery.id)
            if row is None or not self._held(row, owner) or (row.lease and row.lease.until <= now):
                continue
            if due_at := self._put_off(claimed, now):
                later.add(claimed.delivery.id)
                self._free(row, replace(claimed.delivery, due_at=due_at))
            else:
                offered.add(claimed.delivery.id)
                row.delivery = replace(row.delivery, offered_at=now)
        return Booked(frozenset(offered), frozenset(later))

    def _answer(self, delivery: Delivery, outcome: Handover, now: datetime, owner: str) -> None:
        row = self._find(delivery.id)
        if row is None or row.delivery.state is DeliveryState.SENT:
            return
        stopped = row.delivery.state is DeliveryState.CANCELLED
        mine = (stopped or row.delivery.state is DeliveryState.LEASED) and row.lease and row.lease.owner == owner
        if isinstance(outcome, Sent):
            self._left(row, now, after_all=stopped)
        elif not mine:
            return
        row.risked = row.risked or isinstance(outcome, Unknown)
        if stopped and not isinstance(outcome, Sent):
            self._free(row, replace(row.delivery, offered_at=None))
        else:
            self._free(row, delivery.after(outcome, now))

    def _left(self, row: Row, now: datetime, *, after_all: bool) -> None:
        """It was accepted, perhaps after it was stopped."""
        if after_all:
            for wait in self._undone([row.subscriber_id], row.mailing.told):
                wait.done = True
        if row.kind.priority in Lane.BULK.priorities:
            hour = _hour(now)
            self.memory.hours[hour] = self.memory.hours.get(hour, 0) + 1

    def _free(self, row: Row, delivery: Delivery) -> None:
        """In nobody's hands any longer."""
        row.delivery, row.lease = delivery, None
        row.slots = row.slots if delivery.done_at is None else ()

    def _held(self, row: Row, owner: str) -> bool:
        return row.delivery.state is DeliveryState.LEASED and row.lease is not None and row.lease.owner == owner

    def _put_off(self, claimed: Claimed, now: datetime) -> datetime | None:
        """When a delivery may go that must wait for a limit; what may go now, or does not wait, is counted."""
        own = {"": self.limits.total, claimed.domain: self.limits.of(claimed.domain)}
        rates = {key: rate for key, rate in own.items() if rate}
        kept = {key: self.memory.rates.get(key, (now, now)) for key in rates}
        waits = claimed.composition.kind.priority in Lane.BULK.priorities
        shut = [key for key, rate in rates.items() if waits and (rate.ready_at(kept[key][0]) or now) > now]
        if not shut:
            self.memory.rates |= {key: (rate.taken(kept[key][0], now), kept[key][1]) for key, rate in rates.items()}
            return None
        return max(self._turn(key, rates[key], now) for key in shut)

    def _turn(self, key: str, rate: Rate, now: datetime) -> datetime:
        free_at, given = self.memory.rates[key]
        last = max(free_at, given)
        self.memory.rates[key] = (free_at, rate.taken(last, now))
        return rate.ready_at(last) or now

    async def renew(self, deliveries: Sequence[Delivery], lease: Lease) -> None:
        for row in filter(None, (self._find(d.id) for d in deliveries)):
            if self._held(row, lease.owner):
                row.lease = lease

    async def release(self, deliveries: Sequence[Delivery], owner: str) -> None:
        for delivery in deliveries:
            row = self._find(delivery.id)
            if row and self._held(row, owner):
                self._free(row, replace(delivery, offered_at=None))
            elif row and row.lease and row.lease.owner == owner:
                self._free(row, replace(row.delivery, offered_at=None))

    async def recover(self, now: datetime) -> int:
        leased = [(r, r.lease) for r in self.memory.deliveries if r.delivery.state is DeliveryState.LEASED and r.lease]
        ended = [r for r, lease in leased if lease.until <= now or lease.until > now + LONGEST_LEASE]
        for row in ended:
            row.risked = row.risked or row.delivery.offered_at is not None
            self._free(row, row.delivery.abandoned(now))
        return len(ended)

    async def accepted(self, since: datetime) -> int:
        return sum(count for hour, count in self.memory.hours.items() if hour >= _hour(since))

    async def late(self, before: datetime) -> list[Late]:
        found: dict[int, list[datetime]] = {}
        for row in self.memory.deliveries:
            undone = row.delivery.state in {*UNDONE, DeliveryState.LEASED}
            if undone and row.kind.priority == 0 and row.delivery.date < before and self._recipient(row, before):
                found.setdefault(row.number, []).append(row.delivery.date)
        return [Late(number, len(dates), min(dates)) for number, dates in sorted(found.items())]

    async def counts(self) -> dict[str, int]:
        states = [r.delivery.state.value for r in self.memory.deliveries]
        return {state: states.count(state) for state in states}

    async def shared(self, composition_id: str) -> tuple[Composition, int] | None:
        shared = [r for r in self.memory.deliveries if not r.kind.personal]
        found = [(r.composition, r.number) for r in shared if _composition_id(r.composition) == composition_id]
        return min(found, key=lambda pair: pair[1], default=None)

    def _find(self, delivery_id: int) -> Row | None:
        return next((r for r in self.memory.deliveries if r.delivery.id == delivery_id), None)


def cancel(row: Row, reason: str, now: datetime) -> bool:
    """Cancel a delivery that is not yet handed over; false when it is."""
    if row.delivery.state not in {*UNDONE, DeliveryState.LEASED}:
        return False
    row.delivery = replace(row.delivery, state=DeliveryState.CANCELLED, done_at=now, reply=reason)
    row.slots = ()
    return True


def _renew(leases: dict[K, Lease], names: Iterable[K], lease: Lease) -> None:
    """Prolong the leases on these names that their owner still has."""
    leases |= {name: lease for name in names if name in leases and leases[name].owner == lease.owner}


def _new_id(memory: Memory) -> str:
    memory.joined += 1
    return f"r{memory.joined:04}"


def _hour(instant: datetime) -> datetime:
    return instant.replace(minute=0, second=0, microsecond=0)


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _composition_id(composition: Composition) -> str:
    return hashlib.sha256(repr(composition).encode()).hexdigest()


def _closes_at(subscriber: Subscriber) -> datetime | None:
    return next_closing(subscriber.choice.schedule, subscriber.covered_until)
