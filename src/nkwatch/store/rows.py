"""Rows written and named many at a time, in the dialects of both databases."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from sqlalchemy import Connection, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError

T = TypeVar("T")

#: Values in one IN (...), well below SQLite's and PostgreSQL's limits on parameters.
CHUNK = 500


def driven(connection: Connection, text: str, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] = ()) -> Any:
    """Run a statement by the driver alone, once or for each of several values; answers its cursor (PEP 249).

    Raises what SQLAlchemy would.
    """
    dialect, cursor = connection.dialect, connection.connection.cursor()
    errors = dialect.loaded_dbapi.Error
    try:
        if isinstance(values, Mapping) or not values:
            cursor.execute(text, values or ())
        else:
            cursor.executemany(text, values)
    except errors as wrong:
        raise DBAPIError.instance(text, None, wrong, errors, hide_parameters=True, dialect=dialect) from wrong
    return cursor


def inserting(connection: Connection, table: Table) -> Any:
    """An INSERT of the kind of this database, which can be told what to do about rows that are there."""
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    return module.insert(table)


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose keys are not yet there; answers how many were."""
    if not rows:
        return 0
    insert = inserting(connection, table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    count: int = connection.execute(insert, rows).rowcount
    return count


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; where a row with such a primary key is there, it gets the other values."""
    if not rows:
        return
    insert = inserting(connection, table)
    keys = [column.name for column in table.primary_key]
    values = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), rows)


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """The items in pieces that fit into one IN (...)."""
    return (items[i : i + CHUNK] for i in range(0, len(items), CHUNK))
