"""Who is still gone by the file of who left."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.departure import Act, Departure, still_gone
from tests.making import NOW

names = st.sampled_from(["a", "b", "c"])
acts = st.builds(
    Departure,
    st.sampled_from(list(Act)),
    st.just(NOW),
    st.sampled_from(["", "a", "b", "c"]),
    st.lists(names.map(str.encode), max_size=2).map(tuple),
    st.sampled_from(["erased", "bounced"]),
)


def left(who: str, *keys: bytes) -> Departure:
    return Departure(Act.LEFT, NOW, who, keys, "one click")


def back(who: str, *keys: bytes) -> Departure:
    return Departure(Act.JOINED, NOW, who, keys)


def test_who_left_and_came_back_is_not_gone_and_who_left_once_more_is():
    assert still_gone([left("ann", b"1"), back("ann", b"1")]) == []
    again = left("ann", b"1")
    assert still_gone([left("ann", b"1"), back("ann", b"1"), again]) == [again]


def test_who_came_back_is_known_by_the_id_or_by_the_address():
    assert still_gone([left("ann", b"1"), back("other", b"1")]) == []
    assert still_gone([left("ann", b"1"), back("ann", b"2")]) == []
    assert still_gone([left("ann", b"1"), back("ben", b"2")]) == [left("ann", b"1")]


def test_who_left_twice_is_told_once_by_the_last_line():
    first, last = left("ann", b"1"), Departure(Act.LEFT, NOW + timedelta(days=1), "ann", (b"1",), "replied")
    assert still_gone([first, last]) == [last]


def test_whom_the_operator_lets_in_again_has_left_all_the_same():
    allowed = Departure(Act.ALLOWED, NOW, keys=(b"1",))
    (gone,) = still_gone([left("ann", b"1"), allowed])
    assert gone == replace(left("ann", b"1"), allowed=True)
    assert still_gone([allowed, left("ann", b"1")]) == [left("ann", b"1")]


def test_marks_are_nobody():
    assert still_gone([Departure(Act.MARK, NOW, mark=7)]) == []


@given(st.lists(acts))
def test_what_is_gone_is_gone_again_and_in_the_order_of_the_file(lines: list[Departure]):
    gone = still_gone(lines)
    assert [replace(one, allowed=False) for one in still_gone(gone)] == [replace(one, allowed=False) for one in gone]
    places = [max(i for i, line in enumerate(lines) if line == replace(one, allowed=False)) for one in gone]
    assert places == sorted(places)


@given(st.lists(acts))
def test_nobody_is_gone_after_whom_somebody_came_back_and_everybody_else_is(lines: list[Departure]):
    gone = still_gone(lines)
    for place, line in enumerate(lines):
        if line.act in {Act.JOINED, Act.ALLOWED, Act.MARK}:
            continue
        later = [one for one in lines[place:] if one.act is Act.JOINED and one.names & line.names]
        same = [one for one in gone if one.act is line.act and one.names == line.names]
        assert bool(same) or bool(later)
        if later:
            assert all(replace(one, allowed=False) in lines[place:] for one in same)
