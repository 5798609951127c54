"""A *lease*: work is claimed for a while by one worker. After that anybody may claim it again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: No worker takes a lease as long: one that ends later was taken by a clock that was wrong.
LONGEST_LEASE = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Lease:
    """Whose the claimed work is, and until when (UTC)."""

    owner: str
    until: datetime
