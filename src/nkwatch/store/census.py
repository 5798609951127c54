"""How many there are of what, for whoever watches: one transaction, one query for each question, all on indexes."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.sql.elements import ColumnElement

from nkwatch.domain.delivery import Lane
from nkwatch.domain.story import AlertState
from nkwatch.store import claiming, schema
from nkwatch.store.database import Database
from nkwatch.store.footprint import database_bytes, log_bytes, room_beside

_D = schema.delivery.c
_LANES = {priority: lane for lane in Lane for priority in lane.priorities}


@dataclass(frozen=True, slots=True)
class Census:
    """All of it at one moment. `oldest_due` is since when the first that may go in a lane has been due.

    `log` are bytes of the write-ahead log, `room` those free beside the database; None where nobody can tell.
    """

    at: datetime
    sources: Mapping[str, int]
    readers: Mapping[str, int]
    outbox: Mapping[tuple[str, str], int]
    oldest_due: Mapping[str, datetime]
    late: int
    held: int
    size: int
    log: int | None = None
    room: int | None = None


class CensusStore:
    """Takes a census."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, now: datetime, alerts_before: datetime) -> Census:
        """A census of now; alerts that were due before `alerts_before` and did not leave are `late`."""
        return await self._database.read(lambda c: self._take(c, now, alerts_before))

    def _take(self, connection: Connection, now: datetime, alerts_before: datetime) -> Census:
        held = select(func.count()).where(schema.story.c.alert == AlertState.HELD)
        found = {lane: claiming.stuck(connection, now, lane) for lane in Lane}
        return Census(
            at=now,
            sources=_counted(connection, schema.source_state, schema.source_state.c.health),
            readers=_counted(connection, schema.subscriber, schema.subscriber.c.standing),
            outbox=_outbox(connection),
            oldest_due={str(lane): one.since for lane, one in found.items() if one},
            late=len(claiming.late(connection, alerts_before)),
            held=connection.scalar(held) or 0,
            size=database_bytes(connection),
            log=log_bytes(self._database.engine),
            room=room_beside(self._database.engine),
        )


def _counted(connection: Connection, table: Table, column: ColumnElement[str]) -> Mapping[str, int]:
    query = select(column, func.count()).select_from(table).group_by(column)
    return {str(name): int(count) for name, count in connection.execute(query)}


def _outbox(connection: Connection) -> Mapping[tuple[str, str], int]:
    query = select(_D.priority, _D.state, func.count()).where(schema.undone).group_by(_D.priority, _D.state)
    found: dict[tuple[str, str], int] = {}
    for priority, state, count in connection.execute(query):
        key = (str(_LANES[priority]), str(state))
        found[key] = found.get(key, 0) + int(count)
    return found
