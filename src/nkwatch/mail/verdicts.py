"""What a relay's reply decides on a message (RFC 5321, 4.2), and how a relay that cannot go on is told apart."""

from dataclasses import dataclass

from nkwatch.domain.delivery import Deferred, Refused, Sent
from nkwatch.domain.retry import codes

#: "Service not available, closing transmission channel": says nothing about the message (RFC 5321, 3.8).
CLOSING = 421
START = 354
TRANSIENT, PERMANENT = 400, 500
#: Some call it so when they take no more recipients at a time, which is a matter of later (RFC 5321, 4.5.3.1.10).
TOO_MANY = 552


class LineBroken(Exception):  # noqa: N818 -- nobody's error: the other end hung up, stays silent, or talks nonsense
    """The connection is of no use any more; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply of the relay; the lines of a long one are joined by LF."""

    code: int
    text: str

    @property
    def positive(self) -> bool:
        """Whether the relay did what was asked."""
        return 200 <= self.code < 300  # noqa: PLR2004

    def __str__(self) -> str:
        return f"{self.code} {self.text}"


def of_recipient(reply: Reply) -> Refused | Deferred | None:
    """What the reply to RCPT decides; None when the recipient was accepted. Raises `LineBroken`."""
    if reply.positive:
        return None
    if reply.code == TOO_MANY and codes(str(reply)).enhanced in ("", "5.5.3"):
        return Deferred(str(reply))
    return of_refusal(reply)


def of_message(reply: Reply) -> Sent | Refused | Deferred:
    """What the reply after the final dot decides. Raises `LineBroken` when it decides nothing."""
    return Sent(str(reply)) if reply.positive else of_refusal(reply)


def of_refusal(reply: Reply) -> Refused | Deferred:
    """What a reply decides that is not the one hoped for. Raises `LineBroken` when it makes no sense here."""
    if reply.code == CLOSING:
        return Deferred(str(reply), line=True)
    if reply.code < TRANSIENT:
        raise LineBroken(f"the relay gave an answer that does not belong here: {reply}")
    return Refused(str(reply)) if reply.code >= PERMANENT else Deferred(str(reply))
