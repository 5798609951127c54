"""How fast a statement should reach people: what it takes to be urgent, and what is left when something lacks."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.themes import load_lexicon
from nkwatch.domain.reading import Evidence, Urgency
from nkwatch.reading import read
from nkwatch.reading.features import features
from nkwatch.reading.lexicon import Hit
from nkwatch.reading.themes import themes
from nkwatch.reading.urgency import DANGERS, NEWS, PROBABLY_NOTABLE, PROBABLY_URGENT, urgency
from nkwatch.reading.weights import Head
from tests.making import NOW, rules, statement

#: Urgent is who is arrested and afraid, unless it is long ago; notable is who is arrested or afraid.
SMALL = rules(
    {
        "names": ["North Korea"],
        "theme:prisons": ["prison camp"],
        "theme:security": ["missile"],
        "urgency:detention": ["arrested"],
        "urgency:fear": ["fear*"],
        "urgency:past": ["anniversary"],
        "urgency:now": ["today"],
        "urgency:dampers": ["released"],
    },
    {
        "urgent": Head(
            -2.0,
            {
                "urgency:fear": 1.0,
                "urgency:detention": 0.5,
                "urgency:detention&urgency:fear": 1.0,
                "urgency:now": 3.0,
                "urgency:past": -5.0,
            },
        ),
        "notable": Head(-1.0, {"urgency:detention": 1.5, "urgency:fear": 1.5, "urgency:past": -1.0}),
    },
)
FRESH = timedelta(hours=3)


def hits(title: str = "", text: str = "") -> list[Hit]:
    """The terms of a statement."""
    return SMALL.lexicon.hits("title", title, "en") + SMALL.lexicon.hits("text", text, "en")


def judged(found: list[Hit], age: timedelta = FRESH) -> tuple[Urgency, tuple[Evidence, ...]]:
    """The urgency of a statement on North Korea in which these terms are found."""
    signs = features(found)
    likely = SMALL.weights.probabilities(signs)
    return urgency(likely, signs, SMALL.weights, themes(likely, signs, SMALL.weights, SMALL.lexicon.themes), age)


def level(title: str = "", text: str = "", age: timedelta = FRESH) -> Urgency:
    """How urgent a statement on North Korea is."""
    return judged(hits(title, text), age)[0]


@pytest.mark.parametrize(
    ("title", "text", "found"),
    [
        ("Arrested and in fear of the prison camp", "", Urgency.URGENT),
        ("Prison camp", "Five were arrested. Families fear the worst.", Urgency.URGENT),
        ("Five arrested and taken to a prison camp", "", Urgency.NOTABLE),
        ("A report on a prison camp", "", Urgency.ROUTINE),
        ("Anniversary of the prison camp", "Five were arrested in fear.", Urgency.NOTABLE),
        ("Prison camp anniversary", "They were arrested.", Urgency.ROUTINE),
        ("", "", Urgency.ROUTINE),
    ],
)
def test_the_weights_tell_how_urgent_it_is(title: str, text: str, found: Urgency) -> None:
    assert level(title, text) is found


@pytest.mark.parametrize(
    ("title", "text"),
    [
        # sure enough, and no danger named
        ("Fear in a prison camp today", ""),
        # a danger that no right is named beside
        ("Missile: two arrested today in fear", ""),
        # a danger that is over
        ("Prison camp: arrested, in fear, released today", ""),
        # a danger too far down to be what it is about
        ("Fear in a prison camp today", "x " * 800 + "arrested"),
    ],
)
def test_urgent_needs_a_danger_that_is_not_over_and_a_theme_of_rights(title: str, text: str) -> None:
    found = features(hits(title, text))
    assert SMALL.weights.probabilities(found)["urgent"] > PROBABLY_URGENT
    assert level(title, text) is Urgency.NOTABLE


def test_a_theme_of_rights_may_stand_beside_one_of_context() -> None:
    assert level("Missile beside a prison camp: two arrested today") is Urgency.URGENT


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (timedelta(days=-1), Urgency.URGENT),
        (timedelta(0), Urgency.URGENT),
        (timedelta(days=7), Urgency.URGENT),
        (timedelta(days=7, seconds=1), Urgency.NOTABLE),
        (timedelta(days=12_000), Urgency.NOTABLE),
    ],
)
def test_what_comes_a_week_late_is_no_news(age: timedelta, found: Urgency) -> None:
    assert level("Arrested, in fear of the prison camp", "", age) is found
    assert timedelta(days=7) == NEWS


def test_old_news_is_told_by_publication_and_first_sight() -> None:
    def seen_after(days: int) -> Urgency:
        one = statement(title="North Korea: arrested, in fear of the prison camp", published=NOW - timedelta(days=days))
        return read(one, SMALL).urgency

    assert (seen_after(2), seen_after(8)) == (Urgency.URGENT, Urgency.NOTABLE)


def test_what_is_not_on_north_korea_is_routine() -> None:
    found = read(statement(title="Arrested, in fear of the prison camp"), SMALL)
    assert (found.urgency, found.urgency_evidence) == (Urgency.ROUTINE, ())


def test_the_phrases_that_say_so_are_told_the_strongest_first() -> None:
    told = judged(hits("Arrested, in fear of the prison camp", "Anniversary"), FRESH)
    assert (told[0], [e.phrase for e in told[1]]) == (Urgency.NOTABLE, ["Arrested", "fear"])
    told = judged(hits("Today: prison camp", "They were arrested."))
    assert (told[0], [e.phrase for e in told[1]]) == (Urgency.URGENT, ["Today", "arrested"])
    assert judged(hits("A prison camp")) == (Urgency.ROUTINE, ())


@pytest.mark.parametrize(
    ("head", "bias", "found"),
    [
        # log-odds of 0.45: -0.2007
        ("urgent", -0.2, Urgency.URGENT),
        ("urgent", -0.21, Urgency.ROUTINE),
        ("notable", 0.0, Urgency.NOTABLE),
        ("notable", -0.01, Urgency.ROUTINE),
    ],
)
def test_each_level_begins_at_its_probability(head: str, bias: float, found: Urgency) -> None:
    edge = rules({"names": ["North Korea"], "theme:prisons": [], "urgency:detention": ["held"]}, {head: Head(bias, {})})
    assert read(statement(title="North Korea: held"), edge).urgency is found
    assert (PROBABLY_URGENT, PROBABLY_NOTABLE) == (0.45, 0.5)


pieces = st.sampled_from(["prison camp", "missile", "arrested", "fear", "fears", "anniversary", "today", "North Korea"])


@given(st.lists(pieces, max_size=8), st.lists(pieces, max_size=8), st.data())
def test_the_order_in_which_terms_are_found_changes_nothing(
    title: list[str], text: list[str], data: st.DataObject
) -> None:
    found = hits(" ".join(title), ", ".join(text))
    assert judged(data.draw(st.permutations(found))) == judged(found)


@given(st.lists(pieces, max_size=8), st.lists(pieces, max_size=8))
def test_whatever_is_urgent_names_a_danger_and_says_why(title: list[str], text: list[str]) -> None:
    found = hits(" ".join(title), ", ".join(text))
    told, evidence = judged(found)
    assert told is not Urgency.URGENT or DANGERS & {h.list for h in found}
    assert bool(evidence) is (told is not Urgency.ROUTINE)


def test_there_are_words_for_every_danger_in_every_language() -> None:
    lists = {(t.list, t.language) for t in load_lexicon().terms}
    assert not {(danger, code) for danger in DANGERS for code in ("en", "ko", "ja", "fr")} - lists
