"""Lines that ask to wait, in the forms in which releases carry them."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.feeds.embargo import Embargo, embargo

NOW = datetime(2016, 3, 8, tzinfo=UTC)

STATED = [
    ("EMBARGOED UNTIL 00:01 GMT 9 March 2016", "UTC", "2016-03-09T00:01"),
    ("Embargo: 0001 GMT Tuesday 9 March 2016", "UTC", "2016-03-09T00:01"),
    ("Not for publication before 00:01 GMT on 9 March 2016", "UTC", "2016-03-09T00:01"),
    ("Not for broadcast before 6 a.m. EST, March 9, 2016", "UTC", "2016-03-09T11:00"),
    ("Not for release until 9 March 2016", "Asia/Seoul", "2016-03-08T15:00"),
    ("Posted at 0001hrs GMT   9 March 2016", "America/Toronto", "2016-03-09T00:01"),
    ("Posted at 0001 GMT 5 December 2013", "UTC", "2013-12-05T00:01"),
    ("Embargoed for release at 10.30am on Tuesday 9th March 2016 (London time)", "Asia/Seoul", "2016-03-09T10:30"),
    ("STRICTLY EMBARGOED until 12 noon on 9 March 2016", "UTC", "2016-03-09T12:00"),
    ("**EMBARGOED UNTIL MIDNIGHT GMT, 9 MARCH 2016 – not for publication or broadcast before**", "UTC", "2016-03-09"),
    ("EMBARGOED TO 0600 HOURS EASTERN TIME, MARCH 9, 2016", "UTC", "2016-03-09T11:00"),
    ("Embargoed until 00:01 BST 9 June 2016", "UTC", "2016-06-08T23:01"),
    ("EMBARGOED UNTIL 2016-03-09T00:01Z", "Asia/Seoul", "2016-03-09T00:01"),
    ("Embargoed until Tuesday 9 March, 10am", "UTC", "2016-03-09T10:00"),
    ("SOUS EMBARGO jusqu'au 9 mars 2016 à 00h01 GMT", "UTC", "2016-03-09T00:01"),
    ("Embargo jusqu’au 1er mars 2016, 14 heures", "UTC", "2016-03-01T14:00"),
    ("Embargado hasta el 9 de marzo de 2016 a las 00:01 GMT", "UTC", "2016-03-09T00:01"),
    ("엠바고: 2026. 11. 22.(일) 12:00", "Asia/Seoul", "2026-11-22T03:00"),
    ("보도시점 2026. 11. 22.(일) 12:00 이후", "Asia/Seoul", "2026-11-22T03:00"),
    ("보도시점 | 2026. 11. 22.(일) 오후 2시 | 배포 2026. 11. 21.(토) 09:00", "Asia/Seoul", "2026-11-22T05:00"),
    ("解禁日時：2026年11月22日（日）12時", "Asia/Tokyo", "2026-11-22T03:00"),
    ("【解禁】2026年11月22日 午後3時", "Asia/Tokyo", "2026-11-22T06:00"),
]
NONE = """
The arms embargo until 2020 was lifted.
Embargo until 2020 on arms sales to the country
Embargo until 9 March 2020 on coal exports
EMBARGO: Council extends arms embargo until 9 March 2020
Embargo on arms extended until 9 March 2020
Embargoed goods reached the port on 9 March 2016
The embargo was lifted on 9 March 2016.
For immediate release
Embargo: none of the ships that arrived in the port of Nampo that week was ever searched by anybody
배포 즉시 보도
보도시점 배포 즉시 배포 2026. 11. 20.(금)
보도시점: 즉시
牛肉輸入解禁は2026年11月22日から
대북 금수조치는 2026. 11. 22.까지
Posted on 9 March 2016
""".strip().split("\n")


@pytest.mark.parametrize(("line", "zone", "until"), STATED)
def test_a_line_that_asks_to_wait_is_read_with_its_instant(line, zone, until):
    stated = datetime.fromisoformat(until).replace(tzinfo=UTC)
    assert embargo(f"A title\n\n{line}\n\nThe text.", zone, NOW) == Embargo(stated, line)


@pytest.mark.parametrize("line", NONE)
def test_news_of_an_embargo_and_releases_for_now_are_none(line):
    assert embargo(f"A title\n\n{line}\n\nThe text.", "UTC", NOW) is None


def test_a_line_that_can_not_be_read_is_still_evidence():
    assert embargo("Embargoed until further notice", "UTC") == Embargo(None, "Embargoed until further notice")
    assert embargo("Embargoed until 9/3/2016 at 15:00 GMT", "UTC") == Embargo(
        None, "Embargoed until 9/3/2016 at 15:00 GMT"
    )


def test_lines_in_the_middle_of_a_text_do_not_count():
    line = "EMBARGOED UNTIL 00:01 GMT 9 March 2016"
    others = ["A line of text."] * 20
    assert embargo("\n\n".join([*others, line, *others]), "UTC") is None
    assert embargo("\n\n".join([*others, line]), "UTC") is not None


@given(st.text(max_size=300) | st.text(st.sampled_from("embargo until0129: .h年月日시Mar보도시점"), max_size=249))
def test_whatever_a_line_says_there_is_an_answer(text):
    for said in (text, f"Embargoed until {text}", f"보도시점 {text}", f"Posted at 0001 {text}"):
        found = embargo(said, "Asia/Seoul", NOW)
        assert found is None or found.until is None or found.until.tzinfo is UTC
