"""A search as one document to print: what was asked for, what was found, in figures and statement by statement."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import LARGEST_PAGE, Hit, Query
from nkwatch.mail.views import Name
from nkwatch.web.asked import Vocabulary
from nkwatch.web.asking import Known, read_query, written_query
from nkwatch.web.news import PRIVATELY, READ
from nkwatch.web.pages import Pages, language_name
from nkwatch.web.reports import Told, told
from nkwatch.web.views import Tag

#: Statements in a dossier.
MOST = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement in a dossier, and the story that it stands in."""

    told: Told
    story: str


@dataclass(frozen=True, slots=True)
class Dossier:
    """The newest statements that were found. Counts are of those listed, the highest first."""

    entries: tuple[Entry, ...]
    themes: tuple[tuple[Tag, int], ...]
    publishers: tuple[tuple[Name, int], ...]
    more: bool

    @classmethod
    def of(cls, entries: Sequence[Entry], *, more: bool) -> "Dossier":
        """With its counts."""
        themes = Counter(d.theme for e in entries for d in e.told.themes)
        publishers = Counter(e.told.said.by for e in entries)
        return cls(tuple(entries), tuple(themes.most_common()), tuple(publishers.most_common()), more)

    @property
    def period(self) -> tuple[datetime, datetime]:
        """When the oldest and the newest of its statements were published."""
        dates = [e.told.said.published for e in self.entries]
        return min(dates), max(dates)


class Dossiers:
    """The page of a dossier."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = {t.code: t for t in newsroom.rules.lexicon.themes}
        self._vocabulary = Vocabulary(self._themes, newsroom.sources, language_name)
        self._known = Known(self._themes.keys(), newsroom.sources.keys())

    def routes(self) -> APIRouter:
        """What answers at which address."""
        router = APIRouter()
        router.add_api_route("/dossier", self.dossier, methods=READ)
        return router

    async def dossier(self, request: Request) -> Response:
        """The search that the address asks for as a document."""
        language = self._pages.language(request)
        query, mistakes = read_query(request.query_params, self._known)
        asked = written_query(query)
        hits, more = await self._found(query) if asked and not mistakes else ([], False)
        # the site goes on answering meanwhile
        entries = await asyncio.to_thread(self._entries, hits, language)
        values = {
            "asked": asked,
            "parts": self._vocabulary.parts(asked, self._pages.locales[language]),
            "mistakes": mistakes,
            "dossier": Dossier.of(entries, more=more),
            "now": self._newsroom.clock(),
        }
        return self._pages.answer(request, "dossier.html", values, headers=PRIVATELY)

    def _entries(self, hits: Iterable[Hit], language: str) -> list[Entry]:
        return [Entry(told(h.report, self._themes, language), h.story_id) for h in hits]

    async def _found(self, query: Query) -> tuple[Iterable[Hit], bool]:
        now, hits, before = self._newsroom.clock(), list[Hit](), None
        while len(hits) < MOST:
            page = await self._newsroom.search.find(query, now, before=before, limit=LARGEST_PAGE)
            hits, before = [*hits, *page.hits], page.next
            if before is None:
                break
        return hits[:MOST], before is not None
