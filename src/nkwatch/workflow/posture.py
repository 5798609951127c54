"""Stops bulk while anybody could send mail in our name: readers of this service are who such mails are meant for."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Protocol

from nkwatch.domain.posture import Answers, Finding, Identity, Looked, Unreached, is_reserved
from nkwatch.editing.posture import impersonable, judged, questions
from nkwatch.workflow.ports import Clock, Notice

#: How long an answer holds: a good one, and one that the operator may be about to mend.
GOOD_FOR, BAD_FOR = timedelta(hours=1), timedelta(minutes=10)


class Names(Protocol):
    """Looks TXT records up."""

    async def txt(self, name: str) -> Looked:
        """The texts at a name."""
        ...


@dataclass(slots=True)
class Posture:
    """A halt: one sentence why bulk must not go now, "" if it may.

    Where the DNS cannot be reached, what was known last holds, and in the beginning everything may go: the operator is
    told once. Identities of reserved domains are not asked about, and none at all when `off`.
    """

    names: Names
    identities: Sequence[Identity]
    clock: Clock
    notice: Notice
    off: bool = False
    _said: str = field(default="", init=False)
    _until: datetime = field(default=datetime.min.replace(tzinfo=UTC), init=False)
    _silent: bool = field(default=False, init=False)
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def __call__(self) -> str:
        """Ask, unless what was answered last still holds."""
        async with self._turn:
            # a clock that was set back must not keep an answer for longer
            if not self.off and not timedelta() < self._until - self.clock() <= GOOD_FOR:
                await self._ask()
        return self._said

    async def _ask(self) -> None:
        now = self.clock()
        verdicts = [impersonable(i, await asked(self.names, i)) for i in self.identities if not is_reserved(i.sender)]
        sure = [v for v in verdicts if isinstance(v, str)]
        unknown = next((v.reason for v in verdicts if isinstance(v, Unreached)), "")
        if bad := next(filter(None, sure), ""):
            self._said = bad
        elif not unknown:
            self._said = ""
        self._tell(unknown)
        self._until = now + (BAD_FOR if self._said or unknown else GOOD_FOR)

    def _tell(self, unknown: str) -> None:
        if unknown and not self._silent:
            self.notice("cannot look up who may send in our name", why=unknown, do="check the resolver of this machine")
        self._silent = bool(unknown)


async def asked(names: Names, identity: Identity) -> Answers:
    """The answers by which an identity is judged, all asked for at once."""
    wanted = sorted(questions(identity))
    return dict(zip(wanted, await asyncio.gather(*(names.txt(name) for name in wanted)), strict=True))


async def looked_at(names: Names, identity: Identity) -> list[Finding]:
    """What the DNS says of an identity; nothing of a reserved domain."""
    return [] if is_reserved(identity.sender) else judged(identity, await asked(names, identity))
