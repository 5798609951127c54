"""Rulings on alerts, how often sources were right by them, and the calls to editors."""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.desk import Note, Precision, Ruling, RulingKind
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import AlertState
from nkwatch.store import findings, marks, schema
from nkwatch.store.rows import chunks, insert_new, upsert
from nkwatch.store.stories import VISIBLE

_RULING, _STORY, _DESK, _CALL = schema.ruling.c, schema.story.c, schema.desk.c, schema.alert_call.c
_STATEMENT, _B = schema.statement.c, schema.bulletin.c


def rule(connection: Connection, ruling: Ruling, note: Note | None) -> list[Ruling]:
    """Keep a ruling on a story that is there; answers all rulings on its alert, the first first.

    Of two editors who rule at once, the second sees both rulings.
    """
    story = select(_STORY.id).where(_STORY.id == ruling.story_id).with_for_update()
    if connection.scalar(story) is None:
        return []
    kept = {
        "story_id": ruling.story_id,
        "kind": ruling.kind,
        "editor": ruling.editor,
        "at": ruling.at,
        "note": ruling.note,
    }
    insert_new(connection, schema.ruling, [kept])
    said: dict[str, Any] = {"correction": marks.note_column(note)} if note else {}
    if ruling.kind is RulingKind.WITHDRAW:
        said["withdrawn"] = True
    if said:
        insert_new(connection, schema.desk, [{"story_id": ruling.story_id}])
        connection.execute(update(schema.desk).where(_DESK.story_id == ruling.story_id).values(**said))
    return on(connection, ruling.story_id)


def on(connection: Connection, story_id: str) -> list[Ruling]:
    """All rulings on this story's alert, the first first."""
    rows = connection.execute(select(schema.ruling).where(_RULING.story_id == story_id).order_by(_RULING.id))
    return [Ruling(row.story_id, RulingKind(row.kind), row.editor, row.at, row.note) for row in rows]


def calls(connection: Connection, now: datetime) -> list[tuple[str, int, datetime]]:
    """The alerts that are held at `now`: story, calls sent, and when it was held or the last was sent."""
    since = func.coalesce(_CALL.at, _STORY.alert_at, _STORY.ready_at, type_=schema.Instant())
    query = (
        select(_STORY.id, func.coalesce(_CALL.calls, 0).label("calls"), since.label("since"))
        .select_from(schema.story)
        .outerjoin(schema.alert_call, _CALL.story_id == _STORY.id)
        .where(_STORY.alert == AlertState.HELD, VISIBLE, ~marks.held(_STORY.id), _STORY.ready_at <= now)
        .order_by(_STORY.ready_at, _STORY.id)
    )
    return [(row.id, row.calls, row.since) for row in connection.execute(query)]


def called(connection: Connection, story_id: str, count: int, now: datetime) -> None:
    """So many calls were sent for this story's alert; nothing is kept of one that waits no longer."""
    held = select(_STORY.id).where(_STORY.id == story_id, _STORY.alert == AlertState.HELD)
    known = select(_CALL.calls).where(_CALL.story_id == story_id)
    if connection.scalar(held.with_for_update()) and count > (connection.scalar(known) or 0):
        upsert(connection, schema.alert_call, [{"story_id": story_id, "calls": count, "at": now}])


@dataclass(frozen=True, slots=True)
class _Ruled:
    """What became of an alert: `released` and `withheld` by an editor, `sent` and `withdrawn` at all."""

    id: str
    released: bool
    withheld: bool
    sent: bool
    withdrawn: bool
    state: AlertState

    @property
    def verdict(self) -> str:
        """The count of a `Precision` that it goes into; empty for none.

        An update may be withheld or wait although the alert was right.
        """
        if self.withdrawn or (self.withheld and not self.sent):
            return "wrong"
        if self.released and (self.sent or self.state is AlertState.RELEASED):
            return "right"
        return "waiting" if self.state is AlertState.HELD and not self.sent else ""


def precisions(connection: Connection, since: datetime) -> list[Precision]:
    """How often each source's urgent statements were right since then, by source.

    A story is that of its earliest urgent report.
    """
    ruled = [one for row in connection.execute(_ruled(since)) if (one := _one(row)).verdict]
    sources = _raised_by(connection, [one.id for one in ruled])
    counts = Counter((sources[one.id], one.verdict) for one in ruled if one.id in sources)
    return [
        Precision(i, counts[i, "right"], counts[i, "wrong"], counts[i, "waiting"])
        for i in sorted({i for i, _ in counts})
    ]


def _ruled(since: datetime) -> Any:
    """The stories on whose alerts was ruled since then, and those that wait."""

    def ruling(*those: ColumnElement[bool]) -> ColumnElement[bool]:
        return select(_RULING.id).where(_RULING.story_id == _STORY.id, *those).exists()

    def by_editor(kind: RulingKind) -> ColumnElement[bool]:
        return ruling(_RULING.kind == kind, _RULING.editor != "")

    sent = select(_B.number).where(_B.story_id == _STORY.id, _B.kind == BulletinKind.ALERT).exists()
    recent = select(_RULING.story_id).where(_RULING.at >= since)
    return select(
        _STORY.id,
        _STORY.alert,
        by_editor(RulingKind.RELEASE).label("released"),
        by_editor(RulingKind.WITHHOLD).label("withheld"),
        ruling(_RULING.kind == RulingKind.WITHDRAW).label("withdrawn"),
        sent.label("sent"),
    ).where(or_(_STORY.id.in_(recent), _STORY.alert == AlertState.HELD))


def _one(row: Row[Any]) -> _Ruled:
    return _Ruled(row.id, row.released, row.withheld, row.sent, row.withdrawn, AlertState(row.alert))


def _raised_by(connection: Connection, story_ids: Collection[str]) -> dict[str, str]:
    """The source of each story's earliest report that was read as urgent, or that an editor called so."""
    found: dict[str, str] = {}
    for part in chunks(list(story_ids)):
        told = findings.in_force().where(_STATEMENT.story_id.in_(part))
        for row in connection.execute(told.order_by(_STATEMENT.published, _STATEMENT.id)):
            if Urgency.URGENT in {row.urgency, row.said_urgency}:
                found.setdefault(row.story_id, row.source_id)
    return found
