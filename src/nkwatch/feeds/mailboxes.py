"""Mailboxes as sources: for organisations that publish by newsletter only. Nothing in a mailbox is ever changed.

A mailbox is a maildir (``maildir:/var/mail/newsletters``) or a folder on a server (``imaps://user@host/FOLDER``).
Options of a source: `from` (addresses and @domains that its newsletters come from), `authserv` (the name by which
the operator's own mail server signs its Authentication-Results) or `trust = "yes"` where mails were checked before.
"""

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path

from nkwatch.domain.outcome import Failed, Fetched, Outcome, Trouble, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.documents import Unreadable, distinct
from nkwatch.feeds.kinds import unknown_options, unreached
from nkwatch.feeds.newsletters import Skipped, read_mail
from nkwatch.feeds.workers import Workers
from nkwatch.logs import record
from nkwatch.net.accounts import MailLimits, Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.imap import Imap, Mails, NoNews
from nkwatch.net.mailboxes import account_of, maildir_of, problems_of
from nkwatch.net.maildir import MailFile, files

#: The newest mails of a maildir that are looked at.
NEWEST = 200
OPTIONS = {
    "from": "The addresses and @domains that the newsletter comes from, with spaces between them; needed.",
    "authserv": "The name that your mail server writes first in Authentication-Results: forged mails are left out.",
    "trust": "`yes` where mails are checked before they lie there; in place of `authserv`.",
}
SENDER = re.compile(r"[^\s@<>,;]*@[^\s@<>,;]+\.[^\s@<>,;]+")


class Mailboxes:
    """Polls mailboxes. `passwords` are by id of the source; `clock` answers the present instant in UTC."""

    name = "mailbox"

    def __init__(
        self, passwords: Mapping[str, str], workers: Workers, clock: Callable[[], datetime], imap: Imap | None = None
    ) -> None:
        self._passwords = passwords
        self._workers = workers
        self._clock = clock
        self._imap = imap or Imap()

    def problems(self, source: Source) -> Iterator[str]:
        """What is wrong or missing in the address, the options and the secrets of a mailbox."""
        password = bool(self._passwords.get(source.id))
        yield from problems_of(source.url, password=password, whose=f"source {source.id}")
        yield from _problems_of_options(source.options)
        yield from unknown_options("a mailbox", source, OPTIONS)

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """The newsletters among the newest mails, if any came since the last poll."""
        if problem := next(self.problems(source), ""):
            return Failed(f"{problem[0].upper()}{problem[1:]}.")
        # entries known from the last poll come along: only so can it be told that none was missed
        cursor = state.etag if state.conditional(self._clock()) else ""
        match await self._look(source, cursor):
            case NoNews():
                return Unchanged()
            case Refused(reason):
                return Failed(reason, trouble=Trouble.BLOCKED)
            case Unreached(reason, line):
                return unreached(reason, line=line)
            case Mails() as found:
                return Fetched(await self._entries(found, source), etag=found.cursor)

    async def _look(self, source: Source, cursor: str) -> Mails | NoNews | Refused | Unreached:
        if path := maildir_of(source.url):
            return await asyncio.to_thread(newest, Path(path), cursor)
        return await self._imap.newest(account_of(source.url, self._passwords[source.id]), cursor)

    async def _entries(self, found: Mails, source: Source) -> tuple[Entry, ...]:
        """One mail at a time goes to the workers: one that kills its reader must not take the others along."""
        read = [await self._workers.run(read_mail, mail, source) for mail in found.mails]
        skipped = Counter(Skipped.BROKEN if isinstance(r, Unreadable) else r for r in read if not isinstance(r, Entry))
        if skipped or found.left_out:
            counts = {str(why): skipped[why] for why in Skipped}
            record("mails skipped", source=source.id, too_large=found.left_out, **counts)
        return distinct(r for r in read if isinstance(r, Entry))


def newest(path: Path, cursor: str, limits: MailLimits | None = None) -> Mails | NoNews | Refused:
    """The newest mails of a maildir; none of them moves from new to cur."""
    limits = limits or MailLimits()
    try:
        found = sorted(files(path), key=lambda file: (file.came, file.size, file.path), reverse=True)[:NEWEST]
        seen = "\n".join(sorted(file.name for file in found))
        now = hashlib.sha256(seen.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        if now == cursor:
            return NoNews()
        mails = tuple(_small(found, limits))
    except OSError as error:
        return Refused(f"The maildir {path} cannot be read ({error.strerror or type(error).__name__}).")
    return Mails(mails, now, left_out=len(found) - len(mails))


def _small(found: list[MailFile], limits: MailLimits) -> Iterator[bytes]:
    total = 0
    for file in found:
        if file.size <= limits.largest and total + file.size <= limits.total:
            total += file.size
            yield file.path.read_bytes()


def _problems_of_options(options: Mapping[str, str]) -> Iterator[str]:
    senders = options.get("from", "").split()
    if not senders:
        yield "option from is missing: the addresses and @domains that the newsletter comes from"
    if wrong := [one for one in senders if not SENDER.fullmatch(one)]:
        yield f"option from holds what is neither an address nor an @domain: {', '.join(wrong)}"
    if options.get("trust", "yes") != "yes":
        yield 'option trust can only be "yes"'
    if "trust" not in options and not options.get("authserv", "").strip():
        yield (
            "option authserv is missing: the name that your mail server writes first in Authentication-Results; "
            'without it anybody could forge the newsletter (trust = "yes" if mails are checked before)'
        )
