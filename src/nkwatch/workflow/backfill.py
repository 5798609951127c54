"""File archived entries as the old news that they are: read and put in stories, but never told to anybody.

They are known by the same keys as what is polled: a source that still shows one of them brings nothing new.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from nkwatch.domain.identity import Known, identify, sift
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry, Origin
from nkwatch.reading.stories import Placement
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.readings import Place, Reader

#: Entries that are filed in one transaction; keys that several of them share tell none of them apart.
BATCH = 100


class Backlog(Protocol):
    """Where old news is kept."""

    async def redacted(self, new: Sequence[Known]) -> Sequence[Known]:
        """These statements and their keys as they may be stored: what editors took out is taken out of them."""
        ...

    async def keep(self, publisher: str, new: Sequence[Known], placements: Sequence[Placement], now: datetime) -> bool:
        """Write these statements with their readings, all or none; the stories that they open are never news.

        False, and nothing is written, where one of them has become known, or is to be redacted, since it was looked up.
        """
        ...


@dataclass(frozen=True, slots=True)
class Backfilled(Counts):
    """What became of archived entries: `known` were there, `bound` are under an embargo and were left out.

    Of the `new` ones, `about_nk` stand in a story; so many `stories` were opened by them.
    """

    entries: int = 0
    new: int = 0
    known: int = 0
    bound: int = 0
    about_nk: int = 0
    stories: int = 0


@dataclass(frozen=True, slots=True)
class Backfill:
    """Files one batch after the other. Doing it twice changes nothing."""

    statements: Statements
    backlog: Backlog
    place: Place
    read: Reader
    clock: Clock

    async def __call__(self, source: Source, entries: Sequence[Entry]) -> Backfilled:
        """File up to `BATCH` entries of this source, the oldest first. What we have is not changed by them."""
        while True:
            now = self.clock()
            fresh = await self._fresh(source, entries, now)
            free = await self.backlog.redacted([k for k in fresh if k.statement.read_from <= now])
            placements = await self._placements(free)
            if not free or await self.backlog.keep(source.publisher, free, placements, now):
                break
        told = [p for p in placements if p.story_id]
        opened = sum(p.story_id == p.reading.statement_id for p in told)
        known, bound = len(entries) - len(fresh), len(fresh) - len(free)
        return Backfilled(len(entries), len(free), known, bound, len(told), opened)

    async def _fresh(self, source: Source, entries: Sequence[Entry], now: datetime) -> Sequence[Known]:
        identified = identify(entries)
        known = await self.statements.known(source.publisher, {key for _, keys in identified for key in keys})
        origin = Origin(source.id, source.publisher, (source.languages or ("",))[0], backlog=True)
        return sift(identified, known, origin, now).new

    async def _placements(self, new: Sequence[Known]) -> list[Placement]:
        """A reading for each; what is on North Korea joins a story or opens one."""
        statements = [k.statement for k in new]
        readings = [self.read(s) for s in statements]
        homes = await self.place([s for s, r in zip(statements, readings, strict=True) if r.about_nk])
        return [Placement(r, *homes.get(r.statement_id, ("", ()))) for r in readings]


class Rehearsal:
    """A backlog that keeps nothing: what would be filed is only counted, each statement once."""

    def __init__(self) -> None:
        self._seen: set[str] = set()
        self.again = 0

    async def redacted(self, new: Sequence[Known]) -> Sequence[Known]:
        """As they are: nothing is stored."""
        return new

    async def keep(
        self,
        publisher: str,  # noqa: ARG002
        new: Sequence[Known],
        placements: Sequence[Placement],  # noqa: ARG002
        now: datetime,  # noqa: ARG002
    ) -> bool:
        """Note which statements would be written. `again` counts those that an earlier batch had."""
        ids = {k.statement.id for k in new}
        self.again += len(ids & self._seen)
        self._seen |= ids
        return True
