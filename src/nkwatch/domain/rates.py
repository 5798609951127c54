"""How fast mail may leave: a *rate* is kept by one instant, at which the next message would be due.

That is the generic cell rate algorithm (ITU-T I.371): one row for each limit, so that it survives a restart and
holds over processes.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

#: What is written of the future counts no further: a clock that was set back must not hold mail for days.
FURTHEST = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Rate:
    """So many messages a second, in bursts of at most `burst`."""

    per_second: float
    burst: int = 10

    def taken(self, free_at: datetime | None, now: datetime) -> datetime:
        """The instant kept after one more message left at `now`."""
        start = now if free_at is None or free_at < now else free_at
        return start + self._interval

    def ready_at(self, free_at: datetime | None) -> datetime | None:
        """From when on a message may leave; None where it may at once, whenever that is."""
        return None if free_at is None else free_at - self._interval * (self.burst - 1)

    @property
    def _interval(self) -> timedelta:
        # rounded up: many small steps must not add up to more than the limit
        return timedelta(microseconds=ceil(1_000_000 / self.per_second))


@dataclass(frozen=True, slots=True)
class Limits:
    """What the operator allows: in all, to one domain, and to domains by their names (small letters).

    None is no limit. Nothing urgent waits for them, but what it takes the others wait for.
    """

    total: Rate | None = None
    domain: Rate | None = None
    named: Mapping[str, Rate] = field(default_factory=dict)

    def of(self, domain: str) -> Rate | None:
        """The limit for one domain."""
        return self.named.get(domain, self.domain)
