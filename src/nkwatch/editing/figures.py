"""Numbers against the usual: how many stories a window has, by theme, and how many one as long usually has."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import chain
from statistics import median
from typing import TypeAlias

from nkwatch.domain.bulletin import Window
from nkwatch.domain.surroundings import Bar, Counted, Figures

#: How many spans before a window are looked at; with fewer than the second nobody can say what is usual.
SPANS, FEWEST = 8, 4
#: A window is longer only after we were away; what is usual in it then follows from spans of this length.
LONGEST = timedelta(days=31)

#: When a story became ready, and on which themes that count it is.
Told: TypeAlias = tuple[datetime, frozenset[str]]


def span_before(window: Window) -> datetime:
    """Where counting must begin (UTC): one span before those that are looked at, to see whether we counted by then."""
    return window.start - (SPANS + 1) * _length(window)


def figures(window: Window, counted: Iterable[Counted], rights: Collection[str]) -> Figures:
    """The figures of the stories of a window on any of the themes `rights`; each counts once for each of its themes.

    What is usual is the median of the spans of equal length that begin after the first story that was counted.
    """
    told = [(c.ready_at, frozenset(c.themes).intersection(rights)) for c in counted]
    here = _within(told, window.start, window.end)
    before = _before(window, told)
    scale = (window.end - window.start) / _length(window) if before else 1.0

    def usual(counts: Iterable[int]) -> float | None:
        return scale * median(counts) if before else None

    themes = sorted(Counter(chain.from_iterable(here)).items(), key=lambda item: (-item[1], item[0]))
    bars = (Bar(theme, count, usual(sum(theme in on for on in span) for span in before)) for theme, count in themes)
    return Figures(len(here), usual(map(len, before)), tuple(bars))


def _length(window: Window) -> timedelta:
    return min(window.end - window.start, LONGEST)


def _before(window: Window, told: Sequence[Told]) -> list[list[frozenset[str]]]:
    """The stories of each span before the window, by their themes; none where there are too few, or no time."""
    length, first = _length(window), min((at for at, _ in told), default=window.start)
    if not length:
        return []
    begins = [b for n in range(1, SPANS + 1) if (b := window.start - n * length) >= first]
    return [_within(told, b, b + length) for b in begins] if len(begins) >= FEWEST else []


def _within(told: Iterable[Told], start: datetime, end: datetime) -> list[frozenset[str]]:
    return [on for at, on in told if start <= at < end and on]
