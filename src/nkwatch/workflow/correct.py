"""Take an editor's word on a reading, with all that follows from it for the story and its alert."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nkwatch.domain.correction import Correction, Filed, Shift, alarming, corrected
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.theme import ThemeKind
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.readings import Place, Readings


@dataclass(frozen=True, slots=True)
class Said:
    """What an editor says; None leaves a part as it is. `undo` takes back all that was said of the statement."""

    editor: str
    note: str = ""
    about_nk: bool | None = None
    themes: tuple[str, ...] | None = None
    urgency: Urgency | None = None
    undo: bool = False


@dataclass(frozen=True, slots=True)
class Revised:
    """A statement as it was filed, its reading in force before and after, and the story in which it stands after.

    `alert` is that of the story that it came, stayed or was in; None where there is none.
    """

    filed: Filed
    before: Reading
    after: Reading
    story_id: str
    alert: AlertState | None = None
    alert_reason: str = ""


@dataclass(frozen=True, slots=True)
class Refused:
    """A correction that cannot be, and why. `usage` is false where nothing is wrong with what was asked for."""

    reason: str
    usage: bool = True


@dataclass(frozen=True, slots=True)
class Correct:
    """`themes` are those of the catalogue, by code."""

    statements: Statements
    readings: Readings
    place: Place
    themes: Mapping[str, ThemeKind]
    clock: Clock

    async def __call__(self, statement_id: str, said: Said, *, dry_run: bool = False) -> Revised | Refused:
        """Correct the reading in force, or with `dry_run` only say what would come of it."""
        filed = await self.readings.filed(statement_id)
        if filed is None:
            return Refused(f"no statement that was read has the id {statement_id!r}", usage=False)
        if said.undo and filed.correction is None:
            return Refused(f"nothing is corrected in the statement {statement_id!r}", usage=False)
        correction = self._correction(filed, said)
        whole = correction.after(filed.correction)
        after = corrected(filed.reading, whole)
        if problem := self._problem(said, after):
            return Refused(problem)
        shift = Shift(filed.in_force, after, whole)
        story_id, marks = await self._home(filed, shift)
        if dry_run:
            return await self._foreseen(filed, shift, story_id)
        await self.readings.record_correction(correction, story_id, marks, self.clock())
        return await self._revised(filed)

    def _correction(self, filed: Filed, said: Said) -> Correction:
        codes = dict.fromkeys(said.themes or ())
        themes = tuple((code, self.themes[code]) for code in codes if code in self.themes)
        return Correction(
            statement_id=filed.statement.id,
            revision=filed.reading.revision,
            rules=filed.reading.rules,
            at=self.clock(),
            editor=said.editor,
            note=said.note,
            about_nk=None if said.undo else said.about_nk,
            themes=None if said.undo or said.themes is None else themes,
            urgency=None if said.undo else said.urgency,
        )

    def _problem(self, said: Said, after: Reading) -> str:
        """Why this cannot be said; empty where it can."""
        unknown = [code for code in said.themes or () if code not in self.themes]
        nothing = said.about_nk is None and said.themes is None and said.urgency is None
        beside = bool(said.themes) or said.urgency in {Urgency.NOTABLE, Urgency.URGENT}
        problems = (
            (bool(unknown), f"no theme is called {', '.join(unknown)}; there are {', '.join(sorted(self.themes))}"),
            (
                said.undo and not nothing,
                "an undo takes back all that was said: say what is right in a second correction",
            ),
            (nothing and not said.undo, "nothing to correct: say themes, urgency, or whether it is on North Korea"),
            (
                beside and not said.undo and not after.about_nk,
                "what is not on North Korea has no themes and is routine; is the statement on North Korea after all?",
            ),
        )
        return next((why for applies, why in problems if applies), "")

    async def _home(self, filed: Filed, shift: Shift) -> tuple[str, Sequence[int]]:
        """The story in which the statement stands after, and its marks where it comes in."""
        if shift.leaves:
            return "", ()
        if filed.story_id or not shift.after.about_nk:
            return filed.story_id, ()
        return (await self.place([filed.statement]))[filed.statement.id]

    async def _foreseen(self, filed: Filed, shift: Shift, story_id: str) -> Revised:
        story = await self._story(story_id or filed.story_id)
        alert = shift.first_alert if story_id else (None, "")
        if story:
            others = any(alarming(r.reading) for r in story.reports if r.statement.id != filed.statement.id)
            alert = shift.alert(story.alert, others=others) or (story.alert, story.alert_reason)
        return Revised(filed, shift.before, shift.after, story_id, *alert)

    async def _revised(self, was: Filed) -> Revised:
        """What is there now: somebody else may have changed it meanwhile."""
        filed = await self.readings.filed(was.statement.id) or was
        story = await self._story(filed.story_id or was.story_id)
        alert = (story.alert, story.alert_reason) if story else (None, "")
        return Revised(was, was.in_force, filed.in_force, filed.story_id, *alert)

    async def _story(self, story_id: str) -> Story | None:
        found = await self.statements.stories([story_id] if story_id else [])
        return found[0] if found else None
