"""What editors say of stories and alerts. Every word is kept with who said it, and when."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, or_, select, update

from nkwatch.domain.desk import Note, Precision, Ruling, Translation
from nkwatch.domain.merging import Merged, Split, Unfit, Word
from nkwatch.store import marks, merging, rulings, schema
from nkwatch.store.database import Database
from nkwatch.store.rows import insert_new, upsert
from nkwatch.store.stories import closed_until

_DESK, _STORY, _STATEMENT, _TRANSLATION = (
    schema.desk.c,
    schema.story.c,
    schema.statement.c,
    schema.translation.c,
)


class DeskStore:
    """Each call that changes a story answers false when there is none."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hold(self, story_id: str, editor: str, now: datetime) -> bool:
        """Keep a story out of alerts and digests."""
        word = marks.Marking(editor, now, "held")
        return await self._database.write(lambda c: _mark(c, story_id, word, {"held": True}, {"held_at": now}))

    async def free(self, story_id: str, editor: str, now: datetime) -> bool:
        """Let a held story go: it becomes news again, behind every closed window; false when it was not held."""

        def free(connection: Connection) -> bool:
            freed_at = max(now, closed_until(connection, now))
            held = update(schema.desk).where(_DESK.story_id == story_id, _DESK.held)
            if connection.execute(held.values(held=False, freed_at=freed_at)).rowcount == 0:
                return False
            marks.log(connection, story_id, marks.Marking(editor, now, "freed"))
            return True

        return await self._database.write(free)

    async def pin(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        """Let a story lead every digest, or no longer."""
        word = marks.Marking(editor, now, "pinned" if on else "not pinned any longer")
        return await self._database.write(lambda c: _mark(c, story_id, word, {"pinned": on}))

    async def drop(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        """Keep a story out of every digest, or no longer."""
        word = marks.Marking(editor, now, "dropped" if on else "not dropped any longer")
        return await self._database.write(lambda c: _mark(c, story_id, word, {"dropped": on}))

    async def note(self, story_id: str, note: Note | None, now: datetime) -> bool:
        """Put an editor's words beside a story; None takes them away."""
        return await self._database.write(lambda c: _note(c, story_id, note, now))

    async def translate(self, translation: Translation) -> bool:
        """Keep an editor's translation; empty title and text take it away. False when there is no such statement."""
        return await self._database.write(lambda c: _translate(c, translation))

    async def merge(self, into_id: str, other_ids: Sequence[str], word: Word, *, dry: bool = False) -> Merged | Unfit:
        """Move all statements of the other stories into one, to which their ids then lead; with `dry` only say it."""
        if dry:
            return await self._database.read(lambda c: merging.foresee_merge(c, into_id, other_ids))
        return await self._database.write(lambda c: merging.merge(c, into_id, other_ids, word))

    async def split(
        self, statement_ids: Collection[str], word: Word, *, news: bool = False, dry: bool = False
    ) -> Split | Unfit:
        """Let these statements of one story make a story of their own; with `dry` only say what that comes to.

        With `news` it is news again for who did not have it.
        """
        if dry:
            return await self._database.read(lambda c: merging.foresee_split(c, statement_ids, news=news))
        return await self._database.write(lambda c: merging.split(c, statement_ids, word, news=news))

    async def alike(self, story_id: str, limit: int) -> list[str]:
        """The stories that share most with this one, the likest first."""
        return await self._database.read(lambda c: merging.alike(c, story_id, limit))

    async def rule(self, ruling: Ruling, note: Note | None = None) -> list[Ruling]:
        """Keep a ruling; answers all rulings on this story's alert, the first first.

        `note` is what readers are told: the story then carries it as its correction. None are kept of a story that is
        not there.
        """
        return await self._database.write(lambda c: rulings.rule(c, ruling, note))

    async def rulings(self, story_id: str) -> list[Ruling]:
        """All rulings on this story's alert, the first first."""
        return await self._database.read(lambda c: rulings.on(c, story_id))

    async def precisions(self, since: datetime) -> list[Precision]:
        """How often each source's urgent statements were right since then, by source."""
        return await self._database.read(lambda c: rulings.precisions(c, since))

    async def calls(self, now: datetime) -> list[tuple[str, int, datetime]]:
        """The held alerts: story, how many calls editors were sent for it, and when it was held or the last was sent.

        A story whose alert is asked anew for other reasons keeps its calls.
        """
        return await self._database.read(lambda c: rulings.calls(c, now))

    async def called(self, story_id: str, calls: int, now: datetime) -> None:
        """So many calls were sent for this story's alert."""
        await self._database.write(lambda c: rulings.called(c, story_id, calls, now))


def _mark(
    connection: Connection,
    story_id: str,
    word: marks.Marking,
    values: dict[str, bool],
    besides: dict[str, Any] | None = None,
) -> bool:
    """Write marks that are not so yet, `besides` with them; false when there is no such story."""
    if not _row(connection, story_id):
        return False
    other = or_(*(schema.desk.c[name].is_not(value) for name, value in values.items()))
    change = update(schema.desk).where(_DESK.story_id == story_id, other)
    if connection.execute(change.values(**values, **(besides or {}))).rowcount:
        marks.log(connection, story_id, word)
    return True


def _note(connection: Connection, story_id: str, note: Note | None, now: datetime) -> bool:
    row = _row(connection, story_id)
    if row is None:
        return False
    before = marks.note(row.note)
    if before != note:
        change = update(schema.desk).where(_DESK.story_id == story_id)
        connection.execute(change.values(note=marks.note_column(note)))
        what = "noted" if note else "note taken back"
        marks.log(connection, story_id, marks.Marking(note.editor if note else "", now, what))
    return True


def _row(connection: Connection, story_id: str) -> Row[Any] | None:
    """The row of a story that is there, made where there is none; nobody else changes it meanwhile."""
    if connection.scalar(select(_STORY.id).where(_STORY.id == story_id)) is None:
        return None
    insert_new(connection, schema.desk, [{"story_id": story_id}])
    return connection.execute(select(schema.desk).where(_DESK.story_id == story_id).with_for_update()).one()


def _translate(connection: Connection, said: Translation) -> bool:
    of = select(_STATEMENT.story_id).where(_STATEMENT.id == said.statement_id)
    story_id = connection.scalar(of.with_for_update(key_share=True))
    if story_id is None:
        return False
    this = (_TRANSLATION.statement_id == said.statement_id, _TRANSLATION.language == said.language)
    row = connection.execute(select(schema.translation).where(*this)).first()
    empty = not (said.title or said.text)
    same = row is None if empty else row is not None and marks.translation(row) == said
    if same:
        return True
    if empty:
        connection.execute(delete(schema.translation).where(*this))
    else:
        upsert(connection, schema.translation, [marks.translation_row(said)])
    what = f"translation into {said.language} {'taken back' if empty else 'kept'}"
    # a statement without a story is known by its own id
    marks.log(connection, story_id or said.statement_id, marks.Marking(said.editor, said.at, what))
    return True
