"""Which themes a text has, strongest first, with the phrases that decided."""

from nkwatch.domain.theme import Finding, ThemeKind
from nkwatch.reading.themes import KEPT, MOST, names_rights, themes
from tests.making import lexicon

SMALL = lexicon(
    {
        "theme:prisons": ["prison camp", "torture chamber"],
        "weak:prisons": ["guards"],
        "theme:women": ["forced abortion"],
        "weak:health": ["hospital"],
        "theme:security": ["missile"],
        "theme:general": ["human rights"],
        "theme:food": ["famine"],
        "theme:religion": ["bible"],
        "theme:labour": ["forced labour"],
        "theme:movement": ["travel permit"],
        "weak:gone": [],
    }
)
#: A theme whose weak terms the catalogue does not know is no theme.
STRAY = lexicon({"theme:prisons": ["prison camp"]})


def find(title: str = "", text: str = "") -> tuple[Finding, ...]:
    """The themes of a statement."""
    return themes(SMALL.hits("title", title, "en") + SMALL.hits("text", text, "en"), SMALL.themes)


def codes(title: str = "", text: str = "") -> list[str]:
    """The codes of its themes."""
    return [f.code for f in find(title, text)]


def test_no_term_no_theme() -> None:
    assert find("A concert") == ()


def test_the_title_says_more_than_the_lead_and_the_lead_more_than_the_rest() -> None:
    assert [f.score for f in (*find("A prison camp"), *find("", "A prison camp"), *find("", "x " * 300 + "prison camp"))] == [
        3.0, 1.5, 1.0,
    ]  # fmt: skip


def test_themes_come_by_strength() -> None:
    assert codes("A prison camp", "A forced abortion") == ["prisons", "women"]
    assert codes("A forced abortion", "A prison camp") == ["women", "prisons"]


def test_equally_strong_themes_come_in_the_order_of_their_codes() -> None:
    assert codes("Famine in a prison camp") == ["food", "prisons"]


def test_the_same_phrase_again_says_no_more() -> None:
    assert find("", "A prison camp. " * 30) == find("", "A prison camp. ")
    assert find("", "A prison camp, a torture chamber")[0].score > find("", "A prison camp")[0].score


def test_a_phrase_counts_where_it_stands_best() -> None:
    (one,) = find("Prison camp", "A prison camp")
    assert (one.score, one.evidence[0].field) == (3.0, "title")


def test_a_weak_term_counts_only_beside_a_theme_of_rights() -> None:
    assert codes("Guards at a hospital") == []
    assert codes("Guards fire a missile") == ["security"]
    assert codes("Guards at a hospital", "There was a famine.") == ["health", "prisons", "food"]


def test_a_weak_term_counts_where_human_rights_themselves_are_named() -> None:
    assert codes("Human rights in a hospital") == ["health"]


def test_where_only_human_rights_are_named_the_theme_is_general() -> None:
    assert codes("On human rights") == ["general"]
    assert codes("On human rights", "in a prison camp") == ["prisons"]


def test_a_theme_named_in_passing_is_none() -> None:
    assert codes("Prison camp and torture chamber", "x " * 300 + "famine") == ["prisons"]


def test_a_text_has_five_themes_at_most() -> None:
    title = "Prison camp, forced abortion, missile, famine, bible, forced labour, travel permit"
    assert len(find(title)) == MOST


def test_not_every_phrase_is_kept_as_evidence() -> None:
    many = lexicon({"theme:prisons": [f"camp {n}" for n in range(9)]})
    (one,) = themes(many.hits("title", " ".join(f"camp {n}" for n in range(9)), "en"), many.themes)
    assert (one.score, len(one.evidence)) == (27.0, KEPT)


def test_context_is_no_theme_of_rights() -> None:
    (one,) = find("A missile")
    assert one.kind is ThemeKind.CONTEXT
    assert not names_rights(SMALL.hits("title", "A missile", "en"), SMALL.themes)
    assert names_rights(SMALL.hits("title", "A prison camp", "en"), SMALL.themes)


def test_a_list_that_belongs_to_no_theme_of_the_catalogue_finds_nothing() -> None:
    assert themes(SMALL.hits("title", "Famine", "en"), STRAY.themes) == ()
