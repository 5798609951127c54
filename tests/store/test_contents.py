"""Contents that were read are kept as long as there is room."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from nkwatch.domain.bulletin import Addressed, Block, Composition, Mailing, Slot
from nkwatch.store.contents import COMPOSITION, PIECE, Contents, Shelf
from nkwatch.store.database import Database
from tests.making import NOW
from tests.store.conftest import Stores
from tests.store.people import KINDS, LEASE, claim, confirmed


@contextmanager
def said_to(database: Database) -> Iterator[list[str]]:
    """The statements that the database is asked meanwhile."""
    said: list[str] = []

    def note(*told: object) -> None:
        said.append(str(told[2]))

    event.listen(database.engine, "before_cursor_execute", note)
    yield said
    event.remove(database.engine, "before_cursor_execute", note)


async def digests(stores: Stores, *subjects: str) -> list[str]:
    """A digest for each subject, of blocks that all share and one of its own; answers the ids of the contents."""
    shared = (Block(b"a story\r\n" * 99), Slot("phrase"))
    for n, subject in enumerate(subjects):
        reader = await confirmed(stores, f"r{n}@example.org")
        parts = (*shared, Block(f"{subject}\r\n".encode()))
        content = Composition(KINDS.DIGEST, "en", subject, parts, parts)
        await stores.outbox.enqueue(Mailing("digest", KINDS.DIGEST, NOW, (Addressed(reader, content),)))
    claimed = await claim(stores)
    await stores.outbox.release([c.delivery for c in claimed], LEASE.owner)
    assert [c.composition.subject for c in claimed] == list(subjects)
    return [c.composition_id for c in claimed]


async def test_what_was_read_for_one_claim_is_not_read_for_the_next(durable: Stores) -> None:
    await digests(durable, "one", "two")
    with said_to(durable.database) as said:
        assert len(await claim(durable)) == 2
    assert [s for s in said if "FROM block" in s or "FROM composition" in s] == []


async def test_blocks_that_are_known_are_not_read_with_a_new_composition(durable: Stores) -> None:
    one, two = await digests(durable, "one", "two")
    contents = Contents()
    with durable.database.engine.connect() as connection:
        first = contents.read(connection, [one])[one]
        with said_to(durable.database) as said:
            both = contents.read(connection, [one, two])
    assert both[one] is first
    assert both[two].text[0] is first.text[0]
    assert len([s for s in said if "FROM block" in s]) == 1


async def test_without_room_everything_is_read_each_time(durable: Stores) -> None:
    names = await digests(durable, "one", "two")
    contents = Contents(room=0)
    with durable.database.engine.connect() as connection:
        once = contents.read(connection, names)
        assert contents.read(connection, names) == once
        assert contents.read(connection, names)[names[0]] is not once[names[0]]


def test_what_was_used_last_is_kept() -> None:
    shelf: Shelf[str, bytes] = Shelf(10, len)
    shelf.keep({"a": bytes(4), "b": bytes(4)})
    assert set(shelf.find("ab")) == {"a", "b"}
    shelf.find("a")
    shelf.keep({"c": bytes(4)})
    assert set(shelf.find("abc")) == {"a", "c"}
    shelf.keep({"a": bytes(4)})
    assert shelf.taken == 8
    shelf.keep({"d": bytes(99)})
    assert (shelf.taken, shelf.find("abcd")) == (0, {})


def test_what_is_put_in_the_place_of_another_is_weighed_anew() -> None:
    shelf: Shelf[str, bytes] = Shelf(10, len)
    for size in (1, 8, 3):
        shelf.keep({"a": bytes(size)})
        assert shelf.taken == size


def test_what_is_kept_is_weighed_with_all_that_it_holds() -> None:
    content = Composition(KINDS.DIGEST, "en", "Subject", (Block(bytes(5_000)), Slot("phrase")), (Block(bytes(700)),))
    contents = Contents()
    contents._compositions.keep({"one": content})
    contents._pieces.keep({1: content.text[0], 2: content.text[1]})
    assert contents._compositions.taken >= COMPOSITION + 5_700
    assert contents._pieces.taken >= 2 * PIECE + 5_000
