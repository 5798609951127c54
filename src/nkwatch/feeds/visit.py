"""Fetches the page of one statement: to read its whole text, or to see whether it is still there."""

from collections.abc import Callable
from datetime import datetime
from http import HTTPStatus

from nkwatch.domain.errand import Absent, Brought, Errand, Purpose, Unavailable, Visited
from nkwatch.domain.source import Source, host_of
from nkwatch.domain.statement import Article
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.fetch import document, forbidden, refused, snapshot
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.workers import Workers
from nkwatch.net import Answer, Robots, Unreached, Web

ACCEPT = {"Accept": PAGE.accept}
#: The publisher's own word that the page is no more.
ABSENT = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def read_article(document: Document, source: Source) -> Article | Unreadable:
    """The article on a page, or why there is none. To be run in a worker."""
    # the extractor costs a fifth of a second and 40 MB to load: workers have it, nobody else needs it
    from nkwatch.feeds import articles  # noqa: PLC0415

    return articles.read_article(document, source)


class PageVisitor:
    """Asks for pages over `web`, as `robots` allow, and reads them in `workers`."""

    def __init__(self, web: Web, workers: Workers, robots: Robots, clock: Callable[[], datetime]) -> None:
        self._web = web
        self._workers = workers
        self._robots = robots
        self._clock = clock

    async def visit(self, errand: Errand, source: Source) -> Visited:
        """Fetch the page of `errand`; whatever goes wrong is `Unavailable`."""
        if no := await forbidden(self._robots, errand.url):
            return Unavailable(no.reason)
        answer = await self._web.get(errand.url, ACCEPT)
        match answer:
            case Unreached(reason):
                return Unavailable(reason)
            case Answer(status=status) if status in ABSENT:
                return Absent()
            case Answer(status=HTTPStatus.OK):
                return await self._brought(errand, source, answer)
            case _:
                failed = refused(answer, self._clock())
                return Unavailable(failed.reason, failed.retry_after)

    async def _brought(self, errand: Errand, source: Source, answer: Answer) -> Visited:
        if not source.covers(answer.url):
            # somebody else's page is no word of this source, nor does it say that the statement is still there
            return Unavailable(f"The page leads to {host_of(answer.url)}, which is none of the source's domains.")
        if errand.purpose is Purpose.PRESENCE:
            return Brought()
        article = await self._workers.run(read_article, document(answer), source)
        kept = snapshot(answer, self._clock())
        return Brought(article if isinstance(article, Article) else None, kept)
