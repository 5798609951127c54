"""A survey puts right what can be, tells what is overdue once, and keeps its hands off when its own clock is wrong."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from nkwatch.domain.survey import PATIENCE, Overdue, Repair, Wanting
from nkwatch.domain.timeline import SLACK
from nkwatch.workflow.recover import DONE, Recover, Recovered
from tests.making import NOW
from tests.workflow.dispatch import Office
from tests.workflow.fakes import FakeClock, Notices
from tests.workflow.memory import Memory, MemoryOutbox

HOUR = timedelta(hours=1)


@dataclass
class FakeUpkeep:
    """A database in which this is wrong."""

    wrong: dict[Repair, int] = field(default_factory=dict)
    late: list[Overdue] = field(default_factory=list)
    differs: timedelta = timedelta()

    async def clock_differs(self, _now: datetime) -> timedelta:
        return self.differs

    async def repair(self, repair: Repair, _now: datetime, *, dry: bool = False) -> int:
        return self.wrong.get(repair, 0) if dry else self.wrong.pop(repair, 0)

    async def overdue(self, _now: datetime) -> Sequence[Overdue]:
        return self.late


class Watched:
    def __init__(self) -> None:
        self.clock, self.notices, self.upkeep = FakeClock(), Notices(), FakeUpkeep()
        self.survey = Recover(MemoryOutbox(Memory()), self.clock, self.notices, self.upkeep).survey


@pytest.fixture
def watched() -> Watched:
    return Watched()


def unread(count: int = 3) -> Overdue:
    return Overdue(Wanting.UNREAD, count, NOW - HOUR)


async def test_each_repair_is_counted_and_told_once(watched: Watched) -> None:
    watched.upkeep.wrong = {repair: n for n, repair in enumerate(Repair, start=1)}
    assert await watched.survey() == Recovered(**{str(r): n for n, r in enumerate(Repair, start=1)})
    told = [facts for event, facts in watched.notices.told if event == "put right"]
    assert [(f["kind"], f["count"], f["what"]) for f in told] == [
        (str(r), n, DONE[r]) for n, r in enumerate(Repair, start=1)
    ]
    assert await watched.survey() == Recovered()
    assert len(watched.notices.told) == len(Repair)


async def test_a_dry_run_says_the_same_and_changes_nothing(watched: Watched) -> None:
    watched.upkeep.wrong = {Repair.POLLS: 2}
    assert await watched.survey(dry=True) == Recovered(polls=2)
    assert watched.notices.told == []
    assert await watched.survey() == Recovered(polls=2)


async def test_what_the_next_tick_does_is_told_to_nobody(watched: Watched) -> None:
    watched.upkeep.late = [unread()]
    assert (await watched.survey()).overdue == 3
    watched.upkeep.late = []
    watched.clock.now += PATIENCE
    assert await watched.survey() == Recovered()
    watched.upkeep.late = [unread()]
    await watched.survey()
    assert watched.notices.told == []


async def test_what_does_not_go_away_is_told_once_with_its_part_and_what_to_do(watched: Watched) -> None:
    watched.upkeep.late = [unread()]
    for _ in range(4):
        await watched.survey()
        watched.clock.now += PATIENCE
    ((event, facts),) = watched.notices.told
    assert event == "statements not read"
    assert facts == {"count": 3, "oldest": "2026-11-22T06:00:00Z", "what": Wanting.UNREAD.what}


async def test_it_is_told_again_when_it_came_back(watched: Watched) -> None:
    for late in ([unread()], [unread()], [], [unread()], [unread()]):
        watched.upkeep.late = late
        await watched.survey()
        watched.clock.now += PATIENCE
    assert watched.notices.events == ["statements not read"] * 2


@pytest.mark.parametrize("differs", [SLACK + HOUR, -SLACK - HOUR])
async def test_a_machine_whose_clock_is_wrong_puts_nothing_right(watched: Watched, differs: timedelta) -> None:
    watched.upkeep.differs, watched.upkeep.wrong = differs, {Repair.POLLS: 2}
    assert await watched.survey() == Recovered()
    assert watched.upkeep.wrong == {Repair.POLLS: 2}
    assert watched.notices.events == ["the clock differs from the database's"]


async def test_without_a_database_of_its_own_only_leases_are_looked_at() -> None:
    assert await Office().recover.survey() == Recovered()
