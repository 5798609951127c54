"""What a *survey* finds: what is put right at once, and work that is overdue, which another part should have done."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

#: Work that is overdue is told when it has not become less for so long.
PATIENCE = timedelta(minutes=10)


class Repair(StrEnum):
    """What is put right, in this order."""

    #: windows, stories, paces and counts that a clock that was ahead wrote
    AHEAD = "ahead"
    #: leases that ended, or end later than any may: of sources, of pages to be fetched, of webhooks
    SOURCES = "sources"
    ERRANDS = "errands"
    WEBHOOKS = "webhooks"
    #: due times and pauses longer than their own rules give: of polls, pages, mails, waiting alerts, statements to be
    #: read, calls, hosts, limits of rate
    POLLS = "polls"
    VISITS = "visits"
    MAILS = "mails"
    WAITING = "waiting"
    READINGS = "readings"
    CALLS = "calls"
    RESTS = "rests"
    RATES = "rates"
    #: on North Korea, and in no story: to be read once more
    STORIES = "stories"


class Wanting(StrEnum):
    """Work that should have been done, by the words in which it is told."""

    POLLS = "sources not polled"
    ERRANDS = "pages not fetched"
    UNREAD = "statements not read"
    UNINDEXED = "statements not in the index"
    ALERTS = "alerts not decided or not written"
    WINDOWS = "windows not closed"
    EDITIONS = "editions not closed"
    URGENT = "urgent mails not handed over"
    BULK = "digests not handed over"

    @property
    def part(self) -> str:
        """The part of `nkwatch run` that does it."""
        return _PARTS.get(self, "publish")

    @property
    def patience(self) -> timedelta:
        """How old such work may be before it is overdue. Where it is done as fast as others allow, that is long."""
        return _LONG if self in _SLOW else _SHORT

    @property
    def what(self) -> str:
        """What to do."""
        return (
            f"does a process run the part {self.part} (`nkwatch run`)? If so, its log says what keeps it;"
            f" `nkwatch doctor` looks at what it needs"
        )


_PARTS = {
    Wanting.POLLS: "collect",
    Wanting.ERRANDS: "collect",
    Wanting.UNREAD: "read",
    Wanting.UNINDEXED: "read",
    Wanting.URGENT: "deliver",
    Wanting.BULK: "deliver",
}
_SHORT, _LONG = timedelta(minutes=10), timedelta(hours=1)
_SLOW = (Wanting.POLLS, Wanting.ERRANDS, Wanting.BULK)


@dataclass(frozen=True, slots=True)
class Overdue:
    """How much of one kind of work is overdue, and since when its oldest (UTC)."""

    wanting: Wanting
    count: int
    oldest: datetime


@dataclass(frozen=True, slots=True)
class Backlog:
    """Overdue work, and since when there is no less of it."""

    overdue: Overdue
    since: datetime
    told: bool = False

    def after(self, seen: Overdue, now: datetime) -> "Backlog":
        """The backlog after one more look. Work that becomes less, or whose oldest is done, is being done."""
        less = seen.count < self.overdue.count or seen.oldest > self.overdue.oldest
        # a clock that was set back begins anew
        return Backlog(seen, now if less else min(self.since, now), self.told)

    def stuck(self, now: datetime) -> bool:
        """Whether nobody seems to do it, and nobody was told."""
        return not self.told and now - self.since >= PATIENCE

    def informed(self) -> "Backlog":
        """The backlog when the operator was told."""
        return replace(self, told=True)
