"""The pages to read: newest stories, one story with its evidence, the sources and how they are doing."""

import asyncio
from collections.abc import Iterable
from datetime import datetime

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from sqlalchemy import text

from nkwatch.assembly import Newsroom
from nkwatch.domain.story import Story
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.views import Remarks, card, told
from nkwatch.web.watching import Watching

#: Stories on the front page, and how many of the newest are looked through for those on human rights.
SHOWN, LOOKED_AT = 30, 90
#: How long the database may take to say that it is there (seconds).
PATIENCE = 3
READ = ["GET", "HEAD"]
#: How long browsers may keep pages, and the style sheet, whose address changes with it.
SHORTLY = {"Cache-Control": "public, max-age=30"}
FOR_GOOD = {"Cache-Control": "public, max-age=31536000, immutable"}


class News:
    """Pages that change nothing and are the same for everybody."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._watching = Watching(newsroom)
        self._themes = {t.code: t for t in newsroom.rules.lexicon.themes}

    def routes(self) -> APIRouter:
        """What answers at which address."""
        router = APIRouter()
        router.add_api_route("/", self.front, methods=READ)
        router.add_api_route("/stories/{story_id}", self.story, methods=READ)
        router.add_api_route("/sources", self.sources, methods=READ)
        router.add_api_route("/healthz", self.health, methods=READ)
        router.add_api_route("/style.css", self.style, methods=READ)
        router.add_api_route("/icon.svg", self.icon, methods=READ)
        return router

    async def front(self, request: Request) -> Response:
        """The newest stories on human rights."""
        language = self._pages.language(request)
        found = await newest(self._newsroom, LOOKED_AT)
        cards = [card(s, self._themes, language) for s in found[:SHOWN]]
        return self._pages.answer(request, "front.html", {"stories": cards}, headers=SHORTLY)

    async def story(self, request: Request, story_id: str) -> Response:
        """Everything reported of one story, the leading report first."""
        # PostgreSQL fails at text that holds a NUL, instead of finding nothing
        reported = [] if "\0" in story_id else await self._newsroom.statements.stories([story_id])
        found = _public(reported, self._newsroom.clock())
        if not found:
            return self._pages.problem(request, NOT_FOUND)
        story, language = found[0], self._pages.language(request)
        lead = story.lead_in(language)
        others = (r for r in (story.lead, *story.others) if r is not lead)
        reports = [told(r, self._themes, language) for r in (lead, *others)]
        values = {"story": story, "reports": reports, "remarks": Remarks.of(story, language)}
        return self._pages.answer(request, "story.html", values, headers=SHORTLY)

    async def sources(self, request: Request) -> Response:
        """The sources that are switched on, how they are, and what they published in the last weeks."""
        return self._pages.answer(request, "sources.html", await self._watching(), headers=SHORTLY)

    async def health(self) -> JSONResponse:
        """200 when the database answers, 503 when it does not."""
        try:
            async with asyncio.timeout(PATIENCE):
                await self._newsroom.database.read(lambda c: c.execute(text("SELECT 1")).scalar_one())
        except Exception:  # noqa: BLE001  whatever it is, the answer is no
            return JSONResponse({"status": "unavailable"}, 503)
        return JSONResponse({"status": "ok"})

    async def style(self) -> PlainTextResponse:
        """The style sheet; its address changes with its content."""
        return PlainTextResponse(self._pages.style, headers=FOR_GOOD, media_type="text/css")

    async def icon(self) -> PlainTextResponse:
        """The picture in the browser's tab."""
        return PlainTextResponse(self._pages.source("icon.svg"), headers=FOR_GOOD, media_type="image/svg+xml")


async def newest(newsroom: Newsroom, looked_at: int) -> list[Story]:
    """The stories on human rights among so many of the newest, as they may be shown now, the newest first."""
    found = _public(await newsroom.statements.newest(looked_at), newsroom.clock())
    # what was read in one round became ready at one instant
    return sorted((s for s in found if s.rights), key=lambda s: (s.ready_at, s.lead.statement.published), reverse=True)


def _public(stories: Iterable[Story], now: datetime) -> list[Story]:
    """What may be shown: an editor who holds a story back holds it back here, too."""
    return [part for s in stories if not s.marks.held and (part := s.public(now))]
