"""What editors do, each with its row in the audit: what was so before and after, and what came of it.

Words are in the audit as a keyed hash alone, so that what is redacted does not stand there; they are kept where they
were said.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from nkwatch.domain.audit import Deed, State
from nkwatch.domain.desk import Translation
from nkwatch.domain.merging import Merged, Split, Unfit
from nkwatch.domain.passkey import Act
from nkwatch.domain.reading import Reading
from nkwatch.domain.subscriber import Rhythm
from nkwatch.workflow.closing import Digested
from nkwatch.workflow.correct import Correct, Refused, Revised, Said
from nkwatch.workflow.desk import Corrected, DigestDesk, Marked, StoryDesk, Words
from nkwatch.workflow.ports import Clock, Statements
from nkwatch.workflow.ports.editors import Audit
from nkwatch.workflow.redact import Redacted
from nkwatch.workflow.ruled import Ruled
from nkwatch.workflow.rulings import Rulings

T = TypeVar("T")

Look = Callable[[str], Awaitable[State]]
"""What is so of a thing."""


@dataclass(frozen=True, slots=True)
class Acts:
    """`mark` makes a keyed hash of words."""

    rulings: Rulings
    stories: StoryDesk
    digests: DigestDesk
    correct: Correct
    statements: Statements
    audit: Audit
    clock: Clock
    mark: Callable[[str], str]

    async def release(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Let a held alert go."""
        work = partial(self.rulings.release, editor=editor, note=why)
        return await self._on_story(Act.RELEASE, story_id, editor, work, self._said(why))

    async def withhold(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Keep a held alert back."""
        work = partial(self.rulings.withhold, editor=editor, note=why)
        return await self._on_story(Act.WITHHOLD, story_id, editor, work, self._said(why))

    async def stop(self, story_id: str, editor: str, why: str = "") -> Ruled:
        """Cancel what has not left."""
        work = partial(self.rulings.stop, editor=editor, note=why)
        return await self._on_story(Act.STOP, story_id, editor, work, self._said(why))

    async def withdraw(self, story_id: str, words: Words, editor: str) -> Ruled:
        """Tell everybody who got an alert that all of it was wrong."""
        work = partial(self.rulings.withdraw, words=words, editor=editor)
        return await self._on_story(Act.WITHDRAW, story_id, editor, work, self._said(repr(tuple(words))))

    async def correct_alert(self, story_id: str, words: Words, editor: str) -> Ruled:
        """Tell everybody who got an alert what was wrong in it."""
        work = partial(self.rulings.correct, words=words, editor=editor)
        return await self._on_story(Act.CORRECT, story_id, editor, work, self._said(repr(tuple(words))))

    async def hold(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Keep a story out of alerts and digests, or let it go."""
        work = self.stories.hold if on else self.stories.free
        return await self._on_story(Act.HOLD, story_id, editor, partial(work, editor=editor))

    async def drop(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Keep a story out of every digest, or no longer."""
        return await self._on_story(Act.DROP, story_id, editor, partial(self.stories.drop, editor=editor, on=on))

    async def pin(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Let a story lead every digest that holds it, or no longer."""
        return await self._on_story(Act.PIN, story_id, editor, partial(self.stories.pin, editor=editor, on=on))

    async def note(self, story_id: str, words: Words, editor: str) -> Marked | Refused:
        """Put words beside a story; none take them away."""
        return await self._on_story(Act.NOTE, story_id, editor, partial(self.stories.note, words=words, editor=editor))

    async def merge(self, into_id: str, other_ids: Sequence[str], editor: str, why: str = "") -> Merged | Unfit:
        """Let one story take in others, to which their ids then lead."""
        work = self.stories.merge(into_id, other_ids, editor, why)
        said = {"stories": " ".join(other_ids), **self._said(why)}
        return await self._noted(Act.MERGE, into_id, editor, work, said, self._story)

    async def split(
        self, statement_ids: Sequence[str], editor: str, why: str = "", *, news: bool = False
    ) -> Split | Unfit:
        """Let statements of one story make a story of their own."""
        work = self.stories.split(statement_ids, editor, why, news=news)
        said = {"news": news, **self._said(why)}
        return await self.noted(Act.SPLIT, " ".join(statement_ids), editor, work, said)

    async def translate(
        self, statement_id: str, language: str, title: str, text: str, editor: str
    ) -> Translation | Refused:
        """Keep a translation of a statement; an empty title and text take it away."""
        work = self.stories.translate(statement_id, language, title, text, editor)
        said = {"language": language, **self._said(f"{title}\n{text}")}
        return await self.noted(Act.TRANSLATE, statement_id, editor, work, said)

    async def send_now(self, rhythm: Rhythm, editor: str) -> Digested | Refused:
        """Send the digests of this rhythm now."""
        return await self.noted(Act.SEND_NOW, str(rhythm), editor, self.digests.send_now(rhythm))

    async def correct_digest(self, number: int, words: Words, editor: str) -> Corrected | Refused:
        """Tell everybody who got a digest what was wrong in it."""
        work = self.digests.correct_digest(number, words, editor)
        return await self.noted(Act.CORRECT_DIGEST, str(number), editor, work, self._said(repr(tuple(words))))

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

    async def noted(self, act: Act, thing: str, editor: str, work: Awaitable[T], said: State | None = None) -> T:
        """Do what is done to no story, and note what came of it."""
        return await self._noted(act, thing, editor, work, said, _stateless)

    async def _on_story(
        self, act: Act, story_id: str, editor: str, work: Callable[[str], Awaitable[T]], said: State | None = None
    ) -> T:
        """Do it to the story to which this id leads."""
        home = await self.statements.home(story_id)
        return await self._noted(act, home, editor, work(home), said, self._story)

    async def _noted(self, act: Act, thing: str, editor: str, work: Awaitable[T], said: State | None, look: Look) -> T:
        before = await look(thing)
        came: State = {"outcome": "failed"}
        try:
            done = await work
            came = _came_of(done)
        finally:
            after = {**await look(thing), **(said or {}), **came}
            await self.audit.write(Deed(editor, act, thing, self.clock(), before, after))
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


async def _stateless(_: str) -> State:
    return {}


def _came_of(done: object) -> State:
    """What came of it: an outcome, and numbers."""
    outcome, numbers = "done", dict[str, str | int | bool | None]()
    match done:
        case Ruled():
            outcome = str(done.outcome)
        case Refused() | False | None:
            outcome = "refused"
        case Unfit():
            outcome = str(done.obstacle)
        case Merged():
            numbers = {"statements": len(done.statements)}
        case Split():
            numbers = {"story": done.story, "of": done.of}
        case Digested():
            numbers = {"deliveries": done.deliveries}
        case Corrected():
            numbers = {"told": done.told, "lacking": done.lacking}
        case Redacted():
            numbers = {"redaction": done.redaction}
        case _:
            pass
    return {"outcome": outcome, **numbers}


def _reading(reading: Reading) -> State:
    themes = " ".join(f.code for f in reading.themes)
    return {"about_nk": reading.about_nk, "urgency": reading.urgency.name.lower(), "themes": themes}
