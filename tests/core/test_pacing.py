"""When an alert leaves for one reader: for every zone, quiet hours, cap and sequence of alerts."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.domain.alert import Pace
from nkwatch.domain.subscriber import Choice, QuietHours, Rhythm, Schedule
from nkwatch.editing.pacing import NEVER_SO_LONG, TOGETHER, paced
from tests.making import NOW, at, choice

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)


def of(quiet: tuple[int, int] | None = None, zone: str = "UTC", rhythm: Rhythm = Rhythm.WEEKLY) -> Choice:
    """What a reader chose who has quiet hours or none."""
    return choice(schedule=Schedule(rhythm, zone=zone), quiet=QuietHours(*quiet) if quiet else None)


def leaving(reader: Choice, *alerts: str, per_day: int = 5) -> list[str | None]:
    """When each of these alerts, released one after the other, leaves: day, hour and minute in UTC."""
    pace, found = None, []
    for alert in alerts:
        leaves, pace = paced(reader, pace, at(alert), per_day)
        found.append(leaves.strftime("%dT%H:%M") if leaves else None)
    return found


def test_the_first_alert_leaves_at_once() -> None:
    assert paced(of(), None, NOW, 5) == (NOW, Pace(NOW, NOW.date(), 1))
    assert paced(of(), Pace(), NOW, 5) == (NOW, Pace(NOW, NOW.date(), 1))


def test_what_follows_soon_leaves_together_when_the_span_is_over_which_never_begins_anew() -> None:
    alerts = ("2026-11-22T07:00", "2026-11-22T07:01", "2026-11-22T07:04", "2026-11-22T07:05", "2026-11-22T07:09")
    assert leaving(of(), *alerts) == ["22T07:00", "22T07:05", "22T07:05", "22T07:10", "22T07:10"]
    assert leaving(of(), "2026-11-22T07:00", "2026-11-22T07:05") == ["22T07:00", "22T07:05"]


def test_a_mail_that_joins_one_that_waits_costs_nothing() -> None:
    _, first = paced(of(), None, NOW, 2)
    leaves, second = paced(of(), first, NOW + MINUTE, 2)
    assert paced(of(), second, NOW + 2 * MINUTE, 2) == (leaves, second)
    assert second.mails == 2


@pytest.mark.parametrize(
    ("quiet", "alert", "leaves"),
    [
        ((22, 7), "2026-11-22T22:00", "23T07:00"),
        ((22, 7), "2026-11-22T06:59", "22T07:00"),
        ((22, 7), "2026-11-22T07:00", "22T07:00"),
        ((22, 7), "2026-11-22T21:59", "22T21:59"),
        ((1, 6), "2026-11-22T03:30", "22T06:00"),
        ((0, 6), "2026-11-22T00:00", "22T06:00"),
        ((20, 0), "2026-11-22T20:10", "23T00:00"),
        ((9, 9), "2026-11-22T09:10", "22T09:10"),
    ],
)
def test_in_quiet_hours_an_alert_leaves_at_their_end(quiet: tuple[int, int], alert: str, leaves: str) -> None:
    assert leaving(of(quiet), alert) == [leaves]


@pytest.mark.parametrize(
    ("zone", "quiet", "alert", "leaves"),
    [
        ("Asia/Seoul", (22, 7), "2026-11-22T14:00", "22T22:00"),
        # the hour from two to three is left out: quiet hours that end in it are over when clocks change
        ("Europe/Berlin", (22, 2), "2026-03-28T22:00", "29T01:00"),
        ("Europe/Berlin", (2, 3), "2026-03-29T01:00", "29T01:00"),
        # it comes twice, and is quiet twice
        ("Europe/Berlin", (2, 3), "2026-10-25T00:00", "25T02:00"),
        ("Australia/Lord_Howe", (23, 2), "2026-04-04T13:00", "04T15:30"),
        # midnight is left out
        ("America/Havana", (20, 0), "2026-03-08T02:00", "08T05:00"),
        # a whole day is left out
        ("Pacific/Apia", (22, 7), "2011-12-30T09:00", "30T17:00"),
    ],
)
def test_quiet_hours_are_those_on_the_readers_wall(zone: str, quiet: tuple[int, int], alert: str, leaves: str) -> None:
    assert leaving(of(quiet, zone), alert) == [leaves]


def test_what_comes_in_quiet_hours_leaves_in_one_mail() -> None:
    alerts = ("2026-11-22T22:10", "2026-11-22T23:50", "2026-11-23T06:58", "2026-11-23T07:01")
    assert leaving(of((22, 7)), *alerts) == ["23T07:00", "23T07:00", "23T07:00", "23T07:05"]


def test_a_span_that_ends_in_quiet_hours_ends_with_them() -> None:
    assert leaving(of((22, 7)), "2026-11-22T21:58", "2026-11-22T21:59") == ["22T21:58", "23T07:00"]


SPREAD = tuple(f"2026-11-22T{hour:02}:00" for hour in range(10, 16))


def test_over_the_cap_the_next_digest_holds_it() -> None:
    assert leaving(of(), *SPREAD, "2026-11-22T23:59", "2026-11-23T00:00")[4:] == ["22T14:00", None, None, "23T00:00"]


def test_over_the_cap_the_pace_stays_what_it_was() -> None:
    full = Pace(NOW, NOW.date(), 5)
    assert paced(of(), full, NOW + HOUR, 5) == (None, full)
    assert paced(of(), full, NOW + HOUR, 6) == (NOW + HOUR, Pace(NOW + HOUR, NOW.date(), 6))


def test_who_has_no_digest_gets_what_is_over_the_cap_next_day_in_one_mail() -> None:
    reader = of(rhythm=Rhythm.NONE)
    assert leaving(reader, *SPREAD, "2026-11-22T23:59")[4:] == ["22T14:00", "23T00:00", "23T00:00"]
    reader = of((22, 7), rhythm=Rhythm.NONE)
    assert leaving(reader, *SPREAD, "2026-11-22T23:59", "2026-11-23T07:02")[5:] == ["23T07:00", "23T07:00", "23T07:05"]


def test_a_new_day_does_not_begin_within_the_span_of_the_last_mail() -> None:
    alerts = ("2026-11-22T23:57", "2026-11-22T23:57")
    assert leaving(of(rhythm=Rhythm.NONE), *alerts, per_day=1) == ["22T23:57", "23T00:02"]
    full = Pace(at("2026-11-22T23:50"), NOW.date(), 1)
    assert paced(of(rhythm=Rhythm.NONE), full, at("2026-11-22T23:53"), 1)[0] == at("2026-11-23T00:00")


def test_the_mail_counts_for_the_day_on_which_it_leaves() -> None:
    reader = of((22, 7))
    pace = paced(reader, Pace(at("2026-11-22T21:00"), NOW.date(), 5), at("2026-11-22T23:00"), 5)[1]
    assert pace == Pace(at("2026-11-23T07:00"), at("2026-11-23T07:00").date(), 1)


def test_the_day_is_the_readers() -> None:
    alerts = ("2026-11-22T14:50", "2026-11-22T14:58", "2026-11-22T15:00")
    assert leaving(of(zone="Asia/Seoul"), *alerts, per_day=1) == ["22T14:50", None, "22T15:00"]


def test_the_next_day_begins_when_clocks_change_where_midnight_is_left_out() -> None:
    reader = of(zone="America/Havana", rhythm=Rhythm.NONE)
    assert leaving(reader, "2026-03-08T03:00", "2026-03-08T04:00", per_day=1) == ["08T03:00", "08T05:00"]


def test_a_mail_written_while_the_clock_was_wrong_holds_nothing_back() -> None:
    wrong = Pace(NOW + NEVER_SO_LONG + MINUTE, (NOW + NEVER_SO_LONG).date(), 5)
    assert paced(of(), wrong, NOW, 5) == (NOW, Pace(NOW, NOW.date(), 1))


ODD = ("Pacific/Apia", "Australia/Lord_Howe", "America/Havana", "Africa/Casablanca", "Antarctica/Troll", "Asia/Seoul")
zones = st.one_of(st.sampled_from(ODD), st.sampled_from(sorted(available_timezones())))
readers = st.builds(
    of,
    st.none() | st.tuples(st.integers(0, 23), st.integers(0, 23)),
    zones,
    st.sampled_from(Rhythm),
)
#: Instants near changes of clocks in the north and the south, and any other; rules of today's zones.
begins = st.one_of(
    st.sampled_from(["2026-03-07T18:00", "2026-03-28T14:00", "2026-10-24T14:00", "2026-04-04T03:00"]).map(at),
    st.datetimes(datetime(2013, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
)
waits = st.lists(
    st.one_of(
        st.just(timedelta(0)),
        st.timedeltas(timedelta(0), timedelta(minutes=12)),
        st.timedeltas(timedelta(0), timedelta(hours=9)),
        st.timedeltas(timedelta(hours=9), timedelta(days=3)),
    ),
    max_size=40,
)


@given(readers, begins, waits, st.integers(1, 6))
@example(of((1, 0), "America/Havana", Rhythm.NONE), at("2026-03-07T18:00"), [HOUR] * 30, 1)
@example(of((1, 0), "Europe/Berlin", Rhythm.NONE), at("2026-10-24T20:00"), [10 * MINUTE] * 40, 2)
@example(of(None, "Pacific/Apia", Rhythm.NONE), at("2011-12-29T20:00"), [HOUR] * 20, 1)
def test_a_reader_is_sent_neither_too_much_nor_too_late(
    reader: Choice, begin: datetime, waits: list[timedelta], per_day: int
) -> None:
    zone = ZoneInfo(reader.schedule.zone)
    pace, now, mails = None, begin, set[datetime]()
    for wait in (timedelta(0), *waits):
        now += wait
        last = pace
        leaves, pace = paced(reader, pace, now, per_day)
        on_day = Counter(m.astimezone(zone).date() for m in mails)
        if leaves is None:
            assert reader.schedule.rhythm is not Rhythm.NONE
            assert pace == last
            assert per_day in on_day.values()
            continue
        assert now <= leaves <= now + NEVER_SO_LONG
        assert leaves == pace.leaves_at
        assert pace.day == leaves.astimezone(zone).date()
        assert not is_quiet(reader, leaves)
        assert leaves >= max(mails, default=leaves)
        # it waits for the span, for quiet hours and for a new day, and for nothing else
        capped = reader.schedule.rhythm is Rhythm.NONE and per_day in on_day.values()
        begun = now + TOGETHER
        while begun < leaves:
            assert is_quiet(reader, begun) or capped
            begun += timedelta(minutes=15)
        if last is None and not is_quiet(reader, now):
            assert leaves == now
        mails.add(leaves)
    assert all(later - earlier >= TOGETHER for earlier, later in pairwise(sorted(mails)))
    assert max(Counter(m.astimezone(zone).date() for m in mails).values()) <= per_day


def is_quiet(reader: Choice, instant: datetime) -> bool:
    """Whether this instant lies in the reader's quiet hours, by the hours that they are made of."""
    if reader.quiet is None:
        return False
    hours, hour = set(), reader.quiet.start
    while hour != reader.quiet.end:
        hours.add(hour)
        hour = (hour + 1) % 24
    return instant.astimezone(ZoneInfo(reader.schedule.zone)).hour in hours
