"""The pages to read: newest stories, one story with its evidence and its history, the sources; and is all well."""

import asyncio
from collections.abc import Iterable
from datetime import datetime
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from sqlalchemy import text

from nkwatch.assembly import Newsroom
from nkwatch.domain.search import Query
from nkwatch.domain.story import Story
from nkwatch.web import history
from nkwatch.web.asking import whole
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.reports import reports, version
from nkwatch.web.routing import Routes
from nkwatch.web.views import Remarks, card
from nkwatch.web.watching import Watching

#: Stories on a page of them, and sources: a row of these is heavy.
SHOWN, ROWS = 20, 25
#: How long the database may take to say that it is there (seconds).
PATIENCE = 3
#: How long browsers may keep pages, and the style sheet, whose address changes with it.
SHORTLY = {"Cache-Control": "public, max-age=30"}
#: The same for what somebody looks for: it is kept nowhere but in their browser.
PRIVATELY = {"Cache-Control": "private, max-age=30"}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


class News:
    """Pages that change nothing and are the same for everybody."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._watching = Watching(newsroom)
        self._themes = newsroom.rules.lexicon.by_code

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/", self.front)
        routes.add("/stories/{story_id}", self.story)
        routes.add("/sources", self.sources)
        routes.add("/healthz", self.health)
        routes.add("/style.css", self.style)
        routes.add("/form.css", self.form_style)
        routes.add("/icon.svg", self.icon)
        return routes

    async def front(self, request: Request) -> Response:
        """The newest stories on human rights, or those before a place."""
        language, before = self._pages.language(request), number(request, "before")
        newsroom = self._newsroom
        found = await newsroom.search.stories(Query(rights=True), newsroom.clock(), before=before, limit=SHOWN)
        cards = [card(s, self._themes, language) for s in found.stories]
        values = {"stories": cards, "before": before, "next": found.next}
        return self._pages.answer(request, "front.html", values, headers=SHORTLY)

    async def story(self, request: Request, story_id: str) -> Response:
        """Everything reported of one story, the leading report first, and what happened to it."""
        newsroom = self._newsroom
        language, now = self._pages.language(request), newsroom.clock()
        story, first = await shown(newsroom, story_id), number(request, "from") or 0
        if story is not None and story.id != story_id:
            return onward(f"/stories/{story.id}")
        if story is None or first >= len(story.reports):
            return self._pages.problem(request, NOT_FOUND)
        told = reports(story, self._themes, language, first)
        ids = [t.id for t in told.full]
        own = [r for r in story.reports if r.statement.id in ids]
        past = await newsroom.archive.history(story.id, ids)
        values = {
            "story": story,
            "lead": card(story, self._themes, language).lead,
            "reports": told,
            "remarks": Remarks.of(story, language),
            "version": version(story.translation(language)),
            "timeline": history.timeline(story, own, past),
            "proofs": history.kept(own, past),
            "now": now,
        }
        return self._pages.answer(request, "story.html", values, headers=SHORTLY)

    async def sources(self, request: Request) -> Response:
        """The sources that are on, how they are, and what they published in the last weeks; some on each page."""
        values, first = await self._watching(), number(request, "from") or 0
        listed = values["sources"]
        if first and first >= len(listed):
            return self._pages.problem(request, NOT_FOUND)
        rest = first + ROWS if first + ROWS < len(listed) else None
        shown = {**values, "sources": listed[first : first + ROWS], "first": first, "rest": rest, "all": len(listed)}
        return self._pages.answer(request, "sources.html", shown, headers=SHORTLY)

    async def health(self, request: Request) -> JSONResponse:  # noqa: ARG002  all are answered alike
        """200 when the database answers, 503 when it does not."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._newsroom.database.read(lambda c: c.execute(text("SELECT 1")).scalar_one())
        except Exception:  # noqa: BLE001  whatever it is, the answer is no
            return JSONResponse({"status": "unavailable"}, 503)
        return JSONResponse({"status": "ok"})

    async def style(self, request: Request) -> PlainTextResponse:  # noqa: ARG002  all are answered alike
        """The style sheet; its address changes with its content."""
        return PlainTextResponse(self._pages.style, headers=FOR_GOOD, media_type="text/css")

    async def form_style(self, request: Request) -> PlainTextResponse:  # noqa: ARG002  all are answered alike
        """The style sheet without what the long form of a choice has no use for."""
        return PlainTextResponse(self._pages.form_style, headers=FOR_GOOD, media_type="text/css")

    async def icon(self, request: Request) -> PlainTextResponse:  # noqa: ARG002  all are answered alike
        """The picture in the browser's tab."""
        return PlainTextResponse(self._pages.source("icon.svg"), headers=FOR_GOOD, media_type="image/svg+xml")


def number(request: Request, name: str) -> int | None:
    """The number that a parameter gives; None where it gives none."""
    return whole(request.query_params.get(name, ""))


async def shown(newsroom: Newsroom, story_id: str) -> Story | None:
    """This story as it may be shown now; instead of one that editors merged, the story into which it went."""
    reported = await newsroom.statements.named([story_id])
    return next(iter(_public(reported.values(), newsroom.clock())), None)


def onward(address: str) -> Response:
    """To where a merged story is found: for good, but an editor may take it back."""
    return RedirectResponse(address, HTTPStatus.MOVED_PERMANENTLY, headers=SHORTLY)


async def newest(newsroom: Newsroom, looked_at: int) -> list[Story]:
    """So many of the newest stories, as they may be shown now, the newest first."""
    found = _public(await newsroom.statements.newest(looked_at), newsroom.clock())
    # what was read in one round became ready at one instant
    return sorted(found, key=lambda s: (s.ready_at, s.lead.statement.published), reverse=True)


def _public(stories: Iterable[Story], now: datetime) -> list[Story]:
    """What may be shown: an editor who holds a story back holds it back here, too."""
    return [part for s in stories if (part := s.shown(now))]
