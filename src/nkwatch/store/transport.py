"""Rows of one database as another one takes them, and as both are compared: plain values, in the order of keys."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    cast,
    collate,
    false,
    select,
    type_coerce,
)
from sqlalchemy.exc import DBAPIError

from nkwatch.store.schema import Instant

Row = tuple[Any, ...]

#: Rows in memory at once; fewer where rows hold pages and mails.
BATCH, HEAVY = 1_000, 50
#: What each database makes anew by its own means: every statement is put into its index of the search.
ANEW: dict[tuple[str, str], ColumnElement[Any]] = {("statement", "indexed"): false()}
#: Where hashes are keys, so many digits tell a row.
DIGITS = 12


@dataclass(frozen=True, slots=True)
class Place:
    """A row by its key, and one of its columns; no value of it."""

    table: str
    key: str
    column: str = ""

    def __str__(self) -> str:
        return f"{self.table} {self.key}" + (f", {self.column}" if self.column else "")


class Unfit(Exception):  # noqa: N818
    """A value that the other database does not take. `why` says what is wrong with it, without it."""

    def __init__(self, place: Place, why: str) -> None:
        super().__init__(f"{place}: {why}")
        self.place, self.why = place, why


def batches(connection: Connection, table: Table) -> Iterator[Sequence[Row]]:
    """All rows of a table in the order of its key, a batch at a time."""
    some = HEAVY if any(isinstance(c.type, LargeBinary) for c in table.columns) else BATCH
    order = [_sorted(connection, column) for column in table.primary_key]
    query = select(*(_plain(connection, column) for column in table.columns)).order_by(*order)
    with connection.execute(query.execution_options(yield_per=some)) as result:
        for part in result.partitions():
            yield [tuple(row) for row in part]


def write(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    """Write rows that `batches` gave. Raises `Unfit`."""
    put = _insert if connection.dialect.name == "sqlite" else _copy
    try:
        put(connection, table, rows)
    except (DBAPIError, UnicodeError, OverflowError) as wrong:
        for row in rows:
            for column, value in zip(table.columns, row, strict=True):
                if why := unfit(column, value):
                    raise Unfit(Place(table.name, key(table, row), column.name), why) from wrong
        # its words may quote values
        raise Unfit(Place(table.name, f"{key(table, rows[0])} to {key(table, rows[-1])}"), _kind(wrong)) from wrong


def difference(table: Table, ours: Iterable[Sequence[Row]], theirs: Iterable[Sequence[Row]]) -> Iterator[Place | int]:
    """Compare all rows, given in the order of keys: how many were alike, time and again, or where one is not."""
    for one, other in zip_longest(ours, theirs, fillvalue=()):
        if one != other:
            yield _where(table, one, other)
            return
        yield len(one)


def unfit(column: Column[Any], value: Any) -> str:
    """Why a value is none that a column of its type may have in every database; empty when it may."""
    if value is None:
        return "" if column.nullable else "it is null"
    wanted = _KINDS.get(_family(column), (object,))
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        return f"it is no {wanted[0].__name__}"
    if isinstance(value, str):
        return _unfit_json(value) if isinstance(column.type, JSON) else _unfit_text(value)
    bits = 63 if isinstance(column.type, BigInteger | Instant) else 31
    if isinstance(value, int) and not -(2**bits) <= value < 2**bits:
        return f"it needs more than {bits + 1} bits"
    return ""


def key(table: Table, row: Row) -> str:
    """The key of a row, to be shown: hashes cut short."""
    values = [value for column, value in zip(table.columns, row, strict=True) if column.primary_key]
    return " ".join(f"{value.hex()[:DIGITS]}..." if isinstance(value, bytes) else repr(value) for value in values)


_KINDS = {"text": (str,), "bytes": (bytes,), "bool": (bool,), "int": (int,)}


def _family(column: Column[Any]) -> str:
    kind = column.type
    if isinstance(kind, Boolean):
        return "bool"
    if isinstance(kind, LargeBinary):
        return "bytes"
    return "text" if isinstance(kind, String | JSON) else "int"


def _unfit_text(value: str) -> str:
    if "\0" in value:
        return "it holds a null character (U+0000), which PostgreSQL does not keep"
    try:
        value.encode()
    except UnicodeEncodeError:
        return "it holds half of a surrogate pair, which is no text"
    return ""


def _unfit_json(value: str) -> str:
    """RFC 8259, 6: there is no infinity in JSON, though Python writes it."""
    try:
        json.loads(value, parse_constant=int)
    except ValueError:
        return "it is no JSON"
    return ""


def _plain(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    if (anew := ANEW.get((column.table.name, column.name))) is not None:
        return anew.label(column.name)
    if isinstance(column.type, JSON):
        # as it was written, with its spaces and the order of its names
        as_text = cast(column, Text) if connection.dialect.name == "postgresql" else type_coerce(column, Text)
        return as_text.label(column.name)
    if isinstance(column.type, Instant):
        return type_coerce(column, BigInteger).label(column.name)
    if isinstance(column.type, Integer):
        return type_coerce(column, BigInteger).label(column.name)
    return column


def _sorted(connection: Connection, column: Column[Any]) -> ColumnElement[Any]:
    """Texts by their bytes: the order of SQLite, and not that of a language."""
    of_language = isinstance(column.type, String) and connection.dialect.name == "postgresql"
    return collate(column, "C") if of_language else column


def _insert(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    marks = ", ".join("?" * len(table.columns))
    connection.exec_driver_sql(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', list(rows))  # noqa: S608


def _copy(connection: Connection, table: Table, rows: Sequence[Row]) -> None:
    names = ", ".join(f'"{c.name}"' for c in table.columns)
    driver: Any = connection.connection.driver_connection
    errors: type[Exception] = connection.dialect.loaded_dbapi.Error
    try:
        with driver.cursor() as cursor, cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
            for row in rows:
                copy.write_row(row)
    except errors as wrong:
        raise DBAPIError.instance("COPY", None, wrong, errors, hide_parameters=True) from wrong


def _kind(wrong: BaseException) -> str:
    orig = getattr(wrong, "orig", wrong)
    code = getattr(orig, "sqlstate", None) or getattr(orig, "sqlite_errorname", None) or type(orig).__name__
    return f"the database does not take one of these rows ({code})"


def _where(table: Table, ours: Sequence[Row], theirs: Sequence[Row]) -> Place:
    """The first row that is not the same in two batches."""
    for one, other in zip_longest(ours, theirs):
        if one is None or other is None or key(table, one) != key(table, other):
            return Place(table.name, key(table, one or other))
        for column, mine, yours in zip(table.columns, one, other, strict=True):
            if mine != yours:
                return Place(table.name, key(table, one), column.name)
    raise AssertionError(table.name)
