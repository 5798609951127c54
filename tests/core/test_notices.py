"""Notices put together for the morning, and the figures of a week."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.morning import DAYTIME, struck
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import WEEK, Figures, Week, week_before
from nkwatch.editing.notices import EXAMPLES, Weight, known, matters
from nkwatch.editing.weekly import UNKNOWN, sections, size, span, states
from tests.making import NOW

MINUTE = timedelta(minutes=1)


def noticed(event: str, minutes: int = 0, times: int = 1, **facts: str) -> Noticed:
    at = NOW + minutes * MINUTE
    return Noticed(event, tuple(facts.items()), at, at, times)


# Notices


def test_nothing_is_told_of_nothing() -> None:
    assert matters([]) == ()


def test_two_that_say_the_same_are_one_thing() -> None:
    first = Noticed.of("page failed", {"page": "/"}, NOW)
    second = Noticed.of("page failed", {"page": "/"}, NOW - MINUTE)
    assert first.key == second.key != Noticed.of("page failed", {"page": "/feed"}, NOW).key
    assert first.again(second) == Noticed("page failed", (("page", "/"),), NOW - MINUTE, NOW, 2)


def test_the_same_thing_is_told_once_with_how_often_and_from_when_to_when() -> None:
    (one,) = matters([noticed("page failed", 9, page="/"), noticed("page failed", 1, 4, page="/")])
    assert (one.times, one.first, one.last) == (5, NOW + MINUTE, NOW + 9 * MINUTE)
    assert one.examples == (Noticed("page failed", (("page", "/"),), one.first, one.last, 5),)
    assert one.further == 0


def test_of_one_kind_the_newest_are_told_and_the_others_counted() -> None:
    (one,) = matters([noticed("source failing", n, source=f"s{n}") for n in range(EXAMPLES + 2)])
    assert [dict(e.facts)["source"] for e in one.examples] == ["s6", "s5", "s4", "s3", "s2"]
    assert (one.further, one.times) == (2, 7)


def test_what_people_were_called_for_is_told_first_and_what_is_over_last() -> None:
    events = ["mail relay works again", "page failed", "publish failed", "alert late"]
    assert [m.event for m in matters(map(noticed, events))] == events[::-1]


def test_that_no_mail_leaves_is_told_before_alerts_that_wait_however_many_these_are() -> None:
    told = matters([noticed("alert held for an editor", 0, 9), noticed("sending is locked"), noticed("read failed")])
    assert [m.event for m in told] == ["sending is locked", "alert held for an editor", "read failed"]


def test_what_came_more_often_is_told_before_what_matters_as_much() -> None:
    told = matters([noticed("read failed", 0, 1), noticed("publish failed", 0, 3)])
    assert [m.event for m in told] == ["publish failed", "read failed"]


@pytest.mark.parametrize(
    ("event", "weight"),
    [
        ("database unusable", Weight.WOKEN),
        ("deliver.bulk failed", Weight.ACT),
        ("the mailbox of bounces cannot be read", Weight.ACT),
        ("deliver.bulk works again", Weight.OVER),
        ("something that nobody foresaw", Weight.LOOK),
    ],
)
def test_how_much_an_event_matters_is_known_by_its_name(event: str, weight: Weight) -> None:
    assert known(event)[0] is weight


@given(st.lists(st.tuples(st.sampled_from(["a failed", "b", "alert late"]), st.sampled_from("xyz"), st.integers(1, 9))))
def test_nothing_is_lost_in_putting_notices_together(given: list[tuple[str, str, int]]) -> None:
    told = matters([noticed(event, 0, times, why=why) for event, why, times in given])
    assert sum(m.times for m in told) == sum(times for *_, times in given)
    assert sum(len(m.examples) + m.further for m in told) == len({(event, why) for event, why, _ in given})
    assert [m.weight for m in told] == sorted(m.weight for m in told)


# Mornings


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    st.sampled_from(["UTC", "Europe/London", "Asia/Seoul", "America/New_York"]),
    st.integers(0, 23),
)
def test_the_last_morning_was_within_a_day_and_is_the_same_until_the_next(now: datetime, zone: str, hour: int) -> None:
    morning = struck(now, zone, hour)
    assert morning <= now < morning + timedelta(hours=25)
    assert struck(now, zone, hour) == morning
    assert timedelta(hours=24) > DAYTIME


# Weeks


def figures(**given: object) -> Figures:
    return Figures(**given)  # type: ignore[arg-type]


def test_the_last_whole_week_ends_on_the_last_monday() -> None:
    monday = datetime(2026, 11, 23, tzinfo=UTC)
    assert week_before(monday + timedelta(hours=8)) == (monday - WEEK, monday)
    assert week_before(monday - MINUTE) == (monday - 2 * WEEK, monday - WEEK)


def test_each_figure_stands_beside_that_of_the_week_before() -> None:
    delays = {"median": 200 * timedelta(seconds=1), "worst": timedelta(hours=2)}
    week = Week(NOW, NOW + WEEK, figures(polls=12345, database_bytes=812_000_000, **delays), figures())
    rows = {row.label: (row.this, row.before) for section in sections(week) for row in section.rows}
    assert rows["Polls"] == ("12,345", "0")
    assert rows["Alerts: first seen to accepted, median"] == ("3 min 20 s", "–")
    assert rows["Alerts: first seen to accepted, worst"] == ("2 h", "–")
    assert rows["Size at the end of the week"] == ("812.0 MB", UNKNOWN)


def test_how_things_are_now_is_told_and_what_nobody_knows_too() -> None:
    week = Week(NOW, NOW, Figures(), Figures(), readers=5012, versions=(("nkwatch", "1"), ("Python", "3")))
    told = dict(states(week, NOW))
    assert told["Sources that fell silent or broke in that week"] == "none"
    assert told["Last backup"].startswith("unknown")
    assert told["Free on the disk of the database"] == UNKNOWN
    assert told["Versions"] == "nkwatch 1, Python 3"
    known = Week(NOW, NOW, Figures(), Figures(), (("a", "silent"),), backup_at=NOW - 90 * MINUTE, room=12_300_000_000)
    told = dict(states(known, NOW))
    assert told["Sources that fell silent or broke in that week"] == "a (silent)"
    assert told["Last backup"] == "1 h 30 min ago"
    assert told["Free on the disk of the database"] == "12.3 GB"


def test_spans_and_sizes_are_short() -> None:
    assert [span(timedelta(seconds=n)) for n in (-5, 0, 61, 90_061)] == ["0 s", "0 s", "1 min 1 s", "1 d 1 h"]
    assert span(None) == "–"
    assert (size(None), size(1_500_000), size(9_999_000_000)) == (UNKNOWN, "1.5 MB", "9,999.0 MB")
