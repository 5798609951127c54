"""What sources were asked and answered, day by day (UTC): written with each poll, kept for good, never made up."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta

from sqlalchemy import Connection, func, select

from nkwatch.domain.polling import Polled
from nkwatch.editing.coverage import SILENCE, Day, Reach, Record, Spell
from nkwatch.store import schema
from nkwatch.store.rows import inserting

_DAY = schema.source_day.c
_COUNTED = ("polls", "answered", "new")


def note(connection: Connection, polls: Iterable[tuple[Polled, int]]) -> None:
    """Count these polls, each with how many statements were new by it: one row for each source and day."""
    counted: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for polled, new in polls:
        if polled.at is not None:
            of_day = counted[polled.state.source_id, number(polled.at)]
            of_day.update(polls=1, answered=polled.answered, new=new)
    if counted:
        rows = (
            {"source_id": i, "day": day, **{n: of_day[n] for n in _COUNTED}} for (i, day), of_day in counted.items()
        )
        _add(connection, sorted(rows, key=lambda row: (row["source_id"], row["day"])))


def _add(connection: Connection, rows: list[dict[str, object]]) -> None:
    insert = inserting(connection, schema.source_day)
    sums = {name: _DAY[name] + insert.excluded[name] for name in _COUNTED}
    connection.execute(insert.on_conflict_do_update(index_elements=["source_id", "day"], set_=sums), rows)


def record(connection: Connection, source_id: str) -> Record:
    """All that is recorded of a source."""
    rows = connection.execute(select(schema.source_day).where(_DAY.source_id == source_id))
    days = {dated(row.day): Day(row.polls, row.answered, row.new) for row in rows}
    return Record(began(connection), days)


def reaches(connection: Connection, today: date) -> Mapping[str, Reach]:
    """Of each source that ever answered since polls are recorded: when first, and when it did not for long."""
    answered = (
        select(
            _DAY.source_id,
            _DAY.day,
            func.lag(_DAY.day).over(partition_by=_DAY.source_id, order_by=_DAY.day).label("before"),
            func.lead(_DAY.day).over(partition_by=_DAY.source_id, order_by=_DAY.day).label("after"),
        )
        .where(_DAY.answered > 0)
        .subquery()
    )
    a, end = answered.c, number(today)
    first, silent = a.before.is_(None), func.coalesce(a.after, end) - a.day > SILENCE.days
    found: dict[str, Reach] = {}
    for row in connection.execute(select(answered).where(first | silent).order_by(a.source_id, a.day)):
        reach = found.get(row.source_id) or Reach(dated(row.day))
        if (end if row.after is None else row.after) - row.day > SILENCE.days:
            reach = reach.lost(Spell(dated(row.day), None if row.after is None else dated(row.after)))
        found[row.source_id] = reach
    return found


def began(connection: Connection) -> date | None:
    """The first day of which polls are recorded; None before any was."""
    first = connection.scalar(select(func.min(_DAY.day)))
    return None if first is None else dated(first)


def number(day: date | datetime) -> int:
    """A day (of UTC) counted from 1970."""
    if isinstance(day, datetime):
        return (day - schema.EPOCH) // timedelta(days=1)
    return (day - schema.EPOCH.date()).days


def dated(day: int) -> date:
    """The day of such a number."""
    return schema.EPOCH.date() + timedelta(days=int(day))
