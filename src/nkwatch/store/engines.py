"""How a connection to each of the databases is made, and what it is set to."""

import json
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url

from nkwatch.store.rows import driven

#: How long SQLite waits for another process's transaction (ms).
BUSY_TIMEOUT = 10_000
READERS = 4
#: Connections of one process beyond those of its threads, for what they cannot do.
SPARE = 2
#: A network that is cut ends no connection. After so many seconds the machine itself does (libpq's manual, 34.1.2), and
#: the server ends what nobody waits for any more: milliseconds of a statement, and between two of one transaction.
LINE = {
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,
    "application_name": "nkwatch",
    "options": "-c statement_timeout=1800000 -c idle_in_transaction_session_timeout=120000",
}
#: Of SQLite: prepared statements that a connection keeps, with what was bound to them. Lists of any length make many.
STATEMENTS = 32
_short = partial(json.dumps, separators=(",", ":"))


def opened(address: str) -> Engine:
    """The engine of the database at this address."""
    return _sqlite(address) if make_url(address).get_backend_name() == "sqlite" else _postgresql(address)


def file_of(address: str) -> Path | None:
    """The file of the SQLite database at this address; None for any other database."""
    url = make_url(address)
    return Path(url.database or ":memory:") if url.get_backend_name() == "sqlite" else None


def make_private(engine: Engine) -> None:
    """Create the file of a new SQLite database so that only its owner may read it; its log files follow it."""
    name = engine.url.database
    if engine.dialect.name == "sqlite" and name and name != ":memory:" and Path(name).parent.is_dir():
        Path(name).touch(mode=0o600)


def _sqlite(address: str) -> Engine:
    connect = {"timeout": BUSY_TIMEOUT / 1000, "check_same_thread": False, "cached_statements": STATEMENTS}
    engine = create_engine(address, connect_args=connect, hide_parameters=True, json_serializer=_short)
    event.listen(engine, "connect", _tune_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(address: str) -> Engine:
    url = make_url(address).set(drivername="postgresql+psycopg")
    return create_engine(
        url,
        # what stands in the address counts
        connect_args={name: value for name, value in LINE.items() if name not in url.query},
        pool_pre_ping=True,
        pool_size=2 * READERS,
        max_overflow=SPARE,
        hide_parameters=True,
        json_serializer=_short,
    )


def _tune_sqlite(dbapi_connection: Any, _record: Any) -> None:
    # the driver's own habit of beginning transactions late is switched off; _begin_sqlite begins them
    dbapi_connection.isolation_level = None
    cursor = dbapi_connection.cursor()
    # patience first: switching to WAL takes a lock. What is deleted is overwritten: the erased leave no bytes behind
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    for pragma in (f"busy_timeout={BUSY_TIMEOUT}", *pragmas):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # a transaction that begins by reading and then writes may fail with "database is locked" at once
    driven(connection, connection.get_execution_options().get("nkwatch_begin", "BEGIN"))
