"""Writes outside the database who leaves, before the database knows, and who is back, after it does.

So no crash loses somebody who left: what the file knows alone is done at the next start. And none lets somebody be
mailed whom only the file holds for back.
"""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Row, select

from nkwatch import logs
from nkwatch.domain.departure import Act, Departure
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.departed import DepartedFile
from nkwatch.store.seals import Seals

_ROW = schema.subscriber.c
NOWHERE = "a backup that is restored would not know of who leaves now: mend it soon"


class Departing:
    """Without a file nothing is written. One that cannot be written is told, and keeps nobody from leaving."""

    def __init__(self, database: Database, keyring: Keyring, file: DepartedFile | None = None) -> None:
        self._database = database
        self._seals = Seals(keyring)
        self._file = file

    async def leave(self, asked: Mapping[str, tuple[str, datetime]], act: Act = Act.LEFT) -> None:
        """These subscribers are about to leave, each for a reason, at an instant; nothing of who has left."""
        if self._file is None:
            return
        rows = await self._rows(list(asked))
        here = [row for row in rows if act is not Act.LEFT or row.standing != Standing.ENDED]
        await self.note([Departure(act, asked[r.id][1], r.id, self._hashes(r), asked[r.id][0]) for r in here])

    async def suppress(self, keys: Sequence[bytes], why: Suppression, at: datetime) -> None:
        """An address with these hashes is not to be mailed."""
        await self.note([Departure(Act.SUPPRESSED, at, keys=tuple(keys), why=why)])

    async def back(self, subscriber_id: str, now: datetime) -> None:
        """What the file knows of this reader, or of who had the address before, does not count any more."""
        if self._file is not None:
            rows = await self._rows([subscriber_id])
            await self.note([Departure(Act.JOINED, now, row.id, self._hashes(row)) for row in rows])

    async def allow(self, keys: Sequence[bytes], now: datetime) -> None:
        """Nothing stands against this address any more; nobody is subscribed by that."""
        await self.note([Departure(Act.ALLOWED, now, keys=tuple(keys))])

    async def note(self, lines: Sequence[Departure]) -> None:
        """On the disk when this returns."""
        if self._file is None or not lines:
            return
        try:
            await asyncio.to_thread(self._file.append, lines)
        except OSError as wrong:
            file = str(self._file.path)
            logs.notice("the file of who left cannot be written", file=file, why=str(wrong), what=NOWHERE)

    async def _rows(self, ids: Sequence[str]) -> Sequence[Row[str, bytes, str]]:
        wanted = select(_ROW.id, _ROW.address, _ROW.standing).where(_ROW.id.in_(ids))
        return await self._database.read(lambda c: c.execute(wanted).all())

    def _hashes(self, row: Row[str, bytes, str]) -> tuple[bytes, ...]:
        """The hashes of an address by all keys: an older database may have been made with an older one."""
        return tuple(self._seals.keyring.lookups(self._seals.address(row.address, row.id)))
