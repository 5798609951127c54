"""When a subscriber's windows close.

A window is [covered_until, closing instant) in UTC. After any downtime there is one window from where the last
one ended to the last closing instant that has passed: nothing is skipped, nothing is sent twice (promise 4).
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Rhythm, Schedule, Subscriber

#: After so long without a word, who asked for it hears that nothing was found.
SILENCE = timedelta(weeks=3)
#: A mail is written a little after its window closed, and a week with a change of clocks is an hour shorter.
WRITTEN = timedelta(days=1)


def beginning(schedule: Schedule, now: datetime) -> datetime:
    """Where the first window of somebody who confirms at `now` begins: at the last closing instant.

    So the first digest covers exactly the rhythm's usual span, and comes at the next closing instant.
    """
    return last_closing(schedule, now) or now


def next_closing(schedule: Schedule, after: datetime) -> datetime | None:
    """The first closing instant later than `after` (UTC); None for a subscriber without digests."""
    if schedule.rhythm is Rhythm.NONE:
        return None
    return next(c for c in _closings(schedule, after, step=1) if c > after)


def last_closing(schedule: Schedule, until: datetime) -> datetime | None:
    """The latest closing instant not later than `until` (UTC); None for a subscriber without digests."""
    if schedule.rhythm is Rhythm.NONE:
        return None
    return next(c for c in _closings(schedule, until, step=-1) if c <= until)


def closed_window(schedule: Schedule, covered_until: datetime, now: datetime) -> Window | None:
    """The window that has closed by `now` and was not yet covered, if any."""
    closing = last_closing(schedule, now)
    if closing is None or closing <= covered_until:
        return None
    return Window(covered_until, closing)


def lull(subscriber: Subscriber, window: Window) -> bool:
    """Whether a subscriber is to hear that nothing was found, as this window closes with nothing in it.

    Time on pause does not count: what it held was never looked through for this reader.
    """
    heard = subscriber.heard_at or subscriber.covered_until
    since = max(heard, subscriber.paused_until or heard)
    return subscriber.choice.lull and window.end - since > SILENCE - WRITTEN


def _closings(schedule: Schedule, around: datetime, *, step: int) -> Iterator[datetime]:
    """Closing instants, day by day in the direction of `step`, beginning on the near side of `around`.

    An hour that a change to summer time leaves out, or that occurs twice, is taken as `zoneinfo` reads it with
    fold 0: one instant a day in any case.
    """
    zone = ZoneInfo(schedule.zone)
    day = around.astimezone(zone).date() - timedelta(days=step)
    while True:
        if _closes_on(schedule, day):
            yield datetime.combine(day, time(schedule.hour), zone).astimezone(UTC)
        day += timedelta(days=step)


def _closes_on(schedule: Schedule, day: date) -> bool:
    match schedule.rhythm:
        case Rhythm.WEEKLY:
            return day.weekday() == schedule.weekday
        case Rhythm.MONTHLY:
            return day.day == min(schedule.monthday, monthrange(day.year, day.month)[1])
        case _:
            return True
