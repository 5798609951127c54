"""Passkeys are kept for one editor each, and the last one may be kept from being removed."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.passkey import Passkey, Session
from nkwatch.store.passkeys import PasskeyStore
from nkwatch.store.sessions import SessionStore
from tests.making import NOW
from tests.store.conftest import KEYRING, Stores

LATER = NOW + timedelta(hours=1)


def passkey(credential: bytes = b"one", editor: str = "Ann", **fields) -> Passkey:
    return Passkey(editor, credential, b"public", b"handle", "phone", NOW, **fields)


@pytest.fixture
def keys(durable: Stores) -> PasskeyStore:
    return PasskeyStore(durable.database)


async def test_what_was_kept_is_found_by_editor_and_by_credential(keys: PasskeyStore) -> None:
    assert await keys.add(passkey(synced=True))
    assert await keys.add(passkey(b"two", "Ben"))
    (found,) = await keys.of(" ANN ")
    assert found == replace(passkey(synced=True), editor="ann", id=found.id)
    assert await keys.find(b"one") == found
    assert await keys.find(b"three") is None
    assert [k.editor for k in await keys.all()] == ["ann", "ben"]


async def test_a_credential_is_one_editors_alone(keys: PasskeyStore) -> None:
    assert await keys.add(passkey())
    assert not await keys.add(passkey(editor="Ben"))
    assert await keys.of("Ben") == []


async def test_of_two_signatures_with_one_count_one_is_taken(keys: PasskeyStore) -> None:
    await keys.add(passkey(sign_count=3))
    (key,) = await keys.of("Ann")
    taken = await asyncio.gather(*(keys.used(key, 4, LATER) for _ in range(4)))
    assert sorted(taken) == [False, False, False, True]
    (used,) = await keys.of("Ann")
    assert (used.sign_count, used.used_at) == (4, LATER)
    assert not await keys.used(key, 0, LATER)


async def test_a_key_that_does_not_count_is_taken_each_time(keys: PasskeyStore) -> None:
    await keys.add(passkey())
    (key,) = await keys.of("Ann")
    assert [await keys.used(key, 0, LATER) for _ in range(2)] == [True, True]
    assert await keys.remove("Ann") == 1
    assert not await keys.used(key, 0, LATER)


async def test_the_last_key_stays_where_it_is_to_stay_however_many_ask_at_once(keys: PasskeyStore) -> None:
    for name in (b"1", b"2", b"3"):
        await keys.add(passkey(name))
    mine = await keys.of("Ann")
    removed = await asyncio.gather(*(keys.remove("Ann", k.id, keep_one=True) for k in mine))
    assert sorted(removed) == [0, 1, 1]
    (left,) = await keys.of("Ann")
    assert await keys.remove("Ann", left.id) == 1


async def test_nobody_removes_a_key_of_somebody_else(keys: PasskeyStore) -> None:
    await keys.add(passkey())
    (key,) = await keys.of("Ann")
    assert await keys.remove("Ben", key.id) == 0
    assert await keys.remove("Ben") == 0
    assert await keys.of("Ann") == [key]


async def test_sessions_end_with_the_key_that_began_them(durable: Stores, keys: PasskeyStore) -> None:
    sessions = SessionStore(durable.database, KEYRING)
    await keys.add(passkey())
    await keys.add(passkey(b"two"))
    first, second = await keys.of("Ann")
    await sessions.begin("aa", Session("Ann", first.id, NOW, NOW))
    await sessions.begin("bb", Session("Ann", second.id, NOW, NOW))
    assert await keys.remove("Ann", first.id, keep_one=True) == 1
    assert await sessions.seen("aa", NOW) is None
    assert await sessions.seen("bb", NOW) is not None
