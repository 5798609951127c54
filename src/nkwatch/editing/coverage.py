"""What is known of how a source was watched, day by day. There is no record of polls: much of it is not known."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta

from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source

NEW, BEFORE, ANSWERED, OFF, UNKNOWN = "new", "before", "answered", "off", "unknown"
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Counts:
    """How many statements a source dated on each day, how many of them are on North Korea, and how many were new.

    `first_seen` leaves out what came as old news. `watched_from` is the first day with such a one, None without any.
    """

    published: Mapping[date, int] = field(default_factory=dict)
    about_nk: Mapping[date, int] = field(default_factory=dict)
    first_seen: Mapping[date, int] = field(default_factory=dict)
    watched_from: date | None = None

    @property
    def first(self) -> date | None:
        """The first day of which anything is known."""
        return min((*self.published, *self.first_seen), default=None)


@dataclass(frozen=True, slots=True)
class Covered:
    """One day (UTC) of one source."""

    source_id: str
    publisher: str
    day: date
    published: int
    about_nk: int
    first_seen: int
    state: str


def covered(source: Source, state: PollState | None, counts: Counts, since: date, until: date) -> Iterator[Covered]:
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
            _state(source, state, counts, day),
        )
        day += _DAY


def _state(source: Source, state: PollState | None, counts: Counts, day: date) -> str:
    if counts.first_seen.get(day):
        return NEW
    if state is not None and state.last_ok_at is not None and state.last_ok_at.date() == day:
        return ANSWERED
    if state is not None and _in_trouble(state, day):
        return str(state.health)
    if counts.watched_from is None or day < counts.watched_from:
        return BEFORE
    last = state.last_ok_at.date() if state is not None and state.last_ok_at else None
    return OFF if not source.enabled and last is not None and day > last else UNKNOWN


def _in_trouble(state: PollState, day: date) -> bool:
    since = state.health_since
    return state.health is not Health.OK and since is not None and day >= since.date()
