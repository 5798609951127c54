"""The rows of exports: what stands in them, and that no spreadsheet runs any of it."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.correction import Correction, corrected
from nkwatch.domain.desk import Marks, Note
from nkwatch.domain.reading import Ask, Evidence, Quote, Urgency
from nkwatch.domain.statement import Presence
from nkwatch.editing import exporting
from nkwatch.editing.columns import COVERAGE, STATEMENTS, Column, Exported
from nkwatch.editing.exporting import TYPES, dictionary, heading, line, record
from tests.making import NOW, context, finding, report

WORDS = Evidence("text", 0, 5, "Three")


def row(**fields) -> Exported:
    given_ = {"title": "A family is missing", "url": "https://a.example/1", "publisher": "Publisher a", "owner": "A"}
    return Exported(**({"report": report(), "story_id": "s0"} | given_ | fields))


def read_back(columns, *rows) -> list[dict[str, str]]:
    text = heading(columns) + "".join(line(columns, r) for r in rows)
    return list(csv.DictReader(io.StringIO(text, newline="")))


def test_a_row_says_of_a_statement_all_that_the_dictionary_names():
    one = report(themes=(finding("prisons", score=0.94321), context("security")), urgency=Urgency.NOTABLE)
    quotes = (Quote(WORDS, "Ann"), Quote(WORDS))
    asks = (Ask(WORDS, "China", "CN"), Ask(WORDS, "Beijing", "CN"), Ask(WORDS), Ask(WORDS, "Seoul", "KR"))
    one = replace(one, reading=replace(one.reading, quotes=quotes, asks=asks, relevance=-0.51239))
    said = record(STATEMENTS, row(report=one, country="KR"))
    assert said == {
        "id": "s1", "story": "s0", "source": "a", "publisher": "Publisher a", "owner": "A", "role": "statement",
        "country": "KR", "language": "en", "url": "https://a.example/1", "title": "A family is missing",
        "published": "2026-11-22T07:00:00Z", "published_estimated": False, "first_seen": "2026-11-22T07:00:00Z",
        "backlog": False, "edited_at": None, "revision": 1, "deleted": False, "themes": ["prisons", "security"],
        "theme_scores": [0.943, 3.0], "on_rights": True, "urgency": "notable", "relevance": -0.512, "quotes": 2,
        "asks": 4, "asked": ["CN", "KR"], "rules": "test.1", "corrected": False, "story_corrected": False,
        "story_withdrawn": False,
    }  # fmt: skip
    (cells,) = read_back(STATEMENTS, row(report=one, country="KR"))
    assert (cells["themes"], cells["theme_scores"], cells["asked"]) == ("prisons security", "0.943 3.0", "CN KR")
    assert (cells["relevance"], cells["on_rights"], cells["edited_at"], cells["revision"]) == (
        "-0.512",
        "true",
        "",
        "1",
    )
    json.dumps(said)


def test_a_row_says_what_editors_said():
    one = report(presence=Presence.KEPT)
    said = Correction("s1", 1, "test.1", NOW, "Jin", urgency=Urgency.URGENT)
    one = replace(one, reading=corrected(one.reading, said))
    marks = Marks(correction=Note((("en", "It was one."),), "Jin", NOW), withdrawn=True)
    told = record(STATEMENTS, row(report=one, marks=marks))
    assert [told[n] for n in ("deleted", "corrected", "urgency", "story_corrected", "story_withdrawn")] == [
        True, True, "urgent", True, True,
    ]  # fmt: skip


def test_instants_of_other_zones_are_told_in_utc():
    at = datetime(2026, 11, 22, 16, 0, 0, 999, tzinfo=timezone(timedelta(hours=9)))
    told = record(STATEMENTS, row(report=report(published=at, edited_at=at.astimezone(UTC))))
    assert (told["published"], told["edited_at"]) == ("2026-11-22T07:00:00Z", "2026-11-22T07:00:00Z")


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "\n", "'=", "''+"])
def test_what_a_spreadsheet_would_run_has_an_apostrophe_before_it(begin):
    text = f'{begin}HYPERLINK("http://evil.example","see")'
    (cells,) = read_back(STATEMENTS, row(title=text))
    assert cells["title"] == f"'{text}"
    assert record(STATEMENTS, row(title=text))["title"] == text


def test_numbers_and_dates_are_no_formulas():
    assert line([Column("n", "number", "", lambda r: r)], -1.5) == "-1.5\r\n"


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")), min_size=2, max_size=2))
def test_whatever_stands_in_a_text_comes_back_from_csv(texts):
    title, publisher = texts
    (cells,) = read_back(STATEMENTS, row(title=title, publisher=publisher))
    for said, was in ((cells["title"], title), (cells["publisher"], publisher)):
        assert said in {was, f"'{was}"}
        assert said[:1] not in {"=", "+", "-", "@", "\t", "\r", "\n"}


def test_the_dictionary_in_the_docs_is_the_one_of_the_code():
    kept = Path(__file__).parents[2] / "docs" / "data.md"
    assert kept.read_text("utf-8") == dictionary()


def test_the_dictionary_explains_every_column_and_every_type():
    told = dictionary()
    for column in (*STATEMENTS, *COVERAGE):
        assert f"| `{column.name}` | {column.type} | {column.meaning} |" in told
        assert column.type in TYPES
        assert column.meaning.endswith(".")
    assert {c.type for c in (*STATEMENTS, *COVERAGE)} == TYPES.keys()
    for columns in exporting.TABLES.values():
        assert len({c.name for c in columns}) == len(columns)
