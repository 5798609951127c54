"""Three daemons, one PostgreSQL: killed, stopped and cut off at random while feeds appear and readers are due.

In the end everything is whole again and must settle; then every statement, window, delivery and mail is accounted for.
Exit 1 when something was lost, came twice, or is not explained.
"""

import argparse
import asyncio
import json
import random
import shutil
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, and_, create_engine, func, select, update

from campaigns import readers
from campaigns.comparing import compare, events, ledger
from campaigns.databases import databases, missing
from campaigns.installing import Installation, Process
from campaigns.judging import judged, kept
from campaigns.machine import machine
from campaigns.machines import Line, lines
from campaigns.newsstand import Newsstand, texts
from campaigns.serving import Server, serving
from campaigns.zones import closings, environment
from nkwatch.domain.subscriber import Standing
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.subscribers import SubscriberStore

#: Sources at each host.
AT_A_HOST = 3
#: Seconds: the lease of deliveries, the pause between requests to a host.
LEASE, PAUSE, CONNECTIONS = 6, 1.0, 5
#: Seconds between two misfortunes, and how long each lasts; some last longer than a lease.
CALM, LASTS = (1.0, 6.0), (0.5, 2.5 * LEASE)
MISFORTUNES = ("killed", "stopped", "cut off")
#: Seconds in which all must have settled, at least and for each thousand readers.
SETTLE, SETTLE_MORE = 120, 6
#: Seconds in which windows close, at least: what is shown meanwhile belongs into some of them.
LEAST = 16
#: Seconds in which all daemons must be at work at first.
STARTING = 60
#: Of so many readers one leaves meanwhile.
LEAVING = 100
SHOWN = 20
_D, _R, _S = schema.delivery.c, schema.subscriber.c, schema.source_state.c


@dataclass(slots=True)
class Machine:
    """One daemon in its network."""

    place: Installation
    line: Line
    daemon: Process | None = None
    stopped: bool = False
    logs: list[Process] = field(default_factory=list)

    def start(self) -> None:
        """Start the daemon, all parts of it."""
        self.daemon = self.place.start("run", before=self.line.before)
        self.logs.append(self.daemon)

    def start_again(self) -> bool:
        """What a supervisor does (systemd, Restart=always) with one that has ended by itself; true where it had."""
        if self.daemon is None or self.daemon.alive:
            return False
        self.start()
        return True

    @property
    def well(self) -> bool:
        """Whether it works and nothing is done to it now."""
        return self.at_work and not self.stopped and not self.line.down

    @property
    def owner(self) -> str:
        """As the names of its leases begin."""
        return str(next((e.get("owner") for e in self.daemon.events("started")), "")) if self.daemon else ""

    @property
    def at_work(self) -> bool:
        """Whether its daemon has said that it started, and did not end."""
        return self.daemon is not None and self.daemon.alive and bool(self.daemon.events("started"))


@dataclass(slots=True)
class Ordeal:
    """What was done, and what was found."""

    joined: str = ""
    done: Counter[str] = field(default_factory=Counter)
    left: dict[str, datetime] = field(default_factory=dict)
    #: of those who left: whose mail was on the line just then, or out already
    under_way: set[str] = field(default_factory=set)
    wrong: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


def main(arguments: list[str]) -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m campaigns cluster", description=__doc__)
    parser.add_argument("--minutes", type=float, default=5, help="of misfortunes; then all settles")
    parser.add_argument("--subscribers", type=int, default=20_000)
    parser.add_argument("--sources", type=int, default=24, help=f"{AT_A_HOST} of them at each host")
    parser.add_argument("--daemons", type=int, default=3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    parser.add_argument("--keep", type=Path, help="a folder for logs and the mail server's book")
    wanted = parser.parse_args(arguments)
    if why := missing("postgresql"):
        sys.stderr.write(f"{why}\n")
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    before, began = machine(), time.monotonic()
    with tempfile.TemporaryDirectory() as place, databases("postgresql", Path(place)) as fresh:
        with serving(Path(place) / "mails") as server:
            ordeal = asyncio.run(_ordeal(Path(place), fresh(), server, wanted))
        if wanted.keep:
            wanted.keep.mkdir(parents=True, exist_ok=True)
            for log in (*Path(place).glob("machine*/log-*"), Path(place) / "mails"):
                shutil.copy(log, wanted.keep / f"{log.parent.name}-{log.name}")
    record = {
        "campaign": "cluster",
        "minutes": wanted.minutes,
        "subscribers": wanted.subscribers,
        "sources": wanted.sources,
        "seed": wanted.seed,
    }
    record |= {"machine": before, "joined_by": ordeal.joined, "misfortunes": dict(ordeal.done), **ordeal.figures}
    record |= {"seconds": round(time.monotonic() - began, 1), "wrong": ordeal.wrong}
    sys.stdout.write(json.dumps(record) + "\n" if wanted.json else _table(record))
    return 1 if ordeal.wrong else 0


async def _ordeal(folder: Path, address: str, server: Server, wanted: argparse.Namespace) -> Ordeal:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    ordeal, chance, span = Ordeal(), random.Random(wanted.seed), wanted.minutes * 60
    database_port = int(address.rpartition(":")[2].partition("/")[0])
    many, hosts = min(300, 2 * wanted.sources + int(span)), -(-wanted.sources // AT_A_HOST)
    async with Newsstand(wanted.sources, hosts, await asyncio.to_thread(texts, many)) as stand:
        with ExitStack() as stack:
            ordeal.joined, joined = stack.enter_context(
                lines(wanted.daemons, (database_port, server.port), (stand.port,))
            )
            machines = [
                _machine(folder, n, line, address, database_port, server, stand) for n, line in enumerate(joined)
            ]
            await _yesterday(machines[0].place, address, server, stand)
            begin = datetime.now(UTC) + timedelta(seconds=min(20, span / 3))
            closing = max(span * 0.8, LEAST)
            instants = closings(begin, timedelta(seconds=closing), timedelta(seconds=max(1, span / 60)))
            everybody = readers.readers(wanted.subscribers, instants)
            keyring = machines[0].place.keyring()
            await asyncio.to_thread(readers.write, engine, keyring, everybody, folder)
            try:
                for one in machines:
                    one.start()
                await _all_at_work(machines)
                await _misfortunes(machines, stand, engine, server, everybody, ordeal, chance, span)
                await _settled(machines, stand, engine, ordeal, instants[-1], wanted.subscribers)
            finally:
                _end(machines, ordeal)
        _judge(ordeal, stand, engine, everybody, server, address, machines)
    engine.dispose()
    return ordeal


def _machine(
    folder: Path, number: int, line: Line, address: str, database: int, server: Server, stand: Newsstand
) -> Machine:
    place = Installation(folder / f"machine{number}", environment(folder))
    if number:
        place.folder.mkdir()
        shutil.copy(folder / "machine0" / "nkwatch.secrets.toml", place.folder)
    _write(place, address.replace(f":{database}/", f":{line.ports[database]}/"), line.ports[server.port], stand)
    return Machine(place, line)


def _write(place: Installation, address: str, port: int, stand: Newsstand) -> None:
    ids = [stand.id(n) for n in range(stand.sources)]
    place.write(
        address, port, lease=LEASE, connections=CONNECTIONS, pause=PAUSE, allow=stand.allowed(), trusted=ids,
        more=stand.settings(),
    )  # fmt: skip


async def _yesterday(place: Installation, address: str, server: Server, stand: Newsstand) -> None:
    """What every source showed a day and a half ago, polled and read by then: some readers were never told."""
    then = datetime.now(UTC) - timedelta(hours=36)
    for _ in range(stand.sources):
        stand.show(then)
    settings = place.settings.read_text("utf-8")
    # from here all is reached without a line in between, and one poll needs no pause
    place.write(address, server.port, pause=0, allow=stand.allowed(), more=stand.settings())
    async with place.open(lambda: then) as newsroom:
        await newsroom.collect()
        # nothing is read before its page was looked at, or a quarter of an hour has passed
        await newsroom.visit()
        read = await newsroom.read()
    if read.about_nk != stand.sources:
        raise RuntimeError(f"of what {stand.sources} sources showed yesterday {read.about_nk} were read")
    place.settings.write_text(settings, "utf-8")
    stand.asked.clear()
    await asyncio.sleep(PAUSE)


async def _all_at_work(machines: Sequence[Machine]) -> None:
    try:
        async with asyncio.timeout(STARTING):
            while not all(m.at_work for m in machines):  # noqa: ASYNC110
                await asyncio.sleep(0.2)
    except TimeoutError:
        logs = (f"{m.line}, alive: {log.alive}\n{log.text()[-2_000:]}" for m in machines for log in m.logs)
        raise RuntimeError("not all daemons are at work:\n" + "\n".join(logs)) from None


async def _misfortunes(
    machines: Sequence[Machine],
    stand: Newsstand,
    engine: Engine,
    server: Server,
    everybody: Sequence[readers.Reader],
    ordeal: Ordeal,
    chance: random.Random,
    span: float,
) -> None:
    """Until the time is over: news, departures, and one misfortune after the other; one machine is always well.

    Each kind happens once at least.
    """
    until, tasks = time.monotonic() + span, set[asyncio.Task[None]]()
    beside = [
        asyncio.create_task(_news(stand, engine, until)),
        asyncio.create_task(_departures(engine, machines[0].place, server, everybody, ordeal, until, chance)),
    ]
    kinds: list[str] = []
    while time.monotonic() < until or any(not ordeal.done[what] for what in MISFORTUNES):
        await asyncio.sleep(chance.uniform(*CALM))
        ordeal.done["ended by itself, started again"] += sum(m.start_again() for m in machines)
        well = [m for m in machines if m.well]
        if len(well) > 1:
            kinds = kinds or chance.sample(MISFORTUNES, len(MISFORTUNES))
            what, one = kinds.pop(), chance.choice(well)
            ordeal.done[what] += 1
            _progress(f"machine {machines.index(one)} is {what}")
            tasks.add(asyncio.create_task(_suffer(one, what, chance.uniform(*LASTS))))
    await asyncio.gather(*tasks, *beside)


async def _suffer(one: Machine, what: str, seconds: float) -> None:
    if one.daemon is None:
        return
    if what == "killed":
        daemon, one.daemon = one.daemon, None
        await asyncio.to_thread(daemon.kill)
        await asyncio.sleep(seconds / 4)
        one.start()
    elif what == "stopped":
        one.stopped = True
        one.daemon.signal(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        one.daemon.signal(signal.SIGCONT)
        one.stopped = False
    else:
        await asyncio.to_thread(one.line.cut)
        await asyncio.sleep(seconds)
        await asyncio.to_thread(one.line.join)


async def _news(stand: Newsstand, engine: Engine, until: float) -> None:
    """A statement a second or so, and sources that are due more often than their rhythm would have it."""
    number = 0
    while time.monotonic() < until:
        number += 1
        if number % 2:
            stand.show()
        if number % 8 == 0:
            await asyncio.to_thread(_sources_due, engine)
        await asyncio.sleep(1)


def _sources_due(engine: Engine) -> None:
    now = datetime.now(UTC)
    with engine.begin() as connection:
        connection.execute(update(schema.source_state).where(_S.due_at > now).values(due_at=now))


async def _departures(
    engine: Engine,
    place: Installation,
    server: Server,
    everybody: Sequence[readers.Reader],
    ordeal: Ordeal,
    until: float,
    chance: random.Random,
) -> None:
    """Some readers leave; the mail server's book says when."""
    going = [r for r in everybody if r.standing is Standing.CONFIRMED]
    going = chance.sample(going, max(1, len(going) // LEAVING))
    database = Database(engine.url.render_as_string(hide_password=False))
    subscribers, began = SubscriberStore(database, place.keyring()), time.monotonic()
    for number, reader in enumerate(going):
        await asyncio.sleep(max(0, began + (until - began) * number / len(going) - time.monotonic()))
        await subscribers.end(reader.id, "left", datetime.now(UTC))
        ordeal.left[reader.id] = datetime.now(UTC)
        server.note(f"left-{reader.id}")
        # what is on the line at that moment may arrive; nothing else may
        with engine.connect() as connection:
            may = select(func.count()).where(
                _D.subscriber_id == reader.id, (_D.offered_at.is_not(None)) | (_D.state == "sent")
            )
            if connection.scalar(may):
                ordeal.under_way.add(reader.address)
    database.close()


async def _settled(
    machines: Sequence[Machine], stand: Newsstand, engine: Engine, ordeal: Ordeal, last: datetime, subscribers: int
) -> None:
    """Wait until nothing is left to do. Deferred mail need not wait for its hour: the clock would come to that."""
    began, longest = time.monotonic(), SETTLE + SETTLE_MORE * subscribers / 1000
    _progress("all machines are well again")
    while True:
        await asyncio.to_thread(_sources_due, engine)
        await asyncio.to_thread(_mail_due, engine)
        await asyncio.sleep(3)
        undone = await asyncio.to_thread(_undone, engine, stand, last)
        undone["daemons"] = sum(not m.at_work for m in machines)
        ordeal.done["ended by itself, started again"] += sum(m.start_again() for m in machines)
        if not any(undone.values()):
            break
        _progress(f"still to be done: {undone}")
        if time.monotonic() - began > longest:
            ordeal.wrong.append(f"after {longest:.0f} s it has not settled: {undone}")
            return
    ordeal.figures["settled_after_seconds"] = round(time.monotonic() - began, 1)


def _mail_due(engine: Engine) -> None:
    now = datetime.now(UTC)
    later = and_(_D.state.in_(("deferred", "unknown", "pending")), _D.due_at > now)
    with engine.begin() as connection:
        connection.execute(update(schema.delivery).where(later).values(due_at=now))


def _undone(engine: Engine, stand: Newsstand, last: datetime) -> dict[str, int]:
    """How much of each kind is left."""
    statement = schema.statement
    due = and_(_R.standing == "confirmed", _R.closes_at <= max(last, datetime.now(UTC)))
    with engine.connect() as connection:
        found = {
            "windows": select(func.count()).select_from(schema.subscriber).where(due),
            "mails": select(func.count()).select_from(schema.delivery).where(schema.undone),
            "unread": select(func.count())
            .select_from(statement)
            .where(statement.c.read_revision < statement.c.revision),
        }
        counts = {name: int(connection.scalar(query) or 0) for name, query in found.items()}
        stored = connection.scalar(select(func.count()).select_from(statement)) or 0
    return counts | {"statements": max(0, len(stand.shown) - stored)}


def _end(machines: Sequence[Machine], ordeal: Ordeal) -> None:
    for number, one in enumerate(machines):
        if one.line.down:
            one.line.join()
        if one.daemon is not None and (code := one.daemon.end()):
            ordeal.wrong.append(f"daemon {number} did not end in order: {code}")


def _judge(
    ordeal: Ordeal,
    stand: Newsstand,
    engine: Engine,
    everybody: Sequence[readers.Reader],
    server: Server,
    address: str,
    machines: Sequence[Machine],
) -> None:
    last = {i: row for i, row in ledger(address).items() if row.recipient.startswith("r")}
    book = [e for e in events(server.log) if e.recipient.endswith("@readers.example")]
    gone = {f"{i}@readers.example" for i in ordeal.left}
    staying = {i: row for i, row in last.items() if row.recipient not in gone}
    found = compare(
        staying, [e for e in book if e.recipient not in gone], CONNECTIONS, incidents=ordeal.done.total() + 1
    )
    ordeal.wrong += found.wrong
    ordeal.wrong += list(_mailed_after_leaving(server, ordeal))
    there = kept(engine)
    ordeal.wrong += judged(there, everybody, stand.by_address(), ordeal.left)
    ordeal.wrong += stand.too_soon(PAUSE)
    traces = [p.log.name for m in machines for p in m.logs if "Traceback" in p.text()]
    if traces:
        ordeal.wrong.append(f"there are tracebacks in {len(traces)} logs: {traces}")
    mails = [m for some in there.mails.values() for m in some]
    ordeal.figures |= {
        "statements": len(stand.shown),
        "due": sum(
            there.expected(r) for r in everybody if r.standing is Standing.CONFIRMED and r.id not in ordeal.left
        ),
        "deliveries": found.deliveries,
        "states": dict(found.states),
        "accepted": found.accepted,
        "lost": found.lost,
        "extra_copies": found.extra,
        "most_copies_of_a_message": found.most_copies,
        "digests": sum(m.kind == "digest" for m in mails),
        "windows": len({m.window for m in mails if m.window}),
        "alerts": sum(m.kind == "alert" for m in mails),
        "stories_alerted": len({s for m in mails if m.kind == "alert" for s in m.stories}),
        "left": len(ordeal.left),
        "requests": sum(map(len, stand.asked.values())),
        "notices": dict(
            Counter(
                str(e.get("event")) for m in machines for p in m.logs for e in p.events() if e.get("level") == "warning"
            )
        ),
    }


def _mailed_after_leaving(server: Server, ordeal: Ordeal) -> Any:
    gone: set[str] = set()
    for line in server.log.read_text("utf-8").splitlines():
        words = line.split()
        if words[0] == "note" and words[1].startswith("left-"):
            gone.add(f"{words[1].removeprefix('left-')}@readers.example")
        elif words[0].startswith("taken") and words[3] in gone and words[3] not in ordeal.under_way:
            yield f"{words[3]} had left, nothing was on the line, and a mail was handed over later"


def _progress(what: str) -> None:
    sys.stderr.write(f"{datetime.now(UTC):%H:%M:%S} {what}\n")
    sys.stderr.flush()


def _table(record: dict[str, Any]) -> str:
    lines_told = [f"{name:28} {value}" for name, value in record.items() if name != "wrong"]
    wrong = record["wrong"]
    lines_told += [f"WRONG {w}" for w in wrong[:SHOWN]]
    lines_told += [f"... and {len(wrong) - SHOWN} more"] if len(wrong) > SHOWN else []
    return "\n".join(lines_told) + "\n"
