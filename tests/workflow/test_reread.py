"""New rules over old statements: everything is read anew once, old readings stay, and what changed is counted."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

from nkwatch.domain.correction import Changes, Correction
from nkwatch.domain.reading import Reading, Urgency
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import AlertState
from nkwatch.reading.stories import Placement, marks
from nkwatch.workflow.readings import Place
from nkwatch.workflow.reread import BATCH, Reread
from tests.making import NOW, finding, polled, prose, reading, sifted, source, statement
from tests.workflow.fakes import CrashError, FakeClock
from tests.workflow.memory import Memory, MemoryReadings, MemoryStatements

NOT_NK: dict[str, Any] = {"about_nk": False, "themes": ()}
URGENT: dict[str, Any] = {"urgency": Urgency.URGENT}


class Desk:
    """Statements that the rules test.1 read, and the rules test.2, which find what `finds` says."""

    def __init__(self) -> None:
        self.memory = Memory({"a": source("a")})
        self.statements, self.readings = MemoryStatements(self.memory), MemoryReadings(self.memory)
        self.finds: dict[str, dict[str, Any]] = {}
        self.read: list[str] = []
        self.heard: list[tuple[int, int]] = []
        place = Place(self.statements)
        self.round = Reread(self.readings, place, self._read, "test.2", FakeClock())

    def _read(self, one: Statement) -> Reading:
        self.read.append(one.id)
        return reading(one.id, revision=one.revision, rules="test.2", **self.finds.get(one.id, {}))

    async def told(self, name: str, text: str = "", *, age: int = 0, **fields: Any) -> None:
        """A statement published this many hours ago, that was read."""
        one = statement(name, title="", text=text or prose(name), published=NOW - timedelta(hours=age))
        await self.statements.record_polls([polled(sifted(one))])
        made = reading(name, **fields)
        placed = Placement(made, name, marks(one)) if made.about_nk else Placement(made)
        await self.statements.record_readings([placed], NOW - timedelta(hours=age))

    async def reread(self, **given: Any) -> Changes:
        """One round."""
        return await self.round(progress=lambda done, of: self.heard.append((done, of)), **given)


async def test_everything_that_other_rules_read_is_read_anew_once_and_counted() -> None:
    desk = Desk()
    desk.finds = {
        "s1": {"themes": (finding("women"),)},
        "s2": NOT_NK,
        "s4": URGENT,
        "s5": {"urgency": Urgency.ROUTINE},
    }
    for name, found in {"s1": {}, "s2": {}, "s3": NOT_NK, "s4": {}, "s5": URGENT, "s6": {}}.items():
        await desk.told(name, **found)
    assert await desk.reread() == Changes(6, 1, 1, 3, 1, 1)
    assert (len(desk.read), desk.heard) == (6, [(6, 6)])
    assert await desk.reread() == Changes()
    assert {r.rules for r in desk.memory.readings.values()} == {"test.2"}
    assert {rules for _, _, rules in desk.memory.old_readings} == {"test.1", "test.2"}


async def test_what_comes_on_north_korea_is_placed_as_the_round_of_reading_does() -> None:
    desk = Desk()
    await desk.told("s1", prose("same"))
    await desk.told("s2", prose("same"), **NOT_NK)
    await desk.told("s3", **NOT_NK)
    desk.finds["s1"] = {}
    await desk.reread()
    assert desk.memory.story_of == {"s1": "s1", "s2": "s1", "s3": "s3"}


async def test_a_dry_run_counts_and_writes_nothing() -> None:
    desk = Desk()
    desk.finds["s1"] = NOT_NK
    await desk.told("s1")
    assert (await desk.reread(dry_run=True)).about_nk_lost == 1
    assert desk.memory.readings["s1"].rules == "test.1"
    assert desk.memory.story_of == {"s1": "s1"}


async def test_a_round_that_was_killed_goes_on_where_it_ended() -> None:
    desk = Desk()
    for n in range(BATCH + 5):
        await desk.told(f"s{n:04}", "x")
    record, calls = desk.readings.record_anew, 0

    async def dying(*given: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise CrashError
        await record(*given)

    desk.readings.record_anew = dying  # type: ignore[method-assign]
    with suppress(CrashError):
        await desk.reread()
    assert desk.heard == [(BATCH, BATCH + 5)]
    assert (await desk.reread()).statements == 5


async def test_only_what_was_published_since_then_is_read_anew_when_asked_so() -> None:
    desk = Desk()
    await desk.told("s1", age=48)
    await desk.told("s2", age=1)
    assert (await desk.reread(since=NOW - timedelta(days=1))).statements == 1
    assert desk.read == ["s2"]


async def test_old_news_never_alerts_because_of_new_rules() -> None:
    desk = Desk()
    for name, age in {"s1": 72, "s2": 73}.items():
        desk.finds[name] = URGENT
        await desk.told(name, age=age)
    desk.finds["s3"] = URGENT
    await desk.told("s3", age=73, **NOT_NK)
    assert (await desk.reread()).urgency_raised == 3
    assert [s.id for s in await desk.statements.alert_candidates(9)] == ["s1"]
    assert desk.memory.stories["s3"].alert is AlertState.NONE


async def test_what_an_editor_said_stays_and_is_not_counted_as_a_change() -> None:
    desk = Desk()
    await desk.told("s1")
    await desk.told("s2", **NOT_NK)
    for name, about in (("s1", False), ("s2", True)):
        said = Correction(name, 1, "test.1", NOW, "Jin", about_nk=about)
        await desk.readings.record_correction(said, name, (), NOW)
    desk.finds = {"s1": URGENT, "s2": NOT_NK}
    assert await desk.reread() == Changes(2)
    assert desk.memory.story_of == {"s2": "s2"}


async def test_what_waits_to_be_read_is_left_to_the_round_of_reading() -> None:
    desk = Desk()
    await desk.told("s1")
    desk.memory.statements["s1"] = replace(desk.memory.statements["s1"], revision=2)
    assert await desk.reread() == Changes()
