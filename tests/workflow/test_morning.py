"""The morning's mail: once, in the morning, when there is something to tell; and once a week in any case."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Deferred, Handover, Sent, Unknown
from nkwatch.domain.lease import Lease
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import Figures, Week
from nkwatch.editing.notices import Matter
from nkwatch.workflow.morning import LEASE, Informed, Morning
from nkwatch.workflow.told import Telling
from tests.making import at
from tests.workflow.fakes import FakeClock, Notices

MINUTE = timedelta(minutes=1)


@dataclass
class FakeMornings:
    """What all machines share."""

    notices: list[Noticed] = field(default_factory=list)
    taken: dict[str, Lease] = field(default_factory=dict)
    finished: dict[str, bool] = field(default_factory=dict)
    asked: int = 0

    async def is_done(self, day: str) -> bool:
        self.asked += 1
        return day in self.finished

    async def begin(self, day: str, lease: Lease, now: datetime) -> Sequence[Noticed] | None:
        other = self.taken.get(day)
        if day in self.finished or (other and other.owner != lease.owner and other.until > now):
            return None
        self.taken[day] = lease
        return list(self.notices)

    async def was_mailed(self, since: str) -> bool:
        return any(mailed and day >= since for day, mailed in self.finished.items())

    async def done(self, day: str, owner: str, now: datetime, *, mailed: bool) -> None:
        self.finished[day] = mailed
        self.notices.clear()

    async def release(self, day: str, owner: str, until: datetime) -> None:
        self.taken[day] = Lease(owner, until)


class FakeWeeks:
    """Every week is alike."""

    async def last(self, now: datetime) -> Week:
        return Week(now, now, Figures(), Figures())


@dataclass
class FakeLetters:
    """Keeps what was sent, and answers as told."""

    sent: list[tuple[date, list[str], bool]] = field(default_factory=list)
    answer: Handover = field(default_factory=lambda: Sent("250 OK"))
    tried: int = 0

    async def tell(self, day: date, told: Sequence[Matter], week: Week | None) -> Handover:
        self.tried += 1
        if isinstance(self.answer, Sent):
            self.sent.append((day, [m.event for m in told], week is not None))
        return self.answer


class House:
    """An operator in Seoul, and machines that share a database."""

    def __init__(self, now: str = "2026-11-24T00:00") -> None:
        self.clock, self.notices = FakeClock(at(now)), Notices()
        self.mornings, self.letters = FakeMornings(), FakeLetters()
        self.one = self.machine("one")

    def machine(self, owner: str) -> Morning:
        telling = Telling(self.notices, self.clock)
        return Morning(self.mornings, FakeWeeks(), self.letters, self.clock, telling, owner, "Asia/Seoul", 8)

    def happens(self, event: str = "page failed") -> None:
        self.mornings.notices.append(Noticed.of(event, {}, self.clock()))

    async def until(self, moment: str, machine: Morning | None = None) -> Informed:
        self.clock.now = at(moment)
        return await (machine or self.one)()


# Eight in the morning in Seoul is 23:00 UTC of the day before. 24 November 2026 is a Tuesday.


async def mailed_on_monday() -> House:
    house = House()
    await house.until("2026-11-22T23:30")
    house.letters.sent.clear()
    return house


async def test_what_happened_is_told_in_the_morning_and_once() -> None:
    house = await mailed_on_monday()
    house.happens()
    assert await house.until("2026-11-23T22:59") == Informed()
    assert await house.until("2026-11-23T23:09") == Informed()
    assert await house.until("2026-11-23T23:10") == Informed(1, 1)
    house.happens("later")
    for hour in range(10):
        assert await house.until(f"2026-11-24T{hour:02}:30") == Informed()
    assert house.letters.sent == [(date(2026, 11, 24), ["page failed"], False)]


async def test_where_nothing_happened_no_mail_is_sent() -> None:
    house = await mailed_on_monday()
    assert await house.until("2026-11-23T23:10") == Informed()
    house.happens()
    assert await house.until("2026-11-23T23:40") == Informed()
    assert house.letters.sent == []
    assert await house.until("2026-11-24T23:10") == Informed(1, 1)


async def test_once_the_day_is_done_nobody_is_asked_again() -> None:
    house = await mailed_on_monday()
    await house.until("2026-11-23T23:10")
    asked = house.mornings.asked
    await house.until("2026-11-23T23:20")
    assert house.mornings.asked == asked


async def test_mondays_mail_tells_of_the_week_though_nothing_happened() -> None:
    house = House()
    assert await house.until("2026-11-22T23:10") == Informed(1, 0)
    assert house.letters.sent == [(date(2026, 11, 23), [], True)]


async def test_where_mondays_mail_could_not_leave_the_next_tells_of_the_week() -> None:
    house = House()
    house.letters.answer = Deferred("421 later")
    await house.until("2026-11-22T23:10")
    house.letters.answer = Sent("250 OK")
    assert await house.until("2026-11-23T23:10") == Informed(1, 0)
    assert await house.until("2026-11-24T23:10") == Informed()
    assert house.letters.sent == [(date(2026, 11, 24), [], True)]


async def test_a_mail_that_the_relay_does_not_take_is_tried_again_later_and_told_once() -> None:
    house = await mailed_on_monday()
    house.happens()
    for answer in (Deferred("421 later"), Unknown("")):
        house.letters.answer = answer
        assert await house.until("2026-11-23T23:10") == Informed()
    assert house.notices.events == ["the morning's mail does not leave"]
    house.letters.answer = Sent("250 OK")
    other = house.machine("two")
    assert await house.until("2026-11-23T23:20", other) == Informed()
    assert await house.until("2026-11-23T23:25", other) == Informed(1, 1)


async def test_a_machine_that_is_killed_with_the_mail_in_hand_is_followed_by_another_after_its_lease() -> None:
    house = await mailed_on_monday()
    house.happens()
    house.mornings.taken["2026-11-24"] = Lease("killed", at("2026-11-23T23:10") + LEASE)
    assert await house.until("2026-11-23T23:12") == Informed()
    assert await house.until("2026-11-23T23:40") == Informed(1, 1)


@given(st.lists(st.tuples(st.sampled_from(["one", "two", "three"]), st.integers(1, 400)), min_size=20, max_size=120))
async def test_whichever_machines_look_and_when_each_morning_is_told_once(looks: list[tuple[str, int]]) -> None:
    house = House("2026-11-01T00:00")
    machines = {name: house.machine(name) for name in ("one", "two", "three")}
    for name, minutes in looks:
        house.clock.forward(minutes=minutes)
        house.happens()
        await machines[name]()
    days = [day for day, *_ in house.letters.sent]
    assert days == sorted(set(days))
    weeks = [day.isocalendar()[:2] for day, _, week in house.letters.sent if week]
    assert len(weeks) == len(set(weeks)) == len({day.isocalendar()[:2] for day in days})
