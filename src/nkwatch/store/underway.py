"""Which bulletins are under way, and how many readers wait for alerts: counts alone, never who they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, case, func, or_, select

from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import DeliveryState
from nkwatch.store import records, schema
from nkwatch.store.database import Database
from nkwatch.store.schema.columns import Instant
from nkwatch.store.schema.mails import undone, waits

_B, _D, _W = schema.bulletin.c, schema.delivery.c, schema.waiting_alert.c


@dataclass(frozen=True, slots=True)
class OnItsWay:
    """A bulletin and how many of its mails are not done. `story_id` is that of an alert, `answers` what it corrects."""

    number: int
    kind: BulletinKind
    date: datetime
    undone: int
    window: Window | None = None
    story_id: str = ""
    answers: int | None = None


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """An alert for which readers wait: `later` of them for their next digest, the first other one until `due_at`."""

    number: int
    story_id: str
    readers: int
    later: int
    due_at: datetime | None


class UnderWay:
    """Looks at the outbox and changes nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bulletins(self, since: datetime, limit: int) -> Sequence[OnItsWay]:
        """What is under way, however old, and what was made since then; the former first, then the newest."""
        return await self._database.read(lambda c: _bulletins(c, since, limit))

    async def personal(self) -> Mapping[DeliveryState, int]:
        """How many mails to one reader alone are not done, by where they stand."""
        own = select(_D.state, func.count()).where(undone, _D.bulletin < 0).group_by(_D.state)
        return await self._database.read(lambda c: {DeliveryState(state): n for state, n in c.execute(own)})

    async def waiting(self, limit: int) -> Sequence[WaitedFor]:
        """The alerts for which readers wait, the newest first."""
        return await self._database.read(lambda c: _waiting(c, limit))


def _bulletins(connection: Connection, since: datetime, limit: int) -> list[OnItsWay]:
    open_now = select(_D.bulletin, func.count().label("mails")).where(undone, _D.bulletin > 0).group_by(_D.bulletin)
    left = {row.bulletin: row.mails for row in connection.execute(open_now)}
    # a list of all that is open might be longer than a query may be
    ahead = sorted(left, reverse=True)[:limit]
    first = case((_B.number.in_(ahead), 0), else_=1)
    wanted = select(schema.bulletin).where(_B.number > 0, or_(_B.number.in_(ahead), _B.date >= since))
    rows = connection.execute(wanted.order_by(first, _B.number.desc()).limit(limit))
    return [
        OnItsWay(
            row.number,
            BulletinKind(row.kind),
            row.date,
            left.get(row.number, 0),
            records.window(row),
            row.story_id,
            row.answers,
        )
        for row in rows
    ]


def _waiting(connection: Connection, limit: int) -> list[WaitedFor]:
    query = (
        select(
            _W.bulletin,
            _B.story_id,
            func.count().label("readers"),
            func.count(_W.due_at).label("timed"),
            func.min(_W.due_at, type_=Instant).label("due_at"),
        )
        .join_from(schema.waiting_alert, schema.bulletin)
        .where(waits)
        .group_by(_W.bulletin, _B.story_id)
        .order_by(_W.bulletin.desc())
        .limit(limit)
    )
    rows = connection.execute(query)
    return [WaitedFor(r.bulletin, r.story_id, r.readers, r.readers - r.timed, r.due_at) for r in rows]
