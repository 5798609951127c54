"""Show a digest as a reader of any kind would get it, of any window. Nothing is written, and no reader is mailed."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nkwatch.domain.bulletin import Composition, Slots, Window
from nkwatch.domain.delivery import Claimed, Delivery, Handover, Message
from nkwatch.domain.desk import Editor
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.editing.digests import NOTHING, History, Plan, plans
from nkwatch.workflow.closing import content
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.gather import Gather
from nkwatch.workflow.ports import Assembler, Clock, Composer, Relay

#: Stands before the subject of a mail that only editors get.
MARK = "[TEST] "
#: The number of what is no bulletin, and the address of nobody (RFC 2606).
NUMBER, NOBODY = 0, "nobody@example.invalid"


@dataclass(frozen=True, slots=True)
class Previewed:
    """A digest as it would be; without a composition where the plan is empty and no mail would be sent."""

    window: Window
    plan: Plan
    composition: Composition | None = None
    slots: Slots = ()


@dataclass(frozen=True, slots=True)
class Tried:
    """What became of a test mail."""

    previewed: Previewed
    editor: Editor
    handover: Handover


@dataclass(frozen=True, slots=True)
class Proofs:
    """`editors` are those who may be sent a test; `domain` is that of our Message-IDs."""

    gather: Gather
    composer: Composer
    assembler: Assembler
    relay: Relay
    clock: Clock
    editors: Sequence[Editor]
    domain: str

    async def preview(self, choice: Choice, window: Window, history: History = NOTHING) -> Previewed:
        """The digest of this window for a reader with this choice; without a history for one who was sent nothing."""
        gathered = await self.gather(window, await self.gather.watch(), self.clock())
        reader = Subscriber("", choice, window.start)
        (plan,) = plans(gathered.offers, [reader], {reader.id: history})
        if plan.empty:
            return Previewed(window, plan)
        issue = self.composer.issue(gathered.surroundings, NUMBER)
        return Previewed(window, plan, *content(self.composer, issue, gathered, plan, choice))

    async def test(self, choice: Choice, window: Window, name: str) -> Tried | Refused:
        """Send that digest to the editor of this name or address, marked as a test."""
        editor = next((e for e in self.editors if name in {e.name, e.address}), None)
        if editor is None:
            return Refused(f"no editor is called {name!r}; {_known(self.editors)}")
        previewed = await self.preview(choice, window)
        if previewed.composition is None:
            return Refused("nothing in this window is for such a reader: no mail would be sent", usage=False)
        return Tried(previewed, editor, await self.relay.hand_over(self.message(previewed, editor.address)))

    def message(self, previewed: Previewed, recipient: str = NOBODY) -> Message:
        """The mail, marked as a test. Raises `ValueError` where nothing would be sent."""
        composition, now = previewed.composition, self.clock()
        if composition is None:
            raise ValueError("an empty plan makes no mail")
        # a delivery that stands in no table, and is nobody's subscription: its links lead to none
        name = hashlib.sha256(f"{recipient} {composition.fingerprint} {now.isoformat()}".encode()).hexdigest()
        delivery = Delivery(0, f"<test.{name[:32]}@{self.domain}>", now)
        marked = replace(composition, subject=f"{MARK}{composition.subject}")
        return self.assembler.assemble(Claimed(delivery, "", recipient, marked, NUMBER, slots=previewed.slots))


def _known(editors: Sequence[Editor]) -> str:
    names = ", ".join(e.name for e in editors)
    return f"there are {names}" if names else "the settings name none: add an [[editor]]"
