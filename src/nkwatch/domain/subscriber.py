"""A *subscriber* is an address with one rhythm, alerts on or off, and one or more wishes.

The address itself is not here: only the outbox unseals it, at the moment of handing over.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class Rhythm(StrEnum):
    """How often a subscriber gets a digest."""

    DAILY = "daily"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    NONE = "none"


class Format(StrEnum):
    """What a mail is made of: HTML with a complete text part, or text only."""

    HTML = "html"
    TEXT = "text"


class Standing(StrEnum):
    """Whether a subscriber may be mailed. Nobody is mailed a bulletin who is not confirmed (promise 3)."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    #: left, erased or complained; a subscription is never deleted silently, it ends with a reason
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Schedule:
    """When digests close: at `hour` (0..23) of `zone` (IANA name), on `weekday` (0 is Monday) or `monthday` (1..31).

    A month without that day closes on its last.
    """

    rhythm: Rhythm = Rhythm.WEEKLY
    hour: int = 7
    zone: str = "UTC"
    weekday: int = 0
    monthday: int = 1


@dataclass(frozen=True, slots=True)
class Wish:
    """What a subscriber wants to read. Kinds narrow each other, values of one kind widen; empty means any."""

    themes: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who gets what, without the address. `covered_until` is where the next window begins (UTC)."""

    id: str
    schedule: Schedule
    covered_until: datetime
    alerts: bool = True
    language: str = "en"
    format: Format = Format.HTML
    wishes: tuple[Wish, ...] = (Wish(),)


@dataclass(frozen=True, slots=True)
class Consent:
    """The evidence that somebody asked to be mailed: where it comes from, and when. No network address, ever."""

    origin: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class SignUp:
    """What somebody chose when subscribing."""

    address: str
    schedule: Schedule = field(default_factory=Schedule)
    alerts: bool = True
    language: str = "en"
    format: Format = Format.HTML
    wishes: tuple[Wish, ...] = (Wish(),)
