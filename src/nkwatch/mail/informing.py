"""The morning's mail to whoever runs this: what happened, what to do, and once a week what it came to. In English."""

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from email.utils import format_datetime
from typing import Any, Protocol

from nkwatch.domain.bulletin import Block
from nkwatch.domain.delivery import Handover, Message, Refused
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import Week
from nkwatch.editing.notices import Matter, Weight
from nkwatch.editing.weekly import sections, states
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.envelopes import sendable
from nkwatch.mail.headers import ascii_domain, field, joined, mailbox, text_field
from nkwatch.mail.prepared import PARTS
from nkwatch.mail.views import plain
from nkwatch.mail.widths import shorten

#: The folder of the templates.
FOLDER = "morning"
#: The language of all of it.
LANGUAGE = "en"
#: Room for an event and for one fact of it (columns); kinds of things that are told one by one.
EVENT, FACT, MOST = 120, 300, 40
_HEADINGS = {
    Weight.WOKEN: "You were called for this",
    Weight.ACT: "To do",
    Weight.LOOK: "To look at",
    Weight.OVER: "Over",
}


class Relay(Protocol):
    """Hands one message over."""

    async def hand_over(self, message: Message) -> Handover: ...


@dataclass(frozen=True, slots=True)
class MatterView:
    """One kind of thing as it is told. `examples` are (when, what was said of it)."""

    heading: str
    event: str
    times: int
    when: str
    do: str
    examples: tuple[tuple[str, str], ...]
    further: int


@dataclass(frozen=True, slots=True)
class Informing:
    """Mails from `name` and `sender` to `operator`; `return_path` is the envelope's sender, `site` our address."""

    relay: Relay
    blocks: Blocks
    name: str
    sender: str
    return_path: str
    operator: str
    site: str
    clock: Callable[[], datetime]

    async def tell(self, day: date, told: Sequence[Matter], week: Week | None) -> Handover:
        """Send what is to be told on this day. Raises `ConfigError` when a template is wrong."""
        try:
            recipient = sendable(self.operator)
        except ValueError as why:
            return Refused(f"the operator: {why}")
        message = Message(ascii_domain(self.return_path), recipient, self.content(day, told, week))
        return await self.relay.hand_over(message)

    def content(self, day: date, told: Sequence[Matter], week: Week | None) -> bytes:
        """The whole mail, in both forms (RFC 2046, 5.1.4)."""
        values = self.values(day, told, week)
        subject = self.blocks.line(f"{FOLDER}/subject.txt", LANGUAGE, values)
        name = hashlib.sha256(f"{self.site}\0{day}".encode()).hexdigest()[:32]
        # "=_" cannot occur in quoted-printable, so no body holds the boundary
        boundary = f"=_{name}"
        opening, values = f"--{boundary}\r\n".encode(), values | {"subject": subject}
        bodies = [
            opening + PARTS[kind] + self._body(f"{FOLDER}/body.{suffix}", values) + b"\r\n"
            for kind, suffix in (("plain", "txt"), ("html", "html"))
        ]
        fields = [*self._fields(subject, name), field("Content-Type", f'multipart/alternative; boundary="{boundary}"')]
        return b"".join([joined(fields), *bodies, f"--{boundary}--\r\n".encode()])

    def values(self, day: date, told: Sequence[Matter], week: Week | None) -> dict[str, Any]:
        """What the templates are given."""
        return {
            "day": f"{day:%A} {day.day} {day:%B %Y}",
            "matters": [_view(m) for m in told[:MOST]],
            "further": len(told[MOST:]),
            "pressing": sum(m.weight <= Weight.ACT for m in told),
            "count": len(told),
            "week": week and f"{week.start:%Y-%m-%d} to {week.end:%Y-%m-%d}",
            "sections": sections(week) if week else (),
            "states": states(week, self.clock()) if week else (),
        }

    def _body(self, template: str, values: dict[str, Any]) -> bytes:
        pieces = self.blocks.pieces(template, LANGUAGE, values)
        return b"".join(piece.body for piece in pieces if isinstance(piece, Block))

    def _fields(self, subject: str, name: str) -> Iterator[bytes]:
        sender = ascii_domain(self.sender)
        yield field("From", mailbox(self.name, sender))
        yield field("To", f"<{sendable(self.operator)}>")
        yield text_field("Subject", shorten(subject, EVENT))
        yield field("Date", format_datetime(self.clock().astimezone(UTC)))
        # the same for the same morning: one that was sent twice is seen to be one
        yield field("Message-ID", f"<morning.{name}@{sender.rpartition('@')[2]}>")
        yield field("Content-Language", LANGUAGE)
        # so that no absence notice or robot answers (RFC 3834; Exchange knows only the second)
        yield field("Auto-Submitted", "auto-generated")
        yield field("X-Auto-Response-Suppress", "OOF")
        yield field("MIME-Version", "1.0")


def _view(matter: Matter) -> MatterView:
    first, last = (f"{moment:%Y-%m-%d %H:%M}" for moment in (matter.first, matter.last))
    return MatterView(
        heading=_HEADINGS[matter.weight],
        event=shorten(plain(matter.event), EVENT),
        times=matter.times,
        when=f"{last} UTC" if first == last else f"{first} to {last} UTC",
        do=matter.do,
        examples=tuple(_examples(matter.examples)),
        further=matter.further,
    )


def _examples(notices: Iterable[Noticed]) -> Iterator[tuple[str, str]]:
    for one in notices:
        said = "; ".join(f"{name}: {plain(value)}" for name, value in one.facts if value)
        if said:
            yield f"{one.last_at:%H:%M}", shorten(said, FACT)
