"""A linear model: what the features add up to, and which phrases spoke for the answer."""

from dataclasses import replace
from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.features import Sign
from nkwatch.reading.lexicon import Hit, Term
from nkwatch.reading.weights import CERTAIN, KEPT, Head, Share, Weights, logistic
from tests.core.counting import lines_run
from tests.making import lexicon, rules


def phrase(text: str, start: int = 0) -> Hit:
    """A phrase of the text."""
    return Hit("text", start, start + len(text), "", text)


CAMP, GUARD, MOVIE, OF = phrase("camp"), phrase("guard", 10), phrase("movie", 20), phrase("of", 30)
WEIGHTS = Weights(
    "v1",
    {
        "prisons": Head(-1.0, {"theme:prisons": 2.0, "word:guard": 0.5, "urgency:fiction": -3.0, "word:of": 0.0}),
        "culture": Head(0.25, {"urgency:fiction": 1.0}),
        "silent": Head(-0.5, {}),
    },
)
SIGNS = {
    "theme:prisons": Sign(1.5, (CAMP,)),
    "word:guard": Sign(1.0, (GUARD,)),
    "urgency:fiction": Sign(1.0, (MOVIE,)),
    "word:of": Sign(3.0, (OF,)),
    "word:unknown": Sign(3.0, (phrase("unknown", 40),)),
}


def test_the_probability_is_the_logistic_of_bias_and_weighted_features() -> None:
    # -1 + 2 x 1.5 + 0.5 x 1 - 3 x 1 + 0 x 3 = -0.5; 0.25 + 1 x 1 = 1.25
    assert WEIGHTS.probabilities(SIGNS) == pytest.approx(
        {"prisons": 0.377_540_669, "culture": 0.777_299_861, "silent": 0.377_540_669}
    )


def test_where_nothing_is_met_the_bias_answers() -> None:
    assert WEIGHTS.probabilities({}) == pytest.approx(
        {"prisons": 1 / (1 + exp(1)), "culture": 1 / (1 + exp(-0.25)), "silent": 1 / (1 + exp(0.5))}
    )


def test_what_has_a_weight_is_known() -> None:
    assert "word:guard" in WEIGHTS.known
    assert "word:unknown" not in WEIGHTS.known


def test_no_heads_no_answers() -> None:
    assert Weights("v1", {}).probabilities(SIGNS) == {}


@pytest.mark.parametrize(("total", "probability"), [(0, 0.5), (1e9, 1.0), (-1e9, 0.0), (1, 0.731_058_579)])
def test_log_odds_become_a_probability_however_large(total: float, probability: float) -> None:
    assert logistic(total) == pytest.approx(probability, abs=1e-8)


@given(st.floats(-CERTAIN, CERTAIN), st.floats(-CERTAIN, CERTAIN))
def test_more_log_odds_are_no_less_probable(one: float, other: float) -> None:
    low, high = sorted((one, other))
    assert 0 < logistic(low) <= logistic(high) < 1
    assert logistic(low) + logistic(-low) == pytest.approx(1)


def test_the_shares_say_what_each_feature_added_the_strongest_first() -> None:
    assert WEIGHTS.shares("prisons", SIGNS) == (
        Share("theme:prisons", 3.0, (CAMP.evidence,)),
        Share("word:guard", 0.5, (GUARD.evidence,)),
        Share("word:of", 0.0, (OF.evidence,)),
        Share("urgency:fiction", -3.0, (MOVIE.evidence,)),
    )
    assert WEIGHTS.shares("silent", SIGNS) == ()


def test_equal_shares_come_by_name() -> None:
    weights = Weights("v1", {"x": Head(0, {"b": 1.0, "a": 1.0, "c": 1.0})})
    signs = {name: Sign(1.0, (phrase(name),)) for name in "cba"}
    assert [s.feature for s in weights.shares("x", signs)] == ["a", "b", "c"]


def test_the_evidence_is_of_what_spoke_for_yes() -> None:
    assert WEIGHTS.evidence("prisons", SIGNS) == (CAMP.evidence, GUARD.evidence)
    assert WEIGHTS.evidence("silent", SIGNS) == ()


def test_a_place_is_evidence_once() -> None:
    weights = Weights("v1", {"x": Head(0, {"a": 1.0, "b": 2.0})})
    signs = {"a": Sign(1.0, (CAMP, GUARD)), "b": Sign(1.0, (GUARD,))}
    assert weights.evidence("x", signs) == (GUARD.evidence, CAMP.evidence)


def test_at_most_five_phrases_are_kept() -> None:
    many = tuple(phrase(f"camp {n}", 10 * n) for n in range(9))
    weights = Weights("v1", {"x": Head(0, {"a": 1.0, "b": 4.0})})
    told = (MOVIE, *many[: KEPT - 1])
    assert weights.evidence("x", {"a": Sign(3.0, many), "b": Sign(1.0, (MOVIE,))}) == tuple(h.evidence for h in told)
    assert KEPT == 5


@pytest.mark.parametrize(
    ("met", "told"),
    [
        # a list goes before a word that adds more
        (["word:guard", "weak:prisons"], ["weak:prisons", "word:guard"]),
        # "has" explains nothing where anything else does
        (["word:has", "word:guard"], ["word:guard"]),
        (["word:has", "weak:prisons"], ["weak:prisons"]),
        (["word:has", "word:of"], ["word:of", "word:has"]),
        # two letters are a word where they are Korean
        (["word:수감", "weak:prisons"], ["weak:prisons", "word:수감"]),
        # what speaks against it is no evidence
        (["word:has", "weak:food"], ["word:has"]),
    ],
)
def test_telling_phrases_are_shown_before_others(met: list[str], told: list[str]) -> None:
    heads = {
        "word:guard": 2.0,
        "word:has": 3.0,
        "word:of": 4.0,
        "word:수감": 2.0,
        "weak:prisons": 1.0,
        "weak:food": -1.0,
    }
    signs = {name: Sign(1.0, (phrase(name, 10 * n),)) for n, name in enumerate(met)}
    assert [e.phrase for e in Weights("v1", {"x": Head(0, heads)}).evidence("x", signs)] == told


names = st.sampled_from(["a", "b", "c", "d", "e&f", "word:g"])
numbers = st.floats(-9, 9)


@given(
    st.dictionaries(names, numbers), numbers, st.dictionaries(names, st.floats(0, 6)), st.randoms(use_true_random=False)
)
def test_the_answer_is_that_of_its_shares_in_any_order(
    weights: dict[str, float], bias: float, values: dict[str, float], chance: Random
) -> None:
    signs = {name: Sign(value, (phrase(name),)) for name, value in values.items()}
    model = Weights("v1", {"x": Head(bias, weights)})
    total = bias + sum(share.added for share in model.shares("x", signs))
    assert model.probabilities(signs)["x"] == pytest.approx(logistic(total))
    mixed = list(signs.items())
    chance.shuffle(mixed)
    assert model.shares("x", dict(mixed)) == model.shares("x", signs)
    assert model.evidence("x", dict(mixed)) == model.evidence("x", signs)


def test_the_words_with_weights_are_terms_in_order() -> None:
    assert WEIGHTS.terms == (Term("guard", "word:guard"), Term("of", "word:of"))
    mixed = Weights("v1", {"x": Head(0, {"word:z": 1.0, "theme:y": 1.0, "word:a": 1.0})})
    assert mixed.terms == (Term("a", "word:a"), Term("z", "word:z"))


def test_words_of_several_heads_are_one_term() -> None:
    assert Weights("v1", {n: Head(0, {"word:camp": 1.0}) for n in "ab"}).terms == (Term("camp", "word:camp"),)


def test_rules_look_for_the_words_of_the_weights_beside_the_terms() -> None:
    plain = lexicon({"theme:prisons": ["camp"]})
    ruled = rules(plain, WEIGHTS.heads)
    assert {(h.list, h.evidence.phrase) for h in ruled.lexicon.hits("text", "Guards of a camp", "fr")} == {
        ("word:guard", "Guards"),
        ("word:of", "of"),
        ("theme:prisons", "camp"),
    }
    assert (ruled.lexicon.themes, ruled.lexicon.masks, ruled.version) == (plain.themes, plain.masks, "test.1")
    assert [h.list for h in plain.hits("text", "Guards of a camp", "fr")] == ["theme:prisons"]


def test_equal_tables_are_equal_weights() -> None:
    assert replace(WEIGHTS) == WEIGHTS
    assert replace(WEIGHTS, version="v2") != WEIGHTS


def test_features_without_weights_cost_next_to_nothing_and_heads_that_do_not_ask_nothing() -> None:
    def cost(heads: int, features: int) -> int:
        asked = {f"h{n}": Head(0, {f"f{n}": 1.0}) for n in range(heads)}
        weights, signs = Weights("v1", asked), {f"f{n}": Sign(1.0, ()) for n in range(features)}
        return lines_run(lambda: weights.probabilities(signs))

    assert cost(100, 1_000) - cost(100, 500) <= 2 * 500
    assert cost(200, 100) - cost(100, 100) <= 8 * 100
