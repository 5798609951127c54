"""What there is to tell webhooks: each kind of news has a cursor in the row of its hook.

Stories are found by the instant under which windows find them, under the same latch, so that none slips behind the
cursor. Alerts, rulings and corrections have numbers. PostgreSQL may show a number later than a higher one: so each
look goes back a little, and what has its call already gets no other.
"""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, or_, select, update

from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.desk import RulingKind
from nkwatch.domain.webhook import Call, CallState, Event, Hook
from nkwatch.store import merged, schema, stories
from nkwatch.store.rows import chunks, insert_new

_W, _C = schema.webhook.c, schema.webhook_call.c
_STORY, _DESK, _STATEMENT = schema.story.c, schema.desk.c, schema.statement.c
_B, _R, _S = schema.bulletin.c, schema.ruling.c, schema.correction.c
#: Numbers that each look goes back.
OVERLAP = 100
#: What is older when it is found is told no more.
OLDEST_NEWS = timedelta(days=7)
#: How long calls are kept once they are done, and how many are deleted in one transaction.
KEPT, BATCH = timedelta(days=90), 500
_TAKEN_BACK = {RulingKind.CORRECT: Event.ALERT_CORRECTED, RulingKind.WITHDRAW: Event.ALERT_WITHDRAWN}
#: The cursors that are numbers, and what they are numbers of.
_NUMBERS = {"bulletin": _B.number, "ruling": _R.id, "correction": _S.id}


def standing(names: Sequence[str], now: datetime) -> Select[Any]:
    """The rows of these hooks, each with whether there may be `news` and whether a call is `due`."""
    ready = select(_STORY.id).where(_STORY.ready_at >= _W.stories_until, _STORY.ready_at < now).exists()
    freed = select(_DESK.story_id).where(_DESK.freed_at >= _W.stories_until, _DESK.freed_at < now).exists()
    higher = [select(number).where(number > _W[name]).exists() for name, number in _NUMBERS.items()]
    due = select(_C.id).where(_C.hook == _W.name, schema.calling, _C.due_at <= now).exists()
    columns = (schema.webhook, or_(ready, freed, *higher).label("news"), due.label("due"))
    return select(*columns).where(_W.name.in_(names)).order_by(_W.name)


def newest(connection: Connection) -> dict[str, int]:
    """The cursors of a hook that begins now."""
    return {name: max(connection.scalar(select(func.max(n))) or 0, 0) for name, n in _NUMBERS.items()}


def find(connection: Connection, hooks: Sequence[Hook], now: datetime) -> int:
    """Write a call for everything that is new to these hooks, and move their cursors; answers how many."""
    # a story that becomes ready while this is under way does so behind the cursor
    stories.close(connection, now)
    added = sum(_find(connection, hook, now) for hook in hooks)
    _tidy(connection, now)
    return added


def _find(connection: Connection, hook: Hook, now: datetime) -> int:
    row = connection.execute(select(schema.webhook).where(_W.name == hook.name).with_for_update()).first()
    if row is None or row.off_at is not None:
        return 0
    since = max(row.began_at, now - OLDEST_NEWS)
    window = Window(max(row.stories_until, since), now)
    found = [*_stories(connection, hook, window, now), *_numbered(connection, hook, row, since, now)]
    calls = [c for c in found if c.event.kind in hook.events]
    added = sum(insert_new(connection, schema.webhook_call, [_row(c) for c in part]) for part in chunks(calls))
    if "story" in hook.events or "alert" in hook.events:
        _revive(connection, hook, window, now)
    reached = {name: max(getattr(row, name), number) for name, number in newest(connection).items()}
    moved = update(schema.webhook).where(_W.name == hook.name)
    connection.execute(moved.values(stories_until=max(row.stories_until, now), **reached))
    return added


def _stories(connection: Connection, hook: Hook, window: Window, now: datetime) -> Iterator[Call]:
    """What became ready or was freed, but for what the first ingest of a source brought."""
    news = select(_STATEMENT.id).where(_STATEMENT.story_id == _STORY.id, ~_STATEMENT.backlog).exists()
    ids = stories.ready_between(window).subquery()
    query = select(_STORY.id, _STORY.ready_at).join(ids, ids.c.id == _STORY.id).where(news)
    for row in connection.execute(query):
        yield _new(hook, f"story {row.id}", Event.STORY_NEW, row.id, row.ready_at, now)


def _numbered(connection: Connection, hook: Hook, row: Row[Any], since: datetime, now: datetime) -> Iterator[Call]:
    """What has a number: alerts, what was taken back of them, corrections of readings."""
    for alert in connection.execute(_alerts().where(_B.number > row.bulletin - OVERLAP, _B.date >= since)):
        # a bulletin that nobody wants names its story in its key alone
        story = alert.story_id or alert.key.split()[1]
        yield _new(hook, f"alert {alert.number}", Event.ALERT_SENT, story, alert.date, now, alert.number)
    taken_back = select(_R.id, _R.kind, _R.story_id, _R.at).where(_R.kind.in_(list(_TAKEN_BACK)))
    for ruling in connection.execute(taken_back.where(_R.id > row.ruling - OVERLAP, _R.at >= since)):
        event, number = _TAKEN_BACK[RulingKind(ruling.kind)], _first_alert(connection, ruling.story_id)
        yield _new(hook, f"ruling {ruling.id}", event, ruling.story_id, ruling.at, now, number)
    corrected = select(_S.id, _S.at, _S.statement_id, _STATEMENT.story_id).join_from(
        schema.correction, schema.statement
    )
    for said in connection.execute(corrected.where(_S.id > row.correction - OVERLAP, _S.at >= since)):
        # a statement that was taken off its story may have opened it
        story = said.story_id or said.statement_id
        yield _new(hook, f"correction {said.id}", Event.STORY_CORRECTED, story, said.at, now)


def _alerts() -> Select[Any]:
    """Alerts, each on one story; bulletins in which several left together have other keys."""
    columns = select(_B.number, _B.key, _B.story_id, _B.date)
    return columns.where(_B.kind == BulletinKind.ALERT, _B.key.startswith("alert ")).order_by(_B.number)


def _first_alert(connection: Connection, story_id: str) -> int | None:
    """The number under which a story was told."""
    ids = merged.family(connection, story_id)
    return connection.scalar(_alerts().with_only_columns(_B.number).where(_B.story_id.in_(ids)).limit(1))


def _revive(connection: Connection, hook: Hook, window: Window, now: datetime) -> None:
    """What was dropped since an editor held the story, and is freed now, is due again."""
    freed = select(_DESK.story_id).where(_DESK.freed_at >= window.start, _DESK.freed_at < window.end, ~_DESK.held)
    dropped = (_C.hook == hook.name, _C.state == CallState.DROPPED, _C.story_id.in_(freed))
    again = {"state": CallState.WAITING, "due_at": now, "found_at": now, "reply": "", "done_at": None}
    connection.execute(update(schema.webhook_call).where(*dropped).values(**again))


def _tidy(connection: Connection, now: datetime) -> None:
    old = select(_C.id).where(schema.called, _C.done_at < now - KEPT).limit(BATCH)
    connection.execute(delete(schema.webhook_call).where(_C.id.in_(old)))


def _new(
    hook: Hook, key: str, event: Event, story_id: str, at: datetime, now: datetime, number: int | None = None
) -> Call:
    return Call(hook.name, key, event, story_id, at, now, number, due_at=now)


def _row(call: Call) -> dict[str, Any]:
    values = {f.name: getattr(call, f.name) for f in fields(Call)}
    return values | {"id": call.id, "priority": call.event.priority}
