"""Which stories a digest holds, in which order; nothing vanishes silently."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Window
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.editing.digests import FULL_STORIES, Plan, is_news, picked, plans, ranked
from nkwatch.editing.matching import Offer, heard, reasons
from tests.core.wishing import readers, stories, told
from tests.making import NOW, context, finding, report, story, subscriber


def trimmed(mutes: Mutes, of: Story) -> Story | None:
    """What mutes leave of a story."""
    offer = heard(mutes, Offer.of(of))
    return offer.story if offer else None


def plan(window: list[Story], reader: Subscriber) -> Plan:
    """What one reader gets of these stories, looked at one by one."""
    picks = [pick for s in window if (pick := picked(reader.choice, s))]
    return Plan(tuple(picks[:FULL_STORIES]), tuple(p.story for p in picks[FULL_STORIES:]))


@st.composite
def windows(draw: st.DrawFn) -> list[Story]:
    """The stories of a window: up to 30, of any urgency, age and theme."""
    found = {"prisons": finding("prisons"), "women": finding("women"), "security": context("security")}
    return [
        story(
            *(
                report(
                    f"s{n}-{m}",
                    owner=draw(st.sampled_from(["One", "Two", "Three"])),
                    urgency=draw(st.sampled_from(Urgency)),
                    themes=[found[draw(st.sampled_from(sorted(found)))]],
                    published=NOW - timedelta(hours=draw(st.integers(0, 9))),
                )
                for m in range(draw(st.integers(1, 2)))
            )
        )
        for n in range(draw(st.integers(0, 30)))
    ]


@given(windows(), st.sampled_from([Wish(), Wish(frozenset({"women"})), Wish(frozenset({"security", "prisons"}))]))
def test_what_is_wanted_is_picked_or_listed_in_the_order_of_rank(window: list[Story], wish: Wish) -> None:
    reader, order = subscriber(wishes=(wish,)), ranked(window)
    made = plan(order, reader)
    wanted = [s for s in order if reasons(reader.choice, s)]
    assert [p.story for p in made.picks] + list(made.more) == wanted
    assert len(made.picks) == min(len(wanted), FULL_STORIES)
    assert all(p.reasons == reasons(reader.choice, p.story) for p in made.picks)


@given(windows(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_stories_came(window: list[Story], random: object) -> None:
    shuffled = list(window)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked(window) == ranked(shuffled)


def test_nobody_wanting_anything_makes_an_empty_plan() -> None:
    made = plan([story()], subscriber(wishes=(Wish(frozenset({"women"})),)))
    assert (made.picks, made.more) == ((), ())


def test_a_digest_holds_stories_without_the_reports_of_muted_sources() -> None:
    both = story(told("s1", themes=("prisons",)), told("s2", themes=("prisons",), source_id="b"))
    alone = story(told("s3", themes=("prisons",), source_id="b"))
    muting = subscriber(mutes=Mutes(sources=frozenset({"b"})))
    made = plan([both, alone], muting)
    assert [p.story for p in made.picks] == [trimmed(muting.choice.mutes, both)]
    many = plan([both] * (FULL_STORIES + 1), muting)
    assert many.more == (trimmed(muting.choice.mutes, both),)


@given(st.lists(readers(), max_size=6), st.lists(stories(), max_size=4))
def test_plans_made_together_are_those_made_one_by_one(several: list[Subscriber], window: list[Story]) -> None:
    assert plans(list(map(Offer.of, window)), several) == [plan(window, reader) for reader in several]


def test_readers_who_choose_alike_share_a_plan() -> None:
    first, second, other = plans([Offer.of(story())], [subscriber("r1"), subscriber("r2"), subscriber(wishes=())])
    assert first is second
    assert not other.picks


def test_urgent_comes_first_then_rights_then_what_most_owners_report_then_the_newest() -> None:
    old = {"published": NOW - timedelta(hours=9)}
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
