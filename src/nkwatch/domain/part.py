"""How one part of the daemon is: whether its rounds end well, and how long it waits for the next."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nkwatch.domain.doubling import doubled

#: A part that fails waits this long at first, then twice as long each time.
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=5), timedelta(minutes=5)
#: A part that ended no round for so many of its waits, and at least so long, is late: it hangs, or others take its
#: time.
LATE_TICKS, LATE_AFTER = 5, timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the day's work as this process does it.

    `every` is how often it looks for work, `may_take` how long a round may last before it is broken off; `since` is
    when this process began with it. `failures` are counted in a row, `why` is what the last one said.
    """

    name: str
    every: timedelta
    may_take: timedelta
    since: datetime
    began_at: datetime | None = None
    ended_at: datetime | None = None
    rounds: int = 0
    failures: int = 0
    failed_rounds: int = 0
    took: timedelta = timedelta()
    why: str = ""

    @property
    def wait(self) -> timedelta:
        """How long after the end of a round the next one begins at the latest."""
        if not self.failures:
            return self.every
        return max(self.every, doubled(FIRST_WAIT, self.failures - 1, LONGEST_WAIT))

    def began(self, now: datetime) -> "Part":
        """A round begins."""
        return replace(self, began_at=now)

    def after(self, why: str, now: datetime, took: timedelta) -> "Part":
        """A round has ended well, or with what `why` says."""
        return replace(
            self,
            began_at=None,
            ended_at=now,
            rounds=self.rounds + 1,
            failures=self.failures + 1 if why else 0,
            failed_rounds=self.failed_rounds + bool(why),
            took=took,
            why=why,
        )

    def moved(self, by: timedelta) -> "Part":
        """The clock was moved by a span; how long ago things were stays as it was."""
        began, ended = self.began_at, self.ended_at
        return replace(
            self,
            since=self.since + by,
            began_at=began and began + by,
            ended_at=ended and ended + by,
        )

    def is_late(self, now: datetime) -> bool:
        """Whether no round has ended for far too long; a round that may still take its time is not late."""
        patience = max(LATE_TICKS * self.wait, LATE_AFTER) + (self.may_take if self.began_at else timedelta())
        return now - (self.ended_at or self.since) > patience
