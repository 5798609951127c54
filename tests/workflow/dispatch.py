"""A dispatch office in memory: an outbox with mails to readers, a relay, and both lanes of delivering."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import Claimed, Delivery, Lane
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent
from nkwatch.workflow.deliver import Deliver
from nkwatch.workflow.permits import Permits
from nkwatch.workflow.recover import Recover
from tests.making import NOW, composition, sign_up
from tests.workflow.fakes import CountingOutbox, FakeClock, FakeRelay, Notices, PlainAssembler, PlainSigner, Transit
from tests.workflow.memory import Memory, MemorySubscribers

LEASE = timedelta(minutes=1)


class Office:
    """`deliver` is the urgent lane, `bulk` the other one, over the same relay and line."""

    def __init__(self, connections: int = 4, depth: int = 2, **how: Any) -> None:
        self.memory, self.transit = Memory(), Transit()
        self.clock, self.notices, self.assembler = FakeClock(), Notices(), PlainAssembler()
        self.signer = PlainSigner()
        self.outbox = CountingOutbox(self.memory, self.transit)
        self.relay = FakeRelay(self.transit, connections, depth)
        self.permits = Permits(connections)
        self.deliver = self.lane(Lane.URGENT, permits=self.permits, **how)
        self.bulk = self.lane(Lane.BULK, aside=lambda: self.deliver.busy, line=self.deliver.line, permits=self.permits)
        self.recover = Recover(self.outbox, self.clock, self.notices)

    def lane(self, lane: Lane, owner: str = "test", **how: Any) -> Deliver:
        """A worker of this lane."""
        parts = (self.outbox, self.assembler, self.signer, self.relay, self.clock, self.notices)
        return Deliver(*parts, owner, lane, LEASE, **how)

    async def fill(self, count: int, key: str = "alert s1", kind: BulletinKind = BulletinKind.ALERT) -> list[str]:
        """Put a bulletin to each of so many readers into the outbox; answers the readers' ids."""
        roll = MemorySubscribers(self.memory)
        joined = [await roll.join(sign_up(f"r{n}@example.org"), Consent("test", NOW), NOW) for n in range(count)]
        content = composition(key, kind)
        addressed = tuple(Addressed(j.subscriber, content) for j in joined)
        await self.outbox.enqueue(Mailing(key, kind, NOW, addressed))
        return [j.subscriber.id for j in joined]

    async def digests(self, count: int) -> list[str]:
        """Put a digest to each of so many readers into the outbox."""
        return await self.fill(count, "digest 1", BulletinKind.DIGEST)

    async def die_with(self, count: int, offered: int, owner: str = "dead") -> list[Claimed]:
        """A worker claims so many, marks the first of them, and is gone; its lease ends."""
        claimed = await self.outbox.claim(self.clock.now, count, Lease(owner, self.clock.now + LEASE), Lane.URGENT)
        await self.outbox.book((), claimed[:offered], self.clock.now, owner)
        self.clock.now += LEASE
        return claimed

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        return await self.outbox.counts()

    @property
    def rows(self) -> list[Delivery]:
        """All deliveries."""
        return [r.delivery for r in self.memory.deliveries]


def number(recipient: str) -> int:
    """Which reader it is."""
    return int(recipient.removesuffix("@example.org").removeprefix("r"))


def addresses(numbers: Sequence[int]) -> list[str]:
    """The addresses of these readers."""
    return [f"r{n}@example.org" for n in numbers]


async def settled(until: Callable[[], bool] = lambda: False, steps: int = 3_000) -> None:
    """Let everything go on that can, or until this is so."""
    for _ in range(steps):
        if until():
            return
        await asyncio.sleep(0)
