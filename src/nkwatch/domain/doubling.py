"""How long to wait before something that failed is tried again: twice as long each time, up to a limit."""

from datetime import timedelta

#: More doublings would only make numbers large: every limit is reached before.
_MOST = 10


def doubled(first: timedelta, times: int, longest: timedelta) -> timedelta:
    """`first`, doubled so many `times`, and `longest` at most."""
    step: int = 2 ** min(times, _MOST)
    return min(first * step, longest)
