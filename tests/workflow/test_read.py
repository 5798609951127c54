"""Reading: everything unread gets a reading, and what is on North Korea a story."""

import asyncio
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from nkwatch.domain.identity import Known, Sifted
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.polling import Polled
from nkwatch.domain.source import Role, Scope
from nkwatch.domain.statement import Statement
from nkwatch.reading.stories import Placed
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.workflow.collect import Collect
from nkwatch.workflow.read import BATCH, LEASE, Read, ReadStatements
from nkwatch.workflow.readings import Place, reader
from tests.making import NOW, entry, prose, rules, source, state, statement
from tests.workflow.fakes import FakeClock, Notices, ScriptedPoller
from tests.workflow.memory import Memory, MemoryStatements

RULES = rules({"names": ["North Korea"], "hints": ["Pyongyang"], "theme:prisons": ["prison camp"]})


class Desk:
    """Statements to read."""

    def __init__(self, **fields: object) -> None:
        releasing = source("camp", publisher="Camp Watch", role=Role.STATEMENT, enabled=False)
        self.memory = Memory({"a": source("a", **fields), "camp": releasing})
        self.statements = MemoryStatements(self.memory)
        self.read = self.reading_at(FakeClock())

    def reading_at(self, clock: FakeClock, vocabulary: Vocabulary | None = None, owner: str = "test") -> ReadStatements:
        """A round of reading by this clock."""
        place = Place(self.statements, vocabulary or Vocabulary())
        return ReadStatements(self.statements, place, reader(self.memory.sources, RULES), clock, owner)

    async def told(self, *told: Statement) -> None:
        """Statements come in."""
        known = tuple(Known(s, frozenset({s.id})) for s in told)
        await self.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(known))])


def on_nk(name: str, text: str = "") -> Statement:
    """A statement on a camp in North Korea."""
    return statement(name, title=f"Prison camp in North Korea {name}", text=text or prose(name, 200))


async def test_what_is_on_north_korea_opens_a_story_and_the_rest_is_read_only() -> None:
    desk = Desk()
    await desk.told(on_nk("s1"), statement("s2", title="A concert", text="Many came."))
    assert await desk.read() == Read(statements=2, about_nk=1, stories=1)
    assert desk.memory.story_of == {"s1": "s1"}
    assert set(desk.memory.readings) == {"s1", "s2"}
    assert await desk.read() == Read()


async def test_statements_that_report_the_same_come_into_one_story_within_a_batch_and_across() -> None:
    desk = Desk()
    await desk.told(on_nk("s1", prose("same", 200)), on_nk("s2", prose("same", 200)))
    assert await desk.read() == Read(2, 2, 1)
    await desk.told(on_nk("s3", prose("same", 200)), on_nk("s4"))
    assert await desk.read() == Read(2, 2, 1)
    assert desk.memory.story_of == {"s1": "s1", "s2": "s1", "s3": "s1", "s4": "s4"}


async def test_a_translation_joins_the_story_that_was_placed_before() -> None:
    concepts = {
        "satellite*": "satellite",
        "위성": "satellite",
        "orbit*": "orbit",
        "궤도": "orbit",
        "north korea*": "nk",
    }
    desk = Desk()
    desk.read = desk.reading_at(FakeClock(), Vocabulary(concepts | {"북한": "nk"}))
    lead = {"text": "", "url": ""}
    await desk.told(statement("s1", title="North Korea puts satellite in orbit", **lead))
    await desk.read()
    await desk.told(statement("s2", title="북한 위성 궤도 진입 North Korea", language="ko", publisher="B", **lead))
    assert await desk.read() == Read(1, 1, 0)
    assert desk.memory.story_of == {"s1": "s1", "s2": "s1"}


async def test_what_is_edited_is_read_again_and_stays_in_its_story() -> None:
    desk = Desk()
    await desk.told(on_nk("s1", prose("same", 200)), on_nk("s2", prose("same", 200)))
    await desk.read()
    edited = desk.memory.statements["s2"].after(entry("A concert", text="Many came."), NOW)
    await desk.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(edited=(edited,)))])
    assert await desk.read() == Read(1, 1, 0)
    assert desk.memory.story_of["s2"] == "s1"
    assert desk.memory.readings["s2"].revision == 2


async def test_what_becomes_on_north_korea_by_an_edit_opens_a_story() -> None:
    desk = Desk()
    await desk.told(statement("s1", title="Breaking", text="More soon."))
    await desk.read()
    edited = desk.memory.statements["s1"].after(entry("Prison camp in North Korea"), NOW)
    await desk.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(edited=(edited,)))])
    assert await desk.read() == Read(1, 1, 1)


async def test_more_than_a_batch_is_read_in_one_round() -> None:
    desk = Desk()
    await desk.told(*(on_nk(f"s{n}") for n in range(BATCH + 3)))
    assert await desk.read() == Read(BATCH + 3, BATCH + 3, BATCH + 3)


async def test_others_have_their_turn_between_two_readings() -> None:
    # two hundred long texts would stop the site and all mail for as long as they take
    desk, turns = Desk(), []
    await desk.told(*(on_nk(f"s{n}") for n in range(20)))

    async def other() -> None:
        while len(desk.memory.readings) < 20:
            turns.append(1)
            await asyncio.sleep(0)

    await asyncio.gather(desk.read(), other())
    assert len(turns) >= 20


async def test_a_source_that_writes_on_north_korea_only_is_read_so() -> None:
    hinted = statement("s1", title="Snow in Pyongyang")
    wide, narrow = Desk(), Desk(scope=Scope.NK_ONLY)
    for desk in (wide, narrow):
        await desk.told(hinted)
    assert (await wide.read()).about_nk == 0
    assert (await narrow.read()).about_nk == 1


async def test_a_source_that_left_the_catalogue_does_not_stop_the_reading() -> None:
    desk = Desk()
    await desk.told(replace(on_nk("s1"), source_id="gone"))
    assert (await desk.read()).stories == 1


async def test_a_crash_between_two_batches_loses_nothing_and_repeats_nothing() -> None:
    desk = Desk()
    await desk.told(*(on_nk(f"s{n}") for n in range(BATCH + 3)))
    record = desk.statements.record_readings
    calls = 0

    async def dying(*args: object) -> bool:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError
        return await record(*args)  # type: ignore[arg-type]

    desk.statements.record_readings = dying  # type: ignore[method-assign]
    with suppress(RuntimeError):
        await desk.read()
    assert await desk.read() == Read(3, 3, 3)
    assert len(desk.memory.stories) == BATCH + 3


async def test_a_statement_whose_page_never_comes_is_read_after_a_quarter_of_an_hour() -> None:
    desk = Desk(domains=("a.example",))
    shown = Fetched((entry("Prison camp in North Korea", url="https://a.example/1"),))
    clock = FakeClock()
    poller = ScriptedPoller({"a": [shown]})
    collect = Collect(desk.memory.sources, desk.statements, poller, lambda source, one: True, clock, Notices(), "test")
    await collect()
    read = desk.reading_at(clock)
    clock.forward(minutes=14, seconds=59)
    assert await read() == Read()
    clock.forward(seconds=1)
    assert await read() == Read(1, 1, 1)


async def test_what_is_under_embargo_is_read_when_it_ends() -> None:
    desk, clock = Desk(), FakeClock()
    desk.read = desk.reading_at(clock)
    await desk.told(on_nk("s1").under(NOW + timedelta(hours=5), NOW))
    assert await desk.read() == Read()
    clock.forward(hours=5)
    assert await desk.read() == Read(1, 1, 1)


@pytest.mark.parametrize("role", list(Role))
async def test_only_a_reprint_is_attributed_to_the_organisation_that_released_it(role: Role) -> None:
    desk = Desk(role=role)
    await desk.told(on_nk("s1", f"Camp Watch said today that {prose('s1')}"), on_nk("s2"))
    await desk.read()
    by = {i: r.released_by for i, r in desk.memory.readings.items()}
    assert by == {"s1": "Camp Watch" if role is Role.REPRINT else "", "s2": ""}
    (story,) = await desk.statements.stories(["s1"])
    assert story.lead.by == ("Camp Watch" if role is Role.REPRINT else "Publisher a")


async def test_a_hidden_statement_is_read_and_tells_no_story() -> None:
    desk = Desk()
    await desk.told(on_nk("s1"))
    await desk.statements.record_polls([Polled(state("a"), "Publisher a", Sifted(removed=("s1",)))])
    assert await desk.read() == Read(1, 1, 1)
    assert await desk.statements.stories(["s1"]) == []


# Several processes


async def test_what_another_process_reads_is_left_to_it_until_its_lease_has_ended() -> None:
    desk, clock = Desk(), FakeClock()
    await desk.told(on_nk("s1"), on_nk("s2"))
    await desk.statements.unread(1, clock(), Lease("other", clock() + LEASE))
    read = desk.reading_at(clock)
    assert await read() == Read(1, 1, 1)
    clock.forward(seconds=LEASE.total_seconds())
    assert await read() == Read(1, 1, 1)


async def test_what_others_place_while_a_batch_is_read_is_found_before_it_is_stored() -> None:
    desk, clock = Desk(), FakeClock()
    await desk.told(on_nk("s1", prose("same", 200)), on_nk("s2", prose("same", 200)))
    await desk.statements.unread(1, clock(), Lease("other", clock() + LEASE))
    other, placed = desk.reading_at(clock, owner="other"), desk.statements.placed
    asked = 0

    async def meanwhile(marks: Iterable[int], since: datetime) -> list[Placed]:
        """Once somebody has looked where a statement belongs, another one stores what it belongs to."""
        nonlocal asked
        found, asked = await placed(marks, since), asked + 1
        if asked == 1:
            assert await other() == Read(1, 1, 1)
        return found

    desk.statements.placed = meanwhile  # type: ignore[method-assign]
    assert await desk.reading_at(clock)() == Read(1, 1, 0)
    assert desk.memory.story_of == {"s1": "s1", "s2": "s1"}
