"""Where stories went that editors merged, what they split off, and who had what under another name.

Looked up by all that deals with stories by their ids; `merging` writes it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, delete, func, select

from nkwatch.domain.statement import EARLIEST
from nkwatch.store import schema
from nkwatch.store.rows import chunks

_MERGED, _APART, _STOOD = schema.merged.c, schema.apart.c, schema.stood.c
_STORY, _STATEMENT = schema.story.c, schema.statement.c
#: A mail may bear a time from before its story became ready, where the clocks of two machines differ.
_CLOCKS = timedelta(days=1)


def homes(connection: Connection, story_ids: Iterable[str]) -> dict[str, str]:
    """Where those of these stories went that were merged."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(story_ids))):
        rows = connection.execute(select(_MERGED.story_id, _MERGED.into_id).where(_MERGED.story_id.in_(part)))
        found |= {row.story_id: row.into_id for row in rows}
    return found


def home(connection: Connection, story_id: str) -> str:
    """The story to which this id leads: its own, unless it was merged."""
    return homes(connection, [story_id]).get(story_id, story_id)


def family(connection: Connection, story_id: str) -> list[str]:
    """The ids that lead to the same story as this one, its own first."""
    own = home(connection, story_id)
    others = select(_MERGED.story_id).where(_MERGED.into_id == own).order_by(_MERGED.story_id)
    return [own, *connection.scalars(others)]


def home_of(story_id: ColumnElement[str]) -> ColumnElement[str]:
    """`home` as a column of a query."""
    into = select(_MERGED.into_id).where(_MERGED.story_id == story_id).scalar_subquery()
    return func.coalesce(into, story_id)


def apart(connection: Connection, statement_ids: Iterable[str]) -> dict[str, frozenset[str]]:
    """The stories that these statements must not join, by statement; nothing of who may join any."""
    found: dict[str, frozenset[str]] = {}
    for part in chunks(sorted(set(statement_ids))):
        rows = connection.execute(
            select(_APART.statement_id, home_of(_APART.story_id).label("home")).where(_APART.statement_id.in_(part))
        )
        for row in rows:
            found[row.statement_id] = found.get(row.statement_id, frozenset()) | {row.home}
    return found


def welcome(connection: Connection, statement_id: str, story_id: str) -> str:
    """The story in which a statement stands that was to join this one: where that went, never where it does not belong.

    To be asked under the latch. Whoever was looking while an editor merged or split has an answer from before.
    """
    into = home(connection, story_id)
    if into not in apart(connection, [statement_id]).get(statement_id, ()):
        return into
    stands_in = connection.scalar(select(_STATEMENT.story_id).where(_STATEMENT.id == statement_id))
    return stands_in or home(connection, statement_id)


def together(connection: Connection, statement_ids: Iterable[str], story_ids: Collection[str]) -> None:
    """Forget that any of these statements does not belong to any of these stories."""
    for part in chunks(sorted(set(statement_ids))):
        for some in chunks(sorted(story_ids)):
            connection.execute(delete(schema.apart).where(_APART.statement_id.in_(part), _APART.story_id.in_(some)))


@dataclass(frozen=True, slots=True)
class _Stay:
    """That something which stood in a story up to an instant stands in another one now."""

    story_id: str
    since: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Names:
    """Under which ids the stories of `told` count as told, too."""

    told: Collection[str]
    homes: Mapping[str, str]
    moved: Mapping[str, Collection[_Stay]]

    @classmethod
    def of(cls, connection: Connection, story_ids: Iterable[str]) -> "Names":
        """Of these stories."""
        ids = sorted(set(story_ids))
        moved: dict[str, set[_Stay]] = {}
        now_in = _STATEMENT.story_id.label("now_in")
        for part in chunks(ids):
            query = select(_STOOD.story_id, _STOOD.since, _STOOD.until, now_in).join_from(
                schema.stood, schema.statement
            )
            for row in connection.execute(query.where(_STOOD.story_id.in_(part), _STATEMENT.story_id != "")):
                moved.setdefault(row.story_id, set()).add(_Stay(row.now_in, row.since, row.until))
        return cls(ids, homes(connection, ids), moved)

    @property
    def all(self) -> frozenset[str]:
        """Every id that any of them counts as."""
        stays = (stay.story_id for stays in self.moved.values() for stay in stays)
        return frozenset(self.told).union(self.homes.values(), stays)

    def counted(self, story_id: str, told_at: datetime) -> frozenset[str]:
        """What whoever was told a story at this instant has had: it, where it went, and where its reports went."""
        stays = (s.story_id for s in self.moved.get(story_id, ()) if s.since <= told_at <= s.until)
        return frozenset((story_id, self.homes.get(story_id, story_id), *stays))


def told_of(connection: Connection, story_id: str) -> list[tuple[str, datetime | None, datetime | None]]:
    """Under which ids a story was told: its own and those that lead to it, and others from one instant to another.

    The other direction of `Names`.
    """
    ids = family(connection, story_id)
    query = select(_STOOD.story_id, _STOOD.since, _STOOD.until).join_from(schema.stood, schema.statement)
    rows = connection.execute(query.where(_STATEMENT.story_id == ids[0], _STOOD.story_id.not_in(ids)).distinct())
    return [*((i, None, None) for i in ids), *((row.story_id, row.since, row.until) for row in rows)]


def reaching(connection: Connection, since: datetime) -> datetime:
    """From when on mails are to be looked through that may have told of what became ready since then.

    Reports of such a story may have been told before, in a story that was ready earlier.
    """
    then, now = schema.story.alias("then"), schema.story.alias("now")
    query = (
        select(func.min(then.c.ready_at, type_=schema.Instant()))
        .select_from(schema.stood)
        .join(then, then.c.id == _STOOD.story_id)
        .join(schema.statement, _STATEMENT.id == _STOOD.statement_id)
        .join(now, now.c.id == _STATEMENT.story_id)
        .where(now.c.ready_at >= since, then.c.ready_at < since, then.c.ready_at >= EARLIEST)
    )
    earliest = connection.scalar(query)
    return since if earliest is None else earliest - _CLOCKS


def led(connection: Connection, into_id: str) -> list[tuple[str, str, datetime]]:
    """The stories that were merged into this one: id, editor, when; the first first."""
    query = select(schema.merged).where(_MERGED.into_id == into_id).order_by(_MERGED.at, _MERGED.story_id)
    return [(row.story_id, row.editor, row.at) for row in connection.execute(query)]
