"""Permits: how many messages may be on the line or accepted without a written outcome."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Delivery, Turn
from nkwatch.workflow.permits import GROUP, Permits
from tests.making import delivery


async def _got(permits: Permits, one: Delivery) -> bool:
    return await permits.ask(one)


async def tried(permits: Permits, one: Delivery) -> "asyncio.Task[bool]":
    """Somebody waits for a permit."""
    task = asyncio.create_task(_got(permits, one))
    await asyncio.sleep(0)
    return task


async def test_there_are_as_many_as_connections_and_nine() -> None:
    permits = Permits(3)
    assert [permits.take(delivery(n)) for n in range(3 + GROUP)] == [True] * (3 + GROUP - 1) + [False]
    assert delivery(0) in permits
    assert delivery(12) not in permits


async def test_what_a_dead_worker_left_gets_one_for_each_connection() -> None:
    permits = Permits(3)
    assert [permits.take(delivery(n, turn=Turn.FIRST)) for n in range(4)] == [True, True, True, False]
    assert permits.take(delivery(9))


async def test_who_came_first_goes_first_and_nobody_overtakes() -> None:
    permits = Permits(1)
    assert permits.take(delivery(0, turn=Turn.FIRST))
    first = await tried(permits, delivery(1, turn=Turn.FIRST))
    assert not permits.take(delivery(2))
    second = await tried(permits, delivery(2))
    assert permits.wanted
    permits.put_back([delivery(0)])
    assert await asyncio.gather(first, second) == [True, True]
    assert not permits.wanted


async def test_a_permit_is_not_wasted_on_who_is_gone() -> None:
    permits = Permits(1)
    for n in range(GROUP):
        permits.take(delivery(n))
    gone, waiting = await tried(permits, delivery(20)), await tried(permits, delivery(21))
    gone.cancel()
    await asyncio.sleep(0)
    permits.put_back([delivery(0)])
    assert await waiting
    assert delivery(20) not in permits


async def test_who_waits_no_longer_lets_the_next_one_go() -> None:
    permits = Permits(1)
    for n in range(GROUP):
        permits.take(delivery(n))
    gone, waiting = permits.ask(delivery(20)), await tried(permits, delivery(21))
    permits.refuse([gone])
    assert await gone is False
    permits.put_back([delivery(0)])
    assert await waiting
    assert delivery(20) not in permits


@given(st.integers(1, 5), st.lists(st.tuples(st.sampled_from("twbc"), st.integers(0, 40), st.booleans()), max_size=80))
async def test_the_limit_holds_whatever_happens(connections: int, steps: list[tuple[str, int, bool]]) -> None:
    permits, waiting = Permits(connections), dict[int, "asyncio.Task[bool]"]()
    for step, n, first in steps:
        one = delivery(n, turn=Turn.FIRST if first else Turn.USUAL)
        match step:
            case "t" if n not in waiting and one not in permits:
                permits.take(one)
            case "w" if n not in waiting and one not in permits:
                waiting[n] = await tried(permits, one)
            case "b":
                permits.put_back([one])
            case "c" if n in waiting:
                waiting.pop(n).cancel()
        await asyncio.sleep(0)
        assert sum(delivery(n) in permits for n in range(41)) <= connections + GROUP - 1
    for task in waiting.values():
        task.cancel()
    await asyncio.gather(*waiting.values(), return_exceptions=True)
