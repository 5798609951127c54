"""Old news that comes by import: written with its readings, and never told.

Its stories become ready a century before they were published. No window reaches there, so no digest, alert, webhook or
figure finds them, and they keep their order. What a source shows of such a story later makes it news (`wake`).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select, update

from nkwatch.domain.identity import TEXT, TITLE, Known
from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.domain.story import AlertState
from nkwatch.reading.stories import Placement
from nkwatch.store import findings, polling, records, schema, stories
from nkwatch.store.arriving import Arrivals
from nkwatch.store.database import Database
from nkwatch.store.rows import insert_new

#: What is published before `EARLIEST` has no such date: from there on stories are news, before they are not.
SHELVED = timedelta(days=36_525)
OLD_NEWS = (AlertState.NONE, "it was imported from an archive: old news")
_STATEMENT, _STORY = schema.statement.c, schema.story.c


class BacklogStore:
    """Statements that were published long before they were filed here."""

    def __init__(self, database: Database, arrivals: Arrivals) -> None:
        """`arrivals` redacts what comes in."""
        self._database = database
        self._arrivals = arrivals

    async def redacted(self, new: Sequence[Known]) -> Sequence[Known]:
        """These statements and their keys as they may be stored."""
        return await self._database.read(lambda c: self._redacted(c, new))

    async def keep(self, publisher: str, new: Sequence[Known], placements: Sequence[Placement], now: datetime) -> bool:
        """Write these statements with their readings, all or none; the stories that they open are never news.

        False, and nothing is written, where one of them has become known, or is to be redacted, since it was looked up.
        """

        def write(connection: Connection) -> bool:
            keys = {key for k in new for key in k.keys if not key.startswith((TITLE, TEXT))}
            if polling.known(connection, publisher, keys) or self._redacted(connection, new) != list(new):
                return False
            _keep(connection, publisher, new, placements, now)
            return True

        return await self._database.write(write)

    def _redacted(self, connection: Connection, new: Sequence[Known]) -> list[Known]:
        forms = self._arrivals.forms(connection)
        return [self._arrivals.stored(k, forms) for k in new] if forms else list(new)


def wake(connection: Connection, story_id: str, ready_at: datetime, alert: tuple[AlertState, str]) -> bool:
    """Make a story that was only imported news, now that a source has shown a report of it; false for any other."""
    shown = select(_STATEMENT.id).where(_STATEMENT.story_id == story_id, ~_STATEMENT.backlog).exists()
    asleep = update(schema.story).where(_STORY.id == story_id, _STORY.ready_at < EARLIEST, shown)
    state, reason = alert
    woken = connection.execute(asleep.values(ready_at=ready_at, alert=state, alert_reason=reason, alert_at=None))
    return woken.rowcount > 0


def _keep(
    connection: Connection, publisher: str, new: Sequence[Known], placements: Sequence[Placement], now: datetime
) -> None:
    # whoever merges or splits stories waits
    stories.closed_until(connection, now)
    read = {p.reading.statement_id: p.reading for p in placements}
    # in one order by everybody: two processes must not wait for each other
    statements = {s.id: s for s in sorted((k.statement for k in new), key=lambda s: s.id)}
    insert_new(connection, schema.statement, [_row(s, read[s.id]) for s in statements.values()])
    insert_new(connection, schema.statement_key, _keys(publisher, new))
    insert_new(connection, schema.reading, [findings.reading_row(read[i], now) for i in statements])
    insert_new(connection, schema.named, [row for i in statements for row in findings.named_rows(read[i])])
    for placed in sorted((p for p in placements if p.story_id), key=_opener_first):
        statement = statements[placed.reading.statement_id]
        joined = stories.join(connection, statement.id, placed.story_id, placed.marks)
        stories.open_story(connection, joined, statement.published - SHELVED, OLD_NEWS)


def _opener_first(placed: Placement) -> tuple[bool, str]:
    return placed.story_id != placed.reading.statement_id, placed.reading.statement_id


def _row(statement: Statement, reading: Reading) -> Mapping[str, Any]:
    pointed = {"read_revision": reading.revision, "read_rules": reading.rules, "language": reading.language}
    return records.statement_row(statement) | pointed


def _keys(publisher: str, new: Sequence[Known]) -> list[dict[str, str]]:
    pairs = sorted((records.key(key), k.statement.id) for k in new for key in k.keys)
    return [{"publisher": publisher, "key": key, "statement_id": i} for key, i in pairs]
