"""Duties: ticks that one process does for all."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.exc import DBAPIError

from nkwatch.daemon import TICKS
from nkwatch.store import schema
from nkwatch.store.duties import DUTIES, LEASE, Duties
from tests.store.conftest import Stores
from tests.workflow.fakes import FakeClock


def duties(stores: Stores, owner: str, clock: FakeClock | None = None) -> Duties:
    return Duties(stores.database, clock or FakeClock(), owner)


async def does(who: Duties, tick: str = "call") -> bool:
    async with who.of(tick) as mine:
        return mine


def test_every_duty_is_a_tick() -> None:
    assert set(TICKS) > DUTIES


async def test_who_calls_editors_goes_on_doing_so_while_it_lives(opened: Callable[[], Stores]) -> None:
    clock = FakeClock()
    one, other = duties(opened(), "one", clock), duties(opened(), "other", clock)
    for _ in range(4):
        assert [await does(one), await does(other)] == [True, False]
        clock.forward(seconds=LEASE.total_seconds() * 0.6)
    assert [await does(other, "tell"), await does(one, "tell")] == [True, False]
    assert [await does(each, "collect") for each in (one, other)] == [True, True]


async def test_another_one_has_the_duty_when_its_owner_is_gone(opened: Callable[[], Stores]) -> None:
    clock = FakeClock()
    one, other = duties(opened(), "one", clock), duties(opened(), "other", clock)
    assert await does(one)
    clock.forward(seconds=LEASE.total_seconds())
    assert [await does(other), await does(one)] == [True, False]
    await other.aclose()
    assert await does(one)


async def test_a_lease_of_a_clock_that_was_wrong_is_none(opened: Callable[[], Stores]) -> None:
    one, other = duties(opened(), "one"), duties(opened(), "other")
    assert await does(one)
    late = update(schema.duty).values(leased_until=schema.EPOCH + timedelta(days=365 * 200))
    stores = opened()
    await stores.database.write(lambda c: c.execute(late))
    assert await does(other)


async def test_a_duty_is_kept_for_as_long_as_its_round_lasts(
    opened: Callable[[], Stores], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nkwatch.store.duties.LEASE", timedelta(seconds=0.04))
    clock = FakeClock()
    one, stores = duties(opened(), "one", clock), opened()
    async with one.of("replies"):
        clock.forward(seconds=0.03)
        renewed = schema.duty.select().where(schema.duty.c.leased_until > clock())
        while stores.rows(renewed) == [] or stores.rows(renewed)[0].leased_until < clock() + timedelta(seconds=0.04):
            await asyncio.sleep(0.01)


async def test_without_the_database_everybody_watches_and_nothing_else_is_done(durable: Stores) -> None:
    one = duties(durable, "one")
    await durable.database.write(schema.duty.drop)
    try:
        assert await does(one, "watch")
        with pytest.raises(DBAPIError):
            await does(one, "call")
        await one.aclose()
    finally:
        await durable.database.write(schema.duty.create)
