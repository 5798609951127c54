"""Connections, transactions and threads. SQLite in WAL mode with synchronous=FULL is the default.

A connection to PostgreSQL may be lost at any time, and the server may be another one when it is back. What was lost
before its commit is done again, as nothing of it was written. Of what was lost while it was committed nobody knows: it
is not done again here. Whoever asked is told, and the rows say what is still to be done: next ticks find it.
"""

import asyncio
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Table, create_engine, event, func, inspect, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError

from nkwatch.domain.problems import ConfigError
from nkwatch.store import arising, schema
from nkwatch.store.migrations import is_current, upgrade

T = TypeVar("T")

#: How long SQLite waits for another process's transaction (ms).
BUSY_TIMEOUT = 10_000
#: A transaction that took longer than this (seconds) held up everything else, and for how long threads then do it.
SLOW, SLOW_FOR = 0.05, 1.0
READERS = 4
#: The number of PostgreSQL's advisory lock under which one process migrates.
MIGRATING = 0x6E6B_7761
#: Of PostgreSQL (its appendix A): two transactions waited for each other, and this one was rolled back whole.
DEADLOCK = "40P01"
TRIES = 5
#: The same: it writes nothing as it is a standby now; its connections cannot be used; it stops, crashed or starts.
READ_ONLY, AWAY = "25006", ("08", "57P01", "57P02", "57P03")
#: Seconds to wait before a transaction is begun again whose connection was lost, or where there was none to be had.
WAITS = (0.05, 0.2, 0.5, 1.0)
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
#: Values in one IN (...), well below SQLite's and PostgreSQL's limits on parameters.
CHUNK = 500
#: On a connection: whether its transaction wrote what pages for everybody tell of.
_TELLING = "nkwatch_telling"
#: Of SQLite: what a connection was refused once, or met when its file was away, it may be refused as long as it lives.
WORN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
#: Of SQLite: prepared statements that a connection keeps, with what was bound to them. Lists of any length make many.
STATEMENTS = 32
#: What to look at where a database cannot be used.
PLACE = "check that its folder exists, that it is ours, that it may be written to, and that the disk has space"
SPOILED = "put back the latest backup that `nkwatch db check` finds sound (docs/backup.md)"
DAMAGED = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
SERVER = "check the address, the role and what it may do, and that the database exists"
#: On a connection: whom its transaction wakes, see `store.arising`.
_WAKING = "nkwatch_waking"
_short = partial(json.dumps, separators=(",", ":"))


class Database:
    """One engine and its threads. SQLite has one writing thread: it allows one writer anyway.

    `generation` is another object once something was written here that pages for everybody tell of: what was made of an
    earlier one may be wrong. What other processes write changes nothing in it.
    """

    def __init__(self, url: str) -> None:
        self.engine = _engine(url)
        self.generation = object()
        self._writing = self.engine.execution_options(nkwatch_begin="BEGIN IMMEDIATE")
        self._here: Connection | None = None
        self._slow_until = 0.0
        writers = 1 if self.engine.dialect.name == "sqlite" else READERS
        self._writers = ThreadPoolExecutor(writers, "store-write")
        self._readers = ThreadPoolExecutor(READERS, "store-read")

    def prepare(self, migrate: Callable[[Connection], None] = upgrade) -> None:
        """Bring the schema up to date. Raises `ConfigError` where the database cannot be used.

        A server that is away is no matter of the settings: that raises `DBAPIError`, and may be over any time.
        """
        try:
            _make_private(self.engine)
            # in a transaction that writes: of processes that start together, one migrates and the others wait
            self._transact(partial(_alone, migrate), waits=())
        except OSError as wrong:
            raise ConfigError(f"database {self.engine.url.render_as_string()}: {wrong}; {PLACE}") from wrong
        except DBAPIError as wrong:
            if self._is_lost(wrong):
                raise
            said = f"database {self.engine.url.render_as_string()}: {wrong.orig}; {self._remedy(wrong)}"
            raise ConfigError(said) from wrong

    def _remedy(self, wrong: DBAPIError) -> str:
        """What to do about it."""
        if self.engine.dialect.name != "sqlite":
            return SERVER
        return SPOILED if getattr(wrong.orig, "sqlite_errorcode", None) in DAMAGED else PLACE

    def is_prepared(self) -> bool:
        """Whether the schema is the one that this version of nkwatch knows."""
        with self.engine.connect() as connection:
            return bool(inspect(connection).get_table_names()) and is_current(connection)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that may write; it is rolled back whole when `work` raises.

        PostgreSQL ends one of two transactions that wait for each other: `work` is then run again, as where the
        connection was lost before the end.
        """
        return await asyncio.get_running_loop().run_in_executor(self._writers, self._transact, work)

    async def write_at_once(self, work: Callable[[Connection], T]) -> T:
        """As `write`, for what takes about a millisecond: on SQLite it runs here and now, if nobody else writes.

        Two threads that take turns with the interpreter cost more than such a transaction. Where one was slow (a disk
        that is busy or old) threads do it for a while.
        """
        began = asyncio.get_running_loop().time()
        if self.engine.dialect.name != "sqlite" or began < self._slow_until:
            return await self.write(work)
        try:
            return self._transact(work, self._kept_here())
        except DBAPIError as wrong:
            if not _is_busy(wrong):
                self._leave_here()
                raise
        finally:
            ended = asyncio.get_running_loop().time()
            if ended - began > SLOW:
                self._slow_until = ended + SLOW_FOR
        return await self.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that sees a single state of the database and writes nothing."""
        return await asyncio.get_running_loop().run_in_executor(self._readers, self._look, work)

    def close(self) -> None:
        """Wait for what is under way and close all connections."""
        self._writers.shutdown()
        self._readers.shutdown()
        self._leave_here()
        self.engine.dispose()

    def _leave_here(self) -> None:
        if self._here is not None:
            self._here.close()
            self._here = None

    def _kept_here(self) -> Connection:
        """The connection of the event loop's own thread, which never waits for who else writes."""
        if self._here is None:
            here = self._writing.connect()
            driven(here, "PRAGMA busy_timeout=0")
            self._here = here
        return self._here

    def _transact(
        self, work: Callable[[Connection], T], here: Connection | None = None, waits: Sequence[float] | None = None
    ) -> T:
        committing: list[Connection] = []
        lost, crossed = iter(WAITS if waits is None else waits), iter(range(TRIES - 1))
        while True:
            try:
                return self._transact_once(work, here, committing.append)
            except DBAPIError as wrong:
                if committing or not self._again(wrong, lost, crossed):
                    raise

    def _transact_once(
        self, work: Callable[[Connection], T], here: Connection | None, committing: Callable[[Connection], None]
    ) -> T:
        with nullcontext(here) if here else self._writing.connect() as connection:
            connection.info[_TELLING], connection.info[_WAKING] = False, set[str]()
            with connection.begin():
                done = work(connection)
                _wake(connection)
                telling = connection.info[_TELLING]
                committing(connection)
            if telling:
                self.generation = object()
        return done

    def _look(self, work: Callable[[Connection], T]) -> T:
        lost = iter(WAITS)
        while True:
            try:
                with self.engine.connect() as connection, connection.begin():
                    return work(connection)
            except DBAPIError as wrong:
                if not self._again(wrong, lost, iter(())):
                    raise

    def _again(self, wrong: DBAPIError, lost: Iterator[float], crossed: Iterator[int]) -> bool:
        """Whether to begin anew, once it is time; at most as often as these have something left."""
        if getattr(wrong.orig, "sqlstate", "") == DEADLOCK:
            return next(crossed, None) is not None
        if self._is_worn(wrong):
            self.engine.dispose()
        if not self._is_lost(wrong):
            return False
        if (wait := next(lost, None)) is None:
            return False
        time.sleep(wait)
        return True

    def _is_worn(self, wrong: DBAPIError) -> bool:
        """Whether others of the pool went the same way, and fresh connections may not."""
        code = getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF
        return code in WORN if self.engine.dialect.name == "sqlite" else self._is_lost(wrong)

    def _is_lost(self, wrong: DBAPIError) -> bool:
        """Whether the server is gone, or is not the one any more that may be written to."""
        if self.engine.dialect.name != "postgresql":
            return False
        state = getattr(wrong.orig, "sqlstate", None)
        unreached = state is None and isinstance(wrong, OperationalError)
        return wrong.connection_invalidated or unreached or (state or "").startswith((READ_ONLY, *AWAY))


def driven(connection: Connection, text: str, values: Mapping[str, Any] | Sequence[Mapping[str, Any]] = ()) -> Any:
    """Run a statement by the driver alone, once or for each of several values; answers its cursor (PEP 249).

    Raises what SQLAlchemy would.
    """
    dialect, cursor = connection.dialect, connection.connection.cursor()
    errors = dialect.loaded_dbapi.Error
    try:
        if isinstance(values, Mapping) or not values:
            cursor.execute(text, values or ())
        else:
            cursor.executemany(text, values)
    except errors as wrong:
        raise DBAPIError.instance(text, None, wrong, errors, hide_parameters=True, dialect=dialect) from wrong
    return cursor


def insert_new(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> int:
    """Insert the rows whose keys are not yet there; answers how many were."""
    if not rows:
        return 0
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = module.insert(table).on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    result = connection.execute(insert, rows)
    return result.rowcount


def upsert(connection: Connection, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert the rows; where a row with such a primary key is there, it gets the other values."""
    if not rows:
        return
    module = sqlite if connection.dialect.name == "sqlite" else postgresql
    insert = module.insert(table)
    keys = [column.name for column in table.primary_key]
    values = {name: insert.excluded[name] for name in rows[0] if name not in keys}
    connection.execute(insert.on_conflict_do_update(index_elements=keys, set_=values), rows)


def chunks(items: Sequence[T]) -> Iterable[Sequence[T]]:
    """The items in pieces that fit into one IN (...)."""
    return (items[i : i + CHUNK] for i in range(0, len(items), CHUNK))


def _is_busy(wrong: DBAPIError) -> bool:
    """Whether another one writes (SQLite's result codes: the last octet is the primary one)."""
    return getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _make_private(engine: Engine) -> None:
    """Create the file of a new SQLite database so that only its owner may read it; its log files follow it."""
    name = engine.url.database
    if engine.dialect.name == "sqlite" and name and name != ":memory:" and Path(name).parent.is_dir():
        Path(name).touch(mode=0o600)


def _alone(migrate: Callable[[Connection], None], connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
    migrate(connection)


def _engine(address: str) -> Engine:
    engine = _sqlite(address) if make_url(address).get_backend_name() == "sqlite" else _postgresql(address)
    event.listen(engine, "after_cursor_execute", _note_table)
    return engine


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


def _note_table(connection: Connection, *executed: Any) -> None:
    """Note that what pages tell of is written, and who has work by it. What `driven` runs is never that."""
    *_, context, _ = executed
    if not context.is_crud:
        return
    statement = context.compiled.statement
    if statement.table.name not in schema.UNTOLD:
        connection.info[_TELLING] = True
    if _WAKING in connection.info:
        connection.info[_WAKING].update(arising.ticks(statement))


def _wake(connection: Connection) -> None:
    """Wake who has work by this transaction, once it is committed."""
    ticks = connection.info[_WAKING]
    if ticks and connection.dialect.name == "postgresql":
        connection.execute(select(func.pg_notify(arising.CHANNEL, ",".join(sorted(ticks)))))


def _begin_sqlite(connection: Connection) -> None:
    # a transaction that begins by reading and then writes may fail with "database is locked" at once
    driven(connection, connection.get_execution_options().get("nkwatch_begin", "BEGIN"))
