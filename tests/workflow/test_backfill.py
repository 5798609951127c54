"""Backfilling: archived entries are filed once, whatever they look like, and a poll knows them again."""

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.identity import Known
from nkwatch.domain.outcome import Fetched
from nkwatch.domain.statement import Entry
from nkwatch.domain.story import AlertState
from nkwatch.reading.vocabulary import Vocabulary
from nkwatch.workflow.backfill import Backfill, Backfilled, Rehearsal
from nkwatch.workflow.collect import Collect
from nkwatch.workflow.readings import Place, reader
from tests.making import NOW, entry, prose, rules, source
from tests.workflow.fakes import FakeClock, Notices, ScriptedPoller
from tests.workflow.memory import Memory, MemoryStatements, Tale

RULES = rules({"names": ["North Korea"], "theme:prisons": ["prison camp"]})
DAY = timedelta(days=1)
A = source("a")


class MemoryBacklog:
    """The port `Backlog`. What `meanwhile` does happens between looking up and writing, once."""

    def __init__(self, memory: Memory, meanwhile=None) -> None:
        self.memory, self.meanwhile, self.tries = memory, meanwhile, 0

    async def redacted(self, new):
        return [Known(replace(k.statement, title=k.statement.title.replace("Kim", "■■■")), k.keys) for k in new]

    async def keep(self, publisher, new, placements, now) -> bool:
        self.tries += 1
        if self.meanwhile:
            act, self.meanwhile = self.meanwhile, None
            await act()
        if any((publisher, key) in self.memory.keys for k in new for key in k.keys if key.startswith(("guid", "url"))):
            return False
        for known in new:
            self.memory.statements.setdefault(known.statement.id, known.statement)
            for key in known.keys:
                self.memory.keys.setdefault((publisher, key), known.statement.id)
        for placed in placements:
            self.memory.keep(placed.reading)
            if placed.story_id:
                self.memory.join(placed.reading.statement_id, placed.story_id, placed.marks)
                self.memory.stories.setdefault(placed.story_id, Tale(NOW - 36_525 * DAY, AlertState.NONE))
        return True


class Desk:
    """Archived entries to file, and a source that shows some of them."""

    def __init__(self, backlog=None) -> None:
        self.memory = Memory({"a": A})
        self.statements = MemoryStatements(self.memory)
        self.backlog = backlog or MemoryBacklog(self.memory)
        place = Place(self.statements, Vocabulary())
        read = reader(self.memory.sources, RULES)
        self.fill = Backfill(self.statements, self.backlog, place, read, FakeClock())

    async def poll(self, *entries: Entry, **was) -> int:
        """What a poll of the source finds new."""
        poller = ScriptedPoller({"a": [Fetched(entries)]})
        collect = Collect({"a": A}, self.statements, poller, lambda *_: False, FakeClock(), Notices(), "test")
        return (await collect()).new


def old(name: str, days: float = 400, **fields) -> Entry:
    """An entry on a camp, published so long ago."""
    given_ = {"url": f"https://a.example/{name}", "guid": name, "text": prose(name, 200), "published": NOW - days * DAY}
    return entry(f"Prison camp in North Korea {name}", **(given_ | fields))


async def test_entries_are_filed_as_old_news_with_reading_and_story() -> None:
    desk = Desk()
    concert = entry("A concert", url="https://a.example/c", published=NOW - 9 * DAY)
    assert await desk.fill(A, [old("x"), concert]) == Backfilled(entries=2, new=2, about_nk=1, stories=1)
    filed = {s.title: s for s in desk.memory.statements.values()}
    told = filed["Prison camp in North Korea x"]
    assert (told.backlog, told.published, told.first_seen) == (True, NOW - 400 * DAY, NOW)
    assert (told.source_id, told.publisher, told.published_estimated) == ("a", "Publisher a", False)
    assert desk.memory.story_of == {told.id: told.id}
    assert desk.memory.readings.keys() == {s.id for s in filed.values()}
    assert await desk.statements.unread(10, NOW) == []


async def test_filing_twice_changes_nothing() -> None:
    desk = Desk()
    entries = [old(f"x{n}", 400 - n) for n in range(5)]
    await desk.fill(A, entries)
    before = dict(desk.memory.statements)
    edited = [replace(e, title=f"{e.title}, edited", text="Another text.") for e in entries]
    assert await desk.fill(A, entries) == Backfilled(entries=5, known=5)
    assert await desk.fill(A, edited) == Backfilled(entries=5, known=5)
    assert desk.memory.statements == before


async def test_a_poll_knows_again_what_was_filed() -> None:
    desk = Desk()
    await desk.fill(A, [old("x", 3), old("y", 2)])
    assert await desk.poll(old("x", 3), old("y", 2), old("z", 1)) == 1
    assert len(desk.memory.statements) == 3


async def test_what_was_polled_is_not_filed_again() -> None:
    desk = Desk()
    assert await desk.poll(old("x", 3)) == 1
    before = dict(desk.memory.statements)
    # the archive has it under its address alone
    assert await desk.fill(A, [old("x", 3, guid="", text="Cut off.")]) == Backfilled(entries=1, known=1)
    assert desk.memory.statements == before


async def test_reports_of_one_event_stand_in_one_story_whichever_way_they_came() -> None:
    desk = Desk()
    await desk.fill(A, [old("x", 30)])
    again = await desk.fill(A, [old("x", 29, guid="other", url="https://a.example/other")])
    assert (again.about_nk, again.stories) == (1, 0)
    assert len(set(desk.memory.story_of.values())) == 1


async def test_what_is_under_an_embargo_is_left_out() -> None:
    desk = Desk()
    bound = old("x", 1, embargo=NOW + DAY)
    assert await desk.fill(A, [bound, old("y", embargo=NOW - 399 * DAY)]) == Backfilled(
        entries=2, new=1, bound=1, about_nk=1, stories=1
    )
    assert [s.title for s in desk.memory.statements.values()] == ["Prison camp in North Korea y"]
    assert await desk.fill(A, [bound]) == Backfilled(entries=1, bound=1)


async def test_what_comes_in_meanwhile_is_known_at_the_second_look() -> None:
    desk = Desk()

    async def poll() -> None:
        await desk.poll(old("x", 3))

    desk.backlog.meanwhile = poll
    done = await desk.fill(A, [old("x", 3), old("y", 2)])
    assert (done.new, done.known, desk.backlog.tries) == (1, 1, 2)
    assert len(desk.memory.statements) == 2


async def test_what_editors_took_out_is_taken_out_before_it_is_read() -> None:
    desk = Desk()
    await desk.fill(A, [old("x", text="Kim was in a prison camp in North Korea."), old("Kim")])
    assert {s.title for s in desk.memory.statements.values()} == {
        "Prison camp in North Korea x",
        "Prison camp in North Korea ■■■",
    }


async def test_a_rehearsal_counts_each_statement_once_and_writes_nothing() -> None:
    desk = Desk(rehearsal := Rehearsal())
    total = await desk.fill(A, [old("x"), old("y")]) + await desk.fill(A, [old("x"), old("z")])
    assert (total.new, rehearsal.again) == (4, 1)
    assert not desk.memory.statements


def pool(values):
    return st.sampled_from(values)


ENTRIES = st.lists(
    st.builds(
        entry,
        pool(["", "Camp", "Camp two"]),
        guid=pool(["", "1", "2"]),
        url=pool(["", "https://a.example/1", "https://a.example/2"]),
        text=pool(["", "One text.", "Another text altogether."]),
        published=pool([None, NOW - DAY, NOW - 9 * DAY]),
    ),
    max_size=8,
)


@given(ENTRIES, st.integers(1, 8))
async def test_whatever_an_archive_holds_filing_it_again_brings_nothing(entries, size) -> None:
    desk = Desk()
    parts = [entries[n : n + size] for n in range(0, len(entries), size)]
    for part in parts:
        await desk.fill(A, part)
    before, keys = dict(desk.memory.statements), dict(desk.memory.keys)
    for part in parts:
        assert (await desk.fill(A, part)).new == 0
    assert (desk.memory.statements, desk.memory.keys) == (before, keys)
