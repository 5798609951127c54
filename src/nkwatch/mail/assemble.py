"""Joins blocks and slots into the bytes of one subscriber's message.

The bytes depend on the claimed delivery and the settings only: a retry is the same message, octet for octet.
"""

import hashlib
import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import urlsplit

from nkwatch.domain.bulletin import Block, BulletinKind, Claimed, Message, Piece
from nkwatch.mail.encoding import fill
from nkwatch.mail.headers import ascii_domain, field, joined, list_id, mailbox, one_line, text_field

#: How long the link in a confirmation mail works.
CONFIRM_WITHIN = timedelta(hours=48)

_LISTS = {BulletinKind.ALERT: "alerts", BulletinKind.DIGEST: "digests"}


class Link(Protocol):
    """Makes the token of a link for a purpose ("leave", "confirm"), good until `expires` where that is given."""

    def __call__(self, purpose: str, subject: str, expires: datetime | None = None, /) -> str: ...


@dataclass(frozen=True, slots=True)
class MailAssembler:
    """`name` and `sender` make the From field, for ever the same; `return_path` is the envelope's sender.

    `site` is the base address of the public pages.
    """

    name: str
    sender: str
    return_path: str
    site: str
    link: Link

    def assemble(self, claimed: Claimed) -> Message:
        """The message for one delivery. Lines have at most 998 octets and end with CRLF."""
        slots = self._slots(claimed)
        bodies = {"plain": _joined(claimed.composition.text, slots)}
        if claimed.composition.html:
            safe = {name: html.escape(value) for name, value in slots.items()}
            bodies["html"] = _joined(claimed.composition.html, safe)
        fields = [*self._fields(claimed), *self._list_fields(claimed)]
        content = _whole(fields, bodies, claimed.delivery.message_id)
        return Message(ascii_domain(self.return_path), claimed.address, content)

    def _slots(self, claimed: Claimed) -> dict[str, str]:
        """The values of a reader's slots; a slot without a value leaves nothing behind."""
        if claimed.composition.kind is BulletinKind.CONFIRMATION:
            expires = claimed.delivery.date + CONFIRM_WITHIN
            token = self.link("confirm", claimed.subscriber_id, expires)
            return {"confirm_url": f"{self._site}/confirm/{token}"}
        return {"leave_url": self._leave_url(claimed)}

    def _fields(self, claimed: Claimed) -> Iterator[bytes]:
        yield field("From", mailbox(self.name, ascii_domain(self.sender)))
        yield field("To", f"<{_for_header(claimed.address)}>")
        yield text_field("Subject", claimed.composition.subject)
        yield field("Date", format_datetime(claimed.delivery.date.astimezone(UTC)))
        yield field("Message-ID", claimed.delivery.message_id)
        yield field("Content-Language", claimed.composition.language)
        # so that no absence notice or robot answers (RFC 3834; Exchange knows only the second)
        yield field("Auto-Submitted", "auto-generated")
        yield field("X-Auto-Response-Suppress", "OOF")

    def _list_fields(self, claimed: Claimed) -> Iterator[bytes]:
        """Filters can tell alerts from digests; leaving takes one step (RFC 8058: exactly one HTTPS address)."""
        kind = claimed.composition.kind
        if kind in _LISTS:
            host = urlsplit(self._site).hostname or "localhost"
            yield list_id(f"{self.name} {_LISTS[kind]}", f"{_LISTS[kind]}.{host}")
            yield field("List-Unsubscribe", f"<{self._leave_url(claimed)}>")
            yield field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")

    def _leave_url(self, claimed: Claimed) -> str:
        return f"{self._site}/leave/{self.link('leave', claimed.subscriber_id)}"

    @property
    def _site(self) -> str:
        return self.site.rstrip("/")


def _for_header(address: str) -> str:
    """The address as it may stand between angle brackets, whatever was put into it."""
    try:
        clean = ascii_domain(one_line(address))
    except ValueError:  # such an address is never mailed: the relay's side refuses it
        clean = one_line(address)
    return clean.replace("<", "").replace(">", "").replace(" ", "")


def _joined(pieces: tuple[Piece, ...], slots: Mapping[str, str]) -> bytes:
    return b"".join(p.body if isinstance(p, Block) else fill(slots.get(p.name, "")) for p in pieces)


def _whole(fields: list[bytes], bodies: Mapping[str, bytes], message_id: str) -> bytes:
    """Header and bodies; both bodies as alternatives, the plainer first (RFC 2046, 5.1.4)."""
    opening = [*fields, field("MIME-Version", "1.0")]
    if len(bodies) == 1:
        return joined([*opening, *_part("plain")]) + bodies["plain"]
    # "=_" cannot occur in quoted-printable, so no body holds the boundary
    boundary = "=_" + hashlib.sha256(message_id.encode()).hexdigest()[:32]
    parts = [f"--{boundary}\r\n".encode() + joined(_part(kind)) + body + b"\r\n" for kind, body in bodies.items()]
    kind = field("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    return joined([*opening, kind]) + b"".join(parts) + f"--{boundary}--\r\n".encode()


def _part(kind: str) -> list[bytes]:
    return [
        field("Content-Type", f"text/{kind}; charset=utf-8"),
        field("Content-Transfer-Encoding", "quoted-printable"),
    ]
