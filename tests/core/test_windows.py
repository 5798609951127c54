"""When windows close: for every zone, rhythm and sequence of instants, without gap or overlap (promise 4)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.editing.windows import beginning, closed_window, last_closing, next_closing
from tests.making import at

DIGESTS = (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY)
#: Zones that once left out a day, shift by half an hour, change at midnight, or change the other way round.
ODD = ("Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "Europe/Dublin", "Africa/Casablanca", "Asia/Pyongyang")

zones = st.one_of(st.sampled_from(ODD), st.sampled_from(sorted(available_timezones())))
schedules = st.builds(
    Schedule,
    rhythm=st.sampled_from(DIGESTS),
    hour=st.integers(0, 23),
    zone=zones,
    weekday=st.integers(0, 6),
    monthday=st.integers(1, 31),
)
instants = st.datetimes(datetime(2010, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
spans = st.one_of(
    st.timedeltas(timedelta(seconds=1), timedelta(hours=30)),
    st.timedeltas(timedelta(days=1), timedelta(days=70)),
    st.timedeltas(timedelta(days=300), timedelta(days=1500)),
)


@given(schedules, instants)
@example(Schedule(Rhythm.DAILY, 7, "Pacific/Apia"), at("2011-12-30T12:00"))
@example(Schedule(Rhythm.DAILY, 2, "Europe/Berlin"), at("2026-03-29T00:30"))
@example(Schedule(Rhythm.DAILY, 2, "Europe/Berlin"), at("2026-10-25T01:30"))
@example(Schedule(Rhythm.MONTHLY, 7, "UTC", monthday=29), at("2028-02-28T12:00"))
def test_the_next_closing_is_later_and_the_last_is_not(schedule: Schedule, instant: datetime) -> None:
    following, latest = next_closing(schedule, instant), last_closing(schedule, instant)
    assert following is not None
    assert latest is not None
    assert latest <= instant < following


@given(schedules, instants)
def test_between_the_last_closing_and_the_next_there_is_none(schedule: Schedule, instant: datetime) -> None:
    following, latest = next_closing(schedule, instant), last_closing(schedule, instant)
    assert latest is not None
    assert next_closing(schedule, latest) == following
    assert following is not None
    assert last_closing(schedule, following - timedelta(microseconds=1)) == latest
    assert last_closing(schedule, following) == following


@given(schedules, instants)
def test_a_closing_stands_at_the_chosen_hour_unless_the_clocks_leave_it_out(
    schedule: Schedule, instant: datetime
) -> None:
    closing = next_closing(schedule, instant)
    assert closing is not None
    local = closing.astimezone(ZoneInfo(schedule.zone))
    left_out = local.utcoffset() != (local - timedelta(hours=25)).utcoffset()
    assert local.hour == schedule.hour or left_out


@given(schedules, instants, st.lists(spans, min_size=1, max_size=12))
def test_windows_follow_each_other_without_gap_or_overlap_whatever_the_downtime(
    schedule: Schedule, begin: datetime, waits: list[timedelta]
) -> None:
    covered, now = begin, begin
    for wait in waits:
        now += wait
        window = closed_window(schedule, covered, now)
        if window is None:
            assert (next_closing(schedule, covered) or now) > now
            continue
        assert window.start == covered
        assert covered < window.end <= now
        assert (next_closing(schedule, window.end) or now) > now, "nothing that has closed is left behind"
        covered = window.end
        assert closed_window(schedule, covered, now) is None, "nothing is sent twice"


@given(instants, st.lists(st.tuples(schedules, spans), min_size=1, max_size=10))
def test_a_change_of_rhythm_hour_or_zone_in_between_skips_nothing_and_repeats_nothing(
    begin: datetime, steps: list[tuple[Schedule, timedelta]]
) -> None:
    covered, now = begin, begin
    for schedule, wait in steps:
        now += wait
        window = closed_window(schedule, covered, now)
        if window:
            assert window.start == covered
            assert covered < window.end <= now
            covered = window.end
    assert begin <= covered <= now


@given(schedules, instants, st.timedeltas(timedelta(0), timedelta(days=3)))
def test_a_clock_that_is_set_back_closes_nothing_again(schedule: Schedule, now: datetime, back: timedelta) -> None:
    window = closed_window(schedule, now - timedelta(days=400), now)
    assert window is not None
    assert closed_window(schedule, window.end, now - back) is None


@given(st.builds(Schedule, rhythm=st.just(Rhythm.NONE), zone=zones), instants)
def test_without_a_rhythm_nothing_ever_closes(schedule: Schedule, instant: datetime) -> None:
    assert next_closing(schedule, instant) is None
    assert last_closing(schedule, instant) is None
    assert closed_window(schedule, instant - timedelta(days=999), instant) is None


def test_years_of_downtime_make_one_window_and_not_many() -> None:
    weekly = Schedule(Rhythm.WEEKLY, 7, "Asia/Seoul", weekday=0)
    window = closed_window(weekly, at("2020-01-05T22:00"), at("2026-11-22T07:00"))
    assert window == Window(at("2020-01-05T22:00"), at("2026-11-15T22:00"))


@pytest.mark.parametrize(
    ("monthday", "after", "closes"),
    [
        (31, "2026-04-02T00:00", "2026-04-30T07:00"),
        (29, "2026-02-02T00:00", "2026-02-28T07:00"),
        (29, "2028-02-02T00:00", "2028-02-29T07:00"),
        (31, "2026-12-02T00:00", "2026-12-31T07:00"),
    ],
)
def test_a_month_without_that_day_closes_on_its_last(monthday: int, after: str, closes: str) -> None:
    assert next_closing(Schedule(Rhythm.MONTHLY, 7, "UTC", monthday=monthday), at(after)) == at(closes)


def test_a_week_closes_on_its_weekday_in_the_readers_own_zone() -> None:
    # Monday 7:00 in Auckland is still Sunday in UTC
    auckland = Schedule(Rhythm.WEEKLY, 7, "Pacific/Auckland", weekday=0)
    assert next_closing(auckland, at("2026-11-20T00:00")) == at("2026-11-22T18:00")


def test_an_hour_that_summer_time_leaves_out_still_closes_once_that_day() -> None:
    berlin = Schedule(Rhythm.DAILY, 2, "Europe/Berlin")
    closings = [at("2026-03-28T00:00")]
    for _ in range(3):
        closings.append(next_closing(berlin, closings[-1]) or closings[-1])
    assert closings[1:] == [at("2026-03-28T01:00"), at("2026-03-29T01:00"), at("2026-03-30T00:00")]


def test_an_hour_that_occurs_twice_closes_at_its_first() -> None:
    berlin = Schedule(Rhythm.DAILY, 2, "Europe/Berlin")
    assert next_closing(berlin, at("2026-10-24T12:00")) == at("2026-10-25T00:00")
    assert next_closing(berlin, at("2026-10-25T00:00")) == at("2026-10-26T01:00")


@given(schedules, instants)
def test_the_first_window_of_somebody_who_confirms_is_one_whole_rhythm(schedule: Schedule, now: datetime) -> None:
    begin = beginning(schedule, now)
    assert closed_window(schedule, begin, now) is None, "nothing comes before the next closing instant"
    closing = next_closing(schedule, now)
    if closing is None:
        assert begin == now
    else:
        assert closed_window(schedule, begin, closing) == Window(begin, closing)
        assert next_closing(schedule, begin) == closing
