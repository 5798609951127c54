"""Readers and mails for the tests of the roll."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from nkwatch.domain.bulletin import Addressed, BulletinKind, Claimed, Mailing
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Subscriber
from tests.making import NOW, composition, sign_up
from tests.store.conftest import Stores

ADDRESS = "secret.reader@example.org"
CONSENT = Consent("form, 2026-11-22", NOW)
DAY = timedelta(days=1)
LEASE = Lease("mine", NOW + timedelta(hours=1))
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


async def claim(stores: Stores, now: datetime = NOW) -> list[Claimed]:
    """What may be handed over at this instant."""
    return await stores.outbox.claim(now, 99, replace(LEASE, until=now + DAY))


async def subjects(stores: Stores, now: datetime = NOW) -> list[str]:
    """The subjects of what may be handed over at this instant."""
    return [c.composition.subject for c in await claim(stores, now)]
