"""The queue of alerts that wait, and what an editor does with a story from there."""

import re
from datetime import timedelta

from fastapi import Request
from fastapi.responses import Response
from starlette.datastructures import FormData

from nkwatch.domain.passkey import Act, same_name
from nkwatch.domain.story import Story
from nkwatch.mail.views import plain
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import SIGN_IN
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.views import Seeing
from nkwatch.web.posted import written
from nkwatch.web.problems import Problem
from nkwatch.web.routing import Routes
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.ruled import Outcome

QUEUE = "/desk/queue"
#: Of how long ago a source's alerts say how often it is right.
YEAR = timedelta(days=365)
#: A story's id, as it may stand in an address.
_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
#: Letters of a reason for the record.
LONGEST_WHY = 500
#: What came of it, as the address of the next page says it; anything else says nothing.
TOLD = {o: str(o) for o in Outcome} | {"pin": "pin", "unpin": "unpin", "note": "note", "unnote": "unnote"}
#: What can be done with a story, by the last part of its address.
VERBS = {"release": Act.RELEASE, "withhold": Act.WITHHOLD, "pin": Act.PIN, "unpin": Act.PIN, "note": Act.NOTE}


class Queue(Section):
    """Everything here that changes something needs a touch of the key, for that act on that story alone."""

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add(QUEUE, self.queue)
        routes.add("/desk/stories/{story_id}/{verb}", self.act, methods=["POST"])
        return routes

    async def queue(self, request: Request) -> Response:
        """The alerts that wait, the oldest first, with the words that decided."""
        visitor = await self._room.visitor(request)
        if visitor.editor is None:
            return self._room.to(SIGN_IN)
        stories = await self._newsroom.statements.held_alerts()
        seeing = await self._seeing(request, visitor.editor.language)
        waiting = [seeing.waiting(s, await self._released_by(s)) for s in stories]
        values = {
            "waiting": waiting,
            "persons": self._newsroom.config.alerts.persons,
            "languages_of_notes": tuple(self._room.pages.locales),
            "did": TOLD.get(request.query_params.get("did", ""), ""),
            "of": of if _ID.fullmatch(of := request.query_params.get("of", "")) else "",
        }
        return self._room.page(request, visitor, "queue.html", values)

    async def act(self, request: Request, story_id: str, verb: str) -> Response:
        """Do one thing with one story."""
        acting = await self._room.acting(request)
        if isinstance(acting, Problem):
            return self._room.problem(request, acting, await self._room.visitor(request))
        visitor, editor, form = acting
        act = VERBS.get(verb)
        found = await self._newsroom.statements.stories([story_id]) if "\0" not in story_id else []
        if act is None or not found:
            return self._room.problem(request, GONE, visitor)
        thing = f"{story_id} {verb}"
        if await self._touches.signed(form, visitor, act, thing) is None:
            title = plain(found[0].lead.statement.title)
            return self._touches.again(request, visitor, form, act, thing, title)
        did = await self._do(verb, story_id, editor.name, form)
        of = f"of={story_id}&" if did == Outcome.RELEASED else ""
        return self._room.to(f"{QUEUE}?{of}did={did}")

    async def _do(self, verb: str, story_id: str, editor: str, form: FormData) -> str:
        """Do it, and answer what came of it."""
        acts, why = self._newsroom.editors.acts, plain(written(form, "why")[:LONGEST_WHY])
        if verb in {"release", "withhold"}:
            rule = acts.release if verb == "release" else acts.withhold
            return (await rule(story_id, editor, why)).outcome
        if verb == "note":
            done = await acts.note(story_id, self._room.words(form), editor)
        else:
            done = await acts.pin(story_id, editor, on=verb == "pin")
        if isinstance(done, Refused):
            return "refused"
        return "unnote" if verb == "note" and done.marks.note is None else verb

    async def _seeing(self, request: Request, language: str) -> Seeing:
        newsroom, now = self._newsroom, self._newsroom.clock()
        precisions = {p.source_id: p for p in await newsroom.desk.precisions(now - YEAR)}
        spoken = self._room.pages.language(request, language)
        return Seeing(self._themes, newsroom.sources, precisions, spoken, now)

    async def _released_by(self, story: Story) -> tuple[str, ...]:
        """Who has released it, where a second one must."""
        if self._newsroom.config.alerts.persons < 2:  # noqa: PLR2004
            return ()
        names: dict[str, str] = {}
        for ruling in await self._newsroom.desk.rulings(story.id):
            names = {**names, same_name(ruling.editor): ruling.editor} if ruling.kind == "release" else {}
        return tuple(plain(name) for name in names.values())
