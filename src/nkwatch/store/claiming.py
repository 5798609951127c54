"""Which deliveries may be handed over now, and to which address."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, not_, or_, select, update

from nkwatch.domain.bulletin import BulletinKind, Claimed, Composition, DeliveryState
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Standing
from nkwatch.store import compositions, records, schema, suppressions
from nkwatch.store.leaving import BULLETINS
from nkwatch.store.seals import Seals

_D, _S, _B, _M = schema.delivery.c, schema.subscriber.c, schema.bulletin.c, schema.move.c
_MOVES = (BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW)


def claim(connection: Connection, seals: Seals, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
    """Claim deliveries that are due, by priority; never one whose subscriber may not be mailed."""
    rows = connection.execute(_due(now).limit(limit).with_for_update(skip_locked=True, of=schema.delivery)).all()
    leased = (
        update(schema.delivery)
        .where(_D.id == bindparam("row"))
        .values(state=DeliveryState.LEASED, lease_owner=lease.owner, leased_until=lease.until)
    )
    if rows:
        connection.execute(leased, [{"row": r.id} for r in rows])
    content = compositions.read(connection, {r.composition_id for r in rows})
    return [_claimed(seals, row, content[row.composition_id]) for row in rows]


def _due(now: datetime) -> Select[Any]:
    """Deliveries to be handed over at `now`, by priority, with the sealed address that each goes to."""
    moving = _B.kind == BulletinKind.MOVE_NEW
    address = case((moving, _M.address), else_=_S.address)
    key = case((moving, _M.address_key), else_=_S.address_key)
    return (
        select(schema.delivery, address.label("recipient"), _B.number, _B.kind)
        .join_from(schema.delivery, schema.subscriber)
        .join(schema.bulletin, _B.number == _D.bulletin)
        # a link to a change of address that was asked for before another one is worth nothing
        .outerjoin(schema.move, and_(_M.subscriber_id == _D.subscriber_id, _M.asked_at == _D.date))
        .where(schema.undone, _D.state != DeliveryState.LEASED, _D.due_at <= now)
        .where(_may_be_mailed(now), not_(suppressions.forbids(key)))
        .order_by(_D.priority, _D.id)
    )


def _may_be_mailed(now: datetime) -> ColumnElement[bool]:
    """Promise 3: confirmations go to the pending, everything else to the confirmed, bulletins to who has not paused."""
    # as one comparison, so that no planner begins with all who are confirmed
    fits = case((_B.kind == BulletinKind.CONFIRMATION, Standing.PENDING), else_=Standing.CONFIRMED)
    return and_(
        _S.standing == fits,
        or_(_B.kind.not_in(BULLETINS), _S.paused_until.is_(None), _S.paused_until <= now),
        or_(_B.kind.not_in(_MOVES), _M.subscriber_id.is_not(None)),
    )


def _claimed(seals: Seals, row: Row[Any], composition: Composition) -> Claimed:
    unseal = seals.new_address if row.kind == BulletinKind.MOVE_NEW else seals.address
    return Claimed(
        delivery=records.delivery(row),
        subscriber_id=row.subscriber_id,
        address=unseal(row.recipient, row.subscriber_id),
        composition=composition,
        number=row.number,
        composition_id=row.composition_id,
        slots=seals.slots(row.slots, row.number, row.subscriber_id),
        answers=row.answers or "",
    )
