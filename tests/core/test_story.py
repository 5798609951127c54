"""Which report of a story leads, and what the story says of itself."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import Report
from tests.making import NOW, context, finding, report, story, theme


@st.composite
def reports(draw: st.DrawFn) -> list[Report]:
    """Reports of any role, language and age."""
    count = draw(st.integers(1, 6))
    return [
        report(
            f"s{n}",
            role=draw(st.sampled_from(Role)),
            language=draw(st.sampled_from(["en", "ko", "ja", "fr", "zh-Hant"])),
            published=NOW - timedelta(hours=draw(st.integers(0, 3))),
        )
        for n in range(count)
    ]


def test_the_primary_text_leads_before_what_reprints_or_reports_it() -> None:
    early = {"published": NOW - timedelta(days=1)}
    told = story(
        report("state", role=Role.STATE_MEDIA, **early),
        report("press", role=Role.PRESS, **early),
        report("reprint", role=Role.REPRINT, **early),
        report("primary", role=Role.STATEMENT),
    )
    assert told.lead.statement.id == "primary"
    assert [r.statement.id for r in told.others] == ["reprint", "press", "state"]


def test_among_equals_the_earliest_leads() -> None:
    told = story(report("late"), report("early", published=NOW - timedelta(minutes=1)))
    assert told.lead.statement.id == "early"


def test_a_report_in_the_readers_language_leads_for_that_reader() -> None:
    told = story(report("en"), report("ko", role=Role.PRESS, language="ko"))
    assert told.lead_in("ko").statement.id == "ko"
    assert told.lead_in("ja").statement.id == "en"


def test_a_region_does_not_hide_a_language() -> None:
    assert story(report("fr"), report("zh", language="zh-Hant")).lead_in("zh").statement.id == "zh"


@given(reports(), st.randoms(use_true_random=False))
def test_who_leads_does_not_depend_on_the_order_of_the_reports(told: list[Report], random: object) -> None:
    shuffled = list(told)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    one, other = story(*told), story(*shuffled)
    assert one.lead == other.lead
    assert one.others == other.others
    assert all(one.lead_in(x) == other.lead_in(x) for x in ("en", "ko", "ja", "fr"))


@given(reports())
def test_every_report_either_leads_or_is_among_the_others(told: list[Report]) -> None:
    one = story(*told)
    assert sorted(r.statement.id for r in (one.lead, *one.others)) == sorted(r.statement.id for r in told)


def test_a_story_is_as_urgent_as_its_most_urgent_report() -> None:
    assert story(report("a"), report("b", urgency=Urgency.URGENT)).urgency is Urgency.URGENT


def test_the_themes_of_the_leading_report_come_first_and_each_comes_once() -> None:
    told = story(
        report("press", role=Role.PRESS, themes=[finding("women"), finding("prisons")]),
        report("primary", themes=[finding("prisons"), finding("health")]),
    )
    assert told.themes == ("prisons", "health", "women")


def test_a_story_is_on_rights_when_any_report_is() -> None:
    weapons = report("a", themes=[context("security")])
    assert not story(weapons).rights
    assert story(weapons, report("b")).rights


def test_a_theme_without_a_name_in_a_language_has_its_english_one() -> None:
    assert theme("prisons").name("ja") == "Prisons"
    assert theme("prisons").name("en") == "Prisons"


def test_what_its_source_deleted_or_an_embargo_still_holds_is_not_shown() -> None:
    shown = report("shown")
    kept = report("kept", presence=Presence.KEPT)
    gone = report("gone", presence=Presence.MISSING)
    hidden = report("hidden", presence=Presence.HIDDEN)
    held = report("held", embargo=NOW + timedelta(hours=1))
    part = story(shown, kept, gone, hidden, held).public(NOW)
    assert part is not None
    assert [r.statement.id for r in part.reports] == ["shown", "kept"]
    assert story(gone, held).public(NOW) is None
    assert story(gone, held).public(NOW + timedelta(hours=1)) is not None
