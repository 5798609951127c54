"""What alerts are made with, and what all that deals with them asks."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from nkwatch.domain.desk import RulingKind
from nkwatch.domain.source import Source
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.alerts import Policy
from nkwatch.editing.matching import NOBODY
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.ports import Clock, Composer, Desk, Notice, Outbox, Statements, Subscribers

#: Subscribers in one transaction.
BATCH = 1_000
#: What an editor says of an alert that is on its way and must not go on.
_HALTS = {RulingKind.WITHHOLD, RulingKind.STOP, RulingKind.WITHDRAW, RulingKind.CORRECT}


@dataclass(frozen=True, slots=True)
class Office:
    """All that alerts are made with. `per_day` is how many mails with alerts a reader gets on one local day at most.

    `known_cases` leads from the keys of spellings to those of known cases (`CaseBook.keys`).
    """

    sources: Mapping[str, Source]
    statements: Statements
    subscribers: Subscribers
    outbox: Outbox
    desk: Desk
    composer: Composer
    composing: Composing
    clock: Clock
    notice: Notice
    policy: Policy = field(default_factory=Policy)
    per_day: int = 5
    known_cases: Mapping[str, str] = field(default_factory=lambda: NOBODY)

    async def earlier(self, numbers: Collection[int], readers: Sequence[Subscriber]) -> dict[str, str]:
        """The Message-IDs of the last mails of these bulletins to readers, who come ordered by id."""
        found: dict[str, str] = {}
        # all but the last letter of an id comes right before it in the order of ids
        after = readers[0].id[:-1] if readers and numbers else None
        while after is not None and (page := await self.outbox.recipients(numbers, after, BATCH)):
            found |= {r.subscriber.id: r.message_id for r in page}
            after = page[-1].subscriber.id
            after = after if after < readers[-1].id else None
        return found

    async def halted(self, story_id: str, since: datetime) -> bool:
        """Whether an editor stopped a story since then; what was written of it after that is stopped, too."""
        halted = any(r.kind in _HALTS and r.at > since for r in await self.desk.rulings(story_id))
        if halted:
            await self.outbox.stop(story_id, self.clock())
        return halted
