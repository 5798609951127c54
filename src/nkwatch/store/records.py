"""Rows into values of the domain, and back. Nothing is decided here."""

import hashlib
from dataclasses import fields
from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from nkwatch.domain.bulletin import Window
from nkwatch.domain.delivery import Delivery, DeliveryState, Turn
from nkwatch.domain.desk import UNMARKED, Marks
from nkwatch.domain.errand import Errand, Purpose
from nkwatch.domain.outcome import Trouble
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import host_of
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.reading.stories import Placed
from nkwatch.store import schema

_STATEMENT_FIELDS = tuple(f.name for f in fields(Statement))
#: In characters, each of at most 4 bytes.
LONGEST_KEY = 400
_SPANS = {"interval": "interval_seconds", "longest_gap": "longest_gap_seconds"}
#: The columns that `delivery` reads.
DELIVERY = tuple(schema.delivery.c[f.name] for f in fields(Delivery))
#: The columns of source_state that a poll writes.
STATE_COLUMNS = tuple(_SPANS.get(f.name, f.name) for f in fields(PollState) if f.name != "source_id")


def state_row(state: PollState) -> dict[str, Any]:
    """A row of source_state."""
    row = {f.name: getattr(state, f.name) for f in fields(PollState)}
    spans = {column: int(row.pop(name).total_seconds()) for name, column in _SPANS.items()}
    return row | spans | {"trouble": state.trouble or ""}


def state(row: Row[Any]) -> PollState:
    """A poll state."""
    values = {f.name: getattr(row, f.name) for f in fields(PollState) if f.name not in _SPANS}
    spans = {name: timedelta(seconds=getattr(row, column)) for name, column in _SPANS.items()}
    trouble = Trouble(row.trouble) if row.trouble else None
    return PollState(**values | spans | {"trouble": trouble, "health": Health(row.health)})


def key(name: str) -> str:
    """A key of a statement or a case as it is stored: an entry of PostgreSQL's index holds 2,704 bytes at most."""
    if len(name) <= LONGEST_KEY:
        return name
    return f"{name[:LONGEST_KEY]}#{hashlib.sha256(name.encode()).hexdigest()}"


def errand_row(errand: Errand) -> dict[str, Any]:
    """A row of errand."""
    return {f.name: getattr(errand, f.name) for f in fields(Errand)} | {"host": host_of(errand.url)}


def errand(row: Row[Any]) -> Errand:
    """An errand."""
    return Errand(row.statement_id, Purpose(row.purpose), row.url, row.source_id, row.due_at, row.attempts)


def statement_row(statement: Statement) -> dict[str, Any]:
    """A row of statement, without what its reading says."""
    return {name: getattr(statement, name) for name in _STATEMENT_FIELDS}


def statement(row: Row[Any]) -> Statement:
    """A statement."""
    values = {name: getattr(row, name) for name in _STATEMENT_FIELDS}
    return Statement(**values | {"presence": Presence(row.presence)})


def placed(row: Row[Any]) -> Placed:
    """A statement and the story it stands in, if any."""
    return Placed(statement(row), row.story_id)


def story(row: Row[Any], reports: tuple[Report, ...], marks: Marks = UNMARKED) -> Story:
    """A story with its reports, and what editors said of it."""
    return Story(row.id, reports, row.ready_at, AlertState(row.alert), row.alert_reason, marks)


def window(row: Row[Any]) -> Window | None:
    """The window of a bulletin; None where it has none."""
    return Window(row.window_start, row.window_end) if row.window_start and row.window_end else None


def delivery(row: Row[Any]) -> Delivery:
    """A delivery."""
    return Delivery(
        id=row.id,
        message_id=row.message_id,
        date=row.date,
        state=DeliveryState(row.state),
        attempts=row.attempts,
        due_at=row.due_at,
        reply=row.reply,
        done_at=row.done_at,
        turn=Turn(row.turn),
        offered_at=row.offered_at,
        relay_id=row.relay_id,
    )
