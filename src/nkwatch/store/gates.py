"""Limits of rate: what is put off, and until when. Each limit is one row, which holds over processes and restarts."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, or_, select

from nkwatch.domain.delivery import Claimed, Lane
from nkwatch.domain.rates import FURTHEST, Limits, Rate
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.rows import insert_new, upsert

_R = schema.rate.c
#: The key of the limit on everything; those of domains are longer.
TOTAL = b"total"
#: In the order of their keys: two processes must not wait for each other.
_ROWS = (
    select(schema.rate)
    .where(_R.key.in_(bindparam("keys", expanding=True)))
    .order_by(_R.key)
    .with_for_update(of=schema.rate)
)


@dataclass(slots=True)
class Gate:
    """One limit: `free_at` as in `domain.rates`; `given` is the same for those who were told to come later.

    Who is told gets an hour of their own, one after the other: all of them at one instant would be put off again.
    """

    rate: Rate
    free_at: datetime
    given: datetime

    def is_shut(self, now: datetime) -> bool:
        """Whether nothing may pass now that can wait."""
        ready_at = self.rate.ready_at(self.free_at)
        return ready_at is not None and ready_at > now

    def passed(self, now: datetime) -> None:
        """Count one more."""
        self.free_at = self.rate.taken(self.free_at, now)

    def turn(self, now: datetime) -> datetime:
        """When the next one that is put off may come, and let nobody else have that turn."""
        tail = max(self.free_at, self.given)
        self.given = self.rate.taken(tail, now)
        return self.rate.ready_at(tail) or now


@dataclass(frozen=True, slots=True)
class Gates:
    """What the operator allows, applied within one transaction. `keyring` hashes the names of domains."""

    limits: Limits
    keyring: Keyring

    def put_off(self, connection: Connection, wanted: Sequence[Claimed], now: datetime) -> dict[int, datetime]:
        """Count these deliveries; answers which of them must wait, by id, each with its own turn.

        What is urgent waits for nothing, but what it takes the others wait for.
        """
        if self.limits == Limits():
            return {}
        through = {c.delivery.id: self._keys(c.domain) for c in wanted}
        rates = {key: rate for keys in through.values() for key, rate in keys.items()}
        if not rates:
            return {}
        gates = _read(connection, rates, now)
        later: dict[int, datetime] = {}
        for claimed in wanted:
            own = [gates[key] for key in through[claimed.delivery.id]]
            shut = [g for g in own if g.is_shut(now)] if _can_wait(claimed) else []
            if shut:
                later[claimed.delivery.id] = max([g.turn(now) for g in shut])
            else:
                for gate in own:
                    gate.passed(now)
        rows = [{"key": key, "free_at": g.free_at, "given_until": g.given} for key, g in sorted(gates.items())]
        upsert(connection, schema.rate, rows)
        return later

    def _keys(self, domain: str) -> dict[bytes, Rate]:
        """The limits on mail to a domain, by the keys of their rows."""
        of = self.limits.of(domain)
        found = {TOTAL: self.limits.total} if self.limits.total else {}
        return found | ({self.keyring.lookup(f"@{domain}"): of} if of else {})


def tidy(connection: Connection, now: datetime) -> None:
    """Delete the limits that hold nobody any more: an instant that is past means nothing."""
    over = (_R.free_at <= now, or_(_R.given_until.is_(None), _R.given_until <= now))
    connection.execute(delete(schema.rate).where(*over))


def _can_wait(claimed: Claimed) -> bool:
    return claimed.composition.kind.priority in Lane.BULK.priorities


def _read(connection: Connection, rates: dict[bytes, Rate], now: datetime) -> dict[bytes, Gate]:
    """The rows of these limits, under locks; those that are missing are made."""
    rows = _locked(connection, rates)
    if missing := sorted(rates.keys() - rows.keys()):
        insert_new(connection, schema.rate, [{"key": key, "free_at": now} for key in missing])
        rows |= _locked(connection, missing)
    last = now + FURTHEST
    return {
        key: Gate(rates[key], min(free_at, last), min(given or free_at, last)) for key, (free_at, given) in rows.items()
    }


def _locked(connection: Connection, keys: Iterable[bytes]) -> dict[bytes, tuple[datetime, datetime | None]]:
    return {row.key: (row.free_at, row.given_until) for row in connection.execute(_ROWS, {"keys": sorted(keys)})}
