"""What a clock that was ahead leaves behind: instants of windows and stories that have not come yet."""

from collections.abc import Iterable
from datetime import datetime, timedelta

#: So far the clocks of two machines may differ, and nothing is called wrong.
SLACK = timedelta(minutes=5)
_STEP = timedelta(microseconds=1)


def ahead(instant: datetime | None, now: datetime) -> bool:
    """Whether an instant at which something happened has not come yet: whoever wrote it had a wrong clock."""
    return instant is not None and instant - now > SLACK


def squeezed(instants: Iterable[datetime], now: datetime) -> dict[datetime, datetime]:
    """Where the instants later than `now` belong: right behind it, a microsecond apart, in their order.

    Which of two came first, or that they were one, stays as it was. So what lay in a window lies in it still, and what
    lay behind it still does: nothing is told twice or left out.
    """
    later = sorted({i for i in instants if i > now})
    return {instant: now + place * _STEP for place, instant in enumerate(later, start=1)}
