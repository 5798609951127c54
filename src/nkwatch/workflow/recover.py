"""Look in the database for work that should go on and does not: what was claimed by somebody who is gone."""

from dataclasses import dataclass

from nkwatch.workflow.ports import Clock, Notice, Outbox


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was put right."""

    deliveries: int = 0


@dataclass(frozen=True, slots=True)
class Recover:
    """Free expired leases. Unread statements and closed windows need nothing: the rows themselves are the queue."""

    outbox: Outbox
    clock: Clock
    notice: Notice

    async def __call__(self) -> Recovered:
        """Free everything whose lease ended."""
        freed = await self.outbox.recover(self.clock())
        if freed:
            what = "what may have left is sent again first, with the same Message-ID; then the others"
            self.notice("leases expired", deliveries=freed, what=what)
        return Recovered(freed)
