"""Statements, their readings and stories, and the poll states of sources."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, Select, and_, func, select, update

from nkwatch.domain.bulletin import Window
from nkwatch.domain.errand import Errand, Ran
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.reading import Reading
from nkwatch.domain.snapshot import Snapshot
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.surroundings import Counted, Earlier
from nkwatch.keys import Keyring
from nkwatch.reading.stories import Placed, Placement
from nkwatch.store import (
    counting,
    errands,
    findings,
    merged,
    polling,
    readings,
    records,
    schema,
    snapshots,
    stories,
    unread,
)
from nkwatch.store.arriving import Arrivals
from nkwatch.store.database import Database
from nkwatch.store.rows import chunks

_STATE, _STATEMENT = schema.source_state.c, schema.statement.c


class StatementStore:
    """The statements of the catalogue's `sources`, which say what role and owner each has.

    `arrivals` redacts what arrives; without it, nothing may ever have been redacted.
    """

    def __init__(self, database: Database, sources: Mapping[str, Source], arrivals: Arrivals | None = None) -> None:
        self._database = database
        self._arrivals = arrivals or Arrivals(Keyring({}, current=0))
        self._binder = stories.Binder(sources)

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

    async def renew_due(self, source_ids: Sequence[str], lease: Lease) -> None:
        """Keep these claimed sources until the end of this lease, those that its owner still has."""
        await self._database.write(lambda c: polling.renew(c, source_ids, lease))

    async def known(self, publisher: str, keys: Iterable[str]) -> Mapping[str, Statement]:
        """Which of these keys belong to which statement of this publisher."""
        wanted = list(keys)
        return await self._database.read(lambda c: self._arrivals.known(c, publisher, wanted))

    async def listed(
        self, source_id: str, since: datetime, until: datetime, besides: Collection[str]
    ) -> list[Statement]:
        """What this source published from `since` up to and with `until`, oldest first, but for those `besides`.

        Without those that were deleted, or whose presence was asked about already.
        """
        return await self._database.read(lambda c: polling.listed(c, source_id, since, until, besides))

    async def record_polls(self, polls: Sequence[Polled]) -> int:
        """Write all that these polls leave behind in one transaction; answers how many statements were new."""
        return await self._database.write(lambda c: polling.record(c, self._arrivals.polls(c, polls)))

    async def resting(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        return await self._database.read(lambda c: polling.resting(c, now))

    async def claim_errands(self, now: datetime, limit: int, lease: Lease) -> list[Errand]:
        """Claim up to `limit` errands that are due and whose hosts do not rest."""
        if not await self._database.read(lambda c: errands.due(c, now, 1)):
            return []  # an idle tick writes nothing
        return await self._database.write(lambda c: errands.claim(c, now, limit, lease))

    async def renew_errands(self, claimed: Sequence[Errand], lease: Lease) -> None:
        """Keep these errands until the end of this lease, those that its owner still has."""
        await self._database.write(lambda c: errands.renew(c, claimed, lease))

    async def record_errand(self, ran: Ran) -> None:
        """Write what became of an errand. An article completes its statement, which may be read from then on."""
        await self._database.write(lambda c: errands.record(c, self._arrivals.ran(c, ran)))

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
        undecided = _STATEMENT.presence.not_in([Presence.SHOWN, Presence.REDACTED])
        deleted = and_(_STATEMENT.id == statement_id, undecided)
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

    async def unread(self, limit: int, now: datetime, lease: Lease | None = None) -> list[Placed]:
        """Statements to be read whose newest revision has no reading and nobody else reads, oldest first.

        With a `lease` they are claimed under it; its owner may claim again what it has.
        """
        owner = lease.owner if lease else ""
        found = await self._database.read(lambda c: unread.found(c, now, owner, limit))
        # an idle tick writes nothing
        return await self._database.write(lambda c: unread.claim(c, now, lease, limit)) if found and lease else found

    async def placings(self) -> int:
        """How often statements were put into stories up to now: to be asked before it is looked where any belong."""
        return await self._database.read(unread.placings)

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

    async def record_readings(self, placements: Sequence[Placement], now: datetime, as_of: int | None = None) -> bool:
        """Store readings with their story and marks; a new story becomes ready behind every closed window.

        False, and nothing is stored, where others put statements into stories since there were `as_of` placings: any
        of these may belong to one of theirs.
        """
        return await self._database.write(
            lambda c: readings.record(c, self._arrivals.readings(c, placements), now, as_of)
        )

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        """These stories with all their reports, in the order of the ids."""
        wanted = list(ids)
        return await self._database.read(lambda c: self._binder.load(c, wanted))

    async def named(self, ids: Iterable[str]) -> dict[str, Story]:
        """These stories by the id that each is asked for by; one that was merged is the story into which it went."""
        wanted = list(ids)

        def look(connection: Connection) -> dict[str, Story]:
            led = merged.homes(connection, wanted)
            found = {s.id: s for s in self._binder.load(connection, [led.get(i, i) for i in wanted])}
            return {i: found[home] for i in wanted if (home := led.get(i, i)) in found}

        return await self._database.read(look)

    async def home(self, story_id: str) -> str:
        """The story to which this id leads: its own, unless it was merged."""
        return await self._database.read(lambda c: merged.home(c, story_id))

    async def apart(self, statement_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """The stories that editors took these statements from, by statement; nothing of who may join any."""
        wanted = list(statement_ids)
        return await self._database.read(lambda c: merged.apart(c, wanted))

    async def ready_between(self, window: Window) -> list[Story]:
        """The stories that became ready in this window, or were freed in it; without those that are held."""
        return await self._found(stories.ready_between(window))

    async def held(self, now: datetime) -> int:
        """How many stories editors hold back."""
        return await self._database.read(lambda c: counting.held(c, now))

    async def counted(self, since: datetime, until: datetime) -> list[Counted]:
        """The stories that became ready in [since, until) and are shown, as they are counted, the first first."""
        return await self._database.read(lambda c: counting.counted(c, since, until))

    async def named_before(self, keys: Collection[str], before: datetime) -> Mapping[str, Earlier]:
        """The newest story that became ready before then and names a case, by the key of the mention."""
        return await self._database.read(lambda c: counting.named_before(c, self._binder, keys, before))

    async def newest(self, limit: int) -> list[Story]:
        """The stories that became ready last, the newest first."""
        return await self._found(stories.newest(limit))

    async def alert_candidates(self, limit: int) -> list[Story]:
        """Stories whose alert is open and urgent, or released and not yet sent."""
        return await self._found(stories.alert_candidates(limit))

    async def held_alerts(self, limit: int = 100) -> list[Story]:
        """Stories that wait for an editor."""
        return await self._found(stories.with_alert((AlertState.HELD,), limit))

    async def sent_alerts(self, limit: int = 100) -> list[Story]:
        """Stories whose alerts went out, the newest first."""
        return await self._found(stories.alerted(limit))

    async def record_alert(
        self, story_id: str, state: AlertState, reason: str, now: datetime, *, was: AlertState | None = None
    ) -> bool:
        """Write what became of a story as an alert; false when there is no such story, or it is not what it `was`."""
        before = (was,) if was else ()
        return await self._database.write(lambda c: stories.record_alert(c, story_id, (state, reason), now, before))

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
        last = (_STATEMENT.first_seen.desc(), _STATEMENT.published.desc(), _STATEMENT.id)
        query = findings.in_force().order_by(*last).limit(limit)
        return await self._database.read(
            lambda c: [(records.statement(r), findings.reading_in_force(r)) for r in c.execute(query)]
        )

    async def _found(self, ids: Select[tuple[str]]) -> list[Story]:
        return await self._database.read(lambda c: self._binder.load(c, list(c.scalars(ids))))
