"""Passes a mail on to a person: as a mail of our own, with the original in it as it came."""

import hashlib
from base64 import encodebytes
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime

from nkwatch.domain.delivery import Message
from nkwatch.domain.reply import Received
from nkwatch.mail.encoding import fill
from nkwatch.mail.envelopes import sendable
from nkwatch.mail.headers import AUTOMATIC, ascii_domain, domain_of, field, joined, mailbox, text_field
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: Room for the original's subject (columns).
SUBJECT = 120
LONGEST_LINE = 998

_GREETING = "A mail came to the address for replies of {name}. It is attached as it came."
_ANSWER = "Answer this mail to write to its sender. Nobody has answered yet, and no program will."
_NO_ANSWER = "Its sender cannot be answered directly. Nobody has answered yet, and no program will."
_LEAVING = (
    "It asks to leave, but the address that it was sent to does not prove whose subscription is meant. If you are"
    " sure, end it with: nkwatch subscribers end ADDRESS"
)
_CUT = "It is very large: only its beginning is attached. The whole mail is in the mailbox."


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Mails to `contact`, from `name` and `sender`; `return_path` is the envelope's sender."""

    name: str
    sender: str
    return_path: str
    contact: str
    clock: Callable[[], datetime]

    def __call__(self, received: Received, *, asks_to_leave: bool) -> Message:
        """The mail that passes this one on. Its Message-ID is the same whenever the same mail is passed on."""
        name = hashlib.sha256(received.raw).hexdigest()[:32]
        # no mail holds a hash of itself
        boundary = f"=_{name}{hashlib.sha256(received.id.encode()).hexdigest()[:16]}"
        fields = [
            *self._fields(received),
            field("Message-ID", f"<reply.{name}@{domain_of(self.sender)}>"),
            field("MIME-Version", "1.0"),
            field("Content-Type", f'multipart/mixed; boundary="{boundary}"'),
        ]
        parts = (self._words(received, asks_to_leave=asks_to_leave), _original(received.raw))
        body = b"".join(f"--{boundary}\r\n".encode() + part + b"\r\n" for part in parts)
        content = joined(fields) + body + f"--{boundary}--\r\n".encode()
        return Message(ascii_domain(self.return_path), self.contact, content)

    def _fields(self, received: Received) -> list[bytes]:
        subject = received.reply.subject if received.reply else ""
        fields = [
            field("From", mailbox(self.name, ascii_domain(self.sender))),
            field("To", f"<{ascii_domain(self.contact)}>"),
            text_field("Subject", shorten(f"[{plain(self.name)}] Reply: {plain(subject)}", SUBJECT)),
            field("Date", format_datetime(self.clock().astimezone(UTC))),
            AUTOMATIC,  # by it our own mails are known if they come back, too
        ]
        writer = _answerable(received)
        return [*fields, field("Reply-To", f"<{writer}>")] if writer else fields

    def _words(self, received: Received, *, asks_to_leave: bool) -> bytes:
        words = [_GREETING.format(name=plain(self.name)), _ANSWER if _answerable(received) else _NO_ANSWER]
        words += [_LEAVING] * asks_to_leave + [_CUT] * (not received.whole)
        kind = field("Content-Type", "text/plain; charset=utf-8")
        return joined([kind, field("Content-Transfer-Encoding", "quoted-printable")]) + fill("\n\n".join(words) + "\n")


def _answerable(received: Received) -> str:
    """The original's sender, if that is an address which a mail program cannot misunderstand."""
    try:
        address = sendable(received.reply.sender) if received.reply else ""
    except ValueError:
        return ""
    return address if address.isascii() else ""


def _original(raw: bytes) -> bytes:
    """The original as a part. A message/rfc822 may not be encoded (RFC 2046, 5.2.1): what is not fit is a file."""
    lines = raw.replace(b"\r\n", b"\n").split(b"\n")
    fit = raw.isascii() and b"\0" not in raw and b"\r" not in b"".join(lines)
    disposition = field("Content-Disposition", 'attachment; filename="reply.eml"')
    if fit and max(map(len, lines)) <= LONGEST_LINE:
        return joined([field("Content-Type", "message/rfc822"), disposition]) + b"\r\n".join(lines)
    kind = field("Content-Type", "application/octet-stream")
    fields = [kind, disposition, field("Content-Transfer-Encoding", "base64")]
    return joined(fields) + encodebytes(raw).replace(b"\n", b"\r\n")
