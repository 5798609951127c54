"""Whether a story is what somebody wants to read, and why."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import MentionKind
from nkwatch.domain.source import Role
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.matching import KINDS, Offer, Reason, heard, reasons
from nkwatch.reading.names import name_key
from tests.core.wishing import CODES, SOURCES, mention, mutes, readers, stories, told, wishes
from tests.making import NOW, choice, context, report, story


def trimmed(mutes: Mutes, of: Story) -> Story | None:
    """What mutes leave of a story."""
    offer = heard(mutes, Offer.of(of))
    return offer.story if offer else None


def why(wish: Wish, of: Story, **muted: frozenset[str]) -> tuple[Reason, ...]:
    """The reasons of one wish."""
    return reasons(choice(wishes=(wish,), mutes=Mutes(**muted)), of)  # type: ignore[arg-type]


def words(*followed: str) -> Wish:
    """A wish that only follows words."""
    return Wish(follows=Follows(words=frozenset(followed)))


def cases(*followed: str) -> Wish:
    """A wish that only follows cases."""
    return Wish(follows=Follows(cases=frozenset(followed)))


PRISONS, WOMEN, FROM_A = frozenset({"prisons"}), frozenset({"women"}), frozenset({"a"})
WEAPONS = story(report(themes=[context("security")]))
MISSING = story(report(title="A family is missing in Hoeryong", text="회령에서 실종"))


# Sides


def test_who_wishes_for_nothing_special_gets_every_story_on_rights() -> None:
    assert why(Wish(), story()) == (Reason("any"),)


def test_who_wishes_for_nothing_special_gets_no_army_and_no_pop_music() -> None:
    assert why(Wish(), WEAPONS) == ()
    assert why(Wish(sources=FROM_A), WEAPONS) == ()
    assert why(Wish(roles=frozenset({Role.STATEMENT})), WEAPONS) == ()


def test_a_context_theme_is_read_by_who_names_it() -> None:
    assert why(Wish(themes=frozenset({"security"})), WEAPONS) == (Reason("theme", ("security",)),)


def test_values_of_one_side_widen() -> None:
    assert why(Wish(themes=PRISONS | WOMEN), story()) == (Reason("theme", ("prisons",)),)
    assert why(Wish(sources=frozenset({"a", "b"})), story()) == (Reason("source", ("a",)),)


def test_sources_and_kinds_of_source_are_one_side() -> None:
    press = Wish(sources=frozenset({"b"}), roles=frozenset({Role.STATEMENT}))
    assert why(press, story()) == (Reason("role", ("statement",)),)
    both = Wish(sources=FROM_A, roles=frozenset({Role.STATEMENT}))
    assert why(both, story()) == (Reason("source", ("a",)), Reason("role", ("statement",)))
    assert why(Wish(sources=frozenset({"b"}), roles=frozenset({Role.PRESS})), story()) == ()


def test_sides_narrow() -> None:
    assert why(Wish(PRISONS, frozenset({"b"})), story()) == ()
    assert why(Wish(WOMEN, FROM_A), story()) == ()
    assert why(Wish(PRISONS, FROM_A), story()) == (Reason("theme", ("prisons",)), Reason("source", ("a",)))


def test_the_language_of_a_statement_never_filters() -> None:
    assert why(Wish(), story(report(language="ko")))
    assert reasons(choice(language="fr"), story(report(language="ko")))


# What is followed


def test_followed_words_widen_and_are_told_as_they_were_written() -> None:
    wish = Wish(WOMEN, frozenset({"b"}), follows=Follows(words=frozenset({"HOERYONG", "miss*", "실종", "Yodok"})))
    assert why(wish, MISSING) == (Reason("word", ("HOERYONG", "miss*", "실종")),)


def test_what_is_followed_is_told_beside_what_the_sides_match() -> None:
    wish = Wish(PRISONS, follows=Follows(words=frozenset({"missing"})))
    assert why(wish, story()) == (Reason("theme", ("prisons",)), Reason("word", ("missing",)))


def test_a_wish_that_only_follows_asks_for_nothing_else() -> None:
    assert why(words("Yodok"), story()) == ()
    assert why(words("missing"), story()) == (Reason("word", ("missing",)),)


@pytest.mark.parametrize(
    ("wish", "lost"),
    [
        (Wish(), set()),
        (Wish(themes=frozenset({"prisons", "gone"})), set()),
        (Wish(themes=frozenset({"gone", "away"})), {"gone", "away"}),
        (Wish(themes=frozenset({"prisons"}), sources=frozenset({"closed"})), {"closed"}),
        (Wish(themes=frozenset({"gone"}), sources=frozenset({"open"})), {"gone"}),
        (Wish(themes=frozenset({"gone"}), sources=frozenset({"closed"})), {"gone", "closed"}),
        (Wish(sources=frozenset({"closed"}), roles=frozenset({Role.PRESS})), set()),
    ],
)
def test_what_a_wish_names_in_vain_is_told_where_nothing_is_left_of_a_side(wish: Wish, lost: set[str]) -> None:
    assert wish.lost({"prisons"}, {"open"}) == lost


def test_a_followed_word_brings_a_story_that_is_not_on_rights() -> None:
    assert why(words("missing"), WEAPONS) == (Reason("word", ("missing",)),)


def test_a_followed_word_is_looked_for_in_every_report() -> None:
    assert why(words("Yodok"), story(report("s1"), report("s2", text="Yodok", source_id="b")))


def test_a_case_is_followed_in_any_spelling_and_told_as_it_was_written() -> None:
    of = story(told("s1", mention("김동철")))
    assert why(cases("KIM Tong-chol", "Kim Kuk-gi"), of) == (Reason("case", ("KIM Tong-chol",)),)


def test_a_case_is_also_a_word_of_the_text() -> None:
    of = story(report(text="For Kim Dong-chul, who left."))
    assert why(cases("Kim Dong-chul"), of) == (Reason("case", ("Kim Dong-chul",)),)
    assert why(cases("KIM Tong-chol"), of) == ()


def test_a_known_case_is_followed_in_the_spellings_that_lead_to_it() -> None:
    key = name_key("Megumi Yokota")
    of = story(told("s1", mention("横田めぐみ", key=key)))
    spellings = {name_key("요코타 메구미"): key}
    follower = choice(wishes=(cases("요코타 메구미"),))
    assert reasons(follower, Offer.of(of, spellings)) == (Reason("case", ("요코타 메구미",)),)
    assert reasons(follower, of) == ()


def test_a_group_is_no_name_to_follow() -> None:
    assert why(cases("Kim Dong-chul"), story(told("s1", mention("Kim Dong-chul", MentionKind.GROUP)))) == ()


# Several wishes


def test_reasons_of_several_wishes_come_together_each_kind_once() -> None:
    three = (Wish(PRISONS), Wish(sources=FROM_A), Wish(PRISONS | WOMEN), words("missing"))
    of = story(told("s1", themes=("women", "prisons"), title="missing"))
    assert reasons(choice(wishes=three), of) == (
        Reason("theme", ("women", "prisons")),
        Reason("source", ("a",)),
        Reason("word", ("missing",)),
    )


def test_without_a_wish_nothing_is_wanted() -> None:
    assert reasons(choice(wishes=()), story()) == ()


# Mutes


@pytest.mark.parametrize(
    "muted",
    [
        Mutes(themes=PRISONS),
        Mutes(sources=FROM_A),
        Mutes(roles=frozenset({Role.STATEMENT})),
        Mutes(follows=Follows(words=frozenset({"hoeryong"}))),
        Mutes(follows=Follows(cases=frozenset({"KIM Tong-chol"}))),
    ],
)
def test_mutes_win_over_every_wish(muted: Mutes) -> None:
    everything = (Wish(), Wish(PRISONS, FROM_A), words("Hoeryong"), cases("Kim Dong-chul"))
    of = story(told("s1", mention("김동철"), themes=("prisons",)))
    assert len(reasons(choice(wishes=everything), of)) == 5
    assert reasons(choice(wishes=everything, mutes=muted), of) == ()
    assert trimmed(muted, of) is None


def test_reports_of_muted_sources_are_taken_out_and_nothing_of_them_counts() -> None:
    of = story(told("s1", themes=("women",)), told("s2", themes=("prisons",), source_id="b", text="Yodok"))
    muted = Mutes(sources=frozenset({"b"}))
    left = trimmed(muted, of)
    assert left == replace(of, reports=of.reports[:1])
    for wish in (Wish(PRISONS), words("Yodok"), Wish(sources=frozenset({"b"}))):
        assert reasons(choice(wishes=(wish,)), of)
        assert reasons(choice(wishes=(wish,), mutes=muted), of) == ()
    assert reasons(choice(mutes=muted), of) == (Reason("any"),)


def test_what_only_a_muted_source_says_mutes_nothing() -> None:
    of = story(told("s1", themes=("women",)), told("s2", themes=("prisons",), source_id="b"))
    assert reasons(choice(mutes=Mutes(themes=PRISONS, sources=frozenset({"b"}))), of)
    assert not reasons(choice(mutes=Mutes(themes=PRISONS)), of)


def test_a_story_that_no_mute_touches_is_left_as_it_is() -> None:
    of = story()
    assert trimmed(Mutes(), of) is of
    assert trimmed(Mutes(sources=frozenset({"b"})), of) is of


# Offers


def test_what_is_not_public_is_not_offered() -> None:
    hidden = report("s2", embargo=NOW + timedelta(hours=1), source_id="b")
    offer = Offer.of(story(report("s1"), hidden))
    public = offer.public(NOW)
    assert public
    assert public.sources == {"a"}
    assert public.story == offer.story.public(NOW)
    assert offer.public(NOW + timedelta(hours=1)) is offer
    assert Offer.of(story(hidden)).public(NOW) is None


def test_a_text_is_folded_once_for_all_readers() -> None:
    offer = Offer.of(MISSING)
    followers = [choice(wishes=(words(w),)) for w in ("missing", "Hoeryong", "Yodok")]
    assert [bool(reasons(f, offer)) for f in followers] == [True, True, False]
    assert offer.parts[0].passages is offer.parts[0].passages
    assert Offer.of(offer) is offer


@given(readers(), stories())
def test_a_prepared_story_gives_the_same_reasons(reader: Subscriber, of: Story) -> None:
    assert reasons(reader.choice, Offer.of(of)) == reasons(reader.choice, of)


# Rules


@given(wishes, stories(), st.sampled_from(CODES))
def test_one_more_theme_in_a_wish_that_names_some_never_loses_a_story(wish: Wish, of: Story, code: str) -> None:
    if wish.themes and why(wish, of):
        assert why(replace(wish, themes=wish.themes | {code}), of)


@given(wishes, stories(), st.sampled_from(SOURCES))
def test_one_more_source_in_a_wish_that_names_some_never_loses_a_story(wish: Wish, of: Story, source: str) -> None:
    if (wish.sources or wish.roles) and why(wish, of):
        assert why(replace(wish, sources=wish.sources | {source}), of)


@given(wishes, stories())
def test_one_side_more_never_wins_a_story_of_rights(wish: Wish, of: Story) -> None:
    sides = replace(wish, follows=Follows())
    if of.rights and why(sides, of):
        assert why(Wish(themes=wish.themes), of)
        assert why(Wish(sources=wish.sources, roles=wish.roles), of)


@given(wishes, stories(), st.sampled_from(["Yodok", "북송"]))
def test_one_more_word_to_follow_never_loses_a_story_of_a_wish_that_follows(wish: Wish, of: Story, word: str) -> None:
    if wish.follows and why(wish, of):
        assert why(replace(wish, follows=replace(wish.follows, words=wish.follows.words | {word})), of)


@given(st.lists(wishes, max_size=4), mutes, stories())
def test_a_story_is_wanted_when_any_wish_wants_it(several: list[Wish], muted: Mutes, of: Story) -> None:
    apart = any(reasons(choice(wishes=(w,), mutes=muted), of) for w in several)
    assert bool(reasons(choice(wishes=tuple(several), mutes=muted), of)) == apart


@given(wishes, mutes, stories())
def test_mutes_take_away_and_never_bring(wish: Wish, muted: Mutes, of: Story) -> None:
    left = trimmed(muted, of)
    if left:
        assert {r.statement.source_id for r in left.reports}.isdisjoint(muted.sources)
        assert {r.role for r in left.reports}.isdisjoint(muted.roles)
        assert muted.themes.isdisjoint(left.themes)
    expected = why(wish, left) if left else ()
    assert reasons(choice(wishes=(wish,), mutes=muted), of) == expected


@given(readers(), stories())
def test_every_reason_names_what_the_story_has_and_a_wish_names(reader: Subscriber, of: Story) -> None:
    chosen = reader.choice.wishes
    found = reasons(replace(reader.choice, mutes=Mutes()), of)
    assert [r.kind for r in found] == [kind for kind in KINDS if kind in {r.kind for r in found}]
    named = {
        "theme": {c for w in chosen for c in w.themes} & set(of.themes),
        "source": {s for w in chosen for s in w.sources} & {r.statement.source_id for r in of.reports},
        "role": {r for w in chosen for r in w.roles} & {r.role for r in of.reports},
        "word": {f for w in chosen for f in w.follows.words},
        "case": {f for w in chosen for f in w.follows.cases},
    }
    for reason in found:
        if reason.kind == "any":
            assert Wish() in [replace(w, follows=Follows()) for w in chosen]
        else:
            assert reason.values
            assert set(reason.values) <= named[reason.kind]
