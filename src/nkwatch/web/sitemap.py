"""What search engines are told: all public pages of the archive (sitemaps.org), and which pages are none of theirs."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]  # the stubs have no builder

from nkwatch.assembly import Newsroom
from nkwatch.domain.statement import digest
from nkwatch.store.archive import Place
from nkwatch.store.lately import Lately
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes

#: Stories on a page of the sitemap; the protocol allows 50,000 addresses.
SIZE = 5_000
#: How long a list of the pages is good enough.
KEPT = timedelta(hours=1)
CACHE = {"Cache-Control": f"public, max-age={KEPT.seconds}"}
MEDIA_TYPE = "application/xml"
NAMESPACE = "http://www.sitemaps.org/schemas/sitemap/0.9"
MAP = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})
#: Pages that are the same for everybody and change every day.
STANDING = ("/", "/themes", "/editions", "/sources", "/numbers")
#: What is made for one reader, or for one question (RFC 9309).
PRIVATE = (
    "/search", "/dossier", "/settings", "/manage", "/confirm", "/leave", "/move", "/subscribe/", "/check", "/copy",
    "/demo", "/bounces", "/api/",
)  # fmt: skip

Listed = Iterable[tuple[str, datetime | None]]
"""Addresses, and when something new was there."""


class Sitemap:
    """The sitemap with its pages, and robots.txt."""

    def __init__(self, newsroom: Newsroom, pages: Pages, size: int = SIZE) -> None:
        """With so many stories on a page."""
        self._newsroom = newsroom
        self._pages = pages
        self._size = size
        self._base = newsroom.config.site.url.rstrip("/")
        self._lately = Lately(KEPT)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/robots.txt", self.robots)
        routes.add("/sitemap.xml", self.index)
        routes.add("/sitemap/pages.xml", self.pages)
        routes.add("/sitemap/stories-{cursor}.xml", self.stories)
        return routes

    async def robots(self, request: Request) -> Response:  # noqa: ARG002  all are answered alike
        """What crawlers are asked to leave alone."""
        lines = ("User-agent: *", *(f"Disallow: {path}" for path in PRIVATE), f"Sitemap: {self._base}/sitemap.xml", "")
        return PlainTextResponse("\n".join(lines), headers=CACHE)

    async def index(self, request: Request) -> Response:  # noqa: ARG002  all are answered alike
        """The pages of the sitemap."""
        stories = ((f"/sitemap/stories-{_cursor(p)}.xml", p.changed) for p in await self._all_places())
        return self._written("sitemapindex", "sitemap", (("/sitemap/pages.xml", None), *stories))

    async def pages(self, request: Request) -> Response:  # noqa: ARG002  all are answered alike
        """All public pages that are none of a story."""
        newsroom = self._newsroom
        themes = (f"/themes/{theme.code}" for theme in newsroom.rules.lexicon.themes)
        sources = (f"/sources/{source.id}" for source in newsroom.sources.values() if source.enabled)
        return self._written("urlset", "url", ((path, None) for path in (*STANDING, *themes, *sources)))

    async def stories(self, request: Request, cursor: str) -> Response:
        """The public stories of one page."""
        place = next((p for p in await self._all_places() if _cursor(p) == cursor), None)
        if place is None:
            return self._pages.problem(request, NOT_FOUND)
        newsroom = self._newsroom
        found = await newsroom.archive.listed(place.ready_at, place.story_id, self._size, newsroom.clock())
        return self._written("urlset", "url", ((f"/stories/{i}", changed) for i, changed in found))

    async def _all_places(self) -> Sequence[Place]:
        return await self._lately((), self._newsroom.clock(), lambda: self._newsroom.archive.places(self._size))

    def _written(self, root: str, kind: str, listed: Listed) -> Response:
        entries = (MAP(kind, MAP.loc(self._base + path), *_changed(at)) for path, at in listed)
        body = etree.tostring(MAP(root, *entries), xml_declaration=True, encoding="utf-8")
        return Response(body, headers=CACHE, media_type=MEDIA_TYPE)


def _cursor(place: Place) -> str:
    """A name for a page: it is the same as long as that page begins with that story."""
    return digest(f"{place.ready_at.isoformat()}\0{place.story_id}")


def _changed(at: datetime | None) -> list[etree._Element]:
    """W3C Datetime, to the second."""
    return [MAP.lastmod(at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"))] if at else []
