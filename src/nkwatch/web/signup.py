"""How readers subscribe on the site: choose, see what that would have brought, and be asked to confirm by mail.

The way has no memory on the server: each page carries the choice on. Whoever joins gets the same answer, after the
same work, whether the address is new, known or suppressed.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from fastapi import Request
from fastapi.responses import Response

from nkwatch.assembly import Newsroom
from nkwatch.domain.subscriber import Choice, SignUp
from nkwatch.web.forms import Filled, read_choice
from nkwatch.web.limits import Gate
from nkwatch.web.news import SHORTLY
from nkwatch.web.offers import Offers, usual_zone
from nkwatch.web.outlook import Outlooks
from nkwatch.web.pages import Pages
from nkwatch.web.posted import check_address, read_form, written, written_address
from nkwatch.web.problems import BAD_REQUEST, CLOSED, CROWDED
from nkwatch.web.routing import Routes
from nkwatch.web.values import Values


class SignUps:
    """The pages of `/subscribe`."""

    def __init__(self, newsroom: Newsroom, pages: Pages, offers: Offers, outlooks: Outlooks) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._offers = offers
        self._gate = Gate(newsroom.config.signup, newsroom.clock, newsroom.subscribers)
        self._outlooks = outlooks
        self._one_by_one = asyncio.Lock()

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/subscribe", self.form)
        routes.add("/subscribe", self.step, methods=["POST"])
        return routes

    async def form(self, request: Request) -> Response:
        """The form as everybody finds it."""
        language = self._pages.language(request)
        return self._form(request, Values(zone=usual_zone(language), language=language), headers=SHORTLY)

    async def step(self, request: Request) -> Response:
        """Go one step on or back; the button says which."""
        if self._gate.closed:
            return self._pages.problem(request, CLOSED)
        form = await read_form(request)
        if form is None:
            return self._pages.problem(request, BAD_REQUEST)
        step, address, known = written(form, "step"), written_address(form), self._offers.known
        filled = read_choice(form, known)
        if values := filled.values.within(known).reshaped(step):
            return self._form(request, values, address)
        return await self._go_on(request, filled, address, join=step == "join")

    async def _go_on(self, request: Request, filled: Filled, address: str, *, join: bool) -> Response:
        """To the page that says what a choice brings, and from there into the roll."""
        checked = check_address(address)
        problems = {**filled.problems, **({"address": checked.problem} if checked.problem else {})}
        if filled.choice is None or problems:
            return self._form(request, filled.values, checked.address, problems)
        host = request.client.host if request.client else ""
        if join:
            return await self._join(request, host, SignUp(checked.address, filled.choice))
        if again := self._gate.look(host):
            return self._later(request, again)
        return await self._outlook(request, filled.choice, checked.address)

    async def _join(self, request: Request, host: str, sign_up: SignUp) -> Response:
        # one after the other: the limit of a domain counts who has joined, and not who is about to
        async with self._one_by_one:
            if again := await self._gate.join(host, sign_up.address):
                return self._later(request, again)
            await self._newsroom.subscribe.join(sign_up)
        return self._pages.answer(request, "subscribe_asked.html")

    def _form(
        self,
        request: Request,
        values: Values,
        address: str = "",
        problems: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        language = self._pages.language(request)
        shown: dict[str, Any] = {
            "closed": self._gate.closed,
            "address": address,
            "values": values,
            "problems": problems or {},
            "offer": self._offers.offer(language),
        }
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return self._pages.answer(request, "subscribe.html", shown, status=status, headers=headers)

    async def _outlook(self, request: Request, choice: Choice, address: str) -> Response:
        values = await self._outlooks.values(choice, self._pages.language(request))
        if values is None:
            return self._pages.problem(request, CROWDED)
        return self._pages.answer(request, "subscribe_outlook.html", {**values, "address": address})

    def _later(self, request: Request, again: datetime) -> Response:
        """The same for everybody: it says nothing of the address."""
        wait = max(1, round((again - self._newsroom.clock()).total_seconds()))
        return self._pages.answer(
            request,
            "subscribe_later.html",
            {"again": again},
            status=HTTPStatus.TOO_MANY_REQUESTS,
            headers={"Retry-After": str(wait)},
        )
