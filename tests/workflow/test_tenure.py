"""Claimed work is kept while somebody works on it, and not one moment longer."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import pytest

from nkwatch.domain.lease import Lease
from nkwatch.workflow.tenure import Tenure
from tests.making import NOW
from tests.workflow.fakes import FakeClock

SPAN = timedelta(seconds=0.06)


class Rows:
    """Where leases are written; `gone` raises instead."""

    def __init__(self, *, gone: bool = False) -> None:
        self.kept: list[tuple[Sequence[str], Lease]] = []
        self.gone = gone

    async def renew(self, names: Sequence[str], lease: Lease) -> None:
        if self.gone:
            raise OSError("the database is away")
        self.kept.append((names, lease))


async def test_what_is_in_hand_is_renewed_again_and_again_until_the_work_ends() -> None:
    rows = Rows()
    async with Tenure(rows.renew, FakeClock(), "me", SPAN, NOW).kept(lambda: ["a"]):
        while len(rows.kept) < 3:
            await asyncio.sleep(0.001)
    ended = len(rows.kept)
    await asyncio.sleep(2 * SPAN.total_seconds())
    assert rows.kept == [(["a"], Lease("me", NOW + SPAN))] * ended


async def work(done: list[str], then: Exception | None = None) -> None:
    """Work for one lease while the database is away, then raise that."""
    async with Tenure(Rows(gone=True).renew, FakeClock(), "me", SPAN, NOW).kept(list):
        await asyncio.sleep(SPAN.total_seconds())
        done.append("the work")
        if then:
            raise then


async def test_what_the_database_raises_is_raised_when_the_work_has_ended_in_order() -> None:
    done: list[str] = []
    with pytest.raises(OSError, match="away"):
        await work(done)
    assert done == ["the work"]


async def test_what_the_work_raises_comes_first() -> None:
    with pytest.raises(LookupError, match="a bug"):
        await work([], LookupError("a bug"))


@pytest.mark.parametrize("jump", [SPAN, -SPAN])
async def test_work_is_not_held_any_more_once_the_clock_has_jumped(jump: timedelta) -> None:
    clock = FakeClock()
    tenure = Tenure(Rows().renew, clock, "me", SPAN, NOW)
    assert tenure.holds()
    clock.now += jump
    assert not tenure.holds()
    clock.now = NOW
    assert not tenure.holds()
