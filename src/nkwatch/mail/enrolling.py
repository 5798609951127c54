"""Letters to editors on their passkeys: the link that enrols, and what everybody is to hear of."""

import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, Protocol

from nkwatch.domain.bulletin import Block
from nkwatch.domain.delivery import Handover, Message, Refused
from nkwatch.domain.desk import Editor
from nkwatch.domain.passkey import LINK_LASTS
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.envelopes import sendable
from nkwatch.mail.headers import ascii_domain, field, joined, mailbox, text_field
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: The folder of the templates.
FOLDER = "enrol"
#: Room for the subject, and for the name that an editor gives to a key (columns).
SUBJECT, LABEL = 120, 60


class Relay(Protocol):
    """Hands one message over."""

    async def hand_over(self, message: Message) -> Handover: ...


@dataclass(frozen=True, slots=True)
class Enrolling:
    """Letters from `name` and `sender`; `return_path` is the envelope's sender.

    An editor whose language is not among `languages` is written to in English.
    """

    relay: Relay
    blocks: Blocks
    languages: frozenset[str]
    name: str
    sender: str
    return_path: str
    clock: Callable[[], datetime]

    async def link(self, editor: Editor, link: str) -> Handover:
        """The link that was asked for."""
        return await self._write(editor, "link", link=link)

    async def known(self, editor: Editor, desk: str) -> Handover:
        """A link was asked for, and the editor has a passkey."""
        return await self._write(editor, "known", link=desk)

    async def invited(self, editor: Editor, desk: str) -> Handover:
        """Where to ask for a link."""
        return await self._write(editor, "invited", link=desk)

    async def added(self, editor: Editor, whose: str, label: str) -> Handover:
        """Somebody has a new passkey."""
        return await self._write(editor, "added", whose=plain(whose), label=shorten(plain(label), LABEL))

    async def _write(self, editor: Editor, kind: str, *, link: str = "", whose: str = "", label: str = "") -> Handover:
        try:
            recipient = sendable(editor.address)
        except ValueError as why:
            return Refused(f"{plain(editor.name)}: {why}")
        language = editor.language if editor.language in self.languages else "en"
        values = {"kind": kind, "link": link, "whose": whose, "label": label, "minutes": LINK_LASTS.seconds // 60}
        content = joined(self._fields(recipient, values, language)) + self._body(values, language)
        return await self.relay.hand_over(Message(ascii_domain(self.return_path), recipient, content))

    def _body(self, values: dict[str, Any], language: str) -> bytes:
        pieces = self.blocks.pieces(f"{FOLDER}/body.txt", language, values)
        return b"".join(piece.body for piece in pieces if isinstance(piece, Block))

    def _fields(self, recipient: str, values: dict[str, Any], language: str) -> Iterator[bytes]:
        subject = self.blocks.line(f"{FOLDER}/subject.txt", language, values)
        yield field("From", mailbox(self.name, ascii_domain(self.sender)))
        yield field("To", f"<{recipient}>")
        yield text_field("Subject", shorten(subject, SUBJECT))
        yield field("Date", format_datetime(self.clock().astimezone(UTC)))
        yield field("Message-ID", f"<enrol.{uuid.uuid4().hex}@{ascii_domain(self.sender).rpartition('@')[2]}>")
        yield field("Content-Language", language)
        # so that no absence notice or robot answers (RFC 3834; Exchange knows only the second)
        yield field("Auto-Submitted", "auto-generated")
        yield field("X-Auto-Response-Suppress", "OOF")
        yield field("MIME-Version", "1.0")
        yield field("Content-Type", "text/plain; charset=utf-8")
        yield field("Content-Transfer-Encoding", "quoted-printable")
