"""An archive of many statements, for `bench.site`: ``python -m bench.archive_rows FOLDER COUNT``.

Makes `archive.db`, and `stories` with the ids of some. Each statement is one of the labelled ones that ship with
nkwatch, followed by paragraphs of others, as the service reads it; one in five reports what the one before it does.
They are of ten years, from the sources of the catalogue in turn.
"""

import asyncio
import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sqlalchemy import Connection

from bench.texts import labelled
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Statement, digest
from nkwatch.reading import read
from nkwatch.reading.stories import Placement
from nkwatch.store import readings, records, schema
from nkwatch.store.database import Database
from nkwatch.store.indexing import IndexStore
from nkwatch.store.rows import insert_new

#: When the newest was published.
NEWEST = datetime(2026, 6, 1, 12, tzinfo=UTC)
SPAN = timedelta(days=3650)
BATCH = 500
#: One in so many joins the story of the one before.
REPORTING = 5
#: Paragraphs of others that follow, at most.
FURTHER = 6

Drawn = tuple[Statement, Placement]


def drawn(count: int, sources: Sequence[Source]) -> Iterator[Drawn]:
    """`count` statements, each with its reading and its story, the first first."""
    rules = load_rules(None)
    known = [(s, found) for s in labelled() if (found := read(s, rules, nk_only=True)).about_nk]
    paragraphs = [p for s, _ in known for p in s.text.split("\n\n")]
    dice, story = random.Random(11), ""
    for number in range(count):
        base, found = known[number % len(known)]
        fresh = _placed(base, number, sources[number % len(sources)], NEWEST - SPAN * (count - number) / count)
        further = dice.choices(paragraphs, k=dice.randint(1, FURTHER))
        story = story if number % REPORTING == 1 else fresh.id
        yield (
            replace(fresh, text="\n\n".join([base.text, *further])),
            Placement(replace(found, statement_id=fresh.id, revision=1), story, (number,)),
        )


def _placed(base: Statement, number: int, source: Source, at: datetime) -> Statement:
    return replace(
        base,
        id=digest(f"archive {number}"),
        source_id=source.id,
        publisher=source.publisher,
        url=f"{source.url.rstrip('/')}/{number}",
        published=at,
        published_estimated=False,
        first_seen=at + timedelta(minutes=20),
    )


async def fill(folder: Path, count: int) -> None:
    """Write so many statements by the service's own stores, and put them into the index."""
    sources = [s for s in load_sources().values() if s.enabled]
    made, stories = drawn(count, sources), list[str]()
    with closing(Database(f"sqlite:///{folder}/archive.db")) as database:
        database.prepare()
        while some := list(islice(made, BATCH)):
            await database.write(lambda c, some=some: _write(c, some))  # type: ignore[misc]
            stories += [placement.story_id for _, placement in some][:: BATCH // 10]
        index = IndexStore(database)
        # nobody else writes: larger batches than the service's wait less for the disk
        while await index.index(BATCH):
            pass
    (folder / "stories").write_text("\n".join(stories), "utf-8")


def _write(connection: Connection, some: Sequence[Drawn]) -> None:
    insert_new(connection, schema.statement, [records.statement_row(statement) for statement, _ in some])
    readings.record(connection, [placement for _, placement in some], some[-1][0].first_seen)


if __name__ == "__main__":
    asyncio.run(fill(Path(sys.argv[1]), int(sys.argv[2])))
