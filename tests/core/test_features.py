"""What of a statement is weighed: which phrases, how much of each list, and which pairs of cues."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.reading.features import BEGINNING, IN_TEXT, IN_TITLE, MOST, MOST_CUES, Sign, features
from nkwatch.reading.lexicon import Hit
from tests.core.counting import lines_run
from tests.making import lexicon

SMALL = lexicon(
    {
        "theme:prisons": ["prison camp", "prison", "정치범 수용소", *(f"camp {n}" for n in range(9))],
        "weak:prisons": ["guard*", "guards"],
        "urgency:detention": ["arrested", *(f"cell {n}" for n in range(9))],
        "urgency:now": ["today"],
        "urgency:fear": ["fear"],
        "word:of": ["of"],
    }
)


def found(title: str = "", text: str = "") -> dict[str, Sign]:
    """The features of a statement."""
    return features(SMALL.hits("title", title, "en") + SMALL.hits("text", text, "en"))


def value(name: str, title: str = "", text: str = "") -> float:
    """How much of a feature a statement has."""
    return found(title, text)[name].value


def test_nothing_met_no_features() -> None:
    assert found("A concert", "in Seoul") == {}


def test_a_term_in_the_title_counts_more() -> None:
    assert value("weak:prisons", "Guarded") == IN_TITLE > value("weak:prisons", "", "Guarded") == IN_TEXT


@pytest.mark.parametrize(
    ("title", "text"),
    [
        ("", "Guards. Guards."),
        ("", "Guards. GUARDS."),
        ("", "guards " * 500),
        ("Guards", "Guards were guards."),
    ],
)
def test_the_same_phrase_again_counts_nothing(title: str, text: str) -> None:
    assert value("weak:prisons", title, text) == (IN_TITLE if title else IN_TEXT)


@pytest.mark.parametrize("space", [" ", "  ", "\u00a0", "\n", " \n\t", "\u3000"])
def test_the_same_phrase_with_other_white_space_is_the_same(space: str) -> None:
    assert value("word:of", "", f"of{space}of") == IN_TEXT
    both = features(lexicon({"theme:food": ["food aid"]}).hits("text", f"food aid, Food{space}aid", "en"))
    assert both["theme:food"].value == IN_TEXT


def test_different_phrases_add_up() -> None:
    # the longer phrase and the one inside it are two
    assert value("theme:prisons", "", "a prison camp") == 2 * IN_TEXT
    assert value("theme:prisons", "Prison", "camp 3") == IN_TITLE + IN_TEXT
    assert [e.phrase for e in found("Prison", "camp 3, prison")["theme:prisons"].evidence] == ["Prison", "camp 3"]


def test_a_list_counts_no_more_than_its_most_and_keeps_its_phrases() -> None:
    sign = found("", " ".join(f"camp {n}" for n in range(9)))["theme:prisons"]
    assert (sign.value, len(sign.evidence)) == (MOST, 9)
    sign = found("", " ".join(f"cell {n}" for n in range(9)))["urgency:detention"]
    assert (sign.value, len(sign.evidence)) == (MOST_CUES, 9)


@pytest.mark.parametrize(("place", "weighed"), [(BEGINNING - 1, True), (BEGINNING, False), (BEGINNING + 500, False)])
def test_what_begins_beyond_the_beginning_is_not_weighed(place: int, weighed: bool) -> None:
    assert ("theme:prisons" in found("", f"{' x' * BEGINNING}"[: place - 1] + " prison. ")) is weighed


def test_the_beginning_of_a_text_is_counted_in_characters_of_the_original() -> None:
    # folded, the spaces are one
    assert "weak:prisons" not in found("", " " * BEGINNING + "guards")
    assert "weak:prisons" in found("", "𝕏" * (BEGINNING - 2) + " guards")


def test_a_title_is_weighed_however_long() -> None:
    assert value("theme:prisons", "x " * BEGINNING + "prison") == IN_TITLE


def test_two_lists_of_cues_make_a_pair() -> None:
    both = found("Arrested today", "They were arrested. Today. In cell 3.")
    pair = both["urgency:detention&urgency:now"]
    assert (pair.value, [e.phrase for e in pair.evidence]) == (1.0, ["Arrested", "today"])
    assert both.keys() == {"urgency:detention", "urgency:now", "urgency:detention&urgency:now"}


def test_three_lists_of_cues_make_three_pairs_each_in_the_order_of_names() -> None:
    assert {n for n in found("Today: fear of prison as two are arrested") if "&" in n} == {
        "urgency:detention&urgency:fear",
        "urgency:detention&urgency:now",
        "urgency:fear&urgency:now",
    }


def test_themes_and_words_make_no_pairs() -> None:
    assert not [n for n in found("Guards of the prison") if "&" in n]


def test_only_known_features_are_looked_for_and_every_cue() -> None:
    hits = SMALL.hits("title", "Guards of the prison: arrested today in fear", "en")
    cues = {"urgency:detention", "urgency:now", "urgency:fear"}
    assert features(hits, set()).keys() == cues
    some = {"weak:prisons", "urgency:detention&urgency:now", "urgency:now"}
    assert features(hits, some) == {n: s for n, s in features(hits).items() if n in cues | some}


pieces = st.sampled_from(
    ["prison camp", "guards", "today", "fear", "arrested", "of", "camp 1", "정치범수용소", "\n", "𝕏", "."]
)
texts = st.lists(pieces, max_size=25).map(" ".join)


@given(texts, texts, st.data())
def test_the_order_of_the_hits_does_not_matter(title: str, text: str, data: st.DataObject) -> None:
    hits = SMALL.hits("title", title, "en") + SMALL.hits("text", text, "en")
    told, again = features(hits), features(data.draw(st.permutations(hits)))
    assert list(again.items()) == list(told.items())


@given(texts, texts)
def test_the_evidence_of_a_feature_stands_in_the_statement_in_order(title: str, text: str) -> None:
    fields = {"title": title, "text": text}
    for name, sign in found(title, text).items():
        assert sign.value > 0
        assert len({e.phrase.casefold() for e in sign.evidence}) == len(sign.evidence)
        assert all(fields[e.field][e.start : e.end] == e.phrase for e in sign.evidence)
        places = [(e.field != "title", e.start) for e in sign.evidence]
        assert places == sorted(places) or "&" in name


def test_the_work_grows_with_the_number_of_hits_and_not_faster() -> None:
    def cost(count: int) -> int:
        hits = [Hit("text", n, n + 1, "theme:prisons", f"{n}") for n in range(count)]
        return lines_run(lambda: features(hits))

    assert cost(1_000) < 2.1 * cost(500)
