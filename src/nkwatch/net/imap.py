"""Guarded IMAP (RFC 9051): visits a folder, each time over a new connection, and never raises for what a server does.

`newest` changes nothing: the folder is opened by EXAMINE and mails are fetched by BODY.PEEK, so none of them is
marked as seen. Mails are handed over as bytes: whoever reads them does so where it can be killed. Passwords stand in
no reason and no repr.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from imap_tools import BaseMailBox, ImapToolsError, MailboxLoginError
from imap_tools.errors import MailboxFolderSelectError

from nkwatch.net.accounts import PORTS, Account, MailLimits, Refused, Security
from nkwatch.net.answers import Unreached

T = TypeVar("T")
UID = re.compile(rb"\bUID (\d{1,10})\b")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,20})\b")
#: What IMAP can raise at run time through no fault of this program; text that is no ASCII is answered by some servers.
EXPECTED = (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError, EOFError)


@dataclass(frozen=True, slots=True)
class Mails:
    """The newest mails as bytes, newest first. `cursor` says how far this look went; `left_out` were too large."""

    mails: tuple[bytes, ...]
    cursor: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class NoNews:
    """There is nothing behind the cursor."""


Looked = Mails | NoNews | Refused | Unreached


class Imap:
    """Visits folders. `context` replaces the system's certificates."""

    def __init__(self, limits: MailLimits | None = None, context: ssl.SSLContext | None = None) -> None:
        self.limits = limits or MailLimits()
        self._context = context

    async def newest(self, account: Account, cursor: str) -> Looked:
        """The newest mails of the folder, if any came since `cursor` was given; those known before are among them."""
        return await self.visit(account, partial(_newest, cursor=cursor, limits=self.limits))

    async def visit(
        self, account: Account, errand: Callable[["Box"], T], *, changing: bool = False
    ) -> T | Refused | Unreached:
        """What `errand`, which runs in a thread, brings back from the folder; it may change it if that is said."""
        visit = _Visit(account, self.limits, self._context or ssl.create_default_context())
        try:
            return await asyncio.wait_for(asyncio.to_thread(visit.run, errand, changing), self.limits.deadline)
        except TimeoutError:
            return Unreached(f"{account.host} took longer than {self.limits.deadline:g} seconds for a few mails.")
        finally:
            visit.abort()


class _Client(imaplib.IMAP4):
    """A client that can be ended from outside. Takes no literal larger than a mail may be."""

    def __init__(self, visit: "_Visit", **how: Any) -> None:
        self._of = visit
        super().__init__(**how)

    def open(self, *where: Any, **how: Any) -> None:
        super().open(*where, **how)
        self._of.opened(self)

    def read(self, size: int) -> bytes:
        # a size is what the server says, and imaplib would wait for all of it
        if size > self._of.limits.largest:
            raise self.abort("a literal is too large")
        return super().read(size)


class _TlsClient(_Client, imaplib.IMAP4_SSL):
    """The same over TLS."""


class Box(BaseMailBox):
    """An open folder. imap_tools would parse each mail here; it is left as bytes."""

    email_message_class: Any = staticmethod(lambda fetched: next((f[1] for f in fetched if isinstance(f, tuple)), b""))

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._given = client
        #: the UIDVALIDITY of the folder: with another one, its UIDs mean other mails
        self.validity = 0
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._given


class _Visit:
    """One visit to a folder, in a thread."""

    def __init__(self, account: Account, limits: MailLimits, context: ssl.SSLContext) -> None:
        self.limits = limits
        self._account = account
        self._context = context
        self._client: imaplib.IMAP4 | None = None
        self._over = False

    def run(self, errand: Callable[[Box], T], changing: bool) -> T | Refused | Unreached:  # noqa: FBT001
        """See `Imap.visit`."""
        try:
            return self._run(Box(self._connected()), errand, changing=changing)
        except EXPECTED as error:
            return self._told(error)
        finally:
            self._close()

    def _told(self, error: Exception) -> Refused | Unreached:
        host, folder = self._account.host, self._account.folder
        match error:
            case MailboxLoginError():
                return Refused(f"{host} refuses the login: check the user in the address, the password in the secrets.")
            case MailboxFolderSelectError():
                return Refused(f"{host} shows this user no folder {folder!r}.")
            case imaplib.IMAP4.readonly():
                return Refused(f"{host} does not let this user change the folder {folder!r}.")
            case ssl.SSLCertVerificationError():
                return Unreached(f"{host} has no valid certificate.")
            case OSError():
                return Unreached(f"{host} could not be reached ({type(error).__name__}).", line=self._client is None)
            case _:
                # its words are left out: they may repeat what was sent, and that is a password
                return Unreached(f"{host} gave an answer that is not understood ({type(error).__name__}).")

    def opened(self, client: imaplib.IMAP4) -> None:
        """The connection is there, and the server has said nothing yet."""
        self._client = client
        if self._over:
            raise ConnectionAbortedError

    def abort(self) -> None:
        """End the connection under the thread that waits for it: a server may send a byte now and then for ever."""
        self._over = True
        if self._client is not None:
            with suppress(OSError):
                self._client.sock.shutdown(socket.SHUT_RDWR)

    def _close(self) -> None:
        if self._client is not None:
            with suppress(*EXPECTED):
                self._client.shutdown()

    def _connected(self) -> imaplib.IMAP4:
        account = self._account
        how: dict[str, Any] = {"host": account.host, "port": account.port or PORTS[account.security]}
        how["timeout"] = self.limits.step
        if account.security is Security.TLS:
            return _TlsClient(self, ssl_context=self._context, **how)
        client = _Client(self, **how)
        if account.security is Security.STARTTLS:
            client.starttls(self._context)
        return client

    def _run(self, box: Box, errand: Callable[[Box], T], *, changing: bool) -> T | Refused:
        account = self._account
        secret = account.user + account.password
        if not secret.isprintable():
            return Refused(f"The user or the password for {account.host} holds a character that no login can.")
        login = box.login if secret.isascii() else box.login_utf8
        login(account.user, account.password, initial_folder=None)
        box.folder.set(account.folder, readonly=not changing)
        box.validity = _number((box.client.response("UIDVALIDITY")[1] or [None])[0])
        brought = errand(box)
        with suppress(*EXPECTED):
            box.logout()
        return brought


def _newest(box: Box, cursor: str, limits: MailLimits) -> Mails | NoNews:
    uids = sorted(int(uid) for uid in box.uids("ALL", charset=None))
    last = uids[-1] if uids else 0
    before, _, seen = cursor.partition(":")
    if before == str(box.validity) and seen.isdecimal() and last <= int(seen):
        return NoNews()
    newest = uids[-limits.mails :]
    wanted = _wanted(_sizes(box.client, newest), newest, limits)
    mails = tuple(_mails(box, wanted))
    return Mails(mails, f"{box.validity}:{last}", left_out=len(newest) - len(mails))


def _wanted(sizes: dict[int, int], uids: list[int], limits: MailLimits) -> Iterator[str]:
    """The mails that are small enough, newest first, as long as they are so together."""
    total = 0
    for uid in reversed(uids):
        size = sizes.get(uid, limits.largest + 1)
        if size <= limits.largest and total + size <= limits.total:
            total += size
            yield str(uid)


def _mails(box: Box, uids: Iterator[str]) -> Iterator[bytes]:
    chosen = list(uids)
    # without a list of its own, imap_tools would fetch the whole folder
    fetched: Iterator[Any] = box.fetch(uid_list=chosen, mark_seen=False) if chosen else iter(())
    yield from (mail for mail in fetched if mail)


def _sizes(client: imaplib.IMAP4, uids: list[int]) -> dict[int, int]:
    """The size (bytes) of each mail by its UID, as the server says."""
    if not uids:
        return {}
    _, lines = client.uid("FETCH", ",".join(map(str, uids)), "(UID RFC822.SIZE)")
    answers = (line for line in lines if isinstance(line, bytes))
    pairs = ((UID.search(line), SIZE.search(line)) for line in answers)
    return {int(uid[1]): int(size[1]) for uid, size in pairs if uid and size}


def _number(value: object) -> int:
    return int(value) if isinstance(value, bytes) else 0
