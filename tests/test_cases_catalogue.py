"""The book of cases that ships with nkwatch, and what an editor may get wrong in it."""

import pytest

from nkwatch.catalogue.cases import load_case_book
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.casebook import Case
from nkwatch.reading.folding import fold

LEAST = 'never = []\nwide_places = []\n[places]\n[[case]]\nname = "Otto Warmbier"\n[words.en]\n'


def test_the_shipped_book_has_words_in_four_languages() -> None:
    book = load_case_book()
    assert set(book.words) == {"en", "ko", "ja", "fr"}
    assert all(w.before and w.verbs and w.officials and w.kinds and w.numbers for w in book.words.values())


def test_every_spelling_of_the_shipped_cases_leads_to_its_case() -> None:
    book = load_case_book()
    for case in book.known:
        for spelling in (case.name, *case.spellings, *case.through):
            assert book.key(spelling) == book.key(case.name), spelling
            assert [key for _, _, key in book.spelt_in(fold(f"« {spelling} »"))] == [book.key(case.name)]


def test_no_shipped_case_is_a_leader_and_no_two_share_a_key() -> None:
    book = load_case_book()
    own = [book.key(c.name) for c in book.known]
    assert len(own) == len(set(own))
    assert not set(own) & book.never_keys


def test_kinds_of_groups_have_the_same_names_in_all_languages() -> None:
    words = load_case_book().words
    english = set(words["en"].kinds.values())
    assert all(set(w.kinds.values()) <= english for w in words.values())


def test_wide_places_are_places() -> None:
    book = load_case_book()
    assert book.wide_places <= book.places.keys()


def test_the_least_book_is_one() -> None:
    assert load_case_book(LEAST).known == (Case("Otto Warmbier"),)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("never = [", "no TOML"),
        ("never = []", "lacks 'case'"),
        (LEAST.replace("never = []", ""), "lacks 'never'"),
        (LEAST.replace("name =", "names ="), "1. [[case]] has no name"),
        (LEAST.replace('"Otto Warmbier"', '"Otto Warmbier"\nspelings = ["O"]'), "Otto Warmbier has spelings"),
        (
            LEAST.replace('"Otto Warmbier"', '"Otto Warmbier"\nspellings = ["O", ""]'),
            "spellings of Otto Warmbier has to be a list of phrases",
        ),
        (LEAST + 'befor = ["release of"]', "[words.en] has befor"),
        (LEAST + 'before = "release of"', "words.en.before has to be a list"),
        (LEAST + '[words.en.numbers]\ntwo = "2"', "words.en.numbers gives each word its whole number"),
        (LEAST + "kinds = []", "words.en.kinds gives each word its phrase"),
        (LEAST + 'verb_final = "yes"', "words.en.verb_final is true or false"),
        ("case = 1\n" + LEAST.replace("[[case]]", "[case_]"), "[[case]] has to be a list of tables"),
        (LEAST.replace("[words.en]", "[words]\nen = 1"), "words.en has to be a table"),
        (LEAST.replace("[places]", "places = 1"), "places has to be a table"),
    ],
)
def test_what_is_wrong_is_named(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as wrong:
        load_case_book(text)
    assert says in str(wrong.value)
