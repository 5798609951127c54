"""What came of polls, on its way to the store: written together, while the next polls are under way.

A transaction costs the same for one outcome or for many. Under little load each is written by itself.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Self

from nkwatch.domain.polling import Polled

#: More outcomes than this are not kept waiting: a crash makes their sources be asked again.
ROOM = 256


class Ledger:
    """Hands what is `put` to `write`, many at a time and in order. Use it as an async context manager.

    On leaving everything has been written but what is in `failed`, which took nothing else with it.
    """

    def __init__(self, write: Callable[[Sequence[Polled]], Awaitable[int]]) -> None:
        self._write = write
        self._waiting: asyncio.Queue[Polled | None] = asyncio.Queue(ROOM)
        #: what could not be written, by source id, and why
        self.failed: list[tuple[str, Exception]] = []
        #: how many statements were new
        self.new = 0

    async def put(self, polled: Polled) -> None:
        """Write this soon; waits while too much is on its way."""
        await self._waiting.put(polled)

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._waiting.put(None)
        await self._writer

    async def _run(self) -> None:
        more = True
        while more:
            batch, more = await self._batch()
            try:
                self.new += await self._write(batch)
            except Exception:  # noqa: BLE001  one that cannot be written must not take the others with it
                await self._one_by_one(batch)

    async def _one_by_one(self, batch: Sequence[Polled]) -> None:
        for polled in batch:
            try:
                self.new += await self._write([polled])
            except Exception as wrong:  # noqa: BLE001  it is told of, and the others are written
                self.failed.append((polled.state.source_id, wrong))

    async def _batch(self) -> tuple[list[Polled], bool]:
        """What is waiting, at least one; false when nothing more will come."""
        batch: list[Polled] = []
        while not batch or not self._waiting.empty():
            polled = await self._waiting.get()
            if polled is None:
                return batch, False
            batch.append(polled)
        return batch, True
