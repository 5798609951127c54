"""What became of public stories over time: revisions, snapshots, corrections, alerts; and the list of all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, func, not_, or_, select

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.correction import Correction
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.polling import PollState
from nkwatch.store import findings, merged, records, schema, showing
from nkwatch.store.database import Database
from nkwatch.store.editions import went_out
from nkwatch.store.rows import chunks

#: How much of a revision is given: what readers see of it is its beginning.
OPENING = 1_500
#: Revisions, snapshots and corrections of one story.
MOST = 400
_STATEMENT, _STORY, _B, _D = schema.statement.c, schema.story.c, schema.bulletin.c, schema.delivery.c
_REVISION, _CAPTURE, _CORRECTION = schema.statement_revision.c, schema.capture.c, schema.correction.c


@dataclass(frozen=True, slots=True)
class Revision:
    """A statement as it was until `replaced_at`; `text` is the first `OPENING` letters."""

    statement_id: str
    number: int
    title: str
    text: str
    replaced_at: datetime


@dataclass(frozen=True, slots=True)
class Capture:
    """Bytes that show a statement: their SHA-256 and size, and from where and when they came."""

    statement_id: str
    sha256: str
    size: int
    url: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alerted:
    """An alert on the story that was sent, or a correction. `answers` is the number of what it follows or corrects."""

    number: int
    kind: BulletinKind
    date: datetime
    answers: int | None


@dataclass(frozen=True, slots=True)
class History:
    """All that happened to some statements of a story, each kind oldest first."""

    revisions: tuple[Revision, ...] = ()
    captures: tuple[Capture, ...] = ()
    corrections: tuple[Correction, ...] = ()
    alerts: tuple[Alerted, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of the list of all stories begins; `changed` is when the newest story of that page became ready."""

    ready_at: datetime
    story_id: str
    changed: datetime


class ArchiveStore:
    """What is read of the past. Nothing is changed here."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def history(self, story_id: str, statement_ids: Sequence[str]) -> History:
        """What happened to these statements, which may be shown, and to the alerts on their story."""
        return await self._database.read(lambda c: _history(c, story_id, statement_ids))

    async def state(self, source_id: str) -> PollState | None:
        """How a source is; None of one that was never registered."""
        query = select(schema.source_state).where(schema.source_state.c.source_id == source_id)
        return await self._database.read(lambda c: next((records.state(r) for r in c.execute(query)), None))

    async def published(self, source_id: str, since: datetime, limit: int) -> list[datetime]:
        """When a source published its newest statements since then, at most so many, the newest first."""
        query = select(_STATEMENT.published).where(_STATEMENT.source_id == source_id, _STATEMENT.published >= since)
        newest = query.order_by(_STATEMENT.published.desc()).limit(limit)
        return await self._database.read(lambda c: list(c.scalars(newest)))

    async def places(self, size: int) -> list[Place]:
        """Where each page of the list of all stories begins, when there are so many on each; the oldest first."""
        return await self._database.read(lambda c: _places(c, size))

    async def listed(self, ready_at: datetime, story_id: str, size: int, now: datetime) -> list[tuple[str, datetime]]:
        """The public ones of so many stories from this one on, and when something new was in each last."""
        return await self._database.read(lambda c: _listed(c, (ready_at, story_id), size, now))


def _history(connection: Connection, story_id: str, statement_ids: Sequence[str]) -> History:
    ids = list(statement_ids)
    revisions = _each(connection, _revisions(), _REVISION.statement_id, ids)
    captures = _each(connection, _captured(), _CAPTURE.statement_id, ids)
    said = _each(connection, _corrections(), _CORRECTION.statement_id, ids)
    alerts = connection.execute(_alerts(merged.family(connection, story_id)))
    return History(
        tuple(Revision(r.statement_id, r.revision, r.title, r.text, r.replaced_at) for r in revisions),
        tuple(Capture(r.statement_id, r.sha256, r.size, r.url, r.at) for r in captures),
        tuple(map(_correction, said)),
        tuple(Alerted(row.number, BulletinKind(row.kind), row.date, row.answers) for row in alerts),
    )


def _each(connection: Connection, query: Select[Any], column: ColumnElement[str], ids: Sequence[str]) -> list[Row[Any]]:
    return [row for part in chunks(ids) for row in connection.execute(query.where(column.in_(part)).limit(MOST))]


def _revisions() -> Select[Any]:
    opening = func.substr(_REVISION.text, 1, OPENING).label("text")
    columns = (_REVISION.statement_id, _REVISION.revision, _REVISION.title, opening, _REVISION.replaced_at)
    return select(*columns).order_by(_REVISION.statement_id, _REVISION.revision)


def _captured() -> Select[Any]:
    columns = (_CAPTURE.statement_id, _CAPTURE.sha256, schema.snapshot.c.size, _CAPTURE.url, _CAPTURE.at)
    found = select(*columns).join_from(schema.capture, schema.snapshot)
    return found.order_by(_CAPTURE.statement_id, _CAPTURE.at, _CAPTURE.sha256)


def _corrections() -> Select[Any]:
    return select(schema.correction).order_by(_CORRECTION.statement_id, _CORRECTION.id)


def _correction(row: Row[Any]) -> Correction:
    return findings.corrected_by(dict(row._mapping))  # noqa: SLF001  the documented way to a row's names


def _alerts(story_ids: Sequence[str]) -> Select[Any]:
    """Those that went out, and the corrections that somebody was sent. Deliveries are forgotten some day."""
    written = select(_D.id).where(_D.bulletin == _B.number)
    sent = or_(written.where(_D.state == DeliveryState.SENT).exists(), not_(written.exists()))
    told = or_(and_(_B.kind == BulletinKind.ALERT, went_out()), and_(_B.kind == BulletinKind.ALERT_CORRECTION, sent))
    found = select(_B.number, _B.kind, _B.date, _B.answers).where(_B.story_id.in_(story_ids), _B.number > 0, told)
    return found.order_by(_B.number).limit(MOST)


def _places(connection: Connection, size: int) -> list[Place]:
    order = (_STORY.ready_at, _STORY.id)
    numbered = select(*order, (func.row_number().over(order_by=order) - 1).label("number")).subquery().c
    ends = numbered.number % size
    rows = connection.execute(
        select(numbered.ready_at, numbered.id, ends.label("place"))
        .where(or_(ends == 0, ends == size - 1, numbered.number == _last(connection)))
        .order_by(numbered.number)
    ).all()
    starts = [row for row in rows if row.place == 0]
    changed = [row.ready_at for row in rows if row.place == size - 1]
    changed += [rows[-1].ready_at] if len(changed) < len(starts) else []
    return [Place(row.ready_at, row.id, at) for row, at in zip(starts, changed, strict=True)]


def _last(connection: Connection) -> int:
    return (connection.scalar(select(func.count()).select_from(schema.story)) or 0) - 1


def _listed(
    connection: Connection, first: tuple[datetime, str], size: int, now: datetime
) -> list[tuple[str, datetime]]:
    ready_at, story_id = first
    later = or_(_STORY.ready_at > ready_at, and_(_STORY.ready_at == ready_at, _STORY.id >= story_id))
    page = select(_STORY.id, _STORY.ready_at).where(later).order_by(_STORY.ready_at, _STORY.id).limit(size).subquery().c
    seen = func.max(func.coalesce(_STATEMENT.edited_at, _STATEMENT.first_seen), type_=schema.Instant())
    query = (
        select(page.id, page.ready_at, seen.label("seen"))
        .join(schema.statement, _STATEMENT.story_id == page.id)
        .where(showing.public(now))
        .group_by(page.id, page.ready_at)
        .order_by(page.ready_at, page.id)
    )
    return [(row.id, max(row.ready_at, row.seen)) for row in connection.execute(query)]
