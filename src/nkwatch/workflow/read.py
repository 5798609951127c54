"""Read the statements that have no reading yet, and put each in its story."""

from collections.abc import Sequence
from dataclasses import dataclass

from nkwatch.reading.stories import Placed, Placement
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.readings import Place, Reader

BATCH = 200


@dataclass(frozen=True, slots=True)
class Read:
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

    async def __call__(self) -> Read:
        """Read everything unread."""
        total = Read()
        while unread := await self.statements.unread(BATCH, self.clock()):
            placements = await self._placements(unread)
            await self.statements.record_readings(placements, self.clock())
            told = [p for p in placements if p.story_id]
            opened = sum(p.story_id == p.reading.statement_id for p in told)
            total = Read(total.statements + len(unread), total.about_nk + len(told), total.stories + opened)
        return total

    async def _placements(self, unread: Sequence[Placed]) -> list[Placement]:
        """A reading for each; what is on North Korea joins a story, what already has one stays there."""
        readings = [self.read(u.statement) for u in unread]
        pairs = list(zip(unread, readings, strict=True))
        homes = await self.place([u.statement for u, r in pairs if r.about_nk and not u.story_id])
        return [
            Placement(r, *(homes.get(u.statement.id) or (u.story_id, self.place.marks(u.statement, r))))
            for u, r in pairs
        ]
