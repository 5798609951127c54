"""Requests of who is signed in. Others are asked to sign in, or told that nothing was done."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse, Response
from starlette.datastructures import FormData, QueryParams

from nkwatch.domain.desk import Editor
from nkwatch.mail.views import plain
from nkwatch.web.desk.problems import NO_FORM, SIGNED_OUT
from nkwatch.web.desk.room import SIGN_IN, Room, Visitor
from nkwatch.web.posted import written
from nkwatch.web.problems import Problem
from nkwatch.web.routing import Page, Routes
from nkwatch.workflow.desk import LONGEST as LONGEST_WORDS

#: Letters of a reason for the record.
LONGEST_WHY = 500


@dataclass(frozen=True, slots=True)
class Visit:
    """A request of an editor's, and the form that came with it; one without fields where nothing is to be done."""

    room: Room
    request: Request
    visitor: Visitor
    editor: Editor
    form: FormData = field(default_factory=FormData, repr=False)

    @property
    def asked(self) -> QueryParams:
        """What stands in the address behind the question mark."""
        return self.request.query_params

    @property
    def language(self) -> str:
        """The one in which pages are shown to this editor."""
        return self.room.pages.language(self.request, self.editor.language)

    @property
    def why(self) -> str:
        """The reason that the editor gives for the record."""
        return plain(written(self.form, "why")[:LONGEST_WHY])

    @property
    def words(self) -> list[tuple[str, str]]:
        """What the editor says to readers, in each language in which anything is written."""
        # one letter more than there may be, so that what is too long is refused and not cut
        said = [(code, written(self.form, f"say-{code}").replace("\r\n", "\n")) for code in self.room.pages.locales]
        return [(code, plain(text[: LONGEST_WORDS + 1], lines=True)) for code, text in said if text.strip()]

    def page(self, template: str, values: Mapping[str, Any] | None = None, *, status: int = 200) -> HTMLResponse:
        """A page for this editor."""
        return self.room.page(self.request, self.visitor, template, values, status=status)

    def problem(self, problem: Problem) -> HTMLResponse:
        """The page that tells this editor of a problem."""
        return self.room.problem(self.request, problem, self.visitor)

    def to(self, path: str) -> Response:
        """Onward to another page of the desk, by GET."""
        return self.room.to(path)


#: Takes a visit, and by name what stands in its address.
Visited = Callable[..., Awaitable[Response]]


class Inside(Routes):
    """The routes of a part of the desk that is for who is signed in."""

    def __init__(self, room: Room) -> None:
        super().__init__()
        self._room = room

    def page(self, path: str, page: Visited) -> None:
        """Let a page answer there that changes nothing."""
        self.add(path, self._shown(page))

    def deed(self, path: str, deed: Visited) -> None:
        """Let something be done there by forms that this editor got from us."""
        self.add(path, self._done(deed), methods=["POST"])

    def _shown(self, page: Visited) -> Page:
        async def answer(request: Request, **named: str) -> Response:
            visitor = await self._room.visitor(request)
            if visitor.editor is None:
                return self._room.to(SIGN_IN)
            return await page(Visit(self._room, request, visitor, visitor.editor), **named)

        return answer

    def _done(self, deed: Visited) -> Page:
        async def answer(request: Request, **named: str) -> Response:
            visitor = await self._room.visitor(request)
            if visitor.editor is None:
                return self._room.problem(request, SIGNED_OUT, visitor)
            form = await self._room.form(request, visitor)
            if form is None:
                return self._room.problem(request, NO_FORM, visitor)
            return await deed(Visit(self._room, request, visitor, visitor.editor, form), **named)

        return answer
