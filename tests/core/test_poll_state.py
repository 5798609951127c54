"""When a source is polled next: never too soon, never given up (promise 6)."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import (
    DAY,
    HOUR,
    LONGEST_RETRY_AFTER,
    REDESIGN,
    Failed,
    Fetched,
    Outcome,
    PollState,
    Unchanged,
    backoff,
    jitter,
    redesigned,
    usual_interval,
)
from tests.making import NOW, entry, state

ages = st.timedeltas(timedelta(0), timedelta(days=4000))
entries = st.lists(st.one_of(st.none(), ages), max_size=30).map(
    lambda found: tuple(entry(published=None if a is None else NOW - a) for a in found)
)
max_ages = st.timedeltas(timedelta(0), timedelta(days=5000))
fetches = st.builds(
    Fetched,
    entries,
    etag=st.sampled_from(["", '"1"']),
    last_modified=st.sampled_from(["", "Sun, 22 Nov 2026 07:00:00 GMT"]),
    max_age=max_ages,
)
failures = st.builds(Failed, st.text(max_size=20), retry_after=max_ages)
outcomes = st.one_of(fetches, st.builds(Unchanged, max_ages), failures)


@given(st.lists(outcomes, max_size=12), st.one_of(fetches, st.builds(Unchanged, max_ages)), st.text(min_size=1))
def test_after_a_success_a_source_is_left_alone_for_an_hour_at_least_and_a_day_at_most(
    past: list[Outcome], outcome: Outcome, source_id: str
) -> None:
    polled = _after(state(source_id), past)
    after = polled.after(outcome, NOW)
    assert NOW + HOUR <= after.due_at <= NOW + DAY * 1.1
    assert (after.failures, after.reason, after.last_ok_at) == (0, "", NOW)


@given(st.lists(outcomes, max_size=12), failures, st.text(min_size=1))
def test_a_failing_source_is_asked_again_within_a_day_unless_it_asks_for_more(
    past: list[Outcome], failed: Failed, source_id: str
) -> None:
    polled = _after(state(source_id), past)
    after = polled.after(failed, NOW)
    longest = max(DAY, min(failed.retry_after, LONGEST_RETRY_AFTER)) * 1.1
    assert NOW + HOUR <= after.due_at <= NOW + longest
    assert after.due_at >= NOW + min(failed.retry_after, LONGEST_RETRY_AFTER)
    assert (after.failures, after.reason) == (polled.failures + 1, failed.reason)
    assert (after.etag, after.last_ok_at) == (polled.etag, polled.last_ok_at)


@given(st.integers(1, 100_000))
def test_no_number_of_failures_makes_a_source_wait_longer_than_a_day(count: int) -> None:
    assert HOUR <= backoff(count) <= DAY


def test_failures_double_the_wait() -> None:
    assert [backoff(n) // HOUR for n in range(1, 8)] == [1, 2, 4, 8, 16, 24, 24]


@given(st.text())
def test_jitter_is_a_fraction_and_always_the_same(source_id: str) -> None:
    assert 0 <= jitter(source_id) < 1
    assert jitter(source_id) == jitter(source_id)


def test_jitter_spreads_sources_and_is_the_same_in_every_process() -> None:
    tenths = {int(jitter(f"source-{n}") * 10) for n in range(100)}
    assert tenths == set(range(10))
    assert jitter("source-1") == pytest.approx(0.99864, abs=1e-5)


def test_a_source_without_validators_is_asked_at_most_every_six_hours() -> None:
    shown = tuple(entry(published=NOW - timedelta(minutes=n)) for n in range(10))
    assert usual_interval(Fetched(shown)) == 6 * HOUR
    assert usual_interval(Fetched(shown, etag='"1"')) == HOUR
    assert usual_interval(Fetched(shown, last_modified="Sun, 22 Nov 2026 07:00:00 GMT")) == HOUR


def test_the_interval_is_half_the_usual_gap_between_the_newest_entries() -> None:
    weekly = tuple(entry(published=NOW - timedelta(days=7 * n)) for n in range(10))
    assert usual_interval(Fetched(weekly, etag='"1"')) == DAY
    daily = tuple(entry(published=NOW - timedelta(hours=16 * n)) for n in range(10))
    assert usual_interval(Fetched(daily, etag='"1"')) == 8 * HOUR


def test_old_entries_do_not_slow_a_source_that_publishes_often_now() -> None:
    busy = [entry(published=NOW - timedelta(hours=4 * n)) for n in range(21)]
    long_ago = [entry(published=NOW - timedelta(days=365 * n)) for n in range(1, 25)]
    assert usual_interval(Fetched((*long_ago, *busy), etag='"1"')) == 2 * HOUR


@pytest.mark.parametrize("shown", [(), (entry(published=None),), (entry(),)])
def test_a_source_whose_rhythm_is_unknown_is_asked_every_six_hours(shown: tuple) -> None:  # type: ignore[type-arg]
    assert usual_interval(Fetched(shown, etag='"1"')) == 6 * HOUR


def test_a_source_is_asked_no_sooner_than_it_says() -> None:
    patient = state().after(Fetched((), etag='"1"', max_age=20 * HOUR), NOW)
    assert patient.due_at >= NOW + 20 * HOUR
    assert state().after(Unchanged(5 * HOUR), NOW).due_at >= NOW + 5 * HOUR


def test_unchanged_keeps_interval_and_validators() -> None:
    before = state(interval=4 * HOUR, etag='"1"', last_new_at=NOW - DAY, failures=3, reason="timed out")
    after = before.after(Unchanged(), NOW)
    assert (after.interval, after.etag, after.last_new_at, after.failures) == (4 * HOUR, '"1"', NOW - DAY, 0)
    assert after.due_at >= NOW + 4 * HOUR


def test_validators_are_kept_verbatim_and_forgotten_when_they_are_gone() -> None:
    tagged = state().after(Fetched((), etag='W/"x"', last_modified="yesterday"), NOW)
    assert (tagged.etag, tagged.last_modified) == ('W/"x"', "yesterday")
    assert tagged.after(Fetched(()), NOW).etag == ""


def test_the_last_time_that_something_was_new_is_remembered() -> None:
    before = state(last_new_at=NOW - DAY)
    assert before.after(Fetched(()), NOW).last_new_at == NOW - DAY
    assert before.after(Fetched(()), NOW, new=1).last_new_at == NOW


def test_the_first_ingest_lasts_until_a_poll_has_succeeded() -> None:
    fresh = state()
    assert fresh.first_ingest
    assert fresh.after(Failed("timed out"), NOW).first_ingest
    assert not fresh.after(Fetched(()), NOW).first_ingest


@pytest.mark.parametrize(
    ("unknown", "shown", "rebuilt"),
    [(20, 20, True), (11, 20, True), (10, 20, False), (REDESIGN, REDESIGN, True), (REDESIGN - 1, REDESIGN - 1, False)],
)
def test_where_most_of_many_entries_are_unknown_the_site_was_rebuilt(unknown: int, shown: int, rebuilt: bool) -> None:
    assert redesigned(unknown, shown) is rebuilt


def _after(begin: PollState, past: list[Outcome]) -> PollState:
    polled, now = begin, NOW - timedelta(days=900)
    for outcome in past:
        polled = polled.after(outcome, now)
        assert isinstance(polled.due_at, datetime)
        now = polled.due_at
    return polled
