"""Rows for every table there is, made by the types of its columns; foreign keys name rows that were made before."""

import json
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import JSON, BigInteger, Boolean, Column, Connection, Integer, LargeBinary, MetaData, String, Table

from nkwatch.store import schema

Made = Callable[[Column[Any], int], Any]
#: Values that mean something to migrations or to promises, whatever the number of the row.
KNOWN: dict[tuple[str, str], Made] = {
    ("composition", "pieces"): lambda _, n: {"text": [], "html": []},
    ("composition", "bulletin"): lambda _, n: n,
    ("composition", "stories"): lambda _, n: [],
    ("delivery", "state"): lambda _, n: "sent",
    ("delivery", "lease_owner"): lambda _, n: "",
    ("bulletin", "kind"): lambda _, n: "digest",
    ("bulletin", "window_end"): lambda column, n: plain(column, n + 9),
    ("reading", "about_nk"): lambda _, n: True,
    ("reading", "findings"): lambda _, n: {
        "relevance": 0.1 + 0.2,
        "relevance_evidence": [],
        "themes": [],
        "urgency_evidence": [],
        "cases": [],
        "n": n,
    },
    ("reading", "urgency"): lambda _, n: 2,
    ("correction", "themes"): lambda _, n: None,
    ("correction", "urgency"): lambda _, n: 1,
    ("statement", "presence"): lambda _, n: "shown",
    ("subscriber", "standing"): lambda _, n: "confirmed",
    ("subscriber", "closes_at"): lambda column, n: plain(column, n + 10**9),
    ("subscriber", "wishes"): lambda _, n: [{"themes": ["prisons"], "sources": []}],
    ("statement", "story_id"): lambda _, n: f"story id {n}",
    ("statement", "read_rules"): lambda _, n: f"reading rules {n}",
    ("statement", "read_revision"): lambda _, n: 1,
    ("statement", "revision"): lambda _, n: 1,
    ("statement", "indexed"): lambda _, n: False,
    ("statement", "number"): lambda _, n: None,
    ("statement", "correction_id"): lambda _, n: n,
    ("reading", "revision"): lambda _, n: 1,
}


def plain(column: Column[Any], n: int) -> Any:
    """A value of the type of a column; another one for each number of a row."""
    name = f"{column.table.name} {column.name} {n}"
    kinds: tuple[tuple[Any, Any], ...] = (
        (schema.Instant, schema.EPOCH + timedelta(microseconds=1_700_000_000_123_456 + n)),
        (Boolean, bool(n % 2)),
        (JSON, {"n": n, "wide": [1.5, 1e300, 0.1, -0.0, "북한", "\x00\x1f\u2028", None]}),
        # of the first key, as what is sealed or hashed begins
        (LargeBinary, b"\x01\x00\xff" + name.encode()),
        (String, name),
        (BigInteger, 1_700_000_000_123_456 + n),
        (object, n),
    )
    return next(made for kind, made in kinds if isinstance(column.type, kind))


def value(column: Column[Any], n: int) -> Any:
    """What the column holds in row `n`."""
    if column.foreign_keys:
        (reference,) = column.foreign_keys
        return value(reference.column, n)
    if (known := KNOWN.get((column.table.name, column.name))) is not None:
        return known(column, n)
    if column.primary_key and isinstance(column.type, Integer | BigInteger) and len(column.table.primary_key) == 1:
        return n
    return plain(column, n)


def row(table: Table, n: int) -> dict[str, Any]:
    """Row `n` of a table."""
    return {column.name: value(column, n) for column in table.columns}


def fill(connection: Connection, tables: MetaData, *numbers: int, but: Mapping[str, Any] | None = None) -> None:
    """These rows in every table, but for the index of the search and what `but` gives for (table, column)."""
    for table in tables.sorted_tables:
        if table.name != "alembic_version" and table.name.partition("_")[0] != "search":
            for n in numbers:
                changed = {k.partition(".")[2]: v for k, v in (but or {}).items() if k.partition(".")[0] == table.name}
                connection.execute(table.insert().values(**row(table, n) | changed))


def reflected(connection: Connection) -> MetaData:
    """The tables as they are; JSON as such on both databases."""
    found = MetaData()
    found.reflect(connection, only=lambda name, _: name.partition("_")[0] != "search")
    return found


def told(rows: Any) -> list[dict[str, Any]]:
    """Rows to be compared: JSON by what it says."""
    return [{k: json.dumps(v, sort_keys=True) if isinstance(v, dict | list) else v for k, v in r.items()} for r in rows]
