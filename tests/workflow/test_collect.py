"""Polling: what is due is polled side by side, and what goes wrong at one source is nobody else's matter."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.source import Failed, Fetched, Unchanged
from nkwatch.workflow.collect import Collect, Collected
from tests.making import NOW, entry, source
from tests.workflow.fakes import Answer, FakeClock, Notices, ScriptedPoller
from tests.workflow.memory import Memory, MemoryStatements


class Newsroom:
    """Sources with scripted answers, and what collecting them leaves."""

    def __init__(self, answers: dict[str, list[Answer]], at_once: int = 2, **fields: object) -> None:
        self.clock, self.notices, self.poller = FakeClock(), Notices(), ScriptedPoller(answers)
        self.memory = Memory({i: source(i, **fields) for i in answers})
        self.statements = MemoryStatements(self.memory)
        self.collect = Collect(
            self.memory.sources, self.statements, self.poller, self.clock, self.notices, "test", at_once
        )

    @property
    def titles(self) -> list[str]:
        """The titles of all statements."""
        return sorted(s.title for s in self.memory.statements.values())


def shows(*titles: str) -> Fetched:
    """An answer with these entries."""
    return Fetched(tuple(entry(t, url=f"https://x.example/{t}") for t in titles), etag='"1"')


async def test_what_is_new_is_kept_and_counted() -> None:
    room = Newsroom({"a": [shows("one", "two")], "b": [Unchanged()], "c": [Failed("timed out")]})
    assert await room.collect() == Collected(sources=3, new=2, unchanged=1, failed=1)
    assert room.titles == ["one", "two"]


async def test_what_is_not_due_is_not_polled() -> None:
    room = Newsroom({"a": [shows("one")]})
    await room.collect()
    room.clock.forward(minutes=59)
    assert await room.collect() == Collected()
    room.clock.forward(hours=12)
    assert await room.collect() == Collected(sources=1)
    assert room.poller.asked == {"a": 2}


async def test_what_was_shown_before_is_not_new_and_what_changed_is_an_edit() -> None:
    changed = replace(shows("one"), entries=(entry("one", url="https://x.example/one", text="Changed."),))
    room = Newsroom({"a": [shows("one"), shows("one", "two"), changed]})
    news = []
    for _ in range(3):
        done = await room.collect()
        news.append((done.new, done.edited))
        room.clock.forward(days=2)
    assert news == [(1, 0), (1, 0), (0, 1)]


async def test_only_the_sources_named_and_enabled_are_polled() -> None:
    room = Newsroom({"a": [shows("one")], "b": [shows("two")]})
    assert (await room.collect(["b"])).sources == 1
    assert room.poller.asked == {"b": 1}
    off = Newsroom({"a": [shows("one")]}, enabled=False)
    assert await off.collect() == Collected()
    assert await off.collect(["a", "unknown"]) == Collected()


async def test_two_sources_of_one_publisher_share_their_statements() -> None:
    room = Newsroom({"a": [shows("one")], "b": [shows("one")]}, at_once=1, publisher="The same")
    assert (await room.collect()).new == 1


async def test_the_operator_is_told_once_that_a_source_fails_and_once_that_it_works_again() -> None:
    failed = Failed("timed out")
    room = Newsroom({"a": [shows("one"), failed, failed, failed, shows("one"), shows("one"), failed]})
    for _ in range(7):
        await room.collect()
        room.clock.forward(days=2)
    assert room.notices.events == ["source failing", "source works again", "source failing"]
    (_, failing), (_, works), _ = room.notices.told
    assert (failing["source"], failing["why"]) == ("a", "timed out")
    assert works["failures"] == 3


async def test_what_the_first_poll_that_succeeds_brings_is_old_news() -> None:
    room = Newsroom({"a": [Failed("timed out"), shows("one"), shows("one", "two")]})
    for _ in range(3):
        await room.collect()
        room.clock.forward(days=2)
    assert {s.title: s.backlog for s in room.memory.statements.values()} == {"one": True, "two": False}


async def test_a_redesign_that_makes_most_entries_new_brings_no_news() -> None:
    before = Fetched(tuple(entry(f"{n}", url=f"https://x.example/{n}", guid=f"old-{n}") for n in range(20)), '"1"')
    # new addresses and guids, titles prefixed, everything dated today
    after = Fetched(
        tuple(entry(f"News | {n}", url=f"https://x.example/new/{n}", guid=f"new-{n}") for n in range(20)), '"2"'
    )
    room = Newsroom({"a": [before, after]})
    await room.collect()
    room.clock.forward(days=2)
    await room.collect()
    fresh = [s for s in room.memory.statements.values() if s.title.startswith("News")]
    assert [s for s in fresh if not s.backlog] == []


async def test_a_failing_source_leaves_the_others_unharmed() -> None:
    answers: dict[str, list[Answer]] = {f"s{n}": [shows(f"title {n}")] for n in range(6)}
    room = Newsroom({"bad": [Failed("no feed")]} | answers)
    assert await room.collect() == Collected(sources=7, new=6, failed=1)
    assert len(room.titles) == 6


def slowly(answer: Fetched) -> Callable[[], Awaitable[Fetched]]:
    """A source that takes its time."""

    async def answered() -> Fetched:
        for _ in range(20):
            await asyncio.sleep(0)
        return answer

    return answered


async def test_a_poller_that_breaks_on_one_source_leaves_the_others_unharmed() -> None:
    answers: dict[str, list[Answer]] = {f"s{n}": [slowly(shows(f"title {n}"))] for n in range(6)}
    room = Newsroom({"bad": [RuntimeError("a bug")]} | answers)
    with suppress(RuntimeError):
        await room.collect()
    assert len(room.titles) == 6


async def test_an_address_that_is_none_leaves_the_others_unharmed() -> None:
    bad = Fetched((entry("bad", url="http://[bad"), entry("good", url="https://x.example/good")))
    answers: dict[str, list[Answer]] = {f"s{n}": [shows(f"title {n}")] for n in range(3)}
    room = Newsroom({"bad": [bad]} | answers)
    with suppress(ValueError):
        await room.collect()
    assert room.titles == ["bad", "good", "title 0", "title 1", "title 2"]


async def test_a_poller_that_hangs_holds_up_one_worker_and_nobody_else() -> None:
    gate, rest_done = asyncio.Event(), asyncio.Event()

    async def hang() -> Fetched:
        await gate.wait()
        return shows("late")

    room = Newsroom({"slow": [hang]} | {f"s{n}": [shows(f"title {n}")] for n in range(6)})
    record = room.statements.record_poll

    async def watched(*args: object) -> int:
        count = await record(*args)  # type: ignore[arg-type]
        if len(room.titles) == 6:
            rest_done.set()
        return count

    room.statements.record_poll = watched  # type: ignore[method-assign]
    collecting = asyncio.create_task(room.collect())
    await rest_done.wait()
    assert not collecting.done()
    gate.set()
    assert await collecting == Collected(sources=7, new=7)


async def test_no_more_sources_are_polled_at_once_than_allowed() -> None:
    busy, most = 0, 0

    async def counted() -> Fetched:
        nonlocal busy, most
        busy += 1
        most = max(most, busy)
        await asyncio.sleep(0)
        busy -= 1
        return shows()

    room = Newsroom({f"s{n}": [counted] for n in range(100)}, at_once=5)
    assert (await room.collect()).sources == 100
    assert most == 5


async def test_a_stop_lets_what_is_under_way_finish_and_begins_nothing_more() -> None:
    gate, flying = asyncio.Event(), asyncio.Event()

    async def wait() -> Fetched:
        flying.set()
        await gate.wait()
        return shows()

    room = Newsroom({f"s{n}": [wait] for n in range(20)}, at_once=3)
    collecting = asyncio.create_task(room.collect())
    await flying.wait()
    room.collect.stop.set()
    gate.set()
    assert await collecting == Collected(sources=3)
    assert room.poller.asked.total() == 3


async def test_two_collectors_at_once_poll_every_source_once() -> None:
    room = Newsroom({f"s{n}": [shows(f"title {n}")] for n in range(70)})
    one, other = await asyncio.gather(room.collect(), room.collect())
    assert one.sources + other.sources == 70
    assert set(room.poller.asked.values()) == {1}


@pytest.mark.parametrize("downtime", [timedelta(minutes=11), timedelta(days=400)])
async def test_a_source_whose_poller_died_is_polled_again(downtime: timedelta) -> None:
    room = Newsroom({"a": [RuntimeError("killed"), shows("one")]})
    with suppress(RuntimeError):
        await room.collect()
    room.clock.now = NOW + downtime
    assert (await room.collect()).new == 1
