"""What the pages of the desk show of alerts that wait, and of readings in doubt."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.desk import Precision
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Report, Story
from nkwatch.editing.alerts import NEWS_LASTS
from nkwatch.mail.views import Address, Name, address, name_of, plain
from nkwatch.mail.widths import shorten
from nkwatch.web.desk.marking import Marked, marked
from nkwatch.web.views import TITLE, Remark, Themes

#: A theme found with less than this (0 to 1) may as well not be one.
DOUBT = 0.5


@dataclass(frozen=True, slots=True)
class Rightness:
    """How often alerts of a source were right, by what editors ruled in a year."""

    right: int = 0
    ruled: int = 0


@dataclass(frozen=True, slots=True)
class ReportView:
    """One report of a story, as who judges it sees it."""

    id: str
    by: Name
    language: str
    published: datetime
    estimated: bool
    seen: datetime
    urgent: bool
    address: Address
    role: str
    trusted: bool
    rightness: Rightness
    marked: Marked


@dataclass(frozen=True, slots=True)
class Waiting:
    """A story whose alert waits. `old` says that it is no news any more: look at the date."""

    id: str
    title: str
    language: str
    since: datetime
    why: str
    old: bool
    reports: tuple[ReportView, ...]
    released_by: tuple[str, ...]
    pinned: bool
    note: Remark | None


@dataclass(frozen=True, slots=True)
class Seeing:
    """What is called what for one editor, how often each source was right, and the present instant."""

    themes: Themes
    sources: Mapping[str, Source]
    precisions: Mapping[str, Precision]
    language: str
    now: datetime

    def waiting(self, story: Story, released_by: tuple[str, ...]) -> Waiting:
        """A story whose alert waits."""
        lead = story.lead.statement
        newest = max(r.statement.published for r in story.reports)
        return Waiting(
            id=story.id,
            title=shorten(plain(lead.title), TITLE) or plain(story.lead.by),
            language=lead.language,
            since=story.ready_at,
            why=plain(story.alert_reason),
            old=self.now - newest > NEWS_LASTS,
            reports=tuple(self.report(r) for r in (story.lead, *story.others)),
            released_by=released_by,
            pinned=story.marks.pinned,
            note=Remark.of(story.marks.note, self.language),
        )

    def report(self, report: Report) -> ReportView:
        """One report of it."""
        said, source = report.statement, self.sources.get(report.statement.source_id)
        return ReportView(
            id=said.id,
            by=name_of(report.by, said),
            language=said.language,
            published=said.published,
            estimated=said.published_estimated,
            seen=said.first_seen,
            urgent=report.reading.urgency is Urgency.URGENT,
            address=address(said.url, trusted=report.link),
            role=str(report.role),
            trusted=bool(source and source.alerts),
            rightness=self._rightness(said.source_id),
            marked=marked(said, report.reading, self.themes, self.language),
        )

    def _rightness(self, source_id: str) -> Rightness:
        found = self.precisions.get(source_id)
        return Rightness(found.right, found.right + found.wrong) if found else Rightness()


def doubts(statement: Statement, reading: Reading) -> tuple[str, ...]:
    """Why a reading is worth a look: what was found only just, and what has changed since it was read."""
    if not reading.about_nk:
        return ()
    weak = [f.code for f in reading.themes if 0 < f.score < DOUBT]
    urgent = reading.urgency is Urgency.URGENT
    reasons = (
        (bool(weak), "weak"),
        (not reading.themes, "themeless"),
        (urgent and not reading.on_rights, "urgent"),
        (statement.revision != reading.revision, "edited"),
    )
    return tuple(reason for applies, reason in reasons if applies)
