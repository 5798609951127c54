"""An editor's word, and what follows from it for the story, its alert and what readers get."""

from collections.abc import Mapping
from typing import Any

import pytest

from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import AlertState
from nkwatch.domain.theme import ThemeKind
from nkwatch.editing.alerts import decide
from nkwatch.reading.stories import Placement, marks
from nkwatch.workflow.correct import Correct, Refused, Revised, Said
from nkwatch.workflow.readings import Place
from tests.making import NOW, polled, prose, reading, sifted, source, statement
from tests.workflow.fakes import FakeClock
from tests.workflow.memory import Memory, MemoryReadings, MemoryStatements

THEMES = {"prisons": ThemeKind.RIGHTS, "women": ThemeKind.RIGHTS, "security": ThemeKind.CONTEXT}


class Desk:
    """Statements that were read, and an editor."""

    def __init__(self, sources: Mapping[str, Any] | None = None) -> None:
        self.memory = Memory(sources or {"a": source("a", role=Role.STATEMENT, alerts=True)})
        self.statements, self.readings = MemoryStatements(self.memory), MemoryReadings(self.memory)
        self.clock = FakeClock()
        place = Place(self.statements)
        self.correct = Correct(self.statements, self.readings, place, THEMES, self.clock)

    async def told(self, name: str, text: str = "", **fields: Any) -> Statement:
        """A statement that was read; in its own story where it is on North Korea."""
        one = statement(name, title="", text=text or prose(name))
        await self.statements.record_polls([polled(sifted(one))])
        made = reading(name, **fields)
        placed = Placement(made, name, marks(one)) if made.about_nk else Placement(made)
        await self.statements.record_readings([placed], NOW)
        return one

    async def say(self, name: str, *, dry_run: bool = False, **said: Any) -> Revised:
        """Jin says something that can be."""
        made = await self.correct(name, Said("Jin", **said), dry_run=dry_run)
        assert isinstance(made, Revised), made
        return made

    async def refused(self, name: str, **said: Any) -> Refused:
        """Jin says something that cannot be."""
        made = await self.correct(name, Said("Jin", **said))
        assert isinstance(made, Refused)
        return made


def told(read: Reading) -> tuple[bool, tuple[str, ...], Urgency]:
    """What counts of a reading."""
    return read.about_nk, tuple(f.code for f in read.themes), read.urgency


async def test_the_answer_shows_before_and_after() -> None:
    desk = Desk()
    await desk.told("s1")
    made = await desk.say("s1", themes=("women", "security", "women"), urgency=Urgency.NOTABLE, note="read it")
    assert told(made.before) == (True, ("prisons",), Urgency.ROUTINE)
    assert told(made.after) == (True, ("women", "security"), Urgency.NOTABLE)
    assert (made.story_id, made.alert) == ("s1", AlertState.NONE)
    (kept,) = desk.memory.corrections
    assert (kept.editor, kept.note, kept.rules, kept.at) == ("Jin", "read it", "test.1", NOW)


async def test_a_dry_run_foresees_what_would_be_and_writes_nothing() -> None:
    for said in (
        {"urgency": Urgency.URGENT},
        {"about_nk": False},
        {"themes": ()},
    ):
        desk = Desk()
        await desk.told("s1", urgency=Urgency.URGENT)
        await desk.statements.record_alert("s1", AlertState.HELD, "look", NOW)
        foreseen = await desk.say("s1", dry_run=True, **said)
        assert desk.memory.corrections == []
        done = await desk.say("s1", **said)
        assert (told(foreseen.after), foreseen.story_id) == (told(done.after), done.story_id)
        assert done.alert in {None, foreseen.alert}


async def test_what_is_brought_on_north_korea_joins_the_story_that_reports_the_same() -> None:
    desk = Desk()
    await desk.told("s1", prose("same"))
    await desk.told("s2", prose("same"), about_nk=False)
    await desk.told("s3", about_nk=False)
    foreseen = await desk.say("s2", about_nk=True, dry_run=True)
    assert (foreseen.story_id, foreseen.alert) == ("s1", AlertState.NONE)
    assert (await desk.say("s2", about_nk=True)).story_id == "s1"
    foreseen = await desk.say("s3", about_nk=True, urgency=Urgency.URGENT, dry_run=True)
    assert (foreseen.story_id, foreseen.alert) == ("s3", AlertState.OPEN)
    assert (await desk.say("s3", about_nk=True)).story_id == "s3"


async def test_what_is_taken_off_north_korea_leaves_its_story() -> None:
    desk = Desk()
    await desk.told("s1")
    made = await desk.say("s1", about_nk=False)
    assert (made.story_id, made.alert) == ("", None)
    assert await desk.statements.stories(["s1"]) == []
    back = await desk.say("s1", undo=True)
    assert (back.story_id, told(back.after)[0]) == ("s1", True)


async def test_marked_urgent_an_alert_still_needs_the_rule_of_release() -> None:
    for role, released in ((Role.STATEMENT, AlertState.RELEASED), (Role.PRESS, AlertState.HELD)):
        desk = Desk({"a": source("a", role=role, alerts=True)})
        await desk.told("s1")
        made = await desk.say("s1", urgency=Urgency.URGENT)
        assert (made.alert, made.alert_reason) == (AlertState.OPEN, "marked urgent by Jin, an editor")
        (story,) = await desk.statements.alert_candidates(9)
        assert decide(story, desk.memory.sources, NOW)[0] is released
        desk.clock.forward(days=4)
        assert decide(story, desk.memory.sources, desk.clock())[0] is AlertState.NONE


async def test_what_cannot_be_is_refused_with_what_there_is() -> None:
    desk = Desk()
    await desk.told("s1")
    await desk.told("s2", about_nk=False, themes=())
    unknown = await desk.refused("gone", about_nk=True)
    assert (unknown.usage, "'gone'" in unknown.reason) == (False, True)
    assert not (await desk.refused("s1", undo=True)).usage
    theme = await desk.refused("s1", themes=("women", "songbun"))
    assert "songbun" in theme.reason
    assert "prisons, security, women" in theme.reason
    assert "not on North Korea" in (await desk.refused("s2", themes=("women",))).reason
    assert "not on North Korea" in (await desk.refused("s1", about_nk=False, urgency=Urgency.URGENT)).reason
    assert "nothing to correct" in (await desk.refused("s1", note="hm")).reason
    await desk.say("s1", urgency=Urgency.NOTABLE)
    assert "second correction" in (await desk.refused("s1", undo=True, about_nk=True)).reason
    assert len(desk.memory.corrections) == 1


@pytest.mark.parametrize("level", [Urgency.ROUTINE, None])
async def test_what_is_not_on_north_korea_may_be_confirmed(level: Urgency | None) -> None:
    desk = Desk()
    await desk.told("s1", about_nk=False, themes=())
    made = await desk.say("s1", about_nk=False, urgency=level, themes=())
    assert (told(made.after), made.story_id) == ((False, (), Urgency.ROUTINE), "")
