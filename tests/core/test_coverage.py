"""Coverage: what the record of polls says of each day, and nothing that it does not say."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.editing.columns import COVERAGE
from nkwatch.editing.coverage import Day, DayCounts, Reach, Record, Spell, covered, first
from nkwatch.editing.exporting import line, record
from tests.making import source

DAY = timedelta(days=1)
TODAY = date(2026, 11, 22)
COUNTS = DayCounts({TODAY: 3, TODAY - 2 * DAY: 1}, {TODAY: 2}, {TODAY - DAY: 4})
DAYS = st.integers(0, 9).map(lambda n: TODAY - n * DAY)


def told(polls: Record, counts: DayCounts = COUNTS, days: int = 3) -> list[dict[str, object]]:
    """The rows of the last days, the last one last."""
    return [record(COVERAGE, c) for c in covered(source("a"), counts, polls, TODAY - (days - 1) * DAY, TODAY)]


def test_coverage_has_a_row_for_every_day():
    rows = told(Record(TODAY - 9 * DAY, {TODAY: Day(24, 23, 5)}))
    assert rows[2] == {
        "source": "a", "publisher": "Publisher a", "day": "2026-11-22", "published": 3, "about_nk": 2, "first_seen": 0,
        "polls": 24, "answered": 23, "new": 5, "state": "new",
    }  # fmt: skip
    assert [(r["published"], r["about_nk"], r["first_seen"]) for r in rows] == [(1, 0, 0), (0, 0, 4), (3, 2, 0)]
    assert list(covered(source("a"), COUNTS, Record(), TODAY, TODAY - DAY)) == []


def test_what_was_before_polls_were_recorded_is_not_known_whatever_was_seen_then():
    rows = told(Record(TODAY, {TODAY: Day(1, 1)}))
    assert [r["state"] for r in rows] == ["unknown", "unknown", "answered"]
    assert [(r["polls"], r["answered"], r["new"]) for r in rows] == [(None,) * 3, (None,) * 3, (1, 1, 0)]
    assert {r["state"] for r in told(Record())} == {"unknown"}
    unknown = next(covered(source("a"), COUNTS, Record(), TODAY, TODAY))
    assert line(COVERAGE, unknown).endswith(",3,2,0,,,,unknown\r\n")


@pytest.mark.parametrize(
    ("polls", "state"),
    [(Day(), "not polled"), (Day(3), "failed"), (Day(3, 1), "answered"), (Day(3, 1, 1), "new")],
)
def test_a_day_says_what_its_polls_brought(polls, state):
    assert told(Record(TODAY, {TODAY: polls}))[-1]["state"] == state


def test_a_day_without_polls_since_they_are_recorded_had_none():
    rows = told(Record(TODAY - 2 * DAY, {TODAY - 2 * DAY: Day(1)}))
    assert [(r["polls"], r["state"]) for r in rows] == [(1, "failed"), (0, "not polled"), (0, "not polled")]


@given(st.none() | DAYS, st.dictionaries(DAYS, st.builds(Day, st.integers(1, 9))))
def test_no_day_is_known_before_the_record_began_and_each_is_from_then_on(began, days):
    rows = covered(source("a"), COUNTS, Record(began, days), TODAY - 9 * DAY, TODAY)
    assert all((c.state == "unknown") == (began is None or c.day < began) for c in rows)


def test_the_first_day_is_that_of_which_anything_is_known():
    assert first(COUNTS, Record()) == TODAY - 2 * DAY
    assert first(COUNTS, Record(TODAY - 9 * DAY, {TODAY - 5 * DAY: Day(1)})) == TODAY - 5 * DAY
    assert first(DayCounts(), Record(TODAY)) is None


def test_spells_follow_each_other():
    early, late = Spell(TODAY - 90 * DAY, TODAY - 60 * DAY), Spell(TODAY - 20 * DAY)
    assert [str(early), str(late)] == ["2026-08-24/2026-09-23", "2026-11-02/.."]
    assert Reach(TODAY - 99 * DAY).lost(early).lost(late) == Reach(TODAY - 99 * DAY, (early, late))
