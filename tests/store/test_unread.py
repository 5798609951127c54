"""Statements that wait to be read, among several processes."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from nkwatch.domain.lease import LONGEST_LEASE, Lease
from nkwatch.store import schema, unread
from tests.making import NOW, placement, polled, sifted, statement
from tests.store.conftest import Stores

HOUR = timedelta(hours=1)


async def told(stores: Stores, *names: str) -> None:
    await stores.statements.record_polls([polled(sifted(*(statement(n) for n in names)))])


def lease(owner: str, span: timedelta = HOUR) -> Lease:
    return Lease(owner, NOW + span)


async def test_what_one_reads_another_does_not(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3")
    claimed = [await stores.statements.unread(2, NOW, lease(owner)) for owner in ("one", "other", "third")]
    assert [[p.statement.id for p in batch] for batch in claimed] == [["s1", "s2"], ["s3"], []]
    assert len(await stores.statements.unread(9, NOW, lease("one"))) == 2, "its owner may begin anew"
    assert len(await stores.statements.unread(9, NOW + HOUR, lease("third", 2 * HOUR))) == 3, "its owner has died"


async def test_what_was_read_is_claimed_by_nobody(stores: Stores) -> None:
    await told(stores, "s1")
    await stores.statements.unread(9, NOW, lease("one"))
    assert await stores.statements.record_readings([placement(statement("s1"))], NOW)
    if stores.database:
        assert stores.count("being_read") == 0
    assert await stores.statements.unread(9, NOW + HOUR, lease("other", 2 * HOUR)) == []


async def test_a_lease_of_a_clock_that_was_wrong_is_none(durable: Stores) -> None:
    await told(durable, "s1")
    await durable.statements.unread(9, NOW, lease("one", LONGEST_LEASE + HOUR))
    assert len(await durable.statements.unread(9, NOW, lease("other"))) == 1


async def test_nothing_is_stored_where_others_placed_something_meanwhile(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3")
    as_of = await stores.statements.placings()
    assert await stores.statements.record_readings([placement(statement("s1"))], NOW, as_of)
    assert not await stores.statements.record_readings([placement(statement("s2"))], NOW, as_of)
    off = placement(statement("s3"), about_nk=False)
    assert await stores.statements.record_readings([type(off)(off.reading)], NOW, as_of), "it belongs nowhere"
    assert [p.statement.id for p in await stores.statements.unread(9, NOW)] == ["s2"]
    assert await stores.statements.record_readings(
        [placement(statement("s2"))], NOW, await stores.statements.placings()
    )


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_who_comes_while_another_claims_takes_what_is_left(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    await told(one, "s1", "s2")
    with one.database.engine.connect() as connection, connection.begin():
        assert [p.statement.id for p in unread.claim(connection, NOW, lease("one"), 1)] == ["s1"]
        assert [p.statement.id for p in await other.statements.unread(9, NOW, lease("other"))] == ["s2"]
    assert other.rows(select(schema.being_read.c.lease_owner).order_by("statement_id")) == [("one",), ("other",)]


@pytest.mark.parametrize("address", ["postgresql"], indirect=True)
async def test_what_was_claimed_between_the_look_and_the_lock_stays_with_its_owner(
    opened: Callable[[], Stores],
) -> None:
    one, other = opened(), opened()
    await told(one, "s1")
    await one.statements.unread(1, NOW, lease("one"))
    with other.database.engine.connect() as connection, connection.begin():
        assert unread._taken(connection, ["s1"], NOW, "other") == {"s1"}
        assert unread._taken(connection, ["s1"], NOW, "one") == set()
