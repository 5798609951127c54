"""Redactions: which are in force, and how what we hold is gone through.

The forms of a name are sealed. What was redacted keeps its id and its number; `redacted` says what it is.
"""

import asyncio
import json
import unicodedata
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection, Row, select, update

from nkwatch.domain.redaction import Affected, Redaction, RedactionKind
from nkwatch.keys import Keyring
from nkwatch.reading.redacting import Forms
from nkwatch.store import blackening, blackening_mails, blackening_texts, indexing, passes, removing, schema
from nkwatch.store.arriving import Arrivals, forms_context, seal_key
from nkwatch.store.blackening import Pass, Place, Went
from nkwatch.store.database import Database
from nkwatch.store.removing import Removed
from nkwatch.store.rows import chunks, insert_new

_REDACTION, _REDACTED = schema.redaction.c, schema.redacted.c
T = TypeVar("T")
Step = Callable[[Connection, Pass, Place | None], Went]


class RedactionStore:
    """`encode` brings text into the wire form of blocks, with the same outcome as when mails are made."""

    def __init__(self, database: Database, keyring: Keyring, encode: Callable[[str], bytes]) -> None:
        self._database = database
        self._keyring = keyring
        self._encode = encode
        self._arrivals = Arrivals(keyring)

    async def forms(self) -> Forms:
        """The forms that are in force for what arrives."""
        return await self._database.read(self._arrivals.forms)

    async def begin_person(self, forms: Sequence[str], editor: str, reason: str, now: datetime) -> Redaction:
        """Put the forms in force; the same forms are one redaction, which is gone through anew."""
        name = json.dumps(sorted({_normal(form) for form in forms}))
        kept = json.dumps(list(dict.fromkeys(forms)), ensure_ascii=False)
        wanted = {"kind": RedactionKind.PERSON, "editor": editor, "reason": Forms(forms).blacked_out(reason), "at": now}
        return await self._begin(f"person:{name}", wanted, kept)

    async def begin_statement(self, statement_id: str, editor: str, reason: str, now: datetime) -> Redaction:
        """Note that a statement is taken out."""
        wanted = {"kind": RedactionKind.STATEMENT, "editor": editor, "reason": reason, "at": now}
        return await self._begin(f"statement:{statement_id}", wanted | {"statement_id": statement_id}, "")

    async def listed(self) -> list[Redaction]:
        """All redactions, the first first."""
        query = select(schema.redaction).order_by(_REDACTION.id)
        return await self._database.read(lambda c: [self._redaction(row) for row in c.execute(query)])

    async def lift(self, redaction_id: int, now: datetime) -> bool:
        """Apply the forms of a person no longer to what arrives, and forget them; false where none were in force."""
        those = (_REDACTION.id == redaction_id, _REDACTION.kind == RedactionKind.PERSON, _REDACTION.lifted_at.is_(None))
        change = update(schema.redaction).where(*those).values(lifted_at=now, forms=None)
        return await self._database.write(lambda c: c.execute(change).rowcount > 0)

    async def finish(self, redaction_id: int, now: datetime) -> None:
        """Everything was gone through."""
        change = update(schema.redaction).where(_REDACTION.id == redaction_id).values(done_at=now)
        await self._database.write(lambda c: c.execute(change))

    async def redacted(self, what: str, ids: Collection[str]) -> Mapping[str, datetime]:
        """Which of these statements, snapshots, blocks or compositions were changed, and when first."""

        def look(connection: Connection) -> dict[str, datetime]:
            found: dict[str, datetime] = {}
            for part in chunks(sorted(ids)):
                query = select(_REDACTED.id, _REDACTED.at).where(_REDACTED.what == what, _REDACTED.id.in_(part))
                found |= {row.id: row.at for row in connection.execute(query)}
            return found

        return await self._database.read(look)

    async def destroyed(self, statement_id: str) -> list[tuple[str, datetime, datetime]]:
        """The hashes of bytes that showed a statement and were destroyed, when they were had, and when destroyed."""
        capture = schema.capture.c
        query = (
            select(capture.sha256, capture.at, _REDACTED.at.label("destroyed"))
            .join_from(schema.capture, schema.redacted, _REDACTED.id == capture.sha256)
            .where(capture.statement_id == statement_id, _REDACTED.what == "snapshot")
            .order_by(capture.at, capture.sha256)
        )
        return await self._database.read(lambda c: [(r.sha256, r.at, r.destroyed) for r in c.execute(query)])

    def steps(self) -> tuple[str, ...]:
        """The names of all steps that take a person out, in their order."""
        return tuple(self._steps())

    def begun(self, forms: Sequence[str], redaction_id: int, now: datetime) -> Pass:
        """What the steps are told; nothing is written where `redaction_id` is 0."""
        return Pass(Forms(forms), self._keyring, self._encode, redaction_id, now)

    async def step(self, name: str, this: Pass, after: Place | None) -> tuple[Pass, Place | None, Affected]:
        """One part of a step, in one transaction; answers where the next begins, None at the end of the step."""
        step = self._steps()[name]
        run = self._database.read if this.dry else self._change
        went = await run(lambda c: step(c, this, after))
        return blackening.with_seen(this, went), went.after, went.affected

    async def of_statement(self, statement_id: str) -> Affected | None:
        """What is kept of a statement; None where there is none."""

        def look(connection: Connection) -> Affected | None:
            there = removing.material(connection, statement_id)
            return removing.concerned(connection, statement_id) if there else None

        return await self._database.read(look)

    async def hide(self, this: Pass, statement_id: str) -> None:
        """Show a statement nowhere from now on."""
        await self._change(lambda c: removing.hide(c, this, statement_id))

    async def remove_from_mails(
        self, this: Pass, statement_id: str, after: Place | None, removed: Removed
    ) -> tuple[Place | None, Affected]:
        """Take a statement out of some of the mails that tell of it; answers where the next begin."""

        def work(connection: Connection) -> Went:
            gone = removing.material(connection, statement_id)
            return removing.mails(connection, this, gone, after, removed) if gone else Went()

        went = await self._change(work)
        return went.after, went.affected

    async def empty(self, this: Pass, statement_id: str) -> Affected:
        """Leave nothing of a statement but its id, source and dates."""
        return await self._change(lambda c: removing.empty(c, this, statement_id, self._seal))

    async def clean(self) -> bool:
        """Overwrite what the database still has of rows that are gone; false where somebody reads it just now."""
        await self._database.write(indexing.scrub)
        return await asyncio.to_thread(_clean, self._database)

    async def _change(self, work: Callable[[Connection], T]) -> T:
        """Change something while nobody writes mails made of what it was."""

        def change(connection: Connection) -> T:
            passes.changing(connection)
            return work(connection)

        return await self._database.write(change)

    async def _begin(self, about: str, wanted: dict[str, Any], forms: str) -> Redaction:
        hashes = self._keyring.lookups(about)
        key = self._keyring.lookup(about)
        sealed = self._keyring.seal(forms, forms_context(key)) if forms else None

        def write(connection: Connection) -> Redaction:
            known = connection.execute(select(schema.redaction).where(_REDACTION.key.in_(hashes))).first()
            if known is None:
                insert_new(connection, schema.redaction, [wanted | {"key": key, "forms": sealed}])
            else:
                again: dict[str, Any] = {"done_at": None, "lifted_at": None}
                if forms and known.forms is None:
                    again["forms"] = self._keyring.seal(forms, forms_context(known.key))
                connection.execute(update(schema.redaction).where(_REDACTION.id == known.id).values(**again))
            found = select(schema.redaction).where(_REDACTION.key == (known.key if known else key))
            return self._redaction(connection.execute(found).one())

        return await self._database.write(write)

    def _redaction(self, row: Row[Any]) -> Redaction:
        return Redaction(
            id=row.id,
            kind=RedactionKind(row.kind),
            at=row.at,
            editor=row.editor,
            reason=row.reason,
            statement_id=row.statement_id,
            forms=self._arrivals.unsealed(row.key, row.forms),
            done_at=row.done_at,
            lifted_at=row.lifted_at,
        )

    def _steps(self) -> dict[str, Step]:
        """What statements say goes first: nothing is composed of it any more. Bytes are many, and go last."""
        named: dict[str, Step] = {
            "named": blackening.delete_named_keys,
            "statements": blackening_texts.statements,
            "keys": lambda c, this, after: blackening.seal_keys(c, this, after, self._seal),
            "errands": blackening.drop_errands,
            "blocks": blackening_mails.blocks,
            "compositions": blackening_mails.compositions,
            "deliveries": blackening_mails.deliveries,
        }
        for table in blackening.plain_tables():
            named[table.name] = lambda c, this, after, table=table: blackening.blacken(c, this, table, after)  # type: ignore[misc]
        return named | {"snapshots": blackening_texts.snapshots}

    def _seal(self, key: str) -> str:
        return seal_key(self._keyring, key)


def _normal(form: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", form).casefold().split())


def _clean(database: Database) -> bool:
    """SQLite: bring the write-ahead log into the file and empty it. PostgreSQL: drop the rows that were replaced."""
    raw: Any = database.engine.raw_connection()
    try:
        if database.engine.dialect.name == "sqlite":
            busy, _, _ = raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            return not busy
        raw.driver_connection.autocommit = True
        raw.cursor().execute("VACUUM")
        raw.driver_connection.autocommit = False
        return True
    finally:
        raw.close()
