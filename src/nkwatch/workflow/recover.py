"""Look in the database for what should exist and does not, and put it right.

Leases of deliveries are looked at all the time, everything else every few minutes: see `Recover.survey`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.survey import Backlog, Overdue, Repair, Wanting
from nkwatch.domain.timeline import SLACK
from nkwatch.workflow.ports import Clock, Notice, Outbox
from nkwatch.workflow.ports.upkeep import Upkeep

#: What each repair did, for the log.
DONE = {
    Repair.AHEAD: "a clock was ahead: what it wrote of windows, stories and counts lies in the present, in its order",
    Repair.SOURCES: "who polled them is gone: they may be polled again",
    Repair.ERRANDS: "who fetched these pages is gone: they may be fetched again",
    Repair.WEBHOOKS: "who made their calls is gone: others may",
    Repair.POLLS: "they were due later than any rule says, as a clock was wrong: they are due now",
    Repair.VISITS: "these pages were due later than any rule says, as a clock was wrong: they are due now",
    Repair.MAILS: "these mails were due later than any rule says, as a clock was wrong: they are due now",
    Repair.WAITING: "these readers waited for alerts that a clock that was ahead put off: they get them now",
    Repair.READINGS: "these statements waited longer for their pages than any may, as a clock was wrong: they are read",
    Repair.CALLS: "these webhooks waited longer than any rule says, as a clock was wrong: they are called now",
    Repair.RESTS: "these hosts rested longer than any may ask for, as a clock was wrong",
    Repair.RATES: "these limits of rate held mail longer than any may, as a clock was wrong: they hold none now",
    Repair.STORIES: "these statements are on North Korea and stood in no story: they are read once more",
}


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was put right, by the words of `Repair`; `deliveries` are freed leases, `overdue` is work not yet done."""

    deliveries: int = 0
    ahead: int = 0
    sources: int = 0
    errands: int = 0
    webhooks: int = 0
    polls: int = 0
    visits: int = 0
    mails: int = 0
    waiting: int = 0
    readings: int = 0
    calls: int = 0
    rests: int = 0
    rates: int = 0
    stories: int = 0
    overdue: int = 0


@dataclass(frozen=True, slots=True)
class Recover:
    """`backlogs` are what looks before found overdue, for as long as this process lives."""

    outbox: Outbox
    clock: Clock
    notice: Notice
    upkeep: Upkeep | None = None
    backlogs: dict[Wanting, Backlog] = field(default_factory=dict)

    async def __call__(self) -> Recovered:
        """Free the deliveries whose lease ended."""
        freed = await self.outbox.recover(self.clock())
        if freed:
            what = "what may have left is sent again first, with the same Message-ID; then the others"
            self.notice("leases expired", deliveries=freed, what=what)
        return Recovered(freed)

    async def survey(self, *, dry: bool = False) -> Recovered:
        """Put right what can be, and tell what is overdue and does not become less. With `dry` nothing is changed."""
        if self.upkeep is None:
            return Recovered()
        now = self.clock()
        repaired = {} if await self._clock_is_wrong(self.upkeep, now) else await self._repair(self.upkeep, now, dry=dry)
        overdue = await self.upkeep.overdue(now)
        for one in overdue:
            self.backlogs[one.wanting] = self._looked(self.backlogs.get(one.wanting), one, now)
        for gone in self.backlogs.keys() - {one.wanting for one in overdue}:
            del self.backlogs[gone]
        return Recovered(**{str(r): n for r, n in repaired.items()}, overdue=sum(o.count for o in overdue))

    async def _repair(self, upkeep: Upkeep, now: datetime, *, dry: bool) -> Mapping[Repair, int]:
        repaired: dict[Repair, int] = {}
        for repair in Repair:
            count = await upkeep.repair(repair, now, dry=dry)
            repaired[repair] = count
            if count and not dry:
                self.notice("put right", kind=str(repair), count=count, what=DONE[repair])
        return repaired

    async def _clock_is_wrong(self, upkeep: Upkeep, now: datetime) -> bool:
        """Whether this machine is the one to be put right: what others wrote looks wrong to it."""
        differs = await upkeep.clock_differs(now)
        wrong = abs(differs) > SLACK
        if wrong:
            what = (
                "nothing is put right by this machine until its clock is: `timedatectl` tells whether it is kept right"
            )
            self.notice("the clock differs from the database's", seconds=int(differs / timedelta(seconds=1)), what=what)
        return wrong

    def _looked(self, backlog: Backlog | None, seen: Overdue, now: datetime) -> Backlog:
        backlog = backlog.after(seen, now) if backlog else Backlog(seen, now)
        if not backlog.stuck(now):
            return backlog
        oldest = f"{seen.oldest:%Y-%m-%dT%H:%M:%SZ}"
        self.notice(seen.wanting.value, count=seen.count, oldest=oldest, what=seen.wanting.what)
        return backlog.informed()
