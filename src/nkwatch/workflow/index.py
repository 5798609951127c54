"""Put into the index of the search what is not there yet, and take out what is no more."""

from dataclasses import dataclass

from nkwatch.workflow.ports import Indexing

#: Nobody else writes to SQLite while a batch is written: so many take less than a tenth of a second.
BATCH = 20


@dataclass(frozen=True, slots=True)
class Indexed:
    """What one round brought up to date."""

    statements: int = 0


@dataclass(frozen=True, slots=True)
class Index:
    """One round, in batches that are written whole, until all is up to date."""

    store: Indexing

    async def __call__(self) -> Indexed:
        """Bring everything up to date."""
        statements = 0
        while some := await self.store.index(BATCH):
            statements += some
        return Indexed(statements)
