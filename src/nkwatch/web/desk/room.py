"""Who stands at the desk: the browser, the session in it, the editor; their forms, and the pages that they get."""

import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response
from starlette.datastructures import FormData

from nkwatch.assembly import Newsroom
from nkwatch.assembly.editors import new_secret
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import LONGEST, Session
from nkwatch.web.pages import Pages
from nkwatch.web.posted import read_form, written
from nkwatch.web.problems import Problem

_SECRET = re.compile(r"[0-9a-f]{64}")
#: How long a browser keeps its own half of a link.
BROWSER_LASTS = timedelta(hours=1)
FRONT, SIGN_IN = "/desk/", "/desk/sign-in"
#: Fields of our own, which are no words of the editor's.
OWN = frozenset({"csrf", "nonce", "credential", "act", "thing"})


@dataclass(frozen=True, slots=True)
class Visitor:
    """Whoever asks. `browser` is a secret of this browser, `name` that of its session; empty where there is none."""

    browser: str = field(default="", repr=False)
    name: str = field(default="", repr=False)
    session: Session | None = None
    editor: Editor | None = None

    @property
    def holder(self) -> str:
        """The secret to which forms and challenges are bound."""
        return self.name if self.editor else self.browser


class Room:
    """What all pages of the desk share."""

    def __init__(self, newsroom: Newsroom, pages: Pages, assets: Mapping[str, str]) -> None:
        """`assets` are the addresses of style and script, by name."""
        self.newsroom = newsroom
        self.pages = pages
        self._assets = assets
        self._secure = newsroom.config.desk.secure
        # __Host-: from this host alone, over https, for all of it (RFC 6265bis, 4.1.3.2)
        prefix = "__Host-" if self._secure else ""
        self.session_cookie, self.browser_cookie = f"{prefix}nkwatch-desk", f"{prefix}nkwatch-browser"

    async def visitor(self, request: Request) -> Visitor:
        """Who asks. An editor who is not in the settings any more is nobody."""
        browser, name = self._cookie(request, self.browser_cookie), self._cookie(request, self.session_cookie)
        editors = self.newsroom.editors
        session = await editors.sessions.seen(name, self.newsroom.clock()) if name else None
        editor = editors.enrol.editor(session.editor) if session else None
        return Visitor(browser, name, session, editor) if editor else Visitor(browser)

    async def known_browser(self, request: Request) -> Visitor:
        """Who asks, with a secret for the browser where it has none: `remember` gives it to the browser."""
        found = await self.visitor(request)
        return found if found.browser else Visitor(new_secret(), found.name, found.session, found.editor)

    async def form(self, request: Request, visitor: Visitor) -> FormData | None:
        """What was sent by a form that this visitor got from us; None for any other."""
        form = await read_form(request)
        said = written(form, "csrf") if form else ""
        secrets = [s for s in (visitor.name, visitor.browser) if s]
        return form if any(self._is_token(s, said) for s in secrets) else None

    def page(
        self,
        request: Request,
        visitor: Visitor,
        template: str,
        values: Mapping[str, Any] | None = None,
        *,
        status: int = 200,
    ) -> HTMLResponse:
        """A page of the desk, in the editor's language."""
        editor = visitor.editor
        told = {"editor": editor, "csrf": self._token(visitor.holder), "assets": self._assets, **(values or {})}
        language = editor.language if editor else ""
        return self.pages.answer(request, f"desk/{template}", told, status=status, language=language)

    def problem(self, request: Request, problem: Problem, visitor: Visitor | None = None) -> HTMLResponse:
        """The page that tells of a problem."""
        return self.page(request, visitor or Visitor(), "problem.html", {"problem": problem}, status=problem.status)

    def to(self, path: str) -> Response:
        """Onward to another page of the desk, by GET."""
        return RedirectResponse(path, 303)

    def remember(self, answer: Response, browser: str) -> Response:
        """Give the browser its secret."""
        self._set(answer, self.browser_cookie, browser, BROWSER_LASTS)
        return answer

    def admit(self, answer: Response, name: str) -> Response:
        """Give the browser its session; its secret from before is done with."""
        self._set(answer, self.session_cookie, name, LONGEST)
        self._set(answer, self.browser_cookie, "", timedelta(0))
        return answer

    def dismiss(self, answer: Response) -> Response:
        """Let the browser forget everything that it has of us."""
        for cookie in (self.session_cookie, self.browser_cookie):
            self._set(answer, cookie, "", timedelta(0))
        return answer

    def _set(self, answer: Response, name: str, value: str, lasts: timedelta) -> None:
        seconds = int(lasts.total_seconds())
        answer.set_cookie(name, value, max_age=seconds, path="/", secure=self._secure, httponly=True, samesite="strict")

    @staticmethod
    def _cookie(request: Request, name: str) -> str:
        value = request.cookies.get(name, "")
        return value if _SECRET.fullmatch(value) else ""

    def _token(self, secret: str) -> str:
        return self.newsroom.keyring.lookup(f"desk form {secret}").hex() if secret else ""

    def _is_token(self, secret: str, said: str) -> bool:
        made = self.newsroom.keyring.lookups(f"desk form {secret}")
        return any(hmac.compare_digest(token.hex().encode(), said.encode("utf-8", "replace")) for token in made)


def words_of(form: FormData) -> tuple[tuple[str, str], ...]:
    """What an editor wrote and chose in a form. Browsers differ in how they end lines."""
    pairs = ((name, value) for name, value in form.multi_items() if name not in OWN and isinstance(value, str))
    return tuple((name, value.replace("\r\n", "\n")) for name, value in pairs)
