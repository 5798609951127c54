"""Sessions and what works once: found by a secret of which only a keyed hash is kept."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from nkwatch.domain.passkey import IDLE, LONGEST, Passkey, Session
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.passkeys import PasskeyStore
from nkwatch.store.sessions import SessionStore
from tests.making import NOW
from tests.store.conftest import KEYRING, Stores

MINUTE = timedelta(minutes=1)
SECRET, OTHER = "5ec7e7" * 10, "07he7" * 12
SOON = NOW + 10 * MINUTE


@pytest.fixture
async def sessions(durable: Stores) -> SessionStore:
    """With a key of Ann's, whose number is 1."""
    await PasskeyStore(durable.database).add(Passkey("ann", b"c", b"p", b"h", "phone", NOW))
    return SessionStore(durable.database, KEYRING)


async def test_a_session_is_found_by_its_name_until_it_ends_by_itself(sessions: SessionStore) -> None:
    await sessions.begin(SECRET, Session("Ann", 1, NOW, NOW))
    assert await sessions.seen(SECRET, NOW) == Session("ann", 1, NOW, NOW)
    assert await sessions.seen(OTHER, NOW) is None
    assert await sessions.seen(SECRET, NOW + IDLE) is None


async def test_who_keeps_using_a_session_keeps_it_for_twelve_hours(sessions: SessionStore) -> None:
    await sessions.begin(SECRET, Session("Ann", 1, NOW, NOW))
    step = 29 * MINUTE
    now = NOW
    while now + step < NOW + LONGEST:
        now += step
        assert await sessions.seen(SECRET, now) is not None
    assert await sessions.seen(SECRET, NOW + LONGEST) is None


async def test_a_session_that_was_ended_is_gone(sessions: SessionStore) -> None:
    for name in (SECRET, OTHER):
        await sessions.begin(name, Session("Ann", 1, NOW, NOW))
    await sessions.end(SECRET)
    assert await sessions.seen(SECRET, NOW) is None
    assert await sessions.end_all("ANN") == 1
    assert await sessions.seen(OTHER, NOW) is None


async def test_what_has_ended_is_forgotten(durable: Stores, sessions: SessionStore) -> None:
    await sessions.begin(SECRET, Session("Ann", 1, NOW, NOW))
    later = NOW + IDLE
    await sessions.begin(OTHER, Session("Ann", 1, later, later))
    assert durable.count("desk_session") == 1
    await sessions.issue("link", SECRET, NOW, SOON, editor="Ann")
    await sessions.issue("link", OTHER, SOON, SOON + MINUTE)
    assert durable.count("desk_ticket") == 1


async def test_a_ticket_is_spent_once_by_its_holder_before_its_time(sessions: SessionStore) -> None:
    await sessions.issue("link", SECRET, NOW, SOON, holder="mine", editor="Ann")
    assert await sessions.works("link", SECRET, NOW, holder="mine") == "ann"
    for purpose, secret, now, holder in (
        ("permit", SECRET, NOW, "mine"),
        ("link", OTHER, NOW, "mine"),
        ("link", SECRET, SOON, "mine"),
        ("link", SECRET, NOW, "another"),
        ("link", SECRET, NOW, ""),
    ):
        assert await sessions.works(purpose, secret, now, holder=holder) is None
        assert await sessions.spend(purpose, secret, now, holder=holder) is None
    assert await sessions.spend("link", SECRET, NOW, holder="mine") == "ann"
    assert await sessions.spend("link", SECRET, NOW, holder="mine") is None


async def test_of_many_who_spend_a_ticket_at_once_one_does(sessions: SessionStore) -> None:
    await sessions.issue("challenge", SECRET, NOW, SOON, holder="mine")
    spent = await asyncio.gather(*(sessions.spend("challenge", SECRET, NOW, holder="mine") for _ in range(6)))
    assert sorted(s is None for s in spent) == [False, *[True] * 5]


async def test_a_ticket_without_a_holder_is_anybodys_and_one_for_nobody_is_nobodys(sessions: SessionStore) -> None:
    await sessions.issue("link", SECRET, NOW, SOON)
    assert await sessions.spend("link", SECRET, NOW, holder="") == ""
    await sessions.issue("link", SECRET, NOW, SOON, holder="")
    assert await sessions.spend("link", SECRET, NOW, holder="") is None


async def test_no_secret_stands_in_the_database(durable: Stores, sessions: SessionStore) -> None:
    await sessions.begin(SECRET, Session("Ann", 1, NOW, NOW))
    await sessions.issue("link", SECRET, NOW, SOON, holder=OTHER, editor="Ann")
    kept = [*durable.rows(select(schema.desk_session)), *durable.rows(select(schema.desk_ticket))]
    assert SECRET not in repr(kept)
    assert OTHER not in repr(kept)


async def test_what_was_made_with_an_older_key_still_works(durable: Stores, sessions: SessionStore) -> None:
    await sessions.begin(SECRET, Session("Ann", 1, NOW, NOW))
    await sessions.issue("link", SECRET, NOW, SOON, holder=OTHER)
    newer = SessionStore(durable.database, Keyring({1: b"k" * 32, 2: b"n" * 32}, current=2))
    assert await newer.seen(SECRET, NOW) is not None
    assert await newer.spend("link", SECRET, NOW, holder=OTHER) == ""
    stranger = SessionStore(durable.database, Keyring({2: b"n" * 32}, current=2))
    assert await stranger.seen(SECRET, NOW) is None
