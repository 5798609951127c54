"""Pictures as numbers: scales, columns, paths and marks. Templates draw them, and show the same numbers as a table.

Along a picture the unit is one column of its period, upwards it is a percent of its scale.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby

from nkwatch.editing.coverage import Spell
from nkwatch.editing.periods import MOST_COLUMNS, Period

#: How high pictures are, in their own unit.
HEIGHT = 100
#: A column with anything in it can be seen, whatever the scale (percent).
_LEAST = 3
#: Labels of marks stand at least so many columns apart, of `MOST_COLUMNS`.
_MARK_ROOM = 10
#: Scales end at one of these, times a power of ten.
_ROUND = (1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10)
#: Sources of the first days belong to the beginning: a service is not set up in an hour.
SET_UP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Tally:
    """How many statements a source published in the week that begins on `week` (a Monday, UTC).

    They are those on `theme`; without one those on human rights at all, each once.
    """

    week: date
    source: str
    theme: str
    count: int


@dataclass(frozen=True, slots=True)
class Column:
    """One column: from which day on, how many statements, and how many of them from sources that were added since."""

    day: date
    count: int
    added: int


@dataclass(frozen=True, slots=True)
class Panel:
    """The columns of one theme (of all, where it is empty) as paths: `old` sources below, `added` ones above."""

    theme: str
    columns: tuple[Column, ...]
    old: str
    added: str

    @property
    def total(self) -> int:
        """How many statements it shows."""
        return sum(c.count for c in self.columns)

    @property
    def total_added(self) -> int:
        """How many of them come from sources that were added."""
        return sum(c.added for c in self.columns)

    @property
    def highest(self) -> Column:
        """The column with the most, the first of them."""
        return max(self.columns, key=lambda c: c.count)


@dataclass(frozen=True, slots=True)
class Event:
    """A source was added on that day, or fell silent, and was so `until` then where that is over."""

    day: date
    source: str
    silent: bool = False
    until: date | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """How many sources came or went from `x` (columns) on; events too close to be told apart have one mark."""

    x: float
    added: int
    silent: int


@dataclass(frozen=True, slots=True)
class OverTime:
    """Statements over time. All panels have one scale, up to `top`.

    Before `began` (columns from the left) nobody watched, or no polls were recorded. `lines` are where sources came or
    went, `marks` their labels. The last column is not over yet.
    """

    period: Period
    top: int
    panels: tuple[Panel, ...]
    events: tuple[Event, ...] = ()
    marks: tuple[Mark, ...] = ()
    began: float = 0.0

    @property
    def lines(self) -> tuple[float, ...]:
        """Where sources came or went, in columns."""
        return tuple(dict.fromkeys(self.period.place(e.day) for e in self.events))


@dataclass(frozen=True, slots=True)
class Watch:
    """Since when sources answer, as far as polls are recorded, and when they were silent or not to be read, by id."""

    since: Mapping[str, date]
    silent: Mapping[str, Sequence[Spell]]

    @property
    def began(self) -> date | None:
        """The first day of which it is known."""
        return min(self.since.values(), default=None)

    def of(self, source: str) -> "Watch":
        """What is known of one source."""
        since, silent = self.since.get(source), self.silent.get(source)
        return Watch({source: since} if since else {}, {source: silent} if silent else {})

    def added(self, period: Period) -> dict[str, date]:
        """The sources that were added in the period. Those with which the watch began were not."""
        start = max(period.first, self.began + SET_UP) if self.began else period.first
        return {source: day for source, day in self.since.items() if start <= day <= period.today}


def over_time(tallies: Iterable[Tally], watch: Watch, period: Period, themes: Sequence[str]) -> OverTime:
    """The panels of these themes, in their order."""
    events = _events(watch, period)
    new = {e.source for e in events if not e.silent}
    counts: dict[str, Counter[tuple[int, bool]]] = defaultdict(Counter)
    for tally in tallies:
        column = period.column(tally.week)
        if column >= 0:
            counts[tally.theme][column, tally.source in new] += tally.count
    columns = {theme: _columns(counts[theme], period) for theme in themes}
    top = nice(max((c.count for own in columns.values() for c in own), default=0))
    panels = tuple(Panel(theme, own, *_paths(own, top)) for theme, own in columns.items())
    began = max(0.0, period.place(watch.began)) if watch.began else 0.0
    return OverTime(period, top, panels, events, _marks(events, period), began)


def busiest(tallies: Iterable[Tally], themes: Iterable[str]) -> list[str]:
    """Those of these themes that have any statement, the one with the most first."""
    totals: Counter[str] = Counter()
    for tally in tallies:
        totals[tally.theme] += tally.count
    return sorted((t for t in themes if totals[t]), key=lambda t: (-totals[t], t))


def by_month(plot: OverTime) -> list[tuple[date, tuple[int, ...]]]:
    """The sums of each panel by the month in which its columns begin (the first day of it), the first month first."""
    sums: dict[date, list[int]] = {}
    for place, panel in enumerate(plot.panels):
        for column in panel.columns:
            sums.setdefault(column.day.replace(day=1), [0] * len(plot.panels))[place] += column.count
    return [(month, tuple(counts)) for month, counts in sums.items()]


def _events(watch: Watch, period: Period) -> tuple[Event, ...]:
    """What happened in the period."""
    came = [Event(day, source) for source, day in watch.added(period).items()]
    spells = ((source, spell) for source, own in watch.silent.items() for spell in own)
    gone = [Event(s.since, i, silent=True, until=s.until) for i, s in spells if period.first <= s.since <= period.today]
    return tuple(sorted((*came, *gone), key=lambda e: (e.day, e.silent, e.source)))


def _columns(counts: Mapping[tuple[int, bool], int], period: Period) -> tuple[Column, ...]:
    days = period.columns
    pairs = ((counts.get((n, False), 0), counts.get((n, True), 0)) for n in range(period.count))
    return tuple(Column(day, old + added, added) for day, (old, added) in zip(days, pairs, strict=True))


def _paths(columns: Sequence[Column], top: int) -> tuple[str, str]:
    """The outlines of the columns: of sources that were there before, and of those that were added, above them."""
    spans = [_span(column, top) for column in columns]
    runs = ((added, list(run)) for added, run in groupby(enumerate(spans), lambda pair: pair[1][0] < pair[1][1]))
    return _area(0, [(0, low) for low, _ in spans]), "".join(
        _area(run[0][0], [s for _, s in run]) for a, run in runs if a
    )


def _span(column: Column, top: int) -> tuple[int, int]:
    """How high the two parts of a column reach, each high enough to be seen where there is any."""
    old = column.count - column.added
    whole = max(_height(column.count, top), _LEAST * (bool(old) + bool(column.added)))
    return (min(max(_height(old, top), _LEAST), whole - _LEAST) if old and column.added else whole * bool(old)), whole


def _height(count: int, top: int) -> int:
    return round(HEIGHT * count / top)


def _area(first: int, spans: Sequence[tuple[int, int]]) -> str:
    """What lies between the two heights of columns side by side: along their tops, and back along their feet."""
    if not any(low < high for low, high in spans):
        return ""
    tops = "".join(f"V{HEIGHT - high}h{len(list(run))}" for high, run in groupby(high for _, high in spans))
    feet = "".join(f"V{HEIGHT - low}h-{len(list(run))}" for low, run in groupby(low for low, _ in reversed(spans)))
    return f"M{first} {HEIGHT - spans[0][0]}{tops}{feet}z"


def _marks(events: Sequence[Event], period: Period) -> tuple[Mark, ...]:
    """Labels from the first event of each group on, at least `_MARK_ROOM` apart, with as much room behind the last."""
    room = _MARK_ROOM * period.count / MOST_COLUMNS
    groups: dict[float, list[Event]] = {}
    for event in events:
        x, last = min(period.place(event.day), period.count - room), max(groups, default=-room)
        groups.setdefault(last if x - last < room else x, []).append(event)
    return tuple(_mark(x, group) for x, group in groups.items())


def _mark(x: float, group: Sequence[Event]) -> Mark:
    silent = sum(e.silent for e in group)
    return Mark(round(x, 2), len(group) - silent, silent)


def nice(most: int) -> int:
    """Where a scale ends that has room for `most`: at a round number, of which the half is whole where it is large."""
    if most <= len(_ROUND) - 1:
        return max(1, most)
    power: int = 10 ** (len(str(most)) - 1)
    ends = (round(mantissa * power) for mantissa in _ROUND)
    return next(end for end in ends if end >= most and end % 2 == 0)
