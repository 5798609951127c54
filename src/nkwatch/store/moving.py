"""Takes a database over into another one, of the same kind or another, and compares every row afterwards.

All rows go in one transaction, which ends once every row was compared: what is broken off leaves an empty target that
is marked, and nkwatch refuses such a one; moving again needs no clearing up. When it has ended, it is the source that
is marked. Nothing else can write to either meanwhile, see `holding`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Table, func, inspect, select, text, update
from sqlalchemy.engine import make_url

from nkwatch.domain.problems import ConfigError
from nkwatch.store import schema
from nkwatch.store.checking import schema_differences
from nkwatch.store.database import Database
from nkwatch.store.holding import counter, go_on_after, has_tables, held, lock, refuse_company, shown
from nkwatch.store.host import host_of
from nkwatch.store.indexing import index
from nkwatch.store.migrations import Mark, mark, marked, pending, upgrade
from nkwatch.store.transport import Place, Row, Unfit, batches, difference, key, unfit, write

Told = Callable[[str, int, int], None]
"""Is told what is being done, how much of it is done, and of how much."""

#: Statements put into the index of the search in one transaction.
INDEXED = 200


@dataclass(frozen=True, slots=True)
class Moved:
    """Everything is there, and was compared. `indexed` statements were put into the index of the search."""

    tables: int
    rows: int
    indexed: int = 0


@dataclass(frozen=True, slots=True)
class Stopped:
    """Nothing was moved: `where` is the first row that came to be another, or cannot be kept there, and `why`."""

    where: Place
    why: str


def rehearse(source: str, target: str, told: Told) -> Moved | Stopped:
    """Look whether `move` would go well, and change nothing. Raises `ConfigError` for what `move` refuses."""
    _refuse_same(source, target)
    _look_at(target)
    with held(source) as old:
        _refuse_source(old, source)
        with old.begin():
            lock(old, whole=False)
            done, total = 0, _count(old)
            for each in schema.metadata.sorted_tables:
                for part in batches(old, each):
                    if stopped := _unfit(each, part):
                        return stopped
                    done += len(part)
                    told("looking", done, total)
    return Moved(len(schema.metadata.tables), total)


def move(source: str, target: str, told: Told) -> Moved | Stopped:
    """Move all rows. Raises `ConfigError` where a database cannot be used for it, or somebody is using it."""
    _refuse_same(source, target)
    with held(source) as old:
        _refuse_source(old, source)
        _prepare(target)
        with held(target, unlogged=True) as new:
            done = _move(old, new, told)
    if isinstance(done, Stopped):
        return done
    return Moved(done.tables, done.rows, _index(target, told))


def _move(old: Connection, new: Connection, told: Told) -> Moved | Stopped:
    with old.begin() as before, new.begin() as after:
        lock(old, whole=False)
        lock(new, whole=True)
        _clear(new)
        total = _count(old)
        try:
            rows = _copy(old, new, total, told)
        except Unfit as wrong:
            stopped: Stopped | None = Stopped(wrong.place, wrong.why)
        else:
            stopped = _compare(old, new, total, told)
        if stopped:
            before.rollback()
            after.rollback()
            return stopped
        _bind(old, new)
        mark(new, None)
        after.commit()
        # a machine that dies between the two leaves two that can be used: better than none
        mark(old, Mark.MOVED)
    return Moved(len(schema.metadata.tables), rows)


def _copy(old: Connection, new: Connection, total: int, told: Told) -> int:
    done = 0
    for each in schema.metadata.sorted_tables:
        for part in batches(old, each):
            write(new, each, part)
            done += len(part)
            told("copying", done, total)
        go_on_after(new, each, counter(old, each))
    return done


def _compare(old: Connection, new: Connection, total: int, told: Told) -> Stopped | None:
    done = 0
    for each in schema.metadata.sorted_tables:
        for found in difference(each, batches(old, each), batches(new, each)):
            if isinstance(found, Place):
                return Stopped(found, "it is not the same on both sides")
            done += found
            told("comparing", done, total)
        if counter(old, each) != counter(new, each):
            return Stopped(Place(each.name, "next number"), "it is not the same on both sides")
    return None


def _bind(old: Connection, new: Connection) -> None:
    """Mail leaves from the new place if it might leave from the old one; a name in the settings is good for both."""
    if old.scalar(select(schema.installation.c.host)) == host_of(old, ""):
        new.execute(update(schema.installation).values(host=host_of(new, "")))


def _index(target: str, told: Told) -> int:
    """Put every statement into the index of the search. What is broken off, the daemon goes on with."""
    database, done = Database(target), 0
    try:
        with database.engine.begin() as connection:
            if connection.dialect.name == "postgresql":  # it plans by what it knows of its rows
                connection.execute(text("ANALYZE"))
            total = connection.scalar(select(func.count()).select_from(schema.statement).where(schema.unindexed)) or 0
        while True:
            with database.engine.begin() as connection:
                step = index(connection, INDEXED)
            if not step:
                break
            done += step
            told("indexing", done, max(done, total))
    finally:
        database.close()
    return done


def _prepare(target: str) -> None:
    """Make the tables, and mark them as ones that nobody may use yet. Raises `ConfigError` where anything is there."""
    database = Database(target)

    def work(connection: Connection) -> None:
        if has_tables(connection):
            _refuse_target(connection, target)
            mark(connection, None)
        upgrade(connection)
        mark(connection, Mark.MOVING)

    try:
        database.prepare(work)
    finally:
        database.close()


def _look_at(target: str) -> None:
    """What `_prepare` refuses, and nothing is changed."""
    url = make_url(target)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        if Path(url.database or "").parent.is_dir():
            return
        raise ConfigError(f"{shown(target)}: there is no such folder")
    with held(target) as connection:
        if has_tables(connection):
            _refuse_target(connection, target)


def _refuse_target(connection: Connection, target: str) -> None:
    """An earlier move that was broken off has left tables without rows and a mark, which is no hindrance."""
    if marked(connection) is not Mark.MOVING:
        pending(connection)
    if filled := _filled(connection):
        raise ConfigError(f"{shown(target)}: there are rows in {filled}: give an empty database")


def _filled(connection: Connection) -> str:
    """A table that has a row; the tables of other programs too. Those of the search are filled by statements."""
    for name in inspect(connection).get_table_names():
        ours = name == "alembic_version" or name.partition("_")[0] in {"search", "sqlite"}
        if not ours and connection.scalar(text(f'SELECT 1 FROM "{name}" LIMIT 1')):  # noqa: S608
            return str(name)
    return ""


def _clear(connection: Connection) -> None:
    """Nothing of an earlier try is left in PostgreSQL's files, and what comes into them now needs no log."""
    if connection.dialect.name == "postgresql":
        names = ", ".join(f'"{t.name}"' for t in (*schema.metadata.sorted_tables, schema.search))
        connection.execute(text(f"TRUNCATE {names}"))


def _refuse_source(connection: Connection, source: str) -> None:
    with connection.begin():
        if not has_tables(connection):
            raise ConfigError(f"{shown(source)}: there is nothing in it")
        _, lacking = pending(connection)
        if lacking:
            raise ConfigError(f"{shown(source)}: its schema is older than this nkwatch: run `nkwatch db upgrade` first")
        if found := schema_differences(connection):
            raise ConfigError(f"{shown(source)}: its tables are not those of its schema: {'; '.join(found[:5])}")
        refuse_company(connection, source)


def _refuse_same(source: str, target: str) -> None:
    if _place(source) == _place(target):
        raise ConfigError(f"{shown(source)}: both are the same database")


def _place(address: str) -> tuple[object, ...]:
    url = make_url(address)
    if url.get_backend_name() == "sqlite":
        return (str(Path(url.database or "").resolve()),)
    return (url.host, url.port, url.database)


def _count(connection: Connection) -> int:
    tables = schema.metadata.sorted_tables
    return sum(connection.scalar(select(func.count()).select_from(t)) or 0 for t in tables)


def _unfit(its: Table, rows: Sequence[Row]) -> Stopped | None:
    for row in rows:
        for column, value in zip(its.columns, row, strict=True):
            if why := unfit(column, value):
                return Stopped(Place(its.name, key(its, row), column.name), why)
    return None
