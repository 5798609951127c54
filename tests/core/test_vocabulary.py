"""What means the same becomes one concept, and what is rare says more."""

import pytest

from nkwatch.reading.vocabulary import RAREST, STEM, Vocabulary

VOCABULARY = Vocabulary(
    {
        "satellite*": "satellite", "위성": "satellite", "衛星": "satellite", "hard labour": "labour", "北": "north",
        "北京": "beijing", "WHO": "health_body", "world health": "health_body", "dam": "dam",
    },
    {"the": 0.9, "c:satellite": 0.1},
)  # fmt: skip


@pytest.mark.parametrize("text", ["satellite", "Satellites!", "SATELLITENSTART", "정찰위성", "偵察衛星", "위성을"])
def test_words_of_several_languages_mean_one_thing(text: str) -> None:
    assert "c:satellite" in VOCABULARY.keys(text)


def test_a_term_without_a_star_is_a_whole_word_or_its_plural() -> None:
    assert VOCABULARY.keys("dam dams damage amsterdam") == ["c:dam", "c:dam", "damage", "amsterd"]
    assert VOCABULARY.keys("dam") == ["c:dam"]


def test_a_term_of_two_words_is_found_across_hyphens() -> None:
    assert VOCABULARY.keys("Hard-Labour") == ["c:labour"]


def test_the_longest_term_wins() -> None:
    assert VOCABULARY.keys("北京") == ["c:beijing"]


def test_one_letter_of_cjk_counts_only_where_it_begins_a_word() -> None:
    assert "c:north" in VOCABULARY.keys("北 주민")
    assert "c:north" in VOCABULARY.keys("北주민")
    assert "c:north" not in VOCABULARY.keys("東北大学")


def test_a_term_in_capitals_is_no_pronoun() -> None:
    assert VOCABULARY.keys("WHO said") == ["c:health_body", "who", "said"]
    assert VOCABULARY.keys("who said") == ["who", "said"]


def test_a_latin_term_before_cjk_letters_ends_where_they_begin() -> None:
    assert VOCABULARY.keys("satellite위성") == ["c:satellite", "c:satellite"]


def test_words_are_known_by_their_beginning_and_digits_are_none() -> None:
    assert VOCABULARY.keys("detaining detainees a 27") == ["detaini", "detaine"]
    assert all(len(key) <= STEM for key in VOCABULARY.keys("antidisestablishmentarianism"))


def test_korean_loses_its_particles_and_japanese_its_hiragana() -> None:
    assert VOCABULARY.keys("고아원에서") == ["고아", "아원"]
    assert VOCABULARY.keys("둘은") == ["둘은"]
    assert VOCABULARY.keys("未明に自宅から") == ["未明", "自宅"]


def test_what_is_rare_says_more_and_nothing_says_without_end() -> None:
    assert VOCABULARY.rarity("the") < VOCABULARY.rarity("c:satellite") < VOCABULARY.rarity("never seen")
    assert VOCABULARY.rarity("never seen") == Vocabulary({}, {"never seen": RAREST}).rarity("never seen")


def test_an_empty_vocabulary_knows_words_only() -> None:
    assert Vocabulary().keys("A satellite") == ["satelli"]
    assert Vocabulary().keys("") == []
