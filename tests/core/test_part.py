"""How a part of the daemon is: back-off, lateness, a clock that jumps."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.part import FIRST_WAIT, LONGEST_WAIT, Part
from tests.making import NOW

EVERY, MAY_TAKE, TOOK = timedelta(seconds=2), timedelta(minutes=30), timedelta(seconds=1)
PART = Part("read", EVERY, MAY_TAKE, NOW)


def failed(times: int) -> Part:
    part = PART
    for _ in range(times):
        part = part.after("it broke", NOW, TOOK)
    return part


def test_a_part_that_works_looks_again_after_its_span():
    part = PART.began(NOW).after("", NOW, TOOK)
    assert (part.wait, part.rounds, part.failures, part.began_at) == (EVERY, 1, 0, None)


@given(st.integers(1, 2000))
def test_a_part_that_fails_waits_longer_each_time_and_never_longer_than_five_minutes(times):
    now, then = failed(times), failed(times + 1)
    assert FIRST_WAIT <= now.wait <= then.wait <= LONGEST_WAIT
    assert then.wait == LONGEST_WAIT or then.wait == 2 * now.wait


def test_one_good_round_ends_the_failures_and_they_stay_counted():
    part = failed(3).after("", NOW, TOOK)
    assert (part.wait, part.failures, part.failed_rounds, part.rounds, part.why) == (EVERY, 0, 3, 4, "")


def test_a_part_that_looks_seldom_is_not_asked_oftener_because_it_fails():
    slow = Part("tidy", timedelta(minutes=10), MAY_TAKE, NOW).after("it broke", NOW, TOOK)
    assert slow.wait == timedelta(minutes=10)


def test_a_part_is_late_when_no_round_has_ended_for_far_too_long():
    ended = PART.after("", NOW, TOOK)
    assert not ended.is_late(NOW + timedelta(minutes=2))
    assert ended.is_late(NOW + timedelta(minutes=2, seconds=1))
    assert not ended.began(NOW).is_late(NOW + timedelta(minutes=32)), "a round may take its time"
    assert ended.began(NOW).is_late(NOW + timedelta(minutes=33))
    assert PART.is_late(NOW + timedelta(minutes=3)), "the first round counts from when we began"


def test_a_part_that_waits_after_failures_is_not_late():
    assert not failed(20).is_late(NOW + LONGEST_WAIT + timedelta(minutes=1))


@given(st.timedeltas(timedelta(days=-400), timedelta(days=400)), st.timedeltas(timedelta(0), timedelta(hours=3)))
def test_a_clock_that_jumps_makes_nothing_late_and_nothing_early(by, since):
    for part in (PART, PART.began(NOW), PART.after("", NOW, TOOK), PART.after("", NOW, TOOK).began(NOW)):
        assert part.moved(by).is_late(NOW + since + by) == part.is_late(NOW + since)
