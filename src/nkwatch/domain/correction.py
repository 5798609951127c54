"""A *correction* is an editor's word on a reading: what they said stands, the rest stays as it was read."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime

from nkwatch.domain.reading import Finding, Reading, Urgency
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import AlertState
from nkwatch.domain.theme import ThemeKind


@dataclass(frozen=True, slots=True)
class Correction:
    """What an editor said of a statement whose reading in force was that of `revision` by `rules`.

    None leaves a part as it was read; a correction without any part takes back what was said before. Themes stand in
    the editor's order, each with its kind.
    """

    statement_id: str
    revision: int
    rules: str
    at: datetime
    editor: str
    note: str = ""
    about_nk: bool | None = None
    themes: tuple[tuple[str, ThemeKind], ...] | None = None
    urgency: Urgency | None = None

    @property
    def undoes(self) -> bool:
        """Whether this takes back what was said before."""
        return self.about_nk is None and self.themes is None and self.urgency is None

    def after(self, earlier: "Correction | None") -> "Correction":
        """This correction where `earlier` is in force: what it leaves open stays as it was said."""
        if earlier is None or self.undoes:
            return self
        said = {name: getattr(self, name) for name in ("about_nk", "themes", "urgency")}
        return replace(self, **{n: getattr(earlier, n) if value is None else value for n, value in said.items()})


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrected(Reading):
    """A reading as an editor corrected it; `as_read` is what the rules found."""

    correction: Correction
    as_read: Reading


def corrected(reading: Reading, correction: Correction | None) -> Reading:
    """The reading in force: `reading` with what the editor said. What is not on North Korea has no themes."""
    if correction is None or correction.undoes:
        return reading
    kept = {f.name: getattr(reading, f.name) for f in fields(Reading)}
    about_nk = reading.about_nk if correction.about_nk is None else correction.about_nk
    urgency = reading.urgency if correction.urgency is None else correction.urgency
    if not about_nk:
        urgency = Urgency.ROUTINE
    said = {
        "about_nk": about_nk,
        "themes": _themes(reading, correction) if about_nk else (),
        "urgency": urgency,
        # phrases that decided for another urgency explain nothing
        "urgency_evidence": reading.urgency_evidence if urgency is reading.urgency else (),
    }
    return Corrected(**kept | said, correction=correction, as_read=reading)


def _themes(reading: Reading, correction: Correction) -> tuple[Finding, ...]:
    if correction.themes is None:
        return reading.themes
    found = {f.code: f for f in reading.themes}
    return tuple(found.get(code) or Finding(code, kind, 0.0, ()) for code, kind in correction.themes)


@dataclass(frozen=True, slots=True)
class Filed:
    """A statement that was read: by the rules, perhaps by an editor, and in which story it stands, if any."""

    statement: Statement
    reading: Reading
    correction: Correction | None = None
    story_id: str = ""

    @property
    def in_force(self) -> Reading:
        """The reading that counts."""
        return corrected(self.reading, self.correction)


@dataclass(frozen=True, slots=True)
class Shift:
    """The reading in force of one statement before and after a correction, or after other rules where there is none.

    `news` is false for what is too old to raise an alert because it was read anew.
    """

    before: Reading
    after: Reading
    correction: Correction | None = None
    news: bool = True

    @property
    def leaves(self) -> bool:
        """Whether the statement leaves its story. What an edit of its text took off North Korea stays there."""
        told_off = self.correction is not None and self.correction.about_nk is False
        return not self.after.about_nk and (self.before.about_nk or told_off)

    @property
    def raises(self) -> bool:
        """Whether the story's alert is to be asked anew. An editor who says urgent again asks again."""
        said = self.correction is not None and self.correction.urgency is Urgency.URGENT
        return self.news and _urgent(self.after) and (said or not _urgent(self.before))

    @property
    def calms(self) -> bool:
        """Whether the statement is no longer one that raises an alert."""
        return alarming(self.before) and not alarming(self.after)

    @property
    def first_alert(self) -> tuple[AlertState, str]:
        """The alert of a story that opens with this statement."""
        if self.raises:
            return AlertState.OPEN, self._reason
        return AlertState.NONE, "" if self.news else f"old when it was read by the rules {self.after.rules}"

    def alert(self, was: AlertState, *, others: bool) -> tuple[AlertState, str] | None:
        """What becomes of a story's alert and why; None where nothing does. `others`: another report is urgent.

        What was sent or withheld stays so. What an editor released is stopped by an editor only.
        """
        if self.raises and was in {AlertState.OPEN, AlertState.NONE, AlertState.HELD}:
            return AlertState.OPEN, self._reason
        stopped = {AlertState.OPEN, AlertState.HELD} | ({AlertState.RELEASED} if self.correction else set())
        if self.calms and not others and was in stopped:
            return AlertState.NONE, f"no report of it is urgent any more: {self._reason}"
        return None

    @property
    def _reason(self) -> str:
        if self.correction is None:
            return f"read anew by the rules {self.after.rules}"
        said = "marked urgent" if self.correction.urgency is Urgency.URGENT else "corrected"
        return f"{said} by {self.correction.editor}, an editor"


def alarming(reading: Reading) -> bool:
    """Whether a report with this reading can raise an alert."""
    return _urgent(reading) and reading.on_rights


def _urgent(reading: Reading) -> bool:
    return reading.about_nk and reading.urgency is Urgency.URGENT


@dataclass(frozen=True, slots=True)
class Changes:
    """How many statements were looked at, and in how many of them each part became another."""

    statements: int = 0
    about_nk_gained: int = 0
    about_nk_lost: int = 0
    themes_changed: int = 0
    urgency_raised: int = 0
    urgency_lowered: int = 0

    def __add__(self, other: "Changes") -> "Changes":
        return Changes(*(getattr(self, f.name) + getattr(other, f.name) for f in fields(Changes)))


def changes(before: Reading, after: Reading) -> Changes:
    """What changed in one statement; the order and the scores of its themes do not count."""
    return Changes(
        statements=1,
        about_nk_gained=after.about_nk and not before.about_nk,
        about_nk_lost=before.about_nk and not after.about_nk,
        themes_changed=_codes(before) != _codes(after),
        urgency_raised=after.urgency > before.urgency,
        urgency_lowered=after.urgency < before.urgency,
    )


@dataclass(frozen=True, slots=True)
class Tally:
    """How often editors changed what one version of the rules read, and each theme by its code."""

    rules: str
    changes: Changes = field(default_factory=Changes)
    themes_added: Mapping[str, int] = field(default_factory=dict)
    themes_removed: Mapping[str, int] = field(default_factory=dict)


def tally(found: Iterable[Filed]) -> list[Tally]:
    """The corrections that are in force, counted against the readings that they corrected, by rules."""
    by_rules: dict[str, list[Filed]] = defaultdict(list)
    for one in found:
        by_rules[one.reading.rules].append(one)
    return [_tally(rules, by_rules[rules]) for rules in sorted(by_rules)]


def _tally(rules: str, found: list[Filed]) -> Tally:
    added = Counter(c for f in found for c in _codes(f.in_force) - _codes(f.reading))
    removed = Counter(c for f in found for c in _codes(f.reading) - _codes(f.in_force))
    total = sum((changes(f.reading, f.in_force) for f in found), Changes())
    return Tally(rules, total, dict(sorted(added.items())), dict(sorted(removed.items())))


def _codes(reading: Reading) -> set[str]:
    return {f.code for f in reading.themes}
