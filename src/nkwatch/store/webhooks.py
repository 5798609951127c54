"""Webhooks: who makes their calls, which are due, what became of each. What is found for them: `store.hooking`."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from nkwatch.domain.lease import LONGEST_LEASE, Lease
from nkwatch.domain.webhook import Call, CallState, Due, Event, Hook, Line, Seen
from nkwatch.store import hooking, schema
from nkwatch.store.database import Database
from nkwatch.store.leases import is_over
from nkwatch.store.rows import insert_new

_W, _C = schema.webhook.c, schema.webhook_call.c
_LINE = tuple(f.name for f in fields(Line) if f.name != "hook")
_CALL = tuple(f.name for f in fields(Call))


class WebhookStore:
    """Satisfies `workflow.ports.Webhooks`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def look(self, names: Sequence[str], now: datetime) -> list[Seen]:
        """How it stands with these hooks, by one query; nothing of one that is new."""
        return await self._database.read(lambda c: [_seen(r, now) for r in c.execute(hooking.standing(names, now))])

    async def begin(self, hook: Hook, now: datetime) -> None:
        """Let a hook begin now, or switch on one whose address is another than before."""
        await self._database.write(lambda c: _begin(c, hook, now))

    async def find(self, hooks: Sequence[Hook], now: datetime) -> int:
        """Write a call for everything that these hooks are to be told since they were looked for; answers how many."""
        return await self._database.write(lambda c: hooking.find(c, hooks, now))

    async def take(self, name: str, now: datetime, lease: Lease) -> Line | None:
        """Take a hook's calls into these hands alone; None where another has them."""
        return await self._database.write(lambda c: _take(c, name, now, lease))

    async def due(self, name: str, now: datetime, limit: int) -> list[Due]:
        """The calls of a hook that are due: alerts first, then what happened first."""
        told = _told_before()
        query = select(schema.webhook_call, told.label("knows")).where(
            _C.hook == name, schema.calling, _C.due_at <= now
        )
        ordered = query.order_by(_C.priority, _C.at, _C.id).limit(limit)
        return await self._database.read(lambda c: [Due(_call(r), r.knows) for r in c.execute(ordered)])

    async def record(self, call: Call, line: Line | None, owner: str) -> None:
        """Write what became of a call; and of its line, while this owner still has it."""
        await self._database.write(lambda c: _record(c, call, line, owner))

    async def leave(self, name: str, owner: str) -> None:
        """Give a hook's calls back."""
        mine = update(schema.webhook).where(_W.name == name, _W.lease_owner == owner)
        await self._database.write(lambda c: c.execute(mine.values(lease_owner="", leased_until=None)))

    async def retry(self, name: str, now: datetime) -> int:
        """Switch a hook on again, and let it be told what was given up or waits; answers how many calls."""
        return await self._database.write(lambda c: _retry(c, name, now))

    async def counts(self, name: str) -> Mapping[CallState, int]:
        """How many calls of a hook are in each state."""
        query = select(_C.state, func.count()).where(_C.hook == name).group_by(_C.state)
        return await self._database.read(lambda c: {CallState(row[0]): row[1] for row in c.execute(query)})

    async def calls(self, name: str, limit: int) -> list[Call]:
        """The calls of a hook that were found last, the newest first."""
        query = select(schema.webhook_call).where(_C.hook == name).order_by(_C.found_at.desc(), _C.id).limit(limit)
        return await self._database.read(lambda c: [_call(r) for r in c.execute(query)])

    async def call(self, call_id: str) -> Due | None:
        """One call; None where there is none."""
        query = select(schema.webhook_call, _told_before().label("knows")).where(_C.id == call_id)
        found = await self._database.read(lambda c: c.execute(query).first())
        return Due(_call(found), found.knows) if found else None


def _told_before() -> ColumnElement[bool]:
    """Whether the hook of a call has heard of its story."""
    other = schema.webhook_call.alias().c
    same = (other.story_id == _C.story_id, other.hook == _C.hook, other.state == CallState.DONE)
    return select(other.id).where(*same).exists()


def _begin(connection: Connection, hook: Hook, now: datetime) -> None:
    row = {"name": hook.name, "address": hook.address, "began_at": now, "stories_until": now}
    insert_new(connection, schema.webhook, [row | hooking.newest(connection)])
    moved = update(schema.webhook).where(_W.name == hook.name, _W.address != hook.address)
    if connection.execute(moved.values(address=hook.address)).rowcount:
        _switch_on(connection, hook.name, now)


def _switch_on(connection: Connection, name: str, now: datetime) -> int:
    on = {"off_at": None, "rests_until": None, "failures": 0, "told": False}
    connection.execute(update(schema.webhook).where(_W.name == name).values(**on))
    waiting = update(schema.webhook_call).where(_C.hook == name, schema.calling, _C.attempts > 0)
    return connection.execute(waiting.values(due_at=now)).rowcount


def _take(connection: Connection, name: str, now: datetime, lease: Lease) -> Line | None:
    free = or_(_W.leased_until.is_(None), is_over(_W.leased_until, now))
    mine = update(schema.webhook).where(_W.name == name, free, _W.off_at.is_(None))
    if connection.execute(mine.values(lease_owner=lease.owner, leased_until=lease.until)).rowcount == 0:
        return None
    return _line(connection.execute(select(schema.webhook).where(_W.name == name)).one())


def _record(connection: Connection, call: Call, line: Line | None, owner: str) -> None:
    if line:
        mine = update(schema.webhook).where(_W.name == line.hook, _W.lease_owner == owner)
        connection.execute(mine.values({name: getattr(line, name) for name in _LINE}))
    made = ("state", "due_at", "attempts", "status", "reply", "done_at")
    undone = update(schema.webhook_call).where(_C.id == call.id, schema.calling)
    connection.execute(undone.values({name: getattr(call, name) for name in made}))


def _retry(connection: Connection, name: str, now: datetime) -> int:
    again = _switch_on(connection, name, now)
    lost = update(schema.webhook_call).where(_C.hook == name, _C.state == CallState.GIVEN_UP)
    # they have their whole time again
    anew = {"state": CallState.WAITING, "due_at": now, "found_at": now, "attempts": 0, "done_at": None}
    return again + connection.execute(lost.values(**anew)).rowcount


def _seen(row: Row[Any], now: datetime) -> Seen:
    taken = row.leased_until is not None and now < row.leased_until <= now + LONGEST_LEASE
    return Seen(_line(row), row.address, row.news, row.due, taken)


def _line(row: Row[Any]) -> Line:
    return Line(row.name, **{name: getattr(row, name) for name in _LINE})


def _call(row: Row[Any]) -> Call:
    values = {name: getattr(row, name) for name in _CALL}
    return Call(**values | {"event": Event(row.event), "state": CallState(row.state)})
