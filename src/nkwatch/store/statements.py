"""Statements, their readings and stories, and the poll states of sources."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, and_, func, select, true, update

from nkwatch.domain.bulletin import Window
from nkwatch.domain.errand import Errand, Ran
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Role, Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.domain.theme import Reading, Urgency
from nkwatch.reading.stories import Placed, Placement
from nkwatch.store import polling, records, schema, snapshots
from nkwatch.store.database import Database, chunks, insert_new

LATCH = "windows"
_STATE = schema.source_state.c
_STATEMENT = schema.statement.c
_STORY = schema.story.c
_SHOWN = _STATEMENT.presence.in_([Presence.SHOWN, Presence.KEPT])
#: A story none of whose reports is shown is not there.
_VISIBLE = select(_STATEMENT.id).where(_STATEMENT.story_id == _STORY.id, _SHOWN).exists()


class StatementStore:
    """The statements of the catalogue's `sources`, which say what role and owner each has."""

    def __init__(self, database: Database, sources: Mapping[str, Source]) -> None:
        self._database = database
        self._sources = sources
        self._owners = {s.publisher: s.owner or s.publisher for s in sources.values()}

    async def register(self, sources: Iterable[Source], now: datetime) -> None:
        """Give a poll state, due at once, to every source that has none, or has moved within the catalogue."""
        known = await self._database.read(polling.addresses)
        unknown = [s for s in sources if s.url != known.get(s.id)]
        if unknown:
            await self._database.write(lambda c: polling.register(c, unknown, now))

    async def states(self) -> list[PollState]:
        """The poll states of all sources that were ever registered."""
        query = select(schema.source_state).order_by(_STATE.source_id)
        return await self._database.read(lambda c: [records.state(r) for r in c.execute(query)])

    async def claim_due(self, source_ids: Collection[str], now: datetime, limit: int, lease: Lease) -> list[PollState]:
        """Claim up to `limit` of these sources that are due, the longest due first."""
        if not await self._database.read(lambda c: polling.due(c, source_ids, now, 1)):
            return []  # an idle tick writes nothing
        return await self._database.write(lambda c: polling.claim(c, source_ids, now, limit, lease))

    async def known(self, publisher: str, keys: Iterable[str]) -> Mapping[str, Statement]:
        """Which of these keys belong to which statement of this publisher."""
        wanted = list(keys)
        return await self._database.read(lambda c: polling.known(c, publisher, wanted))

    async def listed(
        self, source_id: str, since: datetime, until: datetime, besides: Collection[str]
    ) -> list[Statement]:
        """What this source published from `since` up to and with `until`, oldest first, but for those `besides`.

        Without those that were deleted, or whose presence was asked about already.
        """
        return await self._database.read(lambda c: polling.listed(c, source_id, since, until, besides))

    async def record_polls(self, polls: Sequence[Polled]) -> int:
        """Write all that these polls leave behind in one transaction; answers how many statements were new."""
        return await self._database.write(lambda c: polling.record(c, polls))

    async def resting(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        return await self._database.read(lambda c: polling.resting(c, now))

    async def claim_errands(self, now: datetime, limit: int, lease: Lease) -> list[Errand]:
        """Claim up to `limit` errands that are due and whose hosts do not rest."""
        if not await self._database.read(lambda c: polling.due_errands(c, now, 1)):
            return []  # an idle tick writes nothing
        return await self._database.write(lambda c: polling.claim_errands(c, now, limit, lease))

    async def record_errand(self, ran: Ran) -> None:
        """Write what became of an errand. An article completes its statement, which may be read from then on."""
        await self._database.write(lambda c: polling.record_errand(c, ran))

    async def untold_health(self, morning: datetime) -> list[PollState]:
        """States with another health than the operator was told; none when somebody was told since `morning`."""
        told = select(func.count()).where(_STATE.told_at >= morning)
        query = select(schema.source_state).where(_STATE.health != _STATE.told).order_by(_STATE.source_id)
        return await self._database.read(
            lambda c: [] if c.scalar(told) else [records.state(r) for r in c.execute(query)]
        )

    async def told_health(self, states: Sequence[PollState], now: datetime) -> None:
        """The operator has been told the health of these states."""

        def tell(connection: Connection) -> None:
            for state in states:
                told = update(schema.source_state).where(_STATE.source_id == state.source_id)
                connection.execute(told.values(told=state.health, told_at=now))

        await self._database.write(tell)

    async def record_presence(self, statement_id: str, presence: Presence) -> bool:
        """Write an editor's word on a statement that its source deleted; false when there is no such statement."""
        deleted = and_(_STATEMENT.id == statement_id, _STATEMENT.presence != Presence.SHOWN)
        said = update(schema.statement).where(deleted).values(presence=presence)
        return await self._database.write(lambda c: c.execute(said).rowcount > 0)

    async def missing(self) -> list[Statement]:
        """The statements that their sources deleted and no editor has decided on, oldest first."""
        query = (
            select(schema.statement)
            .where(_STATEMENT.presence == Presence.MISSING)
            .order_by(_STATEMENT.published, _STATEMENT.id)
        )
        return await self._database.read(lambda c: [records.statement(r) for r in c.execute(query)])

    async def snapshots(self, statement_id: str) -> list[Snapshot]:
        """The bytes that show this statement, oldest first."""
        return await self._database.read(lambda c: snapshots.snapshots(c, statement_id))

    async def unread(self, limit: int, now: datetime) -> list[Placed]:
        """Statements to be read whose newest revision has no reading, oldest first."""
        query = (
            select(schema.statement)
            .where(_STATEMENT.read_revision < _STATEMENT.revision, _STATEMENT.read_from <= now)
            .order_by(_STATEMENT.first_seen, _STATEMENT.published, _STATEMENT.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [records.placed(r) for r in c.execute(query)])

    async def placed(self, marks: Iterable[int], since: datetime) -> list[Placed]:
        """Statements of stories that share any of these marks, published since then."""
        wanted = list(marks)
        ids = select(schema.mark.c.statement_id).distinct()

        def look(connection: Connection) -> list[Placed]:
            found: dict[str, Placed] = {}
            for part in chunks(wanted):
                sharing = _STATEMENT.id.in_(ids.where(schema.mark.c.mark.in_(part)))
                rows = connection.execute(select(schema.statement).where(sharing, _STATEMENT.published >= since))
                found |= {row.id: records.placed(row) for row in rows}
            return list(found.values())

        return await self._database.read(look)

    async def record_readings(self, placements: Sequence[Placement], now: datetime) -> None:
        """Store readings with their story and marks; a new story becomes ready behind every closed window."""

        def record(connection: Connection) -> None:
            ready_at = max(now, closed_until(connection, now))
            for placement in placements:
                _place(connection, placement, now, ready_at)

        await self._database.write(record)

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        """These stories with all their reports, in the order of the ids."""
        wanted = list(dict.fromkeys(ids))

        def look(connection: Connection) -> list[Story]:
            found: dict[str, Story] = {}
            for part in chunks(wanted):
                found |= self._load(connection, part)
            return [found[i] for i in wanted if i in found]

        return await self._database.read(look)

    async def ready_between(self, window: Window) -> list[Story]:
        """The stories that became ready in this window."""
        query = select(_STORY.id).where(_STORY.ready_at >= window.start, _STORY.ready_at < window.end)
        ids = await self._database.read(lambda c: list(c.scalars(query.order_by(_STORY.ready_at, _STORY.id))))
        return await self.stories(ids)

    async def newest(self, limit: int) -> list[Story]:
        """The stories that became ready last, the newest first."""
        query = select(_STORY.id).where(_VISIBLE).order_by(_STORY.ready_at.desc(), _STORY.id).limit(limit)
        return await self.stories(await self._database.read(lambda c: list(c.scalars(query))))

    async def alert_candidates(self, limit: int) -> list[Story]:
        """Stories whose alert is open and urgent, or released and not yet sent."""
        waiting = (AlertState.OPEN, AlertState.RELEASED)
        return await self._with_alert(waiting, limit)

    async def held_alerts(self, limit: int = 100) -> list[Story]:
        """Stories that wait for an editor."""
        return await self._with_alert((AlertState.HELD,), limit)

    async def record_alert(
        self, story_id: str, state: AlertState, reason: str, now: datetime, *, was: AlertState | None = None
    ) -> bool:
        """Write what became of a story as an alert; false when there is no such story, or it is not what it `was`."""
        change = update(schema.story).where(_STORY.id == story_id, _STORY.alert == was if was else true())
        values = change.values(alert=state, alert_reason=reason, alert_at=now)
        return await self._database.write(lambda c: c.execute(values).rowcount > 0)

    async def counts(self) -> dict[str, int]:
        """How many statements, readings on North Korea and stories there are."""
        queries = {
            "statements": select(func.count()).select_from(schema.statement),
            "about_nk": select(func.count()).select_from(schema.statement).where(_STATEMENT.story_id != ""),
            "stories": select(func.count()).select_from(schema.story),
        }
        return await self._database.read(lambda c: {k: c.scalar(q) or 0 for k, q in queries.items()})

    async def rhythm(self, since: datetime) -> Mapping[str, Sequence[datetime]]:
        """When each source published what it published since then, the oldest first, by source id."""
        query = select(_STATEMENT.source_id, _STATEMENT.published).where(_STATEMENT.published >= since)

        def look(connection: Connection) -> dict[str, list[datetime]]:
            found: dict[str, list[datetime]] = defaultdict(list)
            for row in connection.execute(query.order_by(_STATEMENT.published)):
                found[row.source_id].append(row.published)
            return dict(found)

        return await self._database.read(look)

    async def recent(self, limit: int) -> list[tuple[Statement, Reading | None]]:
        """The statements seen last, with the readings in force."""
        query = _read_statements().order_by(_STATEMENT.first_seen.desc(), _STATEMENT.published.desc()).limit(limit)
        return await self._database.read(
            lambda c: [(records.statement(r), records.reading(r)) for r in c.execute(query)]
        )

    async def _with_alert(self, states: Sequence[AlertState], limit: int) -> list[Story]:
        query = select(_STORY.id).where(_STORY.alert.in_(states), _VISIBLE)
        query = query.order_by(_STORY.ready_at, _STORY.id).limit(limit)
        return await self.stories(await self._database.read(lambda c: list(c.scalars(query))))

    def _load(self, connection: Connection, ids: Sequence[str]) -> dict[str, Story]:
        reports: dict[str, list[Report]] = defaultdict(list)
        for row in connection.execute(_read_statements().where(_STATEMENT.story_id.in_(ids), _SHOWN)):
            reports[row.story_id].append(self._report(row))
        rows = connection.execute(select(schema.story).where(_STORY.id.in_(ids)))
        return {r.id: records.story(r, tuple(reports[r.id])) for r in rows if reports[r.id]}

    def _report(self, row: Row[Any]) -> Report:
        statement, reading = records.statement(row), records.reading(row)
        if reading is None:
            msg = f"statement {statement.id} stands in a story without a reading"
            raise LookupError(msg)
        source = self._sources.get(statement.source_id)
        if source is None:  # the operator took it out of the catalogue since
            return Report(statement, reading, Role.PRESS, statement.publisher)
        by = reading.released_by
        owner = self._owners.get(by, by) or source.owner or source.publisher
        return Report(statement, reading, source.role, owner, source.covers(statement.url))


def closed_until(connection: Connection, now: datetime) -> datetime:
    """Take the latch and answer up to where windows are closed; the latch is held until the transaction ends."""
    insert_new(connection, schema.latch, [{"name": LATCH, "closed_until": now - timedelta(days=36_500)}])
    query = select(schema.latch.c.closed_until).where(schema.latch.c.name == LATCH).with_for_update()
    reached: datetime = connection.execute(query).scalar_one()
    return reached


def _read_statements() -> Any:
    """Statements with the readings that are in force for them."""
    reading = schema.reading.c
    in_force = and_(
        reading.statement_id == _STATEMENT.id,
        reading.revision == _STATEMENT.read_revision,
        reading.rules == _STATEMENT.read_rules,
    )
    columns = (reading.rules, reading.about_nk, reading.urgency, reading.findings)
    return select(schema.statement, *columns, reading.revision.label("reading_revision")).outerjoin_from(
        schema.statement, schema.reading, in_force
    )


def _place(connection: Connection, placement: Placement, now: datetime, ready_at: datetime) -> None:
    reading, story_id = placement.reading, placement.story_id
    insert_new(connection, schema.reading, [records.reading_row(reading, now)])
    _point_to(connection, reading, story_id)
    if story_id:
        _open_story(connection, story_id, ready_at, reading.urgency)
        rows = [{"mark": m, "statement_id": reading.statement_id} for m in placement.marks]
        insert_new(connection, schema.mark, rows)


def _point_to(connection: Connection, reading: Reading, story_id: str) -> None:
    found = {"read_revision": reading.revision, "read_rules": reading.rules, "language": reading.language}
    change = update(schema.statement).where(_STATEMENT.id == reading.statement_id)
    connection.execute(change.values(**found, **({"story_id": story_id} if story_id else {})))


def _open_story(connection: Connection, story_id: str, ready_at: datetime, urgency: Urgency) -> None:
    """Open the story unless it is; an urgent report asks anew about an alert that was none or waits."""
    state = AlertState.OPEN if urgency is Urgency.URGENT else AlertState.NONE
    row = {"id": story_id, "ready_at": ready_at, "alert": state, "alert_reason": "", "alert_at": None}
    if not insert_new(connection, schema.story, [row]) and urgency is Urgency.URGENT:
        undecided = _STORY.alert.in_([AlertState.NONE, AlertState.HELD])
        reopened = update(schema.story).where(_STORY.id == story_id, undecided)
        connection.execute(reopened.values(alert=AlertState.OPEN))
