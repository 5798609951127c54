"""The ledger, written before and after a message is on the line: what became of some, and which may go next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Connection,
    bindparam,
    case,
    delete,
    func,
    literal_column,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.types import TypeEngine

from nkwatch.domain.delivery import Booked, Claimed, Delivery, DeliveryState, Handover, Lane, Sent, Unknown
from nkwatch.store import gates, schema, waiting
from nkwatch.store.gates import Gates
from nkwatch.store.leasing import FREED
from nkwatch.store.prepared import Prepared, among, micros, named
from nkwatch.store.rows import chunks

_D, _H = schema.delivery.c, schema.accepted_hour.c
_HOUR = timedelta(hours=1)
#: The emergency brake looks back for a day.
HOURS_KEPT = timedelta(days=7)

_ROW = update(schema.delivery).where(_D.id == bindparam("row"))
_UNSURE = or_(_D.risked, bindparam("unsure", type_=Boolean))
_BULK: list[Any] = [literal_column(str(priority)) for priority in Lane.BULK.priorities]
_MINE = (schema.leased, _D.lease_owner == bindparam("owner"))
_NOT_SENT = (_D.state != literal_column("'sent'"),)
#: The columns that get what is told of an answer.
_SET = ("state", "attempts", "due_at", "reply", "done_at", "turn", "relay_id")
_STOPPED = Prepared(_ROW.values(risked=_UNSURE, **FREED))
_PUT_OFF = Prepared(_ROW.values(state=bindparam("to_state"), due_at=bindparam("to_due_at"), **FREED))


@dataclass(frozen=True, slots=True)
class Book:
    """One booking of a worker at `now`: outcomes of `answered`, and marks on those of `wanted` that may go."""

    gates: Gates
    answered: Sequence[tuple[Delivery, Handover]]
    wanted: Sequence[Claimed]
    now: datetime
    owner: str

    def __call__(self, connection: Connection) -> Booked:
        """Write it; answers what may be handed over now."""
        for part in chunks(sorted(self.answered, key=lambda one: one[0].id)):
            self._write(connection, part)
        return self._mark(connection) if self.wanted else Booked()

    def _write(self, connection: Connection, answered: Sequence[tuple[Delivery, Handover]]) -> None:
        """Write what became of these deliveries.

        A slow process must not undo what another has done since; that a mail was accepted counts in any case.
        """
        rows = [_written(delivery.after(outcome, self.now), outcome) for delivery, outcome in answered]
        accepted = [delivery.id for delivery, outcome in answered if isinstance(outcome, Sent)]
        self._count(connection, accepted)
        mine = _answered(len(rows), mine=True)(connection, {"owner": self.owner} | _numbered(rows))
        if mine.rowcount < len(rows):
            self._write_others(connection, answered, {row["row"]: row for row in rows})

    def _count(self, connection: Connection, accepted: Sequence[int]) -> None:
        """Count those of the bulk lane that were not yet known to be accepted."""
        if accepted:
            _counted(len(accepted))(connection, {"hour": _hour_of(self.now)} | named(accepted))

    def _write_others(
        self, connection: Connection, answered: Sequence[tuple[Delivery, Handover]], rows: dict[int, dict[str, Any]]
    ) -> None:
        """Write what became of those that are not in this worker's hands any more."""
        of = {delivery.id: outcome for delivery, outcome in answered}
        asked = select(_D.id, _D.state, _D.lease_owner).where(_D.id.in_(of)).order_by(_D.id).with_for_update()
        found = connection.execute(asked).all()
        sent = [r for r in found if isinstance(of[r.id], Sent) and r.state != DeliveryState.SENT]
        if sent:
            _answered(len(sent), mine=False)(connection, _numbered([rows[r.id] for r in sent]))
        stopped = [r for r in found if r.state == DeliveryState.CANCELLED]
        waiting.left_after_all(connection, [r.id for r in stopped if r in sent], self.now)
        mine = [r.id for r in stopped if r not in sent and r.lease_owner == self.owner]
        if mine:
            _STOPPED(connection, [{"row": i, "unsure": isinstance(of[i], Unknown)} for i in mine])

    def _held(self, connection: Connection, ids: Sequence[int]) -> Sequence[int]:
        """Those of these deliveries that this worker still has."""
        mine = (_D.id.in_(ids), schema.leased, _D.lease_owner == self.owner, _D.leased_until > self.now)
        return connection.scalars(select(_D.id).where(*mine)).all()

    def _mark(self, connection: Connection) -> Booked:
        held: set[int] = set()
        mine = {"owner": self.owner, "now": micros(self.now)}
        for part in chunks(sorted(c.delivery.id for c in self.wanted)):
            marked = _offered(len(part))(connection, mine | named(part)).rowcount
            held.update(part if marked == len(part) else self._held(connection, part))
        kept = [c for c in self.wanted if c.delivery.id in held]
        later = self.gates.put_off(connection, kept, self.now)
        if later:
            states = {c.delivery.id: c.delivery.state for c in kept}
            rows = [{"row": i, "to_state": states[i], "to_due_at": micros(at)} for i, at in later.items()]
            _PUT_OFF(connection, sorted(rows, key=itemgetter("row")))
        return Booked(frozenset(held - later.keys()), frozenset(later))


def accepted(connection: Connection, since: datetime) -> int:
    """How many deliveries of the bulk lane relays accepted since then; the hour of `since` counts as a whole."""
    query = select(func.sum(_H.bulk)).where(_H.hour > since - _HOUR)
    return connection.scalar(query) or 0


def tidy(connection: Connection, now: datetime) -> None:
    """Forget limits of rate that hold nobody any more, and the counts of hours that nobody asks for."""
    gates.tidy(connection, now)
    connection.execute(delete(schema.accepted_hour).where(_H.hour <= now - HOURS_KEPT))


@lru_cache(maxsize=512)
def _offered(count: int) -> Prepared:
    """What marks those of so many deliveries that its owner still has."""
    those = (among(_D.id, count), *_MINE, _D.leased_until > bindparam("now"))
    return Prepared(update(schema.delivery).where(*those).values(offered_at=bindparam("now")))


@lru_cache(maxsize=512)
def _answered(count: int, *, mine: bool) -> Prepared:
    """What writes so many answers, of those that the owner has, or of all that are not known to be accepted.

    One statement for all: at each step of another thread the interpreter may change hands.
    """
    ids = [bindparam(f"row_{n}", type_=_D.id.type) for n in range(count)]

    def told(name: str, kind: TypeEngine[Any]) -> ColumnElement[Any]:
        return case(*((i, bindparam(f"{name}_{n}", None, kind)) for n, i in enumerate(ids)), value=_D.id)

    change: dict[str, Any] = {name: told(f"to_{name}", _D[name].type) for name in _SET}
    # what is done needs its personal lines no longer
    change["slots"] = case((told("done", Boolean()), null()), else_=_D.slots)
    change["risked"] = or_(_D.risked, told("unsure", Boolean()))
    those = (_D.id.in_(ids), *(_MINE if mine else _NOT_SENT))
    return Prepared(update(schema.delivery).where(*those).values(change | FREED))


def _numbered(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    return {f"{name}_{n}": value for n, row in enumerate(rows) for name, value in row.items()}


@lru_cache(maxsize=512)
def _counted(count: int) -> Prepared:
    """What adds those of so many deliveries to the hour that are of the bulk lane and not yet accepted."""
    new = (among(_D.id, count), _D.priority.in_(_BULK), _D.state != literal_column("'sent'"))
    number = func.count().label("bulk")
    bulk = select(bindparam("hour", type_=_H.hour.type), number).select_from(schema.delivery).where(*new)
    adding: dict[str, Any] = {}
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql)):
        insert = dialect.insert(schema.accepted_hour).from_select(
            ["hour", "bulk"], bulk.having(number > literal_column("0"))
        )
        more = {"bulk": _H.bulk + insert.excluded.bulk}
        adding[name] = insert.on_conflict_do_update(index_elements=[_H.hour], set_=more)
    return Prepared(adding)


def _hour_of(instant: datetime) -> int | None:
    return micros(instant.replace(minute=0, second=0, microsecond=0))


def _written(after: Delivery, outcome: Handover) -> dict[str, Any]:
    return {
        "row": after.id,
        "to_state": after.state.value,
        "to_attempts": after.attempts,
        "to_due_at": micros(after.due_at),
        "to_reply": after.reply,
        "to_done_at": micros(after.done_at),
        "to_turn": after.turn.value,
        "to_relay_id": after.relay_id,
        "done": after.done_at is not None,
        "unsure": isinstance(outcome, Unknown),
    }
