"""Whether the database can be written, found out by writing to it."""

import asyncio
from collections.abc import Callable
from datetime import datetime

from sqlalchemy import Connection, select

from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.rows import upsert

#: Seconds after which no answer is one.
PATIENCE = 20.0
NAME = "database"


class Pulse:
    """Writes one small row. Who asks while another still waits for the answer waits for the same."""

    def __init__(self, database: Database, clock: Callable[[], datetime], patience: float = PATIENCE) -> None:
        self._database = database
        self._clock = clock
        self._patience = patience
        self._asking: asyncio.Task[None] | None = None

    async def __call__(self) -> str:
        """Why the database cannot be used, in a few words; nothing where it can."""
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._database.write(self._beat))
            # whoever asked may have gone when it ends
            self._asking.add_done_callback(lambda t: t.cancelled() or t.exception())
        done, _ = await asyncio.wait({self._asking}, timeout=self._patience)
        if not done:
            return f"it has not answered within {self._patience:g} seconds"
        wrong = self._asking.exception()
        said = getattr(wrong, "orig", None) or wrong
        return f"{type(said).__name__}: {said}".strip() if said else ""

    def _beat(self, connection: Connection) -> None:
        upsert(connection, schema.pulse, [{"name": NAME, "at": self._clock()}])


def last_beat(connection: Connection) -> datetime | None:
    """When a pulse was last written."""
    return connection.scalar(select(schema.pulse.c.at).where(schema.pulse.c.name == NAME))
