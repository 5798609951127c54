"""The ledger: what came of polls is written together, in order, and one that cannot be written takes no other with it."""

import asyncio
from collections.abc import Sequence

import pytest

from nkwatch.domain.polling import Polled
from nkwatch.workflow.ledger import ROOM, Ledger
from tests.making import state


class Book:
    """Writes batches; `gate` holds the first one up, what is named in `unwritable` cannot be written."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.unwritable: set[str] = set()

    async def write(self, polls: Sequence[Polled]) -> int:
        await self.gate.wait()
        ids = [p.state.source_id for p in polls]
        if wrong := self.unwritable.intersection(ids):
            raise LookupError(*wrong)
        self.batches.append(ids)
        return len(ids)


def polled(source_id: str) -> Polled:
    return Polled(state(source_id), "Publisher")


async def test_everything_is_written_once_and_in_order_and_new_statements_are_counted() -> None:
    book = Book()
    async with Ledger(book.write) as ledger:
        for n in range(5):
            await ledger.put(polled(f"s{n}"))
            await asyncio.sleep(0)
    assert [i for batch in book.batches for i in batch] == [f"s{n}" for n in range(5)]
    assert ledger.new == 5


async def test_what_comes_while_something_is_written_is_written_together() -> None:
    book = Book()
    book.gate.clear()
    async with Ledger(book.write) as ledger:
        await ledger.put(polled("first"))
        await asyncio.sleep(0)
        for n in range(9):
            await ledger.put(polled(f"s{n}"))
        book.gate.set()
    assert [len(batch) for batch in book.batches] == [1, 9]


async def test_who_brings_more_than_there_is_room_for_waits() -> None:
    book = Book()
    book.gate.clear()
    brought = 0

    async def bring(ledger: Ledger) -> None:
        nonlocal brought
        for n in range(4 * ROOM):
            await ledger.put(polled(f"s{n}"))
            brought += 1

    async with Ledger(book.write) as ledger:
        bringing = asyncio.create_task(bring(ledger))
        for _ in range(8 * ROOM):
            await asyncio.sleep(0)
        waited = brought
        book.gate.set()
        await bringing
    assert waited <= 2 * ROOM, "as much as is being written, and as much as waits for it"
    assert ledger.new == 4 * ROOM


async def test_one_that_cannot_be_written_is_told_in_the_end_and_takes_no_other_with_it() -> None:
    book = Book()
    book.unwritable = {"bad"}
    book.gate.clear()

    async with Ledger(book.write) as ledger:
        for name in ("a", "bad", "b"):
            await ledger.put(polled(name))
        book.gate.set()

    ((source_id, why),) = ledger.failed
    assert (source_id, type(why)) == ("bad", LookupError)
    assert sorted(i for batch in book.batches for i in batch) == ["a", "b"]


async def test_what_was_brought_before_a_mistake_of_the_caller_is_written_all_the_same() -> None:
    book = Book()

    async def bring() -> None:
        async with Ledger(book.write) as ledger:
            await ledger.put(polled("a"))
            raise RuntimeError("mistake")

    with pytest.raises(RuntimeError, match="mistake"):
        await bring()
    assert book.batches == [["a"]]


async def test_nothing_is_written_where_nothing_was_brought() -> None:
    book = Book()
    async with Ledger(book.write):
        pass
    assert [batch for batch in book.batches if batch] == []
