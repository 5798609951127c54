"""One daemon at work for forty minutes: does it stay as small as it was?

Sources show new statements, readers are due all the time, a mail server takes all; memory, file descriptors and the
size of the database are looked at every ten seconds. Exit 1 when something grows that should not, or is missing.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import mean, median
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, func, select, update

from campaigns import readers
from campaigns.comparing import Event, compare, events, ledger
from campaigns.databases import databases
from campaigns.installing import Installation, Process
from campaigns.judging import judged, kept
from campaigns.machine import machine
from campaigns.newsstand import Newsstand, texts
from campaigns.sampling import Sample, per_hour, sample
from campaigns.serving import Server, serving
from campaigns.zones import closings
from nkwatch.store import schema

#: Seconds between two samples, two closing instants, two rounds over all sources, two statements that appear: nearly
#: three thousand a day. Windows hold a day, so while it lasts they hold ever more: with more news that would show.
EVERY, STEP, ROUND, NEWS = 10, 10, 60, 30
#: Seconds before the first window closes, and of quiet at the end, in which all must have settled.
FIRST, LAST = 30, 90
#: The share of the samples that warm the process up and are not judged: what it keeps of mails takes long to fill.
WARM = 1 / 2
#: What memory may grow by in an hour (octets) beyond what the measuring may be wrong by; file descriptors at most.
MEMORY, DESCRIPTORS = 10e6, 8
#: Fewer samples than this say nothing of an hour.
ENOUGH = 30
#: Octets that a row takes in SQLite with its indexes, where its length does not depend on what is in it.
DELIVERY, STATEMENT, COMPOSITION, READING = 480, 2_000, 600, 2_000
#: As the installation has them; of what is wrong so much is told.
CONNECTIONS, MOST_TOLD = 5, 20
#: By what share the prediction may be wrong.
WRONG = 0.3


@dataclass(slots=True)
class Soaking:
    """What was seen."""

    #: the database before the first sample
    octets: int = 0
    samples: list[Sample] = field(default_factory=list)
    rows: dict[str, int] = field(default_factory=dict)
    first_rows: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    told: Counter[str] = field(default_factory=Counter)
    loads: list[float] = field(default_factory=list)


def main(arguments: list[str]) -> int:
    """Run the campaign that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m campaigns soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=40)
    parser.add_argument("--sources", type=int, default=200)
    parser.add_argument("--subscribers", type=int, default=50_000)
    parser.add_argument(
        "--quick", action="store_true", help="two minutes, 20 sources, 500 subscribers; growth of memory is not judged"
    )
    parser.add_argument("--json", action="store_true", help="one JSON object on one line")
    wanted = parser.parse_args(arguments)
    if wanted.quick:
        wanted.minutes, wanted.sources, wanted.subscribers = 2, 20, 500
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    before = machine()
    with tempfile.TemporaryDirectory() as place, databases("sqlite", Path(place)) as fresh:
        folder, address = Path(place), fresh()
        with serving(folder / "mails") as server:
            done = asyncio.run(_soak(folder, address, server, wanted))
    record = {"campaign": "soak", **_asked(wanted), "machine": before} | _record(done)
    sys.stdout.write(json.dumps(record) + "\n" if wanted.json else _table(record))
    return 1 if done.wrong else 0


def _asked(wanted: argparse.Namespace) -> dict[str, Any]:
    return {"minutes": wanted.minutes, "sources": wanted.sources, "subscribers": wanted.subscribers}


async def _soak(folder: Path, address: str, server: Server, wanted: argparse.Namespace) -> Soaking:
    engine = create_engine(address, poolclass=NullPool, connect_args={"timeout": 30})
    database, done = Path(address.removeprefix("sqlite:///")), Soaking()
    seconds = wanted.minutes * 60
    async with Newsstand(wanted.sources, max(1, wanted.sources // 5), texts(300)) as stand:
        # as deploy/ has it
        place = Installation(folder / "place", {"MALLOC_ARENA_MAX": "2"})
        ids = [stand.id(n) for n in range(wanted.sources)]
        place.write(address, server.port, allow=stand.allowed(), trusted=ids[:1], more=stand.settings())
        span = timedelta(seconds=seconds - FIRST - LAST)
        instants = closings(datetime.now(UTC) + timedelta(seconds=FIRST), span, timedelta(seconds=STEP))
        everybody = readers.readers(wanted.subscribers, instants)
        await asyncio.to_thread(readers.write, engine, place.keyring(), everybody, place.folder)
        for _ in range(wanted.sources):
            stand.show()
        done.first_rows = _rows(engine)
        done.octets = _whole(engine, database)
        daemon = place.start("run")
        try:
            await _watch(daemon, stand, engine, database, done, seconds)
        finally:
            code = daemon.end()
        done.rows = _rows(engine)
        done.samples.append(sample(-1, seconds, database))
        _judge(done, stand, daemon, code)
        done.wrong += _missing(engine, address, stand, everybody, events(server.log))
    engine.dispose()
    return done


async def _watch(
    daemon: Process, stand: Newsstand, engine: Engine, database: Path, done: Soaking, seconds: float
) -> None:
    """Show news, let sources be due, and look, until the time is over."""
    began, looks = time.monotonic(), 0
    while (now := time.monotonic() - began) < seconds and daemon.alive:
        if now < seconds - LAST and looks % (NEWS // EVERY) == 0:
            stand.show()
        if looks % (ROUND // EVERY) == ROUND // EVERY - 1:
            await asyncio.to_thread(_all_due, engine)
        await asyncio.sleep(max(0, EVERY * (looks + 1) - (time.monotonic() - began)))
        looks += 1
        done.samples.append(one := sample(daemon.process.pid, time.monotonic() - began, database))
        done.loads.append(os.getloadavg()[0])
        _progress(one)
    if not daemon.alive:
        raise RuntimeError(f"the daemon ended by itself: {daemon.text()[-2_000:]}")


def _all_due(engine: Engine) -> None:
    """Let every source be due now: by their own rhythm they are asked once an hour."""
    with engine.begin() as connection:
        later = schema.source_state.c.due_at > datetime.now(UTC)
        connection.execute(update(schema.source_state).where(later).values(due_at=datetime.now(UTC)))


def _whole(engine: Engine, database: Path) -> int:
    """Octets of the file, its log written back."""
    with engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
    return database.stat().st_size


def _rows(engine: Engine) -> dict[str, int]:
    """How many rows, and how many octets in those whose length depends on what is in them."""
    s, b = schema.statement.c, schema.block.c
    counted = {
        t.name: select(func.count()).select_from(t) for t in (schema.statement, schema.delivery, schema.bulletin)
    }
    counted |= {t.name: select(func.count()).select_from(t) for t in (schema.composition, schema.block, schema.reading)}
    counted["statement_octets"] = select(func.sum(func.length(s.text) + func.length(s.title)))
    counted["block_octets"] = select(func.sum(func.length(b.body)))
    counted["snapshot_octets"] = select(func.sum(func.length(schema.snapshot.c.zstd)))
    with engine.connect() as connection:
        return {name: int(connection.scalar(query) or 0) for name, query in counted.items()}


def predicted(before: dict[str, int], after: dict[str, int]) -> int:
    """Octets by which the database should have grown with these rows.

    Mails: a row for each delivery, one for each composition, blocks as they are. Statements: their rows, readings and
    marks, and their text three times (as it is, in the index of the search, in what was captured).
    """
    more = {name: after[name] - before[name] for name in after}
    mails = DELIVERY * more["delivery"] + COMPOSITION * more["composition"] + more["block_octets"]
    texts_too = 2 * more["statement_octets"] + more["snapshot_octets"]
    return mails + STATEMENT * more["statement"] + READING * more["reading"] + texts_too


def _judge(done: Soaking, stand: Newsstand, daemon: Process, code: int) -> None:
    if code:
        done.wrong.append(f"the daemon ended with exit code {code}")
    done.told = Counter(str(e.get("event")) for e in daemon.events() if e.get("level") == "warning")
    if "Traceback" in daemon.text():
        done.wrong.append("there is a traceback in the log")
    done.wrong += stand.too_soon(1)
    done.wrong += _grown(done)


def _missing(
    engine: Engine, address: str, stand: Newsstand, everybody: Sequence[readers.Reader], mails: Sequence[Event]
) -> list[str]:
    """What readers should have and do not, or have and should not, by what was shown; the first of many."""
    last = {i: row for i, row in ledger(address).items() if row.recipient.startswith("r")}
    book = [e for e in mails if e.recipient.endswith("@readers.example")]
    wrong = compare(last, book, CONNECTIONS).wrong + judged(kept(engine), everybody, stand.by_address(), {})
    return [*wrong[:MOST_TOLD], *([f"and {len(wrong) - MOST_TOLD} more"] if len(wrong) > MOST_TOLD else [])]


def _grown(done: Soaking) -> list[str]:
    told, warm = [], _warm(done.samples)
    memory, may_be_wrong = per_hour([(s.at, s.resident) for s in warm])
    if len(warm) >= ENOUGH and memory - may_be_wrong > MEMORY:
        told.append(f"memory grows by {memory / 1e6:.1f} MB an hour")
    half = len(warm) // 2
    more = max(s.descriptors for s in warm[half:]) - max(s.descriptors for s in warm[:half])
    if more > DESCRIPTORS:
        told.append(f"{more} more file descriptors are open in the second half")
    should, did = predicted(done.first_rows, done.rows), _growth(done)
    if abs(did - should) > WRONG * should:
        told.append(f"the database grew by {did / 1e6:.1f} MB; {should / 1e6:.1f} MB were predicted from its rows")
    return told


def _warm(samples: Sequence[Sample]) -> list[Sample]:
    living = [s for s in samples if s.processes]
    return living[int(len(living) * WARM) :]


def _growth(done: Soaking) -> int:
    """From before the daemon began until it had ended. The log is then written back."""
    return done.samples[-1].database + done.samples[-1].wal - done.octets


def _record(done: Soaking) -> dict[str, Any]:
    warm = _warm(done.samples)
    memory, may_be_wrong = per_hour([(s.at, s.resident) for s in warm])
    return {
        "memory_median_megabytes": round(median(s.resident for s in warm) / 1e6, 1),
        "memory_most_megabytes": round(max(s.resident for s in done.samples) / 1e6, 1),
        "memory_growth_megabytes_per_hour": round(memory / 1e6, 2),
        "memory_growth_may_be_wrong_by": round(may_be_wrong / 1e6, 2),
        "descriptors_first_and_last": [warm[0].descriptors, warm[-1].descriptors],
        "descriptors_most": max(s.descriptors for s in warm),
        "threads_first_and_last": [warm[0].threads, warm[-1].threads],
        "threads_most": max(s.threads for s in warm),
        "processes": sorted({s.processes for s in warm}),
        "database_grew_by_megabytes": round(_growth(done) / 1e6, 2),
        "database_predicted_megabytes": round(predicted(done.first_rows, done.rows) / 1e6, 2),
        "wal_most_megabytes": round(max(s.wal for s in done.samples) / 1e6, 1),
        "rows": done.rows,
        "load_mean": round(mean(done.loads), 2) if done.loads else 0,
        "notices": dict(done.told.most_common()),
        "wrong": done.wrong,
        "samples": [list(asdict(s).values()) for s in done.samples],
    }


def _progress(one: Sample) -> None:
    sys.stderr.write(
        f"{one.at:5.0f} s  {one.resident / 1e6:6.1f} MB  {one.processes} processes, {one.threads} threads, "
        f"{one.descriptors} descriptors, database {one.database / 1e6:.1f} + {one.wal / 1e6:.1f} MB\n"
    )
    sys.stderr.flush()


def _table(record: dict[str, Any]) -> str:
    lines = [f"{name:36} {value}" for name, value in record.items() if name not in {"samples", "wrong"}]
    return "\n".join([*lines, *(f"WRONG {one}" for one in record["wrong"])]) + "\n"
