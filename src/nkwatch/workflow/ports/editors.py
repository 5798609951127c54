"""What the workflow needs to know editors at their desk."""

from datetime import datetime
from typing import Protocol

from nkwatch.domain.audit import Deed, Row
from nkwatch.domain.delivery import Handover
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import Passkey


class Tickets(Protocol):
    """What works once and not for long, found by a secret; no secret is kept."""

    async def issue(
        self, purpose: str, secret: str, now: datetime, until: datetime, *, holder: str | None = None, editor: str = ""
    ) -> None:
        """Let whoever has the secret, and is this holder if one is named, spend it once until then."""
        ...

    async def spend(self, purpose: str, secret: str, now: datetime, *, holder: str) -> str | None:
        """The editor for whom it was issued, and it is gone; None where it does not work."""
        ...

    async def works(self, purpose: str, secret: str, now: datetime, *, holder: str) -> str | None:
        """As `spend`, and it stays."""
        ...


class Passkeys(Protocol):
    """The keys of editors."""

    async def of(self, editor: str) -> list[Passkey]:
        """An editor's keys, the first first."""
        ...

    async def add(self, passkey: Passkey) -> bool:
        """Keep a key; false where its credential is known, whoever has it."""
        ...


class EditorsPost(Protocol):
    """Letters to editors on their passkeys. The link in them enrols, and does nothing else."""

    async def link(self, editor: Editor, link: str) -> Handover:
        """The link that was asked for."""
        ...

    async def known(self, editor: Editor, desk: str) -> Handover:
        """A link was asked for, and the editor has a passkey: another is added where that one signs in."""
        ...

    async def invited(self, editor: Editor, desk: str) -> Handover:
        """Where to ask for a link."""
        ...

    async def added(self, editor: Editor, whose: str, label: str) -> Handover:
        """Somebody has a new passkey."""
        ...


class Audit(Protocol):
    """What was done, in rows that are never changed."""

    async def write(self, deed: Deed) -> Row:
        """Put a deed behind the last row."""
        ...
