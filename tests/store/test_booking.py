"""The ledger: what may be on the line is marked before, what became of it is written after (promise 2)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from nkwatch.domain.bulletin import Addressed, Mailing
from nkwatch.domain.delivery import (
    Booked,
    Claimed,
    Deferred,
    Delivery,
    DeliveryState,
    Late,
    Refused,
    Sent,
    Turn,
    Unknown,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.rates import Limits, Rate
from nkwatch.store import booking, gates, schema
from nkwatch.store.outbox import OutboxStore
from tests.making import NOW, composition
from tests.store.conftest import KEYRING, Stores
from tests.store.people import DAY, KINDS, LEASE, claim, confirmed, offer, record, send

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
D = schema.delivery.c
STATES = DeliveryState


async def mails(
    stores: Stores, count: int, kind: KINDS = KINDS.ALERT, domain: str = "example.org", key: str = "s1"
) -> list[Claimed]:
    """So many claimed deliveries to readers at one domain."""
    readers = [await confirmed(stores, f"r{n}@{domain}") for n in range(count)]
    deliveries = tuple(Addressed(r, composition("Subject", kind)) for r in readers)
    await stores.outbox.enqueue(Mailing(f"{kind} {key} {domain}", kind, NOW, deliveries))
    return await claim(stores)


async def again(stores: Stores, now: datetime) -> list[Delivery]:
    """What is claimed then, given back at once."""
    found = [c.delivery for c in await claim(stores, now)]
    await stores.outbox.release(found, LEASE.owner)
    return found


# Marks and outcomes


async def test_one_booking_writes_what_became_of_some_and_marks_the_next(durable: Stores) -> None:
    claimed = await mails(durable, 5)
    await offer(durable, claimed[:4])
    outcomes = (Sent("250 queued as 4ABC", "4ABC"), Deferred("451 later"), Unknown("silent"), Refused("550 no"))
    answered = [(c.delivery, o) for c, o in zip(claimed, outcomes, strict=False)]
    booked = await durable.outbox.book(answered, claimed[4:], NOW + SECOND, LEASE.owner)
    assert booked == Booked(frozenset({claimed[4].delivery.id}))
    rows = durable.rows(select(D.state, D.turn, D.offered_at, D.risked, D.relay_id, D.lease_owner).order_by(D.id))
    assert [tuple(r) for r in rows] == [
        ("sent", 1, None, False, "4ABC", ""),
        ("deferred", 1, None, False, "", ""),
        ("unknown", 2, None, True, "", ""),
        ("refused", 1, None, False, "", ""),
        ("leased", 1, NOW + SECOND, False, "", "mine"),
    ]
    assert [c.delivery.relay_id for c in await claim(durable)] == []
    posted = [p.delivery.relay_id for p in await durable.outbox.deliveries_of(claimed[0].subscriber_id, 9)]
    assert posted == ["4ABC"]


async def test_a_group_larger_than_one_statement_is_booked_whole(stores: Stores, monkeypatch: Any) -> None:
    monkeypatch.setattr("nkwatch.store.rows.CHUNK", 3)
    claimed = await mails(stores, 8, KINDS.DIGEST)
    assert len(await offer(stores, claimed)) == 8
    await record(stores, [(c.delivery, Sent("250")) for c in claimed])
    assert await stores.outbox.counts() == {"sent": 8}
    assert await stores.outbox.accepted(NOW) == 8


async def test_nothing_goes_without_the_lease(stores: Stores) -> None:
    claimed = await mails(stores, 3)
    assert await offer(stores, claimed, owner="other") == frozenset()
    assert await offer(stores, claimed, NOW + MINUTE) == frozenset()  # it is over
    await record(stores, [(claimed[0].delivery, Sent("250"))])
    assert await offer(stores, claimed) == {c.delivery.id for c in claimed[1:]}
    assert await offer(stores, [replace(claimed[0], delivery=replace(claimed[0].delivery, id=999))]) == frozenset()


async def test_what_is_not_in_this_workers_hands_is_not_changed_by_it_but_for_what_left(stores: Stores) -> None:
    claimed = await mails(stores, 4)
    outcomes = (Deferred("451"), Refused("550"), Unknown("silent"), Sent("250"))
    await record(stores, [(c.delivery, o) for c, o in zip(claimed, outcomes, strict=True)], owner="other")
    assert await stores.outbox.counts() == {"leased": 3, "sent": 1}


async def test_of_two_workers_who_had_it_one_after_the_other_the_second_is_not_disturbed(stores: Stores) -> None:
    (first,) = await mails(stores, 1)
    await offer(stores, [first])
    await stores.outbox.recover(NOW + MINUTE)
    (second,) = await claim(stores, NOW + MINUTE, Lease("theirs", NOW + 2 * MINUTE))
    await record(stores, [(first.delivery, Refused("550"))], NOW + MINUTE)
    await stores.outbox.release([first.delivery], LEASE.owner)
    await stores.outbox.renew([first.delivery], Lease(LEASE.owner, NOW))
    assert await offer(stores, [second], NOW + MINUTE, "theirs") == {second.delivery.id}
    await record(stores, [(second.delivery, Deferred("451"))], NOW + MINUTE, "theirs")
    assert await stores.outbox.counts() == {"deferred": 1}


# Order


async def test_what_was_on_the_line_goes_first_and_what_nobody_answered_last(stores: Stores) -> None:
    claimed = await mails(stores, 4)
    await offer(stores, [claimed[1], claimed[3]])
    await record(stores, [(claimed[1].delivery, Unknown("silent"))])
    assert await stores.outbox.recover(NOW + MINUTE) == 3
    after = await again(stores, NOW + DAY)
    ids = [c.delivery.id for c in claimed]
    assert [d.id for d in after] == [ids[3], ids[0], ids[2], ids[1]]
    assert [d.turn for d in after] == [Turn.FIRST, Turn.USUAL, Turn.USUAL, Turn.LAST]


# Leases


async def test_a_lease_is_renewed_while_its_owner_has_it(stores: Stores) -> None:
    one, other = await mails(stores, 2)
    await stores.outbox.renew([one.delivery], Lease(LEASE.owner, NOW + 2 * MINUTE))
    await stores.outbox.renew([other.delivery], Lease("theirs", NOW + 2 * MINUTE))
    assert await stores.outbox.recover(NOW + MINUTE) == 1
    assert await offer(stores, [one, other], NOW + MINUTE) == {one.delivery.id}


async def test_a_lease_from_a_clock_that_was_set_back_is_over(stores: Stores) -> None:
    claimed = await mails(stores, 2)
    await offer(stores, claimed[:1])
    assert await stores.outbox.recover(NOW - HOUR) == 0
    assert await stores.outbox.recover(NOW - 2 * HOUR) == 2
    assert await stores.outbox.counts() == {"unknown": 1, "pending": 1}


async def test_what_is_given_back_is_what_it_was(stores: Stores) -> None:
    claimed = await mails(stores, 4)
    await offer(stores, claimed[:3])
    outcomes = [(claimed[0].delivery, Deferred("451 later")), (claimed[1].delivery, Unknown("silent"))]
    await record(stores, outcomes)
    await stores.outbox.recover(NOW + MINUTE)
    was = await again(stores, NOW + DAY)
    assert [(d.state, d.turn, d.attempts) for d in was] == [
        (STATES.UNKNOWN, Turn.FIRST, 0),
        (STATES.DEFERRED, Turn.USUAL, 1),
        (STATES.PENDING, Turn.USUAL, 0),
        (STATES.UNKNOWN, Turn.LAST, 1),
    ]
    assert await again(stores, NOW + DAY) == was
    # marked or not, not a byte was sent
    taken = await claim(stores, NOW + DAY)
    await offer(stores, taken, NOW + DAY)
    await stores.outbox.release([c.delivery for c in taken], "somebody else")
    assert await stores.outbox.counts() == {"leased": 4}
    await stores.outbox.release([c.delivery for c in taken], LEASE.owner)
    assert await again(stores, NOW + DAY) == was
    assert await stores.outbox.recover(NOW + 2 * DAY) == 0


# What was accepted


async def test_bulk_that_was_accepted_is_counted_by_the_hour(stores: Stores) -> None:
    for n, kind in enumerate((KINDS.ALERT, KINDS.DIGEST, KINDS.LULL)):
        claimed = await mails(stores, 2, kind, f"d{n}.example")
        for _ in range(2):  # written twice it counts once
            at = NOW + n * HOUR
            await record(stores, [(claimed[0].delivery, Sent("250")), (claimed[1].delivery, Refused("550"))], at)
    counted = [await stores.outbox.accepted(NOW + m * MINUTE) for m in (-999, 0, 60, 119, 120, 179, 180)]
    assert counted == [2, 2, 2, 2, 1, 1, 0]


async def test_what_left_after_its_reader_did_counts(stores: Stores) -> None:
    (claimed,) = await mails(stores, 1, KINDS.DIGEST)
    await offer(stores, [claimed])
    await stores.subscribers.end(claimed.subscriber_id, "left", NOW)
    await record(stores, [(claimed.delivery, Sent("250"))])
    assert await stores.outbox.accepted(NOW) == 1


async def test_what_is_counted_is_forgotten_in_time(durable: Stores) -> None:
    claimed = await mails(durable, 1, KINDS.DIGEST)
    await record(durable, [(claimed[0].delivery, Sent("250"))])
    await durable.subscribers.tidy(NOW + booking.HOURS_KEPT - MINUTE)
    assert durable.count("accepted_hour") == 1
    await durable.subscribers.tidy(NOW + booking.HOURS_KEPT)
    assert durable.count("accepted_hour") == 0


# What is late


async def test_an_alert_is_late_until_it_has_left_to_everybody(stores: Stores) -> None:
    claimed = await mails(stores, 4)
    number = claimed[0].number
    assert await stores.outbox.late(NOW) == []
    assert await stores.outbox.late(NOW + SECOND) == [Late(number, 4, NOW)]
    outcomes = (Sent("250"), Refused("550"), Deferred("451"))
    await record(stores, [(c.delivery, o) for c, o in zip(claimed, outcomes, strict=False)])
    assert await stores.outbox.late(NOW + SECOND) == [Late(number, 2, NOW)]
    await stores.subscribers.end(claimed[2].subscriber_id, "left", NOW)
    await record(stores, [(claimed[3].delivery, Sent("250"))])
    assert await stores.outbox.late(NOW + SECOND) == []


async def test_corrections_may_be_late_and_nothing_else(stores: Stores) -> None:
    reader = await confirmed(stores)
    for kind in KINDS:
        await send(stores, reader, kind, kind)
    await send(stores, reader, "later", date=NOW + HOUR)
    late = {found.number for found in await stores.outbox.late(NOW + SECOND)}
    kinds = (KINDS.ALERT, KINDS.ALERT_CORRECTION, KINDS.DIGEST_CORRECTION)
    assert late == {await stores.outbox.number(kind, kind, NOW) for kind in kinds}


async def test_who_may_not_be_mailed_is_not_waited_for(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.pause(reader.id, NOW + DAY, NOW)
    await send(stores, reader, "wrong", KINDS.ALERT_CORRECTION)
    assert await stores.outbox.late(NOW + HOUR) == []
    ((number, readers, since),) = [(f.number, f.readers, f.since) for f in await stores.outbox.late(NOW + DAY)]
    assert (number, readers) == (1, 1)
    assert since >= NOW


# Limits of rate


@pytest.fixture
def limited(durable: Stores) -> Callable[[Limits], Stores]:
    """The same database, with limits."""
    return lambda limits: replace(durable, outbox=OutboxStore(durable.database, KEYRING, "nkwatch.example", limits))


async def test_without_limits_nothing_is_kept(durable: Stores) -> None:
    claimed = await mails(durable, 30, KINDS.DIGEST)
    assert len(await offer(durable, claimed)) == 30
    assert durable.count("rate") == 0


async def test_bulk_waits_for_its_turn_and_each_gets_a_turn_of_its_own(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(total=Rate(1, burst=4)))
    claimed = await mails(stores, 20, KINDS.DIGEST)
    booked = [await stores.outbox.book((), claimed[n : n + 5], NOW, LEASE.owner) for n in range(0, 20, 5)]
    assert booked[0] == Booked(frozenset(c.delivery.id for c in claimed[:4]), frozenset({claimed[4].delivery.id}))
    assert [len(b.offered) for b in booked] == [4, 0, 0, 0]
    later = await again(stores, NOW + DAY)
    assert [d.due_at for d in later] == [NOW + n * SECOND for n in range(1, 17)]
    assert {(d.state, d.attempts) for d in later} == {(STATES.PENDING, 0)}
    # at each turn one may go
    for n in range(1, 5):
        assert len(await offer(stores, await claim(stores, NOW + n * SECOND), NOW + n * SECOND)) == 1


async def test_what_was_put_off_by_the_relay_is_still_so_when_a_limit_puts_it_off(
    limited: Callable[[Limits], Stores],
) -> None:
    stores = limited(Limits(total=Rate(1 / 3600, burst=1)))
    first, second = await mails(stores, 2, KINDS.DIGEST)
    await record(stores, [(second.delivery, Deferred("451 later"))])
    await offer(stores, [first], NOW)
    (tried,) = await claim(stores, NOW + 30 * MINUTE)
    booked = await stores.outbox.book((), [tried], NOW + 30 * MINUTE, LEASE.owner)
    assert booked == Booked(later=frozenset({second.delivery.id}))
    (waits,) = [d for d in await again(stores, NOW + DAY) if d.id == second.delivery.id]
    assert (waits.state, waits.attempts, waits.due_at) == (STATES.DEFERRED, 1, NOW + HOUR)


async def test_domains_have_limits_of_their_own_by_name(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(domain=Rate(1, burst=2), named={"slow.example": Rate(0.1, burst=1)}))
    claimed = await mails(stores, 3, KINDS.DIGEST, "SLOW.example")
    claimed += await mails(stores, 3, KINDS.DIGEST, "a.example")
    claimed += await mails(stores, 3, KINDS.DIGEST, "b.example")
    booked = await stores.outbox.book((), claimed, NOW, LEASE.owner)
    at = {c.delivery.id: c.domain for c in claimed}
    assert sorted(at[i] for i in booked.offered) == ["a.example"] * 2 + ["b.example"] * 2 + ["slow.example"]
    due = {d.id: d.due_at for d in await again(stores, NOW + DAY) if d.id in booked.later}
    slow = sorted(when for i, when in due.items() if at[i] == "slow.example")
    assert slow == [NOW + 10 * SECOND, NOW + 20 * SECOND]
    # who waits for a slow domain keeps nobody else waiting
    assert {when for i, when in due.items() if at[i] != "slow.example"} == {NOW + SECOND}


async def test_names_of_domains_are_not_kept(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(Rate(1), Rate(1)))
    await offer(stores, await mails(stores, 1, KINDS.DIGEST, "secret.example"))
    keys = {row.key for row in stores.rows(select(schema.rate))}
    assert keys == {gates.TOTAL, KEYRING.lookup("@secret.example")}
    assert not [k for k in keys if b"secret" in k]


async def test_what_is_urgent_waits_for_no_limit_and_bulk_waits_for_what_it_took(
    limited: Callable[[Limits], Stores],
) -> None:
    stores = limited(Limits(domain=Rate(1, burst=1)))
    urgent = await mails(stores, 5, KINDS.ALERT) + await mails(stores, 5, KINDS.SETTINGS)
    assert len(await offer(stores, urgent)) >= 6
    (bulk,) = await mails(stores, 1, KINDS.DIGEST)
    booked = await stores.outbox.book((), [bulk], NOW, LEASE.owner)
    assert booked.later == {bulk.delivery.id}


async def test_limits_hold_over_processes(opened: Callable[[], Stores]) -> None:
    limits = Limits(total=Rate(1, burst=3))
    one, other = (
        replace(s, outbox=OutboxStore(s.database, KEYRING, "nkwatch.example", limits)) for s in (opened(), opened())
    )
    claimed = await mails(one, 8, KINDS.DIGEST)
    first = await offer(one, claimed[:2])
    second = await offer(other, claimed[2:])
    assert (len(first), len(second)) == (2, 1)


async def test_who_may_not_go_takes_nothing_from_a_limit(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(total=Rate(1, burst=2)))
    claimed = await mails(stores, 4, KINDS.DIGEST)
    for gone in claimed[:2]:
        await stores.subscribers.end(gone.subscriber_id, "left", NOW)
    booked = await stores.outbox.book((), claimed, NOW, LEASE.owner)
    assert booked == Booked(frozenset(c.delivery.id for c in claimed[2:]))


async def test_a_clock_that_was_set_back_holds_nobody_for_days(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(total=Rate(1, burst=1)))
    one, other = await mails(stores, 2, KINDS.DIGEST)
    await offer(stores, [one])
    await offer(stores, [other])
    before = NOW - 9 * DAY
    await stores.outbox.recover(before)
    await stores.outbox.enqueue(
        Mailing(
            "digest early",
            KINDS.DIGEST,
            before,
            (Addressed((await confirmed(stores, "x@example.org")), composition()),),
        )
    )
    booked = await stores.outbox.book((), await claim(stores, before), before, LEASE.owner)
    assert len(booked.later) == 2
    due = [d.due_at for d in await again(stores, before + gates.FURTHEST)]
    assert due == [before + gates.FURTHEST]


async def test_limits_that_hold_nobody_are_forgotten(limited: Callable[[Limits], Stores]) -> None:
    stores = limited(Limits(total=Rate(1, burst=2), domain=Rate(0.1, burst=2)))
    await offer(stores, await mails(stores, 2, KINDS.DIGEST))
    await stores.subscribers.tidy(NOW + SECOND)
    assert stores.count("rate") == 2
    await stores.subscribers.tidy(NOW + 2 * SECOND)
    assert stores.count("rate") == 1
    await stores.subscribers.tidy(NOW + HOUR)
    assert stores.count("rate") == 0
