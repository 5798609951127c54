"""A name taken out of the tables, some rows of one table at a time. Doing it twice changes nothing more.

Each step goes through one table in the order of its keys, in one transaction for each part of it. In a dry run nothing
is written, and what would be is counted.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Connection, Row, String, Table, delete, select, tuple_, update

from nkwatch.domain.redaction import SQUARES, Affected
from nkwatch.keys import Keyring
from nkwatch.reading.redacting import Forms
from nkwatch.store import passes, schema
from nkwatch.store.rows import insert_new, upsert

Place = tuple[Any, ...]
"""The key of the row that was looked at last."""

#: Rows of most tables in one transaction.
ROWS = 500
#: Tables with steps of their own, and those in which nobody is named by us: codes, instants, hashes, seals, readers.
APART = frozenset(
    {
        "statement", "statement_revision", "reading", "statement_key", "named", "mark", "snapshot", "block",
        "composition", "delivery", "errand",
        "source_state", "source_day", "host", "subscriber", "suppression", "move", "waiting_alert", "alert_pace",
        "latch", "rate", "accepted_hour", "together", "redaction", "redacted", "webhook", "edition", "edition_rhythm",
        "edition_version", "merged", "apart", "stood", "passkey", "desk_session", "desk_ticket", "audit", "audit_end",
    }
)  # fmt: skip
#: Who signs, and who publishes: names that are meant to be told.
SIGNED = frozenset({"editor", "publisher", "source_id"})
#: Tables of which a row goes when its key is the name.
KEYED = frozenset({"case_page"})


@dataclass(frozen=True, slots=True)
class Pass:
    """What is taken out and on whose behalf; `redaction` is its number, 0 in a dry run.

    `encode` brings text into the wire form of blocks. `seen` is what a dry run found so far.
    """

    forms: Forms
    keyring: Keyring
    encode: Callable[[str], bytes]
    redaction: int
    now: datetime
    seen: frozenset[tuple[str, Any]] = frozenset()

    @property
    def dry(self) -> bool:
        """Whether nothing is written."""
        return not self.redaction


@dataclass(frozen=True, slots=True)
class Went:
    """What one part of a step did; `after` is where the next begins, None at the end of the table."""

    after: Place | None = None
    affected: Affected = field(default_factory=Affected)
    seen: frozenset[tuple[str, Any]] = frozenset()


def page(
    connection: Connection, this: Pass, table: Table, after: Place | None, limit: int = ROWS, *those: Any
) -> list[Row[Any]]:
    """The next rows of a table in the order of its keys, for which changes under way are waited for."""
    keys = list(table.primary_key)
    query = select(table).where(*those).order_by(*keys).limit(limit)
    if after is not None:
        query = query.where(tuple_(*keys) > tuple_(*after) if len(keys) > 1 else keys[0] > after[0])
    return list(connection.execute(query if this.dry else query.with_for_update()))


def reached(table: Table, rows: Sequence[Row[Any]], limit: int = ROWS) -> Place | None:
    """Where the next part begins."""
    return tuple(getattr(rows[-1], key.name) for key in table.primary_key) if len(rows) == limit else None


def this_row(table: Table, row: Row[Any]) -> Iterator[Any]:
    """The conditions that only this row fulfils."""
    return (key == getattr(row, key.name) for key in table.primary_key)


def note(connection: Connection, this: Pass, what: str, ids: Iterable[str]) -> None:
    """Keep that these were changed, and when first."""
    rows = [{"what": what, "id": i, "redaction": this.redaction, "at": this.now} for i in sorted(set(ids))]
    insert_new(connection, schema.redacted, rows)


def plain_tables() -> list[Table]:
    """The tables whose texts are blacked out as they stand."""
    return [t for t in schema.metadata.sorted_tables if t.name not in APART and _told(t)]


def blacken(connection: Connection, this: Pass, table: Table, after: Place | None) -> Went:
    """Black out the texts of one of the plain tables."""
    rows = page(connection, this, table, after)
    columns = _told(table)
    counts: Counter[str] = Counter()
    for row in rows:
        gone = table.name in KEYED and this.forms.known(row.key)
        changed = {} if gone else {c.name: v for c in columns if (v := _said(this.forms, c, row)) is not None}
        counts[_name(table)] += bool(gone or changed)
        if this.dry or not (gone or changed):
            continue
        change = delete(table) if gone else update(table).values(**changed)
        connection.execute(change.where(*this_row(table, row)))
    if +counts and not this.dry:
        passes.add(connection, this.redaction)
    return Went(reached(table, rows), Affected(+counts))


def _told(table: Table) -> list[Column[Any]]:
    """The columns of a table that may say something in words."""
    apart = {key.name for key in table.primary_key} | SIGNED
    words = [c for c in table.columns if isinstance(c.type, String | JSON) and not c.foreign_keys]
    return [c for c in words if c.name not in apart]


def _said(forms: Forms, column: Column[Any], row: Row[Any]) -> Any:
    """What the column says after; None where that is what it said before."""
    value = getattr(row, column.name)
    if column.name == "url":
        after: Any = forms.address(value)
    elif column.name == "key" and forms.known(value):
        after = SQUARES
    else:
        after = forms.told(value)
    return None if after == value else after


def _name(table: Table) -> str:
    return _NAMES.get(table.name, table.name.replace("_", " "))


_NAMES: Mapping[str, str] = {
    "capture": "addresses of snapshots", "correction": "corrections", "desk": "notes", "translation": "translations",
    "ruling": "rulings", "marking": "marks of editors", "story": "alert reasons", "bulletin": "corrections told",
    "case_page": "case pages", "case_act": "acts on case pages", "webhook_call": "answers to webhooks",
}  # fmt: skip


def delete_named_keys(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Forget who is named, where it is one of these; what is read anew brings the others back."""
    table = schema.named
    rows = page(connection, this, table, after)
    hit = [row for row in rows if this.forms.known(row.key)]
    for row in [] if this.dry else hit:
        connection.execute(delete(table).where(*this_row(table, row)))
    return Went(reached(table, rows), Affected({"names found": len(hit)} if hit else {}))


def seal_keys(connection: Connection, this: Pass, after: Place | None, seal: Callable[[str], str]) -> Went:
    """Keep a keyed hash of each key that names somebody: the entry is known by it all the same."""
    table = schema.statement_key
    rows = page(connection, this, table, after)
    hit = [row for row in rows if this.forms.known(row.key) or not this.forms.address(row.key)]
    for row in [] if this.dry else hit:
        reseal_key(connection, row, seal)
    return Went(reached(table, rows), Affected({"keys": len(hit)} if hit else {}))


def reseal_key(connection: Connection, row: Row[Any], seal: Callable[[str], str]) -> None:
    """Put a sealed key instead of this one."""
    table = schema.statement_key
    sealed = {"publisher": row.publisher, "key": seal(row.key), "statement_id": row.statement_id}
    connection.execute(delete(table).where(*this_row(table, row)))
    upsert(connection, table, [sealed])


def drop_errands(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Ask for no page whose address names somebody."""
    table = schema.errand
    rows = page(connection, this, table, after)
    hit = [row for row in rows if not this.forms.address(row.url) and row.url]
    for row in [] if this.dry else hit:
        connection.execute(delete(table).where(*this_row(table, row)))
    return Went(reached(table, rows), Affected({"pages to be fetched": len(hit)} if hit else {}))


def with_seen(this: Pass, went: Went) -> Pass:
    """The same pass, knowing what this part found."""
    return replace(this, seen=this.seen | went.seen) if went.seen else this
