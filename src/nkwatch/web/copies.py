"""The copy of a digest or alert that may be passed on: what everybody got, and nothing of one reader's own."""

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response

from nkwatch.assembly import Newsroom
from nkwatch.mail.copies import shared_html, shared_text
from nkwatch.web.news import READ
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND

#: A mail's own styles stand in it; nothing else of it is loaded or run.
COPY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
#: For who has the address only. Five minutes: what an editor takes back is soon gone.
HEADERS = {"X-Robots-Tag": "noindex", "Cache-Control": "public, max-age=300"}


class Copies:
    """Digests and alerts as they were sent. No page lists them, and personal mails are none."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages

    def routes(self) -> APIRouter:
        """What answers at which address."""
        router = APIRouter()
        router.add_api_route("/mails/{composition_id}", self.copy, methods=READ)
        return router

    async def copy(self, request: Request, composition_id: str) -> Response:
        """The mail's own HTML, or its text on a page of ours where it has no other."""
        # PostgreSQL fails at text that holds a NUL, instead of finding nothing
        found = None if "\0" in composition_id else await self._newsroom.outbox.shared(composition_id)
        if found is None:
            return self._pages.problem(request, NOT_FOUND)
        composition, number = found
        if composition.html:
            own = {"Content-Security-Policy": COPY_POLICY, "Content-Language": composition.language}
            return HTMLResponse(shared_html(composition), headers={**HEADERS, **own})
        values = {"subject": composition.subject, "text": shared_text(composition), "number": number}
        return self._pages.answer(request, "copy.html", values, language=composition.language, headers=HEADERS)
