"""Deliveries on their way: connections take messages, what becomes of each is booked, more is claimed in time."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from nkwatch.domain.delivery import Claimed
from nkwatch.workflow.booking import Booking
from nkwatch.workflow.hand import Hand
from nkwatch.workflow.permits import Permits
from nkwatch.workflow.ports import Assembler, Clock, Notice, Outbox, Relay, Signer
from nkwatch.workflow.preparing import Guard, Preparing
from nkwatch.workflow.tally import Tally
from nkwatch.workflow.tenure import Tenure
from nkwatch.workflow.tray import Tray

#: More is claimed when less than this are left.
LOW = 100
#: When nothing was due it is looked again after so many seconds, while anything is on its way: one message that stalls
#: must not hold up an alert.
LOOK = 1.0


@dataclass(frozen=True, slots=True)
class Means:
    """What is delivered with. `told` are the faults of which the operator knows already."""

    outbox: Outbox
    assembler: Assembler
    signer: Signer
    relay: Relay
    clock: Clock
    notice: Notice
    owner: str
    lease: timedelta
    stop: asyncio.Event
    permits: Permits
    told: set[str] = field(default_factory=set)


class Run:
    """Delivers what was claimed at `now` and what `more` claims, until nothing is due or no connection can be kept.

    `more` is told how many are not settled. Nothing new is begun once `stands_aside` says so.
    """

    def __init__(
        self,
        means: Means,
        now: datetime,
        tally: Tally,
        more: Callable[[int], Awaitable[Sequence[Claimed]]],
        stands_aside: Callable[[], bool],
    ) -> None:
        self._means, self._more = means, more
        self._tenure = Tenure(means.outbox.renew, means.clock, means.owner, means.lease, now)
        self._tray = Tray(means.relay.connections, LOW, self._tenure.holds, stands_aside, means.permits)
        guard = self._guard(self._tray.finish)
        self._preparing = Preparing(means.assembler, means.signer, means.notice, means.told, self._tray, guard)
        self._booking = Booking(means.outbox, means.clock, means.owner, self._tray, tally, self._preparing)
        self._carrying: set[asyncio.Future[None]] = set()
        self._errors: list[Exception] = []
        self._worked, self._why = False, ""
        #: why no relay can be reached; "" where one can
        self.down = ""
        #: whether a relay said anything of any message
        self.reached = False

    @property
    def busy(self) -> bool:
        """Whether anything waits to be begun."""
        return self._tray.waiting > 0 and not self._tray.is_over

    async def __call__(self, claimed: Sequence[Claimed]) -> None:
        """Deliver. Raises what the database or the signer raised, after everything has ended in order."""
        ledger = self._guard(self._tray.break_off)
        self._tray.add(claimed)
        booking = asyncio.ensure_future(ledger(self._booking))
        claiming = asyncio.ensure_future(ledger(self._claim))
        keeping = asyncio.ensure_future(ledger(partial(self._tenure.keep, self._tray.in_hand)))
        stopping = asyncio.ensure_future(self._stop())
        try:
            await self._carry_all()
            self._tray.finish()
            # what it has just claimed is given back as well
            await claiming
            self._tray.close()
            await booking
            await _ended(*self._preparing.tasks)
            await self._give_back()
        finally:
            await _ended(booking, claiming, keeping, stopping, *self._carrying, *self._preparing.tasks)
            self._tray.settle()
        if self._errors:
            raise self._errors[0]

    async def _carry_all(self) -> None:
        """Keep connections while there is something to begin; without one that works, no relay can be reached."""
        self._connect()
        while self._carrying:
            done, _ = await asyncio.wait(self._carrying, return_when=asyncio.FIRST_COMPLETED)
            self._carrying -= done
            if self._carrying or not self._tray.waiting or self._tray.is_over or self._errors:
                continue
            if self._worked:
                self._worked = False
                self._connect()
            else:
                self.down = self._why

    def _connect(self) -> None:
        free = 0 if self._tray.is_over else self._means.relay.connections - len(self._carrying)
        for _ in range(min(free, self._tray.waiting)):
            self._carrying.add(asyncio.ensure_future(self._carry()))

    async def _carry(self) -> None:
        """One connection. One that breaks must not tear down the others in mid-message."""
        hand = Hand(self._tray)
        try:
            self._why = await self._means.relay.carry(hand) or self._why
        except Exception as wrong:  # noqa: BLE001  # raised in the end
            self._errors.append(wrong)
        finally:
            self._worked = self._worked or hand.reached
            self.reached = self.reached or hand.reached
            hand.settle()

    async def _claim(self) -> None:
        """Claim before what waits runs out."""
        tray = self._tray
        while not tray.is_over:
            claimed: Sequence[Claimed] = ()
            if tray.is_hungry:
                claimed = await self._more(len(tray.in_hand()))
                tray.hungry.clear()
                tray.add(claimed)
            if claimed:
                self._connect()
            elif not tray.is_over:
                with suppress(TimeoutError):
                    async with asyncio.timeout(LOOK):
                        await tray.hungry.wait()

    async def _stop(self) -> None:
        await self._means.stop.wait()
        self._tray.stop_waiting()

    async def _give_back(self) -> None:
        # what was answered while the database was away is written if it is back: less is sent twice
        await self._guard()(self._booking)
        if untouched := self._tray.untouched():
            await self._guard()(partial(self._means.outbox.release, untouched, self._means.owner))

    def _guard(self, then: Callable[[], None] = lambda: None) -> Guard:
        """Runs work; what it raises is raised in the end, and until then `then` is done about it."""

        async def guarded(work: Callable[[], Awaitable[None]]) -> None:
            try:
                await work()
            except Exception as wrong:  # noqa: BLE001  # raised in the end
                self._errors.append(wrong)
                then()

        return guarded


async def _ended(*tasks: "asyncio.Future[None]") -> None:
    """Cancel what still runs, and wait until it has ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
