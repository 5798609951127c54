"""Statements that are made into text once, for where every message pays for each of them.

What SQLAlchemy does with a statement and its values each time takes longer than what SQLite does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ClauseElement, Connection, CursorResult, Dialect
from sqlalchemy.dialects import registry

from nkwatch.store.schema.columns import EPOCH, MICROSECOND

_DIALECTS: dict[str, Dialect] = {
    "sqlite": registry.load("sqlite.pysqlite")(paramstyle="named"),
    "postgresql": registry.load("postgresql.psycopg")(paramstyle="pyformat"),
}


class Prepared:
    """One statement, or one for each kind of database. All of its values are named, and given as drivers take them."""

    def __init__(self, statement: ClauseElement | Mapping[str, ClauseElement]) -> None:
        each = statement if isinstance(statement, Mapping) else dict.fromkeys(_DIALECTS, statement)
        self._texts = {name: str(one.compile(dialect=_DIALECTS[name])) for name, one in each.items()}

    def __call__(
        self, connection: Connection, values: Mapping[str, Any] | Sequence[Mapping[str, Any]]
    ) -> CursorResult[Any]:
        """Run it, once or for each of several values."""
        return connection.exec_driver_sql(self._texts[connection.dialect.name], values)


def micros(instant: datetime | None) -> int | None:
    """An instant as columns hold it (`schema.Instant`)."""
    return None if instant is None else (instant - EPOCH) // MICROSECOND
