"""Turns at hosts among several processes on one database."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import select, update

from nkwatch.net.turns import Turns
from nkwatch.store import schema
from nkwatch.store.turns import KEPT, LOOK_EVERY, TurnStore
from tests.store.conftest import Stores

MINUTE = timedelta(minutes=1)
_T = schema.turn.c


def turns(stores: Stores, owner: str = "one", lease: timedelta = MINUTE) -> TurnStore:
    return TurnStore(stores.database, owner, lease)


async def test_a_host_that_is_asked_by_one_is_not_asked_by_another(opened: Callable[[], Stores]) -> None:
    one, other = turns(opened()), turns(opened(), "other")
    assert await one.take("a.example", 0) == 0
    assert 50 < await other.take("a.example", 0) <= 60
    assert await other.take("b.example", 0) == 0
    await one.give_back("a.example", 0)
    assert await other.take("a.example", 0) == 0


async def test_after_a_turn_nobody_asks_within_the_pause(opened: Callable[[], Stores]) -> None:
    one, other = turns(opened()), turns(opened(), "other")
    await one.take("a.example", 30)
    await one.give_back("a.example", 30)
    for each in (one, other):
        assert 25 < await each.take("a.example", 2) <= 30
    # who knows that the host wants more time waits for longer
    assert 85 < await other.take("a.example", 90) <= 90


async def test_whoever_dies_with_a_turn_holds_up_the_host_no_longer_than_its_lease(
    opened: Callable[[], Stores],
) -> None:
    dead, other = turns(opened(), lease=timedelta(0)), turns(opened(), "other")
    await dead.take("a.example", 0)
    assert await other.take("a.example", 0) == 0
    # it was not dead after all: the turn stays with who has it now
    await dead.give_back("a.example", 0)
    assert await dead.take("a.example", 0) > 50


async def test_what_was_not_given_back_is_still_ones_own(durable: Stores) -> None:
    one = turns(durable)
    assert [await one.take("a.example", 0), await one.take("a.example", 0)] == [0, 0]


async def test_a_clock_that_was_wrong_holds_up_nobody_for_days(durable: Stores) -> None:
    one = turns(durable)
    await one.take("a.example", 2)
    await one.give_back("a.example", 2)
    late = schema.EPOCH + timedelta(days=365 * 200)
    await durable.database.write(
        lambda c: c.execute(update(schema.turn).values(free_at=late, left_at=late, leased_until=late))
    )
    assert await turns(durable, "other").take("a.example", 2) == 0


async def test_hosts_that_nobody_asks_any_more_are_forgotten(durable: Stores) -> None:
    one = turns(durable)
    for host in ("old.example", "new.example"):
        await one.take(host, 0)
        await one.give_back(host, 0)
    old = update(schema.turn).where(_T.host == "old.example").values(free_at=datetime.now(UTC) - KEPT - MINUTE)
    await durable.database.write(lambda c: c.execute(old))
    for _ in range(LOOK_EVERY):
        await one.give_back("new.example", 0)
    assert durable.rows(select(_T.host)) == [("new.example",)]


async def test_a_database_that_is_away_when_a_turn_ends_costs_nobody_the_answer(durable: Stores) -> None:
    one = turns(durable)
    await one.take("a.example", 0)
    await durable.database.write(schema.turn.drop)
    await one.give_back("a.example", 0)
    await durable.database.write(schema.turn.create)


async def test_turns_of_two_processes_do_not_overlap_and_lie_a_pause_apart(opened: Callable[[], Stores]) -> None:
    clock, log = asyncio.get_running_loop().time, list[tuple[float, float]]()
    both = [Turns(0.05, turns(opened(), owner)) for owner in ("one", "other")]

    async def ask(at: Turns) -> None:
        async with at.at("a.example"):
            began = clock()
            await asyncio.sleep(0.005)
            log.append((began, clock()))

    await asyncio.gather(*(ask(at) for at in both * 4))
    log.sort()
    assert len(log) == 8
    assert all(later[0] - earlier[1] >= 0.05 for earlier, later in pairwise(log))
