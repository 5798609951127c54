"""The ways out: in force at once, and in the end nothing is kept but a keyed hash."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from nkwatch.domain.delivery import Booked, Deferred, Refused, Sent, Unknown
from nkwatch.domain.retention import DELIVERIES, ENDED, MOVES, UNCONFIRMED
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, Standing, Suppression, Tidied
from nkwatch.store import leaving, schema
from tests.making import NOW, delivery, sign_up
from tests.store.conftest import Stores, open_stores
from tests.store.people import (
    ADDRESS,
    CONSENT,
    DAY,
    KINDS,
    LEASE,
    claim,
    confirmed,
    offer,
    pending,
    record,
    send,
    subjects,
)

MOMENT = timedelta(microseconds=1)
PERSONAL = [k for k in KINDS if k.personal]


async def test_leaving_is_done_once_and_its_reason_recorded(stores: Stores) -> None:
    reader = (await confirmed(stores)).id
    assert await stores.subscribers.end(reader, "one click", NOW)
    assert not await stores.subscribers.end(reader, "again", NOW + DAY)
    own = await stores.subscribers.own(reader)
    assert (own.standing, own.ended_at, own.end_reason) == (Standing.ENDED, NOW, "one click")


async def test_leaving_cancels_what_was_not_yet_handed_over(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    await send(stores, reader, "mine")
    await send(stores, other, "theirs")
    await stores.subscribers.end(reader.id, "left", NOW)
    assert await stores.outbox.counts() == {"cancelled": 1, "pending": 1}
    assert await subjects(stores) == ["theirs"]


async def test_nothing_is_ever_claimed_for_somebody_who_left(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    for kind in KINDS:
        await send(stores, reader, f"too late {kind}", kind)
    assert await claim(stores) == []


async def test_what_was_on_its_way_when_somebody_left_is_not_sent_when_they_come_back(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "under way")
    assert await subjects(stores) == ["under way"]
    await stores.subscribers.end(reader.id, "left", NOW)
    # the process that had claimed it died
    await stores.outbox.recover(NOW + 9 * DAY)
    assert (await confirmed(stores, now=NOW + DAY)).id == reader.id
    assert await claim(stores, NOW + 9 * DAY) == []


async def test_what_was_put_off_while_somebody_left_is_not_sent_when_they_come_back(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "put off")
    (claimed,) = await claim(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    await stores.outbox.release([claimed.delivery], LEASE.owner)
    await confirmed(stores, now=NOW + DAY)
    assert await claim(stores, NOW + 9 * DAY) == []


async def test_what_was_handed_over_when_somebody_left_stays_recorded_as_sent(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "under way")
    (claimed,) = await claim(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    await record(stores, [(claimed.delivery, Sent("250"))])
    assert await stores.outbox.counts() == {"sent": 1}


@pytest.mark.parametrize("outcome", [Deferred("451 later"), Refused("550 gone"), Unknown("silent")])
async def test_what_failed_after_somebody_left_stays_cancelled(
    stores: Stores, outcome: Deferred | Refused | Unknown
) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "under way")
    (claimed,) = await claim(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    await record(stores, [(claimed.delivery, outcome)])
    assert await stores.outbox.counts() == {"cancelled": 1}


async def test_a_claimed_mail_may_go_until_its_reader_leaves_pauses_or_is_erased(stores: Stores) -> None:
    readers = [await confirmed(stores, f"r{n}@example.org") for n in range(4)]
    for reader in readers:
        await send(stores, reader, "alert")
    claimed = await claim(stores)
    assert await offer(stores, claimed) == {c.delivery.id for c in claimed}
    await stores.subscribers.end(readers[0].id, "left", NOW)
    await stores.subscribers.pause(readers[1].id, NOW + DAY, NOW)
    await stores.subscribers.erase(readers[2].id, Suppression.ERASED, NOW)
    assert await offer(stores, claimed) == {c.delivery.id for c in claimed if c.subscriber_id == readers[3].id}


async def test_who_leaves_while_the_mail_before_is_answered_gets_nothing_more(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    for one in (reader, other):
        await send(stores, one, "alert")
    first, second = await claim(stores)
    await offer(stores, [first])
    await stores.subscribers.end(second.subscriber_id, "left", NOW)
    booked = await stores.outbox.book([(first.delivery, Sent("250"))], [second], NOW, LEASE.owner)
    assert booked == Booked()
    assert await stores.outbox.counts() == {"sent": 1, "cancelled": 1}


async def test_who_books_in_a_database_that_fails_is_told(tmp_path: Path) -> None:
    stores = open_stores(f"sqlite:///{tmp_path}/none.db")
    with pytest.raises(OperationalError):
        await stores.outbox.book([(delivery(), Sent("250"))], (), NOW, LEASE.owner)
    stores.database.close()


async def test_who_leaves_takes_back_a_change_of_address(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.ask_move(reader.id, "new@example.org", NOW)
    await stores.subscribers.end(reader.id, "left", NOW)
    assert await stores.subscribers.confirm_move(reader.id, KINDS.MOVE_OLD, NOW) is None


# Erasing


async def everything(stores: Stores, reader_id: str) -> None:
    """Mails of every kind, done and not, and a change of address."""
    reader = (await stores.subscribers.find(reader_id))[0]
    for kind in KINDS:
        await send(stores, reader, kind, kind, slots=(("phrase", "blue heron"),))
    await stores.subscribers.ask_move(reader_id, "new@example.org", NOW)
    (first, *_) = await claim(stores)
    await record(stores, [(first.delivery, Sent("250"))])


async def test_erasing_leaves_nothing_but_the_keyed_hash(durable: Stores) -> None:
    reader = await confirmed(durable, phrase="blue heron")
    await everything(durable, reader.id)
    assert await durable.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    assert not await durable.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    assert [durable.count(t) for t in ("subscriber", "delivery", "move", "suppression")] == [0, 0, 0, 1]
    # of the bulletins only those remain that others may have got too
    kept = sorted(k for k in KINDS if not k.personal)
    assert sorted(r.kind for r in durable.rows(schema.bulletin.select())) == kept
    for table in schema.metadata.sorted_tables:
        assert reader.id not in repr([tuple(row) for row in durable.rows(table.select())]), table.name
    assert await durable.subscribers.suppression(ADDRESS) == (Suppression.ERASED, NOW)


async def test_erasing_one_leaves_the_others_as_they_are(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    await everything(stores, reader.id)
    await send(stores, other, "theirs")
    await stores.subscribers.erase(reader.id, Suppression.COMPLAINED, NOW)
    assert await stores.subscribers.own(other.id) is not None
    assert await stores.outbox.counts() == {"pending": 1}
    assert await subjects(stores) == ["theirs"]


async def test_what_is_in_flight_while_its_reader_is_erased_breaks_nothing(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    for one in (reader, other):
        await send(stores, one, "alert")
    claimed = await claim(stores)
    await stores.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    outcomes = (Sent("250"), Refused("550"), Deferred("451"))
    for outcome in outcomes:
        await record(stores, [(c.delivery, outcome) for c in claimed])
    await stores.outbox.release([c.delivery for c in claimed], LEASE.owner)
    assert await stores.outbox.counts() == {"sent": 1}


async def test_a_bulletin_written_for_somebody_erased_meanwhile_reaches_the_others(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    await stores.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    assert await send(stores, reader, "gone") == 0
    assert await send(stores, other, "there") == 1


async def test_nobody_is_erased_by_an_id_that_is_none(stores: Stores) -> None:
    assert not await stores.subscribers.erase("nobody", Suppression.ERASED, NOW)


# Suppressed addresses


async def test_an_address_that_is_suppressed_for_good_ends_its_subscription(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "alert")
    await stores.subscribers.suppress(ADDRESS, Suppression.BOUNCED, NOW)
    assert (await stores.subscribers.find(reader.id))[1] is Standing.ENDED
    assert await claim(stores) == []


async def test_somebody_who_left_another_list_leaves_unless_they_came_later(stores: Stores) -> None:
    before = await confirmed(stores, "before@example.org", NOW - DAY)
    after = await confirmed(stores, "after@example.org", NOW + DAY)
    asked = await pending(stores, "asked@example.org")
    for name in ("before", "after", "asked"):
        await stores.subscribers.suppress(f"{name}@example.org", Suppression.LEFT, NOW)
    standings = [(await stores.subscribers.find(r.id))[1] for r in (before, after, asked)]
    assert standings == [Standing.ENDED, Standing.CONFIRMED, Standing.PENDING]
    assert await stores.subscribers.suppression("after@example.org") is None
    assert await subjects(stores) == ["confirm"]


async def test_what_is_suppressed_for_good_is_not_softened(stores: Stores) -> None:
    for why in (Suppression.LEFT, Suppression.COMPLAINED, Suppression.LEFT):
        await stores.subscribers.suppress(ADDRESS, why, NOW)
    assert (await stores.subscribers.suppression(ADDRESS))[0] is Suppression.COMPLAINED
    await stores.subscribers.suppress(ADDRESS, Suppression.ERASED, NOW + DAY)
    assert await stores.subscribers.suppression(ADDRESS) == (Suppression.ERASED, NOW + DAY)


async def test_an_address_may_be_allowed_again(stores: Stores) -> None:
    assert not await stores.subscribers.allow(ADDRESS, NOW)
    await stores.subscribers.suppress(ADDRESS, Suppression.BOUNCED, NOW)
    reader = await pending(stores)
    assert await stores.subscribers.allow(ADDRESS, NOW)
    assert await stores.subscribers.suppression(ADDRESS) is None
    assert [c.subscriber_id for c in await claim(stores)] == [reader.id]


# What is kept no longer


async def test_who_does_not_confirm_is_erased_after_48_hours_without_a_trace(durable: Stores) -> None:
    await pending(durable)
    assert await durable.subscribers.tidy(NOW + UNCONFIRMED - MOMENT) == Tidied()
    assert await durable.subscribers.tidy(NOW + UNCONFIRMED) == Tidied(unconfirmed=1)
    assert [durable.count(t) for t in ("subscriber", "delivery", "bulletin", "suppression")] == [0, 0, 0, 0]


async def test_who_is_asked_again_is_kept_longer(stores: Stores) -> None:
    reader = await pending(stores)
    await stores.subscribers.join(sign_up(ADDRESS), None, NOW + DAY)
    assert await stores.subscribers.tidy(NOW + UNCONFIRMED) == Tidied()
    assert await stores.subscribers.tidy(NOW + DAY + UNCONFIRMED) == Tidied(unconfirmed=1)
    assert await stores.subscribers.find(reader.id) is None


async def test_who_is_asked_later_than_they_joined_gets_48_hours_from_then(stores: Stores) -> None:
    joined = await stores.subscribers.join(sign_up(ADDRESS), None, NOW)
    put_off = NOW + 5 * DAY
    await send(stores, joined.subscriber, "confirm", KINDS.CONFIRMATION, due_at=put_off)
    assert await claim(stores, put_off - MOMENT) == []
    assert await stores.subscribers.tidy(put_off) == Tidied()
    (claimed,) = await claim(stores, put_off)
    assert claimed.delivery.date == put_off
    assert await stores.subscribers.tidy(put_off + UNCONFIRMED - MOMENT) == Tidied()
    assert await stores.subscribers.tidy(put_off + UNCONFIRMED) == Tidied(unconfirmed=1)


async def test_a_suppressed_address_is_forgotten_again_with_the_unconfirmed_and_stays_suppressed(
    stores: Stores,
) -> None:
    await stores.subscribers.suppress(ADDRESS, Suppression.ERASED, NOW)
    await pending(stores)
    assert await stores.subscribers.tidy(NOW + UNCONFIRMED) == Tidied(unconfirmed=1)
    assert await stores.subscribers.suppression(ADDRESS) == (Suppression.ERASED, NOW)


async def test_who_left_is_erased_after_30_days_and_is_not_imported_again(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "alert")
    await stores.subscribers.end(reader.id, "left", NOW)
    assert await stores.subscribers.tidy(NOW + ENDED - MOMENT) == Tidied()
    assert await stores.subscribers.tidy(NOW + ENDED) == Tidied(ended=1)
    assert await stores.subscribers.find(reader.id) is None
    assert await stores.outbox.counts() == {}
    assert await stores.subscribers.suppression(ADDRESS) == (Suppression.LEFT, NOW)
    joined = await stores.subscribers.join(sign_up(ADDRESS), CONSENT, NOW + ENDED)
    assert joined.suppression is Suppression.LEFT
    # by their own hand they may come back
    anew = await pending(stores, now=NOW + ENDED)
    assert anew.id != reader.id
    assert await subjects(stores, NOW + ENDED) == ["confirm"]


async def test_who_complained_and_then_is_forgotten_stays_suppressed_for_good(stores: Stores) -> None:
    await confirmed(stores)
    await stores.subscribers.suppress(ADDRESS, Suppression.COMPLAINED, NOW)
    await stores.subscribers.tidy(NOW + ENDED)
    assert (await stores.subscribers.suppression(ADDRESS))[0] is Suppression.COMPLAINED


async def test_a_change_of_address_that_nobody_confirms_is_forgotten(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.ask_move(reader.id, "new@example.org", NOW)
    assert await stores.subscribers.tidy(NOW + MOVES - MOMENT) == Tidied()
    assert await stores.subscribers.tidy(NOW + MOVES) == Tidied(moves=1)
    assert await stores.subscribers.confirm_move(reader.id, KINDS.MOVE_OLD, NOW) is None


async def test_who_got_what_is_forgotten_after_180_days_and_the_bulletins_stay(durable: Stores) -> None:
    reader = await confirmed(durable, schedule=Schedule(Rhythm.NONE))
    for kind in KINDS:
        await send(durable, reader, kind, kind)
    await send(durable, reader, "newer", date=NOW + DAY)
    assert await durable.subscribers.tidy(NOW + DELIVERIES - MOMENT) == Tidied()
    assert await durable.subscribers.tidy(NOW + DELIVERIES) == Tidied(deliveries=len(KINDS))
    assert durable.count("delivery") == 1
    kept = ["alert", *(k for k in KINDS if not k.personal)]
    assert sorted(r.kind for r in durable.rows(schema.bulletin.select())) == sorted(kept)


@pytest.mark.parametrize("count", [1, 2, 3, 5])
async def test_more_than_fits_into_one_batch_is_erased_in_one_round(
    stores: Stores, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leaving, "BATCH", 2)
    for n in range(count):
        await pending(stores, f"p{n}@example.org")
        left = await confirmed(stores, f"l{n}@example.org")
        await stores.subscribers.end(left.id, "left", NOW)
        await send(stores, await confirmed(stores, f"c{n}@example.org"), "old")
    assert await stores.subscribers.tidy(NOW + DELIVERIES) == Tidied(count, count, 0, count)
    assert await stores.subscribers.counts() == {"confirmed": count}


async def test_who_is_confirmed_is_never_erased_by_time(stores: Stores) -> None:
    reader = await confirmed(stores)
    asked = await pending(stores, "other@example.org")
    await stores.subscribers.confirm(asked.id, Consent("link", NOW), NOW)
    await stores.subscribers.tidy(NOW + 9_999 * DAY)
    assert {o.subscriber.id for o in await stores.subscribers.everybody()} == {reader.id, asked.id}
