"""Who joined, confirmed and left (promise 3); addresses are nowhere to be read (promise 9)."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.engine import make_url

from nkwatch.domain.bulletin import BulletinKind, Mailing, Sent
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Format, Rhythm, Schedule, SignUp, Standing, Wish
from nkwatch.keys import BrokenSeal, Keyring
from nkwatch.store import schema
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW, composition
from tests.store.conftest import Stores

ADDRESS = "secret.reader@example.org"
FORM = SignUp(
    ADDRESS,
    Schedule(Rhythm.MONTHLY, 6, "Asia/Seoul", weekday=4, monthday=31),
    alerts=False,
    language="ko",
    format=Format.TEXT,
    wishes=(Wish(frozenset({"prisons", "women"})), Wish(sources=frozenset({"a"}))),
)
CONSENT = Consent("form, 2026-11-22", NOW)
DAY = timedelta(days=1)
LEASE = Lease("mine", NOW + timedelta(hours=1))


async def confirmed(stores: Stores, address: str = ADDRESS, now: datetime = NOW, **choice: object) -> str:
    """The id of a subscriber who gave consent."""
    sign_up = replace(FORM, address=address, **choice)  # type: ignore[arg-type]
    return (await stores.subscribers.join(sign_up, CONSENT, now))[0]


async def send(stores: Stores, subscriber_id: str, key: str, kind: BulletinKind = BulletinKind.ALERT) -> None:
    """Put a bulletin for this subscriber into the outbox."""
    found = await stores.subscribers.find(subscriber_id)
    await stores.outbox.enqueue(Mailing(key, kind, NOW, ((found[0], composition(key, kind)),)))


async def claim(stores: Stores) -> list[str]:
    """The subjects of what is claimed, long after anything that was put off is due."""
    claimed = await stores.outbox.claim(NOW + 9 * DAY, 99, replace(LEASE, until=NOW + 9 * DAY))
    return [c.composition.subject for c in claimed]


async def test_what_somebody_chose_comes_back(stores: Stores) -> None:
    subscriber_id, standing = await stores.subscribers.join(FORM, None, NOW)
    found, again = await stores.subscribers.find(subscriber_id)
    assert standing is again is Standing.PENDING
    assert (found.id, found.schedule, found.alerts) == (subscriber_id, FORM.schedule, False)
    assert (found.language, found.format, found.wishes) == ("ko", Format.TEXT, FORM.wishes)


async def test_joining_twice_keeps_the_row_and_its_standing(stores: Stores) -> None:
    first = await stores.subscribers.join(FORM, CONSENT, NOW)
    again = await stores.subscribers.join(replace(FORM, language="fr"), None, NOW + DAY)
    assert first == again == (first[0], Standing.CONFIRMED)
    assert (await stores.subscribers.find(first[0]))[0].language == "ko"


async def test_two_who_join_at_once_with_one_address_are_one(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    joined = await asyncio.gather(*(s.subscribers.join(FORM, None, NOW) for s in (one, other) * 4))
    assert one.count("subscriber") == 1
    assert len({i for i, _ in joined}) == 1


async def test_nobody_is_found_by_an_id_that_is_none(stores: Stores) -> None:
    assert await stores.subscribers.find("nobody") is None
    assert not await stores.subscribers.confirm("nobody", CONSENT, NOW)
    assert not await stores.subscribers.end("nobody", "left", NOW)


async def test_only_who_is_pending_can_be_confirmed(stores: Stores) -> None:
    subscriber_id, _ = await stores.subscribers.join(FORM, None, NOW)
    assert await stores.subscribers.confirm(subscriber_id, CONSENT, NOW - DAY)
    assert not await stores.subscribers.confirm(subscriber_id, CONSENT, NOW - 9 * DAY)
    found, standing = await stores.subscribers.find(subscriber_id)
    assert (found.covered_until, standing) == (NOW - DAY, Standing.CONFIRMED)
    await stores.subscribers.end(subscriber_id, "left", NOW)
    assert not await stores.subscribers.confirm(subscriber_id, CONSENT, NOW)
    assert (await stores.subscribers.find(subscriber_id))[1] is Standing.ENDED


async def test_the_consent_is_recorded_with_its_origin_and_instant(durable: Stores) -> None:
    await confirmed(durable)
    pending, _ = await durable.subscribers.join(replace(FORM, address="other@example.org"), None, NOW)
    row = schema.subscriber.c
    consents = select(row.standing, row.consent_origin, row.consent_at).order_by(row.standing)
    assert durable.rows(consents) == [("confirmed", CONSENT.origin, NOW), ("pending", "", None)]
    await durable.subscribers.confirm(pending, Consent("link", NOW + DAY), NOW)
    assert sorted(r.consent_origin for r in durable.rows(consents)) == [CONSENT.origin, "link"]


async def test_leaving_is_done_once_and_its_reason_recorded(durable: Stores) -> None:
    reader = await confirmed(durable)
    assert await durable.subscribers.end(reader, "one click", NOW)
    assert not await durable.subscribers.end(reader, "again", NOW + DAY)
    row = schema.subscriber.c
    assert durable.rows(select(row.standing, row.ended_at, row.end_reason, row.closes_at)) == [
        ("ended", NOW, "one click", None)
    ]


# What leaving does to what is on its way


async def test_leaving_cancels_what_was_not_yet_handed_over(stores: Stores) -> None:
    reader, other = await confirmed(stores), await confirmed(stores, "other@example.org")
    await send(stores, reader, "mine")
    await send(stores, other, "theirs")
    await stores.subscribers.end(reader, "left", NOW)
    assert await stores.outbox.counts() == {"cancelled": 1, "pending": 1}
    assert await claim(stores) == ["theirs"]


async def test_nothing_is_ever_claimed_for_somebody_who_left(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.end(reader, "left", NOW)
    await send(stores, reader, "too late")
    await send(stores, reader, "confirm", BulletinKind.CONFIRMATION)
    assert await claim(stores) == []


async def test_who_is_pending_gets_a_confirmation_and_nothing_else(stores: Stores) -> None:
    reader, _ = await stores.subscribers.join(FORM, None, NOW)
    await send(stores, reader, "alert")
    await send(stores, reader, "digest", BulletinKind.DIGEST)
    await send(stores, reader, "confirm", BulletinKind.CONFIRMATION)
    assert await claim(stores) == ["confirm"]


async def test_what_was_on_its_way_when_somebody_left_is_not_sent_when_they_come_back(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "under way")
    assert await claim(stores) == ["under way"]
    await stores.subscribers.end(reader, "left", NOW)
    # the process that had claimed it died
    await stores.outbox.recover(NOW + 9 * DAY)
    assert await confirmed(stores) == reader
    assert await claim(stores) == []


async def test_what_was_put_off_while_somebody_left_is_not_sent_when_they_come_back(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "put off")
    (claimed,) = await stores.outbox.claim(NOW, 9, LEASE)
    await stores.subscribers.end(reader, "left", NOW)
    await stores.outbox.release([claimed.delivery])
    await confirmed(stores)
    assert await claim(stores) == []


async def test_what_was_handed_over_when_somebody_left_stays_recorded_as_sent(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "under way")
    (claimed,) = await stores.outbox.claim(NOW, 9, LEASE)
    await stores.subscribers.end(reader, "left", NOW)
    await stores.outbox.record([(claimed.delivery, Sent("250"))], NOW)
    assert await stores.outbox.counts() == {"sent": 1}


async def test_who_left_and_joins_again_begins_anew(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.end(reader, "left", NOW)
    later = NOW + 400 * DAY
    anew = SignUp(ADDRESS, Schedule(Rhythm.DAILY), language="fr")
    assert await stores.subscribers.join(anew, None, later) == (reader, Standing.PENDING)
    found, _ = await stores.subscribers.find(reader)
    assert (found.schedule, found.language, found.wishes) == (anew.schedule, "fr", (Wish(),))
    assert found.covered_until > NOW
    assert await stores.subscribers.closing(later + DAY, 9) == []
    assert await stores.subscribers.confirm(reader, CONSENT, later)
    assert [s.id for s in await stores.subscribers.closing(later + DAY, 9)] == [reader]


# Who gets what


async def test_alerts_go_to_who_is_confirmed_and_wants_them_page_by_page(stores: Stores) -> None:
    wanting = [await confirmed(stores, f"r{n}@example.org", alerts=True) for n in range(5)]
    await confirmed(stores, "no@example.org", alerts=False)
    await stores.subscribers.join(SignUp("pending@example.org"), None, NOW)
    left = await confirmed(stores, "left@example.org", alerts=True)
    await stores.subscribers.end(left, "left", NOW)
    found: list[str] = []
    while page := await stores.subscribers.with_alerts(found[-1] if found else "", 2):
        found += [s.id for s in page]
    assert found == sorted(wanting)


async def test_windows_that_have_closed_come_longest_closed_first(stores: Stores) -> None:
    before = NOW - 9 * DAY
    daily = await confirmed(stores, "d@example.org", NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    weekly = await confirmed(stores, "w@example.org", before, schedule=Schedule(Rhythm.WEEKLY, 6, weekday=0))
    await confirmed(stores, "n@example.org", before, schedule=Schedule(Rhythm.NONE))
    await stores.subscribers.join(SignUp("p@example.org"), None, before)
    left = await confirmed(stores, "l@example.org", before)
    await stores.subscribers.end(left, "left", NOW)
    assert [s.id for s in await stores.subscribers.closing(NOW, 9)] == [weekly, daily]
    assert [s.id for s in await stores.subscribers.closing(NOW, 1)] == [weekly]
    assert await stores.subscribers.closing(before, 9) == []


async def test_a_window_that_is_postponed_is_looked_at_later_and_covers_the_same(stores: Stores) -> None:
    reader = await confirmed(stores, now=NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    (before,) = await stores.subscribers.closing(NOW, 9)
    await stores.subscribers.postpone([], NOW + DAY)
    for _ in range(2):
        await stores.subscribers.postpone([reader], NOW + timedelta(minutes=10))
    assert await stores.subscribers.closing(NOW + timedelta(minutes=9), 9) == []
    assert await stores.subscribers.closing(NOW + timedelta(minutes=10), 9) == [before]


async def test_the_operator_may_see_everybody(durable: Stores) -> None:
    reader = await confirmed(durable)
    assert [(s.id, standing, a) for s, standing, a in await durable.subscribers.listing()] == [
        (reader, Standing.CONFIRMED, ADDRESS)
    ]
    assert await durable.subscribers.counts() == {"confirmed": 1}


# Sealing


async def test_an_address_stands_nowhere_in_the_database(durable: Stores, address: str) -> None:
    reader = await confirmed(durable)
    await send(durable, reader, "alert")
    (claimed,) = await durable.outbox.claim(NOW, 9, LEASE)
    assert claimed.address == ADDRESS
    traces = (ADDRESS, ADDRESS.split("@", maxsplit=1)[0], ADDRESS[::-1])
    for table in schema.metadata.sorted_tables:
        stored = "\n".join(repr(tuple(row)) for row in durable.rows(select(table)))
        assert not [t for t in traces if t in stored], table.name
        assert ADDRESS.encode().hex() not in stored
    if path := make_url(address).database:
        _nowhere_in_files(Path(path), traces)


def _nowhere_in_files(path: Path, traces: tuple[str, ...]) -> None:
    """The database file, its log and whatever lies beside it."""
    for file in path.parent.glob(f"{path.name}*"):
        content = file.read_bytes().lower()
        assert not [t for t in traces if t.encode() in content], file.name
        assert not [t for t in traces if t.encode("utf-16-le") in content], file.name


async def test_an_id_tells_nothing_of_the_address(durable: Stores) -> None:
    ids = {await confirmed(durable, f"r{n}@example.org") for n in range(20)}
    assert len(ids) == 20
    assert not [i for i in ids if "example" in i]


async def test_equal_addresses_look_different_and_are_found_all_the_same(durable: Stores) -> None:
    reader = await confirmed(durable)
    row = durable.rows(select(schema.subscriber.c.address, schema.subscriber.c.address_key))[0]
    assert row.address != row.address_key
    assert durable.subscribers.address(row.address, reader) == ADDRESS
    assert await confirmed(durable) == reader


async def test_a_sealed_address_moved_to_another_row_is_refused(durable: Stores) -> None:
    await confirmed(durable)
    other = await confirmed(durable, "other@example.org")
    sealed = durable.rows(select(schema.subscriber.c.address).where(schema.subscriber.c.id != other))[0].address
    with pytest.raises(BrokenSeal, match="secrets file"):
        durable.subscribers.address(sealed, other)


async def test_the_wrong_secrets_open_nothing_and_say_so(durable: Stores) -> None:
    await confirmed(durable)
    stranger = SubscriberStore(durable.database, Keyring({1: b"x" * 32}, current=1))
    with pytest.raises(BrokenSeal, match="secrets file"):
        await stranger.listing()


async def test_a_new_key_loses_nobody(durable: Stores) -> None:
    reader = await confirmed(durable)
    ring = Keyring({1: b"k" * 32, 2: b"n" * 32}, current=2)
    store = SubscriberStore(durable.database, ring)
    assert (await store.join(FORM, None, NOW))[0] == reader
    await store.join(replace(FORM, address="new@example.org"), None, NOW + DAY)
    assert [a for _, _, a in await store.listing()] == [ADDRESS, "new@example.org"]


async def test_a_closing_instant_is_kept_for_who_is_confirmed_only(durable: Stores) -> None:
    pending, _ = await durable.subscribers.join(FORM, None, NOW)
    closes = select(schema.subscriber.c.closes_at)
    assert durable.one(closes) is None
    await durable.subscribers.confirm(pending, CONSENT, NOW)
    # the last day of November, 6:00 in Seoul
    assert durable.one(closes).isoformat() == "2026-11-29T21:00:00+00:00"


def test_the_tables_hold_no_column_for_a_network_address() -> None:
    columns = {c.name for c in schema.subscriber.c}
    assert not [c for c in columns if "ip" in c.split("_") or "agent" in c]


async def test_the_database_is_ready_when_it_says_so(durable: Stores) -> None:
    assert durable.database.is_prepared()
    assert durable.one(text("SELECT 1")) == 1


async def test_consent_that_comes_for_somebody_who_was_asked_confirms_them(stores: Stores) -> None:
    asked, standing = await stores.subscribers.join(FORM, None, NOW)
    assert standing is Standing.PENDING
    assert await stores.subscribers.join(FORM, CONSENT, NOW) == (asked, Standing.CONFIRMED)
    assert [s.id for s in await stores.subscribers.closing(NOW + 9 * DAY, 9)] == [asked]
