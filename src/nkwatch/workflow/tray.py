"""What a worker has in hand: what waits, what is ready to go, and what was answered.

Connections take from it and put outcomes in, the ledger writes. Everything happens in one event loop; nothing here
waits but for a message or a permit, and no message costs a task of its own.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nkwatch.domain.delivery import Booked, Claimed, Deferred, Delivery, Handover, Message
from nkwatch.workflow.outcomes import Answered, Outcomes
from nkwatch.workflow.permits import GROUP, Permits

#: A message that was given back so often is put off: it may be what breaks the line.
GIVEN_BACK = 10
_BROKE = f"the line broke {GIVEN_BACK} times before this message could be offered"


def ahead(connections: int) -> int:
    """How many are marked ahead at most: one for each connection behind the one under way, while more are made ready.

    With fewer a connection finds nothing to take along, and needs a round trip more for its next message.
    """
    return 2 * connections + GROUP


@dataclass(slots=True, eq=False)
class Letter:
    """A message that may go, and its delivery."""

    claimed: Claimed
    message: Message
    given_back: int = 0


class Tray:
    """What is on its way over `connections`.

    `holds` says whether the work is surely still ours, `stands_aside` whether nothing new is to be begun. `permits` are
    shared with the other lane. `hungry` is set when less than `low` are left to be marked, and more may be due.
    """

    def __init__(
        self,
        connections: int,
        low: int,
        holds: Callable[[], bool],
        stands_aside: Callable[[], bool],
        permits: Permits | None = None,
    ) -> None:
        self._holds, self._stands_aside = holds, stands_aside
        self._queue: deque[Claimed] = deque()
        self._hand: dict[int, Delivery] = {}
        # about to be marked, assembled or signed
        self._preparing = 0
        self._ready: deque[Letter] = deque()
        self.bell, self.hungry = asyncio.Event(), asyncio.Event()
        self._outcomes = Outcomes(self.bell.set)
        self._permits = permits or Permits(connections)
        self._asking: set[asyncio.Future[bool]] = set()
        # marked ahead at most, and at least before more is asked for
        self._most, self._least, self._low = ahead(connections), connections + GROUP // 2, low
        self._waiting: list[asyncio.Future[None]] = []
        self._over = self._broken = self._closed = self._drained = self._impatient = False

    def add(self, claimed: Sequence[Claimed]) -> None:
        """More is claimed; nothing, when nothing more is due. An alert overtakes the confirmations that wait."""
        self._drained = not claimed
        self._hand |= {c.delivery.id: c.delivery for c in claimed}
        self._queue = deque(sorted((*self._queue, *claimed), key=lambda c: c.composition.kind.priority))
        self._feed()
        self._wake()

    # what connections ask

    def take(self) -> Letter | None:
        """The next message that may go, if there is one at this moment."""
        if not self._goes_on():
            return None
        letter = self._ready.popleft() if self._ready else None
        if self._is_short():
            self.bell.set()
        return letter

    async def next(self) -> Letter | None:
        """The next message that may go; None when no more is to be begun."""
        while True:
            letter = self.take()
            if letter or self._over or (self._drained and not self.waiting):
                return letter
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.append(waiter)
            await waiter

    async def offer(self, letter: Letter) -> bool:
        """Wait until the content may go out; false when it must not any more."""
        delivery = letter.claimed.delivery
        if not self._may_leave():
            return False
        if self._permits.take(delivery):
            return True
        self.bell.set()
        if not await self._permit(delivery):
            return False
        if not self._may_leave():
            self._permits.put_back([delivery])
            return False
        return True

    def answer(self, letter: Letter, outcome: Handover) -> None:
        """What became of a message; it is written soon."""
        self._outcomes.add(letter.claimed.delivery, outcome, hurry=self._permits.wanted)

    def give_back(self, letter: Letter) -> None:
        """It was not offered and says nothing of itself: it goes before all others, but not for ever."""
        self._permits.put_back([letter.claimed.delivery])
        letter.given_back += 1
        if letter.given_back >= GIVEN_BACK and not self._over:
            self.answer(letter, Deferred(_BROKE))
        else:
            self._ready.appendleft(letter)
            self._wake()

    def has_left(self, letter: Letter) -> bool:
        """Whether content of it may be with the relay."""
        return letter.claimed.delivery in self._permits

    # what the ledger asks

    def is_due(self) -> bool:
        """Whether there is something to write or to mark at once."""
        return self._outcomes.is_due(hurry=self._closed or self._permits.wanted) or self._is_short()

    def group(self) -> list[Answered]:
        """Outcomes for one transaction."""
        return self._outcomes.group()

    def wanted(self) -> list[Claimed]:
        """What is to be marked next: no more than keeps the connections busy."""
        room = self._most - self._preparing - len(self._ready) - len(self._outcomes)
        if room <= 0 or not self._goes_on():
            return []
        wanted = [self._queue.popleft() for _ in range(min(room, len(self._queue)))]
        self._preparing += len(wanted)
        self._feed()
        return wanted

    def booked(self, group: Sequence[Answered], wanted: Sequence[Claimed], booked: Booked) -> list[Claimed]:
        """Written; answers which of `wanted` are to be prepared. The others are not ours any longer."""
        written = [delivery for delivery, _ in group]
        offered = [c for c in wanted if c.delivery.id in booked.offered]
        self._preparing -= len(wanted) - len(offered)
        lost = [c.delivery for c in wanted if c.delivery.id not in booked.offered]
        for delivery in (*written, *lost):
            self._hand.pop(delivery.id, None)
        self._permits.put_back(written)
        self._wake()
        return offered

    def unbooked(self, group: Sequence[Answered], wanted: Sequence[Claimed]) -> None:
        """It could not be written."""
        self._outcomes.put_back(group)
        self._queue.extendleft(reversed(wanted))
        self._preparing -= len(wanted)

    def prepared(self, letters: Sequence[Letter]) -> None:
        """These are ready."""
        self._preparing -= len(letters)
        self._ready += letters
        self._wake()

    def unprepared(self, claimed: Claimed, outcome: Handover) -> None:
        """This one could not be made ready."""
        self._preparing -= 1
        self._outcomes.add(claimed.delivery, outcome, hurry=self._permits.wanted)
        self._wake()

    # how it ends

    def finish(self) -> None:
        """Begin nothing new."""
        self._over = True
        self.hungry.set()
        self._wake()

    def stop_waiting(self) -> None:
        """Begin nothing new, and let nobody wait for a permit."""
        self.finish()
        self._impatient = True
        self._permits.refuse(self._asking)

    def break_off(self) -> None:
        """The ledger cannot be written: no content may go out any more."""
        self._broken = True
        self.stop_waiting()

    def close(self) -> None:
        """No connection is left: write what is answered, and no more."""
        self._over = self._closed = True
        self.bell.set()

    def settle(self) -> None:
        """It has ended: what could not be written is in the ledger's hands, and keeps no permit from others."""
        self._permits.put_back(self._hand.values())

    @property
    def is_over(self) -> bool:
        """Whether nothing new is begun."""
        return self._over

    @property
    def waiting(self) -> int:
        """How many are not begun."""
        return len(self._queue) + self._preparing + len(self._ready)

    @property
    def is_hungry(self) -> bool:
        """Whether more should be claimed."""
        return len(self._queue) < self._low

    @property
    def is_closed(self) -> bool:
        """Whether nothing is left to write, nor will be."""
        return self._closed and not self._outcomes

    def in_hand(self) -> list[Delivery]:
        """What is not settled."""
        return list(self._hand.values())

    def untouched(self) -> list[Delivery]:
        """Of that, what can be given back: nothing of it was sent, or is to be written."""
        answered = self._outcomes.ids
        return [d for d in self._hand.values() if d not in self._permits and d.id not in answered]

    # within

    async def _permit(self, delivery: Delivery) -> bool:
        if self._impatient:
            return False
        permit = self._permits.ask(delivery)
        self._asking.add(permit)
        try:
            return await permit
        finally:
            self._asking.discard(permit)

    def _goes_on(self) -> bool:
        if self._over:
            return False
        if self._stands_aside() or not self._holds():
            self.finish()
            return False
        return True

    def _may_leave(self) -> bool:
        return not self._broken and self._holds()

    def _is_short(self) -> bool:
        return bool(self._queue) and not self._over and self._preparing + len(self._ready) < self._least

    def _feed(self) -> None:
        if self.is_hungry and not self._drained:
            self.hungry.set()
        if self._is_short():
            self.bell.set()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if not waiter.done():
                waiter.set_result(None)
