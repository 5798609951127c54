"""Who left by the file of who left leaves again in a database that does not know of it. Twice changes nothing more."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, or_, select

from nkwatch.domain.departure import Act, Departure
from nkwatch.domain.installation import Replayed
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.store import leaving, schema, suppressions

_ROW, _GONE = schema.subscriber.c, schema.suppression.c
_NOTED = (Act.ERASED, Act.SUPPRESSED)


def unsettled(connection: Connection, gone: Sequence[Departure]) -> list[Departure]:
    """Those of whom the database does not know, or not all, that they left; one look for many."""
    keys = [key for line in gone for key in line.keys]
    wanted = select(_ROW.id, _ROW.address_key, _ROW.standing)
    rows = connection.execute(wanted.where(or_(_ROW.id.in_([g.who for g in gone]), _ROW.address_key.in_(keys)))).all()
    of: dict[str | bytes, str] = {name: row.standing for row in rows for name in (row.id, row.address_key)}
    noted = connection.execute(select(_GONE.address_key, _GONE.reason).where(_GONE.address_key.in_(keys))).all()
    weights = {row.address_key: Suppression(row.reason).weight for row in noted}
    return [line for line in gone if not _settled(line, of, weights)]


def _settled(line: Departure, standings: dict[str | bytes, str], weights: dict[bytes, int]) -> bool:
    known = [standings[name] for name in line.names if name in standings]
    noted = [weights[key] for key in line.keys if key in weights]
    if line.act in _NOTED and not line.allowed and max(noted, default=-1) < Suppression(line.why).weight:
        return False
    if line.act is Act.ERASED:
        return not known
    return all(s == Standing.ENDED for s in known) and bool(known or noted or not line.keys or line.allowed)


def replay(connection: Connection, gone: Iterable[Departure], now: datetime) -> Replayed:
    """Let these leave, as far as they have not."""
    counts = dict.fromkeys(Act, 0)
    for line in gone:
        counts[line.act] += _REPLAYS[line.act](connection, line, now)
    return Replayed(counts[Act.LEFT], counts[Act.ERASED], counts[Act.SUPPRESSED])


def _end(connection: Connection, line: Departure, now: datetime) -> int:
    rows = _known(connection, line)
    unknown = line.keys and not rows and not line.allowed and not suppressions.find(connection, line.keys)
    if unknown and not _came_back(connection, line):
        # so that no import brings back who joined and left since
        suppressions.note(connection, line.keys[0], Suppression.LEFT, line.at)
    return sum(leaving.end(connection, row.id, line.why or "left", now) for row in rows)


def _erase(connection: Connection, line: Departure, now: datetime) -> int:
    why = Suppression(line.why)
    rows = _known(connection, line)
    if line.allowed:
        leaving.delete_all(connection, [row.id for row in rows])
        return len(rows)
    erased = sum(leaving.erase(connection, row.id, why, now) for row in rows)
    return max(erased, _note(connection, line, why))


def _suppress(connection: Connection, line: Departure, now: datetime) -> int:
    why = Suppression(line.why)
    rows = [r for r in _known(connection, line) if why.final or r.standing == Standing.CONFIRMED]
    ended = sum(leaving.end(connection, row.id, why, now) for row in rows)
    return max(ended, _note(connection, line, why))


def _note(connection: Connection, line: Departure, why: Suppression) -> int:
    """Note the address, under the hash that its row has; whether that was new. Who came back since is left alone."""
    if line.allowed:
        return 0
    found = suppressions.find(connection, line.keys)
    if (found and Suppression(found.reason).weight >= why.weight) or (not why.final and _came_back(connection, line)):
        return 0
    key = connection.scalar(select(_ROW.address_key).where(_ROW.address_key.in_(line.keys)))
    suppressions.note(connection, key or (found.address_key if found else line.keys[0]), why, line.at)
    return 1


def _known(connection: Connection, line: Departure) -> Sequence[Row[Any]]:
    """The rows of who left, under the id or the address that it then had; not of who asked again since."""
    return [row for row in _rows(connection, line) if not _since(row, line)]


def _came_back(connection: Connection, line: Departure) -> bool:
    return any(_since(row, line) for row in _rows(connection, line))


def _rows(connection: Connection, line: Departure) -> Sequence[Row[Any]]:
    mine = or_(_ROW.id == line.who, _ROW.address_key.in_(line.keys))
    return connection.execute(select(schema.subscriber).where(mine).with_for_update()).all()


def _since(row: Row[Any], line: Departure) -> bool:
    return any(at is not None and at > line.at for at in (row.consent_at, row.asked_at))


_REPLAYS: dict[Act, Callable[[Connection, Departure, datetime], int]] = {
    Act.LEFT: _end,
    Act.ERASED: _erase,
    Act.SUPPRESSED: _suppress,
}
