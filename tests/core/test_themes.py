"""Which themes a text has, most probable first, with the phrases that decided."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Finding, Reading
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading import read
from nkwatch.reading.features import features
from nkwatch.reading.themes import MOST, PROBABLE, names_rights, themes
from nkwatch.reading.weights import Head, Weights
from tests.making import lexicon, rules, statement

TERMS = {
    "names": ["North Korea"],
    "theme:prisons": ["prison camp", "torture chamber"],
    "weak:prisons": ["guards"],
    "theme:women": ["forced abortion"],
    "theme:security": ["missile"],
    "theme:general": ["human rights"],
    "theme:food": ["famine"],
    "theme:religion": ["bible"],
    "theme:labour": ["forced labour"],
}
SMALL = rules(TERMS)
LEXICON, WEIGHTS = SMALL.lexicon, SMALL.weights


def find(title: str = "", text: str = "", weights: Weights = WEIGHTS) -> tuple[Finding, ...]:
    """The themes of a statement on North Korea."""
    signs = features(LEXICON.hits("title", title, "en") + LEXICON.hits("text", text, "en"))
    return themes(weights.probabilities(signs), signs, weights, LEXICON.themes)


def codes(title: str = "", text: str = "") -> list[str]:
    """The codes of its themes."""
    return [f.code for f in find(title, text)]


def on(title: str, text: str = "") -> Reading:
    """The whole reading."""
    return read(statement(title=title, text=text), SMALL)


def test_the_score_is_the_probability() -> None:
    (one,) = find("", "A prison camp")
    # -1 + 2 x 1
    assert (one.code, one.kind, one.score) == ("prisons", ThemeKind.RIGHTS, 0.731)
    assert [(e.field, e.start, e.phrase) for e in one.evidence] == [("text", 2, "prison camp")]


def test_themes_come_by_probability() -> None:
    assert codes("A prison camp", "A forced abortion") == ["prisons", "women"]
    assert codes("A forced abortion", "A prison camp") == ["women", "prisons"]


def test_equally_probable_themes_come_in_the_order_of_their_codes() -> None:
    assert codes("Famine in a prison camp") == ["food", "prisons"]


def test_a_text_has_four_themes_at_most() -> None:
    assert codes("Prison camp, forced abortion, missile, famine, bible, forced labour") == [
        "food", "labour", "prisons", "religion",
    ]  # fmt: skip
    assert MOST == 4


@pytest.mark.parametrize(("title", "told"), [("On human rights", ["general"]), ("Human rights, famine", ["food"])])
def test_general_stands_alone_or_not_at_all(title: str, told: list[str]) -> None:
    assert codes(title) == told


def test_general_does_not_stand_beside_a_theme_that_is_less_probable() -> None:
    assert codes("Human rights", "Guards at a forced abortion") == ["women", "prisons"]


def test_general_does_not_take_the_place_of_a_theme() -> None:
    assert len(codes("Human rights: famine, bible, missile, prison camp, forced labour")) == MOST


def test_where_no_theme_is_probable_the_most_probable_stands() -> None:
    unsure = rules(
        TERMS,
        {t.code: Head(-5.0, {}) for t in LEXICON.themes}
        | {"food": Head(-2.0, {}), "women": Head(-2.5, {"theme:prisons": 1})},
    )
    found = find("A prison camp", weights=unsure.weights)
    assert [(f.code, f.score, [e.phrase for e in f.evidence]) for f in found] == [("women", 0.269, ["prison camp"])]
    assert found[0].score < PROBABLE


@pytest.mark.parametrize(
    ("title", "told"),
    [("Guards", [("prisons", ["Guards"])]), ("A missile", [("general", [])]), ("Rice", [("general", [])])],
)
def test_where_no_theme_is_probable_one_stands_that_a_phrase_speaks_for_else_the_general_one(
    title: str, told: list[tuple[str, list[str]]]
) -> None:
    heads = {t.code: Head(-5.0, {"weak:prisons": 3.0} if t.code == "prisons" else {}) for t in SMALL.lexicon.themes}
    heads |= {"general": Head(-3.0, {})}
    ruled = rules(TERMS, heads | {"food": Head(-2.5, {})} if title == "Rice" else heads)
    assert [(f.code, [e.phrase for e in f.evidence]) for f in find(title, weights=ruled.weights)] == told


@pytest.mark.parametrize(("bias", "told"), [(-0.66, {"food", "women"}), (-0.67, {"women"})])
def test_a_theme_is_told_from_its_probability_on(bias: float, told: set[str]) -> None:
    # the logistic of -0.663 is 0.34
    ruled = rules(
        TERMS, {t.code: Head(-9.0, {}) for t in LEXICON.themes} | {"food": Head(bias, {}), "women": Head(1, {})}
    )
    assert {f.code for f in find("x", weights=ruled.weights)} == told


def test_every_statement_on_north_korea_has_a_theme() -> None:
    assert len(on("North Korea").themes) == 1
    assert on("North Korea: famine, prison camp").themes[0].code == "food"


def test_a_statement_on_something_else_has_none() -> None:
    found = on("Famine in a prison camp")
    assert (found.about_nk, found.themes) == (False, ())


def test_a_theme_that_has_no_weights_is_not_found() -> None:
    signs = features(LEXICON.hits("title", "Famine in a prison camp", "en"))
    only = Weights("v1", {"prisons": WEIGHTS.heads["prisons"]})
    assert [f.code for f in themes(only.probabilities(signs), signs, only, LEXICON.themes)] == ["prisons"]
    none = Weights("v1", {})
    assert themes(none.probabilities(signs), signs, none, LEXICON.themes) == ()


def test_heads_that_are_no_themes_are_not_told() -> None:
    sure = rules(TERMS, {"urgent": Head(9.0, {}), "notable": Head(9.0, {}), "weather": Head(9.0, {})})
    assert [f.code for f in find("A prison camp", weights=sure.weights)] == ["prisons"]


def test_context_is_no_theme_of_rights() -> None:
    (one,) = find("A missile")
    assert one.kind is ThemeKind.CONTEXT
    assert not names_rights(LEXICON.hits("title", "A missile", "en"), LEXICON.themes)
    assert names_rights(LEXICON.hits("title", "A prison camp", "en"), LEXICON.themes)


def test_a_weak_term_does_not_name_a_theme_of_rights() -> None:
    assert not names_rights(LEXICON.hits("title", "Guards", "en"), LEXICON.themes)
    assert not names_rights([], LEXICON.themes)
    assert not names_rights(LEXICON.hits("title", "Famine", "en"), lexicon({"theme:prisons": []}).themes)


def test_a_theme_is_named_in_the_language_of_the_reader_else_in_english() -> None:
    one = Theme("food", ThemeKind.RIGHTS, {"en": "Food", "fr": "Faim", "ko": ""})
    assert [one.name(language) for language in ("fr", "ko", "de", "")] == ["Faim", "Food", "Food", "Food"]


pieces = st.sampled_from(
    [
        "prison camp",
        "guards",
        "forced abortion",
        "missile",
        "human rights",
        "famine",
        "bible",
        "forced labour",
        "North  Korea",
    ]
)
texts = st.lists(pieces, max_size=12).map(", ".join)


@given(texts, texts)
def test_themes_are_few_ranked_different_and_shown(title: str, text: str) -> None:
    found = find(title, text)
    fields = {"title": title, "text": text}
    assert 1 <= len(found) <= MOST
    assert [f.score for f in found] == sorted((f.score for f in found), reverse=True)
    assert len({f.code for f in found}) == len(found)
    assert len(found) == 1 or "general" not in {f.code for f in found}
    assert all(fields[e.field][e.start : e.end] == e.phrase for f in found for e in f.evidence)
