"""One connection on which a process hears PostgreSQL's NOTIFY. Apart from `store.waking`, as it brings the driver."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg
from sqlalchemy import Engine

from nkwatch.store import arising
from nkwatch.store.engines import LINE

#: Seconds in which what comes together is one: many rows written one after the other wake nobody for each of them.
TOGETHER = 0.1
#: Seconds of silence after which it is asked whether the server is still there, and for how long for its answer.
SILENCE, ANSWER = 30.0, 10.0
#: How a connection is lost, or not to be had.
LOST = (psycopg.Error, OSError, TimeoutError)


async def hear(engine: Engine, wake: Callable[[str], None], began: Callable[[], None]) -> None:
    """Connect, say that it began, and wake until the connection is lost. Raises one of `LOST`."""
    _, given = engine.dialect.create_connect_args(engine.url)
    wanted: dict[str, Any] = {**LINE, **given}
    async with await psycopg.AsyncConnection.connect(**wanted, autocommit=True) as connection:
        await connection.execute(f"LISTEN {arising.CHANNEL}")
        began()
        while True:
            for tick in await _heard(connection):
                wake(tick)


async def _heard(connection: psycopg.AsyncConnection[Any]) -> list[str]:
    """Whom to wake, each once; nobody after a long silence."""
    heard = {tick async for one in connection.notifies(timeout=SILENCE, stop_after=1) for tick in _named(one)}
    if heard:
        heard |= {tick async for one in connection.notifies(timeout=TOGETHER) for tick in _named(one)}
    else:
        async with asyncio.timeout(ANSWER):
            await connection.execute("SELECT 1")
    return sorted(heard & arising.ALL)


def _named(one: psycopg.Notify) -> list[str]:
    return one.payload.split(",")
