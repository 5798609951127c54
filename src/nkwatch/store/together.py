"""What is asked of the database at the same time is asked together: one transaction costs the same for one or many."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from nkwatch.store.rows import CHUNK

Q = TypeVar("Q")
A = TypeVar("A")


class Together(Generic[Q, A]):
    """Call it with a question. What comes while others are answered is answered next: no answer is older than its
    question. `answers` gives one answer for each question, in their order; if it raises, all who asked are told.
    """

    def __init__(self, answers: Callable[[Sequence[Q]], Awaitable[Sequence[A]]]) -> None:
        self._answers = answers
        self._asked: list[tuple[Q, asyncio.Future[A]]] = []
        self._answering: asyncio.Task[None] | None = None

    async def __call__(self, question: Q) -> A:
        """The answer to this question."""
        answer: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._asked.append((question, answer))
        if self._answering is None:
            self._answering = asyncio.create_task(self._answer_all())
        return await answer

    async def _answer_all(self) -> None:
        try:
            while self._asked:
                asked, self._asked = self._asked[:CHUNK], self._asked[CHUNK:]
                await self._answer(asked)
        finally:
            self._answering = None

    async def _answer(self, asked: Sequence[tuple[Q, asyncio.Future[A]]]) -> None:
        try:
            answers = await self._answers([question for question, _ in asked])
        except Exception as wrong:  # noqa: BLE001  whoever asked is told
            for _, waiting in asked:
                if not waiting.done():
                    waiting.set_exception(wrong)
            return
        for (_, waiting), answer in zip(asked, answers, strict=True):
            if not waiting.done():  # who asked may have been cancelled
                waiting.set_result(answer)
