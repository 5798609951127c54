"""Which stories a digest holds, in which order, and which of them lead; nothing vanishes silently."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Window
from nkwatch.domain.desk import Marks
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.digests import (
    FEW,
    FULL_STORIES,
    LEADS,
    History,
    Pick,
    Plan,
    is_news,
    let_through,
    picked,
    plans,
    ranked,
)
from nkwatch.editing.matching import Offer, reasons
from tests.core.wishing import readers, stories, told
from tests.making import NOW, context, finding, report, story, subscriber

HOUR = timedelta(hours=1)
MARKS = (Marks(), Marks(), Marks(), Marks(pinned=True), Marks(held=True), Marks(dropped=True), Marks(withdrawn=True))


def planned(window: Sequence[Story], reader: Subscriber, history: History = History(), extra: Sequence[Story] = ()) -> Plan:  # fmt: skip  # noqa: B008  it is frozen
    """The plan of one reader."""
    (plan,) = plans(
        list(map(Offer.of, ranked(window))), [reader], {reader.id: history}, {s.id: Offer.of(s) for s in extra}
    )
    return plan


def content(plan: Plan) -> tuple[object, ...]:
    """All of a plan, as plans are equal only to themselves."""
    return plan.leads, plan.sections, plan.more, plan.alerted, plan.beyond


def ids(picks: Sequence[Pick]) -> list[str]:
    """The ids of these stories."""
    return [p.story.id for p in picks]


def sections(plan: Plan) -> dict[str, list[str]]:
    """The ids of the stories of each section."""
    return {s.theme: ids(s.picks) for s in plan.sections}


def routine(name: str, theme: str = "prisons", hours: float = 0, **fields: object) -> Story:
    """A story of one routine report, so many hours old."""
    return story(report(name, themes=[finding(theme)], published=NOW - hours * HOUR), **fields)


def urgent(name: str, theme: str = "prisons", **fields: object) -> Story:
    """A story of one urgent report."""
    return story(report(name, urgency=Urgency.URGENT, themes=[finding(theme)]), **fields)


@st.composite
def windows(draw: st.DrawFn, prefix: str = "s") -> list[Story]:
    """Up to 30 stories, of any urgency, age and theme, some of them marked by editors."""
    found = {"prisons": finding("prisons"), "women": finding("women"), "security": context("security")}
    return [
        story(
            *(
                report(
                    f"{prefix}{n}-{m}",
                    owner=draw(st.sampled_from(["One", "Two", "Three"])),
                    urgency=draw(st.sampled_from(Urgency)),
                    themes=[found[draw(st.sampled_from(sorted(found)))]],
                    published=NOW - draw(st.integers(0, 9)) * HOUR,
                )
                for m in range(draw(st.integers(1, 2)))
            ),
            marks=draw(st.sampled_from(MARKS)),
        )
        for n in range(draw(st.integers(0, 30)))
    ]


wishes = st.sampled_from([Wish(), Wish(frozenset({"women"})), Wish(frozenset({"security", "prisons"}))])


@given(windows(), windows("x"), wishes, st.data())
def test_every_story_that_is_wanted_stands_in_a_digest_once(
    window: list[Story], other: list[Story], wish: Wish, data: st.DataObject
) -> None:
    names = [s.id for s in (*window, *other)]
    some = st.frozensets(st.sampled_from(names)) if names else st.just(frozenset[str]())
    history, reader = History(data.draw(some), data.draw(some)), subscriber(wishes=(wish,))
    made = planned(window, reader, history, other)
    wanted = [s for s in ranked([*window, *other]) if reasons(reader.choice, s)]
    own = {s.id for s in window}
    new = [s.id for s in wanted if s.id not in history.had and (s.id in own or s.id in history.beyond)]
    assert sorted(ids(made.picks)) == sorted(new[:FULL_STORIES])
    assert ids(made.more) == new[FULL_STORIES:]
    assert [s.id for s in made.alerted] == [s.id for s in wanted if s.id in history.had & own]
    assert made.beyond == len(history.beyond.intersection(new))
    assert made.stories == (*ids(made.picks), *ids(made.more), *(s.id for s in made.alerted))
    assert made.empty == (not new)
    assert all(p.reasons == reasons(reader.choice, p.story) for p in (*made.picks, *made.more))


@given(windows(), wishes)
def test_leads_and_sections_keep_the_order_of_rank(window: list[Story], wish: Wish) -> None:
    made = planned(window, subscriber(wishes=(wish,)))
    place = {s.id: n for n, s in enumerate(ranked(window))}
    assert len(made.leads) <= (LEADS if made.sections else FEW)
    for picks in (made.leads, *(s.picks for s in made.sections), [s.picks[0] for s in made.sections], made.more):
        assert [place[i] for i in ids(picks)] == sorted(place[i] for i in ids(picks))
    assert len({s.theme for s in made.sections}) == len(made.sections)
    assert all(s.theme in p.story.themes for s in made.sections for p in s.picks)


@given(windows(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_stories_came(window: list[Story], random: object) -> None:
    shuffled = list(window)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked(window) == ranked(shuffled)


def test_nobody_wanting_anything_makes_an_empty_plan() -> None:
    made = planned([story()], subscriber(wishes=(Wish(frozenset({"women"})),)))
    assert made.empty
    assert (made.picks, made.more, made.stories) == ((), (), ())


# ---- what leads


def test_urgent_pinned_and_widely_reported_stories_lead_and_the_rest_stand_by_theme() -> None:
    wide = story(report("wide", owner="One"), report("wide2", owner="Two"))
    window = [routine("p1"), routine("w1", "women"), urgent("u1"), wide, routine("pin", marks=Marks(pinned=True))]
    made = planned([*window, routine("p2", hours=1)], subscriber())
    assert ids(made.leads) == ["pin", "u1", "wide"]
    assert sections(made) == {"prisons": ["p1", "p2"], "women": ["w1"]}


def test_no_more_than_three_lead_and_a_story_further_down_may() -> None:
    many = planned([urgent(f"u{n}") for n in range(5)], subscriber())
    assert (len(many.leads), len(many.picks)) == (LEADS, 5)
    notable = [story(report(f"n{n}", urgency=Urgency.NOTABLE)) for n in range(4)]
    wide = story(report("wide", owner="One"), report("wide2", owner="Two"))
    assert ids(planned([*notable, wide], subscriber()).leads) == ["wide"]


def test_where_nothing_stands_out_the_first_leads() -> None:
    made = planned([routine(f"s{n}", hours=n) for n in range(5)], subscriber())
    assert ids(made.leads) == ["s0"]
    assert sections(made) == {"prisons": ["s1", "s2", "s3", "s4"]}


def test_much_talk_of_the_army_does_not_lead() -> None:
    talk = story(report("t1", owner="One", themes=[context()]), report("t2", owner="Two", themes=[context()]))
    everything = subscriber(wishes=(Wish(), Wish(frozenset({"security"}))))
    made = planned([talk, *(routine(f"s{n}", hours=n) for n in range(4))], everything)
    assert ids(made.leads) == ["s0"]
    assert sections(made) == {"prisons": ["s1", "s2", "s3"], "security": ["t1"]}


@pytest.mark.parametrize("count", range(1, FEW + 1))
def test_few_stories_stand_without_sections(count: int) -> None:
    made = planned([routine(f"s{n}", hours=n) for n in range(count)], subscriber())
    assert ids(made.leads) == [f"s{n}" for n in range(count)]
    assert not made.sections


def test_a_story_stands_under_its_first_theme_on_rights_else_its_first_else_none() -> None:
    mixed = story(report("mixed", themes=[context(), finding("women"), finding("prisons")]))
    later = story(report("later", themes=[context()]), report("later2", themes=[finding("returns")]))
    army = story(report("army", themes=[context()], title="A trial"))
    bare = story(report("bare", themes=[], title="Another trial"))
    following = subscriber(wishes=(Wish(), Wish(follows=Follows(frozenset({"trial"})))))
    made = planned([urgent("u1"), mixed, later, army, bare], following)
    assert sections(made) == {"returns": ["later"], "women": ["mixed"], "security": ["army"], "": ["bare"]}


def test_sections_come_in_the_order_of_their_best_story() -> None:
    window = [routine(name, theme, n) for n, (name, theme) in enumerate(
        [("s0", "prisons"), ("s1", "women"), ("s2", "returns"), ("s3", "women"), ("s4", "prisons")]
    )]  # fmt: skip
    assert list(sections(planned(window, subscriber()))) == ["women", "returns", "prisons"]


# ---- what editors say


def test_what_editors_hold_drop_or_withdraw_is_left_out() -> None:
    marks = [Marks(held=True), Marks(dropped=True), Marks(withdrawn=True)]
    marked = [routine(f"s{n}", marks=m) for n, m in enumerate(marks)]
    assert not any(map(let_through, marked))
    assert ranked(marked) == []
    for history in (History(), History(had=frozenset({"s0", "s1"})), History(beyond=frozenset({"s0", "s2"}))):
        (made,) = plans(list(map(Offer.of, marked)), [subscriber()], {"r1": history})
        assert made.stories == ()
        assert planned([], subscriber(), history, marked).stories == ()


def test_a_pinned_story_comes_before_urgent_ones() -> None:
    assert [s.id for s in ranked([urgent("u1"), routine("pin", marks=Marks(pinned=True))])] == ["pin", "u1"]


# ---- who is told what


def test_a_digest_holds_stories_without_the_reports_of_muted_sources() -> None:
    both = [story(told(f"s{n}", themes=("prisons",)), told(f"t{n}", themes=("prisons",), source_id="b")) for n in range(22)]  # fmt: skip
    alone = story(told("alone", themes=("prisons",), source_id="b"))
    muting = subscriber(mutes=Mutes(sources=frozenset({"b"})))
    made = planned([*both, alone], muting, History(had=frozenset({"s0"})))
    heard = {s.id: (s.reports[0],) for s in both}
    assert {p.story.id: p.story.reports for p in (*made.picks, *made.more)} == {i: r for i, r in heard.items() if i != "s0"}  # fmt: skip
    assert [(s.id, s.reports) for s in made.alerted] == [("s0", heard["s0"])]
    assert len(made.more) == 1


def test_readers_who_mute_the_same_reports_are_told_of_the_same_story() -> None:
    both = story(told("s1", themes=("prisons",)), told("s2", themes=("prisons",), source_id="b"))
    first, second = plans(
        [Offer.of(both)],
        [
            subscriber("r1", mutes=Mutes(sources=frozenset({"b"}))),
            subscriber("r2", mutes=Mutes(sources=frozenset({"b", "c"}))),
        ],
    )
    assert first is not second
    assert first.leads[0].story is second.leads[0].story


histories = st.builds(
    History,
    st.frozensets(st.sampled_from(["s0", "x0", "y0", "gone"])),
    st.frozensets(st.sampled_from(["s0", "x0", "y0", "gone"])),
)


@given(
    st.lists(readers(), max_size=6),
    st.lists(stories(), max_size=2),
    st.lists(stories(), max_size=2),
    st.lists(histories, min_size=6, max_size=6),
)
def test_plans_made_together_are_those_made_one_by_one(
    several: list[Subscriber], window: list[Story], further: list[Story], before: list[History]
) -> None:
    several = [replace(r, id=f"r{n}") for n, r in enumerate(several)]
    own = [Offer.of(replace(s, id=i)) for s, i in zip(window, ("s0", "x0"), strict=False)]
    extra = {i: Offer.of(replace(s, id=i)) for s, i in zip(further, ("x0", "y0"), strict=False)}
    known = {f"r{n}": history for n, history in enumerate(before[:5])}
    made = plans(own, several, known, extra)
    assert list(map(content, made)) == [content(plans(own, [r], known, extra)[0]) for r in several]
    for reader, plan in zip(several, made, strict=True):
        found = {i: picked(reader.choice, o) for i, o in (extra | {o.story.id: o for o in own}).items()}
        assert all(found[p.story.id] == p for p in plan.picks)


def test_readers_who_choose_alike_share_a_plan() -> None:
    first, second, other = plans([Offer.of(story())], [subscriber("r1"), subscriber("r2"), subscriber("r3", wishes=())])
    assert first is second
    assert other.empty


def test_readers_who_choose_alike_and_had_the_same_of_it_share_a_plan() -> None:
    window = [Offer.of(routine(name)) for name in ("s1", "s2")]
    crowd = [subscriber(f"r{n}") for n in range(5)]
    before: Mapping[str, History] = {
        "r0": History(frozenset({"s1"})),
        # what else they had, or waits for them without being there, changes nothing
        "r1": History(frozenset({"s1", "gone"}), frozenset({"s1", "gone"})),
        "r2": History(frozenset({"gone"})),
        "r3": History(beyond=frozenset({"s2"})),
    }
    first, same, nothing, beyond, unknown = plans(window, crowd, before)
    assert first is same
    assert nothing is unknown
    assert len({id(p) for p in (first, nothing, beyond)}) == 3


def test_a_digest_of_nothing_but_alerts_that_the_reader_has_is_empty() -> None:
    made = planned([urgent("u1")], subscriber(), History(had=frozenset({"u1"})))
    assert made.empty
    assert (made.picks, [s.id for s in made.alerted], made.stories) == ((), ["u1"], ("u1",))


def test_alerts_over_the_cap_stand_among_the_others_in_order_and_are_counted() -> None:
    waiting = frozenset({"here", "earlier", "unwanted", "had"})
    history = History(frozenset({"had"}), waiting)
    extra = [urgent("earlier"), urgent("unwanted", "women"), urgent("had"), urgent("not mine")]
    reader = subscriber(wishes=(Wish(frozenset({"prisons"})),))
    made = planned([routine("s1"), urgent("here")], reader, history, extra)
    assert ids(made.leads) == ["earlier", "here", "s1"]
    assert (made.beyond, made.alerted) == (2, ())


def test_a_story_of_the_window_is_not_told_twice_though_it_waited_as_an_alert_too() -> None:
    made = planned([urgent("u1")], subscriber(), History(beyond=frozenset({"u1"})), [urgent("u1")])
    assert (ids(made.picks), made.beyond) == (["u1"], 1)


# ---- the order


def test_urgent_comes_first_then_rights_then_what_most_owners_report_then_the_newest() -> None:
    old = {"published": NOW - 9 * HOUR}
    urgent = story(report("urgent", urgency=Urgency.URGENT, **old))
    weapons = story(report("weapons", themes=[context()]))
    wide = story(report("wide", owner="One", **old), report("wide2", owner="Two", **old))
    # two reports of one owner are no more independent than one
    twice = story(report("twice", owner="One", **old), report("twice2", owner="One"))
    newest = story(report("newest"))
    order = ranked([weapons, twice, newest, wide, urgent])
    assert [s.id for s in order] == ["urgent", "wide", "newest", "twice", "weapons"]


WINDOW = Window(NOW - timedelta(days=1), NOW)


@pytest.mark.parametrize(
    ("one", "news"),
    [
        (report(published=NOW), True),
        (report(published=NOW - timedelta(days=8)), True),
        (report(published=NOW - timedelta(days=8, seconds=1)), False),
        (report(published=NOW, backlog=True), True),
        (report(published=NOW, published_estimated=True), True),
        (report(published=NOW, backlog=True, published_estimated=True), False),
    ],
)
def test_the_past_of_a_source_is_no_news(one: Report, news: bool) -> None:
    assert is_news(story(one), WINDOW) is news


def test_a_story_with_one_new_report_is_news() -> None:
    old = report("s1", published=NOW - timedelta(days=99))
    assert is_news(story(old, report("s2", published=NOW)), WINDOW)


def test_talks_of_states_come_after_what_happens_to_people():
    def on(name, *codes, **fields):
        return story(report(name, themes=tuple(finding(c) for c in codes), **fields), id=name)

    talks = on("talks", "diplomacy", urgency=Urgency.NOTABLE)
    life = on("life", "general")
    camp = on("camp", "diplomacy", "prisons")
    assert [s.id for s in ranked([talks, life, camp])] == ["camp", "talks", "life"]
