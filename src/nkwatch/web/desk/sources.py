"""The sources as editors see them: how each is and why, and a button that lets one be polled now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi import Request
from fastapi.responses import Response

from nkwatch.domain.passkey import Act
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source, host_of
from nkwatch.mail.views import Name, plain
from nkwatch.mail.widths import shorten
from nkwatch.store.hastening import Hastened, HasteStore
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import SIGN_IN, Room
from nkwatch.web.problems import Problem
from nkwatch.web.routing import Routes
from nkwatch.web.views import publisher_of
from nkwatch.web.watching import Watched, Watching

SOURCES = "/desk/sources"
#: Columns of what went wrong.
LONGEST_REASON = 300


@dataclass(frozen=True, slots=True)
class Row:
    """A source that is on. `rests` is until when its host asked to be left alone."""

    watched: Watched
    reason: str
    rests: datetime | None


@dataclass(frozen=True, slots=True)
class Off:
    """A source that is switched off, and when it could last be read."""

    id: str
    name: Name
    last_ok_at: datetime | None


class Sources:
    """To poll a source costs its publisher something and changes nothing else: it needs no touch of the key."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._newsroom = room.newsroom
        self._watching = Watching(room.newsroom)
        self._haste = HasteStore(room.newsroom.database)

    def routes(self) -> Routes:
        """What answers at which address."""
        routes = Routes()
        routes.add(SOURCES, self.sources)
        routes.add(f"{SOURCES}/{{source_id}}/poll", self.poll, methods=["POST"])
        return routes

    async def sources(self, request: Request) -> Response:
        """All sources; first those that somebody may have to look after."""
        visitor = await self._room.visitor(request)
        if visitor.editor is None:
            return self._room.to(SIGN_IN)
        newsroom, told = self._newsroom, await self._watching()
        resting = await newsroom.statements.resting(told["now"])
        states = {s.source_id: s for s in await newsroom.statements.states()}
        asked = request.query_params
        named = newsroom.sources.get(asked.get("of", ""))
        values = {
            "sources": [_row(watched, resting) for watched in told["sources"]],
            "off": self._off(states),
            "ticks": told["ticks"],
            "now": told["now"],
            "did": asked.get("did", "") if named and asked.get("did") in set(Hastened) else "",
            "of": publisher_of(named) if named else None,
        }
        return self._room.page(request, visitor, "sources.html", values)

    async def poll(self, request: Request, source_id: str) -> Response:
        """Let one source be due now, or say why not."""
        acting = await self._room.acting(request)
        if isinstance(acting, Problem):
            return self._room.problem(request, acting, await self._room.visitor(request))
        visitor, editor, _ = acting
        source = self._newsroom.sources.get(source_id)
        if source is None:
            return self._room.problem(request, GONE, visitor)
        did = await self._haste.hasten(source, self._newsroom.clock())
        await self._newsroom.editors.acts.did(Act.POLL, source.id, editor.name, {"outcome": str(did)})
        return self._room.to(f"{SOURCES}?{urlencode({'did': str(did), 'of': source.id})}")

    def _off(self, states: Mapping[str, PollState]) -> list[Off]:
        found = [s for s in self._newsroom.sources.values() if not s.enabled]
        return [_off(s, states.get(s.id)) for s in sorted(found, key=lambda s: (s.publisher.casefold(), s.id))]


def _row(watched: Watched, resting: Mapping[str, datetime]) -> Row:
    source, state = watched.source, watched.state
    reason = shorten(plain(state.reason), LONGEST_REASON) if state else ""
    address = state.about(source).address(source) if state else source.url
    return Row(watched, reason, None if source.alone else resting.get(host_of(address)))


def _off(source: Source, state: PollState | None) -> Off:
    return Off(source.id, publisher_of(source), state.last_ok_at if state else None)
