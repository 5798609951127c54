"""A store with all that alerts need, and readers and stories in it: for tests of alerts, calls and rulings."""

from collections.abc import Sequence
from dataclasses import replace

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import Deferred, DeliveryState, Handover, Sent
from nkwatch.domain.desk import Ruling
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Evidence, Headcount, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.editing.alerts import Policy
from nkwatch.workflow.alerts import Alerts
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.office import Office
from nkwatch.workflow.rulings import Rulings
from tests.making import NOW, placement, prose, sign_up, source, state, statement
from tests.workflow.fakes import FakeClock, Notices, PlainComposer, claim
from tests.workflow.memory import Memory, MemoryDesk, MemoryOutbox, MemoryStatements, MemorySubscribers

DAILY = Schedule(Rhythm.DAILY, 6)


class Wire:
    """Source `a` is trusted with alerts, `b` and `c` are press."""

    def __init__(self) -> None:
        trusted = source("a", role=Role.STATEMENT, alerts=True)
        self.memory = Memory({"a": trusted, "b": source("b", role=Role.PRESS), "c": source("c", role=Role.PRESS)})
        self.clock, self.notices, self.composer = FakeClock(), Notices(), PlainComposer()
        self.statements, self.subscribers = MemoryStatements(self.memory), MemorySubscribers(self.memory)
        self.outbox, self.desk = MemoryOutbox(self.memory), MemoryDesk(self.memory)
        self.composing = Composing(self.notices)
        self.office = Office(
            self.memory.sources,
            self.statements,
            self.subscribers,
            self.outbox,
            self.desk,
            self.composer,
            self.composing,
            self.clock,
            self.notices,
        )

    @property
    def alerts(self) -> Alerts:
        """A round of alerts."""
        return Alerts(self.office)

    def rulings(self, persons: int = 1) -> Rulings:
        """What editors rule."""
        return Rulings(
            self.statements, self.outbox, self.desk, self.composer, self.composing, self.clock, persons=persons
        )

    def allow(self, *, two_sources: bool = False, per_day: int = 5) -> None:
        """Have other settings."""
        self.office = replace(self.office, policy=Policy(two_sources), per_day=per_day)

    def with_outbox(self, outbox: MemoryOutbox) -> Alerts:
        """A round that writes into this outbox."""
        return Alerts(replace(self.office, outbox=outbox))

    async def reader(self, name: str, schedule: Schedule = DAILY, **choice: object) -> str:
        """Somebody who is confirmed and wants alerts."""
        form = sign_up(f"{name}@example.org", schedule, **choice)  # type: ignore[arg-type]
        joining = await self.subscribers.join(form, Consent("test", NOW), NOW)
        return joining.subscriber.id

    def choose(self, subscriber_id: str, **fields: object) -> None:
        """Change what a subscriber chose."""
        row = self.memory.readers[subscriber_id]
        row.subscriber = replace(row.subscriber, choice=replace(row.subscriber.choice, **fields))  # type: ignore[arg-type]

    async def story(
        self, name: str, *, urgent: bool = True, joins: str = "", people: int = 0, **fields: object
    ) -> None:
        """A statement comes in and is read now."""
        given = {"published": self.clock.now, "first_seen": self.clock.now, "text": prose(name)}
        one = statement(name, **(given | fields))
        known = Known(one, frozenset({name}))
        await self.statements.record_polls([Polled(state(one.source_id), one.publisher, Sifted((known,)))])
        level = Urgency.URGENT if urgent else Urgency.ROUTINE
        counted = (Headcount(people, Evidence("text", 0, 1, one.text[:1])),) if people else ()
        read = placement(one, joins, urgency=level, people=counted)
        await self.statements.record_readings([read], self.clock.now)

    async def hand_over(self, outcome: Handover | None = None, limit: int = 1_000) -> int:
        """The relay takes what is due, unless it answers otherwise."""
        lease = Lease("relay", self.clock.now)
        claimed = await claim(self.outbox, self.clock.now, limit, lease)
        answer = outcome or Sent("250 queued")
        await self.outbox.book([(c.delivery, answer) for c in claimed], (), self.clock.now, lease.owner)
        return len(claimed)

    async def begin(self, limit: int, lease: Lease) -> None:
        """Somebody has claimed what is due, and is about to hand it over."""
        claimed = await claim(self.outbox, self.clock.now, limit, lease)
        await self.outbox.book((), claimed, self.clock.now, lease.owner)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Who gets what, without the numbers of the bulletins, in the order in which it was written."""
        return [
            (self.name(r.subscriber_id), f"{r.kind} {r.composition.subject.partition(': ')[2]}")
            for r in self.memory.deliveries
            if r.delivery.state is not DeliveryState.CANCELLED
        ]

    def name(self, subscriber_id: str) -> str:
        """A reader by name."""
        return self.memory.readers[subscriber_id].address.partition("@")[0]

    def answers(self, kind: BulletinKind) -> dict[str, str]:
        """Which earlier mail the last one of this kind belongs to, by reader."""
        return {self.name(r.subscriber_id): r.addressed.answers for r in self.memory.deliveries if r.kind is kind}

    def alert(self, name: str) -> tuple[AlertState, str]:
        """What became of a story as an alert."""
        return self.memory.stories[name].alert, self.memory.stories[name].reason

    @property
    def told(self) -> list[tuple[Alert, ...]]:
        """What the mails with alerts told, as they were composed."""
        return self.composer.told

    @property
    def ruled(self) -> Sequence[Ruling]:
        """All rulings."""
        return self.memory.rulings


LATER = Deferred("451 try again later")
