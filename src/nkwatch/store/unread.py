"""Statements that wait to be read: several processes share them out, and find what is alike in the end.

Reading takes long and needs nobody else; where a statement belongs depends on what others have placed. So each process
reads what it has claimed, looks where it belongs, and writes that unless somebody placed anything meanwhile.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, select

from nkwatch.domain.lease import Lease
from nkwatch.reading.stories import Placed
from nkwatch.store import records, schema
from nkwatch.store.leases import lasts
from nkwatch.store.rows import chunks, insert_new, upsert

_STATEMENT, _READ, _PLACING = schema.statement.c, schema.being_read.c, schema.placing.c
#: The one row of `placing`.
STORIES = "stories"


def found(connection: Connection, now: datetime, owner: str, limit: int) -> list[Placed]:
    """What is unread and in nobody's hands but this owner's, oldest first."""
    return [records.placed(row) for row in connection.execute(_query(now, owner).limit(limit))]


def claim(connection: Connection, now: datetime, lease: Lease, limit: int) -> list[Placed]:
    """Claim up to `limit` of them."""
    query = _query(now, lease.owner).limit(limit).with_for_update(skip_locked=True, key_share=True, of=schema.statement)
    rows = connection.execute(query).all()
    # asked again now that the rows are ours: who had them locked a moment ago may have claimed them since
    taken = _taken(connection, [row.id for row in rows], now, lease.owner)
    free = [row for row in rows if row.id not in taken]
    held = {"lease_owner": lease.owner, "leased_until": lease.until}
    upsert(connection, schema.being_read, [{"statement_id": i} | held for i in sorted(row.id for row in free)])
    return [records.placed(row) for row in free]


def done(connection: Connection, statement_ids: Iterable[str]) -> None:
    """These were read, by whomever."""
    for part in chunks(sorted(statement_ids)):
        connection.execute(delete(schema.being_read).where(_READ.statement_id.in_(part)))


def placings(connection: Connection) -> int:
    """How often statements were put into stories."""
    return connection.scalar(select(_PLACING.times).where(_PLACING.name == STORIES)) or 0


def placed(connection: Connection) -> None:
    """Some were put into stories in this transaction, which has the latch."""
    insert_new(connection, schema.placing, [{"name": STORIES}])
    counted = schema.placing.update().where(_PLACING.name == STORIES).values(times=_PLACING.times + 1)
    connection.execute(counted)


def _query(now: datetime, owner: str) -> Select[Any]:
    taken = select(_READ.statement_id).where(
        _READ.statement_id == _STATEMENT.id,
        _READ.lease_owner != owner,
        lasts(_READ.leased_until, now),
    )
    return (
        select(schema.statement)
        .where(schema.unread, _STATEMENT.read_from <= now, ~taken.exists())
        .order_by(_STATEMENT.first_seen, _STATEMENT.published, _STATEMENT.id)
    )


def _taken(connection: Connection, ids: list[str], now: datetime, owner: str) -> set[str]:
    found: set[str] = set()
    for part in chunks(ids):
        others = select(_READ.statement_id).where(_READ.statement_id.in_(part), _READ.lease_owner != owner)
        found.update(connection.scalars(others.where(lasts(_READ.leased_until, now))))
    return found
