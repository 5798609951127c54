"""The operator's calendar: what is read of it, and what the operator is told who wrote it wrong."""

import re
from datetime import date, timedelta
from pathlib import Path

import pytest

from nkwatch.catalogue.calendar import LARGEST, MOST_RULES, MOST_TOLD, REACH, load_calendar
from nkwatch.catalogue.entries import LONGEST
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.surroundings import Coming
from nkwatch.editing.coming import coming
from tests.making import NOW

EXAMPLE = Path(__file__).parents[1] / "calendar.example.ics"
WRITTEN = date(2026, 11, 16)
STAMP = f"DTSTAMP:{WRITTEN:%Y%m%d}T090000Z"


def entry(*lines: str, uid: str = "one", stamp: str = STAMP, summary: str = "SUMMARY:A vote") -> str:
    """An entry with these lines."""
    return "\r\n".join(("BEGIN:VEVENT", f"UID:{uid}", *filter(None, (stamp, summary)), *lines, "END:VEVENT"))


@pytest.fixture
def loaded(tmp_path):
    """Reads a calendar of these entries."""

    def load(*entries: str) -> tuple[Coming, ...]:
        path = tmp_path / "calendar.ics"
        path.write_text("\r\n".join(("BEGIN:VCALENDAR", "VERSION:2.0", *entries, "END:VCALENDAR", "")), newline="")
        return load_calendar(path)

    return load


@pytest.fixture
def problems(loaded, tmp_path):
    """What the operator is told of a calendar, without the folder."""

    def told(*entries: str) -> list[str]:
        with pytest.raises(ConfigError) as raised:
            loaded(*entries)
        return [p.replace(f"{tmp_path}/", "") for p in raised.value.problems]

    return told


def days(told: tuple[Coming, ...]) -> list[str]:
    """The days of entries, from the first to the last where they differ."""
    return [str(e.day) if e.day == e.until else f"{e.day}..{e.until}" for e in told]


# ---- what is read


def test_the_example_says_that_it_is_one_and_shows_up():
    told = load_calendar(EXAMPLE)
    assert len(coming(told, NOW)) == len(told) == 3
    assert all(e.title.startswith(("Example:", "예시:")) for e in told)
    assert {e.language for e in told} == {"en", "ko"}
    assert EXAMPLE.read_bytes().count(b"\r\n") == EXAMPLE.read_bytes().count(b"\n")
    assert max(map(len, EXAMPLE.read_bytes().split(b"\r\n"))) <= 75


def test_an_entry_is_read_with_all_that_readers_are_told(loaded):
    assert loaded(
        entry(
            "LAST-MODIFIED:20261118T090000Z", "DTSTART;VALUE=DATE:20261210", "DTEND;VALUE=DATE:20261212",
            "LOCATION:Geneva\\, room 20", "URL:https://www.example.org/vote",
            summary="SUMMARY;LANGUAGE=fr:Un vote\\; une",
        )
    ) == (
        Coming(
            "Un vote; une", date(2026, 12, 10), date(2026, 12, 11), date(2026, 11, 18), "Geneva, room 20",
            "https://www.example.org/vote", "fr",
        ),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "on"),
    [
        (["DTSTART:20261210"], "2026-12-10"),
        (["DTSTART:20261210", "DTEND:20261211"], "2026-12-10"),
        # an end that is no later than the beginning, as some programs write it
        (["DTSTART:20261210", "DTEND:20261210"], "2026-12-10"),
        (["DTSTART:20261210", "DURATION:P2D"], "2026-12-10..2026-12-11"),
        (["DTSTART:20261210T090000Z", "DTEND:20261210T170000Z"], "2026-12-10"),
        (["DTSTART:20261210T200000Z", "DTEND:20261211T000000Z"], "2026-12-10"),
        (["DTSTART:20261210T200000Z", "DURATION:PT5H"], "2026-12-10..2026-12-11"),
        (["DTSTART;TZID=Asia/Seoul:20261210T010000", "DTEND;TZID=Asia/Seoul:20261210T020000"], "2026-12-10"),
        (['DTSTART;TZID="Nowhere: at all":20261210T235900'], "2026-12-10"),
        (["DTSTART;TZID=../../etc/passwd:20261210T235900"], "2026-12-10"),
    ],
)
def test_days_stand_as_they_are_written_in_whatever_zone(loaded, lines, on):
    assert days(loaded(entry(*lines))) == [on]


def test_what_repeats_is_told_as_often_as_readers_may_hear_of_it(loaded):
    told = loaded(entry("DTSTART:20200101", "RRULE:FREQ=DAILY"))
    assert (told[0].day, told[-1].day) == (WRITTEN - REACH, WRITTEN + REACH - timedelta(days=1))
    assert len({e.day for e in told}) == len(told) == 2 * REACH.days


@pytest.mark.parametrize(
    ("rule", "on"),
    [
        ("FREQ=YEARLY", ["2026-12-10"]),
        ("FREQ=WEEKLY;BYDAY=TH,FR;UNTIL=20261218T090000Z", ["2026-12-10", "2026-12-11", "2026-12-17", "2026-12-18"]),
        ("FREQ=DAILY;INTERVAL=3;COUNT=2", ["2026-12-10", "2026-12-13"]),
        ("FREQ=MONTHLY;BYDAY=TH;BYSETPOS=2;COUNT=2", ["2026-12-10", "2027-01-14"]),
    ],
)
def test_rules_are_followed(loaded, rule, on):
    assert days(loaded(entry("DTSTART;TZID=Asia/Seoul:20261210T090000", f"RRULE:{rule}"))) == on


def test_days_are_added_taken_out_and_changed(loaded):
    rule = ["DTSTART:20261210", "RRULE:FREQ=DAILY;COUNT=4", "EXDATE:20261211", "RDATE:20261220,20261222"]
    moved = entry("RECURRENCE-ID:20261212", "DTSTART:20261215", "DTEND:20261217", summary="SUMMARY:Moved")
    cancelled = entry("RECURRENCE-ID:20261213", "DTSTART:20261213", "STATUS:CANCELLED")
    told = sorted(loaded(entry(*rule), moved, cancelled), key=lambda e: e.day)
    assert days(told) == ["2026-12-10", "2026-12-15..2026-12-16", "2026-12-20", "2026-12-22"]
    assert [e.title for e in told] == ["A vote", "Moved", "A vote", "A vote"]


def test_a_change_may_hold_for_all_times_that_follow(loaded):
    later = entry("RECURRENCE-ID;RANGE=THISANDFUTURE:20261211", "DTSTART:20261211", summary="SUMMARY:Renamed")
    told = loaded(entry("DTSTART:20261210", "RRULE:FREQ=DAILY;COUNT=3"), later)
    assert [e.title for e in sorted(told, key=lambda e: e.day)] == ["A vote", "Renamed", "Renamed"]


def test_the_newest_version_of_an_entry_counts(loaded):
    told = loaded(entry("DTSTART:20261210", "SEQUENCE:1"), entry("DTSTART:20261211", "SEQUENCE:2"))
    assert days(told) == ["2026-12-11"]


def test_entries_without_a_name_of_their_own_are_each_one(loaded):
    several = [re.sub("UID.*\r\n", "", entry(f"DTSTART:{20261210 + n}")) for n in range(3)]
    assert len(loaded(*several)) == 3


@pytest.mark.parametrize("line", ["STATUS:CANCELLED", "CLASS:PRIVATE", "CLASS:confidential", "CLASS:X-STAFF"])
def test_what_is_cancelled_or_not_public_is_not_told(loaded, line):
    assert loaded(entry("DTSTART:20261210", line)) == ()


def test_what_is_told_no_more_when_it_was_written_is_left_out(loaded):
    assert loaded(entry(f"DTSTART:{WRITTEN - REACH - timedelta(days=1):%Y%m%d}")) == ()


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("a\\nb\tc", "a b c"),
        ("a\x07\x1b[31mb\u202e\u200b\ufeffc", "a[31mbc"),
        ("<script>x()</script>", "<script>x()</script>"),
        ("북한인권", "북한인권"),
        ("x" * 9_999, "x" * (LONGEST - 1) + "…"),
    ],
)
def test_a_title_is_one_short_line_of_letters(loaded, text, title):
    (told,) = loaded(entry("DTSTART:20261210", f"LOCATION:{text}", summary=f"SUMMARY:{text}"))
    assert (told.title, told.place) == (title, title)


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "//a.example", "https://", "http://[a", "https://a b", "mailto:a@b", ""]
)  # fmt: skip
def test_only_addresses_of_pages_are_taken(loaded, url):
    assert loaded(entry("DTSTART:20261210", f"URL:{url}"))[0].url == ""


@pytest.mark.parametrize("language", ["e", "en_US", '"a","b"', "x" * 99, "한국어"])
def test_what_is_no_language_is_none(loaded, language):
    assert loaded(entry("DTSTART:20261210", summary=f"SUMMARY;LANGUAGE={language}:A vote"))[0].language == ""


def test_lines_may_be_folded_and_end_as_they_like(tmp_path):
    path = tmp_path / "calendar.ics"
    folded = entry("DTSTART:20261210", summary="SUM\n MARY:A v\n\tote")
    path.write_bytes(b"\xef\xbb\xbf" + f"BEGIN:VCALENDAR\n\n{folded}\rEND:VCALENDAR".encode())
    assert [e.title for e in load_calendar(path)] == ["A vote"]


def test_zones_and_alarms_are_not_looked_at(loaded):
    zone = "BEGIN:VTIMEZONE\r\nTZID:X\r\nBEGIN:STANDARD\r\nRRULE:FREQ=SECONDLY\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    alarm = "BEGIN:VALARM\r\nTRIGGER:nonsense\r\nEND:VALARM"
    assert days(loaded(zone.replace("BEGIN:VT", "begin;x=1:vt"), entry("DTSTART;TZID=X:20261210T090000", alarm))) == [
        "2026-12-10"
    ]


def test_a_calendar_of_nothing_holds_nothing(loaded):
    assert loaded("BEGIN:VTODO", "SUMMARY:x", "END:VTODO") == ()


# ---- what is wrong


@pytest.mark.parametrize(
    ("told", "problem"),
    [
        (entry(), "no DTSTART; say on which day it is"),
        (entry("DTSTART:20261210", summary=""), "no SUMMARY; say what will happen"),
        (entry("DTSTART:20261210", summary="SUMMARY:\x07 "), "no SUMMARY; say what will happen"),
        (entry("DTSTART:20261210", stamp=""), "neither LAST-MODIFIED nor DTSTAMP; readers are told as of when it is"),
        (entry("DTSTART:20261399"), "DTSTART is wrong: Wrong date format 20261399"),
        (entry("DTSTART:18990101"), "DTSTART has to be a day from 1900 to 2199"),
        (entry("DTSTART:PT1H"), "DTSTART has to be a day from 1900 to 2199"),
        (entry("DTSTART;VALUE=TEXT:x"), "DTSTART has to be a day from 1900 to 2199"),
        (entry("DTSTART:20261210", "DTEND:20261209"), "it ends before it begins, or lasts more than a year; correct DTEND"),
        (entry("DTSTART:20261210", "DURATION:P999D"), "it ends before it begins, or lasts more than a year; correct DURATION"),
        (entry("DTSTART:20261210", "DURATION:P99999999D"), "DURATION is no time that anything lasts; correct it"),
        (entry("DTSTART:20261210", "DURATION;VALUE=DATE:20261210"), "a value that nobody understands; correct it"),
        (entry("DTSTART:20261210", "SEQUENCE:x"), "SEQUENCE is wrong: Expected int, got: x"),
        (entry("DTSTART:20261210", "RRULE:FREQ=SECONDLY"), "RRULE with FREQ=SECONDLY; it may be DAILY, WEEKLY, MONTHLY, YEARLY"),
        (entry("DTSTART:20261210", "RRULE:COUNT=2"), "RRULE with FREQ=nothing; it may be DAILY, WEEKLY, MONTHLY, YEARLY"),
        (entry("DTSTART:20261210", "RRULE:FREQ=DAILY;BYHOUR=1,2"), "RRULE with FREQ=DAILY and BYHOUR; list the days as RDATE instead"),
        (entry("DTSTART:20261210", "RRULE:FREQ=DAILY;INTERVAL=0"), "RRULE with INTERVAL or COUNT below 1; correct it"),
        (entry("DTSTART:20261210", "RRULE:FREQ=YEARLY;BYDAY=MO;BYSETPOS=366"), "RRULE with BYSETPOS beyond 5; list the days as RDATE instead"),
        (entry("DTSTART:20261210", "RRULE:FREQ=DAILY;UNTIL=20261211,20261212"), "RRULE with more than one UNTIL; leave one"),
        (entry("DTSTART:20261210", "RRULE:FREQ=WEEKLY;BYDAY=-WE"), "a value that nobody understands; correct it"),
    ],
)  # fmt: skip
def test_the_operator_is_told_which_entry_is_wrong_and_what_to_do(problems, told, problem):
    fine = entry("DTSTART:20261210", uid="two")
    line = 3 + fine.count("\r\n") + 1
    assert problems(fine, told) == [f"calendar.ics, the entry on line {line}: {problem}"]


def test_what_a_file_says_is_told_harmlessly(problems):
    (told,) = problems(entry("DTSTART:20261210", "RRULE:FREQ=DAILY;X-\x1b[31m\u202e=1"))
    assert told.isprintable()
    (told,) = problems("END:VCALENDAR", "BEGIN:\x1b[31m" + "x" * 999, "BEGIN:VCALENDAR")
    assert told.isprintable()
    assert len(told) < 600


def test_every_problem_is_told_at_once_up_to_twenty(problems):
    told = problems(*[entry(uid=str(n)) for n in range(MOST_TOLD + 3)])
    assert len(told) == MOST_TOLD + 1
    assert told[-1] == "calendar.ics: 3 problems more"


def test_many_rules_are_not_followed(problems):
    many = [entry("DTSTART:20261210", "RRULE:FREQ=YEARLY", uid=str(n)) for n in range(MOST_RULES + 1)]
    assert problems(*many) == [f"calendar.ics: {MOST_RULES + 1} rules of repetition; only {MOST_RULES} are followed: take some out"]  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (["nonsense"], "calendar.ics, line 3: 'nonsense' is no line of iCalendar; correct it"),
        (["X-A:1", "\x00", "X-B"], "calendar.ics, line 4: '\\x00' is no line of iCalendar; correct it"),
        (["BEGIN:VEVENT"], "calendar.ics, line 4: 'END:VCALENDAR' does not belong here; correct it"),
        (["END:VALARM"], "calendar.ics, line 3: 'END:VALARM' does not belong here; correct it"),
        (["BEGIN:VALARM"], "calendar.ics, line 1: BEGIN:VCALENDAR has no END:VCALENDAR; add it"),
        (["END:VEVENT"], "calendar.ics, line 3: 'END:VEVENT' does not belong here; correct it"),
        (["BEGIN:VEVENT"] * 9, "calendar.ics, line 6: 'BEGIN:VEVENT' does not belong here; correct it"),
        (["END:VCALENDAR", "BEGIN:VCALENDAR"], "calendar.ics: no iCalendar; export it anew from the program that made it"),
        (["END:VCALENDAR", "BEGIN:X", "BEGIN:VCALENDAR"], "calendar.ics, line 4: BEGIN:X has no END:X; add it"),
    ],
)  # fmt: skip
def test_the_operator_is_told_on_which_line_a_calendar_breaks(problems, lines, problem):
    assert problems(*lines) == [problem]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no iCalendar; export it anew from the program that made it"),
        (b"\xff\xfe\x00", "not in UTF-8 (invalid start byte at octet 0); save it as UTF-8"),
        (b"x" * (LARGEST + 1), "larger than 1000000 octets; keep only the entries that readers are to see"),
    ],
)
def test_what_is_no_calendar_says_so(tmp_path, content, problem):
    path = tmp_path / "calendar.ics"
    path.write_bytes(content)
    with pytest.raises(ConfigError) as raised:
        load_calendar(path)
    assert raised.value.problems == (f"{path}: {problem}",)


def test_a_calendar_that_is_not_there_or_a_folder_says_so(tmp_path):
    with pytest.raises(ConfigError, match="no such file; make it, or take `calendar` out of the settings"):
        load_calendar(tmp_path / "calendar.ics")
    with pytest.raises(ConfigError, match="cannot be read"):
        load_calendar(tmp_path)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        (f"RDATE;VALUE=DATE:{','.join(['20261211'] * 20_000)}", 2),
        (f"LOCATION:{';' * 200_000}", 1),
        (f"CATEGORIES:{',' * 200_000}", 1),
        ("RRULE:FREQ=DAILY;INTERVAL=2147483647", 1),
        ("RRULE:FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", 1),
    ],
)
def test_a_hostile_line_does_no_harm(loaded, line, told):
    assert len(loaded(entry("DTSTART:20261210", line))) == told
