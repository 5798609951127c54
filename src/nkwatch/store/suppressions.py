"""Addresses that are not mailed, by their keyed hash alone.

Where somebody with such an address has a row among the subscribers, both have the same hash, under the same key: so
one join tells whom the claim of deliveries must leave out.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, delete, exists, select, update

from nkwatch.domain.subscriber import Suppression
from nkwatch.store import schema
from nkwatch.store.rows import insert_new

_ROW = schema.suppression.c
FINAL = tuple(s for s in Suppression if s.final)


def find(connection: Connection, keys: Sequence[bytes]) -> Row[Any] | None:
    """What is noted under any of these hashes of one address; what is heavier goes first."""
    rows = connection.execute(select(schema.suppression).where(_ROW.address_key.in_(keys))).all()
    return max(rows, key=lambda r: Suppression(r.reason).weight, default=None)


def note(connection: Connection, key: bytes, why: Suppression, at: datetime) -> None:
    """Note an address; what is heavier is not softened."""
    insert_new(connection, schema.suppression, [{"address_key": key, "reason": why, "at": at}])
    lighter = [s for s in Suppression if s.weight <= why.weight]
    change = update(schema.suppression).where(_ROW.address_key == key, _ROW.reason.in_(lighter))
    connection.execute(change.values(reason=why, at=at))


def drop(connection: Connection, keys: Sequence[bytes], *, keep_final: bool = False) -> bool:
    """Forget an address; whether there was something to forget."""
    those = (_ROW.reason.not_in(FINAL),) if keep_final else ()
    return connection.execute(delete(schema.suppression).where(_ROW.address_key.in_(keys), *those)).rowcount > 0


def forbids(key: ColumnElement[bytes]) -> ColumnElement[bool]:
    """Whether nothing at all may be sent to the address with this hash."""
    return exists().where(_ROW.address_key == key, _ROW.reason.in_(FINAL))
