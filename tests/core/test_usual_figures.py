"""How many stories there are, by theme, and how many there usually are."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Window
from nkwatch.domain.surroundings import Bar, Counted, Figures
from nkwatch.editing.figures import FEWEST, LONGEST, SPANS, figures, span_before
from tests.making import NOW

WEEK, DAY = timedelta(days=7), timedelta(days=1)
WINDOW = Window(NOW - WEEK, NOW)
RIGHTS = ("prisons", "women", "returns")


def counted(days: float, *themes: str) -> Counted:
    """A story that became ready so many days before the window closed."""
    return Counted(NOW - timedelta(days=days), themes or ("prisons",))


def weeks(*stories: int, theme: str = "prisons") -> list[Counted]:
    """So many stories in the window, in the week before it, and so on."""
    return [counted(7 * n + 1, theme) for n, count in enumerate(stories) for _ in range(count)]


def test_stories_count_once_for_each_of_their_rights_themes_the_most_first() -> None:
    told = [counted(1, "women", "security"), counted(2, "women", "returns", "women"), counted(3, "prisons")]
    bars = (Bar("women", 2), Bar("prisons", 1), Bar("returns", 1))
    assert figures(WINDOW, told, RIGHTS) == Figures(3, None, bars)


def test_what_is_on_no_rights_theme_does_not_count() -> None:
    assert figures(WINDOW, [counted(1, "security"), Counted(NOW - DAY, ())], RIGHTS) == Figures()


def test_a_window_is_open_at_its_end() -> None:
    assert figures(WINDOW, [counted(7), counted(0)], RIGHTS).stories == 1


def test_the_usual_is_the_median_of_eight_weeks() -> None:
    told = weeks(9, 1, 2, 3, 4, 5, 6, 7, 99, 5)
    assert figures(WINDOW, told, RIGHTS) == Figures(9, 4.5, (Bar("prisons", 9, 4.5),))


def test_a_window_without_time_in_it_has_nothing_and_nothing_is_usual_in_it() -> None:
    assert figures(Window(NOW, NOW), weeks(9, 1, 2, 3, 4, 5), RIGHTS) == Figures()


def test_what_is_new_in_a_window_is_usually_not_there() -> None:
    told = [*weeks(0, 2, 2, 2, 2, 2), *weeks(1, theme="women")]
    assert figures(WINDOW, told, RIGHTS) == Figures(1, 2.0, (Bar("women", 1, 0.0),))


@pytest.mark.parametrize(("spans", "usual"), [(FEWEST - 1, None), (FEWEST, 2.0), (SPANS, 2.0)])
def test_it_is_too_early_to_say_before_four_whole_spans_were_counted(spans: int, usual: float | None) -> None:
    # the first story stands in the middle of the span before those
    told = weeks(2, *[2] * spans, 1)
    assert figures(WINDOW, told, RIGHTS).usual == usual


def test_weeks_without_stories_count_once_we_began() -> None:
    assert figures(WINDOW, [counted(7 * 8 + 3, "security")], RIGHTS) == Figures(0, 0.0)


def test_nothing_counted_says_nothing() -> None:
    assert figures(WINDOW, [], RIGHTS) == Figures()


def test_a_window_after_long_downtime_is_compared_by_its_length() -> None:
    away = Window(NOW - 4 * LONGEST, NOW)
    told = [Counted(away.start - n * LONGEST, ("prisons",)) for n in range(1, SPANS + 2) for _ in range(3)]
    assert figures(away, told, RIGHTS).usual == 12.0
    assert span_before(away) == away.start - 9 * LONGEST


@given(
    st.lists(
        st.builds(
            Counted,
            st.integers(0, 200 * 24).map(lambda hours: NOW - timedelta(hours=hours)),
            st.lists(st.sampled_from((*RIGHTS, "security")), max_size=3).map(tuple),
        )
    )
)
def test_no_order_changes_figures_and_nothing_does_that_lies_before_the_counting(stories: list[Counted]) -> None:
    made = figures(WINDOW, stories, frozenset(RIGHTS))
    assert made == figures(WINDOW, stories[::-1], RIGHTS)
    here = [set(c.themes) & {*RIGHTS} for c in stories if WINDOW.start <= c.ready_at < NOW]
    assert made.stories == sum(map(bool, here))
    assert sum(bar.count for bar in made.bars) == sum(map(len, here))
    assert [b.count for b in made.bars] == sorted((b.count for b in made.bars), reverse=True)
    assert all((bar.usual is None) == (made.usual is None) for bar in made.bars)
    long_ago = Counted(span_before(WINDOW), ())
    since = [s for s in stories if s.ready_at >= span_before(WINDOW)]
    assert figures(WINDOW, [long_ago, *since], RIGHTS) == figures(WINDOW, [long_ago, *stories], RIGHTS)
