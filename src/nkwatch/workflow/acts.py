"""What editors do, each with its row in the audit: what was so before and after, and what came of it.

Words are in the audit as a keyed hash alone, so that what is redacted does not stand there; they are kept where they
were said.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from nkwatch.domain.audit import Deed, State
from nkwatch.domain.passkey import Act
from nkwatch.domain.reading import Reading
from nkwatch.workflow.correct import Correct, Refused, Revised, Said
from nkwatch.workflow.desk import Marked, StoryDesk, Words
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.ports.editors import Audit
from nkwatch.workflow.ruled import Ruled
from nkwatch.workflow.rulings import Rulings

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Acts:
    """`mark` makes a keyed hash of words."""

    rulings: Rulings
    stories: StoryDesk
    correct: Correct
    statements: Statements
    audit: Audit
    clock: Clock
    mark: Callable[[str], str]

    async def release(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Let a held alert go."""
        work = self.rulings.release(story_id, editor, why)
        return await self._on_story(Act.RELEASE, story_id, editor, work, self._said(why))

    async def withhold(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Keep a held alert back."""
        work = self.rulings.withhold(story_id, editor, why)
        return await self._on_story(Act.WITHHOLD, story_id, editor, work, self._said(why))

    async def stop(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Cancel what has not left."""
        work = self.rulings.stop(story_id, editor, why)
        return await self._on_story(Act.STOP, story_id, editor, work, self._said(why))

    async def withdraw(self, story_id: str, words: Words, editor: str) -> Ruled:
        """Tell everybody who got an alert that all of it was wrong."""
        work = self.rulings.withdraw(story_id, words, editor)
        return await self._on_story(Act.WITHDRAW, story_id, editor, work, self._said(repr(tuple(words))))

    async def correct_alert(self, story_id: str, words: Words, editor: str) -> Ruled:
        """Tell everybody who got an alert what was wrong in it."""
        work = self.rulings.correct(story_id, words, editor)
        return await self._on_story(Act.CORRECT, story_id, editor, work, self._said(repr(tuple(words))))

    async def hold(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Keep a story out of alerts and digests, or let it go."""
        work = (self.stories.hold if on else self.stories.free)(story_id, editor)
        return await self._on_story(Act.HOLD, story_id, editor, work)

    async def drop(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Keep a story out of every digest, or no longer."""
        return await self._on_story(Act.DROP, story_id, editor, self.stories.drop(story_id, editor, on=on))

    async def pin(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Let a story lead every digest that holds it, or no longer."""
        return await self._on_story(Act.PIN, story_id, editor, self.stories.pin(story_id, editor, on=on))

    async def note(self, story_id: str, words: Words, editor: str) -> Marked | Refused:
        """Put words beside a story; none take them away."""
        return await self._on_story(Act.NOTE, story_id, editor, self.stories.note(story_id, words, editor))

    async def read(self, statement_id: str, said: Said) -> Revised | Refused:
        """Correct what was read in a statement."""
        done = await self.correct(statement_id, said)
        if isinstance(done, Revised):
            deed = (_reading(done.before), {**_reading(done.after), **self._said(said.note)})
            await self.audit.write(Deed(said.editor, Act.READ, statement_id, self.clock(), *deed))
        return done

    async def did(self, act: Act, thing: str, editor: str, after: State | None = None) -> None:
        """Note what has no state of its own: who signed in, whose key was removed."""
        await self.audit.write(Deed(editor, act, thing, self.clock(), {}, after or {}))

    async def _on_story(self, act: Act, story_id: str, editor: str, work: Awaitable[T], said: State | None = None) -> T:
        before, outcome = await self._story(story_id), "failed"
        try:
            done = await work
            outcome = _outcome(done)
        finally:
            after = {**await self._story(story_id), **(said or {}), "outcome": outcome}
            await self.audit.write(Deed(editor, act, story_id, self.clock(), before, after))
        return done

    async def _story(self, story_id: str) -> State:
        found = await self.statements.stories([story_id])
        if not found:
            return {}
        alert, marks = found[0].alert, found[0].marks
        noted = self.mark(repr(marks.note.words)) if marks.note else ""
        return {
            "alert": str(alert),
            "held": marks.held,
            "pinned": marks.pinned,
            "dropped": marks.dropped,
            "note": noted,
        }

    def _said(self, words: str) -> State:
        return {"words": self.mark(words)} if words.strip() else {}


def _outcome(done: object) -> str:
    if isinstance(done, Ruled):
        return str(done.outcome)
    return "refused" if isinstance(done, Refused) else "done"


def _reading(reading: Reading) -> State:
    themes = " ".join(f.code for f in reading.themes)
    return {"about_nk": reading.about_nk, "urgency": reading.urgency.name.lower(), "themes": themes}
