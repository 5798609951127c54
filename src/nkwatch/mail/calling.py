"""Tells an editor by mail that an alert waits: facts, why it waits, and the commands that decide; no link acts.

Whoever reads the mailbox of an editor, or a scanner that opens every link in it, can release nothing.
"""

import hashlib
import shlex
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Protocol

from babel.dates import format_timedelta

from nkwatch.domain.bulletin import Block
from nkwatch.domain.delivery import Handover, Message, Refused
from nkwatch.domain.desk import Editor
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.envelopes import sendable
from nkwatch.mail.facts import Facts
from nkwatch.mail.headers import ascii_domain, field, joined, mailbox, text_field
from nkwatch.mail.views import Address, Name, address, name_of, plain
from nkwatch.mail.widths import shorten

#: The folder of the templates.
FOLDER = "held"
#: Room for the subject, a title and a phrase (columns).
SUBJECT, TITLE, PHRASE = 120, 200, 80
#: How many reports and phrases are told one by one.
REPORTS, CUES = 10, 12


class Relay(Protocol):
    """Hands one message over."""

    async def hand_over(self, message: Message) -> Handover: ...


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report as an editor is told of it."""

    title: str
    by: Name
    published: datetime
    estimated: bool
    seen: datetime
    urgent: bool
    address: Address


@dataclass(frozen=True, slots=True)
class Calling:
    """Calls from `name` and `sender`; `return_path` is the envelope's sender. `site` is the base address of the pages.

    An editor whose language is not among `languages` is called in English.
    """

    relay: Relay
    blocks: Blocks
    languages: frozenset[str]
    name: str
    sender: str
    return_path: str
    site: str
    clock: Callable[[], datetime]

    async def call(self, editor: Editor, story: Story, calls: int) -> Handover:
        """Send one call; `calls` were sent before. Raises `ConfigError` when a template is wrong."""
        try:
            recipient = sendable(editor.address)
        except ValueError as why:
            return Refused(f"{plain(editor.name)}: {why}")
        message = Message(ascii_domain(self.return_path), recipient, self._content(editor, story, calls))
        return await self.relay.hand_over(message)

    def _content(self, editor: Editor, story: Story, calls: int) -> bytes:
        language = editor.language if editor.language in self.languages else "en"
        values = self._values(editor, story, calls, language)
        pieces = self.blocks.pieces(f"{FOLDER}/body.txt", language, values)
        body = b"".join(piece.body for piece in pieces if isinstance(piece, Block))
        return joined(self._fields(editor, story, calls, values, language)) + body

    def _fields(
        self, editor: Editor, story: Story, calls: int, values: dict[str, Any], language: str
    ) -> Iterator[bytes]:
        subject = self.blocks.line(f"{FOLDER}/subject.txt", language, values)
        yield field("From", mailbox(self.name, ascii_domain(self.sender)))
        yield field("To", f"<{sendable(editor.address)}>")
        yield text_field("Subject", shorten(subject, SUBJECT))
        yield field("Date", format_datetime(self.clock().astimezone(UTC)))
        yield field("Message-ID", self._message_id(editor, story, calls))
        yield field("Content-Language", language)
        # so that no absence notice or robot answers (RFC 3834; Exchange knows only the second)
        yield field("Auto-Submitted", "auto-generated")
        yield field("X-Auto-Response-Suppress", "OOF")
        yield field("MIME-Version", "1.0")
        yield field("Content-Type", "text/plain; charset=utf-8")
        yield field("Content-Transfer-Encoding", "quoted-printable")

    def _message_id(self, editor: Editor, story: Story, calls: int) -> str:
        """The same for the same call: one that was sent twice, because its note was lost, is seen to be one."""
        name = hashlib.sha256(f"{story.id}\0{calls}\0{editor.address}".encode()).hexdigest()[:32]
        return f"<held.{name}@{ascii_domain(self.sender).rpartition('@')[2]}>"

    def _values(self, editor: Editor, story: Story, calls: int, language: str) -> dict[str, Any]:
        reports = [_view(r) for r in (story.lead, *story.others)]
        waited = max(self.clock() - story.ready_at, timedelta())
        return {
            "title": reports[0].title,
            "fact": Facts(self.blocks.names).view(story, language),
            "reports": reports[:REPORTS],
            "further": len(reports[REPORTS:]),
            "cues": _cues(story),
            "why": plain(story.alert_reason),
            "calls": calls,
            "second": editor.second,
            "ready": story.ready_at,
            "waited": str(format_timedelta(waited, granularity="minute", locale=language)),
            "page": address(f"{self.site.rstrip('/')}/stories/{story.id}"),
            # on lines of their own, to be pasted into a shell as they are
            "release": _command("release", story, editor),
            "withhold": _command("withhold", story, editor),
        }


def _view(report: Report) -> ReportView:
    said = report.statement
    return ReportView(
        title=shorten(plain(said.title), TITLE) or plain(report.by),
        by=name_of(report.by, said),
        published=said.published,
        estimated=said.published_estimated,
        seen=said.first_seen,
        urgent=report.reading.urgency is Urgency.URGENT,
        address=address(said.url, trusted=report.link),
    )


def _cues(story: Story) -> tuple[str, ...]:
    """The phrases that made it urgent, each once, those of the leading report first."""
    urgent = [r for r in (story.lead, *story.others) if r.reading.urgency is Urgency.URGENT]
    phrases = (plain(e.phrase) for r in urgent for e in r.reading.cues)
    return tuple(shorten(p, PHRASE) for p in dict.fromkeys(phrases) if p)[:CUES]


def _command(verb: str, story: Story, editor: Editor) -> str:
    return f"nkwatch alert {verb} {shlex.quote(story.id)} --by {shlex.quote(plain(editor.name))}"
