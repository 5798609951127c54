"""The envelope of a message (RFC 5321, 2.3.1) in commands, and its content as it goes over the line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from nkwatch.domain.delivery import Deferred, Message, Refused
from nkwatch.mail.headers import ascii_domain

#: Also quoted local parts: nobody has one, and what parses them may find another mailbox in it.
_UNSENDABLE = re.compile(r"[\s<>,;:()\[\]\\\"\x00-\x1f\x7f-\x9f\ud800-\udfff]|@.*@")
_LINE_END = re.compile(rb"\r\n|\r|\n")
_FULL_STOP = re.compile(rb"(?m)^\.")
_STUFFED = re.compile(rb"(?m)^\.(?=\.)")


@dataclass(frozen=True, slots=True)
class Extensions:
    """What a relay can do: the extensions of its EHLO that we use. `size` in octets, 0 is no limit (RFC 1870)."""

    pipelining: bool = False
    size: int = 0
    dsn: bool = False
    smtputf8: bool = False

    @classmethod
    def of(cls, extensions: Mapping[str, str]) -> "Extensions":
        """From the lines after EHLO: keywords in small letters, each with its parameters."""
        size = extensions.get("size", "").strip()
        return cls(
            pipelining="pipelining" in extensions,
            size=int(size) if re.fullmatch(r"[0-9]{1,18}", size) else 0,
            dsn="dsn" in extensions,
            smtputf8="smtputf8" in extensions,
        )


@dataclass(frozen=True, slots=True)
class Envelope:
    """MAIL and RCPT without line ends, and the name that the connection must have been opened in; "" is any."""

    mail: bytes
    rcpt: bytes
    name: str


def sendable(address: str) -> str:
    """The address as it goes into the envelope, its domain in punycode. Raises `ValueError`, without naming it."""
    local, _, domain = address.rpartition("@")
    if not local or not domain or _UNSENDABLE.search(address):
        raise ValueError("the address is not valid")
    try:
        return ascii_domain(address)
    except ValueError as wrong:
        raise ValueError("the domain of the address is not valid") from wrong


def enveloped(message: Message, extensions: Extensions) -> Envelope | Refused | Deferred:
    """The commands for a message, or why this relay cannot take it; a wrong sender costs no reader the delivery."""
    try:
        sender = sendable(message.sender) if message.sender else ""
    except ValueError:
        return Deferred("the address of the sender is not valid", line=True)
    try:
        recipient = sendable(message.recipient)
    except ValueError as why:
        return Refused(str(why))
    international = not (sender + recipient).isascii()
    if international and not extensions.smtputf8:
        return Refused("the relay takes no addresses with letters outside ASCII")
    if 0 < extensions.size < len(message.content):
        return Refused(f"the message has {len(message.content)} octets, and the relay takes {extensions.size} at most")
    # who must not be answered by a machine is not told of failures either
    dsn = extensions.dsn and bool(sender)
    options = (" RET=HDRS" if dsn else "") + (" SMTPUTF8" if international else "")
    return Envelope(
        f"MAIL FROM:<{sender}>{options}".encode(),
        f"RCPT TO:<{recipient}>{' NOTIFY=FAILURE' if dsn else ''}".encode(),
        sender.rpartition("@")[2],
    )


def named(message: Message) -> str:
    """The name to open a connection in: the name of this machine is nobody's business, and would stand in each mail."""
    sender = message.sender
    return sendable(sender).rpartition("@")[2] if sender else "localhost"


def on_the_line(message: Message) -> bytes:
    """The content with doubled leading full stops (RFC 5321, 4.5.2) and each line ended with CRLF."""
    content = message.content
    if message.stuffed:
        return content if content.endswith(b"\r\n") else content + b"\r\n"
    if not content.count(b"\r\n") == content.count(b"\n") == content.count(b"\r"):
        content = _LINE_END.sub(b"\r\n", content)
    if content and not content.endswith(b"\r\n"):
        content += b"\r\n"
    return _FULL_STOP.sub(b"..", content) if content.startswith(b".") or b"\n." in content else content


def as_written(message: Message) -> bytes:
    """The content before leading full stops were doubled."""
    return _STUFFED.sub(b"", message.content) if message.stuffed else message.content
