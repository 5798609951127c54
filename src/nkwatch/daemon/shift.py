"""One newsroom at work: its rounds, its sites, and what wakes them. A reload is a change of shift."""

import asyncio
import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from nkwatch import logs
from nkwatch.assembly import Newsroom
from nkwatch.daemon import clocks, ticks
from nkwatch.daemon.lasting import Lasting
from nkwatch.daemon.rounds import Rounds
from nkwatch.daemon.sites import Doors, Site
from nkwatch.domain.part import Part

#: Opens a newsroom by what the settings say when it is called, and closes it.
Opening = Callable[[], AbstractAsyncContextManager[Newsroom]]


@dataclass(slots=True)
class Shift:
    """A newsroom that was opened for these parts, from its `begin` to its `end`."""

    newsroom: Newsroom
    rounds: Rounds
    sites: list[Site]
    _doors: Doors
    _open: AsyncExitStack
    _lasting: Lasting

    @property
    def parts(self) -> dict[str, Part]:
        """How each part is."""
        return self.rounds.parts

    def begin(self) -> None:
        """Let everything work."""
        self.newsroom.heartbeat.late = self.late
        for site in self.sites:
            self._lasting.begin(site.name, partial(site.serve, self._doors, self._lasting.stop), obeys=True)
        self.rounds.begin()
        self._lasting.begin("clocks", partial(clocks.watch, self._jumped))
        self._lasting.begin("waking", partial(self.newsroom.waking, self.rounds.wake))

    async def end(self) -> None:
        """Start nothing new, let what is in flight end, and close the newsroom."""
        await asyncio.gather(self.rounds.end(), self._lasting.end())
        await self._open.aclose()

    def late(self) -> list[str]:
        """The parts that end no round any more."""
        now = self.newsroom.clock()
        return [part.name for part in self.parts.values() if part.is_late(now)]

    def _jumped(self, by: timedelta) -> None:
        span = timedelta(seconds=round(abs(by).total_seconds()))
        way = "back" if by < timedelta(0) else "forward"
        logs.notice(
            "the clock was moved", by=f"{span} {way}", what="or this machine slept: every part looks for work now"
        )
        self.rounds.moved(by)


async def opened(
    opening: Opening,
    only: tuple[str, ...],
    doors: Doors,
    sites: Callable[[Newsroom, dict[str, Part]], list[Site]],
    observe: Callable[[str, Any, Part], None],
) -> Shift:
    """A shift that has not begun, with all that it listens on. Raises `ConfigError` for what cannot be used."""
    async with AsyncExitStack() as stack:
        newsroom = await stack.enter_async_context(opening())
        parts = ticks.parts(only, newsroom.clock())
        served = sites(newsroom, parts)
        doors.open(served)
        rounds, lasting = Rounds(newsroom, parts, observe), Lasting(parts, newsroom.clock)
        return Shift(newsroom, rounds, served, doors, stack.pop_all(), lasting)


def standing(newsroom: Newsroom) -> Opening:
    """A newsroom that somebody else has opened, and will close."""
    return lambda: contextlib.nullcontext(newsroom)
