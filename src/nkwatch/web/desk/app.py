"""The desk as one ASGI application."""

import hashlib
from collections.abc import Mapping
from datetime import timedelta

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse

from nkwatch import logs
from nkwatch.assembly import Newsroom
from nkwatch.web.desk.ceremony import Ceremony
from nkwatch.web.desk.corrections import Corrections
from nkwatch.web.desk.entry import Entry
from nkwatch.web.desk.front import Front
from nkwatch.web.desk.guard import Guard
from nkwatch.web.desk.outbox import Outbox
from nkwatch.web.desk.preview import MailPolicy, Preview
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.queue import Queue
from nkwatch.web.desk.readings import Readings
from nkwatch.web.desk.room import Room
from nkwatch.web.desk.sources import Sources
from nkwatch.web.desk.stories import Stories
from nkwatch.web.desk.touch import Touches
from nkwatch.web.limits import Rarely
from nkwatch.web.news import FOR_GOOD
from nkwatch.web.pages import Pages
from nkwatch.web.problems import problem_of
from nkwatch.web.routing import Page, Routes
from nkwatch.web.shell import Shell

#: Bytes of the largest form: words in four languages, each letter escaped (9), and what a device answers.
LARGEST_FORM = 4 * 2_000 * 9 + 16_000
#: Challenges that one browser may ask for in a minute.
PER_MINUTE = 30
_FILES = {"style.css": "text/css", "desk/desk.css": "text/css", "desk/desk.js": "text/javascript"}


def create_desk(newsroom: Newsroom) -> Starlette:
    """The desk over an open newsroom.

    Raises `ConfigError` when a template is wrong. Run it without an access log: addresses of pages hold links.
    """
    settings, site = newsroom.config.desk, newsroom.config.site
    _warn(newsroom)
    pages = Pages(newsroom)
    files = {name: pages.source(name) for name in _FILES}
    room = Room(newsroom, pages, {name: _address(name, text) for name, text in files.items()})
    often = Rarely(newsroom.clock, PER_MINUTE, timedelta(minutes=1))
    touches = Touches(room, Ceremony(settings, site.name), often)
    app = Starlette()
    app.router.redirect_slashes = False
    app.add_middleware(Shell, answer=room.problem, site=settings.url, limits={"/desk/": LARGEST_FORM})
    # the last one added is the outermost
    app.add_middleware(Guard, settings=settings)
    app.add_middleware(MailPolicy)
    for part in (touches, Entry(room, touches), Front(room, touches), Stories(room, touches), Queue(room, touches)):
        app.router.routes.extend(part.routes())
    for page in (Readings(room, touches), Sources(room), Outbox(room), Preview(room), Corrections(room, touches)):
        app.router.routes.extend(page.routes())
    app.router.routes.extend(_of_files(pages, files))

    async def tell(request: Request, error: Exception) -> HTMLResponse:
        status = error.status_code if isinstance(error, HTTPException) else 400
        problem = GONE if status == GONE.status else problem_of(status)
        answer = room.problem(request, problem, await room.visitor(request))
        answer.headers.update((isinstance(error, HTTPException) and error.headers) or {})
        return answer

    app.add_exception_handler(HTTPException, tell)
    return app


def _of_files(pages: Pages, files: Mapping[str, str]) -> Routes:
    routes = Routes()
    for name, text in files.items():
        routes.add(f"/{name}", _file(text, _FILES[name]))
    routes.add("/icon.svg", _file(pages.source("icon.svg"), "image/svg+xml"))
    return routes


def _file(text: str, media_type: str) -> Page:
    async def answer(request: Request) -> PlainTextResponse:  # noqa: ARG001  everybody gets the same
        return PlainTextResponse(text, headers=FOR_GOOD, media_type=media_type)

    return answer


def _address(name: str, text: str) -> str:
    """The address of a file, which changes with its content."""
    return f"/{name}?v={hashlib.sha256(text.encode()).hexdigest()[:12]}"


def _warn(newsroom: Newsroom) -> None:
    desk = newsroom.config.desk
    if desk.open_to_others:
        logs.notice(
            "THE EDITORS' DESK IS OPEN TO OTHER MACHINES", listen=f"{desk.listen}:{desk.port}",
            what='set [desk] listen = "127.0.0.1" and reach it through SSH or a proxy with https, unless you mean it',
        )  # fmt: skip
    if not newsroom.config.editor:
        logs.notice("nobody can sign in at the desk", what="name the editors in [[editor]] tables of the settings")
