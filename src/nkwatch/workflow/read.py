"""Read the statements that have no reading yet, and put each in its story."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nkwatch.domain.source import Role, Scope, Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.theme import Reading
from nkwatch.reading import read
from nkwatch.reading.lexicon import Lexicon
from nkwatch.reading.stories import Placed, Placement, Shelf, marks, since
from nkwatch.workflow.ports import Clock, Statements

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

    sources: Mapping[str, Source]
    statements: Statements
    lexicon: Lexicon
    clock: Clock
    #: whose releases others reprint
    organisations: tuple[str, ...] = ()

    async def __call__(self) -> Read:
        """Read everything unread."""
        total = Read()
        while unread := await self.statements.unread(BATCH, self.clock()):
            placements = await self._place(unread)
            await self.statements.record_readings(placements, self.clock())
            told = [p for p in placements if p.story_id]
            opened = sum(p.story_id == p.reading.statement_id for p in told)
            total = Read(total.statements + len(unread), total.about_nk + len(told), total.stories + opened)
        return total

    async def _place(self, unread: Sequence[Placed]) -> list[Placement]:
        """A reading for each; what is on North Korea joins a story, what already has one stays there."""
        readings = [self._read(u.statement) for u in unread]
        homeless = [u.statement for u, r in zip(unread, readings, strict=True) if r.about_nk and not u.story_id]
        shelf = Shelf()
        if homeless:
            near = {mark for s in homeless for mark in marks(s)}
            shelf = Shelf(await self.statements.placed(near, since(homeless)))
        stories = {s.id: shelf.place(s) for s in homeless}
        return [
            Placement(r, u.story_id or stories.get(u.statement.id, ""), marks(u.statement) if r.about_nk else ())
            for u, r in zip(unread, readings, strict=True)
        ]

    def _read(self, statement: Statement) -> Reading:
        source = self.sources.get(statement.source_id)
        nk_only = source is not None and source.scope is Scope.NK_ONLY
        reprinted = self.organisations if source and source.role is Role.REPRINT else ()
        return read(statement, self.lexicon, nk_only=nk_only, reprinted_from=reprinted)
