"""What a digest tells besides its stories: how many there were, how many are held back, who was named last."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from nkwatch.domain.surroundings import Counted, Earlier
from nkwatch.store import findings, marks, records, schema
from nkwatch.store.rows import chunks
from nkwatch.store.stories import SHOWN, VISIBLE, Binder

_STATEMENT, _READING, _CORRECTION = schema.statement.c, schema.reading.c, schema.correction.c
_STORY, _DESK, _NAMED = schema.story.c, schema.desk.c, schema.named.c


def held(connection: Connection, now: datetime) -> int:
    """How many stories that would be shown editors hold back."""
    query = select(func.count()).select_from(schema.story).join(schema.desk, _DESK.story_id == _STORY.id)
    return connection.scalar(query.where(_DESK.held, _DESK.held_at <= now, VISIBLE)) or 0


def counted(connection: Connection, since: datetime, until: datetime) -> list[Counted]:
    """The stories that became ready in [since, until) and are shown, with the codes of their themes, the first first.

    What no digest holds is not counted.
    """
    # themes alone: a whole reading is long
    themes = (_READING.findings["themes"].label("themes"), _CORRECTION.themes.label("said"))
    query = (
        select(_STORY.id, _STORY.ready_at, *themes)
        .join_from(schema.story, schema.statement, _STATEMENT.story_id == _STORY.id)
        .join(schema.reading, findings.IN_FORCE)
        .outerjoin(schema.correction, _CORRECTION.id == _STATEMENT.correction_id)
        .where(_STORY.ready_at >= since, _STORY.ready_at < until, SHOWN, ~marks.unseen(_STORY.id))
        .order_by(_STORY.ready_at, _STORY.id, _STATEMENT.published, _STATEMENT.id)
    )
    found: dict[tuple[datetime, str], dict[str, None]] = defaultdict(dict)
    for row in connection.execute(query):
        codes = (f["code"] for f in (row.themes if row.said is None else row.said))
        found[row.ready_at, row.id].update(dict.fromkeys(codes))
    return [Counted(ready_at, tuple(codes)) for (ready_at, _), codes in found.items()]


def named_before(connection: Connection, binder: Binder, keys: Collection[str], before: datetime) -> dict[str, Earlier]:
    """The newest story that became ready before then and names a case, by the key of the mention."""
    stored = {records.key(key): key for key in keys}
    last: dict[str, str] = {}
    for part in chunks(sorted(stored)):
        last |= {stored[row.key]: row.story_id for row in connection.execute(_naming(part, before))}
    known = {story.id: story for story in binder.load(connection, sorted(set(last.values())))}
    return {
        key: Earlier(i, lead.title, lead.language, lead.published)
        for key, i in last.items()
        for lead in [known[i].lead.statement]
    }


def _naming(keys: Collection[str], before: datetime) -> Any:
    """The newest story of each key."""
    newest = func.row_number().over(partition_by=_NAMED.key, order_by=(_STORY.ready_at.desc(), _STORY.id))
    ranked = (
        select(_NAMED.key, _STORY.id.label("story_id"), newest.label("rank"))
        .join_from(schema.named, schema.statement, _STATEMENT.id == _NAMED.statement_id)
        .join(schema.story, _STORY.id == _STATEMENT.story_id)
        .where(_NAMED.key.in_(keys), _STORY.ready_at < before, SHOWN, ~marks.unseen(_STORY.id))
        .subquery()
    )
    return select(ranked.c.key, ranked.c.story_id).where(ranked.c.rank == 1)
