"""The sources as editors see them: how each is and why, and a button that lets one be polled now."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from fastapi.responses import Response

from nkwatch.domain.passkey import Act
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source, host_of
from nkwatch.mail.views import Name, plain
from nkwatch.mail.widths import shorten
from nkwatch.store.hastening import Hastened, HasteStore
from nkwatch.web.desk.problems import GONE
from nkwatch.web.desk.room import Room
from nkwatch.web.desk.visits import Inside, Visit
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

    def routes(self) -> Inside:
        """What answers at which address."""
        routes = Inside(self._room)
        routes.page(SOURCES, self.sources)
        routes.deed(f"{SOURCES}/{{source_id}}/poll", self.poll)
        return routes

    async def sources(self, visit: Visit) -> Response:
        """All sources; first those that somebody may have to look after."""
        newsroom, told = self._newsroom, await self._watching()
        resting = await newsroom.statements.resting(told["now"])
        states = {s.source_id: s for s in await newsroom.statements.states()}
        asked = visit.asked
        named = newsroom.sources.get(asked.get("of", ""))
        values = {
            "sources": [_row(watched, resting) for watched in told["sources"]],
            "off": self._off(states),
            "ticks": told["ticks"],
            "now": told["now"],
            "did": asked.get("did", "") if named and asked.get("did") in set(Hastened) else "",
            "of": publisher_of(named) if named else None,
        }
        return visit.page("sources.html", values)

    async def poll(self, visit: Visit, source_id: str) -> Response:
        """Let one source be due now, or say why not."""
        source = self._newsroom.sources.get(source_id)
        if source is None:
            return visit.problem(GONE)
        did = await self._haste.hasten(source, self._newsroom.clock())
        await self._newsroom.editors.acts.did(Act.POLL, source.id, visit.editor.name, {"outcome": str(did)})
        return visit.to(f"{SOURCES}?{urlencode({'did': str(did), 'of': source.id})}")

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
