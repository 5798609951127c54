"""What the workflow needs of the outbox: deliveries, who had what, which alerts wait."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.alert import Due, Pace, Recipient, Told
from nkwatch.domain.bulletin import BulletinKind, Claimed, Delivery, Handover, Mailing
from nkwatch.domain.lease import Lease


class Outbox(Protocol):
    """The deliveries not yet done."""

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        ...

    async def enqueue(self, mailing: Mailing) -> int:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

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

    async def claim(self, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
        """Claim deliveries that are due, by priority; never one whose subscriber may not be mailed."""
        ...

    async def holds(self, delivery_id: int) -> bool:
        """Whether a claimed delivery is still to be handed over: its reader may have left since."""
        ...

    async def record(self, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
        """Write what became of these deliveries."""

    async def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back claimed deliveries that were never attempted."""

    async def recover(self, now: datetime) -> int:
        """Free what was claimed under leases that ended; answers how many."""
        ...
