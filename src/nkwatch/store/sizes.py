"""How large a database is, by tables and indexes, how it grows, what is erased when, and how large it will be."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, ColumnElement, Connection, Table, cast, func, select, text, true, type_coerce
from sqlalchemy import Integer as Whole
from sqlalchemy.exc import DBAPIError

from nkwatch.domain import retention
from nkwatch.domain.subscriber import Standing
from nkwatch.store import schema
from nkwatch.store.footprint import database_bytes, log_bytes

YEAR = timedelta(days=365)
#: Growth of the last days says how it will go on.
LATELY = timedelta(days=90)
MONTHS = 12
DAY_MICROSECONDS = 86_400_000_000
#: When rows came into being, where tables know it.
DATED: Mapping[str, Column[Any]] = {
    "statement": schema.statement.c.first_seen,
    "bulletin": schema.bulletin.c.date,
    "delivery": schema.delivery.c.date,
    "subscriber": schema.subscriber.c.joined_at,
    "webhook_call": schema.webhook_call.c.found_at,
    "audit": schema.audit.c.at,
}
#: What grows as these do; the other tables stay about as they are.
ALONG = {
    "statement": (
        *("statement", "statement_key", "statement_revision", "errand", "snapshot", "capture", "reading", "mark"),
        *("named", "story", "search", "correction", "ruling", "marking", "desk", "translation", "stood", "apart"),
    ),
    "bulletin": ("bulletin", "block", "composition", "together", "edition", "edition_version"),
    "delivery": ("delivery", "waiting_alert"),
    "subscriber": ("subscriber", "suppression", "alert_pace", "move"),
    "webhook_call": ("webhook_call",),
    "audit": ("audit",),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A table, or an index `of` one; without rows where it is an index, without bytes where nobody tells them."""

    name: str
    of: str
    rows: int | None
    bytes: int | None


@dataclass(frozen=True, slots=True)
class Erasure:
    """What will be erased: how many rows wait for it, and when the first of them goes."""

    what: str
    rows: int
    first_at: datetime | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """All of it, in bytes. `log` is SQLite's log of writes; `growth` are new rows by month, of each dated table."""

    schema: str
    bytes: int
    free_bytes: int | None
    log_bytes: int | None
    parts: Sequence[Part]
    growth: Mapping[str, Mapping[str, int]]
    erasures: Sequence[Erasure]
    bytes_in_a_year: int | None


def measure(connection: Connection, number: str, now: datetime) -> Sizes:
    """Measure the database. SQLite's pages are all looked at: it takes as long as to read the file."""
    sqlite = connection.dialect.name == "sqlite"
    parts = _parts(connection, _sqlite_bytes(connection) if sqlite else _postgresql_bytes(connection))
    whole, free = database_bytes(connection), _free_bytes(connection) if sqlite else None
    growth = {name: _by_month(connection, column, now) for name, column in DATED.items()}
    later = _in_a_year(connection, parts, whole, now)
    return Sizes(number, whole, free, log_bytes(connection.engine), parts, growth, _erasures(connection, now), later)


Bytes = Mapping[str, tuple[str, int]]
"""Of each table and index: whose index it is, and how many bytes it has."""


def _parts(connection: Connection, known: Bytes) -> list[Part]:
    tables = {t.name: t for t in schema.metadata.sorted_tables}
    found = []
    for name in sorted({*tables, *known}):
        of, size = known.get(name, ("", None))
        rows = connection.scalar(select(func.count()).select_from(tables[name])) if name in tables else None
        found.append(Part(name, of, rows, size))
    return found


def _sqlite_bytes(connection: Connection) -> Bytes:
    query = (
        "SELECT d.name, CASE WHEN m.tbl_name != d.name THEN m.tbl_name ELSE '' END, d.pgsize"
        " FROM dbstat d LEFT JOIN sqlite_schema m ON m.name = d.name WHERE d.aggregate = TRUE"
    )
    try:
        return {name: (_of_search(name, of or ""), size) for name, of, size in connection.execute(text(query))}
    except DBAPIError:
        return {}  # this SQLite was built without it


def _of_search(name: str, of: str) -> str:
    return "search" if name.startswith("search_") else of


def _postgresql_bytes(connection: Connection) -> Bytes:
    tables = text(
        "SELECT relname, '', pg_table_size(oid) FROM pg_class WHERE relkind = 'r'"
        " AND relnamespace = current_schema()::regnamespace"
    )
    indexes = text(
        "SELECT i.relname, t.relname, pg_relation_size(i.oid) FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid"
        " JOIN pg_class t ON t.oid = x.indrelid WHERE t.relnamespace = current_schema()::regnamespace"
    )
    return {name: (of, size) for query in (tables, indexes) for name, of, size in connection.execute(query)}


def _free_bytes(connection: Connection) -> int:
    """What SQLite has given up in its file, and fills first."""
    free, size = (connection.scalar(text(f"PRAGMA {name}")) or 0 for name in ("freelist_count", "page_size"))
    return free * size


def _by_month(connection: Connection, column: Column[Any], now: datetime) -> dict[str, int]:
    """New rows of the last months: counted by day, which both databases do alike, and put together here."""
    since = now - YEAR
    day = cast(func.floor(_micro(column) / float(DAY_MICROSECONDS)), Whole).label("day")
    query = select(day, func.count()).where(column >= since, column <= now).group_by(day)
    months: dict[str, int] = {}
    for when, count in connection.execute(query.order_by(day)):
        month = f"{schema.EPOCH + timedelta(days=when):%Y-%m}"
        months[month] = months.get(month, 0) + count
    return months


def _micro(column: Column[Any]) -> ColumnElement[Any]:
    return type_coerce(column, BigInteger)


def _in_a_year(connection: Connection, parts: Sequence[Part], whole: int, now: datetime) -> int | None:
    """As it is, and what comes in a year at the pace of late; of deliveries no more than are kept."""
    if not any(part.bytes for part in parts):
        return None
    more = 0.0
    for name, column in DATED.items():
        first = connection.scalar(select(func.min(column)).where(column > now - LATELY, column <= now))
        rows = connection.scalar(select(func.count()).select_from(column.table)) or 0
        if first is None:
            continue
        fresh = connection.scalar(select(func.count()).where(column > now - LATELY, column <= now)) or 0
        pace = fresh / max(now - first, timedelta(days=1)).total_seconds()
        kept = retention.DELIVERIES if name == "delivery" else YEAR
        coming = pace * kept.total_seconds()
        coming = max(0.0, coming - rows) if name == "delivery" else coming
        more += coming * sum(p.bytes or 0 for p in parts if (p.of or p.name) in ALONG[name]) / max(rows, 1)
    return whole + round(more)


def _erasures(connection: Connection, now: datetime) -> list[Erasure]:
    reader, written = schema.subscriber.c, schema.delivery.c.date
    lines: tuple[tuple[str, Table, Column[Any], ColumnElement[bool], timedelta], ...] = (
        ("sign-ups that were not confirmed", schema.subscriber, reader.joined_at,
         reader.standing == Standing.PENDING, retention.UNCONFIRMED),
        ("readers who left", schema.subscriber, reader.ended_at, reader.standing == Standing.ENDED, retention.ENDED),
        ("changes of address", schema.move, schema.move.c.asked_at, true(), retention.MOVES),
        ("what was sent to whom", schema.delivery, written, true(), retention.DELIVERIES),
    )  # fmt: skip
    found = []
    for what, table, column, which, kept in lines:
        query = select(func.count(), func.min(column)).select_from(table).where(column.is_not(None), which)
        rows, first = connection.execute(query).one()
        found.append(Erasure(what, rows, max(first + kept, now) if first else None))
    return found
