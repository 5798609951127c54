"""What a choice would have brought in the last 30 days, as the pages show it before a choice is saved."""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from time import monotonic
from typing import Any

from nkwatch.assembly import Newsroom
from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Choice
from nkwatch.editing.digests import Pick
from nkwatch.editing.forecast import SPAN, Forecast, forecast
from nkwatch.editing.matching import Offer
from nkwatch.mail.reasons import Matched, matched
from nkwatch.mail.views import Names
from nkwatch.store.lately import Lately
from nkwatch.web.chosen import Naming
from nkwatch.web.values import Values
from nkwatch.web.views import Said, said

#: Stories named on the page; the rest are counted.
NAMED = 40
#: How long stories are good enough, and how long they are kept when nobody asks any more.
KEPT = timedelta(minutes=5)
#: How long a forecast may take (seconds), and how many may wait for theirs.
PATIENCE, MOST_WAITING = 3.0, 8
#: What became ready just now counts too.
INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A story that would have been sent, and why."""

    id: str
    lead: Said
    why: Matched


class Outlooks:
    """Looks back for whoever is about to save a choice."""

    def __init__(self, newsroom: Newsroom, naming: Naming) -> None:
        self._names = Names("", naming.themes, naming.sources)
        self._naming = naming
        self._recent = Recent(newsroom)

    async def values(self, choice: Choice, language: str) -> dict[str, Any] | None:
        """What the page needs: the choice in words and as form fields, the forecast, and its newest stories.

        `outlook` is None where nobody can tell, and `unknown` says why; None when too many ask at once.
        """
        found = await self._recent.forecast(choice)
        if found is Unknown.CROWDED:
            return None
        outlook = found if isinstance(found, Forecast) else None
        return {
            "values": Values.of(choice),
            "chosen": self._naming.chosen(choice, language),
            "outlook": outlook,
            "unknown": "" if outlook else found,
            "lines": [self._line(pick, language) for pick in outlook.picks[:NAMED]] if outlook else [],
        }

    def _line(self, pick: Pick, language: str) -> Line:
        lead = pick.story.lead_in(language)
        return Line(pick.story.id, said(lead.statement, 0, lead.by), matched(pick.reasons, self._names, language))


class Unknown(StrEnum):
    """Why nobody can tell what a choice would have brought."""

    NO_STORIES = "no stories"
    TOO_LONG = "too long"
    CROWDED = "crowded"


class Recent:
    """Forecasts. Stories are read once in a while, and one forecast is made at a time."""

    def __init__(self, newsroom: Newsroom, patience: float = PATIENCE) -> None:
        """`patience` is how long a forecast may take, in seconds."""
        self._newsroom = newsroom
        self._patience = patience
        self._lately = Lately(KEPT)
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def forecast(self, choice: Choice) -> Forecast | Unknown:
        """What this choice would have been sent in the last 30 days."""
        if self._waiting >= MOST_WAITING:
            return Unknown.CROWDED
        self._waiting += 1
        try:
            async with self._turn:
                offers = await self._stories(self._newsroom.clock())
                # the site goes on answering meanwhile
                return await asyncio.to_thread(self._made, choice, offers) if offers else Unknown.NO_STORIES
        finally:
            self._waiting -= 1

    def _made(self, choice: Choice, offers: Sequence[Offer]) -> Forecast | Unknown:
        try:
            return forecast(choice, self._in_time(offers), self._newsroom.clock())
        except _TooLong:
            return Unknown.TOO_LONG

    def _in_time(self, offers: Iterable[Offer]) -> Iterator[Offer]:
        """Hundreds of followed words, looked for in thousands of stories, take longer than somebody waits."""
        until = monotonic() + self._patience
        for offer in offers:
            if monotonic() >= until:
                raise _TooLong
            yield offer

    async def _stories(self, now: datetime) -> Sequence[Offer]:
        async def look() -> Sequence[Offer]:
            found = await self._newsroom.statements.ready_between(Window(now - SPAN, now + INSTANT))
            return [Offer.of(story, self._newsroom.rules.cases.keys) for story in found]

        return await self._lately((), now, look)


class _TooLong(Exception):  # noqa: N818
    """A forecast took longer than it may."""
