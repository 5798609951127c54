"""The audit's chain: whoever changes, removes or adds a row breaks it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.audit import BEGINNING, Deed, End, Row, row, verify
from tests.making import NOW


def rows(count: int = 5) -> list[Row]:
    """A whole chain."""
    end, made = End(), []
    for n in range(count):
        deed = Deed("Ann", "release", f"s{n}", NOW + n * timedelta(seconds=1), {"alert": "held"}, {"alert": "released"})
        made.append(row(deed, end))
        end = End(made[-1].number, made[-1].hash)
    return made


def end_of(chain: list[Row]) -> End:
    return End(chain[-1].number, chain[-1].hash)


def test_a_whole_chain_has_no_problems() -> None:
    verdict = verify(rows(), end_of(rows()))
    assert (verdict.rows, verdict.end, verdict.problems) == (5, end_of(rows()), ())


def test_an_audit_without_rows_is_whole() -> None:
    assert verify([], None).problems == ()
    assert verify([], End()).problems == ()
    assert verify([], None).end == End(0, BEGINNING)


@given(
    st.integers(0, 4),
    st.sampled_from(["at", "editor", "act", "thing", "before", "after"]),
)
def test_a_row_that_was_changed_is_named(which: int, name: str) -> None:
    chain = rows()
    other = NOW - timedelta(days=1) if name == "at" else '{"alert":"none"}'
    chain[which] = replace(chain[which], **{name: other})
    assert verify(chain, end_of(rows())).problems == (f"row {which + 1} is not as it was written",)


@given(st.integers(0, 3))
def test_a_row_that_was_changed_with_its_hash_breaks_the_next(which: int) -> None:
    chain = rows()
    changed = replace(chain[which], editor="Ben")
    before = chain[which - 1].hash if which else BEGINNING
    chain[which] = replace(changed, hash=changed.told(before))
    assert verify(chain, end_of(rows())).problems == (f"row {which + 2} is not as it was written",)


def test_rows_that_are_gone_are_named() -> None:
    chain = rows()
    assert verify(chain[:1] + chain[3:], end_of(chain)).problems == ("rows 2 to 3 are missing",)


def test_rows_that_are_gone_from_the_end_are_told_by_where_it_was() -> None:
    chain = rows()
    assert verify(chain[:3], end_of(chain)).problems == ("the rows end with number 3, and the last one written was 5",)


def test_an_audit_whose_end_nobody_vouches_for_is_not_whole() -> None:
    (problem,) = verify(rows(), None).problems
    assert problem.startswith("nothing says where the rows end")


def test_a_row_that_stands_twice_is_named() -> None:
    chain = rows(2)
    assert verify([chain[0], chain[0], chain[1]], end_of(chain)).problems == ("row 1 stands twice",)


@pytest.mark.parametrize("word", ["북한", "\ud800", '","'])
def test_any_letters_can_be_kept(word: str) -> None:
    one = row(Deed(word, "note", word, NOW, {word: word}), End())
    assert verify([one], End(1, one.hash)).problems == ()
