"""A mail as it was received, taken apart for the demo's pages."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Protocol

_LINK = re.compile(r"https?://\S+")
#: What keeps a link in a framed mail from putting an error in the mail's place.
STILL = "<style>a{pointer-events:none}</style>"


class Mailbox(Protocol):
    """Where the demo's mails arrive."""

    @property
    def messages(self) -> Sequence[bytes]:
        """The mails as received (RFC 5322), in the order of their arrival; new ones are appended."""
        ...


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail; `number` counts from 1.

    `kind` is that of its bulletin; of a letter that belongs to none (to an editor, to the operator) it is what its
    Message-ID begins with. It is empty where the mail is none of ours.
    """

    number: int
    kind: str
    raw: bytes
    headers: tuple[tuple[str, str], ...]
    text: str
    html: str

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return self.header("subject")

    @property
    def to(self) -> str:
        """Who it is addressed to."""
        return self.header("to")

    @property
    def message_id(self) -> str:
        """Its Message-ID, in angle brackets."""
        return self.header("message-id")

    @property
    def name(self) -> str:
        """What its files are called."""
        return f"{self.number:03}"

    @property
    def framed(self) -> str:
        """The HTML part as a page of ours frames it; empty where there is none."""
        return self.html and self.html + STILL

    def header(self, wanted: str) -> str:
        """The first header of this name, empty where there is none."""
        return next((value for name, value in self.headers if name.lower() == wanted), "")

    def own_links(self, site: str) -> tuple[str, ...]:
        """The paths of the pages of `site` that it links to, each once."""
        found = (url.removeprefix(site) for url in _LINK.findall(self.text) if url.startswith(f"{site}/"))
        return tuple(dict.fromkeys(found))


def opened(number: int, raw: bytes, kinds: Mapping[str, str]) -> Mail:
    """The mail in `raw`; `kinds` says by Message-ID which kind of bulletin it is."""
    message = message_from_bytes(raw, policy=policy.default)
    headers = tuple((name, " ".join(str(value).split())) for name, value in message.items())
    known = str(message["Message-ID"] or "").strip()
    kind = kinds.get(known) or _letter(known)
    return Mail(number, kind, raw, headers, _part(message, "plain"), _part(message, "html"))


def _letter(message_id: str) -> str:
    """What a letter beside the outbox is: `<held.…@…>`. Message-IDs of deliveries have no dot before the domain."""
    name, dot, _ = message_id.strip("<").partition("@")[0].partition(".")
    return name if dot else ""


def _part(message: EmailMessage, kind: str) -> str:
    body = message.get_body((kind,))
    return str(body.get_content()) if body is not None else ""
