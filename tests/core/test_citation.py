"""Citations: the value, and its two written forms, read back by libraries that others read them with."""

from dataclasses import replace
from datetime import date

import bibtexparser
import pytest
import rispy
from bibtexparser.middlewares import LatexDecodingMiddleware
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.citation import Citation, Kind, bibtex, kind_of, latex, ris

PLACE = "https://watch.example/stories/abc"
HASH = "ab" * 32
PLAIN = Citation("nkwatch-abc", "A family is missing", "Reedbank Border Watch", date(2026, 11, 2), PLACE, "nkwatch")
WHOLE = replace(
    PLAIN,
    kind=Kind.REPORT,
    container="Old Wire",
    accessed=date(2026, 11, 3),
    url="https://www.reedbank.example/news/a_b?x=1&y=%7B2%7D#top",
    language="ko",
    sha256=HASH,
)
#: Letters as titles have them, with all that one of the forms takes for itself.
TITLES = st.text(
    st.one_of(
        st.sampled_from("\\{}$&#%_~^\"'`-,<>@=!? \n\r\t\u2028\x85\x00\ufffe"),
        st.characters(codec="utf-8"),
        st.sampled_from("북한拉致éñ😀\u202e"),
    ),
    max_size=40,
)


def line(text: str) -> str:
    """What any of the forms can hold of a title."""
    return replace(PLAIN, title=text).csl()["title"]


def read_bibtex(text: str, *middleware) -> list[dict[str, str]]:
    library = bibtexparser.parse_string(text, append_middleware=middleware)
    assert library.failed_blocks == []
    return [{f.key: f.value for f in e.fields} | {"key": e.key, "type": e.entry_type} for e in library.entries]


def test_the_value_is_csl_json():
    assert WHOLE.csl() == {
        "id": "nkwatch-abc",
        "type": "report",
        "title": "A family is missing",
        "author": [{"literal": "Reedbank Border Watch"}],
        "issued": {"date-parts": [[2026, 11, 2]]},
        "container-title": "Old Wire",
        "publisher": "Reedbank Border Watch",
        "accessed": {"date-parts": [[2026, 11, 3]]},
        "URL": "https://www.reedbank.example/news/a_b?x=1&y=%7B2%7D#top",
        "language": "ko",
        "archive": "nkwatch",
        "archive_location": PLACE,
        "note": f"SHA-256 of the snapshot: {HASH}",
    }


def test_what_is_not_known_is_left_out():
    assert set(PLAIN.csl()) == {"id", "type", "title", "author", "issued", "archive", "archive_location"}


def test_an_estimated_date_is_said_to_be_one():
    guessed = replace(PLAIN, circa=True)
    assert guessed.csl()["issued"] == {"date-parts": [[2026, 11, 2]], "circa": True}
    assert read_bibtex(bibtex([guessed]))[0]["date"] == "2026-11-02~"


def test_what_has_neither_title_nor_author_can_be_cited():
    item = replace(PLAIN, title=" \x00", author="").csl()
    assert (item["title"], item["author"]) == (PLACE, [{"literal": "nkwatch"}])


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Report of the Special Rapporteur on the situation in the North", Kind.REPORT),
        ("2026 북한인권백서", Kind.REPORT),
        ("New report names the guards", Kind.WEBPAGE),
        ("Remarks at the Security Council", Kind.SPEECH),
        ("Statement by the High Commissioner", Kind.SPEECH),
        ("Statement on the families of Hoeryong", Kind.WEBPAGE),
        ("외교부 장관 기조연설", Kind.SPEECH),
        ("A family is missing", Kind.WEBPAGE),
        ("", Kind.WEBPAGE),
    ],
)
def test_a_title_may_say_what_a_text_is(title, kind):
    assert kind_of(title) is kind


def test_a_document_of_the_united_nations_is_a_report():
    assert kind_of("Statement by the High Commissioner", document=True) is Kind.REPORT


# RIS


def test_a_ris_file_is_read_back():
    assert rispy.loads(ris([WHOLE, PLAIN]))[0] == {
        "type_of_reference": "RPRT",
        "id": "nkwatch-abc",
        "title": "A family is missing",
        "authors": ["Reedbank Border Watch"],
        "year": "2026",
        "date": "2026/11/02",
        "secondary_title": "Old Wire",
        "publisher": "Reedbank Border Watch",
        "access_date": "2026/11/03",
        "urls": ["https://www.reedbank.example/news/a_b?x=1&y=%7B2%7D#top"],
        "language": "ko",
        "name_of_database": "nkwatch",
        "unknown_tag": {"AV": [PLACE]},
        "notes": [f"SHA-256 of the snapshot: {HASH}"],
    }


def test_lines_of_a_ris_file_end_as_they_must():
    written = ris([PLAIN, replace(PLAIN, kind=Kind.SPEECH)])
    assert written.count("\r\n") == written.count("\n")
    assert [text.startswith("TY  - ") for text in written.split("ER  - \r\n")] == [True, True, False]
    assert "M3  - Speech\r\n" in written


@given(TITLES, TITLES)
def test_whatever_a_title_holds_a_ris_file_keeps_it(title, author):
    (found,) = rispy.loads(ris([replace(PLAIN, title=title, author=author)]))
    assert found["title"] == line(title)
    assert len(found["authors"]) == 1


# BibTeX


def test_a_bibtex_file_is_read_back():
    entry, plain = read_bibtex(bibtex([WHOLE, replace(PLAIN, key="nkwatch-b")]))
    assert entry == {
        "type": "techreport",
        "key": "nkwatch-abc",
        "title": "{A family is missing}",
        "author": "{Reedbank Border Watch}",
        "institution": "Reedbank Border Watch",
        "howpublished": "Old Wire",
        "year": "2026",
        "date": "2026-11-02",
        "urldate": "2026-11-03",
        "url": "https://www.reedbank.example/news/a_b?x=1&y=%7B2%7D#top",
        "language": "ko",
        "note": f"nkwatch: {PLACE}. SHA-256 of the snapshot: {HASH}",
    }
    assert (plain["type"], plain["key"], plain["note"]) == ("misc", "nkwatch-b", f"nkwatch: {PLACE}")


def test_an_address_never_ends_its_field():
    (entry,) = read_bibtex(bibtex([replace(PLAIN, url="https://a.example/}x{\\")]))
    assert entry["url"] == "https://a.example/%7Dx%7B%5C"


def test_letters_that_latex_takes_for_itself_are_written_out():
    assert latex("50% of A&B_c #1 $2") == r"50\% of A\&B\_c \#1 \$2"
    assert latex("{~^\\}") == r"\textbraceleft{}\textasciitilde{}\textasciicircum{}\textbackslash{}\textbraceright{}"


def test_letters_that_would_melt_into_others_are_kept_apart():
    assert latex("a -- b --- ``c'' ?` !` << >> ,,") == "a -{}- b -{}-{}- `{}`c'{}' ?{}` !{}` <{}< >{}> ,{},"
    assert latex("북한 拉致 é 😀") == "북한 拉致 é 😀"


@given(TITLES)
def test_whatever_a_title_holds_a_bibtex_file_can_be_read_and_keeps_it(title):
    two = [replace(PLAIN, title=title), replace(PLAIN, key="nkwatch-b")]
    entry, other = read_bibtex(bibtex(two))
    assert other["title"] == "{A family is missing}"
    assert entry["title"] == f"{{{latex(line(title))}}}"
    assert entry["title"].count("{") == entry["title"].count("}")


#: The library that decodes knows braces and carets by other names, and takes some letters for markup of its own.
@given(st.text(st.sampled_from("\\$&#%_-`'~,<>?! abc북한拉致é😀"), max_size=40))
def test_latex_prints_a_title_letter_for_letter(title):
    # white space at the ends of a field is nobody's
    (entry,) = read_bibtex(bibtex([replace(PLAIN, title=f"x{title}x")]), LatexDecodingMiddleware())
    assert entry["title"] == line(f"x{title}x")
