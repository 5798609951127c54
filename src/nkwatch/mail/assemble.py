"""Joins blocks and slots into the bytes of one subscriber's message.

The bytes depend on the claimed delivery and the settings only: a retry is the same message, octet for octet.
"""

import hashlib
import html
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Protocol
from urllib.parse import urlsplit

from nkwatch.domain import retention
from nkwatch.domain.bulletin import Block, BulletinKind, Claimed, Message, Piece
from nkwatch.domain.subscriber import move_name
from nkwatch.mail.encoding import fill
from nkwatch.mail.headers import ascii_domain, field, joined, list_id, mailbox, one_line, text_field
from nkwatch.mail.templates import LINKS
from nkwatch.mail.views import plain
from nkwatch.mail.widths import wrap

#: A correction is on the list of what it corrects: who filters one finds the other beside it.
_LISTS = {
    BulletinKind.ALERT: "alerts",
    BulletinKind.ALERT_CORRECTION: "alerts",
    BulletinKind.DIGEST: "digests",
    BulletinKind.DIGEST_CORRECTION: "digests",
    BulletinKind.LULL: "digests",
}
#: Names that say nothing, one for each of the lists.
_NEUTRAL_LISTS = {"alerts": "notes", "digests": "list"}
#: Without comments, quoted parts and folding: our own are so. What is none is left out.
_MESSAGE_ID = re.compile(r"<[\w.!#$%&'*+/=?^`{|}~-]{1,200}@[\w.\[\]:-]{1,255}>", re.ASCII)
_SIDES = {BulletinKind.MOVE_OLD: "old", BulletinKind.MOVE_NEW: "new"}


class Link(Protocol):
    """Makes the token of a link for a purpose ("leave", "confirm"), good until `expires` where that is given."""

    def __call__(self, purpose: str, subject: str, expires: datetime | None = None, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Sender:
    """Who a mail comes from: what a mail program shows, and the address."""

    name: str
    address: str


@dataclass(frozen=True, slots=True)
class MailAssembler:
    """`name` and `sender` make the From field, for ever the same; `return_path` is the envelope's sender.

    `neutral` takes the place of both for readers who must not be seen to read on the subject. `site` is the base
    address of the public pages. `replies` is the address that replies go to, with the subscriber's id and its
    `reply_tag` after a plus; empty where nothing reads them.
    """

    name: str
    sender: str
    return_path: str
    site: str
    link: Link
    neutral: Sender = Sender("Reading list", "")
    replies: str = ""
    reply_tag: Callable[[str], str] = lambda _: ""

    def assemble(self, claimed: Claimed) -> Message:
        """The message for one delivery. Lines have at most 998 octets and end with CRLF."""
        composition, links = claimed.composition, self._links(claimed)
        lines = {name: line for name, value in claimed.slots if (line := plain(value))}
        # in plain text a line ends by itself, so that an empty one leaves no empty line behind
        wrapped = {name: f"{wrap(line)}\n" for name, line in lines.items()}
        bodies = {"plain": _joined(composition.text, wrapped | links)}
        if composition.html:
            safe = {name: html.escape(value) for name, value in (lines | links).items()}
            bodies["html"] = _joined(composition.html, safe)
        fields = [*self._fields(claimed), *self._list_fields(claimed)]
        content = _whole(fields, bodies, claimed.delivery.message_id)
        return Message(ascii_domain(self.return_path), claimed.address, content)

    def _links(self, claimed: Claimed) -> dict[str, str]:
        """The addresses in a reader's mail. None of another purpose is there, whatever a template names."""
        who, date, kind = claimed.subscriber_id, claimed.delivery.date, claimed.composition.kind
        match kind:
            case BulletinKind.CONFIRMATION:
                links = {"confirm": self._url("confirm", "confirm", who, date + retention.UNCONFIRMED)}
            case BulletinKind.SETTINGS:
                # it dies when the address changes: who reads the old mailbox must not learn the new one
                mailbox_now = f"{who}~{self.reply_tag(claimed.address)}"
                links = {"settings": self._url("settings", "settings", mailbox_now, date + retention.SETTINGS_LINK)}
            case BulletinKind.MOVE_OLD | BulletinKind.MOVE_NEW:
                place, move = f"move/{_SIDES[kind]}", move_name(who, date)
                links = {"move": self._url(place, kind.value, move, date + retention.MOVES)}
            case _:
                copy = f"{self._site}/mails/{claimed.composition_id}"
                links = {"leave": self._leave_url(claimed), "manage": self._url("manage", "manage", who), "copy": copy}
        return dict.fromkeys(LINKS, "") | {f"{name}_url": one_line(url) for name, url in links.items()}

    def _fields(self, claimed: Claimed) -> Iterator[bytes]:
        sender = self._sender(claimed)
        yield field("From", mailbox(sender.name, ascii_domain(sender.address)))
        if self.replies:
            yield field("Reply-To", self._reply_to(claimed.subscriber_id))
        yield field("To", f"<{_for_header(claimed.address)}>")
        yield text_field("Subject", claimed.composition.subject)
        yield field("Date", format_datetime(claimed.delivery.date.astimezone(UTC)))
        yield field("Message-ID", claimed.delivery.message_id)
        yield from _thread(claimed)
        yield field("Content-Language", claimed.composition.language)
        # so that no absence notice or robot answers (RFC 3834; Exchange knows only the second)
        yield field("Auto-Submitted", "auto-generated")
        yield field("X-Auto-Response-Suppress", "OOF")

    def _list_fields(self, claimed: Claimed) -> Iterator[bytes]:
        """Filters can tell alerts from digests; leaving takes one step (RFC 8058: exactly one HTTPS address)."""
        kind = claimed.composition.kind
        if kind in _LISTS:
            yield self._list_id(claimed, kind)
            yield field("List-Unsubscribe", f"<{self._leave_url(claimed)}>")
            yield field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")

    def _list_id(self, claimed: Claimed, kind: BulletinKind) -> bytes:
        if claimed.composition.neutral:
            sender = self._sender(claimed)
            domain = ascii_domain(sender.address).rpartition("@")[2]
            return list_id(sender.name, f"{_NEUTRAL_LISTS[_LISTS[kind]]}.{domain}")
        host = urlsplit(self._site).hostname or "localhost"
        return list_id(f"{self.name} {_LISTS[kind]}", f"{_LISTS[kind]}.{host}")

    def _sender(self, claimed: Claimed) -> Sender:
        if claimed.composition.neutral:
            return Sender(self.neutral.name, self.neutral.address or self.sender)
        return Sender(self.name, self.sender)

    def _reply_to(self, subscriber_id: str) -> str:
        """Who replies is known by the address replied to: a forged sender ends nobody's subscription."""
        local, _, domain = ascii_domain(self.replies).rpartition("@")
        own = f"{local}+{subscriber_id}.{self.reply_tag(subscriber_id)}@{domain}"
        return f"<{_for_header(own)}>"

    def _leave_url(self, claimed: Claimed) -> str:
        return self._url("leave", "leave", claimed.subscriber_id)

    def _url(self, place: str, purpose: str, subject: str, expires: datetime | None = None) -> str:
        return f"{self._site}/{place}/{self.link(purpose, subject, expires)}"

    @property
    def _site(self) -> str:
        return self.site.rstrip("/")


def _thread(claimed: Claimed) -> Iterator[bytes]:
    """Mail programs show a correction or an update beside the mail that it answers (RFC 5322, 3.6.4)."""
    answers = one_line(claimed.answers)
    if _MESSAGE_ID.fullmatch(answers) and not claimed.composition.kind.personal:
        yield field("In-Reply-To", answers)
        yield field("References", answers)


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
    boundary = "=_" + hashlib.sha256(one_line(message_id).encode()).hexdigest()[:32]
    parts = [f"--{boundary}\r\n".encode() + joined(_part(kind)) + body + b"\r\n" for kind, body in bodies.items()]
    kind = field("Content-Type", f'multipart/alternative; boundary="{boundary}"')
    return joined([*opening, kind]) + b"".join(parts) + f"--{boundary}--\r\n".encode()


def _part(kind: str) -> list[bytes]:
    return [
        field("Content-Type", f"text/{kind}; charset=utf-8"),
        field("Content-Transfer-Encoding", "quoted-printable"),
    ]
