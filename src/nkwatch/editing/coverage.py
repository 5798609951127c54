"""What is known of how a source was watched, day by day (UTC): by the record of polls, and by nothing else."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from nkwatch.domain.polling import SILENT_AFTER
from nkwatch.domain.source import Source

NEW, ANSWERED, FAILED, UNPOLLED, UNKNOWN = "new", "answered", "failed", "not polled", "unknown"
#: Who does not answer for longer has fallen silent; a Retry-After may keep us away for a week.
SILENCE = SILENT_AFTER
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Day:
    """How often a source was asked on a day, how often it answered, and how many statements were new to us."""

    polls: int = 0
    answered: int = 0
    new: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """The days on which a source was asked; `began` is the first of which polls of any source are recorded."""

    began: date | None = None
    days: Mapping[date, Day] = field(default_factory=dict)

    def of(self, day: date) -> Day | None:
        """The polls of a day; None where none were recorded yet: nobody knows."""
        return None if self.began is None or day < self.began else self.days.get(day, Day())


@dataclass(frozen=True, slots=True)
class Spell:
    """The time without an answer: from the day `since` on which the last one came to that of the next, if any."""

    since: date
    until: date | None = None

    def __str__(self) -> str:
        """An interval of ISO 8601, open at its end while it goes on."""
        return f"{self.since}/{self.until or '..'}"


@dataclass(frozen=True, slots=True)
class Reach:
    """When a source answered for the first time since polls are recorded, and its long spells without an answer."""

    first: date
    spells: tuple[Spell, ...] = ()

    def lost(self, spell: Spell) -> "Reach":
        """The same, with a later spell."""
        return Reach(self.first, (*self.spells, spell))


@dataclass(frozen=True, slots=True)
class DayCounts:
    """How many statements a source dated on each day, how many of them are on North Korea, and how many were new.

    `first_seen` leaves out what came as old news.
    """

    published: Mapping[date, int] = field(default_factory=dict)
    about_nk: Mapping[date, int] = field(default_factory=dict)
    first_seen: Mapping[date, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Covered:
    """One day (UTC) of one source; without `polls` nobody knows how it was watched."""

    source_id: str
    publisher: str
    day: date
    published: int
    about_nk: int
    first_seen: int
    polls: Day | None

    @property
    def state(self) -> str:
        """What the polls of the day say in one word."""
        match self.polls:
            case None:
                return UNKNOWN
            case Day(polls=0):
                return UNPOLLED
            case Day(answered=0):
                return FAILED
            case _:
                return NEW if self.polls.new else ANSWERED


def first(counts: DayCounts, record: Record) -> date | None:
    """The first day of which anything is known."""
    return min((*counts.published, *counts.first_seen, *record.days), default=None)


def covered(source: Source, counts: DayCounts, record: Record, since: date, until: date) -> Iterator[Covered]:
    """Every day of this span, both ends included, the first first."""
    day = since
    while day <= until:
        yield Covered(
            source.id,
            source.publisher,
            day,
            counts.published.get(day, 0),
            counts.about_nk.get(day, 0),
            counts.first_seen.get(day, 0),
            record.of(day),
        )
        day += _DAY
