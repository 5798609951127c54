"""A *subscriber* is an address with one rhythm, alerts on or off, and one or more wishes.

The address itself is not here: only the outbox unseals it, at the moment of handing over.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from nkwatch.domain.wish import Mutes, Wish

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


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
class Edition:
    """In which language and form a mail is made; `neutral` hides the subject matter from who sees only the envelope:
    sender, subject, List-Id, preheader.
    """

    language: str = "en"
    format: Format = Format.HTML
    neutral: bool = False


@dataclass(frozen=True, slots=True)
class QuietHours:
    """No alert leaves from `start` until `end` (hours 0..23 of the schedule's zone, different; may span midnight)."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Choice:
    """Everything that a reader chooses. `phrase` is the reader's own: every digest and alert carries it.

    `country` (ISO 3166-1 alpha-2) is that of the government of which a digest tells first what is asked. `lull` asks
    for a short notice when there was nothing to send for three weeks.
    """

    schedule: Schedule = field(default_factory=Schedule)
    alerts: bool = True
    edition: Edition = field(default_factory=Edition)
    wishes: tuple[Wish, ...] = (Wish(),)
    mutes: Mutes = field(default_factory=Mutes)
    phrase: str = field(default="", repr=False)
    country: str = field(default="", repr=False)
    lull: bool = False
    quiet: QuietHours | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """Who gets what, without the address. `covered_until` is where the next window begins (UTC).

    Before `paused_until` (UTC) nothing is sent; windows close meanwhile, and what they held is not sent later.
    `heard_at` is when something was written to the reader last (a digest, an alert, a notice), or confirmed.
    """

    id: str
    choice: Choice
    covered_until: datetime
    paused_until: datetime | None = None
    heard_at: datetime | None = None

    def paused(self, now: datetime) -> bool:
        """Whether nothing is to be sent at `now`."""
        return self.paused_until is not None and now < self.paused_until


@dataclass(frozen=True, slots=True)
class Consent:
    """The evidence that somebody asked to be mailed: from where (wording and form), and when. No network address."""

    origin: str
    given_at: datetime


@dataclass(frozen=True, slots=True)
class SignUp:
    """Who subscribes, and what was chosen."""

    address: str = field(repr=False)
    choice: Choice = field(default_factory=Choice)


class Suppression(StrEnum):
    """Why an address is not mailed, kept with its keyed hash alone."""

    #: may subscribe again, but is never imported
    LEFT = "left"
    #: the reader had everything erased
    ERASED = "erased"
    COMPLAINED = "complained"
    #: nothing arrived there; a mailbox may come back, so whoever has it may subscribe again, but is never imported
    BOUNCED = "bounced"

    @property
    def final(self) -> bool:
        """Whether not even a confirmation is sent."""
        return self in {Suppression.ERASED, Suppression.COMPLAINED}

    @property
    def weight(self) -> int:
        """What is heavier is not replaced by what is lighter."""
        return 2 if self.final else int(self is Suppression.BOUNCED)


@dataclass(frozen=True, slots=True)
class Move:
    """A change of address under way: it takes place once both sides have confirmed."""

    subscriber_id: str
    old_confirmed: bool = False
    new_confirmed: bool = False
    asked_at: datetime | None = None

    @property
    def complete(self) -> bool:
        """Whether both sides have confirmed."""
        return self.old_confirmed and self.new_confirmed


def move_name(subscriber_id: str, asked_at: datetime) -> str:
    """The name of a change of address in links: the instant is in it, so a link for an earlier one does not hold."""
    return f"{subscriber_id}~{(asked_at - _EPOCH) // timedelta(microseconds=1)}"


def move_named(name: str) -> tuple[str, datetime] | None:
    """Whose change of address a name means, and when it was asked for (UTC); None where it names none."""
    subscriber_id, _, microseconds = name.partition("~")
    asked = _EPOCH + timedelta(microseconds=int(microseconds)) if microseconds.isdecimal() else None
    return (subscriber_id, asked) if asked else None


@dataclass(frozen=True, slots=True)
class Own:
    """All that is kept of one subscriber, for export by the reader or the operator."""

    subscriber: Subscriber
    standing: Standing
    address: str = field(repr=False)
    joined_at: datetime
    consent: Consent | None
    ended_at: datetime | None = None
    end_reason: str = ""


@dataclass(frozen=True, slots=True)
class Joining:
    """What became of a sign-up in the roll.

    `standing` is the one that the subscriber has now. `asked_at` is when the mail that answers the sign-up was asked
    for; it changes at most once in 24 hours.
    """

    subscriber: Subscriber
    standing: Standing
    asked_at: datetime
    suppression: Suppression | None = None

    @property
    def confirmed(self) -> bool:
        """Whether bulletins may be sent to this subscriber now."""
        return self.suppression is None and self.standing is Standing.CONFIRMED


@dataclass(frozen=True, slots=True)
class Tidied:
    """What was erased because its time was over."""

    unconfirmed: int = 0
    ended: int = 0
    moves: int = 0
    deliveries: int = 0
