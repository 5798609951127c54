"""How a source is: what the operator is told, and never too early (issue 3, part 7)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.outcome import Failed, Fetched, Found, Outcome, Trouble, Unchanged
from nkwatch.domain.polling import SILENT_AFTER, Health, PollState
from nkwatch.domain.rhythm import DAY, HOUR, SHORTEST_WITHOUT_VALIDATORS
from nkwatch.domain.source import Pace
from nkwatch.domain.watch import Lack, Watch, is_unreadable, was_asked, watch
from tests.making import NOW, entry, source, state

TIMED_OUT = Failed("timed out")
LINE = Failed("no answer", trouble=Trouble.UNREACHED)
SHUT_OUT = Failed("refused", trouble=Trouble.BLOCKED)
TAKEN_AWAY = Failed("410", trouble=Trouble.GONE)
SAME = Unchanged()


def showing(*days: float, etag: str = '"1"') -> Fetched:
    """Entries that are so many days old at NOW."""
    return Fetched(tuple(entry(published=NOW - d * DAY) for d in days), etag=etag)


DAILY = showing(*range(20))


def polled(*outcomes: Outcome, begin: PollState | None = None) -> PollState:
    """The state after polls an hour apart that found what they showed known."""
    one = begin or state()
    for n, outcome in enumerate(outcomes):
        one = one.after(outcome, NOW + n * HOUR, Found(known=5))
    return one


# Trouble


@pytest.mark.parametrize(
    ("outcomes", "health"),
    [
        ([DAILY], Health.OK),
        ([DAILY, TIMED_OUT], Health.OK),
        ([DAILY, TIMED_OUT, TIMED_OUT], Health.FAILING),
        ([DAILY, LINE, TIMED_OUT], Health.FAILING),
        ([DAILY, SHUT_OUT], Health.OK),
        ([DAILY, SHUT_OUT, SHUT_OUT], Health.BLOCKED),
        ([DAILY, TAKEN_AWAY], Health.OK),
        ([DAILY, TAKEN_AWAY, TAKEN_AWAY], Health.GONE),
        # one 410 after other trouble is one 410
        ([DAILY, TIMED_OUT, TAKEN_AWAY], Health.FAILING),
        ([DAILY, TIMED_OUT, TIMED_OUT, TAKEN_AWAY], Health.FAILING),
        ([DAILY, TIMED_OUT, TAKEN_AWAY, TAKEN_AWAY], Health.GONE),
        # one odd answer in between does not change what is the matter
        ([SHUT_OUT, SHUT_OUT, TIMED_OUT], Health.BLOCKED),
        ([SHUT_OUT, SHUT_OUT, TIMED_OUT, TIMED_OUT], Health.FAILING),
        ([SHUT_OUT, SHUT_OUT, DAILY], Health.OK),
        ([TAKEN_AWAY, SAME, TAKEN_AWAY], Health.OK),
    ],
)
def test_one_failure_is_an_accident_and_the_second_in_a_row_a_state(outcomes: list[Outcome], health: Health) -> None:
    assert polled(*outcomes).health is health


def test_two_kinds_of_trouble_by_turns_are_one_state() -> None:
    one, seen = polled(TIMED_OUT, TIMED_OUT), set()
    for n in range(10):
        one = one.after((SHUT_OUT, TIMED_OUT)[n % 2], NOW + n * DAY)
        seen.add((one.health, one.health_since))
    assert len(seen) == 1


# Silence


def fortnights(silent: PollState) -> float:
    """After how many days of "not modified" a source counts as silent."""
    one, now = silent, NOW
    while one.health is Health.OK and now < NOW + 400 * DAY:
        now += DAY / 4
        one = one.after(SAME, now)
    return (now - NOW) / DAY


@pytest.mark.parametrize(
    ("ages", "days"), [(range(20), 14.25), (range(0, 40, 5), 15.25), ([0, 30, 40], 90.25), ([0], 14.25), ([3], 11.25)]
)
def test_a_source_is_silent_after_three_times_its_longest_gap_and_never_before_a_fortnight(
    ages: list[float], days: float
) -> None:
    assert fortnights(polled(showing(*ages))) == days


def test_an_old_source_is_silent_from_its_first_poll_on() -> None:
    assert polled(showing(100, 101, 102)).health is Health.SILENT


def test_one_impossible_date_does_not_make_a_source_safe_from_silence() -> None:
    assert fortnights(polled(showing(0, 1, 2, 21_000))) == 14.25
    assert fortnights(polled(showing(-5_000, 0, 1, 2))) == 14.25


def test_a_source_that_was_always_empty_is_silent_after_a_fortnight() -> None:
    assert fortnights(polled(showing())) == 14.25


def test_a_source_without_dates_is_silent_when_it_shows_nothing_new() -> None:
    undated = Fetched((entry(published=None),), etag='"1"')
    assert fortnights(state().after(undated, NOW, Found(new=1))) == 14.25


def test_something_new_without_a_date_ends_the_silence() -> None:
    quiet = polled(showing(40, 41))
    assert quiet.health is Health.SILENT
    pinned = Fetched((entry(published=None), entry(published=NOW - 40 * DAY)), etag='"1"')
    assert quiet.after(pinned, NOW + DAY, Found(new=1, known=1)).health is Health.OK


def test_a_source_that_takes_its_newest_entry_away_was_not_silent() -> None:
    assert polled(showing(0, 18, 19), showing(18, 19)).health is Health.OK


@given(
    st.lists(st.lists(st.floats(0, 13), max_size=6), min_size=1, max_size=6),
    st.lists(st.sampled_from([SAME, TIMED_OUT]), max_size=6),
)
def test_no_source_is_silent_before_a_fortnight_has_passed(shown: list[list[float]], then: list[Outcome]) -> None:
    one = polled(*(showing(*days) for days in shown))
    latest = one.newest_at or NOW
    for n, outcome in enumerate(then):
        now = latest + SILENT_AFTER * n / 6
        one = one.after(outcome, now)
        assert one.health is not Health.SILENT


def test_a_first_failure_leaves_a_silent_source_silent() -> None:
    assert polled(showing(40, 41), TIMED_OUT).health is Health.SILENT


# Gaps


def gapped(etag: str = '"1"', **fields: object) -> PollState:
    """A source of which nothing shown was known at the last poll."""
    before = state(last_ok_at=NOW - DAY, shown=10, etag=etag, **fields)
    return before.after(showing(*range(10), etag=etag), NOW, Found(new=10))


def test_where_nothing_was_there_at_the_last_poll_something_may_have_been_missed() -> None:
    assert gapped().health is Health.GAP
    assert gapped().after(SAME, NOW + HOUR).health is Health.GAP
    assert gapped().after(DAILY, NOW + HOUR, Found(new=1)).health is Health.GAP
    assert gapped().after(DAILY, NOW + HOUR, Found(new=9, known=1)).health is Health.OK


@pytest.mark.parametrize(
    ("before", "found"),
    [
        (state(), Found(new=10)),
        (state(last_ok_at=NOW, shown=0), Found(new=10)),
        (state(last_ok_at=NOW, shown=1), Found(new=1)),
        (state(last_ok_at=NOW, shown=9), Found(new=9, known=1)),
        (state(last_ok_at=NOW, shown=9), Found()),
    ],
)
def test_a_first_ingest_a_filled_list_a_single_entry_and_an_overlap_are_no_gap(before: PollState, found: Found) -> None:
    assert before.after(DAILY, NOW, found).health is Health.OK


def test_a_gap_halves_the_interval_until_the_next_overlap_but_not_below_an_hour() -> None:
    assert gapped(interval=8 * HOUR).interval == 4 * HOUR
    assert gapped(interval=DAY).interval == 6 * HOUR  # half of the usual interval of twelve
    assert gapped(interval=HOUR).interval == HOUR
    assert gapped(interval=8 * HOUR).after(DAILY, NOW, Found(known=10)).interval == 12 * HOUR


def test_a_gap_does_not_make_us_impolite() -> None:
    assert gapped(etag="", interval=HOUR).due_at >= NOW + SHORTEST_WITHOUT_VALIDATORS
    hourly = gapped().after(DAILY, NOW, Found(new=10), Pace(hourly=True))
    assert hourly.due_at == NOW + HOUR


def test_a_gap_long_ago_does_not_hide_silence() -> None:
    one = gapped()
    for n in range(20):
        one = one.after(SAME, NOW + n * DAY)
    assert one.health is Health.SILENT


# Since when

histories = st.lists(
    st.tuples(
        st.sampled_from([DAILY, SAME, TIMED_OUT, SHUT_OUT, TAKEN_AWAY, LINE, showing(30), showing()]),
        st.builds(Found, st.integers(0, 3), st.integers(0, 3)),
        st.timedeltas(HOUR, 20 * DAY),
    ),
    max_size=20,
)


@given(histories)
def test_the_time_of_a_change_is_kept_until_the_next_change(
    steps: list[tuple[Outcome, Found, timedelta]],
) -> None:
    one, now, changed = state(), NOW, None
    for outcome, found, span in steps:
        now += span
        after = one.after(outcome, now, found)
        changed = now if after.health is not one.health else changed
        assert after.health_since == changed
        one = after


def test_a_judgement_given_twice_changes_nothing() -> None:
    silent = polled(showing(40, 41))
    later: datetime = NOW + DAY
    assert silent.judged(later) == silent


# The watch over all sources


def test_a_source_that_was_never_read_is_unreadable_at_its_first_failure_already() -> None:
    assert not was_asked(state())
    assert not is_unreadable(polled(DAILY, TIMED_OUT))
    for one in (polled(TIMED_OUT), polled(DAILY, SHUT_OUT, SHUT_OUT)):
        assert was_asked(one)
        assert is_unreadable(one)


def test_readers_are_told_of_publishers_and_not_of_sources_that_are_off_or_unknown() -> None:
    ids = {"a1": "Ash", "a2": "Ash", "b": "birch", "c": "Cedar", "d": "Dogwood"}
    sources = {i: source(i, publisher=p, enabled=i != "d") for i, p in ids.items()}
    failing = polled(TIMED_OUT, TIMED_OUT)
    states = [
        replace(failing, source_id="c"),
        replace(failing, source_id="a1"),
        replace(failing, source_id="d"),
        replace(failing, source_id="unknown"),
        replace(polled(DAILY), source_id="a2"),
        replace(polled(showing(40, 41)), source_id="b"),
    ]
    since = NOW + HOUR  # their second failure, as they were never read
    silent = Lack("birch", NOW - 40 * DAY)
    told = Watch(4, 2, silent=(silent,), unreadable=(Lack("Cedar", since),), partly=(Lack("Ash", since),))
    assert watch(states, sources) == watch(reversed(states), sources) == told
    assert watch([state("a1")], sources) == Watch()
