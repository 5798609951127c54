"""Pictures as numbers: weeks in columns, scales, outlines, marks, bars and parts of a whole."""

import re
from collections import Counter
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.editing.bars import MOST, bars, segments
from nkwatch.editing.coverage import Spell
from nkwatch.editing.periods import MOST_COLUMNS, WEEK, Period, monday
from nkwatch.editing.plotting import (
    HEIGHT,
    SET_UP,
    Event,
    Mark,
    Tally,
    Watch,
    busiest,
    by_month,
    nice,
    over_time,
)

TODAY = date(2026, 11, 22)
YEAR = Period.of(TODAY, 52)
NOBODY = Watch({}, {})
DAYS = st.dates(date(2000, 1, 1), date(2060, 1, 1))


def watch(**since: date) -> Watch:
    """Sources that are watched since these days, and one that was there from the beginning."""
    return Watch({"old": YEAR.first - 100 * WEEK, **since}, {})


def tally(weeks_ago: int = 0, count: int = 1, source: str = "old", theme: str = "") -> Tally:
    return Tally(monday(TODAY) - weeks_ago * WEEK, source, theme, count)


def drawn(path: str) -> list[tuple[int, int, int]]:
    """What a path of steps encloses: each column with where it begins and ends, counted from the bottom."""
    found = Counter[int](), Counter[int]()
    for area in path.split("z")[:-1]:
        x = int(re.match(r"M(\d+) ", area)[1])
        for y, length in re.findall(r"V(\d+)h(-?\d+)", area):
            step = int(length)
            for column in range(min(x, x + step), max(x, x + step)):
                found[step < 0][column] = HEIGHT - int(y)
            x += step
    tops, feet = found
    assert tops.keys() == feet.keys()
    return [(column, feet[column], tops[column]) for column in sorted(tops) if feet[column] != tops[column]]


# Periods


def test_a_year_ends_with_the_week_of_today():
    assert (YEAR.count, YEAR.step, YEAR.first) == (52, 1, date(2025, 11, 24))
    assert YEAR.columns[-1] == date(2026, 11, 16)
    assert YEAR.column(TODAY) == 51


def test_a_longer_time_has_wider_columns_and_no_more_of_them():
    five = Period.of(TODAY, 260)
    assert (five.count, five.step) == (52, 5)
    assert five.column(TODAY) == 51


def test_days_ahead_stand_in_the_last_column_and_days_before_in_none():
    assert YEAR.column(TODAY + 9 * WEEK) == 51
    assert YEAR.column(YEAR.first - timedelta(days=1)) < 0


def test_months_are_named_where_there_is_room_for_their_names():
    assert [m.day for m in YEAR.months] == [date(2026, 1, 1), date(2026, 4, 1), date(2026, 7, 1)]
    assert [m.day.month for m in Period.of(TODAY, 12).months] == [9, 10, 11]
    assert [m.day.month for m in Period.of(TODAY, 520).months] == [1, 1, 1]


def test_a_month_is_named_even_where_it_has_little_room():
    assert [m.day for m in Period.of(date(2026, 11, 1), 1).months] == [date(2026, 11, 1)]
    assert Period.of(TODAY, 1).months == ()


@given(DAYS, st.integers(1, 3000))
def test_whatever_the_time_it_fits_and_its_names_have_room(today, weeks):
    period = Period.of(today, weeks)
    assert period.count <= MOST_COLUMNS
    assert weeks <= period.count * period.step < weeks + period.step
    assert all(day.weekday() == 0 for day in period.columns)
    assert period.columns[-1] <= today < period.columns[-1] + period.step * WEEK
    places = [m.x for m in period.months]
    assert places == sorted(places)
    assert all(0 <= x <= period.count for x in places)
    assert all(b - a >= period.count / MOST_COLUMNS * 14 - 0.01 for a, b in pairwise(places))


# Scales


@pytest.mark.parametrize(
    ("most", "end"), [(0, 1), (1, 1), (7, 7), (10, 10), (11, 12), (13, 20), (29, 30), (30, 30), (31, 40), (101, 120)]
)
def test_a_scale_ends_at_a_round_number(most, end):
    assert nice(most) == end


@given(st.integers(0, 10**9))
def test_a_scale_has_room_and_wastes_less_than_half_of_it(most):
    assert most <= nice(most) < max(2, 2 * most)
    assert nice(most) <= 10 or nice(most) % 2 == 0


# Statements over time


def test_columns_are_as_high_as_they_have_statements():
    plot = over_time([tally(0, 5), tally(3, 10)], NOBODY, YEAR, [""])
    (panel,) = plot.panels
    assert plot.top == 10
    assert drawn(panel.old) == [(48, 0, 100), (51, 0, 50)]
    assert panel.added == ""
    assert (panel.total, panel.total_added, panel.highest.day) == (15, 0, date(2026, 10, 26))


def test_all_panels_have_one_scale():
    plot = over_time([tally(0, 40, theme="a"), tally(0, 10, theme="b")], NOBODY, YEAR, ["a", "b"])
    assert [drawn(p.old)[0][2] for p in plot.panels] == [100, 25]


def test_what_sources_bring_that_were_added_stands_above_the_rest():
    plot = over_time([tally(1, 6), tally(1, 2, "new")], watch(new=TODAY - 9 * WEEK), YEAR, [""])
    (panel,) = plot.panels
    assert drawn(panel.old) == [(50, 0, 75)]
    assert drawn(panel.added) == [(50, 75, 100)]
    assert (panel.total, panel.total_added) == (8, 2)
    assert plot.events == (Event(TODAY - 9 * WEEK, "new"),)


def test_sources_with_which_the_watch_began_were_not_added():
    began = TODAY - 10 * WEEK
    first, later = began + SET_UP - timedelta(days=1), began + SET_UP
    plot = over_time([tally(1, 1, "c")], Watch({"a": began, "b": first, "c": later}, {}), YEAR, [""])
    assert [e.source for e in plot.events] == ["c"]
    assert plot.began == YEAR.place(began)
    assert plot.panels[0].total_added == 1


def test_who_watched_before_the_picture_begins_watched_all_the_time():
    assert over_time([], watch(), YEAR, [""]).began == 0
    assert over_time([], NOBODY, YEAR, [""]).began == 0


def test_a_source_that_fell_silent_before_is_no_event():
    silent = {"a": TODAY - WEEK, "b": YEAR.first - WEEK, "c": TODAY + WEEK}
    plot = over_time([], Watch({}, {i: [Spell(day)] for i, day in silent.items()}), YEAR, [""])
    assert plot.events == (Event(TODAY - WEEK, "a", silent=True),)
    assert plot.lines == (YEAR.place(TODAY - WEEK),)


def test_a_silence_that_is_over_is_marked_where_it_began():
    spells = [Spell(TODAY - 30 * WEEK, TODAY - 20 * WEEK), Spell(TODAY - 5 * WEEK)]
    plot = over_time([], Watch({}, {"a": spells}), YEAR, [""])
    assert [(e.day, e.until) for e in plot.events] == [(s.since, s.until) for s in spells]
    assert [(m.added, m.silent) for m in plot.marks] == [(0, 1), (0, 1)]


def test_the_watch_of_one_source_knows_of_no_other():
    spells = (Spell(TODAY),)
    both = Watch({"a": TODAY, "b": TODAY - WEEK}, {"a": spells, "c": spells})
    assert both.of("a") == Watch({"a": TODAY}, {"a": spells})
    assert (both.of("b"), both.of("c")) == (Watch({"b": TODAY - WEEK}, {}), Watch({}, {"c": spells}))
    assert both.of("d") == NOBODY


def test_events_that_are_close_have_one_mark():
    came = watch(a=TODAY - 40 * WEEK, b=TODAY - 39 * WEEK, c=TODAY - 20 * WEEK)
    plot = over_time([], Watch(came.since, {"a": [Spell(TODAY - 38 * WEEK)]}), YEAR, [""])
    assert plot.marks == (Mark(YEAR.place(TODAY - 40 * WEEK), 2, 1), Mark(YEAR.place(TODAY - 20 * WEEK), 1, 0))
    assert len(plot.lines) == 4


def test_themes_are_ordered_by_what_they_have():
    found = [tally(0, 2, theme="a"), tally(1, 5, theme="b"), tally(2, 2, theme="c"), tally(2, 9)]
    assert busiest(found, ["c", "a", "b", "none"]) == ["b", "a", "c"]


def test_sums_of_months_hold_the_weeks_that_begin_in_them():
    plot = over_time([tally(0, 2, theme="a"), tally(2, 5, theme="a"), tally(3, 7, theme="b")], NOBODY, YEAR, ["a", "b"])
    months = by_month(plot)
    assert months[0] == (date(2025, 11, 1), (0, 0))
    assert months[-2:] == [(date(2026, 10, 1), (0, 7)), (date(2026, 11, 1), (7, 0))]
    assert sum(sum(counts) for _, counts in months) == 14


@given(
    st.lists(
        st.builds(tally, st.integers(-3, 60), st.integers(1, 5000), st.sampled_from(["old", "new", "other"])),
        max_size=40,
    )
)
def test_whatever_was_counted_the_picture_shows_all_of_it_in_its_frame(tallies):
    plot = over_time(tallies, watch(new=TODAY - 20 * WEEK, other=TODAY - 2 * WEEK), YEAR, [""])
    (panel,) = plot.panels
    shown = [t for t in tallies if t.week >= YEAR.first]
    assert panel.total == sum(t.count for t in shown)
    assert panel.total_added == sum(t.count for t in shown if t.source != "old")
    old, added = {c: span for c, *span in drawn(panel.old)}, {c: span for c, *span in drawn(panel.added)}
    for place, column in enumerate(panel.columns):
        assert (place in old) == (column.count > column.added)
        assert (place in added) == (column.added > 0)
        if place in old and place in added:
            assert old[place][1] == added[place][0]
    assert all(0 <= low < high <= HEIGHT for low, high in (*old.values(), *added.values()))


@given(st.dictionaries(st.text("abcdef", min_size=2), DAYS, max_size=30))
def test_marks_never_touch_each_other_and_count_every_event(since):
    plot = over_time([], watch(**since), YEAR, [""])
    places = [m.x for m in plot.marks]
    assert all(b - a > 8 for a, b in pairwise(places))
    assert all(0 <= x <= YEAR.count - 8 for x in places)
    assert sum(m.added for m in plot.marks) == len(plot.events)


# Bars and parts


def test_the_longest_bars_come_first_and_the_rest_is_told():
    counted = {"CN": 5, "KP": 10, "": 3, "JP": 5, "US": 1, "RU": 0}
    found = bars(counted, 3)
    assert [(b.code, b.count, b.width) for b in found.bars] == [("KP", 10, 100), ("CN", 5, 50), ("JP", 5, 50)]
    assert (found.left_out, found.rest, found.unnamed, found.total) == (1, 1, 3, 24)


def test_nothing_counted_has_no_bars():
    assert bars({}).bars == ()
    assert bars({"": 4}).total == 4


@given(st.dictionaries(st.text("ABC", min_size=2, max_size=4), st.integers(0, 10**6)))
def test_no_bar_is_lost_or_longer_than_the_room(counts):
    found = bars(counts)
    assert len(found.bars) <= MOST
    assert found.total == sum(counts.values())
    assert all(1 <= b.width <= 100 for b in found.bars)


def test_parts_stand_in_the_order_of_their_names():
    found = segments({"sent": 75, "refused": 25, "other": 0}, ["sent", "pending", "refused"])
    assert [(s.name, s.count, s.start, s.width) for s in found] == [
        ("sent", 75, 0, 75),
        ("pending", 0, 75, 0),
        ("refused", 25, 75, 25),
    ]
    assert [s.width for s in segments({}, ["sent"])] == [0]


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 10**6)))
def test_parts_fill_the_whole_and_each_can_be_seen(counts):
    found = segments(counts, "abcdef")
    if any(counts.values()):
        assert abs(sum(s.width for s in found) - 100) < 0.1
    for part in found:
        assert (part.width > 0.9) == (part.count > 0)
