"""The world outside the workflow, scripted: clock, sources, composer, relay, operator."""

import asyncio
from collections import Counter, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from nkwatch.domain.alert import Alert
from nkwatch.domain.bulletin import BulletinKind, Composition, Mailing
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane, Message, Sent
from nkwatch.domain.desk import Editor, Note
from nkwatch.domain.errand import Absent, Errand, Visited
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Outcome
from nkwatch.domain.polling import PollState
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Choice, Edition, Schedule
from nkwatch.domain.surroundings import Earlier, Surroundings
from nkwatch.editing.digests import Pick, Plan
from nkwatch.workflow.ports import Letters
from tests.making import NOW, composition
from tests.workflow.memory import Memory, MemoryOutbox


class CrashError(Exception):
    """The process dies here."""


@dataclass
class FakeClock:
    """A clock that stands still until it is moved."""

    now: datetime = NOW

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)


@dataclass
class Notices:
    """What the operator was told, in order."""

    told: list[tuple[str, dict[str, object]]] = field(default_factory=list)

    def __call__(self, event: str, **facts: object) -> None:
        self.told.append((event, facts))

    @property
    def events(self) -> list[str]:
        """The events without their facts."""
        return [event for event, _ in self.told]


Answer = Outcome | Callable[[], Awaitable[Outcome]] | Exception


class ScriptedPoller:
    """Sources that answer what they were told to; the last answer of each is repeated."""

    def __init__(self, answers: Mapping[str, Sequence[Answer]]) -> None:
        self.answers = {i: list(said) for i, said in answers.items()}
        self.asked: Counter[str] = Counter()
        self.states: list[PollState] = []

    async def poll(self, source: Source, state: PollState) -> Outcome:
        self.asked[source.id] += 1
        self.states.append(state)
        said = self.answers[source.id]
        answer = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(answer, Exception):
            raise answer
        return await answer() if callable(answer) else answer


Page = Visited | Callable[[], Awaitable[Visited]] | Exception


class ScriptedVisitor:
    """Pages that answer what they were told to, by address; the last answer of each is repeated, others are absent."""

    def __init__(self, pages: Mapping[str, Sequence[Page]] | None = None) -> None:
        self.pages = {url: list(said) for url, said in (pages or {}).items()}
        self.asked: list[str] = []

    async def visit(self, errand: Errand, source: Source) -> Visited:
        self.asked.append(errand.url)
        said = self.pages.get(errand.url, [Absent()])
        page = said.pop(0) if len(said) > 1 else said[0]
        if isinstance(page, Exception):
            raise page
        return await page() if callable(page) else page


class PlainComposer:
    """Mails whose subject says what they hold; wrong for the kinds and languages named in `wrong`."""

    def __init__(self) -> None:
        self.wrong: set[str] = set()
        #: what was composed: of each issue the surroundings, of each mail with alerts what it told
        self.surroundings: list[Surroundings] = []
        self.told: list[tuple[Alert, ...]] = []

    def issue(self, surroundings: Surroundings, number: int) -> "PlainIssue":
        self.surroundings.append(surroundings)
        return PlainIssue(self, number)

    def alert(self, alerts: Sequence[Alert], sent: datetime, edition: Edition) -> Composition:
        told = " ".join(f"{a.story.id}{f' update of {a.follows}' if a.follows else ''}" for a in alerts)
        self.told.append(tuple(alerts))
        numbers = " ".join(str(a.number) for a in alerts)
        return self.made(BulletinKind.ALERT, edition, f"alert {numbers}: {told}", [a.story.id for a in alerts])

    def correction(
        self, kind: BulletinKind, number: int, corrected: int, note: Note, story: Story | None, edition: Edition
    ) -> Composition:
        what = "withdrawn" if story and story.marks.withdrawn else "corrected"
        _, words = note.told_in(edition.language)
        return self.made(kind, edition, f"{what} {corrected} by {number}: {story.id if story else ''} {words}".strip())

    def lull(self, surroundings: Surroundings, number: int, choice: Choice) -> Composition:
        return self.made(BulletinKind.LULL, choice.edition, f"lull {number}")

    def confirmation(self, schedule: Schedule, edition: Edition) -> Composition:
        return self.made(BulletinKind.CONFIRMATION, edition, "confirm")

    def letter(self, kind: BulletinKind, edition: Edition) -> Composition:
        return self.made(kind, edition, str(kind))

    def slots(
        self, choice: Choice, picks: Sequence[Pick] = (), earlier: Mapping[str, Earlier] | None = None
    ) -> tuple[tuple[str, str], ...]:
        phrase = (("phrase", choice.phrase),) if choice.phrase else ()
        reasons = ((f"reasons_{n}", " ".join(r.kind for r in p.reasons)) for n, p in enumerate(picks, 1))
        before = ((f"earlier_{name}", e.story_id) for name, e in sorted((earlier or {}).items()))
        return (*phrase, *reasons, *before)

    def made(self, kind: BulletinKind, edition: Edition, subject: str, stories: Sequence[str] = ()) -> Composition:
        """A mail with this subject."""
        if {kind.value, edition.language} & self.wrong:
            raise ConfigError(f"templates/mail/{kind}: wrong in {edition.language}")
        made = composition(subject, kind, edition.language)
        return replace(made, neutral=edition.neutral, stories=tuple(stories))


@dataclass
class PlainIssue:
    """The digests of one window: `digest 1: s1 s2 more s3 alerted s4 beyond 2`."""

    composer: PlainComposer
    number: int

    def composed(self, plan: Plan, choice: Choice) -> Composition:
        """The mail whose subject says what the plan holds."""
        full, more = [p.story.id for p in plan.picks], [p.story.id for p in plan.more]
        alerted = [s.id for s in plan.alerted]
        parts = (("", full), ("more ", more), ("alerted ", alerted), ("beyond ", [str(plan.beyond or "")]))
        told = " ".join(f"{label}{' '.join(names)}" for label, names in parts if any(names))
        subject, stories = f"digest {self.number}: {told}", (*full, *more, *alerted)
        return self.composer.made(BulletinKind.DIGEST, choice.edition, subject, stories)


class CrashingOutbox(MemoryOutbox):
    """Dies at the call of `enqueue` with this number, before or after it has written."""

    def __init__(self, memory: Memory, at_call: int, *, written: bool) -> None:
        super().__init__(memory)
        self.left = at_call
        self.written = written

    async def enqueue(self, mailing: Mailing) -> int:
        self.left -= 1
        if self.left == 0 and not self.written:
            raise CrashError
        count = await super().enqueue(mailing)
        if self.left == 0:
            raise CrashError
        return count


@dataclass
class Transit:
    """What was offered to the relay and is not yet recorded: what a crash would send again."""

    out: set[str] = field(default_factory=set)
    most: int = 0
    #: of these, what the relay accepted
    accepted: set[str] = field(default_factory=set)

    def offer(self, recipient: str) -> None:
        """The content is on its way."""
        self.out.add(recipient)
        self.most = max(self.most, len(self.out))

    def record(self, recipient: str) -> None:
        """The database knows."""
        self.out.discard(recipient)
        self.accepted.discard(recipient)


class CountingOutbox(MemoryOutbox):
    """Tells `transit` what was recorded, and keeps what it was asked.

    `recording` may be a gate or an error for bookings of outcomes; `marking` an error for those of nothing else.
    """

    def __init__(self, memory: Memory, transit: Transit) -> None:
        super().__init__(memory)
        self.transit = transit
        #: the sizes of groups of outcomes, and of what was marked with them
        self.groups: list[int] = []
        self.marked: list[int] = []
        self.released: list[int] = []
        self.renewed: list[int] = []
        self.recording: asyncio.Event | Exception | None = None
        self.marking: Exception | None = None
        self.renewing: asyncio.Event | Exception | None = None

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        await _pass(self.recording if answered else self.marking)
        booked = await super().book(answered, wanted, now, owner)
        self.groups += [len(answered)] if answered else []
        self.marked += [len(booked.offered)] if wanted else []
        for delivery, _ in answered:
            row = self._find(delivery.id)
            if row and row.subscriber_id in self.memory.readers:
                self.transit.record(self.memory.readers[row.subscriber_id].address)
        return booked

    async def renew(self, deliveries: Sequence[Delivery], lease: Lease) -> None:
        await _pass(self.renewing)
        self.renewed.append(len(deliveries))
        await super().renew(deliveries, lease)

    async def release(self, deliveries: Sequence[Delivery], owner: str) -> None:
        self.released += [d.id for d in deliveries]
        await super().release(deliveries, owner)


async def _pass(barrier: asyncio.Event | Exception | None) -> None:
    match barrier:
        case Exception() as error:
            raise error
        case asyncio.Event() as gate:
            await gate.wait()


async def claim(outbox: MemoryOutbox, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
    """Claim of both lanes."""
    urgent = await outbox.claim(now, limit, lease, Lane.URGENT)
    return [*urgent, *await outbox.claim(now, limit - len(urgent), lease, Lane.BULK)]


class PlainAssembler:
    """A message whose content is its subject; what it cannot assemble is named in `broken`."""

    def __init__(self) -> None:
        self.broken: set[str] = set()

    def assemble(self, claimed: Claimed) -> Message:
        if claimed.address in self.broken:
            raise ValueError(claimed.address)
        return Message("list@nkwatch.example", claimed.address, claimed.composition.subject.encode())


class PlainSigner:
    """Signs with a line of its own; notes how many messages came at a time. `wrong` is raised instead."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.wrong: Exception | None = None

    async def signed(self, messages: Sequence[Message]) -> list[Message]:
        self.batches.append(len(messages))
        await asyncio.sleep(0)
        if self.wrong:
            raise self.wrong
        return [replace(m, content=b"signed\r\n" + m.content) for m in messages]


class FakeRelay:
    """Accepts everything, or answers what `answer` says; counts how many are under way at once.

    A connection takes up to `depth` messages before it has answered the first, as with pipelining. While `down` says
    why, no connection can be opened or kept. Envelopes to those in `breaks` break the line, so often.
    """

    def __init__(self, transit: Transit, connections: int = 4, depth: int = 2) -> None:
        self.transit = transit
        self.connections = connections
        self.depth = depth
        self.accepted: list[str] = []
        self.attempts: list[str] = []
        self.contents: list[bytes] = []
        self.busy = self.most_busy = 0
        self.down = ""
        self.breaks: Counter[str] = Counter()
        self.answer: Callable[[Message], Handover | Awaitable[Handover]] = lambda _: Sent("250 queued")

    async def carry(self, letters: Letters) -> str:
        taken: deque[Message] = deque()
        while True:
            if self.down:
                for message in reversed(taken):
                    letters.give_back(message)
                return self.down
            if not taken:
                first = await letters.next()
                if first is None:
                    return ""
                taken.append(first)
            elif (broken := taken[0]).recipient in +self.breaks:
                self.breaks[broken.recipient] -= 1
                for message in reversed(taken):
                    letters.give_back(message)
                taken.clear()
            else:
                while len(taken) < self.depth and (more := letters.take()):
                    taken.append(more)
                await letters.offer(taken[0])
                message = taken.popleft()
                letters.answered(message, await self.hand_over(message))

    async def hand_over(self, message: Message) -> Handover:
        self.busy += 1
        self.most_busy = max(self.most_busy, self.busy)
        self.attempts.append(message.recipient)
        self.contents.append(message.content)
        self.transit.offer(message.recipient)
        try:
            await asyncio.sleep(0)
            answer: Any = self.answer(message)
            outcome: Handover = await answer if isinstance(answer, Awaitable) else answer
        finally:
            self.busy -= 1
        if isinstance(outcome, Sent):
            self.accepted.append(message.recipient)
            self.transit.accepted.add(message.recipient)
        return outcome

    async def close(self) -> None:
        """Nothing to close."""


class FakeCallers:
    """Calls every editor, or answers what `answers` says of an address; the calls are kept."""

    def __init__(self) -> None:
        self.answers: dict[str, Handover] = {}
        #: who was called, of which story, and how many calls were sent before
        self.called: list[tuple[str, str, int]] = []

    async def call(self, editor: Editor, story: Story, calls: int) -> Handover:
        answer = self.answers.get(editor.address, Sent("250 queued"))
        if isinstance(answer, Sent):
            self.called.append((editor.name, story.id, calls))
        return answer
