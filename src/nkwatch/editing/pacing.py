"""When an alert leaves for one reader: at once, with the mails that wait, after quiet hours, or not as a mail.

The span in which alerts are gathered is fixed: it never begins anew, so nothing is put off for ever.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nkwatch.domain.alert import Pace
from nkwatch.domain.subscriber import Choice, QuietHours, Rhythm

#: What is released so soon after a mail leaves together when this is over.
TOGETHER = timedelta(minutes=5)
#: No mail waits so long: one that seems to was written while the clock was wrong, and nothing waits for it.
NEVER_SO_LONG = timedelta(days=3)


def paced(choice: Choice, pace: Pace | None, now: datetime, per_day: int) -> tuple[datetime | None, Pace]:
    """When an alert that is released `now` leaves for this reader (UTC), and the pace after it.

    It joins the mail that waits, and costs nothing then. Else it leaves at the first instant that is at least
    `TOGETHER` after the last mail and outside quiet hours. Over `per_day` (1 at least) mails of the local day on which
    it would leave: None, the next digest holds it; who has no digest gets it on the next local day.
    """
    last = pace.leaves_at if pace else None
    if pace is None or last is None or last - now > NEVER_SO_LONG:
        pace, last = Pace(), now - TOGETHER
    if last > now:
        return last, pace
    clock = _Clock(ZoneInfo(choice.schedule.zone), choice.quiet)
    earliest = max(now, last + TOGETHER)
    leaves = clock.loud(earliest)
    mails = pace.mails if clock.day(last) == clock.day(leaves) else 0
    if mails < per_day:
        return leaves, Pace(leaves, clock.day(leaves), mails + 1)
    if choice.schedule.rhythm is not Rhythm.NONE:
        return None, pace
    leaves = clock.loud(max(earliest, clock.next_day(leaves)))
    return leaves, Pace(leaves, clock.day(leaves), 1)


@dataclass(frozen=True, slots=True)
class _Clock:
    """The clock on a reader's wall. Instants are in UTC."""

    zone: ZoneInfo
    quiet: QuietHours | None

    def day(self, instant: datetime) -> date:
        """The date on the wall."""
        return instant.astimezone(self.zone).date()

    def next_day(self, instant: datetime) -> datetime:
        """When the day after begins. A midnight that clocks leave out is when they change (PEP 495)."""
        return datetime.combine(self.day(instant) + timedelta(days=1), time(), self.zone).astimezone(UTC)

    def loud(self, instant: datetime) -> datetime:
        """The first instant from this on that is outside quiet hours; an hour that comes twice is quiet twice."""
        while self._is_quiet(local := instant.astimezone(self.zone)):
            begun = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
            instant += timedelta(hours=1) - begun
        return instant

    def _is_quiet(self, local: datetime) -> bool:
        """Equal hours of beginning and end are no quiet hours at all."""
        if self.quiet is None:
            return False
        return (local.hour - self.quiet.start) % 24 < (self.quiet.end - self.quiet.start) % 24
