"""The copy of a digest or alert that may be passed on: what everybody got, and nothing of one reader's own.

What editors took back or corrected since stands above it; stories that may not be shown any more are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fastapi import Request
from fastapi.responses import HTMLResponse, Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.edition import Amendment, Version, amended_since
from nkwatch.domain.story import Story
from nkwatch.mail.copies import shared_html, shared_text
from nkwatch.store.editions import EditionStore
from nkwatch.store.published import content
from nkwatch.web.languages import FALLBACK
from nkwatch.web.pages import Frame, Pages
from nkwatch.web.problems import NOT_FOUND
from nkwatch.web.routing import Routes
from nkwatch.web.views import Remark, said

#: A mail's own styles stand in it; nothing else of it is loaded or run.
COPY_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
#: For who has the address only. Five minutes: what an editor takes back is soon gone.
HEADERS = {"X-Robots-Tag": "noindex", "Cache-Control": "private, max-age=300"}


@dataclass(frozen=True, slots=True)
class Amended:
    """A story in which something was wrong; `remark` is what editors say of it."""

    story_id: str
    title: str
    language: str
    withdrawn: bool
    remark: Remark | None


@dataclass(frozen=True, slots=True)
class Told:
    """A correction of a bulletin; `remark` is what it says, where it is kept apart from its mails."""

    number: int
    date: datetime
    versions: tuple[Version, ...]
    remark: Remark | None

    @classmethod
    def of(cls, one: Amendment, language: str) -> "Told":
        """As readers of `language` see it."""
        return cls(one.number, one.date, one.versions, Remark.of(one.note, language))


@dataclass(frozen=True, slots=True)
class Since:
    """What became of a bulletin after it was sent: stories amended, corrections of it, and stories that are `gone`.

    `gone` are the ids of those that may not be shown any more.
    """

    amended: tuple[Amended, ...] = ()
    amendments: tuple[Told, ...] = ()
    gone: frozenset[str] = frozenset()

    @property
    def anything(self) -> bool:
        """Whether readers are to be told of it."""
        return bool(self.amended or self.amendments or self.gone)


@dataclass(frozen=True, slots=True)
class Shown:
    """What may be shown of a bulletin in one language; `html` is false where only its text may be.

    Without a `subject` it opened with a story that is gone.
    """

    composition: Composition
    number: int
    since: Since
    subject: str
    text: str
    html: bool


class Copies:
    """Digests and alerts as they were sent. No page lists those of readers, and personal mails are none."""

    def __init__(self, newsroom: Newsroom, pages: Pages) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._editions = EditionStore(newsroom.database)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/mails/{composition_id}", self.copy)
        return routes

    async def copy(self, request: Request, composition_id: str) -> Response:
        """The mail's own HTML, or its text on a page of ours where it has no other."""
        shown = await self.shown(composition_id)
        if shown is None:
            return self._pages.problem(request, NOT_FOUND)
        spoken = shown.composition.language
        if shown.html:
            own = {"Content-Security-Policy": COPY_POLICY, "Content-Language": spoken}
            page = shared_html(shown.composition, shown.since.gone, self._banner(shown))
            return HTMLResponse(page, headers={**HEADERS, **own})
        values = {"subject": shown.subject, "text": shown.text, "number": shown.number, "since": shown.since}
        return self._pages.answer(request, "copy.html", values, language=spoken, headers=HEADERS)

    async def shown(self, composition_id: str) -> Shown | None:
        """What may be shown now of the content with this id; None for what is none, and an alert whose story is gone.

        Read anew each time: what is redacted is gone at once.
        """
        found = await content(self._newsroom.database, composition_id)
        if found is None:
            return None
        composition, number = found
        since = await self._since(composition, number)
        gone = since.gone
        if gone and composition.kind is not BulletinKind.DIGEST:
            return None
        opens = not gone or composition.stories[0] not in gone
        html = bool(composition.html) and opens
        subject = composition.subject if opens else ""
        return Shown(composition, number, since, subject, shared_text(composition, gone), html)

    async def _since(self, composition: Composition, number: int) -> Since:
        date = await self._editions.date(number)
        if date is None or composition.kind.corrects:
            return Since()
        stories = await self.public(composition.stories)
        each = {s.id: s for s in stories.values()}.values()
        amended = (one for s in each if (one := amended_by(s, date, composition.language)))
        return Since(
            tuple(amended),
            tuple(Told.of(one, composition.language) for one in await self._editions.amendments(number)),
            frozenset(i for i in composition.stories if i not in stories),
        )

    async def public(self, story_ids: Sequence[str]) -> dict[str, Story]:
        """Those of these stories that may be shown now, with the reports that may be, by the id each was told under."""
        now = self._newsroom.clock()
        found = await self._newsroom.statements.named(story_ids) if story_ids else {}
        return {i: part for i, s in found.items() if (part := s.shown(now))}

    def _banner(self, shown: Shown) -> str:
        """What stands above a mail's own page, in the mail's language."""
        if not shown.since.anything:
            return ""
        spoken = shown.composition.language
        frame = Frame(spoken if spoken in self._pages.locales else FALLBACK, "")
        return self._pages.render("since_mail.html", frame, {"since": shown.since})


def amended_by(story: Story, date: datetime, language: str) -> Amended | None:
    """What editors said of a story after a bulletin of this date; None where that is nothing."""
    marks = story.marks
    if not amended_since(marks.correction, date, withdrawn=marks.withdrawn):
        return None
    lead = story.lead_in(language)
    told = said(lead.statement, 0, lead.by)
    return Amended(story.id, told.title, told.language, marks.withdrawn, Remark.of(marks.correction, language))
