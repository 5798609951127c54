"""Digests: every window closes once, and holds what its readers want and do not have (promises 1, 4 and 5)."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.alert import Waiting
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.desk import Note
from nkwatch.domain.reading import Evidence, Mention
from nkwatch.domain.subscriber import Edition, Rhythm, Schedule, Subscriber
from nkwatch.domain.surroundings import Coming
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.reading.names import name_key
from nkwatch.workflow.closing import Digested
from tests.making import NOW, state
from tests.workflow.fakes import CrashError, CrashingOutbox
from tests.workflow.room import Room

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
WEEKLY = Schedule(Rhythm.WEEKLY, 6, weekday=0)


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


async def alerted(room: Room, reader: str, story: str, *, waits: bool = False) -> int:
    """An alert on a story was written to a reader now, or waits for the next digest; answers its number."""
    key, who = f"alert {story}", room.memory.readers[reader].subscriber
    number = await room.outbox.number(key, BulletinKind.ALERT, room.clock.now)
    composition = room.composer.made(BulletinKind.ALERT, Edition(), f"alert {number}: {story}", [story])
    mailing = Mailing(key, BulletinKind.ALERT, room.clock.now, story_id=story)
    told = {"waiting": (Waiting(who, None),)} if waits else {"deliveries": (Addressed(who, composition),)}
    await room.outbox.enqueue(replace(mailing, **told))  # type: ignore[arg-type]
    return number


def digests(room: Room) -> list[tuple[str, str]]:
    """Who got which digest."""
    return [(who, what) for who, what in room.sent if what.startswith("digest")]


# Windows


async def test_a_digest_goes_to_who_has_a_window_that_closed_with_something_in_it(room: Room) -> None:
    await room.reader("ann")
    await room.reader("bo", wishes=(Wish(frozenset({"women"})),))
    await room.reader("cy", WEEKLY)
    await room.reader("di", Schedule(Rhythm.NONE))
    await room.story("s1")
    room.clock.forward(days=1)
    # Monday, 7:00: the weekly window has closed, too
    assert await room.digests() == Digested(digests=1, empty=1, deliveries=2)
    assert room.sent == [("ann", "digest s1"), ("cy", "digest s1")]


async def test_no_empty_digest_is_sent_and_the_window_moves_on_all_the_same(room: Room) -> None:
    ann = await room.reader("ann")
    room.clock.forward(days=1)
    assert await room.digests() == Digested(empty=1)
    assert (room.sent, room.memory.bulletins) == ([], {})
    assert room.memory.readers[ann].subscriber.covered_until == NOW + DAY - HOUR
    assert await room.digests() == Digested()


async def test_readers_with_equal_windows_share_a_bulletin(room: Room) -> None:
    for name in ("ann", "bo", "cy"):
        await room.reader(name)
    await room.story("s1")
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, deliveries=3)
    assert len(room.memory.bulletins) == 1


async def test_after_a_downtime_one_digest_covers_it_all(room: Room) -> None:
    await room.reader("ann")
    for name in ("s1", "s2", "s3"):
        await room.story(name)
        room.clock.forward(days=3)
    assert (await room.digests()).deliveries == 1
    assert room.sent == [("ann", "digest s3 s2 s1")]


async def test_a_story_that_becomes_ready_at_the_closing_instant_is_in_the_next_digest(room: Room) -> None:
    await room.reader("ann")
    await room.story("before")
    room.clock.now = NOW + DAY - HOUR
    await room.story("at")
    await room.digests()
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest at"), ("ann", "digest before")]


async def test_a_statement_read_by_a_clock_that_is_late_is_not_lost(room: Room) -> None:
    await room.reader("ann")
    room.clock.forward(days=1)
    await room.digests()
    room.clock.forward(hours=-2)
    await room.story("late")
    room.clock.forward(hours=2, days=1)
    await room.digests()
    assert room.sent == [("ann", "digest late")]


async def test_a_round_in_which_nothing_closes_writes_nothing(room: Room) -> None:
    await room.reader("ann")
    assert await room.digests() == Digested()
    assert room.memory.closed_until is None


async def test_more_readers_than_one_batch_are_all_served(room: Room) -> None:
    room.subscribers.page = 3
    for n in range(10):
        await room.reader(f"r{n}")
    await room.story("s1")
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, deliveries=10)
    assert len(room.memory.bulletins) == 1
    # what all of them share was looked up and set up once
    assert len(room.composer.surroundings) == 1


async def test_a_reader_whose_window_turns_out_to_be_open_does_not_keep_publishing_busy(room: Room) -> None:
    ann = await room.reader("ann")
    asked = 0

    async def stale(now: object, limit: int) -> list[Subscriber]:
        # the row still says that the window has closed; the rules of the zone have changed since
        nonlocal asked
        asked += 1
        assert asked < 9, "publishing asks for ever"
        return [room.memory.readers[ann].subscriber]

    room.subscribers.closing = stale  # type: ignore[method-assign,assignment]
    assert await room.digests() == Digested()


async def test_who_paused_gets_nothing_and_nothing_piles_up(room: Room) -> None:
    ann = await room.reader("ann", alerts=True)
    await room.reader("bo")
    await room.story("s1")
    await room.story("s2")
    await alerted(room, ann, "s2", waits=True)
    room.put(ann, paused_until=NOW + 2 * DAY)
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, empty=1, deliveries=1)
    assert room.memory.readers[ann].subscriber.covered_until == NOW + DAY - HOUR
    room.clock.forward(days=1)
    await room.story("s3")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s3"), ("bo", "digest s1 s2"), ("bo", "digest s3")]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["story", "publish", "crash before", "crash after", "ahead"]),
            st.integers(1, 60).map(lambda h: timedelta(hours=h)),
            st.builds(Schedule, st.sampled_from([Rhythm.DAILY, Rhythm.WEEKLY]), st.integers(0, 23)),
        ),
        max_size=25,
    )
)
async def test_every_story_reaches_every_reader_exactly_once_whatever_happens(steps: list[object]) -> None:
    room = Room()
    ann, _bo = await room.reader("ann"), await room.reader("bo", Schedule(Rhythm.WEEKLY, 20, "Asia/Tokyo"))
    told = 0
    for step in steps:
        match step:
            case "story":
                told += 1
                await room.story(f"s{told}")
            case "publish":
                await room.digests()
            case "ahead":
                await room.digests.ahead(Rhythm.WEEKLY)
            case str():
                with suppress(CrashError):
                    await room.through(CrashingOutbox(room.memory, 1, written=step == "crash after")).digests()
            case timedelta():
                room.clock.now += step
            case Schedule():
                room.choose(ann, schedule=step)
    room.clock.forward(days=8)
    await room.digests()
    expected = sorted(f"s{n + 1}" for n in range(told))
    for reader in ("ann", "bo"):
        got = [name for who, content in room.sent if who == reader for name in content.split() if name != "more"]
        assert sorted(name for name in got if name != "digest") == expected


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("at_call", [1, 2, 3])
async def test_a_crash_between_two_writes_sends_nothing_twice_and_loses_nothing(
    room: Room, at_call: int, written: bool
) -> None:
    room.subscribers.page = 2
    for n in range(5):
        await room.reader(f"r{n}")
    await room.story("s1")
    room.clock.forward(days=1)
    with pytest.raises(CrashError):
        await room.through(CrashingOutbox(room.memory, at_call, written=written)).digests()
    room.clock.forward(minutes=5)
    await room.digests()
    assert room.sent == [(f"r{n}", "digest s1") for n in range(5)]
    assert {r.number for r in room.memory.deliveries} == {1}


# What a digest holds


async def test_what_does_not_fit_gets_a_line(room: Room) -> None:
    await room.reader("ann")
    for n in range(23):
        await room.story(f"s{n:02}")
    room.clock.forward(days=1)
    await room.digests()
    ((_, content),) = room.sent
    full, _, more = content.partition(" more ")
    assert (len(full.split()) - 1, len(more.split())) == (20, 3)


async def test_what_is_a_readers_own_goes_beside_the_composition(room: Room) -> None:
    follower = Wish(frozenset({"women"}), follows=Follows(words=frozenset({"hoeryong"})))
    await room.reader("ann", wishes=(follower,), phrase="blue heron", neutral=True)
    await room.reader("bo", neutral=True)
    await room.story("s1")
    room.clock.forward(days=1)
    await room.digests()
    assert room.slots("ann") == {"phrase": "blue heron", "reasons_1": "word"}
    assert room.slots("bo") == {"reasons_1": "any"}
    # they share the composition all the same
    (composition,) = room.compositions
    assert composition.neutral


async def test_a_story_of_muted_sources_only_is_not_sent(room: Room) -> None:
    await room.reader("ann", mutes=Mutes(sources=frozenset({"b"})))
    await room.story("s1")
    await room.story("s2", source_id="b")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1")]


async def test_what_editors_hold_back_or_drop_is_in_no_digest(room: Room) -> None:
    await room.reader("ann")
    for name in ("s1", "s2", "s3"):
        await room.story(name)
    await room.stories.hold("s1", "Kim")
    await room.stories.drop("s2", "Kim")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s3")]
    assert [s.held for s in room.composer.surroundings] == [1]


async def test_what_an_editor_pins_leads(room: Room) -> None:
    await room.reader("ann")
    for name in ("s1", "s2", "s3"):
        await room.story(name)
    await room.stories.pin("s3", "Kim")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s3 s1 s2")]


async def test_a_freed_story_is_news_for_who_did_not_have_it(room: Room) -> None:
    await room.reader("ann")
    await room.story("s1")
    room.clock.forward(days=1)
    await room.digests()
    await room.stories.hold("s1", "Kim")
    bo = await room.reader("bo")
    room.put(bo, covered_until=NOW + DAY - HOUR)
    room.clock.forward(days=20)
    await room.stories.free("s1", "Kim")
    await room.story("s2")
    room.clock.forward(days=1)
    await room.digests()
    # two windows at once: bo never had s1, ann had it three weeks ago
    assert room.sent == [("ann", "digest s1"), ("ann", "digest s2"), ("bo", "digest s2 s1")]


async def test_a_story_under_embargo_waits(room: Room) -> None:
    await room.reader("ann")
    await room.story("s1")
    room.memory.statements["s1"] = replace(room.memory.statements["s1"], embargo=NOW + 9 * DAY)
    room.clock.forward(days=1)
    assert await room.digests() == Digested(empty=1)


async def test_what_an_alert_told_gets_a_line_and_is_no_digest_by_itself(room: Room) -> None:
    ann, bo = await room.reader("ann"), await room.reader("bo", wishes=(Wish(follows=Follows(frozenset({"trial"}))),))
    await room.story("s1", title="A trial")
    await room.story("s2")
    await alerted(room, ann, "s1")
    await alerted(room, bo, "s1")
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, empty=1, deliveries=1)
    assert digests(room) == [("ann", "digest s2 alerted s1")]


async def test_an_alert_written_by_a_clock_that_is_late_is_no_news(room: Room) -> None:
    ann = await room.reader("ann")
    room.clock.forward(days=1)
    await room.digests()
    room.clock.forward(hours=-2)
    await room.story("s1")
    await alerted(room, ann, "s1")
    room.clock.forward(hours=2, days=1)
    assert await room.digests() == Digested(empty=1)


async def test_alerts_over_the_daily_cap_stand_in_the_next_digest_and_are_counted(room: Room) -> None:
    ann = await room.reader("ann")
    await room.reader("bo")
    await room.story("s1")
    await room.story("s2")
    await alerted(room, ann, "s2", waits=True)
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, deliveries=2)
    assert digests(room) == [("ann", "digest s1 s2 beyond 1"), ("bo", "digest s1 s2")]
    await room.story("s3")
    room.clock.forward(days=1)
    await room.digests()
    assert ("ann", "digest s3") in room.sent


async def test_an_alert_over_the_cap_is_told_though_its_story_is_of_an_earlier_window(room: Room) -> None:
    ann = await room.reader("ann")
    await room.story("old")
    room.put(ann, covered_until=NOW + HOUR)
    room.clock.forward(hours=2)
    number = await alerted(room, ann, "old", waits=True)
    room.clock.forward(days=1)
    assert await room.digests() == Digested(digests=1, deliveries=1)
    assert digests(room) == [("ann", "digest old beyond 1")]
    assert room.memory.waits[number, ann].done
    room.clock.forward(days=1)
    assert await room.digests() == Digested(empty=1)


async def test_a_digest_ends_the_waiting_of_its_own_reader_only(room: Room) -> None:
    ann, bo = await room.reader("ann"), await room.reader("bo", WEEKLY)
    cy = await room.reader("cy")
    await room.story("s1")
    numbers = [await alerted(room, reader, "s1", waits=True) for reader in (ann, bo)]
    await room.story("s2")
    other = await alerted(room, cy, "s2", waits=True)
    room.memory.waits[other, ann] = replace(room.memory.waits[other, cy], due_at=NOW + 9 * DAY)
    room.clock.now = NOW + HOUR * 23
    room.choose(bo, schedule=Schedule(Rhythm.WEEKLY, 6, weekday=3))
    await room.digests()
    assert digests(room) == [("ann", "digest s1 s2 beyond 1"), ("cy", "digest s1 s2 beyond 1")]
    done = {key for key, wait in room.memory.waits.items() if wait.done}
    assert done == {(numbers[0], ann), (other, cy)}


async def test_an_alert_over_the_cap_on_a_story_that_is_held_goes_on_waiting(room: Room) -> None:
    ann = await room.reader("ann")
    await room.story("s1")
    await alerted(room, ann, "s1", waits=True)
    await room.stories.hold("s1", "Kim")
    room.clock.forward(days=1)
    assert await room.digests() == Digested(empty=1)
    await room.stories.free("s1", "Kim")
    room.clock.forward(days=1)
    await room.digests()
    assert digests(room) == [("ann", "digest s1 beyond 1")]


async def test_a_known_case_reaches_who_follows_it_in_another_spelling(room: Room) -> None:
    who = Evidence("text", 0, 5, "横田めぐみ")
    follower = Wish(follows=Follows(cases=frozenset({"요코타 메구미"})))
    room.known_cases = {name_key("요코타 메구미"): "megumi yokota"}
    await room.reader("ann", wishes=(follower,))
    await room.story("s1", cases=(Mention(who, "megumi yokota"),))
    await room.story("s2")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1")]


async def test_a_followed_case_says_when_it_was_in_the_news_before(room: Room) -> None:
    case = (Mention(Evidence("text", 0, 13, "Kim Dong Chul"), name_key("Kim Dong Chul")),)
    await room.reader("ann", wishes=(Wish(follows=Follows(cases=frozenset({"김동철"}))),))
    await room.story("s1", cases=case)
    room.clock.forward(days=1)
    await room.digests()
    assert "earlier_김동철" not in room.slots("ann")
    await room.story("s2", cases=case)
    await room.story("s3", cases=case)
    room.clock.forward(days=1)
    await room.digests()
    assert room.slots("ann")["earlier_김동철"] == "s1"


async def test_a_freed_story_is_not_what_was_in_the_news_before_it(room: Room) -> None:
    case = (Mention(Evidence("text", 0, 13, "Kim Dong Chul"), name_key("Kim Dong Chul")),)
    await room.reader("ann", wishes=(Wish(follows=Follows(cases=frozenset({"Kim Dong Chul"}))),))
    await room.story("s1", cases=case)
    await room.stories.hold("s1", "Kim")
    room.clock.forward(days=2)
    await room.digests()
    await room.stories.free("s1", "Kim")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1")]
    assert "earlier_Kim Dong Chul" not in room.slots("ann")


async def test_what_surrounds_the_stories_is_the_same_for_all_readers_of_a_window(room: Room) -> None:
    today = NOW.date()
    later, before = today + 9 * DAY, today - DAY
    room.calendar = (Coming("A hearing", later, later, today), Coming("Long over", before, before, today))
    await room.reader("ann")
    await room.reader("bo", Schedule(Rhythm.DAILY, 6), language="ko")
    await room.story("s1")
    room.memory.states = {"a": state("a", last_ok_at=NOW)}
    room.clock.forward(days=1)
    await room.digests()
    (told,) = room.composer.surroundings
    assert (told.window.start, told.window.end) == (NOW, NOW + DAY - HOUR)
    assert (told.watch.sources, told.figures.stories, [c.title for c in told.coming]) == (1, 1, ["A hearing"])


# Silence


async def test_after_three_silent_weeks_who_asked_for_it_hears_that_nothing_was_found(room: Room) -> None:
    await room.reader("ann", lull=True)
    await room.reader("bo")
    for _ in range(20):
        room.clock.forward(days=1)
        assert (await room.digests()).lulls == 0
    room.clock.forward(days=2)
    assert await room.digests() == Digested(empty=1, lulls=1, deliveries=1)
    assert [who for who, _ in room.sent] == ["ann"]
    assert [r.kind for r in room.memory.deliveries] == [BulletinKind.LULL]
    for _ in range(20):
        room.clock.forward(days=1)
        assert await room.digests() == Digested(empty=2)
    room.clock.forward(days=2)
    assert (await room.digests()).lulls == 1


async def test_readers_of_all_rhythms_share_a_notice_of_silence(room: Room) -> None:
    await room.reader("ann", lull=True)
    await room.reader("bo", WEEKLY, lull=True)
    room.clock.now = NOW + 22 * DAY
    assert await room.digests() == Digested(lulls=2, deliveries=2)
    assert len(room.memory.bulletins) == 1


async def test_a_crash_after_a_notice_of_silence_does_not_repeat_it(room: Room) -> None:
    await room.reader("ann", lull=True)
    room.clock.forward(days=22)
    for written in (False, True):
        with pytest.raises(CrashError):
            await room.through(CrashingOutbox(room.memory, 1, written=written)).digests()
    assert await room.digests() == Digested()
    assert len(room.sent) == 1


async def test_a_notice_that_cannot_be_composed_is_postponed(room: Room) -> None:
    ann = await room.reader("ann", lull=True)
    room.composer.wrong = {"lull"}
    room.clock.forward(days=22)
    assert await room.digests() == Digested(failed=1)
    assert room.memory.readers[ann].subscriber.covered_until == NOW
    room.composer.wrong = set()
    room.clock.forward(minutes=5)
    assert await room.digests() == Digested(lulls=1, deliveries=1)


# Wrong templates


async def test_a_wrong_template_of_one_language_holds_back_its_readers_only(room: Room) -> None:
    # the reader of the wrong template is the first whose window closed
    await room.reader("ko", Schedule(Rhythm.DAILY, 5), language="ko")
    await room.reader("en")
    await room.reader("too", language="ko")
    await room.story("s1")
    room.composer.wrong = {"ko"}
    room.clock.forward(days=1)
    assert (await room.digests()).failed
    assert room.sent == [("en", "digest s1")]
    assert room.notices.events == ["digests held back"]
    room.clock.forward(minutes=5)
    await room.digests()
    assert room.notices.events == ["digests held back"]
    room.composer.wrong = set()
    room.clock.forward(hours=1)
    await room.digests()
    assert room.sent == [("en", "digest s1"), ("ko", "digest s1"), ("too", "digest s1")]


# Ahead of time


async def test_windows_are_closed_ahead_and_the_next_ones_begin_there(room: Room) -> None:
    await room.reader("ann", WEEKLY)
    await room.reader("bo")
    await room.story("s1")
    room.clock.forward(hours=3)
    assert await room.digests.ahead(Rhythm.WEEKLY) == Digested(digests=1, deliveries=1)
    assert room.sent == [("ann", "digest s1")]
    assert await room.digests.ahead(Rhythm.WEEKLY) == Digested()
    await room.story("s2")
    room.clock.forward(days=1)
    await room.digests()
    assert room.sent == [("ann", "digest s1"), ("ann", "digest s2"), ("bo", "digest s2 s1")]


async def test_what_closing_ahead_would_send_is_said_without_writing_anything(room: Room) -> None:
    room.subscribers.page = 2
    for n in range(5):
        await room.reader(f"r{n}")
    await room.reader("women", wishes=(Wish(frozenset({"women"})),))
    await room.reader("lull", wishes=(Wish(frozenset({"women"})),), lull=True)
    await room.story("s0")
    room.clock.forward(days=22)
    assert await room.digests.ahead(Rhythm.DAILY, dry=True) == Digested(digests=1, empty=1, lulls=1, deliveries=6)
    assert (room.sent, room.memory.bulletins, room.memory.closed_until) == ([], {}, None)
    assert await room.digests.ahead(Rhythm.DAILY) == Digested(digests=1, empty=1, lulls=1, deliveries=6)


async def test_a_correction_of_a_story_since_its_alert_makes_it_news_again(room: Room) -> None:
    ann = await room.reader("ann")
    await room.story("s1")
    await alerted(room, ann, "s1")
    note = Note((("en", "It was two people."),), "Kim", NOW + HOUR)
    room.memory.stories["s1"].marks = replace(room.memory.stories["s1"].marks, correction=note)
    room.clock.forward(days=1)
    await room.digests()
    assert digests(room) == [("ann", "digest s1")]
