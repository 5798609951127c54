"""Statements that are made into text once, for where every message pays for each of them.

What SQLAlchemy does with a statement and its values each time takes longer than what SQLite does.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import Enum
from functools import lru_cache
from typing import Any

from sqlalchemy import ClauseElement, ColumnElement, Connection, Dialect, bindparam
from sqlalchemy.dialects import registry
from sqlalchemy.engine import Compiled

from nkwatch.store.rows import driven
from nkwatch.store.schema.columns import EPOCH, MICROSECOND

_DIALECTS: dict[str, Dialect] = {
    "sqlite": registry.load("sqlite.pysqlite")(paramstyle="named"),
    "postgresql": registry.load("postgresql.psycopg")(paramstyle="pyformat"),
}


class Prepared:
    """One statement, or one for each kind of database. Its values are given by name, as drivers take them."""

    def __init__(self, statement: ClauseElement | Mapping[str, ClauseElement]) -> None:
        each = statement if isinstance(statement, Mapping) else dict.fromkeys(_DIALECTS, statement)
        whole = {"render_postcompile": True}
        compiled = {n: one.compile(dialect=_DIALECTS[n], compile_kwargs=whole) for n, one in each.items()}
        self._texts = {name: str(one) for name, one in compiled.items()}
        self._constants = {name: _constants(one) for name, one in compiled.items()}

    def __call__(self, connection: Connection, values: dict[str, Any] | Sequence[dict[str, Any]]) -> Any:
        """Run it, once or for each of several values; answers the driver's cursor."""
        name = connection.dialect.name
        if constants := self._constants[name]:
            values = constants | values if isinstance(values, dict) else [constants | each for each in values]
        return driven(connection, self._texts[name], values)


def _constants(compiled: Compiled) -> dict[str, Any]:
    """The values that stand in the statement itself."""
    fixed = {name: value for name, value in (compiled.params or {}).items() if value is not None}
    return {name: value.value if isinstance(value, Enum) else value for name, value in fixed.items()}


def among(column: ColumnElement[int], count: int) -> ColumnElement[bool]:
    """Whether it is one of so many numbers, which `named` gives."""
    return column.in_([bindparam(f"id_{n}") for n in range(count)])


def named(ids: Sequence[int]) -> dict[str, int]:
    """The values for `among`."""
    return {f"id_{n}": i for n, i in enumerate(ids)}


def micros(instant: datetime | None) -> int | None:
    """An instant as columns hold it (`schema.Instant`)."""
    return None if instant is None else (instant - EPOCH) // MICROSECOND


@lru_cache(maxsize=1024)
def instant(micros: int) -> datetime:
    """The other way round."""
    return EPOCH + timedelta(microseconds=micros)
