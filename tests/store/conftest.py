"""One suite for every store: in memory, on SQLite and on PostgreSQL.

PostgreSQL is started once for the session, in a temporary folder, by a user other than root, and is
skipped with the reason where it is not installed (with NKWATCH_REQUIRE_ALL=1 that is a failure).
"""

import itertools
import os
import pwd
import shutil
import socket
import sqlite3
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, func, select, text

from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.desk import DeskStore
from nkwatch.store.outbox import OutboxStore
from nkwatch.store.readings import ReadingStore
from nkwatch.store.statements import StatementStore
from nkwatch.store.subscribers import SubscriberStore
from tests.making import source
from tests.workflow.memory import (
    Memory,
    MemoryDesk,
    MemoryOutbox,
    MemoryReadings,
    MemoryStatements,
    MemorySubscribers,
)

KEYRING = Keyring({1: b"k" * 32}, current=1)
SOURCES = {i: source(i) for i in ("a", "b")}
#: PostgreSQL's tables that have had a row since they were last emptied; to empty one that has had none takes as long.
WRITTEN = text(
    "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
    " AND pg_relation_size(oid) > 0"
)


@dataclass
class Stores:
    """Everything that one database holds, as the workflow sees it."""

    statements: Any
    subscribers: Any
    outbox: Any
    readings: Any = None
    desk: Any = None
    database: Any = None

    def count(self, table: str) -> int:
        """How many rows a table has."""
        return self.one(select(func.count()).select_from(schema.metadata.tables[table]))

    def one(self, query: Any) -> Any:
        """The first value of the first row."""
        with self.database.engine.connect() as connection:
            return connection.execute(query).scalar_one()

    def rows(self, query: Any) -> list[Any]:
        """All rows."""
        with self.database.engine.connect() as connection:
            return list(connection.execute(query))


def open_stores(address: str) -> Stores:
    """The stores on the database at this address; whoever opens them closes the database."""
    return _stores(Database(address))


def _stores(database: Database) -> Stores:
    outbox = OutboxStore(database, KEYRING, "nkwatch.example")
    statements, subscribers = StatementStore(database, SOURCES), SubscriberStore(database, KEYRING)
    return Stores(statements, subscribers, outbox, ReadingStore(database), DeskStore(database), database)


@pytest.fixture(scope="session")
def prepared_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with all tables and no rows."""
    path = tmp_path_factory.mktemp("sqlite") / "prepared.db"
    database = Database(f"sqlite:///{path}")
    database.prepare()
    database.close()
    return path


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """The address of a PostgreSQL server, without the name of a database."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        _do_without("PostgreSQL is not installed (Debian: apt-get install postgresql)")
    tools, folder = found[-1].parent, Path(tempfile.mkdtemp(prefix="nkwatch-postgres-"))
    user = _other_user()
    if user:
        shutil.chown(folder, user)
    run = {"user": user, "cwd": folder, "stdout": subprocess.DEVNULL}
    data = folder / "data"
    subprocess.run([tools / "initdb", "-D", data, "-U", "nkwatch", "-A", "trust", "-N"], check=True, **run)
    port = _free_port()
    options = f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=60"
    control = [tools / "pg_ctl", "-D", data, "-w"]
    try:
        subprocess.run([*control, "-o", options, "-l", folder / "log", "start"], check=True, **run)
        yield f"postgresql://nkwatch@127.0.0.1:{port}"
    finally:
        subprocess.run([*control, "-m", "immediate", "stop"], check=False, **run)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def prepared_postgres(postgres: str) -> str:
    """A PostgreSQL database with all tables."""
    _create_database(postgres, "prepared")
    database = Database(f"{postgres}/prepared")
    database.prepare()
    database.close()
    return f"{postgres}/prepared"


@pytest.fixture(scope="session")
def emptying(prepared_postgres: str) -> Iterator[Engine]:
    """What clears up after each test."""
    engine = create_engine(prepared_postgres.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def used_file(prepared_file: Path) -> Iterator[tuple[str, Callable[[], None]]]:
    """The address of an SQLite database for one test after the other, and what makes it as it was."""
    path = prepared_file.with_name("nkwatch.db")
    shutil.copy(prepared_file, path)
    with closing(sqlite3.connect(prepared_file)) as pristine, closing(sqlite3.connect(path)) as used:
        used.execute("PRAGMA journal_mode=WAL")
        used.execute("PRAGMA synchronous=OFF")
        yield f"sqlite:///{path}", lambda: pristine.backup(used)


@contextmanager
def _emptied(kind: str, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with all tables and no rows."""
    if kind == "sqlite":
        address, restore = request.getfixturevalue("used_file")
        yield address
        restore()
        return
    server, emptying = request.getfixturevalue("prepared_postgres"), request.getfixturevalue("emptying")
    yield server
    with emptying.begin() as connection:
        written = connection.scalars(WRITTEN)
        if names := ", ".join(f'"{t}"' for t in written if t in schema.metadata.tables):
            connection.execute(text(f"TRUNCATE {names} RESTART IDENTITY CASCADE"))


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    """A database with all tables and no rows."""
    with _emptied(request.param, request) as address:
        yield address


@pytest.fixture(scope="session")
def lasting() -> Iterator[Callable[[str], Stores]]:
    """The stores on a database that stays open: what is asked of it is compiled once, not in every test."""
    kept: dict[str, Database] = {}

    def stores(address: str) -> Stores:
        if address not in kept:
            kept[address] = Database(address)
        return _stores(kept[address])

    yield stores
    for database in kept.values():
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database without any table."""
    return _new_address(request.param, request, tmp_path)


@pytest.fixture(scope="module")
def made_once(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The address of a database that was made by this function; it is made once for all tests of a module."""
    made: dict[tuple[str, str], str] = {}

    def address(kind: str, make: Callable[[Database], None]) -> str:
        if (kind, make.__name__) not in made:
            new = _new_address(kind, request, tmp_path_factory.mktemp(make.__name__))
            database = Database(new)
            make(database)
            database.close()
            made[kind, make.__name__] = new
        return made[kind, make.__name__]

    return address


@pytest.fixture(params=["sqlite", "postgresql"])
def copied(
    request: pytest.FixtureRequest, made_once: Callable[..., str], tmp_path: Path
) -> Iterator[Callable[[Callable[[Database], None]], Database]]:
    """Opens a copy of the database that this function makes."""
    opened: list[Database] = []

    def copy(make: Callable[[Database], None]) -> Database:
        source = made_once(request.param, make)
        if request.param == "sqlite":
            shutil.copy(source.removeprefix("sqlite:///"), tmp_path / "nkwatch.db")
            opened.append(Database(f"sqlite:///{tmp_path}/nkwatch.db"))
        else:
            opened.append(Database(_new_address(request.param, request, tmp_path, template=source.rpartition("/")[2])))
        return opened[-1]

    yield copy
    for database in opened:
        database.close()


_numbers = itertools.count()


def _new_address(kind: str, request: pytest.FixtureRequest, folder: Path, template: str = "template1") -> str:
    """The address of a database without any table, or of a copy of one that nobody is in."""
    if kind == "sqlite":
        return f"sqlite:///{folder}/nkwatch.db"
    server, name = request.getfixturevalue("postgres"), f"new_{next(_numbers)}"
    _create_database(server, name, template)
    return f"{server}/{name}"


@pytest.fixture
def opened(address: str) -> Iterator[Callable[[], Stores]]:
    """Opens the database as one more process would."""
    databases: list[Database] = []

    def open_one() -> Stores:
        stores = open_stores(address)
        databases.append(stores.database)
        return stores

    yield open_one
    for database in databases:
        database.close()


@pytest.fixture
def durable(address: str, lasting: Callable[[str], Stores]) -> Stores:
    """A database, for what can be seen in its tables only."""
    return lasting(address)


@pytest.fixture
def own_file(prepared_file: Path, tmp_path: Path) -> Iterator[Stores]:
    """A database in an SQLite file that no other test has written to."""
    shutil.copy(prepared_file, tmp_path / "nkwatch.db")
    opened = open_stores(f"sqlite:///{tmp_path}/nkwatch.db")
    yield opened
    opened.database.close()


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def stores(request: pytest.FixtureRequest) -> Iterator[Stores]:
    """Every store, for what the ports promise."""
    if request.param == "memory":
        memory = Memory(SOURCES)
        yield Stores(
            MemoryStatements(memory),
            MemorySubscribers(memory),
            MemoryOutbox(memory),
            MemoryReadings(memory),
            MemoryDesk(memory),
        )
        return
    with _emptied(request.param, request) as address:
        yield request.getfixturevalue("lasting")(address)


def _do_without(reason: str) -> None:
    if os.environ.get("NKWATCH_REQUIRE_ALL") == "1":
        pytest.fail(reason)
    pytest.skip(reason)


def _other_user() -> str | None:
    """PostgreSQL refuses to run as root."""
    if os.geteuid():
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _create_database(server: str, name: str, template: str = "template1") -> None:
    engine = create_engine(
        f"{server}/postgres".replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    engine.dispose()
