"""Publishing: alerts and digests reach the outbox once, whatever breaks in between (promises 1, 4 and 5)."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import BulletinKind, Composition, DeliveryState
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Evidence, Mention, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Consent, Edition, Rhythm, Schedule, Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.reading.names import name_key
from nkwatch.workflow.publish import Publish, Published
from tests.making import NOW, placement, sign_up, source, state, statement
from tests.workflow.fakes import CrashError, CrashingOutbox, FakeClock, Notices, PlainComposer
from tests.workflow.memory import Memory, MemoryOutbox, MemoryStatements, MemorySubscribers

DAILY = Schedule(Rhythm.DAILY, 6)
Alert = Callable[[Story, int, Edition], Composition]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


class Room:
    """A store with trusted source `a` and untrusted source `b`, and everything that publishing needs."""

    def __init__(self) -> None:
        trusted = source("a", role=Role.STATEMENT, alerts=True)
        self.memory = Memory({"a": trusted, "b": source("b")})
        self.clock, self.notices, self.composer = FakeClock(), Notices(), PlainComposer()
        self.statements, self.subscribers = MemoryStatements(self.memory), MemorySubscribers(self.memory)
        self.publish = self.with_outbox(MemoryOutbox(self.memory))

    def with_outbox(self, outbox: MemoryOutbox) -> Publish:
        """Publishing into this outbox."""
        return Publish(
            self.memory.sources, self.statements, self.subscribers, outbox, self.composer, self.clock, self.notices
        )

    async def reader(self, name: str, schedule: Schedule = DAILY, **choice: object) -> str:
        """Somebody who is confirmed and covered up to now."""
        choice = {"alerts": False} | choice
        form = sign_up(f"{name}@example.org", schedule, **choice)  # type: ignore[arg-type]
        joining = await self.subscribers.join(form, Consent("test", NOW), NOW)
        self.set(joining.subscriber.id, covered_until=self.clock.now)
        return joining.subscriber.id

    def set(self, subscriber_id: str, **fields: object) -> None:
        """Change what is kept of a subscriber."""
        row = self.memory.readers[subscriber_id]
        row.subscriber = replace(row.subscriber, **fields)  # type: ignore[type-var]

    def choose(self, subscriber_id: str, **fields: object) -> None:
        """Change what a subscriber chose."""
        choice = self.memory.readers[subscriber_id].subscriber.choice
        self.set(subscriber_id, choice=replace(choice, **fields))  # type: ignore[type-var]

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
            (addresses[r.subscriber_id], f"{r.kind} {r.composition.subject.partition(': ')[2]}")
            for r in self.memory.deliveries
        )

    def slots(self, name: str) -> dict[str, str]:
        """What stands in a reader's own places of what was sent last."""
        own = [r for r in self.memory.deliveries if self.memory.readers[r.subscriber_id].address.startswith(name)]
        return dict(own[-1].addressed.slots)

    def alert(self, name: str) -> tuple[AlertState, str]:
        """What became of a story as an alert."""
        return self.memory.stories[name].alert, self.memory.stories[name].reason


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


# Digests


async def test_a_digest_goes_to_who_has_a_window_that_closed_with_something_in_it(room: Room) -> None:
    await room.reader("ann")
    await room.reader("bo", wishes=(Wish(frozenset({"women"})),))
    await room.reader("cy", Schedule(Rhythm.WEEKLY, 6, weekday=0))
    await room.reader("di", Schedule(Rhythm.NONE))
    await room.story("s1")
    room.clock.forward(days=1)
    # Monday, 7:00: the weekly window has closed, too
    assert await room.publish() == Published(digests=1, empty=1, deliveries=2)
    assert room.sent == [("ann", "digest s1"), ("cy", "digest s1")]


async def test_no_empty_digest_is_sent_and_the_window_moves_on_all_the_same(room: Room) -> None:
    ann = await room.reader("ann")
    room.clock.forward(days=1)
    assert await room.publish() == Published(empty=1)
    assert (room.sent, room.memory.bulletins) == ([], {})
    assert room.memory.readers[ann].subscriber.covered_until == NOW + DAY - HOUR
    assert await room.publish() == Published()


async def test_readers_with_equal_windows_share_a_bulletin(room: Room) -> None:
    for name in ("ann", "bo", "cy"):
        await room.reader(name)
    await room.story("s1")
    room.clock.forward(days=1)
    assert await room.publish() == Published(digests=1, deliveries=3)
    assert len(room.memory.bulletins) == 1


async def test_after_a_downtime_one_digest_covers_it_all(room: Room) -> None:
    await room.reader("ann")
    for name in ("s1", "s2", "s3"):
        await room.story(name)
        room.clock.forward(days=3)
    assert (await room.publish()).deliveries == 1
    assert room.sent == [("ann", "digest s3 s2 s1")]


async def test_a_story_that_becomes_ready_at_the_closing_instant_is_in_the_next_digest(room: Room) -> None:
    await room.reader("ann")
    await room.story("before")
    room.clock.now = NOW + DAY - HOUR
    await room.story("at")
    await room.publish()
    room.clock.forward(days=1)
    await room.publish()
    assert room.sent == [("ann", "digest at"), ("ann", "digest before")]


async def test_a_statement_read_by_a_clock_that_is_late_is_not_lost(room: Room) -> None:
    await room.reader("ann")
    room.clock.forward(days=1)
    await room.publish()
    room.clock.forward(hours=-2)
    await room.story("late")
    room.clock.forward(hours=2, days=1)
    await room.publish()
    assert room.sent == [("ann", "digest late")]


async def test_publishing_again_sends_nothing_again(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.clock.forward(days=1)
    await room.publish()
    once = room.sent
    for _ in range(3):
        assert await room.publish() == Published()
    assert room.sent == once


async def test_what_does_not_fit_gets_a_line(room: Room) -> None:
    await room.reader("ann")
    for n in range(23):
        await room.story(f"s{n:02}")
    room.clock.forward(days=1)
    await room.publish()
    ((_, content),) = room.sent
    full, _, more = content.partition(" more ")
    assert (len(full.split()) - 1, len(more.split())) == (20, 3)


async def test_more_readers_than_one_batch_are_all_served(room: Room) -> None:
    room.subscribers.page = 3
    for n in range(10):
        await room.reader(f"r{n}", alerts=True)
    await room.story("s1", urgent=True)
    assert (await room.publish()).deliveries == 10
    room.clock.forward(days=1)
    assert await room.publish() == Published(digests=4, deliveries=10)
    assert len(room.memory.bulletins) == 2


async def test_a_reader_whose_window_turns_out_to_be_open_does_not_keep_publishing_busy(room: Room) -> None:
    ann = await room.reader("ann")
    asked = 0

    async def stale(now: datetime, limit: int) -> list[Subscriber]:
        # the row still says that the window has closed; the rules of the zone have changed since
        nonlocal asked
        asked += 1
        assert asked < 9, "publishing asks for ever"
        return [room.memory.readers[ann].subscriber]

    room.subscribers.closing = stale  # type: ignore[method-assign]
    assert await room.publish() == Published()


async def test_who_paused_gets_nothing_and_nothing_piles_up(room: Room) -> None:
    ann = await room.reader("ann", alerts=True)
    await room.reader("bo")
    room.set(ann, paused_until=NOW + 2 * DAY)
    await room.story("s1", urgent=True)
    room.clock.forward(days=1)
    assert await room.publish() == Published(alerts=1, digests=1, empty=1, deliveries=1)
    assert room.memory.readers[ann].subscriber.covered_until == NOW + DAY - HOUR
    room.clock.forward(days=1)
    await room.story("s2")
    room.clock.forward(days=1)
    await room.publish()
    assert room.sent == [("ann", "digest s2"), ("bo", "digest s1"), ("bo", "digest s2")]


async def test_what_is_a_readers_own_goes_beside_the_composition(room: Room) -> None:
    follower = Wish(frozenset({"women"}), follows=Follows(words=frozenset({"hoeryong"})))
    await room.reader("ann", alerts=True, wishes=(follower,), phrase="blue heron", neutral=True)
    await room.reader("bo", alerts=True, neutral=True)
    await room.story("s1", urgent=True)
    await room.publish()
    assert room.slots("ann") == {"phrase": "blue heron", "reasons_1": "word"}
    assert room.slots("bo") == {"reasons_1": "any"}
    room.clock.forward(days=1)
    await room.publish()
    assert room.slots("ann") == {"phrase": "blue heron", "reasons_1": "word"}
    # they share the compositions all the same
    assert len({r.composition for r in room.memory.deliveries}) == 2
    assert all(r.composition.neutral for r in room.memory.deliveries)


async def test_reports_of_a_muted_source_are_not_sent(room: Room) -> None:
    composed: list[list[str]] = []
    room.composer.alert = _keeping(room.composer.alert, composed)  # type: ignore[method-assign]
    await room.reader("ann", alerts=True, mutes=Mutes(sources=frozenset({"b"})))
    await room.reader("bo", alerts=True)
    await room.story("s1", urgent=True)
    await room.story("s2", joins="s1", source_id="b")
    await room.story("s3", source_id="b")
    await room.publish()
    assert composed == [["s1"], ["s1", "s2"]]
    room.clock.forward(days=1)
    await room.publish()
    assert [what for who, what in room.sent if who == "ann"] == ["alert s1", "digest s1"]


def _keeping(alert: Alert, composed: list[list[str]]) -> Alert:
    """Composes alerts, and keeps which reports they hold."""

    def kept(story: Story, number: int, edition: Edition) -> Composition:
        composed.append([r.statement.id for r in story.reports])
        return alert(story, number, edition)

    return kept


async def test_a_known_case_reaches_who_follows_it_in_another_spelling(room: Room) -> None:
    who = Evidence("text", 0, 5, "横田めぐみ")
    follower = Wish(follows=Follows(cases=frozenset({"요코타 메구미"})))
    room.publish = replace(room.publish, known_cases={name_key("요코타 메구미"): "megumi yokota"})
    await room.reader("ann", alerts=True, wishes=(follower,))
    await room.story("s1", urgent=True, cases=(Mention(who, "megumi yokota"),))
    await room.story("s2", urgent=True)
    room.clock.forward(days=1)
    await room.publish()
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s1")]


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["story", "publish", "crash before", "crash after"]),
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
                await room.publish()
            case str():
                with suppress(CrashError):
                    await room.with_outbox(CrashingOutbox(room.memory, 1, written=step == "crash after"))()
            case timedelta():
                room.clock.now += step
            case Schedule():
                room.choose(ann, schedule=step)
    room.clock.forward(days=8)
    await room.publish()
    expected = sorted(f"s{n + 1}" for n in range(told))
    for reader in ("ann", "bo"):
        got = [name for who, content in room.sent if who == reader for name in content.split() if name != "more"]
        assert sorted(name for name in got if name != "digest") == expected


# Crashes


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("at_call", [1, 2, 3, 4, 5])
async def test_a_crash_between_two_writes_sends_nothing_twice_and_loses_nothing(
    room: Room, at_call: int, written: bool
) -> None:
    room.subscribers.page = 2
    for n in range(5):
        await room.reader(f"r{n}", alerts=True)
    await room.story("s1", urgent=True)
    room.clock.forward(days=1)
    with pytest.raises(CrashError):
        await room.with_outbox(CrashingOutbox(room.memory, at_call, written=written))()
    room.clock.forward(minutes=5)
    await room.publish()
    assert room.sent == sorted([(f"r{n}", "digest s1") for n in range(5)] + [(f"r{n}", "alert s1") for n in range(5)])
    assert room.alert("s1")[0] is AlertState.SENT


async def test_an_alert_that_was_stopped_half_way_still_has_one_number(room: Room) -> None:
    room.subscribers.page = 1
    for n in range(3):
        await room.reader(f"r{n}", alerts=True)
    await room.story("s1", urgent=True)
    with pytest.raises(CrashError):
        await room.with_outbox(CrashingOutbox(room.memory, 2, written=False))()
    await room.publish()
    assert {r.number for r in room.memory.deliveries} == {1}


# Wrong templates


async def test_a_wrong_template_holds_back_what_needs_it_and_loses_nothing(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.composer.wrong = {"digest"}
    room.clock.forward(days=1)
    done = await room.publish()
    assert (done.alerts, done.digests, done.failed) == (1, 0, 1)
    assert room.notices.events == ["digests held back"]
    assert "templates/mail/digest" in str(room.notices.told[0][1]["why"])
    room.composer.wrong = set()
    room.clock.forward(minutes=5)
    await room.publish()
    assert room.sent == [("ann", "alert s1"), ("ann", "digest s1")]


async def test_a_wrong_template_of_one_language_holds_back_its_readers_only(room: Room) -> None:
    # the reader of the wrong template is the first whose window closed
    await room.reader("ko", Schedule(Rhythm.DAILY, 5), language="ko")
    await room.reader("en")
    await room.reader("too", language="ko")
    await room.story("s1")
    room.composer.wrong = {"ko"}
    room.clock.forward(days=1)
    assert (await room.publish()).failed
    assert room.sent == [("en", "digest s1")]
    room.composer.wrong = set()
    room.clock.forward(hours=1)
    await room.publish()
    assert room.sent == [("en", "digest s1"), ("ko", "digest s1"), ("too", "digest s1")]


async def test_a_wrong_alert_template_is_told_and_the_alert_stays_open(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.composer.wrong = {"alert"}
    assert await room.publish() == Published(failed=1)
    assert room.notices.events == ["alert not composed"]
    room.composer.wrong = set()
    assert await room.publish() == Published(alerts=1, deliveries=1)
    assert room.sent == [("ann", "alert s1")]


async def test_a_wrong_template_of_one_language_does_not_hold_back_an_alert_in_another(room: Room) -> None:
    await room.reader("ko", alerts=True, language="ko")
    await room.reader("en", alerts=True)
    await room.story("s1", urgent=True)
    room.composer.wrong = {"ko"}
    assert (await room.publish()).failed
    assert room.sent == [("en", "alert s1")]
    room.composer.wrong = set()
    room.clock.forward(hours=1)
    await room.publish()
    assert room.sent == [("en", "alert s1"), ("ko", "alert s1")]
    assert room.alert("s1")[0] is AlertState.SENT


# Alerts


async def test_an_alert_goes_at_once_to_who_wants_alerts_and_the_story(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.reader("bo", alerts=False)
    await room.reader("cy", Schedule(Rhythm.NONE), alerts=True, wishes=(Wish(frozenset({"prisons"})),))
    await room.reader("di", alerts=True, wishes=(Wish(frozenset({"women"})),))
    await room.story("s1", urgent=True)
    assert await room.publish() == Published(alerts=1, deliveries=2)
    assert room.sent == [("ann", "alert s1"), ("cy", "alert s1")]
    assert room.alert("s1") == (AlertState.SENT, "a is a primary source that may raise alerts")
    assert {r.delivery.state for r in room.memory.deliveries} == {DeliveryState.PENDING}


async def test_readers_are_looked_at_once_for_all_alerts_of_a_round(room: Room) -> None:
    room.subscribers.page = 2
    for n in range(5):
        await room.reader(f"r{n}", alerts=True)
    for n in range(4):
        await room.story(f"s{n}", urgent=True)
    asked: list[str] = []
    page = room.subscribers.with_alerts

    async def counted(after: str, limit: int, now: datetime) -> list[Subscriber]:
        asked.append(after)
        return await page(after, limit, now)

    room.subscribers.with_alerts = counted  # type: ignore[method-assign]
    assert await room.publish() == Published(alerts=4, deliveries=20)
    assert len(asked) == len(set(asked)) == 4


async def test_an_alert_that_cannot_be_composed_does_not_hold_back_another(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.reader("ko", alerts=True, language="ko", wishes=(Wish(follows=Follows(words=frozenset({"trial"}))),))
    await room.story("s1", urgent=True)
    await room.story("s2", urgent=True, title="A trial")
    room.composer.wrong = {"ko"}
    assert await room.publish() == Published(alerts=1, deliveries=2, failed=1)
    assert (room.alert("s1")[0], room.alert("s2")[0]) == (AlertState.SENT, AlertState.RELEASED)


async def test_an_alert_that_nobody_wants_is_done_all_the_same(room: Room) -> None:
    await room.story("s1", urgent=True)
    assert await room.publish() == Published(alerts=1)
    assert room.alert("s1")[0] is AlertState.SENT


@pytest.mark.parametrize(
    "old",
    [
        {"backlog": True, "published_estimated": True},
        {"published": NOW - timedelta(hours=73)},
        {"backlog": True, "published": NOW - timedelta(days=4000)},
    ],
)
async def test_old_news_is_never_an_alert(room: Room, old: dict[str, object]) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True, **old)
    assert await room.publish() == Published()
    assert (room.sent, room.notices.told) == ([], [])
    assert room.alert("s1")[0] is AlertState.NONE
    assert room.alert("s1")[1]


@pytest.mark.parametrize("unsure", [{"published_estimated": True}, {"source_id": "b"}])
async def test_an_alert_that_needs_an_editor_is_held_and_told_once(room: Room, unsure: dict[str, object]) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True, **unsure)
    assert await room.publish() == Published(held=1)
    assert await room.publish() == Published()
    assert (room.sent, room.notices.events) == ([], ["alert held for an editor"])
    told = room.notices.told[0][1]
    assert told["story"] == "s1"
    assert told["why"]
    assert told["title"]


async def test_an_alert_waits_for_the_end_of_an_embargo(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.memory.statements["s1"] = replace(room.memory.statements["s1"], embargo=NOW + HOUR)
    assert await room.publish() == Published()
    room.clock.forward(hours=1)
    assert await room.publish() == Published(alerts=1, deliveries=1)


async def test_what_an_editor_releases_goes_out_whatever_the_rule_says(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True, source_id="b")
    await room.publish()
    room.clock.forward(days=9)
    await room.statements.record_alert("s1", AlertState.RELEASED, "released by an editor", NOW)
    assert (await room.publish()).alerts == 1
    assert room.alert("s1") == (AlertState.SENT, "released by an editor")


async def test_a_story_is_an_alert_once_however_many_reports_join(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.publish()
    await room.story("s2", urgent=True, joins="s1")
    assert await room.publish() == Published()
    assert room.sent == [("ann", "alert s1")]


async def test_an_urgent_report_that_joins_a_routine_story_raises_its_alert(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1")
    assert await room.publish() == Published()
    await room.story("s2", urgent=True, joins="s1")
    assert (await room.publish()).alerts == 1


async def test_who_left_gets_neither_alert_nor_digest(room: Room) -> None:
    ann = await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.subscribers.end(ann, "left", NOW)
    room.clock.forward(days=1)
    assert (await room.publish()).deliveries == 0
    assert room.sent == []


async def test_alerts_are_written_before_digests(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    room.clock.forward(days=1)
    await room.publish()
    assert [r.kind for r in room.memory.deliveries] == [BulletinKind.ALERT, BulletinKind.DIGEST]


async def test_a_round_in_which_nothing_closes_writes_nothing(room: Room) -> None:
    await room.reader("ann")
    assert await room.publish() == Published()
    assert room.memory.closed_until is None
