"""What the links in our mails lead to. Opening one changes nothing, because mail scanners open links; the button does.

The one exception is the request that mail programs send for a reader (RFC 8058): it too is a POST.
"""

from fastapi import Request
from fastapi.responses import PlainTextResponse, Response
from starlette.exceptions import HTTPException

from nkwatch.assembly import Newsroom
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.subscriber import Standing, move_named
from nkwatch.web.chosen import Naming, next_digest
from nkwatch.web.pages import Pages
from nkwatch.web.problems import DEAD_CONFIRMATION, DEAD_LEAVING, DEAD_MANAGING, DEAD_MOVE
from nkwatch.web.routing import Routes

#: Recorded with the consent; counts up whenever the words of the page change their meaning.
WORDING = "confirmation page, wording 2"
METHODS = ["GET", "HEAD", "POST"]


class Subscriptions:
    """A subscriber's pages, reached by the links in our mails."""

    def __init__(self, newsroom: Newsroom, pages: Pages, naming: Naming) -> None:
        self._newsroom = newsroom
        self._pages = pages
        self._naming = naming

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/confirm/{token}", self.confirm, methods=METHODS)
        routes.add("/leave/{token}", self.leave, methods=METHODS)
        routes.add("/manage/{token}", self.manage, methods=METHODS)
        routes.add("/move/old/{token}", self.move_old, methods=METHODS)
        routes.add("/move/new/{token}", self.move_new, methods=METHODS)
        return routes

    async def confirm(self, request: Request, token: str) -> Response:
        """Show what will be sent; after the button, say when the first digest comes."""
        subscriber_id = self._subject("confirm", token)
        if subscriber_id and request.method == "POST":
            await self._newsroom.subscribe.confirm(subscriber_id, WORDING)
        found = await self._newsroom.subscribers.find(subscriber_id) if subscriber_id else None
        if found is None or found[1] is Standing.ENDED:
            return self._pages.problem(request, DEAD_CONFIRMATION)
        subscriber, standing = found
        own = subscriber.choice.edition.language
        chosen = self._naming.chosen(subscriber.choice, self._pages.language(request, own))
        values = {"chosen": chosen, "closes": next_digest(subscriber)}
        template = "confirmed.html" if standing is Standing.CONFIRMED else "confirm.html"
        return self._pages.answer(request, template, values, language=own)

    async def leave(self, request: Request, token: str) -> Response:
        """Ask once, by a button; end the subscription on any POST. The answer is the same however often."""
        subscriber_id = self._subject("leave", token)
        if subscriber_id is None:
            return self._pages.problem(request, DEAD_LEAVING)
        if request.method == "POST" and await _is_one_click(request):
            await self._newsroom.subscribe.leave(subscriber_id, "left by one click")
            return PlainTextResponse("You have left this list.\n")  # nobody looks at it
        language = await self._language(subscriber_id)
        if request.method != "POST":
            return self._pages.answer(request, "leave.html", language=language)
        await self._newsroom.subscribe.leave(subscriber_id, "left by page")
        return self._pages.answer(request, "left.html", language=language)

    async def manage(self, request: Request, token: str) -> Response:
        """Mail a link to the settings, after a button. Who got a forwarded mail learns nothing of its reader.

        So not even the language of the page is the reader's.
        """
        subscriber_id = self._subject("manage", token)
        if subscriber_id is None:
            return self._pages.problem(request, DEAD_MANAGING)
        if request.method != "POST":
            return self._pages.answer(request, "manage.html")
        await self._newsroom.subscribe.ask_settings(subscriber_id)
        return self._pages.answer(request, "manage_asked.html")

    async def move_old(self, request: Request, token: str) -> Response:
        """Confirm a change of address from the old one."""
        return await self._move(request, token, BulletinKind.MOVE_OLD)

    async def move_new(self, request: Request, token: str) -> Response:
        """Confirm a change of address from the new one."""
        return await self._move(request, token, BulletinKind.MOVE_NEW)

    async def _move(self, request: Request, token: str, side: BulletinKind) -> Response:
        asked = move_named(self._subject(side.value, token) or "")
        if asked is None:
            return self._pages.problem(request, DEAD_MOVE)
        language = await self._language(asked[0])
        if request.method != "POST":
            return self._pages.answer(request, "move.html", {"side": side}, language=language)
        # where somebody else has the new address the change is complete, and did not take place: nobody is told
        move = await self._newsroom.subscribers.confirm_move(asked[0], side, asked[1])
        if move is None:
            return self._pages.problem(request, DEAD_MOVE, language=language)
        values = {"side": side, "complete": move.complete}
        return self._pages.answer(request, "moved.html", values, language=language)

    def _subject(self, purpose: str, token: str) -> str | None:
        """Whom the token was made for; None for one that is forged, expired, or made for something else."""
        return self._newsroom.keyring.subject(purpose, token, self._newsroom.clock())

    async def _language(self, subscriber_id: str) -> str:
        """The subscriber's own language; empty for one who is gone."""
        found = await self._newsroom.subscribers.find(subscriber_id)
        return found[0].choice.edition.language if found else ""


async def _is_one_click(request: Request) -> bool:
    """Whether a mail program asks on behalf of its user (RFC 8058, 3.2): urlencoded or multipart."""
    try:
        async with request.form(max_files=1, max_fields=10) as form:
            return form.get("List-Unsubscribe") == "One-Click"
    except (HTTPException, ValueError):
        # whoever holds the link may leave, whatever else stands in the body, and in whatever encoding it claims to be
        return False
