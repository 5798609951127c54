"""How the sources are, for the page that shows them and for a picture in a file."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nkwatch.assembly import Newsroom
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.watch import is_unreadable, was_asked, watch
from nkwatch.mail.views import Name, plain, tag
from nkwatch.mail.watching import watch_view
from nkwatch.web.languages import FALLBACK
from nkwatch.web.pages import Frame, Pages
from nkwatch.web.strips import Span, Strip

#: Before its first poll a source has no health.
FRESH = "fresh"
_ORDER = (Health.GONE, Health.BLOCKED, Health.FAILING, Health.GAP, Health.SILENT, FRESH, Health.OK)


@dataclass(frozen=True, slots=True)
class Watched:
    """A source and how it is; `state` is None before it was registered."""

    source: Source
    state: PollState | None
    strip: Strip

    @property
    def health(self) -> str:
        """Its health, or `FRESH`; a source that failed from the first is failing."""
        return _health(self.state)

    @property
    def since(self) -> datetime | None:
        """Since when it is so; None where that is not known, or it never was otherwise."""
        return self.state.health_since if self.state and self.health == self.state.health else None

    @property
    def stumbled(self) -> bool:
        """Whether the last poll failed without making a state of it."""
        return self.state is not None and self.state.failures > 0 and not is_unreadable(self.state)

    @property
    def name(self) -> Name:
        """The publisher's name, in the language of the source where it has letters of its own."""
        publisher = self.source.publisher
        return Name(plain(publisher), "" if publisher.isascii() else tag((*self.source.languages, "")[0]))

    @property
    def rank(self) -> tuple[int, str, str]:
        """What sorts by: first what somebody may have to look after."""
        return _ORDER.index(self.health), self.source.publisher.casefold(), self.source.id


async def watching(newsroom: Newsroom) -> dict[str, Any]:
    """What the table of sources shows: every source that is on, and how it is."""
    now = newsroom.clock()
    span, states = Span(now), await newsroom.statements.states()
    rhythm = await newsroom.statements.rhythm(span.start)
    known = {s.source_id: s for s in states}
    watched = [
        Watched(source, state := known.get(source.id), span.strip(rhythm.get(source.id, ()), _quiet_since(state)))
        for source in newsroom.sources.values()
        if source.enabled
    ]
    told = watch_view(watch(states, newsroom.sources), newsroom.sources)
    return {"sources": sorted(watched, key=lambda w: w.rank), "watch": told, "ticks": span.ticks, "now": now}


async def plot(newsroom: Newsroom, language: str = FALLBACK) -> str:
    """The plot of all sources that are on as one SVG document, to be written to a file."""
    pages = Pages(newsroom)
    spoken = language if language in pages.locales else FALLBACK
    return pages.render("plot.svg", Frame(spoken, "", live=False), await watching(newsroom))


def _health(state: PollState | None) -> str:
    if state is None or not was_asked(state):
        return FRESH
    return Health.FAILING if is_unreadable(state) and state.health is Health.OK else state.health


def _quiet_since(state: PollState | None) -> datetime | None:
    """Since when nothing came from a source that is silent or cannot be read."""
    if state is None or not was_asked(state):
        return None
    if is_unreadable(state):
        return state.last_ok_at or state.health_since
    return state.newest_at if state.health is Health.SILENT else None
