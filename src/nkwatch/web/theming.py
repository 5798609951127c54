"""The themes of the catalogue: what each is about, by which terms it is found, and its newest stories."""

import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import cache, partial

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Query
from nkwatch.domain.theme import Theme, ThemeKind
from nkwatch.reading.lexicon import THEME
from nkwatch.store.lately import Lately
from nkwatch.web.news import SHORTLY, SHOWN, number
from nkwatch.web.pages import Pages
from nkwatch.web.pictures import Pictures
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.views import card

#: Over which time stories are counted, and how long a count is good enough.
LATELY, KEPT = timedelta(days=30), timedelta(minutes=1)
#: Languages that are known by the scripts of their terms; all others are written in Latin letters.
_SCRIPTS = (("HANGUL", "ko"), ("HIRAGANA", "ja"), ("KATAKANA", "ja"), ("CJK", "ja"))
LATIN = ""


class Theming:
    """The pages of the themes."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._pictures = Pictures(newsroom, pages)
        self._themes: Mapping[str, Theme] = newsroom.rules.lexicon.by_code
        self._terms = cache(partial(_terms, newsroom))
        self._lately = Lately(KEPT)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/themes", self.themes)
        routes.add("/themes/{code}", self.theme)
        return routes

    async def themes(self, request: Request) -> Response:
        """All themes, those of human rights first, with the number of stories of the last days."""
        language, counted = self._pages.language(request), await self._counted()
        rows = [(t, t.name(language), counted[t.code]) for t in self._themes.values()]
        values = {
            "rights": [row for row in rows if row[0].kind is ThemeKind.RIGHTS],
            "context": [row for row in rows if row[0].kind is ThemeKind.CONTEXT],
            "days": LATELY.days,
        }
        return self._pages.answer(request, "themes.html", values, headers=SHORTLY)

    async def theme(self, request: Request, code: str) -> Response:
        """One theme."""
        if code not in self._themes:
            return self._pages.problem(request, NOT_FOUND)
        language, before = self._pages.language(request), number(request, "before")
        newsroom, wanted = self._newsroom, Query(themes=frozenset({code}))
        found = await newsroom.search.stories(wanted, newsroom.clock(), before=before, limit=SHOWN)
        values = {
            "theme": self._themes[code],
            "called": self._themes[code].name(language),
            "terms": self._terms(code),
            "drawn": await self._pictures.theme(code, language) if before is None else None,
            "stories": [card(s, self._themes, language) for s in found.stories],
            "before": before,
            "next": found.next,
        }
        return self._pages.answer(request, "theme.html", values, headers=SHORTLY)

    async def _counted(self) -> Counter[str]:
        """How many stories of the last days each theme has. To count them for each reader would cost too much."""
        now = self._newsroom.clock()

        async def count() -> Counter[str]:
            stories = await self._newsroom.statements.counted(now - LATELY, now + timedelta(microseconds=1))
            return Counter(code for s in stories for code in s.themes)

        return await self._lately((), now, count)


def _terms(newsroom: Newsroom, code: str) -> list[tuple[str, list[str]]]:
    """The terms that name a theme, by language, those in Latin letters together. … stands where a term only begins."""
    names = [t.phrase for t in newsroom.rules.lexicon.terms if t.list == f"{THEME}{code}"]
    return sorted(_by_script(names).items())


def _by_script(phrases: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = defaultdict(list)
    for phrase in dict.fromkeys(phrases):
        scripts = {unicodedata.name(letter, "").partition(" ")[0] for letter in phrase}
        found[next((code for script, code in _SCRIPTS if script in scripts), LATIN)].append(phrase.replace("*", "…"))
    return {code: sorted(terms, key=str.casefold) for code, terms in found.items()}
