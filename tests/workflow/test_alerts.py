"""Alerts reach who wants them once, at once or together, and only what changes something is told again."""

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.alert import ChangeKind
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import Refused
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import QuietHours, Rhythm, Schedule, Subscriber
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.workflow.alerts import Alerted
from tests.making import NOW, composition, source
from tests.workflow.fakes import CrashError, CrashingOutbox
from tests.workflow.memory import Memory, MemoryOutbox
from tests.workflow.wire import DAILY, Wire

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
BY_RULE = "a is a primary source that may raise alerts"


@pytest.fixture
def wire() -> Wire:
    """An empty store on a Sunday at 7:00 UTC."""
    return Wire()


# Which stories


async def test_an_alert_goes_at_once_to_who_wants_alerts_and_the_story(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.reader("bo", alerts=False)
    await wire.reader("cy", Schedule(Rhythm.NONE), wishes=(Wish(frozenset({"prisons"})),))
    await wire.reader("di", wishes=(Wish(frozenset({"women"})),))
    await wire.story("s1")
    assert await wire.alerts() == Alerted(alerts=1, deliveries=2)
    assert wire.sent == [("ann", "alert s1"), ("cy", "alert s1")]
    assert wire.alert("s1") == (AlertState.SENT, BY_RULE)
    assert [r.delivery.due_at for r in wire.memory.deliveries] == [NOW, NOW]
    assert wire.ruled == [Ruling("s1", RulingKind.RULE, "", NOW, BY_RULE)]


async def test_a_second_round_sends_nothing_again(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    assert await wire.alerts() == Alerted()
    assert wire.sent == [("ann", "alert s1")]


async def test_readers_are_looked_at_once_for_all_alerts_of_a_round(wire: Wire) -> None:
    wire.subscribers.page = 2
    for n in range(5):
        await wire.reader(f"r{n}")
    for n in range(4):
        await wire.story(f"s{n}")
    asked: list[str] = []
    page = wire.subscribers.with_alerts

    async def counted(after: str, limit: int, now: datetime) -> list[Subscriber]:
        asked.append(after)
        return await page(after, limit, now)

    wire.subscribers.with_alerts = counted  # type: ignore[method-assign]
    assert await wire.alerts() == Alerted(alerts=4, deliveries=5)
    assert len(asked) == len(set(asked)) == 4


async def test_an_alert_that_nobody_wants_is_done_all_the_same(wire: Wire) -> None:
    await wire.story("s1")
    assert await wire.alerts() == Alerted(alerts=1)
    assert wire.alert("s1")[0] is AlertState.SENT


@pytest.mark.parametrize(
    "old",
    [
        {"backlog": True, "published_estimated": True},
        {"published": NOW - timedelta(hours=73)},
        {"backlog": True, "published": NOW - timedelta(days=4000)},
    ],
)
async def test_old_news_is_never_an_alert(wire: Wire, old: dict[str, object]) -> None:
    await wire.reader("ann")
    await wire.story("s1", **old)
    assert await wire.alerts() == Alerted()
    assert (wire.sent, wire.notices.told) == ([], [])
    assert wire.alert("s1")[0] is AlertState.NONE
    assert wire.alert("s1")[1]


@pytest.mark.parametrize("unsure", [{"published_estimated": True}, {"source_id": "b"}])
async def test_an_alert_that_needs_an_editor_is_held_and_told_once(wire: Wire, unsure: dict[str, object]) -> None:
    await wire.reader("ann")
    await wire.story("s1", **unsure)
    assert await wire.alerts() == Alerted(held=1)
    assert await wire.alerts() == Alerted()
    assert (wire.sent, wire.notices.events) == ([], ["alert held for an editor"])
    told = wire.notices.told[0][1]
    assert told["story"] == "s1"
    assert told["why"]
    assert told["title"]


async def test_a_held_alert_is_not_told_again_for_every_report_that_joins(wire: Wire) -> None:
    await wire.story("s1", source_id="b")
    await wire.alerts()
    await wire.story("s2", source_id="b", joins="s1")
    assert await wire.alerts() == Alerted(held=1)
    assert wire.notices.events == ["alert held for an editor"]


async def test_nobody_is_told_of_an_alert_that_an_editor_decided_on_meanwhile(wire: Wire) -> None:
    await wire.story("s1", source_id="b")
    record = wire.statements.record_alert

    async def late(story_id: str, *facts: object, was: AlertState | None = None) -> bool:
        wire.memory.stories[story_id].alert = AlertState.WITHHELD
        return await record(story_id, *facts, was=was)  # type: ignore[arg-type]

    wire.statements.record_alert = late  # type: ignore[method-assign, assignment]
    assert await wire.alerts() == Alerted()
    assert (wire.notices.told, wire.alert("s1")[0]) == ([], AlertState.WITHHELD)


async def test_an_alert_waits_for_the_end_of_an_embargo_and_then_for_an_editor(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    wire.memory.statements["s1"] = replace(wire.memory.statements["s1"], embargo=NOW + HOUR)
    assert await wire.alerts() == Alerted()
    wire.clock.forward(hours=1)
    assert await wire.alerts() == Alerted(held=1)


async def test_two_independent_sources_release_an_alert_where_that_is_switched_on(wire: Wire) -> None:
    await wire.reader("ann")
    wire.allow(two_sources=True)
    await wire.story("s1", source_id="b")
    assert await wire.alerts() == Alerted(held=1)
    await wire.story("s2", source_id="c", joins="s1")
    assert await wire.alerts() == Alerted(alerts=1, deliveries=1)


async def test_what_an_editor_holds_back_is_no_alert_until_it_is_freed(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.desk.hold("s1", "Kim", NOW)
    assert await wire.alerts() == Alerted()
    assert wire.alert("s1")[0] is AlertState.OPEN
    await wire.desk.free("s1", "Kim", NOW)
    assert await wire.alerts() == Alerted(alerts=1, deliveries=1)


async def test_what_an_editor_releases_goes_out_whatever_the_rule_says(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", source_id="b")
    await wire.alerts()
    wire.clock.forward(days=9)
    await wire.statements.record_alert("s1", AlertState.RELEASED, "released by Kim", NOW)
    assert (await wire.alerts()).alerts == 1
    assert wire.alert("s1") == (AlertState.SENT, "released by Kim")
    # it was no rule that let it go
    assert wire.ruled == []


# Pace


async def test_what_follows_within_five_minutes_leaves_together(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    wire.clock.forward(minutes=1)
    await wire.story("s2")
    assert await wire.alerts() == Alerted(alerts=1)
    wire.clock.forward(minutes=3)
    await wire.story("s3")
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]
    # five minutes after the first mail, not after the last story
    wire.clock.forward(minutes=1)
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s2 s3")]
    assert await wire.alerts() == Alerted()


async def test_after_mails_that_waited_the_next_alert_waits_again(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    wire.clock.forward(minutes=5)
    await wire.story("s3")
    assert await wire.alerts() == Alerted(alerts=1, deliveries=1, together=1)
    wire.clock.forward(minutes=5)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s2"), ("ann", "alert s3")]


async def test_in_quiet_hours_alerts_wait_for_their_end(wire: Wire) -> None:
    await wire.reader("ann", quiet=QuietHours(6, 9))
    await wire.reader("bo")
    await wire.story("s1")
    assert await wire.alerts() == Alerted(alerts=1, deliveries=1)
    wire.clock.forward(hours=1)
    await wire.story("s2")
    await wire.alerts()
    assert wire.sent == [("bo", "alert s1"), ("bo", "alert s2")]
    wire.clock.forward(hours=1)
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent[2:] == [("ann", "alert s1 s2")]


async def test_over_the_cap_the_next_digest_holds_it(wire: Wire) -> None:
    wire.allow(per_day=2)
    ann = await wire.reader("ann")
    for n in range(4):
        await wire.story(f"s{n}")
        await wire.alerts()
        wire.clock.forward(hours=1)
    assert wire.sent == [("ann", "alert s0"), ("ann", "alert s1")]
    assert await wire.outbox.beyond([ann]) == {ann: {"s2": 3, "s3": 4}}
    wire.clock.forward(days=1)
    await wire.story("s4")
    assert (await wire.alerts()).deliveries == 1


async def test_over_the_cap_who_has_no_digest_gets_it_the_next_day(wire: Wire) -> None:
    wire.allow(per_day=1)
    await wire.reader("ann", Schedule(Rhythm.NONE))
    for n in range(3):
        await wire.story(f"s{n}")
        await wire.alerts()
        wire.clock.forward(hours=1)
    assert wire.sent == [("ann", "alert s0")]
    wire.clock.forward(days=1)
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent[1:] == [("ann", "alert s1 s2")]
    await wire.story("s3")
    await wire.alerts()
    assert len(wire.sent) == 2


async def test_what_waits_shares_its_bulletin_with_who_waits_for_the_same(wire: Wire) -> None:
    for name in ("ann", "bo"):
        await wire.reader(name)
    await wire.reader("cy", wishes=(Wish(sources=frozenset({"b"})),))
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    wire.clock.forward(minutes=5)
    await wire.alerts()
    assert len({r.number for r in wire.memory.deliveries}) == 2
    assert [m.told for m in {r.mailing.key: r.mailing for r in wire.memory.deliveries}.values()] == [(), (2,)]


async def test_who_does_not_want_it_any_more_waits_for_nothing(wire: Wire) -> None:
    readers = [await wire.reader(name) for name in ("ann", "bo", "cy")]
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    wire.choose(readers[0], alerts=False)
    wire.choose(readers[1], wishes=(Wish(frozenset({"women"})),))
    wire.clock.forward(minutes=5)
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent[3:] == [("cy", "alert s2")]
    assert await wire.outbox.due(wire.clock.now, 9) == []


async def test_who_paused_or_left_waits_for_nothing(wire: Wire) -> None:
    ann, bo = await wire.reader("ann"), await wire.reader("bo")
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    await wire.subscribers.pause(ann, NOW + HOUR, NOW)
    await wire.subscribers.end(bo, "left", NOW)
    wire.clock.forward(hours=2)
    assert await wire.alerts() == Alerted()
    assert wire.sent == []


async def test_what_a_digest_told_meanwhile_does_not_leave_any_more(wire: Wire) -> None:
    ann = await wire.reader("ann")
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    wire.clock.forward(minutes=2)
    digest = replace(composition(), stories=("s2",))
    reader = wire.memory.readers[ann].subscriber
    await wire.outbox.enqueue(Mailing("digest", BulletinKind.DIGEST, wire.clock.now, (Addressed(reader, digest),)))
    wire.clock.forward(minutes=3)
    assert await wire.alerts() == Alerted()
    assert await wire.outbox.due(wire.clock.now, 9) == []


async def test_what_an_editor_holds_back_goes_on_waiting_and_the_rest_leaves(wire: Wire) -> None:
    await wire.reader("ann")
    for name in ("s1", "s2", "s3"):
        await wire.story(name)
    await wire.alerts()
    await wire.desk.hold("s2", "Kim", NOW)
    wire.clock.forward(minutes=5)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s3")]
    assert await wire.alerts() == Alerted()
    await wire.desk.free("s2", "Kim", NOW)
    await wire.alerts()
    assert wire.sent[2:] == [("ann", "alert s2")]


@pytest.mark.parametrize("gone", ["withdrawn", "deleted", "under embargo"])
async def test_what_must_not_be_told_any_more_is_left_out(wire: Wire, gone: str) -> None:
    await wire.reader("ann")
    for name in ("s1", "s2", "s3"):
        await wire.story(name)
    await wire.alerts()
    known = wire.memory.statements["s2"]
    match gone:
        case "withdrawn":
            wrong = Note((("en", "Wrong."),), "Kim", NOW)
            await wire.desk.rule(Ruling("s2", RulingKind.WITHDRAW, "Kim", NOW), wrong)
        case "deleted":
            wire.memory.statements["s2"] = replace(known, presence=Presence.HIDDEN)
        case _:
            wire.memory.statements["s2"] = replace(known, embargo=NOW + HOUR)
    wire.clock.forward(minutes=5)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s3")]
    assert await wire.outbox.due(wire.clock.now, 9) == []


async def test_many_who_cannot_be_mailed_do_not_stand_in_the_way(wire: Wire) -> None:
    for n in range(4):
        await wire.reader(f"ko{n}", language="ko")
    await wire.reader("en")
    await wire.story("s1")
    await wire.story("s2")
    await wire.alerts()
    wire.composer.wrong = {"ko"}
    wire.clock.forward(minutes=5)
    due = wire.outbox.due

    async def few(now: datetime, limit: int) -> object:
        return (await due(now, limit))[: 2 + limit - 1_000]

    wire.outbox.due = few  # type: ignore[method-assign, assignment]
    assert await wire.alerts() == Alerted(deliveries=1, together=1, failed=1)
    assert wire.sent[-1] == ("en", "alert s2")
    wire.composer.wrong = set()
    assert (await wire.alerts()).together == 4


# Updates


async def test_a_report_that_changes_nothing_is_not_told(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    await wire.story("s2", joins="s1")
    assert wire.alert("s1")[0] is AlertState.OPEN
    assert await wire.alerts() == Alerted()
    assert wire.alert("s1") == (AlertState.SENT, BY_RULE)
    assert wire.sent == [("ann", "alert s1")]


async def test_an_update_threads_to_the_mail_that_the_reader_has(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.hand_over()
    new = await wire.reader("bo")
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9)
    assert await wire.alerts() == Alerted(updates=1, deliveries=2)
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s1 update of 1"), ("bo", "alert s1")]
    (mail, *_) = wire.memory.deliveries
    assert wire.answers(BulletinKind.ALERT) == {"ann": mail.delivery.message_id, "bo": ""}
    ((change,),) = [a.changes for told in wire.told for a in told if a.follows]
    assert (change.kind, change.values) == (ChangeKind.PEOPLE, ("9",))
    assert wire.memory.opened[2].answers == 1
    assert new == wire.memory.deliveries[-1].subscriber_id
    # and once
    assert await wire.alerts() == Alerted()


async def test_each_update_is_a_bulletin_of_its_own(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    for n, people in enumerate((9, 30), 2):
        await wire.alerts()
        await wire.hand_over()
        wire.clock.forward(hours=1)
        await wire.story(f"s{n}", joins="s1", people=people)
    await wire.alerts()
    assert [told for _, told in wire.sent] == ["alert s1", "alert s1 update of 1", "alert s1 update of 1"]
    answers = [r.addressed.answers for r in wire.memory.deliveries]
    assert answers == ["", *(r.delivery.message_id for r in wire.memory.deliveries[:2])]


async def test_an_update_takes_the_rule_of_release_by_its_own_reports(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9, source_id="b")
    assert await wire.alerts() == Alerted(held=1)
    assert wire.alert("s1")[0] is AlertState.HELD
    await wire.statements.record_alert("s1", AlertState.RELEASED, "released by Kim", NOW)
    assert await wire.alerts() == Alerted(updates=1, deliveries=1)


async def test_an_old_report_updates_nothing(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.story("s2", joins="s1", people=9, published=NOW - timedelta(days=5))
    assert await wire.alerts() == Alerted()
    assert wire.alert("s1") == (AlertState.SENT, BY_RULE)


async def test_who_mutes_the_source_of_an_update_is_not_told(wire: Wire) -> None:
    wire.memory.sources = {**wire.memory.sources, "d": source("d", role=Role.STATEMENT, alerts=True)}
    wire.office = replace(wire.office, sources=wire.memory.sources)
    wire.subscribers.page = 1
    await wire.reader("ann", mutes=Mutes(sources=frozenset({"d"})))
    await wire.reader("bo", mutes=Mutes(sources=frozenset({"c"})))
    await wire.story("s1", people=3)
    await wire.alerts()
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9, source_id="d")
    assert await wire.alerts() == Alerted(updates=1, deliveries=1)
    assert wire.sent[2:] == [("bo", "alert s1")]


async def test_an_update_that_waits_is_told_as_one_when_it_leaves(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(minutes=1)
    await wire.story("s2", joins="s1", people=9)
    assert await wire.alerts() == Alerted(updates=1)
    wire.clock.forward(minutes=4)
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent[1:] == [("ann", "alert s1 update of 1")]
    first, second = wire.memory.deliveries
    assert second.addressed.answers == first.delivery.message_id
    assert wire.told[-1][0].changes[0].values == ("9",)


async def test_an_alert_and_its_update_that_wait_are_told_as_one_story(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s0")
    await wire.story("s1", people=3)
    await wire.alerts()
    wire.clock.forward(minutes=1)
    await wire.story("s2", joins="s1", people=9)
    assert await wire.alerts() == Alerted(updates=1)
    wire.clock.forward(minutes=4)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s0"), ("ann", "alert s1")]
    assert wire.told[-1][0].number == 2
    assert await wire.outbox.due(wire.clock.now, 9) == []


async def test_an_update_together_with_another_alert_answers_no_mail(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(minutes=1)
    await wire.story("s2", joins="s1", people=9)
    await wire.story("s3")
    await wire.alerts()
    wire.clock.forward(minutes=4)
    await wire.alerts()
    assert wire.sent[1:] == [("ann", "alert s1 update of 1 s3")]
    assert wire.memory.deliveries[-1].addressed.answers == ""


async def test_the_earlier_mails_of_many_readers_are_found(wire: Wire) -> None:
    wire.subscribers.page, wire.outbox.page = 4, 3
    for n in range(10):
        await wire.reader(f"r{n}")
    await wire.story("s1", people=3)
    await wire.alerts()
    while await wire.hand_over():
        pass
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9)
    assert await wire.alerts() == Alerted(updates=1, deliveries=10)
    assert all(wire.answers(BulletinKind.ALERT).values())


# Wrong templates


async def test_a_wrong_alert_template_is_told_once_and_the_alert_stays_released(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    wire.composer.wrong = {"alert"}
    for _ in range(2):
        assert await wire.alerts() == Alerted(failed=1)
    assert wire.notices.events == ["alert not composed"]
    assert wire.alert("s1")[0] is AlertState.RELEASED
    wire.composer.wrong = set()
    assert await wire.alerts() == Alerted(alerts=1, deliveries=1)
    assert wire.sent == [("ann", "alert s1")]
    assert [r.kind for r in wire.ruled] == [RulingKind.RULE]


async def test_a_wrong_template_of_one_language_does_not_hold_back_an_alert_in_another(wire: Wire) -> None:
    await wire.reader("ko", language="ko")
    await wire.reader("en")
    await wire.story("s1")
    wire.composer.wrong = {"ko"}
    assert (await wire.alerts()).failed
    assert wire.sent == [("en", "alert s1")]
    # what joins meanwhile is in it for who gets it now, and no update for who has it
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1")
    wire.composer.wrong = set()
    await wire.alerts()
    assert wire.sent == [("en", "alert s1"), ("ko", "alert s1")]
    assert wire.alert("s1")[0] is AlertState.SENT


# An editor who stops it while it is being written


class InterruptedOutbox(MemoryOutbox):
    """An editor says stop while a mailing is being written."""

    def __init__(self, memory: Memory, wire: Wire) -> None:
        super().__init__(memory)
        self.wire = wire

    async def enqueue(self, mailing: Mailing) -> int:
        written = await super().enqueue(mailing)
        if mailing.deliveries and not self.wire.ruled:
            self.wire.clock.forward(seconds=1)
            await self.wire.rulings().stop("s1", "Kim")
        return written


async def test_an_alert_that_is_stopped_while_it_is_written_goes_no_further(wire: Wire) -> None:
    wire.subscribers.page = 2
    for n in range(5):
        await wire.reader(f"r{n}")
    await wire.story("s1")
    outbox = InterruptedOutbox(wire.memory, wire)
    assert (await wire.with_outbox(outbox)()).alerts == 0
    assert wire.sent == []
    assert wire.alert("s1") == (AlertState.WITHHELD, "stopped by Kim")
    assert await wire.alerts() == Alerted()


class HastyOutbox(MemoryOutbox):
    """An editor says stop between the look at who waits and the writing."""

    def __init__(self, memory: Memory, wire: Wire, story: str) -> None:
        super().__init__(memory)
        self.wire, self.story = wire, story

    async def enqueue(self, mailing: Mailing) -> int:
        if mailing.told and not any(r.kind is RulingKind.STOP for r in self.wire.ruled):
            self.wire.clock.forward(seconds=1)
            await self.wire.rulings().stop(self.story, "Kim")
        return await super().enqueue(mailing)


async def test_what_is_stopped_just_before_it_leaves_with_others_leaves_without_it(wire: Wire) -> None:
    await wire.reader("ann")
    for name in ("s1", "s2", "s3"):
        await wire.story(name)
    await wire.alerts()
    wire.clock.forward(minutes=5)
    await wire.with_outbox(HastyOutbox(wire.memory, wire, "s2"))()
    assert wire.sent == [("ann", "alert s1")]
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1"), ("ann", "alert s3")]


async def test_of_mails_that_left_together_only_the_stopped_story_is_stopped(wire: Wire) -> None:
    await wire.reader("ann")
    for name in ("s1", "s2", "s3"):
        await wire.story(name)
    await wire.alerts()
    wire.clock.forward(minutes=5)
    await wire.alerts()
    wire.clock.forward(minutes=1)
    assert (await wire.rulings().stop("s2", "Kim")).cancelled == 1
    assert wire.sent == [("ann", "alert s1")]
    assert await wire.alerts() == Alerted(deliveries=1, together=1)
    assert wire.sent[1:] == [("ann", "alert s3")]


# Crashes


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("at_call", [1, 2, 3, 4])
async def test_a_crash_between_two_writes_sends_nothing_twice_and_loses_nothing(
    wire: Wire, at_call: int, written: bool
) -> None:
    wire.subscribers.page = 2
    for n in range(5):
        await wire.reader(f"r{n}")
    await wire.story("s1")
    with pytest.raises(CrashError):
        await wire.with_outbox(CrashingOutbox(wire.memory, at_call, written=written))()
    wire.clock.forward(minutes=6)
    await wire.alerts()
    assert wire.sent == [(f"r{n}", "alert s1") for n in range(5)]
    assert {r.number for r in wire.memory.deliveries} == {1}
    assert wire.alert("s1")[0] is AlertState.SENT


async def test_a_report_that_joins_half_way_goes_to_who_is_still_to_be_told(wire: Wire) -> None:
    wire.subscribers.page = 1
    for n in range(3):
        await wire.reader(f"r{n}")
    await wire.story("s1", people=3)
    with pytest.raises(CrashError):
        await wire.with_outbox(CrashingOutbox(wire.memory, 2, written=False))()
    await wire.story("s2", joins="s1", people=3)
    await wire.alerts()
    assert wire.sent == [(f"r{n}", "alert s1") for n in range(3)]


async def test_an_update_that_dies_half_way_goes_on_under_its_number_whatever_joins(wire: Wire) -> None:
    wire.subscribers.page = 1
    for n in range(3):
        await wire.reader(f"r{n}")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9)
    with pytest.raises(CrashError):
        await wire.with_outbox(CrashingOutbox(wire.memory, 2, written=False))()
    await wire.story("s3", joins="s1", people=30)
    assert await wire.alerts() == Alerted(updates=1, deliveries=2)
    assert [r.number for r in wire.memory.deliveries] == [1, 1, 1, 2, 2, 2]


class Mortal(MemoryOutbox):
    """Dies at a write chosen beforehand, whatever it writes: before it, or after."""

    def __init__(self, memory: Memory, left: int, *, written: bool) -> None:
        super().__init__(memory)
        self.left, self.written = left, written

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        self._die(before=True)
        return await super().number(key, kind, date)

    async def enqueue(self, mailing: Mailing) -> int:
        self._die(before=not self.written)
        written = await super().enqueue(mailing)
        self._die(before=self.written)
        return written

    def _die(self, *, before: bool) -> None:
        self.left -= before
        if self.left == 0:
            raise CrashError


steps = st.lists(
    st.one_of(
        st.sampled_from(["story", "round", "relay", "refused"]),
        st.tuples(st.integers(1, 6), st.booleans()),
        st.integers(1, 12 * 60).map(lambda m: timedelta(minutes=m)),
        st.sampled_from([MINUTE, 4 * MINUTE, 5 * MINUTE]),
    ),
    max_size=30,
)


@given(steps, st.integers(1, 3))
async def test_every_reader_is_told_every_alert_exactly_once_whatever_happens(steps: list[object], page: int) -> None:
    wire = Wire()
    wire.subscribers.page = page
    wire.allow(per_day=2)
    readers = {
        await wire.reader("ann"),
        await wire.reader("bo", quiet=QuietHours(20, 8)),
        await wire.reader("cy", Schedule(Rhythm.NONE, zone="Asia/Tokyo"), quiet=QuietHours(1, 2)),
        await wire.reader("di", replace(DAILY, zone="America/New_York")),
    }
    told = 0
    for step in steps:
        match step:
            case "story":
                told += 1
                await wire.story(f"s{told}")
            case "round":
                await wire.alerts()
            case "relay":
                await wire.hand_over()
            case "refused":
                await wire.hand_over(Refused("550 no such mailbox"), limit=1)
            case (int(left), bool(written)):
                with suppress(CrashError):
                    await wire.with_outbox(Mortal(wire.memory, left, written=written))()
            case timedelta():
                wire.clock.now += step
    for _ in range(4):
        await wire.alerts()
        wire.clock.forward(days=1)
    expected = sorted(f"s{n + 1}" for n in range(told))
    for reader in readers:
        mails = [r.composition for r in wire.memory.deliveries if r.subscriber_id == reader]
        waiting = (await wire.outbox.beyond([reader])).get(reader, {})
        assert sorted([*(s for c in mails for s in c.stories), *waiting]) == expected
    assert {wire.alert(name)[0] for name in expected} <= {AlertState.SENT}
    assert await wire.alerts() == Alerted()
