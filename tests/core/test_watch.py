"""Since when a publisher is silent, or cannot be read."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.rhythm import DAY
from nkwatch.domain.watch import Lack, Watch, is_unreadable, quiet_since, was_asked, watch
from tests.making import NOW, source, state

TWO = {i: source(i, publisher="Ash") for i in ("a", "b")}


def silent(source_id: str, days: float) -> PollState:
    """A source whose newest statement is so many days old."""
    return state(source_id, health=Health.SILENT, last_ok_at=NOW, newest_at=NOW - days * DAY, health_since=NOW)


def shut(source_id: str, days: float | None, **fields: object) -> PollState:
    """A source that could last be read so many days ago; None: never."""
    last = None if days is None else NOW - days * DAY
    return state(source_id, **({"health": Health.FAILING, "failures": 9, "last_ok_at": last} | fields))


def test_a_source_is_silent_since_it_last_showed_something_and_unreadable_since_it_last_could_be_read() -> None:
    assert quiet_since(silent("a", 40)) == NOW - 40 * DAY
    assert quiet_since(shut("a", 3, health_since=NOW)) == NOW - 3 * DAY
    assert quiet_since(shut("a", None, health_since=NOW)) == NOW
    assert quiet_since(shut("a", None)) is None
    assert quiet_since(state(last_ok_at=NOW, newest_at=NOW)) is None


def test_a_publisher_is_silent_since_any_of_its_sources_last_showed_something() -> None:
    assert watch([silent("a", 40), silent("b", 30)], TWO).silent == (Lack("Ash", NOW - 30 * DAY),)


def test_a_publisher_cannot_be_read_since_the_last_of_its_sources_could() -> None:
    assert watch([shut("a", 9), shut("b", 2)], TWO) == Watch(2, 0, unreadable=(Lack("Ash", NOW - 2 * DAY),))
    assert watch([shut("a", 9), shut("b", None)], TWO).unreadable == (Lack("Ash", NOW - 9 * DAY),)


def test_a_publisher_is_read_in_part_since_the_first_of_its_sources_could_no_longer_be() -> None:
    three = TWO | {"c": source("c", publisher="Ash")}
    told = watch([shut("a", 9), shut("b", 2), state("c", last_ok_at=NOW)], three)
    assert told == Watch(3, 1, partly=(Lack("Ash", NOW - 9 * DAY),))


@pytest.mark.parametrize("days", [(None, None), (None,)])
def test_what_was_never_read_has_no_beginning(days: tuple[None, ...]) -> None:
    states = [shut(i, d) for i, d in zip("ab", days, strict=False)] + [state("b", last_ok_at=NOW)] * (2 - len(days))
    told = watch(states, TWO)
    assert (*told.unreadable, *told.partly) == (Lack("Ash"),)


instants = st.none() | st.datetimes(NOW.replace(tzinfo=None) - 99 * DAY, NOW.replace(tzinfo=None)).map(
    lambda t: t.replace(tzinfo=NOW.tzinfo)
)
states = st.builds(
    state,
    st.sampled_from([f"s{n}" for n in range(8)]),
    health=st.sampled_from(Health),
    failures=st.integers(0, 3),
    last_ok_at=instants,
    newest_at=instants,
    health_since=instants,
)


@given(st.lists(states, unique_by=lambda s: s.source_id))
def test_each_gap_begins_when_something_happened_to_a_source_of_that_publisher(several: list[PollState]) -> None:
    known = {f"s{n}": source(f"s{n}", publisher=f"P{n % 3}") for n in range(8)}
    told = watch(several, known)
    for gap in (*told.silent, *told.unreadable, *told.partly):
        own = [s for s in several if known[s.source_id].publisher == gap.publisher]
        moments = {m for s in own for m in (s.last_ok_at, s.newest_at, s.health_since)}
        assert gap.since is None or gap.since in moments
    assert hash(told)
    assert told.answering == sum(was_asked(s) and not is_unreadable(s) for s in several)
