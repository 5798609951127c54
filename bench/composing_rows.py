"""The database of `bench.compose`: readers whose window is about to close, and the alerts that some of them had."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, func, select

from bench.composing_week import ALERTED, WINDOW
from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Standing, Subscriber
from nkwatch.editing.audience import Audience
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.rows import insert_new
from nkwatch.store.seals import Seals
from nkwatch.store.subscribers import SubscriberStore


@dataclass(frozen=True, slots=True)
class Shelves:
    """The service's own stores."""

    path: Path
    database: Database
    keyring: Keyring
    subscribers: SubscriberStore
    outbox: OutboxStore

    @classmethod
    def at(cls, folder: Path) -> "Shelves":
        """The database in a folder; the key is no secret here."""
        path = folder / "nkwatch.db"
        database, keyring = Database(f"sqlite:///{path}"), Keyring({1: bytes(32)}, 1)
        database.prepare()
        outbox = OutboxStore(database, keyring, "watch.example")
        return cls(path, database, keyring, SubscriberStore(database, keyring), outbox)

    def close(self) -> None:
        """Close the database."""
        self.database.close()


def newly(readers: Sequence[Subscriber], keyring: Keyring) -> Callable[[Connection], int]:
    """What writes confirmed readers whose window is open."""
    seals = Seals(keyring)

    def write(connection: Connection) -> int:
        return insert_new(connection, schema.subscriber, [_row(r, seals) for r in readers])

    return write


def _row(reader: Subscriber, seals: Seals) -> "dict[str, object]":
    begun = {"joined_at": WINDOW.start, "consent_origin": "bench", "consent_at": WINDOW.start, "ended_at": None}
    times = {"covered_until": WINDOW.start, "closes_at": WINDOW.end, "heard_at": reader.heard_at}
    row = {"id": reader.id, "standing": Standing.CONFIRMED} | begun | times
    address = seals.address_row(f"{reader.id}@readers.example", reader.id)
    return row | address | seals.choice_row(reader.choice, reader.id)


def alerts(told: Sequence[Story], readers: Sequence[Subscriber]) -> Iterator[Mailing]:
    """The alerts of the week to those of these readers who want them."""
    wanting = [r for r in readers if r.choice.alerts]
    audience = Audience.of(wanting)
    for story in told[::ALERTED]:
        body = (Block(b"Alert\r\n"),)
        mail = Composition(BulletinKind.ALERT, "en", "Alert", body, body, stories=(story.id,))
        deliveries = tuple(Addressed(wanting[n], mail) for n in audience.wanting(story))
        yield Mailing(f"alert {story.id}", BulletinKind.ALERT, story.ready_at, deliveries, story_id=story.id)


def kept(shelves: Shelves) -> Mapping[str, int]:
    """What the database holds: blocks, different digests, deliveries, and octets on disk, all of them in one file."""
    counted = {"blocks": schema.block, "digests": schema.composition, "deliveries": schema.delivery}
    with shelves.database.engine.connect() as connection:
        found = {name: connection.scalar(select(func.count()).select_from(t)) or 0 for name, t in counted.items()}
    with closing(sqlite3.connect(shelves.path)) as outside:
        outside.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return found | {"octets": shelves.path.stat().st_size}
