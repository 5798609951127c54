"""What readers get after editors merged or split: nothing twice, and nothing less."""

from datetime import timedelta

import pytest

from nkwatch.domain.correction import Correction
from nkwatch.domain.merging import Merged, Obstacle, Split, Unfit, Word
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.workflow.desk import StoryDesk
from nkwatch.workflow.readings import Place
from nkwatch.workflow.ruled import Outcome
from tests.making import NOW, placement, polled, prose, sifted, statement
from tests.workflow.memory import Memory, MemoryDesk, MemoryReadings, MemoryStatements
from tests.workflow.room import Room
from tests.workflow.wire import Wire

WEEKLY = Schedule(Rhythm.WEEKLY, 6, weekday=0)
SAID = (("en", "It was another camp."),)


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


@pytest.fixture
def wire() -> Wire:
    """A store with what alerts need."""
    return Wire()


def desk(of: Room | Wire) -> StoryDesk:
    return StoryDesk(of.desk, of.statements, of.clock)


async def merge(of: Room | Wire, into: str, *others: str) -> None:
    assert isinstance(await desk(of).merge(into, others, "Ann"), Merged)


async def split(of: Room | Wire, *statements: str, news: bool = False) -> None:
    assert isinstance(await desk(of).split(statements, "Ann", news=news), Split)


# Digests


async def test_a_digest_tells_a_merged_story_to_who_had_neither(room: Room) -> None:
    await room.reader("ann")
    await room.story("s1")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1")]
    await room.reader("bo")
    await room.story("s2")
    room.clock.forward(hours=1)
    await merge(room, "s2", "s1")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1"), ("bo", "digest s2")]


async def test_what_is_split_off_before_the_digest_stands_in_it_by_itself(room: Room) -> None:
    await room.reader("ann")
    await room.story("s1")
    room.clock.forward(hours=1)
    await room.story("s2", joins="s1")
    await split(room, "s2")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s2 s1")]


async def test_what_is_split_off_after_the_digest_is_old_to_who_got_it_and_new_in_a_window_that_is_open(
    room: Room,
) -> None:
    await room.reader("ann")
    await room.reader("bo", Schedule(Rhythm.WEEKLY, 6, weekday=2))
    await room.story("s1")
    await room.story("s2", joins="s1")
    room.clock.forward(days=1)
    await room.digests()
    await split(room, "s2")
    room.clock.forward(days=3)
    await room.digests()
    assert room.sent == [("ann", "digest s1"), ("bo", "digest s1 s2")]


async def test_as_news_it_is_told_to_who_got_the_other_story_before_it_came(room: Room) -> None:
    await room.reader("ann")
    await room.story("s1")
    room.clock.forward(days=1)
    await room.digests()
    room.clock.forward(hours=1)
    await room.story("s2", joins="s1")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1")]
    await split(room, "s2", news=True)
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1"), ("ann", "digest s2")]


# Alerts


async def test_who_had_an_alert_on_one_gets_none_that_waits_on_the_other(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    wire.clock.forward(minutes=1)
    await wire.story("s2")
    await wire.alerts()
    await merge(wire, "s1", "s2")
    wire.clock.forward(minutes=9)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]


async def test_who_waits_for_one_gets_it_as_the_story_into_which_it_went(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    wire.clock.forward(minutes=1)
    await wire.story("s2")
    await wire.alerts()
    await wire.story("s3", urgent=False)
    await merge(wire, "s3", "s2")
    wire.clock.forward(minutes=9)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s3")]


async def test_an_alert_that_was_told_of_either_is_no_alert_again(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    await wire.story("s2", urgent=False)
    await merge(wire, "s2", "s1")
    await wire.story("s3", joins="s2", text=prose("s1"))
    wire.clock.forward(hours=1)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]
    assert wire.memory.stories["s2"].alert is AlertState.SENT


async def test_a_correction_of_a_merged_story_reaches_who_had_either(wire: Wire) -> None:
    for name, only in (("ann", "s1"), ("bo", "s2")):
        await wire.reader(name)
        await wire.story(only)
        await wire.alerts()
        wire.clock.forward(minutes=9)
        await wire.hand_over()
    await merge(wire, "s1", "s2")
    done = await wire.rulings().correct("s1", SAID, "Ann")
    assert (done.outcome, done.told) == (Outcome.CORRECTED, 2)


async def test_what_was_urgent_is_alerted_under_the_name_to_which_it_was_split_off(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", urgent=False)
    await wire.story("s2", joins="s1")
    await split(wire, "s2")
    await wire.alerts()
    assert wire.sent == [("ann", "alert s2")]
    assert wire.memory.stories["s1"].alert is AlertState.NONE


async def test_what_was_alerted_already_is_alerted_no_more_when_it_is_split_off(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", urgent=False)
    await wire.story("s2", joins="s1")
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]
    wire.clock.forward(hours=1)
    await split(wire, "s2", news=True)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]


# Matching


async def test_matching_never_puts_back_what_an_editor_took_apart() -> None:
    memory = Memory()
    statements, text = MemoryStatements(memory), prose("march", 200)
    told = [statement(name, text=text, first_seen=NOW + n * timedelta(hours=1)) for n, name in enumerate(["s1", "s2"])]
    await statements.record_polls([polled(sifted(*told))])
    await statements.record_readings([placement(one, "s1") for one in told], NOW)
    place = Place(statements, Vocabulary())
    done = await MemoryDesk(memory).split(["s2"], Word("Ann", NOW))
    assert isinstance(done, Split)
    readings = MemoryReadings(memory)
    off = Correction("s2", 1, "test.1", NOW, "Jin", about_nk=False)
    await readings.record_correction(off, "", (), NOW)
    assert (await place([told[1]]))["s2"][0] == "s2"
    # another report of the same is placed by what it shares
    assert (await place([statement("s3", text=text)]))["s3"][0] == "s1"


async def test_what_cannot_be_is_refused_and_what_is_only_tried_changes_nothing(wire: Wire) -> None:
    await wire.story("s1")
    await wire.story("s2")
    assert await desk(wire).merge("s1", ["s1"], "Ann") == Unfit(Obstacle.ITSELF, "s1")
    assert isinstance(await desk(wire).merge("s1", ["s2"], "Ann", dry=True), Merged)
    assert await desk(wire).split(["s1"], "Ann", dry=True) == Unfit(Obstacle.NAMESAKE, "s1")
    assert await wire.statements.home("s2") == "s2"
