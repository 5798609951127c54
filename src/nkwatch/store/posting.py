"""How a mailing gets into the outbox: bulletin, closed windows, deliveries, paces, all in one transaction."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select, update

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.subscriber import Standing
from nkwatch.editing.windows import next_closing
from nkwatch.keys import Keyring
from nkwatch.store import compositions, marks, passes, schema, waiting
from nkwatch.store.rows import chunks, insert_new
from nkwatch.store.seals import Seals, schedule

_D, _S, _B = schema.delivery.c, schema.subscriber.c, schema.bulletin.c
#: After these a reader was written to, and a notice that there was nothing would be wrong.
HEARD = (BulletinKind.ALERT, BulletinKind.DIGEST, BulletinKind.LULL)


@dataclass(frozen=True, slots=True)
class Post:
    """One mailing; `domain` is the right-hand side of the Message-IDs."""

    keyring: Keyring
    domain: str
    mailing: Mailing

    def __call__(self, connection: Connection) -> int | None:
        """Write it, but for who had it, left, paused, or has another window now; answers how many are new.

        None, and nothing is written, where a redaction has changed what it is made of.
        """
        mailing = self.mailing
        if not passes.still(connection, mailing.as_of):
            return None
        number = _open_bulletin(connection, mailing)
        left_out = _close_windows(connection, mailing)
        wanted = _present(connection, mailing) - left_out
        if mailing.kind is BulletinKind.ALERT:
            wanted = _without_it(connection, mailing, number, wanted)
        written = [d for d in mailing.deliveries if d.subscriber.id in wanted]
        ids = compositions.write(connection, [d.composition for d in written], number)
        new = insert_new(
            connection, schema.delivery, [self._row(number, *one) for one in zip(written, ids, strict=True)]
        )
        waiting.wait(connection, number, [w for w in mailing.waiting if w.subscriber.id in wanted])
        waiting.keep_paces(connection, written)
        self._settle(connection, number, written, left_out)
        return new

    def _settle(self, connection: Connection, number: int, written: Sequence[Addressed], left_out: set[str]) -> None:
        """What no longer waits, and who was heard from."""
        mailing, ids = self.mailing, [d.subscriber.id for d in written]
        if mailing.told:
            if written and mailing.kind is BulletinKind.ALERT:
                waiting.leave_together(connection, mailing.told, number)
            covered = [s.id for s in mailing.covered if s.id not in left_out]
            waiting.end(connection, mailing.told, sorted({*ids, *covered}), mailing.date)
        if mailing.kind is BulletinKind.DIGEST:
            waiting.held_by_digest(connection, written, mailing.date)
        earlier = or_(_S.heard_at.is_(None), _S.heard_at < mailing.date)
        for part in chunks(sorted(ids) if mailing.kind in HEARD else []):
            heard = update(schema.subscriber).where(_S.id.in_(part), earlier)
            connection.execute(heard.values(heard_at=mailing.date))

    def _row(self, number: int, addressed: Addressed, composition_id: str) -> dict[str, Any]:
        subscriber_id = addressed.subscriber.id
        name = self.keyring.message_id(f"{number}/{subscriber_id}")
        # a mail that is put off is dated when it goes: what it says of its links counts from then
        date = self.mailing.due_at or self.mailing.date
        return {
            "bulletin": number,
            "subscriber_id": subscriber_id,
            "composition_id": composition_id,
            "priority": self.mailing.kind.priority,
            "state": DeliveryState.PENDING,
            "message_id": f"<{name}@{self.domain}>",
            "date": date,
            "due_at": date,
            "slots": Seals(self.keyring).seal_slots(addressed.slots, number, subscriber_id),
            "answers": addressed.answers or None,
        }


def number(connection: Connection, key: str, kind: BulletinKind, date: datetime) -> int:
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
    """The number of the mailing's bulletin, all that is known of it written; 0 where there is nothing to keep."""
    if not (mailing.deliveries or mailing.waiting or mailing.reports or mailing.note):
        return 0
    found = number(connection, mailing.key, mailing.kind, mailing.date)
    known: dict[str, Any] = {"story_id": mailing.story_id}
    if mailing.window:
        known |= {"window_start": mailing.window.start, "window_end": mailing.window.end}
    if mailing.answers:
        known["answers"] = mailing.answers
    if mailing.note and connection.scalar(select(_B.note).where(_B.number == found)) is None:
        known["note"] = marks.note_column(mailing.note)
    if mailing.reports:
        before = connection.scalar(select(_B.reports).where(_B.number == found)) or ()
        known["reports"] = list(dict.fromkeys((*before, *mailing.reports)))
    connection.execute(update(schema.bulletin).where(_B.number == found).values(**known))
    return found


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
    wanted = [d.subscriber.id for d in mailing.deliveries] + [w.subscriber.id for w in mailing.waiting]
    found: set[str] = set()
    for part in chunks(wanted):
        query = select(_S.id).where(_S.id.in_(part)).with_for_update(read=True, key_share=True)
        if not mailing.kind.personal:
            query = query.where(_S.standing == Standing.CONFIRMED)
            # what was wrong is told to who has paused as well, once the pause is over
            if not mailing.kind.corrects:
                query = query.where(or_(_S.paused_until.is_(None), _S.paused_until <= mailing.date))
        found.update(connection.scalars(query))
    return found


def _without_it(connection: Connection, mailing: Mailing, number: int, subscriber_ids: set[str]) -> set[str]:
    """Who of these readers neither has this alert nor waits for it; where others leave with it, who waits for all."""
    ids = sorted(subscriber_ids)
    had: set[str] = set()
    for part in chunks(ids):
        had.update(
            connection.scalars(select(_D.subscriber_id).where(_D.subscriber_id.in_(part), _D.bulletin == number))
        )
    if mailing.told:
        return waiting.waiting_for(connection, mailing.told, ids) - had
    return subscriber_ids - had - waiting.waited(connection, number, ids)
