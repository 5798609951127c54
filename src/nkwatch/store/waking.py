"""Who has work is woken: by PostgreSQL's NOTIFY, which every process hears on one connection of its own.

The ticks are the net below: what is not heard is found by them. On SQLite, where hardly anybody else is, they are all
there is.
"""

import asyncio
from collections.abc import Callable
from typing import NoReturn

from nkwatch.store import arising
from nkwatch.store.database import Database

#: Seconds to wait before it is tried again to hear, at first and at most.
FIRST_WAIT, LONGEST_WAIT = 0.5, 30.0


class Waking:
    """Calls `wake` with the names of ticks that have work, until it is cancelled."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._wait = FIRST_WAIT

    async def __call__(self, wake: Callable[[str], None]) -> NoReturn:
        """Connect again whenever the connection is lost. What was missed meanwhile may be anything: all are woken."""
        if self._engine.dialect.name != "postgresql":
            await asyncio.Event().wait()
        from nkwatch.store import hearing  # noqa: PLC0415  brings the driver, which SQLite does without

        def began() -> None:
            self._wait = FIRST_WAIT
            for tick in sorted(arising.ALL):
                wake(tick)

        while True:
            try:
                await hearing.hear(self._engine, wake, began)
            except hearing.LOST:
                await asyncio.sleep(self._wait)
                self._wait = min(2 * self._wait, LONGEST_WAIT)
