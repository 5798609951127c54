"""Guarded IMAP (RFC 9051): looks at a folder and changes nothing in it.

The folder is opened by EXAMINE and mails are fetched by BODY.PEEK, so none of them is marked as seen. Mails are
handed over as bytes: whoever reads them does so where it can be killed. Passwords stand in no reason and no repr.
"""

import asyncio
import imaplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from imap_tools import BaseMailBox, ImapToolsError, MailboxLoginError
from imap_tools.errors import MailboxFolderSelectError

from nkwatch.net.answers import Unreached

UID = re.compile(rb"\bUID (\d{1,10})\b")
SIZE = re.compile(rb"\bRFC822\.SIZE (\d{1,20})\b")
#: What IMAP can raise at run time through no fault of this program; text that is no ASCII is answered by some servers.
EXPECTED = (imaplib.IMAP4.error, ImapToolsError, OSError, ValueError, EOFError)


class Security(StrEnum):
    """How the connection is secured, by scheme of the address."""

    TLS = "imaps"
    STARTTLS = "imap+starttls"
    NONE = "imap"


PORTS: Final = {Security.TLS: 993, Security.STARTTLS: 143, Security.NONE: 143}


@dataclass(frozen=True, slots=True)
class Account:
    """A folder of somebody's mails, and how to get there."""

    host: str
    user: str
    password: str = field(repr=False)
    folder: str = "INBOX"
    security: Security = Security.TLS
    port: int = 0


@dataclass(frozen=True, slots=True)
class MailLimits:
    """Seconds of one step and of all together; mails a look, bytes of one and of all together."""

    step: float = 30.0
    deadline: float = 120.0
    mails: int = 50
    largest: int = 2_000_000
    total: int = 30_000_000


@dataclass(frozen=True, slots=True)
class Mails:
    """The newest mails as bytes, newest first. `cursor` says how far this look went; `left_out` were too large."""

    mails: tuple[bytes, ...]
    cursor: str
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class NoNews:
    """There is nothing behind the cursor."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The server does not let us in, or not into this folder; `reason` is one sentence."""

    reason: str


Looked = Mails | NoNews | Refused | Unreached


class Imap:
    """Looks into folders, each time over a new connection. `context` replaces the system's certificates."""

    def __init__(self, limits: MailLimits | None = None, context: ssl.SSLContext | None = None) -> None:
        self._limits = limits or MailLimits()
        self._context = context

    async def newest(self, account: Account, cursor: str) -> Looked:
        """The newest mails of the folder, if any came since `cursor` was given; those known before are among them.

        Never raises for what a server does.
        """
        look = _Look(account, self._limits, self._context or ssl.create_default_context())
        try:
            return await asyncio.wait_for(asyncio.to_thread(look.newest, cursor), self._limits.deadline)
        except TimeoutError:
            return Unreached(f"{account.host} took longer than {self._limits.deadline:g} seconds for a few mails.")
        finally:
            look.abort()


class _Client(imaplib.IMAP4):
    """A client whose look can end it from outside. Takes no literal larger than a mail may be."""

    def __init__(self, look: "_Look", **how: Any) -> None:
        self._of = look
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


class _Box(BaseMailBox):
    """imap_tools would parse each mail here; it is left as bytes."""

    email_message_class: Any = staticmethod(lambda fetched: next((f[1] for f in fetched if isinstance(f, tuple)), b""))

    def __init__(self, client: imaplib.IMAP4) -> None:
        self._given = client
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._given


class _Look:
    """One look into a folder, in a thread."""

    def __init__(self, account: Account, limits: MailLimits, context: ssl.SSLContext) -> None:
        self.limits = limits
        self._account = account
        self._context = context
        self._client: imaplib.IMAP4 | None = None
        self._over = False

    def newest(self, cursor: str) -> Looked:
        """See `Imap.newest`."""
        host = self._account.host
        try:
            return self._look(_Box(self._connected()), cursor)
        except MailboxLoginError:
            return Refused(f"{host} refuses the login: check the user in the address and the password in the secrets.")
        except MailboxFolderSelectError:
            return Refused(f"{host} shows this user no folder {self._account.folder!r}.")
        except ssl.SSLCertVerificationError:
            return Unreached(f"{host} has no valid certificate.")
        except OSError as error:
            return Unreached(f"{host} could not be reached ({type(error).__name__}).", line=self._client is None)
        except EXPECTED as error:
            # their words are left out: they may repeat what was sent, and that is a password
            return Unreached(f"{host} gave an answer that is not understood ({type(error).__name__}).")
        finally:
            self._close()

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

    def _look(self, box: _Box, cursor: str) -> Looked:
        account = self._account
        secret = account.user + account.password
        if not secret.isprintable():
            return Refused(f"The user or the password for {account.host} holds a character that no login can.")
        login = box.login if secret.isascii() else box.login_utf8
        login(account.user, account.password, initial_folder=None)
        box.folder.set(account.folder, readonly=True)
        found = self._found(box, cursor)
        with suppress(*EXPECTED):
            box.logout()
        return found

    def _found(self, box: _Box, cursor: str) -> Mails | NoNews:
        validity = _number((box.client.response("UIDVALIDITY")[1] or [None])[0])
        uids = sorted(int(uid) for uid in box.uids("ALL", charset=None))
        last = uids[-1] if uids else 0
        before, _, seen = cursor.partition(":")
        if before == str(validity) and seen.isdecimal() and last <= int(seen):
            return NoNews()
        newest = uids[-self.limits.mails :]
        wanted = self._wanted(_sizes(box.client, newest), newest)
        mails = tuple(self._mails(box, wanted))
        return Mails(mails, f"{validity}:{last}", left_out=len(newest) - len(mails))

    def _wanted(self, sizes: dict[int, int], uids: list[int]) -> Iterator[str]:
        """The mails that are small enough, newest first, as long as they are so together."""
        total = 0
        for uid in reversed(uids):
            size = sizes.get(uid, self.limits.largest + 1)
            if size <= self.limits.largest and total + size <= self.limits.total:
                total += size
                yield str(uid)

    def _mails(self, box: _Box, uids: Iterator[str]) -> Iterator[bytes]:
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
