"""When anything may happen in a backtest: the hours at which sources are due, digests close or alerts leave."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from nkwatch.backtest.sources import Shown
from nkwatch.domain.subscriber import Schedule
from nkwatch.editing.windows import next_closing

HOUR = timedelta(hours=1)
#: An alert that has to wait for its reader leaves within this: quiet hours are shorter than a day.
WAITING = 30 * HOUR
#: A source is asked for so long after its last entry.
LINGER = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Agenda:
    """`dates` are those of all entries, in order; `asked` says by source id from when until when it is asked."""

    dates: tuple[datetime, ...]
    asked: Mapping[str, tuple[datetime, datetime]]
    schedule: Schedule

    @classmethod
    def of(cls, shown: Sequence[Shown], schedule: Schedule) -> "Agenda":
        """Each source is asked once before its first entry."""
        dates = sorted(e.published for one in shown for e in one.feed.entries)
        spans = ((one.source.id, one.feed.entries[0], one.feed.entries[-1]) for one in shown)
        asked = {i: (_hour(first.published) - HOUR, last.published + LINGER) for i, first, last in spans}
        return cls(tuple(dates), asked, schedule)

    @property
    def start(self) -> datetime:
        """When the first source is asked for the first time."""
        return min(since for since, _ in self.asked.values())

    @property
    def end(self) -> datetime:
        """The closing after every source was asked for its last entry."""
        return self._closing(self.dates[-1] + LINGER)

    def open(self, now: datetime) -> list[str]:
        """The ids of the sources that are asked now."""
        return [i for i, (since, until) in self.asked.items() if since <= now <= until]

    def after(self, now: datetime, due: Mapping[str, datetime], alarmed: datetime) -> datetime:
        """The next hour at which something may happen.

        `due` is by source id when it is asked next, `alarmed` when the last alert was let go.
        """
        if now - alarmed < WAITING:
            return now + HOUR
        begins = [since for since, _ in self.asked.values() if since > now]
        polls = [_hour(due[i], up=True) for i in self.open(now) if i in due]
        return max(now + HOUR, min([self._closing(now), *begins, *polls]))

    def _closing(self, after: datetime) -> datetime:
        return _hour(next_closing(self.schedule, after) or after, up=True)


def _hour(instant: datetime, *, up: bool = False) -> datetime:
    """The full hour at or before an instant, or at or after it."""
    full = instant.replace(minute=0, second=0, microsecond=0)
    return full + HOUR if up and full < instant else full
