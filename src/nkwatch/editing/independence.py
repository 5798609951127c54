"""Which owners speak independently of each other: who repeats what another wrote confirms nothing.

Texts are compared by their runs of three words. A translation of a wire report has none in common with it and is not
found out, unless it is the same owner's.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from nkwatch.domain.source import Role
from nkwatch.domain.story import Report
from nkwatch.reading.likeness import FEWEST, REPRINTED, grams


@dataclass(frozen=True, slots=True)
class _Told:
    """A report and the hashed runs of words of its text."""

    report: Report
    grams: frozenset[int]

    def copies(self, other: "_Told") -> bool:
        """Whether the shorter of two texts stands in the other for the most part."""
        fewer = min(len(self.grams), len(other.grams))
        return fewer >= FEWEST and len(self.grams & other.grams) >= REPRINTED * fewer

    def one_voice(self, other: "_Told") -> bool:
        """Whether two reports are one voice: of one owner, or one repeats the other."""
        return self.report.owner == other.report.owner or self.copies(other)


def independent(reports: Iterable[Report], besides: Iterable[Report] = ()) -> tuple[str, ...]:
    """The owners that speak independently in these reports, one for each voice, the one that spoke first first.

    Owners of whom one carries the other's text are one voice, even where each writes texts of its own too. State media
    are none, nor is a text too short to be told from a copy, nor one that repeats state media or a report of `besides`.
    """
    told = [_Told(r, frozenset(grams(r.statement))) for r in sorted(reports, key=_when)]
    silent = [t for t in told if _of_the_state(t)] + [_Told(r, frozenset(grams(r.statement))) for r in besides]
    heard = [t for t in told if len(t.grams) >= FEWEST and not _of_the_state(t) and not any(map(t.copies, silent))]
    return tuple(first.report.owner for first in _voices(heard))


def _when(report: Report) -> tuple[object, ...]:
    return report.statement.published, report.statement.id


def _of_the_state(told: _Told) -> bool:
    return told.report.role is Role.STATE_MEDIA


def _voices(heard: Sequence[_Told]) -> list[_Told]:
    """The first report of each voice, in order."""
    voices: list[set[int]] = []
    for number, told in enumerate(heard):
        same = [voice for voice in voices if any(told.one_voice(heard[n]) for n in voice)]
        voices = [*(voice for voice in voices if voice not in same), {number}.union(*same)]
    return [heard[n] for n in sorted(map(min, voices))]
