"""What goes out as an alert by itself, what waits for an editor, and what is none (promise 5)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.correction import Correction, corrected
from nkwatch.domain.reading import Urgency
from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState, Report
from nkwatch.editing.alerts import decide
from tests.making import NOW, context, report, source, story

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
        (urgent(source_id="gone"), AlertState.HELD, "may not raise alerts without an editor"),
        (urgent(source_id="press"), AlertState.HELD, "no primary source"),
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
