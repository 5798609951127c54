"""The audit: rows in a chain, written one after the other whoever writes them."""

import hmac
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select, update

from nkwatch.domain.audit import Deed, End, Row, Verdict, row, verify
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.rows import insert_new

#: The one row that says where the chain ends.
NAME = "audit"
_AUDIT, _END = schema.audit.c, schema.audit_end.c
#: Rows read at a time.
PAGE = 1_000


class AuditStore:
    """Nothing here changes or removes a row."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def write(self, deed: Deed) -> Row:
        """Put a deed behind the last row."""

        def write(connection: Connection) -> Row:
            written = row(deed, self._latched(connection))
            connection.execute(schema.audit.insert().values(**_values(written)))
            end = End(written.number, written.hash)
            said = {"number": end.number, "hash": end.hash, "seal": self._seal(end)}
            connection.execute(update(schema.audit_end).where(_END.name == NAME).values(**said))
            return written

        return await self._database.write(write)

    async def newest(self, limit: int, before: int | None = None) -> list[Row]:
        """The last rows, the newest first; those before this number where one is given."""
        query = select(schema.audit).order_by(_AUDIT.number.desc()).limit(limit)
        query = query.where(_AUDIT.number < before) if before is not None else query
        return await self._database.read(lambda c: [_row(r) for r in c.execute(query)])

    async def verify(self) -> Verdict:
        """Whether every row is there and as it was written."""

        def look(connection: Connection) -> Verdict:
            end = connection.execute(select(schema.audit_end).where(_END.name == NAME)).first()
            said = End(end.number, end.hash) if end else None
            sealed = said is not None and end is not None and self._is_sealed(said, end.seal)
            return verify(_rows(connection), said if sealed else None)

        return await self._database.read(look)

    def _latched(self, connection: Connection) -> End:
        """Where the chain ends; nobody else writes until the transaction ends."""
        begun = End()
        first = {"name": NAME, "number": begun.number, "hash": begun.hash, "seal": self._seal(begun)}
        insert_new(connection, schema.audit_end, [first])
        query = select(schema.audit_end).where(_END.name == NAME).with_for_update()
        end = connection.execute(query).one()
        return End(end.number, end.hash)

    def _seal(self, end: End) -> bytes:
        return self._keyring.lookup(_sealed(end))

    def _is_sealed(self, end: End, seal: bytes) -> bool:
        return any(hmac.compare_digest(ours, seal) for ours in self._keyring.lookups(_sealed(end)))


def _sealed(end: End) -> str:
    return f"audit {end.number} {end.hash}"


def _rows(connection: Connection) -> Iterator[Row]:
    """All rows in their order."""
    last = -1
    while True:
        query = select(schema.audit).where(_AUDIT.number > last).order_by(_AUDIT.number).limit(PAGE)
        rows = connection.execute(query).all()
        yield from (_row(r) for r in rows)
        if len(rows) < PAGE:
            return
        last = rows[-1].number


def _values(one: Row) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Row.__slots__}


def _row(found: Any) -> Row:
    return Row(**found._mapping)  # noqa: SLF001  the documented way to a row's names
