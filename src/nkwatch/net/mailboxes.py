"""The address of a mailbox: a maildir (``maildir:/var/mail/x``) or a folder on a server (``imaps://user@host/FOLDER``)."""

import ipaddress
from collections.abc import Iterator
from urllib.parse import SplitResult, unquote, urlsplit

from nkwatch.net.accounts import Account, Security

MAILDIR = "maildir"


def problems_of(url: str, *, password: bool, whose: str) -> Iterator[str]:
    """What is wrong with the address of a mailbox; `password` says whether there is one, `whose` what it is for."""
    parts = _split(url)
    if parts is None:
        yield "the address of a mailbox is maildir:/PATH or imaps://USER@HOST/FOLDER"
    elif parts.scheme == MAILDIR:
        yield from _problems_of_path(parts)
    else:
        yield from _problems_of_server(parts)
        if not password:
            yield f"there is no password for {whose} in the secrets file"


def maildir_of(url: str) -> str:
    """The path of a maildir; empty where `url` names a server."""
    parts = urlsplit(url)
    return unquote(parts.path) if parts.scheme == MAILDIR else ""


def account_of(url: str, password: str) -> Account:
    """The folder on a server that `url` names."""
    parts = urlsplit(url)
    return Account(
        host=parts.hostname or "",
        user=unquote(parts.username or ""),
        password=password,
        folder=unquote(parts.path.strip("/")) or "INBOX",
        security=Security(parts.scheme),
        port=parts.port or 0,
    )


def _split(url: str) -> SplitResult | None:
    """The parts of the address of a mailbox; None where it is none."""
    try:
        parts = urlsplit(url)
        known = parts.scheme in {MAILDIR, *Security} and parts.port != 0
    except ValueError:
        return None
    return parts if known else None


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
