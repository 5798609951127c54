"""What the workflow needs of the outbox: deliveries, who had what, which alerts wait."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.alert import Due, Pace, Recipient, Told
from nkwatch.domain.bulletin import BulletinKind, Mailing
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane, Late
from nkwatch.domain.lease import Lease


class Outbox(Protocol):
    """The deliveries not yet done."""

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        ...

    async def as_of(self) -> int:
        """How often redactions have changed anything, up to now: to be asked before texts are read for a mailing."""
        ...

    async def enqueue(self, mailing: Mailing) -> int | None:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

        None, and nothing is written, where a redaction has changed what it is made of: it is to be composed again.
        Paces, waiting readers, and when readers were written to, go into the same transaction. Who has a delivery of
        this bulletin, or waits or waited for it, gets no other and keeps the pace.
        """
        ...

    async def paces(self, subscriber_ids: Collection[str]) -> Mapping[str, Pace]:
        """What is known of these readers' alerts; nothing of who never got one."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Due]:
        """Readers with waiting alerts that are to leave by `now`, ordered by id; never who has left or paused."""
        ...

    async def beyond(self, subscriber_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """The alerts that wait for these readers' next digests: by reader, the numbers of the alerts by story."""
        ...

    async def had(self, subscriber_ids: Collection[str], since: datetime) -> Mapping[str, frozenset[str]]:
        """The ids of the stories that these readers were written since then, in any bulletin that was not cancelled.

        A story withdrawn since does not count, nor one whose correction came after: that is told in its own mail.
        """
        ...

    async def told(self, story_id: str) -> Told | None:
        """What the alerts on a story told so far, under the number of the first; None before one was sent."""
        ...

    async def alerts(self, numbers: Collection[int]) -> Mapping[int, str]:
        """The ids of the stories of these alerts."""
        ...

    async def stop(self, story_id: str, now: datetime) -> int:
        """Cancel everything not yet handed over of the alerts on a story, and who waits for them; answers how many."""
        ...

    async def recipients(self, numbers: Collection[int], after: str, limit: int) -> list[Recipient]:
        """Who got these bulletins or may have got them, ordered by id, those behind `after`; each with the last mail.

        Who left is not among them; who paused is.
        """
        ...

    async def bulletins_with(self, story_id: str) -> Sequence[int]:
        """The numbers of the alerts that told of a story, alone or with others, and of updates of it."""
        ...

    async def digests_with(self, story_id: str) -> Sequence[int]:
        """The numbers of the digests that told of a story, where somebody got them or the archive shows them."""
        ...

    async def shows(self, number: int) -> bool:
        """Whether the archive shows the digest with this number to everybody, as an edition."""
        ...

    async def claim(self, now: datetime, limit: int, lease: Lease, lane: Lane) -> list[Claimed]:
        """Claim deliveries of this lane that are due: by priority, then turn; never one that may not be mailed."""
        ...

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        """In one transaction: write what became of `answered`, and mark of `wanted` which may be handed over now.

        A delivery may go while this owner has the lease and its reader has not left; a limit of rate puts it off. What
        is marked may be on the line from then on.
        """
        ...

    async def renew(self, deliveries: Sequence[Delivery], lease: Lease) -> None:
        """Keep these claimed deliveries until the end of this lease, those that its owner still has."""

    async def release(self, deliveries: Sequence[Delivery], owner: str) -> None:
        """Give back claimed deliveries of which not a byte of the content was sent, marked or not."""
        ...

    async def recover(self, now: datetime) -> int:
        """Free what was claimed under leases that ended; answers how many.

        What was never handed over is pending again; what may have been is unknown, and goes first. A lease that ends
        later than any may is over too: the clock was set back.
        """
        ...

    async def accepted(self, since: datetime) -> int:
        """How many deliveries of the bulk lane relays accepted since then, to the hour."""
        ...

    async def late(self, before: datetime) -> Sequence[Late]:
        """Alerts with deliveries that were due before then and are still undone, by number."""
        ...
