"""A rate is kept by one instant."""

from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.rates import Limits, Rate
from tests.making import NOW

rates = st.builds(Rate, st.floats(0.001, 2_000), st.integers(1, 50))
#: How long after the one before somebody asks to send (microseconds, often at once).
gaps = st.lists(st.integers(0, 3) | st.integers(0, 10**4) | st.integers(0, 10**8), min_size=1, max_size=120)


def ready(rate: Rate, free_at: datetime | None, now: datetime) -> bool:
    """Whether a message may leave."""
    ready_at = rate.ready_at(free_at)
    return ready_at is None or ready_at <= now


def sent(rate: Rate, asked: list[datetime]) -> list[datetime]:
    """When messages left, of those that were to leave then."""
    free_at, left = None, []
    for now in asked:
        if ready(rate, free_at, now):
            free_at = rate.taken(free_at, now)
            left.append(now)
    return left


@given(rates, gaps)
def test_never_more_leave_than_the_burst_and_the_rate_over_any_span(rate: Rate, gaps: list[int]) -> None:
    now, asked = NOW, []
    for gap in gaps:
        now += timedelta(microseconds=gap)
        asked.append(now)
    left = sent(rate, asked)
    for first, start in enumerate(left):
        for last, end in enumerate(left[first:], first):
            allowed = rate.burst + rate.per_second * (end - start) / timedelta(seconds=1)
            assert last - first + 1 <= allowed * (1 + 1e-12)


@given(rates)
def test_a_burst_leaves_at_once_and_not_one_more(rate: Rate) -> None:
    assert len(sent(rate, [NOW] * (rate.burst + 5))) == rate.burst


@given(rates, st.timedeltas(timedelta(0), timedelta(days=9)))
def test_idle_time_is_not_saved_beyond_the_burst(rate: Rate, idle: timedelta) -> None:
    free_at = rate.taken(None, NOW)
    later = max(NOW + idle, free_at)
    free_at = rate.taken(free_at, later)
    count = 1
    while ready(rate, free_at, later):
        free_at = rate.taken(free_at, later)
        count += 1
    assert count == rate.burst


@given(rates)
def test_who_waits_until_it_is_ready_may_send(rate: Rate) -> None:
    free_at, now, left = None, NOW, []
    for _ in range(rate.burst + 9):
        now = max(now, rate.ready_at(free_at) or now)
        assert ready(rate, free_at, now)
        left.append(now)
        free_at = rate.taken(free_at, now)
    steps = {b - a for a, b in pairwise(left[rate.burst - 1 :])}
    assert len(steps) == 1


def test_what_does_not_wait_is_waited_for_by_the_others() -> None:
    rate, free_at = Rate(10, 5), None
    for _ in range(100):
        free_at = rate.taken(free_at, NOW)
    assert rate.ready_at(free_at) == NOW + timedelta(seconds=9.6)


def test_thousands_of_steps_that_are_no_whole_microseconds_stay_within_the_limit() -> None:
    rate, free_at = Rate(3, 1), NOW
    for _ in range(3_000_000 // 1_000):
        free_at = rate.taken(free_at, NOW)
    assert free_at - NOW >= timedelta(seconds=1_000)


def test_a_domain_has_its_own_limit_or_that_of_all() -> None:
    slow, usual = Rate(1), Rate(9)
    limits = Limits(domain=usual, named={"slow.example": slow})
    assert (limits.of("slow.example"), limits.of("other.example")) == (slow, usual)
    assert Limits().of("other.example") is None
