"""A search as one document to print: what was asked for, what was found, in figures and statement by statement."""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Hit, Hits
from nkwatch.mail.views import Name
from nkwatch.web.asked import Vocabulary
from nkwatch.web.asking import Known, read_query, written_query
from nkwatch.web.news import PRIVATELY
from nkwatch.web.pages import Pages, language_name
from nkwatch.web.reports import Told, told
from nkwatch.web.routing import Routes
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
        self._themes = newsroom.rules.lexicon.by_code
        self._vocabulary = Vocabulary(self._themes, newsroom.sources, language_name)
        self._known = Known(self._themes, newsroom.sources)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/dossier", self.dossier)
        return routes

    async def dossier(self, request: Request) -> Response:
        """The search that the address asks for as a document."""
        language = self._pages.language(request)
        query, mistakes = read_query(request.query_params, self._known)
        asked = written_query(query)
        newsroom, sought = self._newsroom, asked and not mistakes
        found = await newsroom.search.newest(query, newsroom.clock(), MOST) if sought else Hits()
        # the site goes on answering meanwhile
        entries = await asyncio.to_thread(self._entries, found.hits, language)
        values = {
            "asked": asked,
            "parts": self._vocabulary.parts(asked, self._pages.locales[language]),
            "mistakes": mistakes,
            "dossier": Dossier.of(entries, more=found.next is not None),
            "now": newsroom.clock(),
        }
        return self._pages.answer(request, "dossier.html", values, headers=PRIVATELY)

    def _entries(self, hits: Iterable[Hit], language: str) -> list[Entry]:
        return [Entry(told(h.report, self._themes, language), h.story_id) for h in hits]
