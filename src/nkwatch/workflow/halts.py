"""What stops bulk, and nothing else: a *halt* answers in one sentence why no bulk must go now, "" if it may."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.workflow.ports import Clock, Outbox

Halt = Callable[[], Awaitable[str]]

DAY = timedelta(hours=24)
HOUR = timedelta(hours=1)


@dataclass(slots=True)
class Brake:
    """The emergency brake: not more than `per_day` of bulk in 24 hours, whoever or whatever asked for it.

    Several processes that look at the same moment may each go up to it.
    """

    outbox: Outbox
    clock: Clock
    per_day: int
    #: how many may still go, as of the last look
    left: int = field(default=0, init=False)
    _until: datetime | None = field(default=None, init=False)
    _why: str = field(default="", init=False)

    async def __call__(self) -> str:
        """Why bulk stands still. The same sentence until it may go on, so that it is told once."""
        now = self.clock()
        # a clock that was set back must not hold it longer than a day
        if self._until and self._until - DAY - HOUR <= now < self._until:
            return self._why
        self._until, self._why = None, ""
        accepted = await self.outbox.accepted(now - DAY)
        self.left = max(self.per_day - accepted, 0)
        if not self.left:
            self._until = await self._free_at(now)
            self._why = (
                f"{accepted} mails of the bulk lane were accepted in the last 24 hours, and `mail.per_day` is"
                f" {self.per_day}: they go on at {self._until:%Y-%m-%d %H:%M} UTC, or with a higher setting after a"
                " restart"
            )
        return self._why

    async def _free_at(self, now: datetime) -> datetime:
        """The full hour at which less than `per_day` lie in the 24 hours before it."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        low, high = 1, 25
        while low < high:
            middle = (low + high) // 2
            if await self.outbox.accepted(hour + middle * HOUR - DAY) < self.per_day:
                high = middle
            else:
                low = middle + 1
        return hour + high * HOUR
