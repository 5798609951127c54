"""A *period* is a time in columns of one or more weeks each, for pictures; weeks begin on Monday (ISO 8601)."""

from dataclasses import dataclass
from datetime import date, timedelta

WEEK = timedelta(days=7)
#: A picture has no more columns than this: more could not be told apart on a small screen.
MOST_COLUMNS = 60
#: Names of months stand at least so many columns apart, of `MOST_COLUMNS`.
_ROOM = 14


@dataclass(frozen=True, slots=True)
class Period:
    """Columns of `step` weeks each, from the Monday `first`; `today` is in the last."""

    first: date
    count: int
    step: int
    today: date

    @classmethod
    def of(cls, today: date, weeks: int) -> "Period":
        """The last `weeks` weeks, or some more, up to that of `today`; in at most `MOST_COLUMNS` columns."""
        step = -(-weeks // MOST_COLUMNS)
        count = max(1, -(-weeks // step))
        return cls(monday(today) + WEEK - count * step * WEEK, count, step, today)

    @property
    def columns(self) -> tuple[date, ...]:
        """The first day of each column."""
        return tuple(self.first + n * self.step * WEEK for n in range(self.count))

    def place(self, day: date) -> float:
        """Where a day stands, in columns from the left."""
        return round((day - self.first) / (self.step * WEEK), 2)

    def column(self, day: date) -> int:
        """The column of a day; the last one for days ahead."""
        return min((day - self.first) // (self.step * WEEK), self.count - 1)

    @property
    def months(self) -> tuple["Month", ...]:
        """Months that begin in the period, so many that their names have room. The first has its name in any case."""
        between = _ROOM * self.count / MOST_COLUMNS
        days = self.count * self.step * 7
        every = _whole(-(-round(days * _ROOM / MOST_COLUMNS) // 30))
        begins = (_month(self.first, n) for n in range(1, days // 28 + 2))
        found: list[Month] = []
        for month in (Month(self.place(day), day) for day in begins if day <= self.today):
            apart = not found or month.x - found[-1].x >= between
            if (month.day.month - 1) % every == 0 and apart:
                found.append(month)
        return tuple(m for m in found if m.x <= self.count - between) or tuple(found[:1])


@dataclass(frozen=True, slots=True)
class Month:
    """Where a month begins."""

    x: float
    day: date


def monday(day: date) -> date:
    """The first day of its week."""
    return day - timedelta(days=day.weekday())


def _month(day: date, n: int) -> date:
    """The first day of the nth month after that of `day`."""
    months = day.year * 12 + day.month - 1 + n
    return date(months // 12, months % 12 + 1, 1)


def _whole(months: int) -> int:
    """The next number of months that a year is a multiple of; a year for more."""
    return next((n for n in (1, 2, 3, 4, 6) if n >= months), 12)
