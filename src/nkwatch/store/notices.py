"""Notices as they are kept, and the mornings on which the operator is told of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from nkwatch.domain.lease import Lease
from nkwatch.domain.notice import Noticed
from nkwatch.domain.retention import NOTICES
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.footprint import database_bytes
from nkwatch.store.leases import is_over
from nkwatch.store.rows import insert_new

_N, _M = schema.notice.c, schema.morning.c
#: Of more notices than this the newest are told.
MOST = 20_000


class NoticeStore:
    """Satisfies `workflow.notices.Shelf` and `workflow.morning.Mornings`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def keep(self, notices: Sequence[Noticed]) -> None:
        """Write these, in one transaction."""
        rows = [
            {"at": n.at, "last_at": n.last_at, "event": n.event, "facts": dict(n.facts), "times": n.times}
            for n in notices
        ]
        await self._database.write(lambda c: c.execute(schema.notice.insert(), rows))

    async def begin(self, day: str, lease: Lease, now: datetime) -> Sequence[Noticed] | None:
        """Take a morning in hand; answers what is to be told: all that no mail has told of yet, the oldest first.

        None where it is done, or in another's hands. What is too old is forgotten. The first morning that a database
        sees is done without a mail: nobody waits for one on the day on which nkwatch was installed.
        """
        return await self._database.write(lambda c: _begin(c, day, lease, now))

    async def is_done(self, day: str) -> bool:
        """Whether this morning's mail was sent, or there was none to send."""
        query = select(_M.done_at).where(_M.day == day)
        return await self._database.read(lambda c: c.scalar(query)) is not None

    async def done(self, day: str, owner: str, now: datetime, *, mailed: bool) -> None:
        """It is done, by a mail or without one."""
        change = update(schema.morning).where(_M.day == day, _M.lease_owner == owner, _M.done_at.is_(None))
        await self._database.write(lambda c: c.execute(change.values(done_at=now, mailed=mailed)))

    async def release(self, day: str, owner: str, until: datetime) -> None:
        """It could not be done: whoever looks after `until` may try."""
        change = update(schema.morning).where(_M.day == day, _M.lease_owner == owner, _M.done_at.is_(None))
        await self._database.write(lambda c: c.execute(change.values(leased_until=until)))

    async def untold(self) -> Sequence[Noticed]:
        """What no mail has told of yet, the oldest first; nothing is changed."""
        return await self._database.read(_untold)

    async def was_mailed(self, since: str) -> bool:
        """Whether a mail was sent on a day from this one on."""
        query = select(_M.day).where(_M.day >= since, _M.mailed).limit(1)
        return await self._database.read(lambda c: c.scalar(query)) is not None

    async def mailed_at(self) -> datetime | None:
        """When the last morning's mail was sent."""
        query = select(func.max(_M.done_at)).where(_M.mailed)
        return await self._database.read(lambda c: c.scalar(query))


def _begin(connection: Connection, day: str, lease: Lease, now: datetime) -> Sequence[Noticed] | None:
    first = connection.scalar(select(_M.day).limit(1)) is None
    row = {"day": day, "lease_owner": "", "leased_until": schema.EPOCH, "done_at": now if first else None}
    insert_new(connection, schema.morning, [row | {"database_bytes": database_bytes(connection)}])
    free = or_(is_over(_M.leased_until, now), _M.lease_owner == lease.owner)
    take = update(schema.morning).where(_M.day == day, _M.done_at.is_(None), free)
    if not connection.execute(take.values(lease_owner=lease.owner, leased_until=lease.until)).rowcount:
        return None
    connection.execute(delete(schema.notice).where(_N.at < now - NOTICES))
    # in one statement: what another process writes meanwhile is neither marked nor told
    taken = update(schema.notice).where(_unsent()).values(morning=day).returning(schema.notice)
    rows = sorted(connection.execute(taken).all(), key=lambda row: int(row.id))
    return [_noticed(row) for row in rows[-MOST:]]


def _unsent() -> Any:
    """Of no morning yet, or of one whose mail did not leave."""
    undone = select(_M.day).where(_M.done_at.is_(None))
    return or_(_N.morning.is_(None), _N.morning.in_(undone))


def _untold(connection: Connection) -> Sequence[Noticed]:
    newest = select(schema.notice).where(_unsent()).order_by(_N.id.desc()).limit(MOST)
    return [_noticed(row) for row in reversed(connection.execute(newest).all())]


def _noticed(row: Row[Any]) -> Noticed:
    return Noticed(row.event, tuple(row.facts.items()), row.at, row.last_at, row.times)
