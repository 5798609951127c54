"""The roll of subscribers. Addresses are sealed, and found again only by their keyed hash."""

import base64
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, func, select, update

from nkwatch.domain.bulletin import DeliveryState
from nkwatch.domain.subscriber import Consent, SignUp, Standing, Subscriber
from nkwatch.editing.windows import beginning, next_closing
from nkwatch.keys import Keyring
from nkwatch.store import records, schema
from nkwatch.store.database import Database, insert_new
from nkwatch.store.stories import closed_until

_ROW = schema.subscriber.c
_DELIVERY = schema.delivery.c
#: States of a delivery that may still be sent.
UNDONE = (DeliveryState.PENDING, DeliveryState.DEFERRED, DeliveryState.LEASED)


class SubscriberStore:
    """Who gets what, who joined, confirmed and left."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def join(self, sign_up: SignUp, consent: Consent | None, now: datetime) -> tuple[str, Standing]:
        """Add a subscriber, pending unless consent is given; a known address keeps its row and standing.

        Somebody who ended begins anew, as pending or with the new consent.
        """
        key = self._keyring.lookup(sign_up.address)
        standing = Standing.CONFIRMED if consent else Standing.PENDING
        fresh = Subscriber(
            id=_new_id(),
            schedule=sign_up.schedule,
            covered_until=beginning(sign_up.schedule, now),
            alerts=sign_up.alerts,
            language=sign_up.language,
            format=sign_up.format,
            wishes=sign_up.wishes,
        )

        def join(connection: Connection) -> tuple[str, Standing]:
            # insert first, then look who is there: two who join at once are one
            insert_new(connection, schema.subscriber, [self._row(fresh, sign_up.address, key, standing, consent, now)])
            row = connection.execute(select(_ROW.id, _ROW.standing).where(_ROW.address_key == key)).one()
            if row.id == fresh.id:
                return fresh.id, standing
            if row.standing == Standing.ENDED or (row.standing == Standing.PENDING and consent):
                self._begin_anew(connection, row.id, fresh, standing, consent, now)
                return row.id, standing
            return row.id, Standing(row.standing)

        return await self._database.write(join)

    async def find(self, subscriber_id: str) -> tuple[Subscriber, Standing] | None:
        """The subscriber with this id, and whether they may be mailed."""
        query = select(schema.subscriber).where(_ROW.id == subscriber_id)
        row = await self._database.read(lambda c: c.execute(query).first())
        return (records.subscriber(row), Standing(row.standing)) if row else None

    async def confirm(self, subscriber_id: str, consent: Consent, covered_until: datetime) -> bool:
        """Confirm a pending subscriber whose first window begins at `covered_until`; false when it was none."""
        found = await self.find(subscriber_id)
        if found is None:
            return False
        closes_at = next_closing(found[0].schedule, covered_until)
        change = (
            update(schema.subscriber)
            .where(_ROW.id == subscriber_id, _ROW.standing == Standing.PENDING)
            .values(
                standing=Standing.CONFIRMED,
                consent_origin=consent.origin,
                consent_at=consent.given_at,
                covered_until=covered_until,
                closes_at=closes_at,
            )
        )
        return await self._database.write(lambda c: c.execute(change).rowcount > 0)

    async def end(self, subscriber_id: str, reason: str, now: datetime) -> bool:
        """End a subscription and cancel everything not yet handed over; false when nothing was to end."""
        ended = update(schema.subscriber).where(_ROW.id == subscriber_id, _ROW.standing != Standing.ENDED)
        # those under a lease too: one that is in flight just now is recorded as sent by whoever hands it over
        undone = update(schema.delivery).where(_DELIVERY.subscriber_id == subscriber_id, _DELIVERY.state.in_(UNDONE))

        def end(connection: Connection) -> bool:
            values = {"standing": Standing.ENDED, "ended_at": now, "end_reason": reason, "closes_at": None}
            connection.execute(undone.values(state=DeliveryState.CANCELLED, done_at=now, reply=reason))
            return connection.execute(ended.values(**values)).rowcount > 0

        return await self._database.write(end)

    async def with_alerts(self, after: str, limit: int) -> list[Subscriber]:
        """Confirmed subscribers with alerts on, ordered by id, those behind `after`."""
        query = (
            select(schema.subscriber)
            .where(_ROW.standing == Standing.CONFIRMED, _ROW.alerts.is_(True), _ROW.id > after)
            .order_by(_ROW.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [records.subscriber(r) for r in c.execute(query)])

    async def announce_closing(self, now: datetime) -> None:
        """From now on no story becomes ready before `now`: what is decided after this cannot be overtaken."""

        def announce(connection: Connection) -> None:
            reached = max(now, closed_until(connection, now))
            connection.execute(update(schema.latch).values(closed_until=reached))

        await self._database.write(announce)

    async def closing(self, now: datetime, limit: int) -> list[Subscriber]:
        """Confirmed subscribers whose next window has closed by `now`, the longest closed first."""
        query = (
            select(schema.subscriber)
            .where(_ROW.standing == Standing.CONFIRMED, _ROW.closes_at <= now)
            .order_by(_ROW.closes_at, _ROW.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [records.subscriber(r) for r in c.execute(query)])

    async def postpone(self, subscriber_ids: Sequence[str], until: datetime) -> None:
        """Look at these subscribers' windows again at `until`; what the windows cover does not change."""
        change = update(schema.subscriber).where(_ROW.id == bindparam("row"), _ROW.closes_at < until)
        rows = [{"row": i, "closes_at": until} for i in subscriber_ids]
        if rows:
            await self._database.write(lambda c: c.execute(change, rows))

    async def counts(self) -> dict[str, int]:
        """How many subscribers have each standing."""
        query = select(_ROW.standing, func.count()).group_by(_ROW.standing)
        return await self._database.read(lambda c: {row[0]: row[1] for row in c.execute(query)})

    async def listing(self) -> list[tuple[Subscriber, Standing, str]]:
        """Every subscriber with standing and address; for the operator's command line only."""
        query = select(schema.subscriber).order_by(_ROW.joined_at, _ROW.id)

        def look(connection: Connection) -> list[tuple[Subscriber, Standing, str]]:
            rows = connection.execute(query)
            return [(records.subscriber(r), Standing(r.standing), self.address(r.address, r.id)) for r in rows]

        return await self._database.read(look)

    def address(self, sealed: bytes, subscriber_id: str) -> str:
        """The address of a subscriber."""
        return self._keyring.unseal(sealed, f"address:{subscriber_id}")

    def _row(
        self,
        fresh: Subscriber,
        address: str,
        key: bytes,
        standing: Standing,
        consent: Consent | None,
        now: datetime,
    ) -> dict[str, Any]:
        confirmed = standing is Standing.CONFIRMED
        return records.subscriber_row(fresh) | {
            "address_key": key,
            "address": self._keyring.seal(address, f"address:{fresh.id}"),
            "standing": standing,
            "closes_at": next_closing(fresh.schedule, fresh.covered_until) if confirmed else None,
            "joined_at": now,
            "consent_origin": consent.origin if consent else "",
            "consent_at": consent.given_at if consent else None,
        }

    def _begin_anew(
        self,
        connection: Connection,
        known_id: str,
        fresh: Subscriber,
        standing: Standing,
        consent: Consent | None,
        now: datetime,
    ) -> None:
        values = self._row(fresh, "", b"", standing, consent, now)
        kept = {"id", "address", "address_key"}
        anew = {k: v for k, v in values.items() if k not in kept} | {"ended_at": None, "end_reason": ""}
        connection.execute(update(schema.subscriber).where(_ROW.id == known_id).values(**anew))


def _new_id() -> str:
    """An opaque id that tells nothing of the address: it stands in links."""
    return base64.b32encode(os.urandom(10)).decode().lower()
