"""Stories and their alerts, and the latch under which a story becomes ready or a window closes."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, select, true, union, update

from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Filed, Shift, alarming
from nkwatch.domain.desk import UNMARKED
from nkwatch.domain.merging import ASKED_ANEW
from nkwatch.domain.source import Role, Source
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.store import findings, marks, merged, records, schema
from nkwatch.store.rows import chunks, insert_new

LATCH = "windows"
_STATEMENT, _STORY, _MARK, _DESK = schema.statement.c, schema.story.c, schema.mark.c, schema.desk.c
SHOWN = _STATEMENT.presence.in_([Presence.SHOWN, Presence.KEPT])
#: A story none of whose reports is shown is not there.
VISIBLE = select(_STATEMENT.id).where(_STATEMENT.story_id == _STORY.id, SHOWN).exists()
#: Of alerts that nobody let go.
_NOT_LET_GO = (AlertState.OPEN, AlertState.NONE, AlertState.HELD)


class Binder:
    """Puts stories together; the catalogue's `sources` say what role and owner each report has."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._sources = sources
        self._owners = {s.publisher: s.owner or s.publisher for s in sources.values()}

    def load(self, connection: Connection, ids: Sequence[str]) -> list[Story]:
        """These stories with all their reports, in the order of the ids, each once."""
        wanted = list(dict.fromkeys(ids))
        found: dict[str, Story] = {}
        for part in chunks(wanted):
            found |= self._load(connection, part)
        return [found[i] for i in wanted if i in found]

    def _load(self, connection: Connection, ids: Sequence[str]) -> dict[str, Story]:
        reports: dict[str, list[Report]] = defaultdict(list)
        for row in connection.execute(findings.in_force().where(_STATEMENT.story_id.in_(ids), SHOWN)):
            reports[row.story_id].append(self.report(row))
        rows = connection.execute(select(schema.story).where(_STORY.id.in_(ids)))
        said = marks.load(connection, ids)
        return {r.id: records.story(r, tuple(reports[r.id]), said.get(r.id, UNMARKED)) for r in rows if reports[r.id]}

    def report(self, row: Row[Any]) -> Report:
        """A report of a row of `findings.in_force`."""
        statement, reading = records.statement(row), findings.reading_in_force(row)
        if reading is None:
            msg = f"statement {statement.id} stands in a story without a reading"
            raise LookupError(msg)
        source = self._sources.get(statement.source_id)
        if source is None:  # the operator took it out of the catalogue since
            return Report(statement, reading, Role.PRESS, statement.publisher)
        by = reading.released_by
        owner = self._owners.get(by, by) or source.owner or source.publisher
        return Report(statement, reading, source.role, owner, source.covers(statement.url))


def ready_between(window: Window) -> Select[tuple[str]]:
    """The ids of the stories that became ready in this window, or were freed in it, the first first.

    Without those that are held.
    """
    columns = select(_STORY.id, _STORY.ready_at)
    ready = columns.where(_STORY.ready_at >= window.start, _STORY.ready_at < window.end)
    freed = columns.join_from(schema.story, schema.desk, _DESK.story_id == _STORY.id)
    # each half has its own index
    both = union(ready, freed.where(_DESK.freed_at >= window.start, _DESK.freed_at < window.end)).subquery()
    return select(both.c.id).where(~marks.held(both.c.id)).order_by(both.c.ready_at, both.c.id)


def newest(limit: int) -> Select[tuple[str]]:
    """The ids of the stories that became ready last, the newest first."""
    return select(_STORY.id).where(VISIBLE).order_by(_STORY.ready_at.desc(), _STORY.id).limit(limit)


def with_alert(states: Sequence[AlertState], limit: int) -> Select[tuple[str]]:
    """The ids of the stories with such an alert, the first first."""
    waiting = select(_STORY.id).where(_STORY.alert.in_(states), VISIBLE)
    return waiting.order_by(_STORY.ready_at, _STORY.id).limit(limit)


def alert_candidates(limit: int) -> Select[tuple[str]]:
    """The ids of the stories on whose alert is to be decided, or which are to be sent; never of one held by editors."""
    return with_alert((AlertState.OPEN, AlertState.RELEASED), limit).where(~marks.held(_STORY.id))


def alerted(limit: int) -> Select[tuple[str]]:
    """The ids of the stories whose alerts went out, those told last first."""
    sent = select(_STORY.id).where(_STORY.alert == AlertState.SENT, VISIBLE)
    return sent.order_by(_STORY.alert_at.desc(), _STORY.id).limit(limit)


def record_alert(
    connection: Connection,
    story_id: str,
    to: tuple[AlertState, str],
    now: datetime,
    was: Sequence[AlertState] = (),
) -> bool:
    """Write an alert's state and its reason; false when there is no such story, or it is none of what it `was`.

    Once it is decided, the calls to editors are forgotten: should it wait again, they are called anew.
    """
    state, reason = to
    change = update(schema.story).where(_STORY.id == story_id, _STORY.alert.in_(was) if was else true())
    if connection.execute(change.values(alert=state, alert_reason=reason, alert_at=now)).rowcount == 0:
        return False
    if state not in {AlertState.OPEN, AlertState.HELD}:
        connection.execute(delete(schema.alert_call).where(schema.alert_call.c.story_id == story_id))
    return True


def closed_until(connection: Connection, now: datetime) -> datetime:
    """Take the latch and answer up to where windows are closed; the latch is held until the transaction ends."""
    insert_new(connection, schema.latch, [{"name": LATCH, "closed_until": now - timedelta(days=36_500)}])
    query = select(schema.latch.c.closed_until).where(schema.latch.c.name == LATCH).with_for_update()
    reached: datetime = connection.execute(query).scalar_one()
    return reached


def close(connection: Connection, now: datetime) -> None:
    """From now on no story becomes ready before `now`: everything up to then is closed."""
    reached = max(now, closed_until(connection, now))
    connection.execute(update(schema.latch).where(schema.latch.c.name == LATCH).values(closed_until=reached))


def join(connection: Connection, statement_id: str, story_id: str, found_by: Sequence[int]) -> str:
    """Put a statement into a story, to be found by these marks; answers which story that is, under the latch.

    An editor may have merged it meanwhile, or taken the statement from it.
    """
    into = merged.welcome(connection, statement_id, story_id)
    placed = update(schema.statement).where(_STATEMENT.id == statement_id)
    connection.execute(placed.values(story_id=into, indexed=False))
    insert_new(connection, schema.mark, [{"mark": m, "statement_id": statement_id} for m in found_by])
    return into


def open_story(connection: Connection, story_id: str, ready_at: datetime, alert: tuple[AlertState, str]) -> bool:
    """Open the story unless it is; false when it was."""
    row = {"id": story_id, "ready_at": ready_at, "alert": alert[0], "alert_reason": alert[1], "alert_at": None}
    return insert_new(connection, schema.story, [row]) > 0


def ask(connection: Connection, story_id: str) -> None:
    """Ask anew about an alert that was none, waits or was sent: another report of it is urgent, and may be news."""
    asked = update(schema.story).where(_STORY.id == story_id, _STORY.alert.in_(ASKED_ANEW))
    connection.execute(asked.values(alert=AlertState.OPEN))


def move(
    connection: Connection,
    filed: Filed,
    shift: Shift,
    home: tuple[str, Sequence[int]],
    closed: datetime,
    now: datetime,
) -> None:
    """Put a statement whose reading changed where it belongs now, and ask what becomes of the alert.

    `home` is the story that it would join, and its marks; it stays in the one it stands in. Windows are closed up to
    `closed`, and the latch is held.
    """
    story_id = filed.story_id
    if shift.leaves:
        _leave(connection, filed)
    elif shift.after.about_nk and not story_id:
        story_id = join(connection, filed.statement.id, home[0] or filed.statement.id, home[1])
        if open_story(connection, story_id, max(now, closed), shift.first_alert):
            return
    if shift.raises or shift.calms:
        _settle(connection, story_id, shift, now)
    if shift.leaves:
        _close_empty(connection, filed.story_id, closed)


def _leave(connection: Connection, filed: Filed) -> None:
    left = update(schema.statement).where(_STATEMENT.id == filed.statement.id)
    connection.execute(left.values(story_id="", indexed=False))
    connection.execute(delete(schema.mark).where(_MARK.statement_id == filed.statement.id))


def _settle(connection: Connection, story_id: str, shift: Shift, now: datetime) -> None:
    state = connection.scalar(select(_STORY.alert).where(_STORY.id == story_id))
    rows = connection.execute(findings.in_force().where(_STATEMENT.story_id == story_id)) if shift.calms else ()
    others = any((reading := findings.reading_in_force(row)) and alarming(reading) for row in rows)
    if state and (to := shift.alert(AlertState(state), others=others)):
        record_alert(connection, story_id, to, now)


def _close_empty(connection: Connection, story_id: str, closed: datetime) -> None:
    """Forget a story without reports that nobody can have had: should one come back, it is news again."""
    empty = ~select(_STATEMENT.id).where(_STATEMENT.story_id == _STORY.id).exists()
    # an update may be asked about when the alert was sent
    told = select(schema.bulletin.c.number).where(schema.bulletin.c.story_id == _STORY.id).exists()
    unsent = (_STORY.ready_at >= closed, _STORY.alert.in_(_NOT_LET_GO), ~told)
    connection.execute(delete(schema.story).where(_STORY.id == story_id, empty, *unsent))
