"""Replies to our mails: who asks to leave leaves, everything else that a person wrote reaches a person.

Nothing is ever answered automatically. Each mail is first acted upon, then marked: a crash between the two repeats an
act that may be repeated.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from nkwatch.domain.delivery import Deferred, Handover, Message, Sent, Unknown
from nkwatch.domain.reply import Handling, Received, Reply, Sorted
from nkwatch.workflow.ports import Relay
from nkwatch.workflow.subscribe import Subscribe
from nkwatch.workflow.told import Telling

REASON = "left by reply"
WAITING = "replies wait, and it is tried again"
LOOK = "look for it in the mailbox of replies, where it is still unread"


@dataclass(frozen=True, slots=True)
class Replied:
    """What one round did. `bounces` were left for those who read them, `unread` for the operator, `put_off` wait."""

    left: int = 0
    passed_on: int = 0
    ignored: int = 0
    bounces: int = 0
    unread: int = 0
    put_off: int = 0


class Done(StrEnum):
    """What became of one mail."""

    LEFT = "left"
    PASSED_ON = "passed_on"
    IGNORED = "ignored"
    BOUNCE = "bounces"
    UNREAD = "unread"
    PUT_OFF = "put_off"


class Inbox(Protocol):
    """The mailbox that replies come to."""

    async def new(self) -> tuple[Received, ...] | str:
        """The next mails that nobody has handled, oldest first; else one sentence that says why there are none."""
        ...

    async def handled(self, received: Received) -> str:
        """This mail needs nothing more. Answers one sentence where it cannot be marked, else nothing."""
        ...

    def keep(self, received: Received) -> None:
        """Leave this mail as it is, and do not look at it again while this process lives."""

    def put_off(self, received: Received) -> None:
        """Look at this mail again when there is nothing newer to do."""


class Forwarding(Protocol):
    """Makes the mail that passes a reply on to a person."""

    def __call__(self, received: Received, *, asks_to_leave: bool) -> Message: ...


@dataclass(frozen=True, slots=True)
class Replies:
    """Rounds over the mailbox."""

    inbox: Inbox
    sort: Callable[[Reply], Sorted]
    subscribe: Subscribe
    forwarding: Forwarding
    relay: Relay
    telling: Telling
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Replied:
        """Handle the mails that have come."""
        new = await self.inbox.new()
        self.telling.trouble("the mailbox of replies cannot be read", new if isinstance(new, str) else "", WAITING)
        return await _Round(self)(() if isinstance(new, str) else new)

    async def mark(self, received: Received) -> None:
        """This mail is done with."""
        self.telling.trouble("replies cannot be marked as seen", await self.inbox.handled(received), WAITING)


class _Round:
    """One round. While the relay is gone nothing more is passed on in it, but who asks to leave leaves."""

    def __init__(self, replies: Replies) -> None:
        self._replies = replies
        self._relay_gone = False

    async def __call__(self, new: tuple[Received, ...]) -> Replied:
        done: Counter[Done] = Counter()
        for received in new:
            if self._replies.stop.is_set():
                break
            done[await self._handle(received)] += 1
        return Replied(**{str(what): count for what, count in done.items()})

    async def _handle(self, received: Received) -> Done:
        if received.reply is None:
            return self._kept(received, Done.UNREAD, "a reply cannot be read")
        sorted_ = self._replies.sort(received.reply)
        match sorted_.handling:
            case Handling.BOUNCE:
                return self._kept(received, Done.BOUNCE)
            case Handling.PERSON:
                return await self._pass_on(received, asks_to_leave=sorted_.asks_to_leave)
            case Handling.IGNORE:
                ended = False
            case Handling.LEAVE:
                ended = await self._replies.subscribe.leave(sorted_.subscriber_id, REASON)
        await self._replies.mark(received)
        return Done.LEFT if ended else Done.IGNORED

    async def _pass_on(self, received: Received, *, asks_to_leave: bool) -> Done:
        outcome: Handover = Deferred("", line=True)
        if not self._relay_gone:
            message = self._replies.forwarding(received, asks_to_leave=asks_to_leave)
            outcome = await self._replies.relay.hand_over(message)
        match outcome:
            case Sent():
                await self._replies.mark(received)
                return Done.PASSED_ON
            case Deferred() | Unknown():
                self._relay_gone |= isinstance(outcome, Deferred) and outcome.line
                self._replies.inbox.put_off(received)
                return Done.PUT_OFF
            case _:
                return self._kept(received, Done.UNREAD, "a reply cannot be passed on", outcome.reply)

    def _kept(self, received: Received, done: Done, event: str = "", why: str = "") -> Done:
        self._replies.inbox.keep(received)
        if event:
            self._replies.telling.notice(event, why=why, what=LOOK)
        return done


@dataclass(frozen=True, slots=True)
class NoReplies:
    """Where there is no mailbox for replies."""

    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Replied:
        """A round in which nothing is done."""
        return Replied()
