"""Whose turn it is at a host: one request at a time to each, and a pause after each.

Where other processes ask the same hosts, a turn is taken among them too: see `Among`.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Protocol

#: Below this many hosts nobody looks for those that can be forgotten.
FEW = 64
#: How many hosts can have a pause of their own; beyond, the one that asked for it longest ago loses it.
MOST_SLOWED = 2_000
#: A host that another process asks is looked at again after so many seconds: it may be done any time.
LOOK_AGAIN = 0.5


class Among(Protocol):
    """Turns among several processes. Whoever dies with one holds up the host no longer than its lease."""

    async def take(self, host: str, pause: float) -> float:
        """Take a turn where the last one is over and `pause` seconds ago; answers 0, else how many seconds to wait."""
        ...

    async def give_back(self, host: str, pause: float) -> None:
        """The turn is over: nobody is to ask within `pause` seconds."""


class Alone:
    """This process alone asks."""

    async def take(self, host: str, pause: float) -> float:  # noqa: ARG002
        """Always ours."""
        return 0.0

    async def give_back(self, host: str, pause: float) -> None:
        """Nobody waits for it."""


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    left_at: float = float("-inf")


class Turns:
    """Turns at hosts, `pause` seconds apart, in this process and `among` others."""

    def __init__(self, pause: float, among: Among | None = None) -> None:
        self._pause = pause
        self._among = among or Alone()
        self._slowed: dict[str, float] = {}
        self._queues: dict[str, _Queue] = {}
        self._enough = FEW

    def slow_down(self, host: str, pause: float) -> None:
        """Leave at least `pause` seconds between turns at `host`, from the last turn on; a later word replaces it."""
        self._slowed.pop(host, None)
        if pause > self._pause:
            self._slowed[host] = pause
        if len(self._slowed) > MOST_SLOWED:
            del self._slowed[next(iter(self._slowed))]

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at `host`, and have it."""
        clock = asyncio.get_running_loop().time
        queue = self._queue(host, clock())
        queue.waiting += 1
        try:
            async with queue.lock:
                # the pause can grow while it is waited for
                while (wait := self._free_at(host, queue) - clock()) > 0:  # noqa: ASYNC110 it waits for time to pass
                    await asyncio.sleep(wait)
                while wait := await self._among.take(host, self._of(host)):  # noqa: ASYNC110 another process has it
                    await asyncio.sleep(min(wait, max(LOOK_AGAIN, self._of(host))))
                try:
                    yield
                finally:
                    queue.left_at = clock()
                    await self._among.give_back(host, self._of(host))
        finally:
            queue.waiting -= 1

    def _free_at(self, host: str, queue: _Queue) -> float:
        return queue.left_at + self._of(host)

    def _of(self, host: str) -> float:
        return self._slowed.get(host, self._pause)

    def _queue(self, host: str, now: float) -> _Queue:
        """The queue at `host`.

        Hosts that nobody waits for are forgotten, or hostile redirects could fill the memory with names. That
        is done each time their number has doubled, so that one request pays for a few hosts at most.
        """
        if host not in self._queues:
            if len(self._queues) >= self._enough:
                kept = {h: q for h, q in self._queues.items() if q.waiting or self._free_at(h, q) > now}
                self._queues, self._enough = kept, max(FEW, 2 * len(kept))
            self._queues[host] = _Queue()
        return self._queues[host]
