"""An *alert* on its way to readers: what is told, what of it was told before, and when each reader gets it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber


class ChangeKind(StrEnum):
    """What a later report changes in an alert that was sent."""

    #: somebody speaks for themselves on what was only reported before
    PRIMARY = "primary"
    PEOPLE = "people"
    CASES = "cases"
    PLACES = "places"
    DANGERS = "dangers"
    ASKS = "asks"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is new. `values` are codes of places and dangers, numbers of people, names, or publishers."""

    kind: ChangeKind
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Told:
    """An alert that was sent: its number, when it was opened, and which statements it told of.

    `also` are the numbers of first alerts on stories that were merged with its own later.
    """

    number: int
    at: datetime
    statement_ids: frozenset[str]
    also: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Alert:
    """One story as it is told in an alert. An update has `changes` and the number of the alert that it follows."""

    story: Story
    number: int
    changes: tuple[Change, ...] = ()
    follows: int = 0


@dataclass(frozen=True, slots=True)
class Pace:
    """What is known of the alerts of one reader: when the last mail left or is to leave, and how many that day.

    `day` is the local date of `leaves_at`; `mails` are those of that day, the one to come counted.
    """

    leaves_at: datetime | None = None
    day: date | None = None
    mails: int = 0


@dataclass(frozen=True, slots=True)
class Waiting:
    """A reader whose mail with an alert leaves later, at `due_at` (UTC); None: the next digest holds it, counted."""

    subscriber: Subscriber
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class Due:
    """A reader and the bulletins (numbers of alerts) that are to leave together now."""

    subscriber: Subscriber
    numbers: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Recipient:
    """Somebody who got a bulletin or may have got it, and the Message-ID of that mail."""

    subscriber: Subscriber
    message_id: str
