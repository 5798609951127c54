"""The outbox: deliveries not yet done, who waits for an alert, and who was told what.

One row for each (bulletin, subscriber); it is written in the transaction that closes the window, so that doing it
twice changes nothing.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, func, select

from nkwatch.domain.alert import Due, Pace, Recipient, Told
from nkwatch.domain.bulletin import BulletinKind, Composition, Mailing, Window
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane, Late, Stuck
from nkwatch.domain.lease import Lease
from nkwatch.domain.rates import Limits
from nkwatch.keys import Keyring
from nkwatch.store import booking, claiming, leasing, passes, posting, records, schema, telling, waiting
from nkwatch.store.contents import Contents
from nkwatch.store.database import Database
from nkwatch.store.gates import Gates
from nkwatch.store.published import content
from nkwatch.store.seals import Seals

_D, _B = schema.delivery.c, schema.bulletin.c


@dataclass(frozen=True, slots=True)
class Posted:
    """A delivery to one subscriber, and the bulletin it belongs to. `story_id` is that of an alert."""

    delivery: Delivery
    kind: BulletinKind
    number: int
    window: Window | None
    story_id: str


UNLIMITED = Limits()
_BULLETIN_COLUMNS = (_B.number, _B.kind, _B.window_start, _B.window_end, _B.story_id)


class OutboxStore:
    """`domain` is the right-hand side of the Message-IDs, `limits` how fast mail may leave."""

    def __init__(self, database: Database, keyring: Keyring, domain: str, limits: Limits = UNLIMITED) -> None:
        self._database = database
        self._keyring = keyring
        self._seals = Seals(keyring)
        self._domain = domain
        self._gates = Gates(limits, keyring)
        self._contents = Contents()

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        return await self._database.write(lambda c: posting.number(c, key, kind, date))

    async def as_of(self) -> int:
        """How often redactions have changed anything, up to now: to be asked before texts are read for a mailing."""
        return await self._database.read(passes.count)

    async def enqueue(self, mailing: Mailing) -> int | None:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

        None, and nothing is written, where a redaction has changed what it is made of: it is to be composed again.
        A subscriber whose window was closed by somebody else meanwhile is left out, and one who left or paused; of an
        alert, who has it, waits or waited for it. Mails with alerts that were waited for go to who waits for them all.
        """
        return await self._database.write(posting.Post(self._keyring, self._domain, mailing))

    async def paces(self, subscriber_ids: Collection[str]) -> Mapping[str, Pace]:
        """What is known of these readers' alerts; nothing of who never got one."""
        return await self._database.read(lambda c: waiting.paces(c, subscriber_ids))

    async def due(self, now: datetime, limit: int) -> list[Due]:
        """Readers with waiting alerts that are to leave by `now`, ordered by id; never who has left or paused."""
        return await self._database.read(lambda c: waiting.due(c, self._seals, now, limit))

    async def beyond(self, subscriber_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """The alerts that wait for these readers' next digests: by reader, the numbers of the alerts by story."""
        return await self._database.read(lambda c: waiting.beyond(c, subscriber_ids))

    async def had(self, subscriber_ids: Collection[str], since: datetime) -> Mapping[str, frozenset[str]]:
        """The ids of the stories that these readers were written since then, in any bulletin that was not cancelled.

        A story withdrawn since does not count, nor one whose correction came after: that is told in its own mail.
        """
        return await self._database.read(lambda c: telling.had(c, subscriber_ids, since))

    async def told(self, story_id: str) -> Told | None:
        """What the alerts on a story told so far, under the number of the first; None before one was sent."""
        return await self._database.read(lambda c: telling.told(c, story_id))

    async def alerts(self, numbers: Collection[int]) -> Mapping[int, str]:
        """The ids of the stories of these alerts."""
        return await self._database.read(lambda c: telling.alerts(c, numbers))

    async def stop(self, story_id: str, now: datetime) -> int:
        """Cancel everything not yet handed over of the alerts on a story, and who waits for them; answers how many."""
        return await self._database.write(lambda c: telling.stop(c, story_id, now))

    async def recipients(self, numbers: Collection[int], after: str, limit: int) -> list[Recipient]:
        """Who got these bulletins or may have got them, ordered by id, those behind `after`; each with the last mail.

        Who left is not among them; who paused is.
        """
        return await self._database.read(lambda c: telling.recipients(c, self._seals, numbers, after, limit))

    async def bulletins_with(self, story_id: str) -> Sequence[int]:
        """The numbers of the alerts that told of a story, alone or with others, and of updates of it."""
        return await self._database.read(lambda c: telling.bulletins_with(c, story_id))

    async def digests_with(self, story_id: str) -> Sequence[int]:
        """The numbers of the digests that told of a story, where somebody got them or the archive shows them."""
        return await self._database.read(lambda c: telling.digests_with(c, story_id))

    async def shows(self, number: int) -> bool:
        """Whether the archive shows the digest with this number to everybody, as an edition."""
        edition = select(schema.edition.c.number).where(schema.edition.c.number == number)
        return await self._database.read(lambda c: c.scalar(edition) is not None)

    async def claim(self, now: datetime, limit: int, lease: Lease, lane: Lane) -> list[Claimed]:
        """Claim deliveries of this lane that are due: by priority, then turn; never one that may not be mailed."""
        wanted = (now, limit, lease, lane)
        return await self._database.write(lambda c: claiming.claim(c, self._seals, self._contents, *wanted))

    async def book(
        self, answered: Sequence[tuple[Delivery, Handover]], wanted: Sequence[Claimed], now: datetime, owner: str
    ) -> Booked:
        """In one transaction: write what became of `answered`, and mark of `wanted` which may be handed over now.

        A delivery may go while this owner has the lease and its reader has not left; a limit of rate puts it off. What
        is marked may be on the line from then on.
        """
        return await self._database.write_at_once(booking.Book(self._gates, answered, wanted, now, owner))

    async def renew(self, deliveries: Sequence[Delivery], lease: Lease) -> None:
        """Keep these claimed deliveries until the end of this lease, those that its owner still has."""
        await self._database.write(lambda c: leasing.renew(c, deliveries, lease))

    async def release(self, deliveries: Sequence[Delivery], owner: str) -> None:
        """Give back claimed deliveries of which not a byte of the content was sent, marked or not."""
        await self._database.write(lambda c: leasing.release(c, deliveries, owner))

    async def recover(self, now: datetime) -> int:
        """Free what was claimed under leases that ended; answers how many.

        What was never handed over is pending again; what may have been is unknown, and goes first. A lease that ends
        later than any may is over too: the clock was set back.
        """
        return await self._database.write(lambda c: leasing.recover(c, now))

    async def accepted(self, since: datetime) -> int:
        """How many deliveries of the bulk lane relays accepted since then, to the hour."""
        return await self._database.read(lambda c: booking.accepted(c, since))

    async def late(self, before: datetime) -> Sequence[Late]:
        """Alerts with deliveries that were due before then and are still undone, by number."""
        return await self._database.read(lambda c: claiming.late(c, before))

    async def stuck(self, before: datetime) -> Stuck | None:
        """Bulk that may go, was due before then, and is not done; None where there is none."""
        return await self._database.read(lambda c: claiming.stuck(c, before, Lane.BULK))

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        query = select(_D.state, func.count()).group_by(_D.state)
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(query)})

    async def shared(self, composition_id: str) -> tuple[Composition, int] | None:
        """The content of an alert or digest, and its number; None for anything else."""
        return await content(self._database, composition_id)

    async def deliveries_of(self, subscriber_id: str, limit: int) -> list[Posted]:
        """What was written to a subscriber last, the newest first."""
        query = (
            select(schema.delivery, *_BULLETIN_COLUMNS)
            .join_from(schema.delivery, schema.bulletin)
            .where(_D.subscriber_id == subscriber_id)
            .order_by(_D.id.desc())
            .limit(limit)
        )
        return await self._database.read(lambda c: [_posted(r) for r in c.execute(query)])


def _posted(row: Row[Any]) -> Posted:
    return Posted(records.delivery(row), BulletinKind(row.kind), row.number, records.window(row), row.story_id)
