"""What the workflow needs of the archive's editions."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.bulletin import Composition, Window
from nkwatch.domain.edition import Progress
from nkwatch.domain.subscriber import Rhythm


class StandardEditions(Protocol):
    """The editions, and how far those of each rhythm have come."""

    async def progress(self, rhythm: Rhythm) -> Progress | None:
        """How far the editions of this rhythm have come; None before the first."""
        ...

    async def begin(self, rhythm: Rhythm, key: str, window: Window, now: datetime) -> int:
        """The number of the digest with this key; from now on, this window and no other is to be closed.

        0 where somebody else closed it meanwhile.
        """
        ...

    async def as_of(self) -> int:
        """As `Outbox.as_of`."""
        ...

    async def keep(
        self,
        rhythm: Rhythm,
        number: int,
        window: Window,
        compositions: Sequence[Composition],
        now: datetime,
        as_of: int | None = None,
    ) -> bool:
        """Keep the edition of a window in each language, and cover the window; false where that was done.

        And where a redaction has changed what it is made of since `as_of`: the window stays open.
        """
        ...

    async def pass_over(self, rhythm: Rhythm, window: Window) -> bool:
        """Cover a window that has no edition; false where that was done."""
        ...

    async def told(self, rhythm: Rhythm, story_ids: Collection[str]) -> frozenset[str]:
        """Which of these stories an edition of this rhythm told already."""
        ...
