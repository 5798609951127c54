"""Hand over what is in the outbox, and record what became of it.

Two of these run beside each other, one for each lane: while something urgent is on its way, bulk stands aside.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.delivery import Claimed, Lane
from nkwatch.domain.doubling import doubled
from nkwatch.domain.lease import Lease
from nkwatch.workflow.halts import Brake, Halt
from nkwatch.workflow.lock import Lock
from nkwatch.workflow.permits import GROUP, Permits
from nkwatch.workflow.ports import Assembler, Clock, Notice, Outbox, Relay, Signer
from nkwatch.workflow.run import Means, Run
from nkwatch.workflow.tally import Delivered, Tally

__all__ = ["CLAIM", "GROUP", "Deliver", "Delivered", "Lanes", "Line"]

#: Claimed at a time.
CLAIM = 500
LEASE = timedelta(seconds=60)
#: While no relay can be reached it is tried again after this, then twice as long each time.
FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=5)


@dataclass(slots=True)
class Line:
    """Whether a relay can be reached, as this process knows it: asked less and less often while it cannot."""

    failures: int = 0
    retry_at: datetime | None = None

    def is_up(self, now: datetime) -> bool:
        """Whether it is worth trying at `now`."""
        return self.retry_at is None or now >= self.retry_at

    def broke(self, now: datetime, *, worked: bool = False) -> bool:
        """Note a failure, after the line `worked` or not; true when it is the first.

        One that both lanes see at once counts once.
        """
        if not self.is_up(now):
            return False
        first = self.failures == 0
        self.failures = 1 if worked else self.failures + 1
        self.retry_at = now + doubled(FIRST_PAUSE, self.failures - 1, LONGEST_PAUSE)
        return first

    def held(self) -> bool:
        """Note a success; true when it follows a failure."""
        was_down, self.failures, self.retry_at = self.failures > 0, 0, None
        return was_down


@dataclass(slots=True)
class Deliver:
    """Rounds of delivering in one lane, until nothing is due, no relay can be reached, or `stop` is set.

    Nothing is claimed while `lock` says why. Bulk stops for each of the `halts`, and while `aside()` is true. Lanes
    beside each other share `line`, `permits` and `lock`.
    """

    outbox: Outbox
    assembler: Assembler
    signer: Signer
    relay: Relay
    clock: Clock
    notice: Notice
    owner: str
    lane: Lane
    lease: timedelta = LEASE
    halts: Sequence[Halt] = ()
    aside: Callable[[], bool] = lambda: False
    progress: Callable[[Delivered], None] = lambda _: None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    line: Line = field(default_factory=Line)
    permits: Permits | None = None
    lock: Lock | None = None
    _run: Run | None = field(default=None, init=False)
    _halted: frozenset[str] = field(default=frozenset(), init=False)
    _told: set[str] = field(default_factory=set, init=False)

    @property
    def busy(self) -> bool:
        """Whether something of this lane waits to be handed over now."""
        return self._run is not None and self._run.busy

    async def __call__(self) -> Delivered:
        """Deliver what is due. Raises what the database raises, after everything has ended in order."""
        tally, now = Tally(self.progress), self.clock()
        if not (claimed := await self._claim(0)):
            return tally.delivered
        self._run = Run(self._means(), now, tally, self._claim, self._stands_aside)
        try:
            await self._run(claimed)
            self._note(self._run)
        finally:
            self._run = None
        return tally.delivered

    async def _claim(self, in_hand: int) -> Sequence[Claimed]:
        if not await self._may_go():
            return ()
        now, limit = self.clock(), min([CLAIM, *(brake.left - in_hand for brake in self._brakes)])
        lease = Lease(self.owner, now + self.lease)
        claimed = await self.outbox.claim(now, limit, lease, self.lane) if limit > 0 else ()
        if claimed and self.lock:
            await self.lock.sending()
        return claimed

    @property
    def _brakes(self) -> Sequence[Brake]:
        return [h for h in self.halts if isinstance(h, Brake)] if self.lane is Lane.BULK else []

    async def _may_go(self) -> bool:
        if self._stands_aside() or not self.line.is_up(self.clock()):
            return False
        if self.lock and await self.lock.locked():
            return False
        whys = frozenset([why for halt in self.halts if self.lane is Lane.BULK and (why := await halt())])
        for why in sorted(whys - self._halted):
            self.notice("bulk mail stands still", why=why, what="alerts and confirmations go on")
        if self._halted and not whys:
            self.notice("bulk mail goes on")
        self._halted = whys
        return not whys

    def _stands_aside(self) -> bool:
        return self.stop.is_set() or self.aside()

    def _means(self) -> Means:
        return Means(
            outbox=self.outbox,
            assembler=self.assembler,
            signer=self.signer,
            relay=self.relay,
            clock=self.clock,
            notice=self.notice,
            owner=self.owner,
            lease=self.lease,
            stop=self.stop,
            permits=self.permits or Permits(self.relay.connections),
            told=self._told,
        )

    def _note(self, run: Run) -> None:
        """Tell the operator once when the relay goes, and once when it is back."""
        if run.down:
            if self.line.broke(self.clock(), worked=run.reached):
                self.notice(
                    "mail relay unreachable",
                    why=run.down,
                    what="deliveries wait; it is tried again every few minutes, or at once by `nkwatch deliver`",
                )
        elif run.reached and self.line.held():
            self.notice("mail relay works again")


@dataclass(frozen=True, slots=True)
class Lanes:
    """Both lanes, as one round after the other. A daemon runs them beside each other."""

    urgent: Deliver
    bulk: Deliver

    async def __call__(self) -> Delivered:
        """Deliver what is due."""
        return await self.urgent() + await self.bulk()
