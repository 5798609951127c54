"""Letters that are written apart are read as one, and what was found stands where it stood."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Evidence, Mention, Quote
from nkwatch.reading import read
from nkwatch.reading.composing import back, composed
from tests.making import shipped_rules, statement

TITLE = "탈북민 7명, 중국에서 강제북송 위기"
TEXT = "La Corée du Nord exécute des prisonniers. 북한 정치범 수용소."


def apart(text: str) -> str:
    """The text with its letters written apart."""
    return unicodedata.normalize("NFD", text)


def test_a_text_whose_letters_are_whole_stays_as_it_is() -> None:
    whole = composed(TEXT)
    assert (whole.text, whole.places) == (TEXT, ())
    found = Evidence("text", 3, 8, TEXT[3:8])
    assert whole.back(found) is found


@pytest.mark.parametrize("text", [TITLE, TEXT, "e\u0301", "각하 한글", "が ぱ", "\u0301leading mark", "\u0958 क\u093c"])
def test_letters_written_apart_become_whole(text: str) -> None:
    assert composed(apart(text)).text == unicodedata.normalize("NFC", text)


@given(st.text(alphabet=st.sampled_from("aéö한글각가 ぱが\n👍e\u0301\u0323\u11a8क\u093c\u0958"), max_size=30))
def test_every_place_of_the_whole_text_is_a_place_of_the_one_apart(text: str) -> None:
    whole = composed(apart(text))
    places = [whole.back(Evidence("text", i, i + 1, c)) for i, c in enumerate(whole.text)]
    assert all(0 <= p.start <= p.end <= len(whole.original) for p in places)
    assert [p.start for p in places] == sorted(p.start for p in places)
    assert all(whole.original[p.start : p.end] == p.phrase for p in places)


def test_what_was_found_is_moved_wherever_it_stands() -> None:
    whole = composed(apart("Kim é"))
    found = (Quote(Evidence("text", 4, 5, "é"), "Kim"), Mention(Evidence("title", 0, 1, "x"), "x"))
    moved, elsewhere = back(found, {"text": whole})
    assert moved == Quote(Evidence("text", 4, 6, "e\u0301"), "Kim")
    assert elsewhere == found[1]


@pytest.mark.parametrize(("title", "text", "language"), [(TITLE, "", "ko"), ("", TEXT, "fr"), (TITLE, TEXT, "ko")])
def test_a_reading_of_letters_apart_finds_the_same_in_other_places(title: str, text: str, language: str) -> None:
    whole = read(statement(title=title, text=text, language=language), shipped_rules())
    one = statement(title=apart(title), text=apart(text), language=language)
    found = read(one, shipped_rules())
    assert found.about_nk
    assert [f.code for f in found.themes] == [f.code for f in whole.themes]
    assert found.urgency == whole.urgency
    evidence = (*found.relevance_evidence, *found.urgency_evidence, *(e for f in found.themes for e in f.evidence))
    assert evidence
    assert all(getattr(one, e.field)[e.start : e.end] == e.phrase for e in evidence)
