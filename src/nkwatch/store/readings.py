"""Readings of statements, by the rules and as editors corrected them. Old readings are kept beside the one in force."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from nkwatch.domain.correction import Correction, Filed, Shift, corrected
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.story import AlertState
from nkwatch.reading.stories import Placement
from nkwatch.store import backfill, findings, schema, stories, unread
from nkwatch.store.database import Database
from nkwatch.store.rows import chunks, insert_new

_STATEMENT, _CORRECTION = schema.statement.c, schema.correction.c


class ReadingStore:
    """What was read in statements, and what editors said of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def filed(self, statement_id: str) -> Filed | None:
        """The statement with its reading and its story; None where there is none, or it was not read yet."""
        query = findings.in_force().where(_STATEMENT.id == statement_id)

        def look(connection: Connection) -> Filed | None:
            row = connection.execute(query).first()
            return findings.filed(row) if row else None

        return await self._database.read(look)

    async def outdated(self, rules: str, since: datetime | None, after: str, limit: int) -> list[Filed]:
        """Statements read by other rules and published since then, by id, those behind `after`."""
        ids = select(_STATEMENT.id).where(_outdated(rules, since), _STATEMENT.id > after)
        query = findings.in_force().where(_STATEMENT.id.in_(ids.order_by(_STATEMENT.id).limit(limit)))

        def look(connection: Connection) -> list[Filed]:
            rows = connection.execute(query.order_by(_STATEMENT.id))
            return [one for row in rows if (one := findings.filed(row))]

        return await self._database.read(look)

    async def count_outdated(self, rules: str, since: datetime | None) -> int:
        """How many statements there are that were read by other rules and published since then."""
        query = select(func.count()).select_from(schema.statement).where(_outdated(rules, since))
        return await self._database.read(lambda c: c.scalar(query) or 0)

    async def record_anew(self, placements: Sequence[Placement], now: datetime, news_from: datetime) -> None:
        """Store readings by other rules. What came on North Korea joins the story named, what went off leaves its own.

        Alerts are asked anew for what was published from `news_from` on. What was edited meanwhile is left to `read`.
        """

        def record(connection: Connection) -> None:
            closed = stories.closed_until(connection, now)
            known = _files(connection, [p.reading.statement_id for p in placements])
            for placement in placements:
                was = known.get(placement.reading.statement_id)
                if was and was.statement.revision == was.reading.revision == placement.reading.revision:
                    shift = _shift(was, placement.reading, news_from)
                    _keep(connection, placement.reading, now)
                    stories.move(connection, was, shift, (placement.story_id, placement.marks), closed, now)
            unread.placed(connection)

        await self._database.write(record)

    async def record_correction(self, said: Correction, story_id: str, marks: Sequence[int], now: datetime) -> bool:
        """Keep what an editor said, with all that follows for story and alert; false when there is no such reading.

        A statement that came on North Korea joins the story named, unless it stands in one.
        """

        def record(connection: Connection) -> bool:
            closed = stories.closed_until(connection, now)
            was = _files(connection, [said.statement_id]).get(said.statement_id)
            if was is None:
                return False
            correction = said.after(was.correction)
            _put_in_force(connection, correction)
            shift = Shift(was.in_force, corrected(was.reading, correction), correction)
            stories.move(connection, was, shift, (story_id, marks), closed, now)
            unread.placed(connection)
            return True

        return await self._database.write(record)

    async def corrections(self, statement_id: str = "") -> list[Filed]:
        """All corrections with the readings that they corrected, the newest first."""
        query = findings.as_corrected().order_by(_CORRECTION.id.desc())
        of = query.where(_CORRECTION.statement_id == statement_id) if statement_id else query
        return await self._database.read(lambda c: [f for row in c.execute(of) if (f := findings.filed(row))])

    async def in_force(self) -> list[Filed]:
        """The corrections that are in force, with the readings that they corrected, by statement."""
        query = findings.as_corrected().where(_CORRECTION.id == _STATEMENT.correction_id).order_by(_STATEMENT.id)
        return await self._database.read(lambda c: [f for row in c.execute(query) if (f := findings.filed(row))])


def record(connection: Connection, placements: Sequence[Placement], now: datetime, as_of: int | None = None) -> bool:
    """Store readings with their story and marks; a new story becomes ready behind every closed window.

    What editors said stays in force: what they took off North Korea joins no story. False, and nothing is stored, where
    there were more placings than `as_of` and any of these is to be placed.
    """
    ready_at = max(now, stories.closed_until(connection, now))
    placing = any(p.story_id for p in placements)
    if placing and as_of not in {None, unread.placings(connection)}:
        return False
    said = _corrections(connection, [p.reading.statement_id for p in placements])
    for placement in placements:
        correction = said.get(placement.reading.statement_id)
        _keep(connection, placement.reading, now)
        if placement.story_id and not (correction and correction.about_nk is False):
            in_force = corrected(placement.reading, correction)
            joined = stories.join(connection, in_force.statement_id, placement.story_id, placement.marks)
            _open(connection, joined, in_force.urgency, ready_at)
    unread.done(connection, [p.reading.statement_id for p in placements])
    if placing:
        unread.placed(connection)
    return True


def _open(connection: Connection, story_id: str, urgency: Urgency, ready_at: datetime) -> None:
    urgent = urgency is Urgency.URGENT
    first = AlertState.OPEN if urgent else AlertState.NONE
    opened = stories.open_story(connection, story_id, ready_at, (first, ""))
    if not (opened or backfill.wake(connection, story_id, ready_at, (first, ""))) and urgent:
        stories.ask(connection, story_id)


def _shift(was: Filed, reading: Reading, news_from: datetime) -> Shift:
    after = corrected(reading, was.correction)
    return Shift(was.in_force, after, news=was.statement.published >= news_from)


def _keep(connection: Connection, reading: Reading, now: datetime) -> None:
    """Keep the reading, and put it in force unless a later revision was read meanwhile."""
    insert_new(connection, schema.reading, [findings.reading_row(reading, now)])
    pointed = {"read_revision": reading.revision, "read_rules": reading.rules, "language": reading.language}
    pointed["indexed"] = False
    earlier = (_STATEMENT.id == reading.statement_id, _STATEMENT.read_revision <= reading.revision)
    if connection.execute(update(schema.statement).where(*earlier).values(**pointed)).rowcount:
        _name(connection, reading)


def _name(connection: Connection, reading: Reading) -> None:
    """Note whom the reading in force names."""
    connection.execute(delete(schema.named).where(schema.named.c.statement_id == reading.statement_id))
    insert_new(connection, schema.named, findings.named_rows(reading))


def _put_in_force(connection: Connection, correction: Correction) -> None:
    added = schema.correction.insert().values(**findings.correction_row(correction)).returning(_CORRECTION.id)
    number = connection.execute(added).scalar_one()
    change = update(schema.statement).where(_STATEMENT.id == correction.statement_id)
    connection.execute(change.values(correction_id=None if correction.undoes else number, indexed=False))


def _outdated(rules: str, since: datetime | None) -> ColumnElement[bool]:
    other = _STATEMENT.read_rules.not_in(["", rules])
    # what waits to be read is read by the current rules anyway
    waiting = _STATEMENT.read_revision == _STATEMENT.revision
    return and_(other, waiting, *([_STATEMENT.published >= since] if since else []))


def _files(connection: Connection, ids: Iterable[str]) -> dict[str, Filed]:
    """These statements, for which changes under way are waited for."""
    found: dict[str, Filed] = {}
    for part in chunks(sorted(ids)):
        query = findings.in_force().where(_STATEMENT.id.in_(part)).order_by(_STATEMENT.id)
        rows = connection.execute(query.with_for_update(of=schema.statement))
        found |= {row.id: one for row in rows if (one := findings.filed(row))}
    return found


def _corrections(connection: Connection, ids: Iterable[str]) -> dict[str, Correction]:
    found: dict[str, Correction] = {}
    for part in chunks(sorted(ids)):
        said = findings.in_force().where(_STATEMENT.id.in_(part), _STATEMENT.correction_id.is_not(None))
        rows = connection.execute(said)
        found |= {row.id: one for row in rows if (one := findings.correction(row))}
    return found
