"""Changes of address: they take place when both sides have confirmed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import Move, Standing, Suppression
from nkwatch.store import leaving, schema, suppressions
from nkwatch.store.seals import Seals

_ROW, _MOVE = schema.subscriber.c, schema.move.c
_SIDES = {BulletinKind.MOVE_OLD: "old_confirmed", BulletinKind.MOVE_NEW: "new_confirmed"}


def ask(connection: Connection, seals: Seals, subscriber_id: str, address: str, now: datetime) -> Move | None:
    """Open a change of address, in place of an earlier one; None when no such subscriber is confirmed."""
    confirmed = select(_ROW.id).where(_ROW.id == subscriber_id, _ROW.standing == Standing.CONFIRMED)
    if connection.scalar(confirmed.with_for_update()) is None:
        return None
    suppressed = suppressions.find(connection, seals.keyring.lookups(address))
    row = {
        "subscriber_id": subscriber_id,
        "address_key": suppressed.address_key if suppressed else seals.keyring.lookup(address),
        "address": seals.seal_new_address(address, subscriber_id),
        "old_confirmed": False,
        "new_confirmed": False,
        "asked_at": now,
    }
    connection.execute(delete(schema.move).where(_MOVE.subscriber_id == subscriber_id))
    connection.execute(schema.move.insert().values(**row))
    return Move(subscriber_id, asked_at=now)


def confirm(
    connection: Connection, seals: Seals, subscriber_id: str, side: BulletinKind, asked_at: datetime
) -> Move | None:
    """Note that one side confirmed; with both, the address changes. None when no such change is under way."""
    asked = select(schema.move).where(_MOVE.subscriber_id == subscriber_id, _MOVE.asked_at == asked_at)
    row = connection.execute(asked.with_for_update()).first()
    if row is None:
        return None
    confirmed = {name: getattr(row, name) for name in _SIDES.values()} | {_SIDES[side]: True}
    move = Move(subscriber_id, **confirmed, asked_at=asked_at)
    if move.complete:
        connection.execute(delete(schema.move).where(_MOVE.subscriber_id == subscriber_id))
        _carry_out(connection, seals, row)
    else:
        connection.execute(update(schema.move).where(_MOVE.subscriber_id == subscriber_id).values(**confirmed))
    return move


def _carry_out(connection: Connection, seals: Seals, row: Row[Any]) -> None:
    """Give the subscriber the new address, unless it is suppressed or somebody else is confirmed with it."""
    address = seals.new_address(row.address, row.subscriber_id)
    keys = seals.keyring.lookups(address)
    suppressed = suppressions.find(connection, keys)
    if suppressed and Suppression(suppressed.reason).final:
        return
    others = select(_ROW.id, _ROW.standing).where(_ROW.address_key.in_(keys), _ROW.id != row.subscriber_id)
    found = connection.execute(others.with_for_update()).all()
    if any(other.standing == Standing.CONFIRMED for other in found):
        return
    # who only asked to be confirmed there, or left, gives way: this is a newer consent from the same address
    leaving.delete_all(connection, [other.id for other in found])
    suppressions.drop(connection, keys)
    moved = update(schema.subscriber).where(_ROW.id == row.subscriber_id)
    connection.execute(moved.values(**seals.address_row(address, row.subscriber_id)))
