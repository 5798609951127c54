"""Whether a story goes out as an alert by itself, waits for an editor, or is none.

By default an editor decides. What is never an alert by itself: the first ingest of a source, a redesign, an estimated
date, a text that was under embargo, state media, anything older than 72 hours (promise 5).
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from nkwatch.domain.correction import Corrected, alarming
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.editing.independence import independent

NEWS_LASTS = timedelta(hours=72)
#: So many independent owners confirm each other.
ENOUGH = 2

Decision = tuple[AlertState, str]
"""What becomes of the alert, and the sentence that says why."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What the operator allows: `two_sources` that two independent owners release an alert together."""

    two_sources: bool = False


def decide(
    story: Story,
    sources: Mapping[str, Source],
    now: datetime,
    policy: Policy = Policy(),
    new: frozenset[str] | None = None,
) -> Decision:
    """The rule of release over all urgent reports of the story: the most permissive one decides.

    `new` are the statements that an update would tell: only their reports are looked at, beside what was told before.
    """
    urgent = [r for r in story.reports if alarming(r.reading)]
    asked = [r for r in urgent if new is None or r.statement.id in new]
    if not asked:
        return AlertState.NONE, "no report of it is urgent" if new is None else "no new report of it is urgent"
    state, why = min((_report(r, sources, now) for r in asked), key=lambda d: _ORDER.index(d[0]))
    if state is not AlertState.NONE and (marked := _marks(story)):
        return AlertState.HELD, marked
    if state is not AlertState.HELD or not policy.two_sources:
        return state, why
    able = [r for r in urgent if not any(applies for applies, _, _ in _doubts(r, sources, now))]
    confirmed, together = _together(story, able, asked)
    return (AlertState.RELEASED, together) if confirmed else (state, f"{why}; {together}")


_ORDER = (AlertState.RELEASED, AlertState.HELD, AlertState.NONE)


def _marks(story: Story) -> str:
    """What an editor said of the story that keeps it from being told by rule; empty where nothing does."""
    if story.marks.withdrawn:
        return "what was sent of this story was withdrawn: an editor must look"
    return "an editor holds this story back" if story.marks.held else ""


def _report(report: Report, sources: Mapping[str, Source], now: datetime) -> Decision:
    """What this report alone allows."""
    source, name = sources.get(report.statement.source_id), report.statement.source_id
    trusted = source is not None and source.alerts
    primary = source is not None and source.role is Role.STATEMENT
    trust = (
        (not trusted, AlertState.HELD, f"{name} may not raise alerts without an editor"),
        (not primary, AlertState.HELD, f"{name} is no primary source: an editor must look"),
        (True, AlertState.RELEASED, f"{name} is a primary source that may raise alerts"),
    )
    rules = (*_doubts(report, sources, now), *trust)
    return next((state, f"{why}{_marked(report.reading)}") for applies, state, why in rules if applies)


def _doubts(report: Report, sources: Collection[str], now: datetime) -> tuple[tuple[bool, AlertState, str], ...]:
    """What keeps a report from releasing anything, whoever published it; the first that applies decides."""
    statement, name = report.statement, report.statement.source_id
    none, held = AlertState.NONE, AlertState.HELD
    undated, crowd = statement.published_estimated, f"{name} showed it among much else that was new"
    return (
        (now - statement.published > NEWS_LASTS, none, "it was published more than 72 hours ago"),
        (statement.backlog and undated, none, f"{crowd}, without a date: old news"),
        (statement.backlog, held, f"{crowd}: an editor must look"),
        (undated, held, f"{name} gave no usable date: an editor must look"),
        (statement.embargo is not None, held, f"{name} published it under an embargo: an editor must look"),
        (report.role is Role.STATE_MEDIA, held, f"{name} is state media: an editor must look"),
        (name not in sources, held, f"{name} is no source any more: an editor must look"),
    )


def _together(story: Story, able: Collection[Report], asked: Collection[Report]) -> tuple[bool, str]:
    """Whether independent owners confirm each other, one of them in what is `asked`, and the words that say so.

    `able` are the reports that nothing keeps from that; what repeats one of the others confirms nothing.
    """
    owners = independent(able, [r for r in story.reports if r not in able])
    if len(owners) < ENOUGH:
        said = f"only {owners[0]} reports it independently" if owners else "nobody reports it independently"
        return False, f"{said}, and {ENOUGH} would release it"
    named = f"{', '.join(owners[:-1])} and {owners[-1]}"
    fresh = [r for r in able if r in asked]
    if not independent(fresh, [r for r in story.reports if r not in fresh]):
        return False, f"{named} report it independently, and none of them anything new"
    return True, f"{named} report it independently{_marked_by_any(able)}"


def _marked(reading: Reading) -> str:
    """Who said that it is urgent, where it was not read so."""
    if isinstance(reading, Corrected) and reading.correction.urgency is Urgency.URGENT:
        return f"; {reading.correction.editor}, an editor, marked it urgent"
    return ""


def _marked_by_any(reports: Collection[Report]) -> str:
    return next(filter(None, (_marked(r.reading) for r in reports)), "")
