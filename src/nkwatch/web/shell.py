"""What holds for every answer, whatever page made it: security headers, small bodies, no tracebacks."""

import asyncio
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path

from sqlalchemy.exc import SQLAlchemyError
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch import logs
from nkwatch.domain.problems import ConfigError
from nkwatch.web.problems import CROWDED, FAILED, FOREIGN, TOO_LARGE, TOO_SLOW, Problem
from nkwatch.web.values import LARGEST_FORM, LARGEST_REPORT, LARGEST_UPLOAD

#: Most of our forms hold a button; a one-click request (RFC 8058) holds one field.
LARGEST_BODY = 4096
#: Where more comes: forms by which readers choose, reports of many events, a whole mail.
LIMITS = {
    "/subscribe": LARGEST_FORM,
    "/settings/": LARGEST_FORM,
    "/bounces/": LARGEST_REPORT,
    "/check": LARGEST_UPLOAD,
}
#: Mail providers ask for this on behalf of readers: it may come from anywhere.
FROM_ANYWHERE = "/leave/"
#: Bytes that all bodies beyond `LARGEST_BODY` may take at a time: 1000 connections must not fill the memory.
ROOM = 24 * 1024 * 1024
#: How long a body may take to arrive (seconds).
PATIENCE = 10
#: Nothing is loaded but our own style sheet and icon, nothing is run, nobody may frame us.
CONTENT_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

_HEADERS = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]

Answer = Callable[[Request, Problem], Response]


class Shell:
    """ASGI middleware around the whole site. What a page sets itself stays as it is."""

    def __init__(
        self,
        app: ASGIApp,
        answer: Answer,
        patience: float = PATIENCE,
        site: str = "",
        room: int = ROOM,
        limits: Mapping[str, int] = LIMITS,
    ) -> None:
        """`answer` makes the page that tells of a problem; `patience` is in seconds, `room` in bytes.

        `site` is the address under which readers know us; `limits` are the places to which more bytes may be sent.
        """
        self._app = app
        self._answer = answer
        self._patience = patience
        self._origin = origin_of(site)
        self._room = room
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _Guarded(send)
        try:
            await self._serve(_findable(scope), receive, guarded)
        except Exception as error:  # noqa: BLE001  the last line: whatever it is, the reader gets a page
            _note(scope, error)
            if not guarded.started:
                await self._tell(FAILED, scope, receive, guarded)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        if is_foreign(scope, self._origin):
            await self._tell(FOREIGN, scope, receive, send)
            return
        body = _Body(scope, receive, self._lend, self._limits)
        try:
            async with asyncio.timeout(self._patience):
                problem = await body.arrive()
        except TimeoutError:
            problem = TOO_SLOW
        try:
            # Starlette's own limit acts only once a page reads the body, which is too late for a page that does not
            await (self._tell(problem, scope, receive, send) if problem else self._app(scope, body.replay(), send))
        finally:
            self._room += body.lent

    def _lend(self, size: int) -> bool:
        """Give room for that many bytes, if there is any."""
        if size > self._room:
            return False
        self._room -= size
        return True

    async def _tell(self, problem: Problem, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            response = self._answer(Request(scope), problem)
        except Exception as error:  # noqa: BLE001  the page of problems may itself be what is broken
            _note(scope, error)
            response = Response(f"{problem.title}.\n", problem.status, media_type="text/plain")
        await response(scope, receive, send)


class _Guarded:
    """Sends answers with the headers that every one of them has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.started = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            own = {name for name, _ in message["headers"]}
            message = {**message, "headers": [*message["headers"], *(h for h in _HEADERS if h[0] not in own)]}
        await self._send(message)


class _Body:
    """The body of a request as it arrives. `lent` is the room that it took, which is to be given back."""

    def __init__(self, scope: Scope, receive: Receive, lend: Callable[[int], bool], limits: Mapping[str, int]) -> None:
        self._announced = Headers(scope=scope).get("content-length", "0")
        self._limit = next((most for place, most in limits.items() if scope["path"].startswith(place)), LARGEST_BODY)
        self._receive = receive
        self._lend = lend
        self._read = bytearray()
        self.lent = 0

    async def arrive(self) -> Problem | None:
        """Read all of it; a problem when it is larger than it may be, or will never be complete."""
        announced = self._announced
        if not announced.isdecimal() or len(announced) > len(str(self._limit)) or int(announced) > self._limit:
            return TOO_LARGE
        more = True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                return TOO_LARGE
            more = message.get("more_body", False)
            self._read += message.get("body", b"")
            if len(self._read) > self._limit:
                return TOO_LARGE
            if not self._has_room():
                return CROWDED
        return None

    def replay(self) -> Receive:
        """A `receive` that gives the body at once, and what comes after it as it comes."""
        waiting: list[Message] = [{"type": "http.request", "body": bytes(self._read), "more_body": False}]

        async def replay() -> Message:
            return waiting.pop() if waiting else await self._receive()

        return replay

    def _has_room(self) -> bool:
        wanted = max(0, len(self._read) - LARGEST_BODY) - self.lent
        if wanted <= 0:
            return True
        if not self._lend(wanted):
            return False
        self.lent += wanted
        return True


def is_foreign(scope: Scope, origin: str) -> bool:
    """Whether a browser says that another site sent this; `origin` is ours.

    Nobody is known here by a cookie, so there is little to gain by it. Who asks without a browser says nothing.
    Under our referrer policy, browsers send "null" as the origin of our own forms.
    """
    headers = Headers(scope=scope)
    if scope["method"] == "OPTIONS" or scope["path"].startswith(FROM_ANYWHERE):
        return False
    if (where := headers.get("sec-fetch-site")) is not None:
        return where not in {"same-origin", "none"}
    said = headers.get("origin", "null").lower()
    # the site may be reached under more names than one: an onion address, or its port in the demo
    return said not in {"null", origin} and said.partition("://")[2] != headers.get("host", "").lower()


def origin_of(address: str) -> str:
    """Scheme, host and port of an address (RFC 6454)."""
    scheme, _, rest = address.lower().partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _findable(scope: Scope) -> Scope:
    """The request with an address without NUL: PostgreSQL fails at text that holds one, instead of finding nothing."""
    return {**scope, "path": scope["path"].replace("\0", "\ufffd")} if "\0" in scope["path"] else scope


def _note(scope: Scope, error: Exception) -> None:
    """Tell the operator which page failed and where; the page's own address may hold a token.

    What an error says of itself may be what a reader wrote, but for those of the machine, the database (it hides
    values) and the configuration.
    """
    page = getattr(scope.get("route"), "path", "")
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    why = f": {error}" if isinstance(error, OSError | SQLAlchemyError | ConfigError) else ""
    logs.notice("page failed", page=page, why=f"{type(error).__name__}{why}", where=where)
