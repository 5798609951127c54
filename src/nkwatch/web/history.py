"""What happened to a story, in the order of time, and the proofs that are kept of what was read."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise
from typing import TypeVar

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.correction import Correction
from nkwatch.domain.statement import Statement, cut, without_tracking
from nkwatch.domain.story import Report, Story
from nkwatch.mail.views import Address, Name, address, tag
from nkwatch.store.archive import OPENING, Alerted, Capture, History, Revision
from nkwatch.web.changes import Change, Shown, change
from nkwatch.web.views import SHORT, said

T = TypeVar("T", Revision, Capture, Correction)

#: Changes that are shown of one statement, the latest ones, and its latest proofs.
CHANGES, PROOFS = 10, 3


class EventKind(StrEnum):
    """What happened."""

    PUBLISHED = "published"
    CHANGED = "changed"
    #: an editor corrected what was read in a report
    REREAD = "reread"
    ALERT = "alert"
    ALERT_CORRECTION = "alert-correction"
    CORRECTED = "corrected"
    WITHDRAWN = "withdrawn"


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the timeline. `by` is the publisher, `seen` when we first saw what was published."""

    at: datetime
    kind: EventKind
    by: Name | None = None
    seen: datetime | None = None
    estimated: bool = False
    change: Change | None = None
    number: int = 0
    answers: int = 0
    language: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """Bytes that were kept; `where` they came from, empty where that is not said."""

    by: Name
    sha256: str
    size: int
    at: datetime
    where: Address | None


def timeline(story: Story, reports: Sequence[Report], history: History) -> list[Event]:
    """What happened to a story and to these of its reports, the first first."""
    revisions, reread = _grouped(history.revisions), _grouped(history.corrections)
    found = [_published(r) for r in reports]
    found += [e for r in reports for e in _changes(r, revisions.get(r.statement.id, ()))]
    found += [Event(c.at, EventKind.REREAD, _by(r)) for r in reports for c in reread.get(r.statement.id, ())]
    found += [_alert(alert) for alert in history.alerts]
    if said := story.marks.correction:
        found.append(Event(said.at, EventKind.WITHDRAWN if story.marks.withdrawn else EventKind.CORRECTED))
    return sorted(found, key=lambda e: e.at)


def kept(reports: Sequence[Report], history: History) -> list[Kept]:
    """The latest proofs of these reports, those of one report together."""
    captures = _grouped(history.captures)
    return [
        Kept(_by(r), p.sha256, p.size, p.at, _where(p, r.statement))
        for r in reports
        for p in captures.get(r.statement.id, ())[-PROOFS:]
    ]


def _grouped(found: Iterable[T]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for one in found:
        grouped[one.statement_id].append(one)
    return grouped


def _by(report: Report) -> Name:
    return said(report.statement, 0, report.statement.publisher).by


def _published(report: Report) -> Event:
    statement = report.statement
    seen, estimated = statement.first_seen, statement.published_estimated
    return Event(statement.published, EventKind.PUBLISHED, _by(report), seen=seen, estimated=estimated)


def _alert(alert: Alerted) -> Event:
    kind = EventKind.ALERT if alert.kind is BulletinKind.ALERT else EventKind.ALERT_CORRECTION
    return Event(alert.date, kind, number=alert.number, answers=alert.answers or 0)


def _changes(report: Report, revisions: Sequence[Revision]) -> Iterator[Event]:
    """What its publisher changed. That we read the page behind a short text later is no change."""
    statement, latest = report.statement, revisions[-CHANGES:]
    versions = [replace(statement, title=r.title, text=r.text) for r in latest]
    versions.append(replace(statement, text=statement.text[:OPENING]))
    for revision, (before, after) in zip(latest, pairwise(versions), strict=True):
        completed = before.title == after.title and cut(before.text, after.text) and len(before.text) < OPENING
        if not completed or revision.replaced_at == statement.edited_at:
            changed = change(_shown(before, report.by), _shown(after, report.by))
            language = tag(report.reading.language or statement.language)
            yield Event(revision.replaced_at, EventKind.CHANGED, _by(report), change=changed, language=language)


def _shown(statement: Statement, by: str) -> Shown:
    seen = said(statement, SHORT, by)
    return Shown(seen.title, seen.excerpt)


def _where(capture: Capture, statement: Statement) -> Address | None:
    """The address of the statement's own page; of a list only what stands before its parameters, which may be ours."""
    if not capture.url.startswith(("http://", "https://")):
        return None
    own = without_tracking(capture.url) == statement.url
    return address(capture.url if own else capture.url.partition("?")[0].partition("#")[0], trusted=False)
