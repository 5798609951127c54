"""Duties: ticks that one process does for all: people hear of them, mailboxes are read, or two would do the same.

Whoever has a duty keeps it as long as it lives: what it has told already it knows by heart. When it is gone another one
takes it after the lease.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta

from sqlalchemy import Connection, Select, delete, or_, select
from sqlalchemy.exc import DBAPIError

from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.leases import is_over, lasts
from nkwatch.store.rows import inserting

#: Everything else is claimed by rows of its own.
DUTIES = frozenset({"tell", "publish", "editions", "call", "tidy", "redact", "watch", "bounces", "replies"})
#: These are done also where nobody can say whose duty they are: somebody must tell that the database is gone.
ANYBODYS = frozenset({"watch"})
LEASE = timedelta(minutes=1)
_D = schema.duty.c


class Duties:
    """The duties of one newsroom: a process that takes up new settings has two for a moment, with an `owner` each."""

    def __init__(self, database: Database, clock: Callable[[], datetime], owner: str) -> None:
        self._database = database
        self._clock = clock
        self._owner = owner
        self._until: dict[str, datetime] = {}

    @asynccontextmanager
    async def of(self, tick: str) -> AsyncIterator[bool]:
        """Whether this process is to do a tick now; it is kept for as long as that takes."""
        if tick not in DUTIES:
            yield True
            return
        ours = await self._mine(tick)
        keeping = asyncio.create_task(self._keep(tick)) if ours else None
        try:
            yield ours
        finally:
            if keeping:
                keeping.cancel()

    async def aclose(self) -> None:
        """Give all back: the process ends."""
        mine = delete(schema.duty).where(_D.lease_owner == self._owner)
        if self._until:
            with suppress(DBAPIError):
                await self._database.write(lambda c: c.execute(mine))
        self._until.clear()

    async def _mine(self, tick: str) -> bool:
        now = self._clock()
        if LEASE / 2 < self._until.get(tick, now) - now <= LEASE:
            return True  # an idle tick asks nothing
        try:
            taken = await self._database.read(lambda c: c.scalar(self._anothers(tick, now)))
            mine = taken is None and await self._database.write(lambda c: self._take(c, tick, now))
        except DBAPIError:
            if tick in ANYBODYS:
                return True
            raise
        if mine:
            self._until[tick] = now + LEASE
        else:
            self._until.pop(tick, None)
        return mine

    async def _keep(self, tick: str) -> None:
        """Renew the lease while a round lasts."""
        while True:
            await asyncio.sleep(LEASE.total_seconds() / 4)
            with suppress(DBAPIError):
                await self._mine(tick)

    def _anothers(self, tick: str, now: datetime) -> Select[tuple[str]]:
        """Who else has a duty: nothing is written for a look."""
        anothers = (_D.lease_owner != self._owner, lasts(_D.leased_until, now))
        return select(_D.lease_owner).where(_D.name == tick, *anothers)

    def _take(self, connection: Connection, tick: str, now: datetime) -> bool:
        held = {"lease_owner": self._owner, "leased_until": now + LEASE}
        free = or_(_D.lease_owner == self._owner, is_over(_D.leased_until, now))
        insert = inserting(connection, schema.duty).values(name=tick, **held)
        taken = insert.on_conflict_do_update(index_elements=["name"], set_=held, where=free).returning(_D.name)
        return connection.scalar(taken) is not None
