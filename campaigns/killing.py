"""Kills workers at random moments and at named points, starts others in their place, and compares in the end."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path

from campaigns.comparing import Findings, Ledger, compare, events, ledger
from campaigns.databases import Fresh, left_alone
from campaigns.points import POINTS, RARE, Fate
from campaigns.posting import post
from campaigns.serving import serving
from campaigns.worker import Task, fork

CONNECTIONS = 10
#: Kills in one run, each of which has a database of its own, and its readers for each kill.
RUN, READERS = 25, 160
#: A worker's clock comes after the leases of the one before.
LEASE = timedelta(seconds=61)
#: Seconds after which a worker is killed that has not come to its point; and that a last worker may take.
PATIENCE, LONGEST = 5.0, 180.0
#: The share of random moments that come right after the start; the others come after the first mail was taken. Seconds.
EARLY, SOON = 0.2, 0.1
A_MOMENT = "a random moment"
#: Characters of what went wrong that are shown.
SHOWN = 2_000


@dataclass(slots=True)
class Killing:
    """What was done so far: kills by where, and what was found."""

    kills: Counter[str] = field(default_factory=Counter)
    found: Findings = field(default_factory=Findings)


def killing(kills: int, fresh: Fresh, folder: Path, seed: int) -> Iterator[Killing]:
    """Runs until there were so many kills; what was done so far after each."""
    chance, done = random.Random(seed), Killing()
    while done.kills.total() < kills:
        wanted = min(RUN, kills - done.kills.total())
        done.found.add(_run(wanted, fresh(), folder, chance, done.kills))
        yield done


def _run(wanted: int, address: str, folder: Path, chance: random.Random, kills: "Counter[str]") -> Findings:
    """One database: workers are killed until there were so many, or all is sent; a last one does the rest."""
    asyncio.run(post(address, READERS * wanted))
    log, after = folder / "log", list[Ledger]()
    log.unlink(missing_ok=True)
    with serving(log) as server:
        task = Task(address, server.port, folder / "errors", CONNECTIONS)
        for number in range(wanted):
            died_at = _killed(replace(task, ahead=LEASE * number, fate=_fate(chance)), log, chance)
            if not died_at:
                break
            kills[died_at] += 1
            left_alone(address)
            server.mark(f"{number}")
            after.append(ledger(address))
            if errors(task):
                raise RuntimeError(f"a round failed in a worker that nothing was done to: {_last(task)}")
        finish(fork(replace(task, ahead=LEASE * wanted)), task)
    return compare(ledger(address), events(log), CONNECTIONS, after)


def _fate(chance: random.Random) -> Fate:
    """Every other worker dies at a named point, the others at a random moment."""
    point = chance.choice(POINTS) if chance.random() < 0.5 else ""
    return Fate(point, 1 if point in RARE else chance.randint(1, 40))


def _killed(task: Task, log: Path, chance: random.Random) -> str:
    """Where the worker died; "" where it had done everything before."""
    point, before = task.fate.point, _size(log)
    process = fork(task)
    if point:
        ended = _wait(process, PATIENCE)
    elif chance.random() < EARLY:
        ended = _wait(process, chance.uniform(0, SOON))
    else:
        ended = _wait(process, PATIENCE, lambda: _size(log) > before)
        ended = _wait(process, chance.uniform(0, SOON)) if ended is None else ended
    if ended is None:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        return A_MOMENT
    if ended > 0:
        raise RuntimeError(f"a worker ended with exit code {ended}: {_last(task)}")
    return point if ended else ""


def finish(process: int, task: Task) -> None:
    """Wait for a worker that delivers all that is left."""
    ended = _wait(process, LONGEST)
    if ended is None:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        raise RuntimeError(f"after {LONGEST} seconds not everything was sent; {_last(task)}")
    if ended:
        raise RuntimeError(f"the last worker ended with exit code {ended}: {_last(task)}")


def _size(log: Path) -> int:
    return log.stat().st_size if log.exists() else 0


def errors(task: Task) -> str:
    """What went wrong in workers."""
    return task.log.read_text("utf-8") if task.log.exists() else ""


def _last(task: Task) -> str:
    return errors(task)[-SHOWN:]


def _wait(process: int, seconds: float, until: Callable[[], bool] = lambda: False) -> int | None:
    """The exit code, negative where it was killed; None while it lives."""
    end = time.monotonic() + seconds
    while time.monotonic() < end and not until():
        ended, status = os.waitpid(process, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.001)
    return None
