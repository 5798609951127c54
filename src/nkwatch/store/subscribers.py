"""The roll of subscribers. Addresses are sealed, and found again only by their keyed hash."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, func, or_, select, update

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.departure import Act
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Joining,
    Move,
    Own,
    Rhythm,
    SignUp,
    Standing,
    Subscriber,
    Suppression,
    Tidied,
)
from nkwatch.editing.windows import next_closing
from nkwatch.keys import Keyring
from nkwatch.store import booking, joining, leaving, moves, schema, stories, suppressions, waiting
from nkwatch.store.database import Database
from nkwatch.store.departing import Departing
from nkwatch.store.resealing import reseal
from nkwatch.store.seals import Seals
from nkwatch.store.together import Together

_ROW = schema.subscriber.c
#: Subscribers read in one transaction.
PAGE = 1_000


class SubscriberStore:
    """Who gets what, who joined, confirmed, changed and left. `departing` writes down outside who left."""

    def __init__(self, database: Database, keyring: Keyring, departing: Departing | None = None) -> None:
        self._database = database
        self._departing = departing or Departing(database, keyring)
        self._seals = Seals(keyring)
        # after an alert many may leave in the same second
        self._ended = Together(self._end)

    async def join(self, sign_up: SignUp, consent: Consent | None, now: datetime) -> Joining:
        """Add a subscriber, pending unless consent is given; see the port for who is known, left or suppressed."""
        joined = await self._database.write(joining.Join(self._seals, sign_up, consent, now))
        if consent and joined.confirmed:
            await self._departing.back(joined.subscriber.id, now)
        return joined

    async def find(self, subscriber_id: str) -> tuple[Subscriber, Standing] | None:
        """The subscriber with this id, and whether they may be mailed."""
        query = select(schema.subscriber).where(_ROW.id == subscriber_id)
        row = await self._database.read(lambda c: c.execute(query).first())
        return (self._seals.subscriber(row), Standing(row.standing)) if row else None

    async def confirm(self, subscriber_id: str, consent: Consent, covered_until: datetime) -> bool:
        """Confirm a pending subscriber whose first window begins at `covered_until`; false when it was none."""
        confirmed = await self._database.write(
            lambda c: joining.confirm(c, self._seals, subscriber_id, consent, covered_until)
        )
        if confirmed:
            await self._departing.back(subscriber_id, consent.given_at)
        return confirmed

    async def choose(self, subscriber_id: str, choice: Choice, covered_until: datetime) -> bool:
        """Give a confirmed subscriber another choice; false when there is none.

        What was covered meanwhile stays covered. Without a rhythm nothing was covered, but for digests before.
        """
        confirmed = select(schema.subscriber).where(_ROW.id == subscriber_id, _ROW.standing == Standing.CONFIRMED)

        def choose(connection: Connection) -> bool:
            row = connection.execute(confirmed.with_for_update()).first()
            if row is None:
                return False
            without = row.rhythm == Rhythm.NONE
            covered = _last_digest(connection, subscriber_id) if without else row.covered_until
            begins = max(covered_until, covered or covered_until)
            values = {"covered_until": begins, "closes_at": next_closing(choice.schedule, begins)}
            values |= self._seals.choice_row(choice, subscriber_id)
            connection.execute(update(schema.subscriber).where(_ROW.id == subscriber_id).values(**values))
            if not choice.alerts:
                waiting.want_no_alerts(connection, subscriber_id, covered_until)
            return True

        return await self._database.write(choose)

    async def pause(self, subscriber_id: str, until: datetime | None, now: datetime) -> bool:
        """Send nothing before `until`, and cancel every bulletin not yet handed over; None goes on at once.

        Corrections are not cancelled: they wait until the pause is over.
        """
        confirmed = update(schema.subscriber).where(_ROW.id == subscriber_id, _ROW.standing == Standing.CONFIRMED)

        def pause(connection: Connection) -> bool:
            if connection.execute(confirmed.values(paused_until=until)).rowcount == 0:
                return False
            if until and until > now:
                leaving.cancel(connection, [subscriber_id], "paused", now, leaving.PAUSABLE)
                waiting.stop_waiting(connection, subscriber_id, now)
            return True

        return await self._database.write(pause)

    async def end(self, subscriber_id: str, reason: str, now: datetime) -> bool:
        """End a subscription and cancel everything not yet handed over; false when nothing was to end."""
        return await self._ended((subscriber_id, reason, now))

    async def _end(self, asked: Sequence[tuple[str, str, datetime]]) -> list[bool]:
        await self._departing.leave({i: (why, now) for i, why, now in asked})
        return await self._database.write(lambda c: [leaving.end(c, *one) for one in asked])

    async def erase(self, subscriber_id: str, why: Suppression, now: datetime) -> bool:
        """Delete all that is known of a subscriber but the keyed hash of the address; false when there is none."""
        await self._departing.leave({subscriber_id: (why, now)}, Act.ERASED)
        return await self._database.write(lambda c: leaving.erase(c, subscriber_id, why, now))

    async def ask_move(self, subscriber_id: str, address: str, now: datetime) -> Move | None:
        """Open a change of address, in place of an earlier one; None when no such subscriber is confirmed."""
        return await self._database.write(lambda c: moves.ask(c, self._seals, subscriber_id, address, now))

    async def confirm_move(self, subscriber_id: str, side: BulletinKind, asked_at: datetime) -> Move | None:
        """Note that one side confirmed the change asked for then; None when there is no such change under way."""
        move = await self._database.write(lambda c: moves.confirm(c, self._seals, subscriber_id, side, asked_at))
        if move and move.complete:
            await self._departing.back(subscriber_id, asked_at)
        return move

    async def tidy(self, now: datetime) -> Tidied:
        """Erase what is kept no longer (`domain.retention`), a batch in each transaction."""
        await self._repeat(leaving.tidy_waiting, now)
        await self._database.write(lambda c: booking.tidy(c, now))
        return Tidied(
            unconfirmed=await self._repeat(leaving.tidy_unconfirmed, now),
            ended=await self._repeat(leaving.tidy_ended, now),
            moves=await self._database.write(lambda c: leaving.tidy_moves(c, now)),
            deliveries=await self._repeat(leaving.tidy_deliveries, now),
        )

    async def with_alerts(self, after: str, limit: int, now: datetime) -> list[Subscriber]:
        """Confirmed subscribers with alerts on who have not paused, ordered by id, those behind `after`."""
        query = (
            select(schema.subscriber)
            .where(_ROW.standing == Standing.CONFIRMED, _ROW.alerts.is_(True), _ROW.id > after)
            .where(or_(_ROW.paused_until.is_(None), _ROW.paused_until <= now))
            .order_by(_ROW.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [self._seals.subscriber(r) for r in c.execute(query)])

    async def announce_closing(self, now: datetime) -> None:
        """From now on no story becomes ready before `now`: what is decided after this cannot be overtaken."""
        await self._database.write(lambda c: stories.close(c, now))

    async def closing(self, now: datetime, limit: int) -> list[Subscriber]:
        """Confirmed subscribers whose next window has closed by `now`, the longest closed first."""
        query = (
            select(schema.subscriber)
            .where(_ROW.standing == Standing.CONFIRMED, _ROW.closes_at <= now)
            .order_by(_ROW.closes_at, _ROW.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [self._seals.subscriber(r) for r in c.execute(query)])

    async def with_rhythm(self, rhythm: Rhythm, after: str, limit: int, before: datetime) -> list[Subscriber]:
        """Confirmed subscribers with this rhythm whose window began before then, by id, those behind `after`."""
        query = (
            select(schema.subscriber)
            .where(_ROW.standing == Standing.CONFIRMED, _ROW.rhythm == rhythm, _ROW.id > after)
            .where(_ROW.covered_until < before)
            .order_by(_ROW.id)
            .limit(limit)
        )
        return await self._database.read(lambda c: [self._seals.subscriber(r) for r in c.execute(query)])

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

    async def own(self, subscriber_id: str) -> Own | None:
        """All that is kept of one subscriber; for themselves and the operator only."""
        query = select(schema.subscriber).where(_ROW.id == subscriber_id)
        row = await self._database.read(lambda c: c.execute(query).first())
        return self._seals.own(row) if row else None

    async def everybody(self) -> list[Own]:
        """Every subscriber, who joined first comes first; for the operator's command line only."""
        found: list[Own] = []
        query = select(schema.subscriber).order_by(_ROW.id).limit(PAGE)
        while page := await self._page(query.where(_ROW.id > (found[-1].subscriber.id if found else ""))):
            found += page
        return sorted(found, key=lambda o: (o.joined_at, o.subscriber.id))

    async def find_address(self, address: str) -> str | None:
        """The id of the subscriber with this address."""
        query = select(_ROW.id).where(_ROW.address_key.in_(self._seals.keyring.lookups(address)))
        return await self._database.read(lambda c: c.scalar(query))

    async def joined_since(self, address: str, since: datetime) -> int:
        """How many sign-ups with addresses of the same domain were answered since then."""
        same = _ROW.domain_key.in_(self._seals.domain_keys(address))
        query = select(func.count()).select_from(schema.subscriber).where(same, _ROW.asked_at >= since)
        return await self._database.read(lambda c: c.scalar(query) or 0)

    async def suppress(self, address: str, why: Suppression, at: datetime) -> None:
        """Note that an address is not to be mailed; a subscription that is not newer ends."""
        keys = self._seals.keyring.lookups(address)
        await self._departing.suppress(keys, why, at)
        await self._database.write(lambda c: leaving.suppress(c, keys, why, at))

    async def suppression(self, address: str) -> tuple[Suppression, datetime] | None:
        """Why an address is not mailed, and since when."""
        keys = self._seals.keyring.lookups(address)
        row = await self._database.read(lambda c: suppressions.find(c, keys))
        return (Suppression(row.reason), row.at) if row else None

    async def allow(self, address: str, now: datetime) -> bool:
        """Forget that an address is not to be mailed; false when it was not suppressed."""
        keys = self._seals.keyring.lookups(address)
        allowed = await self._database.write(lambda c: suppressions.drop(c, keys))
        if allowed:
            await self._departing.allow(keys, now)
        return allowed

    async def reseal(self, limit: int) -> int:
        """Move up to `limit` rows to the current key; answers how many were moved, 0 when all are."""
        return await self._database.write(lambda c: reseal(c, self._seals, limit))

    async def _page(self, query: Select[Any]) -> list[Own]:
        return await self._database.read(lambda c: [self._seals.own(r) for r in c.execute(query)])

    async def _repeat(self, step: Callable[[Connection, datetime], int], now: datetime) -> int:
        """Run a step until its batches are not full any more; answers how many rows it erased."""
        total = 0
        while count := await self._database.write(lambda c: step(c, now)):
            total += count
        return total


def _last_digest(connection: Connection, subscriber_id: str) -> datetime | None:
    """Where the window of the last digest ended that this subscriber got."""
    ends = select(func.max(schema.bulletin.c.window_end)).join_from(schema.delivery, schema.bulletin)
    last: datetime | None = connection.scalar(ends.where(schema.delivery.c.subscriber_id == subscriber_id))
    return last
