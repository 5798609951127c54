"""Transactions that get in each other's way."""

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path
from threading import Barrier, BrokenBarrierError, Event, get_ident

import pytest
from sqlalchemy import Connection, Delete, Update, delete, func, select, update
from sqlalchemy.exc import DBAPIError, OperationalError

from nkwatch.domain.problems import ConfigError
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.engines import BUSY_TIMEOUT
from nkwatch.store.rows import driven
from tests.making import NOW
from tests.store.conftest import Stores

_L = schema.latch.c
COUNT = select(func.count()).select_from(schema.host)


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


def noted(connection: Connection) -> None:
    connection.execute(schema.host.insert(), {"host": f"{connection.scalar(COUNT)}", "not_before": NOW})


# Where it is written


def where(_: Connection) -> int:
    return get_ident()


async def test_what_takes_no_time_is_written_where_it_arises_if_nobody_else_writes(address: str) -> None:
    database = Database(address)
    assert (await database.write_at_once(where) == get_ident()) is address.startswith("sqlite")
    assert await database.write(where) != get_ident()
    database.close()


async def test_what_is_written_at_once_lasts_or_is_undone_whole(address: str) -> None:
    database = Database(address)

    def work(connection: Connection) -> None:
        connection.execute(schema.latch.insert(), {"name": "a", "closed_until": NOW})

    def broken(connection: Connection) -> None:
        connection.execute(schema.latch.insert(), {"name": "b", "closed_until": NOW})
        raise LookupError

    await database.write_at_once(work)
    with pytest.raises(LookupError):
        await database.write_at_once(broken)
    assert await database.read(lambda c: c.scalars(select(_L.name)).all()) == ["a"]
    database.close()


async def test_while_another_one_writes_nothing_else_waits_for_it(empty_address: str) -> None:
    other, database = Database(empty_address), Database(empty_address)
    other.prepare()
    begun, end = Event(), Event()

    def long(_: Connection) -> None:
        begun.set()
        assert end.wait(30)

    writing = asyncio.ensure_future(other.write(long))
    await asyncio.to_thread(begun.wait, 30)
    waiting = asyncio.ensure_future(database.write_at_once(where))
    await asyncio.sleep(0)  # had it waited here, nobody could end the other one
    end.set()
    await writing
    assert await waiting != get_ident()
    for each in (other, database):
        each.close()


async def test_after_one_that_was_slow_threads_write_for_a_while(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    database = Database(address)
    monkeypatch.setattr("nkwatch.store.database.SLOW", 0.0)
    await database.write_at_once(where)
    assert await database.write_at_once(where) != get_ident()
    database.close()


async def test_what_pages_tell_of_makes_another_generation_once_it_is_there(durable: Stores) -> None:
    database, mark = durable.database, {"story_id": "s1", "held": True}
    seen = [database.generation]

    def hold(connection: Connection) -> None:
        connection.execute(schema.desk.insert().values(**mark))
        seen.append(database.generation)

    await database.write(hold)
    assert seen[1] is seen[0]
    assert database.generation is not seen[0]


@pytest.mark.parametrize("change", [update(schema.desk).values(held=False), delete(schema.desk)])
async def test_changing_it_and_taking_it_away_do_so_too(durable: Stores, change: Update | Delete) -> None:
    for write in (durable.database.write, durable.database.write_at_once):
        before = durable.database.generation
        await write(lambda c: c.execute(change))
        assert durable.database.generation is not before


async def test_reading_rolling_back_and_what_no_page_tells_of_make_none(durable: Stores) -> None:
    database = durable.database
    before = database.generation

    def fail(connection: Connection) -> None:
        connection.execute(delete(schema.desk))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await database.write(fail)
    await database.read(lambda c: c.execute(select(schema.desk)).all())
    await database.write(lambda c: c.execute(select(schema.desk)).all())
    await database.write(lambda c: c.execute(update(schema.delivery).values(attempts=1)))
    assert database.generation is before


def test_every_table_of_which_no_page_tells_is_one() -> None:
    assert set(schema.metadata.tables) > schema.UNTOLD


async def test_a_database_that_can_be_written_again_is_written_again(tmp_path: Path) -> None:
    """A connection that was opened while it could not stays as it is: SQLite asks only then."""
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    database.prepare()
    at_once = database._kept_here()
    for connection in (at_once, database.engine.connect()):
        driven(connection, "PRAGMA query_only=ON")
        if connection is not at_once:
            connection.close()
    for write in (database.write, database.write_at_once):
        with pytest.raises(DBAPIError, match="readonly"):
            await write(noted)
        await write(noted)
    database.close()


async def test_who_waits_is_never_lent_the_connection_that_does_not(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/nkwatch.db")
    database.prepare()
    with pytest.raises(OperationalError, match="nonsense"):
        await database.write_at_once(lambda c: driven(c, "INSERT INTO nonsense VALUES (1)"))
    assert await database.write(lambda c: driven(c, "PRAGMA busy_timeout").fetchone()) == (BUSY_TIMEOUT,)
    database.close()


@pytest.mark.parametrize("place", ["missing/nkwatch.db", ".", f"{'x' * 300}.db"])
def test_a_place_where_no_database_can_be_is_a_problem_of_the_settings(tmp_path: Path, place: str) -> None:
    """No folder, a folder in its place, and what the system refuses before SQLite is asked."""
    database = Database(f"sqlite:///{tmp_path}/{place}")
    with pytest.raises(ConfigError, match="check that its folder exists"):
        database.prepare()
    database.close()


def test_a_server_that_is_away_is_no_problem_of_the_settings() -> None:
    """Whoever starts the service tries again: wrong settings would not become right by that."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        database = Database(f"postgresql://nkwatch@127.0.0.1:{probe.getsockname()[1]}/nkwatch")
        with pytest.raises(OperationalError, match="refused"):
            database.prepare()
    database.close()
