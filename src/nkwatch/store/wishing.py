"""What readers chose, without whose it is, and without what is sealed."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from nkwatch.domain.subscriber import Standing
from nkwatch.domain.wish import Wish
from nkwatch.store import schema
from nkwatch.store.seals import read_sides

_READER = schema.subscriber.c


def wishes_of_readers(connection: Connection) -> list[Sequence[Wish]]:
    """The wishes of each confirmed reader. Words and cases that they follow are left out: they are sealed."""
    rows = connection.scalars(select(_READER.wishes).where(_READER.standing == Standing.CONFIRMED))
    return [[Wish(**read_sides(told)) for told in row] for row in rows]
