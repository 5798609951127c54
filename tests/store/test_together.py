"""Who asks at the same time shares one answer."""

import asyncio

import pytest

from nkwatch.store.together import Together


class Slow:
    """Answers whether a number is even, one batch at a time, when it is let."""

    def __init__(self) -> None:
        self.batches = []
        self.let = asyncio.Event()

    async def __call__(self, numbers):
        self.batches.append(list(numbers))
        await self.let.wait()
        if 13 in numbers:
            raise ConnectionError("the database is gone")
        return [n % 2 == 0 for n in numbers]


async def asked(together, *numbers):
    tasks = [asyncio.create_task(together(n)) for n in numbers]
    await asyncio.sleep(0)
    return tasks


async def test_who_asks_while_others_are_answered_is_answered_together_with_the_next():
    slow = Slow()
    together = Together(slow)
    tasks = await asked(together, 1)
    await asyncio.sleep(0)
    tasks += await asked(together, 2, 3, 4)
    slow.let.set()
    assert await asyncio.gather(*tasks) == [False, True, False, True]
    assert slow.batches == [[1], [2, 3, 4]]


async def test_no_answer_is_older_than_its_question():
    slow = Slow()
    together = Together(slow)
    (first,) = await asked(together, 2)
    await asyncio.sleep(0)
    (second,) = await asked(together, 2)
    slow.let.set()
    await asyncio.gather(first, second)
    assert slow.batches == [[2], [2]]


async def test_a_failure_is_told_to_all_who_asked_then_and_to_nobody_later():
    slow = Slow()
    slow.let.set()
    together = Together(slow)
    for task in await asked(together, 12, 13):
        with pytest.raises(ConnectionError):
            await task
    assert await together(14) is True


async def test_who_does_not_wait_any_more_keeps_nobody_from_an_answer():
    slow = Slow()
    together = Together(slow)
    impatient, patient = await asked(together, 1, 2)
    await asyncio.sleep(0)
    impatient.cancel()
    slow.let.set()
    assert await patient is True
    with pytest.raises(asyncio.CancelledError):
        await impatient
    slow.let.clear()
    early, late = await asked(together, 13, 15)
    await asyncio.sleep(0)
    early.cancel()
    slow.let.set()
    with pytest.raises(ConnectionError):
        await late
