"""``python -m bench scale``: one, two and four processes that deliver from one PostgreSQL; how soon others
take over what a dead one had; how large and how fast the databases are with a million readers and statements.

All of it runs on loopback, on the processors of one machine, which the processes share with the database and the mail
server: what is measured is whether they get in each other's way, not what further machines would bring.
"""

import asyncio
import itertools
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from campaigns.databases import databases, missing
from sqlalchemy import ColumnElement, NullPool, TextClause, create_engine, func, select

from bench import scale_sizes
from bench.composing_peer import Wanted
from bench.composing_rows import newly
from bench.contending import alone
from bench.delivering_mails import draw, drawn
from bench.delivering_parts import DOMAIN, KEYRING
from bench.report import Report
from bench.rounds import QUICK_ROUNDS, ROUNDS
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore

PROCESSES = (1, 2, 4)
#: Seconds of the lease where a process is killed, and by how much recovery may be later than its end.
LEASE, LATER = 5.0, 10.0
#: Different mails, taken in turn; rows written at a time; seconds that a dead process's mail is waited for.
MAILS, BATCH, LONGEST = 40, 5_000, 60.0
GOALS: dict[str, Mapping[str, float]] = {
    "recovery_beyond_lease_of_10_seconds": {"max": 1.0},
    "rows_claimed_twice": {"max": 0.0},
    "duplicates_received": {"max": 0.0},
}
_D = schema.delivery.c


@dataclass(frozen=True, slots=True)
class Sizes:
    """Deliveries in all turns that count; of a turn with a kill; rows of the large databases; rounds."""

    deliveries: int = 200_000
    killed: int = 6_000
    rows: int = 1_000_000
    rounds: int = ROUNDS

    @property
    def turn(self) -> int:
        """Deliveries of one turn."""
        return self.deliveries // (self.rounds * len(PROCESSES))


QUICK = Sizes(deliveries=2_400, killed=6_000, rows=2_000, rounds=QUICK_ROUNDS)


@dataclass(slots=True)
class Post:
    """The outbox of all turns: each turn is a bulletin to the same readers."""

    address: str
    mails: Sequence[Wanted]
    readers: int = 0
    bulletins: int = 0
    rates: dict[int, list[float]] = field(default_factory=dict)
    written: list[float] = field(default_factory=list)

    async def fill(self, count: int) -> None:
        """Write a delivery for each of so many readers, by the service's own stores."""
        self.bulletins += 1
        now = datetime.now(UTC)
        with closing(Database(self.address)) as database:
            outbox, mails = OutboxStore(database, KEYRING, DOMAIN), itertools.cycle(self.mails)
            for begin in range(0, count, BATCH):
                numbers = range(begin, min(begin + BATCH, count))
                own = [
                    Addressed(replace(mail.reader, id=f"s{number:015}"), mail.composition, mail.slots)
                    for number, mail in zip(numbers, mails, strict=False)
                ]
                fresh = [one.subscriber for number, one in zip(numbers, own, strict=True) if number >= self.readers]
                if fresh:
                    await database.write(newly(fresh, KEYRING))
                await outbox.enqueue(Mailing(f"digest {self.bulletins}", BulletinKind.DIGEST, now, tuple(own)))
        self.readers = max(self.readers, count)


def run(*, quick: bool) -> Report:
    """Rates, then recovery, then large databases."""
    sizes, report = QUICK if quick else Sizes(), Report("scale", goals=dict(GOALS))
    if why := missing("postgresql"):
        sys.stderr.write(f"{why}\n")
        report.not_measured += [*GOALS, *scale_sizes.FIGURES]
        return report
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        alone(draw, folder, MAILS)
        mails = drawn(folder)
        with databases("postgresql", folder) as fresh:
            with _sink() as sink:
                post = Post(fresh(), mails)
                _rates(report, post, sink, sizes)
                sink.at_rates = sink.count()
                _recovery(report, post, sink, sizes)
                _twice(report, post, sink)
            scale_sizes.measure(report, fresh(), sizes.rows, sizes.rounds)
        with databases("sqlite", folder) as fresh:
            scale_sizes.measure(report, fresh(), sizes.rows, sizes.rounds)
    if quick:
        report.not_measured += scale_sizes.FIGURES
    return report


def _rates(report: Report, post: Post, sink: "Sink", sizes: Sizes) -> None:
    """All in turn; a first round, in which everything is cold, is not counted."""
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(post.address, sink.port, 60)) for _ in range(max(PROCESSES))]
        for number in range(sizes.rounds + 1):
            for count in PROCESSES:
                began = time.perf_counter()
                asyncio.run(post.fill(sizes.turn))
                written = sizes.turn / (time.perf_counter() - began)
                rate = _turn(workers[:count], sizes.turn)
                if number:
                    post.rates.setdefault(count, []).append(rate)
                    post.written.append(written)
    report.figures["deliveries_written_per_second"] = median(post.written)
    for count in PROCESSES:
        report.figures[f"deliver_{count}_processes_messages_per_second"] = median(post.rates[count])
    for count in PROCESSES[1:]:
        pairs = zip(post.rates[count], post.rates[1], strict=True)
        report.ratios[f"{count}_processes_over_1"] = median(some / one for some, one in pairs)


def _turn(workers: "Sequence[Worker]", count: int) -> float:
    """Messages a second, until the last of them has nothing to do."""
    began = time.perf_counter()
    for worker in workers:
        worker.go()
    done = sum(worker.answer() for worker in workers)
    if done != count:
        raise RuntimeError(f"{done} of {count} deliveries were booked")
    return count / (time.perf_counter() - began)


def _recovery(report: Report, post: Post, sink: "Sink", sizes: Sizes) -> None:
    """One of two is killed amid its work: how long until all that it had claimed is sent."""
    took: list[float] = []
    for _ in range(3 * sizes.rounds):
        if len(took) == sizes.rounds:
            break
        asyncio.run(post.fill(sizes.killed))
        if (seconds := _recovered(post.address, sink, sizes.killed)) is not None:
            took.append(seconds)
    if not took:
        report.not_measured.append("recovery_beyond_lease_of_10_seconds")
        return
    report.figures["recovery_seconds"] = median(took)
    report.figures["recovery_longest_seconds"] = max(took)
    report.figures["lease_seconds"] = LEASE
    report.ratios["recovery_beyond_lease_of_10_seconds"] = max(0.0, max(took) - LEASE) / LATER


def _recovered(address: str, sink: "Sink", count: int) -> float | None:
    """Seconds from the death of the one that had claimed most; None where it had just done all of its own."""
    before = sink.count()[0]
    with ExitStack() as stack:
        workers = [stack.enter_context(_worker(address, sink.port, LEASE, "watching")) for _ in range(2)]
        while sink.count()[0] < before + count // 10:
            time.sleep(0.005)
        busiest = max(workers, key=lambda w: _claimed(address, w))
        busiest.process.kill()
        killed, left = time.perf_counter(), _claimed(address, busiest)
        while _claimed(address, busiest) or _undone(address):
            if time.perf_counter() - killed > LONGEST:
                raise RuntimeError(f"after {LONGEST} seconds not everything was sent")
            time.sleep(0.05)
        return time.perf_counter() - killed if left else None


def _claimed(address: str, worker: "Worker") -> int:
    """What it has claimed and not booked."""
    return _counted(address, schema.leased, _D.lease_owner == f"scale/{worker.process.pid}")


def _twice(report: Report, post: Post, sink: "Sink") -> None:
    """Rows that were attempted again, and messages that came again, but for what killed processes had on the line."""
    engine = create_engine(post.address.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    turns = len(PROCESSES) * (len(post.rates[1]) + 1)
    with engine.connect() as connection:
        again = connection.scalar(select(func.count()).where(_D.attempts > 1, _D.bulletin <= turns)) or 0
    messages, duplicates = sink.at_rates
    report.figures["messages_received"] = messages
    report.ratios["rows_claimed_twice"] = again
    report.ratios["duplicates_received"] = duplicates
    report.figures["copies_after_kills"] = sink.count()[1] - duplicates


def _undone(address: str) -> int:
    return _counted(address, schema.undone)


def _counted(address: str, *those: "ColumnElement[bool] | TextClause") -> int:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with engine.connect() as connection:
        return int(connection.scalar(select(func.count()).select_from(schema.delivery).where(*those)) or 0)


@dataclass(frozen=True, slots=True)
class Worker:
    """A delivering process."""

    process: "subprocess.Popen[str]"

    def go(self) -> None:
        """Let it deliver what there is."""
        _write(self.process, "go")

    def answer(self) -> int:
        """How many it delivered, once there was no more."""
        return int(json.loads(_line(self.process)).get("messages", 0))


@dataclass(slots=True)
class Sink:
    """The mail server; `at_rates` is what it had counted before processes were killed."""

    process: "subprocess.Popen[str]"
    port: int
    at_rates: tuple[int, int] = (0, 0)

    def count(self) -> tuple[int, int]:
        """Messages that came, and how many of them for a second time."""
        _write(self.process, "count")
        messages, again = _line(self.process).split()
        return int(messages), int(again)


@contextmanager
def _worker(address: str, port: int, lease: float, *options: str) -> Iterator[Worker]:
    command = [sys.executable, "-m", "bench.scale_worker", address, str(port), str(lease), *options]
    with _process(command) as process:
        _line(process)
        yield Worker(process)


@contextmanager
def _sink() -> Iterator[Sink]:
    with _process([sys.executable, "-m", "bench.scale_sink"]) as process:
        yield Sink(process, int(_line(process)))


@contextmanager
def _process(command: Sequence[str]) -> "Iterator[subprocess.Popen[str]]":
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def _write(process: "subprocess.Popen[str]", line: str) -> None:
    if process.stdin is not None:
        process.stdin.write(f"{line}\n")
        process.stdin.flush()


def _line(process: "subprocess.Popen[str]") -> str:
    line = process.stdout.readline() if process.stdout else ""
    if not line:
        raise RuntimeError("a process of the benchmark ended")
    return line
