"""What the workflow needs of the index of the search."""

from typing import Protocol


class Indexing(Protocol):
    """What keeps the index in step with the statements."""

    async def index(self, limit: int) -> int:
        """Bring up to `limit` statements up to date, the newest first; answers how many, 0 when all are."""
        ...
