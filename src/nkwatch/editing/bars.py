"""Bars as numbers: what was counted most, and the parts of a whole. All widths are in percent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

#: Bars that can be taken in at once.
MOST = 12


@dataclass(frozen=True, slots=True)
class Bar:
    """How often something was counted; the longest bar is 100 wide."""

    code: str
    count: int
    width: float


@dataclass(frozen=True, slots=True)
class Bars:
    """The longest bars, the longest first; `rest` is the sum of the `left_out`, `unnamed` what has no code."""

    bars: tuple[Bar, ...] = ()
    left_out: int = 0
    rest: int = 0
    unnamed: int = 0

    @property
    def total(self) -> int:
        """Everything that was counted."""
        return sum(b.count for b in self.bars) + self.rest + self.unnamed


def bars(counts: Mapping[str, int], most: int = MOST) -> Bars:
    """The `most` frequent of these codes."""
    ordered = sorted(((n, code) for code, n in counts.items() if code and n), key=lambda pair: (-pair[0], pair[1]))
    shown, others = ordered[:most], ordered[most:]
    drawn = tuple(Bar(code, n, round(max(1, 100 * n / shown[0][0]), 1)) for n, code in shown)
    return Bars(drawn, len(others), sum(n for n, _ in others), counts.get("", 0))


@dataclass(frozen=True, slots=True)
class Segment:
    """A part of a whole, from `start` on, both in percent."""

    name: str
    count: int
    start: float
    width: float


def segments(counts: Mapping[str, int], names: Sequence[str]) -> tuple[Segment, ...]:
    """The parts with these names, in their order, each that is not empty at least one percent wide."""
    wide = {name: max(1.0, 100 * n / sum(counts.values())) if (n := counts.get(name, 0)) else 0.0 for name in names}
    whole, start, found = sum(wide.values()) or 1.0, 0.0, []
    for name in names:
        width = 100 * wide[name] / whole
        found.append(Segment(name, counts.get(name, 0), round(start, 2), round(width, 2)))
        start += width
    return tuple(found)
