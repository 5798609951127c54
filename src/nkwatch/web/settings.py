"""A reader's settings, behind a link that was mailed to the reader and works for 30 minutes.

No page shows the address. Every GET changes nothing; who is not subscribed gets what a dead link gets.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData

from nkwatch.assembly import Newsroom
from nkwatch.domain.subscriber import Standing, Subscriber
from nkwatch.web.chosen import Naming, next_digest
from nkwatch.web.export import own_data
from nkwatch.web.pages import Pages
from nkwatch.web.posted import read_form, written
from nkwatch.web.problems import DEAD_SETTINGS
from nkwatch.web.routing import Routes
from nkwatch.web.subscription import METHODS

#: Nobody can pause longer: who would, had better leave.
LONGEST_PAUSE = timedelta(days=366)
#: The newest deliveries that the export names; more than half a year of daily digests and alerts.
DELIVERIES = 1000
WRONG_DAY = "Please choose a day after today, at most a year ahead."


@dataclass(frozen=True, slots=True)
class Visit:
    """A request by a link that works, and the reader whose it is."""

    request: Request
    token: str = field(repr=False)
    reader: Subscriber

    @property
    def language(self) -> str:
        """The reader's own."""
        return self.reader.choice.edition.language

    @property
    def posted(self) -> bool:
        """Whether a button was pressed."""
        return self.request.method == "POST"


class Settings:
    """The pages of `/settings/TOKEN`."""

    def __init__(self, newsroom: Newsroom, pages: Pages, naming: Naming) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._naming = naming

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes(prefix="/settings/{token}")
        routes.add("", self.overview)
        routes.add("/pause", self.pause, methods=METHODS)
        routes.add("/data", self.data)
        routes.add("/erase", self.erase, methods=METHODS)
        return routes

    async def overview(self, request: Request, token: str) -> Response:
        """What is chosen now, when the next digest comes, and what can be done."""
        visit = await self.visit(request, token)
        return self.shown(visit) if visit else self.dead(request)

    async def pause(self, request: Request, token: str) -> Response:
        """Send nothing before a day of the reader's zone, or go on now."""
        visit = await self.visit(request, token)
        if visit is None:
            return self.dead(request)
        if not visit.posted:
            return self._pause_form(visit)
        form = await read_form(request) or FormData()
        if written(form, "step") == "go on":
            return await self._paused(visit, None)
        said = written(form, "until")
        until = first_instant(said, visit.reader.choice.schedule.zone, self._newsroom.clock())
        return await self._paused(visit, until) if until else self._pause_form(visit, said[:20], WRONG_DAY)

    async def data(self, request: Request, token: str) -> Response:
        """Everything that is kept of the reader, as a file to save."""
        visit = await self.visit(request, token)
        own = await self._newsroom.subscribers.own(visit.reader.id) if visit else None
        if own is None:
            return self.dead(request)
        site = self._newsroom.config.site
        sent = await self._newsroom.outbox.deliveries_of(own.subscriber.id, DELIVERIES)
        said = own_data(own, sent, service=site.name, contact=site.contact, now=self._newsroom.clock())
        saved = {"Content-Disposition": 'attachment; filename="my-data.json"'}
        return Response(said, headers=saved, media_type="application/json")

    async def erase(self, request: Request, token: str) -> Response:
        """Say what remains; after the button, delete everything else."""
        visit = await self.visit(request, token)
        if visit is None:
            return self.dead(request)
        if not visit.posted:
            return self.page(visit, "settings_erase.html")
        await self._newsroom.subscribe.erase(visit.reader.id)
        return self.page(visit, "settings_erased.html")

    async def visit(self, request: Request, token: str) -> Visit | None:
        """Who the link was mailed to, if it works and they are subscribed still, with the address it was mailed to."""
        keyring = self._newsroom.keyring
        subscriber_id, _, tag = (keyring.subject("settings", token, self._newsroom.clock()) or "").partition("~")
        own = await self._newsroom.subscribers.own(subscriber_id) if subscriber_id else None
        if own is None or own.standing is not Standing.CONFIRMED or not keyring.is_reply_tag(own.address, tag):
            return None
        return Visit(request, token, own.subscriber)

    def shown(self, visit: Visit, notice: str = "") -> HTMLResponse:
        """The overview, with a word on what was just done."""
        reader = visit.reader
        values = {
            "chosen": self._naming.chosen(reader.choice, self._pages.language(visit.request, visit.language)),
            "closes": next_digest(reader),
            "notice": notice,
        }
        return self.page(visit, "settings.html", values)

    def page(
        self, visit: Visit, template: str, values: Mapping[str, Any] | None = None, status: int = 200
    ) -> HTMLResponse:
        """A page of this reader's."""
        reader = visit.reader
        common = {
            "path": f"/settings/{visit.token}",
            "leave": f"/leave/{self._newsroom.keyring.token('leave', reader.id)}",
            "paused_until": reader.paused_until if reader.paused(self._newsroom.clock()) else None,
        }
        filled = {**common, **(values or {})}
        return self._pages.answer(visit.request, template, filled, status=status, language=visit.language)

    def dead(self, request: Request) -> HTMLResponse:
        """What every link that does not work gets."""
        return self._pages.problem(request, DEAD_SETTINGS)

    async def _paused(self, visit: Visit, until: datetime | None) -> HTMLResponse:
        await self._newsroom.subscribe.pause(visit.reader.id, until)
        now = await self.visit(visit.request, visit.token)
        return self.shown(now, "paused" if until else "going on") if now else self.dead(visit.request)

    def _pause_form(self, visit: Visit, value: str = "", problem: str = "") -> HTMLResponse:
        zone = visit.reader.choice.schedule.zone
        today = self._newsroom.clock().astimezone(ZoneInfo(zone)).date()
        days = {"first": today + timedelta(days=1), "last": today + LONGEST_PAUSE}
        values = {"value": value, "problem": problem, "zone": zone, **days}
        return self.page(visit, "settings_pause.html", values, 422 if problem else 200)


def first_instant(said: str, zone: str, now: datetime) -> datetime | None:
    """The beginning (UTC) in `zone` of a day after today, at most a year ahead; None for anything else."""
    place = ZoneInfo(zone)
    try:
        day = date.fromisoformat(said.strip())
    except ValueError:
        return None
    today = now.astimezone(place).date()
    if not today < day <= today + LONGEST_PAUSE:
        return None
    return datetime.combine(day, time(), place).astimezone(UTC)
