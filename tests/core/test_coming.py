"""What a digest tells of a calendar: nothing that is over, nothing that is stale, the soonest first."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.surroundings import Coming
from nkwatch.editing.coming import HORIZON, MOST, STALE, coming
from tests.making import NOW

TODAY, DAY = NOW.date(), timedelta(days=1)


def event(days: int = 3, *, until: int | None = None, age: int = 10, title: str = "A vote") -> Coming:
    """Something that begins and ends in so many days, written down so many days ago."""
    last = days if until is None else until
    return Coming(title, TODAY + days * DAY, TODAY + last * DAY, TODAY - age * DAY)


def told(*events: Coming) -> list[Coming]:
    """What is told of these now."""
    return list(coming(events, NOW))


@pytest.mark.parametrize(
    ("one", "is_told"),
    [
        (event(0), True),
        (event(-1), False),
        (event(-9, until=0), True),
        (event(-9, until=-1), False),
        (event(HORIZON.days), True),
        (event(HORIZON.days + 1), False),
        (event(age=STALE.days - 1), True),
        (event(age=STALE.days), False),
        (event(age=-1), True),
        # a date to come would keep it for ever
        (event(age=-2), False),
    ],
)
def test_an_entry_is_told_until_the_day_after_its_last_and_for_half_a_year(one: Coming, is_told: bool) -> None:
    assert told(one) == [one] * is_told


def test_an_entry_holds_until_its_last_day_has_ended() -> None:
    one = event(0)
    last = datetime(NOW.year, NOW.month, NOW.day, 23, 59, 59, tzinfo=UTC)
    assert coming([one], last) == (one,)
    assert coming([one], last + timedelta(seconds=1)) == ()


def test_the_soonest_six_are_told_each_once() -> None:
    several = [event(n, title=f"Day {n}") for n in (9, 3, 7, 1, 5, 2, 8)]
    assert [e.title for e in told(*several, *several)] == [f"Day {n}" for n in (1, 2, 3, 5, 7, 8)]


events = st.builds(event, st.integers(-5, 70), age=st.integers(-5, 200), title=st.sampled_from(["A vote", "A hearing"]))


@given(st.lists(events), st.randoms(use_true_random=False))
def test_the_order_of_the_calendar_changes_nothing(several: list[Coming], random: object) -> None:
    shuffled = list(several)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert told(*several) == told(*shuffled)
    assert len(told(*several)) <= MOST
    assert [e.day for e in told(*several)] == sorted(e.day for e in told(*several))
    assert all(e.until >= TODAY for e in told(*several))


def test_days_that_no_calendar_has_are_left_out() -> None:
    last = replace(event(), day=date.max, until=date.max)
    assert told(last, replace(event(), as_of=date.min)) == []
