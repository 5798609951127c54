"""What the tables keep of a statement on its way, for whoever asks why: from what was fetched to who it went to.

No address is looked at.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import Delivery
from nkwatch.domain.desk import UNMARKED, Marks, Ruling
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Standing, Subscriber
from nkwatch.keys import Keyring
from nkwatch.store import compositions, kept, marks, merged, records, rulings, schema, telling
from nkwatch.store.database import Database
from nkwatch.store.kept import Capture, Kept, StatementTrace, Was
from nkwatch.store.marks import Marking
from nkwatch.store.seals import Seals
from nkwatch.store.stories import LATCH

__all__ = [
    "BulletinTrace",
    "Capture",
    "DeliveryTrace",
    "DeskTrace",
    "Kept",
    "StatementTrace",
    "StoryTrace",
    "TookIn",
    "TraceStore",
    "Was",
]

_STATEMENT, _STORY, _DESK = schema.statement.c, schema.story.c, schema.desk.c
_BULLETIN, _DELIVERY, _COMPOSITION = schema.bulletin.c, schema.delivery.c, schema.composition.c


@dataclass(frozen=True, slots=True)
class TookIn:
    """A story that an editor merged into another one; `news` are the instants at which windows found it."""

    id: str
    by: str
    at: datetime
    news: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class StoryTrace:
    """When a story became ready, and was freed if editors held it back, and what became of its alert.

    `took_in` are the stories that were merged into it.
    """

    id: str
    ready_at: datetime
    alert: AlertState
    alert_reason: str
    alert_at: datetime | None
    freed_at: datetime | None = None
    took_in: tuple[TookIn, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """The ids that lead to it."""
        return frozenset((self.id, *(one.id for one in self.took_in)))

    @property
    def news(self) -> tuple[datetime, ...]:
        """The instants at which windows found it, under any of its names."""
        own = tuple(at for at in (self.ready_at, self.freed_at) if at)
        return (*own, *(at for one in self.took_in for at in one.news))


@dataclass(frozen=True, slots=True)
class DeskTrace:
    """What editors said of a story, what they did to it, and what was ruled on its alert; the first word first."""

    marks: Marks
    markings: tuple[Marking, ...]
    rulings: tuple[Ruling, ...]


@dataclass(frozen=True, slots=True)
class BulletinTrace:
    """A bulletin, the ids of its stories in their order, and how many deliveries are in which state and language.

    `answers` is the number of the bulletin that it corrects or follows; `came_back` are its deliveries that came back,
    by the kind of bounce.
    """

    number: int
    kind: BulletinKind
    date: datetime
    window: Window | None
    stories: tuple[str, ...]
    deliveries: dict[str, int]
    languages: dict[str, int]
    answers: int | None = None
    came_back: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryTrace:
    """A delivery, to whom by the id of the row, and the ids of the stories in it."""

    delivery: Delivery
    bulletin: BulletinTrace
    subscriber: Subscriber
    standing: Standing
    language: str
    subject: str
    stories: tuple[str, ...]


class TraceStore:
    """Reads only."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._seals = Seals(keyring)

    async def statement(self, statement_id: str) -> StatementTrace | None:
        """The statement with this id."""
        return await self._database.read(lambda c: kept.trace(c, statement_id))

    async def story(self, story_id: str) -> StoryTrace | None:
        """The story to which this id leads, whether its reports are shown or not."""
        return await self._database.read(lambda c: _story(c, story_id))

    async def apart(self, statement_id: str) -> tuple[str, ...]:
        """The stories from which editors split this statement off, as they are called now."""
        found = await self._database.read(lambda c: merged.apart(c, [statement_id]))
        return tuple(sorted(found.get(statement_id, ())))

    async def desk(self, story_id: str) -> DeskTrace:
        """What editors said and did; nothing where nobody said anything."""

        def look(connection: Connection) -> DeskTrace:
            said = marks.load(connection, [story_id]).get(story_id, UNMARKED)
            ruled = rulings.on(connection, story_id)
            return DeskTrace(said, tuple(marks.markings(connection, story_id)), tuple(ruled))

        return await self._database.read(look)

    async def bulletins(self, story: StoryTrace) -> list[BulletinTrace]:
        """The bulletins that this story went out in, each with the deliveries that hold it."""
        holds = [and_(_BULLETIN.window_start <= at, _BULLETIN.window_end > at) for at in story.news]

        def look(connection: Connection) -> list[BulletinTrace]:
            alerts = _BULLETIN.number.in_(telling.bulletins_with(connection, story.id))
            query = select(schema.bulletin).where(or_(_BULLETIN.story_id.in_(story.names), alerts, *holds))
            query = query.order_by(_BULLETIN.number)
            found = (_bulletin(connection, row, holding=story.names) for row in connection.execute(query).all())
            return [b for b in found if b.deliveries]

        return await self._database.read(look)

    async def bulletin(self, number: int) -> BulletinTrace | None:
        """The bulletin with this number."""
        return await self._database.read(lambda c: _numbered(c, number))

    async def delivery(self, delivery_id: int) -> DeliveryTrace | None:
        """The delivery with this id."""
        return await self._database.read(lambda c: _delivery(c, self._seals, delivery_id))

    async def closed_until(self) -> datetime | None:
        """Up to where windows are closed; None before the first was."""
        query = select(schema.latch.c.closed_until).where(schema.latch.c.name == LATCH)
        return await self._database.read(lambda c: c.scalar(query))

    async def alike(self, beginning: str, limit: int = 5) -> list[str]:
        """Ids of statements that begin like this one, or of those seen last where none does."""
        known = select(_STATEMENT.id).limit(limit)
        begin = known.where(_STATEMENT.id.startswith(beginning[:4], autoescape=True)).order_by(_STATEMENT.id)
        last = known.order_by(_STATEMENT.first_seen.desc(), _STATEMENT.id)
        return await self._database.read(lambda c: list(c.scalars(begin)) or list(c.scalars(last)))


def _story(connection: Connection, story_id: str) -> StoryTrace | None:
    home, took_in = merged.home(connection, story_id), merged.led(connection, merged.home(connection, story_id))
    query = select(schema.story, _DESK.freed_at).where(_STORY.id.in_([home, *(i for i, *_ in took_in)]))
    rows = connection.execute(query.outerjoin_from(schema.story, schema.desk, _DESK.story_id == _STORY.id))
    found = {row.id: row for row in rows}
    if home not in found:
        return None
    r = found[home]
    others = (TookIn(i, by, at, _news(found.get(i))) for i, by, at in took_in)
    alert = (AlertState(r.alert), r.alert_reason, r.alert_at)
    return StoryTrace(r.id, r.ready_at, *alert, r.freed_at, tuple(others))


def _news(row: Row[Any] | None) -> tuple[datetime, ...]:
    return tuple(at for at in (row.ready_at, row.freed_at) if at) if row else ()


def _numbered(connection: Connection, number: int) -> BulletinTrace | None:
    row = connection.execute(select(schema.bulletin).where(_BULLETIN.number == number)).first()
    return _bulletin(connection, row) if row else None


def _bulletin(connection: Connection, row: Row[Any], holding: Collection[str] = ()) -> BulletinTrace:
    """The bulletin; with `holding`, only the deliveries that hold a story by one of these names are counted."""
    alike = (_DELIVERY.state, _DELIVERY.bounce, _DELIVERY.composition_id, _COMPOSITION.language)
    query = (
        select(*alike, func.count().label("times"))
        .join_from(schema.delivery, schema.composition)
        .where(_DELIVERY.bulletin == row.number)
        .group_by(*alike)
        .order_by(_DELIVERY.composition_id)
    )
    rows = connection.execute(query).all()
    told = compositions.stories(connection, {r.composition_id for r in rows})
    if row.story_id:  # an alert is on one story, whatever other addresses stand in it
        told = dict.fromkeys(told, (row.story_id,))
    states: Counter[str] = Counter()
    languages: Counter[str] = Counter()
    came_back: Counter[str] = Counter()
    for one in rows:
        if not holding or not set(holding).isdisjoint(told[one.composition_id]):
            states[one.state] += one.times
            languages[one.language] += one.times
            came_back[one.bounce] += one.times
    return BulletinTrace(
        number=row.number,
        kind=BulletinKind(row.kind),
        date=row.date,
        window=records.window(row),
        stories=tuple(dict.fromkeys(i for r in rows for i in told[r.composition_id])),
        deliveries=dict(sorted(states.items())),
        languages=dict(sorted(languages.items())),
        answers=row.answers,
        came_back={kind: n for kind, n in sorted(came_back.items()) if kind not in {"", BounceKind.NONE}},
    )


def _delivery(connection: Connection, seals: Seals, delivery_id: int) -> DeliveryTrace | None:
    row = connection.execute(select(schema.delivery).where(_DELIVERY.id == delivery_id)).first()
    if row is None:
        return None
    subscriber = connection.execute(select(schema.subscriber).where(schema.subscriber.c.id == row.subscriber_id)).one()
    composition = connection.execute(select(schema.composition).where(_COMPOSITION.id == row.composition_id)).one()
    bulletin = connection.execute(select(schema.bulletin).where(_BULLETIN.number == row.bulletin)).one()
    told = (bulletin.story_id,) if bulletin.story_id else tuple(composition.stories or ())
    return DeliveryTrace(
        delivery=records.delivery(row),
        bulletin=_bulletin(connection, bulletin),
        subscriber=seals.subscriber(subscriber),
        standing=Standing(subscriber.standing),
        language=composition.language,
        subject=composition.subject,
        stories=told,
    )
