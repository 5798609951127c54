"""How large and how fast a database is with many readers and statements: the part of `bench.scale` about sizes.

A thousandth of the rows is written by the service's own stores; the database copies them, with other ids and dates.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from sqlalchemy import Column, Connection, LargeBinary, bindparam, cast, func, insert, literal, select, text
from sqlalchemy.engine import make_url

from bench.archive_rows import Drawn, drawn
from bench.delivering_parts import DOMAIN, KEYRING
from bench.report import Report
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing
from nkwatch.domain.delivery import Lane
from nkwatch.domain.lease import Lease
from nkwatch.domain.search import Query
from nkwatch.domain.subscriber import Choice, Consent, Rhythm, Schedule, SignUp, Standing, Subscriber
from nkwatch.store import readings, records, schema
from nkwatch.store.database import Database
from nkwatch.store.indexing import IndexStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.rows import insert_new
from nkwatch.store.seals import Seals
from nkwatch.store.search import SearchStore
from nkwatch.store.subscribers import SubscriberStore

#: What is measured of each database.
ASKED = ("join", "claim_500", "closing_1000", "front_page", "search_word", "search_korean", "search_rare")
FIGURES = [f"{kind}_{name}" for kind in ("sqlite", "postgresql") for name in (*ASKED, "size")]
#: Rows written by the stores: at most so many.
PATTERN = 1_000
#: Copies are older by so much each, and have numbers below (`domain.search.number`: a second has 20 bits).
OLDER, BITS = 7_919, 20
#: The tables whose rows have names of their own.
_NAMED = (schema.subscriber, schema.story, schema.statement)
#: Readers whose window has closed.
DUE = 1_000
NOW = datetime(2026, 6, 1, 18, tzinfo=UTC)


def measure(report: Report, address: str, rows: int, rounds: int) -> None:
    """Fill the database, and add what was measured of it to the report."""
    kind = make_url(address).get_backend_name()
    with closing(Database(address)) as database:
        database.prepare()
        began = time.perf_counter()
        asyncio.run(_fill(database, rows))
        report.figures[f"{kind}_filling_seconds"] = time.perf_counter() - began
        report.figures[f"{kind}_size_megabytes"] = _megabytes(database, address)
        for name, took in asyncio.run(_asked(database, rounds)).items():
            report.figures[f"{kind}_{name}_milliseconds"] = median(took) * 1000


async def _fill(database: Database, rows: int) -> None:
    pattern = min(PATTERN, rows)
    await database.write(lambda c: insert_new(c, schema.subscriber, _readers(pattern)))
    sources = [s for s in load_sources().values() if s.enabled]
    some = list(drawn(pattern, sources))
    await database.write(lambda c: _statements(c, some))
    index = IndexStore(database)
    while await index.index(PATTERN):
        pass
    there = await database.read(lambda c: {t.name: list(c.scalars(select(t.c.id))) for t in _NAMED})
    for number in range(1, rows // pattern):
        await database.write(lambda c, n=number: _copy(c, there, n))  # type: ignore[misc]
    await database.write(_due)
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))


def _readers(count: int) -> Sequence[dict[str, object]]:
    """Readers of digests at seven, none of them due."""
    seals, ahead = Seals(KEYRING), NOW + timedelta(days=1)
    made = []
    for number in range(count):
        own = f"p{number:06}"
        choice = Choice(Schedule(Rhythm.DAILY, hour=7), alerts=number % 10 == 0)
        times = {
            "joined_at": NOW,
            "consent_origin": "bench",
            "consent_at": NOW,
            "covered_until": NOW,
            "closes_at": ahead,
        }
        row = {"id": own, "standing": Standing.CONFIRMED, "ended_at": None, "heard_at": NOW} | times
        made.append(row | seals.address_row(f"{own}@readers.example", own) | seals.choice_row(choice, own))
    return made


def _statements(connection: Connection, some: Sequence[Drawn]) -> None:
    insert_new(connection, schema.statement, [records.statement_row(statement) for statement, _ in some])
    readings.record(connection, [placement for _, placement in some], NOW)


def _copy(connection: Connection, there: Mapping[str, Sequence[str]], number: int) -> None:
    """One more copy of all rows of the pattern, whose ids are `there`."""
    older, ending = number * OLDER, f"~{number}"
    lower = {"number": -(older << BITS), "published": -older * 1_000_000}
    readers, stories, statements = (there[t.name] for t in _NAMED)
    _copied(connection, schema.subscriber.c.id, readers, {"address_key": number.to_bytes(4, "big")}, ending)
    _copied(connection, schema.story.c.id, stories, {}, ending)
    _copied(connection, schema.statement.c.id, statements, lower, ending, ("story_id",))
    _copied(connection, schema.reading.c.statement_id, statements, {}, ending)
    _copied(connection, schema.mark.c.statement_id, statements, {}, ending)
    numbers = select(schema.statement.c.number).where(schema.statement.c.id.in_(statements))
    if connection.dialect.name == "sqlite":
        copied = "INSERT INTO search(rowid, tokens) SELECT rowid - :down, tokens FROM search WHERE rowid IN :those"
    else:
        copied = (
            "INSERT INTO search(number, statement_id, tokens) SELECT number - :down, statement_id || :e, tokens"
            " FROM search WHERE number IN :those"
        )
    those = bindparam("those", list(connection.scalars(numbers)), expanding=True)
    connection.execute(text(copied).bindparams(those), {"down": older << BITS, "e": ending})


def _copied(
    connection: Connection,
    key: "Column[str]",
    names: Sequence[str],
    change: "dict[str, int | bytes]",
    ending: str,
    also: Sequence[str] = (),
) -> None:
    """The rows of these names once more: keys get an ending, numbers are moved, octets get others behind them."""
    table = key.table
    columns = [c for c in table.columns if c.name in change or not (c.primary_key and c.autoincrement is True)]
    values: list[Any] = []
    for column in columns:
        if column.name in (key.name, *also):
            values.append(column.concat(ending) if column.name == key.name else _ended(column, ending))
        elif isinstance(given := change.get(column.name), bytes):
            # SQLite makes a text of octets that are joined
            values.append(cast(column.concat(literal(given)), LargeBinary))
        elif isinstance(given, int):
            values.append(_moved(column, given))
        else:
            values.append(column)
    pattern = select(*values).where(key.in_(names))
    connection.execute(insert(table).from_select([c.name for c in columns], pattern, include_defaults=False))


def _ended(column: Any, ending: str) -> Any:
    return func.nullif(column, "").concat(ending)


def _moved(column: Any, by: int) -> Any:
    return text(f"{column.name} + ({by})")


def _due(connection: Connection) -> None:
    """Some readers' windows have closed."""
    r = schema.subscriber.c
    some = select(r.id).order_by(r.id.desc()).limit(DUE)
    connection.execute(schema.subscriber.update().where(r.id.in_(some)).values(closes_at=NOW - timedelta(hours=1)))


async def _asked(database: Database, rounds: int) -> "dict[str, list[float]]":
    """Seconds of each question, round by round; a first round is not counted."""
    search, people = SearchStore(database, load_sources()), SubscriberStore(database, KEYRING)
    outbox, numbers = OutboxStore(database, KEYRING, DOMAIN), iter(range(1_000))
    body = (Block(b"Bench\r\n"),)
    mail = Composition(BulletinKind.DIGEST, "en", "Bench", body, body)
    readers = [Subscriber(f"p{n:06}", Choice(), NOW) for n in range(500)]

    async def join() -> object:
        form = SignUp(f"new{next(numbers)}@readers.example")
        return await people.join(form, Consent("bench", NOW), NOW)

    async def claim() -> object:
        lease = Lease(f"bench/{next(numbers)}", NOW + timedelta(minutes=1))
        return await outbox.claim(NOW, 500, lease, Lane.BULK)

    questions: dict[str, Callable[[], Awaitable[object]]] = {
        "join": join,
        "claim_500": claim,
        "closing_1000": lambda: people.closing(NOW, DUE),
        "front_page": lambda: search.stories(Query(rights=True), NOW),
        "search_word": lambda: search.stories(Query(("prison",)), NOW),
        "search_korean": lambda: search.stories(Query(("수용소",)), NOW),
        "search_rare": lambda: search.stories(Query(("fishermen",)), NOW),
    }
    took: dict[str, list[float]] = {name: [] for name in questions}
    for number in range(rounds + 1):
        many = readers[: len(readers)]
        await outbox.enqueue(Mailing(f"d{number}", BulletinKind.DIGEST, NOW, tuple(Addressed(r, mail) for r in many)))
        for name, question in questions.items():
            began = time.perf_counter()
            await question()
            if number:
                took[name].append(time.perf_counter() - began)
    return took


def _megabytes(database: Database, address: str) -> float:
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if database.engine.dialect.name == "postgresql":
            return float(connection.scalar(select(func.pg_database_size(func.current_database()))) or 0) / 1e6
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return Path(address.removeprefix("sqlite:///")).stat().st_size / 1e6
