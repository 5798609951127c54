"""Mailboxes as sources: for organisations that publish by newsletter only. Nothing in a mailbox is ever changed.

A mailbox is a maildir (``maildir:/var/mail/newsletters``) or a folder on a server (``imaps://user@host/FOLDER``).
Options of a source: `from` (addresses and @domains that its newsletters come from), `authserv` (the name by which
the operator's own mail server signs its Authentication-Results) or `trust = "yes"` where mails were checked before.
"""

import asyncio
import hashlib
import ipaddress
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from nkwatch.domain.outcome import Failed, Fetched, Outcome, Trouble, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.documents import Unreadable, distinct
from nkwatch.feeds.newsletters import Skipped, read_mail
from nkwatch.feeds.workers import Workers
from nkwatch.logs import record
from nkwatch.net.answers import Unreached
from nkwatch.net.imap import Account, Imap, MailLimits, Mails, NoNews, Refused, Security

#: The newest mails of a maildir that are looked at.
NEWEST = 200
OPTIONS = frozenset({"from", "authserv", "trust"})
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
        parts = _split(source.url)
        if parts is None:
            yield "the address of a mailbox is maildir:/PATH or imaps://USER@HOST/FOLDER"
        elif parts.scheme == "maildir":
            yield from _problems_of_path(parts)
        else:
            yield from _problems_of_server(parts)
            if not self._passwords.get(source.id):
                yield f"there is no password for source {source.id} in the secrets file"
        yield from _problems_of_options(source.options)

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
                return Failed(reason, trouble=Trouble.UNREACHED if line else Trouble.FAILING)
            case Mails() as found:
                return Fetched(await self._entries(found, source), etag=found.cursor)

    async def _look(self, source: Source, cursor: str) -> Mails | NoNews | Refused | Unreached:
        parts = urlsplit(source.url)
        if parts.scheme == "maildir":
            return await asyncio.to_thread(newest, Path(unquote(parts.path)), cursor)
        return await self._imap.newest(_account(parts, self._passwords[source.id]), cursor)

    async def _entries(self, found: Mails, source: Source) -> tuple[Entry, ...]:
        """One mail at a time goes to the workers: one that kills its reader must not take the others along."""
        read = [await self._workers.run(read_mail, mail, source) for mail in found.mails]
        skipped = Counter(Skipped.BROKEN if isinstance(r, Unreadable) else r for r in read if not isinstance(r, Entry))
        if skipped or found.left_out:
            counts = {str(why): skipped[why] for why in Skipped}
            record("mails skipped", source=source.id, too_large=found.left_out, **counts)
        return distinct(r for r in read if isinstance(r, Entry))


def newest(path: Path, cursor: str, limits: MailLimits | None = None) -> Mails | NoNews | Refused:
    """The newest mails of a maildir, read where they lie: none moves from new to cur. Symbolic links are left alone.

    The standard library's Maildir parses each mail on the way, and tells neither size nor age before.
    """
    limits = limits or MailLimits()
    try:
        files = sorted(_files(path), reverse=True)[:NEWEST]
        seen = "\n".join(sorted(_lasting_name(file) for _, _, file in files))
        now = hashlib.sha256(seen.encode("utf-8", "surrogateescape")).hexdigest()[:32]
        if now == cursor:
            return NoNews()
        mails = tuple(_small(files, limits))
    except OSError as error:
        return Refused(f"The maildir {path} cannot be read ({error.strerror or type(error).__name__}).")
    return Mails(mails, now, left_out=len(files) - len(mails))


def _files(path: Path) -> Iterator[tuple[float, int, Path]]:
    """When each mail came, its size (bytes), and where it lies."""
    for folder in ("new", "cur"):
        for file in os.scandir(path / folder):
            about = file.stat(follow_symlinks=False)
            if stat.S_ISREG(about.st_mode) and not file.name.startswith("."):
                yield about.st_mtime, about.st_size, Path(file.path)


def _lasting_name(file: Path) -> str:
    """The name without flags, which change when somebody reads the mail."""
    return file.name.partition(":")[0]


def _small(files: list[tuple[float, int, Path]], limits: MailLimits) -> Iterator[bytes]:
    total = 0
    for _, size, file in files:
        if size <= limits.largest and total + size <= limits.total:
            total += size
            yield file.read_bytes()


def _split(url: str) -> SplitResult | None:
    """The parts of the address of a mailbox; None where it is none."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {"maildir", *Security} and parts.port != 0
    except ValueError:
        return None
    return parts if known else None


def _account(parts: SplitResult, password: str) -> Account:
    return Account(
        host=parts.hostname or "",
        user=unquote(parts.username or ""),
        password=password,
        folder=unquote(parts.path.strip("/")) or "INBOX",
        security=Security(parts.scheme),
        port=parts.port or 0,
    )


def _problems_of_path(parts: SplitResult) -> Iterator[str]:
    if parts.netloc or not parts.path.startswith("/"):
        yield "a maildir is named by its whole path: maildir:/var/mail/newsletters"


def _problems_of_server(parts: SplitResult) -> Iterator[str]:
    if parts.password is not None:
        yield "the password stands in the address of the mailbox: write it into the secrets file, and change it"
    if not parts.hostname or not parts.username:
        yield "the address of a mailbox names a user and a host: imaps://USER@HOST/FOLDER"
    elif parts.scheme == Security.NONE and not _loopback(parts.hostname):
        yield "imap:// would send the password in the clear: use imaps:// or imap+starttls://"


def _loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


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
    if unknown := sorted(set(options) - OPTIONS):
        yield f"a mailbox has no option {', '.join(unknown)}; there are {', '.join(sorted(OPTIONS))}"
