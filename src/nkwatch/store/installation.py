"""The row that says which installation a database belongs to, and the file of who left beside it."""

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from nkwatch import logs
from nkwatch.domain.departure import Act, Departure, still_gone
from nkwatch.domain.installation import Installed, Opened, Replayed, Resumed
from nkwatch.keys import Keyring
from nkwatch.store import gap, schema
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile, Kept
from nkwatch.store.departing import NOWHERE, Departing
from nkwatch.store.host import host_of
from nkwatch.store.replaying import replay, unsettled
from nkwatch.store.rows import chunks, insert_new

_ID_BYTES = 8


class InstallationStore:
    """Satisfies `workflow.lock.Ledger`. Without `file` no restored database is known; `name` is of the host."""

    def __init__(self, database: Database, keyring: Keyring, file: DepartedFile | None, name: str = "") -> None:
        self._database = database
        self._departing = Departing(database, keyring, file)
        self._file = file
        self._name = name

    async def open(self, now: datetime) -> Opened:
        """Read the file, note what it says, and let those leave again whom only it knows.

        A database that was never bound is bound to this host. One behind its file is locked until `resume`.
        """
        kept, missing = await asyncio.to_thread(self._kept)
        gone = await self._unsettled(kept)
        installed, replayed = await self._database.write(lambda c: self._open(c, kept.mark, gone, now))
        if missing and not installed.locked_at:
            await self.mark(now)
        return Opened(installed, replayed, missing and installed.marks > 0, kept.damaged)

    async def look(self) -> Installed:
        """What the row says now; to be asked often. One that fell behind its file meanwhile is `opened` again."""
        return await self._database.read(lambda c: self._installed(c, _row(c)))

    async def seen(self) -> Installed | None:
        """The same for who only looks; None before anything was sent from here."""
        row = await self._database.read(lambda c: c.execute(select(schema.installation)).first())
        return await self._database.read(lambda c: self._installed(c, row)) if row else None

    @property
    def file_mark(self) -> int:
        """The highest mark that is known to be in the file."""
        return self._file.mark if self._file else 0

    async def mark(self, now: datetime) -> None:
        """Count on, as mail is about to leave: in the database first, so that it is never behind without a reason."""
        marks = await self._database.write(lambda c: _count(c, now))
        await self._departing.note([Departure(Act.MARK, now, mark=marks)])

    async def resume(self, until: datetime, now: datetime, *, dry: bool = False) -> Resumed:
        """Unlock: what was due by `until` is taken as sent, see `gap`. With `dry` it is only told."""
        kept, _ = await asyncio.to_thread(self._kept)
        gone = await self._unsettled(kept)

        def resume(connection: Connection) -> Resumed:
            row = _row(connection)
            replayed = replay(connection, gone, now)
            held = gap.hold_back(connection, row.gap_from or row.marked_at or until, until, now)
            marks = max(row.marks, row.gap_marks, kept.mark)
            connection.execute(
                update(schema.installation).values(locked_at=None, gap_from=None, gap_marks=0, marks=marks)
            )
            resumed = replace(held, replayed=replayed)
            if dry:
                raise _Dry(resumed)
            return resumed

        try:
            resumed = await self._database.write(resume)
        except _Dry as only:
            return only.resumed
        await self.mark(now)
        return resumed

    async def take_over(self) -> None:
        """From now on mail leaves from this host."""

        def bind(connection: Connection) -> None:
            connection.execute(update(schema.installation).values(host=host_of(connection, self._name)))

        await self._database.write(bind)

    async def keys(self) -> Mapping[int, str]:
        """The fingerprints of the master keys that are backed up, by their ids."""
        query = select(schema.installation.c["keys"])  # as an attribute it is a method of the collection
        told: Any = await self._database.read(lambda c: c.scalar(query))
        return {int(i): one["fingerprint"] for i, one in (told or {}).items()}

    async def backed_up(self, now: datetime) -> None:
        """Note that a backup was written, and count on: from now on that one is behind the file of who left."""
        await self.open(now)
        await self._database.write(lambda c: c.execute(update(schema.installation).values(backed_up_at=now)))
        await self.mark(now)

    async def note_keys(self, keyring: Keyring, now: datetime) -> None:
        """Note that all keys of this ring are backed up."""
        told = {str(i): {"fingerprint": keyring.fingerprint(i), "at": now.isoformat()} for i in keyring.masters}

        def note(connection: Connection) -> None:
            _ensure(connection, host_of(connection, self._name))
            connection.execute(update(schema.installation).values(keys=told))

        await self._database.write(note)

    async def _unsettled(self, kept: Kept) -> list[Departure]:
        """Who left by the file and not by the database; read in pieces, as hardly anybody is."""
        found: list[Departure] = []
        for part in chunks(still_gone(kept.lines)):
            found += await self._database.read(lambda c, part=part: unsettled(c, part))  # type: ignore[misc]
        return found

    def _kept(self) -> tuple[Kept, bool]:
        """What the file holds, and whether there is none."""
        if self._file is None:
            return Kept(), False
        try:
            return self._file.read(), not self._file.exists()
        except OSError as wrong:
            logs.notice("the file of who left cannot be read", file=str(self._file.path), why=str(wrong), what=NOWHERE)
            return Kept(), False

    def _open(
        self, connection: Connection, mark: int, gone: Sequence[Departure], now: datetime
    ) -> tuple[Installed, Replayed]:
        _ensure(connection, host_of(connection, self._name))
        row = _row(connection, alone=True)
        if mark > row.marks:
            first = row.locked_at is None
            locked = {"locked_at": now, "gap_from": row.marked_at} if first else {}
            higher = max(mark, row.gap_marks)
            connection.execute(update(schema.installation).values(gap_marks=higher, **locked))
        replayed = replay(connection, gone, now)
        return self._installed(connection, _row(connection)), replayed

    def _installed(self, connection: Connection, row: Row[Any]) -> Installed:
        here = host_of(connection, self._name)
        return Installed(row.id, row.host, here, row.marks, row.marked_at, row.locked_at, row.gap_from)


class _Dry(Exception):  # noqa: N818
    """Ends a transaction that is not to change anything."""

    def __init__(self, resumed: Resumed) -> None:
        super().__init__()
        self.resumed = resumed


def _ensure(connection: Connection, host: str) -> None:
    insert_new(connection, schema.installation, [{"number": 1, "id": secrets.token_hex(_ID_BYTES), "host": host}])


def _row(connection: Connection, *, alone: bool = False) -> Row[Any]:
    query = select(schema.installation)
    return connection.execute(query.with_for_update() if alone else query).one()


def _count(connection: Connection, now: datetime) -> int:
    marks: int = _row(connection, alone=True).marks + 1
    connection.execute(update(schema.installation).values(marks=marks, marked_at=now))
    return marks
