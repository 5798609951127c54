"""A *bounce*: a mail that tells what became of one of ours, or that its reader complained of it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

#: The reason of a subscription that ended since nothing arrives begins so.
CAME_BACK = "mails came back"


class BounceKind(StrEnum):
    """What a mail tells."""

    #: there is no such mailbox, and there will be none (RFC 3463: 5.1.1 and the like)
    HARD = "hard"
    #: it did not arrive this time: mailbox full, server not reached, message refused; or not yet (`Bounce.final`)
    SOFT = "soft"
    #: its reader called it junk (RFC 5965)
    COMPLAINT = "complaint"
    #: a program answered for somebody: an absence, a receipt, a challenge
    AUTO_REPLY = "auto-reply"
    #: anything else
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Bounce:
    """What one mail tells. `recipients` are who it says it concerns, in small letters; `status` as in RFC 3463.

    `reason` is what the server said, without addresses. `sent_to` are the addresses that the bounce itself was sent
    to, which may hold our token. `leave_tokens` are those found in our own header fields where it quotes them,
    `message_ids` the Message-IDs quoted, `relay_ids` the names that our relay gave to the message. It is not `final`
    where a server only warns that it goes on trying (RFC 3464, 2.3.3: delayed): the last word is yet to come.
    """

    kind: BounceKind = BounceKind.NONE
    recipients: tuple[str, ...] = ()
    status: str = ""
    reason: str = ""
    sent_to: tuple[str, ...] = field(default=(), repr=False)
    leave_tokens: tuple[str, ...] = field(default=(), repr=False)
    message_ids: tuple[str, ...] = ()
    relay_ids: tuple[str, ...] = ()
    final: bool = True


@dataclass(frozen=True, slots=True)
class Fate:
    """One delivery that the relay accepted, and what a bounce said of it afterwards (NONE: nothing)."""

    accepted_at: datetime
    bounce: BounceKind = BounceKind.NONE


@dataclass(frozen=True, slots=True)
class Bounced:
    """A bounce that is proved to be about one reader's mail. `delivery_id` is 0 where only the reader is known."""

    subscriber_id: str
    kind: BounceKind
    status: str = ""
    delivery_id: int = 0
