"""How the sources are, for the page that shows them and for a picture in a file."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from nkwatch.assembly import Newsroom
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.watch import is_unreadable, quiet_since, was_asked, watch
from nkwatch.mail.views import Name
from nkwatch.mail.watching import watch_view
from nkwatch.store.lately import Lately
from nkwatch.web.languages import FALLBACK
from nkwatch.web.pages import Frame, Pages
from nkwatch.web.strips import Span, Strip
from nkwatch.web.views import publisher_of

#: How long a count of what was published is good enough.
KEPT = timedelta(minutes=1)
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
        """Since when it is so: a silent one since it last showed something, another since it could last be read.

        None where that is not known, or it never was otherwise.
        """
        if self.state is None or self.health != self.state.health:
            return None
        return _quiet_since(self.state) or self.state.health_since

    @property
    def stumbled(self) -> bool:
        """Whether the last poll failed without making a state of it."""
        return self.state is not None and self.state.failures > 0 and not is_unreadable(self.state)

    @property
    def name(self) -> Name:
        """The publisher's name, in the language of the source where it has letters of its own."""
        return publisher_of(self.source)

    @property
    def rank(self) -> tuple[int, str, str]:
        """What sorts by: first what somebody may have to look after."""
        return _ORDER.index(self.health), self.source.publisher.casefold(), self.source.id


class Watching:
    """The table of sources. States are those of now; what was published is counted at most once in a while."""

    def __init__(self, newsroom: Newsroom) -> None:
        self._newsroom = newsroom
        self._lately = Lately(KEPT)

    async def __call__(self) -> dict[str, Any]:
        """What the table shows: every source that is on, and how it is."""
        newsroom = self._newsroom
        span, states = Span(newsroom.clock()), await newsroom.statements.states()
        counted, known = await self._days(span), {s.source_id: s for s in states}
        watched = [
            Watched(source, state := known.get(source.id), span.strip(counted.get(source.id, {}), _quiet_since(state)))
            for source in newsroom.sources.values()
            if source.enabled
        ]
        told = watch_view(watch(states, newsroom.sources), newsroom.sources)
        return {"sources": sorted(watched, key=lambda w: w.rank), "watch": told, "ticks": span.ticks, "now": span.now}

    async def _days(self, span: Span) -> Mapping[str, Mapping[int, int]]:
        """Days with statements by source. Counting them all for each reader would cost a small machine its breath."""

        async def count() -> Mapping[str, Mapping[int, int]]:
            rhythm = await self._newsroom.statements.rhythm(span.start)
            return {source_id: span.counted(published) for source_id, published in rhythm.items()}

        return await self._lately(span.start, span.now, count)


async def plot(newsroom: Newsroom, language: str = FALLBACK) -> str:
    """The plot of all sources that are on as one SVG document, to be written to a file."""
    pages = Pages(newsroom)
    spoken = language if language in pages.locales else FALLBACK
    return pages.render("plot.svg", Frame(spoken, "", live=False), await Watching(newsroom)())


def _health(state: PollState | None) -> str:
    if state is None or not was_asked(state):
        return FRESH
    return Health.FAILING if is_unreadable(state) and state.health is Health.OK else state.health


def _quiet_since(state: PollState | None) -> datetime | None:
    """Since when nothing came from a source that is silent or cannot be read."""
    return quiet_since(state) if state and was_asked(state) else None
