"""The store in memory: it keeps the promises of the ports, and the store's own suite holds it to them.

One `Memory` is one database; the three classes look at it as the workflow does.
"""

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from nkwatch.domain.bulletin import (
    Addressed,
    BulletinKind,
    Claimed,
    Composition,
    Delivery,
    DeliveryState,
    Handover,
    Mailing,
    Window,
)
from nkwatch.domain.correction import Correction, Filed, Shift, alarming, corrected
from nkwatch.domain.errand import Errand, Purpose, Ran, Rest
from nkwatch.domain.identity import TITLE, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Health, Polled, PollState
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.retention import DELIVERIES, ENDED, MOVES, ONE_ANSWER, UNCONFIRMED
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Role, Source, host_of
from nkwatch.domain.statement import Article, Presence, Statement
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
from nkwatch.editing.windows import beginning, next_closing
from nkwatch.reading.stories import Placed, Placement

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
BULLETINS = (BulletinKind.ALERT, BulletinKind.DIGEST)
UNDONE = (DeliveryState.PENDING, DeliveryState.DEFERRED)


@dataclass
class Told:
    """A story without its reports."""

    ready_at: datetime
    alert: AlertState
    reason: str = ""


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

    def __post_init__(self) -> None:
        self.kind, self.window = self.mailing.kind, self.mailing.window
        self.subscriber_id, self.composition = self.addressed.subscriber.id, self.addressed.composition
        #: dropped once the delivery is done
        self.slots = self.addressed.slots


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
    marks: dict[int, set[str]] = field(default_factory=dict)
    stories: dict[str, Told] = field(default_factory=dict)
    hosts: dict[str, datetime] = field(default_factory=dict)
    errands: dict[tuple[str, Purpose], Errand | None] = field(default_factory=dict)
    errand_leases: dict[tuple[str, Purpose], Lease] = field(default_factory=dict)
    snapshots: dict[str, list[Snapshot]] = field(default_factory=dict)
    told: dict[str, tuple[Health, datetime]] = field(default_factory=dict)
    closed_until: datetime | None = None
    postponed: dict[str, datetime] = field(default_factory=dict)
    readers: dict[str, Reader] = field(default_factory=dict)
    bulletins: dict[str, int] = field(default_factory=dict)
    deliveries: list[Row] = field(default_factory=list)
    #: by address in small letters
    suppressions: dict[str, tuple[Suppression, datetime]] = field(default_factory=dict)
    #: changes of address under way, each with the new one
    moves: dict[str, tuple[Move, str]] = field(default_factory=dict)
    joined: int = 0
    delivered: int = 0

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

    def join(self, statement_id: str, story_id: str, marks: Iterable[int]) -> None:
        """Put a statement into a story."""
        self.story_of[statement_id] = story_id
        for mark in marks:
            self.marks.setdefault(mark, set()).add(statement_id)

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

    async def unread(self, limit: int, now: datetime) -> list[Placed]:
        waiting = [
            s for s in self.memory.statements.values() if self._read_revision(s.id) < s.revision and s.read_from <= now
        ]
        ordered = sorted(waiting, key=lambda s: (s.first_seen, s.published, s.id))
        return [Placed(s, self.memory.story_of.get(s.id, "")) for s in ordered[:limit]]

    async def placed(self, marks: Iterable[int], since: datetime) -> list[Placed]:
        ids = {i for mark in marks for i in self.memory.marks.get(mark, ())}
        found = [self.memory.statements[i] for i in ids]
        return [Placed(s, self.memory.story_of.get(s.id, "")) for s in found if s.published >= since]

    async def record_readings(self, placements: Sequence[Placement], now: datetime) -> None:
        ready_at = max(now, self.memory.closed_until or now)
        for placement in placements:
            self.memory.keep(placement.reading)
            said = self.memory.said.get(placement.reading.statement_id)
            if placement.story_id and not (said and said.about_nk is False):
                self._join(placement, ready_at)

    def _join(self, placement: Placement, ready_at: datetime) -> None:
        read = self.memory.in_force(placement.reading.statement_id)
        self.memory.join(read.statement_id, placement.story_id, placement.marks)
        told = self.memory.stories.setdefault(placement.story_id, Told(ready_at, AlertState.NONE))
        if read.urgency is Urgency.URGENT and told.alert in {AlertState.NONE, AlertState.HELD}:
            told.alert = AlertState.OPEN

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        return [self._story(i) for i in dict.fromkeys(ids) if i in self.memory.stories and self._shown(i)]

    def _shown(self, story_id: str) -> list[str]:
        hidden = {Presence.MISSING, Presence.HIDDEN}
        return [i for i in self.memory.reports(story_id) if self.memory.statements[i].presence not in hidden]

    async def ready_between(self, window: Window) -> list[Story]:
        ready = {i: t.ready_at for i, t in self.memory.stories.items() if window.start <= t.ready_at < window.end}
        return await self.stories(sorted(ready, key=lambda i: (ready[i], i)))

    async def alert_candidates(self, limit: int) -> list[Story]:
        waiting = {AlertState.OPEN, AlertState.RELEASED}
        ids = [i for i, t in self.memory.stories.items() if t.alert in waiting and self._shown(i)]
        return await self.stories(sorted(ids, key=lambda i: (self.memory.stories[i].ready_at, i))[:limit])

    async def record_alert(
        self, story_id: str, state: AlertState, reason: str, now: datetime, *, was: AlertState | None = None
    ) -> bool:
        told = self.memory.stories.get(story_id)
        if told is None or was not in {None, told.alert}:
            return False
        told.alert, told.reason = state, reason
        return True

    def _read_revision(self, statement_id: str) -> int:
        return self.memory.readings[statement_id].revision if statement_id in self.memory.readings else 0

    def _story(self, story_id: str) -> Story:
        told = self.memory.stories[story_id]
        reports = tuple(self._report(i) for i in self._shown(story_id))
        return Story(story_id, reports, told.ready_at, told.alert, told.reason)

    def _report(self, statement_id: str) -> Report:
        statement, read = self.memory.statements[statement_id], self.memory.in_force(statement_id)
        source = self.memory.sources.get(statement.source_id)
        if source is None:
            return Report(statement, read, Role.PRESS, statement.publisher)
        owners = {s.publisher: s.owner or s.publisher for s in self.memory.sources.values()}
        by = read.released_by
        owner = owners.get(by, by) or source.owner or source.publisher
        return Report(statement, read, source.role, owner, source.covers(statement.url))


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
            story_id = home or one
            tables.join(one, story_id, marks)
            if story_id not in tables.stories:
                tables.stories[story_id] = Told(max(now, closed or now), *shift.first_alert)
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
            known.subscriber = replace(fresh, id=known.subscriber.id)
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
        reader.subscriber = replace(reader.subscriber, covered_until=covered_until)
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
            undone = row.delivery.state in {*UNDONE, DeliveryState.LEASED}
            if row.subscriber_id == subscriber_id and undone and row.kind in kinds:
                row.delivery = replace(row.delivery, state=DeliveryState.CANCELLED, done_at=now, reply=reason)
                row.slots = ()

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

    async def allow(self, address: str) -> bool:
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

    def __init__(self, memory: Memory, page: int = 1_000_000) -> None:
        self.memory = memory
        self.page = page

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        numbers = self.memory.bulletins
        if key not in numbers:
            numbers[key] = min([0, *numbers.values()]) - 1 if kind.personal else max([0, *numbers.values()]) + 1
        return numbers[key]

    async def enqueue(self, mailing: Mailing) -> int:
        number = await self.number(mailing.key, mailing.kind, mailing.date) if mailing.deliveries else 0
        left_out = {s.id for s in mailing.covered if mailing.window and not self._close(s, mailing.window)}
        known = {(r.number, r.subscriber_id) for r in self.memory.deliveries}
        wanted = [d for d in mailing.deliveries if d.subscriber.id not in left_out and self._is_present(d, mailing)]
        new = {d.subscriber.id: d for d in wanted if (number, d.subscriber.id) not in known}
        for subscriber_id, addressed in new.items():
            self.memory.delivered += 1
            name = f"<{number}/{subscriber_id}@nkwatch.example>"
            date = mailing.due_at or mailing.date
            delivery = Delivery(self.memory.delivered, name, date, due_at=date)
            self.memory.deliveries.append(Row(delivery, mailing, number, addressed))
        return len(new)

    def _is_present(self, addressed: Addressed, mailing: Mailing) -> bool:
        reader = self.memory.readers.get(addressed.subscriber.id)
        if reader is None or mailing.kind.personal:
            return reader is not None
        return reader.standing is Standing.CONFIRMED and not reader.subscriber.paused(mailing.date)

    def _close(self, subscriber: Subscriber, window: Window) -> bool:
        reader = self.memory.readers.get(subscriber.id)
        if reader is None or reader.subscriber.covered_until != window.start:
            return False
        reader.subscriber = replace(reader.subscriber, covered_until=window.end)
        self.memory.postponed.pop(subscriber.id, None)
        return True

    async def claim(self, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
        due = [r for r in self.memory.deliveries if r.delivery.state in UNDONE and (r.delivery.due_at or now) <= now]
        wanted = [(r, to) for r in due if (to := self._recipient(r, now))]
        ordered = sorted(wanted, key=lambda pair: (pair[0].kind.priority, pair[0].delivery.id))
        claimed = []
        for row, to in ordered[: min(limit, self.page)]:
            content, name = row.composition, _composition_id(row.composition)
            claimed.append(Claimed(row.delivery, row.subscriber_id, to, content, row.number, name, row.slots))
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

    async def holds(self, delivery_id: int) -> bool:
        row = self._find(delivery_id)
        return row is not None and row.delivery.state is DeliveryState.LEASED

    async def record(self, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
        for delivery, outcome in outcomes:
            row, after = self._find(delivery.id), delivery.after(outcome, now)
            if row is None or row.delivery.state is DeliveryState.SENT:
                continue
            undone = row.delivery.state in {*UNDONE, DeliveryState.LEASED}
            if undone or after.state is DeliveryState.SENT:
                row.delivery, row.lease = after, None
                row.slots = row.slots if after.done_at is None else ()

    async def release(self, deliveries: Sequence[Delivery]) -> None:
        for row in filter(None, (self._find(d.id) for d in deliveries)):
            if row.delivery.state is DeliveryState.LEASED:
                row.delivery, row.lease = replace(row.delivery, state=DeliveryState.PENDING), None

    async def recover(self, now: datetime) -> int:
        leased = [r for r in self.memory.deliveries if r.delivery.state is DeliveryState.LEASED]
        ended = [r for r in leased if r.lease and r.lease.until <= now]
        await self.release([r.delivery for r in ended])
        return len(ended)

    async def counts(self) -> dict[str, int]:
        states = [r.delivery.state.value for r in self.memory.deliveries]
        return {state: states.count(state) for state in states}

    async def shared(self, composition_id: str) -> tuple[Composition, int] | None:
        shared = [r for r in self.memory.deliveries if not r.kind.personal]
        found = [(r.composition, r.number) for r in shared if _composition_id(r.composition) == composition_id]
        return min(found, key=lambda pair: pair[1], default=None)

    def _find(self, delivery_id: int) -> Row | None:
        return next((r for r in self.memory.deliveries if r.delivery.id == delivery_id), None)


def _new_id(memory: Memory) -> str:
    memory.joined += 1
    return f"r{memory.joined:04}"


def _domain(address: str) -> str:
    return address.rpartition("@")[2].lower()


def _composition_id(composition: Composition) -> str:
    return hashlib.sha256(repr(composition).encode()).hexdigest()


def _closes_at(subscriber: Subscriber) -> datetime | None:
    return next_closing(subscriber.choice.schedule, subscriber.covered_until)
