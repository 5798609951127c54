"""The search in all statements: a form that needs no script, and what was found, the newest first."""

from functools import cache

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Count, Hits, Query
from nkwatch.domain.source import Source
from nkwatch.mail.views import plain
from nkwatch.web.asked import Vocabulary
from nkwatch.web.asking import LONGEST, Known, read_query, written_query
from nkwatch.web.finding import met
from nkwatch.web.news import PRIVATELY, number
from nkwatch.web.pages import Pages, language_name
from nkwatch.web.routing import Routes
from nkwatch.web.views import publisher_of

#: Statements on a page of them.
SHOWN = 20
#: The filters that the form offers as lists.
LISTED = ("theme", "source", "country", "language", "asked")


class Searching:
    """The page of the search. It writes nothing down of what was looked for."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = newsroom.rules.lexicon.by_code
        self._vocabulary = Vocabulary(self._themes, newsroom.sources, language_name)
        self._addressees = newsroom.rules.speech.addressed
        self._known = Known(self._themes, newsroom.sources)
        self._lists = cache(self._listed)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/search", self.search)
        return routes

    async def search(self, request: Request) -> Response:
        """The form; with a page of what was found once something is asked for."""
        language, before = self._pages.language(request), number(request, "before")
        query, mistakes = read_query(request.query_params, self._known)
        asked = written_query(query)
        hits, count = await self._found(query, before) if asked and not mistakes else (Hits(), Count(0))
        locale = self._pages.locales[language]
        values = {
            "query": query,
            "asked": asked,
            "parts": self._vocabulary.parts(asked, locale),
            "mistakes": mistakes,
            # with mistakes as it was written, to be mended
            "words": plain(" ".join(request.query_params.getlist("q"))[:LONGEST])
            if mistakes
            else dict(asked).get("q", ""),
            "hits": [met(h, self._themes, language, query.words) for h in hits.hits],
            "count": count,
            "before": before,
            "next": hits.next,
            "chosen": {name: [v for n, v in asked if n == name] for name in LISTED},
            "lists": self._lists(language),
        }
        return self._pages.answer(request, "search.html", values, headers=PRIVATELY)

    async def _found(self, query: Query, before: int | None) -> tuple[Hits, Count]:
        now, search = self._newsroom.clock(), self._newsroom.search
        return await search.find(query, now, before=before, limit=SHOWN), await search.count(query, now)

    def _listed(self, language: str) -> dict[str, list[tuple[str, str]]]:
        """What the filters offer: values and what they are called. The catalogue stays as it is while we run."""
        locale = self._pages.locales[language]
        sources = [s for s in self._newsroom.sources.values() if s.enabled]
        countries = {s.country: locale.country(s.country) for s in sources if s.country}
        spoken = {code: language_name(code, locale.language) for s in sources for code in s.languages}
        asked = {code: locale.country(code) for code in self._addressees}
        return {
            "theme": [(code, theme.name(locale.language)) for code, theme in self._themes.items()],
            "source": sorted(_named(sources).items(), key=lambda pair: pair[1].casefold()),
            "country": _ordered(countries),
            "language": _ordered(spoken),
            "asked": _ordered(asked),
        }


def _named(sources: list[Source]) -> dict[str, str]:
    """What each source is called; one of several of a publisher with its id."""
    names = [publisher_of(s).text for s in sources]
    return {
        s.id: name if names.count(name) == 1 else f"{name} ({s.id})" for s, name in zip(sources, names, strict=True)
    }


def _ordered(names: dict[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda pair: pair[1])
