"""The outbox: deliveries not yet done, with bulletins, compositions and blocks.

One row for each (bulletin, subscriber); it is written in the transaction that closes the window, so that doing it
twice changes nothing.
"""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, bindparam, case, func, not_, or_, select, update

from nkwatch.domain.bulletin import (
    Addressed,
    Block,
    BulletinKind,
    Claimed,
    Composition,
    Delivery,
    DeliveryState,
    Handover,
    Mailing,
    Window,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Standing
from nkwatch.editing.windows import next_closing
from nkwatch.keys import Keyring
from nkwatch.store import records, schema, suppressions
from nkwatch.store.database import Database, chunks, insert_new
from nkwatch.store.leaving import BULLETINS
from nkwatch.store.seals import Seals, schedule
from nkwatch.store.together import Together

_D, _S, _B, _M = schema.delivery.c, schema.subscriber.c, schema.bulletin.c, schema.move.c


@dataclass(frozen=True, slots=True)
class Posted:
    """A delivery to one subscriber, and the bulletin it belongs to. `story_id` is that of an alert."""

    delivery: Delivery
    kind: BulletinKind
    number: int
    window: Window | None
    story_id: str


#: Made once, not for every message.
_HELD = select(_D.id).where(_D.id.in_(bindparam("ids", expanding=True)), _D.state == DeliveryState.LEASED)


class OutboxStore:
    """`domain` is the right-hand side of the Message-IDs."""

    def __init__(self, database: Database, keyring: Keyring, domain: str) -> None:
        self._database = database
        self._keyring = keyring
        self._seals = Seals(keyring)
        self._domain = domain
        # asked before every message: askers share a look
        self._held = Together(self._look)

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        return await self._database.write(lambda c: _number(c, key, kind, date))

    async def enqueue(self, mailing: Mailing) -> int:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

        A subscriber whose window was closed by somebody else meanwhile is left out, and one who left or paused.
        """

        def enqueue(connection: Connection) -> int:
            number = _open_bulletin(connection, mailing)
            left_out = _close_windows(connection, mailing)
            present = _present(connection, mailing) - left_out
            deliveries = [d for d in mailing.deliveries if d.subscriber.id in present]
            ids = _write_compositions(connection, [d.composition for d in mailing.deliveries], number)
            rows = [self._row(mailing, number, d, ids[d.composition]) for d in deliveries]
            return insert_new(connection, schema.delivery, rows)

        return await self._database.write(enqueue)

    async def claim(self, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
        """Claim deliveries that are due, by priority; never one whose subscriber may not be mailed."""
        query = _due(now).limit(limit).with_for_update(skip_locked=True, of=schema.delivery)

        def claim(connection: Connection) -> list[Claimed]:
            rows = connection.execute(query).all()
            leased = (
                update(schema.delivery)
                .where(_D.id == bindparam("row"))
                .values(state=DeliveryState.LEASED, lease_owner=lease.owner, leased_until=lease.until)
            )
            if rows:
                connection.execute(leased, [{"row": r.id} for r in rows])
            compositions = _read_compositions(connection, {r.composition_id for r in rows})
            return [self._claimed(row, compositions[row.composition_id]) for row in rows]

        return await self._database.write(claim)

    async def holds(self, delivery_id: int) -> bool:
        """Whether a claimed delivery is still to be handed over: its reader may have left since."""
        return await self._held(delivery_id)

    async def _look(self, ids: Sequence[int]) -> list[bool]:
        held = await self._database.read(lambda c: set(c.scalars(_HELD, {"ids": list(ids)})))
        return [i in held for i in ids]

    async def record(self, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
        """Write what became of these deliveries."""
        after = [delivery.after(outcome, now) for delivery, outcome in outcomes]
        rows = [
            {"row": d.id, "state": d.state, "attempts": d.attempts, "due_at": d.due_at, "reply": d.reply,
             "done_at": d.done_at, "lease_owner": "", "leased_until": None}
            for d in after
        ]  # fmt: skip
        change = update(schema.delivery).where(_D.id == bindparam("row"))
        # a slow process must not undo what another has done since; that a mail was accepted counts in any case
        accepted = change.where(_D.state != DeliveryState.SENT).values(slots=None)
        refused, put_off = change.where(schema.undone).values(slots=None), change.where(schema.undone)
        changes = {DeliveryState.SENT: accepted, DeliveryState.REFUSED: refused, DeliveryState.DEFERRED: put_off}

        def record(connection: Connection) -> None:
            for state, written in changes.items():
                if those := [r for r in rows if r["state"] is state]:
                    connection.execute(written, those)

        await self._database.write(record)

    async def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back claimed deliveries that were never attempted."""
        ids = [d.id for d in deliveries]
        freed = update(schema.delivery).where(_D.id.in_(ids), _D.state == DeliveryState.LEASED)
        await self._database.write(lambda c: c.execute(freed.values(**_UNLEASED)))

    async def recover(self, now: datetime) -> int:
        """Free what was claimed under leases that ended; answers how many."""
        ended = and_(_D.state == DeliveryState.LEASED, _D.leased_until <= now)
        freed = update(schema.delivery).where(ended).values(**_UNLEASED, due_at=now)
        return await self._database.write(lambda c: c.execute(freed).rowcount)

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        query = select(_D.state, func.count()).group_by(_D.state)
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(query)})

    async def shared(self, composition_id: str) -> tuple[Composition, int] | None:
        """The content of an alert or digest, and its number; None for anything else."""
        composition = schema.composition.c
        query = select(composition.bulletin).where(composition.id == composition_id, composition.kind.in_(BULLETINS))

        def look(connection: Connection) -> tuple[Composition, int] | None:
            number = connection.scalar(query)
            if number is None:
                return None
            return _read_compositions(connection, {composition_id})[composition_id], number

        return await self._database.read(look)

    async def deliveries_of(self, subscriber_id: str, limit: int) -> list[Posted]:
        """What was written to a subscriber last, the newest first."""
        query = (
            select(schema.delivery, *_BULLETIN_COLUMNS)
            .join_from(schema.delivery, schema.bulletin)
            .where(_D.subscriber_id == subscriber_id)
            .order_by(_D.id.desc())
            .limit(limit)
        )
        return await self._database.read(lambda c: [_posted(r) for r in c.execute(query)])

    def _row(self, mailing: Mailing, number: int, addressed: Addressed, composition_id: str) -> dict[str, Any]:
        subscriber_id = addressed.subscriber.id
        name = self._keyring.message_id(f"{number}/{subscriber_id}")
        # a mail that is put off is dated when it goes: what it says of its links counts from then
        date = mailing.due_at or mailing.date
        return {
            "bulletin": number,
            "subscriber_id": subscriber_id,
            "composition_id": composition_id,
            "priority": mailing.kind.priority,
            "state": DeliveryState.PENDING,
            "message_id": f"<{name}@{self._domain}>",
            "date": date,
            "due_at": date,
            "slots": self._seals.seal_slots(addressed.slots, number, subscriber_id),
        }

    def _claimed(self, row: Row[Any], composition: Composition) -> Claimed:
        moving = row.kind == BulletinKind.MOVE_NEW
        unseal = self._seals.new_address if moving else self._seals.address
        return Claimed(
            delivery=records.delivery(row),
            subscriber_id=row.subscriber_id,
            address=unseal(row.recipient, row.subscriber_id),
            composition=composition,
            number=row.number,
            composition_id=row.composition_id,
            slots=self._seals.slots(row.slots, row.number, row.subscriber_id),
        )


_UNLEASED = {"state": DeliveryState.PENDING, "lease_owner": "", "leased_until": None}
_BULLETIN_COLUMNS = (_B.number, _B.kind, _B.window_start, _B.window_end, _B.story_id)
_MOVES = (BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW)


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


def _number(connection: Connection, key: str, kind: BulletinKind, date: datetime) -> int:
    """The number of a bulletin; it is opened when there is none.

    Alerts and digests are looked up before they are inserted: a refused insert would leave a gap in their numbers.
    Personal mails have numbers of their own below zero, and the same statements whether there was one or not.
    """
    query = select(_B.number).where(_B.key == key)
    row = {"key": key, "kind": kind, "date": date, "story_id": ""}
    if kind.personal:
        insert_new(connection, schema.bulletin, [row | {"number": _personal_number()}])
    elif connection.scalar(query) is None:
        insert_new(connection, schema.bulletin, [row])
    found: int = connection.execute(query).scalar_one()
    return found


def _personal_number() -> int:
    """62 random bits, negative: nobody else has the same, and it tells nothing."""
    return ~(int.from_bytes(os.urandom(8)) >> 2)


def _open_bulletin(connection: Connection, mailing: Mailing) -> int:
    """The number of the mailing's bulletin, its window and story written; 0 where there is nothing to send."""
    if not mailing.deliveries:
        return 0
    number = _number(connection, mailing.key, mailing.kind, mailing.date)
    known: dict[str, Any] = {"story_id": mailing.story_id}
    if mailing.window:
        known |= {"window_start": mailing.window.start, "window_end": mailing.window.end}
    connection.execute(update(schema.bulletin).where(_B.number == number).values(**known))
    return number


def _close_windows(connection: Connection, mailing: Mailing) -> set[str]:
    """Move covered_until of everybody whose window this is; answers whose window was no longer open."""
    if mailing.window is None:
        return set()
    start, end = mailing.window.start, mailing.window.end
    still: dict[str, datetime | None] = {}
    for part in chunks(mailing.covered):
        query = select(schema.subscriber).where(_S.id.in_([s.id for s in part]), _S.covered_until == start)
        # by the schedule that is chosen now: it may be another since the mailing was made
        rows = connection.execute(query.with_for_update())
        still |= {row.id: next_closing(schedule(row), end) for row in rows}
    moved = [{"row": i, "covered_until": end, "closes_at": closes_at} for i, closes_at in still.items()]
    change = update(schema.subscriber).where(_S.id == bindparam("row"))
    if moved:
        connection.execute(change, moved)
    return {s.id for s in mailing.covered} - still.keys()


def _present(connection: Connection, mailing: Mailing) -> set[str]:
    """Who of its readers is there, and stays until the mailing is written; for bulletins, who wants them now."""
    wanted = [d.subscriber.id for d in mailing.deliveries]
    found: set[str] = set()
    for part in chunks(wanted):
        query = select(_S.id).where(_S.id.in_(part)).with_for_update(read=True, key_share=True)
        if not mailing.kind.personal:
            query = query.where(_S.standing == Standing.CONFIRMED)
            query = query.where(or_(_S.paused_until.is_(None), _S.paused_until <= mailing.date))
        found.update(connection.scalars(query))
    return found


def _write_compositions(
    connection: Connection, compositions: Sequence[Composition], number: int
) -> dict[Composition, str]:
    distinct = list(dict.fromkeys(compositions))
    blocks = {b.id: b for c in distinct for b in c.blocks}
    insert_new(connection, schema.block, [{"id": i, "body": b.body} for i, b in blocks.items()])
    ids = {c: hashlib.sha256(records.composition_key(c).encode()).hexdigest() for c in distinct}
    rows = [
        {"id": i, "kind": c.kind, "language": c.language, "subject": c.subject,
         "pieces": records.composition_pieces(c), "neutral": c.neutral,
         "bulletin": None if c.kind.personal else number}
        for c, i in ids.items()
    ]  # fmt: skip
    insert_new(connection, schema.composition, rows)
    return ids


def _read_compositions(connection: Connection, ids: set[str]) -> dict[str, Composition]:
    query = select(schema.composition).where(schema.composition.c.id.in_(ids))
    rows = connection.execute(query).all()
    names = {n for r in rows for part in r.pieces.values() for n in part if ":" not in n}
    found = connection.execute(select(schema.block).where(schema.block.c.id.in_(names)))
    blocks = {b.id: Block(b.body) for b in found}
    return {r.id: records.composition(r, blocks) for r in rows}


def _posted(row: Row[Any]) -> Posted:
    window = Window(row.window_start, row.window_end) if row.window_start and row.window_end else None
    return Posted(records.delivery(row), BulletinKind(row.kind), row.number, window, row.story_id)
