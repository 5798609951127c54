"""One source: who publishes it, how it is, how often something comes, and what came last."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.rhythm import gaps
from nkwatch.domain.search import Query
from nkwatch.domain.watch import quiet_since, was_asked
from nkwatch.mail.views import address
from nkwatch.web.finding import met
from nkwatch.web.news import SHORTLY, SHOWN, number
from nkwatch.web.pages import Pages
from nkwatch.web.pictures import Pictures
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.strips import Span
from nkwatch.web.watching import Watched

#: Statements of a source that are looked at for its strip and its rhythm.
LOOKED_AT = 5_000
_HOUR, _DAY = timedelta(hours=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """The usual time between two statements: so many hours, or days."""

    count: int
    hours: bool

    @classmethod
    def of(cls, published: Sequence[datetime]) -> "Gap | None":
        """The median between the newest of these; None of fewer than three."""
        between = gaps(published)
        if len(between) < 2:  # noqa: PLR2004  one gap is no rhythm
            return None
        usual = timedelta(seconds=median(gap.total_seconds() for gap in between))
        hours = usual < 2 * _DAY
        return cls(max(1, round(usual / (_HOUR if hours else _DAY))), hours)


class Sourcing:
    """The pages of the sources."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._pictures = Pictures(newsroom, pages)
        self._themes = newsroom.rules.lexicon.by_code

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/sources/{source_id}", self.source)
        return routes

    async def source(self, request: Request, source_id: str) -> Response:
        """One source of the catalogue, whether it is read at present or not."""
        newsroom = self._newsroom
        source = newsroom.sources.get(source_id)
        if source is None:
            return self._pages.problem(request, NOT_FOUND)
        language, now, before = self._pages.language(request), newsroom.clock(), number(request, "before")
        span = Span(now)
        state = await newsroom.archive.state(source_id)
        published = await newsroom.archive.published(source_id, span.start, LOOKED_AT)
        silent_since = quiet_since(state) if state and was_asked(state) else None
        wanted = Query(sources=frozenset({source_id}))
        hits = await newsroom.search.find(wanted, now, before=before, limit=SHOWN)
        values = {
            "watched": Watched(source, state, span.strip(span.counted(published), silent_since)),
            "homepage": address(source.homepage) if source.homepage else None,
            "gap": Gap.of(published),
            "drawn": await self._pictures.source(source_id, language) if before is None else None,
            "ticks": span.ticks,
            "now": now,
            "hits": [met(h, self._themes, language) for h in hits.hits],
            "before": before,
            "next": hits.next,
        }
        return self._pages.answer(request, "source.html", values, headers=SHORTLY)
