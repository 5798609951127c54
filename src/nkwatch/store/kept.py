"""What the tables keep of one statement: its revisions, the bytes that show it, every reading."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from nkwatch.domain.errand import Errand
from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import Statement
from nkwatch.store import findings, records, schema

_STATEMENT = schema.statement.c


@dataclass(frozen=True, slots=True)
class Was:
    """An earlier revision of a statement, and when its source replaced it."""

    revision: int
    title: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes that show a statement: their SHA-256, size, and where and when they were had."""

    sha256: str
    size: int
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Kept:
    """A reading that is kept, as the rules made it; `in_force` where it is the one that counts, corrected or not."""

    reading: Reading
    read_at: datetime
    in_force: bool


@dataclass(frozen=True, slots=True)
class StatementTrace:
    """All that is kept of a statement. `waiting` are pages still to be fetched."""

    statement: Statement
    story_id: str
    revisions: tuple[Was, ...]
    captures: tuple[Capture, ...]
    readings: tuple[Kept, ...]
    waiting: tuple[Errand, ...]


def trace(connection: Connection, statement_id: str) -> StatementTrace | None:
    """The statement with this id."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id)).first()
    if row is None:
        return None
    revision, capture, errand = schema.statement_revision.c, schema.capture.c, schema.errand.c
    revisions = connection.execute(
        select(schema.statement_revision).where(revision.statement_id == statement_id).order_by(revision.revision)
    )
    sizes = select(schema.capture, schema.snapshot.c.size).join_from(schema.capture, schema.snapshot)
    captures = connection.execute(sizes.where(capture.statement_id == statement_id).order_by(capture.at))
    due = select(schema.errand).where(errand.statement_id == statement_id, errand.due_at.is_not(None))
    return StatementTrace(
        statement=records.statement(row),
        story_id=row.story_id,
        revisions=tuple(Was(r.revision, r.title, r.replaced_at) for r in revisions),
        captures=tuple(Capture(r.sha256, r.size, r.url, r.at) for r in captures),
        readings=tuple(readings(connection, statement_id)),
        waiting=tuple(records.errand(r) for r in connection.execute(due.order_by(errand.due_at))),
    )


def readings(connection: Connection, statement_id: str) -> list[Kept]:
    """All readings of a statement, the newest first."""
    return [_kept(row) for row in connection.execute(findings.every(statement_id))]


def _kept(row: Row[Any]) -> Kept:
    found = findings.reading(row)
    if found is None:
        raise LookupError(row.id)
    return Kept(found, row.read_at, (found.revision, found.rules) == (row.read_revision, row.read_rules))
