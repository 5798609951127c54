"""What the operator has been told already: the same trouble is told once, and again only after it was over."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.workflow.ports import Clock, Notice

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Telling:
    """Remembers while this process lives."""

    notice: Notice
    clock: Clock
    _standing: set[str] = field(default_factory=set)
    _last: dict[str, datetime] = field(default_factory=dict)

    def trouble(self, event: str, why: str, what: str) -> None:
        """Tell that something does not work; without `why` it works."""
        if why and event not in self._standing:
            self._standing.add(event)
            self.notice(event, why=why, what=what)
        elif not why:
            self._standing.discard(event)

    def daily(self, event: str, **facts: object) -> None:
        """Tell something at most once in a day."""
        now = self.clock()
        if event not in self._last or now - self._last[event] >= DAY:
            self._last[event] = now
            self.notice(event, **facts)
