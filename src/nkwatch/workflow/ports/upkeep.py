"""What a survey of the database needs."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from nkwatch.domain.survey import Overdue, Repair


class Upkeep(Protocol):
    """What should be in the database and is not, or is there and should not be."""

    async def clock_differs(self, now: datetime) -> timedelta:
        """How far this machine's clock is ahead of the database's; nothing where that is the same one."""
        ...

    async def repair(self, repair: Repair, now: datetime, *, dry: bool = False) -> int:
        """Put one kind of thing right in one transaction; answers how many. With `dry`, how many that would be."""
        ...

    async def overdue(self, now: datetime) -> Sequence[Overdue]:
        """The work that should have been done by now, in the order of `Wanting`."""
        ...
