"""Editors are called by mail when an alert waits, the second ones when nobody answers."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.delivery import Deferred, Refused
from nkwatch.domain.desk import Editor
from nkwatch.domain.story import AlertState
from nkwatch.workflow.calls import CallEditors, EditorsCalled
from tests.making import NOW
from tests.workflow.fakes import CrashError, FakeCallers
from tests.workflow.wire import Wire

KIM = Editor("Kim", "kim@example.org")
LEE = Editor("Lee", "lee@example.org")
PARK = Editor("Park", "park@example.org", second=True)


class Desk(Wire):
    """A wire with editors who are called."""

    def __init__(self) -> None:
        super().__init__()
        self.callers = FakeCallers()
        self.calls = self.with_editors(KIM, LEE, PARK)

    def with_editors(self, *editors: Editor) -> CallEditors:
        """Rounds that call these."""
        return CallEditors(self.statements, self.desk, self.callers, editors, self.clock, self.notices)

    async def held(self, name: str = "s1", **fields: object) -> None:
        """An alert that waits."""
        await self.story(name, source_id="b", **fields)
        await self.alerts()
        self.notices.told.clear()

    def fail(self, *editors: Editor, refused: bool = False) -> None:
        """These cannot be reached, all others can."""
        answer = Refused("550 no such mailbox") if refused else Deferred("451 later")
        self.callers.answers = {e.address: answer for e in editors}

    @property
    def called(self) -> list[str]:
        """Who was called, in order."""
        return [name for name, _, _ in self.callers.called]


@pytest.fixture
def desk() -> Desk:
    """Two editors, a second one, and an empty store."""
    return Desk()


async def test_the_first_editors_are_called_at_once_and_once(desk: Desk) -> None:
    await desk.held()
    assert await desk.calls() == EditorsCalled(2)
    desk.clock.forward(minutes=29)
    assert await desk.calls() == EditorsCalled()
    assert desk.callers.called == [("Kim", "s1", 0), ("Lee", "s1", 0)]


async def test_unanswered_the_second_editors_are_called_and_then_nobody(desk: Desk) -> None:
    await desk.held()
    await desk.calls()
    desk.clock.forward(minutes=30)
    assert await desk.calls() == EditorsCalled(1)
    desk.clock.forward(days=1)
    assert await desk.calls() == EditorsCalled()
    assert desk.callers.called[2:] == [("Park", "s1", 1)]


async def test_answered_nobody_is_called_any_more(desk: Desk) -> None:
    await desk.held()
    await desk.calls()
    await desk.rulings().withhold("s1", "Kim")
    desk.clock.forward(hours=1)
    assert await desk.calls() == EditorsCalled()


async def test_an_alert_that_is_asked_anew_keeps_its_calls(desk: Desk) -> None:
    await desk.held()
    await desk.calls()
    await desk.story("s2", source_id="b", joins="s1")
    await desk.alerts()
    assert desk.alert("s1")[0] is AlertState.HELD
    assert await desk.calls() == EditorsCalled()


async def test_an_update_that_waits_is_called_for_anew(desk: Desk) -> None:
    await desk.held(people=3)
    await desk.calls()
    await desk.rulings().release("s1", "Kim")
    await desk.reader("ann")
    await desk.alerts()
    desk.clock.forward(hours=2)
    await desk.story("s2", source_id="b", joins="s1", people=9)
    await desk.alerts()
    assert await desk.calls() == EditorsCalled(2)


async def test_without_editors_nobody_is_called(desk: Desk) -> None:
    await desk.held()
    assert await desk.with_editors()() == EditorsCalled()
    assert desk.notices.told == []


async def test_where_all_are_second_editors_they_are_the_first(desk: Desk) -> None:
    await desk.held()
    calls = desk.with_editors(PARK)
    assert await calls() == EditorsCalled(1)
    desk.clock.forward(hours=1)
    assert await calls() == EditorsCalled()


async def test_without_second_editors_the_first_are_not_called_again(desk: Desk) -> None:
    await desk.held()
    calls = desk.with_editors(KIM)
    await calls()
    desk.clock.forward(days=1)
    assert await calls() == EditorsCalled()


@pytest.mark.parametrize("refused", [False, True])
async def test_who_cannot_be_reached_is_tried_at_every_round_and_told_of_once(desk: Desk, refused: bool) -> None:
    await desk.held()
    desk.fail(LEE, refused=refused)
    assert [await desk.calls() for _ in range(3)] == [EditorsCalled(1), EditorsCalled(), EditorsCalled()]
    assert desk.notices.events == ["editor not reached"]
    assert desk.notices.told[0][1]["editor"] == "Lee"
    desk.fail()
    assert [await desk.calls() for _ in range(2)] == [EditorsCalled(1), EditorsCalled()]
    assert desk.callers.called == [("Kim", "s1", 0), ("Lee", "s1", 0)]
    # it is news when it happens again
    desk.fail(LEE)
    await desk.held("s9")
    await desk.calls()
    assert desk.notices.events == ["editor not reached"]


async def test_when_no_first_editor_can_be_reached_the_second_are_called_all_the_same(desk: Desk) -> None:
    await desk.held()
    desk.fail(KIM, LEE)
    await desk.calls()
    desk.clock.forward(minutes=30)
    assert await desk.calls() == EditorsCalled(1)
    assert desk.called == ["Park"]
    desk.fail()
    assert await desk.calls() == EditorsCalled(2)
    assert await desk.calls() == EditorsCalled()
    assert desk.called == ["Park", "Kim", "Lee"]


async def test_whom_nobody_reached_is_called_by_the_next_process_too(desk: Desk) -> None:
    await desk.held()
    desk.fail(KIM, LEE)
    await desk.calls()
    desk.fail()
    assert await desk.with_editors(KIM, LEE, PARK)() == EditorsCalled(2)


async def test_a_second_editor_who_cannot_be_reached_is_tried_again(desk: Desk) -> None:
    await desk.held()
    await desk.calls()
    sook = replace(PARK, name="Sook", address="sook@example.org")
    calls = desk.with_editors(KIM, PARK, sook)
    desk.clock.forward(minutes=30)
    desk.fail(PARK)
    assert [await calls() for _ in range(2)] == [EditorsCalled(1), EditorsCalled()]
    desk.fail()
    assert [await calls() for _ in range(2)] == [EditorsCalled(1), EditorsCalled()]
    assert desk.called[2:] == ["Sook", "Park"]


async def test_who_was_missed_is_not_called_once_it_is_answered(desk: Desk) -> None:
    await desk.held()
    desk.fail(LEE)
    await desk.calls()
    await desk.rulings().withhold("s1", "Kim")
    desk.fail()
    assert await desk.calls() == EditorsCalled()
    assert desk.calls.missed == set()


async def test_what_is_hidden_or_held_back_calls_nobody(desk: Desk) -> None:
    await desk.held("s1")
    await desk.held("s2")
    await desk.desk.hold("s1", "Kim", NOW)
    desk.memory.statements["s2"] = replace(desk.memory.statements["s2"], embargo=NOW + timedelta(days=1))
    assert await desk.calls() == EditorsCalled()
    await desk.desk.free("s1", "Kim", NOW)
    assert await desk.calls() == EditorsCalled(2)


async def test_a_call_is_sent_at_least_once_when_the_process_dies(desk: Desk) -> None:
    await desk.held()
    note = desk.desk.called

    async def dying(*_: object) -> None:
        raise CrashError

    desk.desk.called = dying  # type: ignore[method-assign, assignment]
    with pytest.raises(CrashError):
        await desk.calls()
    desk.desk.called = note  # type: ignore[method-assign]
    assert await desk.with_editors(KIM, LEE, PARK)() == EditorsCalled(2)
    assert desk.called == ["Kim", "Lee", "Kim", "Lee"]
