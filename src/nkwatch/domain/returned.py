"""What comes back of our mails, or must arrive: returned mails, refusals not yet judged, bulletins at the canary."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime

from nkwatch.domain.bounce import Bounce, BounceKind

#: What is kept of a delivery, the weakest first.
_MARKS = (BounceKind.NONE, BounceKind.SOFT, BounceKind.HARD, BounceKind.COMPLAINT)


@dataclass(frozen=True, slots=True)
class Returned:
    """A mail in the mailbox of bounces. `bounce` is None where it could not be read; `whole` false where it goes on."""

    id: str
    raw: bytes = field(repr=False)
    bounce: Bounce | None
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Refusal:
    """A delivery that the relay refused for good, and nobody has judged yet."""

    delivery_id: int
    subscriber_id: str
    reply: str


@dataclass(frozen=True, slots=True)
class Arrived:
    """A mail in the mailbox of the canary. `message_id` is empty where it has none, or cannot be read."""

    id: str
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """A bulletin that the relay accepted for the canary: its number, and the names that the mail may arrive under."""

    number: int
    accepted_at: datetime
    message_id: str
    relay_id: str = ""
    #: whether it is an alert, or corrects one
    urgent: bool = False

    def arrived(self, seen: Collection[str]) -> bool:
        """Whether it is among the mails with these Message-IDs.

        Some relays put one of their own in its place, with their name for the message to the left of the at sign.
        """
        if self.message_id in seen:
            return True
        return bool(self.relay_id) and any(i.startswith(f"<{self.relay_id}@") for i in seen)


def weaker(kind: BounceKind) -> tuple[str, ...]:
    """The marks of a delivery that this one takes the place of: none at all ("") is the weakest."""
    return ("", *_MARKS[: _MARKS.index(kind)])
