"""One mail in the morning: what happened since the last one; with the first of a week, what the week came to.

A mail is noted as sent after the relay took it. Where the process dies in between, another sends it once more after
the lease, with the same Message-ID.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from nkwatch.domain.delivery import Handover, Sent
from nkwatch.domain.lease import Lease
from nkwatch.domain.morning import DAYTIME, struck
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import Week
from nkwatch.editing.notices import Matter, matters
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.told import Telling

#: So long after the hour it is waited for what is told at the hour, by this machine and by others.
SETTLING = timedelta(minutes=10)
#: Longer than the week of a large installation takes to be counted.
LEASE = timedelta(minutes=30)
#: What the relay did not take is tried again after this.
AGAIN = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Informed:
    """Whether the operator was mailed in this round, and of how many kinds of things."""

    mails: int = 0
    matters: int = 0


class Mornings(Protocol):
    """Which notices no mail has told of, and which mornings are done; the same for all machines."""

    async def is_done(self, day: str) -> bool:
        """Whether this morning's mail was sent, or there was none to send."""
        ...

    async def begin(self, day: str, lease: Lease, now: datetime) -> Sequence[Noticed] | None:
        """Take a morning in hand; answers what is to be told. None where it is done, or in another's hands."""
        ...

    async def was_mailed(self, since: str) -> bool:
        """Whether a mail was sent on a day from this one on."""
        ...

    async def done(self, day: str, owner: str, now: datetime, *, mailed: bool) -> None:
        """It is done, by a mail or without one."""
        ...

    async def release(self, day: str, owner: str, until: datetime) -> None:
        """It could not be done: whoever looks after `until` may try."""
        ...


class Weeks(Protocol):
    """Knows what weeks came to."""

    async def last(self, now: datetime) -> Week:
        """The last whole week before `now`."""
        ...


class Letters(Protocol):
    """Mails the operator."""

    async def tell(self, day: date, told: Sequence[Matter], week: Week | None) -> Handover:
        """Send what is to be told on this day."""
        ...


@dataclass(slots=True)
class Morning:
    """Rounds of looking whether it is morning, in the hours after `hour` of `zone`."""

    mornings: Mornings
    weeks: Weeks
    letters: Letters
    clock: Clock
    telling: Telling
    owner: str
    zone: str = "UTC"
    hour: int = 8
    _done: str = field(default="", init=False)

    async def __call__(self) -> Informed:
        """Mail what is to be told, if it is time and nobody has."""
        now = self.clock()
        morning = struck(now, self.zone, self.hour)
        day = morning.date().isoformat()
        if not morning + SETTLING <= now < morning + DAYTIME or day == self._done:
            return Informed()
        if await self.mornings.is_done(day):
            self._done = day
            return Informed()
        found = await self.mornings.begin(day, Lease(self.owner, now + LEASE), now)
        return Informed() if found is None else await self._inform(morning.date(), matters(found))

    async def _inform(self, day: date, told: Sequence[Matter]) -> Informed:
        monday = day - timedelta(days=day.weekday())
        known = await self.mornings.was_mailed(monday.isoformat())
        week = None if known else await self.weeks.last(self.clock())
        mailed = bool(told or week)
        if mailed and not await self._sent(day, told, week):
            return Informed()
        await self.mornings.done(day.isoformat(), self.owner, self.clock(), mailed=mailed)
        self._done = day.isoformat()
        return Informed(int(mailed), len(told))

    async def _sent(self, day: date, told: Sequence[Matter], week: Week | None) -> bool:
        answer = await self.letters.tell(day, told, week)
        why = "" if isinstance(answer, Sent) else answer.reply or "the relay gave no answer"
        self.telling.trouble("the morning's mail does not leave", why, "it is tried again")
        if why:
            await self.mornings.release(day.isoformat(), self.owner, self.clock() + AGAIN)
        return not why
