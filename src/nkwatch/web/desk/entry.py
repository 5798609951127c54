"""Signing in and out, and how an editor comes to a passkey."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response

from nkwatch import logs
from nkwatch.assembly.editors import new_secret
from nkwatch.domain.passkey import Act, Passkey, Session, same_name
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten
from nkwatch.web.desk.problems import DEAD_LINK, NO_FORM, NO_SUCH_KEY, NOT_KEPT, TOO_OFTEN
from nkwatch.web.desk.room import FRONT, SIGN_IN, Room
from nkwatch.web.desk.touch import Touches
from nkwatch.web.limits import Rarely, network_of
from nkwatch.web.posted import written
from nkwatch.web.routing import Routes

#: What tasks are called that mail something.
MAILING = "desk link"
#: How often links may be asked for in an hour: from one network, and for one name or address.
PER_NETWORK, PER_NAME = 20, 4
#: Letters of a name or address that are looked at; columns of what an editor calls a key.
LONGEST_SAID, LABEL = 254, 40


class Entry:
    """The doors of the desk. Whoever asks for a link gets the same answer, at once, whether there is such an editor."""

    def __init__(self, room: Room, touches: Touches) -> None:
        self._room = room
        self._touches = touches
        self._editors = room.newsroom.editors
        self._clock = room.newsroom.clock
        hour = timedelta(hours=1)
        self._networks, self._names = Rarely(self._clock, PER_NETWORK, hour), Rarely(self._clock, PER_NAME, hour)
        self._under_way: set[asyncio.Task[None]] = set()

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/desk/sign-in", self.sign_in)
        routes.add("/desk/sign-in", self.enter, methods=["POST"])
        routes.add("/desk/sign-out", self.leave, methods=["POST"])
        routes.add("/desk/enrol", self.enrol)
        routes.add("/desk/enrol", self.ask, methods=["POST"])
        routes.add("/desk/enrol/{link}", self.link)
        routes.add("/desk/enrol/{link}", self.follow, methods=["POST"])
        routes.add("/desk/passkey", self.keep, methods=["POST"])
        return routes

    async def sign_in(self, request: Request) -> Response:
        """The page with the button; who is signed in goes on."""
        visitor = await self._room.known_browser(request)
        if visitor.editor:
            return self._room.to(FRONT)
        values = {"made": "made" in request.query_params}
        return self._room.remember(self._room.page(request, visitor, "sign_in.html", values), visitor.browser)

    async def enter(self, request: Request) -> Response:
        """Begin a session, under a new name, for whoever has signed with a key of an editor's."""
        visitor = await self._room.visitor(request)
        form = await self._room.form(request, visitor)
        if form is None:
            return self._room.problem(request, NO_FORM)
        passkey = await self._touches.signed(form, visitor, Act.SIGN_IN)
        editor = self._editors.enrol.editor(passkey.editor) if passkey else None
        if passkey is None or editor is None:
            return self._room.problem(request, NO_SUCH_KEY)
        name, now = new_secret(), self._clock()
        if visitor.name:
            await self._editors.sessions.end(visitor.name)
        await self._editors.sessions.begin(name, Session(editor.name, passkey.id, now, now))
        await self._editors.acts.did(Act.SIGN_IN, f"passkey {passkey.id}", editor.name)
        return self._room.admit(self._room.to(FRONT), name)

    async def leave(self, request: Request) -> Response:
        """End the session."""
        visitor = await self._room.visitor(request)
        if visitor.editor is None:
            return self._room.to(SIGN_IN)
        if await self._room.form(request, visitor) is None:
            return self._room.problem(request, NO_FORM, visitor)
        await self._editors.sessions.end(visitor.name)
        await self._editors.acts.did(Act.SIGN_OUT, "", visitor.editor.name)
        return self._room.dismiss(self._room.to(SIGN_IN))

    async def enrol(self, request: Request) -> Response:
        """The form that asks for a link."""
        visitor = await self._room.known_browser(request)
        return self._room.remember(self._room.page(request, visitor, "enrol.html"), visitor.browser)

    async def ask(self, request: Request) -> Response:
        """Mail a link to the editor who was named, if there is one."""
        visitor = await self._room.visitor(request)
        form = await self._room.form(request, visitor)
        if form is None or not visitor.browser:
            return self._room.problem(request, NO_FORM)
        if not self._networks.passes(network_of(request.client.host if request.client else "")):
            return self._room.problem(request, TOO_OFTEN)
        said = plain(written(form, "who")[:LONGEST_SAID])
        if said and self._names.passes(same_name(said)):
            # afterwards: how long a mail takes would tell whether there is such an editor
            self._afterwards(self._editors.enrol.ask(said, visitor.browser))
        return self._room.page(request, visitor, "enrol_asked.html")

    async def link(self, request: Request, link: str) -> Response:
        """The button that spends a link: what only opens links, as scanners of mail do, spends none."""
        visitor = await self._room.known_browser(request)
        if not await self._editors.enrol.is_link(link, visitor.browser):
            return self._room.problem(request, DEAD_LINK)
        page = self._room.page(request, visitor, "enrol_link.html", {"link": link})
        return self._room.remember(page, visitor.browser)

    async def follow(self, request: Request, link: str) -> Response:
        """Spend a link, and show the page on which a passkey is made."""
        visitor = await self._room.visitor(request)
        if await self._room.form(request, visitor) is None:
            return self._room.problem(request, DEAD_LINK)
        permit = await self._editors.enrol.follow(link, visitor.browser)
        editor = await self._editors.enrol.permitted(permit, visitor.browser) if permit else None
        if editor is None:
            return self._room.problem(request, DEAD_LINK)
        return self._room.page(request, visitor, "make.html", {"permit": permit, "whose": editor.name})

    async def keep(self, request: Request) -> Response:
        """Keep the passkey that a device made."""
        visitor = await self._room.visitor(request)
        form = await self._room.form(request, visitor)
        permit = written(form, "permit") if form is not None else ""
        editor = await self._editors.enrol.permitted(permit, visitor.browser)
        made = await self._touches.made(form, visitor) if form is not None and editor else None
        if form is None or editor is None or made is None:
            return self._room.problem(request, NOT_KEPT, visitor)
        passkey = Passkey(
            editor.name,
            made.credential,
            made.public_key,
            await self._touches.handle(editor),
            shorten(plain(written(form, "label")), LABEL) or "passkey",
            self._clock(),
            made.sign_count,
            made.synced,
        )
        if not await self._editors.enrol.keep(passkey, permit, visitor.browser):
            return self._room.problem(request, NOT_KEPT, visitor)
        await self._editors.acts.did(Act.ADD_KEY, passkey.label, editor.name)
        self._afterwards(self._editors.enrol.tell(editor.name, passkey.label))
        return self._room.to("/desk/passkeys" if visitor.editor else f"{SIGN_IN}?made")

    def _afterwards(self, mailing: Coroutine[None, None, None]) -> None:
        """Mail without anybody waiting for it."""
        task = asyncio.create_task(_mailed(mailing), name=MAILING)
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _mailed(mailing: Coroutine[None, None, None]) -> None:
    try:
        await mailing
    except Exception as wrong:  # noqa: BLE001  nobody waits for it; the operator is told
        logs.notice("mail on a passkey not sent", why=type(wrong).__name__)
