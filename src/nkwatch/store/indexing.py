"""The index of the search: what was read is put in, some statements at a time, and taken out when it is no more.

A statement is in it while its reading in force is on North Korea and it stands in a story. Whatever changes one of
these, or the statement, sets `indexed` to false in the same transaction.
"""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, cast, delete, insert, select, text, update
from sqlalchemy.dialects.postgresql import TSVECTOR

from nkwatch.domain import search
from nkwatch.reading.entries import entry
from nkwatch.store import findings, records, schema
from nkwatch.store.database import Database
from nkwatch.store.rows import chunks, driven

_STATEMENT, _SEARCH = schema.statement.c, schema.search.c
#: A token that nobody can look for: FTS5 counts places by tokens.
_HOLE = "_"


class IndexStore:
    """The index of one database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def index(self, limit: int) -> int:
        """Bring up to `limit` statements up to date, the newest first; answers how many, 0 when all are."""
        waits = select(_STATEMENT.id).where(schema.unindexed).limit(1)
        if await self._database.read(lambda c: c.scalar(waits)) is None:
            return 0  # an idle tick writes nothing
        return await self._database.write(lambda c: index(c, limit))


def index(connection: Connection, limit: int) -> int:
    """Bring up to `limit` statements up to date, the newest first; answers how many."""
    waiting = select(_STATEMENT.id).where(schema.unindexed).order_by(_STATEMENT.published.desc()).limit(limit)
    ids = connection.scalars(waiting.with_for_update(key_share=True, skip_locked=True)).all()
    # looked up once nobody else changes them: what is in force is then as they say
    for row in connection.execute(findings.in_force().where(_STATEMENT.id.in_(ids))).all():
        _index(connection, row)
    return len(ids)


def forget(connection: Connection, statement_ids: Collection[str]) -> None:
    """Take statements out at once, whose words must not be found any longer; what is left of them comes back later."""
    for part in chunks(sorted(statement_ids)):
        these = _STATEMENT.id.in_(part)
        for number in connection.scalars(select(_STATEMENT.number).where(these, _STATEMENT.number.is_not(None))):
            _remove(connection, number)
        connection.execute(update(schema.statement).where(these).values(number=None, indexed=False))


def scrub(connection: Connection) -> None:
    """Leave no token behind of what was taken out: FTS5 keeps them until it merges. Takes seconds in a big archive."""
    if connection.dialect.name == "sqlite":
        driven(connection, "INSERT INTO search(search) VALUES ('optimize')")


def _index(connection: Connection, row: Row[Any]) -> None:
    if row.number is not None:
        _remove(connection, row.number)
    reading, number = findings.reading_in_force(row), None
    if row.story_id and reading and reading.about_nk:
        number = _number(connection, row)
        _write(connection, number, row.id, entry(records.statement(row), reading))
    connection.execute(update(schema.statement).where(_STATEMENT.id == row.id).values(indexed=True, number=number))


def _number(connection: Connection, row: Row[Any]) -> int:
    """The number that it had, if its date is still the same; else the first free one from its own on."""
    if row.number is not None and search.second_of(row.number) == search.second(row.published):
        kept: int = row.number
        return kept
    number = search.number(row.published, row.id)
    while connection.scalar(select(_STATEMENT.id).where(_STATEMENT.number == number)) is not None:
        number += 1
    return number


def _write(connection: Connection, number: int, statement_id: str, fields: Sequence[Sequence[str]]) -> None:
    if connection.dialect.name == "sqlite":
        tokens = f" {_HOLE} ".join(" ".join(token or _HOLE for token in field) for field in fields)
        driven(connection, "INSERT INTO search(rowid, tokens) VALUES (:number, :tokens)", _values(number, tokens))
        return
    row = {"number": number, "statement_id": statement_id, "tokens": cast(tsvector(fields), TSVECTOR)}
    connection.execute(insert(schema.search).values(row))


def _remove(connection: Connection, number: int) -> None:
    row = text("rowid = :number") if connection.dialect.name == "sqlite" else _SEARCH.number == number
    connection.execute(delete(schema.search).where(row), {"number": number})


def _values(number: int, tokens: str) -> dict[str, Any]:
    return {"number": number, "tokens": tokens}


def tsvector(fields: Sequence[Sequence[str]]) -> str:
    """A tsvector as PostgreSQL reads it (its manual, 8.11.1): each token with its places, counted in its field."""
    places: dict[str, list[str]] = {}
    for field in fields:
        for place, token in enumerate(field, start=1):
            if token:
                places.setdefault(token, []).append(str(place))
    return " ".join(f"{lexeme(token)}:{','.join(at)}" for token, at in places.items())


def lexeme(token: str) -> str:
    """A token between quotation marks, for a tsvector or a tsquery."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"
