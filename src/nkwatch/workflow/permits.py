"""The law of crashes: what has left and is not yet written down is sent again when the worker dies.

Therefore at most `connections + GROUP - 1` messages of a process have had an octet of their content sent and no outcome
written, whichever lane they are in. Of those that a dead worker left behind, at most one for each connection.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from nkwatch.domain.delivery import Delivery, Turn

#: Outcomes written in one transaction, at most.
GROUP = 10


class Permits:
    """Who may put content on the line, and who waits until outcomes are written. Lanes beside each other share them."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._out: dict[int, Turn] = {}
        self._waiting: deque[tuple[Delivery, asyncio.Future[bool]]] = deque()

    def __contains__(self, delivery: Delivery) -> bool:
        """Whether its content may have left, with no outcome written."""
        return delivery.id in self._out

    @property
    def wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def take(self, delivery: Delivery) -> bool:
        """A permit, if there is one at this moment."""
        if self._waiting or not self._fits(delivery):
            return False
        self._out[delivery.id] = delivery.turn
        return True

    def ask(self, delivery: Delivery) -> "asyncio.Future[bool]":
        """Wait for a permit. Whoever waits no longer sets the answer to false."""
        permit: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, permit))
        return permit

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Their outcomes are written, or nothing of them was sent: others may go."""
        for delivery in deliveries:
            self._out.pop(delivery.id, None)
        self._serve()

    def refuse(self, asking: Iterable["asyncio.Future[bool]"]) -> None:
        """These wait no longer: their answer is false."""
        for permit in asking:
            if not permit.done():
                permit.set_result(False)
        self._serve()

    def _serve(self) -> None:
        while self._waiting and (self._waiting[0][1].done() or self._fits(self._waiting[0][0])):
            delivery, permit = self._waiting.popleft()
            if not permit.done():  # it is when its connection was given up meanwhile
                self._out[delivery.id] = delivery.turn
                permit.set_result(True)

    def _fits(self, delivery: Delivery) -> bool:
        first = sum(turn is Turn.FIRST for turn in self._out.values()) if delivery.turn is Turn.FIRST else 0
        return first < self._connections and len(self._out) < self._connections + GROUP - 1
