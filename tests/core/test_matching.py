"""Whether a story is what somebody wants to read, and why."""

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Wish
from nkwatch.editing.matching import Reason, reasons
from tests.making import context, finding, report, story

CODES = ("prisons", "women", "security", "culture")
SOURCES = ("a", "b", "c")
wishes = st.builds(
    Wish,
    themes=st.frozensets(st.sampled_from(CODES), max_size=3),
    sources=st.frozensets(st.sampled_from(SOURCES), max_size=2),
)


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """A story with one to three reports of any themes and sources."""
    found = {c: context(c) if c in {"security", "culture"} else finding(c) for c in CODES}
    return story(
        *(
            report(
                f"s{n}",
                source_id=draw(st.sampled_from(SOURCES)),
                themes=[found[c] for c in draw(st.lists(st.sampled_from(CODES), unique=True, max_size=3))],
            )
            for n in range(draw(st.integers(1, 3)))
        )
    )


def test_who_wishes_for_nothing_special_gets_every_story_on_rights() -> None:
    assert reasons([Wish()], story()) == (Reason("any"),)


def test_who_wishes_for_nothing_special_gets_no_army_and_no_pop_music() -> None:
    weapons = story(report(themes=[context("security")]))
    assert reasons([Wish()], weapons) == ()
    assert reasons([Wish(sources=frozenset({"a"}))], weapons) == ()


def test_a_context_theme_is_read_by_who_names_it() -> None:
    weapons = story(report(themes=[context("security")]))
    assert reasons([Wish(themes=frozenset({"security"}))], weapons) == (Reason("theme", ("security",)),)


def test_values_of_one_kind_widen() -> None:
    wish = Wish(themes=frozenset({"prisons", "women"}))
    assert reasons([wish], story()) == (Reason("theme", ("prisons",)),)
    assert reasons([Wish(sources=frozenset({"a", "b"}))], story()) == (Reason("source", ("a",)),)


def test_kinds_narrow() -> None:
    assert reasons([Wish(frozenset({"prisons"}), frozenset({"b"}))], story()) == ()
    assert reasons([Wish(frozenset({"women"}), frozenset({"a"}))], story()) == ()
    assert reasons([Wish(frozenset({"prisons"}), frozenset({"a"}))], story()) == (
        Reason("theme", ("prisons",)),
        Reason("source", ("a",)),
    )


def test_reasons_of_several_wishes_come_together_each_once() -> None:
    two = [Wish(frozenset({"prisons"})), Wish(sources=frozenset({"a"})), Wish(frozenset({"prisons"}))]
    assert reasons(two, story()) == (Reason("theme", ("prisons",)), Reason("source", ("a",)))


def test_without_a_wish_nothing_is_wanted() -> None:
    assert reasons([], story()) == ()


@given(wishes, stories(), st.sampled_from(CODES))
def test_one_more_theme_in_a_wish_that_names_some_never_loses_a_story(wish: Wish, told: Story, code: str) -> None:
    if wish.themes and reasons([wish], told):
        assert reasons([Wish(wish.themes | {code}, wish.sources)], told)


@given(wishes, stories())
def test_one_kind_more_never_wins_a_story_of_rights(wish: Wish, told: Story) -> None:
    if told.rights and reasons([wish], told):
        assert reasons([Wish(themes=wish.themes)], told)
        assert reasons([Wish(sources=wish.sources)], told)


@given(st.lists(wishes, max_size=4), stories())
def test_a_story_is_wanted_when_any_wish_wants_it(several: list[Wish], told: Story) -> None:
    assert bool(reasons(several, told)) == any(reasons([w], told) for w in several)


@given(wishes, stories())
def test_every_reason_names_what_the_story_has_and_the_wish_names(wish: Wish, told: Story) -> None:
    sources = {r.statement.source_id for r in told.reports}
    for reason in reasons([wish], told):
        match reason.kind:
            case "theme":
                assert set(reason.values) == set(told.themes) & wish.themes
            case "source":
                assert set(reason.values) == sources & wish.sources
            case _:
                assert reason == Reason("any")
                assert wish == Wish()
