"""Pictures of the archive: statements over time, of whom is asked, the sources. And the same figures as CSV."""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date
from io import StringIO

from babel.dates import format_date, format_skeleton
from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.polling import PollState
from nkwatch.domain.theme import ThemeKind
from nkwatch.domain.watch import quiet_since
from nkwatch.editing.bars import Bars, Segment, bars, segments
from nkwatch.editing.coverage import Spell
from nkwatch.editing.periods import Period
from nkwatch.editing.plotting import Event, OverTime, Tally, Watch, busiest, by_month, over_time
from nkwatch.mail.views import Name
from nkwatch.web.news import SHORTLY
from nkwatch.web.pages import Pages
from nkwatch.web.routing import Routes
from nkwatch.web.views import publisher_of
from nkwatch.web.watching import Watched, Watching

#: Weeks in a picture.
WEEKS = 52
#: Sources in the table; those beyond are counted, and stand in a file.
ROWS = 25
#: Where deliveries stand, in the order of a picture; what is in a worker's hands is on its way, too.
STATES = ("sent", "pending", "leased", "deferred", "unknown", "refused", "cancelled")


@dataclass(frozen=True, slots=True)
class Dates:
    """How days are written in a region (as Babel names it)."""

    region: str

    def day(self, day: date) -> str:
        """22 Nov 2026."""
        return format_date(day, "medium", locale=self.region)

    def month(self, day: date) -> str:
        """Nov 2026."""
        return str(format_skeleton("yMMM", day, locale=self.region))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture over time, and what things in it are called: themes by code, sources that came or went by day.

    Beside the day stands until when they were silent, where that is over.
    """

    plot: OverTime
    dates: Dates
    titles: Mapping[str, str]
    added: Sequence[tuple[date, date | None, Sequence[Name]]]
    silent: Sequence[tuple[date, date | None, Sequence[Name]]]

    @property
    def months(self) -> Sequence[tuple[date, Sequence[int]]]:
        """How many statements each panel has in the columns that begin in a month."""
        return by_month(self.plot)


@dataclass(frozen=True, slots=True)
class Row:
    """A source in the table: since when its answers are recorded, and its statements on human rights in the picture.

    `new`: it was added within the picture. `ambiguous`: its publisher has other sources.
    """

    watched: Watched
    since: date | None
    statements: int
    new: bool
    ambiguous: bool


class Pictures:
    """The page of figures, and pictures for other pages."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._watching = Watching(newsroom)
        self._themes = newsroom.rules.lexicon.by_code
        self._rights = [t.code for t in newsroom.rules.lexicon.themes if t.kind is ThemeKind.RIGHTS]
        self._countries = sorted(newsroom.rules.speech.addressed)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/numbers", self.page)
        routes.add("/numbers.csv", self.weeks)
        routes.add("/numbers/asked.csv", self.asked)
        routes.add("/numbers/sources.csv", self.sources)
        return routes

    async def page(self, request: Request) -> Response:
        """All pictures."""
        language = self._pages.language(request)
        period, tallies, watch = await self._year()
        themes = busiest(tallies, self._rights)
        told = await self._asked(period)
        rows = await self._rows(period, tallies, watch)
        values = {
            "everything": self._drawn(over_time(tallies, watch, period, [""]), language),
            "themes": self._drawn(over_time(tallies, watch, period, themes), language),
            "idle": [self._themes[code].name(language) for code in self._rights if code not in themes],
            "asked": told,
            "rows": rows[:ROWS],
            "beyond": rows[ROWS:],
            "period": period,
        }
        return self._pages.answer(request, "numbers.html", values, headers=SHORTLY)

    async def theme(self, code: str, language: str) -> Drawn:
        """The picture of one theme, for its page."""
        period, tallies, watch = await self._year()
        return self._drawn(over_time(tallies, watch, period, [code]), language)

    async def source(self, source_id: str, language: str) -> Drawn:
        """The picture of one source, for its page."""
        period, tallies, watch = await self._year()
        own = [t for t in tallies if t.source == source_id]
        return self._drawn(over_time(own, watch.of(source_id), period, [""]), language)

    async def progress(self, bulletin: int) -> Sequence[Segment]:
        """How far the mails of a bulletin are, for editors."""
        newsroom = self._newsroom
        counts = await newsroom.plots.delivered(bulletin, newsroom.clock())
        return [s for s in segments({str(state): n for state, n in counts.items()}, STATES) if s.count]

    async def weeks(self, request: Request) -> Response:  # noqa: ARG002  every page is asked alike
        """Statements by week, theme and source, the figures behind the pictures over time."""
        _, tallies, _ = await self._year()
        rows = [(t.week.isoformat(), t.theme or "*", t.source, t.count) for t in tallies]
        return _csv("nkwatch-weeks", ("week", "theme", "source", "statements"), rows)

    async def asked(self, request: Request) -> Response:  # noqa: ARG002  every page is asked alike
        """Statements by the country of which something is asked."""
        period, _, _ = await self._year()
        newsroom = self._newsroom
        counts = await newsroom.plots.asked(self._countries, period.first, newsroom.clock())
        ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
        return _csv("nkwatch-asked", ("country", "statements"), ordered)

    async def sources(self, request: Request) -> Response:  # noqa: ARG002  every page is asked alike
        """Each source that is on: how many statements it has in the picture, and when it came and went."""
        period, tallies, watch = await self._year()
        rows = (
            (r.watched.source.id, r.statements, r.since, " ".join(map(str, watch.silent.get(r.watched.source.id, ()))))
            for r in await self._rows(period, tallies, watch)
        )
        return _csv("nkwatch-sources", ("source", "statements", "answers_since", "silent"), rows)

    async def _year(self) -> tuple[Period, Sequence[Tally], Watch]:
        newsroom, now = self._newsroom, self._newsroom.clock()
        period = Period.of(now.astimezone(UTC).date(), WEEKS)
        tallies = await newsroom.plots.weekly(self._themes, period.first, now)
        reaches = await newsroom.plots.reaches(now)
        silent: dict[str, Sequence[Spell]] = {i: reach.spells for i, reach in reaches.items()}
        for state in await newsroom.statements.states():
            source = newsroom.sources.get(state.source_id)
            if source and source.enabled:
                silent[source.id] = _with_this(silent.get(source.id, ()), state)
        return period, tallies, Watch({i: reach.first for i, reach in reaches.items()}, silent)

    async def _asked(self, period: Period) -> Bars:
        newsroom = self._newsroom
        return bars(await newsroom.plots.asked(self._countries, period.first, newsroom.clock()))

    async def _rows(self, period: Period, tallies: Iterable[Tally], watch: Watch) -> list[Row]:
        counts: Counter[str] = Counter()
        for tally in tallies:
            counts[tally.source] += 0 if tally.theme else tally.count
        new = watch.added(period)
        watched: Sequence[Watched] = (await self._watching())["sources"]
        called = Counter(w.name for w in watched)
        rows = (
            Row(w, watch.since.get(w.source.id), counts[w.source.id], w.source.id in new, called[w.name] > 1)
            for w in watched
        )
        return sorted(rows, key=lambda r: (-r.statements, *r.watched.rank))

    def _drawn(self, plot: OverTime, language: str) -> Drawn:
        titles = {code: theme.name(language) for code, theme in self._themes.items()}
        came, gone = ([e for e in plot.events if e.silent is silent] for silent in (False, True))
        dates = Dates(self._pages.locales[language].region)
        return Drawn(plot, dates, titles, self._named(came), self._named(gone))

    def _named(self, events: Iterable[Event]) -> list[tuple[date, date | None, list[Name]]]:
        """The publishers of these sources, each once for the same days."""
        found: dict[tuple[date, date | None], list[Name]] = {}
        for event in events:
            if source := self._newsroom.sources.get(event.source):
                names, name = found.setdefault((event.day, event.until), []), publisher_of(source)
                names.extend([] if name in names else [name])
        return [(day, until, names) for (day, until), names in found.items()]


def _with_this(spells: Sequence[Spell], state: PollState) -> Sequence[Spell]:
    """These spells, and the one that goes on by the poll state: it knows a silence sooner, and what goes on unheard."""
    known = bool(spells) and spells[-1].until is None
    since = None if known or state.last_ok_at is None else quiet_since(state)
    return (*spells, Spell(since.date())) if since else spells


def _csv(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Response:
    """A file of these rows (RFC 4180)."""
    text = StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows(rows)
    said = {"Content-Disposition": f'attachment; filename="{name}.csv"', **SHORTLY}
    return Response(text.getvalue(), headers=said, media_type="text/csv; charset=utf-8")
