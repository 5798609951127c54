"""What reading and correcting need: a reader, stories for statements without one, the readings that are kept."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from nkwatch.domain.correction import Correction, Filed
from nkwatch.domain.reading import Reading
from nkwatch.domain.source import Role, Scope, Source
from nkwatch.domain.statement import Statement
from nkwatch.reading import read
from nkwatch.reading.rules import Rules
from nkwatch.reading.stories import Placement, Shelf, marks, since, sought
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.workflow.ports import Statements

Reader = Callable[[Statement], Reading]
"""Reads a statement by the current rules."""


class Readings(Protocol):
    """What was read in statements, and what editors said of it."""

    async def filed(self, statement_id: str) -> Filed | None:
        """The statement with its reading and its story; None where there is none, or it was not read yet."""
        ...

    async def outdated(self, rules: str, since: datetime | None, after: str, limit: int) -> list[Filed]:
        """Statements read by other rules and published since then, by id, those behind `after`."""
        ...

    async def count_outdated(self, rules: str, since: datetime | None) -> int:
        """How many statements there are that were read by other rules and published since then."""
        ...

    async def record_anew(self, placements: Sequence[Placement], now: datetime, news_from: datetime) -> None:
        """Store readings by other rules. What came on North Korea joins the story named, what went off leaves its own.

        Alerts are asked anew for what was published from `news_from` on. What was edited meanwhile is left to `read`.
        """

    async def record_correction(self, said: Correction, story_id: str, marks: Sequence[int], now: datetime) -> bool:
        """Keep what an editor said, with all that follows for story and alert; false when there is no such reading.

        A statement that came on North Korea joins the story named, unless it stands in one.
        """
        ...

    async def corrections(self, statement_id: str = "") -> list[Filed]:
        """All corrections with the readings that they corrected, the newest first."""
        ...

    async def in_force(self) -> list[Filed]:
        """The corrections that are in force, with the readings that they corrected, by statement."""
        ...


Home = tuple[str, tuple[int, ...]]
"""The id of a story, and the marks by which the statement is found in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Looks among the statements that have their story; nothing is written."""

    statements: Statements
    vocabulary: Vocabulary = field(default_factory=Vocabulary)

    async def __call__(self, homeless: Sequence[Statement]) -> Mapping[str, Home]:
        """The home of each, by statement id; a story of its own where none fits. The first seen is placed first."""
        if not homeless:
            return {}
        wanted = {mark for s in homeless for mark in sought(s, self.vocabulary)}
        shelf = Shelf(await self.statements.placed(wanted, since(homeless)), self.vocabulary)
        apart = await self.statements.apart([s.id for s in homeless])
        ordered = sorted(homeless, key=lambda s: (s.first_seen, s.published, s.id))
        return {s.id: (shelf.place(s, apart.get(s.id, ())), marks(s, self.vocabulary)) for s in ordered}

    def marks(self, statement: Statement, reading: Reading) -> tuple[int, ...]:
        """The marks by which a statement that stands in a story is found there; none off North Korea."""
        return marks(statement, self.vocabulary) if reading.about_nk else ()


def organisations(sources: Mapping[str, Source]) -> tuple[str, ...]:
    """Who releases statements of their own: the publishers and owners that reprints may be of."""
    primary = [s for s in sources.values() if s.role is Role.STATEMENT]
    return tuple(dict.fromkeys(name for s in primary for name in (s.publisher, s.owner) if name))


def reader(sources: Mapping[str, Source], rules: Rules) -> Reader:
    """Reads a statement by these rules, as one of its source."""
    releasing = organisations(sources)

    def read_one(statement: Statement) -> Reading:
        source = sources.get(statement.source_id)
        nk_only = source is not None and source.scope is Scope.NK_ONLY
        reprinted = releasing if source and source.role is Role.REPRINT else ()
        return read(statement, rules, nk_only=nk_only, reprinted_from=reprinted)

    return read_one
