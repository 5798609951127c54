"""Mails to the people who run this, editors and the operator: their header, and how one is handed over."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol

from nkwatch.domain.bulletin import Block
from nkwatch.domain.delivery import Handover, Message, Refused
from nkwatch.domain.desk import Editor
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.envelopes import sendable
from nkwatch.mail.headers import AUTOMATIC, ascii_domain, domain_of, field, mailbox, text_field
from nkwatch.mail.prepared import PARTS
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: Room for the subject (columns).
SUBJECT = 120


class Relay(Protocol):
    """Hands one message over."""

    async def hand_over(self, message: Message) -> Handover: ...


@dataclass(frozen=True, slots=True)
class Pen:
    """Writes from `name` and `sender`; `return_path` is the envelope's sender.

    An editor whose language is not among `languages` is written to in English.
    """

    relay: Relay
    blocks: Blocks
    languages: frozenset[str]
    name: str
    sender: str
    return_path: str
    clock: Callable[[], datetime]

    async def send(self, address: str, whose: str, content: Callable[[str], bytes]) -> Handover:
        """Send what `content` makes for the address as it is written in mails. Where it is none, `whose` it is is told.

        Raises `ConfigError` when a template is wrong.
        """
        try:
            recipient = sendable(address)
        except ValueError as why:
            return Refused(f"{whose}: {why}")
        return await self.relay.hand_over(Message(ascii_domain(self.return_path), recipient, content(recipient)))

    async def to_editor(
        self, editor: Editor, folder: str, name: str, values: Callable[[str], Mapping[str, Any]]
    ) -> Handover:
        """Send the mail of the templates in `folder`, as plain text; `values` are made for a language."""
        language = editor.language if editor.language in self.languages else "en"

        def content(recipient: str) -> bytes:
            given = values(language)
            subject = self.blocks.line(f"{folder}/subject.txt", language, given)
            head = self.head(recipient, subject, name, language)
            return head + PARTS["plain"] + self.body(f"{folder}/body.txt", language, given)

        return await self.send(editor.address, plain(editor.name), content)

    def head(self, recipient: str, subject: str, name: str, language: str) -> bytes:
        """The header up to the type of the content; `name` makes the Message-ID."""
        fields = (
            field("From", mailbox(self.name, ascii_domain(self.sender))),
            field("To", f"<{recipient}>"),
            text_field("Subject", shorten(subject, SUBJECT)),
            field("Date", format_datetime(self.clock().astimezone(UTC))),
            field("Message-ID", f"<{name}@{domain_of(self.sender)}>"),
            field("Content-Language", language),
            AUTOMATIC,
            field("MIME-Version", "1.0"),
        )
        return b"".join(fields)

    def body(self, template: str, language: str, values: Mapping[str, Any]) -> bytes:
        """What a template makes of these values, in its wire form."""
        pieces = self.blocks.pieces(template, language, values)
        return b"".join(piece.body for piece in pieces if isinstance(piece, Block))
