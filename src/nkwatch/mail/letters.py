"""Messages on their way to a relay: where they come from, and what is told of them. Each is accounted for once."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from nkwatch.domain.delivery import Deferred, Handover, Message, Sent, Unknown
from nkwatch.mail.replies import accepted, scrubbed

#: Messages of which is remembered that a line broke before they went.
_REMEMBERED = 1000


class Letters(Protocol):
    """See the port of the same name (`nkwatch.workflow.ports.mail`)."""

    async def next(self) -> Message | None: ...

    def take(self) -> Message | None: ...

    async def offer(self, message: Message) -> None: ...

    def answered(self, message: Message, outcome: Handover) -> None: ...

    def give_back(self, message: Message) -> None: ...


def is_decided(outcome: Handover) -> bool:
    """Whether the relay said something of the message, and not the line."""
    return not isinstance(outcome, Unknown) and not (isinstance(outcome, Deferred) and outcome.line)


@dataclass(slots=True)
class Single:
    """A single message. `outcome` stays None where the relay could not be reached."""

    message: Message
    outcome: Handover | None = None
    _waits: bool = True

    async def by(self, carry: Callable[[Letters], Awaitable[str]]) -> Handover:
        """What became of it when it was carried."""
        why = await carry(self)
        return self.outcome or Deferred(why, line=True)

    async def next(self) -> Message | None:
        """The message, until something became of it."""
        return self.take()

    def take(self) -> Message | None:
        """The message, unless it is on its way."""
        if not self._waits:
            return None
        self._waits = False
        return self.message

    async def offer(self, message: Message) -> None:
        """Nobody limits how many single messages are on the line."""

    def answered(self, message: Message, outcome: Handover) -> None:  # noqa: ARG002 -- the port's shape
        """Note what became of it."""
        self.outcome = outcome

    def give_back(self, message: Message) -> None:  # noqa: ARG002 -- the port's shape
        """It waits again."""
        self._waits = True


@dataclass(slots=True)
class Suspects:
    """Messages before which a line broke: of a second time it is taken that the message is why."""

    _keys: dict[tuple[str, str], None] = field(default_factory=dict)

    def again(self, message: Message) -> bool:
        """Note that a line broke with this message in turn; true when it did before."""
        key = (message.sender, message.recipient)
        if key in self._keys:
            del self._keys[key]
            return True
        self._keys[key] = None
        if len(self._keys) > _REMEMBERED:
            del self._keys[next(iter(self._keys))]
        return False

    def clear(self, message: Message) -> None:
        """It went its way."""
        if self._keys:
            self._keys.pop((message.sender, message.recipient), None)


@dataclass(slots=True)
class Post:
    """The letters of one trip over one connection. `decided` counts the messages of which the relay said something.

    What is told of a message has nobody's address in it (promise 9).
    """

    letters: Letters
    suspects: Suspects
    #: whether somebody else waits for the connection
    crowded: Callable[[], bool] = lambda: False
    decided: int = 0

    def take(self) -> Message | None:
        """The next message for this connection, if there is one at this moment."""
        return None if self.crowded() else self.letters.take()

    async def offer(self, message: Message) -> None:
        """Wait until the content may go."""
        await self.letters.offer(message)

    def answered(self, message: Message, outcome: Handover) -> None:
        """The relay said this, or never will."""
        self.decided += is_decided(outcome)
        self.suspects.clear(message)
        self.not_sent(message, outcome)

    def not_sent(self, message: Message, outcome: Handover) -> None:
        """What became of a message of which the relay was not asked."""
        if isinstance(outcome, Sent):
            self.letters.answered(message, accepted(outcome.reply, message.recipient))
        else:
            reply = scrubbed(outcome.reply, message.recipient)
            self.letters.answered(message, replace(outcome, reply=reply))

    def give_back(self, message: Message) -> None:
        """It did not come to it, through no fault of its own."""
        self.letters.give_back(message)

    def line_broke(self, message: Message, why: str) -> None:
        """The line broke before the content of this message: another try, and then it waits."""
        if self.suspects.again(message):
            self.not_sent(message, Deferred(why, line=True))
        else:
            self.letters.give_back(message)
