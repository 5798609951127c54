"""Which deliveries may be handed over now, and to which address; and which alerts should have left long ago."""

from collections.abc import Collection
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Select,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    update,
)

from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.delivery import Claimed, Delivery, DeliveryState, Lane, Late, Stuck, Turn
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Standing
from nkwatch.store import schema, suppressions
from nkwatch.store.contents import Contents
from nkwatch.store.leaving import BULLETINS
from nkwatch.store.prepared import Prepared, among, instant, micros, named
from nkwatch.store.rows import chunks
from nkwatch.store.schema import Instant
from nkwatch.store.seals import Seals

_D, _S, _B, _M = schema.delivery.c, schema.subscriber.c, schema.bulletin.c, schema.move.c
_MOVES = (BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW)
#: None stands for what is given each time.
_NOW, _LIMIT = bindparam("now", None, type_=Instant), bindparam("limit", None, type_=Integer)
_FIRST, _LAST = bindparam("first", None, type_=Integer), bindparam("last", None, type_=Integer)


def claim(
    connection: Connection, seals: Seals, contents: Contents, now: datetime, limit: int, lease: Lease, lane: Lane
) -> list[Claimed]:
    """Claim deliveries of a lane that are due, by priority and turn; never one whose subscriber may not be mailed."""
    wanted = {"now": micros(now), "limit": limit} | _span(lane.priorities)
    rows = [_Due._make(row) for row in _DUE(connection, wanted)]
    held = {"owner": lease.owner, "until": micros(lease.until)}
    for part in chunks(rows):
        _leased(len(part))(connection, held | named([row.id for row in part]))
    found = contents.read(connection, {row.composition_id for row in rows})
    return [_claimed(seals, row, found[row.composition_id]) for row in rows]


def late(connection: Connection, before: datetime) -> list[Late]:
    """Alerts and corrections that should have left before then and did not, by number."""
    rows = connection.execute(_LATE, {"now": before} | _span((BulletinKind.ALERT.priority,)))
    return [Late(row.bulletin, row.readers, row.since) for row in rows]


def stuck(connection: Connection, before: datetime, lane: Lane) -> Stuck | None:
    """What of a lane may go, was due before then, and is not done; None where there is none. Looks at one row."""
    since = connection.execute(_STUCK, {"now": before} | _span(lane.priorities)).scalar()
    return None if since is None else Stuck(since)


def _span(priorities: Collection[int]) -> dict[str, int]:
    return {"first": min(priorities), "last": max(priorities)}


def _mailable(*columns: Any) -> Select[Any]:
    """Undone deliveries of some priorities whose subscribers may be mailed at `now`."""
    # as a span: so the index gives them in their order
    priorities = _D.priority.between(_FIRST, _LAST)
    return (
        select(*columns)
        .join_from(schema.delivery, schema.subscriber)
        .join(schema.bulletin, _B.number == _D.bulletin)
        # a link to a change of address that was asked for before another one is worth nothing
        .outerjoin(schema.move, and_(_M.subscriber_id == _D.subscriber_id, _M.asked_at == _D.date))
        .where(schema.undone, priorities)
        .where(_may_be_mailed(), not_(suppressions.forbids(_recipient("address_key"))))
    )


def _may_be_mailed() -> ColumnElement[bool]:
    """Promise 3: confirmations go to the pending, everything else to the confirmed, bulletins to who has not paused."""
    # as one comparison, so that no planner begins with all who are confirmed
    fits = case((_B.kind == BulletinKind.CONFIRMATION, Standing.PENDING), else_=Standing.CONFIRMED)
    return and_(
        _S.standing == fits,
        or_(_B.kind.not_in(BULLETINS), _S.paused_until.is_(None), _S.paused_until <= _NOW),
        or_(_B.kind.not_in(_MOVES), _M.subscriber_id.is_not(None)),
    )


def _recipient(column: str) -> ColumnElement[bytes]:
    """This column of whom a delivery goes to."""
    return case((_B.kind == BulletinKind.MOVE_NEW, _M[column]), else_=_S[column])


class _Due(NamedTuple):
    """A delivery to be handed over, as it is in its row, with the sealed address that it goes to."""

    id: int
    message_id: str
    date: int
    state: str
    attempts: int
    due_at: int | None
    reply: str
    turn: int
    subscriber_id: str
    composition_id: str
    slots: bytes | None
    answers: str | None
    recipient: bytes
    number: int
    kind: str

    @property
    def delivery(self) -> Delivery:
        """It is not done, and was not offered since it was freed."""
        return Delivery(
            id=self.id,
            message_id=self.message_id,
            date=instant(self.date),
            state=DeliveryState(self.state),
            attempts=self.attempts,
            due_at=None if self.due_at is None else instant(self.due_at),
            reply=self.reply,
            turn=Turn(self.turn),
        )


def _due() -> Select[Any]:
    """Those to be handed over at `now`."""
    own = [_D[name] for name in _Due._fields if name in _D]
    return (
        _mailable(*own, _recipient("address").label("recipient"), _B.number, _B.kind)
        .where(_D.state != literal_column("'leased'"), _D.due_at <= _NOW)
        .order_by(_D.priority, _D.turn, _D.id)
        .limit(_LIMIT)
        .with_for_update(skip_locked=True, of=schema.delivery)
    )


#: Made once, not for every claim.
_DUE = Prepared(_due())
#: What waits for the end of a pause should leave then.
_SINCE = case((_S.paused_until > _D.date, _S.paused_until), else_=_D.date)
_LATE = (
    _mailable(_D.bulletin, func.count().label("readers"), func.min(_SINCE, type_=Instant).label("since"))
    .where(_D.date < _NOW)
    .group_by(_D.bulletin)
    .order_by(_D.bulletin)
)
#: The first in the order in which they are claimed, which is how the index has them.
_STUCK = _mailable(_D.due_at).where(_D.due_at < _NOW).order_by(_D.priority, _D.turn, _D.id).limit(1)


@lru_cache(maxsize=512)
def _leased(count: int) -> Prepared:
    """What puts so many deliveries under a lease."""
    held: dict[str, Any] = {
        "state": literal_column("'leased'"),
        "lease_owner": bindparam("owner"),
        "leased_until": bindparam("until"),
    }
    return Prepared(update(schema.delivery).where(among(_D.id, count)).values(held))


def _claimed(seals: Seals, row: _Due, composition: Composition) -> Claimed:
    unseal = seals.new_address if row.kind == BulletinKind.MOVE_NEW else seals.address
    return Claimed(
        delivery=row.delivery,
        subscriber_id=row.subscriber_id,
        address=unseal(row.recipient, row.subscriber_id),
        composition=composition,
        number=row.number,
        composition_id=row.composition_id,
        slots=seals.slots(row.slots, row.number, row.subscriber_id),
        answers=row.answers or "",
    )
