"""Publishing: no story reaches a reader twice, as an alert and in a digest, whatever breaks in between."""

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import QuietHours, Rhythm, Schedule
from nkwatch.domain.wish import Mutes
from nkwatch.workflow.publish import Published
from tests.making import NOW
from tests.workflow.fakes import CrashError, CrashingOutbox
from tests.workflow.room import DAILY, Room

DAY = timedelta(days=1)


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


async def test_alerts_are_written_before_digests_which_know_of_them(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.reader("bo")
    await room.story("s1", urgent=True)
    await room.story("s2")
    room.clock.forward(days=1)
    assert await room.publish() == Published(alerts=1, digests=1, deliveries=3)
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s2 alerted s1"), ("bo", "digest s1 s2")]
    assert room.memory.deliveries[0].kind is BulletinKind.ALERT
    assert {r.delivery.state for r in room.memory.deliveries} == {DeliveryState.PENDING}


async def test_a_digest_of_nothing_but_what_was_alerted_is_not_sent(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.publish()
    room.clock.forward(days=1)
    assert await room.publish() == Published(empty=1)
    assert room.sent == [("ann", "alert s1")]


async def test_publishing_again_sends_nothing_again(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.story("s2")
    room.clock.forward(days=1)
    await room.publish()
    once = room.sent
    for _ in range(3):
        assert await room.publish() == Published()
    assert room.sent == once


async def test_an_alert_that_waits_for_an_editor_is_in_the_digest_and_not_sent_again_once_released(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True, source_id="b")
    assert await room.publish() == Published(held=1)
    room.clock.forward(days=1)
    assert await room.publish() == Published(digests=1, deliveries=1)
    assert room.sent == [("ann", "digest s1")]
    assert room.alert("s1")[0] is AlertState.HELD
    await room.reader("ben", alerts=True)
    await room.statements.record_alert("s1", AlertState.RELEASED, "released by Ann", room.clock())
    assert await room.publish() == Published(alerts=1, deliveries=1)
    assert room.sent[1:] == [("ben", "alert s1")], "who read it in the digest has it"


async def test_what_is_over_the_daily_cap_is_in_the_next_digest_and_counted(room: Room) -> None:
    room.per_day = 1
    await room.reader("ann", Schedule(Rhythm.DAILY, 20), alerts=True)
    await room.story("s1", urgent=True)
    await room.publish()
    for name in ("s2", "s3"):
        room.clock.forward(hours=1)
        await room.story(name, urgent=True)
        assert await room.publish() == Published(alerts=1)
    room.clock.forward(hours=12)
    assert await room.publish() == Published(digests=1, deliveries=1)
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s3 s2 alerted s1 beyond 2")]
    room.clock.forward(days=1)
    assert await room.publish() == Published(empty=1)


async def test_an_alert_that_waits_for_the_end_of_quiet_hours_and_a_digest_do_not_both_tell_it(room: Room) -> None:
    quiet = QuietHours(6, 10)
    await room.reader("ann", Schedule(Rhythm.DAILY, 8), alerts=True, quiet=quiet)
    await room.story("s1", urgent=True)
    assert await room.publish() == Published(alerts=1)
    room.clock.forward(hours=2)
    await room.publish()
    room.clock.forward(hours=2)
    await room.publish()
    assert room.sent == [("ann", "digest s1")]


async def test_who_has_nothing_but_alerts_gets_no_digest(room: Room) -> None:
    await room.reader("ann", Schedule(Rhythm.NONE), alerts=True)
    await room.story("s1", urgent=True)
    await room.story("s2")
    room.clock.forward(days=1)
    assert await room.publish() == Published(alerts=1, deliveries=1)
    room.clock.forward(days=9)
    assert await room.publish() == Published()


async def test_who_paused_gets_neither_and_nothing_piles_up(room: Room) -> None:
    ann = await room.reader("ann", alerts=True)
    await room.reader("bo")
    room.put(ann, paused_until=NOW + 2 * DAY)
    await room.story("s1", urgent=True)
    room.clock.forward(days=1)
    assert await room.publish() == Published(alerts=1, digests=1, empty=1, deliveries=1)
    room.clock.forward(days=1)
    await room.story("s2")
    room.clock.forward(days=1)
    await room.publish()
    assert room.sent == [("ann", "digest s2"), ("bo", "digest s1"), ("bo", "digest s2")]


async def test_who_left_gets_neither(room: Room) -> None:
    ann = await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.subscribers.end(ann, "left", NOW)
    room.clock.forward(days=1)
    assert (await room.publish()).deliveries == 0
    assert room.sent == []


async def test_what_a_reader_mutes_is_in_neither(room: Room) -> None:
    await room.reader("ann", alerts=True, mutes=Mutes(sources=frozenset({"b"})))
    await room.story("s1", urgent=True)
    await room.story("s2", joins="s1", source_id="b")
    await room.story("s3", source_id="b")
    await room.story("s4")
    room.clock.forward(days=1)
    await room.publish()
    assert [[r.statement.id for r in a.story.reports] for told in room.composer.told for a in told] == [["s1"]]
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s4 alerted s1")]


async def test_a_notice_of_silence_counts_apart(room: Room) -> None:
    await room.reader("ann", lull=True)
    room.clock.forward(days=22)
    assert await room.publish() == Published(lulls=1, deliveries=1)


async def test_alerts_that_leave_together_count_apart(room: Room) -> None:
    await room.reader("ann", Schedule(Rhythm.NONE), alerts=True)
    await room.story("s1", urgent=True)
    await room.publish()
    await room.story("s2", urgent=True)
    await room.story("s3", urgent=True)
    assert await room.publish() == Published(alerts=2)
    room.clock.forward(minutes=5)
    assert await room.publish() == Published(together=1, deliveries=1)
    assert room.sent == [("ann", "alert s1"), ("ann", "alert s2 s3")]


async def test_a_wrong_template_holds_back_what_needs_it_and_loses_nothing(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.story("s2")
    room.composer.wrong = {"digest"}
    room.clock.forward(days=1)
    done = await room.publish()
    assert (done.alerts, done.digests, done.failed) == (1, 0, 1)
    assert room.notices.events == ["digests held back"]
    assert "templates/mail/digest" in str(room.notices.told[0][1]["why"])
    room.composer.wrong = set()
    room.clock.forward(minutes=5)
    await room.publish()
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s2 alerted s1")]


async def test_a_wrong_template_of_alerts_lets_digests_go(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.composer.wrong = {"alert"}
    room.clock.forward(days=1)
    assert await room.publish() == Published(digests=1, deliveries=1, failed=1)
    assert room.sent == [("ann", "digest s1")]


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("at_call", range(1, 8))
async def test_a_crash_between_two_writes_sends_nothing_twice_and_loses_nothing(
    room: Room, at_call: int, written: bool
) -> None:
    room.subscribers.page = 2
    for n in range(5):
        await room.reader(f"r{n}", alerts=True)
    await room.story("s1", urgent=True)
    await room.story("s2")
    room.clock.forward(days=1)
    with pytest.raises(CrashError):
        await room.through(CrashingOutbox(room.memory, at_call, written=written)).publish()
    room.clock.forward(minutes=5)
    await room.publish()
    told = [[(f"r{n}", "alert s1"), (f"r{n}", "digest s2 alerted s1")] for n in range(5)]
    assert room.sent == [one for own in told for one in own]
    assert room.alert("s1")[0] is AlertState.SENT


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["routine", "urgent", "publish", "crash before", "crash after"]),
            st.integers(1, 2000).map(lambda m: timedelta(minutes=m)),
        ),
        max_size=25,
    ),
    st.integers(1, 4),
)
async def test_every_story_reaches_every_reader_exactly_once_whatever_happens(steps: list[object], page: int) -> None:
    room = Room()
    room.per_day, room.subscribers.page = 2, page
    await room.reader("ann", DAILY, alerts=True)
    await room.reader("bo", Schedule(Rhythm.WEEKLY, 20, "Asia/Tokyo"), alerts=True, quiet=QuietHours(22, 7))
    await room.reader("cy", DAILY)
    told = 0
    for step in steps:
        match step:
            case "routine" | "urgent":
                told += 1
                await room.story(f"s{told}", urgent=step == "urgent")
            case "publish":
                await room.publish()
            case str():
                with suppress(CrashError):
                    await room.through(CrashingOutbox(room.memory, 2, written=step == "crash after")).publish()
            case timedelta():
                room.clock.now += step
    for _ in range(16):
        room.clock.forward(hours=12)
        await room.publish()
    expected = sorted(f"s{n + 1}" for n in range(told))
    for reader in ("ann", "bo", "cy"):
        mails = [what.partition(" alerted")[0].partition(" beyond")[0] for who, what in room.sent if who == reader]
        stories = [word for mail in mails for word in mail.split() if word.startswith("s")]
        assert sorted(stories) == expected
