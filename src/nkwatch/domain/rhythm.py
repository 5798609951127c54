"""How often a source publishes, and how often it is asked because of that."""

import hashlib
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import pairwise
from statistics import median

from nkwatch.domain.doubling import doubled

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
#: Nobody asks us back sooner than hourly, nor do we stay away longer than a day by our own choice.
SHORTEST, LONGEST = HOUR, DAY
#: Without validators every poll costs the publisher a whole body.
SHORTEST_WITHOUT_VALIDATORS = 6 * HOUR
#: No wait is longer by more than this factor than its rule says, see `spread`.
SPREAD = 1.1
#: How many of the newest entries say how often a source publishes.
RHYTHM_SAMPLE = 20


def jitter(name: str) -> float:
    """A fraction from 0 to 1 that is always the same for one name (of a source, a call), so that tests repeat."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4]) / 2**32


def backoff(failures: int) -> timedelta:
    """1, 2, 4 ... 24 hours: a source is asked less often, and never given up (promise 6)."""
    return doubled(HOUR, failures - 1, DAY)


def spread(span: timedelta, name: str) -> timedelta:
    """A span up to a tenth longer, always the same for one name: what waits as long does not come back all at once."""
    return span * (1 + jitter(name) / 10)


def usual_interval(dates: Iterable[datetime], *, validated: bool) -> timedelta:
    """Half the median gap between the newest entries, from 1 to 24 hours, 6 at least without validators."""
    floor = SHORTEST if validated else SHORTEST_WITHOUT_VALIDATORS
    between = gaps(dates)
    if not between:
        return max(floor, 6 * HOUR)
    half = timedelta(seconds=median(gap.total_seconds() for gap in between) / 2)
    return min(max(floor, half), LONGEST)


def gaps(dates: Iterable[datetime]) -> list[timedelta]:
    """The spans between the newest of these dates."""
    newest = sorted(dates, reverse=True)[:RHYTHM_SAMPLE]
    return [later - earlier for later, earlier in pairwise(newest)]
