"""Atom feeds of the newest stories, of all and by theme: for whoever wants to read without giving an address."""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.story import Story
from nkwatch.web.atom import Channel, atom
from nkwatch.web.news import READ, newest
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND

#: Stories in a feed, and how many of the newest are looked through for them.
SHOWN, LOOKED_AT = 50, 400
#: How long a rendered feed is good enough.
KEPT = timedelta(minutes=1)
MEDIA_TYPE = "application/atom+xml; charset=utf-8"
#: What stands before the title of a story that was taken back, or in which something was wrong: English messages.
MARKS = ("Withdrawn", "Corrected")
CACHE = f"public, max-age={KEPT.seconds}"


@dataclass(frozen=True, slots=True)
class Rendered:
    """A feed as it is sent; `etag` names these very bytes."""

    body: bytes
    etag: str
    updated: datetime


@dataclass(frozen=True, slots=True)
class _Kept:
    """The stories of one minute, and the feeds made of them, by theme and language."""

    at: datetime
    stories: Sequence[Story]
    rendered: dict[tuple[str, str], Rendered] = field(default_factory=dict)


class Feeds:
    """Feeds, the same for everybody: a crowd of readers costs one rendering a minute."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = {t.code: t for t in newsroom.rules.lexicon.themes}
        self._kept: _Kept | None = None
        self._turn = asyncio.Lock()

    def routes(self) -> APIRouter:
        """What answers at which address."""
        router = APIRouter()
        router.add_api_route("/feed.atom", self.everything, methods=READ)
        router.add_api_route("/themes/{code}/feed.atom", self.theme, methods=READ)
        return router

    async def everything(self, request: Request) -> Response:
        """The newest stories on human rights."""
        return await self._answer(request, "")

    async def theme(self, request: Request, code: str) -> Response:
        """The newest of them on one theme."""
        if code not in self._themes:
            return self._pages.problem(request, NOT_FOUND)
        return await self._answer(request, code)

    async def _answer(self, request: Request, code: str) -> Response:
        language = self._pages.language(request)
        feed = await self._feed(code, language)
        headers = {
            "ETag": feed.etag,
            "Last-Modified": format_datetime(feed.updated, usegmt=True),
            "Cache-Control": CACHE,
            "Content-Language": language,
            "Vary": "Accept-Language",
        }
        if _known(request.headers.get("if-none-match", ""), feed.etag):
            return Response(status_code=304, headers=headers)
        return Response(feed.body, headers=headers, media_type=MEDIA_TYPE)

    async def _feed(self, code: str, language: str) -> Rendered:
        async with self._turn:
            kept = await self._stories()
            if (code, language) not in kept.rendered:
                # the site goes on answering meanwhile
                rendered = await asyncio.to_thread(self._render, code, language, kept.stories)
                kept.rendered[code, language] = rendered
            return kept.rendered[code, language]

    async def _stories(self) -> _Kept:
        now = self._newsroom.clock()
        if self._kept is None or not timedelta(0) <= now - self._kept.at < KEPT:
            self._kept = _Kept(now, await newest(self._newsroom, LOOKED_AT))
            asyncio.get_running_loop().call_later(KEPT.total_seconds(), self._drop, self._kept)
        return self._kept

    def _drop(self, kept: _Kept) -> None:
        """Free the memory, unless it was filled anew."""
        if self._kept is kept:
            self._kept = None

    def _render(self, code: str, language: str, stories: Sequence[Story]) -> Rendered:
        wanted = [s for s in stories if not code or code in s.themes][:SHOWN]
        body, updated = atom(self._channel(code, language), wanted, self._themes)
        return Rendered(body, f'"{hashlib.sha256(body).hexdigest()[:32]}"', updated)

    def _channel(self, code: str, language: str) -> Channel:
        site = self._newsroom.config.site
        base, name = site.url.rstrip("/"), site.name
        title = f"{name}: {self._themes[code].name(language)}" if code else name
        path = f"/themes/{code}/feed.atom" if code else "/feed.atom"
        asked = f"?lang={language}"
        marks = map(self._pages.locales[language].text, MARKS)
        return Channel(title, f"{base}{path}{asked}", f"{base}/{asked}", language, base, *marks)


def _known(header: str, etag: str) -> bool:
    """Whether the asker has these bytes already (RFC 9110, 13.1.2); proxies that compress make tags weak."""
    tags = {tag.strip().removeprefix("W/") for tag in header.split(",")}
    return etag in tags or "*" in tags
