"""Is North Korea the subject, or merely named?"""

from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.relevance import KEPT, LEAD, Relevance, relevance
from tests.making import lexicon

SMALL = lexicon({"names": ["North Korea", "북한"], "hints": ["Pyongyang"], "theme:prisons": ["prison camp"]})


def weigh(
    title: str = "", text: str = "", *, nk_only: bool = False, on_rights: bool = False, by: Lexicon = SMALL
) -> Relevance:
    """The relevance of a statement."""
    hits = by.hits("title", title, "en") + by.hits("text", text, "en")
    return relevance(hits, nk_only=nk_only, on_rights=on_rights)


def test_a_text_without_any_name_is_on_something_else() -> None:
    nothing = weigh("A concert in Seoul", "Many came.")
    assert not nothing.about_nk
    assert nothing.evidence == ()


def test_a_name_in_the_title_is_enough() -> None:
    assert weigh("North Korea closes a market").about_nk


def test_a_name_once_in_the_lead_is_not_but_twice_is() -> None:
    assert not weigh(text="He once visited North Korea.").about_nk
    assert weigh(text="He fled North Korea. Those who stay in North Korea suffer.").about_nk


def test_a_name_in_the_lead_of_a_text_on_rights_is_enough() -> None:
    assert weigh(text="A prison camp in North Korea", on_rights=True).about_nk
    assert not weigh(text="A prison camp", on_rights=True).about_nk


def test_a_name_far_down_in_a_long_text_weighs_little() -> None:
    assert not weigh(text="x " * LEAD + "North Korea. " * 4).about_nk
    assert weigh(text="x " * LEAD + "North Korea. " * 5).about_nk


def test_a_hint_counts_only_beside_a_name_or_where_nothing_else_is_written_on() -> None:
    assert weigh("Pyongyang Street Festival").score == 0
    assert weigh("Pyongyang", "North Korea").about_nk
    assert weigh("Snow in Pyongyang", nk_only=True).about_nk


def test_a_source_that_writes_on_nothing_else_needs_little_more() -> None:
    assert weigh(text="North Korea", nk_only=True).about_nk
    assert not weigh("Our office is closed on Monday", nk_only=True).about_nk
    assert not weigh("A prison camp", nk_only=True, on_rights=True).about_nk


def test_the_strongest_evidence_is_kept_and_not_all_of_it() -> None:
    found = weigh("North Korea", "North Korea. " * 40)
    assert len(found.evidence) == KEPT
    assert found.evidence[0].field == "title"
