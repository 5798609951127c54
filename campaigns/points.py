"""Named points of delivering at which a worker can be killed: wrappers around the parts, that change nothing else."""

import asyncio
import os
import signal
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection

from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Message
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore
from nkwatch.workflow.ports import Letters, Relay

T = TypeVar("T")

POINTS = (
    "before recovering",
    "after recovering",
    "before claiming",
    "after claiming",
    "before outcomes",
    "after outcomes",
    "before offers",
    "after offers",
    "before commit",
    "after commit",
    "before permit",
    "before content",
    "content on the line",
    "content sent",
    "after answer",
    "answer noted",
)
#: Most of the points are passed by each message, or each group of them; these only now and then.
RARE = frozenset(POINTS[:4])
#: Seconds after which the content of a message has left, mostly.
SENT = 0.001


@dataclass(slots=True)
class Fate:
    """The process dies when it passes `point` for the `passages`-th time; never where `point` is empty."""

    point: str = ""
    passages: int = 1

    def passes(self, point: str) -> None:
        """A point is passed."""
        if point == self.point:
            self.passages -= 1
            if self.passages <= 0:
                os.kill(os.getpid(), signal.SIGKILL)


class MortalDatabase(Database):
    """Passes points right before and right after each commit."""

    def __init__(self, address: str, fate: Fate) -> None:
        super().__init__(address)
        self._fate = fate

    def _transact(self, work: Callable[[Connection], T], here: Connection | None = None) -> T:
        def last(connection: Connection) -> T:
            result = work(connection)
            self._fate.passes("before commit")
            return result

        done = super()._transact(last, here)
        self._fate.passes("after commit")
        return done


class MortalOutbox(OutboxStore):
    """Passes points around what it writes."""

    def __init__(self, database: Database, fate: Fate, *rest: Any) -> None:
        super().__init__(database, *rest)
        self._fate = fate

    async def claim(self, *claiming: Any) -> list[Claimed]:
        """As the store does."""
        self._fate.passes("before claiming")
        claimed = await super().claim(*claiming)
        self._fate.passes("after claiming")
        return claimed

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        """As the store does."""
        parts = [name for name, part in (("outcomes", answered), ("offers", wanted)) if part]
        for name in parts:
            self._fate.passes(f"before {name}")
        booked = await super().book(answered, wanted, now, owner)
        for name in parts:
            self._fate.passes(f"after {name}")
        return booked

    async def recover(self, now: datetime) -> int:
        """As the store does."""
        self._fate.passes("before recovering")
        recovered = await super().recover(now)
        self._fate.passes("after recovering")
        return recovered


@dataclass(frozen=True, slots=True)
class MortalRelay:
    """Passes points around what goes over the line."""

    relay: Relay
    fate: Fate

    @property
    def connections(self) -> int:
        """As the relay has."""
        return self.relay.connections

    async def carry(self, letters: Letters) -> str:
        """As the relay does."""
        return await self.relay.carry(_MortalLetters(letters, self.fate))

    async def hand_over(self, message: Message) -> Handover:
        """As the relay does."""
        return await self.relay.hand_over(message)

    async def close(self) -> None:
        """As the relay does."""
        await self.relay.close()


@dataclass(frozen=True, slots=True)
class _MortalLetters:
    letters: Letters
    fate: Fate

    async def next(self) -> Message | None:
        return await self.letters.next()

    def take(self) -> Message | None:
        return self.letters.take()

    async def offer(self, message: Message) -> None:
        self.fate.passes("before permit")
        await self.letters.offer(message)
        self.fate.passes("before content")
        loop = asyncio.get_running_loop()
        loop.call_soon(self.fate.passes, "content on the line")
        loop.call_later(SENT, self.fate.passes, "content sent")

    def answered(self, message: Message, outcome: Handover) -> None:
        self.fate.passes("after answer")
        self.letters.answered(message, outcome)
        self.fate.passes("answer noted")

    def give_back(self, message: Message) -> None:
        self.letters.give_back(message)
