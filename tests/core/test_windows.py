"""When windows close: for every zone, rhythm and sequence of instants, without gap or overlap (promise 4)."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.editing.windows import SILENCE, beginning, closed_window, last_closing, lull, next_closing
from tests.making import NOW, at, subscriber

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


# ---- every zone, over years (promise 4)

ZONES = sorted(available_timezones())
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def closings(schedule: Schedule, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Every closing instant after `begin` up to and with `end`."""
    closing = next_closing(schedule, begin)
    while closing and closing <= end:
        yield closing
        closing = next_closing(schedule, closing)


def test_in_every_zone_a_year_has_each_of_its_weeks_and_months_once_forwards_and_backwards() -> None:
    begin, end = at("2027-12-31T12:00"), at("2028-12-31T12:00")
    for number, zone in enumerate(ZONES):
        weekly = Schedule(Rhythm.WEEKLY, number % 24, zone, weekday=number % 7)
        monthly = Schedule(Rhythm.MONTHLY, number % 24, zone, monthday=31)
        for schedule, least in ((weekly, 52), (monthly, 12)):
            found = list(closings(schedule, begin, end))
            assert least <= len(found) <= least + 1, zone
            assert len({c.astimezone(ZoneInfo(zone)).date() for c in found}) == len(found), zone
            for earlier, later in itertools.pairwise(found):
                assert last_closing(schedule, later - timedelta(microseconds=1)) == earlier, zone


def changes(zone: str, begin: date, days: int) -> Iterator[date]:
    """The days on which the clocks of a zone change."""
    offsets = [datetime.combine(begin + n * DAY, time(), ZoneInfo(zone)).utcoffset() for n in range(days + 1)]
    return (begin + n * DAY for n in range(days) if offsets[n] != offsets[n + 1])


def test_in_every_zone_each_day_on_which_clocks_change_closes_once() -> None:
    """The hour may be left out, or occur twice; a whole day was left out in Samoa in 2011."""
    seen = 0
    apia = [("Pacific/Apia", date(2011, 12, 29))]
    for zone, day in [*apia, *((z, d) for z in ZONES for d in changes(z, date(2026, 1, 1), 365))]:
        noon = datetime.combine(day - 3 * DAY, time(12), ZoneInfo(zone)).astimezone(UTC)
        for hour in (0, 1, 2, 3, 23):
            schedule = Schedule(Rhythm.DAILY, hour, zone)
            several = list(closings(schedule, noon, noon + 6 * DAY))
            waits = {later - earlier for earlier, later in itertools.pairwise(several)}
            assert all(22 * HOUR <= wait <= 26 * HOUR for wait in waits), (zone, day, hour)
            assert 5 <= len(several) <= 7
        seen += 1
    assert seen > 100


class Life:
    """Somebody who reads for years: schedules change, the machine sleeps, its clock is wrong and set right."""

    def __init__(self, zone: str) -> None:
        self.chance = random.Random(zone)
        self.now = at("2024-02-27T12:00") + self.chance.randrange(400) * HOUR
        self.schedule = self.another(zone)
        self.covered = beginning(self.schedule, self.now)
        self.written = self.covered
        self.windows: list[Window] = []
        self.gaps: set[datetime] = set()

    def another(self, zone: str) -> Schedule:
        chance = self.chance
        rhythm = chance.choice((*DIGESTS, *DIGESTS, Rhythm.NONE))
        return Schedule(rhythm, chance.randrange(24), zone, chance.randrange(7), chance.randint(1, 31))

    def step(self) -> None:
        chance = self.chance
        what = chance.random()
        if what < 0.15:  # the clock is set back
            self.now -= timedelta(seconds=chance.choice((1, 3600, 86_400, 40 * 86_400)))
        elif what < 0.4:
            self.choose(self.another(chance.choice((self.schedule.zone, chance.choice(ZONES)))))
        else:
            self.now += timedelta(seconds=chance.choice((1, 3600, 86_400, 7 * 86_400, 31 * 86_400, 400 * 86_400)))
        self.close()

    def choose(self, schedule: Schedule) -> None:
        """As the workflow and the store do it: what was not covered meanwhile is not made up."""
        if self.schedule.rhythm is Rhythm.NONE:
            self.covered = max(beginning(schedule, self.now), self.written)
            self.gaps.add(self.covered)
        self.schedule = schedule

    def close(self) -> None:
        window = closed_window(self.schedule, self.covered, self.now)
        if window:
            self.windows.append(window)
            self.covered = self.written = window.end
            assert window.start < window.end <= self.now
        assert closed_window(self.schedule, self.covered, self.now) is None
        following = next_closing(self.schedule, self.covered)
        assert following is None or following > min(self.now, self.covered)
        assert following is None or following > self.now or self.covered > self.now


def test_in_every_zone_the_windows_of_years_leave_no_gap_and_never_overlap() -> None:
    total = 0
    for zone in ZONES:
        life = Life(zone)
        for _ in range(40):
            life.step()
        for earlier, later in itertools.pairwise(life.windows):
            assert earlier.end <= later.start, zone
            assert earlier.end == later.start or later.start in life.gaps, zone
        total += len(life.windows)
    assert total > 5 * len(ZONES)


@given(
    schedules,
    instants,
    st.timedeltas(timedelta(0), timedelta(days=3000)),
    st.timedeltas(timedelta(0), timedelta(days=3000)),
)
def test_a_clock_that_ran_ahead_and_is_set_right_delays_a_window_and_loses_none(
    schedule: Schedule, now: datetime, ahead: timedelta, later: timedelta
) -> None:
    covered = beginning(schedule, now)
    first = closed_window(schedule, covered, now + ahead)
    covered = first.end if first else covered
    second = closed_window(schedule, covered, now + later)
    assert second is None or (second.start == covered and second.end > covered)
    due = next_closing(schedule, max(covered, now + later))
    assert due is not None
    third = closed_window(schedule, second.end if second else covered, due)
    assert third is not None
    assert third.start == (second.end if second else covered)


# ---- when nothing is found


WEEK = Window(NOW - timedelta(days=7), NOW)
#: A mail is written some seconds after its window closed.
SOON = timedelta(seconds=40)


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"heard_at": NOW - SILENCE}, True),
        ({"heard_at": NOW - SILENCE + SOON}, True),
        ({"heard_at": NOW - SILENCE + HOUR + SOON}, True),
        ({"heard_at": NOW - SILENCE + DAY}, False),
        ({"heard_at": NOW - SILENCE, "lull": False}, False),
        # nothing is known of when something was written: where the window begins counts
        ({"covered_until": NOW - SILENCE}, True),
        ({"covered_until": NOW - timedelta(days=7)}, False),
        ({"heard_at": NOW - DAY, "covered_until": NOW - SILENCE}, False),
        # somebody who is back from a pause
        ({"heard_at": NOW - 2 * SILENCE, "paused_until": NOW - DAY}, False),
        ({"heard_at": NOW - 2 * SILENCE, "paused_until": NOW - SILENCE}, True),
        ({"heard_at": NOW - SILENCE, "paused_until": NOW - 2 * SILENCE}, True),
        ({"heard_at": NOW - 2 * SILENCE, "paused_until": NOW + DAY}, False),
    ],
)
def test_who_wants_it_hears_after_three_weeks_that_nothing_was_found(fields: dict[str, object], told: bool) -> None:
    heard_at = fields.pop("heard_at", None)
    reader = replace(subscriber(**({"lull": True} | fields)), heard_at=heard_at)
    assert lull(reader, WEEK) is told


@pytest.mark.parametrize(
    ("schedule", "every"),
    [(Schedule(Rhythm.DAILY), 21), (Schedule(Rhythm.WEEKLY), 21), (Schedule(Rhythm.MONTHLY), 30)],
)
def test_the_notice_comes_again_after_as_long(schedule: Schedule, every: int) -> None:
    confirmed = at("2026-01-05T09:00")
    reader = subscriber(schedule=schedule, lull=True, covered_until=beginning(schedule, confirmed))
    reader, notices = replace(reader, heard_at=confirmed), []
    for closing in closings(schedule, reader.covered_until, at("2026-12-31T12:00")):
        window = Window(reader.covered_until, closing)
        told = lull(reader, window)
        notices += [closing] * told
        reader = replace(reader, covered_until=closing, heard_at=closing + SOON if told else reader.heard_at)
    waits = [(later - earlier).days for earlier, later in itertools.pairwise(notices)]
    assert len(notices) > 10
    assert all(every - 2 <= wait <= every + 1 for wait in waits)
