"""Joins blocks and slots into the bytes of one subscriber's message.

The bytes depend on the claimed delivery and the settings only: a retry is the same message, octet for octet. What all
readers of a composition share is made once (see `prepared`); here it is filled with what is one reader's own.
"""

import dataclasses
import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from typing import Protocol
from urllib.parse import urlsplit

from nkwatch.domain import retention
from nkwatch.domain.bulletin import BulletinKind, Composition
from nkwatch.domain.delivery import Claimed, Message
from nkwatch.domain.subscriber import move_name
from nkwatch.mail.filling import Filled, filled
from nkwatch.mail.headers import ascii_domain, field, one_line
from nkwatch.mail.prepared import PARTS, Body, Kept, Sender, Shared, shared

#: Without comments, quoted parts and folding: our own are so. What is none is left out.
_MESSAGE_ID = re.compile(r"<[\w.!#$%&'*+/=?^`{|}~-]{1,200}@[\w.\[\]:-]{1,255}>", re.ASCII)
_SIDES = {BulletinKind.MOVE_OLD: "old", BulletinKind.MOVE_NEW: "new"}
NEUTRAL = Sender("Reading list", "")
#: Constant fields.
_ONE_CLICK = field("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
_VERSION = field("MIME-Version", "1.0")


class Link(Protocol):
    """Makes the token of a link for a purpose ("leave", "confirm"), good until `expires` where that is given."""

    def __call__(self, purpose: str, subject: str, expires: datetime | None = None, /) -> str: ...


@dataclass(frozen=True, slots=True)
class MailAssembler:
    """`name` and `sender` make the From field, for ever the same; `return_path` is the envelope's sender.

    `neutral` takes the place of both for readers who must not be seen to read on the subject. `site` is the base
    address of the public pages. `replies` is the address that replies go to, with the subscriber's id and its
    `reply_tag` after a plus; empty where nothing reads them. `bounces` is the address that takes the place of
    `return_path`, with the token that `envelope` makes of the delivery's id after a plus; empty where nothing reads it.
    """

    name: str
    sender: str
    return_path: str
    site: str
    link: Link
    neutral: Sender = NEUTRAL
    replies: str = ""
    reply_tag: Callable[[str], str] = lambda _: ""
    bounces: str = ""
    envelope: Callable[[int], str] = lambda _: ""
    _shared: Kept[Shared] = dataclasses.field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_shared", Kept(self._prepare, lambda same: same.weight))

    def assemble(self, claimed: Claimed) -> Message:
        """The message for one delivery. Lines have at most 998 octets and end with CRLF.

        Raises `ValueError` for a mail that cannot be brought into this form.
        """
        same, links = self._shared(claimed.composition), self._links(claimed)
        own, lists = self._own_fields(claimed, same), self._list_fields(claimed, same, links)
        fields = [same.sender, *own, same.constant, *lists, _VERSION]
        content = _whole(fields, same.bodies, filled(claimed.slots, links), claimed.delivery.message_id)
        return Message(self._return_path(claimed.delivery.id), claimed.address, content, same.stuffed)

    def _prepare(self, composition: Composition) -> Shared:
        """What is the same for everybody who gets this composition."""
        sender = Sender(self.name, self.sender)
        if composition.neutral:
            sender = Sender(self.neutral.name, self.neutral.address or self.sender)
        return shared(composition, sender, urlsplit(self._site).hostname or "localhost")

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
                links = {"leave": self._url("leave", "leave", who), "manage": self._url("manage", "manage", who)}
                links |= {"copy": copy}
        return {f"{name}_url": one_line(url) for name, url in links.items()}

    def _own_fields(self, claimed: Claimed, same: Shared) -> Iterator[bytes]:
        """The fields that are one reader's own, around the subject."""
        if self.replies:
            yield field("Reply-To", self._reply_to(claimed.subscriber_id))
        yield field("To", f"<{_for_header(claimed.address)}>")
        yield same.subject
        yield _date(claimed.delivery.date)
        yield field("Message-ID", claimed.delivery.message_id)
        yield from _thread(claimed)

    def _list_fields(self, claimed: Claimed, same: Shared, links: Mapping[str, str]) -> Iterator[bytes]:
        """Filters can tell alerts from digests; leaving takes one step (RFC 8058: exactly one HTTPS address).

        Providers count complaints by number, kind and sender (Gmail's Feedback-ID); nothing there is one reader's own.
        """
        number = ""
        if same.list_id:
            number = str(claimed.number)
            yield same.list_id
            yield field("List-Unsubscribe", f"<{links['leave_url']}>")
            yield _ONE_CLICK
        yield _feedback(number, same.feedback)

    def _return_path(self, delivery_id: int) -> str:
        """Whose mail came back is known by the address that it came back to, whatever stands in it.

        It is the same for neutral mails: no mail program shows it, and a mailbox has one domain.
        """
        if not self.bounces:
            return ascii_domain(self.return_path)
        return _subaddress(self.bounces, self.envelope(delivery_id))

    def _reply_to(self, subscriber_id: str) -> str:
        """Who replies is known by the address replied to: a forged sender ends nobody's subscription."""
        own = _subaddress(self.replies, f"{subscriber_id}.{self.reply_tag(subscriber_id)}")
        return f"<{_for_header(own)}>"

    def _url(self, place: str, purpose: str, subject: str, expires: datetime | None = None) -> str:
        return f"{self._site}/{place}/{self.link(purpose, subject, expires)}"

    @property
    def _site(self) -> str:
        return self.site.rstrip("/")


def _thread(claimed: Claimed) -> Iterator[bytes]:
    """Mail programs show a correction or an update beside the mail that it answers (RFC 5322, 3.6.4)."""
    answers = one_line(claimed.answers)
    if answers and _MESSAGE_ID.fullmatch(answers) and not claimed.composition.kind.personal:
        yield field("In-Reply-To", answers)
        yield field("References", answers)


@lru_cache(maxsize=256)
def _feedback(number: str, rest: str) -> bytes:
    return field("Feedback-ID", f"{number}::{rest}")


@lru_cache(maxsize=256)
def _date(date: datetime) -> bytes:
    return field("Date", format_datetime(date.astimezone(UTC)))


def _subaddress(address: str, tag: str) -> str:
    """The address with a tag after a plus (RFC 5233)."""
    local, _, domain = ascii_domain(address).rpartition("@")
    return f"{local}+{tag}@{domain}"


def _for_header(address: str) -> str:
    """The address as it may stand between angle brackets, whatever was put into it."""
    try:
        clean = ascii_domain(one_line(address))
    except ValueError:  # such an address is never mailed: the relay's side refuses it
        clean = one_line(address)
    return clean.replace("<", "").replace(">", "").replace(" ", "")


def _whole(
    fields: list[bytes], bodies: tuple[tuple[str, Body], ...], slots: Mapping[str, Filled], message_id: str
) -> bytes:
    """Header and bodies; both bodies as alternatives, the plainer first (RFC 2046, 5.1.4)."""
    if len(bodies) == 1:
        [(kind, body)] = bodies
        return b"".join([*fields, PARTS[kind], *body.filled(slots[kind])])
    # "=_" cannot occur in quoted-printable, so no body holds the boundary
    boundary = "=_" + hashlib.sha256(one_line(message_id).encode()).hexdigest()[:32]
    opening = b"--%b\r\n" % boundary.encode()
    pieces = [*fields, field("Content-Type", f'multipart/alternative; boundary="{boundary}"'), b"\r\n"]
    for kind, body in bodies:
        pieces += [opening, PARTS[kind], *body.filled(slots[kind]), b"\r\n"]
    return b"".join([*pieces, b"--%b--\r\n" % boundary.encode()])
