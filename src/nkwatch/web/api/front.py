"""What holds for every answer of the API, whatever made it: who may ask how, how often, and from which pages."""

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch.web.api.answers import problem
from nkwatch.web.api.pace import FILE, Left, Pace

#: Any page may ask: nothing here is anybody's own, and no cookie is read.
OPEN = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, RateLimit, RateLimit-Policy, Retry-After",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD",
    "Access-Control-Allow-Headers": "If-None-Match",
    "Access-Control-Max-Age": "86400",
    "Cache-Control": "public, max-age=86400",
}
METHODS = "GET, HEAD, OPTIONS"
#: What ends so is a whole file.
FILES = (".csv", ".jsonl")


class Front:
    """ASGI application around that of the API."""

    def __init__(self, app: ASGIApp, pace: Pace) -> None:
        self._app = app
        self._pace = pace

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        sending = _Open(send, bare=method == "HEAD")
        if method == "OPTIONS":
            await Response(status_code=204, headers=PREFLIGHT | {"Allow": METHODS})(scope, receive, sending)
        elif method not in {"GET", "HEAD"}:
            said = problem(405, "Nothing can be changed here: ask with GET or HEAD.", headers={"Allow": METHODS})
            await said(scope, receive, sending)
        else:
            await self._paced(scope, receive, sending)

    async def _paced(self, scope: Scope, receive: Receive, sending: "_Open") -> None:
        host = scope["client"][0] if scope.get("client") else ""
        sending.left = left = self._pace.take(host, FILE if scope["path"].endswith(FILES) else 1)
        if left.passes:
            await self._app({**scope, "method": "GET"}, receive, sending)
            return
        detail = f"That was too much within a minute. Please ask again in {left.seconds} seconds, and page by `next`."
        await problem(429, detail)(scope, receive, sending)


class _Open:
    """Sends an answer with the headers that all have; a `bare` one without its body."""

    def __init__(self, send: Send, *, bare: bool) -> None:
        self._send = send
        self._bare = bare
        self.left: Left | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(OPEN | (self.left.headers() if self.left else {}))
        elif self._bare and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)
