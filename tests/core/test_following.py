"""What readers follow, found in texts: words as words, names in any spelling."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.surroundings import Earlier
from nkwatch.editing.following import Named, Passage, last_named, patterns
from nkwatch.reading.names import name_key
from tests.making import at


def stands(word: str, text: str) -> bool:
    """Whether a followed word stands in a text."""
    return any(Passage.of(text).has(pattern) for pattern in patterns(word))


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("Yodok", "released from YODOK."),
        (" yodok ", "released from Yodok"),
        ("prison camp", "a prison-camp"),
        ("prison-camp", "a prison  \ncamp"),
        ("repatriat*", "was repatriated"),
        ("repatriat*", "to repatriat"),
        ("C-47", "by C-47!"),
        ("’s", "Kim's"),
        # scripts that are written without the boundaries of words
        ("북송", "강제북송된"),
        ("강제 북송", "강제북송된"),
        ("북송*", "강제북송된"),
        ("脱北", "脱北者"),
        ("拉致", "北朝鮮による拉致問題"),
        # Korean before and behind a Latin word
        ("NKDB", "NKDB는"),
        ("Gulag", "북한의Gulag"),
        ("лагер*", "в лагере"),
        (unicodedata.normalize("NFD", "요덕"), "요덕 수용소"),
        ("요덕", unicodedata.normalize("NFD", "요덕 수용소")),
        (unicodedata.normalize("NFD", "disparu"), "disparu"),
        ("été", unicodedata.normalize("NFD", "cet été")),
    ],
)
def test_a_followed_word_is_found(word: str, text: str) -> None:
    assert stands(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("camp", "a campaign"),
        ("camp", "camps"),
        ("camp", "a decamp"),
        ("camp*", "a decamp"),
        ("camp", "camp2"),
        ("UN", "until"),
        ("Yodok", "Hoeryong"),
        ("북송", "북한"),
        ("", "anything"),
        ("*", "anything * at all"),
        ("...", "and so on ..."),
    ],
)
def test_a_word_inside_another_or_none_at_all_is_not_found(word: str, text: str) -> None:
    assert not stands(word, text)


def test_a_word_is_found_behind_places_where_it_is_none() -> None:
    assert stands("camp", "decamp, campaign, camp")


@given(st.text(max_size=12), st.text(max_size=40))
def test_a_word_between_spaces_is_found_whatever_it_is(word: str, text: str) -> None:
    if patterns(word):
        assert stands(word, f"{text} {word.strip().rstrip('*')} {text}")


def named(spelling: str, *keys: str) -> Named:
    """Somebody whom a report names so."""
    return Named(spelling, frozenset({name_key(spelling), *keys}))


@pytest.mark.parametrize("name", ["김동철", "Kim Dong-chul", "KIM Tong Chol", "Kim Tong-ch'ŏl"])
def test_a_person_is_the_same_in_any_romanisation(name: str) -> None:
    assert named("Kim Dong Chul").by(name)
    assert named("김동철").by(name)
    assert not named("Kim Dong Soo").by(name)


def test_names_that_only_hangul_tells_apart_are_told_apart_where_both_are_in_it() -> None:
    assert not named("김정은").by("김종은")
    assert named("Kim Jong Un").by("김종은")


def test_a_known_case_is_the_same_under_every_key_that_leads_to_it() -> None:
    assert named("横田めぐみ", name_key("Yokota Megumi")).by("Megumi Yokota")
    assert not named("横田めぐみ").by("Megumi Yokota")


def test_what_is_no_name_is_nobody() -> None:
    assert not Named("김정은", frozenset({"kim jeong eun"})).by("…")


def earlier(story_id: str, day: str) -> Earlier:
    """A story that named somebody on a day of November 2026."""
    return Earlier(story_id, "A trial", "en", at(f"2026-11-{day}"))


def test_a_followed_case_was_in_the_news_last_under_any_of_its_spellings() -> None:
    persons = [named("横田めぐみ", name_key("Yokota Megumi")), named("김동철")]
    old, new, other = earlier("s1", "02"), earlier("s2", "05"), earlier("s3", "09")
    before = {name_key("横田めぐみ"): old, name_key("Yokota Megumi"): new, name_key("Kim Dong-chul"): other}
    assert last_named("Megumi Yokota", persons, before) == new
    assert last_named("Kim Tong Chol", persons, before) == other


def test_who_was_not_named_before_or_is_not_named_now_was_not_in_the_news() -> None:
    before = {name_key("Kim Dong Chul"): earlier("s1", "02")}
    assert last_named("Kim Dong Chul", [], before) is None
    assert last_named("Kim Dong Chul", [named("Kim Dong Soo")], before) is None
    assert last_named("Kim Dong Soo", [named("Kim Dong Soo")], before) is None
