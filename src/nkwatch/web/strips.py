"""Strips: what a source published, day by day, and since when it is silent or cannot be read, as numbers to draw.

A strip is as wide as its days and `HEIGHT` high; the newest day is on the right.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

DAYS = 90
HEIGHT = 12
_DAY = timedelta(days=1)
#: How high a day stands that has 1, 2, 3 or more statements.
_HEIGHTS = (5, 7, 9, 11)


@dataclass(frozen=True, slots=True)
class Bar:
    """A day with statements; `x` counts days from the left."""

    x: int
    height: int


@dataclass(frozen=True, slots=True)
class Tick:
    """Where a month begins."""

    x: int
    month: datetime


@dataclass(frozen=True, slots=True)
class Trail:
    """The time up to now in which nothing came, from `start` to `end` (days from the left)."""

    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Strip:
    """The strip of one source; `statements` is how many it shows."""

    bars: tuple[Bar, ...]
    statements: int
    trail: Trail | None

    @property
    def path(self) -> str:
        """The bars as a path: a line up in the middle of each day, steps from one foot to the next."""
        steps, x, height = "", 0, 0
        for bar in self.bars:
            steps += f"m{bar.x - x} {height}v-{bar.height}" if steps else f"M{bar.x}.5 12v-{bar.height}"
            x, height = bar.x, bar.height
        return steps


@dataclass(frozen=True, slots=True)
class Span:
    """The days up to and with that of `now` (UTC)."""

    now: datetime

    @property
    def start(self) -> datetime:
        """Midnight at the beginning of the first day."""
        today = self.now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        return today - (DAYS - 1) * _DAY

    @property
    def ticks(self) -> tuple[Tick, ...]:
        """The first days of months."""
        days = ((n, self.start + n * _DAY) for n in range(DAYS))
        return tuple(Tick(n, day) for n, day in days if day.day == 1)

    def counted(self, published: Iterable[datetime]) -> Counter[int]:
        """How much was published on each day; dates ahead of us count as today's."""
        start = self.start
        return Counter(min((p - start) // _DAY, DAYS - 1) for p in published if p >= start)

    def strip(self, counted: Mapping[int, int], quiet_since: datetime | None) -> Strip:
        """The strip of these days."""
        bars = (Bar(x, _HEIGHTS[min(n, len(_HEIGHTS)) - 1]) for x, n in sorted(counted.items()))
        return Strip(tuple(bars), sum(counted.values()), self._trail(quiet_since) if quiet_since else None)

    def _trail(self, since: datetime) -> Trail | None:
        """Nothing where the time is too short to be seen."""
        start, end = max(0.0, (since - self.start) / _DAY), (self.now - self.start) / _DAY
        return Trail(round(start, 1), round(end, 1)) if end - start >= 1 else None
