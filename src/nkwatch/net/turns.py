"""Whose turn it is at a host: one request at a time to each, and a pause after each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(slots=True)
class _Queue:
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    waiting: int = 0
    free_at: float = 0.0


class Turns:
    """Turns at hosts, `pause` seconds apart."""

    def __init__(self, pause: float) -> None:
        self._pause = pause
        self._queues: dict[str, _Queue] = {}

    @asynccontextmanager
    async def at(self, host: str) -> AsyncIterator[None]:
        """Wait for a turn at `host`, and have it."""
        clock = asyncio.get_running_loop().time
        # hosts that nobody waits for are forgotten, or hostile redirects could fill the memory with names
        self._queues = {h: q for h, q in self._queues.items() if q.waiting or q.free_at > clock()}
        queue = self._queues.setdefault(host, _Queue())
        queue.waiting += 1
        try:
            async with queue.lock:
                await asyncio.sleep(queue.free_at - clock())
                try:
                    yield
                finally:
                    queue.free_at = clock() + self._pause
        finally:
            queue.waiting -= 1
