"""What the workflow needs of webhooks: what there is to tell, and a way to the receivers."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.lease import Lease
from nkwatch.domain.webhook import Call, CallState, Due, Heard, Hook, Line, Seen


class Webhooks(Protocol):
    """Hooks and their calls, each call once for what it is about."""

    async def look(self, names: Sequence[str], now: datetime) -> list[Seen]:
        """How it stands with these hooks, by one query; nothing of one that is new."""
        ...

    async def begin(self, hook: Hook, now: datetime) -> None:
        """Let a hook begin now, or switch on one whose address is another than before."""
        ...

    async def find(self, hooks: Sequence[Hook], now: datetime) -> int:
        """Write a call for everything that these hooks are to be told since they were looked for; answers how many."""
        ...

    async def take(self, name: str, now: datetime, lease: Lease) -> Line | None:
        """Take a hook's calls into these hands alone; None where another has them."""
        ...

    async def due(self, name: str, now: datetime, limit: int) -> list[Due]:
        """The calls of a hook that are due: alerts first, then what happened first."""
        ...

    async def record(self, call: Call, line: Line | None, owner: str) -> None:
        """Write what became of a call; and of its line, while this owner still has it."""
        ...

    async def leave(self, name: str, owner: str) -> None:
        """Give a hook's calls back."""
        ...

    async def retry(self, name: str, now: datetime) -> int:
        """Switch a hook on again, and let it be told what was given up or waits; answers how many calls."""
        ...

    async def counts(self, name: str) -> Mapping[CallState, int]:
        """How many calls of a hook are in each state."""
        ...

    async def calls(self, name: str, limit: int) -> list[Call]:
        """The calls of a hook that were found last, the newest first."""
        ...

    async def call(self, call_id: str) -> Due | None:
        """One call; None where there is none."""
        ...


class Post(Protocol):
    """A way to the receivers."""

    async def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """Post `body`; what comes of it is a value."""
        ...
