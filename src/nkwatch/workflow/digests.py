"""Close the windows that have closed, and write who gets which digest into the outbox.

A crash at any point loses nothing: a bulletin's rows are unique per subscriber, and a window moves on in the very
transaction that writes its deliveries.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.bulletin import Window
from nkwatch.domain.subscriber import Rhythm, Subscriber
from nkwatch.editing.windows import closed_window
from nkwatch.workflow.closing import LATER, CloseWindows, Digested
from nkwatch.workflow.ports import Clock

#: Subscribers in one transaction.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Digests:
    """One round: every window that has closed by now, each reader's once."""

    windows: CloseWindows
    clock: Clock

    async def __call__(self) -> Digested:
        """Close what has closed. A wrong template holds back what needs it, says so, and loses nothing."""
        now, total, subscribers = self.clock(), Digested(), self.windows.subscribers
        if not await subscribers.closing(now, 1):
            return total  # an idle tick writes nothing
        await subscribers.announce_closing(now)
        close = await self.windows.at(now)
        seen: frozenset[str] = frozenset()
        while True:
            found = await subscribers.closing(now, BATCH)
            closing = [r for r in found if r.id not in seen]
            if not closing:
                break
            # whoever could not be closed has waited longest and comes first again: older ones need no remembering
            seen = frozenset(r.id for r in found)
            windows, early = _by_window(closing, now)
            if early:
                await subscribers.postpone(early, now + LATER)
            for window, readers in windows.items():
                total += await close(window, readers)
        return total

    async def ahead(self, rhythm: Rhythm, *, dry: bool = False) -> Digested:
        """Close the open windows of everybody with this rhythm now; with `dry` only say what would come of it.

        The next ones begin now and close when they usually do.
        """
        now, total, after, subscribers = self.clock(), Digested(), "", self.windows.subscribers
        if not dry:
            await subscribers.announce_closing(now)
        closing = await self.windows.at(now)
        close = closing.foreseen if dry else closing
        while batch := await subscribers.with_rhythm(rhythm, after, BATCH, now):
            after = batch[-1].id
            windows: dict[Window, list[Subscriber]] = defaultdict(list)
            for reader in batch:
                windows[Window(reader.covered_until, now)].append(reader)
            for window, readers in windows.items():
                total += await close(window, readers)
        return total


def _by_window(closing: Iterable[Subscriber], now: datetime) -> tuple[dict[Window, list[Subscriber]], list[str]]:
    """The readers of each window, and the ids of those whose window has not closed after all."""
    windows: dict[Window, list[Subscriber]] = defaultdict(list)
    early: list[str] = []
    for reader in closing:
        window = closed_window(reader.choice.schedule, reader.covered_until, now)
        if window is None:
            early.append(reader.id)
        else:
            windows[window].append(reader)
    return windows, early
