"""Keep what the operator is told for the morning's mail. Whoever tells it neither waits nor fails for that."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from nkwatch.domain.notice import Noticed
from nkwatch.workflow.ports import Clock

#: Different notices that are remembered while they cannot be written; of more only the number is known.
MOST = 1000
#: Letters of one fact.
LONGEST = 500
#: What a statement says of itself is not kept: a person in it may be redacted some day. Its id leads to it.
LEFT_OUT = frozenset({"title", "url"})
#: Seconds that are given to the last notices.
FAREWELL = 5.0
FORGOTTEN = "notices could not be kept"

Key = tuple[str, tuple[tuple[str, str], ...]]


@dataclass(frozen=True, slots=True)
class Noted:
    """How many notices were written."""

    notices: int = 0


class Shelf(Protocol):
    """Where notices are kept."""

    async def keep(self, notices: Sequence[Noticed]) -> None:
        """Write these, in one transaction."""
        ...


class Redact(Protocol):
    """Takes addresses and tokens out of a text."""

    def __call__(self, text: str) -> str: ...


@dataclass(slots=True)
class NoteNotices:
    """Hears notices from any thread (`hear`), and writes them in rounds.

    `heard` counts all since this process began, `forgotten` those of which nothing but their number is known.
    """

    shelf: Shelf
    clock: Clock
    redact: Redact
    farewell: float = FAREWELL
    heard: int = field(default=0, init=False)
    forgotten: int = field(default=0, init=False)
    _kept: dict[Key, Noticed] = field(default_factory=dict, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    @property
    def waiting(self) -> int:
        """How many different notices are not yet written."""
        return len(self._kept)

    def hear(self, event: str, facts: Mapping[str, Any]) -> None:
        """Remember this until the next round."""
        words = {
            self.redact(str(name)): self.redact(str(value))[:LONGEST]
            for name, value in facts.items()
            if name not in LEFT_OUT
        }
        one = Noticed.of(self.redact(event), words, self.clock())
        with self._lock:
            self.heard += 1
            self._put(one)

    async def __call__(self) -> Noted:
        """Write what was heard. Raises what the database raises; then all of it waits for the next round."""
        with self._lock:
            writing, self._kept = self._kept, {}
        if not writing:
            return Noted()
        try:
            await self.shelf.keep(list(writing.values()))
        except BaseException:
            with self._lock:
                since, self._kept = self._kept, writing
                for one in since.values():
                    self._put(one)
            raise
        return Noted(len(writing))

    async def last(self) -> None:
        """Write what is left before all is closed; where that cannot be, the log has it."""
        with suppress(Exception):
            async with asyncio.timeout(self.farewell):
                await self()

    def _put(self, one: Noticed) -> None:
        before = self._kept.get(one.key)
        if before is None and len(self._kept) >= MOST:
            self.forgotten += one.times
            one = Noticed(FORGOTTEN, (), one.at, one.last_at, one.times)
            before = self._kept.get(one.key)
        self._kept[one.key] = before.again(one) if before else one
