"""A newsroom in memory for tests of publishing: readers and stories come in, rounds of publishing go out."""

from copy import copy
from dataclasses import replace

from nkwatch.domain.bulletin import Composition
from nkwatch.domain.desk import Editor
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Mention, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.domain.surroundings import Coming
from nkwatch.editing.alerts import Policy
from nkwatch.workflow.alerts import Alerts
from nkwatch.workflow.closing import CloseWindows
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.desk import DigestDesk, StoryDesk
from nkwatch.workflow.digests import Digests
from nkwatch.workflow.gather import Gather
from nkwatch.workflow.office import Office
from nkwatch.workflow.proofs import Proofs
from nkwatch.workflow.publish import Publish
from tests.making import NOW, placement, sign_up, source, state, statement
from tests.workflow.fakes import FakeClock, FakeRelay, Notices, PlainAssembler, PlainComposer, Transit
from tests.workflow.memory import Memory, MemoryDesk, MemoryOutbox, MemoryStatements, MemorySubscribers

DAILY = Schedule(Rhythm.DAILY, 6)
EDITORS = (Editor("Kim", "kim@nkwatch.example"), Editor("Lee", "lee@nkwatch.example", second=True))


class Room:
    """A store with trusted source `a` and untrusted source `b`, and everything that publishing needs.

    It is a Sunday at 7:00. What is set of `policy`, `per_day`, `calendar` and `known_cases` counts from then on.
    """

    def __init__(self) -> None:
        trusted = source("a", role=Role.STATEMENT, alerts=True)
        self.memory = Memory({"a": trusted, "b": source("b")})
        self.clock, self.notices, self.composer = FakeClock(), Notices(), PlainComposer()
        self.statements, self.subscribers = MemoryStatements(self.memory), MemorySubscribers(self.memory)
        self.outbox: MemoryOutbox = MemoryOutbox(self.memory)
        self.desk, self.relay, self.assembler = MemoryDesk(self.memory), FakeRelay(Transit()), PlainAssembler()
        self.composing = Composing(self.notices)
        self.policy, self.per_day = Policy(), 5
        self.calendar = tuple[Coming, ...]()
        self.known_cases = dict[str, str]()

    @property
    def office(self) -> Office:
        """What alerts are made with."""
        return Office(
            sources=self.memory.sources,
            statements=self.statements,
            subscribers=self.subscribers,
            outbox=self.outbox,
            desk=self.desk,
            composer=self.composer,
            composing=self.composing,
            clock=self.clock,
            notice=self.notices,
            policy=self.policy,
            per_day=self.per_day,
            known_cases=self.known_cases,
        )

    @property
    def gather(self) -> Gather:
        """What looks up the content of windows."""
        rights = frozenset({"prisons"})
        return Gather(self.memory.sources, self.statements, self.calendar, rights, self.known_cases)

    @property
    def digests(self) -> Digests:
        """Rounds of digests."""
        windows = CloseWindows(self.gather, self.subscribers, self.outbox, self.composer, self.composing)
        return Digests(windows, self.clock)

    @property
    def publish(self) -> Publish:
        """Rounds of alerts and digests."""
        return Publish(Alerts(self.office), self.digests)

    def through(self, outbox: MemoryOutbox) -> "Room":
        """The same room, writing through this outbox."""
        other = copy(self)
        other.outbox = outbox
        return other

    @property
    def stories(self) -> StoryDesk:
        """What editors say of stories."""
        return StoryDesk(self.desk, self.statements, self.clock)

    @property
    def digest_desk(self) -> DigestDesk:
        """What editors do with digests."""
        return DigestDesk(self.digests, self.outbox, self.composer, self.composing, self.clock)

    @property
    def proofs(self) -> Proofs:
        """Previews and tests."""
        parts = (self.gather, self.composer, self.assembler, self.relay, self.clock)
        return Proofs(*parts, editors=EDITORS, domain="nkwatch.example")

    async def reader(self, name: str, schedule: Schedule = DAILY, **choice: object) -> str:
        """Somebody who is confirmed and covered up to now."""
        choice = {"alerts": False} | choice
        form = sign_up(f"{name}@example.org", schedule, **choice)  # type: ignore[arg-type]
        joining = await self.subscribers.join(form, Consent("test", NOW), NOW)
        self.put(joining.subscriber.id, covered_until=self.clock.now, heard_at=self.clock.now)
        return joining.subscriber.id

    def put(self, subscriber_id: str, **fields: object) -> None:
        """Change what is kept of a subscriber."""
        row = self.memory.readers[subscriber_id]
        row.subscriber = replace(row.subscriber, **fields)  # type: ignore[type-var]

    def choose(self, subscriber_id: str, **fields: object) -> None:
        """Change what a subscriber chose."""
        choice = self.memory.readers[subscriber_id].subscriber.choice
        self.put(subscriber_id, choice=replace(choice, **fields))  # type: ignore[type-var]

    async def story(
        self, name: str, *, urgent: bool = False, joins: str = "", cases: tuple[Mention, ...] = (), **fields: object
    ) -> None:
        """A statement comes in and is read now."""
        one = statement(name, **({"published": self.clock.now, "first_seen": self.clock.now} | fields))
        known = Known(one, frozenset({name}))
        await self.statements.record_polls([Polled(state("a"), one.publisher, Sifted((known,)))])
        level = Urgency.URGENT if urgent else Urgency.ROUTINE
        await self.statements.record_readings([placement(one, joins, urgency=level, cases=cases)], self.clock.now)

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Who gets what, without the numbers of the bulletins."""
        addresses = {i: r.address.partition("@")[0] for i, r in self.memory.readers.items()}
        return sorted(
            (addresses[r.subscriber_id], f"{r.kind} {r.composition.subject.partition(': ')[2]}".strip())
            for r in self.memory.deliveries
        )

    @property
    def compositions(self) -> set[Composition]:
        """What was composed and is sent, each once."""
        return {r.composition for r in self.memory.deliveries}

    def slots(self, name: str) -> dict[str, str]:
        """What stands in a reader's own places of what was sent last."""
        own = [r for r in self.memory.deliveries if self.memory.readers[r.subscriber_id].address.startswith(name)]
        return dict(own[-1].addressed.slots)

    def alert(self, name: str) -> tuple[AlertState, str]:
        """What became of a story as an alert."""
        return self.memory.stories[name].alert, self.memory.stories[name].reason
