"""Read the statements that have no reading yet, and put each in its story. Several processes share them out."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.domain.lease import Lease
from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import Statement
from nkwatch.reading.stories import Placed, Placement
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.readings import Place, Reader

BATCH = 200
#: Longer than a batch takes; after that somebody else reads what a dead process had in hand.
LEASE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Read(Counts):
    """What one round of reading found; `stories` counts those that were opened."""

    statements: int = 0
    about_nk: int = 0
    stories: int = 0


@dataclass(frozen=True, slots=True)
class ReadStatements:
    """One round, in batches that are written whole, until nothing is unread."""

    statements: Statements
    place: Place
    read: Reader
    clock: Clock
    owner: str = "here"

    async def __call__(self) -> Read:
        """Read everything unread that nobody else has in hand."""
        total = Read()
        while unread := await self._claimed():
            readings = [await self._reading(u.statement) for u in unread]
            placements = await self._stored(unread, readings)
            told = [p for p in placements if p.story_id]
            opened = sum(p.story_id == p.reading.statement_id for p in told)
            total += Read(len(unread), len(told), opened)
        return total

    async def _reading(self, statement: Statement) -> Reading:
        # a long text takes a fifth of a second: the site and the mail have their turn between two
        await asyncio.sleep(0)
        return self.read(statement)

    async def _claimed(self) -> Sequence[Placed]:
        now = self.clock()
        return await self.statements.unread(BATCH, now, Lease(self.owner, now + LEASE))

    async def _stored(self, unread: Sequence[Placed], readings: Sequence[Reading]) -> list[Placement]:
        """Place and store; again from the start where others placed something meanwhile that may belong together."""
        while True:
            as_of = await self.statements.placings()
            placements = await self._placements(unread, readings)
            if await self.statements.record_readings(placements, self.clock(), as_of):
                return placements

    async def _placements(self, unread: Sequence[Placed], readings: Sequence[Reading]) -> list[Placement]:
        """What is on North Korea joins a story, what already has one stays there."""
        pairs = list(zip(unread, readings, strict=True))
        homes = await self.place([u.statement for u, r in pairs if r.about_nk and not u.story_id])
        return [
            Placement(r, *(homes.get(u.statement.id) or (u.story_id, self.place.marks(u.statement, r))))
            for u, r in pairs
        ]
