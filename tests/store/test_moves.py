"""A change of address takes place when both sides have confirmed, and else nothing happens and nothing is said."""

import asyncio
from collections.abc import Callable
from datetime import timedelta

import pytest

from nkwatch.domain.subscriber import Move, Standing, Suppression
from nkwatch.store import schema
from tests.making import NOW
from tests.store.conftest import Stores
from tests.store.people import ADDRESS, DAY, KINDS, claim, confirmed, pending, send

NEW = "new.reader@example.com"
OLD_SIDE, NEW_SIDE = KINDS.MOVE_OLD, KINDS.MOVE_NEW
SIDES = (OLD_SIDE, NEW_SIDE)


async def asked(stores: Stores, reader_id: str, now=NOW, to: str = NEW) -> None:
    """A change of address is asked for, and both mails are in the outbox."""
    assert await stores.subscribers.ask_move(reader_id, to, now) == Move(reader_id, asked_at=now)
    reader = (await stores.subscribers.find(reader_id))[0]
    for side in SIDES:
        await send(stores, reader, f"{side} {now.isoformat()}", side, now)


async def moved(stores: Stores, reader_id: str, *sides, now=NOW) -> list[Move | None]:
    """What is answered when these sides confirm, in this order."""
    return [await stores.subscribers.confirm_move(reader_id, side, now) for side in sides]


async def address_of(stores: Stores, reader_id: str) -> str:
    """Where a reader's mails go."""
    return (await stores.subscribers.own(reader_id)).address


async def test_each_side_is_asked_at_its_own_address(stores: Stores) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id)
    await send(stores, reader, "alert")
    sent = {c.composition.kind: c.address for c in await claim(stores)}
    assert sent == {OLD_SIDE: ADDRESS, NEW_SIDE: NEW, KINDS.ALERT: ADDRESS}


@pytest.mark.parametrize("sides", [SIDES, SIDES[::-1]])
async def test_both_sides_move_the_address_in_either_order(stores: Stores, sides) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id)
    await claim(stores)
    first, second = await moved(stores, reader.id, *sides)
    assert not first.complete
    assert second == Move(reader.id, old_confirmed=True, new_confirmed=True, asked_at=NOW)
    assert await address_of(stores, reader.id) == NEW
    assert await stores.subscribers.find_address(NEW) == reader.id
    assert await stores.subscribers.find_address(ADDRESS) is None
    await send(stores, reader, "alert")
    assert [c.address for c in await claim(stores)] == [NEW]


async def test_one_side_is_not_enough_however_often_it_confirms(stores: Stores) -> None:
    reader = await confirmed(stores)
    for side in SIDES:
        await asked(stores, reader.id)
        assert not any(m.complete for m in await moved(stores, reader.id, side, side, side))
        assert await address_of(stores, reader.id) == ADDRESS


async def test_a_link_used_again_changes_nothing(stores: Stores) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id)
    await moved(stores, reader.id, *SIDES)
    assert await moved(stores, reader.id, *SIDES) == [None, None]
    assert await address_of(stores, reader.id) == NEW


async def test_links_of_an_earlier_request_are_worth_nothing(stores: Stores) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id, to="other@example.com")
    later = NOW + timedelta(minutes=1)
    await asked(stores, reader.id, later)
    # neither are they mailed any more, least of all to an address that the request did not name
    assert {(c.composition.kind, c.address) for c in await claim(stores, later)} == {
        (OLD_SIDE, ADDRESS),
        (NEW_SIDE, NEW),
    }
    assert {c.delivery.date for c in await claim(stores, later)} <= {later}
    assert await moved(stores, reader.id, *SIDES) == [None, None]
    assert all(await moved(stores, reader.id, *SIDES, now=later))
    assert await address_of(stores, reader.id) == NEW


async def test_an_address_that_somebody_reads_is_not_taken_and_the_answer_is_the_same(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, NEW)
    await asked(stores, reader.id)
    assert (await moved(stores, reader.id, *SIDES))[1].complete
    assert [await address_of(stores, r.id) for r in (reader, other)] == [ADDRESS, NEW]


@pytest.mark.parametrize("why", [s for s in Suppression if s.final])
@pytest.mark.parametrize("since", ["before", "meanwhile"])
async def test_a_suppressed_address_is_not_taken_nor_mailed_and_the_answer_is_the_same(
    stores: Stores, why: Suppression, since: str
) -> None:
    reader = await confirmed(stores)
    if since == "before":
        await stores.subscribers.suppress(NEW, why, NOW)
    await asked(stores, reader.id)
    if since == "meanwhile":
        await stores.subscribers.suppress(NEW, why, NOW)
    assert {c.address for c in await claim(stores)} == {ADDRESS}
    assert (await moved(stores, reader.id, *SIDES))[1].complete
    assert await address_of(stores, reader.id) == ADDRESS
    assert (await stores.subscribers.suppression(NEW))[0] is why


async def test_who_only_asked_or_left_there_gives_way(stores: Stores) -> None:
    for number, standing in enumerate((Standing.PENDING, Standing.ENDED)):
        reader = await confirmed(stores, f"reader{number}@example.org")
        to = f"{standing}@example.com"
        other = await pending(stores, to)
        if standing is Standing.ENDED:
            await stores.subscribers.end(other.id, "left", NOW)
        await asked(stores, reader.id, to=to)
        await moved(stores, reader.id, *SIDES)
        assert await stores.subscribers.find(other.id) is None
        assert await stores.subscribers.find_address(to) == reader.id


async def test_who_left_with_the_new_address_long_ago_may_move_there(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.suppress(NEW, Suppression.LEFT, NOW - DAY)
    await asked(stores, reader.id)
    await moved(stores, reader.id, *SIDES)
    assert await address_of(stores, reader.id) == NEW
    assert await stores.subscribers.suppression(NEW) is None


async def test_moving_to_the_address_one_has_changes_nothing(stores: Stores) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id, to=ADDRESS)
    await moved(stores, reader.id, *SIDES)
    assert await stores.subscribers.find_address(ADDRESS) == reader.id


async def test_the_old_address_is_free_afterwards(stores: Stores) -> None:
    reader = await confirmed(stores)
    await asked(stores, reader.id)
    await moved(stores, reader.id, *SIDES)
    assert (await confirmed(stores)).id != reader.id


async def test_only_who_is_confirmed_can_move(stores: Stores) -> None:
    reader = await pending(stores)
    assert await stores.subscribers.ask_move(reader.id, NEW, NOW) is None
    assert await stores.subscribers.ask_move("nobody", NEW, NOW) is None
    assert await moved(stores, "nobody", *SIDES) == [None, None]


async def test_both_sides_at_once_move_the_address_all_the_same(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    reader = await confirmed(one)
    await asked(one, reader.id)
    await asyncio.gather(moved(one, reader.id, OLD_SIDE), moved(other, reader.id, NEW_SIDE))
    assert await address_of(one, reader.id) == NEW


async def test_a_new_address_under_way_is_sealed(durable: Stores) -> None:
    reader = await confirmed(durable)
    await asked(durable, reader.id)
    (row,) = durable.rows(schema.move.select())
    assert NEW not in repr(tuple(row))
    assert NEW.encode() not in row.address
