"""A source polled sooner than its turn because somebody asks; its host is spared all the same."""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import Connection, select, update

from nkwatch.domain.polling import PollState
from nkwatch.domain.rhythm import backoff, spread
from nkwatch.domain.source import Source, host_of
from nkwatch.store import polling, records, schema
from nkwatch.store.database import Database

#: Nobody is asked more often than this, whoever wants it.
LEAST = timedelta(minutes=5)
_STATE = schema.source_state.c


class Hastened(StrEnum):
    """What came of it; only after `ASKED` is anything otherwise than before."""

    ASKED = "asked"
    OFF = "off"
    #: its turn has come anyway, or it was never polled
    DUE = "due"
    #: it is being polled
    UNDER_WAY = "under-way"
    #: it was polled less than `LEAST` ago
    SOON = "soon"
    #: its host asked to be left alone
    RESTING = "resting"


class HasteStore:
    """Moves the instant at which a source is due, and nothing else: the next round polls it as any other."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def hasten(self, source: Source, now: datetime) -> Hastened:
        """Let a source be due now, where that is not impolite."""
        if not source.enabled:
            return Hastened.OFF
        return await self._database.write(lambda c: _hasten(c, source, now))


def _hasten(connection: Connection, source: Source, now: datetime) -> Hastened:
    row = connection.execute(select(schema.source_state).where(_STATE.source_id == source.id).with_for_update()).first()
    if row is None:
        return Hastened.DUE
    if row.leased_until is not None and row.leased_until > now:
        return Hastened.UNDER_WAY
    state = records.state(row).about(source)
    rests = host_of(state.address(source)) in polling.resting(connection, now) and not source.alone
    found = Hastened.RESTING if rests else _judged(state, now)
    if found is Hastened.ASKED:
        connection.execute(update(schema.source_state).where(_STATE.source_id == source.id).values(due_at=now))
    return found


def _judged(state: PollState, now: datetime) -> Hastened:
    """What its own state says. A wait after a failure that began ahead of us is one that its host asked for."""
    if state.due_at <= now:
        return Hastened.DUE
    polled = _polled(state)
    if polled is None or now - polled >= LEAST:
        return Hastened.ASKED
    return Hastened.SOON if polled <= now else Hastened.RESTING


def _polled(state: PollState) -> datetime | None:
    """When it was polled last, or later: of a failure only the wait is known, which may be longer than ours."""
    if not state.failures:
        return state.last_ok_at
    return state.due_at - spread(backoff(state.failures), state.source_id)
