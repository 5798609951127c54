"""Touches of a key: what is signed stands for one act on one thing with the words of one form, once and briefly."""

from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.datastructures import FormData

from nkwatch import logs
from nkwatch.assembly.editors import new_secret
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import TOUCH_LASTS, Act, Passkey, challenge, same_name
from nkwatch.web.desk.ceremony import Ceremony, Made
from nkwatch.web.desk.problems import NO_FORM, NO_SUCH_KEY, SIGNED_OUT, TOO_OFTEN
from nkwatch.web.desk.room import Room, Visitor, words_of
from nkwatch.web.desk.visits import Visit
from nkwatch.web.limits import Rarely
from nkwatch.web.posted import written
from nkwatch.web.problems import Problem
from nkwatch.web.routing import Routes

PURPOSE = "challenge"


class Touches:
    """Issues challenges and takes what was signed."""

    def __init__(self, room: Room, ceremony: Ceremony, often: Rarely) -> None:
        """`often` says how many challenges one browser may ask for."""
        self._room = room
        self._ceremony = ceremony
        self._often = often
        self._clock = room.newsroom.clock
        self._editors = room.newsroom.editors

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add("/desk/challenge", self.ask, methods=["POST"])
        return routes

    async def ask(self, request: Request) -> JSONResponse:
        """What a browser is to sign for the form that it sends, whose act and thing stand beside its fields."""
        visitor = await self._room.visitor(request)
        form = await self._room.form(request, visitor)
        asked = written(form, "act") if form is not None else ""
        if form is None or asked not in set(Act):
            return self._refusal(NO_FORM)
        if not self._often.passes(visitor.holder):
            return self._refusal(TOO_OFTEN)
        nonce, act, thing = new_secret(), Act(asked), written(form, "thing")
        made = challenge(nonce, act, thing, words_of(form))
        options = await self._options(visitor, form, act, made)
        if options is None:
            return self._refusal(SIGNED_OUT)
        holder = self._holder(visitor, form, act)
        now = self._clock()
        await self._editors.sessions.issue(PURPOSE, made.hex(), now, now + TOUCH_LASTS, holder=holder)
        return JSONResponse({"nonce": nonce, "publicKey": options})

    async def signed(self, form: FormData, visitor: Visitor, act: Act, thing: str = "") -> Passkey | None:
        """The key that signed this act, noted as used; None where anything is wrong. It works only once."""
        made = await self._spent(form, visitor, act, thing)
        answer = written(form, "credential")
        credential = self._ceremony.credential(answer)
        passkey = await self._editors.passkeys.find(credential) if made and credential else None
        if made is None or passkey is None or not (act is Act.SIGN_IN or self._is_of(passkey, visitor)):
            return None
        count = self._ceremony.signed(answer, made, passkey)
        if count is None:
            return None
        if not (passkey.counts(count) and await self._editors.passkeys.used(passkey, count, self._clock())):
            logs.notice(
                "passkey refused", editor=passkey.editor, passkey=passkey.id,
                why="its count of signatures did not grow: there may be a copy of it",
                what=f"ask the editor; nkwatch editors revoke NAME --passkey {passkey.id} takes it away",
            )  # fmt: skip
            return None
        return passkey

    async def made(self, form: FormData, visitor: Visitor) -> Made | None:
        """The credential that a device made; None where anything is wrong."""
        made = await self._spent(form, visitor, Act.ADD_KEY, "")
        return self._ceremony.made(written(form, "credential"), made) if made else None

    async def handle(self, editor: Editor) -> bytes:
        """By what devices know an editor: the same for all keys; a keyed hash, which says nothing."""
        keys = await self._editors.passkeys.of(editor.name)
        key_id_and_hash = self._room.newsroom.keyring.lookup(f"desk handle {same_name(editor.name)}")
        return keys[0].handle if keys else key_id_and_hash[1:]

    async def lacking(self, visit: Visit, act: Act, thing: str, what: str = "") -> HTMLResponse | None:
        """The page that asks for a touch and keeps what was written; None where this act on this thing is signed.

        `what` says what is to be done.
        """
        form = visit.form
        if await self.signed(form, visit.visitor, act, thing):
            return None
        failed = bool(written(form, "credential"))
        values = {
            "what": what, "act": str(act), "thing": thing, "action": visit.request.url.path, "fields": words_of(form),
            "problem": NO_SUCH_KEY if failed else None,
        }  # fmt: skip
        return visit.page("touch.html", values, status=403)

    async def _options(self, visitor: Visitor, form: FormData, act: Act, made: bytes) -> dict[str, Any] | None:
        """What the browser is asked; None where this visitor may not do such a thing."""
        enrol, keys = self._editors.enrol, self._editors.passkeys
        if act is Act.SIGN_IN:
            return self._ceremony.request(made)
        if permit := written(form, "permit"):
            new = await enrol.permitted(permit, visitor.browser) if act is Act.ADD_KEY else None
            known = await keys.of(new.name) if new else []
            return self._ceremony.creation(new, await self.handle(new), made, known) if new else None
        return self._ceremony.request(made, await keys.of(visitor.editor.name)) if visitor.editor else None

    async def _spent(self, form: FormData, visitor: Visitor, act: Act, thing: str) -> bytes | None:
        made = challenge(written(form, "nonce"), act, thing, words_of(form))
        holder = self._holder(visitor, form, act)
        spent = await self._editors.sessions.spend(PURPOSE, made.hex(), self._clock(), holder=holder)
        return None if spent is None else made

    @staticmethod
    def _holder(visitor: Visitor, form: FormData, act: Act) -> str:
        entering = act is Act.SIGN_IN or written(form, "permit")
        return visitor.browser if entering else visitor.name

    @staticmethod
    def _is_of(passkey: Passkey, visitor: Visitor) -> bool:
        return visitor.editor is not None and same_name(visitor.editor.name) == passkey.editor

    @staticmethod
    def _refusal(problem: Problem) -> JSONResponse:
        return JSONResponse({"problem": problem.title}, problem.status)
