"""Whether a story goes out as an alert by itself, waits for an editor, or is none.

By default an editor decides. What is never an alert by itself: the first ingest of a source, an estimated date,
anything older than 72 hours (promise 5).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.domain.theme import Urgency

NEWS_LASTS = timedelta(hours=72)

Decision = tuple[AlertState, str]
"""What becomes of the alert, and the sentence that says why."""


def decide(story: Story, sources: Mapping[str, Source], now: datetime) -> Decision:
    """The rule of release over all urgent reports of the story: the most permissive one decides."""
    urgent = [r for r in story.reports if r.reading.urgency is Urgency.URGENT and r.reading.on_rights]
    if not urgent:
        return AlertState.NONE, "no report of it is urgent"
    decisions = [_report(r, sources.get(r.statement.source_id), now) for r in urgent]
    return min(decisions, key=lambda d: _ORDER.index(d[0]))


_ORDER = (AlertState.RELEASED, AlertState.HELD, AlertState.NONE)


def _report(report: Report, source: Source | None, now: datetime) -> Decision:
    statement = report.statement
    name = statement.source_id
    if statement.backlog:
        return AlertState.NONE, f"{name} was read for the first time: what it held is old news"
    if now - statement.published > NEWS_LASTS:
        return AlertState.NONE, f"published {statement.published:%Y-%m-%d %H:%M} UTC, more than 72 hours ago"
    if statement.published_estimated:
        return AlertState.HELD, f"{name} gave no usable date: an editor must look"
    if source is None or not source.alerts:
        return AlertState.HELD, f"{name} may not raise alerts without an editor"
    if source.role is not Role.STATEMENT:
        return AlertState.HELD, f"{name} is no primary source: an editor must look"
    return AlertState.RELEASED, f"{name} is a primary source that may raise alerts"
