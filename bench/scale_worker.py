"""One delivering process of `bench.scale`: ``python -m bench.scale_worker ADDRESS PORT LEASE [watching]``.

It says a line when it is ready, and for each line that it reads delivers until nothing is left to claim, and says how
many it did in how many seconds. With `watching` it delivers and frees ended leases as often as the daemon does, until
it is killed.
"""

import asyncio
import json
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import uvloop

from bench.delivering_parts import CONNECTIONS, DOMAIN, KEYRING, assembler
from nkwatch.daemon.ticks import TICKS
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane
from nkwatch.mail.signing import Unsigned
from nkwatch.mail.smtp import SmtpRelay
from nkwatch.store.database import Database
from nkwatch.store.outbox import OutboxStore
from nkwatch.workflow.deliver import Deliver
from nkwatch.workflow.recover import Recover


class Counted(OutboxStore):
    """Counts the outcomes that it books."""

    def __init__(self, database: Database) -> None:
        super().__init__(database, KEYRING, DOMAIN)
        self.booked = 0

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        """As the store does."""
        self.booked += len(answered)
        return await super().book(answered, wanted, now, owner)


class Worker:
    """The service's own delivering, in the bulk lane."""

    def __init__(self, address: str, port: int, lease: float) -> None:
        self._outbox = Counted(Database(address))
        relay = SmtpRelay(host="127.0.0.1", port=port, security="none", connections=CONNECTIONS)
        parts = (self._outbox, assembler(), Unsigned(), relay, _now, _silent, f"scale/{os.getpid()}")
        self._deliver = Deliver(*parts, lane=Lane.BULK, lease=timedelta(seconds=lease))
        self._recover = Recover(self._outbox, _now, _silent)

    async def turn(self) -> dict[str, float]:
        """Deliver until nothing is left to claim."""
        before, began = self._outbox.booked, time.perf_counter()
        await self._deliver()
        return {"messages": self._outbox.booked - before, "seconds": time.perf_counter() - began}

    async def watch(self) -> None:
        """Look for work for ever, as often as the daemon does."""
        await asyncio.gather(self._again(self._deliver, "deliver.bulk"), self._again(self._recover, "recover"))

    async def _again(self, work: Deliver | Recover, tick: str) -> None:
        while True:
            await work()
            await asyncio.sleep(TICKS[tick])


def main() -> None:
    """Do what the command line says."""
    address, port, lease, *options = sys.argv[1:]
    worker = Worker(address, int(port), float(lease))
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        _say({})
        if "watching" in options:
            runner.run(worker.watch())
        for _ in sys.stdin:
            _say(runner.run(worker.turn()))


def _now() -> datetime:
    return datetime.now(UTC)


def _silent(_event: str, **_facts: object) -> None: ...


def _say(answer: dict[str, float]) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
