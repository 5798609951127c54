"""Whether claimed deliveries are still to be handed over. It is asked before every message, so askers share a look."""

import asyncio

from sqlalchemy import bindparam, select

from nkwatch.domain.bulletin import DeliveryState
from nkwatch.store import schema
from nkwatch.store.database import CHUNK, Database

_DELIVERY = schema.delivery.c
#: Made once, not for every message.
_HELD = select(_DELIVERY.id).where(
    _DELIVERY.id.in_(bindparam("ids", expanding=True)), _DELIVERY.state == DeliveryState.LEASED
)


class Holding:
    """What is asked while a look is under way is answered by the next: no answer is older than its question."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._asked: list[tuple[int, asyncio.Future[bool]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def __call__(self, delivery_id: int) -> bool:
        """Whether this delivery is under a lease still."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._asked.append((delivery_id, answer))
        if self._looking is None:
            self._looking = asyncio.create_task(self._look())
        return await answer

    async def _look(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked[:CHUNK], self._asked[CHUNK:]
                await self._answer(asked)
        finally:
            self._looking = None

    async def _answer(self, asked: list[tuple[int, asyncio.Future[bool]]]) -> None:
        ids = [delivery_id for delivery_id, _ in asked]
        try:
            held = await self._database.read(lambda c: set(c.scalars(_HELD, {"ids": ids})))
        except Exception as wrong:  # noqa: BLE001  whoever asked is told
            for _, answer in asked:
                if not answer.done():
                    answer.set_exception(wrong)
            return
        for delivery_id, answer in asked:
            if not answer.done():  # who asked may have been cancelled
                answer.set_result(delivery_id in held)
