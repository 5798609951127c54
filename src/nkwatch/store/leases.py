"""Whether leases of rows last. One that ends later than any may was taken by a clock that was wrong: it is over."""

from datetime import datetime

from sqlalchemy import ColumnElement, and_, or_

from nkwatch.domain.lease import LONGEST_LEASE


def lasts(until: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Whether a row is in the hands of whoever has its lease."""
    return and_(until > now, until <= now + LONGEST_LEASE)


def is_over(until: ColumnElement[datetime], now: datetime) -> ColumnElement[bool]:
    """Whether anybody may have what is under a lease; of what is under none this says nothing."""
    return or_(until <= now, until > now + LONGEST_LEASE)
