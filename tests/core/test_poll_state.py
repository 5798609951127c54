"""When a source is polled next: never too soon, never given up (promise 6). And where: redirects, other addresses."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.outcome import Failed, Fetched, Found, Outcome, Unchanged
from nkwatch.domain.polling import (
    ADOPTED_FAILURES,
    FULL_EVERY,
    LINE_PAUSE,
    LONGEST_RETRY_AFTER,
    REDESIGN,
    PollState,
    redesigned,
)
from nkwatch.domain.rhythm import DAY, HOUR, SHORTEST_WITHOUT_VALIDATORS, backoff, jitter, usual_interval
from nkwatch.domain.source import Pace, Role, host_of
from tests.making import NOW, entry, polled, source, state

TAGGED = Fetched((), etag='"1"')
OLD, NEW = "https://a.example/feed", "https://new.example/feed"
SOURCE = source("a", url=OLD)

ages = st.timedeltas(timedelta(0), timedelta(days=4000))
entries = st.lists(st.one_of(st.none(), ages), max_size=30).map(
    lambda found: tuple(entry(published=None if a is None else NOW - a) for a in found)
)
spans = st.timedeltas(timedelta(0), timedelta(days=5000))
targets = st.sampled_from(["", NEW, "https://login.example/"])
validators = {
    "etag": st.sampled_from(["", '"1"', 'W/"2"']),
    "last_modified": st.sampled_from(["", "Sun, 22 Nov 2026 07:00:00 GMT"]),
}
fetches = st.builds(Fetched, entries, max_age=spans, moved_to=targets, **validators)
unchanged = st.one_of(
    st.builds(Unchanged, spans, targets), st.builds(Unchanged, spans, targets, full=st.just(value=True), **validators)
)
failures = st.builds(Failed, st.text(max_size=20), retry_after=spans)
outcomes = st.one_of(fetches, unchanged, failures)
founds = st.builds(Found, st.integers(0, 30), st.integers(0, 30))
minutes = st.one_of(st.just(0), st.integers(30, 20_000))
paces = st.builds(Pace, minutes.map(lambda m: timedelta(minutes=m)), st.booleans())
pasts = st.lists(st.tuples(outcomes, founds), max_size=12)
ids = st.text(min_size=1)


def lived(source_id: str, past: list[tuple[Outcome, Found]], pace: Pace) -> PollState:
    """A state with a past: each poll took place as soon as it was due, the last one long ago."""
    polled, now = state(source_id), NOW - timedelta(days=900)
    for outcome, found in past:
        polled = polled.after(outcome, now, found, pace)
        now = polled.due_at
    return polled


# After an answer


@given(pasts, st.one_of(fetches, unchanged), founds, paces, ids)
def test_after_an_answer_no_source_is_asked_sooner_than_politeness_allows(
    past: list[tuple[Outcome, Found]], outcome: Fetched | Unchanged, found: Found, pace: Pace, source_id: str
) -> None:
    after = lived(source_id, past, pace).after(outcome, NOW, found, pace)
    assert after.due_at >= NOW + min(outcome.max_age, DAY)
    assert after.due_at >= NOW + (pace.fixed or HOUR)
    if not pace.fixed and not after.validated:
        assert after.due_at >= NOW + SHORTEST_WITHOUT_VALIDATORS
    assert after.due_at <= NOW + max(pace.fixed, DAY) * 1.1
    assert (after.failures, after.trouble, after.reason, after.last_ok_at) == (0, None, "", NOW)


@given(pasts, st.one_of(fetches, unchanged), founds, ids)
def test_what_may_raise_alerts_is_asked_every_hour_if_it_gives_validators(
    past: list[tuple[Outcome, Found]], outcome: Fetched | Unchanged, found: Found, source_id: str
) -> None:
    hourly = Pace(hourly=True)
    after = lived(source_id, past, hourly).after(outcome, NOW, found, hourly)
    if after.validated:
        assert after.due_at == NOW + max(HOUR, min(outcome.max_age, DAY))


@given(pasts, st.integers(30, 20_000), st.one_of(fetches, unchanged), ids)
def test_the_choice_of_the_operator_goes_before_the_rhythm_of_the_source(
    past: list[tuple[Outcome, Found]], chosen: int, outcome: Fetched | Unchanged, source_id: str
) -> None:
    pace = Pace(timedelta(minutes=chosen), hourly=True)
    after = lived(source_id, past, pace).after(outcome, NOW, pace=pace)
    base = max(pace.fixed, min(outcome.max_age, DAY))
    assert base <= after.due_at - NOW <= base * 1.1


def test_half_an_hour_is_possible_by_explicit_choice_but_not_against_the_word_of_the_publisher() -> None:
    often = Pace(timedelta(minutes=30))
    assert state().after(TAGGED, NOW, pace=often).due_at <= NOW + timedelta(minutes=33)
    assert state().after(Unchanged(3 * HOUR), NOW, pace=often).due_at >= NOW + 3 * HOUR


@pytest.mark.parametrize("outcome", [TAGGED, Fetched(()), Unchanged(), Failed("no")])
def test_sources_with_one_rhythm_are_spread_over_a_tenth_of_it(outcome: Outcome) -> None:
    waits = {state(f"source-{n}", etag='"1"').after(outcome, NOW).due_at - NOW for n in range(100)}
    assert len(waits) == 100
    assert max(waits) <= min(waits) * 1.1


def test_a_source_is_asked_no_sooner_than_it_says() -> None:
    patient = state().after(Fetched((), etag='"1"', max_age=20 * HOUR), NOW)
    assert patient.due_at >= NOW + 20 * HOUR
    assert state(etag='"1"').after(Unchanged(5 * HOUR), NOW).due_at >= NOW + 5 * HOUR


def test_nobody_is_left_alone_for_years_because_a_header_says_so() -> None:
    assert state().after(Fetched((), etag='"1"', max_age=900 * DAY), NOW).due_at <= NOW + DAY * 1.1


def test_where_our_own_line_was_down_a_source_is_asked_again_soon_and_not_blamed() -> None:
    before = state(failures=3, reason="timed out", etag='"1"', health_since=NOW)
    after = before.put_off(NOW)
    assert NOW + LINE_PAUSE <= after.due_at <= NOW + 2 * LINE_PAUSE
    assert after == replace(before, due_at=after.due_at)


# After a failure


@given(pasts, failures, paces, ids)
def test_a_failing_source_is_asked_again_within_a_day_unless_it_asks_for_more(
    past: list[tuple[Outcome, Found]], failed: Failed, pace: Pace, source_id: str
) -> None:
    polled = lived(source_id, past, pace)
    after = polled.after(failed, NOW, pace=pace)
    asked = min(failed.retry_after, LONGEST_RETRY_AFTER)
    assert max(backoff(after.failures), asked) <= after.due_at - NOW <= max(DAY, asked) * 1.1
    assert (after.failures, after.reason) == (polled.failures + 1, failed.reason)
    assert (after.last_ok_at, after.moved_to, after.moved_seen) == (
        polled.last_ok_at, polled.moved_to, polled.moved_seen,
    )  # fmt: skip


@given(st.integers(1, 100_000))
def test_no_number_of_failures_makes_a_source_wait_longer_than_a_day(count: int) -> None:
    assert HOUR <= backoff(count) <= DAY


def test_a_poll_was_answered_where_the_source_was_asked_and_did_not_fail() -> None:
    assert polled(at=NOW).answered
    assert not polled(state=state("a", failures=1), at=NOW).answered
    assert not polled().answered


def test_failures_double_the_wait() -> None:
    assert [backoff(n) // HOUR for n in range(1, 8)] == [1, 2, 4, 8, 16, 24, 24]


def test_a_failure_keeps_the_validators() -> None:
    after = state(etag='"1"', last_modified="yesterday").after(Failed("timed out"), NOW)
    assert (after.etag, after.last_modified) == ('"1"', "yesterday")


# Jitter


@given(st.text())
def test_jitter_is_a_fraction_and_always_the_same(source_id: str) -> None:
    assert 0 <= jitter(source_id) < 1
    assert jitter(source_id) == jitter(source_id)


def test_jitter_spreads_sources_and_is_the_same_in_every_process() -> None:
    tenths = {int(jitter(f"source-{n}") * 10) for n in range(100)}
    assert tenths == set(range(10))
    assert jitter("source-1") == pytest.approx(0.99864, abs=1e-5)


# The rhythm of a source


def every(span: timedelta, count: int = 10) -> list[datetime]:
    """Dates of entries that came at equal distances."""
    return [NOW - span * n for n in range(count)]


def test_a_source_without_validators_is_asked_at_most_every_six_hours() -> None:
    assert usual_interval(every(timedelta(minutes=1)), validated=False) == 6 * HOUR
    assert usual_interval(every(timedelta(minutes=1)), validated=True) == HOUR


def test_the_interval_is_half_the_usual_gap_between_the_newest_entries() -> None:
    assert usual_interval(every(7 * DAY), validated=True) == DAY
    assert usual_interval(every(16 * HOUR), validated=True) == 8 * HOUR


def test_old_entries_do_not_slow_a_source_that_publishes_often_now() -> None:
    dates = [*every(365 * DAY, 25)[1:], *every(4 * HOUR, 21)]
    assert usual_interval(dates, validated=True) == 2 * HOUR


@pytest.mark.parametrize("dates", [[], [NOW]])
def test_a_source_whose_rhythm_is_unknown_is_asked_every_six_hours(dates: list[datetime]) -> None:
    assert usual_interval(dates, validated=True) == 6 * HOUR


def test_impossible_dates_say_nothing_about_the_rhythm() -> None:
    mad = [NOW + 5000 * DAY * n for n in range(1, 9)] + [NOW - 40_000 * DAY]
    shown = tuple(entry(published=d) for d in [*mad, *every(4 * HOUR, 21)])
    after = state().after(Fetched(shown, etag='"1"'), NOW)
    assert (after.interval, after.longest_gap, after.newest_at) == (2 * HOUR, 4 * HOUR, NOW)


def test_unchanged_keeps_interval_and_validators() -> None:
    before = state(interval=4 * HOUR, etag='"1"', last_new_at=NOW - DAY, failures=3, reason="timed out")
    after = before.after(Unchanged(), NOW)
    assert (after.interval, after.etag, after.last_new_at, after.failures) == (4 * HOUR, '"1"', NOW - DAY, 0)
    assert after.due_at >= NOW + 4 * HOUR


# Validators


def test_validators_are_kept_verbatim_and_forgotten_when_they_are_gone() -> None:
    tagged = state().after(Fetched((), etag='W/"x"', last_modified="yesterday"), NOW)
    assert (tagged.etag, tagged.last_modified) == ('W/"x"', "yesterday")
    assert tagged.after(Fetched(()), NOW).etag == ""


def test_the_same_bytes_with_other_validators_bring_them_in_step() -> None:
    before = state(etag='"1"', last_modified="yesterday")
    assert before.after(Unchanged(full=True, etag='"2"'), NOW).etag == '"2"'
    assert before.after(Unchanged(full=True, etag='"2"'), NOW).last_modified == ""
    assert before.after(Unchanged(etag='"2"'), NOW).etag == '"2"'


def test_a_source_that_gives_no_validators_any_more_is_asked_less_often() -> None:
    after = state(etag='"1"').after(Unchanged(full=True), NOW, pace=Pace(hourly=True))
    assert not after.validated
    assert after.due_at >= NOW + SHORTEST_WITHOUT_VALIDATORS


def test_a_stuck_not_modified_is_left_out_once_a_week_and_not_more_often() -> None:
    polled, unconditional, now = state().after(TAGGED, NOW), [], NOW
    while now < NOW + 30 * DAY:
        now = polled.due_at
        if polled.conditional(now):
            polled = polled.after(Unchanged(), now)
        else:
            unconditional.append(now)
            polled = polled.after(Unchanged(full=True, etag='"1"'), now)
    gaps = [later - earlier for earlier, later in zip([NOW, *unconditional], unconditional, strict=False)]
    assert len(unconditional) == 4
    assert all(FULL_EVERY <= gap <= FULL_EVERY + DAY for gap in gaps)


def test_the_first_poll_and_one_without_validators_are_unconditional() -> None:
    assert not state().conditional(NOW)
    assert not state(etag='"1"').conditional(NOW)
    assert not state(full_at=NOW).conditional(NOW)
    assert state(last_modified="yesterday", full_at=NOW).conditional(NOW)


# What is remembered


def test_the_last_time_that_something_was_new_is_remembered() -> None:
    before = state(last_new_at=NOW - DAY)
    assert before.after(Fetched(()), NOW).last_new_at == NOW - DAY
    assert before.after(Fetched(()), NOW, Found(new=1)).last_new_at == NOW


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


def test_what_belonged_to_another_address_is_forgotten() -> None:
    before = state(
        url="https://old.example/feed", adopted=NEW, etag='"1"', last_modified="yesterday", body="00", shown=3,
        full_at=NOW, failures=4, moved_to=NEW, moved_at=NOW, moved_seen=2, last_ok_at=NOW, last_new_at=NOW,
        newest_at=NOW, longest_gap=DAY, interval=3 * HOUR, health_since=NOW,
    )  # fmt: skip
    after = before.about(SOURCE)
    assert after == state(
        url=OLD, last_ok_at=NOW, last_new_at=NOW, newest_at=NOW, longest_gap=DAY, interval=3 * HOUR, health_since=NOW
    )
    assert not after.conditional(NOW)
    assert after.address(SOURCE) == OLD


def test_a_state_of_the_same_address_stays_and_one_of_no_address_gets_it() -> None:
    tagged = state(etag='"1"')
    assert tagged.about(SOURCE) == replace(tagged, url=OLD)
    assert tagged.about(SOURCE).about(SOURCE) == replace(tagged, url=OLD)


# Redirects


def redirected(*polls: tuple[int, Outcome, int], begin: PollState | None = None) -> PollState:
    """The state after polls on these days that found so many known items."""
    polled = begin or state(url=OLD, etag='"1"', last_ok_at=NOW)
    for day, outcome, known in polls:
        polled = polled.after(outcome, NOW + day * DAY, Found(known=known, since=NOW - DAY if known else None))
    return polled


MOVED, MOVED_304 = Fetched((entry(),), etag='"1"', moved_to=NEW), Unchanged(moved_to=NEW)
LOGIN = Fetched((entry(),), moved_to="https://login.example/")


@pytest.mark.parametrize(
    ("polls", "adopted"),
    [
        ([(0, MOVED, 5), (3, MOVED, 5), (7, MOVED, 5)], True),
        ([(0, MOVED_304, 0), (3, MOVED_304, 0), (7, MOVED, 5)], True),
        # too soon, too seldom
        ([(0, MOVED, 5), (3, MOVED, 5), (6, MOVED, 5)], False),
        ([(0, MOVED, 5), (9, MOVED, 5)], False),
        # nothing that we know
        ([(0, LOGIN, 0), (3, LOGIN, 0), (7, LOGIN, 0), (70, LOGIN, 0)], False),
        # a 304 shows nothing at all
        ([(0, MOVED_304, 0), (3, MOVED_304, 0), (7, MOVED_304, 0)], False),
        # in between it led elsewhere, or nowhere
        ([(0, MOVED, 5), (3, LOGIN, 0), (5, MOVED, 5), (7, MOVED, 5)], False),
        ([(0, MOVED, 5), (3, TAGGED, 5), (5, MOVED, 5), (7, MOVED, 5)], False),
        ([(0, MOVED, 5), (3, Unchanged(), 0), (5, MOVED, 5), (7, MOVED, 5)], False),
        # a failure says nothing about where it leads
        ([(0, MOVED, 5), (3, Failed("timed out"), 0), (5, MOVED, 5), (7, MOVED, 5)], True),
    ],
)
def test_a_redirect_is_adopted_when_it_lasts_and_leads_to_what_we_know(
    polls: list[tuple[int, Outcome, int]], adopted: bool
) -> None:
    assert redirected(*polls).address(SOURCE) == (NEW if adopted else OLD)


@given(st.lists(st.tuples(st.integers(0, 5), st.one_of(fetches, unchanged, failures)), max_size=25))
def test_no_redirect_without_known_items_is_ever_adopted(steps: list[tuple[int, Outcome]]) -> None:
    polled, now = state(url=OLD), NOW
    for days, outcome in steps:
        now += days * DAY
        polled = polled.after(outcome, now, Found(new=3))
        assert polled.address(SOURCE) == OLD


def test_an_adopted_address_that_fails_five_times_is_given_back_with_its_validators() -> None:
    moved = redirected((0, MOVED, 5), (3, MOVED, 5), (7, MOVED, 5))
    assert (moved.adopted, moved.moved_to, moved.moved_seen) == (NEW, "", 0)
    almost = redirected(*[(8 + n, Failed("gone"), 0) for n in range(ADOPTED_FAILURES - 1)], begin=moved)
    assert almost.address(SOURCE) == NEW
    assert redirected((20, TAGGED, 5), begin=almost).address(SOURCE) == NEW
    back = redirected((20, Failed("gone"), 0), begin=almost)
    assert back.address(SOURCE) == OLD
    assert (back.validated, back.body) == (False, "")


# The source


@pytest.mark.parametrize(
    ("url", "within"),
    [
        ("https://a.example/1", True),
        ("https://www.A.example/1", True),
        ("https://nota.example/1", False),
        ("https://a.example.evil.example/1", False),
        ("https://[bad/1", False),
        ("", False),
    ],
)
def test_a_source_covers_its_domains_and_what_lies_below_them(url: str, within: bool) -> None:
    assert source(domains=("a.example",)).covers(url) is within
    assert source().covers(url)


def test_an_address_names_a_host_or_none() -> None:
    assert source(url="https://A.example:8080/feed").host == "a.example"
    assert host_of("maildir:/var/mail") == host_of("https://[bad") == ""


def test_who_speaks_for_itself_is_asked_hourly_and_others_at_their_own_rhythm() -> None:
    assert source(role=Role.STATEMENT).pace == source(alerts=True).pace == Pace(hourly=True)
    assert source(role=Role.PRESS, minutes=45).pace == Pace(timedelta(minutes=45))


def test_what_may_raise_alerts_is_never_left_for_longer_than_an_hour_not_even_after_its_first_poll() -> None:
    fetched, hourly = Fetched((entry(),), etag='"1"'), Pace(hourly=True)
    first = [state(f"s{n}").after(fetched, NOW, Found(new=1), hourly) for n in range(12)]
    again = [one.after(Unchanged(), one.due_at, None, hourly) for one in first]
    assert {one.due_at for one in first} == {NOW + HOUR}
    assert {one.due_at for one in again} == {NOW + 2 * HOUR}


@given(st.text(min_size=1), st.timedeltas(timedelta(seconds=1), timedelta(days=7)))
def test_the_sources_of_a_host_that_rests_come_back_after_the_rest_and_not_all_at_once(
    source_id: str, rest: timedelta
) -> None:
    put_off = state(source_id).resting(NOW + rest, NOW)
    assert NOW + rest <= put_off.due_at <= NOW + 1.1 * rest
    assert replace(put_off, due_at=NOW) == state(source_id), "nothing is held against it"
