"""Hand over what is in the outbox, and record what became of it.

The law of crashes: an accepted message whose row is not yet written is sent again after the lease. Therefore at most
`connections + GROUP - 1` messages are ever between hand-over and record, however many are claimed.
"""

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.bulletin import Claimed, Deferred, Delivery, Handover, Refused, Sent
from nkwatch.domain.lease import Lease
from nkwatch.workflow.ports import Assembler, Clock, Notice, Outbox, Relay

#: Claimed at a time.
CLAIM = 500
#: Outcomes written at a time, or what has come together after `PATIENCE` seconds.
GROUP = 10
PATIENCE = 0.05
#: While the relay cannot be reached it is tried again after this, then twice as long each time.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What one round of delivering did."""

    sent: int = 0
    deferred: int = 0
    refused: int = 0


@dataclass(slots=True)
class Line:
    """Whether the relay can be reached, as this process knows it: asked less and less often while it cannot."""

    failures: int = 0
    retry_at: datetime | None = None

    def is_up(self, now: datetime) -> bool:
        """Whether it is worth trying at `now`."""
        return self.retry_at is None or now >= self.retry_at

    def broke(self, now: datetime) -> bool:
        """Note a failure; true when it is the first."""
        self.failures += 1
        self.retry_at = now + min(FIRST_PAUSE * 2 ** min(self.failures - 1, 10), LONGEST_PAUSE)
        return self.failures == 1

    def held(self) -> bool:
        """Note a success; true when it follows a failure."""
        was_down, self.failures, self.retry_at = self.failures > 0, 0, None
        return was_down


@dataclass(frozen=True, slots=True)
class Deliver:
    """Rounds of claiming and handing over, until nothing is due, the relay is gone, or `stop` is set."""

    outbox: Outbox
    assembler: Assembler
    relay: Relay
    clock: Clock
    notice: Notice
    owner: str
    lease: timedelta = timedelta(minutes=5)
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    line: Line = field(default_factory=Line)

    async def __call__(self) -> Delivered:
        """Deliver what is due."""
        counts = {Sent: 0, Deferred: 0, Refused: 0}
        while not self.stop.is_set() and self.line.is_up(self.clock()):
            now = self.clock()
            claimed = await self.outbox.claim(now, CLAIM, Lease(self.owner, now + self.lease))
            if not claimed:
                break
            run = _Run(self, deque(claimed), now + self.lease * 2 / 3)
            outcomes = await run()
            for outcome in outcomes:
                counts[type(outcome)] += 1
            self._note(run.line_down)
        return Delivered(counts[Sent], counts[Deferred], counts[Refused])

    def _note(self, line_down: str | None) -> None:
        """Tell the operator once when the relay goes, and once when it is back."""
        if line_down is not None:
            if self.line.broke(self.clock()):
                self.notice("mail relay unreachable", why=line_down, what="deliveries wait and are tried again")
        elif self.line.held():
            self.notice("mail relay works again")


class _Run:
    """One claimed batch on its way: senders take from the queue, one recorder writes groups of outcomes."""

    def __init__(self, deliver: Deliver, queue: deque[Claimed], until: datetime) -> None:
        self._deliver = deliver
        self._queue = queue
        # what is not on its way by then is given back before its lease ends
        self._until = until
        self._done: asyncio.Queue[tuple[Delivery, Handover] | None] = asyncio.Queue()
        self._unrecorded = asyncio.Semaphore(deliver.relay.connections + GROUP - 1)
        self._outcomes: list[Handover] = []
        self.line_down: str | None = None
        self._unwritable = False

    async def __call__(self) -> list[Handover]:
        recorder = asyncio.create_task(self._record())
        senders = [self._send() for _ in range(min(self._deliver.relay.connections, len(self._queue)))]
        # a sender that breaks must not tear down the others in mid-message
        ended = await asyncio.gather(*senders, return_exceptions=True)
        await self._done.put(None)
        await recorder
        if self._queue:
            await self._deliver.outbox.release([c.delivery for c in self._queue])
        for error in ended:
            if error is not None:
                raise error
        return self._outcomes

    def _go_on(self) -> bool:
        stopped = self._deliver.stop.is_set() or self._unwritable or self.line_down is not None
        return bool(self._queue) and not stopped and self._deliver.clock() < self._until

    async def _send(self) -> None:
        while self._go_on():
            await self._unrecorded.acquire()
            if not self._go_on():  # things changed while this one waited
                self._unrecorded.release()
                return
            claimed = self._queue.popleft()
            message = self._deliver.assembler.assemble(claimed)
            if not await self._deliver.outbox.holds(claimed.delivery.id):  # the reader left since it was claimed
                self._unrecorded.release()
                continue
            outcome = await self._deliver.relay.hand_over(message)
            if isinstance(outcome, Deferred) and outcome.line:
                self.line_down = outcome.reply
            await self._done.put((claimed.delivery, outcome))

    async def _record(self) -> None:
        """Write outcomes in groups until the end mark; each written one lets another message go."""
        more = True
        while more:
            group, more = await self._group()
            try:
                await self._deliver.outbox.record(group, self._deliver.clock())
            except BaseException:
                # nothing more may be handed over: wake those who wait for a permit, so that they see it
                self._unwritable = True
                for _ in range(self._deliver.relay.connections):
                    self._unrecorded.release()
                raise
            self._outcomes += [outcome for _, outcome in group]
            for _ in group:
                self._unrecorded.release()

    async def _group(self) -> tuple[Sequence[tuple[Delivery, Handover]], bool]:
        """Up to `GROUP` outcomes, or fewer when `PATIENCE` has passed since the first; false with the end mark."""
        group: list[tuple[Delivery, Handover]] = []
        first = await self._done.get()
        if first is None:
            return group, False
        group.append(first)
        try:
            async with asyncio.timeout(PATIENCE):
                while len(group) < GROUP:
                    done = await self._done.get()
                    if done is None:
                        return group, False
                    group.append(done)
        except TimeoutError:
            pass
        return group, True
