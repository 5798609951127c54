"""Dates as feeds and pages write them. The source's zone is Seoul where nothing else is said."""

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Source
from nkwatch.feeds.dates import instant, published

SEOUL = "Asia/Seoul"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # RFC 822, as it should be and as it is
        ("Sun, 22 Nov 2026 10:00:00 GMT", at(2026, 11, 22, 10)),
        ("Sun, 22 Nov 2026 10:00:00 +0900", at(2026, 11, 22, 1)),
        ("Sun, 22 Nov 2026 10:00:00 KST", at(2026, 11, 22, 1)),
        ("Sun, 22 Nov 2026 10:00:00 JST", at(2026, 11, 22, 1)),
        ("Sun, 22 Nov 2026 10:00:00 EST", at(2026, 11, 22, 15)),
        ("Sun, 22 Nov 2026 10:00:00 Z", at(2026, 11, 22, 10)),
        ("Sun, 22 Nov 2026 10:00:00 -0000", at(2026, 11, 22, 10)),
        ("Sun, 22 Nov 2026 10:00:00 GMT+9", at(2026, 11, 22, 1)),
        ("Sun, 22 Nov 2026 10:00:00", at(2026, 11, 22, 1)),
        ("Sun, 22 Nov 2026 10:00", at(2026, 11, 22, 1)),
        ("22 Nov 26 10:00 UT", at(2026, 11, 22, 10)),
        ("Sunday, 22-Nov-26 10:00:00 GMT", at(2026, 11, 22, 10)),
        ("Sun, 22 November 2026 10:00:00 GMT", at(2026, 11, 22, 10)),
        ("Sun, 22 Nov 2026 23:59:60 GMT", at(2026, 11, 22, 23, 59, 59)),
        ("일, 22 11월 2026 10:00:00 +0900", at(2026, 11, 22, 1)),
        ("Sun Nov 22 10:00:00 2026", at(2026, 11, 22, 1)),
        ("Sun Nov 22 2026 10:00:00 GMT+0900 (Korean Standard Time)", at(2026, 11, 22, 1)),
        # ISO 8601
        ("2026-11-22T10:00:00Z", at(2026, 11, 22, 10)),
        ("2026-11-22T10:00:00+09:00", at(2026, 11, 22, 1)),
        ("2026-11-22T10:00+0900", at(2026, 11, 22, 1)),
        ("2026-11-22T10:00:00.5Z", at(2026, 11, 22, 10, 0, 0, 500000)),
        ("20261122T100000Z", at(2026, 11, 22, 10)),
        ("2026-11-22T10:00:00", at(2026, 11, 22, 1)),
        ("2026-11-22 10:00:00", at(2026, 11, 22, 1)),
        ("2026-11-22", at(2026, 11, 21, 15)),
        # Korean
        ("2026.11.22", at(2026, 11, 21, 15)),
        ("2026.11.22.", at(2026, 11, 21, 15)),
        ("2026. 11. 22.", at(2026, 11, 21, 15)),
        ("2026.1.2", at(2026, 1, 1, 15)),
        ("2026/11/22 10:00", at(2026, 11, 22, 1)),
        ("2026년 11월 22일", at(2026, 11, 21, 15)),
        ("2026년11월22일", at(2026, 11, 21, 15)),
        ("2026년 11월 22일 오전 10시", at(2026, 11, 22, 1)),
        ("2026년 11월 22일 오후 3시 5분", at(2026, 11, 22, 6, 5)),
        ("2026년 11월 22일 일요일 오후 12:05", at(2026, 11, 22, 3, 5)),
        ("2026. 11. 22. 오전 12:05:30", at(2026, 11, 21, 15, 5, 30)),
        ("2026.11.22(일) 14:20", at(2026, 11, 22, 5, 20)),
        ("2026-11-22 오후 2:20", at(2026, 11, 22, 5, 20)),
        ("등록일 : 2026-11-22 조회 12", at(2026, 11, 21, 15)),
        # Japanese, here with the zone of Seoul, which is the same
        ("2026年11月22日", at(2026, 11, 21, 15)),
        ("２０２６年１１月２２日（日）", at(2026, 11, 21, 15)),
        ("2026年11月22日 午後3時5分", at(2026, 11, 22, 6, 5)),
        # English, French, Spanish
        ("June 08, 2018", at(2018, 6, 7, 15)),
        ("Posted on June 8th, 2018", at(2018, 6, 7, 15)),
        ("8 June 2018", at(2018, 6, 7, 15)),
        ("Nov 22, 2026 10:00 AM EST", at(2026, 11, 22, 15)),
        ("November 22, 2026 at 10:00 p.m.", at(2026, 11, 22, 13)),
        ("8 juin 2018", at(2018, 6, 7, 15)),
        ("1er août 2026", at(2026, 7, 31, 15)),
        ("le 22 novembre 2026 à 10h30", at(2026, 11, 22, 1, 30)),
        ("9 de abril de 2026", at(2026, 4, 8, 15)),
        ("22 de noviembre de 2026", at(2026, 11, 21, 15)),
        ("22 de noviembre del 2026, 10:30 p. m.", at(2026, 11, 22, 13, 30)),
        ("domingo, 22 de nov. de 2026 a las 10:30", at(2026, 11, 22, 1, 30)),
        ("1er décembre 2026", at(2026, 11, 30, 15)),
        ("le 22 nov. 2026 à 10h30", at(2026, 11, 22, 1, 30)),
        ("Publié le mardi 22 decembre 2026", at(2026, 12, 21, 15)),
        ("22 FÉVRIER 2026", at(2026, 2, 21, 15)),
        ("8 juil. 2018", at(2018, 7, 7, 15)),
        ("3 de enero de 2026", at(2026, 1, 2, 15)),
        # German, Italian, Portuguese, Russian
        ("22. Dezember 2026, 10:30 Uhr", at(2026, 12, 22, 1, 30)),
        ("3. März 2026", at(2026, 3, 2, 15)),
        ("3 maggio 2026", at(2026, 5, 2, 15)),
        ("3 de março de 2026", at(2026, 3, 2, 15)),
        ("22 ноября 2026 г. в 10:30", at(2026, 11, 22, 1, 30)),
        ("9 мая 2026", at(2026, 5, 8, 15)),
        ("2nd of June 2026", at(2026, 6, 1, 15)),
        # Chinese
        ("2026年11月22日 下午3点5分", at(2026, 11, 22, 6, 5)),
        # as the C library writes it
        ("Sun Nov 22 10:00:00 KST 2026", at(2026, 11, 22, 1)),
        # numbers
        ("1795312800", at(2026, 11, 22, 2)),
        ("1795312800000", at(2026, 11, 22, 2)),
        ("20261122", at(2026, 11, 21, 15)),
        ("202611221000", at(2026, 11, 22, 1)),
        ("20261122100000", at(2026, 11, 22, 1)),
        ("25/12/2026", at(2026, 12, 24, 15)),
        ("12/25/2026", at(2026, 12, 24, 15)),
        ("25/12/2026 10:30", at(2026, 12, 25, 1, 30)),
        ("03.04.2026", at(2026, 4, 2, 15)),
        # impossible for a statement, which the domain decides
        ("Sun, 22 Nov 2041 10:00:00 GMT", at(2041, 11, 22, 10)),
        ("Thu, 01 Jan 1970 00:00:00 GMT", at(1970, 1, 1)),
    ],
)
def test_a_date_means_one_instant(text, expected):
    assert instant(text, SEOUL) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "yesterday", "3 hours ago", "어제", "오늘", "12 May", "2026", "2026-11", "11.22", "26.11.22"),
        *("2026-02-30", "31 Feb 2026", "2026.13.01", "2026-11-22T25:00:00Z", "00000000", "99999999999999"),
        *("0", "31 février 2026", "31 de febrero de 2026", "22 Foo 2026", "22 jui 2026", "2026년 2월 31일"),
        *("03/04/2026", "9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+09:00", "x" * 10_000, "令和8年11月22日"),
    ],
)
def test_what_names_no_day_or_more_than_one_is_no_date(text):
    assert instant(text, SEOUL) is None


@pytest.mark.parametrize(("country", "month"), [("US", 3), ("GB", 4), ("KR", 4)])
def test_a_numeric_date_is_read_as_its_country_writes_it(country, month):
    assert instant("03/04/2026", "UTC", country=country) == at(2026, month, 7 - month)


@pytest.mark.parametrize(
    ("zone", "hour"), [("America/Chicago", 16), ("Asia/Shanghai", 2), ("UTC", 16), ("Asia/Seoul", 16)]
)
def test_a_zone_with_two_meanings_is_that_of_the_source_where_it_goes_by_that_name(zone, hour):
    assert instant("Sun, 22 Nov 2026 10:00:00 CST", zone) == at(2026, 11, 22, hour)


def test_summer_time_is_that_of_the_day():
    assert instant("8 June 2018 10:00", "Europe/London") == at(2018, 6, 8, 9)
    assert instant("8 January 2018 10:00", "Europe/London") == at(2018, 1, 8, 10)


def a_source(zone: str = "") -> Source:
    return Source(id="s", url="https://s.example/", publisher="S", zone=zone)


@pytest.mark.parametrize(
    ("zone", "shown", "hour"),
    [
        ("", "강제송환을 멈추라", 1),
        ("", "Stop returns ko", 1),
        ("", "Stop returns ko-kr", 1),
        ("", "家族の声", 1),
        ("", "Stop returns en", 10),
        ("UTC", "강제송환을 멈추라", 10),
        ("Europe/Berlin", "강제송환을 멈추라", 9),
    ],
)
def test_korean_dates_without_a_zone_are_of_korea_unless_the_catalogue_says_otherwise(zone, shown, hour):
    assert published(a_source(zone), shown, "2026-11-22 10:00") == at(2026, 11, 22, hour)


def test_the_first_date_that_can_be_read_counts():
    assert published(a_source(), "", "", "soon", "2026-11-22", "2020-01-01") == at(2026, 11, 22)
    assert published(a_source(), "") is None


@given(
    st.datetimes(datetime(1990, 1, 1), datetime(2050, 1, 1)).map(lambda d: d.replace(microsecond=0)),  # noqa: DTZ001
    st.integers(-12, 14),
)
def test_every_date_that_is_written_by_the_rules_is_read_as_written(local, hours):
    moment = local.replace(tzinfo=timezone(timedelta(hours=hours)))
    expected = moment.astimezone(UTC)
    assert instant(moment.isoformat(), SEOUL) == expected
    assert instant(format_datetime(moment), SEOUL) == expected
    assert instant(f"{moment:%Y. %m. %d. %H:%M:%S%z}", SEOUL) == expected
    assert instant(str(int(moment.timestamp())), SEOUL) == expected or moment.timestamp() < 1_000_000_000


@given(st.text(max_size=200))
def test_no_text_does_harm(text):
    found = instant(text, SEOUL)
    assert found is None or found.tzinfo is UTC


@given(st.text("0123456789 .:-/TZ+년월일시분오후전APMnovag", max_size=40))
def test_no_text_that_looks_like_a_date_does_harm(text):
    found = instant(text, SEOUL)
    assert found is None or found.tzinfo is UTC
