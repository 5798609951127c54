"""Feeds of the newest: of all, of a theme, of a source, of a search, of alerts. For who reads without an address."""

import asyncio
import html
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from email.utils import format_datetime
from http import HTTPStatus
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Query
from nkwatch.mail.locales import Locale
from nkwatch.mail.views import plain
from nkwatch.web import atom, jsonfeed, rss
from nkwatch.web.asking import Known, Mistake, read_query, written_query
from nkwatch.web.channel import Channel, Item, Telling, Words, clean
from nkwatch.web.pages import Pages
from nkwatch.web.problems import BAD_REQUEST, NOT_FOUND, Problem
from nkwatch.web.routing import Routes
from nkwatch.web.subjects import ALL_ALERTS, EVERYTHING, KEPT, Gathering, Subject, items_of

CACHE = f"public, max-age={KEPT.seconds}"
#: What feeds say themselves: English messages. The first of each is that of `Words`.
WORDS = ("Withdrawn", "Corrected", "Alert %(number)s", "Corrected by bulletin %(numbers)s")
ALERTS, SEARCH = "Alerts", "Search"


@dataclass(frozen=True, slots=True)
class Format:
    """How a channel is written."""

    write: Callable[[Channel], bytes]
    media_type: str


FORMATS = {
    atom.ENDING: Format(atom.atom, f"{atom.MEDIA_TYPE}; charset=utf-8"),
    rss.ENDING: Format(rss.rss, f"{rss.MEDIA_TYPE}; charset=utf-8"),
    jsonfeed.ENDING: Format(jsonfeed.json_feed, f"{jsonfeed.MEDIA_TYPE}; charset=utf-8"),
}


class Feeds:
    """Feeds, the same for everybody."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = newsroom.rules.lexicon.by_code
        self._known = Known(self._themes, newsroom.sources)
        self._gathering = Gathering(newsroom)
        # whoever looks for something rare keeps nobody waiting for the newest
        self._turn, self._searching = asyncio.Lock(), asyncio.Lock()

    def routes(self) -> Routes:
        """What answers at which address. Its routes go before those of stories, themes, sources and alerts."""
        routes = Routes()
        for ending in FORMATS:
            routes.add(f"/feed.{ending}", self.everything)
            routes.add(f"/themes/{{code}}/feed.{ending}", self.theme)
            routes.add(f"/sources/{{source_id}}/feed.{ending}", self.source)
            routes.add(f"/search.{ending}", self.search)
            routes.add(f"/alerts/feed.{ending}", self.alerts)
        return routes

    async def everything(self, request: Request) -> Response:
        """The newest stories on human rights."""
        return await self._answer(request, EVERYTHING)

    async def theme(self, request: Request, code: str) -> Response:
        """The newest stories on one theme, as its page shows them."""
        if code not in self._themes:
            return self._pages.problem(request, NOT_FOUND)
        query = Query(themes=frozenset({code}))
        return await self._answer(request, Subject(f"/themes/{code}/feed", f"/themes/{code}", query, theme=code))

    async def source(self, request: Request, source_id: str) -> Response:
        """The newest stories that a source has a report of, each as this source tells it."""
        if source_id not in self._newsroom.sources:
            return self._pages.problem(request, NOT_FOUND)
        query = Query(sources=frozenset({source_id}))
        place = f"/sources/{source_id}"
        return await self._answer(request, Subject(f"{place}/feed", place, query, source=source_id))

    async def search(self, request: Request) -> Response:
        """The newest stories that a search finds."""
        query, mistakes = read_query(request.query_params, self._known)
        if mistakes:
            return self._pages.problem(request, misread(mistakes, self._pages.locales[self._pages.language(request)]))
        written = urlencode(written_query(query))
        return await self._answer(request, Subject("/search", "/search", query, written))

    async def alerts(self, request: Request) -> Response:
        """The alerts that were sent, with what was corrected in them."""
        return await self._answer(request, ALL_ALERTS)

    async def _answer(self, request: Request, subject: Subject) -> Response:
        language, ending = self._pages.language(request), request.url.path.rpartition(".")[2]
        form = FORMATS[ending]
        async with self._searching if subject.searched else self._turn:
            channel = await self._filled(subject, language)
            # the site goes on answering meanwhile
            body = await asyncio.to_thread(form.write, channel)
        headers = {
            "Last-Modified": format_datetime(channel.updated, usegmt=True),
            "Cache-Control": CACHE,
            "Content-Language": language,
            "Vary": "Accept-Language",
        }
        return Response(body, headers=headers, media_type=form.media_type)

    async def _filled(self, subject: Subject, language: str) -> Channel:
        telling = self._telling(language)
        if subject.query is None:
            return self._channel(subject, language, await self._gathering.alerts(telling))
        stories = await self._gathering.stories(subject, subject.query)
        return self._channel(subject, language, await asyncio.to_thread(items_of, telling, stories, subject.source))

    def _telling(self, language: str) -> Telling:
        words = Words(*map(self._pages.locales[language].text, WORDS))
        return Telling(self._site, language, self._themes, words)

    def _channel(self, subject: Subject, language: str, items: Sequence[Item]) -> Channel:
        site = self._site
        asked = "&".join(filter(None, (subject.written, f"lang={language}")))
        page = f"{site}{subject.page}?{asked}"
        title = ": ".join(filter(None, (self._newsroom.config.site.name, self._name(subject, language))))
        return Channel(title, f"{site}{subject.path}", page, language, tuple(items), subject.written)

    def _name(self, subject: Subject, language: str) -> str:
        """What a feed is called behind the name of the site."""
        text = self._pages.locales[language].text
        if subject.theme:
            return self._themes[subject.theme].name(language)
        if subject.source:
            return self._newsroom.sources[subject.source].publisher
        if subject.query is None:
            return text(ALERTS)
        if subject is EVERYTHING:
            return ""
        words = " ".join(value for _, value in written_query(subject.query))
        return f"{text(SEARCH)}: {clean(words)}" if words else text(SEARCH)

    @property
    def _site(self) -> str:
        return self._newsroom.config.site.url.rstrip("/")


def misread(mistakes: Iterable[Mistake], locale: Locale) -> Problem:
    """The page that tells what is mistaken in a search.

    A page takes the sentences of a problem for its own: what was asked for must not be markup there, nor fill a place.
    """
    told = " ".join(locale.text(m.message) % m.values for m in mistakes)
    return Problem(HTTPStatus.BAD_REQUEST, BAD_REQUEST.title, html.escape(plain(told)).replace("%", "%%"))
