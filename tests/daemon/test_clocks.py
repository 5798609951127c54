"""A clock that is moved is noticed, a clock that drifts is not."""

import asyncio
import itertools
from contextlib import suppress
from datetime import timedelta

from nkwatch.daemon.clocks import watch


async def watched(wall, steady):
    """What was told while the clocks showed these, and then went on as they were."""
    told, clocks = [], [iter(itertools.chain(c, itertools.repeat(c[-1]))) for c in (wall, steady)]
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            await watch(told.append, clocks[0].__next__, clocks[1].__next__, every=0)
    return told


async def test_a_clock_set_back_or_forward_by_a_day_is_told_once():
    assert await watched([100, 101, 86_502, 86_503], [0, 1, 2, 3]) == [timedelta(days=1)]
    assert await watched([100_000, 100_001, 13_602], [0, 1, 2]) == [timedelta(days=-1)]


async def test_a_night_s_sleep_is_a_jump():
    assert await watched([100, 101, 30_000], [0, 1, 2]) == [timedelta(seconds=29_898)]


async def test_a_clock_that_is_corrected_little_by_little_and_a_busy_machine_are_none():
    assert await watched([100, 101.4, 102.9, 164.0], [0, 1, 2, 63]) == []
