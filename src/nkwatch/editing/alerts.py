"""Whether a story goes out as an alert by itself, waits for an editor, or is none.

By default an editor decides. What is never an alert by itself: the first ingest of a source, an estimated date,
anything older than 72 hours (promise 5).
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from nkwatch.domain.correction import Corrected
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState, Report, Story

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
    """The first rule that applies decides."""
    statement, name = report.statement, report.statement.source_id
    primary = source is not None and source.role is Role.STATEMENT
    rules = (
        (now - statement.published > NEWS_LASTS, AlertState.NONE, "it was published more than 72 hours ago"),
        (
            statement.backlog and statement.published_estimated,
            AlertState.NONE,
            f"{name} showed it among much else that was new, without a date: old news",
        ),
        (
            statement.backlog,
            AlertState.HELD,
            f"{name} showed it among much else that was new: an editor must look",
        ),
        (statement.published_estimated, AlertState.HELD, f"{name} gave no usable date: an editor must look"),
        (source is None or not source.alerts, AlertState.HELD, f"{name} may not raise alerts without an editor"),
        (not primary, AlertState.HELD, f"{name} is no primary source: an editor must look"),
        (True, AlertState.RELEASED, f"{name} is a primary source that may raise alerts"),
    )
    return next((state, f"{why}{_marked(report.reading)}") for applies, state, why in rules if applies)


def _marked(reading: Reading) -> str:
    """Who said that it is urgent, where it was not read so."""
    if isinstance(reading, Corrected) and reading.correction.urgency is Urgency.URGENT:
        return f"; {reading.correction.editor}, an editor, marked it urgent"
    return ""
