"""What a survey asks of the database: what is overdue, one indexed query for each kind of work."""

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Select, func, or_, select

from nkwatch.domain.delivery import DeliveryState, Lane
from nkwatch.domain.source import Source
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Rhythm, Standing
from nkwatch.domain.survey import Overdue, Repair, Wanting
from nkwatch.store import marks, schema, stories
from nkwatch.store.database import Database
from nkwatch.store.mending import MENDS
from nkwatch.store.schema import Instant

_STATE, _ERRAND, _HOST, _STATEMENT = schema.source_state.c, schema.errand.c, schema.host.c, schema.statement.c
_STORY, _S, _D, _RHYTHM = schema.story.c, schema.subscriber.c, schema.delivery.c, schema.edition_rhythm.c
#: No window of a rhythm is longer: a month, and the hour that a change of clocks adds.
SPANS = {
    Rhythm.DAILY: timedelta(days=1, hours=1),
    Rhythm.WEEKLY: timedelta(days=7, hours=1),
    Rhythm.MONTHLY: timedelta(days=31, hours=1),
}


class UpkeepStore:
    """Satisfies `workflow.ports.upkeep.Upkeep`, for the catalogue's `sources` and the archive's `rhythms`."""

    def __init__(self, database: Database, sources: Mapping[str, Source], rhythms: Collection[Rhythm] = ()) -> None:
        self._database = database
        self._sources = sources
        self._enabled = frozenset(i for i, s in sources.items() if s.enabled)
        self._rhythms = frozenset(rhythms)

    async def clock_differs(self, now: datetime) -> timedelta:
        """How far this machine's clock is ahead of the database's; SQLite's is the same one."""
        if self._database.engine.dialect.name == "sqlite":
            return timedelta()
        there = await self._database.read(lambda c: c.scalar(select(func.clock_timestamp())))
        return now - (there or now).astimezone(UTC)

    async def repair(self, repair: Repair, now: datetime, *, dry: bool = False) -> int:
        """Put one kind of thing right in one transaction; answers how many. With `dry`, how many that would be."""
        mend = MENDS[repair]

        def work(connection: Connection) -> int:
            count = mend(connection, self._sources, now)
            if dry:
                raise _Undone(count)
            return count

        try:
            return await self._database.write(work)
        except _Undone as undone:
            return undone.count

    async def overdue(self, now: datetime) -> list[Overdue]:
        """The work that should have been done by now, in the order of `Wanting`."""

        def look(connection: Connection) -> list[Overdue]:
            # sources and rhythms may be in the database and not be watched any more: those few rows are picked here
            picked = {Wanting.POLLS: self._enabled, Wanting.EDITIONS: self._rhythms}
            looks = (_look(connection, wanting, now, picked.get(wanting)) for wanting in Wanting)
            return [one for one in looks if one]

        return await self._database.read(look)


class _Undone(Exception):  # noqa: N818  nothing is wrong
    """Rolls back what was tried."""

    def __init__(self, count: int) -> None:
        super().__init__(count)
        self.count = count


def _look(connection: Connection, wanting: Wanting, now: datetime, names: Collection[str] | None) -> Overdue | None:
    query = question(wanting, now - wanting.patience)
    if names is None:
        count, oldest = connection.execute(query).one()
    else:
        since = [row.since for row in connection.execute(query) if row.name in names]
        count, oldest = len(since), min(since, default=now)
    return Overdue(wanting, count, oldest) if count else None


def question(wanting: Wanting, limit: datetime) -> Select[Any]:
    """What asks how much there is of this work that should have been done by `limit`, and since when.

    Of sources and rhythms it asks for their names, and since when each.
    """
    return _QUESTIONS[wanting](limit)


def _counted(since: Any, *those: Any) -> Select[Any]:
    return select(func.count(), func.min(since, type_=Instant)).where(*those)


def _polls(limit: datetime) -> Select[Any]:
    return select(_STATE.source_id.label("name"), _STATE.due_at.label("since")).where(_STATE.due_at <= limit)


def _errands(limit: datetime) -> Select[Any]:
    asleep = select(_HOST.host).where(_HOST.not_before > limit)
    return _counted(_ERRAND.due_at, _ERRAND.due_at <= limit, _ERRAND.host.not_in(asleep))


def _unread(limit: datetime) -> Select[Any]:
    by_then = (_STATEMENT.first_seen <= limit, func.coalesce(_STATEMENT.edited_at, _STATEMENT.first_seen) <= limit)
    return _counted(_STATEMENT.first_seen, schema.unread, _STATEMENT.read_from <= limit, *by_then)


def _unindexed(limit: datetime) -> Select[Any]:
    return _counted(_STATEMENT.published, schema.unindexed, _STATEMENT.published <= limit)


def _alerts(limit: datetime) -> Select[Any]:
    asked = _STORY.alert.in_([AlertState.OPEN, AlertState.RELEASED])
    return _counted(_STORY.ready_at, asked, _STORY.ready_at <= limit, stories.VISIBLE, ~marks.held(_STORY.id))


def _windows(limit: datetime) -> Select[Any]:
    return _counted(_S.closes_at, _S.standing == Standing.CONFIRMED, _S.closes_at <= limit)


def _editions(limit: datetime) -> Select[Any]:
    """A rhythm is late when its longest window would have closed by then."""
    late = [(_RHYTHM.rhythm == rhythm) & (_RHYTHM.covered_until <= limit - span) for rhythm, span in SPANS.items()]
    return select(_RHYTHM.rhythm.label("name"), _RHYTHM.covered_until.label("since")).where(or_(*late))


def _mails(lane: Lane) -> Callable[[datetime], Select[Any]]:
    def late(limit: datetime) -> Select[Any]:
        first, last = min(lane.priorities), max(lane.priorities)
        mailed = _S.standing.in_([Standing.CONFIRMED, Standing.PENDING])
        awake = or_(_S.paused_until.is_(None), _S.paused_until <= limit)
        reader = select(_S.id).where(_S.id == _D.subscriber_id, mailed, awake).exists()
        mine = (_D.priority.between(first, last), _D.state != DeliveryState.LEASED, _D.due_at <= limit)
        return _counted(_D.due_at, schema.undone, *mine, reader)

    return late


_QUESTIONS: Mapping[Wanting, Callable[[datetime], Select[Any]]] = {
    Wanting.POLLS: _polls,
    Wanting.ERRANDS: _errands,
    Wanting.UNREAD: _unread,
    Wanting.UNINDEXED: _unindexed,
    Wanting.ALERTS: _alerts,
    Wanting.WINDOWS: _windows,
    Wanting.EDITIONS: _editions,
    Wanting.URGENT: _mails(Lane.URGENT),
    Wanting.BULK: _mails(Lane.BULK),
}
