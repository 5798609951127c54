"""A whole statement taken out: first it is hidden, then mails that tell of it, last all that we hold of it."""

import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, func, or_, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.redaction import SQUARES, Affected
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import UNDER_WAY, AlertState
from nkwatch.reading.quoted import Phrases
from nkwatch.store import indexing, passes, schema
from nkwatch.store.blackening import Pass, Place, Went, note, reached, reseal_key
from nkwatch.store.blackening_mails import BLOCKS, decoded, parts, pending, rewrite
from nkwatch.store.blackening_texts import destroy
from nkwatch.store.compositions import SLOT, tells_of

REASON = "its only report was taken out by an editor"
#: In a subject, so many letters of a title are enough; shorter than the other no title is looked for.
SUBJECT, TITLE = 12, 4
_STATEMENT, _STORY, _DESK, _READING = schema.statement.c, schema.story.c, schema.desk.c, schema.reading.c
_BLOCK, _COMPOSITION, _CAPTURE = schema.block.c, schema.composition.c, schema.capture.c

Removed = Callable[[str, str], str]
"""What stands instead of a block, by its language and its text."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What mails may say of a statement: its titles, and whatever else its publisher or editors wrote in it.

    `stories` are the ids of the story that it stands in, and of the one that it opened, if it did.
    """

    stories: frozenset[str]
    titles: Phrases
    texts: Phrases


def material(connection: Connection, statement_id: str) -> Gone | None:
    """What is to be looked for in mails; None where there is no such statement."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id)).first()
    if row is None:
        return None
    versions = [row, *_of(connection, schema.statement_revision, statement_id)]
    versions += _of(connection, schema.translation, statement_id)
    titles = [v.title for v in versions]
    return Gone(
        _stories(connection, row),
        Phrases(titles, shortest=SUBJECT, least=TITLE),
        Phrases([*titles, *(v.text for v in versions)]),
    )


def concerned(connection: Connection, statement_id: str) -> Affected:
    """What is kept of a statement."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id)).one()
    tables = {
        "earlier revisions": schema.statement_revision, "readings": schema.reading, "translations": schema.translation,
        "snapshots": schema.capture, "corrections": schema.correction, "keys": schema.statement_key,
    }  # fmt: skip
    counts = {"statements": 1} | {name: len(_of(connection, t, statement_id)) for name, t in tables.items()}
    told = list(connection.execute(_telling(_stories(connection, row)))) if row.story_id else []
    ids = {r.id for r in told}
    counts |= {"compositions": len(ids), "pending deliveries": pending(connection, ids)}
    return Affected({n: c for n, c in counts.items() if c}, ((statement_id, row.title),))


def hide(connection: Connection, this: Pass, statement_id: str) -> None:
    """Show it nowhere from now on, whatever its source or an editor says."""
    change = update(schema.statement).where(_STATEMENT.id == statement_id)
    connection.execute(change.values(presence=Presence.REDACTED))
    indexing.forget(connection, [statement_id])
    note(connection, this, "statement", [statement_id])
    passes.add(connection, this.redaction)


def mails(connection: Connection, this: Pass, gone: Gone, after: Place | None, removed: Removed) -> Went:
    """Replace the blocks of its story, and black out what other blocks of the same mails quote of it."""
    if not gone.stories:
        return Went()
    query = _telling(gone.stories).order_by(_COMPOSITION.id).limit(BLOCKS)
    query = query.where(_COMPOSITION.id > after[0]) if after else query
    rows = connection.execute(query.with_for_update(of=schema.composition)).all()
    changed = sum(_rewrite(connection, this, gone, row, removed) for row in rows)
    if rows:
        passes.add(connection, this.redaction)
        note(connection, this, "composition", [row.id for row in rows])
    counts = {
        "compositions": len(rows),
        "blocks": changed,
        "pending deliveries": pending(connection, {r.id for r in rows}),
    }
    return Went(reached(schema.composition, rows, BLOCKS), Affected({n: c for n, c in counts.items() if c}))


def empty(connection: Connection, this: Pass, statement_id: str, seal: Callable[[str], str]) -> Affected:
    """Leave nothing of it but its id, source and dates."""
    row = connection.execute(select(schema.statement).where(_STATEMENT.id == statement_id).with_for_update()).one()
    affected = concerned(connection, statement_id)
    destroy(connection, this, {r.sha256 for r in _of(connection, schema.capture, statement_id)})
    bare: dict[str, Any] = {"url": "", "headers": []}
    connection.execute(update(schema.capture).where(_CAPTURE.statement_id == statement_id).values(**bare))
    for key in _of(connection, schema.statement_key, statement_id):
        reseal_key(connection, key, seal)
    words = update(schema.correction).where(schema.correction.c.statement_id == statement_id)
    connection.execute(words.values(note="", themes=None))
    for table in ("statement_revision", "reading", "translation", "named", "mark", "errand"):
        dropped = schema.metadata.tables[table]
        connection.execute(delete(dropped).where(dropped.c.statement_id == statement_id))
    blank = dict.fromkeys(("title", "url", "text", "teaser", "author", "read_rules"), "")
    change = update(schema.statement).where(_STATEMENT.id == statement_id)
    connection.execute(
        change.values(**blank, presence=Presence.REDACTED, correction_id=None, read_revision=row.revision)
    )
    indexing.forget(connection, [statement_id])
    _settle(connection, row.story_id)
    counts = {n: c for n, c in affected.counts.items() if n not in {"compositions", "pending deliveries"}}
    return Affected(counts, affected.samples)


def _rewrite(connection: Connection, this: Pass, gone: Gone, row: Row[Any], removed: Removed) -> int:
    """The blocks and the subject of one composition; answers how many blocks are others now."""
    told = Phrases([row.subject])
    own = row.alert_of in gone.stories or row.kind == BulletinKind.ALERT
    if row.subject != SQUARES and (own or gone.titles.quoted(row.subject)):
        change = update(schema.composition).where(_COMPOSITION.id == row.id)
        connection.execute(change.values(subject=SQUARES))
    else:
        told = Phrases(())
    changed = 0
    for block in _blocks(connection, row):
        text = decoded(block.body)
        after = _told_anew(text, gone, told, lambda old: removed(row.language, old))
        if after != text:
            rewrite(connection, this, block, after)
            changed += 1
    return changed


def _told_anew(text: str, gone: Gone, subject: Phrases, removed: Callable[[str], str]) -> str:
    if re.search(rf"/stories/(?:{'|'.join(map(re.escape, sorted(gone.stories)))})(?![\w-])", text):
        return removed(text)
    return subject.blacked_out(gone.texts.blacked_out(text))


def _blocks(connection: Connection, row: Row[Any]) -> Iterable[Row[Any]]:
    named = parts(row)
    numbers = [name for name in named if isinstance(name, int)]
    ids = [name for name in named if isinstance(name, str)]
    query = select(schema.block).where(or_(_BLOCK.number.in_(numbers), _BLOCK.id.in_(ids)))
    return [b for b in connection.execute(query.order_by(_BLOCK.number)) if not b.id.startswith(SLOT)]


def _stories(connection: Connection, row: Row[Any]) -> frozenset[str]:
    """It may have been moved to another story since it was told."""
    if not row.story_id:
        return frozenset()
    stood = select(schema.stood.c.story_id).where(schema.stood.c.statement_id == row.id)
    return frozenset({row.id, row.story_id, *connection.scalars(stood)})


def _telling(story_ids: Collection[str]) -> Any:
    """The compositions that tell of stories; `alert_of` is the story of their bulletin, where that is an alert."""
    bulletin = schema.bulletin.c
    tells = or_(bulletin.story_id.in_(story_ids), *map(tells_of, sorted(story_ids)))
    joined = select(schema.composition, func.coalesce(bulletin.story_id, "").label("alert_of"))
    joined = joined.outerjoin_from(schema.composition, schema.bulletin, bulletin.number == _COMPOSITION.bulletin)
    return joined.where(tells)


def _settle(connection: Connection, story_id: str) -> None:
    """A story of which no other report is left tells nothing, and alerts nobody."""
    others = select(_STATEMENT.id).where(_STATEMENT.story_id == story_id, _STATEMENT.presence != Presence.REDACTED)
    if not story_id or connection.scalar(others.limit(1)) is not None:
        return
    this = update(schema.story).where(_STORY.id == story_id)
    connection.execute(this.where(_STORY.alert.in_(UNDER_WAY)).values(alert=AlertState.NONE))
    connection.execute(this.values(alert_reason=REASON))
    connection.execute(delete(schema.alert_call).where(schema.alert_call.c.story_id == story_id))
    connection.execute(update(schema.desk).where(_DESK.story_id == story_id).values(note=None, correction=None))


def _of(connection: Connection, table: Any, statement_id: str) -> list[Row[Any]]:
    return list(connection.execute(select(table).where(table.c.statement_id == statement_id)))
