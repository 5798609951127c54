"""What editors said of stories, as rows and as values."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, select

from nkwatch.domain.desk import UNMARKED, Marks, Note, Translation
from nkwatch.store import schema
from nkwatch.store.rows import chunks

_DESK, _TRANSLATION, _STATEMENT, _MARKING = (
    schema.desk.c,
    schema.translation.c,
    schema.statement.c,
    schema.marking.c,
)


@dataclass(frozen=True, slots=True)
class Marking:
    """Who marked a story, when, and how: "held", "freed", "pinned"."""

    editor: str
    at: datetime
    what: str


def load(connection: Connection, story_ids: Sequence[str]) -> dict[str, Marks]:
    """What editors said of these stories; nothing of who was never marked."""
    found: dict[str, Marks] = {}
    for part in chunks(story_ids):
        translations = _translations(connection, part)
        rows = {row.story_id: row for row in connection.execute(select(schema.desk).where(_DESK.story_id.in_(part)))}
        found |= {i: _marks(rows.get(i), translations.get(i, ())) for i in {*rows, *translations}}
    return found


def markings(connection: Connection, story_id: str) -> list[Marking]:
    """Everything that editors did to a story, the first first."""
    query = select(schema.marking).where(_MARKING.story_id == story_id).order_by(_MARKING.id)
    return [Marking(row.editor, row.at, row.what) for row in connection.execute(query)]


def log(connection: Connection, story_id: str, word: Marking) -> None:
    """Keep what an editor did to a story."""
    row = {"story_id": story_id, "editor": word.editor, "at": word.at, "what": word.what}
    connection.execute(schema.marking.insert().values(**row))


def held(story_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether editors hold this story back: nothing is told of it."""
    return select(_DESK.story_id).where(_DESK.story_id == story_id, _DESK.held).exists()


def unseen(story_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether no digest holds this story."""
    kept_out = _DESK.held | _DESK.withdrawn | _DESK.dropped
    return select(_DESK.story_id).where(_DESK.story_id == story_id, kept_out).exists()


def note_column(note: Note | None) -> dict[str, Any] | None:
    """Signed words as a column has them."""
    return {"words": [list(w) for w in note.words], "editor": note.editor, "at": note.at.isoformat()} if note else None


def note(column: Mapping[str, Any] | None) -> Note | None:
    """Signed words."""
    if column is None:
        return None
    words = tuple((language, text) for language, text in column["words"])
    return Note(words, column["editor"], datetime.fromisoformat(column["at"]))


def translation(row: Row[Any]) -> Translation:
    """An editor's translation."""
    return Translation(row.statement_id, row.language, row.title, row.text, row.editor, row.at)


def translation_row(translation: Translation) -> dict[str, Any]:
    """A row of translation."""
    return asdict(translation)


def _translations(connection: Connection, story_ids: Sequence[str]) -> dict[str, list[Translation]]:
    query = (
        select(schema.translation, _STATEMENT.story_id)
        .join_from(schema.translation, schema.statement)
        .where(_STATEMENT.story_id.in_(story_ids))
        .order_by(_TRANSLATION.statement_id, _TRANSLATION.language)
    )
    found: dict[str, list[Translation]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.story_id].append(translation(row))
    return found


def _marks(row: Row[Any] | None, translations: Sequence[Translation]) -> Marks:
    if row is None:
        return Marks(translations=tuple(translations)) if translations else UNMARKED
    return Marks(
        held=row.held,
        pinned=row.pinned,
        dropped=row.dropped,
        note=note(row.note),
        correction=note(row.correction),
        withdrawn=row.withdrawn,
        translations=tuple(translations),
    )
