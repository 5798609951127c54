"""Alerts that waited for their readers: those of one reader leave in one mail, when its time has come."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.alert import Alert, Due, Pace, Told
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.digests import Pick, picked
from nkwatch.editing.matching import Offer
from nkwatch.editing.pacing import paced
from nkwatch.editing.updates import changed
from nkwatch.workflow.office import BATCH, Office


@dataclass(frozen=True, slots=True)
class Left:
    """How many mails left, and whether any could not be composed."""

    mails: int = 0
    failed: bool = False

    def __add__(self, other: "Left") -> "Left":
        return Left(self.mails + other.mails, self.failed or other.failed)


@dataclass(frozen=True, slots=True)
class _Waited:
    """An alert that waited. An update follows another: `told` is then not its own number."""

    offer: Offer
    number: int
    told: Told

    @property
    def updates(self) -> bool:
        """Whether an alert on this story was told before."""
        return self.number not in {self.told.number, *self.told.also}

    def alert(self, pick: Pick, *, had: bool) -> Alert:
        """The alert as a reader is told it; what came after the first one was opened is new in an update."""
        if not (self.updates and had):
            return Alert(pick.story, self.number)
        first = [r for r in pick.story.reports if r.statement.first_seen <= self.told.at]
        later = [r for r in pick.story.reports if r.statement.first_seen > self.told.at]
        return Alert(pick.story, self.number, changed(first, later), self.told.number)


@dataclass(frozen=True, slots=True)
class _Group:
    """Readers for whom the same alerts wait. `had` are by number who was told the story elsewhere meanwhile."""

    readers: tuple[Subscriber, ...]
    waited: tuple[_Waited, ...]
    had: Mapping[int, frozenset[str]]
    mails: Mapping[str, str]
    paces: Mapping[str, Pace]

    def picks(self, reader: Subscriber) -> list[tuple[_Waited, Pick]]:
        """What of it this reader still wants."""
        if not reader.choice.alerts:
            return []
        fresh = [w for w in self.waited if reader.id not in self.had.get(w.number, ())]
        return [(w, pick) for w in fresh if (pick := picked(reader.choice, w.offer))]


@dataclass(frozen=True, slots=True)
class Together:
    """One round over the alerts that wait."""

    office: Office

    async def __call__(self, now: datetime) -> Left:
        """Send what is due. Whose mail cannot be composed goes on waiting, and stands in nobody's way."""
        total, seen, stuck = Left(), set[str](), 0
        while due := await self._due(now, seen, BATCH + stuck):
            seen.update(d.subscriber.id for d in due)
            left = await self._leave(due, now)
            stuck += len(due) - left.mails
            total += left
        return total

    async def _due(self, now: datetime, seen: Collection[str], limit: int) -> list[Due]:
        return [d for d in await self.office.outbox.due(now, limit) if d.subscriber.id not in seen]

    async def _leave(self, due: Sequence[Due], now: datetime) -> Left:
        groups: dict[tuple[int, ...], list[Subscriber]] = defaultdict(list)
        for one in due:
            groups[one.numbers].append(one.subscriber)
        as_of = await self.office.outbox.as_of()
        told_in = await self.office.outbox.alerts({n for numbers in groups for n in numbers})
        stories = {s.id: s for s in await self.office.statements.stories(set(told_in.values()))}
        total = Left()
        for numbers, readers in groups.items():
            told = [(n, stories[told_in[n]]) for n in numbers if told_in.get(n) in stories]
            total += await self._together(numbers, told, readers, as_of, now)
        return total

    async def _together(
        self,
        numbers: Sequence[int],
        told: Sequence[tuple[int, Story]],
        readers: Sequence[Subscriber],
        as_of: int,
        now: datetime,
    ) -> Left:
        """One bulletin for readers for whom the same alerts wait; who wants none of them any more is done with them.

        What an editor holds back goes on waiting.
        """
        held = {n for n, story in told if story.marks.held}
        leaving = tuple(n for n in numbers if n not in held)
        if not leaving:
            return Left()
        group = await self._group([(n, s) for n, s in told if n not in held], readers, now)
        wanted = [(r, picks) for r in readers if (picks := group.picks(r))]
        deliveries, lacking = self._composed(group, wanted, now)
        served = {r.id for r, _ in wanted}
        done = tuple(r for r in readers if r.id not in served)
        key = f"alerts {' '.join(map(str, leaving))} {now:%Y-%m-%dT%H:%M:%S.%fZ}"
        mailing = Mailing(key, BulletinKind.ALERT, now, deliveries, covered=done, told=leaving, as_of=as_of)
        # what an editor stops meanwhile does not wait any more, and then nobody gets this mail: the next is without it
        written = await self.office.outbox.enqueue(mailing)
        return Left(written or 0, bool(lacking) or written is None)

    async def _group(self, told: Sequence[tuple[int, Story]], readers: Sequence[Subscriber], now: datetime) -> _Group:
        ids, waited = [r.id for r in readers], await self._waited(told, now)
        had: dict[int, frozenset[str]] = {}
        for one in waited:
            if not one.updates:
                written = await self.office.outbox.had(ids, min(one.told.at, one.offer.story.ready_at))
                had[one.number] = frozenset(i for i, stories in written.items() if one.offer.story.id in stories)
        mails: dict[str, str] = {}
        # a mail of several alerts answers none
        if len(waited) == 1 and waited[0].updates:
            before = await self.office.outbox.bulletins_with(waited[0].offer.story.id)
            mails = await self.office.earlier(before, readers)
        return _Group(tuple(readers), waited, had, mails, await self.office.outbox.paces(ids))

    async def _waited(self, told: Sequence[tuple[int, Story]], now: datetime) -> tuple[_Waited, ...]:
        """Each story once, under the first of its numbers, without those that must not be told any more."""
        found: dict[str, _Waited] = {}
        for number, story in sorted(told, key=lambda pair: pair[0]):
            public = None if story.marks.withdrawn else story.public(now)
            first = await self.office.outbox.told(story.id)
            if public and first and story.id not in found:
                found[story.id] = _Waited(Offer.of(public, self.office.known_cases), number, first)
        return tuple(found.values())

    def _composed(
        self, group: _Group, wanted: Sequence[tuple[Subscriber, list[tuple[_Waited, Pick]]]], now: datetime
    ) -> tuple[tuple[Addressed, ...], frozenset[str]]:
        def addressed(reader: Subscriber, picks: list[tuple[_Waited, Pick]]) -> Addressed:
            answers, composer = group.mails.get(reader.id, ""), self.office.composer
            alerts = [w.alert(pick, had=len(group.waited) > 1 or bool(answers)) for w, pick in picks]
            _, pace = paced(reader.choice, group.paces.get(reader.id), now, self.office.per_day)
            slots = composer.slots(reader.choice, [pick for _, pick in picks])
            return Addressed(reader, composer.alert(alerts, now, reader.choice.edition), slots, answers, pace)

        return self.office.composing("alert not composed", wanted, addressed)
