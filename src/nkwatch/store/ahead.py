"""What a clock that was ahead wrote of windows and stories, paces and counts is brought back into the present.

Instants that windows are compared by keep their order (`domain.timeline.squeezed`), all in one transaction under the
latch: so nobody is told a story twice, or misses one.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, delete, func, or_, select, union, update

from nkwatch.domain.timeline import SLACK, squeezed
from nkwatch.editing.windows import next_closing
from nkwatch.store import schema, stories
from nkwatch.store.rows import insert_new
from nkwatch.store.seals import SCHEDULE, schedule

_LATCH, _STORY, _STATE = schema.latch.c, schema.story.c, schema.source_state.c
_S, _B, _P, _W, _H = (
    t.c for t in (schema.subscriber, schema.bulletin, schema.alert_pace, schema.waiting_alert, schema.accepted_hour)
)
#: What windows are compared by, beside `covered_until` of subscribers.
_COMPARED = (
    _STORY.ready_at, schema.desk.c.freed_at, schema.edition_rhythm.c.covered_until,
    schema.edition_rhythm.c.closing_until, schema.webhook.c.stories_until, _LATCH.closed_until,
)  # fmt: skip
#: From when on somebody waits: for another mail to a sign-up, another call to editors, what a webhook is told first,
#: the operator's next mail on sources.
_WAITED_FROM = (_S.asked_at, schema.alert_call.c.at, schema.webhook.c.began_at, _STATE.told_at)


def bring_back(connection: Connection, now: datetime) -> int:
    """Bring back everything that lies ahead, if anything says that a clock was; answers how many rows were changed."""
    if not connection.scalar(_seen(now + SLACK)):
        return 0
    stories.closed_until(connection, now)
    moved = squeezed(connection.scalars(_later(now)), now)
    changed = sum(_moved(connection, column, moved, now) for column in _COMPARED)
    changed += _readers(connection, moved, now)
    changed += _paces(connection, now) + _counts(connection, now)
    return changed + sum(_capped(connection, column, now) for column in _WAITED_FROM)


def _seen(limit: datetime) -> Select[Any]:
    """Whether something happened later than `limit`: asked of the few rows that everything passes by."""
    newest = select(_B.date).where(_B.number > 0).order_by(_B.number.desc()).limit(1).scalar_subquery()
    happened = [
        select(_LATCH.name).where(_LATCH.closed_until > limit).exists(),
        select(_STORY.id).where(_STORY.ready_at > limit).exists(),
        select(_STATE.source_id).where(_STATE.last_ok_at > limit).exists(),
        select(_H.hour).where(_H.hour > limit).exists(),
        newest > limit,
    ]
    return select(func.coalesce(or_(*happened), False))


def _later(now: datetime) -> Any:
    both = [select(c.label("at")).where(c > now).distinct() for c in (*_COMPARED, _S.covered_until)]
    every = union(*both).subquery()
    return select(every.c.at)


def _moved(connection: Connection, column: Any, moved: Mapping[datetime, datetime], now: datetime) -> int:
    # the first first: none is moved to where another one still is
    found = connection.scalars(select(column).where(column > now).distinct().order_by(column)).all()
    return sum(_set(connection, column.table, {column: moved[at]}, column == at) for at in found)


def _readers(connection: Connection, moved: Mapping[datetime, datetime], now: datetime) -> int:
    """Move windows; one that was looked at by the wrong clock, and put off, is looked at when it closes."""
    those = or_(_S.covered_until > now, _S.closes_at > now + SLACK)
    groups: Select[Any] = (
        select(_S.covered_until, _S.closes_at, *SCHEDULE)
        .where(those)
        .distinct()
        .order_by(_S.covered_until, _S.closes_at)
    )
    changed = 0
    for row in connection.execute(groups).all():
        covered = moved.get(row.covered_until, row.covered_until)
        closes = next_closing(schedule(row), covered) if row.closes_at else None
        if (covered, closes) != (row.covered_until, row.closes_at):
            same = [c == getattr(row, c.name) for c in (_S.covered_until, *SCHEDULE)]
            same.append(_S.closes_at.is_(None) if row.closes_at is None else _S.closes_at == row.closes_at)
            values = {_S.covered_until: covered, _S.closes_at: closes}
            changed += _set(connection, schema.subscriber, values, *same)
    return changed


def _paces(connection: Connection, now: datetime) -> int:
    """A mail with alerts that is to leave later is waited for; where nobody waits, it has left."""
    waits = select(_W.bulletin).where(_W.subscriber_id == _P.subscriber_id, schema.waits, _W.due_at.is_not(None))
    return _set(connection, schema.alert_pace, {_P.leaves_at: now}, _P.leaves_at > now + SLACK, ~waits.exists())


def _counts(connection: Connection, now: datetime) -> int:
    """What was accepted in hours to come was accepted by now."""
    later = _H.hour > now
    total = connection.scalar(select(func.sum(_H.bulk)).where(later))
    if total is None:
        return 0
    removed = connection.execute(delete(schema.accepted_hour).where(later)).rowcount
    hour = now.replace(minute=0, second=0, microsecond=0)
    insert_new(connection, schema.accepted_hour, [{"hour": hour, "bulk": 0}])
    _set(connection, schema.accepted_hour, {_H.bulk: _H.bulk + total}, _H.hour == hour)
    return removed


def _capped(connection: Connection, column: Any, now: datetime) -> int:
    return _set(connection, column.table, {column: now}, column > now + SLACK)


def _set(connection: Connection, table: Any, values: Mapping[Any, Any], *those: ColumnElement[bool]) -> int:
    return connection.execute(update(table).where(*those).values(dict(values))).rowcount
