"""Readers as rows. What says who they are is sealed: addresses, phrases, countries, words, cases, lines of mails.

Each seal is bound to its column and row; what is empty is not sealed, but null.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row

from nkwatch.domain.bulletin import Slots
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Edition,
    Format,
    Own,
    QuietHours,
    Rhythm,
    Schedule,
    Standing,
    Subscriber,
)
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.keys import Keyring
from nkwatch.store import schema

_ROW = schema.subscriber.c
SCHEDULE = (_ROW.rhythm, _ROW.hour, _ROW.zone, _ROW.weekday, _ROW.monthday)


@dataclass(frozen=True, slots=True)
class Seals:
    """Makes the sealed columns, and reads them."""

    keyring: Keyring

    def address_row(self, address: str, subscriber_id: str) -> dict[str, bytes]:
        """The columns of a subscriber that depend on the address."""
        return {
            "address": self.keyring.seal(address, f"address:{subscriber_id}"),
            "address_key": self.keyring.lookup(address),
            "domain_key": self.keyring.lookup(_domain(address)),
        }

    def address(self, sealed: bytes, subscriber_id: str) -> str:
        """The address of a subscriber."""
        return self.keyring.unseal(sealed, f"address:{subscriber_id}")

    def domain_keys(self, address: str) -> list[bytes]:
        """The hashes by which others at the same domain may be found."""
        return self.keyring.lookups(_domain(address))

    def seal_new_address(self, address: str, subscriber_id: str) -> bytes:
        """The address that a subscriber wants to move to."""
        return self.keyring.seal(address, f"move:{subscriber_id}")

    def new_address(self, sealed: bytes, subscriber_id: str) -> str:
        """The address that a subscriber wants to move to."""
        return self.keyring.unseal(sealed, f"move:{subscriber_id}")

    def choice_row(self, choice: Choice, subscriber_id: str) -> dict[str, Any]:
        """The columns of a choice."""
        secret = _secret(choice)
        return _open_columns(choice) | {
            "sealed": self.keyring.seal(secret, f"choice:{subscriber_id}") if secret else None
        }

    def subscriber(self, row: Row[Any]) -> Subscriber:
        """A subscriber without the address."""
        told = json.loads(self.keyring.unseal(row.sealed, f"choice:{row.id}")) if row.sealed else {}
        return Subscriber(row.id, _choice(row, told), row.covered_until, row.paused_until, row.heard_at)

    def own(self, row: Row[Any]) -> Own:
        """All that is kept of a subscriber."""
        return Own(
            subscriber=self.subscriber(row),
            standing=Standing(row.standing),
            address=self.address(row.address, row.id),
            joined_at=row.joined_at,
            consent=Consent(row.consent_origin, row.consent_at) if row.consent_at else None,
            ended_at=row.ended_at,
            end_reason=row.end_reason,
        )

    def seal_slots(self, slots: Slots, number: int, subscriber_id: str) -> bytes | None:
        """The lines for a reader's own places in one bulletin."""
        return self.keyring.seal(json.dumps(slots), f"slots:{number}/{subscriber_id}") if slots else None

    def slots(self, sealed: bytes | None, number: int, subscriber_id: str) -> Slots:
        """The lines for a reader's own places in one bulletin."""
        if sealed is None:
            return ()
        return tuple(map(tuple, json.loads(self.keyring.unseal(sealed, f"slots:{number}/{subscriber_id}"))))

    def resealed(self, sealed: bytes, context: str) -> bytes:
        """The same under the current key."""
        return self.keyring.seal(self.keyring.unseal(sealed, context), context)


def schedule(row: Row[Any]) -> Schedule:
    """When a subscriber's digests close, by the columns of `SCHEDULE`."""
    return Schedule(Rhythm(row.rhythm), row.hour, row.zone, row.weekday, row.monthday)


def _domain(address: str) -> str:
    return f"@{address.rpartition('@')[2].lower()}"


def _open_columns(choice: Choice) -> dict[str, Any]:
    schedule, edition = choice.schedule, choice.edition
    mutes = choice.mutes
    return {
        "rhythm": schedule.rhythm,
        "hour": schedule.hour,
        "zone": schedule.zone,
        "weekday": schedule.weekday,
        "monthday": schedule.monthday,
        "alerts": choice.alerts,
        "language": edition.language,
        "format": edition.format,
        "neutral": edition.neutral,
        "wishes": [_sides(w) for w in choice.wishes],
        "mutes": _sides(mutes) if mutes.themes or mutes.sources or mutes.roles else None,
        "lull": choice.lull,
        "quiet_start": choice.quiet.start if choice.quiet else None,
        "quiet_end": choice.quiet.end if choice.quiet else None,
    }


def _choice(row: Row[Any], told: Mapping[str, Any]) -> Choice:
    """`told` is what was sealed."""
    follows = [_follows(f) for f in told.get("wishes", ())] or [Follows()] * len(row.wishes)
    return Choice(
        schedule=schedule(row),
        alerts=row.alerts,
        edition=Edition(row.language, Format(row.format), row.neutral),
        wishes=tuple(Wish(**read_sides(w), follows=f) for w, f in zip(row.wishes, follows, strict=True)),
        mutes=Mutes(**read_sides(row.mutes or {}), follows=_follows(told.get("mutes", ((), ())))),
        phrase=told.get("phrase", ""),
        country=told.get("country", ""),
        lull=row.lull,
        quiet=None if row.quiet_start is None else QuietHours(row.quiet_start, row.quiet_end),
    )


def _sides(chosen: Wish | Mutes) -> dict[str, list[str]]:
    return {"themes": sorted(chosen.themes), "sources": sorted(chosen.sources), "roles": sorted(chosen.roles)}


def read_sides(told: Mapping[str, Iterable[str]]) -> dict[str, Any]:
    """Before schema 4 there were no roles."""
    return {
        "themes": frozenset(told.get("themes", ())),
        "sources": frozenset(told.get("sources", ())),
        "roles": frozenset(map(Role, told.get("roles", ()))),
    }


def _secret(choice: Choice) -> str:
    """The phrase, the country and all that is followed, as JSON; empty when there is nothing of it."""
    followed = [w.follows for w in choice.wishes]
    if not (choice.phrase or choice.country or choice.mutes.follows or any(followed)):
        return ""
    told = {
        "phrase": choice.phrase,
        "country": choice.country,
        "wishes": [_words(f) for f in followed],
        "mutes": _words(choice.mutes.follows),
    }
    return json.dumps(told, ensure_ascii=False)


def _words(follows: Follows) -> list[list[str]]:
    return [sorted(follows.words), sorted(follows.cases)]


def _follows(told: Iterable[Iterable[str]]) -> Follows:
    words, cases = told
    return Follows(frozenset(words), frozenset(cases))
