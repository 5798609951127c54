"""The pages of cases that editors keep open. One that is closed answers like one that never was."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.casepage import CasePage, CaseWords, Extent
from nkwatch.domain.story import Report
from nkwatch.mail.views import plain, tag
from nkwatch.web.asking import whole
from nkwatch.web.news import SHORTLY
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.reports import Told, told
from nkwatch.web.routing import Routes
from nkwatch.web.views import Themes

#: Statements on a page, and what is asked that is told above them.
PAGE, ASKS = 20, 8
#: Pages that may be asked for.
LAST = 999


@dataclass(frozen=True, slots=True)
class CaseCard:
    """A case in the list, and what stands above its own page: an editor's words, in the language they are in."""

    id: str
    heading: str
    text: str
    language: str
    editor: str
    at: datetime
    statements: int
    since: datetime
    newest: datetime

    @classmethod
    def of(cls, page: CasePage, extent: Extent, language: str) -> "CaseCard":
        """The case for readers of `language`."""
        words: CaseWords = page.told_in(language)
        return cls(
            page.id,
            plain(words.heading),
            plain(words.text, lines=True),
            tag(words.language),
            plain(words.editor),
            words.at,
            extent.statements,
            extent.since,
            extent.newest,
        )


@dataclass(frozen=True, slots=True)
class Naming:
    """A statement that names the case, and its story."""

    story_id: str
    report: Told


@dataclass(frozen=True, slots=True)
class Demand:
    """What one of these statements asks for."""

    what: str
    addressee: str
    until: str
    naming: Naming


class CasePages:
    """The list, and a page of each."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._themes = newsroom.rules.lexicon.by_code

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/cases", self.all)
        routes.add("/cases/{page_id}", self.case)
        return routes

    async def all(self, request: Request) -> Response:
        """The open pages."""
        language = self._pages.language(request)
        found = await self._newsroom.cases.pages(self._newsroom.clock())
        cases = [CaseCard.of(page, extent, language) for page, extent in found if extent]
        return self._pages.answer(request, "cases.html", {"cases": cases}, headers=SHORTLY)

    async def case(self, request: Request, page_id: str) -> Response:
        """One case: an editor's words, and the public statements that name it, the newest first."""
        now, number = self._newsroom.clock(), _number(request.query_params.get("page", "1"))
        found = await self._newsroom.cases.find(page_id, now) if number else None
        if found is None:
            return self._pages.problem(request, NOT_FOUND)
        page, extent = found
        reports = await self._newsroom.cases.reports(page, now, skip=(number - 1) * PAGE, limit=PAGE)
        if not reports:
            return self._pages.problem(request, NOT_FOUND)
        language = self._pages.language(request)
        named = tuple(_named(reports, self._themes, language))
        values = {
            "case": CaseCard.of(page, extent, language),
            "named_in": named,
            "demands": tuple(_demands(named))[:ASKS],
            "number": number,
            "last": -(-extent.statements // PAGE),
        }
        return self._pages.answer(request, "case.html", values, headers=SHORTLY)


def _number(text: str) -> int:
    """The number of a page; 0 for what is none."""
    return whole(text, len(str(LAST))) or 0


def _named(reports: Iterable[tuple[str, Report]], themes: Themes, language: str) -> Iterator[Naming]:
    return (Naming(story_id, told(report, themes, language)) for story_id, report in reports)


def _demands(named: Iterable[Naming]) -> Iterator[Demand]:
    """What is asked, each once: several statements of one story mostly say the same."""
    seen: set[str] = set()
    for one in named:
        for ask in one.report.asks:
            if ask.what not in seen:
                seen.add(ask.what)
                yield Demand(ask.what, ask.addressee, ask.by, one)
