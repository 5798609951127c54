"""Citations: of a story with all its public reports, and of what a search finds."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.citation import Citation, bibtex, kind_of, ris
from nkwatch.domain.source import Role
from nkwatch.domain.story import Report, Story
from nkwatch.mail.views import address
from nkwatch.reading.symbols import symbols
from nkwatch.store.captures import Captured, captured
from nkwatch.web.asking import Known, read_query
from nkwatch.web.channel import clean
from nkwatch.web.feeds import misread
from nkwatch.web.news import SHORTLY, onward, shown
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.views import SHORT, said

#: Citations of a search at most.
MOST = 200
#: Whose words a report is in; others write about reports and speeches.
_PRIMARY = frozenset({Role.STATEMENT, Role.REPRINT})


def csl_json(citations: Iterable[Citation]) -> str:
    """A list of items in CSL-JSON."""
    return json.dumps([c.csl() for c in citations], ensure_ascii=False, indent=1) + "\n"


@dataclass(frozen=True, slots=True)
class Style:
    """How citations are written, and as what they are sent."""

    write: Callable[[Iterable[Citation]], str]
    media_type: str


STYLES = {
    "csl.json": Style(csl_json, "application/vnd.citationstyles.csl+json"),
    "ris": Style(ris, "application/x-research-info-systems; charset=utf-8"),
    "bib": Style(bibtex, "application/x-bibtex; charset=utf-8"),
}


@dataclass(frozen=True, slots=True)
class Archive:
    """Who keeps what is cited: the name of the site, and its address."""

    name: str
    site: str

    def citation(self, report: Report, story_id: str, proof: Captured | None = None) -> Citation:
        """How a report of a story is cited."""
        statement = report.statement
        told = said(statement, SHORT, report.by)
        original = address(statement.url, trusted=report.link)
        title, primary = clean(told.title), report.role in _PRIMARY
        return Citation(
            # the id of a statement is its own for ever, whoever is found to have written it
            key=f"nkwatch-{statement.id}",
            title=title,
            author=clean(told.by.text),
            issued=statement.published.astimezone(UTC).date(),
            place=f"{self.site}/stories/{story_id}",
            archive=clean(self.name),
            kind=kind_of(title if primary else "", document=primary and bool(symbols(title))),
            container=clean(told.via.text) if told.via else "",
            circa=statement.published_estimated,
            accessed=(proof.at if proof else statement.first_seen).astimezone(UTC).date(),
            url=original.url if original.linked else "",
            language=told.language,
            sha256=proof.sha256 if proof else "",
        )


def archive_of(newsroom: Newsroom) -> Archive:
    """The archive that this newsroom keeps."""
    site = newsroom.config.site
    return Archive(site.name, site.url.rstrip("/"))


def citations_of(story: Story, archive: Archive, proofs: Mapping[str, Captured]) -> list[Citation]:
    """How the reports of a story are cited, the one that leads first."""
    return [archive.citation(r, story.id, proofs.get(r.statement.id)) for r in (story.lead, *story.others)]


class Citing:
    """Files of citations. Its routes go before those of stories: an ending belongs to no id."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._archive = archive_of(newsroom)
        self._known = Known(newsroom.rules.lexicon.by_code, newsroom.sources)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        for ending in STYLES:
            routes.add(f"/stories/{{story_id}}.{ending}", self.story)
            routes.add(f"/search.{ending}", self.search)
        return routes

    async def story(self, request: Request, story_id: str) -> Response:
        """All public reports of one story, the one that leads first."""
        story = await shown(self._newsroom, story_id)
        if story is None:
            return self._pages.problem(request, NOT_FOUND)
        if story.id != story_id:
            return onward(f"/stories/{story.id}.{_ending(request)}")
        proofs = await self._proofs(story.reports)
        return self._answer(request, f"nkwatch-{story.id}", citations_of(story, self._archive, proofs))

    async def search(self, request: Request) -> Response:
        """The newest statements that a search finds, `MOST` at most."""
        query, mistakes = read_query(request.query_params, self._known)
        if mistakes:
            return self._pages.problem(request, misread(mistakes, self._pages.locales[self._pages.language(request)]))
        found = (await self._newsroom.search.newest(query, self._newsroom.clock(), MOST)).hits
        proofs = await self._proofs([hit.report for hit in found])
        citations = [self._archive.citation(h.report, h.story_id, proofs.get(h.report.statement.id)) for h in found]
        return self._answer(request, "nkwatch", citations)

    async def _proofs(self, reports: Sequence[Report]) -> Mapping[str, Captured]:
        ids = [r.statement.id for r in reports]
        return await self._newsroom.database.read(lambda c: captured(c, ids))

    def _answer(self, request: Request, name: str, citations: Sequence[Citation]) -> Response:
        ending = _ending(request)
        style = STYLES[ending]
        headers = {"Content-Disposition": f'attachment; filename="{name}.{ending}"', **SHORTLY}
        return Response(style.write(citations), headers=headers, media_type=style.media_type)


def _ending(request: Request) -> str:
    return next(e for e in STYLES if request.url.path.endswith(f".{e}"))
