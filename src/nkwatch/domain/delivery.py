"""A *delivery*: one bulletin on its way to one subscriber, and what the relay says of it.

"Sent" means that the relay accepted it; whether it arrived is another fact, and bounces tell of it.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum

from nkwatch.domain.bulletin import Composition, Slots
from nkwatch.domain.rates import FURTHEST
from nkwatch.domain.retry import LONGEST_RETRY, UNKNOWN_RETRY, pause
from nkwatch.domain.timeline import ahead


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    #: not yet attempted
    PENDING = "pending"
    #: claimed by a worker until its lease ends
    LEASED = "leased"
    #: accepted by the relay; whether it arrived is another fact
    SENT = "sent"
    #: put off by the relay or the line; tried again
    DEFERRED = "deferred"
    #: offered whole, and nobody knows whether the relay took it (RFC 1047); tried again
    UNKNOWN = "unknown"
    #: refused for good
    REFUSED = "refused"
    #: not to be sent any more: the reader left, or an editor stopped it
    CANCELLED = "cancelled"


class Turn(IntEnum):
    """Which of the deliveries that are due goes first, among those of one priority."""

    #: it was being handed over when its worker died: settled before anything else, one on each connection
    FIRST = 0
    USUAL = 1
    #: the relay did not answer to its end: what may stall the line again waits until the others have gone
    LAST = 2


class Lane(StrEnum):
    """Who waits for whom: bulk stands aside while something urgent is on its way."""

    #: alerts, corrections, and mails that somebody waits for at a form
    URGENT = "urgent"
    #: digests and lull notices
    BULK = "bulk"

    @property
    def priorities(self) -> tuple[int, ...]:
        """The priorities of the bulletins in it (`BulletinKind.priority`)."""
        return (0, 1) if self is Lane.URGENT else (2,)


@dataclass(frozen=True, slots=True)
class Sent:
    """The relay accepted the message. `relay_id` is the name that it gave to it, where its reply told one."""

    reply: str
    relay_id: str = ""


@dataclass(frozen=True, slots=True)
class Deferred:
    """Not now: a 4xx reply, or no answer. `line` is true when the relay itself could not be reached."""

    reply: str
    line: bool = False


@dataclass(frozen=True, slots=True)
class Unknown:
    """The message was offered whole, and the line broke or stayed silent before the relay answered."""

    reply: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Never: a 5xx reply, or an address that cannot be mailed."""

    reply: str


Handover = Sent | Deferred | Unknown | Refused

#: RFC 5321, 4.5.4.1: give up after four to five days.
GIVE_UP_AFTER = timedelta(days=4)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One bulletin on its way to one subscriber; Message-ID and Date are fixed before the first attempt.

    `offered_at` is set while the message may be on the line, in the transaction before it goes there.
    """

    id: int
    message_id: str
    date: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    due_at: datetime | None = None
    reply: str = ""
    done_at: datetime | None = None
    turn: Turn = Turn.USUAL
    offered_at: datetime | None = None
    relay_id: str = ""

    def after(self, outcome: Handover, now: datetime) -> "Delivery":
        """The delivery after an attempt at `now`; four days after its date it is given up."""
        match outcome:
            case Sent():
                return self._tried(DeliveryState.SENT, outcome.reply, done_at=now, relay_id=outcome.relay_id)
            case Refused():
                return self._tried(DeliveryState.REFUSED, outcome.reply, done_at=now)
            case Unknown() | Deferred() if now - self.date >= GIVE_UP_AFTER:
                reply = f"given up after {GIVE_UP_AFTER.days} days: {outcome.reply}"
                return self._tried(DeliveryState.REFUSED, reply, done_at=now)
            case Unknown():
                due_at = now + max(pause(outcome.reply, self.attempts), UNKNOWN_RETRY)
                return self._tried(DeliveryState.UNKNOWN, outcome.reply, due_at=due_at, turn=Turn.LAST)
            case Deferred():
                # an unreachable relay says nothing about this reader: try again at the first step
                step = 0 if outcome.line else self.attempts
                return self._tried(DeliveryState.DEFERRED, outcome.reply, due_at=now + pause(outcome.reply, step))

    def abandoned(self, now: datetime) -> "Delivery":
        """The delivery once the lease of who had it is over: one that may have left is settled first."""
        if self.offered_at is None:
            return replace(self, state=DeliveryState.PENDING, due_at=now)
        return replace(self, state=DeliveryState.UNKNOWN, due_at=now, turn=Turn.FIRST, offered_at=None)

    def overlong(self, written_at: datetime, now: datetime) -> bool:
        """Whether it is due later than any rule says, or was written by a clock that was ahead.

        What was not tried yet may have been put off on purpose, until its date.
        """
        if ahead(written_at, now):
            return ahead(self.due_at, now)
        put_off = self.date if not self.attempts else now
        return ahead(self.due_at, max(put_off, now) + max(LONGEST_RETRY, FURTHEST))

    def _tried(
        self,
        state: DeliveryState,
        reply: str,
        *,
        due_at: datetime | None = None,
        done_at: datetime | None = None,
        turn: Turn = Turn.USUAL,
        relay_id: str = "",
    ) -> "Delivery":
        # `replace` takes three times as long, and each message comes by here
        return Delivery(
            id=self.id,
            message_id=self.message_id,
            date=self.date,
            state=state,
            attempts=self.attempts + 1,
            due_at=due_at,
            reply=reply,
            done_at=done_at,
            turn=turn,
            relay_id=relay_id or self.relay_id,
        )


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery under a lease, with what is needed to assemble and hand it over.

    Under `composition_id` its content can be passed on without anything personal. `answers` is that of `Addressed`.
    """

    delivery: Delivery
    subscriber_id: str
    address: str = field(repr=False)
    composition: Composition
    number: int
    composition_id: str = ""
    slots: Slots = field(default=(), repr=False)
    answers: str = ""

    @property
    def domain(self) -> str:
        """The domain of the address, in small letters: providers limit how much they take at a time."""
        return self.address.rpartition("@")[2].lower()


@dataclass(frozen=True, slots=True)
class Booked:
    """What the ledger says of deliveries that are about to be handed over.

    `offered` are the ids of those that may go now and are marked so. All others are in this worker's hands no
    longer: `later` were put off by a limit of rate, the rest have left, were stopped, or their lease was lost.
    """

    offered: frozenset[int] = frozenset()
    later: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Late:
    """An alert that has not left to everybody in time: its number, and how many readers wait since when."""

    number: int
    readers: int
    since: datetime


@dataclass(frozen=True, slots=True)
class Stuck:
    """Nothing leaves though something should: since when the oldest delivery that may go has been due."""

    since: datetime


@dataclass(frozen=True, slots=True)
class Message:
    """What is handed over: the envelope (RFC 5321) and the bytes, CRLF line ends.

    `sender` is empty for what must never be answered by a machine. `stuffed` says that the content can go out as it
    is: no line of it begins with a full stop that had to be doubled (RFC 5321, 4.5.2), every line ends with CRLF.
    """

    sender: str
    recipient: str = field(repr=False)
    content: bytes = field(repr=False)
    stuffed: bool = False
