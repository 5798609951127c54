"""The service watches itself: whether alerts leave in time, whether anything leaves, whether the database can be used.

People are woken for these alone, by another way than mail, which may be what has failed. Everything else waits for the
morning's mail: whether bulletins arrive at the canary is told there, unless it is an alert that does not.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from nkwatch.domain.delivery import Late, Stuck
from nkwatch.domain.returned import Accepted, Arrived
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.told import Telling

#: So long it is looked whether a bulletin arrived; the canary's mails stay unread for that time, and so outlive a
#: restart.
HORIZON = timedelta(days=1)
#: How often the canary's mailbox is looked into, and how many times in a round: the first has a day's mails to read.
BETWEEN_LOOKS = timedelta(minutes=1)
MOST_LOOKS = 50
#: A database that is away for less than this is no reason to wake anybody.
AWAY = timedelta(minutes=1)
ALERT, OUTBOX, DATABASE, MISSING = "alert late", "outbox stuck", "database unusable", "alert missing"
#: What is told when such a thing is over; what is missing once was missing.
OVER = {ALERT: "alert left", OUTBOX: "outbox moves", DATABASE: "database usable"}

Why = Callable[[], Awaitable[str]]
"""Answers in one sentence why something is not as it should be; nothing where it is."""


@dataclass(frozen=True, slots=True)
class Watched:
    """How often the bell rang in one round."""

    rung: int = 0


class Bell(Protocol):
    """Reaches the people who run this, by another way than mail."""

    async def __call__(self, event: str, text: str, number: int) -> str:
        """Ring once. Answers one sentence when nobody was reached, else nothing."""
        ...


class Waiting(Protocol):
    """What is to leave."""

    async def late(self, before: datetime) -> Sequence[Late]:
        """Alerts with deliveries that were due before then and are still undone, by number."""
        ...

    async def stuck(self, before: datetime) -> Stuck | None:
        """Bulk that may go, was due before then, and is not done; None where there is none."""
        ...

    async def accepted(self, since: datetime) -> int:
        """How many deliveries of the bulk lane relays accepted since then, to the hour."""
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


async def nothing() -> str:
    """There is nothing wrong."""
    return ""


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


@dataclass(slots=True)
class Watch:
    """Rounds of looking, each of which costs a few queries. Without a bell the operator is told in the log alone.

    While one of the `excuses` holds (the operator's own brake, a lock) it is meant that bulk stands still. `unusable`
    says why the database is; without it nothing else is looked at.
    """

    outbox: Waiting
    clock: Clock
    telling: Telling
    bell: Bell | None = None
    alerts_within: timedelta = timedelta(minutes=2)
    arrivals: Arrivals | None = None
    stuck_after: timedelta = timedelta(hours=2)
    excuses: Sequence[Why] = ()
    unusable: Why = nothing
    #: what was told, by event and number, and what of it reached somebody
    _noted: set[tuple[str, int]] = field(default_factory=set, init=False)
    _rung: set[tuple[str, int]] = field(default_factory=set, init=False)
    _missed: set[int] = field(default_factory=set, init=False)
    _away_since: datetime | None = field(default=None, init=False)

    async def __call__(self) -> Watched:
        """Ring once for each thing that is wrong, and once more when it is over."""
        why = await self.unusable()
        rung = await self._look_at_database(why)
        if why:
            return Watched(rung)
        rung += await self._look_at_alerts() + await self._look_at_outbox()
        if self.arrivals is not None:
            rung += await self._look_at_arrivals(self.arrivals)
        return Watched(rung)

    async def _look_at_database(self, why: str) -> int:
        now = self.clock()
        self._away_since = (self._away_since or now) if why else None
        # a clock that was set back must not hide it
        long = self._away_since is not None and not timedelta() <= now - self._away_since < AWAY
        text = f"The database cannot be used: {why}. Nothing is collected or sent. Look at it: `nkwatch doctor`."
        if why and not long:
            return 0
        return await self._stands(DATABASE, 0, text if why else "", "The database can be used again.")

    async def _look_at_alerts(self) -> int:
        late = {one.number: one for one in await self.outbox.late(self.clock() - self.alerts_within)}
        before = {number for event, number in self._rung | self._noted if event == ALERT}
        rung = 0
        for number in sorted(late.keys() | before):
            text = _late(late[number]) if number in late else ""
            rung += await self._stands(ALERT, number, text, f"Alert {number} has now left to all its readers.")
        return rung

    async def _look_at_outbox(self) -> int:
        """Stuck is what does not move: a long queue that gets shorter is none."""
        before = self.clock() - self.stuck_after
        found = await self.outbox.stuck(before)
        if found and (await self.outbox.accepted(before) or await self._is_meant()):
            found = None
        text = _stuck(found) if found else ""
        return await self._stands(OUTBOX, 0, text, "Digests leave again.")

    async def _is_meant(self) -> bool:
        return any([await excuse() for excuse in self.excuses])

    async def _look_at_arrivals(self, arrivals: Arrivals) -> int:
        rung = 0
        for one in await arrivals.missing():
            if one.urgent:
                rung += await self._stands(MISSING, one.number, _missing(one), "")
            elif one.number not in self._missed:
                self._missed.add(one.number)
                self.telling.notice("bulletin missing", number=one.number, what=_missing(one))
        return rung

    async def _stands(self, event: str, number: int, text: str, over: str) -> int:
        """Ring for what is wrong as `text` says, or is over; whether somebody was told, or there is nobody to reach.

        Else it is tried again at the next round, unless it is over before anybody heard of it.
        """
        this = (event, number)
        if text:
            if this in self._rung or not await self._ring(event, text, number):
                return 0
            self._rung.add(this)
            return 1
        if this not in self._rung:
            self._noted.discard(this)
            return 0
        if not await self._ring(OVER[event], over, number):
            return 0
        self._rung.discard(this)
        self._noted -= {this, (OVER[event], number)}
        return 1

    async def _ring(self, event: str, text: str, number: int) -> bool:
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


def _stuck(found: Stuck) -> str:
    since = f"{found.since:%Y-%m-%d %H:%M} UTC"
    return f"No digest leaves, though some should have since {since}. Look why: `nkwatch doctor`."


def _missing(one: Accepted) -> str:
    when = f"{one.accepted_at:%Y-%m-%d %H:%M} UTC"
    return (
        f"Bulletin {one.number}, which the mail relay accepted at {when}, has not arrived at the canary. Look into its"
        " folder of junk, and at what the relay did with it."
    )
