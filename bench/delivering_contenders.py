"""Contenders of `bench.deliver`, each in a process of its own.

They answer when they are ready, and in each turn. `ours` delivers an outbox by the service's own parts, and looks at
how much memory that takes; `usual` and `ready` are the peers.
"""

import asyncio
import os
import resource
import shutil
import ssl
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import uvloop

from bench.contending import Answer
from bench.delivering_parts import CONNECTIONS, DOMAIN, KEYRING, SELECTOR, assembler, rows
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.signing import DkimSigner, Unsigned
from nkwatch.mail.smtp import SmtpRelay
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore
from nkwatch.workflow.deliver import Deliver

#: Deliveries between looks at the memory.
STEP = 100_000


class Watched(OutboxStore):
    """Looks at the memory of the process at every so many outcomes."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, KEYRING, DOMAIN)
        self._booked = 0
        self.seen: list[float] = []

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        """As the store does."""
        booked = await super().book(answered, wanted, now, owner)
        before, self._booked = self._booked, self._booked + len(answered)
        if self._booked // STEP > before // STEP:
            self.seen.append(_resident())
        return booked


class Ours:
    """The service's own delivering."""

    def __init__(self, folder: Path, port: int, count: int, options: Sequence[str]) -> None:
        self._folder, self._port, self._count = folder, port, count
        self._signed, self._tls = "signed" in options, "tls" in options
        self._signer = self._make_signer()

    async def turn(self) -> Answer:
        """One outbox, delivered to its end."""
        own = self._folder / f"turn-{os.getpid()}.db"
        shutil.copy(rows(self._folder, self._count), own)
        with closing(Database(f"sqlite:///{own}")) as database:
            told = await self._delivered(Watched(database))
        for left in self._folder.glob(f"{own.name}*"):
            left.unlink()
        return told

    async def _delivered(self, outbox: Watched) -> Answer:
        context = ssl.create_default_context(cafile=self._folder / "sink.pem") if self._tls else None
        relay = SmtpRelay(
            host="127.0.0.1",
            port=self._port,
            security="tls" if self._tls else "none",
            connections=CONNECTIONS,
            context=context,
        )
        deliver = Deliver(outbox, assembler(), self._signer, relay, _now, _silent, "bench", lane=Lane.BULK)
        began, processor = time.perf_counter(), time.process_time()
        await deliver()
        took, worked = time.perf_counter() - began, time.process_time() - processor
        await relay.close()
        counts = await outbox.counts()
        if counts != {"sent": self._count}:
            raise RuntimeError(f"not everything was sent: {counts}")
        seen = {"resident": outbox.seen, "peak_megabytes": _peak()}
        return {"seconds": took, "processor": worked, "messages": self._count} | seen

    def _make_signer(self) -> DkimSigner | Unsigned:
        if not self._signed:
            return Unsigned()
        from cryptography.hazmat.primitives.serialization import load_pem_private_key  # noqa: PLC0415

        private = load_pem_private_key((self._folder / "dkim.pem").read_bytes(), None)
        return DkimSigner([DkimKey(DOMAIN, SELECTOR, private)])  # type: ignore[arg-type]


def turns(kind: str, folder: Path, port: int, count: int, *options: str) -> Iterator[Answer]:
    """Turns of one kind; options are `signed` and `tls`."""
    turn = _turn(kind, folder, port, count, options)
    # all contenders on the loop of the service
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield {}
        while True:
            yield runner.run(turn())  # type: ignore[arg-type]


def _turn(kind: str, folder: Path, port: int, count: int, options: Sequence[str]) -> Callable[[], Awaitable[Answer]]:
    if kind == "ours":
        return Ours(folder, port, count, options).turn
    from bench.delivering_peers import Ready, Usual  # noqa: PLC0415

    peer = (Usual if kind == "usual" else Ready)(folder, port, count)

    async def turn() -> Answer:
        return {"seconds": await peer.turn(), "messages": count}

    return turn


def _resident() -> float:
    """Megabytes that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak() -> float:
    """The most that it ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6


def _now() -> datetime:
    return datetime.now(UTC)


def _silent(_event: str, **_facts: object) -> None: ...
