"""Whether the clock of this machine was moved, or the machine slept."""

import asyncio
import time
from collections.abc import Callable
from datetime import timedelta

#: How often it is looked (seconds), and by how much the clocks may part while nobody moved one: daemons that keep the
#: time move it by far less in a second.
EVERY, LEAP = 1.0, 2.0


async def watch(
    jumped: Callable[[timedelta], None],
    wall: Callable[[], float] = time.time,
    steady: Callable[[], float] = time.monotonic,
    every: float = EVERY,
) -> None:
    """Call `jumped` with the span by which the `wall` clock has moved against the `steady` one; until cancelled.

    The steady one stands still while a machine sleeps (clock_gettime(2), CLOCK_MONOTONIC): a night's sleep is a jump.
    """
    apart = wall() - steady()
    while True:
        await asyncio.sleep(every)
        now = wall() - steady()
        if abs(now - apart) > LEAP:
            jumped(timedelta(seconds=now - apart))
        apart = now
