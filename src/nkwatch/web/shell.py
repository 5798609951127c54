"""What holds for every answer, whatever page made it: security headers, small bodies, no tracebacks."""

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch import logs
from nkwatch.web.problems import FAILED, TOO_LARGE, TOO_SLOW, Problem

#: Our forms hold a button; a one-click request (RFC 8058) holds one field.
LARGEST_BODY = 4096
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

Answer = Callable[[Request, Problem], Response]


class Shell:
    """ASGI middleware around the whole site. What a page sets itself stays as it is."""

    def __init__(self, app: ASGIApp, answer: Answer, patience: float = PATIENCE) -> None:
        """`answer` makes the page that tells of a problem; `patience` is in seconds."""
        self._app = app
        self._answer = answer
        self._patience = patience

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        guarded = _Guarded(send)
        try:
            await self._serve(scope, receive, guarded)
        except Exception as error:  # noqa: BLE001  the last line: whatever it is, the reader gets a page
            _note(scope, error)
            if not guarded.started:
                await self._tell(FAILED, scope, receive, guarded)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] in {"GET", "HEAD"}:
            await self._app(scope, receive, send)
            return
        try:
            async with asyncio.timeout(self._patience):
                body = await _whole_body(scope, receive)
        except TimeoutError:
            await self._tell(TOO_SLOW, scope, receive, send)
            return
        # FastAPI's own limit acts only once a page reads the body, which is too late for a page that does not
        if body is None:
            await self._tell(TOO_LARGE, scope, receive, send)
            return
        await self._app(scope, _replay(body, receive), send)

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
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)


async def _whole_body(scope: Scope, receive: Receive) -> bytes | None:
    """The body of a request; None when it is larger than it may be, or will never be complete."""
    announced = Headers(scope=scope).get("content-length", "0")
    if not announced.isdecimal() or len(announced) > len(str(LARGEST_BODY)) or int(announced) > LARGEST_BODY:
        return None
    body, more = b"", True
    while more and len(body) <= LARGEST_BODY:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        more = message.get("more_body", False)
        body += message.get("body", b"")
    return body if len(body) <= LARGEST_BODY else None


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives `body` at once, and what comes after it as it comes."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return waiting.pop() if waiting else await receive()

    return replay


def _note(scope: Scope, error: Exception) -> None:
    """Tell the operator which page failed and where; the page's own address may hold a token."""
    page = getattr(scope.get("route"), "path", "")
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    logs.notice("page failed", page=page, why=f"{type(error).__name__}: {error}", where=where)
