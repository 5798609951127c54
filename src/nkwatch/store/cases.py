"""The pages of cases that editors keep open, the statements that name them, and who did what."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, select

from nkwatch.domain.casepage import Candidate, CaseAct, CaseDeed, CasePage, CaseWords, Extent, case_id
from nkwatch.domain.source import Source
from nkwatch.domain.story import Report
from nkwatch.store import records, schema, showing
from nkwatch.store.database import Database
from nkwatch.store.rows import chunks, insert_new, upsert
from nkwatch.store.stories import Binder

_PAGE, _ACT, _NAMED, _STATEMENT = schema.case_page.c, schema.case_act.c, schema.named.c, schema.statement.c

#: What `records.key` makes of a key that is too long.
_SHORTENED = re.compile(rf".{{{records.LONGEST_KEY}}}#[0-9a-f]{{64}}", re.DOTALL)


class CaseStore:
    """Pages are found by their key where editors speak of them, and by their id where the site does."""

    def __init__(self, database: Database, sources: Mapping[str, Source]) -> None:
        self._database = database
        self._binder = Binder(sources)

    async def open(self, key: str, words: CaseWords) -> CasePage | None:
        """Open the page of a case, or say something else on it; None where no statement names that case.

        Words in another language stand beside those that are there.
        """
        return await self._database.write(lambda c: _open(c, _stored(key), words))

    async def close(self, key: str, editor: str, now: datetime) -> bool:
        """Take the page away; false when there is none."""
        return await self._database.write(lambda c: _close(c, _stored(key), editor, now))

    async def pages(self, now: datetime) -> list[tuple[CasePage, Extent | None]]:
        """The open pages, the one opened last first, each with the public statements that name the case.

        Without any of these there is no page to be shown.
        """
        return await self._database.read(lambda c: _pages(c, now))

    async def find(self, page_id: str, now: datetime) -> tuple[CasePage, Extent] | None:
        """The page with this id, where it is open and something public names the case."""

        def look(connection: Connection) -> tuple[CasePage, Extent] | None:
            row = connection.execute(select(schema.case_page).where(_PAGE.id == page_id)).first()
            extent = _extents(connection, [row.key], now).get(row.key) if row else None
            return (_page(row), extent) if row and extent else None

        return await self._database.read(look)

    async def reports(
        self, page: CasePage, now: datetime, *, skip: int = 0, limit: int = 30
    ) -> list[tuple[str, Report]]:
        """The public statements that name the case, the newest first, each with the id of its story."""
        return await self._database.read(lambda c: self._reports(c, page.key, now, skip, limit))

    async def candidates(self, since: datetime, limit: int) -> list[Candidate]:
        """The keys that most statements published since then name, those with the newest first among equals."""
        return await self._database.read(lambda c: _candidates(c, since, limit))

    async def acts(self, key: str) -> list[CaseAct]:
        """Everything that editors did with the page of this case, the first first."""
        query = select(schema.case_act).where(_ACT.key == _stored(key)).order_by(_ACT.id)
        return await self._database.read(lambda c: [_act(row) for row in c.execute(query)])

    def _reports(
        self, connection: Connection, key: str, now: datetime, skip: int, limit: int
    ) -> list[tuple[str, Report]]:
        ordered = select(_STATEMENT.id, _STATEMENT.story_id).order_by(_STATEMENT.published.desc(), _STATEMENT.id)
        rows = connection.execute(_naming(ordered, [key], now).offset(skip).limit(limit)).all()
        stories = self._binder.load(connection, [row.story_id for row in rows])
        told = {report.statement.id: report for story in stories for report in story.reports}
        return [(row.story_id, told[row.id]) for row in rows]


def _stored(key: str) -> str:
    """A key as its column has it: editors have it from a list, or from a reading, where it may be longer."""
    return key if _SHORTENED.fullmatch(key) else records.key(key)


def _open(connection: Connection, key: str, words: CaseWords) -> CasePage | None:
    named = select(_NAMED.key).where(_NAMED.key == key).limit(1)
    row = connection.execute(select(schema.case_page).where(_PAGE.key == key).with_for_update()).first()
    if row is None and connection.scalar(named) is None:
        return None
    page = _page(row).saying(words) if row else CasePage(case_id(key), key, words.at, (words,))
    kept = {"id": page.id, "key": key, "opened_at": page.opened_at, "words": [_column(w) for w in page.words]}
    upsert(connection, schema.case_page, [kept])
    _note(connection, CaseAct(key, CaseDeed.CHANGED if row else CaseDeed.OPENED, words.editor, words.at, words))
    return page


def _close(connection: Connection, key: str, editor: str, now: datetime) -> bool:
    if not connection.execute(delete(schema.case_page).where(_PAGE.key == key)).rowcount:
        return False
    _note(connection, CaseAct(key, CaseDeed.CLOSED, editor, now))
    return True


def _note(connection: Connection, act: CaseAct) -> None:
    row = asdict(act) | {"words": _column(act.words) if act.words else None}
    insert_new(connection, schema.case_act, [row])


def _pages(connection: Connection, now: datetime) -> list[tuple[CasePage, Extent | None]]:
    rows = connection.execute(select(schema.case_page).order_by(_PAGE.opened_at.desc(), _PAGE.id)).all()
    extents = _extents(connection, [row.key for row in rows], now)
    return [(_page(row), extents.get(row.key)) for row in rows]


def _extents(connection: Connection, keys: Sequence[str], now: datetime) -> dict[str, Extent]:
    published = _STATEMENT.published
    found: dict[str, Extent] = {}
    for part in chunks(keys):
        counted = select(_NAMED.key, func.count(), func.min(published), func.max(published)).group_by(_NAMED.key)
        found |= {key: Extent(*rest) for key, *rest in connection.execute(_naming(counted, part, now))}
    return found


def _naming(query: Select[Any], keys: Sequence[str], now: datetime) -> Select[Any]:
    """`query` of the public statements that name these cases."""
    joined = query.select_from(schema.named).join(schema.statement, _STATEMENT.id == _NAMED.statement_id)
    return joined.where(_NAMED.key.in_(keys), _STATEMENT.story_id != "", showing.public(now))


def _candidates(connection: Connection, since: datetime, limit: int) -> list[Candidate]:
    newest = func.max(_STATEMENT.published)
    query = (
        select(_NAMED.key, func.count().label("statements"))
        .join_from(schema.named, schema.statement, _STATEMENT.id == _NAMED.statement_id)
        .where(_STATEMENT.published >= since, _STATEMENT.story_id != "")
        .group_by(_NAMED.key)
        .order_by(func.count().desc(), newest.desc(), _NAMED.key)
        .limit(limit)
    )
    rows = connection.execute(query).all()
    keys = [row.key for row in rows]
    opened = set(connection.scalars(select(_PAGE.key).where(_PAGE.key.in_(keys))))
    return [_candidate(connection, row, row.key in opened) for row in rows]


def _candidate(connection: Connection, row: Row[Any], is_open: bool) -> Candidate:  # noqa: FBT001
    newest = (
        select(schema.statement)
        .join(schema.named, _NAMED.statement_id == _STATEMENT.id)
        .where(_NAMED.key == row.key, _STATEMENT.story_id != "")
        .order_by(_STATEMENT.published.desc(), _STATEMENT.id)
    )
    last = connection.execute(newest.limit(1)).one()
    return Candidate(row.key, row.statements, records.statement(last), is_open)


def _column(words: CaseWords) -> dict[str, str]:
    return asdict(words) | {"at": words.at.isoformat()}


def _words(column: Mapping[str, Any]) -> CaseWords:
    return CaseWords(**{**column, "at": datetime.fromisoformat(column["at"])})


def _page(row: Row[Any]) -> CasePage:
    return CasePage(row.id, row.key, row.opened_at, tuple(_words(w) for w in row.words))


def _act(row: Row[Any]) -> CaseAct:
    return CaseAct(row.key, CaseDeed(row.deed), row.editor, row.at, _words(row.words) if row.words else None)
