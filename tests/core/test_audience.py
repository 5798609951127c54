"""The index of readers answers what the plain loop over them answers."""

from hypothesis import given, settings
from hypothesis import strategies as st

from nkwatch.domain.source import Role
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.audience import SPARSE, Audience
from nkwatch.editing.matching import Offer, reasons
from tests.core.wishing import mention, readers, stories, told
from tests.making import story, subscriber


def plainly(everybody: list[Subscriber], of: Story) -> list[int]:
    """The numbers of those for whom there is a reason."""
    return [n for n, reader in enumerate(everybody) if reasons(reader.choice, of)]


@settings(max_examples=300)
@given(st.lists(readers(), max_size=12), st.lists(stories(), max_size=3))
def test_it_finds_exactly_those_for_whom_there_is_a_reason(everybody: list[Subscriber], several: list[Story]) -> None:
    audience = Audience.of(everybody)
    for of in several:
        assert audience.wanting(of) == plainly(everybody, of)


@settings(max_examples=40)
@given(st.lists(readers(), min_size=1, max_size=8), stories(), st.integers(1, 3 * SPARSE))
def test_it_finds_them_also_where_lists_are_long_and_short(everybody: list[Subscriber], of: Story, times: int) -> None:
    # some lists have many lines, and become numbers; those of the last reader have one
    crowd = [
        *everybody * times,
        subscriber(wishes=(Wish(frozenset({"prisons"}), follows=Follows(frozenset({"rare"}))),)),
    ]
    assert Audience.of(crowd).wanting(of) == plainly(crowd, of)


def test_without_readers_nobody_wants_anything() -> None:
    assert Audience.of([]).wanting(story()) == []


def test_who_has_no_wish_wants_nothing_and_keeps_a_number() -> None:
    assert Audience.of([subscriber(wishes=()), subscriber()]).wanting(story()) == [1]


def test_who_wants_a_story_twice_is_named_once() -> None:
    twice = subscriber(wishes=(Wish(), Wish(frozenset({"prisons"}))))
    assert Audience.of([twice, subscriber()]).wanting(story()) == [0, 1]


def test_readers_may_come_one_after_the_other_and_none_is_kept() -> None:
    audience = Audience.of(subscriber(f"r{n}") for n in range(3))
    assert audience.wanting(story()) == [0, 1, 2]


def test_known_cases_are_found_under_every_spelling() -> None:
    of = Offer.of(story(told("s1", mention("横田めぐみ", key="megumi yokota"))), {"meguro": "megumi yokota"})
    followers = [subscriber(wishes=(Wish(follows=Follows(cases=frozenset({name}))),)) for name in ("Meguro", "Sato")]
    assert Audience.of(followers).wanting(of) == [0]


def test_a_story_of_many_muted_sources_looks_at_groups_of_readers_not_at_each() -> None:
    of = Offer.of(story(*(told(f"s{n}", themes=("prisons",), source_id=f"{n}", role=Role.PRESS) for n in range(40))))
    everybody = [subscriber(mutes=Mutes(sources=frozenset({f"{n % 40}"}))) for n in range(200)]
    audience = Audience.of(everybody)
    heard = [audience._heard(part) for part in of.parts]
    assert len(list(audience._hearing(heard))) == 40
    assert audience.wanting(of) == list(range(200))
