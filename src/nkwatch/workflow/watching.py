"""The service watches itself: whether alerts leave in time, and whether bulletins arrive at the canary.

Who runs it is told by another way than mail, which may be what has failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from nkwatch.domain.delivery import Late
from nkwatch.domain.returned import Accepted, Arrived
from nkwatch.workflow.ports import Clock, Outbox
from nkwatch.workflow.told import Telling

#: So long it is looked whether a bulletin arrived; the canary's mails stay unread for that time, and so outlive a
#: restart.
HORIZON = timedelta(days=1)
#: How often the canary's mailbox is looked into, and how many times in a round: the first has a day's mails to read.
BETWEEN_LOOKS = timedelta(minutes=1)
MOST_LOOKS = 50


@dataclass(frozen=True, slots=True)
class Watched:
    """How often the bell rang in one round."""

    rung: int = 0


class Bell(Protocol):
    """Reaches the people who run this, by another way than mail."""

    async def __call__(self, event: str, text: str, number: int) -> str:
        """Ring once. Answers one sentence when nobody was reached, else nothing."""
        ...


class Inbox(Protocol):
    """The canary's mailbox."""

    async def new(self) -> tuple[Arrived, ...] | str:
        """The next mails that nobody has handled, oldest first; else one sentence that says why there are none."""
        ...

    async def handled(self, received: Arrived) -> str:
        """This mail needs nothing more. Answers one sentence where it cannot be marked, else nothing."""
        ...

    def keep(self, received: Arrived) -> None:
        """Leave this mail as it is, and do not look at it again while this process lives."""


class Sightings(Protocol):
    """What was to arrive."""

    async def accepted(self, subscriber_id: str, since: datetime) -> Sequence[Accepted]:
        """The bulletins that relays accepted for this subscriber since then, the oldest first."""
        ...


@dataclass(slots=True)
class Arrivals:
    """Which bulletins did not arrive at the canary within `within` after they were accepted."""

    canary_id: str
    ledger: Sightings
    inbox: Inbox
    clock: Clock
    telling: Telling
    within: timedelta = timedelta(minutes=30)
    _seen: dict[str, tuple[Arrived, datetime]] = field(default_factory=dict)
    _looked_at: datetime | None = None
    _known: bool = False

    async def missing(self) -> list[Accepted]:
        """Those of the last day; none where nobody can tell."""
        now = self.clock()
        if self._looked_at is None or now - self._looked_at >= BETWEEN_LOOKS:
            self._looked_at = now
            self._known = await self._look(now)
            await self._forget(now)
        if not self._known:
            return []
        ids = {arrived.message_id for arrived, _ in self._seen.values()}
        accepted = await self.ledger.accepted(self.canary_id, now - HORIZON)
        return [a for a in accepted if now - a.accepted_at > self.within and not a.arrived(ids)]

    async def _look(self, now: datetime) -> bool:
        """Read what came; whether everything that is there has been read."""
        for _ in range(MOST_LOOKS):
            new = await self.inbox.new()
            why = new if isinstance(new, str) else ""
            self.telling.trouble("the canary's mailbox cannot be read", why, "nobody can tell whether bulletins arrive")
            if isinstance(new, str):
                return False
            if not new:
                return True
            for arrived in new:
                self._seen[arrived.id] = (arrived, now)
                self.inbox.keep(arrived)
        return False

    async def _forget(self, now: datetime) -> None:
        """Mark as seen what came long ago."""
        old = [arrived for arrived, since in self._seen.values() if now - since > HORIZON + self.within]
        for arrived in old:
            why = await self.inbox.handled(arrived)
            self.telling.trouble("the canary's mails cannot be marked as seen", why, "its mailbox fills")
            del self._seen[arrived.id]


@dataclass(frozen=True, slots=True)
class Watch:
    """Rounds of looking, each of which costs one query. Without a bell the operator is told in the log alone."""

    outbox: Outbox
    clock: Clock
    telling: Telling
    bell: Bell | None = None
    alerts_within: timedelta = timedelta(minutes=2)
    arrivals: Arrivals | None = None
    _late: set[int] = field(default_factory=set)
    _missing: set[int] = field(default_factory=set)
    _noted: set[tuple[str, int]] = field(default_factory=set)

    async def __call__(self) -> Watched:
        """Ring once for each alert that is late, once more when it has left, once for a bulletin that is missing."""
        rung = await self._look_at_alerts()
        if self.arrivals is not None:
            rung += await self._look_at_arrivals(self.arrivals)
        return Watched(rung)

    async def _look_at_alerts(self) -> int:
        late = {one.number: one for one in await self.outbox.late(self.clock() - self.alerts_within)}
        rung = 0
        for number, one in late.items():
            if number not in self._late and await self._ring("alert late", _late(one), number):
                self._late.add(number)
                rung += 1
        for number in sorted(self._late - late.keys()):
            if await self._ring("alert left", f"Alert {number} has now left to all its readers.", number):
                self._late.discard(number)
                rung += 1
        return rung

    async def _look_at_arrivals(self, arrivals: Arrivals) -> int:
        rung = 0
        for one in await arrivals.missing():
            if one.number not in self._missing and await self._ring("bulletin missing", _missing(one), one.number):
                self._missing.add(one.number)
                rung += 1
        return rung

    async def _ring(self, event: str, text: str, number: int) -> bool:
        """Whether somebody was told, or there is nobody to reach; else it is tried again at the next round."""
        if (event, number) not in self._noted:
            self._noted.add((event, number))
            self.telling.notice(event, number=number, what=text)
        why = await self.bell(event, text, number) if self.bell else ""
        self.telling.trouble("the bell does not ring", why, "it is tried again; look at [watch] in the settings")
        return not why


def _late(one: Late) -> str:
    since = f"{one.since:%Y-%m-%d %H:%M} UTC"
    return (
        f"Alert {one.number} has not left to {one.readers} of its readers, who wait since {since}. Look whether the"
        " mail relay answers: `nkwatch doctor`."
    )


def _missing(one: Accepted) -> str:
    when = f"{one.accepted_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"Bulletin {one.number}, which the mail relay accepted at {when}, has not arrived at the canary. Look into its"
        " folder of junk, and at what the relay did with it."
    )
