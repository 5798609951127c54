"""The worker of the campaigns: the service's own delivering, in a process that is made by forking, and may be killed.

Its clock is a port as everywhere: it is set ahead instead of waiting for leases and retries.
"""

import asyncio
import os
import random
import signal
import traceback
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from campaigns.points import Fate, MortalDatabase, MortalOutbox, MortalRelay
from nkwatch.domain.delivery import Lane
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.signing import Unsigned
from nkwatch.mail.smtp import SmtpRelay
from nkwatch.workflow.deliver import Deliver, Delivered
from nkwatch.workflow.permits import Permits
from nkwatch.workflow.ports import Signer
from nkwatch.workflow.recover import Recover

KEYRING = Keyring({1: bytes(32)}, 1)
DOMAIN = "watch.example"
#: What the clock is set ahead by when nothing is due.
STEP = timedelta(minutes=5)
#: What is noted when a round of delivering failed, and at each jump.
FAILED = "a round failed"
LEAP = "the clock leaps"
#: Seconds between looks for leases that have ended.
LOOK = 0.05
JUMPS = (timedelta(days=-1), timedelta(), timedelta(days=1))


@dataclass(slots=True)
class Clock:
    """The present instant, and so much more."""

    ahead: timedelta = timedelta()

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass(frozen=True, slots=True)
class Task:
    """What a worker is to do.

    A `patient` one waits for what is due, others set their clock ahead. With `jumps` the clock leaps by a day, to
    and fro. What goes wrong in a round is written to `log`.
    """

    address: str
    port: int
    log: Path
    connections: int = 10
    ahead: timedelta = timedelta()
    lease: timedelta = timedelta(seconds=60)
    timeout: float = 5.0
    fate: Fate = field(default_factory=Fate)
    patient: bool = False
    jumps: bool = False
    signer: Signer = field(default_factory=Unsigned)


def fork(task: Task) -> int:
    """Start a worker; answers its process id. It ends by itself when nothing is left to send."""
    process = os.fork()
    if process:
        return process
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    code = 1
    try:
        asyncio.run(_work(task))
        code = 0
    except BaseException:  # noqa: BLE001
        _note(task, traceback.format_exc())
    finally:
        os._exit(code)


async def _work(task: Task) -> None:
    clock = Clock(task.ahead)
    database = MortalDatabase(task.address, task.fate)
    outbox = MortalOutbox(database, task.fate, KEYRING, DOMAIN)
    relay = SmtpRelay(
        host="127.0.0.1",
        port=task.port,
        security="none",
        connections=task.connections,
        timeout=task.timeout,
        last_timeout=task.timeout,
    )
    delivering = _delivering(task, outbox, MortalRelay(relay, task.fate), clock)
    beside = [asyncio.create_task(_recovering(task, Recover(outbox, clock, _silent)))]
    beside += [asyncio.create_task(_leap(task, clock))] if task.jumps else []
    undone = True
    while undone:
        try:
            moved = await delivering()
            undone = moved or await _undone(outbox)
        except Exception:  # noqa: BLE001
            # as the daemon's ticks do: it is noted, and the next round begins
            _note(task, f"{FAILED}: {traceback.format_exc()}")
            await asyncio.sleep(0.05)
        else:
            if not moved:
                await asyncio.sleep(0.02)
                clock.ahead += timedelta() if task.patient or task.jumps else STEP
    for one in beside:
        one.cancel()
    await relay.close()
    database.close()


def _delivering(task: Task, outbox: MortalOutbox, relay: MortalRelay, clock: Clock) -> Callable[[], Awaitable[bool]]:
    """One round: both lanes deliver what is due. Answers whether anything moved."""
    assembler = MailAssembler(
        "nkwatch", f"digest@{DOMAIN}", f"digest@{DOMAIN}", f"https://{DOMAIN}", lambda *_: "token"
    )
    parts = (outbox, assembler, task.signer, relay, clock, _silent, f"worker/{os.getpid()}")
    permits = Permits(relay.connections)
    urgent = Deliver(*parts, lane=Lane.URGENT, lease=task.lease, permits=permits)
    bulk = Deliver(
        *parts, lane=Lane.BULK, lease=task.lease, aside=lambda: urgent.busy, line=urgent.line, permits=permits
    )

    async def delivering() -> bool:
        done = await asyncio.gather(urgent(), bulk(), return_exceptions=True)
        for one in done:
            if isinstance(one, BaseException):
                raise one
        return any(one != Delivered() for one in done)

    return delivering


async def _undone(outbox: MortalOutbox) -> bool:
    counts = await outbox.counts()
    return any(state in counts for state in ("pending", "leased", "deferred", "unknown"))


async def _recovering(task: Task, recover: Recover) -> None:
    """Look for leases that have ended, beside delivering, as the daemon does."""
    while True:
        try:
            await recover()
        except Exception:  # noqa: BLE001
            _note(task, traceback.format_exc())
        await asyncio.sleep(LOOK)


async def _leap(task: Task, clock: Clock) -> None:
    """Jump by a day, forward and back, again and again."""
    while True:
        await asyncio.sleep(random.uniform(0.01, 0.1))
        clock.ahead = random.choice(JUMPS)
        _note(task, LEAP)


def _note(task: Task, what: str) -> None:
    with task.log.open("a", encoding="utf-8") as file:
        file.write(f"{what}\n")


def _silent(_event: str, **_facts: object) -> None: ...
