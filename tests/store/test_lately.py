"""What was looked up is good for a while, for everybody."""

import asyncio
from datetime import timedelta

import pytest

from nkwatch.store.lately import Lately
from tests.making import NOW

MINUTE = timedelta(minutes=1)


class Looking:
    """Answers one number after the other."""

    def __init__(self) -> None:
        self.times = 0

    async def __call__(self) -> int:
        await asyncio.sleep(0)
        self.times += 1
        return self.times


async def test_who_asks_meanwhile_gets_what_was_looked_up_and_who_asks_later_what_is_there_then():
    lately, look = Lately(MINUTE), Looking()
    instants = (NOW, NOW + MINUTE - timedelta(seconds=1), NOW + MINUTE, NOW + 3 * MINUTE)
    assert [await lately((), at, look) for at in instants] == [1, 1, 2, 3]


async def test_many_who_ask_at_once_cost_one_look():
    lately, look = Lately(MINUTE), Looking()
    assert set(await asyncio.gather(*(lately((), NOW, look) for _ in range(20)))) == {1}


async def test_a_clock_that_is_set_back_makes_nothing_last_longer():
    lately, look = Lately(MINUTE), Looking()
    assert [await lately((), at, look) for at in (NOW, NOW - timedelta(hours=1))] == [1, 2]


async def test_another_question_has_another_answer_and_what_was_asked_longest_ago_goes_first():
    lately, look = Lately(MINUTE, most=2), Looking()
    assert [await lately(asked, NOW, look) for asked in "abacaba"] == [1, 2, 1, 3, 1, 4, 1]
    assert len(lately) == 2


async def test_a_look_that_fails_is_no_answer():
    lately, look = Lately(MINUTE), Looking()

    async def failing() -> int:
        raise OSError("nobody answers")

    with pytest.raises(OSError, match="nobody answers"):
        await lately((), NOW, failing)
    assert await lately((), NOW, look) == 1


async def test_the_memory_is_freed_when_nobody_asks_any_more_but_not_of_what_was_looked_up_anew():
    lately, look, kept = Lately(timedelta(milliseconds=40)), Looking(), list[int]()
    await lately((), NOW, look)
    # just behind what drops the first answer
    asyncio.get_running_loop().call_later(0.04, lambda: kept.append(len(lately)))
    await asyncio.sleep(0.02)
    await lately((), NOW + MINUTE, look)
    async with asyncio.timeout(5):
        while len(lately):
            await asyncio.sleep(0.01)
    assert kept == [1]
