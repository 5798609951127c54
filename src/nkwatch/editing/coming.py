"""What is coming: which entries of a calendar a digest tells."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from nkwatch.domain.surroundings import Coming

#: How far ahead readers are told, and of how much.
HORIZON, MOST = timedelta(days=60), 6
#: Plans change: nobody can rely on what was written down half a year ago.
STALE = timedelta(days=183)
#: It is a day later somewhere.
AHEAD = timedelta(days=1)


def coming(events: Iterable[Coming], now: datetime) -> tuple[Coming, ...]:
    """What has not ended and begins soon, the soonest first; each once."""
    today = now.date()
    told = {e for e in events if _holds(e, today) and e.day <= today + HORIZON}
    return tuple(sorted(told, key=lambda e: (e.day, e.until, e.title, e.place, e.url, e.language, e.as_of)))[:MOST]


def _holds(event: Coming, today: date) -> bool:
    """Whether an entry is neither over nor stale. What bears a date to come may be of any age, and is not believed."""
    return today <= event.until and today - STALE < event.as_of <= today + AHEAD
