"""The queue of alerts that wait, and what an editor does with a story from there."""

import re
from datetime import timedelta

from fastapi.responses import Response

from nkwatch.domain.passkey import Act, same_name
from nkwatch.domain.story import Story
from nkwatch.mail.views import plain
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.views import Seeing
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.ruled import Outcome

QUEUE = "/desk/queue"
#: Of how long ago a source's alerts say how often it is right.
YEAR = timedelta(days=365)
#: A story's id, as it may stand in an address.
_ID = re.compile(r"[\w-]{1,80}", re.ASCII)
#: What came of it, as the address of the next page says it; anything else says nothing.
TOLD = {o: str(o) for o in Outcome} | {"pin": "pin", "unpin": "unpin", "note": "note", "unnote": "unnote"}
#: What can be done with a story, by the last part of its address.
VERBS = {"release": Act.RELEASE, "withhold": Act.WITHHOLD, "pin": Act.PIN, "unpin": Act.PIN, "note": Act.NOTE}


class Queue(Section):
    """Everything here that changes something needs a touch of the key, for that act on that story alone."""

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(QUEUE, self.queue)
        routes.deed("/desk/stories/{story_id}/{verb}", self.act)
        return routes

    async def queue(self, visit: Visit) -> Response:
        """The alerts that wait, the oldest first, with the words that decided."""
        stories = await self._newsroom.statements.held_alerts()
        seeing = await self._seeing(visit.language)
        waiting = [seeing.waiting(s, await self._released_by(s)) for s in stories]
        values = {
            "waiting": waiting,
            "persons": self._newsroom.config.alerts.persons,
            "languages_of_notes": tuple(self._room.pages.locales),
            "did": TOLD.get(visit.asked.get("did", ""), ""),
            "of": of if _ID.fullmatch(of := visit.asked.get("of", "")) else "",
        }
        return visit.page("queue.html", values)

    async def act(self, visit: Visit, story_id: str, verb: str) -> Response:
        """Do one thing with one story."""
        act = VERBS.get(verb)
        found = await self._newsroom.statements.stories([story_id])
        if act is None or not found:
            return visit.problem(GONE)
        thing = f"{story_id} {verb}"
        title = plain(found[0].lead.statement.title)
        if lacking := await self._touches.lacking(visit, act, thing, title):
            return lacking
        did = await self._do(verb, story_id, visit)
        of = f"of={story_id}&" if did == Outcome.RELEASED else ""
        return visit.to(f"{QUEUE}?{of}did={did}")

    async def _do(self, verb: str, story_id: str, visit: Visit) -> str:
        """Do it, and answer what came of it."""
        acts, editor = self._newsroom.editors.acts, visit.editor.name
        if verb in {"release", "withhold"}:
            rule = acts.release if verb == "release" else acts.withhold
            return (await rule(story_id, editor, visit.why)).outcome
        if verb == "note":
            done = await acts.note(story_id, visit.words, editor)
        else:
            done = await acts.pin(story_id, editor, on=verb == "pin")
        if isinstance(done, Refused):
            return "refused"
        return "unnote" if verb == "note" and done.marks.note is None else verb

    async def _seeing(self, language: str) -> Seeing:
        newsroom, now = self._newsroom, self._newsroom.clock()
        precisions = {p.source_id: p for p in await newsroom.desk.precisions(now - YEAR)}
        return Seeing(self._themes, newsroom.sources, precisions, language, now)

    async def _released_by(self, story: Story) -> tuple[str, ...]:
        """Who has released it, where a second one must."""
        if self._newsroom.config.alerts.persons < 2:  # noqa: PLR2004
            return ()
        names: dict[str, str] = {}
        for ruling in await self._newsroom.desk.rulings(story.id):
            names = {**names, same_name(ruling.editor): ruling.editor} if ruling.kind == "release" else {}
        return tuple(plain(name) for name in names.values())
