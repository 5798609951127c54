"""What a restored database cannot know: what was sent between its backup and its end. It is held back, and shown."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, case, exists, func, literal, or_, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.installation import Held, Resumed
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Rhythm, Standing
from nkwatch.editing.windows import last_closing, next_closing
from nkwatch.store import schema, waiting
from nkwatch.store.seals import SCHEDULE, schedule

_S, _D, _B, _T = schema.subscriber.c, schema.delivery.c, schema.bulletin.c, schema.story.c
_ST = schema.statement.c
#: Why a delivery is cancelled.
WHY = "of the time before the backup was restored"
ALERT_WHY = "of the time before a backup was restored: it may have been sent then; an editor says whether it goes"


def hold_back(connection: Connection, gap_from: datetime, until: datetime, now: datetime) -> Resumed:
    """Take everything that was due by `until` as sent; answers what that was.

    Stories of the gap are dated to when they were published: who had a digest since had them in it, others get them.
    """
    stories = _date_back(connection, gap_from, until)
    alerts = connection.execute(
        update(schema.story)
        .where(_T.alert == AlertState.RELEASED, _T.ready_at <= until)
        .values(alert=AlertState.HELD, alert_reason=ALERT_WHY)
    ).rowcount
    bulletins = tuple(_held(connection, until))
    waited = list(connection.scalars(select(_B.number).where(_of_the_gap(until), _B.kind == BulletinKind.ALERT)))
    waiting.end_all(connection, waited, now)
    late = select(_D.id).join_from(schema.delivery, schema.bulletin).where(schema.undone, _late(until))
    _cancel(connection, late, now)
    windows, rewritten = _cover(connection, until, now)
    return Resumed(bulletins, windows, rewritten, stories, alerts)


def _date_back(connection: Connection, gap_from: datetime, until: datetime) -> int:
    """Stories that came in since the gap began, of what was published by its end."""
    published = select(func.min(_ST.published)).where(_ST.story_id == _T.id).correlate(schema.story).scalar_subquery()
    since = case((published < gap_from, literal(gap_from, schema.Instant)), else_=published)
    new = (_T.ready_at > gap_from, published <= until, _T.ready_at > since)
    return connection.execute(update(schema.story).where(*new).values(ready_at=since)).rowcount


def _of_the_gap(until: datetime) -> ColumnElement[bool]:
    """Digests by the end of their window, alerts by their story, all others by when they were written."""
    old_story = exists().where(_T.id == _B.story_id, _T.ready_at <= until)
    return case(
        (_B.window_end.is_not(None), _B.window_end <= until),
        (_B.kind == BulletinKind.ALERT, or_(old_story, _B.date <= until)),
        else_=_B.date <= until,
    )


def _late(until: datetime) -> ColumnElement[bool]:
    """Personal mails are written for one reader each; what waits for a later hour was due all the same."""
    return or_(_of_the_gap(until), and_(_B.window_end.is_(None), _D.date <= until))


def _held(connection: Connection, until: datetime) -> Iterator[Held]:
    query = (
        select(_B.number, _B.kind, _B.date, func.count().label("readers"), _B.window_end)
        .join_from(schema.delivery, schema.bulletin)
        .where(schema.undone, _late(until))
        .group_by(_B.number, _B.kind, _B.date, _B.window_end)
        .order_by(_B.date, _B.number)
    )
    return (Held(*row) for row in connection.execute(query))


def _cover(connection: Connection, until: datetime, now: datetime) -> tuple[int, int]:
    """Move the windows of everybody to the last that closed by `until`; answers how many forward, and how many back.

    Back go those that closed since the restore and hold the gap too: they are written once more without it.
    """
    forward = back = 0
    schedules: Select[Any] = select(*SCHEDULE).where(_S.rhythm != Rhythm.NONE).distinct()
    for row in connection.execute(schedules).all():
        closes = schedule(row)
        last = last_closing(closes, until) or until
        same = [column == value for column, value in zip(SCHEDULE, row, strict=True)]
        begins = update(schema.subscriber).values(covered_until=last, closes_at=next_closing(closes, last))
        confirmed = (_S.standing == Standing.CONFIRMED, *same)
        forward += connection.execute(begins.where(_S.covered_until < last, *confirmed)).rowcount
        both = (schema.undone, _B.window_start < last, _B.window_end > last, *same)
        mails = select(_D.id, _D.subscriber_id).join_from(schema.delivery, schema.bulletin)
        mails = mails.join(schema.subscriber, _S.id == _D.subscriber_id).where(*both)
        readers = mails.with_only_columns(_D.subscriber_id)
        back += connection.execute(begins.where(_S.covered_until > last, _S.id.in_(readers), *confirmed)).rowcount
        _cancel(connection, mails.with_only_columns(_D.id), now)
    return forward, back


def _cancel(connection: Connection, ids: Select[int], now: datetime) -> None:
    values = {"state": DeliveryState.CANCELLED, "done_at": now, "reply": WHY, "slots": None}
    connection.execute(update(schema.delivery).where(schema.undone, _D.id.in_(ids)).values(values))
