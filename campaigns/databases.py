"""Databases for campaigns: an SQLite file, or a PostgreSQL server of its own in a temporary folder."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from nkwatch.store.database import Database

KINDS = ("sqlite", "postgresql")
#: Makes a new database with all tables and no rows; answers its address.
Fresh = Callable[[], str]


def missing(kind: str) -> str:
    """Why there can be no database of this kind here; "" where there can."""
    if kind == "postgresql" and not _servers():
        return "PostgreSQL is not installed (Debian: apt-get install postgresql)"
    return ""


@contextmanager
def databases(kind: str, folder: Path) -> Iterator[Fresh]:
    """New databases of this kind, as many as are asked for; gone in the end."""
    with _files(folder) if kind == "sqlite" else _server() as fresh:
        yield fresh


@contextmanager
def _files(folder: Path) -> Iterator[Fresh]:
    pattern = folder / "pattern.db"
    _prepare(f"sqlite:///{pattern}")
    made: list[Path] = []

    def fresh() -> str:
        for old in made:
            for file in folder.glob(f"{old.name}*"):
                file.unlink()
        made[:] = [folder / f"campaign{time.time_ns()}.db"]
        shutil.copy(pattern, made[0])
        return f"sqlite:///{made[0]}"

    yield fresh


@contextmanager
def _server() -> Iterator[Fresh]:
    """Its files are its own user's, since PostgreSQL refuses to run as root."""
    tools, home = _servers()[-1].parent, Path(tempfile.mkdtemp(prefix="nkwatch-campaign-"))
    user = _other_user()
    if user:
        shutil.chown(home, user)
    port = _free_port()
    # no machine fails here, only processes: nothing is gained by waiting for the disk
    options = f"-p {port} -k {home} -c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=100"
    control = [tools / "pg_ctl", "-D", home / "data", "-w"]

    def do(*command: "str | Path", check: bool = True) -> None:
        subprocess.run(command, user=user, cwd=home, check=check, stdout=subprocess.DEVNULL, timeout=60)

    do(tools / "initdb", "-D", home / "data", "-U", "nkwatch", "-A", "trust", "-N")
    try:
        do(*control, "-o", options, "-l", home / "log", "start")
        address = f"postgresql://nkwatch@127.0.0.1:{port}"
        _run(address, "CREATE DATABASE pattern")
        _prepare(f"{address}/pattern")
        made: list[str] = []

        def fresh() -> str:
            for old in made:
                _run(address, f"DROP DATABASE {old} WITH (FORCE)")
            made[:] = [f"campaign{time.time_ns()}"]
            _run(address, f"CREATE DATABASE {made[0]} TEMPLATE pattern")
            return f"{address}/{made[0]}"

        yield fresh
    finally:
        do(*control, "-m", "immediate", "stop", check=False)
        shutil.rmtree(home, ignore_errors=True)


def left_alone(address: str, seconds: float = 10) -> None:
    """Wait until nobody is connected: the server may still finish what a killed process had begun."""
    if not address.startswith("postgresql"):
        return
    until = time.monotonic() + seconds
    others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with psycopg.connect(address, autocommit=True) as connection:
        while (found := connection.execute(others).fetchone()) and found[0] and time.monotonic() < until:
            time.sleep(0.002)


def _prepare(address: str) -> None:
    database = Database(address)
    database.prepare()
    database.close()


def _run(address: str, statement: str) -> None:
    with psycopg.connect(f"{address}/postgres", autocommit=True) as connection:
        connection.execute(statement)  # type: ignore[arg-type]


def _servers() -> list[Path]:
    return sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))


def _other_user() -> str | None:
    if os.geteuid():
        return None
    return "postgres" if "postgres" in {entry.pw_name for entry in pwd.getpwall()} else "nobody"


def _free_port() -> int:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        port: int = held.getsockname()[1]
        return port
