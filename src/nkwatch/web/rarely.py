"""What somebody may ask for only so often: a mail to an address that may be anybody's."""

from collections import defaultdict, deque
from datetime import timedelta

from nkwatch.workflow.ports import Clock


class Rarely:
    """Lets each name pass `times` in `span`. In memory alone: a restart forgets."""

    def __init__(self, clock: Clock, times: int, span: timedelta) -> None:
        self._clock = clock
        self._times = times
        self._span = span
        self._passed: defaultdict[str, deque[float]] = defaultdict(deque)

    def passes(self, name: str) -> bool:
        """Whether `name` may pass now; if so, it is counted."""
        now = self._clock().timestamp()
        self._forget(now - self._span.total_seconds())
        if len(self._passed[name]) >= self._times:
            return False
        self._passed[name].append(now)
        return True

    def _forget(self, until: float) -> None:
        for name, passed in list(self._passed.items()):
            while passed and passed[0] <= until:
                passed.popleft()
            if not passed:
                del self._passed[name]
