"""Stories merged, and statements split off, under the latch under which stories become ready."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, delete, func, select, update

from nkwatch.domain.correction import alarming
from nkwatch.domain.desk import UNMARKED
from nkwatch.domain.merging import (
    Fate,
    Merged,
    Obstacle,
    Side,
    Split,
    Unfit,
    Word,
    merging,
    splitting,
)
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState
from nkwatch.store import findings, marks, merged, schema, stories, telling
from nkwatch.store.rows import chunks, insert_new

_STATEMENT, _STORY, _DESK = schema.statement.c, schema.story.c, schema.desk.c
_MERGED, _STOOD, _MARK = schema.merged.c, schema.stood.c, schema.mark.c
#: Pairs of a story and a mark that are looked at for likeness.
LOOKED_AT = 5_000


def foresee_merge(connection: Connection, into_id: str, other_ids: Sequence[str]) -> Merged | Unfit:
    """What merging would come to."""
    names = [into_id, *dict.fromkeys(other_ids)]
    sides = _sides(connection, names)
    return merging(sides.get(into_id), [sides.get(i) for i in names[1:]], names)


def merge(connection: Connection, into_id: str, other_ids: Sequence[str], word: Word) -> Merged | Unfit:
    """Move all statements of the other stories into one, where their ids lead from now on. All of them or none."""
    stories.closed_until(connection, word.at)
    _lock(connection, [into_id, *other_ids])
    done = foresee_merge(connection, into_id, other_ids)
    if isinstance(done, Unfit):
        return done
    sides = _sides(connection, done.stories)
    for side in sides.values():
        if side.id in done.ended:
            _end_alert(connection, side.id, f"merged into {into_id} by {word.editor}", word.at)
        _keep(connection, side, side.statements, word.at)
        _move(connection, side.statements, into_id)
        _lead(connection, side.id, into_id, word)
    names = merged.family(connection, into_id)
    standing = connection.scalars(select(_STATEMENT.id).where(_STATEMENT.story_id == into_id))
    merged.together(connection, [*names, *standing], names)
    return done


def foresee_split(connection: Connection, statement_ids: Collection[str], *, news: bool = False) -> Split | Unfit:
    """What splitting would come to."""
    wanted = list(dict.fromkeys(statement_ids))
    homes = _standing(connection, wanted)
    if missing := [i for i in wanted if not homes.get(i)]:
        return Unfit(Obstacle.NO_STATEMENT, missing[0])
    if not wanted or len(set(homes.values())) > 1:
        return Unfit(Obstacle.SEVERAL if wanted else Obstacle.NO_STATEMENT)
    of = homes[wanted[0]]
    own, ended = _own(connection, wanted, of)
    return splitting(_sides(connection, [of])[of], wanted, own, news=news, ended=ended)


def split(connection: Connection, statement_ids: Collection[str], word: Word, *, news: bool = False) -> Split | Unfit:
    """Let these statements of one story make a story of their own, to which they are never matched again.

    With `news` it is news again for who did not have it, as one that was held and is freed.
    """
    closed = stories.closed_until(connection, word.at)
    _lock(connection, sorted({*statement_ids, *_standing(connection, statement_ids).values()}))
    done = foresee_split(connection, statement_ids, news=news)
    if isinstance(done, Unfit):
        return done
    side = _sides(connection, [done.of])[done.of]
    _keep(connection, side, done.statements, word.at)
    _part(connection, done)
    _move(connection, done.statements, done.story)
    _open(connection, done, word)
    if news:
        _tell(connection, done.story, max(word.at, closed))
    if done.calmed:
        _end_alert(connection, done.of, f"what was urgent was split off by {word.editor}", word.at)
    what = f"split off from {done.of}{' as news' if news else ''}"
    _log(connection, done.story, word, what)
    _log(connection, done.of, word, f"{done.story} split off")
    return done


def alike(connection: Connection, story_id: str, limit: int) -> list[str]:
    """The stories that share most marks with this one, the likest first; never one that an editor took from it."""
    own = select(_STATEMENT.id).where(_STATEMENT.story_id == story_id)
    found = select(_MARK.mark).where(_MARK.statement_id.in_(own))
    shared: dict[str, int] = defaultdict(int)
    query = select(_STATEMENT.story_id, _MARK.mark).join_from(schema.mark, schema.statement)
    query = query.where(_MARK.mark.in_(found), _STATEMENT.story_id.not_in(["", story_id])).distinct().limit(LOOKED_AT)
    for row in connection.execute(query):
        shared[row.story_id] += 1
    return sorted(shared, key=lambda i: (-shared[i], i))[:limit]


def _lock(connection: Connection, story_ids: Collection[str]) -> None:
    """Nobody rules on these stories meanwhile."""
    rows = select(_STORY.id).where(_STORY.id.in_(sorted(set(story_ids)))).order_by(_STORY.id)
    connection.execute(rows.with_for_update()).all()


def _sides(connection: Connection, story_ids: Sequence[str]) -> dict[str, Side]:
    """These stories, in the order of the ids."""
    found = {r.id: r for part in chunks(story_ids) for r in connection.execute(_stories(part))}
    led, said = merged.homes(connection, found), marks.load(connection, list(found))
    sides: dict[str, Side] = {}
    for story_id in dict.fromkeys(i for i in story_ids if i in found):
        arrived, alarms = _statements(connection, story_id)
        about = said.get(story_id, UNMARKED)
        sides[story_id] = Side(
            story_id,
            tuple(arrived),
            found[story_id].ready_at,
            AlertState(found[story_id].alert),
            arrived,
            alarms,
            held=about.held,
            taken_back=about.withdrawn or about.correction is not None,
            into=led.get(story_id, ""),
        )
    return sides


def _stories(story_ids: Sequence[str]) -> Select[Any]:
    return select(_STORY.id, _STORY.ready_at, _STORY.alert).where(_STORY.id.in_(story_ids))


def _statements(connection: Connection, story_id: str) -> tuple[dict[str, datetime], frozenset[str]]:
    """Since when each can have stood in the story, the first seen first; and those that can raise an alert."""
    moved = select(_STOOD.statement_id, func.max(_STOOD.until, type_=schema.Instant()).label("until"))
    last = {
        row.statement_id: row.until
        for row in connection.execute(
            moved.join(schema.statement).where(_STATEMENT.story_id == story_id).group_by(_STOOD.statement_id)
        )
    }
    query = findings.in_force().where(_STATEMENT.story_id == story_id)
    rows = connection.execute(query.order_by(_STATEMENT.first_seen, _STATEMENT.published, _STATEMENT.id)).all()
    arrived = {r.id: max(r.first_seen, r.embargo or r.first_seen, last.get(r.id, r.first_seen)) for r in rows}
    alarms = (r.id for r in rows if (reading := findings.reading_in_force(r)) and alarming(reading))
    return arrived, frozenset(alarms)


def _standing(connection: Connection, statement_ids: Collection[str]) -> dict[str, str]:
    """In which story each of these statements stands; empty where it stands in none."""
    found: dict[str, str] = {}
    for part in chunks(sorted(set(statement_ids))):
        rows = connection.execute(select(_STATEMENT.id, _STATEMENT.story_id).where(_STATEMENT.id.in_(part)))
        found |= {row.id: row.story_id for row in rows}
    return found


def _own(connection: Connection, names: Sequence[str], of: str) -> tuple[dict[str, Fate], frozenset[str]]:
    """What became of the stories that have the names of these statements; and those whose alerts a merge ended."""
    own, ended = dict.fromkeys(names, Fate.NONE), set[str]()
    for part in chunks(names):
        used = select(_STATEMENT.story_id).where(_STATEMENT.story_id.in_(part)).distinct()
        living = set(connection.scalars(used))
        query = select(_STORY.id, _STORY.alert, _STORY.alert_at, _MERGED.into_id, _MERGED.at)
        query = query.outerjoin_from(schema.story, schema.merged, _MERGED.story_id == _STORY.id)
        for row in connection.execute(query.where(_STORY.id.in_(part))):
            free = Fate.HERE if row.into_id == of else Fate.TAKEN if row.into_id else Fate.EMPTY
            own[row.id] = Fate.TAKEN if row.id in living else free
            if row.at is not None and row.at == row.alert_at and row.alert in {AlertState.NONE, AlertState.SENT}:
                ended.add(row.id)
    return own, frozenset(ended)


def _keep(connection: Connection, side: Side, statements: Sequence[str], now: datetime) -> None:
    """Note that these statements stood in a story until now."""
    rows = [{"story_id": side.id, "statement_id": i, "since": side.arrived[i], "until": now} for i in statements]
    insert_new(connection, schema.stood, rows)


def _move(connection: Connection, statements: Sequence[str], story_id: str) -> None:
    for part in chunks(statements):
        moved = update(schema.statement).where(_STATEMENT.id.in_(part))
        connection.execute(moved.values(story_id=story_id, indexed=False))


def _lead(connection: Connection, story_id: str, into_id: str, word: Word) -> None:
    """Let the id of a story lead to another one, with all that led to it before."""
    connection.execute(update(schema.merged).where(_MERGED.into_id == story_id).values(into_id=into_id))
    row = {"story_id": story_id, "into_id": into_id, "editor": word.editor, "at": word.at}
    connection.execute(schema.merged.insert().values(**row))
    _log(connection, story_id, word, f"merged into {into_id}")
    _log(connection, into_id, word, f"{story_id} merged into it")


def _part(connection: Connection, done: Split) -> None:
    """Remember that these do not belong to the story; what was merged into it under their names goes with them."""
    rows = [{"statement_id": i, "story_id": done.of} for i in done.statements]
    insert_new(connection, schema.apart, rows)
    connection.execute(delete(schema.merged).where(_MERGED.story_id == done.story))
    for part in chunks(done.statements):
        led = update(schema.merged).where(_MERGED.story_id.in_(part), _MERGED.into_id == done.of)
        connection.execute(led.values(into_id=done.story))


def _open(connection: Connection, done: Split, word: Word) -> None:
    """Open the story, or again where it was there before: then it keeps its time."""
    first = AlertState.OPEN if done.asked else AlertState.NONE
    opened = stories.open_story(
        connection, done.story, done.ready_at, (first, f"split off from {done.of} by {word.editor}")
    )
    if not opened and done.asked:
        stories.ask(connection, done.story)


def _tell(connection: Connection, story_id: str, ready_at: datetime) -> None:
    """Make it news for who did not have it; what was only imported has been nowhere, and becomes ready now."""
    asleep = update(schema.story).where(_STORY.id == story_id, _STORY.ready_at < EARLIEST)
    if connection.execute(asleep.values(ready_at=ready_at)).rowcount == 0:
        insert_new(connection, schema.desk, [{"story_id": story_id}])
        connection.execute(update(schema.desk).where(_DESK.story_id == story_id).values(freed_at=ready_at))


def _end_alert(connection: Connection, story_id: str, why: str, now: datetime) -> None:
    """An alert that is under way goes no further; where it was sent before, it stays sent."""
    told = telling.told(connection, story_id)
    state = AlertState.SENT if told and told.statement_ids else AlertState.NONE
    stories.record_alert(connection, story_id, (state, why), now)


def _log(connection: Connection, story_id: str, word: Word, what: str) -> None:
    told = f"{what}: {word.why}" if word.why else what
    marks.log(connection, story_id, marks.Marking(word.editor, word.at, told))
