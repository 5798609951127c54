"""Moves what older keys sealed or hashed to the current key, some rows at a time.

Hashes of addresses that stand nowhere else cannot be moved: their key stays in the ring.
"""

from typing import Any

from sqlalchemy import ColumnElement, Connection, LargeBinary, and_, func, literal, or_, select, update

from nkwatch.domain.subscriber import Suppression
from nkwatch.store import schema, suppressions
from nkwatch.store.arriving import forms_context
from nkwatch.store.seals import Seals

_ROW, _MOVE, _DELIVERY = schema.subscriber.c, schema.move.c, schema.delivery.c
#: Of a look-up hash with the id of its key.
HASH_BYTES = 33


def reseal(connection: Connection, seals: Seals, limit: int) -> int:
    """Move up to `limit` rows to the current key; answers how many were moved."""
    moved = 0
    for step in (_subscribers, _moves, _deliveries, _redactions):
        moved += step(connection, seals, limit - moved)
    return moved


def _subscribers(connection: Connection, seals: Seals, limit: int) -> int:
    key = seals.keyring.current
    old = or_(
        _old_hash(_ROW.address_key, key),
        _old_hash(_ROW.domain_key, key),
        _old_seal(_ROW.address, key),
        and_(_ROW.sealed.is_not(None), _old_seal(_ROW.sealed, key)),
    )
    rows = connection.execute(select(schema.subscriber).where(old).limit(limit).with_for_update()).all()
    for row in rows:
        address = seals.address(row.address, row.id)
        values: dict[str, Any] = dict(seals.address_row(address, row.id))
        _move_suppression(connection, row.address_key, values["address_key"])
        if row.sealed is not None:
            values["sealed"] = seals.resealed(row.sealed, f"choice:{row.id}")
        connection.execute(update(schema.subscriber).where(_ROW.id == row.id).values(**values))
    return len(rows)


def _moves(connection: Connection, seals: Seals, limit: int) -> int:
    key = seals.keyring.current
    old = or_(_old_hash(_MOVE.address_key, key), _old_seal(_MOVE.address, key))
    rows = connection.execute(select(schema.move).where(old).limit(limit).with_for_update()).all()
    for row in rows:
        address = seals.new_address(row.address, row.subscriber_id)
        values = {
            "address": seals.seal_new_address(address, row.subscriber_id),
            "address_key": seals.keyring.lookup(address),
        }
        _move_suppression(connection, row.address_key, values["address_key"])
        connection.execute(update(schema.move).where(_MOVE.subscriber_id == row.subscriber_id).values(**values))
    return len(rows)


def _deliveries(connection: Connection, seals: Seals, limit: int) -> int:
    old = and_(schema.undone, _DELIVERY.slots.is_not(None), _old_seal(_DELIVERY.slots, seals.keyring.current))
    rows = connection.execute(select(schema.delivery).where(old).limit(limit).with_for_update()).all()
    for row in rows:
        slots = seals.resealed(row.slots, f"slots:{row.bulletin}/{row.subscriber_id}")
        connection.execute(update(schema.delivery).where(_DELIVERY.id == row.id).values(slots=slots))
    return len(rows)


def _redactions(connection: Connection, seals: Seals, limit: int) -> int:
    redaction = schema.redaction.c
    old = and_(redaction.forms.is_not(None), _old_seal(redaction.forms, seals.keyring.current))
    rows = connection.execute(select(schema.redaction).where(old).limit(limit).with_for_update()).all()
    for row in rows:
        forms = seals.resealed(row.forms, forms_context(row.key))
        connection.execute(update(schema.redaction).where(redaction.id == row.id).values(forms=forms))
    return len(rows)


def _move_suppression(connection: Connection, old: bytes, new: bytes) -> None:
    """What is suppressed keeps one hash with the rows that it forbids, see `suppressions`."""
    found = suppressions.find(connection, [old])
    if found is None or old == new:
        return
    suppressions.drop(connection, [old])
    suppressions.note(connection, new, Suppression(found.reason), found.at)
    connection.execute(update(schema.move).where(_MOVE.address_key == old).values(address_key=new))


def _old_seal(column: ColumnElement[bytes], key: int) -> ColumnElement[bool]:
    """Whether a seal begins with the id of another key."""
    return func.substr(column, 1, 1, type_=LargeBinary) != literal(bytes([key]), LargeBinary)


def _old_hash(column: ColumnElement[bytes], key: int) -> ColumnElement[bool]:
    """Whether a hash was made with another key; the oldest have no id, or are empty."""
    return or_(func.length(column) != HASH_BYTES, _old_seal(column, key))
