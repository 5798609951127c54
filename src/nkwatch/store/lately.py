"""What was looked up a short while ago, and is good enough for everybody who asks meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from datetime import datetime, timedelta
from typing import Any, TypeVar

T = TypeVar("T")


class Lately:
    """Answers by their questions. Each is looked up at most once in a `life`, and dropped after it; one at a time.

    Where more than `most` are kept, the one that was asked for longest ago goes.
    """

    def __init__(self, life: timedelta, most: int = 1) -> None:
        self._life = life
        self._most = most
        self._kept: dict[Hashable, tuple[datetime, Any]] = {}
        self._turn = asyncio.Lock()

    async def __call__(self, asked: Hashable, now: datetime, look: Callable[[], Awaitable[T]]) -> T:
        """What `look` answers, or answered to the same question less than a `life` ago."""
        async with self._turn:
            kept = self._kept.pop(asked, None)
            # a clock that was set back makes nothing last longer
            if kept is None or not timedelta(0) <= now - kept[0] < self._life:
                kept = now, await look()
                asyncio.get_running_loop().call_later(self._life.total_seconds(), self._drop, asked, now)
            self._kept[asked] = kept
            while len(self._kept) > self._most:
                del self._kept[next(iter(self._kept))]
            answer: T = kept[1]
            return answer

    def __len__(self) -> int:
        """How many answers are kept now."""
        return len(self._kept)

    def _drop(self, asked: Hashable, at: datetime) -> None:
        """Free the memory, unless it was looked up anew."""
        if asked in self._kept and self._kept[asked][0] == at:
            del self._kept[asked]
