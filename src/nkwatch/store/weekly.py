"""What a week came to, asked of the rows. Made for once a week: some of it looks at each delivery of two weeks."""

import platform
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median

from sqlalchemy import ColumnElement, Connection, Table, TextClause, func, select

from nkwatch import __version__
from nkwatch.domain.bounce import CAME_BACK, BounceKind
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.polling import Health
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.domain.week import WEEK, Figures, Week, week_before
from nkwatch.store import days, schema
from nkwatch.store.database import Database
from nkwatch.store.footprint import room_beside
from nkwatch.store.leaving import BULLETINS
from nkwatch.store.migrations import newest

_DAY, _R, _S, _B, _D = (
    t.c for t in (schema.source_day, schema.reading, schema.story, schema.bulletin, schema.delivery)
)
_STATEMENT, _SOURCE, _READER = schema.statement.c, schema.source_state.c, schema.subscriber.c
_SUPPRESSED, _MORNING = schema.suppression.c, schema.morning.c
_DIGESTS = (BulletinKind.DIGEST, BulletinKind.LULL)


class WeekStore:
    """Satisfies `workflow.morning.Weeks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, now: datetime) -> Week:
        """The last whole week before `now`, and the one before that."""
        return await self._database.read(lambda c: self._week(c, now))

    def _week(self, connection: Connection, now: datetime) -> Week:
        start, end = week_before(now)
        return Week(
            start=start,
            end=end,
            this=figures(connection, start, end),
            before=figures(connection, start - WEEK, start),
            sources=_broken(connection, start, end),
            readers=_count(connection, schema.subscriber, _READER.standing == Standing.CONFIRMED),
            waiting=_count(connection, schema.delivery, schema.undone),
            backup_at=connection.scalar(select(schema.installation.c.backed_up_at)),
            room=room_beside(self._database.engine),
            versions=_versions(connection),
        )


def figures(connection: Connection, start: datetime, end: datetime) -> Figures:
    """Those of [start, end)."""
    polls, answered, new = _polled(connection, start, end)
    read, about_nk = _read(connection, start, end)
    delays = _delays(connection, start, end)
    states, bounces, bulletins = _delivered(connection, start, end)
    ended = _ended(connection, start, end)
    # an import says it in one word
    gone = sum(count for reason, count in ended.items() if reason.startswith((CAME_BACK, Suppression.BOUNCED)))
    undone = set(DeliveryState) - {DeliveryState.SENT, DeliveryState.REFUSED, DeliveryState.CANCELLED}
    return Figures(
        polls=polls,
        answered=answered,
        new=new,
        read=read,
        about_nk=about_nk,
        stories=_count(connection, schema.story, _S.ready_at >= start, _S.ready_at < end),
        alerts=bulletins[BulletinKind.ALERT],
        median=timedelta(seconds=median(d.total_seconds() for d in delays)) if delays else None,
        worst=max(delays, default=None),
        digests=sum(bulletins[kind] for kind in _DIGESTS),
        sent=states[DeliveryState.SENT],
        refused=states[DeliveryState.REFUSED],
        cancelled=states[DeliveryState.CANCELLED],
        undone=sum(states[s] for s in undone),
        bounced=bounces[BounceKind.HARD] + bounces[BounceKind.SOFT],
        complained=bounces[BounceKind.COMPLAINT],
        joined=_count(connection, schema.subscriber, _READER.consent_at >= start, _READER.consent_at < end),
        left=ended.total() - gone,
        gone=gone,
        database_bytes=_size(connection, end),
    )


def _polled(connection: Connection, start: datetime, end: datetime) -> tuple[int, int, int]:
    sums = (func.coalesce(func.sum(column), 0) for column in (_DAY.polls, _DAY.answered, _DAY.new))
    query = select(*sums).where(_DAY.day >= days.number(start), _DAY.day < days.number(end))
    polls, answered, new = connection.execute(query).one()
    return int(polls), int(answered), int(new)


def _read(connection: Connection, start: datetime, end: datetime) -> tuple[int, int]:
    """Readings made in that time, also anew; and how many of them are on North Korea."""
    query = select(_R.about_nk, func.count()).where(_R.read_at >= start, _R.read_at < end).group_by(_R.about_nk)
    found = {bool(about): int(count) for about, count in connection.execute(query)}
    return sum(found.values()), found.get(True, 0)


def _delays(connection: Connection, start: datetime, end: datetime) -> Sequence[timedelta]:
    """Of each alert that was sent to anybody: from its newest report until it was accepted for the last reader."""
    alerts = select(_B.number, _B.date, _B.story_id, _B.reports)
    alerts = alerts.where(_B.kind == BulletinKind.ALERT, _B.date >= start, _B.date < end)
    found = []
    for alert in connection.execute(alerts).all():
        accepted = select(func.max(_D.done_at)).where(_D.bulletin == alert.number, _D.state == DeliveryState.SENT)
        told = _STATEMENT.id.in_(alert.reports) if alert.reports else _STATEMENT.story_id == alert.story_id
        seen = select(func.max(_STATEMENT.first_seen)).where(told, _STATEMENT.first_seen <= alert.date)
        last, first = connection.scalar(accepted), connection.scalar(seen)
        if last and first:
            found.append(last - first)
    return found


def _delivered(
    connection: Connection, start: datetime, end: datetime
) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Deliveries by state and by what a bounce said, and bulletins by kind; those of that time."""
    of_time = (_B.kind.in_(BULLETINS), _B.date >= start, _B.date < end)
    bulletins = select(_B.kind, func.count()).where(*of_time).group_by(_B.kind)
    deliveries = (
        select(_D.state, _D.bounce, func.count().label("found"))
        .join_from(schema.bulletin, schema.delivery, _D.bulletin == _B.number)
        .where(*of_time)
        .group_by(_D.state, _D.bounce)
    )
    states, bounces, kinds = Counter[str](), Counter[str](), Counter[str]()
    for row in connection.execute(deliveries):
        states[row.state] += row.found
        # what is refused at once is no bounce: its state says it
        bounces[row.bounce if row.state == DeliveryState.SENT else ""] += row.found
    for kind, count in connection.execute(bulletins):
        kinds[kind] += count
    return states, bounces, kinds


def _ended(connection: Connection, start: datetime, end: datetime) -> Counter[str]:
    """Readers whose subscription ended then, by reason. Of those who had all erased nothing else is left."""
    of_time = (_READER.consent_at.is_not(None), _READER.ended_at >= start, _READER.ended_at < end)
    query = select(_READER.end_reason, func.count()).where(*of_time).group_by(_READER.end_reason)
    found = Counter({row.end_reason: int(row[1]) for row in connection.execute(query)})
    erased = (_SUPPRESSED.reason == Suppression.ERASED, _SUPPRESSED.at >= start, _SUPPRESSED.at < end)
    found[Suppression.ERASED] += _count(connection, schema.suppression, *erased)
    return found


def _broken(connection: Connection, start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
    query = (
        select(_SOURCE.source_id, _SOURCE.health)
        .where(_SOURCE.health != Health.OK, _SOURCE.health_since >= start, _SOURCE.health_since < end)
        .order_by(_SOURCE.health, _SOURCE.source_id)
    )
    return tuple((row.source_id, row.health) for row in connection.execute(query))


def _size(connection: Connection, end: datetime) -> int | None:
    """What the database had on the first morning after then, within a week."""
    query = (
        select(_MORNING.database_bytes)
        .where(_MORNING.day >= f"{end:%Y-%m-%d}", _MORNING.day < f"{end + WEEK:%Y-%m-%d}")
        .order_by(_MORNING.day)
        .limit(1)
    )
    return connection.scalar(query)


def _count(connection: Connection, table: Table, *conditions: ColumnElement[bool] | TextClause) -> int:
    return int(connection.scalar(select(func.count()).select_from(table).where(*conditions)) or 0)


def _versions(connection: Connection) -> tuple[tuple[str, str], ...]:
    version = ".".join(str(part) for part in connection.dialect.server_version_info or ())
    name = "PostgreSQL" if connection.dialect.name == "postgresql" else "SQLite"
    return (
        ("nkwatch", __version__),
        ("schema", newest()),
        ("Python", platform.python_version()),
        (name, version),
    )
