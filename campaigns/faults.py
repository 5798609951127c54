"""What goes wrong on one node, one fault after the other, with the real program.

Each must be told in a sentence, harm nothing else, and be over by itself once its cause is gone: nothing is lost,
nothing comes twice, nobody who left is mailed. Exit 1 when anything is otherwise.
"""

import argparse
import asyncio
import json
import os
import shlex
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import select

from campaigns.databases import databases, missing
from campaigns.gap import Gap
from campaigns.machine import machine
from campaigns.machines import Line, carrying, lines, permitted
from campaigns.naming import LISTENS, name_server
from campaigns.scene import FAULT, Scene, scene
from nkwatch.store import schema

_NO_CLOCK = "there is no C compiler (cc): what moves the clock is compiled by it"
#: Rights by which root reads and writes whatever the mode of a file says.
_OVERRIDE = "-dac_override,-dac_read_search"
#: The small file system.
_DISK = "12m"
#: Seconds that a name server is silent at most.
LONGEST_SILENCE = 60
#: An address that answers nobody on the internet (AS112, RFC 7535); the sample site has it in a network of its own.
_SITE = "192.31.196.1"
_OUR_LINE = "our own line seems down"
_HOURS = (3, 6, 9, 12, 15, 18, 21, 24)


@dataclass(slots=True)
class Outcome:
    """What came of one fault; `not_tried` says why it could not be."""

    expected: str
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    not_tried: str = ""
    seconds: float = 0


Scenario = Callable[[Path, "Callable[[], str]"], Awaitable[Scene | str]]
_SCENARIOS: dict[str, tuple[str, str, Scenario]] = {}


def _named(name: str, expected: str, database: str = "sqlite") -> Callable[[Scenario], Scenario]:
    def note(scenario: Scenario) -> Scenario:
        _SCENARIOS[name] = (expected, database, scenario)
        return scenario

    return note


def main(arguments: list[str]) -> int:
    """Run the scenarios that the command line names, or all."""
    parser = argparse.ArgumentParser(prog="python -m campaigns faults", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(_SCENARIOS)}")
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--keep", type=Path, help="a folder for logs")
    wanted = parser.parse_args(arguments)
    if unknown := set(wanted.names) - _SCENARIOS.keys():
        parser.error(f"no scenario named {', '.join(sorted(unknown))}; there are {', '.join(_SCENARIOS)}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    record: dict[str, Any] = {"campaign": "faults", "machine": machine(), "scenarios": {}, "wrong": []}
    for name in wanted.names or _SCENARIOS:
        one = _run(name, wanted.keep)
        told = {n: v for n, v in (("not_tried", one.not_tried), ("said", one.said), ("wrong", one.wrong)) if v}
        record["scenarios"][name] = {"expected": one.expected, "seconds": round(one.seconds, 1), **told}
        record["wrong"] += [f"{name}: {w}" for w in one.wrong]
        sys.stderr.write(f"{name}: {one.not_tried or (f'{len(one.wrong)} wrong' if one.wrong else 'as expected')}\n")
        sys.stderr.flush()
    sys.stdout.write(json.dumps(record) + "\n" if wanted.json else _table(record))
    return 1 if record["wrong"] else 0


def _run(name: str, keep: Path | None) -> Outcome:
    expected, database, scenario = _SCENARIOS[name]
    outcome, began = Outcome(expected), time.monotonic()
    if why := missing(database):
        outcome.not_tried = why
        return outcome
    with tempfile.TemporaryDirectory() as place, databases(database, Path(place)) as fresh:
        try:
            found: Scene | str = asyncio.run(scenario(Path(place), fresh))  # type: ignore[arg-type]
        except Exception as wrong:  # noqa: BLE001  the other scenarios are tried as well
            outcome.wrong.append(f"the scenario itself failed: {type(wrong).__name__}: {wrong}")
        else:
            if isinstance(found, str):
                outcome.not_tried = found
            else:
                outcome.said, outcome.wrong = found.said, found.wrong
        if keep:
            keep.mkdir(parents=True, exist_ok=True)
            for log in Path(place).glob("place/log-*"):
                shutil.copy(log, keep / f"{name.replace(' ', '-')}-{log.name}")
    outcome.seconds = time.monotonic() - began
    return outcome


@_named("disk full", "work stops and is told; it goes on by itself when there is room again")
async def disk_full(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The file system of the database has no space left for a while."""
    disk = folder / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "none", str(disk)]
    if os.geteuid() or _fails(*mount):
        return "only root may make a small file system"
    try:
        file = Path(fresh().removeprefix("sqlite:///"))
        shutil.copy(file, disk / file.name)
        async with scene(folder, f"sqlite:///{disk / file.name}") as node:
            node.start()
            await node.at_work()
            balloon = disk / "balloon"
            with suppress(OSError), balloon.open("wb", buffering=0) as growing:
                while growing.write(bytes(4096)):
                    pass
            await node.must_say("full", "disk", "space")
            await asyncio.sleep(FAULT)
            balloon.unlink()
            await _well_again(node, incidents=20)
            return node
    finally:
        _fails("umount", "-l", str(disk))


@_named("read-only database", "it is told, and it goes on by itself once the file may be written again")
async def read_only(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The file may only be read, when the daemon begins."""
    if why := _above_modes():
        return why
    async with scene(folder, _alone(folder, fresh), before=_plain()) as node:
        with _modes(node.file, 0o400):
            node.start()
            await node.must_say("readonly", "read-only", "written")
            await asyncio.sleep(FAULT)
        await _well_again(node)
        return node


@_named("permission lost", "what is open goes on; what starts ends with a sentence, and works with the permission back")
async def permission_lost(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The folder of the database is closed, while the daemon works, and when it begins."""
    if why := _above_modes():
        return why
    async with scene(folder, _alone(folder, fresh), before=_plain()) as node:
        node.start()
        await node.at_work()
        with _modes(node.file.parent, 0o000):
            await asyncio.sleep(FAULT)
            node.stop()
            node.refuses("open", "permission", "ours")
        node.start()
        await _well_again(node)
        return node


def _above_modes() -> str:
    """Why no mode of a file stops us, "" where one does."""
    if os.geteuid() or shutil.which("setpriv"):
        return ""
    return "root is stopped by no mode of a file, and setpriv is not there to take that right away"


def _plain() -> tuple[str, ...]:
    """Starts a command that no mode of a file lets through."""
    return () if os.geteuid() else ("setpriv", f"--bounding-set={_OVERRIDE}", f"--inh-caps={_OVERRIDE}")


def _alone(folder: Path, fresh: Callable[[], str]) -> str:
    """A database in a folder of its own."""
    own, file = folder / "data", Path(fresh().removeprefix("sqlite:///"))
    own.mkdir()
    shutil.copy(file, own / file.name)
    return f"sqlite:///{own / file.name}"


def _fails(*command: str) -> bool:
    return bool(subprocess.run(command, check=False, capture_output=True, timeout=60).returncode)


@contextmanager
def _modes(path: Path, mode: int) -> Iterator[None]:
    was = path.stat().st_mode & 0o7777
    path.chmod(mode)
    try:
        yield
    finally:
        path.chmod(was)


@_named("corrupted page", "it is told, and nothing is made up; with the file from before all goes on")
async def corrupted(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """Bytes in the middle of the file are others."""
    async with scene(folder, fresh()) as node:
        node.start()
        await node.at_work()
        node.stop()
        for log in node.file.parent.glob(f"{node.file.name}-*"):
            if log.name.endswith(("-wal", "-shm")):
                log.unlink()
        whole = folder / "whole"
        shutil.copy(node.file, whole)
        _spoil(node.file)
        code, told, said = node.place.run("db", "check")
        node.said.append(" ".join((told + said).split())[:300])
        if code != 1 or "Traceback" in told + said:
            node.wrong.append(f"db check ended with {code}: {(told + said)[-300:]}")
        node.start()
        await node.must_say("malformed", "corrupt", "damaged")
        await asyncio.sleep(FAULT / 2)
        if node.daemon is not None:
            node.daemon.end()
        node.daemon = None
        for log in node.file.parent.glob(f"{node.file.name}-*"):
            if log.name.endswith(("-wal", "-shm")):
                log.unlink()
        shutil.copy(whole, node.file)
        node.start()
        # what was sent while the damaged file was in place is not in the one from before: copies, but no second mail
        await _well_again(node, incidents=100)
        return node


def _spoil(file: Path) -> None:
    """Other bytes in every eighth page of the second half."""
    size, page = file.stat().st_size, 4096
    with file.open("r+b") as opened:
        for place in range(size // 2 // page * page, size - page, 8 * page):
            opened.seek(place)
            opened.write(b"\xde\xad\xbe\xef" * 64)


@_named("DNS gone", "it is told, no source is blamed; polling and mail go on when names resolve again")
async def dns_gone(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The name server that the system's resolver asks says nothing for a while: no source, no relay has an address.

    The daemon is in a network of its own, in which the names of the sources lead to a public address that is there
    alone: names of others may not lead to this machine.
    """
    if not permitted():
        return "only root may give a process a network and a name server of its own"
    async with scene(folder, fresh(), domain="example.net", host="localhost") as node:
        here = (node.server.port, node.stand.port)
        with lines(1, here, ()) as (_, (line,)), _names(folder, line, node.stand.port) as (names, node.before):
            node.start()
            await node.at_work()
            names.send_signal(signal.SIGSTOP)
            asked = sum(map(len, node.stand.asked.values()))
            # connections that are open are used on
            until = time.monotonic() + LONGEST_SILENCE
            while not node.heard(_OUR_LINE) and time.monotonic() < until:
                node.news()
                await asyncio.sleep(3)
            await node.must_say(_OUR_LINE)
            await asyncio.sleep(FAULT)
            if sum(map(len, node.stand.asked.values())) > asked + 2 * len(node.stand.asked):
                node.wrong.append("sources were asked although no name resolved")
            names.send_signal(signal.SIGCONT)
            await _well_again(node)
            blamed = _failures(node)
        if blamed:
            node.wrong.append(f"sources are blamed: {blamed}")
        await node.must_say("our own line works again")
        return node


@contextmanager
def _names(folder: Path, line: Line, port: int) -> "Iterator[tuple[subprocess.Popen[str], Sequence[str]]]":
    """A name server in the network of this line, by which all names lead to `port`; and what starts a command there."""
    resolving, order = folder / "resolv.conf", folder / "nsswitch.conf"
    resolving.write_text(f"nameserver {LISTENS}\noptions timeout:1 attempts:1\n")
    order.write_text("hosts: dns\npasswd: files\ngroup: files\n")
    mounts = f"mount --bind {resolving} /etc/resolv.conf && mount --bind {order} /etc/nsswitch.conf"
    add = [*line.before, "ip", "address", "add", f"{_SITE}/32", "dev", "lo"]
    subprocess.run(add, check=True, capture_output=True, timeout=20)
    with carrying([f"{_SITE}:80=127.0.0.1:{port}"], line.before), name_server(_SITE, line.before) as names:
        yield names, (*line.before, "unshare", "--mount", "sh", "-c", f'{mounts} && exec "$@"', "sh")


def _failures(node: Scene) -> dict[str, int]:
    """How many failures count against which sources."""
    state = schema.source_state.c
    with node.engine.connect() as connection:
        found = connection.execute(select(state.source_id, state.failures).where(state.failures > 0)).all()
    return {row.source_id: row.failures for row in found}


@_named("PostgreSQL restarted", "parts fail and say so once; they work again by themselves", "postgresql")
async def postgresql_restarted(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The server ends at once, is away for a while, and comes back; then once more, in order."""
    address = fresh()
    async with scene(folder, address) as node:
        node.start()
        await node.at_work()
        control = _control(address)
        for mode in ("immediate", "fast"):
            control("stop", "-m", mode)
            await asyncio.sleep(FAULT)
            control("start", "-l", "/dev/null")
            await asyncio.sleep(FAULT / 2)
        await node.must_say("failed", "database")
        await _well_again(node, incidents=2)
        await node.must_say("works again", "back")
        return node


def _control(address: str) -> Callable[..., None]:
    """pg_ctl for the server of this address."""
    with psycopg.connect(address) as connection:
        shown = connection.execute("SHOW data_directory").fetchone()
        version = connection.execute("SHOW server_version_num").fetchone()
    if shown is None or version is None:
        raise RuntimeError("the server does not say where its files are")
    home, tools = Path(shown[0]), Path(f"/usr/lib/postgresql/{int(version[0]) // 10_000}/bin")
    # the program, -D and the folder come first
    options = shlex.split((home / "postmaster.opts").read_text("utf-8"))[3:]
    user = None if os.geteuid() else home.owner()

    def do(*command: str) -> None:
        given = [] if command[0] == "stop" else ["-o", shlex.join(options)]
        subprocess.run(
            [tools / "pg_ctl", "-D", home, "-w", *command, *given],
            user=user, cwd=home, check=True, stdout=subprocess.DEVNULL, timeout=60,
        )  # fmt: skip

    return do


@_named("SMTP gone for a day", "it is told once; every mail leaves when the mail server is back, none twice")
async def smtp_gone(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The mail server stands still for a day, which passes in steps."""
    if (clock := _Clock.made(folder)) is None:
        return _NO_CLOCK
    async with scene(folder, fresh(), environment=clock.environment) as node:
        node.start()
        await node.at_work()
        node.server.process.send_signal(signal.SIGSTOP)
        for hours in _HOURS:
            clock.set(hours)
            await asyncio.sleep(2)
        await node.must_say("relay", "mail server", "SMTP")
        node.server.process.send_signal(signal.SIGCONT)
        clock.set(30)
        node.ahead = timedelta(hours=30)
        await _well_again(node, incidents=len(_HOURS))
        return node


@_named("clock set forward and back", "windows and polls go on in the present; nothing is skipped or sent twice")
async def clock_set(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The clock of the machine is a day ahead for a while, then right, then a day behind, then right.

    Instants that it wrote are brought back in their order: so it is judged by what each was told, not by windows.
    """
    if (clock := _Clock.made(folder)) is None:
        return _NO_CLOCK
    async with scene(folder, fresh(), environment=clock.environment) as node:
        node.start()
        await node.at_work()
        for hours in (24, 0, -24, 0):
            clock.set(hours)
            node.news()
            await asyncio.sleep(FAULT)
        await node.settled()
        # a day passes: now everybody must have been told everything
        node.ahead = timedelta(hours=26)
        clock.set(26)
        await _well_again(node, incidents=5, windows=False)
        return node


@_named(
    "yesterday's backup restored",
    "nothing is sent until told from when; who left has left, and the gap is not repeated",
)
async def backup_restored(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """`db backup`, people leave, mail goes on; `db restore`, `deliver --resume-after`."""
    return await _put_back(folder, fresh, by_command=True)


@_named("yesterday's file copied back", "it is noticed without a word from anybody, and the same follows")
async def file_copied_back(folder: Path, fresh: Callable[[], str]) -> Scene | str:
    """The same with the file of the database, copied by hand."""
    return await _put_back(folder, fresh, by_command=False)


async def _put_back(folder: Path, fresh: Callable[[], str], *, by_command: bool) -> Scene:
    async with scene(folder, _alone(folder, fresh), span=45) as node:
        gap = Gap(node, folder / "yesterday", by_command=by_command)
        node.start()
        await node.at_work()
        await gap.back_up()
        await gap.pass_by()
        gap.put_back()
        await gap.locked()
        await gap.resume()
        node.news()
        await node.settled()
        node.stop()
        gap.judge()
        return node


@dataclass(frozen=True, slots=True)
class _Clock:
    """The time of day of a process (`clock.c`); what counts the time that passes goes on as ever."""

    file: Path
    library: Path

    @classmethod
    def made(cls, folder: Path) -> "_Clock | None":
        """A clock that is right; None where there is no compiler."""
        clock, compiler = cls(folder / "clock", folder / "clock.so"), shutil.which("cc")
        if compiler is None:
            return None
        source = Path(__file__).parent / "clock.c"
        subprocess.run([compiler, "-shared", "-fPIC", "-O2", "-o", clock.library, source], check=True, timeout=60)
        clock.file.write_bytes(bytes(8))
        return clock

    @property
    def environment(self) -> dict[str, str]:
        """What a process needs that is to have this clock."""
        return {"LD_PRELOAD": str(self.library), "CAMPAIGN_CLOCK": str(self.file)}

    def set(self, hours: int) -> None:
        """So many hours ahead of the real time."""
        with self.file.open("r+b", buffering=0) as opened:
            opened.write(struct.pack("=q", hours * 3600))


async def _well_again(node: Scene, incidents: int = 1, *, windows: bool = True) -> None:
    """The cause is gone: what comes now must work, and in the end all must be there."""
    if windows:
        node.news()
    await node.settled()
    node.stop()
    node.judge(incidents, windows=windows)


def _table(record: dict[str, Any]) -> str:
    told = []
    for name, one in record["scenarios"].items():
        state = "not tried" if "not_tried" in one else "WRONG" if "wrong" in one else "as expected"
        told.append(f"{name:28} {state:12} {one['seconds']:6.1f} s  {one['expected']}")
        told += [f"    {one['not_tried']}"] if "not_tried" in one else []
        told += [f"    said: {' '.join(s.split())[:200]}" for s in one.get("said", [])]
        told += [f"    WRONG {w[:600]}" for w in one.get("wrong", [])[:8]]
    return "\n".join(told) + "\n"
