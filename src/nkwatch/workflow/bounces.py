"""What came back: a bounce acts only where it is proved whose mail it is about; else it is kept and counted.

A mail is first acted upon, then marked as seen: a crash between the two repeats an act that may be repeated.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from nkwatch.domain.bounce import CAME_BACK, Bounce, Bounced, BounceKind, Fate
from nkwatch.domain.retry import codes
from nkwatch.domain.returned import Refusal, Returned
from nkwatch.domain.subscriber import Suppression
from nkwatch.editing.bouncing import of_reply, run_out
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.told import Telling

#: Refusals judged in one round.
REFUSALS = 500
#: More of them are believed only of a relay that took as many mails lately.
FEW, LATELY = 3, timedelta(hours=1)
#: Why a subscription ended, as it is recorded with it.
NO_MAILBOX = f"{CAME_BACK}: no such mailbox"
RUN_OUT = f"{CAME_BACK}: none arrived for two weeks"
COMPLAINED = "complained"
UNPROVED = "nothing in them proves whose mail came back, or they cannot be read"
WAITS = "bounces wait, and it is tried again"
KEPT = "look at them in the mailbox of bounces, where they are still unread; nobody was removed"


@dataclass(frozen=True, slots=True)
class CameBack:
    """What one round did.

    `ended` and `complained` are subscriptions that ended, `marked` mails of which it is noted that they did not
    arrive; `known` changed nothing more, and `delayed` ones count for nothing, since a server goes on trying.
    `automatic` and `other` are no bounces. `unproved` and `unread` (those that cannot be read) were left for the
    operator.
    """

    ended: int = 0
    complained: int = 0
    marked: int = 0
    known: int = 0
    delayed: int = 0
    automatic: int = 0
    other: int = 0
    unproved: int = 0
    unread: int = 0


class Done(StrEnum):
    """What became of one mail or report."""

    ENDED = "ended"
    COMPLAINED = "complained"
    MARKED = "marked"
    KNOWN = "known"
    DELAYED = "delayed"
    AUTOMATIC = "automatic"
    OTHER = "other"
    UNPROVED = "unproved"
    UNREAD = "unread"


#: These tell of no mail of ours.
_IDLE = {BounceKind.AUTO_REPLY: Done.AUTOMATIC, BounceKind.NONE: Done.OTHER}
#: For these somebody is to look.
_FOR_PEOPLE = {Done.UNPROVED, Done.UNREAD}


class Inbox(Protocol):
    """The mailbox that bounces come to."""

    async def new(self) -> tuple[Returned, ...] | str:
        """The next mails that nobody has handled, oldest first; else one sentence that says why there are none."""
        ...

    async def handled(self, received: Returned) -> str:
        """This mail needs nothing more. Answers one sentence where it cannot be marked, else nothing."""
        ...

    def keep(self, received: Returned) -> None:
        """Leave this mail as it is, and do not look at it again while this process lives."""


class Ledger(Protocol):
    """Whose mails came back, and what was noted of them."""

    async def proved(self, bounce: Bounce, now: datetime) -> Bounced | None:
        """Whose mail this is about, if a token of ours in it proves that; nobody's ("") where the reader is gone."""
        ...

    async def reported(self, bounce: Bounce) -> Bounced | None:
        """The same for the word of a provider that is known to be its own: by its name for the message, or by ours."""
        ...

    async def mark(self, bounced: Bounced, now: datetime) -> bool:
        """Note with the delivery what became of it; false where nothing weaker was noted before."""
        ...

    async def fates(self, subscriber_id: str) -> Sequence[Fate]:
        """What became of the mails to a subscriber since joining, the newest first."""
        ...

    async def end(self, bounced: Bounced, why: Suppression, reason: str, now: datetime) -> bool:
        """End the subscription and note the address as not to be mailed; false when nothing was to end.

        A mail from before the reader joined (again) ends nothing, nor one that went to another address: of what
        bounced, any from before a change of address was asked for. Who is yet to confirm is asked no more only after
        a complaint.
        """
        ...

    async def refused(self, limit: int) -> Sequence[Refusal]:
        """Deliveries that the relay refused for good and that have no mark, the oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Bounces:
    """Rounds over refusals and over the mailbox, where there is one.

    `accepted` answers how many mails relays accepted since then (`Outbox.accepted`). `shared` says that replies come to
    the same mailbox: then what is no bounce is left to those who read them.
    """

    ledger: Ledger
    accepted: Callable[[datetime], Awaitable[int]]
    clock: Clock
    telling: Telling
    inbox: Inbox | None = None
    shared: bool = False
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> CameBack:
        """Judge what was refused, and handle the mails that have come."""
        done: Counter[Done] = Counter()
        refusals = await self.ledger.refused(REFUSALS)
        believed = await self._believed(refusals)
        for refusal in refusals:
            done[await self._judge(refusal, believed=believed)] += 1
        if self.inbox is not None:
            done += await self._look_into(self.inbox)
        return _counted(done)

    async def take(self, bounce: Bounce) -> CameBack:
        """Act on one mail that did not come through the mailbox."""
        return _counted(Counter([await self._act(bounce)]))

    async def report(self, events: Sequence[Bounce]) -> CameBack:
        """Act on what a provider reports, over a channel that is known to be its own."""
        done: Counter[Done] = Counter()
        for event in events:
            done[_IDLE.get(event.kind) or await self._weigh(event, await self.ledger.reported(event))] += 1
        return _counted(done)

    async def _look_into(self, inbox: Inbox) -> Counter[Done]:
        new = await inbox.new()
        self.telling.trouble("the mailbox of bounces cannot be read", new if isinstance(new, str) else "", WAITS)
        done: Counter[Done] = Counter()
        for returned in () if isinstance(new, str) else new:
            if self.stop.is_set():
                break
            done[await self._handle(inbox, returned)] += 1
        if left := sum(done[d] for d in _FOR_PEOPLE):
            self.telling.daily("bounces without proof", mails=left, why=UNPROVED, what=KEPT)
        return done

    async def _handle(self, inbox: Inbox, returned: Returned) -> Done:
        bounce = returned.bounce
        done = Done.UNREAD if bounce is None else await self._act(bounce)
        if done in _FOR_PEOPLE or (self.shared and done in _IDLE.values()):
            inbox.keep(returned)
        else:
            self.telling.trouble("bounces cannot be marked as seen", await inbox.handled(returned), WAITS)
        return done

    async def _act(self, bounce: Bounce) -> Done:
        if bounce.kind in _IDLE:
            return _IDLE[bounce.kind]
        return await self._weigh(bounce, await self.ledger.proved(bounce, self.clock()))

    async def _weigh(self, bounce: Bounce, bounced: Bounced | None) -> Done:
        """A warning is no return: the message may still arrive, and if not, a final one comes."""
        if bounced is not None and not bounce.final:
            return Done.DELAYED
        return await self._settle(bounced)

    async def _believed(self, refusals: Sequence[Refusal]) -> bool:
        """Whether a relay's refusals say something of readers: one that refuses more than it takes is set up wrong."""
        if len(refusals) <= FEW or len(refusals) <= await self.accepted(self.clock() - LATELY):
            return True
        what = "no subscription ends for it; look at what the relay says: `nkwatch doctor`"
        self.telling.daily("the relay refuses more than it takes", refused=len(refusals), what=what)
        return False

    async def _judge(self, refusal: Refusal, *, believed: bool) -> Done:
        """A relay that says "no such mailbox" is as good as a bounce."""
        kind, status = of_reply(refusal.reply), codes(refusal.reply).enhanced
        bounced = Bounced(refusal.subscriber_id, kind, status, refusal.delivery_id)
        if believed:
            return await self._settle(bounced)
        await self.ledger.mark(replace(bounced, kind=BounceKind.SOFT), self.clock())
        return Done.MARKED

    async def _settle(self, bounced: Bounced | None) -> Done:
        if bounced is None:
            return Done.UNPROVED
        now = self.clock()
        new = await self.ledger.mark(bounced, now)
        complaint = bounced.kind is BounceKind.COMPLAINT
        why = Suppression.COMPLAINED if complaint else Suppression.BOUNCED
        reason = COMPLAINED if complaint else await self._lost(bounced)
        if reason and await self.ledger.end(bounced, why, reason, now):
            return Done.COMPLAINED if complaint else Done.ENDED
        return Done.MARKED if new else Done.KNOWN

    async def _lost(self, bounced: Bounced) -> str:
        """Why nothing will arrive at an address any more; empty where it may."""
        if bounced.kind is BounceKind.HARD:
            return f"{NO_MAILBOX} ({bounced.status})" if bounced.status else NO_MAILBOX
        return RUN_OUT if run_out(await self.ledger.fates(bounced.subscriber_id), self.clock()) else ""


def _counted(done: Counter[Done]) -> CameBack:
    return CameBack(**{str(what): count for what, count in done.items()})
