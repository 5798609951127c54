"""Ask an address outside, minute by minute, while all is well: who watches it notices when that ends.

It is silent when something is wrong, so that the word of this machine is not needed for it.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.workflow.ports import Clock
from nkwatch.workflow.told import Telling
from nkwatch.workflow.watching import Waiting, Why, nothing


@dataclass(frozen=True, slots=True)
class Beaten:
    """Whether the address outside was asked in this round, and answered."""

    beats: int = 0


@dataclass(slots=True)
class Heartbeat:
    """Rounds of asking. `ask` answers one sentence where nobody was reached; without it nothing is done.

    `late` names the parts of this process that end no round any more; whoever runs them puts it in.
    """

    ask: Callable[[], Awaitable[str]] | None
    outbox: Waiting
    clock: Clock
    telling: Telling
    alerts_within: timedelta = timedelta(minutes=2)
    unusable: Why = nothing
    late: Callable[[], Sequence[str]] = tuple

    async def __call__(self) -> Beaten:
        """Ask once, if all is well."""
        if self.ask is None or await self.wrong():
            return Beaten()
        why = await self.ask()
        self.telling.trouble("the heartbeat does not arrive", why, "it is tried each minute; look at [watch]")
        return Beaten(0 if why else 1)

    async def wrong(self) -> str:
        """Why not all is well, in one sentence; nothing where it is."""
        if late := self.late():
            return f"These parts end no rounds: {', '.join(late)}."
        if why := await self.unusable():
            return f"The database cannot be used: {why}."
        alerts = await self.outbox.late(self.clock() - self.alerts_within)
        return f"Alerts do not leave: {', '.join(str(one.number) for one in alerts)}." if alerts else ""
