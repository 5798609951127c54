"""A database held for one process alone, while it is moved: nobody else writes to it, and nobody can begin to.

SQLite: its exclusive mode, which is refused while anybody has the file open. PostgreSQL: other sessions of the same
role are looked for, and all tables are locked.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, Table, create_engine, event, func, inspect, select, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError

from nkwatch.domain.problems import ConfigError
from nkwatch.store import schema
from nkwatch.store.rows import driven

#: How long to wait for whoever has the database open (ms): it may be a command that is just ending.
PATIENCE = 2_000
#: KiB of SQLite's pages kept in memory: keys come in no order.
CACHE = 65_536
_OTHERS = text(
    "SELECT pid, application_name FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
    " AND pid != pg_backend_pid() AND backend_type = 'client backend' ORDER BY pid"
)
_SEQUENCE = text("SELECT pg_get_serial_sequence(:table, :column)")


@contextmanager
def held(address: str, *, unlogged: bool = False) -> Iterator[Connection]:
    """A connection to a database that nobody else has. Raises `ConfigError` where somebody has, or it cannot be used.

    Transactions are the caller's matter; each sees one state. `unlogged` is for a database without rows: SQLite then
    keeps no log of writes, which would become as large as what is written.
    """
    url = make_url(address)
    engine = _sqlite(url, unlogged=unlogged) if url.get_backend_name() == "sqlite" else _postgresql(url)
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as wrong:
        raise ConfigError(f"{shown(address)}: {_said(wrong)}") from wrong
    finally:
        engine.dispose()


def lock(connection: Connection, *, whole: bool) -> None:
    """Keep others from writing until the transaction ends, and from reading too where it is to be `whole` ours."""
    if connection.dialect.name == "sqlite":
        return  # the connection itself does
    names = ", ".join(f'"{table.name}"' for table in schema.metadata.sorted_tables)
    mode = "ACCESS EXCLUSIVE" if whole else "SHARE"
    connection.execute(text(f"LOCK TABLE {names} IN {mode} MODE NOWAIT"))


def refuse_company(connection: Connection, address: str) -> None:
    """Raises `ConfigError` where others are connected: a daemon would write what the copy does not have."""
    if connection.dialect.name == "sqlite":
        return
    others = connection.execute(_OTHERS).all()
    if others:
        who = ", ".join(f"{pid} {name}".strip() for pid, name in others[:5])
        raise ConfigError(
            f"{shown(address)}: {len(others)} other session{'s are' if len(others) > 1 else ' is'} connected (process"
            f" {who}): stop every nkwatch that uses it, on all machines"
        )


def shown(address: str) -> str:
    """The address without its password."""
    return make_url(address).render_as_string(hide_password=True)


def counter(connection: Connection, table: Table) -> int:
    """The highest number that the database has given to a row of a table by itself; 0 where it has given none."""
    column = table.autoincrement_column
    if column is None:
        return 0
    highest = max(0, connection.scalar(select(func.max(column))) or 0)
    if connection.dialect.name == "sqlite":
        given = connection.scalar(text("SELECT seq FROM sqlite_sequence WHERE name = :name"), {"name": table.name})
        return max(highest, given or 0)
    name = _sequence(connection, table)
    given, called = connection.execute(text(f"SELECT last_value, is_called FROM {name}")).one()  # noqa: S608
    return max(highest, given if called else 0)


def go_on_after(connection: Connection, table: Table, given: int) -> None:
    """Let the database number rows from the one after `given` on, so that no number is given twice."""
    if table.autoincrement_column is None or not given:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(select(func.setval(_sequence(connection, table), given)))
    elif table.dialect_options["sqlite"]["autoincrement"]:
        row = {"name": table.name, "seq": given}
        connection.execute(text("DELETE FROM sqlite_sequence WHERE name = :name"), row)
        connection.execute(text("INSERT INTO sqlite_sequence (name, seq) VALUES (:name, :seq)"), row)


def has_tables(connection: Connection) -> bool:
    """Whether there is anything at all in the database."""
    return bool(inspect(connection).get_table_names())


def _sequence(connection: Connection, table: Table) -> str:
    column = table.autoincrement_column
    found = connection.scalar(
        _SEQUENCE, {"table": f'"{table.name}"', "column": column.name if column is not None else ""}
    )
    return str(found)


def _sqlite(url: URL, *, unlogged: bool) -> Engine:
    if not url.database or not Path(url.database).is_file():
        raise ConfigError(f"{url.render_as_string()}: there is no such file")
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    event.listen(engine, "connect", _tune)
    if unlogged:
        event.listen(engine, "connect", _without_log)
    event.listen(engine, "begin", lambda connection: driven(connection, "BEGIN IMMEDIATE"))
    return engine


def _tune(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    # the exclusive mode first: whoever has seen a log of writes shares it
    pragmas = (f"busy_timeout={PATIENCE}", "locking_mode=EXCLUSIVE", "synchronous=FULL", "foreign_keys=ON")
    for pragma in (*pragmas, f"cache_size=-{CACHE}", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _without_log(dbapi_connection: Any, _record: Any) -> None:
    dbapi_connection.execute("PRAGMA journal_mode=TRUNCATE")


def _postgresql(url: URL) -> Engine:
    return create_engine(
        url.set(drivername="postgresql+psycopg"),
        poolclass=NullPool,
        hide_parameters=True,
        isolation_level="REPEATABLE READ",
        connect_args={"application_name": "nkwatch db move"},
    )


def _said(wrong: DBAPIError) -> str:
    if "locked" in str(wrong.orig):
        return "somebody has it open: stop nkwatch, and whatever else reads it"
    if getattr(wrong.orig, "sqlstate", "") == "55P03":  # lock_not_available
        return "somebody is at work in it: stop every nkwatch that uses it, on all machines"
    # the first line alone: the others may quote values
    return str(wrong.orig).partition("\n")[0]
