"""How claimed deliveries are kept, given back, and freed when who had them is gone."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, case, literal_column, null, or_, select, true, update

from nkwatch.domain.delivery import Delivery, DeliveryState
from nkwatch.domain.lease import Lease
from nkwatch.store import records, schema
from nkwatch.store.leases import is_over
from nkwatch.store.rows import chunks

_D = schema.delivery.c
#: In nobody's hands.
FREED = {"lease_owner": literal_column("''"), "leased_until": null(), "offered_at": null()}
_ROW = update(schema.delivery).where(_D.id == bindparam("row"))
_IN_HAND = or_(schema.leased, _D.state == DeliveryState.CANCELLED)
_RELEASED = _ROW.where(_D.lease_owner == bindparam("owner"), _IN_HAND).values(
    # what was cancelled meanwhile stays so, and nobody has it
    state=case((schema.leased, bindparam("before")), else_=_D.state),
    **FREED,
)
_KEPT = update(schema.delivery).where(_D.id.in_(bindparam("ids", expanding=True)), schema.leased)
_ABANDONED = _ROW.values(lease_owner="", leased_until=None)


def renew(connection: Connection, deliveries: Sequence[Delivery], lease: Lease) -> None:
    """Keep these deliveries until the end of this lease, those that its owner still has."""
    kept = _KEPT.where(_D.lease_owner == lease.owner).values(leased_until=lease.until)
    for part in chunks(sorted(d.id for d in deliveries)):
        connection.execute(kept, {"ids": part})


def release(connection: Connection, deliveries: Sequence[Delivery], owner: str) -> None:
    """Give back deliveries of which not a byte was sent: each is what it was when it was claimed."""
    rows = [{"row": d.id, "owner": owner, "before": d.state} for d in sorted(deliveries, key=lambda d: d.id)]
    if rows:
        connection.execute(_RELEASED, rows)


def recover(connection: Connection, now: datetime) -> int:
    """Free what was claimed under leases that ended; answers how many."""
    query = select(*records.DELIVERY).where(schema.leased, is_over(_D.leased_until, now)).order_by(_D.id)
    found = [records.delivery(row) for row in connection.execute(query.with_for_update(skip_locked=True))]
    # nobody knows whether what was marked has left: whatever becomes of it, its reader may have it
    for marked in (False, True):
        free = [d.abandoned(now) for d in found if (d.offered_at is not None) is marked]
        change = _ABANDONED.values(risked=true()) if marked else _ABANDONED
        rows = [
            {"row": d.id, "state": d.state, "due_at": d.due_at, "turn": d.turn, "offered_at": d.offered_at}
            for d in free
        ]
        if rows:
            connection.execute(change, rows)
    return len(found)
