"""The audit in a database: one chain whoever writes, and whoever meddles with it is found out."""

import asyncio
from collections.abc import Callable

import pytest
from sqlalchemy import delete, select, update

from nkwatch.domain.audit import Deed
from nkwatch.keys import Keyring
from nkwatch.store import audit as auditing
from nkwatch.store import schema
from nkwatch.store.audit import AuditStore
from tests.making import NOW
from tests.store.conftest import KEYRING, Stores

AUDIT, END = schema.audit.c, schema.audit_end.c


def deed(thing: str = "s1") -> Deed:
    return Deed("Ann", "release", thing, NOW, {"alert": "held"}, {"alert": "released", "words": "북한"})


@pytest.fixture
async def written(durable: Stores) -> AuditStore:
    """Four rows."""
    store = AuditStore(durable.database, KEYRING)
    for n in range(4):
        await store.write(deed(f"s{n}"))
    return store


async def test_what_was_done_is_told_the_last_first(written: AuditStore) -> None:
    assert [(r.number, r.thing) for r in await written.newest(2)] == [(4, "s3"), (3, "s2")]
    assert [r.number for r in await written.newest(9, before=3)] == [2, 1]
    verdict = await written.verify()
    assert (verdict.rows, verdict.end.number, verdict.problems) == (4, 4, ())


async def test_an_audit_that_was_never_written_to_is_whole(durable: Stores) -> None:
    assert (await AuditStore(durable.database, KEYRING).verify()).problems == ()


async def test_writers_of_several_processes_make_one_chain(opened: Callable[[], Stores]) -> None:
    stores = [AuditStore(opened().database, KEYRING) for _ in range(4)]
    made = await asyncio.gather(*(s.write(deed(f"{n}/{i}")) for i in range(10) for n, s in enumerate(stores)))
    assert sorted(r.number for r in made) == list(range(1, 41))
    verdict = await stores[0].verify()
    assert (verdict.rows, verdict.problems) == (40, ())


@pytest.mark.parametrize(
    ("meddling", "problem"),
    [
        (update(schema.audit).where(AUDIT.number == 2).values(editor="Ben"), "row 2 is not as it was written"),
        (delete(schema.audit).where(AUDIT.number == 2), "rows 2 to 2 are missing"),
        (delete(schema.audit).where(AUDIT.number == 1), "rows 1 to 1 are missing"),
        (delete(schema.audit).where(AUDIT.number > 2), "the rows end with number 2, and the last one written was 4"),
        (delete(schema.audit), "the rows end with number 0, and the last one written was 4"),
        (delete(schema.audit_end), "nothing says where the rows end"),
        (update(schema.audit_end).values(number=3), "nothing says where the rows end"),
    ],
)
async def test_whoever_meddles_with_it_is_found_out(durable: Stores, written: AuditStore, meddling, problem) -> None:
    with durable.database.engine.begin() as connection:
        connection.execute(meddling)
    verdict = await written.verify()
    assert verdict.problems[0].startswith(problem)


async def test_an_end_that_somebody_else_sealed_is_none(durable: Stores, written: AuditStore) -> None:
    stranger = AuditStore(durable.database, Keyring({1: b"x" * 32}, current=1))
    assert len((await stranger.verify()).problems) == 1
    rotated = AuditStore(durable.database, Keyring({1: b"k" * 32, 2: b"n" * 32}, current=2))
    assert (await rotated.verify()).problems == ()
    await rotated.write(deed())
    assert (await rotated.verify()).problems == ()


async def test_more_rows_than_are_read_at_a_time_are_all_looked_at(durable: Stores, monkeypatch) -> None:
    monkeypatch.setattr(auditing, "PAGE", 2)
    store = AuditStore(durable.database, KEYRING)
    for n in range(5):
        await store.write(deed(f"s{n}"))
    assert (await store.verify()).rows == 5


async def test_rows_are_as_they_were_given(durable: Stores, written: AuditStore) -> None:
    (kept, *_) = durable.rows(select(schema.audit).where(AUDIT.number == 1))
    assert (kept.before, kept.after) == ('{"alert":"held"}', '{"alert":"released","words":"북한"}')
    assert kept.at == NOW
