"""The sample site: real feeds (RSS, Atom, JSON Feed) and a listing page without a feed, over HTTP with validators."""

import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from email.utils import format_datetime

from aiohttp import web
from jinja2 import Environment, PackageLoader, StrictUndefined

from nkwatch.demo.samples import Samples

HOST = "127.0.0.1"
_TYPES = {
    "rss": "application/rss+xml",
    "atom": "application/atom+xml",
    "json": "application/feed+json",
    "page": "text/html",
}


@asynccontextmanager
async def sample_site(samples: Samples, clock: Callable[[], datetime], port: int = 0) -> AsyncIterator[str]:
    """Serve the samples on this port of this machine, or on any free one where it is taken; yields the address."""
    pages = _Pages(samples, clock)
    app = web.Application()
    app.router.add_get("/{source}/feed", pages.listing)
    app.router.add_get("/{source}/", pages.listing)
    app.router.add_get("/{source}/{statement}", pages.statement)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, HOST, port).start()
        except OSError:
            await web.TCPSite(runner, HOST, 0).start()
        yield f"http://{HOST}:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


class _Pages:
    def __init__(self, samples: Samples, clock: Callable[[], datetime]) -> None:
        self._samples = samples
        self._clock = clock
        self._templates = Environment(
            loader=PackageLoader("nkwatch", "templates/demo"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters["rfc822"] = format_datetime

    async def listing(self, request: web.Request) -> web.Response:
        """A source's feed or listing page; 304 when the validator that the poller kept still holds."""
        source = request.match_info["source"]
        form = self._samples.forms.get(source)
        if form is None:
            raise web.HTTPNotFound
        shown = self._samples.shown(source, self._clock())
        about = self._samples.publisher(source)
        site = str(request.url.origin())
        body = self._templates.get_template(f"{form}.txt").render(shown=shown, about=about, site=site)
        etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:16]}"'
        headers = {"ETag": etag, "Cache-Control": "max-age=600"}
        if request.headers.get("If-None-Match") == etag:
            return web.Response(status=304, headers=headers)
        return web.Response(text=body, content_type=_TYPES[form], charset="utf-8", headers=headers)

    async def statement(self, request: web.Request) -> web.Response:
        """The page of one statement."""
        sample = self._samples.find(request.match_info["statement"], self._clock())
        if sample is None:
            raise web.HTTPNotFound
        about = self._samples.publisher(sample.source)
        body = self._templates.get_template("statement.txt").render(sample=sample, about=about)
        return web.Response(text=body, content_type="text/html", charset="utf-8")
