"""What pictures are drawn from: statements by week, theme and source; of whom is asked; when sources answered.

Statements are counted by the index of the search: a picture shows what a search finds, no more and no less.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, cast, func, literal_column, select, text
from sqlalchemy.dialects.postgresql import TSQUERY

from nkwatch.domain import search
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.source import Source
from nkwatch.editing.coverage import Reach
from nkwatch.editing.periods import WEEK, monday
from nkwatch.editing.plotting import Tally
from nkwatch.reading import entries
from nkwatch.store import days, schema
from nkwatch.store.database import Database
from nkwatch.store.indexing import lexeme
from nkwatch.store.lately import Lately
from nkwatch.store.showing import public

#: How long a count is good enough.
KEPT = timedelta(minutes=1)
#: Counts that are kept at once: the pages of all themes in two languages ask the same.
MOST_KEPT = 64
#: No picture reaches back further.
LONGEST = timedelta(weeks=520)
_STATEMENT, _SEARCH, _D = schema.statement.c, schema.search.c, schema.delivery.c
#: SQLite is to begin with the index of words, not with the statements: see `store.search`.
_ROWID: ColumnElement[int] = literal_column("search.rowid")
_BARRED: ColumnElement[int] = literal_column("+search.rowid")


class PlotStore:
    """Counts for pictures, each made at most once a minute. Only of the catalogue's `sources` there are statements."""

    def __init__(self, database: Database, sources: Mapping[str, Source]) -> None:
        self._database = database
        self._sources = sources
        self._lately = Lately(KEPT, MOST_KEPT)

    async def weekly(self, themes: Collection[str], since: date, now: datetime) -> list[Tally]:
        """Public statements on human rights by week and source, from the week of `since` on, ordered by week.

        They are counted for each of these themes, and under the theme "" all together, each once.
        """
        first, codes = _first(since, now), sorted(set(themes))
        key = ("weekly", *codes, first)
        return await self._lately(key, now, lambda: self._database.read(lambda c: _weekly(c, codes, first, now)))

    async def asked(self, countries: Iterable[str], since: date, now: datetime) -> Mapping[str, int]:
        """How many public statements since then ask something of each of these countries (ISO 3166-1 alpha-2).

        Countries of which nothing is asked are left out.
        """
        first, codes = _first(since, now), sorted(set(countries))
        key = ("asked", *codes, first)
        return await self._lately(key, now, lambda: self._database.read(lambda c: _asked(c, codes, first, now)))

    async def reaches(self, now: datetime) -> Mapping[str, Reach]:
        """Since when sources answer, and when they did not for long, by id: as far as polls are recorded."""
        today = now.astimezone(UTC).date()
        return await self._lately(("reaches",), now, lambda: self._database.read(lambda c: days.reaches(c, today)))

    async def delivered(self, bulletin: int, now: datetime) -> Mapping[DeliveryState, int]:
        """How many deliveries of a bulletin stand where."""
        counted = select(_D.state, func.count()).where(_D.bulletin == bulletin).group_by(_D.state)

        def count(connection: Connection) -> dict[DeliveryState, int]:
            return {DeliveryState(state): n for state, n in connection.execute(counted)}

        return await self._lately(("delivered", bulletin), now, lambda: self._database.read(count))


def _first(since: date, now: datetime) -> date:
    return monday(max(since, (now - LONGEST).date()))


def _weekly(connection: Connection, themes: Collection[str], first: date, now: datetime) -> list[Tally]:
    """Each statement is looked up once; which of them a theme has, the index alone knows."""
    shown = _matching(connection, select(_STATEMENT.number, _STATEMENT.source_id), (_RIGHTS,), first, now)
    low, _ = search.numbers(first, None)
    # a number is its second with bits behind
    span = search.numbers(first + WEEK, None)[0] - low
    places = {number: ((number - low) // span, source_id) for number, source_id in connection.execute(shown).all()}
    counts = {"": Counter(places.values())}
    for theme in themes:
        found = connection.scalars(_numbers(connection, (_token(entries.THEME, theme),), first, now)).all()
        counts[theme] = Counter(places[number] for number in found if number in places)
    tallies = (
        Tally(first + week * WEEK, source_id, theme, n)
        for theme, own in counts.items()
        for (week, source_id), n in own.items()
    )
    return sorted(tallies, key=lambda t: (t.week, t.theme, t.source))


def _asked(connection: Connection, countries: Collection[str], first: date, now: datetime) -> dict[str, int]:
    found = {}
    for country in countries:
        tokens = (_RIGHTS, _token(entries.ASKED, country.lower()))
        found[country] = connection.scalar(_matching(connection, select(func.count()), tokens, first, now)) or 0
    return {country: n for country, n in found.items() if n}


def _token(kind: str, value: str) -> str:
    """The one token by which the index of the search knows a value of a filter."""
    (phrase,) = entries.any_of(kind, [value])
    return phrase.tokens[0]


_RIGHTS = _token(entries.RIGHTS, "yes")


def _matching(
    connection: Connection, columns: Select[Any], tokens: Collection[str], first: date, now: datetime
) -> Select[Any]:
    """These columns of the public statements since then that the index of the search has under all these tokens."""
    sqlite = connection.dialect.name == "sqlite"
    joined = schema.search.join(schema.statement, _STATEMENT.number == (_BARRED if sqlite else _SEARCH.number))
    return columns.select_from(joined).where(*_found(connection, tokens, first, now), public(now))


def _numbers(connection: Connection, tokens: Collection[str], first: date, now: datetime) -> Select[tuple[int]]:
    """The numbers of all statements since then that the index of the search has under all these tokens."""
    number = _ROWID if connection.dialect.name == "sqlite" else _SEARCH.number
    return select(number).select_from(schema.search).where(*_found(connection, tokens, first, now))


def _found(connection: Connection, tokens: Collection[str], first: date, now: datetime) -> tuple[Any, ...]:
    low, high = search.numbers(first, now.date() + WEEK)
    if connection.dialect.name == "sqlite":
        wanted = text("search MATCH :wanted").bindparams(wanted=" AND ".join(f'"{token}"' for token in tokens))
        return wanted, _ROWID.between(low, high - 1)
    asked = cast(" & ".join(map(lexeme, tokens)), TSQUERY)
    return _SEARCH.tokens.bool_op("@@")(asked), _SEARCH.number.between(low, high - 1)
