"""Pages of cases: addresses that name nobody, and words that editors may put there."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.casepage import LONGEST_HEADING, LONGEST_WORDS, CasePage, CaseWords, case_id, problems_of
from tests.making import NOW

WORDS = CaseWords("en", "A fisherman of Rason", "Held since 2019.", "Ann", NOW)
PAGE = CasePage("id", "kim ok", NOW, (WORDS,))
KOREAN = replace(WORDS, language="ko", heading="나선의 어부", at=NOW + timedelta(hours=1))


@given(st.text(min_size=3))
def test_the_address_of_a_case_shows_nothing_of_its_key(key: str) -> None:
    found = case_id(key)
    assert len(found) == 16
    assert found.isascii()
    assert found.isalnum()
    assert found == case_id(key) != case_id(f"{key}x")


def test_words_in_another_language_stand_beside_the_first_ones() -> None:
    page = PAGE.saying(KOREAN)
    assert page.words == (WORDS, KOREAN)
    assert (page.told_in("ko"), page.told_in("en"), page.told_in("fr")) == (KOREAN, WORDS, WORDS)


def test_words_in_the_same_language_take_the_place_of_the_earlier_ones() -> None:
    other = replace(WORDS, text="Freed in 2026.", editor="Ben")
    page = PAGE.saying(KOREAN).saying(other)
    assert page.words == (other, KOREAN)
    assert (page.id, page.key, page.opened_at) == (PAGE.id, PAGE.key, PAGE.opened_at)


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (replace(WORDS, editor=" "), "say who you are"),
        (replace(WORDS, language="de"), "the language 'de' is none of en, ko"),
        (replace(WORDS, heading=""), "a heading"),
        (replace(WORDS, text=" "), "in your own words"),
        (replace(WORDS, heading="x" * (LONGEST_HEADING + 1)), "the heading has more than"),
        (replace(WORDS, text="x" * (LONGEST_WORDS + 1)), "the words have more than"),
    ],
)
def test_what_cannot_stand_on_a_page_is_said(words: CaseWords, why: str) -> None:
    (problem,) = problems_of(words, ("en", "ko"))
    assert why in problem


def test_what_an_editor_writes_may_be_as_long_as_the_page_takes() -> None:
    longest = replace(WORDS, heading="x" * LONGEST_HEADING, text="x" * LONGEST_WORDS)
    assert problems_of(longest, ("en",)) == ()
