"""Call editors to alerts that wait: the first at once, the second ones when nobody has answered.

A call is noted after it was sent, so editors may get it twice when the process dies in between, and never not at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.delivery import Sent
from nkwatch.domain.desk import Editor
from nkwatch.domain.story import Story
from nkwatch.workflow.ports import Callers, Clock, Desk, Notice, Statements

#: How many calls are noted once a stage was reached.
FIRST, SECOND = 1, 2


@dataclass(frozen=True, slots=True)
class EditorsCalled:
    """How many calls the relay took in one round."""

    calls: int = 0


@dataclass(frozen=True, slots=True)
class _Stage:
    """Who is to be called, and how many calls are noted once one of them was reached."""

    editors: tuple[Editor, ...]
    calls: int


@dataclass(frozen=True, slots=True)
class CallEditors:
    """One round. Without editors nobody is called: the operator's notice has told of the alert."""

    statements: Statements
    desk: Desk
    callers: Callers
    editors: tuple[Editor, ...]
    clock: Clock
    notice: Notice
    #: unanswered for so long, an alert goes to the second editors
    second_after: timedelta = timedelta(minutes=30)
    #: story, stage and address of calls that the relay did not take, while others of the stage were reached
    missed: set[tuple[str, int, str]] = field(default_factory=set)
    #: addresses that could not be reached, of which the operator was told
    told: set[str] = field(default_factory=set)

    async def __call__(self) -> EditorsCalled:
        """Call who is to be called by now. Who cannot be reached is tried again at the next round."""
        if not self.editors:
            return EditorsCalled()
        now = self.clock()
        waiting = {story: (calls, since) for story, calls, since in await self.desk.calls(now)}
        self.missed.intersection_update([m for m in self.missed if m[0] in waiting])
        stages = {story: self._stages(story, calls, since, now) for story, (calls, since) in waiting.items()}
        stories = await self._stories([story for story, due in stages.items() if due], now)
        sent = [await self._call(s, stage, waiting[i][0], now) for i, s in stories.items() for stage in stages[i]]
        return EditorsCalled(sum(sent))

    def _stages(self, story_id: str, calls: int, since: datetime, now: datetime) -> tuple[_Stage, ...]:
        """Whom to call. When none of the first can be reached either, that is no answer, and the second are called."""
        first = tuple(e for e in self.editors if not e.second) or self.editors
        second = tuple(e for e in self.editors if e not in first)
        late = now - since >= self.second_after
        due = [_Stage(first if calls < FIRST else self._missing(story_id, FIRST, first), FIRST)]
        if calls >= SECOND:
            due.append(_Stage(self._missing(story_id, SECOND, second), SECOND))
        elif second and late:
            due.append(_Stage(second, SECOND))
        return tuple(stage for stage in due if stage.editors)

    def _missing(self, story_id: str, stage: int, editors: Sequence[Editor]) -> tuple[Editor, ...]:
        return tuple(e for e in editors if (story_id, stage, e.address) in self.missed)

    async def _stories(self, ids: Sequence[str], now: datetime) -> Mapping[str, Story]:
        """Those of the stories that may be shown; what an editor holds back has an editor."""
        found = await self.statements.stories(ids) if ids else []
        return {s.id: shown for s in found if (shown := s.shown(now))}

    async def _call(self, story: Story, stage: _Stage, before: int, now: datetime) -> int:
        reached = [e for e in stage.editors if await self._reach(e, story, stage.calls)]
        if reached and stage.calls > before:
            await self.desk.called(story.id, stage.calls, now)
        return len(reached)

    async def _reach(self, editor: Editor, story: Story, stage: int) -> bool:
        answer = await self.callers.call(editor, story, stage - 1)
        missed = (story.id, stage, editor.address)
        if isinstance(answer, Sent):
            self.missed.discard(missed)
            self.told.discard(editor.address)
            return True
        self.missed.add(missed)
        if editor.address not in self.told:
            self.notice("editor not reached", editor=editor.name, story=story.id, why=answer.reply)
            self.told.add(editor.address)
        return False
