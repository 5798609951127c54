"""What goes out as an alert by itself, what waits for an editor, and what is none (promise 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.correction import Correction, corrected
from nkwatch.domain.desk import Marks
from nkwatch.domain.reading import Urgency
from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState, Report
from nkwatch.editing.alerts import Policy, decide
from tests.making import NOW, context, prose, report, source, story

TRUSTED = source("a", role=Role.STATEMENT, alerts=True)
SOURCES = {
    "a": TRUSTED,
    "press": source("press", role=Role.PRESS, alerts=True),
    "unasked": source("unasked", role=Role.STATEMENT),
}


def urgent(id: str = "s1", **fields: object) -> Report:  # noqa: A002
    """An urgent report of a source that may raise alerts."""
    return report(id, urgency=Urgency.URGENT, **fields)  # type: ignore[arg-type]


def test_an_urgent_primary_statement_of_a_source_that_may_raise_alerts_is_released() -> None:
    assert decide(story(urgent()), SOURCES, NOW) == (
        AlertState.RELEASED,
        "a is a primary source that may raise alerts",
    )


@pytest.mark.parametrize(
    ("one", "state", "why"),
    [
        (urgent(backlog=True), AlertState.HELD, "among much else that was new"),
        (urgent(backlog=True, published_estimated=True), AlertState.NONE, "old news"),
        (urgent(published=NOW - timedelta(hours=72, seconds=1)), AlertState.NONE, "more than 72 hours ago"),
        (urgent(published_estimated=True), AlertState.HELD, "no usable date"),
        (urgent(source_id="unasked"), AlertState.HELD, "may not raise alerts without an editor"),
        (urgent(source_id="gone"), AlertState.HELD, "no source any more"),
        (urgent(source_id="press"), AlertState.HELD, "no primary source"),
        (urgent(embargo=NOW - timedelta(hours=1)), AlertState.HELD, "under an embargo"),
        (urgent(role=Role.STATE_MEDIA), AlertState.HELD, "state media"),
        (report(urgency=Urgency.NOTABLE), AlertState.NONE, "no report of it is urgent"),
        (urgent(themes=[context()]), AlertState.NONE, "no report of it is urgent"),
        (urgent(themes=[]), AlertState.NONE, "no report of it is urgent"),
    ],
)
def test_what_never_alerts_by_itself(one: Report, state: AlertState, why: str) -> None:
    decided, reason = decide(story(one), SOURCES, NOW)
    assert decided is state
    assert why in reason


def test_news_lasts_72_hours_to_the_second() -> None:
    assert decide(story(urgent(published=NOW - timedelta(hours=72))), SOURCES, NOW)[0] is AlertState.RELEASED


def test_old_news_stays_old_whatever_else_is_wrong_with_it() -> None:
    old = urgent(backlog=True, published_estimated=True, source_id="press")
    assert decide(story(old), SOURCES, NOW)[0] is AlertState.NONE


def test_the_report_that_allows_most_decides() -> None:
    none, held, released = (
        urgent("s1", backlog=True, published_estimated=True),
        urgent("s2", source_id="press"),
        urgent("s3"),
    )
    assert decide(story(none, held), SOURCES, NOW)[0] is AlertState.HELD
    assert decide(story(held, none, released), SOURCES, NOW)[0] is AlertState.RELEASED


def test_a_routine_report_of_a_trusted_source_releases_nothing() -> None:
    told = story(report("s1"), urgent("s2", source_id="press"))
    assert decide(told, SOURCES, NOW)[0] is AlertState.HELD


@pytest.mark.parametrize("role", [r for r in Role if r is not Role.STATEMENT])
def test_only_a_primary_source_alerts_without_an_editor(role: Role) -> None:
    sources = {"a": Source("a", "https://a.example", "A", role=role, alerts=True)}
    assert decide(story(urgent()), sources, NOW)[0] is AlertState.HELD


def test_who_marked_a_statement_urgent_is_named_with_the_reason() -> None:
    one = report("s1")
    said = Correction("s1", 1, one.reading.rules, NOW, "Jin", urgency=Urgency.URGENT)
    marked = replace(one, reading=corrected(one.reading, said))
    state, why = decide(story(marked), SOURCES, NOW)
    assert (state, why) == (
        AlertState.RELEASED,
        "a is a primary source that may raise alerts; Jin, an editor, marked it urgent",
    )


@pytest.mark.parametrize(
    ("marks", "why"),
    [
        (Marks(held=True), "an editor holds this story back"),
        (Marks(withdrawn=True), "what was sent of this story was withdrawn: an editor must look"),
        (Marks(held=True, withdrawn=True), "what was sent of this story was withdrawn: an editor must look"),
    ],
)
def test_what_an_editor_holds_or_withdrew_is_told_by_nobody_else(marks: Marks, why: str) -> None:
    assert decide(story(urgent(), marks=marks), SOURCES, NOW) == (AlertState.HELD, why)
    assert decide(story(*PAIR, marks=marks), PRESS, NOW, BOTH) == (AlertState.HELD, why)


def test_nobody_is_called_for_old_news_that_an_editor_holds() -> None:
    old = urgent(published=NOW - timedelta(hours=73))
    assert decide(story(old, marks=Marks(held=True)), SOURCES, NOW)[0] is AlertState.NONE


BOTH = Policy(two_sources=True)
PRESS = {name: source(name, role=Role.PRESS) for name in ("b", "c", "d")}


def telling(id: str, by: str, **fields: object) -> Report:  # noqa: A002
    """An urgent report of the press, in words of its own."""
    return urgent(id, **{"source_id": by, "role": Role.PRESS, "text": prose(id)} | fields)


PAIR = telling("s1", "b"), telling("s2", "c")


def test_two_independent_sources_release_an_alert_where_the_operator_allows_it() -> None:
    assert decide(story(*PAIR), PRESS, NOW)[0] is AlertState.HELD
    assert decide(story(*PAIR), PRESS, NOW, BOTH) == (
        AlertState.RELEASED,
        "Publisher b and Publisher c report it independently",
    )
    three = decide(story(*PAIR, telling("s3", "d")), PRESS, NOW, BOTH)
    assert three == (AlertState.RELEASED, "Publisher b, Publisher c and Publisher d report it independently")


def test_a_trusted_primary_source_needs_no_second_one() -> None:
    state, why = decide(story(urgent("s0"), *PAIR), SOURCES | PRESS, NOW, BOTH)
    assert (state, why) == (AlertState.RELEASED, "a is a primary source that may raise alerts")


@pytest.mark.parametrize(
    "fields",
    [
        {"backlog": True},
        {"published_estimated": True},
        {"backlog": True, "published_estimated": True},
        {"embargo": NOW - timedelta(days=1)},
        {"published": NOW - timedelta(hours=72, seconds=1)},
        {"role": Role.STATE_MEDIA},
        {"urgency": Urgency.NOTABLE},
        {"themes": [context()]},
        {"source_id": "gone"},
        {"owner": "Publisher b"},
        {"text": prose("s1")},
        {"text": "Headlines say too little."},
    ],
)
def test_what_may_not_raise_an_alert_confirms_none(fields: dict[str, object]) -> None:
    second = report("s2", **{"source_id": "c", "urgency": Urgency.URGENT, "text": prose("s2")} | fields)  # type: ignore[arg-type]
    state, why = decide(story(PAIR[0], second), PRESS, NOW, BOTH)
    assert state is AlertState.HELD
    if "text" not in fields:  # of two copies the one that came first is named
        assert why.endswith("only Publisher b reports it independently, and 2 would release it")


def test_a_copy_of_what_may_not_raise_an_alert_confirms_nothing() -> None:
    announced = telling("s3", "d", role=Role.STATE_MEDIA, text=prose("s2"))
    state, why = decide(story(*PAIR, announced), PRESS, NOW, BOTH)
    assert state is AlertState.HELD
    assert "only Publisher b reports" in why


def test_an_editor_reads_that_nobody_confirms_it() -> None:
    one = telling("s1", "b", published_estimated=True)
    assert decide(story(one), PRESS, NOW, BOTH) == (
        AlertState.HELD,
        "b gave no usable date: an editor must look; nobody reports it independently, and 2 would release it",
    )


def test_old_news_is_none_however_many_report_it() -> None:
    old = [replace(r, statement=replace(r.statement, published=NOW - timedelta(days=4))) for r in PAIR]
    assert decide(story(*old), PRESS, NOW, BOTH)[0] is AlertState.NONE


def test_who_marked_one_of_two_reports_urgent_is_named() -> None:
    said = Correction("s2", 1, "test.1", NOW, "Jin", urgency=Urgency.URGENT)
    marked = replace(PAIR[1], reading=corrected(replace(PAIR[1].reading, urgency=Urgency.NOTABLE), said))
    assert decide(story(PAIR[0], marked), PRESS, NOW, BOTH) == (
        AlertState.RELEASED,
        "Publisher b and Publisher c report it independently; Jin, an editor, marked it urgent",
    )


def test_an_update_is_decided_by_what_is_new() -> None:
    told = story(urgent("s1"), telling("s2", "b"))
    assert decide(told, SOURCES | PRESS, NOW, new=frozenset({"s2"}))[0] is AlertState.HELD
    assert decide(told, SOURCES | PRESS, NOW, new=frozenset({"s1"}))[0] is AlertState.RELEASED
    none = (AlertState.NONE, "no new report of it is urgent")
    assert decide(told, SOURCES | PRESS, NOW, new=frozenset({"s9"})) == none
    assert decide(story(urgent("s1"), report("s2")), SOURCES, NOW, new=frozenset({"s2"})) == none


def test_one_of_the_independent_reports_of_an_update_must_be_new() -> None:
    copied = telling("s3", "d", text=PAIR[1].statement.text)
    assert decide(story(*PAIR), PRESS, NOW, BOTH, frozenset({"s2"}))[0] is AlertState.RELEASED
    state, why = decide(story(*PAIR, copied), PRESS, NOW, BOTH, frozenset({"s3"}))
    assert state is AlertState.HELD
    assert why.endswith("; Publisher b and Publisher c report it independently, and none of them anything new")
    own = telling("s3", "d")
    assert decide(story(*PAIR, own), PRESS, NOW, BOTH, frozenset({"s3"}))[0] is AlertState.RELEASED


def test_what_an_update_says_alone_is_not_confirmed_by_what_was_told_long_ago() -> None:
    long_ago = telling("s1", "b", published=NOW - timedelta(hours=80))
    assert decide(story(long_ago, PAIR[1]), PRESS, NOW, BOTH, frozenset({"s2"}))[0] is AlertState.HELD
