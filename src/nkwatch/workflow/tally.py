"""How many messages were delivered."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from nkwatch.domain.delivery import Deferred, Handover, Refused, Sent, Unknown
from nkwatch.workflow.counts import Counts

#: Progress is told after so many more, at least.
STEP = 10


@dataclass(frozen=True, slots=True)
class Delivered(Counts):
    """What one round of delivering did."""

    sent: int = 0
    deferred: int = 0
    refused: int = 0
    unknown: int = 0


class Tally:
    """Counts outcomes as they are written, and tells `progress` the running counts."""

    def __init__(self, progress: Callable[[Delivered], None]) -> None:
        self._progress = progress
        self._counts: Counter[type[Handover]] = Counter()
        self._untold = 0

    def add(self, outcomes: Iterable[Handover]) -> None:
        """Count these."""
        kinds = [type(outcome) for outcome in outcomes]
        self._counts.update(kinds)
        self._untold += len(kinds)
        if self._untold >= STEP:
            self._untold = 0
            self._progress(self.delivered)

    @property
    def delivered(self) -> Delivered:
        """The counts so far."""
        counts = self._counts
        return Delivered(counts[Sent], counts[Deferred], counts[Refused], counts[Unknown])
