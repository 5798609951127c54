"""Readings, stories and alerts: a story becomes ready behind every window that is closed (promise 4)."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from nkwatch.domain.bulletin import Window
from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Evidence, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import AlertState
from nkwatch.reading.stories import marks
from nkwatch.store import schema
from nkwatch.store.statements import StatementStore
from tests.making import NOW, entry, finding, placement, prose, source, state, statement
from tests.store.conftest import Stores

HOUR = timedelta(hours=1)


async def told(stores: Stores, *statements: Statement) -> None:
    """Statements that are not read yet."""
    known = tuple(Known(s, frozenset({f"url:{s.url}"})) for s in statements)
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(known))])


async def test_a_story_comes_back_with_its_reports_and_their_readings(stores: Stores) -> None:
    one, other = statement("s1"), statement("s2", source_id="b")
    await told(stores, one, other)
    evidence = Evidence("title", 2, 8, "family")
    first = placement(
        one, themes=(finding(), finding("women")), relevance_evidence=(evidence,), urgency=Urgency.NOTABLE
    )
    await stores.statements.record_readings([first, placement(other, "s1")], NOW)
    (story,) = await stores.statements.stories(["s1"])
    assert (story.id, story.ready_at, story.alert) == ("s1", NOW, AlertState.NONE)
    by_id = {r.statement.id: r for r in story.reports}
    assert by_id["s1"].reading == first.reading
    assert (by_id["s2"].statement, by_id["s2"].owner, by_id["s2"].role) == (other, "Publisher b", Role.PRESS)


async def test_stories_come_in_the_order_asked_for_each_once_and_without_those_that_are_none(stores: Stores) -> None:
    await told(stores, *(statement(i) for i in ("s1", "s2", "s3")))
    await stores.statements.record_readings([placement(statement(i)) for i in ("s1", "s2", "s3")], NOW)
    found = await stores.statements.stories(["s3", "s1", "gone", "s3"])
    assert [s.id for s in found] == ["s3", "s1"]


async def test_what_is_not_on_north_korea_is_read_and_opens_no_story(stores: Stores) -> None:
    one = statement("s1")
    await told(stores, one)
    read = placement(one, about_nk=False)
    await stores.statements.record_readings([type(read)(read.reading)], NOW)
    assert await stores.statements.unread(9, NOW) == []
    assert await stores.statements.stories(["s1"]) == []


async def test_a_statement_is_found_again_by_its_marks(stores: Stores) -> None:
    one = statement("s1", title="", text=prose("one"))
    other = statement("s2", title="", text=prose("other"))
    await told(stores, one, other)
    await stores.statements.record_readings([placement(one, "older"), placement(other)], NOW)
    found = await stores.statements.placed(marks(one), NOW - HOUR)
    assert [(p.statement, p.story_id) for p in found] == [(one, "older")]
    assert await stores.statements.placed(marks(one), NOW + HOUR) == []
    assert await stores.statements.placed([], NOW - HOUR) == []
    assert await stores.statements.placed(marks(statement(title="", text=prose("none"))), NOW - HOUR) == []


async def test_the_language_that_was_read_is_the_statements_language(stores: Stores) -> None:
    one = statement("s1", language="")
    await told(stores, one)
    read = placement(statement("s1", language="ko"))
    await stores.statements.record_readings([read], NOW)
    (story,) = await stores.statements.stories(["s1"])
    assert story.lead.statement.language == story.lead.reading.language == "ko"


async def test_recording_readings_twice_changes_nothing_more(durable: Stores) -> None:
    one = statement("s1", text=prose("one"))
    await told(durable, one)
    for later in (NOW, NOW + HOUR):
        await durable.statements.record_readings([placement(one)], later)
    assert [durable.count(t) for t in ("reading", "story", "mark")] == [1, 1, len(marks(one))]
    assert (await durable.statements.stories(["s1"]))[0].ready_at == NOW


async def test_old_readings_are_kept_beside_the_one_in_force(durable: Stores) -> None:
    one = statement("s1")
    await told(durable, one)
    await durable.statements.record_readings([placement(one)], NOW)
    edited = one.after(entry("Five people are missing"), NOW)
    await durable.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(edited=(edited,)))])
    await durable.statements.record_readings([placement(edited, urgency=Urgency.NOTABLE)], NOW + HOUR)
    kept = durable.rows(select(schema.reading.c.revision).order_by(schema.reading.c.revision))
    assert [r.revision for r in kept] == [1, 2]
    (story,) = await durable.statements.stories(["s1"])
    assert (story.ready_at, story.urgency, story.lead.reading.revision) == (NOW, Urgency.NOTABLE, 2)


async def test_a_source_that_left_the_catalogue_keeps_its_statements(durable: Stores) -> None:
    one = statement("s1")
    await told(durable, one)
    await durable.statements.record_readings([placement(one)], NOW)
    (story,) = await StatementStore(durable.database, {}).stories(["s1"])
    assert (story.lead.statement, story.lead.role, story.lead.owner) == (one, Role.PRESS, "Publisher a")


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://a.example/1", True),
        ("https://news.a.example/1", True),
        ("https://bad-a.example/1", False),
        ("https://b.example/1", False),
        ("https://a.example@b.example/1", False),
        ("javascript:alert(1)", False),
        ("", False),
        ("http://[bad", False),
    ],
)
async def test_a_link_that_leaves_its_source_is_none(durable: Stores, url: str, linked: bool) -> None:
    one = statement("s1", url=url)
    await told(durable, one)
    await durable.statements.record_readings([placement(one)], NOW)
    store = StatementStore(durable.database, {"a": source("a", domains=("a.example",))})
    (story,) = await store.stories(["s1"])
    assert story.lead.link is linked


# Windows


async def test_a_story_is_ready_in_the_window_that_holds_its_instant(stores: Stores) -> None:
    await told(stores, statement("s1"), statement("s2"))
    await stores.statements.record_readings([placement(statement("s1"))], NOW)
    await stores.statements.record_readings([placement(statement("s2"))], NOW + HOUR)
    ready = [s.id for s in await stores.statements.ready_between(Window(NOW, NOW + HOUR))]
    assert ready == ["s1"]
    assert [s.id for s in await stores.statements.ready_between(Window(NOW + HOUR, NOW + 2 * HOUR))] == ["s2"]
    assert await stores.statements.ready_between(Window(NOW - HOUR, NOW)) == []


@pytest.mark.parametrize("late", [timedelta(0), timedelta(microseconds=1), HOUR, timedelta(days=3)])
async def test_nothing_becomes_ready_behind_a_closing_that_was_announced(stores: Stores, late: timedelta) -> None:
    await told(stores, statement("s1"), statement("s2"))
    await stores.subscribers.announce_closing(NOW)
    # the reader's clock is late, or it had begun long before
    await stores.statements.record_readings([placement(statement("s1"))], NOW - late)
    assert await stores.statements.ready_between(Window(NOW - timedelta(days=9), NOW)) == []
    assert [s.id for s in await stores.statements.ready_between(Window(NOW, NOW + HOUR))] == ["s1"]


async def test_a_closing_announced_by_a_late_clock_opens_nothing_again(stores: Stores) -> None:
    await told(stores, statement("s1"))
    await stores.subscribers.announce_closing(NOW)
    await stores.subscribers.announce_closing(NOW - HOUR)
    await stores.statements.record_readings([placement(statement("s1"))], NOW - HOUR)
    assert (await stores.statements.stories(["s1"]))[0].ready_at == NOW


async def test_a_later_report_does_not_make_a_story_ready_again(stores: Stores) -> None:
    await told(stores, statement("s1"), statement("s2"))
    await stores.statements.record_readings([placement(statement("s1"))], NOW)
    await stores.subscribers.announce_closing(NOW + HOUR)
    await stores.statements.record_readings([placement(statement("s2"), "s1")], NOW + HOUR)
    assert await stores.statements.ready_between(Window(NOW + HOUR, NOW + 9 * HOUR)) == []


async def test_readers_and_closers_at_once_leave_every_story_in_exactly_one_window(
    opened: Callable[[], Stores],
) -> None:
    one, other = opened(), opened()
    names = [f"s{n:02}" for n in range(30)]
    await told(one, *(statement(n) for n in names))
    found: list[str] = []

    async def close() -> None:
        start = NOW - HOUR
        for minute in range(1, 11):
            end = NOW + timedelta(minutes=minute)
            await other.subscribers.announce_closing(end)
            found.extend(s.id for s in await other.statements.ready_between(Window(start, end)))
            start = end
        found.extend(s.id for s in await other.statements.ready_between(Window(start, NOW + 9 * HOUR)))

    async def read() -> None:
        for n, name in enumerate(names):
            # this clock runs behind the other
            await one.statements.record_readings([placement(statement(name))], NOW + timedelta(seconds=10 * n))

    await asyncio.gather(close(), read())
    await other.subscribers.announce_closing(NOW + 9 * HOUR)
    remaining = await other.statements.ready_between(Window(NOW + timedelta(minutes=10), NOW + 9 * HOUR))
    assert sorted(set(found) | {s.id for s in remaining}) == names
    early = [i for i in found if i not in {s.id for s in remaining}]
    assert len(early) == len(set(early))


# Alerts


async def test_an_urgent_story_asks_for_an_alert_and_a_routine_one_does_not(stores: Stores) -> None:
    await told(stores, statement("s1"), statement("s2"))
    urgent = placement(statement("s1"), urgency=Urgency.URGENT)
    await stores.statements.record_readings([urgent, placement(statement("s2"), urgency=Urgency.NOTABLE)], NOW)
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1"]


@pytest.mark.parametrize("waits", [AlertState.NONE, AlertState.HELD, AlertState.SENT])
async def test_the_question_is_asked_anew_when_an_urgent_report_joins(stores: Stores, waits: AlertState) -> None:
    await told(stores, statement("s1"), statement("s2"), statement("s3"))
    await stores.statements.record_readings([placement(statement("s1"))], NOW)
    assert await stores.statements.alert_candidates(9) == []
    await stores.statements.record_readings([placement(statement("s2"), "s1", urgency=Urgency.URGENT)], NOW)
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1"]
    await stores.statements.record_alert("s1", waits, "because", NOW)
    assert await stores.statements.alert_candidates(9) == []
    await stores.statements.record_readings([placement(statement("s3"), "s1", urgency=Urgency.URGENT)], NOW)
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1"]


async def test_what_was_withheld_is_not_asked_again(stores: Stores) -> None:
    state = AlertState.WITHHELD
    await told(stores, statement("s1"), statement("s2"))
    await stores.statements.record_readings([placement(statement("s1"), urgency=Urgency.URGENT)], NOW)
    await stores.statements.record_alert("s1", state, "because", NOW)
    await stores.statements.record_readings([placement(statement("s2"), "s1", urgency=Urgency.URGENT)], NOW)
    assert await stores.statements.alert_candidates(9) == []
    (story,) = await stores.statements.stories(["s1"])
    assert (story.alert, story.alert_reason) == (state, "because")


async def test_a_released_alert_is_a_candidate_until_it_is_sent(stores: Stores) -> None:
    await told(stores, statement("s1"))
    await stores.statements.record_readings([placement(statement("s1"))], NOW)
    assert await stores.statements.record_alert("s1", AlertState.RELEASED, "an editor", NOW)
    assert [s.alert_reason for s in await stores.statements.alert_candidates(9)] == ["an editor"]
    assert await stores.statements.record_alert("s1", AlertState.SENT, "an editor", NOW)
    assert await stores.statements.record_alert("s1", AlertState.SENT, "an editor", NOW)
    assert await stores.statements.alert_candidates(9) == []


async def test_the_alert_of_no_story_cannot_be_recorded(stores: Stores) -> None:
    assert not await stores.statements.record_alert("gone", AlertState.SENT, "", NOW)


async def test_candidates_come_by_age_and_not_all_at_once(stores: Stores) -> None:
    for n, name in enumerate(("s3", "s1", "s2")):
        await told(stores, statement(name))
        urgent = placement(statement(name), urgency=Urgency.URGENT)
        await stores.statements.record_readings([urgent], NOW + n * HOUR)
    assert [s.id for s in await stores.statements.alert_candidates(2)] == ["s3", "s1"]


async def test_editors_see_what_waits_for_them_and_what_is_new(durable: Stores) -> None:
    await told(durable, statement("s1"), statement("s2"))
    await durable.statements.record_readings([placement(statement("s1"), urgency=Urgency.URGENT)], NOW)
    await durable.statements.record_readings([placement(statement("s2"))], NOW + HOUR)
    await durable.statements.record_alert("s1", AlertState.HELD, "look", NOW)
    assert [s.id for s in await durable.statements.held_alerts()] == ["s1"]
    assert [s.id for s in await durable.statements.newest(1)] == ["s2"]
    assert await durable.statements.counts() == {"statements": 2, "about_nk": 2, "stories": 2}
    assert [(s.id, bool(r)) for s, r in await durable.statements.recent(9)] == [("s1", True), ("s2", True)]
    await told(durable, statement("s3", first_seen=NOW + HOUR))
    assert [(s.id, bool(r)) for s, r in await durable.statements.recent(1)] == [("s3", False)]


async def test_what_an_editor_decided_meanwhile_stands(stores: Stores) -> None:
    await told(stores, statement("s1"))
    await stores.statements.record_readings([placement(statement("s1"), urgency=Urgency.URGENT)], NOW)
    assert await stores.statements.record_alert("s1", AlertState.HELD, "look", NOW, was=AlertState.OPEN)
    assert await stores.statements.record_alert("s1", AlertState.WITHHELD, "no", NOW, was=AlertState.HELD)
    assert not await stores.statements.record_alert("s1", AlertState.SENT, "by rule", NOW, was=AlertState.OPEN)
    assert not await stores.statements.record_alert("s1", AlertState.RELEASED, "late", NOW, was=AlertState.HELD)
