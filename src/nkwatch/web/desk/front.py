"""The front of the desk: what waits. And the keys of whoever is signed in."""

import json
from collections import Counter

from fastapi import Request
from fastapi.responses import Response

from nkwatch.domain.audit import Row
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.passkey import Act
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.watch import is_unreadable, was_asked
from nkwatch.web.asking import whole
from nkwatch.web.desk.problems import GONE, LAST_KEY, NO_FORM
from nkwatch.web.desk.readings import in_doubt
from nkwatch.web.desk.room import FRONT
from nkwatch.web.desk.section import Section
from nkwatch.web.desk.visits import Inside, Visit
from nkwatch.workflow.ruled import DONE

#: What is still on its way.
_UNDER_WAY = (DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)
_ADD = "another"
#: Acts whose thing is a story.
ON_STORIES = frozenset(
    {Act.RELEASE, Act.WITHHOLD, Act.STOP, Act.WITHDRAW, Act.CORRECT, Act.NOTE, Act.PIN, Act.HOLD, Act.DROP, Act.MERGE}
)


class Front(Section):
    """Pages that everybody at the desk has."""

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.add("/", self.door)
        routes.add("/desk", self.door)
        routes.page(FRONT, self.front)
        routes.page("/desk/passkeys", self.keys)
        routes.deed("/desk/passkeys/add", self.add)
        routes.deed("/desk/passkeys/{number}/remove", self.remove)
        return routes

    async def door(self, request: Request) -> Response:  # noqa: ARG002  all are answered alike
        """Onward to the front."""
        return self._room.to(FRONT)

    async def front(self, visit: Visit) -> Response:
        """What waits for somebody."""
        outbox = Counter(await self._newsroom.outbox.counts())
        values = {
            "waiting": len(await self._newsroom.statements.held_alerts()),
            "doubtful": len(await in_doubt(self._newsroom)),
            "failing": await self._failing(),
            "under_way": sum(outbox[state] for state in _UNDER_WAY),
            "refused": outbox[DeliveryState.REFUSED],
            "latest": [(row, _was_done(row)) for row in await self._newsroom.editors.audit.newest(8)],
            "on_stories": ON_STORIES,
        }
        return visit.page("front.html", values)

    async def keys(self, visit: Visit) -> Response:
        """The keys of this editor."""
        found = await self._newsroom.editors.passkeys.of(visit.editor.name)
        values = {"keys": found, "this": visit.visitor.session and visit.visitor.session.passkey, "thing": _ADD}
        known = await self._room.known_browser(visit.request)
        # a new key is bound to this browser, and needs its secret
        return self._room.remember(visit.page("passkeys.html", values), known.browser)

    async def add(self, visit: Visit) -> Response:
        """Let this browser make another key, once the one at hand was touched."""
        if not visit.visitor.browser:
            return visit.problem(NO_FORM)
        if lacking := await self._touches.lacking(visit, Act.ADD_KEY, _ADD):
            return lacking
        permit = await self._newsroom.editors.enrol.permit(visit.editor, visit.visitor.browser)
        return visit.page("make.html", {"permit": permit, "whose": visit.editor.name})

    async def remove(self, visit: Visit, number: str) -> Response:
        """Remove one of the editor's keys, and end the sessions that it began."""
        if (passkey := whole(number)) is None:
            return visit.problem(GONE)
        if lacking := await self._touches.lacking(visit, Act.REMOVE_KEY, number):
            return lacking
        editors = self._newsroom.editors
        if not await editors.passkeys.remove(visit.editor.name, passkey, keep_one=True):
            return visit.problem(LAST_KEY)
        await editors.acts.did(Act.REMOVE_KEY, f"passkey {number}", visit.editor.name)
        return visit.to("/desk/passkeys")

    async def _failing(self) -> int:
        """How many of the sources that are on cannot be read, or are gone."""
        sources = self._newsroom.sources
        states = await self._newsroom.statements.states()
        return sum(1 for s in states if s.source_id in sources and sources[s.source_id].enabled and _is_failing(s))


def _was_done(row: Row) -> bool:
    """Whether something came of a deed: the audit has those, too, of which nothing came."""
    return json.loads(row.after).get("outcome", "done") in {"done", *DONE}


def _is_failing(state: PollState) -> bool:
    return was_asked(state) and (is_unreadable(state) or state.health in {Health.GONE, Health.BLOCKED, Health.FAILING})
