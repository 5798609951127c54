"""The next digest as a reader of any kind would get it. Nothing is written, and nobody is mailed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email import message_from_bytes, policy

from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import MutableHeaders, QueryParams
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch.assembly import Newsroom
from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule
from nkwatch.domain.wish import Wish
from nkwatch.editing.digests import History
from nkwatch.editing.windows import last_closing
from nkwatch.web.copies import COPY_POLICY
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import Room
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.web.languages import FALLBACK
from nkwatch.web.offers import Offers
from nkwatch.workflow.proofs import Previewed

PREVIEW, MAIL = "/desk/preview", "/desk/preview/mail"
RHYTHMS = (Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY)
#: A window is not empty.
MOMENT = timedelta(seconds=1)
#: The mail's own styles, and nothing else at all, in an origin that is nobody's.
MAIL_POLICY = f"{COPY_POLICY}; sandbox"


@dataclass(frozen=True, slots=True)
class Asked:
    """What kind of reader is meant; `had` says that alerts reached this reader."""

    choice: Choice
    had: bool


class Preview:
    """A form that asks by GET, so that a kind of reader has an address."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._newsroom = room.newsroom
        self._offers = Offers(room.newsroom, (FALLBACK, *room.newsroom.translations))

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(PREVIEW, self.preview)
        routes.page(MAIL, self.mail)
        return routes

    async def preview(self, visit: Visit) -> Response:
        """The form, and what it asks for as text."""
        asked, given = self._asked(visit.asked), "rhythm" in visit.asked
        made = await _previewed(self._newsroom, asked) if given else None
        choice = asked.choice
        values = {
            "offer": self._offers.offer(visit.language),
            "rhythms": RHYTHMS,
            "choice": choice,
            "had": asked.had,
            "made": made,
            "text": _part(self._newsroom, made, "plain") if made else "",
            "mail": f"{MAIL}?{visit.request.url.query}" if choice.edition.format is Format.HTML else "",
        }
        return visit.page("preview.html", values)

    async def mail(self, visit: Visit) -> Response:
        """The HTML of the mail alone, as a mail program shows it."""
        asked = self._asked(visit.asked)
        html = _part(self._newsroom, await _previewed(self._newsroom, asked), "html")
        if not html:
            return visit.problem(GONE)
        return HTMLResponse(html, headers={"Content-Language": asked.choice.edition.language})

    def _asked(self, given: QueryParams) -> Asked:
        """The reader who is asked about; what is none of what is offered is as if it were not given."""
        known, countries = self._offers.known, {code for code, _ in self._offers.offer(FALLBACK).countries}
        rhythm, language, country = (given.get(name, "") for name in ("rhythm", "language", "country"))
        choice = Choice(
            schedule=Schedule(Rhythm(rhythm) if rhythm in RHYTHMS else Rhythm.WEEKLY),
            edition=Edition(
                language if language in known.languages else FALLBACK,
                Format.TEXT if given.get("format") == Format.TEXT else Format.HTML,
            ),
            wishes=(Wish(themes=known.themes.intersection(given.getlist("themes"))),),
            country=country if country in countries else "",
        )
        return Asked(choice, had=given.get("had") == "yes")


async def _previewed(newsroom: Newsroom, asked: Asked) -> Previewed:
    """The digest of the window that is open, for who may have had alerts."""
    window = _open(asked.choice.schedule, newsroom.clock())
    sent = await newsroom.statements.sent_alerts() if asked.had else []
    return await newsroom.proofs.preview(asked.choice, window, History(frozenset(s.id for s in sent)))


def _open(schedule: Schedule, now: datetime) -> Window:
    """The window that is open; at the instant at which one closes, that one. All rhythms offered here have windows."""
    return Window(last_closing(schedule, now - MOMENT) or now - MOMENT, now)


def _part(newsroom: Newsroom, made: Previewed, kind: str) -> str:
    """The text or the HTML of the mail; empty where there is none."""
    if made.composition is None:
        return ""
    mail = message_from_bytes(newsroom.proofs.message(made).content, policy=policy.default)
    body = mail.get_body((kind,))
    return str(body.get_content()) if body else ""


class MailPolicy:
    """ASGI middleware around the desk's guard: a mail's page may have its own styles, and no other page may."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or scope["path"] != MAIL:
            await self._app(scope, receive, send)
            return

        async def styled(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] == 200:  # noqa: PLR2004
                MutableHeaders(scope=message)["Content-Security-Policy"] = MAIL_POLICY
            await send(message)

        await self._app(scope, receive, styled)
