"""What a week came to, in numbers, for whoever runs this."""

from dataclasses import dataclass
from datetime import datetime, timedelta

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Figures:
    """One week. What nobody knows is None.

    `median` and `worst` are the delays of alerts: from when we first saw the newest report in one until the relay had
    accepted it for the last of its readers so far. `deliveries` are those of alerts and digests of that week.
    """

    polls: int = 0
    answered: int = 0
    new: int = 0
    read: int = 0
    about_nk: int = 0
    stories: int = 0
    alerts: int = 0
    median: timedelta | None = None
    worst: timedelta | None = None
    digests: int = 0
    sent: int = 0
    refused: int = 0
    cancelled: int = 0
    undone: int = 0
    bounced: int = 0
    complained: int = 0
    joined: int = 0
    left: int = 0
    gone: int = 0
    database_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Week:
    """The week [`start`, `end`) (UTC) and the one `before` it; and how things are now.

    `sources` are those whose health changed in that week to something other than ok, each with it. `versions` are
    named. `backup_at` is when the last backup was made, as far as is known; `room` the bytes free beside the database.
    """

    start: datetime
    end: datetime
    this: Figures
    before: Figures
    sources: tuple[tuple[str, str], ...] = ()
    readers: int = 0
    waiting: int = 0
    backup_at: datetime | None = None
    room: int | None = None
    versions: tuple[tuple[str, str], ...] = ()


def week_before(now: datetime) -> tuple[datetime, datetime]:
    """The last whole week of UTC days: from a Monday to the next, both at midnight."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    monday = midnight - timedelta(days=midnight.weekday())
    return monday - WEEK, monday
