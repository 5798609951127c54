"""Which stories a digest holds, in which order; nothing vanishes silently."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Wish
from nkwatch.domain.theme import Urgency
from nkwatch.editing.digests import FULL_STORIES, plan, ranked
from nkwatch.editing.matching import reasons
from tests.making import NOW, context, finding, report, story, subscriber


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
    wanted = [s for s in order if reasons(reader.wishes, s)]
    assert [p.story for p in made.picks] + list(made.more) == wanted
    assert len(made.picks) == min(len(wanted), FULL_STORIES)
    assert all(p.reasons == reasons(reader.wishes, p.story) for p in made.picks)


@given(windows(), st.randoms(use_true_random=False))
def test_the_order_does_not_depend_on_how_the_stories_came(window: list[Story], random: object) -> None:
    shuffled = list(window)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert ranked(window) == ranked(shuffled)


def test_nobody_wanting_anything_makes_an_empty_plan() -> None:
    made = plan([story()], subscriber(wishes=(Wish(frozenset({"women"})),)))
    assert (made.picks, made.more) == ((), ())


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
