"""What came back: whose mail it was, what is noted of it, and whose subscription ends for it.

A token of ours proves whose mail a bounce is about; an address in it, which anybody can write there, never does.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, or_, select, update

from nkwatch.domain.bounce import Bounce, Bounced, BounceKind, Fate
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState, Lane
from nkwatch.domain.departure import Act
from nkwatch.domain.returned import Accepted, Refusal, weaker
from nkwatch.domain.subscriber import Standing, Suppression
from nkwatch.keys import Keyring
from nkwatch.store import leaving, schema, suppressions
from nkwatch.store.database import Database
from nkwatch.store.departing import Departing
from nkwatch.store.rows import chunks

_D, _S, _B, _M = schema.delivery.c, schema.subscriber.c, schema.bulletin.c, schema.move.c
#: What `Keyring.envelope` makes; whatever stands around it, some servers write their own (SRS, BATV).
_TOKEN = re.compile(r"(?<![a-z2-7])[a-z2-7]{40}(?![a-z2-7])")
#: Of what one mail claims, so much is looked up.
MOST = 20
#: Mails of one reader that tell whether anything arrives there; the newest.
FATES = 200


@dataclass(frozen=True, slots=True)
class BounceTrace:
    """What came back of a delivery, and when that was noted; when its reader's subscription ended, and why."""

    kind: BounceKind
    at: datetime
    ended_at: datetime | None = None
    end_reason: str = ""


class BounceStore:
    """Satisfies `workflow.bounces.Ledger` and `workflow.watching.Sightings`."""

    def __init__(self, database: Database, keyring: Keyring, departing: Departing | None = None) -> None:
        self._database = database
        self._keyring = keyring
        self._departing = departing or Departing(database, keyring)

    async def proved(self, bounce: Bounce, now: datetime) -> Bounced | None:
        """Whose mail this is about, if a token of ours in it proves that; nobody's ("") where the reader is gone.

        The envelope's token goes first. With tokens of two readers, nobody can tell who is meant.
        """
        tokens = [t for address in bounce.sent_to[:MOST] for t in _TOKEN.findall(address.lower())][:MOST]
        ids = {i for t in tokens if (i := self._keyring.enveloped(t)) is not None}
        left = _usable(bounce.leave_tokens)
        readers = sorted({reader for t in left if (reader := self._keyring.subject("leave", t, now))})
        return await self._database.read(lambda c: _proved(c, bounce, sorted(ids), readers))

    async def reported(self, bounce: Bounce) -> Bounced | None:
        """The same for the word of a provider: by its own name for the message, or by ours among those to one address.

        An address alone is looked up for nobody.
        """
        keys = [key for r in _usable(bounce.recipients) for key in self._keyring.lookups(r)]
        return await self._database.read(lambda c: _reported(c, bounce, keys))

    async def mark(self, bounced: Bounced, now: datetime) -> bool:
        """Note with the delivery what became of it; false where nothing weaker was noted before."""
        noted = update(schema.delivery).where(_D.id == bounced.delivery_id, _D.bounce.in_(weaker(bounced.kind)))
        values = {"bounce": bounced.kind, "bounced_at": now}
        return await self._database.write(lambda c: c.execute(noted.values(**values)).rowcount > 0)

    async def fates(self, subscriber_id: str) -> Sequence[Fate]:
        """What became of the mails to a subscriber since joining, the newest first; of the refused, what was judged."""
        counts = or_(
            _D.state == DeliveryState.SENT,
            (_D.state == DeliveryState.REFUSED) & _D.bounce.in_([BounceKind.SOFT, BounceKind.HARD]),
        )
        query = (
            select(_D.done_at, _D.bounce)
            .join_from(schema.delivery, schema.subscriber)
            .join(schema.bulletin, _B.number == _D.bulletin)
            .where(_D.subscriber_id == subscriber_id, _D.date >= _S.joined_at, counts, _D.done_at.is_not(None))
            .where(_B.kind != BulletinKind.MOVE_NEW)
            .order_by(_D.date.desc(), _D.id.desc())
            .limit(FATES)
        )
        return await self._database.read(
            lambda c: [Fate(r.done_at, BounceKind(r.bounce or BounceKind.NONE)) for r in c.execute(query)]
        )

    async def end(self, bounced: Bounced, why: Suppression, reason: str, now: datetime) -> bool:
        """End the subscription and note the address as not to be mailed; see `Ledger` for what ends nothing."""
        if await self._database.read(lambda c: _leaves(c, bounced, why)):
            await self._departing.leave({bounced.subscriber_id: (why, now)}, Act.SUPPRESSED)
        elif key := await self._database.read(lambda c: _refused(c, bounced, why)):
            await self._departing.suppress([key], why, now)
        return await self._database.write(lambda c: _end(c, bounced, why, reason, now))

    async def refused(self, limit: int) -> Sequence[Refusal]:
        """Deliveries that the relay refused for good and that have no mark, the oldest first."""
        query = select(_D.id, _D.subscriber_id, _D.reply).where(schema.unjudged).order_by(_D.id).limit(limit)
        return await self._database.read(lambda c: [Refusal(r.id, r.subscriber_id, r.reply) for r in c.execute(query)])

    async def marks(self, delivery_ids: Sequence[int]) -> Mapping[int, BounceTrace]:
        """What came back of these deliveries; for people who ask why."""
        wanted = select(_D.id, _D.bounce, _D.bounced_at, _S.ended_at, _S.end_reason)
        marked = wanted.join_from(schema.delivery, schema.subscriber).where(
            _D.bounced_at.is_not(None), _D.bounce.not_in(["", BounceKind.NONE])
        )

        def look(connection: Connection) -> dict[int, BounceTrace]:
            told = (row for part in chunks(delivery_ids) for row in connection.execute(marked.where(_D.id.in_(part))))
            return {r.id: BounceTrace(BounceKind(r.bounce), r.bounced_at, r.ended_at, r.end_reason) for r in told}

        return await self._database.read(look)

    async def accepted(self, subscriber_id: str, since: datetime) -> Sequence[Accepted]:
        """The bulletins that relays accepted for this subscriber since then, the oldest first."""
        query = (
            select(_D.bulletin, _D.done_at, _D.message_id, _D.relay_id, _D.priority.in_(Lane.URGENT.priorities))
            .where(_D.subscriber_id == subscriber_id, _D.date >= since - leaving.WAITED)
            .where(_D.state == DeliveryState.SENT, _D.done_at >= since)
            .order_by(_D.id)
        )
        return await self._database.read(lambda c: [Accepted(*row) for row in c.execute(query)])


def _proved(connection: Connection, bounce: Bounce, ids: Sequence[int], readers: Sequence[str]) -> Bounced | None:
    if ids:
        found = connection.execute(select(_D.id, _D.subscriber_id).where(_D.id.in_(ids)).order_by(_D.id.desc())).all()
        if len({row.subscriber_id for row in found}) > 1:
            return None
        reader, delivery_id = (found[0].subscriber_id, found[0].id) if found else ("", ids[-1])
        return Bounced(reader, bounce.kind, bounce.status, delivery_id)
    if len(readers) != 1:
        return None
    known = connection.scalar(select(_S.id).where(_S.id == readers[0])) or ""
    quoted = connection.execute(_named(readers, bounce).limit(1)).first()
    return Bounced(known, bounce.kind, bounce.status, quoted.id if quoted else 0)


def _reported(connection: Connection, bounce: Bounce, keys: Sequence[bytes]) -> Bounced | None:
    names = _usable(bounce.relay_ids)
    by_relay = select(_D.id, _D.subscriber_id).where(schema.identified, _D.relay_id.in_(names)).limit(2)
    found = connection.execute(by_relay).all() if names else []
    if not found and keys and bounce.message_ids:
        readers = list(connection.scalars(select(_S.id).where(_S.address_key.in_(keys))))
        found = connection.execute(_named(readers, bounce).limit(2)).all()
    if len(found) != 1:
        return None
    return Bounced(found[0].subscriber_id, bounce.kind, bounce.status, found[0].id)


def _named(readers: Iterable[str], bounce: Bounce) -> Select[Any]:
    """The deliveries to these readers that are named in a bounce, the newest first."""
    mine = select(_D.id, _D.subscriber_id).where(_D.subscriber_id.in_(readers))
    ours = _D.message_id.in_(_usable(bounce.message_ids))
    theirs = (_D.relay_id != "") & _D.relay_id.in_(_usable(bounce.relay_ids))
    return mine.where(or_(ours, theirs)).order_by(_D.date.desc(), _D.id.desc())


def _usable(told: Sequence[str]) -> list[str]:
    """What may be looked up: hostile mails hold halves of letters, and control characters, that no database takes."""
    return [t for t in told if t.isprintable()][:MOST]


def _end(connection: Connection, bounced: Bounced, why: Suppression, reason: str, now: datetime) -> bool:
    row = _row(connection, bounced, alone=True)
    if row and _leaves(connection, bounced, why):
        suppressions.note(connection, row.address_key, why, now)
        return leaving.end(connection, row.id, reason, now)
    if row and (key := _refused(connection, bounced, why)):
        # who complains of being asked at a new address is never asked again; the subscription goes on at the old one
        suppressions.note(connection, key, why, now)
        connection.execute(delete(schema.move).where(_M.subscriber_id == row.id))
    return False


def _row(connection: Connection, bounced: Bounced, *, alone: bool = False) -> Row[Any] | None:
    """Whose mail it was, if the subscription has not ended."""
    query = select(schema.subscriber).where(_S.id == bounced.subscriber_id, _S.standing != Standing.ENDED)
    return connection.execute(query.with_for_update() if alone else query).first()


def _leaves(connection: Connection, bounced: Bounced, why: Suppression) -> bool:
    """Whether the subscription ends for it."""
    row = _row(connection, bounced)
    date, kind = _sent(connection, bounced.delivery_id)
    if row is None or (date and (kind == BulletinKind.MOVE_NEW or date < row.joined_at)):
        return False
    return why is not Suppression.BOUNCED or not (row.standing == Standing.PENDING or _moved(connection, row.id, date))


def _refused(connection: Connection, bounced: Bounced, why: Suppression) -> bytes | None:
    """The hash of the new address of a change that a complaint is about."""
    date, kind = _sent(connection, bounced.delivery_id)
    if kind != BulletinKind.MOVE_NEW or why is not Suppression.COMPLAINED or _row(connection, bounced) is None:
        return None
    return connection.scalar(
        select(_M.address_key).where(_M.subscriber_id == bounced.subscriber_id, _M.asked_at == date)
    )


def _sent(connection: Connection, delivery_id: int) -> tuple[datetime | None, str]:
    """When a mail was written, and what it was; nothing where only the reader is known."""
    query = select(_D.date, _B.kind).join_from(schema.delivery, schema.bulletin).where(_D.id == delivery_id)
    row = connection.execute(query).first()
    return (row.date, row.kind) if row else (None, "")


def _moved(connection: Connection, subscriber_id: str, date: datetime | None) -> bool:
    """Whether a change of address was asked for after this mail: nobody knows which one it went to."""
    if date is None:
        return False
    later = select(_D.id).join_from(schema.delivery, schema.bulletin).where(_D.subscriber_id == subscriber_id)
    asked = later.where(_D.date >= date, _B.kind == BulletinKind.MOVE_NEW).limit(1)
    return connection.scalar(asked) is not None
