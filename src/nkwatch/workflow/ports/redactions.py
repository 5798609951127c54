"""What taking people and statements out needs of the store."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

from nkwatch.domain.redaction import Affected, Redaction
from nkwatch.reading.redacting import Forms


class Redacting(Protocol):
    """Says what is to be blacked out in what arrives."""

    async def forms(self) -> Forms:
        """The forms that are in force."""
        ...


class Redactions(Redacting, Protocol):
    """Goes through all that we hold, one transaction at a time. Doing it twice changes nothing more."""

    async def begin_person(self, forms: Sequence[str], editor: str, reason: str, now: datetime) -> Redaction:
        """Put the forms in force; the same forms are one redaction, which is gone through anew."""
        ...

    async def begin_statement(self, statement_id: str, editor: str, reason: str, now: datetime) -> Redaction:
        """Note that a statement is taken out."""
        ...

    async def listed(self) -> list[Redaction]:
        """All redactions, the first first."""
        ...

    async def lift(self, redaction_id: int, now: datetime) -> bool:
        """Apply the forms of a person no longer to what arrives, and forget them; false where none were in force."""
        ...

    async def finish(self, redaction_id: int, now: datetime) -> None:
        """Everything was gone through."""
        ...

    async def destroyed(self, statement_id: str) -> list[tuple[str, datetime, datetime]]:
        """The hashes of bytes that showed a statement and were destroyed, when they were had, and when destroyed."""
        ...

    def steps(self) -> tuple[str, ...]:
        """The names of all steps that take a person out, in their order."""
        ...

    def begun(self, forms: Sequence[str], redaction_id: int, now: datetime) -> Any:
        """What the steps are told; nothing is written where `redaction_id` is 0."""
        ...

    async def step(self, name: str, this: Any, after: Any) -> tuple[Any, Any, Affected]:
        """One part of a step; answers what the next is told and where it begins, None at the end of the step."""
        ...

    async def of_statement(self, statement_id: str) -> Affected | None:
        """What is kept of a statement; None where there is none."""
        ...

    async def hide(self, this: Any, statement_id: str) -> None:
        """Show a statement nowhere from now on."""
        ...

    async def remove_from_mails(
        self, this: Any, statement_id: str, after: Any, removed: Callable[[str, str], str]
    ) -> tuple[Any, Affected]:
        """Take a statement out of some of the mails that tell of it; answers where the next begin."""
        ...

    async def empty(self, this: Any, statement_id: str) -> Affected:
        """Leave nothing of a statement but its id, source and dates."""
        ...

    async def clean(self) -> bool:
        """Overwrite what the database still has of rows that are gone; false where somebody reads it just now."""
        ...
