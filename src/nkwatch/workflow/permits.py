"""The law of crashes: what has left and is not yet written down is sent again when the worker dies.

Therefore at most `connections + GROUP - 1` messages have had an octet of their content sent and no outcome written. Of
those that a dead worker left behind, at most one for each connection.
"""

import asyncio
from collections import deque
from collections.abc import Iterable

from nkwatch.domain.delivery import Delivery, Turn

#: Outcomes written in one transaction, at most.
GROUP = 10


class Permits:
    """Who may put content on the line, and who waits until outcomes are written."""

    def __init__(self, connections: int) -> None:
        self._connections = connections
        self._out: set[int] = set()
        self._waiting: deque[tuple[Delivery, asyncio.Future[bool]]] = deque()
        self._stopped = False

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
        self._out.add(delivery.id)
        return True

    async def wait(self, delivery: Delivery) -> bool:
        """Wait for a permit; false when nobody is to wait any longer."""
        if self._stopped:
            return False
        permit: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((delivery, permit))
        return await permit

    def put_back(self, deliveries: Iterable[Delivery]) -> None:
        """Their outcomes are written, or nothing of them was sent: others may go."""
        self._out.difference_update([d.id for d in deliveries])
        while self._waiting and self._fits(self._waiting[0][0]):
            delivery, permit = self._waiting.popleft()
            if not permit.done():  # it is when its connection was given up meanwhile
                self._out.add(delivery.id)
                permit.set_result(True)

    def stop_waiting(self) -> None:
        """Nobody waits any longer, now and later."""
        self._stopped = True
        while self._waiting:
            _, permit = self._waiting.popleft()
            if not permit.done():
                permit.set_result(False)

    def _fits(self, delivery: Delivery) -> bool:
        more = 0 if delivery.turn is Turn.FIRST else GROUP - 1
        return len(self._out) < self._connections + more
