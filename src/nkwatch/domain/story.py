"""A *story* is the statements that report the same thing; one of them leads."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from nkwatch.domain.desk import UNMARKED, Marks, Translation
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Statement

#: A primary text leads before what reprints or reports it.
_PRECEDENCE = {Role.STATEMENT: 0, Role.REPRINT: 1, Role.PRESS: 2, Role.STATE_MEDIA: 3}


@dataclass(frozen=True, slots=True)
class Report:
    """One statement of a story with its reading. `link` is false where its address leads outside its source."""

    statement: Statement
    reading: Reading
    role: Role
    owner: str
    link: bool = True

    @property
    def by(self) -> str:
        """Whose words these are: the organisation that released them, else the publisher."""
        return self.reading.released_by or self.statement.publisher


class AlertState(StrEnum):
    """What became of a story as an alert."""

    #: nobody has asked yet
    OPEN = "open"
    #: no alert by any rule; the reason says why
    NONE = "none"
    #: waits for an editor
    HELD = "held"
    #: may go, by rule or by an editor
    RELEASED = "released"
    #: written into the outbox
    SENT = "sent"
    #: an editor said no
    WITHHELD = "withheld"


#: Of alerts that are not yet written for all their readers.
UNDER_WAY = (AlertState.OPEN, AlertState.HELD, AlertState.RELEASED)


@dataclass(frozen=True, slots=True)
class Story:
    """Statements that report the same thing. Its id is the id of the statement that opened it, for ever.

    `ready_at` is the instant under which windows find it (UTC).
    """

    id: str
    reports: tuple[Report, ...]
    ready_at: datetime
    alert: AlertState = AlertState.OPEN
    alert_reason: str = ""
    marks: Marks = UNMARKED

    def public(self, now: datetime) -> "Story | None":
        """This story with the reports that may be shown at `now`; None where none of them may."""
        reports = tuple(r for r in self.reports if r.statement.public(now))
        return replace(self, reports=reports) if reports else None

    def shown(self, now: datetime) -> "Story | None":
        """The same; None as well where an editor holds it back."""
        return None if self.marks.held else self.public(now)

    @property
    def lead(self) -> Report:
        """The report that leads: the primary source first, then the earliest."""
        return min(self.reports, key=_precedence)

    def lead_in(self, language: str) -> Report:
        """The report that leads for a reader of `language`: one in that language where there is any."""
        return min(self.reports, key=lambda r: (r.statement.language[:2] != language, *_precedence(r)))

    def translation(self, language: str) -> Translation | None:
        """An editor's translation of the report that leads, where there is one into `language`."""
        lead = self.lead.statement.id
        found = (t for t in self.marks.translations if t.statement_id == lead and t.language == language)
        return next(found, None)

    @property
    def unreviewed(self) -> bool:
        """Whether an alert on it waits for an editor: nobody has looked at it."""
        return self.alert is AlertState.HELD

    @property
    def others(self) -> tuple[Report, ...]:
        """The reports that do not lead, in their order."""
        return tuple(sorted((r for r in self.reports if r is not self.lead), key=_precedence))

    @property
    def urgency(self) -> Urgency:
        """The highest urgency found in any of its reports."""
        return max(r.reading.urgency for r in self.reports)

    @property
    def themes(self) -> tuple[str, ...]:
        """The codes of its themes, the strongest of the leading report first."""
        ordered = (self.lead, *self.others)
        return tuple(dict.fromkeys(f.code for r in ordered for f in r.reading.themes))

    @property
    def rights(self) -> bool:
        """Whether any report of it is on human rights in North Korea."""
        return any(r.reading.on_rights for r in self.reports)


def _precedence(report: Report) -> tuple[int, datetime, str]:
    return _PRECEDENCE[report.role], report.statement.published, report.statement.id
