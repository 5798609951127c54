"""What else can go wrong: a full disk, a worker that stands still, a clock that leaps, a mail server with faults."""

import asyncio
import os
import random
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from campaigns.comparing import Findings, compare, events, ledger
from campaigns.databases import Fresh
from campaigns.killing import CONNECTIONS, errors, finish
from campaigns.posting import post
from campaigns.relay import FAULTS
from campaigns.serving import Server, serving
from campaigns.worker import FAILED, LEAP, Task, fork

READERS = 2_000
FAULTY_READERS = 300
#: How often the disk is full, and for how many seconds.
FULL, FULL_FOR = 5, 0.3
#: How often a worker stands still, for how many seconds; its lease is shorter.
STOPS, STILL, SHORT = 5, 2.5, timedelta(seconds=1.5)
#: Seconds that a mail server is waited for that does not answer.
STALLED = 0.3
#: The small file system.
_DISK = "16m"


def scenarios(fresh: Fresh, folder: Path, seed: int) -> Iterator[tuple[str, Findings | str]]:
    """What each found, by name; a sentence where it could not be tried."""
    chance = random.Random(seed)
    yield "disk full", _disk_full(fresh(), folder, chance)
    yield "stopped for longer than the lease", _still(fresh, folder, chance)
    yield "clock leaps by a day", _leaps(fresh(), folder)
    for fault in FAULTS:
        yield f"mail server: {fault}", _fault(fresh(), folder, fault)


def _disk_full(address: str, folder: Path, chance: random.Random) -> Findings | str:
    """The file system of the database has no space left for a while."""
    if not address.startswith("sqlite"):
        return "the server's disk is its own matter: it stops, and recovers by itself"
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", str(disk)]
    if os.geteuid() or subprocess.run(mount, check=False, capture_output=True).returncode:
        return "only root may make a small file system"
    file = Path(address.removeprefix("sqlite:///"))
    moved = disk / file.name
    shutil.copy(file, moved)

    try:
        return _full_now_and_then(f"sqlite:///{moved}", folder, chance, disk / "balloon")
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def _full_now_and_then(address: str, folder: Path, chance: random.Random, balloon: Path) -> Findings:
    """Each round that fails may cost copies, as a crash does."""
    with _posted(address, folder, READERS) as (task, server):
        worker = fork(task)
        for _ in range(FULL):
            time.sleep(chance.uniform(0.05, 0.15))
            with suppress(OSError), balloon.open("wb", buffering=0) as growing:
                while growing.write(bytes(4096)):
                    pass
            time.sleep(FULL_FOR)
            balloon.unlink()
        finish(worker, task)
        failed = errors(task).count(FAILED)
        found = _found(address, server, incidents=failed)
    if not failed:
        found.wrong.append("nothing failed while the disk was full: the scenario tried nothing")
    return found


def _still(fresh: Fresh, folder: Path, chance: random.Random) -> Findings:
    """Workers stand still in the midst of work past their lease, second ones take over, and the first go on."""
    found = Findings()
    for _ in range(STOPS):
        address = fresh()
        with _posted(address, folder, READERS) as (task, server):
            patient = replace(task, lease=SHORT, patient=True)
            first = fork(patient)
            while not server.log.exists() or not server.log.stat().st_size:
                time.sleep(0.001)
            time.sleep(chance.uniform(0, 0.1))
            os.kill(first, signal.SIGSTOP)
            second = fork(patient)
            time.sleep(STILL)
            os.kill(first, signal.SIGCONT)
            for worker in (first, second):
                finish(worker, task)
            found.add(_found(address, server, incidents=1))
    return found


def _leaps(address: str, folder: Path) -> Findings:
    """The clock leaps while leases are held: each leap may end them."""
    with _posted(address, folder, READERS) as (task, server):
        finish(fork(replace(task, jumps=True)), task)
        return _found(address, server, incidents=errors(task).count(LEAP))


def _fault(address: str, folder: Path, fault: str) -> Findings:
    with _posted(address, folder, FAULTY_READERS, fault) as (task, server):
        finish(fork(replace(task, timeout=STALLED)), task)
        return _found(address, server, incidents=0)


@contextmanager
def _posted(address: str, folder: Path, readers: int, fault: str = "") -> Iterator[tuple[Task, Server]]:
    """Mails that wait, and a mail server."""
    asyncio.run(post(address, readers))
    for old in ("log", "errors"):
        (folder / old).unlink(missing_ok=True)
    with serving(folder / "log", fault) as server:
        yield Task(address, server.port, folder / "errors", CONNECTIONS), server


def _found(address: str, server: Server, incidents: int) -> Findings:
    return compare(ledger(address), events(server.log), CONNECTIONS, incidents=incidents)
