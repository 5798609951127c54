"""What holds for every request to the desk: its own host name, its own origin, and headers that let little happen."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch.config.desk import DeskSettings

#: Our own script and style alone. Nothing may frame the desk, and its forms go nowhere else.
CONTENT_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self';"
    " frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_POLICY,
    # of our own forms browsers tell where they come from only under this policy
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "publickey-credentials-get=(self), publickey-credentials-create=(self)",
    "X-Robots-Tag": "noindex, nofollow",
}
#: A year: once reached over https, never without again (RFC 6797).
STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=31536000"}
#: Who follows a link from elsewhere comes without cookies (SameSite=Strict); from this page they come with them.
ONWARD = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="0">'
    "<title>nkwatch</title><p><a href>Go on</a></p></html>\n"
)
WRONG_HOST = "This address is not the desk's own. It is reached under the address in [desk] url.\n"
FOREIGN = "That came from another site, and nothing was changed. Open the page at the desk and use the button on it.\n"


class Guard:
    """ASGI middleware around the whole desk."""

    def __init__(self, app: ASGIApp, settings: DeskSettings) -> None:
        self._app = app
        self._settings = settings
        self._headers = HEADERS | (STRICT_TRANSPORT if settings.secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers[name] = value
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await (self._refusal(scope) or self._app)(scope, receive, guarded)

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        # a name of somebody else's that leads to this machine must not open the desk (DNS rebinding)
        if headers.get("host", "").lower() != self._settings.netloc:
            return PlainTextResponse(WRONG_HOST, 421)
        where = headers.get("sec-fetch-site", "")
        if scope["method"] in {"GET", "HEAD"}:
            elsewhere = where == "cross-site" and headers.get("sec-fetch-mode") == "navigate"
            return HTMLResponse(ONWARD) if elsewhere else None
        own = headers.get("origin", "").lower() == self._settings.origin
        return None if own and where in {"", "same-origin"} else PlainTextResponse(FOREIGN, 403)
