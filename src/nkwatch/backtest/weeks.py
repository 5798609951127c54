"""What a backtest found, week by week. A week begins when a digest closes, early on a Monday."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from nkwatch.domain.alert import Change
from nkwatch.domain.story import AlertState, Story
from nkwatch.editing.matching import Reason

#: A week's digest closes at this hour of Monday, in the reader's time zone.
CLOSING_HOUR = 7


@dataclass(frozen=True, slots=True)
class Mail:
    """A mail as a reader would have got it; links to that reader's own pages lead nowhere. `html` may be empty."""

    subject: str
    text: str
    html: str


@dataclass(frozen=True, slots=True)
class Told:
    """A story in a digest. `section` is where it stands in it: one of those below, else the code of a theme."""

    story: Story
    section: str
    reasons: tuple[Reason, ...] = ()


#: The stories that lead, those with one line, those that only count, those that the reader had as alerts.
LEAD, LINE, COUNTED, ALERTED = "lead", "line", "counted", "alerted"


@dataclass(frozen=True, slots=True)
class Digest:
    """A digest that would have been sent at `at` (UTC)."""

    at: datetime
    stories: tuple[Told, ...]
    mail: Mail


@dataclass(frozen=True, slots=True)
class Raised:
    """A story that was told as an alert at `at` (UTC), or waited for an editor from then on.

    `state` is HELD or RELEASED, `why` the sentence of the rule of release, `fact` the first line of the alert. An
    update has `changes`, and the number of the alert that it `follows` (from 1).
    """

    story: Story
    at: datetime
    state: AlertState
    why: str
    fact: str
    mail: Mail
    changes: tuple[Change, ...] = ()
    follows: int = 0


@dataclass(frozen=True, slots=True)
class Week:
    """One week. `entries` were published in it, `about_nk` of these were read as being on North Korea."""

    name: str
    entries: int = 0
    about_nk: int = 0
    digest: Digest | None = None
    alerts: tuple[Raised, ...] = ()


@dataclass(frozen=True, slots=True)
class Backtested:
    """The weeks in which there was anything, in order, and the version of the rules that read the entries."""

    weeks: tuple[Week, ...]
    rules: str


def week_of(instant: datetime, zone: str) -> str:
    """The week that holds an instant, by the ISO week in which it begins: 2023-W42."""
    local = instant.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    year, week, _ = (local - timedelta(hours=CLOSING_HOUR)).isocalendar()
    return f"{year}-W{week:02}"
