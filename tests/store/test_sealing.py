"""Addresses, phrases, words and cases are nowhere to be read (promise 9), and keys can be changed."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select, update

from nkwatch.domain.delivery import Deferred, Refused, Sent
from nkwatch.domain.subscriber import Suppression
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.keys import BrokenSeal, Keyring
from nkwatch.store import schema
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.seals import Seals
from nkwatch.store.subscribers import SubscriberStore
from tests.making import NOW, choice, sign_up
from tests.store.conftest import KEYRING, Stores
from tests.store.people import (
    ADDRESS,
    CONSENT,
    DAY,
    KINDS,
    claim,
    confirmed,
    pending,
    record,
    send,
    subjects,
)

PHRASE, WORD, CASE, MUTED = "heron on blue", "요덕 수용소", "Hong Gil-dong", "missile parade"
#: Longer than any code, so that it can be looked for.
COUNTRY = "Ruritania"
NEW = "new.reader@example.com"
CHOICE = choice(
    phrase=PHRASE,
    country=COUNTRY,
    wishes=(Wish(), Wish(frozenset({"prisons"}), follows=Follows(frozenset({WORD}), frozenset({CASE})))),
    mutes=Mutes(follows=Follows(frozenset({MUTED}))),
)
SLOTS = (("phrase", PHRASE), ("reasons_1", f"your word: {WORD}"))
ROW, SENT = schema.subscriber.c, schema.delivery.c


async def reader_with_everything(stores: Stores):
    """A confirmed reader with a phrase, words, a mail under way and a change of address."""
    reader = (await stores.subscribers.join(replace(sign_up(ADDRESS), choice=CHOICE), CONSENT, NOW)).subscriber
    await stores.subscribers.ask_move(reader.id, NEW, NOW)
    await send(stores, reader, "alert", slots=SLOTS)
    return reader


# Nothing to be read


SECRETS = (ADDRESS, NEW, "suppressed.reader", PHRASE, WORD, CASE, MUTED, COUNTRY, "example.org", "secret.reader")


async def with_secrets(stores: Stores) -> None:
    await reader_with_everything(stores)
    await stores.subscribers.suppress("suppressed.reader@example.net", Suppression.LEFT, NOW)


async def test_what_is_secret_stands_nowhere_in_the_database(durable: Stores) -> None:
    await with_secrets(durable)
    for table in schema.metadata.sorted_tables:
        stored = "\n".join(repr(tuple(row)) for row in durable.rows(select(table)))
        for secret in SECRETS:
            traces = (secret, secret[::-1], ascii(secret)[1:-1], secret.encode().hex())
            found = [t for t in (*traces, repr(secret.encode())[2:-1]) if t in stored]
            assert [f for f in found if (f, table.name) != ("example.org", "delivery")] == [], table.name


async def test_what_is_secret_stands_nowhere_in_its_files(own_file: Stores, tmp_path: Path) -> None:
    await with_secrets(own_file)
    files = [f.read_bytes().lower() for f in tmp_path.glob("nkwatch.db*")]
    assert len(files) >= 1
    for secret in SECRETS:
        for code in ("utf-8", "utf-16-le"):
            assert not [f for f in files if secret.lower().encode(code) in f], secret


async def test_what_is_secret_comes_back_to_who_may_know_it(stores: Stores) -> None:
    reader = await reader_with_everything(stores)
    assert (await stores.subscribers.find(reader.id))[0].choice == CHOICE
    assert [s.choice for s in await stores.subscribers.with_alerts("", 9, NOW)] == [CHOICE]
    (claimed,) = await claim(stores)
    assert (claimed.slots, claimed.address) == (SLOTS, ADDRESS)


async def test_what_is_empty_is_not_sealed(durable: Stores) -> None:
    reader = await confirmed(durable, wishes=(Wish(frozenset({"prisons"})),), mutes=Mutes(sources=frozenset({"b"})))
    await send(durable, reader, "alert")
    assert durable.rows(select(ROW.sealed)) == [(None,)]
    assert durable.rows(select(SENT.slots)) == [(None,)]
    await durable.subscribers.choose(reader.id, CHOICE, NOW)
    assert durable.one(select(ROW.sealed)) is not None
    await durable.subscribers.choose(reader.id, choice(), NOW)
    assert durable.rows(select(ROW.sealed, ROW.mutes)) == [(None, None)]


@pytest.mark.parametrize("end", ["sent", "refused", "left", "paused"])
async def test_personal_lines_are_dropped_once_a_mail_is_done(durable: Stores, end: str) -> None:
    reader = await confirmed(durable)
    await send(durable, reader, "alert", slots=SLOTS)
    (claimed,) = await claim(durable)
    match end:
        case "sent":
            await record(durable, [(claimed.delivery, Sent("250"))])
        case "refused":
            await record(durable, [(claimed.delivery, Refused("550"))])
        case "left":
            await durable.subscribers.end(reader.id, "left", NOW)
        case "paused":
            await durable.subscribers.pause(reader.id, NOW + DAY, NOW)
    assert durable.rows(select(SENT.slots)) == [(None,)]


async def test_a_mail_that_is_put_off_keeps_its_personal_lines(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "alert", slots=SLOTS)
    (claimed,) = await claim(stores)
    await record(stores, [(claimed.delivery, Deferred("451"))])
    assert [c.slots for c in await claim(stores, NOW + DAY)] == [SLOTS]


# Seals hold only where they were made


@pytest.mark.parametrize("column", ["address", "sealed"])
async def test_a_seal_moved_to_another_row_is_refused(durable: Stores, column: str) -> None:
    reader = await confirmed(durable, phrase=PHRASE)
    other = await confirmed(durable, "other@example.org", phrase="other phrase")
    stolen = durable.one(select(ROW[column]).where(ROW.id == reader.id))
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.subscriber).where(ROW.id == other.id).values({column: stolen}))
    with pytest.raises(BrokenSeal, match="secrets file") as wrong:
        await durable.subscribers.own(other.id)
    assert not [s for s in (ADDRESS, PHRASE) if s in str(wrong.value)]


async def test_lines_moved_to_another_mail_are_refused(durable: Stores) -> None:
    reader = await confirmed(durable)
    await send(durable, reader, "one", slots=SLOTS)
    await send(durable, reader, "two", slots=(("phrase", "other"),))
    stolen = durable.rows(select(SENT.slots).order_by(SENT.id))[0].slots
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.delivery).values(slots=stolen))
    with pytest.raises(BrokenSeal, match="slots:"):
        await claim(durable)


async def test_the_wrong_secrets_open_nothing_and_say_so(durable: Stores) -> None:
    await confirmed(durable)
    stranger = SubscriberStore(durable.database, Keyring({1: b"x" * 32}, current=1))
    assert await stranger.find_address(ADDRESS) is None
    with pytest.raises(BrokenSeal, match="secrets file"):
        await stranger.everybody()


async def test_equal_addresses_look_different(durable: Stores) -> None:
    reader = await confirmed(durable)
    first = durable.one(select(ROW.address))
    await durable.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    await pending(durable)
    assert durable.one(select(ROW.address)) != first


def test_what_is_secret_is_in_no_representation() -> None:
    joined = repr(sign_up(ADDRESS, phrase=PHRASE))
    assert not [s for s in (ADDRESS, PHRASE) if s in joined]
    assert "kkkk" not in repr(Seals(Keyring({1: b"k" * 32}, current=1)))


# Another key


@pytest.fixture
def newer(durable: Stores) -> Stores:
    """The same database, seen with one more key that is current."""
    ring = Keyring({**KEYRING.masters, 2: b"n" * 32}, current=2)
    subscribers = SubscriberStore(durable.database, ring)
    outbox = OutboxStore(durable.database, ring, "nkwatch.example")
    return replace(durable, subscribers=subscribers, outbox=outbox)


def only_the_new(durable: Stores) -> Stores:
    """The same database, seen with the new key alone."""
    ring = Keyring({2: b"n" * 32}, current=2)
    subscribers = SubscriberStore(durable.database, ring)
    return replace(durable, subscribers=subscribers, outbox=OutboxStore(durable.database, ring, "nkwatch.example"))


async def test_a_new_key_loses_nobody(durable: Stores, newer: Stores) -> None:
    reader = await reader_with_everything(durable)
    assert (await newer.subscribers.join(sign_up(ADDRESS), None, NOW)).subscriber.id == reader.id
    await newer.subscribers.join(sign_up("other@example.org"), None, NOW + DAY)
    assert [o.address for o in await newer.subscribers.everybody()] == [ADDRESS, "other@example.org"]
    assert await newer.subscribers.joined_since("who@example.org", NOW) == 2
    assert (await newer.subscribers.find(reader.id))[0].choice == CHOICE
    assert [c.slots for c in await claim(newer)] == [SLOTS]


@pytest.mark.parametrize("limit", [1, 2, 500])
async def test_everything_can_be_moved_to_a_new_key_step_by_step(durable: Stores, newer: Stores, limit: int) -> None:
    reader = await reader_with_everything(durable)
    others = [await confirmed(durable, f"r{n}@example.org") for n in range(3)]
    await send(durable, reader, "link", KINDS.MOVE_NEW, slots=SLOTS)
    await durable.subscribers.suppress("gone@example.org", Suppression.ERASED, NOW)
    steps = []
    while moved := await newer.subscribers.reseal(limit):
        steps.append(moved)
    assert max(steps) <= limit
    # four readers, one change of address, two mails under way
    assert sum(steps) == 7
    alone = only_the_new(durable)
    assert {o.address for o in await alone.subscribers.everybody()} == {
        ADDRESS,
        *(f"r{n}@example.org" for n in range(3)),
    }
    assert await alone.subscribers.find_address(ADDRESS) == reader.id
    assert (await alone.subscribers.find(reader.id))[0].choice == CHOICE
    assert {(c.address, c.slots) for c in await claim(alone)} == {(ADDRESS, SLOTS), (NEW, SLOTS)}
    for side in (KINDS.MOVE_OLD, KINDS.MOVE_NEW):
        await alone.subscribers.confirm_move(reader.id, side, NOW)
    assert await alone.subscribers.find_address(NEW) == reader.id
    assert len(others) == 3
    # of who was erased nothing is known that could be hashed anew: the old key stays in the ring
    assert await alone.subscribers.suppression("gone@example.org") is None
    assert await newer.subscribers.suppression("gone@example.org") == (Suppression.ERASED, NOW)


async def test_what_is_under_the_current_key_is_left_alone(durable: Stores) -> None:
    await reader_with_everything(durable)
    before = [durable.rows(t.select()) for t in schema.metadata.sorted_tables]
    assert await durable.subscribers.reseal(99) == 0
    assert [durable.rows(t.select()) for t in schema.metadata.sorted_tables] == before


async def test_a_mail_that_is_done_is_not_moved(durable: Stores, newer: Stores) -> None:
    reader = await confirmed(durable)
    await send(durable, reader, "alert", slots=SLOTS)
    (claimed,) = await claim(durable)
    await record(durable, [(claimed.delivery, Sent("250"))])
    assert await newer.subscribers.reseal(99) == 1
    assert await subjects(newer) == []


async def test_a_suppressed_target_of_a_move_stays_suppressed_under_a_new_key(durable: Stores, newer: Stores) -> None:
    reader = await confirmed(durable)
    await durable.subscribers.suppress(NEW, Suppression.COMPLAINED, NOW)
    await pending(durable, NEW)
    await durable.subscribers.ask_move(reader.id, NEW, NOW)
    await send(durable, reader, "move", KINDS.MOVE_NEW)
    for _ in range(9):
        await newer.subscribers.reseal(1)
        assert await claim(durable) == []
    assert (await only_the_new(durable).subscribers.suppression(NEW))[0] is Suppression.COMPLAINED
