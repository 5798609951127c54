"""Another choice, another address: the pages of `/settings/TOKEN` that have more than a button."""

from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from nkwatch.assembly import Newsroom
from nkwatch.domain.subscriber import Choice
from nkwatch.web.forms import Filled, read_choice
from nkwatch.web.limits import Rarely
from nkwatch.web.offers import Offers
from nkwatch.web.outlook import Outlooks
from nkwatch.web.pages import Pages
from nkwatch.web.posted import check_address, read_form, written, written_address
from nkwatch.web.problems import BAD_REQUEST, CROWDED, TOO_OFTEN
from nkwatch.web.routing import Routes
from nkwatch.web.settings import Settings, Visit
from nkwatch.web.subscription import METHODS
from nkwatch.web.values import Values

#: Each change of address writes to an address that may be anybody's: so many of one reader, and so many to one address.
MOVES, MOVES_IN = 3, timedelta(days=1)


class Choosing:
    """Forms for who came by a link to the settings."""

    def __init__(
        self, newsroom: Newsroom, pages: Pages, settings: Settings, offers: Offers, outlooks: Outlooks
    ) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._settings = settings
        self._offers = offers
        self._outlooks = outlooks
        self._moves = Rarely(newsroom.clock, MOVES, MOVES_IN)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes(prefix="/settings/{token}")
        routes.add("/choice", self.choice, methods=METHODS)
        routes.add("/address", self.address, methods=METHODS)
        return routes

    async def choice(self, request: Request, token: str) -> Response:
        """The whole choice: change it, see what that would have brought, save it. The button says which."""
        visit = await self._settings.visit(request, token)
        if visit is None:
            return self._settings.dead(request)
        if not visit.posted:
            return self._form(visit, Values.of(visit.reader.choice))
        form = await read_form(request)
        if form is None:
            return self._pages.problem(request, BAD_REQUEST, language=visit.language)
        return await self._step(visit, form)

    async def address(self, request: Request, token: str) -> Response:
        """Ask both addresses; the answer is the same whether the new one is free, taken or suppressed."""
        visit = await self._settings.visit(request, token)
        if visit is None:
            return self._settings.dead(request)
        if not visit.posted:
            return self._settings.page(visit, "settings_address.html", {"value": "", "problem": ""})
        checked = check_address(written_address(await read_form(request) or FormData()))
        if checked.problem:
            values = {"value": checked.address, "problem": checked.problem}
            return self._settings.page(visit, "settings_address.html", values, HTTPStatus.UNPROCESSABLE_ENTITY)
        target = self._newsroom.keyring.lookup(checked.address).hex()
        if not self._moves.passes(visit.reader.id) or not self._moves.passes(target):
            return self._pages.problem(request, TOO_OFTEN, language=visit.language)
        await self._newsroom.subscribe.ask_move(visit.reader.id, checked.address)
        return self._settings.page(visit, "settings_address_asked.html")

    async def _step(self, visit: Visit, form: FormData) -> Response:
        known = self._offers.known.besides(visit.reader.choice)
        filled, step = read_choice(form, known), written(form, "step")
        if values := filled.values.within(known).reshaped(step):
            return self._form(visit, values)
        return await self._go_on(visit, filled, save=step == "save")

    async def _go_on(self, visit: Visit, filled: Filled, *, save: bool) -> Response:
        """To the page that says what a choice brings, and from there into the roll."""
        if filled.choice is None:
            return self._form(visit, filled.values, filled.problems)
        if not save:
            return await self._outlook(visit, filled.choice)
        await self._newsroom.subscribe.choose(visit.reader.id, filled.choice)
        now = await self._settings.visit(visit.request, visit.token)
        return self._settings.shown(now, "chosen") if now else self._settings.dead(visit.request)

    def _form(self, visit: Visit, values: Values, problems: Mapping[str, str] | None = None) -> Response:
        offer = self._offers.offer(self._pages.language(visit.request, visit.language))
        shown = {"values": values, "problems": problems or {}, "offer": offer}
        status = HTTPStatus.UNPROCESSABLE_ENTITY if problems else HTTPStatus.OK
        return self._settings.page(visit, "settings_choice.html", shown, status)

    async def _outlook(self, visit: Visit, choice: Choice) -> Response:
        values = await self._outlooks.values(choice, self._pages.language(visit.request, visit.language))
        if values is None:
            return self._pages.problem(visit.request, CROWDED, language=visit.language)
        return self._settings.page(visit, "settings_outlook.html", values)
