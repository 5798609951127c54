"""What may be merged and split, and what becomes of it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.domain.merging import Fate, Merged, Obstacle, Side, Split, Unfit, merging, splitting, story_named
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState
from tests.making import NOW

HOUR = timedelta(hours=1)
OLD = EARLIEST - 100 * HOUR


def side(name: str, *others: str, **fields: object) -> Side:
    """A story of the statement of its name and these others, each an hour after the one before."""
    ids = (name, *others)
    arrived = {i: NOW + n * HOUR for n, i in enumerate(ids)}
    return Side(
        **({"id": name, "statements": ids, "ready_at": NOW, "alert": AlertState.NONE, "arrived": arrived} | fields)
    )


def merged(into: Side | None, *others: Side | None) -> Merged | Unfit:
    names = [one.id if one else "gone" for one in (into, *others)]
    return merging(into, others, names)


def test_all_statements_of_the_others_go_into_the_one() -> None:
    assert merged(side("a"), side("b", "c"), side("d")) == Merged("a", ("b", "d"), ("b", "c", "d"))


@pytest.mark.parametrize("state", AlertState)
def test_an_alert_that_is_under_way_ends_and_one_that_is_leaving_is_in_the_way(state: AlertState) -> None:
    done = merged(side("a"), side("b", alert=state))
    if state is AlertState.RELEASED:
        assert done == Unfit(Obstacle.LEAVING, "b")
    else:
        assert isinstance(done, Merged)
        assert done.ended == (("b",) if state in {AlertState.OPEN, AlertState.HELD} else ())


@pytest.mark.parametrize(
    ("into", "other", "obstacle"),
    [
        (None, side("b"), Unfit(Obstacle.NO_STORY, "gone")),
        (side("a"), None, Unfit(Obstacle.NO_STORY, "gone")),
        (side("a", statements=()), side("b"), Unfit(Obstacle.NO_STORY, "a")),
        (side("a"), side("b", statements=()), Unfit(Obstacle.NO_STORY, "b")),
        (side("a"), side("a"), Unfit(Obstacle.ITSELF, "a")),
        (side("a", statements=(), into="z"), side("b"), Unfit(Obstacle.MERGED, "a", "z")),
        (side("a"), side("b", statements=(), into="z"), Unfit(Obstacle.MERGED, "b", "z")),
        (side("a"), side("b", taken_back=True), Unfit(Obstacle.TAKEN_BACK, "b")),
        (side("a"), side("b", held=True), Unfit(Obstacle.HELD, "b")),
        (side("a", ready_at=OLD), side("b"), Unfit(Obstacle.OLD, "b")),
    ],
)
def test_what_would_undo_something_in_passing_is_refused(
    into: Side | None, other: Side | None, obstacle: Unfit
) -> None:
    assert merged(into, other) == obstacle


def test_one_in_the_way_keeps_all_from_being_merged() -> None:
    assert merged(side("a"), side("b"), side("c", held=True)) == Unfit(Obstacle.HELD, "c")


@pytest.mark.parametrize(
    ("into", "other"),
    [
        ({"held": True}, {"held": True}),
        ({"held": True}, {}),
        ({"taken_back": True}, {}),
        ({}, {"ready_at": OLD}),
        ({"ready_at": OLD}, {"ready_at": OLD}),
        ({"alert": AlertState.RELEASED}, {}),
    ],
)
def test_what_the_other_takes_with_it_or_does_not_change_is_no_obstacle(into: dict, other: dict) -> None:
    assert isinstance(merged(side("a", **into), side("b", **other)), Merged)


def split(of: Side, *wanted: str, own: dict[str, Fate] | None = None, **said: object) -> Split | Unfit:
    return splitting(of, wanted, dict.fromkeys(wanted, Fate.NONE) | (own or {}), **said)  # type: ignore[arg-type]


def test_what_is_split_off_has_the_name_of_its_first_statement_and_its_time() -> None:
    assert split(side("a", "b", "c"), "c", "b") == Split("b", "a", ("b", "c"), NOW + HOUR)
    later = side("a", "b", ready_at=NOW + 5 * HOUR)
    assert split(later, "b") == Split("b", "a", ("b",), NOW + 5 * HOUR)


def test_what_was_only_imported_stays_no_news() -> None:
    done = split(side("a", "b", ready_at=OLD), "b")
    assert isinstance(done, Split)
    assert done.ready_at == OLD


def test_a_story_that_was_merged_away_is_opened_again() -> None:
    done = split(side("a", "b", "c"), "b", "c", own={"c": Fate.HERE})
    assert isinstance(done, Split)
    assert (done.story, done.reopened, done.statements) == ("c", True, ("b", "c"))


@pytest.mark.parametrize("fate", [Fate.NONE, Fate.EMPTY])
def test_a_name_that_others_stand_under_is_not_taken(fate: Fate) -> None:
    done = split(side("a", "b", "c"), "b", "c", own={"b": Fate.TAKEN, "c": fate})
    assert isinstance(done, Split)
    assert (done.story, done.reopened) == ("c", False)
    assert split(side("a", "b"), "b", own={"b": Fate.TAKEN}) == Unfit(Obstacle.TAKEN, "b")


@pytest.mark.parametrize(
    ("of", "wanted", "obstacle"),
    [
        (side("a", "b"), ("a",), Unfit(Obstacle.NAMESAKE, "a")),
        (side("a", statements=("b", "c")), ("b", "c"), Unfit(Obstacle.ALL, "a")),
        (side("a", "b", alert=AlertState.RELEASED), ("b",), Unfit(Obstacle.LEAVING, "a")),
    ],
)
def test_a_story_keeps_its_name_and_something_under_it(of: Side, wanted: tuple[str, ...], obstacle: Unfit) -> None:
    assert split(of, *wanted) == obstacle


@pytest.mark.parametrize("state", [AlertState.OPEN, AlertState.HELD])
def test_what_was_urgent_and_undecided_goes_on_waiting_where_it_goes(state: AlertState) -> None:
    one = side("a", "b", alert=state, alarming=frozenset("b"))
    done = split(one, "b")
    assert isinstance(done, Split)
    assert (done.asked, done.calmed) == (True, True)
    both = split(replace(one, alarming=frozenset("ab")), "b")
    assert isinstance(both, Split)
    assert (both.asked, both.calmed) == (True, False)
    other = split(replace(one, alarming=frozenset("a")), "b")
    assert isinstance(other, Split)
    assert (other.asked, other.calmed) == (False, False)


@pytest.mark.parametrize("state", [AlertState.NONE, AlertState.SENT, AlertState.WITHHELD])
def test_what_was_decided_is_asked_only_as_news_or_where_a_merge_ended_it(state: AlertState) -> None:
    one = side("a", "b", alert=state, alarming=frozenset("b"))
    asked = [split(one, "b", **said) for said in ({}, {"news": True}, {"ended": ("b",)})]
    assert [(d.asked, d.calmed, d.news) for d in asked if isinstance(d, Split)] == [
        (False, False, False),
        (True, False, True),
        (True, False, False),
    ]
    routine = split(replace(one, alarming=frozenset()), "b", news=True)
    assert isinstance(routine, Split)
    assert not routine.asked


@pytest.mark.parametrize(
    "text",
    [
        "mfrggzdf",
        " mfrggzdf ",
        "https://watch.example/stories/mfrggzdf",
        "https://watch.example/archive/stories/mfrggzdf/?from=20#s",
        "/stories/mfrggzdf",
    ],
)
def test_a_story_is_named_by_its_id_or_its_address(text: str) -> None:
    assert story_named(text) == "mfrggzdf"


@given(st.text())
@example("https://[")
def test_whatever_is_written_names_some_story_or_none(text: str) -> None:
    assert isinstance(story_named(text), str)
