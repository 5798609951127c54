"""Connections, transactions and threads. SQLite in WAL mode with synchronous=FULL is the default.

A connection to PostgreSQL may be lost at any time, and the server may be another one when it is back. What was lost
before its commit is done again, as nothing of it was written. Of what was lost while it was committed nobody knows: it
is not done again here. Whoever asked is told, and the rows say what is still to be done: next ticks find it.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, event, func, inspect, select
from sqlalchemy.exc import DBAPIError, OperationalError

from nkwatch.domain.problems import ConfigError
from nkwatch.store import arising, schema
from nkwatch.store.engines import READERS, make_private, opened
from nkwatch.store.migrations import is_current, upgrade
from nkwatch.store.rows import driven

T = TypeVar("T")

#: A transaction that took longer than this (seconds) held up everything else, and for how long threads then do it.
SLOW, SLOW_FOR = 0.05, 1.0
#: The number of PostgreSQL's advisory lock under which one process migrates.
MIGRATING = 0x6E6B_7761
#: Of PostgreSQL (its appendix A): two transactions waited for each other, and this one was rolled back whole.
DEADLOCK = "40P01"
TRIES = 5
#: The same: it writes nothing as it is a standby now; its connections cannot be used; it stops, crashed or starts.
READ_ONLY, AWAY = "25006", ("08", "57P01", "57P02", "57P03")
#: Seconds to wait before a transaction is begun again whose connection was lost, or where there was none to be had.
WAITS = (0.05, 0.2, 0.5, 1.0)
#: On a connection: whether its transaction wrote what pages for everybody tell of.
_TELLING = "nkwatch_telling"
#: Of SQLite: what a connection was refused once, or met when its file was away, it may be refused as long as it lives.
WORN = (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
#: What to look at where a database cannot be used.
PLACE = "check that its folder exists, that it is ours, that it may be written to, and that the disk has space"
SPOILED = "put back the latest backup that `nkwatch db check` finds sound (docs/backup.md)"
HELD = "another program writes to it for long, such as a backup or an sqlite3 shell: end that, and try again"
#: By SQLite's primary result codes; for all others it is `PLACE`.
REMEDIES = {
    sqlite3.SQLITE_CORRUPT: SPOILED,
    sqlite3.SQLITE_NOTADB: SPOILED,
    sqlite3.SQLITE_BUSY: HELD,
    sqlite3.SQLITE_LOCKED: HELD,
}
SERVER = "check the address, the role and what it may do, and that the database exists"
#: On a connection: whom its transaction wakes, see `store.arising`.
_WAKING = "nkwatch_waking"


class Database:
    """One engine and its threads. SQLite has one writing thread: it allows one writer anyway.

    `generation` is another object once something was written here that pages for everybody tell of: what was made of an
    earlier one may be wrong. What other processes write changes nothing in it.
    """

    def __init__(self, url: str) -> None:
        self.engine = opened(url)
        event.listen(self.engine, "after_cursor_execute", _note_table)
        self.generation = object()
        self._writing = self.engine.execution_options(nkwatch_begin="BEGIN IMMEDIATE")
        self._here: Connection | None = None
        self._slow_until = 0.0
        writers = 1 if self.engine.dialect.name == "sqlite" else READERS
        self._writers = ThreadPoolExecutor(writers, "store-write")
        self._readers = ThreadPoolExecutor(READERS, "store-read")
        self._threaded = True

    def work_here(self) -> None:
        """From now on work where the event loop runs: for one that serves nobody meanwhile, at half the cost."""
        self._threaded = False

    def prepare(self, migrate: Callable[[Connection], None] = upgrade) -> None:
        """Bring the schema up to date. Raises `ConfigError` where the database cannot be used.

        A server that is away is no matter of the settings: that raises `DBAPIError`, and may be over any time.
        """
        try:
            make_private(self.engine)
            # in a transaction that writes: of processes that start together, one migrates and the others wait
            self._transact(partial(_alone, migrate), waits=())
        except OSError as wrong:
            raise ConfigError(f"database {self.engine.url.render_as_string()}: {wrong}; {PLACE}") from wrong
        except DBAPIError as wrong:
            if self._is_lost(wrong):
                raise
            said = f"database {self.engine.url.render_as_string()}: {wrong.orig}; {remedy(wrong)}"
            raise ConfigError(said) from wrong

    def is_prepared(self) -> bool:
        """Whether the schema is the one that this version of nkwatch knows."""
        with self.engine.connect() as connection:
            return bool(inspect(connection).get_table_names()) and is_current(connection)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction that may write; it is rolled back whole when `work` raises.

        PostgreSQL ends one of two transactions that wait for each other: `work` is then run again, as where the
        connection was lost before the end.
        """
        return await self._done(self._writers, self._transact, work)

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
        return await self._done(self._readers, self._look, work)

    def close(self) -> None:
        """Wait for what is under way and close all connections."""
        self._writers.shutdown()
        self._readers.shutdown()
        self._leave_here()
        self.engine.dispose()

    async def _done(
        self,
        threads: ThreadPoolExecutor,
        does: Callable[[Callable[[Connection], T]], T],
        work: Callable[[Connection], T],
    ) -> T:
        if not self._threaded:
            return does(work)
        return await asyncio.get_running_loop().run_in_executor(threads, does, work)

    def _leave_here(self) -> None:
        if self._here is not None:
            self._here.close()
            self._here = None

    def _kept_here(self) -> Connection:
        """The connection of the event loop's own thread, which never waits for who else writes."""
        if self._here is None:
            here = self._writing.connect()
            # it is closed in the end, not given back to the pool: others wait
            here.detach()
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


def remedy(wrong: DBAPIError) -> str:
    """What to do about a database that cannot be used."""
    if not isinstance(wrong.orig, sqlite3.Error):
        return SERVER
    return REMEDIES.get(getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF, PLACE)


def _is_busy(wrong: DBAPIError) -> bool:
    """Whether another one writes (SQLite's result codes: the last octet is the primary one)."""
    return getattr(wrong.orig, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY


def _alone(migrate: Callable[[Connection], None], connection: Connection) -> None:
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
    migrate(connection)


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
