"""The morning's mail to whoever runs this: what happened, what to do, and once a week what it came to. In English."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from nkwatch.domain.delivery import Handover
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import Week
from nkwatch.editing.notices import Matter, Weight
from nkwatch.editing.weekly import sections, states
from nkwatch.mail.headers import field, joined
from nkwatch.mail.pen import Pen
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
    """Mails to `operator`; `site` is our address."""

    pen: Pen
    operator: str
    site: str

    async def tell(self, day: date, told: Sequence[Matter], week: Week | None) -> Handover:
        """Send what is to be told on this day. Raises `ConfigError` when a template is wrong."""
        return await self.pen.send(self.operator, "the operator", lambda to: self._content(to, day, told, week))

    def _content(self, recipient: str, day: date, told: Sequence[Matter], week: Week | None) -> bytes:
        """The whole mail, in both forms (RFC 2046, 5.1.4)."""
        values = self._values(day, told, week)
        subject = self.pen.blocks.line(f"{FOLDER}/subject.txt", LANGUAGE, values)
        # the same for the same morning: one that was sent twice is seen to be one
        name = hashlib.sha256(f"{self.site}\0{day}".encode()).hexdigest()[:32]
        # "=_" cannot occur in quoted-printable, so no body holds the boundary
        boundary = f"=_{name}"
        opening, values = f"--{boundary}\r\n".encode(), values | {"subject": subject}
        bodies = [
            opening + PARTS[kind] + self.pen.body(f"{FOLDER}/body.{suffix}", LANGUAGE, values) + b"\r\n"
            for kind, suffix in (("plain", "txt"), ("html", "html"))
        ]
        head = self.pen.head(recipient, subject, f"morning.{name}", LANGUAGE)
        kind = field("Content-Type", f'multipart/alternative; boundary="{boundary}"')
        return b"".join([joined([head, kind]), *bodies, f"--{boundary}--\r\n".encode()])

    def _values(self, day: date, told: Sequence[Matter], week: Week | None) -> dict[str, Any]:
        """What the templates are given."""
        return {
            "day": f"{day:%A} {day.day} {day:%B %Y}",
            "matters": [_view(m) for m in told[:MOST]],
            "further": len(told[MOST:]),
            "pressing": sum(m.weight <= Weight.ACT for m in told),
            "count": len(told),
            "week": week and f"{week.start:%Y-%m-%d} to {week.end:%Y-%m-%d}",
            "sections": sections(week) if week else (),
            "states": states(week, self.pen.clock()) if week else (),
        }


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
