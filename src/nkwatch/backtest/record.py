"""What a backtest found, as JSON holds it."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from nkwatch.backtest.weeks import Backtested, Raised, Told, Week
from nkwatch.domain.alert import Change
from nkwatch.domain.story import Report, Story
from nkwatch.editing.matching import Reason


def record(backtested: Backtested) -> dict[str, Any]:
    """One object: the weeks in order, and which rules read the entries."""
    return {"weeks": [_week(week) for week in backtested.weeks], "rules": backtested.rules}


def _week(week: Week) -> dict[str, Any]:
    return {
        "week": week.name,
        "entries": week.entries,
        "about_nk": week.about_nk,
        "digest": {"stories": [_told(told) for told in week.digest.stories] if week.digest else []},
        "alerts": [_raised(raised) for raised in week.alerts],
    }


def _told(told: Told) -> dict[str, Any]:
    story, lead = told.story, told.story.lead.statement
    return {
        "id": story.id,
        "title": lead.title,
        "publisher": lead.publisher,
        "published": iso(lead.published),
        "url": lead.url,
        "urgency": story.urgency.name.lower(),
        "themes": list(story.themes),
        "why": reasons(told.reasons),
        "section": told.section,
        "reports": _reports(story),
    }


def _raised(raised: Raised) -> dict[str, Any]:
    story, lead = raised.story, raised.story.lead.statement
    return {
        "story": story.id,
        "title": lead.title,
        "publisher": lead.publisher,
        "published": iso(lead.published),
        "url": lead.url,
        "at": iso(raised.at),
        "state": str(raised.state),
        "why": raised.why,
        "fact": raised.fact,
        "cues": cues(story),
        "update": bool(raised.follows),
        "changes": told_changes(raised.changes),
        "reports": _reports(story),
    }


def _reports(story: Story) -> list[dict[str, str]]:
    return [_report(r) for r in (story.lead, *story.others)]


def _report(report: Report) -> dict[str, str]:
    said = report.statement
    return {
        "id": said.id,
        "publisher": said.publisher,
        "title": said.title,
        "published": iso(said.published),
        "url": said.url,
    }


def reasons(found: Iterable[Reason]) -> list[str]:
    """Why a reader gets a story: "any", or what of the choice matched."""
    return [
        f"{reason.kind}: {', '.join(map(str, reason.values))}" if reason.values else reason.kind for reason in found
    ]


def told_changes(found: Iterable[Change]) -> list[str]:
    """What an update changes: the kind, and what is new of it."""
    return [f"{change.kind}: {', '.join(change.values)}" if change.values else str(change.kind) for change in found]


def cues(story: Story) -> list[str]:
    """The words for which it was read as urgent, each once."""
    return list(dict.fromkeys(e.phrase for r in story.reports for e in r.reading.cues))


def iso(instant: datetime) -> str:
    """ISO 8601 in UTC."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")
