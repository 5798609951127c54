"""What became of deliveries that were handed over."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, bindparam, select, update

from nkwatch.domain.bulletin import Deferred, Delivery, DeliveryState, Handover, Sent
from nkwatch.store import schema, waiting
from nkwatch.store.database import chunks

_D = schema.delivery.c


def record(connection: Connection, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
    """Write what became of these deliveries.

    A slow process must not undo what another has done since; that a mail was accepted counts in any case.
    """
    after = [delivery.after(outcome, now) for delivery, outcome in outcomes]
    rows = [
        {"row": d.id, "state": d.state, "attempts": d.attempts, "due_at": d.due_at, "reply": d.reply,
         "done_at": d.done_at, "lease_owner": "", "leased_until": None}
        for d in after
    ]  # fmt: skip
    change = update(schema.delivery).where(_D.id == bindparam("row"))
    accepted = change.where(_D.state != DeliveryState.SENT).values(slots=None)
    refused, put_off = change.where(schema.undone).values(slots=None), change.where(schema.undone)
    changes = {DeliveryState.SENT: accepted, DeliveryState.REFUSED: refused, DeliveryState.DEFERRED: put_off}
    sent = [d.id for d in after if d.state is DeliveryState.SENT]
    waiting.left_after_all(connection, _stopped(connection, sent), now)
    for state, written in changes.items():
        if those := [r for r in rows if r["state"] is state]:
            connection.execute(written, those)
    _not_had(connection, outcomes)


def _stopped(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Which of these deliveries were stopped while they were handed over."""
    found: list[int] = []
    for part in chunks(ids):
        found += connection.scalars(select(_D.id).where(_D.id.in_(part), _D.state == DeliveryState.CANCELLED))
    return found


def _not_had(connection: Connection, outcomes: Sequence[tuple[Delivery, Handover]]) -> None:
    """Of what was stopped in a worker's hands, note which the relay did not take: its reader cannot have it."""
    answered = [delivery.id for delivery, outcome in outcomes if not _may_have_left(outcome)]
    for part in chunks(answered):
        stopped = update(schema.delivery).where(_D.id.in_(part), _D.state == DeliveryState.CANCELLED)
        connection.execute(stopped.values(lease_owner=""))


def _may_have_left(outcome: Handover) -> bool:
    """Where the line broke nobody knows what the relay took."""
    return isinstance(outcome, Sent) or (isinstance(outcome, Deferred) and outcome.line)
