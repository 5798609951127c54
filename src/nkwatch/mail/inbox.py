"""The mailboxes that mails come to which are handled here: replies, bounces, and what arrives at the canary.

Each mail is handled once: first what it asks for, then the mark. What was handled and could not be marked is
remembered as long as this process lives, so that a mailbox which cannot be changed does not have everything done again
and again.
"""

from collections.abc import Callable, Sequence
from typing import Generic, ParamSpec, Protocol, TypeVar

from nkwatch.domain.bounce import Bounce
from nkwatch.domain.reply import Received, Reply
from nkwatch.domain.returned import Arrived, Returned
from nkwatch.mail.arriving import read_message_id
from nkwatch.mail.incoming import read_reply
from nkwatch.net.accounts import Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.postboxes import Postbox, UnseenMail

P = ParamSpec("P")


class Named(Protocol):
    """A mail as the workflow knows it."""

    @property
    def id(self) -> str:
        """That of the mail in its mailbox."""
        ...


M = TypeVar("M", bound=Named)


class Workers(Protocol):
    """Processes that can be killed; what comes back is not what the function makes where it could not end."""

    async def run(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> object: ...


class Inbox(Generic[M]):
    """Looks into a mailbox, and marks what was handled.

    `read` runs in a worker, over the bytes of one mail; `made` makes the mail that the workflow sees, of what came of
    that.
    """

    def __init__(
        self,
        box: Postbox,
        workers: Workers,
        read: Callable[[bytes], object],
        made: Callable[[UnseenMail, object], M],
    ) -> None:
        self._box = box
        self._workers = workers
        self._read_raw = read
        self._made = made
        self._handled: set[str] = set()
        self._kept: set[str] = set()
        self._later: set[str] = set()

    async def new(self) -> tuple[M, ...] | str:
        """The next mails that nobody has handled, oldest first; else one sentence that says why there are none."""
        found = await self._box.unseen(self._choose)
        if isinstance(found, Refused | Unreached):
            return found.reason
        if self._handled:
            await self._mark()
        return tuple([await self._read(mail) for mail in found])

    async def handled(self, received: M) -> str:
        """This mail needs nothing more. Answers one sentence where it cannot be marked, else nothing."""
        self._handled.add(received.id)
        return await self._mark()

    def keep(self, received: M) -> None:
        """Leave this mail as it is, and do not look at it again while this process lives."""
        self._kept.add(received.id)

    def put_off(self, received: M) -> None:
        """Look at this mail again when there is nothing newer to do."""
        self._later.add(received.id)

    async def _mark(self) -> str:
        handled = frozenset(self._handled)
        trouble = await self._box.mark_seen(handled)
        if trouble:
            return trouble.reason
        self._handled -= handled
        return ""

    async def _read(self, mail: UnseenMail) -> M:
        """One mail at a time goes to the workers: one that kills its reader must not take the others along."""
        return self._made(mail, await self._workers.run(self._read_raw, mail.raw))

    def _choose(self, ids: Sequence[str]) -> list[str]:
        """What is to be done, with what was put off last; forgets the mails that are there no longer."""
        for remembered in (self._handled, self._kept, self._later):
            remembered.intersection_update(ids)
        wanted = [i for i in ids if i not in self._handled and i not in self._kept]
        return sorted(wanted, key=lambda i: i in self._later)


def read_bounce(raw: bytes) -> Bounce:
    """What a mail that came back tells. To be run in a worker."""
    # what knows the words of mail servers takes long to load: workers have it, nobody else needs it
    from nkwatch.mail.bounces import reading  # noqa: PLC0415

    return reading.read_bounce(raw)


def inbox_of_replies(box: Postbox, workers: Workers) -> Inbox[Received]:
    """The mailbox that replies come to."""
    return Inbox(box, workers, read_reply, _reply)


def inbox_of_bounces(box: Postbox, workers: Workers) -> Inbox[Returned]:
    """The mailbox that mails come to which tell what became of ours."""
    return Inbox(box, workers, read_bounce, _bounce)


def inbox_of_canary(box: Postbox, workers: Workers) -> Inbox[Arrived]:
    """The mailbox in which every bulletin must arrive."""
    return Inbox(box, workers, read_message_id, _arrived)


def _reply(mail: UnseenMail, read: object) -> Received:
    return Received(mail.id, mail.raw, read if isinstance(read, Reply) else None, mail.whole)


def _bounce(mail: UnseenMail, read: object) -> Returned:
    return Returned(mail.id, mail.raw, read if isinstance(read, Bounce) else None, mail.whole)


def _arrived(mail: UnseenMail, read: object) -> Arrived:
    return Arrived(mail.id, read if isinstance(read, str) else "")
