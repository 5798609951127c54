"""Notices and mornings in the database, on both kinds: none is told twice, none is lost, one machine has a morning."""

import asyncio
import contextlib
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection, func, select, update

from nkwatch.domain.lease import Lease
from nkwatch.domain.notice import Noticed
from nkwatch.domain.retention import NOTICES
from nkwatch.store import schema
from nkwatch.store.notices import NoticeStore
from nkwatch.store.pulse import Pulse
from tests.making import NOW
from tests.store.conftest import Stores

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
TODAY, TOMORROW = "2026-11-22", "2026-11-23"
MINE, THEIRS = Lease("mine", NOW + 10 * MINUTE), Lease("theirs", NOW + 10 * MINUTE)


async def store_of(stores: Stores) -> NoticeStore:
    """Notices of an installation that has seen a morning."""
    store = NoticeStore(stores.database)
    assert await store.begin("2026-11-01", MINE, NOW) is None
    return store


def noticed(event: str, **facts: str) -> Noticed:
    return Noticed.of(event, facts, NOW)


async def test_what_is_kept_comes_back_as_it_was_once(durable: Stores) -> None:
    store = await store_of(durable)
    first = Noticed("page failed", (("page", "/"), ("why", "북한")), NOW, NOW + MINUTE, 3)
    await store.keep([first, noticed("alert late", number="7")])
    assert await store.untold() == [first, noticed("alert late", number="7")]
    assert await store.begin(TODAY, MINE, NOW) == [first, noticed("alert late", number="7")]
    await store.done(TODAY, "mine", NOW, mailed=True)
    assert await store.untold() == []
    await store.keep([noticed("later")])
    assert await store.begin(TODAY, MINE, NOW) is None
    assert await store.begin(TOMORROW, MINE, NOW) == [noticed("later")]


async def test_a_morning_is_in_one_machines_hands_until_its_lease_ends(durable: Stores) -> None:
    store = await store_of(durable)
    await store.keep([noticed("one")])
    assert await store.begin(TODAY, MINE, NOW) == [noticed("one")]
    assert await store.begin(TODAY, THEIRS, NOW + MINUTE) is None
    await store.done(TODAY, "theirs", NOW, mailed=True)
    assert not await store.is_done(TODAY), "who does not have it cannot end it"
    await store.keep([noticed("two")])
    later = NOW + 10 * MINUTE
    assert await store.begin(TODAY, Lease("theirs", later + MINUTE), later) == [noticed("one"), noticed("two")]
    await store.done(TODAY, "mine", NOW, mailed=True)
    assert not await store.is_done(TODAY)
    await store.done(TODAY, "theirs", later, mailed=True)
    assert await store.is_done(TODAY)


async def test_what_could_not_be_mailed_is_tried_after_a_pause_and_told_the_next_day_at_last(durable: Stores) -> None:
    store = await store_of(durable)
    await store.keep([noticed("one")])
    await store.begin(TODAY, MINE, NOW)
    await store.release(TODAY, "mine", NOW + MINUTE)
    assert await store.begin(TODAY, THEIRS, NOW) is None
    assert await store.begin(TODAY, THEIRS, NOW + MINUTE) == [noticed("one")]
    assert await store.begin(TOMORROW, Lease("mine", NOW + DAY), NOW + DAY) == [noticed("one")]


async def test_a_lease_of_a_clock_that_was_wrong_holds_nobody(durable: Stores) -> None:
    store = await store_of(durable)
    await store.begin(TODAY, Lease("theirs", NOW + 3 * DAY), NOW)
    assert await store.begin(TODAY, MINE, NOW) == []


async def test_of_machines_that_look_at_once_one_has_the_morning(opened: Callable[[], Stores]) -> None:
    stores = [await store_of(opened()) for _ in range(3)]
    await stores[0].keep([noticed("one")])
    leases = (Lease(f"machine {n}", NOW + MINUTE) for n in range(3))
    found = await asyncio.gather(*(s.begin(TODAY, lease, NOW) for s, lease in zip(stores, leases, strict=True)))
    assert sorted(found, key=str) == sorted([None, None, [noticed("one")]], key=str)


async def test_on_the_first_morning_of_all_nothing_is_told_and_all_of_it_on_the_next(durable: Stores) -> None:
    store = NoticeStore(durable.database)
    await store.keep([noticed("one")])
    assert await store.begin(TODAY, MINE, NOW) is None
    assert await store.is_done(TODAY)
    assert await store.mailed_at() is None
    assert await store.begin(TODAY, THEIRS, NOW + DAY) is None
    assert await store.begin(TOMORROW, MINE, NOW) == [noticed("one")]


async def test_it_is_known_when_the_last_mail_was_sent_and_since_when(durable: Stores) -> None:
    store = await store_of(durable)
    assert await store.mailed_at() is None
    for day, mailed in ((TODAY, True), (TOMORROW, False)):
        await store.begin(day, MINE, NOW)
        await store.done(day, "mine", NOW + (MINUTE if mailed else DAY), mailed=mailed)
    assert await store.mailed_at() == NOW + MINUTE
    assert await store.was_mailed(TODAY)
    assert not await store.was_mailed(TOMORROW)


async def test_notices_are_forgotten_after_their_time(durable: Stores) -> None:
    store = await store_of(durable)
    await store.keep([noticed("old")])
    await store.begin(TODAY, MINE, NOW + NOTICES)
    assert durable.count("notice") == 1
    await store.begin(TOMORROW, MINE, NOW + NOTICES + MINUTE)
    assert durable.count("notice") == 0


async def test_notices_and_mornings_change_no_page(durable: Stores) -> None:
    store, before = await store_of(durable), durable.database.generation
    await store.keep([noticed("one")])
    await store.begin(TODAY, MINE, NOW)
    await store.done(TODAY, "mine", NOW, mailed=True)
    await Pulse(durable.database, lambda: NOW)()
    assert durable.database.generation is before


# The pulse


async def test_a_database_that_can_be_written_has_a_pulse(durable: Stores) -> None:
    pulse = Pulse(durable.database, lambda: NOW)
    assert [await pulse() for _ in range(3)] == ["", "", ""]
    assert durable.one(select(func.max(schema.pulse.c.at))) == NOW
    assert durable.count("pulse") == 1


async def test_a_database_that_is_broken_says_why(durable: Stores) -> None:
    with durable.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE pulse")
    try:
        assert "pulse" in await Pulse(durable.database, lambda: NOW)()
    finally:
        schema.pulse.create(durable.database.engine)


async def test_a_database_that_does_not_answer_is_asked_once_until_it_does(durable: Stores) -> None:
    asked: list[int] = []
    answers = asyncio.Event()

    class Slow:
        """A database that waits for something."""

        async def write(self, work: Callable[[Connection], None]) -> None:
            asked.append(1)
            await answers.wait()

    pulse = Pulse(Slow(), lambda: NOW, patience=0.01)  # type: ignore[arg-type]
    assert [await pulse() for _ in range(3)] == ["it has not answered within 0.01 seconds"] * 3
    assert len(asked) == 1
    answers.set()
    with contextlib.suppress(asyncio.CancelledError):
        assert await pulse() == ""
    assert await pulse() == ""
    assert len(asked) == 2


async def test_a_morning_keeps_how_large_the_database_was(durable: Stores) -> None:
    await NoticeStore(durable.database).begin(TODAY, MINE, NOW)
    assert durable.one(select(schema.morning.c.database_bytes)) > 10_000
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.morning).values(database_bytes=5 * 10**12))
    assert durable.one(select(schema.morning.c.database_bytes)) == 5 * 10**12
