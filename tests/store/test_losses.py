"""PostgreSQL is lost, comes back, or is another one: what was not committed is done again, what was is not."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import Connection, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError

from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.engines import LINE
from tests.making import NOW
from tests.store.conftest import Stores

pytestmark = pytest.mark.parametrize("address", ["postgresql"], indirect=True)
NEVER = b"\0 never"
MINE = select(func.pg_backend_pid())


def note(connection: Connection, name: str = "a") -> None:
    connection.execute(insert(schema.latch).values(name=name, closed_until=NOW))


def end(database: Database, pid: int) -> None:
    """End a connection, as a restart of the server does."""
    with database.engine.connect() as connection:
        connection.execute(text(f"SELECT pg_terminate_backend({pid})"))


async def test_what_was_not_committed_when_the_connection_was_lost_is_done_again(opened: Callable[[], Stores]) -> None:
    one, other = opened().database, opened()
    tried = []

    def work(connection: Connection) -> int:
        note(connection)
        tried.append(connection.scalar(MINE))
        if len(tried) == 1:
            end(other.database, tried[0])
        return len(connection.execute(select(schema.latch)).all())

    assert await one.write(work) == 1
    assert len(set(tried)) == 2
    assert other.count("latch") == 1


async def test_a_look_whose_connection_was_lost_is_taken_again(opened: Callable[[], Stores]) -> None:
    one, other = opened().database, opened().database
    tried = []

    def work(connection: Connection) -> int:
        tried.append(connection.scalar(MINE))
        if len(tried) == 1:
            end(other, tried[0])
        return connection.scalar(select(func.count()).select_from(schema.latch)) or 0

    assert await one.read(work) == 0
    assert len(tried) == 2


class Proxy:
    """Stands between a program and PostgreSQL, and cuts the line once it has seen some bytes."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._lines: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None] | None] = set()
        self._seen = False
        self.cut_after = NEVER
        self.cuts = 0
        #: whether the server gets what the line is cut after
        self.passes_on = False

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._carrying.add(asyncio.current_task())
        up = await asyncio.open_connection("127.0.0.1", self._to)
        self._lines |= {writer, up[1]}
        await asyncio.gather(self._pass(reader, up[1]), self._pass(up[0], writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while some := await reader.read(65_536):
                if self._seen:  # an answer to what nobody is to hear of
                    self.cut()
                elif self.cut_after not in some:
                    writer.write(some)
                    await writer.drain()
                elif self.passes_on:
                    self._seen = True
                    writer.write(some)
                else:
                    self.cut()
        writer.close()

    def cut(self) -> None:
        """Cut all lines."""
        self.cuts, self.cut_after, self._seen = self.cuts + 1, NEVER, False
        for line in self._lines:
            line.close()
        self._lines.clear()

    async def end(self) -> None:
        """Nothing of it is left."""
        self.cut()
        await asyncio.gather(*(task for task in self._carrying if task))


@asynccontextmanager
async def through(address: str) -> AsyncIterator[tuple[Database, Proxy]]:
    """The database as it is seen through a proxy."""
    proxy = Proxy(make_url(address).port or 0)
    server = await asyncio.start_server(proxy.carry, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    database = Database(make_url(address).set(port=port).render_as_string(hide_password=False))
    yield database, proxy
    database.close()
    server.close()
    await proxy.end()


@pytest.mark.parametrize("passes_on", [True, False])
async def test_what_was_lost_during_the_commit_is_not_done_again(
    address: str, opened: Callable[[], Stores], passes_on: bool
) -> None:
    """Nobody knows whether it was: the caller is told, and the rows say what is so."""
    other, tried = opened(), []

    def work(connection: Connection) -> None:
        tried.append(True)
        note(connection)

    async with through(address) as (database, proxy):
        await database.write(lambda c: c.scalar(text("SELECT 1")))
        proxy.passes_on, proxy.cut_after = passes_on, b"COMMIT"
        with pytest.raises(DBAPIError):
            await database.write(work)
        assert (tried, proxy.cuts) == ([True], 1)
        assert other.count("latch") == (1 if passes_on else 0)
        await database.write(lambda c: note(c, "b"))
    assert other.count("latch") == (2 if passes_on else 1)


async def test_a_line_that_is_cut_in_a_transaction_is_no_harm(address: str, opened: Callable[[], Stores]) -> None:
    async with through(address) as (database, proxy):
        await database.read(lambda c: c.scalar(text("SELECT 1")))
        proxy.cut_after = b"INSERT INTO latch"
        await database.write(note)
        assert proxy.cuts == 1
    assert opened().count("latch") == 1


async def test_a_server_that_became_a_standby_is_left_for_the_one_that_may_be_written_to(
    opened: Callable[[], Stores],
) -> None:
    database = opened().database
    tried = []

    def work(connection: Connection) -> None:
        tried.append(connection.scalar(MINE))
        if len(tried) == 1:
            connection.execute(text("SET TRANSACTION READ ONLY"))
        note(connection)

    await database.write(work)
    assert len(set(tried)) == 2


async def test_of_several_hosts_the_one_that_may_be_written_to_is_taken(address: str) -> None:
    url = make_url(address)
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = nobody.getsockname()[1]
    hosts = {"host": (f"127.0.0.1:{dead}", f"127.0.0.1:{url.port}"), "target_session_attrs": "read-write"}
    several = url.set(host=None, port=None).update_query_dict(hosts)
    database = Database(several.render_as_string(hide_password=False))
    assert await database.read(lambda c: c.scalar(text("SELECT 1"))) == 1
    database.close()


async def test_a_server_that_is_gone_is_a_sentence(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nkwatch.store.database.WAITS", (0.01, 0.01))
    with socket.create_server(("127.0.0.1", 0)) as nobody:
        dead = nobody.getsockname()[1]
    database = Database(make_url(address).set(port=dead).render_as_string(hide_password=False))
    for ask in (database.read, database.write):
        with pytest.raises(DBAPIError, match="refused"):
            await ask(lambda c: c.scalar(text("SELECT 1")))
    database.close()


async def test_the_server_ends_what_nobody_waits_for_any_more(address: str) -> None:
    database = Database(address)
    shown = ("statement_timeout", "idle_in_transaction_session_timeout", "application_name")
    told = await database.read(lambda c: [c.scalar(text(f"SHOW {name}")) for name in shown])
    database.close()
    assert told == ["30min", "2min", "nkwatch"]
    own = Database(f"{address}?application_name=other")
    assert await own.read(lambda c: c.scalar(text("SHOW application_name"))) == "other"
    own.close()
    assert LINE["tcp_user_timeout"]
