"""What carries letters over one connection, whichever way the relay allows."""

from dataclasses import dataclass
from typing import Protocol

from nkwatch.domain.delivery import Message
from nkwatch.mail.letters import Post

#: Seconds for a polite end.
GOODBYE = 5.0


@dataclass(frozen=True, slots=True)
class End:
    """How a trip ended: `why` is "" when the connection is fit for another. `refused`: nothing of ours is wanted."""

    why: str = ""
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds that the relay has for an answer, and for the one after a whole message (RFC 5321, 4.5.3.2)."""

    answer: float
    last: float


class Courier(Protocol):
    """A connection that carries letters."""

    @property
    def alive(self) -> bool:
        """Whether it can carry more, as far as is known."""
        ...

    async def carry(self, first: Message, post: Post, *, fresh: bool) -> End:
        """Carry `first`, and what `post` has at the moments when another fits in. Each is accounted for at the end.

        `fresh`: this connection was opened for it. On another one, silence says nothing of the message.
        """
        ...

    async def quit(self) -> None:
        """End the connection politely, or at least end it."""
        ...

    def close(self) -> None:
        """End it at once."""
        ...
