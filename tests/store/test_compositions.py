"""Compositions are kept in few bytes, and come back as they were."""

import json
from dataclasses import replace

from sqlalchemy import select

from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing, Slot
from nkwatch.store import schema
from tests.making import NOW
from tests.store.conftest import Stores
from tests.store.people import claim
from tests.store.test_waiting import readers

KIND = BulletinKind.DIGEST


def digest(*stories: str, subject: str = "Digest") -> Composition:
    """A digest with a block in text and HTML for each story, in both a place of the reader's own."""
    text = [Block(f"{s} in text\r\n".encode()) for s in stories]
    html = [Block(f"<p>{s}</p>\r\n".encode()) for s in stories]
    return Composition(KIND, "en", subject, (Slot("phrase"), *text), (*html, Slot("links")), stories=stories)


async def write(stores: Stores, *compositions: Composition, key: str = "digest 1") -> int:
    """Write each for a reader."""
    people = await readers(stores, len(compositions))
    mails = tuple(Addressed(r, c) for r, c in zip(people, compositions, strict=True))
    return await stores.outbox.enqueue(Mailing(key, KIND, NOW, mails))


async def test_compositions_come_back_as_they_were(stores: Stores) -> None:
    written = [digest("s1", "s2"), digest("s2"), digest("s2", "s1"), replace(digest("s1"), neutral=True, language="ko")]
    await write(stores, *written)
    assert {c.composition for c in await claim(stores)} == set(written)


async def test_what_differs_in_anything_is_another_composition(durable: Stores) -> None:
    one = digest("s1")
    others = [
        replace(one, subject="Other"),
        replace(one, language="fr"),
        replace(one, neutral=True),
        replace(one, stories=("s1", "s2")),
        replace(one, text=one.text[1:]),
        replace(one, html=()),
    ]
    await write(durable, one, *others, digest("s1"))
    assert durable.count("composition") == 7
    assert {c.composition for c in await claim(durable)} == {one, *others}


async def test_blocks_are_named_by_number_and_kept_once(durable: Stores) -> None:
    await write(durable, digest("s1", "s2"), digest("s2", "s3"))
    await write(durable, digest("s2", "s3"), digest("s4"), key="digest 2")
    # eight blocks, and two places of the reader's own
    assert [durable.count(t) for t in ("block", "composition")] == [10, 3]
    rows = durable.rows(select(schema.composition.c.pieces, schema.composition.c.stories))
    assert {n for pieces, _ in rows for part in pieces.values() for n in part} == set(range(1, 11))
    assert sorted(stories for _, stories in rows) == [["s1", "s2"], ["s2", "s3"], ["s4"]]


async def test_a_digest_of_twenty_stories_takes_few_bytes(durable: Stores) -> None:
    await write(durable, digest(*(f"{n:016}" for n in range(20))))
    ((pieces, stories),) = durable.rows(select(schema.composition.c.pieces, schema.composition.c.stories))
    assert len(json.dumps(pieces)) + len(json.dumps(stories)) < 650


async def test_compositions_of_before_that_name_blocks_by_their_hash_are_read(durable: Stores) -> None:
    one = digest("s1")
    await write(durable, one)
    old = {
        name: [p.id if isinstance(p, Block) else f"slot:{p.name}" for p in part]
        for name, part in (("text", one.text), ("html", one.html))
    }
    with durable.database.engine.begin() as connection:
        connection.execute(schema.composition.update().values(pieces=old, stories=None))
    (claimed,) = await claim(durable)
    assert claimed.composition == replace(one, stories=())


async def test_more_compositions_than_one_statement_takes_are_written_and_read(durable: Stores) -> None:
    many = [digest("s1", f"t{n}", f"u{n}", subject=f"Digest {n}") for n in range(700)]
    people = await readers(durable, 1)
    both = [Addressed(people[0], c) for c in many]
    # one reader gets one of them; all are written with it
    await durable.outbox.enqueue(Mailing("digest 1", KIND, NOW, tuple(both)))
    assert durable.count("composition") == 700
    assert len(await claim(durable)) == 1
