"""Readers and mails for the tests of the roll."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import Booked, Claimed, Delivery, Handover, Lane
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Subscriber
from tests.making import NOW, composition, sign_up
from tests.store.conftest import Stores

ADDRESS = "secret.reader@example.org"
CONSENT = Consent("form, 2026-11-22", NOW)
DAY, LEASED = timedelta(days=1), timedelta(minutes=1)
LEASE = Lease("mine", NOW + LEASED)
KINDS = BulletinKind


async def confirmed(stores: Stores, address: str = ADDRESS, now: datetime = NOW, **choice: Any) -> Subscriber:
    """A subscriber who gave consent just now."""
    joined = await stores.subscribers.join(sign_up(address, **choice), Consent(CONSENT.origin, now), now)
    return joined.subscriber


async def pending(stores: Stores, address: str = ADDRESS, now: datetime = NOW, **choice: Any) -> Subscriber:
    """A subscriber who is asked to confirm; the mail that asks is in the outbox."""
    joined = await stores.subscribers.join(sign_up(address, **choice), None, now)
    await send(stores, joined.subscriber, "confirm", KINDS.CONFIRMATION, now)
    return joined.subscriber


async def send(
    stores: Stores, to: Subscriber, key: str, kind: BulletinKind = KINDS.ALERT, date: datetime = NOW, **more: Any
) -> int:
    """Put a mail for this subscriber into the outbox; its subject is the key."""
    slots = more.pop("slots", ())
    addressed = Addressed(to, composition(key, kind), slots)
    name = f"{key} {to.id}" if kind.personal else key
    return await stores.outbox.enqueue(Mailing(name, kind, date, (addressed,), **more))


async def claim(stores: Stores, now: datetime = NOW, lease: Lease | None = None, limit: int = 99) -> list[Claimed]:
    """What may be handed over at this instant, of both lanes."""
    lease = lease or replace(LEASE, until=now + LEASED)
    urgent = await stores.outbox.claim(now, limit, lease, Lane.URGENT)
    return urgent + await stores.outbox.claim(now, limit, lease, Lane.BULK)


async def record(
    stores: Stores, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime = NOW, owner: str = LEASE.owner
) -> None:
    """Write what became of these deliveries."""
    assert await stores.outbox.book(outcomes, (), now, owner) == Booked()


async def offer(
    stores: Stores, claimed: Sequence[Claimed], now: datetime = NOW, owner: str = LEASE.owner
) -> frozenset[int]:
    """Put these on the line; answers the ids of those that may go."""
    return (await stores.outbox.book((), claimed, now, owner)).offered


async def subjects(stores: Stores, now: datetime = NOW) -> list[str]:
    """The subjects of what may be handed over at this instant."""
    return [c.composition.subject for c in await claim(stores, now)]
