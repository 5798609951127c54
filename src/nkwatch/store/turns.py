"""Turns at hosts, shared by all processes on one database: a row for each host (`net.turns` takes and gives them back).

PostgreSQL's clock counts, since those of machines differ; on SQLite all are on one machine, and its own does.
"""

import time
from datetime import timedelta
from itertools import count

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    case,
    delete,
    func,
    literal,
    literal_column,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy.exc import DBAPIError

from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.rows import inserting
from nkwatch.store.schema.columns import MICROSECOND

_T = schema.turn.c
#: What is written of a time further ahead counts for nothing: a clock was wrong.
FURTHEST = timedelta(hours=1)
#: So long a host is remembered that nobody asks, and after how many turns of one process it is looked for such.
KEPT, LOOK_EVERY = timedelta(days=1), 500
SECOND = 1_000_000
#: Seconds after which is looked again at the least.
SOON = 0.01
#: As they are in their rows.
_FREE, _LEFT, _UNTIL = (type_coerce(column, BigInteger) for column in (_T.free_at, _T.left_at, _T.leased_until))


class TurnStore:
    """Satisfies `net.turns.Among`. `lease` is longer than any request may take: whoever asks longer has died."""

    def __init__(self, database: Database, owner: str, lease: timedelta) -> None:
        self._database = database
        self._owner = owner
        self._lease = lease // MICROSECOND
        self._postgresql = database.engine.dialect.name == "postgresql"
        self._given = count(1)

    async def take(self, host: str, pause: float) -> float:
        """Take a turn where the last one is over and `pause` seconds ago; answers 0, else how many seconds to wait."""
        return await self._database.write(lambda c: self._take(c, host, round(pause * SECOND)))

    async def give_back(self, host: str, pause: float) -> None:
        """The turn is over: nobody is to ask within `pause` seconds."""
        try:
            await self._database.write(lambda c: self._give_back(c, host, round(pause * SECOND)))
        except DBAPIError:
            # what was answered is not thrown away for it; the turn ends with its lease
            return

    def _now(self) -> ColumnElement[int]:
        """Microseconds since 1970, when the statement is run."""
        if self._postgresql:
            return literal_column("(extract(epoch FROM clock_timestamp()) * 1000000)::bigint", BigInteger)
        return literal(time.time_ns() // 1_000, BigInteger)

    def _take(self, connection: Connection, host: str, pause: int) -> float:
        now = self._now()
        mine = {"lease_owner": self._owner, "leased_until": now + self._lease}
        insert = inserting(connection, schema.turn).values(host=host, **mine)
        # what we did not give back, as the database was away, is still ours
        nobodys = or_(_T.lease_owner == self._owner, _UNTIL.is_(None), _past(_UNTIL, now, pause))
        free = and_(nobodys, _past(_FREE, now, pause), _past(_LEFT + pause, now, pause))
        taken = insert.on_conflict_do_update(index_elements=["host"], set_=mine, where=free).returning(_T.host)
        if connection.scalar(taken) is not None:
            return 0.0
        row = connection.execute(
            select(_FREE, _LEFT + pause, func.coalesce(_UNTIL, 0), now).where(_T.host == host)
        ).one()
        # by now it may be free
        return float(max((max(row[:3]) - row[3]) / SECOND, SOON))

    def _give_back(self, connection: Connection, host: str, pause: int) -> None:
        now = self._now()
        left = update(schema.turn).where(_T.host == host)
        # where the lease was over and somebody else has the turn, it stays theirs
        mine = _T.lease_owner == self._owner
        connection.execute(
            left.values(
                left_at=now,
                free_at=now + pause,
                lease_owner=case((mine, ""), else_=_T.lease_owner),
                leased_until=case((mine, None), else_=_T.leased_until),
            )
        )
        if next(self._given) % LOOK_EVERY == 0:
            old = (now - KEPT // MICROSECOND > _FREE, _T.leased_until.is_(None))
            connection.execute(delete(schema.turn).where(*old))


def _past(instant: ColumnElement[int], now: ColumnElement[int], pause: int) -> ColumnElement[bool]:
    return or_(instant <= now, instant > now + FURTHEST // MICROSECOND + pause)
