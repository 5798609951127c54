"""One node of the campaign `faults`: a daemon, its sample site, its readers, its mail server; and how it is judged."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, NullPool, create_engine, func, select, update

from campaigns import readers
from campaigns.comparing import compare, events, ledger
from campaigns.installing import Installation, Process
from campaigns.judging import judged, kept, told_everything
from campaigns.newsstand import Newsstand, texts
from campaigns.serving import Server, serving
from campaigns.zones import closings
from nkwatch.domain.subscriber import Standing
from nkwatch.store import schema

SOURCES, READERS, CONNECTIONS, LEASE = 4, 120, 5, 4
#: Seconds: of windows that close, how long a fault lasts, and in which all must be well again after it.
SPAN, FAULT, AGAIN = 20, 6.0, 90.0
_D, _R, _S = schema.delivery.c, schema.subscriber.c, schema.source_state.c


@dataclass(slots=True)
class Scene:
    """What a scenario has at hand. `before` starts the daemon, `wrong` takes what should not be."""

    folder: Path
    address: str
    place: Installation
    stand: Newsstand
    server: Server
    everybody: Sequence[readers.Reader]
    engine: Engine
    before: Sequence[str] = ()
    daemon: Process | None = None
    daemons: list[Process] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    #: how far the clock of the daemon is ahead of that of this machine
    ahead: timedelta = timedelta(0)

    @property
    def file(self) -> Path:
        """The file of the database."""
        return Path(self.address.removeprefix("sqlite:///"))

    def start(self) -> Process:
        """Start the daemon, all of it."""
        self.daemon = self.place.start("run", before=self.before)
        self.daemons.append(self.daemon)
        return self.daemon

    def stop(self) -> None:
        """Stop it in order."""
        if self.daemon is not None and (code := self.daemon.end()):
            self.wrong.append(f"it ended with exit code {code}: {self.daemon.text()[-300:]}")
        self.daemon = None

    def news(self) -> None:
        """One more statement, at a source that is due now. A database that takes nothing keeps it for later."""
        self.stand.show()
        self.due()

    def due(self) -> None:
        """All sources and mails are due: the clock would come to that."""
        now = datetime.now(UTC)
        with self.engine.begin() as connection:
            connection.execute(update(schema.source_state).where(_S.due_at > now).values(due_at=now))
            later = _D.state.in_(("deferred", "unknown", "pending")) & (_D.due_at > now)
            connection.execute(update(schema.delivery).where(later).values(due_at=now))

    def mailed(self) -> int:
        """Mails that the server took."""
        return sum(e.verdict.startswith("taken") for e in events(self.server.log)) if self.server.log.exists() else 0

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = AGAIN) -> bool:
        """Wait for it; what never comes is wrong."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if await asyncio.to_thread(condition):
                return True
            await asyncio.sleep(0.5)
        self.wrong.append(f"{what}: not within {seconds:.0f} s")
        return False

    async def at_work(self) -> None:
        """Wait until mail leaves."""
        await self.until(lambda: self.mailed() > 2, "mail leaves")

    async def settled(self) -> None:
        """Wait until nothing is left to do."""
        await self.until(self._nothing_left, "all is done that can be")

    def heard(self, *words: str) -> list[str]:
        """The warnings of the daemons in which one of these words stands, each event once, and its last words."""
        told: dict[str, str] = {}
        for daemon in self.daemons:
            for event in daemon.events():
                text = " ".join(str(v) for k, v in event.items() if k not in {"owner", "timestamp", "level"})
                if event.get("level") in {"warning", "error"} and any(w.casefold() in text.casefold() for w in words):
                    told.setdefault(str(event.get("event")), text)
            last = "" if daemon.alive else daemon.text().rstrip().rpartition("\n")[2]
            if not last.startswith("{") and any(w.casefold() in last.casefold() for w in words):
                told.setdefault(last, last)
        return list(told.values())

    async def must_say(self, *words: str) -> None:
        """A sentence with one of these words must come."""
        await self.until(lambda: bool(self.heard(*words)), f"a sentence on {' or '.join(words)}", 30)
        self.said += self.heard(*words)[:3]

    def refuses(self, *words: str, code: int = 2) -> None:
        """Started now it must end by itself, with this exit code and one sentence that has one of these words."""
        daemon = self.place.start("run", before=self.before)
        try:
            ended = daemon.process.wait(30)
        except Exception:  # noqa: BLE001
            daemon.kill()
            self.wrong.append("it started although it could not work")
            return
        text = daemon.text().strip()
        self.said.append(" ".join(text.split())[:300])
        if ended != code or not any(w.casefold() in text.casefold() for w in words):
            self.wrong.append(f"it ended with exit code {ended} and said: {text[-500:]}")
        if "Traceback" in text:
            self.wrong.append("it said so in a traceback")

    def judge(self, incidents: int = 1, *, windows: bool = True) -> None:
        """Look whether anything was lost, came twice, or went to somebody who should have none.

        Without `windows` everybody must have been told everything by now.
        """
        last = {i: r for i, r in ledger(self.address).items() if r.recipient.startswith("r")}
        book = [e for e in events(self.server.log) if e.recipient.endswith("@readers.example")]
        self.wrong += compare(last, book, CONNECTIONS, incidents=incidents).wrong
        there, shown = kept(self.engine), self.stand.by_address()
        if windows:
            self.wrong += judged(there, self.everybody, shown, {}, self.ahead)
        else:
            self.wrong += told_everything(there, self.everybody, shown)
        confirmed = {r.address for r in self.everybody if r.standing is Standing.CONFIRMED}
        strange = {e.recipient for e in book if e.verdict.startswith("taken")} - confirmed
        if strange:
            self.wrong.append(f"{len(strange)} were mailed who had left or never confirmed")
        for daemon in self.daemons:
            text = daemon.text()
            if "Traceback" in text:
                begin = text.index("Traceback")
                self.wrong.append(f"a traceback in the log: {' '.join(text[begin:].split())[-300:]}")

    def _nothing_left(self) -> bool:
        self.due()
        statement, now = schema.statement, datetime.now(UTC) + self.ahead
        counts = (
            select(func.count()).select_from(schema.delivery).where(schema.undone),
            select(func.count()).select_from(statement).where(statement.c.read_revision < statement.c.revision),
            select(func.count()).where(
                _R.standing == "confirmed", _R.closes_at <= max(now, self.everybody[-1].closing)
            ),
        )
        with self.engine.connect() as connection:
            left = [connection.scalar(query) or 0 for query in counts]
            stored = connection.scalar(select(func.count()).select_from(statement)) or 0
        return not any(left) and stored >= len(self.stand.shown)


@asynccontextmanager
async def scene(
    folder: Path,
    address: str,
    *,
    before: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    span: float = SPAN,
    domain: str = "",
    **settings: Any,
) -> AsyncIterator[Scene]:
    """A node whose windows begin to close when it is at work. Everything is stopped in the end.

    The sample site is below `domain`, where one is given: then the scenario must see to it that its names lead there.
    """
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    with ExitStack() as stack:
        server = stack.enter_context(serving(folder / "mails"))
        async with Newsstand(SOURCES, SOURCES, texts(30), domain=domain) as stand:
            place = Installation(folder / "place", environment or {})
            allow, more = stand.allowed(), stand.settings()
            options = {"lease": LEASE, "connections": CONNECTIONS, "pause": 0.1} | settings
            place.write(address, server.port, allow=allow, more=more, **options)
            for _ in range(2 * SOURCES):
                stand.show()
            begin = datetime.now(UTC) + timedelta(seconds=10)
            instants = closings(begin, timedelta(seconds=span), timedelta(seconds=1))
            everybody = readers.readers(READERS, instants)
            readers.write(engine, place.keyring(), everybody, place.folder)
            here = Scene(folder, address, place, stand, server, everybody, engine, before)
            try:
                yield here
            finally:
                if here.daemon is not None:
                    here.daemon.end()
                engine.dispose()
