"""A name taken out of statements with all that was read in them, and of the bytes that show them."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

import zstandard
from sqlalchemy import Connection, Row, delete, select, update

from nkwatch.domain.redaction import SAMPLES, Affected
from nkwatch.reading.redacting import Forms, husk
from nkwatch.store import indexing, passes, records, schema
from nkwatch.store.blackening import Pass, Place, Went, note, page, reached, this_row

#: Statements in one transaction: each may have many readings. Snapshots are large.
STATEMENTS, SNAPSHOTS = 200, 20
_REVISION, _READING, _CAPTURE = schema.statement_revision.c, schema.reading.c, schema.capture.c
_NAMED, _MARK, _STATEMENT, _SNAPSHOT = schema.named.c, schema.mark.c, schema.statement.c, schema.snapshot.c
_TEXTS = ("title", "text", "teaser", "author", "url")


def statements(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Black out statements, their earlier revisions and readings: each is a new revision that is read anew."""
    rows = page(connection, this, schema.statement, after, STATEMENTS)
    ids = [row.id for row in rows]
    revisions = _by_statement(connection, schema.statement_revision, ids)
    readings = _by_statement(connection, schema.reading, ids)
    counts: Counter[str] = Counter()
    samples: list[tuple[str, str]] = []
    seen: set[tuple[str, Any]] = set()
    spellings = {s for found in readings.values() for r in found for s in _spellings(this.forms, r.findings)}
    for row in rows:
        changed = _changed(this.forms, row)
        old = [r for r in revisions[row.id] if this.forms.named(r.title) or this.forms.named(r.text)]
        told = [r for r in readings[row.id] if this.forms.told_by(r.findings)]
        if not (changed or old or told):
            continue
        counts.update({"statements": 1, "earlier revisions": len(old), "readings": len(readings[row.id])})
        samples.append((row.id, row.title))
        shown = set(connection.scalars(select(_CAPTURE.sha256).where(_CAPTURE.statement_id == row.id)))
        counts["snapshots"] += len({("snapshot", sha) for sha in shown} - this.seen - seen)
        seen |= {("snapshot", sha) for sha in shown}
        if not this.dry:
            _redact(connection, row, changed)
            _redact_old(connection, this.forms, old, readings[row.id])
            destroy(connection, this, shown)
    if not this.dry:
        hit = [i for i, _ in samples]
        indexing.forget(connection, hit)
        note(connection, this, "statement", hit)
        if hit:
            passes.add(connection, this.redaction)
    affected = Affected(+counts, tuple(samples[:SAMPLES]), frozenset(spellings))
    return Went(reached(schema.statement, rows, STATEMENTS), affected, frozenset(seen))


def snapshots(connection: Connection, this: Pass, after: Place | None) -> Went:
    """Destroy the bytes that name somebody, whatever statement they show."""
    rows = page(connection, this, schema.snapshot, after, SNAPSHOTS)
    unpack = zstandard.ZstdDecompressor()
    kept = [row for row in rows if row.zstd and ("snapshot", row.sha256) not in this.seen]
    hit = [row.sha256 for row in kept if this.forms.named_in_bytes(unpack.decompress(row.zstd))]
    if not this.dry:
        destroy(connection, this, hit)
    return Went(
        reached(schema.snapshot, rows, SNAPSHOTS),
        Affected({"snapshots": len(hit)} if hit else {}),
        frozenset(("snapshot", sha) for sha in hit),
    )


def destroy(connection: Connection, this: Pass, hashes: Collection[str]) -> None:
    """Destroy bytes; their hash, their size and what they showed when stay known."""
    if hashes:
        connection.execute(update(schema.snapshot).where(_SNAPSHOT.sha256.in_(hashes)).values(zstd=b""))
        note(connection, this, "snapshot", hashes)


def _spellings(forms: Forms, findings: dict[str, Any]) -> list[str]:
    """How the name is written in a reading besides."""
    names = [(case["key"], case["who"]["phrase"]) for case in findings.get("cases", ())]
    return [phrase for key, phrase in names if key in forms.keys and not forms.named(phrase)]


def _changed(forms: Forms, row: Row[Any]) -> dict[str, str]:
    statement = records.statement(row)
    after = forms.statement(statement)
    return {n: getattr(after, n) for n in _TEXTS if getattr(after, n) != getattr(statement, n)}


def _redact(connection: Connection, row: Row[Any], changed: dict[str, str]) -> None:
    anew = {**changed, "revision": row.revision + 1}
    connection.execute(update(schema.statement).where(_STATEMENT.id == row.id).values(**anew))
    # what is read anew brings back what is not about this name
    connection.execute(delete(schema.named).where(_NAMED.statement_id == row.id))
    connection.execute(delete(schema.mark).where(_MARK.statement_id == row.id))


def _redact_old(
    connection: Connection, forms: Forms, revisions: Iterable[Row[Any]], readings: Iterable[Row[Any]]
) -> None:
    for old in revisions:
        told = {"title": forms.blacked_out(old.title), "text": forms.blacked_out(old.text)}
        change = update(schema.statement_revision).where(*this_row(schema.statement_revision, old))
        connection.execute(change.values(**told))
    for reading in readings:
        # it stays without its words: the story stands on it until the statement is read anew
        change = update(schema.reading).where(*this_row(schema.reading, reading))
        connection.execute(change.values(findings=husk(reading.findings, forms)))


def _by_statement(connection: Connection, table: Any, ids: Sequence[str]) -> dict[str, list[Row[Any]]]:
    found: dict[str, list[Row[Any]]] = defaultdict(list)
    for row in connection.execute(select(table).where(table.c.statement_id.in_(ids))):
        found[row.statement_id].append(row)
    return found
