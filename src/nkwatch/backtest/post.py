"""What becomes of mails in a backtest: they are put together as ever, and kept. Nothing is sent."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

from nkwatch.backtest.weeks import ALERTED, COUNTED, LEAD, LINE, Digest, Mail, Told
from nkwatch.domain.bulletin import Addressed, BulletinKind, Composition
from nkwatch.domain.delivery import Claimed, Delivery, Handover, Message, Sent
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.digests import Plan
from nkwatch.mail.assemble import MailAssembler
from nkwatch.web.mails import opened
from nkwatch.workflow.composing import Composed, Composing
from nkwatch.workflow.ports import Letters

T = TypeVar("T")

#: Stands in links where a reader's own token would.
NOBODY = "backtest"
#: The section of stories that have no theme.
OTHER = "other"


@dataclass(frozen=True, slots=True)
class Overheard(Composing):
    """Composes, and notes the plans of the digests that it composes."""

    plans: list[Plan] = field(default_factory=list)

    def __call__(
        self, event: str, wanted: Iterable[tuple[Subscriber, T]], compose: Callable[[Subscriber, T], Addressed]
    ) -> Composed:
        """As `Composing` does."""
        wanted = list(wanted)
        self.plans.extend(content for _, content in wanted if isinstance(content, Plan))
        return Composing.__call__(self, event, wanted, compose)


class Post:
    """Assembler, signer and relay in one: it keeps what it is handed. The mails are the same in every run."""

    connections = 1

    def __init__(self, assembler: MailAssembler, address: str) -> None:
        """`address` is the reader's, as it stands in mails."""
        self._assembler = replace(assembler, link=_link, replies="")
        self._address = address
        self._digests: list[Claimed] = []

    def assemble(self, claimed: Claimed) -> Message:
        """The message for one delivery."""
        if claimed.composition.kind is BulletinKind.DIGEST:
            self._digests.append(claimed)
        return self._assembler.assemble(replace(claimed, subscriber_id=NOBODY))

    async def signed(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as they are: a signature would not be the same in every run."""
        return list(messages)

    async def carry(self, letters: Letters) -> str:
        """Taken, and sent to nobody."""
        while (message := await letters.next()) is not None:
            await letters.offer(message)
            letters.answered(message, await self.hand_over(message))
        return ""

    async def hand_over(self, _message: Message) -> Handover:
        """Taken, and sent to nobody."""
        return Sent("250 kept")

    async def close(self) -> None:
        """Nothing is open."""

    def digests(self, plans: list[Plan], at: datetime) -> list[Digest]:
        """The digests that were handed over since this was asked last, made by these plans, which are used up."""
        pairs = list(zip(plans, self._digests, strict=False))
        plans.clear()
        self._digests.clear()
        return [Digest(at, _told(plan, c.composition), self._opened(c)) for plan, c in pairs]

    def mail(self, composition: Composition, slots: Sequence[tuple[str, str]], at: datetime) -> Mail:
        """The mail that this content makes."""
        delivery = Delivery(0, f"<{NOBODY}@nkwatch.example>", at)
        return self._opened(Claimed(delivery, NOBODY, self._address, composition, 0, NOBODY, tuple(slots)))

    def _opened(self, claimed: Claimed) -> Mail:
        message = self._assembler.assemble(replace(claimed, subscriber_id=NOBODY))
        found = opened(0, message.content, {})
        return Mail(found.subject, found.text.replace("\r\n", "\n"), found.html.replace("\r\n", "\n"))


def _link(_purpose: str, _subject: str, _expires: datetime | None = None, /) -> str:
    return NOBODY


def _told(plan: Plan, composition: Composition) -> tuple[Told, ...]:
    """The stories in their order. What the mail had no room for only counts in it."""
    there = frozenset(composition.stories)
    sections = ((s.theme or OTHER, s.picks) for s in plan.sections)
    picks = [(name, pick) for name, own in ((LEAD, plan.leads), *sections, (LINE, plan.more)) for pick in own]
    told = [Told(p.story, name if p.story.id in there else COUNTED, p.reasons) for name, p in picks]
    return (*told, *(Told(story, ALERTED) for story in plan.alerted))
