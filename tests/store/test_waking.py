"""Who has work is woken, on PostgreSQL by NOTIFY."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest
from sqlalchemy import Connection, text

from nkwatch.daemon import TICKS
from nkwatch.store import arising, schema
from nkwatch.store.waking import FIRST_WAIT, Waking
from tests.making import NOW, polled, sifted, statement
from tests.store.conftest import Stores

on_postgresql = pytest.mark.parametrize("address", ["postgresql"], indirect=True)
REDACTION = {"key": b"k", "kind": "person", "editor": "", "reason": "", "at": NOW}


class Woken:
    """Hears who is woken."""

    def __init__(self) -> None:
        self.ticks: list[str] = []
        self._heard = asyncio.Event()

    def __call__(self, tick: str) -> None:
        self.ticks.append(tick)
        self._heard.set()

    async def all(self) -> None:
        """All are woken, since it begins to hear."""
        async with asyncio.timeout(20):
            while not set(self.ticks) >= arising.ALL:
                self._heard.clear()
                await self._heard.wait()
        self.ticks.clear()

    async def next(self) -> str:
        """Who is woken next."""
        async with asyncio.timeout(20):
            while not self.ticks:
                self._heard.clear()
                await self._heard.wait()
        return self.ticks.pop(0)


@asynccontextmanager
async def hearing(stores: Stores) -> AsyncIterator[Woken]:
    woken = Woken()
    task = asyncio.create_task(Waking(stores.database)(woken))
    try:
        yield woken
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


def test_who_is_woken_ticks() -> None:
    assert set(TICKS) > arising.ALL
    assert set(schema.metadata.tables) > {*arising.BY_TABLE, *arising.BY_CHANGE}


@on_postgresql
async def test_new_statements_wake_who_reads(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    async with hearing(other) as woken:
        await woken.all()
        await one.statements.record_polls([polled(sifted(statement("s1")))])
        assert await woken.next() == "read"


@on_postgresql
async def test_what_is_rolled_back_or_means_no_work_wakes_nobody(durable: Stores) -> None:
    async with hearing(durable) as woken:
        await woken.all()

        def broken(connection: Connection) -> None:
            connection.execute(schema.redaction.insert().values(REDACTION))
            raise LookupError

        with pytest.raises(LookupError):
            await durable.database.write(broken)
        await durable.database.write(lambda c: c.execute(schema.latch.insert().values(name="a", closed_until=NOW)))
        await durable.database.write(lambda c: c.execute(schema.errand.select()))
        await durable.statements.record_polls([polled(sifted(statement("s1")))])
        assert await woken.next() == "read"


@on_postgresql
async def test_many_rows_wake_once(durable: Stores) -> None:
    async with hearing(durable) as woken:
        await woken.all()
        await asyncio.gather(
            *(durable.statements.record_polls([polled(sifted(statement(f"s{n}")))]) for n in range(20))
        )
        assert await woken.next() == "read"
        await durable.database.write(lambda c: c.execute(text("SELECT pg_notify('nkwatch', 'visit')")))
        after = [await woken.next()]
        while after[-1] != "visit":
            after.append(await woken.next())
        assert len(after) <= 3


@on_postgresql
async def test_a_connection_that_is_lost_is_made_again_and_wakes_all(
    durable: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nkwatch.store.waking.FIRST_WAIT", FIRST_WAIT / 100)
    async with hearing(durable) as woken:
        await woken.all()
        ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
        await durable.database.read(lambda c: c.execute(text(ended)))
        await woken.all()
        await durable.statements.record_polls([polled(sifted(statement("s1")))])
        assert await woken.next() == "read"


@on_postgresql
async def test_after_a_long_silence_it_is_asked_whether_the_server_is_there(
    durable: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nkwatch.store.hearing.SILENCE", 0.01)
    async with hearing(durable) as woken:
        await woken.all()
        while not durable.rows(
            text("SELECT 1 FROM pg_stat_activity WHERE query = 'SELECT 1' AND application_name = 'nkwatch'")
        ):
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("address", ["sqlite"], indirect=True)
async def test_on_sqlite_nobody_is_woken(durable: Stores) -> None:
    async with hearing(durable) as woken:
        await durable.statements.record_polls([polled(sifted(statement("s1")))])
        await asyncio.sleep(0)
    assert woken.ticks == []
