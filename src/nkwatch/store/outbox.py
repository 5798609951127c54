"""The outbox: deliveries not yet done, with bulletins, compositions and blocks.

One row for each (bulletin, subscriber); it is written in the transaction that closes the window, so that doing it
twice changes nothing.
"""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, func, or_, select, update

from nkwatch.domain.bulletin import (
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
from nkwatch.domain.subscriber import Standing, Subscriber
from nkwatch.editing.windows import next_closing
from nkwatch.keys import Keyring
from nkwatch.store import records, schema
from nkwatch.store.database import CHUNK, Database, insert_new

_D, _S, _B = schema.delivery.c, schema.subscriber.c, schema.bulletin.c


class OutboxStore:
    """`domain` is the right-hand side of the Message-IDs."""

    def __init__(self, database: Database, keyring: Keyring, domain: str) -> None:
        self._database = database
        self._keyring = keyring
        self._domain = domain

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        return await self._database.write(lambda c: _number(c, key, kind, date))

    async def enqueue(self, mailing: Mailing) -> int:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

        A subscriber whose window was closed by somebody else meanwhile is left out.
        """

        def enqueue(connection: Connection) -> int:
            number = _open_bulletin(connection, mailing)
            left_out = _close_windows(connection, mailing)
            ids = _write_compositions(connection, [c for _, c in mailing.deliveries])
            rows = [
                self._row(mailing, number, subscriber.id, ids[composition])
                for subscriber, composition in mailing.deliveries
                if subscriber.id not in left_out
            ]
            return insert_new(connection, schema.delivery, rows)

        return await self._database.write(enqueue)

    async def claim(self, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
        """Claim deliveries that are due, by priority; never one whose subscriber may not be mailed."""
        query = (
            select(schema.delivery, _S.address, _B.number, _B.kind)
            .join_from(schema.delivery, schema.subscriber)
            .join(schema.bulletin)
            .where(_D.state.in_([DeliveryState.PENDING, DeliveryState.DEFERRED]), _D.due_at <= now)
            .where(_may_be_mailed())
            .order_by(_D.priority, _D.id)
            .limit(limit)
            .with_for_update(skip_locked=True, of=schema.delivery)
        )

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

    async def record(self, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
        """Write what became of these deliveries."""
        after = [delivery.after(outcome, now) for delivery, outcome in outcomes]
        rows = [
            {"row": d.id, "state": d.state, "attempts": d.attempts, "due_at": d.due_at, "reply": d.reply,
             "done_at": d.done_at, "lease_owner": "", "leased_until": None}
            for d in after
        ]  # fmt: skip
        # a slow process must not undo what another has done since; that a mail was accepted counts in any case
        accepted = [r for r in rows if r["state"] is DeliveryState.SENT]
        others = [r for r in rows if r["state"] is not DeliveryState.SENT]
        change = update(schema.delivery).where(_D.id == bindparam("row"))

        def record(connection: Connection) -> None:
            if accepted:
                connection.execute(change.where(_D.state != DeliveryState.SENT), accepted)
            if others:
                connection.execute(change.where(schema.undone), others)

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

    def _row(self, mailing: Mailing, number: int, subscriber_id: str, composition_id: str) -> dict[str, Any]:
        name = self._keyring.message_id(f"{number}/{subscriber_id}")
        return {
            "bulletin": number,
            "subscriber_id": subscriber_id,
            "composition_id": composition_id,
            "priority": mailing.kind.priority,
            "state": DeliveryState.PENDING,
            "message_id": f"<{name}@{self._domain}>",
            "date": mailing.date,
            "due_at": mailing.date,
        }

    def _claimed(self, row: Row[Any], composition: Composition) -> Claimed:
        address = self._keyring.unseal(row.address, f"address:{row.subscriber_id}")
        return Claimed(records.delivery(row), row.subscriber_id, address, composition, row.number)


_UNLEASED = {"state": DeliveryState.PENDING, "lease_owner": "", "leased_until": None}


def _may_be_mailed() -> Any:
    """Promise 3: bulletins go to the confirmed, confirmations to the pending, nothing to anybody else."""
    return or_(
        _S.standing == Standing.CONFIRMED,
        and_(_S.standing == Standing.PENDING, _B.kind == BulletinKind.CONFIRMATION),
    )


def _number(connection: Connection, key: str, kind: BulletinKind, date: datetime) -> int:
    """The number of a bulletin. Looked up before it is inserted: a refused insert would leave a gap in the numbers."""
    query = select(_B.number).where(_B.key == key)
    if connection.scalar(query) is None:
        insert_new(connection, schema.bulletin, [{"key": key, "kind": kind, "date": date, "story_id": ""}])
    found: int = connection.execute(query).scalar_one()
    return found


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
    open_ids: set[str] = set()
    for start in range(0, len(mailing.covered), CHUNK):
        ids = [s.id for s in mailing.covered[start : start + CHUNK]]
        query = select(_S.id).where(_S.id.in_(ids), _S.covered_until == mailing.window.start).with_for_update()
        open_ids.update(connection.scalars(query))
    moved = [_moved(s, mailing.window) for s in mailing.covered if s.id in open_ids]
    change = update(schema.subscriber).where(_S.id == bindparam("row"))
    if moved:
        connection.execute(change, moved)
    return {s.id for s in mailing.covered} - open_ids


def _moved(subscriber: Subscriber, window: Window) -> dict[str, Any]:
    closes_at = next_closing(subscriber.schedule, window.end)
    return {"row": subscriber.id, "covered_until": window.end, "closes_at": closes_at}


def _write_compositions(connection: Connection, compositions: Sequence[Composition]) -> dict[Composition, str]:
    distinct = list(dict.fromkeys(compositions))
    blocks = {b.id: b for c in distinct for b in c.blocks}
    insert_new(connection, schema.block, [{"id": i, "body": b.body} for i, b in blocks.items()])
    ids = {c: hashlib.sha256(records.composition_key(c).encode()).hexdigest() for c in distinct}
    rows = [
        {"id": i, "kind": c.kind, "language": c.language, "subject": c.subject,
         "pieces": records.composition_pieces(c)}
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
