"""Which bytes show a statement, by their hash: what proves a text, without the bytes themselves."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from nkwatch.store import schema
from nkwatch.store.rows import chunks

_CAPTURE = schema.capture.c


@dataclass(frozen=True, slots=True)
class Captured:
    """The SHA-256 of bytes, and when they were had (UTC)."""

    sha256: str
    at: datetime


def captured(connection: Connection, statement_ids: Collection[str]) -> dict[str, Captured]:
    """The newest bytes that show each of these statements, by its id."""
    found: dict[str, Captured] = {}
    query = select(_CAPTURE.statement_id, _CAPTURE.sha256, _CAPTURE.at).order_by(_CAPTURE.at, _CAPTURE.sha256)
    for part in chunks(sorted(statement_ids)):
        rows = connection.execute(query.where(_CAPTURE.statement_id.in_(part)))
        found |= {row.statement_id: Captured(row.sha256, row.at) for row in rows}
    return found
