"""Several relays, tried in order: while the first cannot be reached the next one carries what was not offered."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

from nkwatch.domain.delivery import Handover, Message
from nkwatch.mail.letters import Letters, Single, is_decided

#: A relay that cannot be reached is left alone for this long, then twice as long each time.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=5)


class OneRelay(Protocol):
    """A relay with a name for people."""

    @property
    def name(self) -> str: ...

    @property
    def connections(self) -> int: ...

    async def carry(self, letters: Letters) -> str: ...

    async def close(self) -> None: ...


class Notice(Protocol):
    """Tells the operator something."""

    def __call__(self, event: str, **facts: object) -> None: ...


def _nobody(event: str, **facts: object) -> None:
    """Nobody is told."""


@dataclass(slots=True)
class _Standing:
    """Whether a relay can be reached, as far as is known."""

    relay: OneRelay
    failures: int = 0
    retry_at: datetime | None = None

    def is_due(self, now: datetime) -> bool:
        return self.retry_at is None or now >= self.retry_at

    def rest(self, now: datetime) -> None:
        """Leave it alone for a while."""
        self.retry_at = now + min(FIRST_PAUSE * 2 ** min(max(self.failures - 1, 0), 10), LONGEST_PAUSE)


class Relays:
    """Satisfies the port Relay with several of them. Both their connections and ours are counted by relay.

    A message that one relay was offered and did not answer for is nobody else's: it waits for its own next attempt.
    """

    def __init__(self, relays: Sequence[OneRelay], clock: Callable[[], datetime], notice: Notice = _nobody) -> None:
        self._standings = [_Standing(relay) for relay in relays]
        self._clock = clock
        self._notice = notice

    @property
    def connections(self) -> int:
        """How many messages are handed over at a time."""
        return max(s.relay.connections for s in self._standings)

    async def carry(self, letters: Letters) -> str:
        """Hand over what `letters` gives; answers why none of the relays can be reached."""
        failed: dict[int, str] = {}
        while (place := self._place(failed)) is not None:
            standing = self._standings[place]
            turn = _Turn(letters, partial(self._has_better, place), partial(self._works, standing))
            why = await self._tried(standing, turn)
            if turn.ended and not why:
                return ""
            if turn.carried or not why:
                failed.clear()
            if why:
                failed[place] = f"{standing.relay.name}: {why}"
        return "; ".join(failed[place] for place in sorted(failed))

    async def hand_over(self, message: Message) -> Handover:
        """Hand over a single message."""
        return await Single(message).by(self.carry)

    async def close(self) -> None:
        """Say goodbye everywhere."""
        await asyncio.gather(*(s.relay.close() for s in self._standings))

    def _place(self, failed: dict[int, str]) -> int | None:
        """The first that works, as far as is known; else the first not yet tried; None when all were."""
        left = [place for place in range(len(self._standings)) if place not in failed]
        now = self._clock()
        return next((p for p in left if self._standings[p].is_due(now)), next(iter(left), None))

    def _has_better(self, place: int) -> bool:
        """Whether one before this may work again."""
        now = self._clock()
        return any(s.is_due(now) for s in self._standings[:place])

    def _works(self, standing: _Standing) -> None:
        if standing.failures:
            standing.failures, standing.retry_at = 0, None
            self._notice("mail relay works again", relay=standing.relay.name)

    async def _tried(self, standing: _Standing, turn: "_Turn") -> str:
        """One relay's turn; of several connections that fail together one failure is counted."""
        before, now = standing.failures, self._clock()
        if before and standing.is_due(now):
            standing.rest(now)  # one connection finds out, the others go on where they are
        why = await standing.relay.carry(turn)
        if why and standing.failures == (0 if turn.carried else before):
            standing.failures += 1
            standing.rest(self._clock())
            if standing.failures == 1:
                self._notice("mail relay unreachable", relay=standing.relay.name, why=why)
        return why


class _Turn:
    """The letters while one relay carries them; ended early where a better one may work again."""

    def __init__(self, letters: Letters, better: Callable[[], bool], works: Callable[[], None]) -> None:
        self._letters, self._better, self._works = letters, better, works
        #: whether there are no more letters, and whether the relay took a decision on any
        self.ended = self.carried = False

    async def next(self) -> Message | None:
        """The next message, unless this relay is to stand back."""
        if self._better():
            return None
        message = await self._letters.next()
        self.ended = message is None
        return message

    def take(self) -> Message | None:
        """The next message if there is one, and this relay is to have it."""
        return None if self._better() else self._letters.take()

    async def offer(self, message: Message) -> None:
        """Wait until the content may go."""
        await self._letters.offer(message)

    def answered(self, message: Message, outcome: Handover) -> None:
        """What a relay says of a message shows that it works."""
        if is_decided(outcome):
            self.carried = True
            self._works()
        self._letters.answered(message, outcome)

    def give_back(self, message: Message) -> None:
        """Another connection may take it."""
        self._letters.give_back(message)
