"""How somebody gets into the roll: the same statements for every address, whatever became of who has it."""

import base64
import os
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.retention import ONE_ANSWER
from nkwatch.domain.subscriber import Consent, Joining, SignUp, Standing, Subscriber, Suppression
from nkwatch.editing.windows import beginning, next_closing
from nkwatch.store import leaving, schema, suppressions
from nkwatch.store.rows import insert_new
from nkwatch.store.seals import Seals

_ROW = schema.subscriber.c


@dataclass(frozen=True, slots=True)
class Join:
    """One sign-up at `now`, with consent from elsewhere or without."""

    seals: Seals
    sign_up: SignUp
    consent: Consent | None
    now: datetime

    def __call__(self, connection: Connection) -> Joining:
        """Look, add, look again, write: two who join at once are one."""
        choice = self.sign_up.choice
        fresh = Subscriber(_new_id(), choice, beginning(choice.schedule, self.now))
        keys = self.seals.keyring.lookups(self.sign_up.address)
        known = connection.scalar(select(_ROW.address_key).where(_ROW.address_key.in_(keys)))
        suppressed = suppressions.find(connection, keys)
        if self.consent and suppressed and _outweighs(suppressed, self.consent):
            return Joining(fresh, Standing.ENDED, self.now, Suppression(suppressed.reason))
        # the same hash as before, so that rows of one address are found by one another
        key = known or (suppressed.address_key if suppressed else None)
        added = self._new_row(fresh) | ({"address_key": key} if key else {})
        insert_new(connection, schema.subscriber, [added])
        same = select(schema.subscriber).where(_ROW.address_key == added["address_key"])
        return self._enter(connection, connection.execute(same.with_for_update()).one())

    def _enter(self, connection: Connection, row: Row[Any]) -> Joining:
        """Write what the sign-up changes for the one who has the address now."""
        standing, asked_at = Standing(row.standing), self._asked_at(row)
        if self.consent and row.ended_at and row.ended_at >= self.consent.given_at:
            return Joining(self.seals.subscriber(row), standing, asked_at, Suppression.LEFT)
        values: dict[str, Any] = {} if self.consent else {"asked_at": asked_at}
        if standing is Standing.CONFIRMED:
            subscriber = self.seals.subscriber(row)
        else:
            standing = Standing.CONFIRMED if self.consent else Standing.PENDING
            choice = self.sign_up.choice
            heard_at = self.now if self.consent else None
            subscriber = Subscriber(row.id, choice, beginning(choice.schedule, self.now), heard_at=heard_at)
            values |= self._begun(subscriber, standing)
            if row.ended_at:
                values["joined_at"] = self.now
        if values:
            connection.execute(update(schema.subscriber).where(_ROW.id == row.id).values(**values))
        if self.consent:
            suppressions.drop(connection, [row.address_key], keep_final=True)
        return Joining(subscriber, standing, asked_at)

    def _asked_at(self, row: Row[Any]) -> datetime:
        recent = row.asked_at is not None and self.now - row.asked_at < ONE_ANSWER
        asked_at: datetime = row.asked_at if recent else self.now
        return asked_at

    def _new_row(self, fresh: Subscriber) -> dict[str, Any]:
        row = {"id": fresh.id, "joined_at": self.now} | self.seals.address_row(self.sign_up.address, fresh.id)
        return row | self._begun(fresh, Standing.PENDING)

    def _begun(self, subscriber: Subscriber, standing: Standing) -> dict[str, Any]:
        """The columns of somebody who begins now."""
        confirmed = standing is Standing.CONFIRMED
        closes_at = next_closing(subscriber.choice.schedule, subscriber.covered_until)
        return self.seals.choice_row(subscriber.choice, subscriber.id) | {
            "standing": standing,
            "covered_until": subscriber.covered_until,
            "closes_at": closes_at if confirmed else None,
            "consent_origin": self.consent.origin if self.consent and confirmed else "",
            "consent_at": self.consent.given_at if self.consent and confirmed else None,
            "paused_until": None,
            "heard_at": subscriber.heard_at,
            "ended_at": None,
            "end_reason": "",
        }


def confirm(
    connection: Connection, seals: Seals, subscriber_id: str, consent: Consent, covered_until: datetime
) -> bool:
    """Confirm a pending subscriber whose first window begins at `covered_until`; false when it was none."""
    waiting = select(schema.subscriber).where(_ROW.id == subscriber_id, _ROW.standing == Standing.PENDING)
    row = connection.execute(waiting.with_for_update()).first()
    if row is None:
        return False
    keys = seals.keyring.lookups(seals.address(row.address, row.id))
    suppressed = suppressions.find(connection, keys)
    if suppressed and Suppression(suppressed.reason).final:
        return False
    suppressions.drop(connection, keys)
    values = {
        "standing": Standing.CONFIRMED,
        "consent_origin": consent.origin,
        "consent_at": consent.given_at,
        "heard_at": consent.given_at,
        "covered_until": covered_until,
        "closes_at": next_closing(seals.subscriber(row).choice.schedule, covered_until),
    }
    connection.execute(update(schema.subscriber).where(_ROW.id == subscriber_id).values(**values))
    leaving.cancel(connection, [subscriber_id], "confirmed", consent.given_at, [BulletinKind.CONFIRMATION])
    return True


def _outweighs(suppressed: Row[Any], consent: Consent) -> bool:
    """Whether a consent from elsewhere does not bring back who is suppressed."""
    newer: bool = suppressed.at >= consent.given_at
    return Suppression(suppressed.reason).final or newer


def _new_id() -> str:
    """An opaque id that tells nothing of the address: it stands in links."""
    return base64.b32encode(os.urandom(10)).decode().lower()
