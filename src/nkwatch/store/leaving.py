"""How somebody gets out of the roll, and how everything goes whose time is over (`domain.retention`)."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Select, delete, exists, func, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.retention import DELIVERIES, ENDED, MOVES, UNCONFIRMED
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.store import schema, suppressions, waiting
from nkwatch.store.rows import chunks

_ROW, _DELIVERY, _BULLETIN, _MOVE = schema.subscriber.c, schema.delivery.c, schema.bulletin.c, schema.move.c
#: What others get too: alerts and digests.
BULLETINS = tuple(k for k in BulletinKind if not k.personal)
#: What is not sent to who has paused, nor later. What was wrong in what they have, they are told after the pause.
PAUSABLE = tuple(k for k in BULLETINS if not k.corrects)
#: So long it is known who had to wait for an alert.
WAITED = timedelta(days=7)
#: Rows erased in one transaction, so that nobody waits long for it.
BATCH = 500


def cancel(
    connection: Connection, ids: Sequence[str], why: str, now: datetime, kinds: Sequence[BulletinKind] = ()
) -> None:
    """Cancel what these subscribers would still be sent: all of it, or bulletins of these kinds.

    What is claimed too: it may not be handed over any more (`booking`). What is on the line at this moment keeps its
    mark, and is recorded as sent by whoever hands it over.
    """
    those: list[ColumnElement[bool]] = [_DELIVERY.subscriber_id.in_(ids)]
    if kinds:
        those.append(exists().where(_BULLETIN.number == _DELIVERY.bulletin, _BULLETIN.kind.in_(kinds)))
    values = {"state": DeliveryState.CANCELLED, "done_at": now, "reply": why, "slots": None}
    connection.execute(update(schema.delivery).where(schema.undone, *those).values(**values))


def end(connection: Connection, subscriber_id: str, reason: str, now: datetime) -> bool:
    """End a subscription and cancel everything not yet handed over; false when nothing was to end."""
    ended = update(schema.subscriber).where(_ROW.id == subscriber_id, _ROW.standing != Standing.ENDED)
    values = {
        "standing": Standing.ENDED,
        "ended_at": now,
        "end_reason": reason,
        "closes_at": None,
        "paused_until": None,
    }
    if connection.execute(ended.values(**values)).rowcount == 0:
        return False
    cancel(connection, [subscriber_id], reason, now)
    waiting.forget(connection, [subscriber_id])
    connection.execute(delete(schema.move).where(_MOVE.subscriber_id == subscriber_id))
    return True


def erase(connection: Connection, subscriber_id: str, why: Suppression, now: datetime) -> bool:
    """Delete all that is known of a subscriber but the keyed hash of the address; false when there is none."""
    key = connection.scalar(select(_ROW.address_key).where(_ROW.id == subscriber_id).with_for_update())
    if key is None:
        return False
    suppressions.note(connection, key, why, now)
    delete_all(connection, [subscriber_id])
    return True


def suppress(connection: Connection, keys: Sequence[bytes], why: Suppression, at: datetime) -> None:
    """Note an address (by its look-up hashes, the current one first); a subscription that is not newer ends."""
    row = connection.execute(select(schema.subscriber).where(_ROW.address_key.in_(keys)).with_for_update()).first()
    standing = Standing(row.standing) if row else None
    if row and standing is Standing.CONFIRMED and not why.final and row.consent_at and row.consent_at > at:
        return
    known = suppressions.find(connection, keys)
    suppressions.note(connection, row.address_key if row else known.address_key if known else keys[0], why, at)
    if row and (why.final or standing is Standing.CONFIRMED):
        end(connection, row.id, why, at)


def delete_all(connection: Connection, ids: Sequence[str]) -> None:
    """Delete these subscribers with what was sent to them, and the bulletins that nobody else got."""
    _delete_deliveries(connection, _DELIVERY.subscriber_id.in_(ids))
    waiting.forget(connection, ids)
    connection.execute(delete(schema.move).where(_MOVE.subscriber_id.in_(ids)))
    connection.execute(delete(schema.subscriber).where(_ROW.id.in_(ids)))


def tidy_unconfirmed(connection: Connection, now: datetime) -> int:
    """Erase a batch of those who were asked to confirm and did not; a mail put off counts from when it was due."""
    until = now - UNCONFIRMED
    asked = exists().where(_DELIVERY.subscriber_id == _ROW.id, _DELIVERY.date > until)
    waited = func.coalesce(_ROW.asked_at, _ROW.joined_at) <= until
    ids = list(connection.scalars(_batch(_ROW.standing == Standing.PENDING, waited, ~asked)))
    delete_all(connection, ids)
    return len(ids)


def tidy_ended(connection: Connection, now: datetime) -> int:
    """Erase a batch of those who left long ago; their keyed hash stays."""
    long_ago = _ROW.ended_at <= now - ENDED
    ids = list(connection.scalars(_batch(_ROW.standing == Standing.ENDED, long_ago)))
    for row in connection.execute(select(_ROW.address_key, _ROW.ended_at).where(_ROW.id.in_(ids))).all():
        suppressions.note(connection, row.address_key, Suppression.LEFT, row.ended_at)
    delete_all(connection, ids)
    return len(ids)


def tidy_moves(connection: Connection, now: datetime) -> int:
    """Forget the changes of address that were not confirmed in time."""
    return connection.execute(delete(schema.move).where(_MOVE.asked_at <= now - MOVES)).rowcount


def tidy_waiting(connection: Connection, now: datetime) -> int:
    """Forget a batch of who had to wait for an alert that left long ago."""
    return waiting.tidy(connection, now - WAITED, BATCH)


def tidy_deliveries(connection: Connection, now: datetime) -> int:
    """Erase a batch of old deliveries; alerts and digests themselves stay, their numbers are public.

    The oldest rows come first by their number: no index on dates is needed.
    """
    first = connection.execute(select(_DELIVERY.id, _DELIVERY.date).order_by(_DELIVERY.id).limit(BATCH)).all()
    ids = [row.id for row in first if row.date <= now - DELIVERIES]
    _delete_deliveries(connection, _DELIVERY.id.in_(ids))
    return len(ids)


def _batch(*those: ColumnElement[bool]) -> Select[str]:
    return select(_ROW.id).where(*those).limit(BATCH).with_for_update(skip_locked=True)


def _delete_deliveries(connection: Connection, those: ColumnElement[bool]) -> None:
    """Delete these deliveries, and the personal bulletins that they were of."""
    joined = select(_DELIVERY.bulletin).join_from(schema.delivery, schema.bulletin)
    numbers = set(connection.scalars(joined.where(those, _BULLETIN.kind.not_in(BULLETINS))))
    connection.execute(delete(schema.delivery).where(those))
    for part in chunks(sorted(numbers)):
        connection.execute(delete(schema.bulletin).where(_BULLETIN.number.in_(part)))
