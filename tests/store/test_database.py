"""Transactions that get in each other's way."""

import asyncio
from collections.abc import Callable
from threading import Barrier, BrokenBarrierError

import pytest
from sqlalchemy import Connection, update
from sqlalchemy.exc import DBAPIError

from nkwatch.store import schema
from nkwatch.store.database import Database
from tests.making import NOW

_L = schema.latch.c


def crossing(first: str, second: str, meet: Barrier) -> Callable[[Connection], None]:
    """Changes two rows, one after the other; it waits in between for whoever changes them in another order."""

    def work(connection: Connection) -> None:
        for name in (first, second):
            connection.execute(update(schema.latch).where(_L.name == name).values(closed_until=NOW))
            if name == first:
                wait(meet)

    return work


def wait(meet: Barrier) -> None:
    """Go on together, once; who comes alone goes on."""
    try:
        meet.wait(0.3)
    except BrokenBarrierError:
        return


async def test_transactions_that_wait_for_each_other_are_both_done_in_the_end(address: str) -> None:
    one, other = Database(address), Database(address)
    with one.engine.begin() as connection:
        connection.execute(schema.latch.insert(), [{"name": n, "closed_until": schema.EPOCH} for n in ("a", "b")])
    meet = Barrier(2)
    await asyncio.gather(one.write(crossing("a", "b", meet)), other.write(crossing("b", "a", meet)))
    with one.engine.connect() as connection:
        assert {row.closed_until for row in connection.execute(schema.latch.select())} == {NOW}
    for database in (one, other):
        database.close()


async def test_what_is_wrong_is_tried_once_only(address: str) -> None:
    database, tried = Database(address), []

    def work(connection: Connection) -> None:
        tried.append(True)
        connection.exec_driver_sql("SELECT * FROM nowhere")

    with pytest.raises(DBAPIError):
        await database.write(work)
    assert tried == [True]
    database.close()
