"""What exports and the API ask besides what is found by searching: marks of stories, readings, counts by day."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, case, func, select, type_coerce

from nkwatch.domain.desk import Marks
from nkwatch.editing.coverage import DayCounts, Record
from nkwatch.store import days, kept, marks, schema, showing
from nkwatch.store.database import Database
from nkwatch.store.kept import Kept

__all__ = ["ExportStore", "Kept"]

_STATEMENT = schema.statement.c
_DAY = timedelta(days=1) // timedelta(microseconds=1)


class ExportStore:
    """Reads only."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def marks(self, story_ids: Iterable[str]) -> dict[str, Marks]:
        """What editors said of these stories; nothing of who was never marked."""
        ids = sorted(set(story_ids))
        return await self._database.read(lambda c: marks.load(c, ids))

    async def story_of(self, statement_id: str) -> str:
        """The id of the story in which a statement stands; empty where there is none, or no such statement."""
        query = select(_STATEMENT.story_id).where(_STATEMENT.id == statement_id)
        return await self._database.read(lambda c: c.scalar(query) or "")

    async def readings(self, statement_id: str) -> list[Kept]:
        """All readings of a statement, the newest first."""
        return await self._database.read(lambda c: kept.readings(c, statement_id))

    async def counts(self, source_id: str, now: datetime, since: date | None = None) -> DayCounts:
        """How many statements a source brought by day, from `since` on."""
        return await self._database.read(lambda c: _counts(c, source_id, since, now))

    async def record(self, source_id: str) -> Record:
        """What a source was asked and answered by day."""
        return await self._database.read(lambda c: days.record(c, source_id))


def _counts(connection: Connection, source_id: str, since: date | None, now: datetime) -> DayCounts:
    published, seen = _day_of(_STATEMENT.published), _day_of(_STATEMENT.first_seen)
    lowest = days.number(since) if since else 0
    of = _STATEMENT.source_id == source_id
    told = func.sum(case(((_STATEMENT.story_id != "") & showing.public(now), 1), else_=0)).label("told")
    dated = select(published.label("day"), func.count().label("times"), told).where(of, ~_STATEMENT.published_estimated)
    if since:
        dated = dated.where(_STATEMENT.published >= schema.EPOCH + timedelta(days=lowest))
    new = select(seen.label("day"), func.count().label("times")).where(of, ~_STATEMENT.backlog).group_by(seen)
    dates = connection.execute(dated.group_by(published)).all()
    first = {row.day: row.times for row in connection.execute(new)}
    return DayCounts(
        {days.dated(row.day): row.times for row in dates},
        {days.dated(row.day): int(row.told) for row in dates if row.told},
        {days.dated(day): times for day, times in first.items() if day >= lowest},
    )


def _day_of(instant: ColumnElement[Any]) -> ColumnElement[int]:
    """The day (UTC) of an instant since 1970, as a number."""
    return type_coerce(instant, BigInteger) // _DAY
