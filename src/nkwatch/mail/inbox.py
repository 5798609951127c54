"""The mailbox that replies come to. Each mail in it is handled once: first what it asks for, then the mark.

What was handled and could not be marked is remembered as long as this process lives, so that a mailbox which cannot
be changed does not have everything done again and again.
"""

from collections.abc import Callable, Sequence
from typing import ParamSpec, Protocol

from nkwatch.domain.reply import Received, Reply
from nkwatch.mail.incoming import read_reply
from nkwatch.net.accounts import Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.postboxes import Postbox, UnseenMail

P = ParamSpec("P")


class Workers(Protocol):
    """Processes that can be killed; what comes back is no `Reply` where one had to be."""

    async def run(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> object: ...


class Inbox:
    """Looks into a mailbox, and marks what was handled."""

    def __init__(self, box: Postbox, workers: Workers) -> None:
        self._box = box
        self._workers = workers
        self._handled: set[str] = set()
        self._kept: set[str] = set()
        self._later: set[str] = set()

    async def new(self) -> tuple[Received, ...] | str:
        """The next mails that nobody has handled, oldest first; else one sentence that says why there are none."""
        found = await self._box.unseen(self._choose)
        if isinstance(found, Refused | Unreached):
            return found.reason
        if self._handled:
            await self._mark()
        return tuple([await self._read(mail) for mail in found])

    async def handled(self, received: Received) -> str:
        """This mail needs nothing more. Answers one sentence where it cannot be marked, else nothing."""
        self._handled.add(received.id)
        return await self._mark()

    def keep(self, received: Received) -> None:
        """Leave this mail as it is, and do not look at it again while this process lives."""
        self._kept.add(received.id)

    def put_off(self, received: Received) -> None:
        """Look at this mail again when there is nothing newer to do."""
        self._later.add(received.id)

    async def _mark(self) -> str:
        handled = frozenset(self._handled)
        trouble = await self._box.mark_seen(handled)
        if trouble:
            return trouble.reason
        self._handled -= handled
        return ""

    async def _read(self, mail: UnseenMail) -> Received:
        """One mail at a time goes to the workers: one that kills its reader must not take the others along."""
        reply = await self._workers.run(read_reply, mail.raw)
        return Received(mail.id, mail.raw, reply if isinstance(reply, Reply) else None, mail.whole)

    def _choose(self, ids: Sequence[str]) -> list[str]:
        """What is to be done, with what was put off last; forgets the mails that are there no longer."""
        for remembered in (self._handled, self._kept, self._later):
            remembered.intersection_update(ids)
        wanted = [i for i in ids if i not in self._handled and i not in self._kept]
        return sorted(wanted, key=lambda i: i in self._later)
