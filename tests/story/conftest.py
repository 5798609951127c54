"""An installation as an operator would have it: a folder with settings, secrets and a database."""

import asyncio
import fcntl
import json
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
import structlog
from tests.workflow.fakes import FakeClock

from nkwatch.assembly import open_newsroom
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import load_config, load_secrets
from nkwatch.keys import new_master_key
from nkwatch.store.database import Database

SETTINGS = """
database = "sqlite:///nkwatch.db"
[site]
url = "https://watch.example"
contact = "editors@watch.example"
[mail]
host = "127.0.0.1"
port = {port}
security = "none"
sender = "digest@watch.example"
connections = {connections}
lease = {lease}
timeout = 5
[polling]
pause = 0
allow = [{allow}]
[web]
port = 0
[catalogue]
disable = {shipped}
"""

#: Nobody outside is asked: every source that ships and is on is switched off.
SHIPPED = json.dumps([s.id for s in load_sources().values() if s.enabled])


class Installation:
    """Runs `nkwatch` as a process of its own, or opens the newsroom in this one."""

    def __init__(self, folder: Path, empty: Path | None = None) -> None:
        self.folder = folder
        #: A database as a new one is, which is copied: to make one takes longer than most commands.
        self.empty = empty
        self.settings = folder / "nkwatch.toml"
        #: What time it is where it is opened in this process, or a command runs in it.
        self.clock = FakeClock()

    def write(self, *, port: int, connections: int = 5, lease: float = 60, allow: str = "", more: str = "") -> None:
        allowed = f'"{allow}"' if allow else ""
        text = SETTINGS.format(port=port, connections=connections, lease=lease, allow=allowed, shipped=SHIPPED)
        self.settings.write_text(text + more)
        secrets = self.folder / "nkwatch.secrets.toml"
        if not secrets.exists():
            secrets.touch(mode=0o600)
            secrets.write_text(f'current = 1\n[keys]\n1 = "{new_master_key()}"\n')
            if self.empty:
                shutil.copy(self.empty, self.folder / "nkwatch.db")

    def open(self, clock=None):
        config = load_config(self.settings)
        secrets = load_secrets(config.secrets)
        return open_newsroom(config, secrets, clock) if clock else open_newsroom(config, secrets)

    async def start(self, *arguments: str) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            sys.executable, "-m", "nkwatch", "--config", str(self.settings), *arguments,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "NO_COLOR": "1"},
        )  # fmt: skip

    async def run(self, *arguments: str, seconds: float = 60) -> tuple[int, str, str]:
        """Exit code, standard output, standard error."""
        process = await self.start(*arguments)
        async with asyncio.timeout(seconds):
            out, err = await process.communicate()
        return process.returncode or 0, out.decode(), err.decode()


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with all tables and no rows."""
    path = tmp_path_factory.mktemp("empty") / "nkwatch.db"
    with closing(Database(f"sqlite:///{path}")) as database:
        database.prepare()
    return path


@pytest.fixture(scope="session")
def once(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Callable[[Path], None]], Path]:
    """The folder of this name that `fill` has filled: in one process of the tests, for all of them. None writes to it."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def made(name: str, fill: Callable[[Path], None]) -> Path:
        folder, filled = base / name, base / f"{name}.filled"
        with (base / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not filled.exists():
                # what is left of one that failed half-way
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir()
                fill(folder)
                filled.touch()
        return folder

    return made


@pytest.fixture
def installation(tmp_path: Path, empty: Path) -> Installation:
    return Installation(tmp_path, empty)


@pytest.fixture
def bare(tmp_path: Path) -> Installation:
    """An installation whose database nobody has made yet."""
    return Installation(tmp_path)


@pytest.fixture(autouse=True)
def _the_log_as_before() -> Iterator[None]:
    """A command points the log at its own standard error, which is gone after it."""
    handlers, level, config = logging.root.handlers[:], logging.root.level, structlog.get_config()
    yield
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)
    structlog.configure(**config)
