r"""Mailboxes whose mails are handled one by one: what nobody has seen yet is looked at, then marked as seen.

In a folder on a server that is the flag \Seen (RFC 9051, 2.3.2), in a maildir the letter S behind a name in `cur`.
Of a mail that is too large only the beginning is taken.
"""

import asyncio
import imaplib
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from nkwatch.net.accounts import Account, MailLimits, Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.imap import SIZE, Box, Imap
from nkwatch.net.mailboxes import account_of, maildir_of
from nkwatch.net.maildir import files

#: Few at a time: each is kept in memory until it has been handled.
LIMITS = MailLimits(mails=20, largest=1_000_000, total=10_000_000)
UID = re.compile(r"[0-9]{1,10}\.[0-9]{1,10}")

Choose = Callable[[Sequence[str]], Sequence[str]]
"""Says which of these mails, the oldest first, to fetch, and in which order."""


@dataclass(frozen=True, slots=True)
class UnseenMail:
    """A mail as bytes; `whole` is false where it goes on. Its id is good for as long as it lies in its mailbox."""

    id: str
    raw: bytes
    whole: bool


Unseen = tuple[UnseenMail, ...]


class Postbox(Protocol):
    """A mailbox that this program handles the mails of."""

    async def unseen(self, choose: Choose) -> Unseen | Refused | Unreached:
        """The mails that nobody has seen yet, as far as they are chosen."""
        ...

    async def mark_seen(self, ids: Collection[str]) -> Refused | Unreached | None:
        """Mark these mails as seen; those that are gone are no problem."""
        ...


def postbox(url: str, password: str, imap: Imap | None = None) -> "Postbox":
    """The mailbox at an address in which `mailboxes.problems_of` finds nothing wrong."""
    if path := maildir_of(url):
        return MaildirPostbox(Path(path))
    return ImapPostbox(account_of(url, password), imap or Imap(LIMITS))


@dataclass(frozen=True, slots=True)
class ImapPostbox:
    """A folder on a server."""

    account: Account
    imap: Imap

    async def unseen(self, choose: Choose) -> Unseen | Refused | Unreached:
        """See `Postbox`."""
        return await self.imap.visit(self.account, partial(_unseen, choose=choose, limits=self.imap.limits))

    async def mark_seen(self, ids: Collection[str]) -> Refused | Unreached | None:
        """See `Postbox`."""
        return await self.imap.visit(self.account, partial(_mark, ids=ids), changing=True)


def _unseen(box: Box, choose: Choose, limits: MailLimits) -> Unseen:
    uids = sorted(int(uid) for uid in box.uids("UNSEEN UNDELETED", charset=None))
    chosen = choose([f"{box.validity}.{uid}" for uid in uids])[: limits.mails]
    return tuple(_bounded((found for i in chosen if (found := _fetched(box.client, i, limits.largest))), limits.total))


def _fetched(client: imaplib.IMAP4, mail_id: str, largest: int) -> UnseenMail | None:
    """The first `largest` bytes of a mail; None where it is gone."""
    uid = mail_id.partition(".")[2]
    _, answers = client.uid("FETCH", uid, f"(UID RFC822.SIZE BODY.PEEK[]<0.{largest}>)")
    about = b" ".join(a[0] if isinstance(a, tuple) else a for a in answers if isinstance(a, tuple | bytes))
    raw = next((a[1] for a in answers if isinstance(a, tuple)), None)
    size = SIZE.search(about)
    return None if raw is None else UnseenMail(mail_id, raw, whole=not size or int(size[1]) <= len(raw))


def _mark(box: Box, ids: Collection[str]) -> Refused | None:
    ours = [i.partition(".")[2] for i in ids if UID.fullmatch(i) and i.startswith(f"{box.validity}.")]
    done = not ours or box.client.uid("STORE", ",".join(ours), "+FLAGS.SILENT", r"(\Seen)")[0] == "OK"
    return None if done else Refused("The mail server does not let this user mark mails as seen.")


@dataclass(frozen=True, slots=True)
class MaildirPostbox:
    """A maildir."""

    path: Path
    limits: MailLimits = LIMITS

    async def unseen(self, choose: Choose) -> Unseen | Refused | Unreached:
        """See `Postbox`."""
        return await asyncio.to_thread(self._unseen, choose)

    async def mark_seen(self, ids: Collection[str]) -> Refused | Unreached | None:
        """See `Postbox`."""
        return await asyncio.to_thread(self._mark, ids)

    def _unseen(self, choose: Choose) -> Unseen | Refused:
        try:
            found = {f.name: f for f in sorted(files(self.path), key=lambda f: (f.came, f.name)) if not f.seen}
            chosen = choose(list(found))[: self.limits.mails]
            return tuple(_bounded((self._read(found[i].path, i) for i in chosen), self.limits.total))
        except OSError as error:
            return Refused(f"The maildir {self.path} cannot be read ({error.strerror or type(error).__name__}).")

    def _read(self, path: Path, name: str) -> UnseenMail:
        with path.open("rb") as file:
            raw = file.read(self.limits.largest)
            return UnseenMail(name, raw, whole=not file.read(1))

    def _mark(self, ids: Collection[str]) -> Refused | None:
        try:
            for file in [f for f in files(self.path) if f.name in ids and not f.seen]:
                file.mark_seen()
        except OSError as error:
            return Refused(f"The maildir {self.path} cannot be changed ({error.strerror or type(error).__name__}).")
        return None


def _bounded(mails: Iterator[UnseenMail], total: int) -> Iterator[UnseenMail]:
    """The mails until they have more than `total` bytes together."""
    taken = 0
    for mail in mails:
        yield mail
        taken += len(mail.raw)
        if taken > total:
            return
