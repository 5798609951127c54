"""An archive with everything in it that its pages can show."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import Connection, event

from nkwatch.assembly import Newsroom
from nkwatch.domain.desk import Note, Translation
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.reading import Ask, Evidence, Quote
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.statement import Entry
from nkwatch.reading.stories import Placement
from nkwatch.store import findings, records, schema
from nkwatch.store.rows import insert_new
from nkwatch.store.snapshots import keep
from tests.making import prose, reading, statement
from tests.web.samples import ENGLISH, NOW, once, poll, tell, tell_samples

HOUR = timedelta(hours=1)
CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there. " * 3
KEY = f"https://www.{ENGLISH}.example/feed.xml?key=our-own-password"


def entry(title: str = "Close the camp at Yodok", text: str = CAMP, **fields: object) -> Entry:
    given = {"url": f"https://www.{ENGLISH}.example/1", "guid": title, "published": NOW - 5 * HOUR}
    return Entry(title, text=text, **(given | fields))


def apart(count: int) -> list[Entry]:
    """Entries that are stories of their own, each an hour older than the one before."""
    return [
        entry(
            f"North Korea: close prison {prose(f'camp{n}', 3)}",
            f"{prose(f'case{n}')} They were held in a prison camp.",
            published=NOW - (n + 1) * HOUR,
        )
        for n in range(count)
    ]


async def told(newsroom: Newsroom, *entries: Entry, source: str = ENGLISH) -> list[str]:
    """Statements that can be found, by their ids."""
    found = await tell(newsroom, source, *entries)
    await newsroom.index()
    return found


async def samples_indexed(newsroom: Newsroom) -> None:
    """The sample texts, in the archive of a newsroom in which nothing has happened yet."""
    await once(newsroom, _indexed)


async def _indexed(newsroom: Newsroom) -> None:
    await tell_samples(newsroom)
    await newsroom.index()


async def shelved(newsroom: Newsroom, *entries: Entry) -> None:
    """Statements on prisons that can be found, each a story of its own: rows, where reading so many is not the matter.

    Their order is that of when they were published; the ids are what the source calls them.
    """
    source = newsroom.sources[ENGLISH]
    made = [
        statement(
            e.guid, source_id=source.id, publisher=source.publisher, title=e.title, url=e.url, text=e.text,
            published=e.published,
        )
        for e in entries
    ]  # fmt: skip

    def write(connection: Connection) -> None:
        read = {"read_revision": 1, "read_rules": "test.1"}
        insert_new(connection, schema.statement, [records.statement_row(s) | read | {"story_id": s.id} for s in made])
        insert_new(connection, schema.reading, [findings.reading_row(reading(s.id), NOW) for s in made])
        insert_new(connection, schema.story, [{"id": s.id, "ready_at": s.published, "alert": "none"} for s in made])

    await newsroom.database.write(write)
    await newsroom.index()


async def shows_now(newsroom: Newsroom, *entries: Entry) -> None:
    """An hour later the source shows these instead."""
    newsroom.clock.now += HOUR
    await poll(newsroom, ENGLISH, Fetched(entries, etag=f'"{newsroom.clock.now}"'))
    await newsroom.read()
    await newsroom.index()


async def proved(newsroom: Newsroom, statement_id: str, url: str = KEY) -> Snapshot:
    """Bytes that show a statement."""
    kept = Snapshot(url, newsroom.clock(), (), f"<rss>{url}</rss>".encode())
    await newsroom.database.write(lambda c: keep(c, kept, [statement_id]))
    return kept


async def read_as(newsroom: Newsroom, story_id: str, **fields: object) -> None:
    """Let the statement that opened a story be read in this way."""
    (found,) = await newsroom.statements.stories([story_id])
    kept = replace(found.lead.reading, rules="test.9", **fields)
    await newsroom.statements.record_readings([Placement(kept, story_id, ())], newsroom.clock())
    await newsroom.index()


def quote(words: str, speaker: str = "", role: str = "") -> Quote:
    return Quote(Evidence("text", 0, len(words), words), speaker, role)


def ask(what: str, addressee: str = "", country: str = "", by: str = "") -> Ask:
    return Ask(Evidence("text", 0, len(what), what), addressee, country, by)


def note(text: str = "Two of them were found safe.") -> Note:
    return Note((("en", text),), "Ann", NOW)


def translated(statement_id: str, language: str = "ko") -> Translation:
    return Translation(
        statement_id, language, "요덕 수용소를 닫으라", "북한 당국은 수용소를 닫아야 한다. " * 40, "Ann", NOW
    )


@contextmanager
def queries(newsroom: Newsroom) -> Iterator[list[str]]:
    """What the database is asked meanwhile."""
    asked: list[str] = []

    def note_down(connection, cursor, statement, *rest):
        asked.append(statement)

    event.listen(newsroom.database.engine, "before_cursor_execute", note_down)
    try:
        yield asked
    finally:
        event.remove(newsroom.database.engine, "before_cursor_execute", note_down)
