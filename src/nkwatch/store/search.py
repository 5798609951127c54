"""What is found in the archive, the newest first, alike in both databases."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import TSQUERY

from nkwatch.domain import search
from nkwatch.domain.search import COUNTED, LARGEST_PAGE, Count, Found, Hit, Hits, Query
from nkwatch.domain.source import Source
from nkwatch.reading import entries
from nkwatch.reading.tokens import Phrase
from nkwatch.store import findings, schema
from nkwatch.store.database import Database
from nkwatch.store.indexing import lexeme
from nkwatch.store.rows import driven
from nkwatch.store.showing import public
from nkwatch.store.stories import Binder

T = TypeVar("T")
_STATEMENT, _SEARCH = schema.statement.c, schema.search.c
#: SQLite is to read the index in its order, not to ask it for each statement: a term like this helps it to no index.
_ROWID = literal_column("search.rowid", BigInteger)
_BARRED = literal_column("+search.rowid", BigInteger)


@dataclass(frozen=True, slots=True)
class _Asked:
    """A query as a database is asked: tokens, and numbers from `low` on that are below `high`."""

    wanted: entries.Wanted
    low: int
    high: int

    @property
    def vain(self) -> bool:
        """Whether nothing can be found: no number is left, or something is wanted that no token stands for."""
        return self.low >= self.high or not all(any(p.tokens for p in each) for each in self.wanted)


class SearchStore:
    """Finds statements of the catalogue's `sources` that may be shown, are on North Korea and stand in a story."""

    def __init__(self, database: Database, sources: Mapping[str, Source]) -> None:
        self._database = database
        self._sources = sources
        self._binder = Binder(sources)

    async def find(self, query: Query, now: datetime, *, before: int | None = None, limit: int = 30) -> Hits:
        """The newest statements whose number is below `before`, `LARGEST_PAGE` at most."""
        asked, most = self._asked(query, before), _bounded(limit)
        return Hits() if asked.vain else await self._read(lambda c: self._find(c, asked, now, most))

    async def newest(self, query: Query, now: datetime, most: int) -> Hits:
        """The newest statements, `most` at most, however many pages they fill."""
        hits, before = list[Hit](), None
        while len(hits) < most:
            page = await self.find(query, now, before=before, limit=most - len(hits))
            hits, before = [*hits, *page.hits], page.next
            if before is None:
                break
        return Hits(tuple(hits), before)

    async def stories(self, query: Query, now: datetime, *, before: int | None = None, limit: int = 30) -> Found:
        """The stories of what was found with all their public reports, each where its newest such statement stands."""
        asked, most = self._asked(query, before), _bounded(limit)
        whole = self._asked(query, None)
        return Found() if asked.vain else await self._read(lambda c: self._stories(c, whole, asked, now, most))

    async def count(self, query: Query, now: datetime) -> Count:
        """How many statements are found; more than `COUNTED` are not counted."""
        asked = self._asked(query, None)
        return Count(0) if asked.vain else await self._read(lambda c: _count(c, asked, now))

    async def _read(self, work: Callable[[Connection], T]) -> T:
        def look(connection: Connection) -> T:
            if connection.dialect.name == "postgresql":
                # a plan for any tokens sorts all that has a common word, instead of reading the newest
                driven(connection, "SET LOCAL plan_cache_mode = force_custom_plan")
            return work(connection)

        return await self._database.read(look)

    def _asked(self, query: Query, before: int | None) -> _Asked:
        low, high = search.numbers(query.since, query.until)
        wanted = entries.wanted(query)
        if query.countries:
            # what the catalogue says today, whatever it said when a statement was put into the index
            those = (s.id for s in self._sources.values() if s.country in query.countries)
            wanted = (*wanted, entries.any_of(entries.SOURCE, those))
        return _Asked(wanted, low, high if before is None else min(high, before))

    def _find(self, connection: Connection, asked: _Asked, now: datetime, limit: int) -> Hits:
        rows = connection.execute(_newest(connection, asked, now).limit(limit + 1)).all()
        page = rows[:limit]
        found = findings.in_force().where(_STATEMENT.id.in_([row.id for row in page]))
        reports = {row.id: self._binder.report(row) for row in connection.execute(found)}
        hits = tuple(Hit(row.number, reports[row.id], row.story_id) for row in page)
        return Hits(hits, hits[-1].number if len(rows) > limit else None)

    def _stories(self, connection: Connection, whole: _Asked, asked: _Asked, now: datetime, limit: int) -> Found:
        firsts: dict[str, int] = {}
        for rows in _pages(connection, asked, now):
            new = [row for row in rows if row.story_id not in firsts]
            shown = _shown_before(connection, replace(whole, low=asked.high), now, {row.story_id for row in new})
            for row in new:
                if row.story_id not in shown:
                    firsts.setdefault(row.story_id, row.number)
            if len(firsts) > limit:
                break
        page = list(firsts)[:limit]
        stories = [s for one in self._binder.load(connection, page) if (s := one.public(now))]
        return Found(tuple(stories), firsts[page[-1]] if len(firsts) > limit else None)


def _pages(connection: Connection, asked: _Asked, now: datetime) -> Iterator[Sequence[Any]]:
    """All that is found, in pieces."""
    while rows := connection.execute(_newest(connection, asked, now).limit(LARGEST_PAGE)).all():
        yield rows
        asked = replace(asked, high=rows[-1].number)


def _shown_before(connection: Connection, asked: _Asked, now: datetime, story_ids: Iterable[str]) -> set[str]:
    """Which of these stories have a statement among what is `asked` for: a page before this one showed them."""
    if asked.vain:
        return set()
    within = select(_STATEMENT.number).where(
        _STATEMENT.story_id.in_(story_ids), _STATEMENT.number >= asked.low, _STATEMENT.number < asked.high
    )
    numbers = list(connection.scalars(within))
    found = _newest(connection, asked, now).where(_place(connection, asked).in_(numbers)) if numbers else None
    return set() if found is None else {row.story_id for row in connection.execute(found)}


def _count(connection: Connection, asked: _Asked, now: datetime) -> Count:
    some = _hits(connection, asked, now).limit(COUNTED + 1).subquery()
    found = connection.scalar(select(func.count()).select_from(some)) or 0
    return Count(min(found, COUNTED), found > COUNTED)


def _newest(connection: Connection, asked: _Asked, now: datetime) -> Select[Any]:
    return _hits(connection, asked, now).order_by(_place(connection, asked).desc())


def _hits(connection: Connection, asked: _Asked, now: datetime) -> Select[Any]:
    """Number, id and story of the statements that are asked for."""
    place = _place(connection, asked)
    found = select(_STATEMENT.number, _STATEMENT.id, _STATEMENT.story_id)
    if asked.wanted and connection.dialect.name == "sqlite":
        joined = schema.search.join(schema.statement, _STATEMENT.number == _BARRED)
        found = found.select_from(joined).where(text("search MATCH :wanted").bindparams(wanted=_fts(asked.wanted)))
    elif asked.wanted:
        joined = schema.search.join(schema.statement, _STATEMENT.number == _SEARCH.number)
        matched = _SEARCH.tokens.bool_op("@@")(cast(_tsquery(asked.wanted), TSQUERY))
        found = found.select_from(joined).where(matched)
    return found.where(place >= asked.low, place < asked.high, public(now))


def _place(connection: Connection, asked: _Asked) -> ColumnElement[int]:
    """The column by which the hits are in order."""
    if not asked.wanted:
        return _STATEMENT.number
    return _ROWID if connection.dialect.name == "sqlite" else _SEARCH.number


def _fts(wanted: entries.Wanted) -> str:
    """What FTS5 is asked (https://sqlite.org/fts5.html, 3): a phrase is tokens between quotation marks."""

    def one(phrase: Phrase) -> str:
        return f'"{" ".join(phrase.tokens)}"' + " *" * phrase.begins

    return _joined(wanted, one, " AND ", " OR ")


def _tsquery(wanted: entries.Wanted) -> str:
    """What PostgreSQL is asked (its manual, 8.11.2)."""

    def one(phrase: Phrase) -> str:
        return " <-> ".join(map(lexeme, phrase.tokens)) + ":*" * phrase.begins

    return _joined(wanted, one, " & ", " | ")


def _joined(wanted: entries.Wanted, one: Any, every: str, either: str) -> str:
    return every.join(f"({either.join(f'({one(p)})' for p in phrases if p.tokens)})" for phrases in wanted)


def _bounded(limit: int) -> int:
    return max(1, min(limit, LARGEST_PAGE))
