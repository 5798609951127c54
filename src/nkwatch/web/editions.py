"""The archive of what was told: standard editions of digests, and alerts. No reader's digest is among them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.bulletin import Window
from nkwatch.domain.desk import Marks
from nkwatch.domain.edition import Listed, SentAlert, StandardEdition, Version, amended_since, in_language
from nkwatch.domain.story import Story
from nkwatch.mail.claims import DIGITS
from nkwatch.store.editions import EditionStore
from nkwatch.web.asking import whole
from nkwatch.web.copies import Copies, Shown
from nkwatch.web.languages import FALLBACK
from nkwatch.web.news import SHORTLY
from nkwatch.web.pages import Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.views import card, said

#: Bulletins on a page of the list.
PAGE = 30


@dataclass(frozen=True, slots=True)
class Line:
    """A bulletin in the list. `title` is a digest's subject, or that of the story of an alert, in its `language`.

    It is empty where the story may not be shown any more. `window` is that of an edition, None of an alert; `follows`
    the number of the alert that an alert updates, or 0.
    """

    number: int
    path: str
    date: datetime
    title: str
    language: str
    rhythm: str = ""
    window: Window | None = None
    follows: int = 0
    withdrawn: bool = False
    corrected: bool = False


class EditionPages:
    """The list of editions and alerts, and a page of each."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._editions = EditionStore(newsroom.database)
        self._copies = Copies(newsroom, pages)
        self._themes = newsroom.rules.lexicon.by_code

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/editions", self.all)
        routes.add("/editions/{number}", self.edition)
        routes.add("/alerts/{number}", self.alert)
        return routes

    async def all(self, request: Request) -> Response:
        """Editions and alerts, the newest first; `?before=` a number goes on behind it."""
        asked = request.query_params.get("before", "")
        before = number_of(asked)
        if asked and before is None:
            return self._pages.problem(request, NOT_FOUND)
        found = await self._editions.listed(before, PAGE + 1)
        lines = await self.lines(found[:PAGE], self._pages.language(request))
        values = {"lines": lines, "before": before, "next": lines[-1].number if len(found) > PAGE else None}
        return self._pages.answer(request, "editions.html", values, headers=SHORTLY)

    async def edition(self, request: Request, number: str) -> Response:
        """One edition, in the language of the page where there is a version in it."""
        wanted = number_of(number)
        found = await self._editions.edition(wanted) if wanted else None
        return await self._bulletin(request, found)

    async def alert(self, request: Request, number: str) -> Response:
        """One alert, as `edition`."""
        wanted = number_of(number)
        found = await self._editions.alert(wanted) if wanted else None
        return await self._bulletin(request, found)

    async def lines(self, found: Sequence[Listed], language: str) -> list[Line]:
        """What a list tells of these bulletins to readers of `language`."""
        versions = {one.number: in_language(one.versions, language, FALLBACK) for one in found}
        told = {number: v.stories for number, v in versions.items() if v}
        leads = {one.story_id if isinstance(one, SentAlert) else told.get(one.number, ("",))[0] for one in found}
        stories = await self._copies.public(sorted(leads - {""}))
        marks = await self._editions.marks(i for ids in told.values() for i in ids)
        lines = [_line(one, versions[one.number], stories, marks, language) for one in found]
        amended = await self._editions.amended([line.number for line in lines if line.window])
        return [replace(line, corrected=line.corrected or line.number in amended) for line in lines]

    async def _bulletin(self, request: Request, found: Listed | None) -> Response:
        language = self._pages.language(request)
        if found is None:
            return self._pages.problem(request, NOT_FOUND)
        (line,) = await self.lines([found], language)
        version = in_language(found.versions, language, FALLBACK)
        shown = await self._copies.shown(version.composition_id) if version else None
        stories = [*(await self._copies.public([found.story_id] if isinstance(found, SentAlert) else [])).values()]
        if isinstance(found, SentAlert) and not stories:
            return self._pages.problem(request, NOT_FOUND)
        before, behind = await self._editions.beside(found)
        values = {
            "line": line, "found": found, "version": version, "shown": shown, "before": before, "behind": behind,
            "story": card(stories[0], self._themes, language) if stories else None,
            "fingerprint": _fingerprint(version, shown), "redacted": _redacted(version, shown),
        }  # fmt: skip
        return self._pages.answer(request, "edition.html", values, headers=SHORTLY)


def number_of(text: str) -> int | None:
    """The number of a bulletin in an address; None for what is none."""
    return whole(text, DIGITS) or None


def _line(
    one: Listed, version: Version | None, stories: Mapping[str, Story], marks: Mapping[str, Marks], language: str
) -> Line:
    told = [marks[i] for i in (version.stories if version else ()) if i in marks]
    since = [m for m in told if amended_since(m.correction, one.date, withdrawn=m.withdrawn)]
    withdrawn, corrected = any(m.withdrawn for m in since), any(not m.withdrawn for m in since)
    if isinstance(one, StandardEdition):
        shown = version and version.stories and version.stories[0] in stories
        title, spoken = (version.subject, version.language) if version and shown else ("", "")
        path, rhythm = f"/editions/{one.number}", one.rhythm.value
        return Line(
            one.number, path, one.date, title, spoken, rhythm, one.window, withdrawn=withdrawn, corrected=corrected
        )
    lead = stories[one.story_id].lead_in(language) if one.story_id in stories else None
    opening = said(lead.statement, 0, lead.by) if lead else None
    title, spoken = (opening.title, opening.language) if opening else ("", "")
    path = f"/alerts/{one.number}"
    return Line(
        one.number, path, one.date, title, spoken, follows=one.follows, withdrawn=withdrawn, corrected=corrected
    )


def _fingerprint(version: Version | None, shown: Shown | None) -> str:
    """The hash of what was sent; of an alert, of what is kept of it."""
    if version and version.fingerprint:
        return version.fingerprint
    return shown.composition.fingerprint if shown else ""


def _redacted(version: Version | None, shown: Shown | None) -> bool:
    """Whether what is kept is not what was made: something was taken out of it."""
    return bool(version and shown and version.fingerprint not in {"", shown.composition.fingerprint})
