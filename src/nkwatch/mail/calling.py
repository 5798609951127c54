"""Tells an editor by mail that an alert waits: facts, why it waits, and the commands that decide; no link acts.

Whoever reads the mailbox of an editor, or a scanner that opens every link in it, can release nothing.
"""

import hashlib
import shlex
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from babel.dates import format_timedelta

from nkwatch.domain.delivery import Handover
from nkwatch.domain.desk import Editor
from nkwatch.domain.reading import Urgency
from nkwatch.domain.story import Report, Story
from nkwatch.mail.facts import Facts
from nkwatch.mail.pen import Pen
from nkwatch.mail.views import Address, Name, address, name_of, plain
from nkwatch.mail.widths import shorten

#: The folder of the templates.
FOLDER = "held"
#: Room for a title and a phrase (columns).
TITLE, PHRASE = 200, 80
#: How many reports and phrases are told one by one.
REPORTS, CUES = 10, 12


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
    """Calls; `site` is the base address of the pages."""

    pen: Pen
    site: str

    async def call(self, editor: Editor, story: Story, calls: int) -> Handover:
        """Send one call; `calls` were sent before. Raises `ConfigError` when a template is wrong."""
        # the same for the same call: one that was sent twice, because its note was lost, is seen to be one
        name = hashlib.sha256(f"{story.id}\0{calls}\0{editor.address}".encode("utf-8", "replace")).hexdigest()[:32]
        return await self.pen.to_editor(
            editor, FOLDER, f"held.{name}", lambda language: self._values(editor, story, calls, language)
        )

    def _values(self, editor: Editor, story: Story, calls: int, language: str) -> dict[str, Any]:
        reports = [_view(r) for r in (story.lead, *story.others)]
        waited = max(self.pen.clock() - story.ready_at, timedelta())
        return {
            "title": reports[0].title,
            "fact": Facts(self.pen.blocks.names).view(story, language),
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
