"""Leases that ended, and due times that no rule gives: put right, each kind in one transaction."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, func, or_, select, update

from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.polling import LONGEST_RETRY_AFTER, PollState
from nkwatch.domain.rates import FURTHEST
from nkwatch.domain.rhythm import SPREAD
from nkwatch.domain.source import Pace, Source, host_of
from nkwatch.domain.survey import Repair
from nkwatch.domain.timeline import SLACK
from nkwatch.domain.webhook import LONGEST_WAIT, Line
from nkwatch.editing.pacing import NEVER_SO_LONG
from nkwatch.store import ahead, findings, polling, records, schema, stories
from nkwatch.store.leases import is_over
from nkwatch.store.rows import chunks

_STATE, _ERRAND, _HOST = schema.source_state.c, schema.errand.c, schema.host.c
_D, _B, _W, _R = schema.delivery.c, schema.bulletin.c, schema.waiting_alert.c, schema.rate.c
_HOOK, _CALL, _STATEMENT, _READING = schema.webhook.c, schema.webhook_call.c, schema.statement.c, schema.reading.c
_CORRECTION = schema.correction.c
#: How far back it is looked for statements that stand in no story.
LATELY = timedelta(days=7)
Sources = Mapping[str, Source]
Mend = Callable[[Connection, Sources, datetime], int]


def _leases(table: Table, *claimed: ColumnElement[bool]) -> Mend:
    """Free the rows of a table whose leases ended, or end later than any may. Their owners write nothing by them."""

    def free(connection: Connection, _sources: Sources, now: datetime) -> int:
        over = is_over(table.c.leased_until, now)
        change = update(table).where(*claimed, over).values(lease_owner="", leased_until=None)
        return connection.execute(change).rowcount

    return free


def _polls(connection: Connection, sources: Sources, now: datetime) -> int:
    rests = polling.resting(connection, now)
    later = select(schema.source_state).where(_STATE.due_at > now).order_by(_STATE.source_id)
    found = [records.state(row) for row in connection.execute(later.with_for_update(skip_locked=True))]
    sane = [(s, s.sane(now, *_manners(s, sources.get(s.source_id), rests, now))) for s in found]
    changed = [after for before, after in sane if after != before]
    for state in changed:
        back = update(schema.source_state).where(_STATE.source_id == state.source_id)
        connection.execute(back.values(due_at=state.due_at, last_ok_at=state.last_ok_at))
    return len(changed)


def _manners(
    state: PollState, source: Source | None, rests: Mapping[str, datetime], now: datetime
) -> tuple[Pace, datetime]:
    """How often a source is to be asked, and from when on its host may be."""
    if source is None or source.alone:
        # what such a source asked for is in its own due time alone
        return Pace(), now + LONGEST_RETRY_AFTER
    return source.pace, rests.get(host_of(state.address(source)), now)


def _visits(connection: Connection, _sources: Sources, now: datetime) -> int:
    rests = polling.resting(connection, now)
    later = select(schema.errand).where(_ERRAND.due_at > now + SLACK).with_for_update(skip_locked=True)
    found = [records.errand(row) for row in connection.execute(later)]
    over = [e for e in found if e.overlong(now, rests.get(host_of(e.url), now))]
    for errand in over:
        this = (_ERRAND.statement_id == errand.statement_id, _ERRAND.purpose == errand.purpose)
        connection.execute(update(schema.errand).where(*this).values(due_at=now))
    return len(over)


def _mails(connection: Connection, _sources: Sources, now: datetime) -> int:
    query: Select[Any] = select(*records.DELIVERY, _B.date.label("written_at")).join(
        schema.bulletin, _B.number == _D.bulletin
    )
    # many may wait for their relay: those that cannot be wrong are not read
    far = or_(_D.due_at > now + FURTHEST, and_(_D.due_at > now + SLACK, _B.date > now + SLACK))
    later = query.where(schema.undone, _D.state != DeliveryState.LEASED, far).order_by(_D.id)
    rows = connection.execute(later.with_for_update(skip_locked=True, of=schema.delivery))
    over = [row.id for row in rows if records.delivery(row).overlong(row.written_at, now)]
    for part in chunks(over):
        connection.execute(update(schema.delivery).where(_D.id.in_(part)).values(due_at=now))
    return len(over)


def _waiting(connection: Connection, _sources: Sources, now: datetime) -> int:
    """Alerts that were opened by a clock that was ahead, or wait longer than any may."""
    opened = select(_B.number).where(_B.number == _W.bulletin, _B.date > now + SLACK).exists()
    over = or_(_W.due_at > now + NEVER_SO_LONG, and_(_W.due_at > now + SLACK, opened))
    change = update(schema.waiting_alert).where(schema.waits, over).values(due_at=now)
    return connection.execute(change).rowcount


def _readings(connection: Connection, _sources: Sources, now: datetime) -> int:
    later = select(schema.statement).where(schema.unread, _STATEMENT.read_from > now + SLACK)
    found = [records.statement(row) for row in connection.execute(later.with_for_update(key_share=True))]
    over = [one.freed() for one in found if one.overlong(now)]
    for one in over:
        freed = update(schema.statement).where(_STATEMENT.id == one.id)
        connection.execute(freed.values(read_from=one.read_from))
    return len(over)


def _calls(connection: Connection, _sources: Sources, now: datetime) -> int:
    changed = 0
    for row in connection.execute(select(schema.webhook).with_for_update()).all():
        line = Line(row.name, row.free_at, row.rests_until)
        if (sane := line.sane(now)) != line:
            change = update(schema.webhook).where(_HOOK.name == row.name)
            changed += connection.execute(change.values(free_at=sane.free_at, rests_until=sane.rests_until)).rowcount
    late = and_(schema.calling, _CALL.due_at > now + LONGEST_WAIT * SPREAD + SLACK)
    return changed + connection.execute(update(schema.webhook_call).where(late).values(due_at=now)).rowcount


def _rests(connection: Connection, _sources: Sources, now: datetime) -> int:
    longest = now + LONGEST_RETRY_AFTER
    change = update(schema.host).where(_HOST.not_before > longest + SLACK).values(not_before=longest)
    return connection.execute(change).rowcount


def _rates(connection: Connection, _sources: Sources, now: datetime) -> int:
    far = now + FURTHEST + SLACK
    over = or_(_R.free_at > far, _R.given_until > far)
    change = update(schema.rate).where(over).values(free_at=now, given_until=None)
    return connection.execute(change).rowcount


def _stories(connection: Connection, _sources: Sources, now: datetime) -> int:
    """Statements on North Korea in no story: each is read again, and joins or opens one."""
    query = select(_STATEMENT.id).join_from(schema.statement, schema.reading, findings.IN_FORCE)
    said = select(_CORRECTION.about_nk).where(_CORRECTION.id == _STATEMENT.correction_id).scalar_subquery()
    lost = query.where(stories.SHOWN, _STATEMENT.published > now - LATELY, _STATEMENT.story_id == "", _READING.about_nk)
    ids = connection.scalars(lost.where(func.coalesce(said, _READING.about_nk))).all()
    for part in chunks(ids):
        again = update(schema.statement).where(_STATEMENT.id.in_(part), _STATEMENT.story_id == "")
        connection.execute(again.values(read_revision=0))
    return len(ids)


MENDS: Mapping[Repair, Mend] = {
    Repair.AHEAD: lambda connection, _sources, now: ahead.bring_back(connection, now),
    Repair.SOURCES: _leases(schema.source_state),
    Repair.ERRANDS: _leases(schema.errand, _ERRAND.due_at > schema.EPOCH),
    Repair.WEBHOOKS: _leases(schema.webhook),
    Repair.POLLS: _polls,
    Repair.VISITS: _visits,
    Repair.MAILS: _mails,
    Repair.WAITING: _waiting,
    Repair.READINGS: _readings,
    Repair.CALLS: _calls,
    Repair.RESTS: _rests,
    Repair.RATES: _rates,
    Repair.STORIES: _stories,
}
