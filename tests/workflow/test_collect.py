"""Polling: what is due is polled side by side, and what goes wrong at one source is nobody else's matter."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.errand import Errand, Purpose, Ran
from nkwatch.domain.outcome import Failed, Fetched, Trouble, Unchanged
from nkwatch.domain.polling import LONGEST_RETRY_AFTER, REDESIGN, Health, Polled, PollState
from nkwatch.domain.rhythm import DAY, HOUR
from nkwatch.domain.source import Source
from nkwatch.domain.statement import EARLIEST, Presence, Statement
from nkwatch.workflow.collect import ARTICLE_AGE, MOST_LOOKED_UP, WHOLE_TEXT, Collect, Collected, Concerns
from tests.making import NOW, entry, snapshot, source
from tests.workflow.fakes import Answer, FakeClock, Notices, ScriptedPoller
from tests.workflow.memory import Memory, MemoryStatements


class Newsroom:
    """Sources with scripted answers, and what collecting them leaves."""

    def __init__(
        self,
        answers: dict[str, list[Answer]],
        at_once: int = 2,
        sources: Sequence[Source] = (),
        concerns: Concerns = lambda source, statement: False,
        **fields: object,
    ) -> None:
        self.clock, self.notices, self.poller = FakeClock(), Notices(), ScriptedPoller(answers)
        self.memory = Memory({s.id: s for s in sources} or {i: source(i, **fields) for i in answers})
        self.statements = MemoryStatements(self.memory)
        self.collect = Collect(
            self.memory.sources,
            self.statements,
            self.poller,
            concerns,
            self.clock,
            self.notices,
            "test",
            at_once,
        )

    @property
    def titles(self) -> list[str]:
        """The titles of all statements."""
        return sorted(s.title for s in self.memory.statements.values())

    def named(self, title: str) -> Statement:
        """The statement of this title."""
        (one,) = (s for s in self.memory.statements.values() if s.title == title)
        return one

    @property
    def errands(self) -> dict[tuple[str, str], str]:
        """The pages to be fetched, by the title of their statement and their purpose."""
        titles = {i: s.title for i, s in self.memory.statements.items()}
        return {(titles[i], purpose.value): e.url for (i, purpose), e in self.memory.errands.items() if e}

    async def again(self, **span: float) -> Collected:
        """One more round, some time later (two days unless given)."""
        self.clock.forward(**(span or {"days": 2}))
        return await self.collect()


def shows(*titles: str, **fields: object) -> Fetched:
    """An answer with these entries."""
    shown = tuple(entry(t, url=f"https://x.example/{t}", guid=f"guid {t}") for t in titles)
    return Fetched(shown, etag='"1"', **fields)  # type: ignore[arg-type]


def dated(*days: float, **fields: object) -> Fetched:
    """An answer with entries so many days old, each named by its age."""
    shown = (entry(f"{d:g}", url=f"https://x.example/{d:g}", published=NOW - timedelta(days=d)) for d in days)
    return Fetched(tuple(shown), etag='"1"', **fields)  # type: ignore[arg-type]


def always(source: Source, statement: Statement) -> bool:
    """Every statement may be on North Korea."""
    return True


async def test_what_is_new_is_kept_and_counted() -> None:
    room = Newsroom({"a": [shows("one", "two")], "b": [Unchanged()], "c": [Failed("timed out")]})
    assert await room.collect() == Collected(sources=3, new=2, unchanged=1, failed=1)
    assert room.titles == ["one", "two"]


async def test_a_poll_says_when_the_source_was_asked_and_whether_it_answered() -> None:
    room = Newsroom({"a": [shows("one")], "b": [Unchanged()], "c": [Failed("timed out")]})
    assert {i: (p.at, p.answered) for i, p in (await noted(room)).items()} == {
        "a": (NOW, True), "b": (NOW, True), "c": (NOW, False),
    }  # fmt: skip


async def test_what_was_put_off_or_lost_by_our_own_line_is_no_poll_of_the_source() -> None:
    lost = Failed("no route", trouble=Trouble.UNREACHED)
    down = await noted(Newsroom({i: [lost] for i in "abc"}))
    assert {(p.at, p.answered) for p in down.values()} == {(None, False)}
    alone = await noted(Newsroom({"a": [lost], "b": [Unchanged()]}))
    assert {i: (p.at, p.answered) for i, p in alone.items()} == {"a": (NOW, False), "b": (NOW, True)}
    resting = Newsroom(
        {"a": [Failed("busy", HOUR)], "b": [Unchanged()]},
        at_once=1,
        sources=[source(i, url=f"https://x.example/{i}") for i in "ab"],
    )
    assert sorted((p.at is None, p.answered) for p in (await noted(resting)).values()) == [
        (False, False),
        (True, False),
    ]


async def noted(room: Newsroom) -> dict[str, Polled]:
    """One round, and what it leaves of each source."""
    left: list[Polled] = []
    record = room.statements.record_polls

    async def note_down(polls: Sequence[Polled]) -> int:
        left.extend(polls)
        return await record(polls)

    room.statements.record_polls = note_down  # type: ignore[method-assign]
    await room.collect()
    return {p.state.source_id: p for p in left}


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
    record = room.statements.record_polls

    async def watched(*args: object) -> int:
        count = await record(*args)  # type: ignore[arg-type]
        if len(room.titles) == 6:
            rest_done.set()
        return count

    room.statements.record_polls = watched  # type: ignore[method-assign]
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


@pytest.mark.parametrize("downtime", [timedelta(minutes=1), timedelta(days=400)])
async def test_a_source_whose_poller_died_is_polled_again(downtime: timedelta) -> None:
    async def dies() -> Fetched:
        raise asyncio.CancelledError

    room = Newsroom({"a": [dies, shows("one")]})
    with suppress(asyncio.CancelledError):
        await room.collect()
    assert (await room.collect()).sources == 0
    room.clock.now = NOW + downtime
    assert (await room.collect()).new == 1


async def test_bugs_in_as_many_sources_as_there_are_workers_stop_nobody_else() -> None:
    broken: dict[str, list[Answer]] = {f"bad{n}": [RuntimeError("a bug")] for n in range(5)}
    room = Newsroom(broken | {"good": [shows("one")]}, at_once=2)
    with pytest.raises(RuntimeError, match="a bug"):
        await room.collect()
    assert room.titles == ["one"]
    assert room.poller.asked.total() == 6


async def test_a_source_on_which_we_err_is_asked_again_later_and_nothing_is_held_against_it() -> None:
    room = Newsroom({"bad": [RuntimeError("a bug"), shows("one")]}, at_once=1)
    with pytest.raises(RuntimeError):
        await room.collect()
    assert await room.again(minutes=9) == Collected()
    assert room.memory.states["bad"].failures == 0
    assert (await room.again(minutes=5)).new == 1


async def test_what_could_not_be_written_is_asked_for_again_as_if_it_had_never_come() -> None:
    room = Newsroom({"bad": [shows("one")]})
    before, record = PollState("bad", NOW), room.statements.record_polls

    async def refusing(polls: Sequence[Polled]) -> int:
        if any(p.sifted.new for p in polls):
            raise RuntimeError("a row that nobody takes")
        return await record(polls)

    room.statements.record_polls = refusing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="nobody takes"):
        await room.collect()
    after = room.memory.states["bad"]
    assert after.due_at > NOW + timedelta(minutes=9)
    assert replace(after, due_at=NOW, url="") == before


async def test_what_is_claimed_stays_so_for_as_long_as_its_round_lasts() -> None:
    gate = asyncio.Event()

    async def slow() -> Fetched:
        await gate.wait()
        return shows("slow")

    async def takes_a_while() -> Unchanged:
        room.clock.forward(seconds=15)
        await asyncio.sleep(0.001)
        return Unchanged()

    room = Newsroom({"a": [slow]} | {f"b{n}": [takes_a_while] for n in range(6)})
    polling = asyncio.create_task(room.collect())
    while room.poller.asked.total() < 7:
        await asyncio.sleep(0.001)
    other = replace(room.collect, owner="another")
    assert await other(["a"]) == Collected()
    gate.set()
    assert (await polling).new == 1
    assert not room.memory.leases


async def test_who_slept_longer_than_its_claim_begins_nothing_that_another_may_have() -> None:
    async def sleeps() -> Unchanged:
        room.clock.forward(minutes=2)
        return Unchanged()

    room = Newsroom({f"s{n}": [sleeps] for n in range(9)}, at_once=1)
    assert (await room.collect()).sources == 1
    assert room.poller.asked.total() == 1


async def test_what_cannot_be_written_for_one_source_is_told_and_takes_nothing_else_with_it() -> None:
    room = Newsroom({"bad": [shows("bad")]} | {f"s{n}": [shows(f"title {n}")] for n in range(6)})
    record = room.statements.record_polls

    async def refusing(polls: Sequence[Polled]) -> int:
        if any(p.state.source_id == "bad" for p in polls):
            raise RuntimeError("no space")
        return await record(polls)

    room.statements.record_polls = refusing  # type: ignore[method-assign]
    with pytest.raises(RuntimeError, match="no space"):
        await room.collect()
    assert room.titles == [f"title {n}" for n in range(6)]


# Our own line


UNREACHED = Failed("no route to host", trouble=Trouble.UNREACHED)


def hosts(lost: int, reached: int) -> dict[str, list[Answer]]:
    """So many hosts that cannot be reached, and so many that can."""
    gone: dict[str, list[Answer]] = {f"lost{n}": [UNREACHED] for n in range(lost)}
    return gone | {f"up{n}": [shows(f"title {n}")] for n in range(reached)}


def failures(room: Newsroom) -> dict[str, int]:
    """How many failures count, by source."""
    return {i: s.failures for i, s in room.memory.states.items() if s.failures}


@pytest.mark.parametrize("at_once", [1, 8])
async def test_while_most_hosts_cannot_be_reached_nobody_is_blamed_and_all_are_asked_again_soon(at_once: int) -> None:
    room = Newsroom(hosts(lost=6, reached=4), at_once)
    assert await room.collect() == Collected(sources=10, new=4, failed=6)
    assert failures(room) == {}
    soon = [s.due_at for i, s in room.memory.states.items() if i.startswith("lost")]
    assert all(NOW + timedelta(minutes=10) <= due <= NOW + timedelta(minutes=20) for due in soon)
    assert len(set(soon)) == 6
    assert room.notices.events == ["our own line seems down"]


async def test_a_night_without_a_line_is_told_once_and_so_is_its_end() -> None:
    """A tick every ten seconds, as the daemon has it; four sources, as a new installation has them."""
    room = Newsroom(hosts(lost=4, reached=0), sources=[source(f"lost{n}") for n in range(4)])
    for _ in range(6 * 60 * 3):
        await room.collect()
        room.clock.forward(seconds=10)
    assert failures(room) == {}
    assert room.notices.events == ["our own line seems down"]
    asked = room.poller.asked.total()
    room.poller.answers = {i: [shows(f"title {i}")] for i in room.memory.sources}
    for _ in range(6 * 30):
        await room.collect()
        room.clock.forward(seconds=10)
    assert room.notices.events == ["our own line seems down", "our own line works again"]
    assert room.poller.asked.total() == asked + 4
    assert all(s.health is Health.OK for s in room.memory.states.values())


async def test_two_hosts_out_of_ten_that_cannot_be_reached_have_failed() -> None:
    room = Newsroom(hosts(lost=2, reached=8))
    assert await room.collect() == Collected(sources=10, new=8, failed=2)
    assert failures(room) == {"lost0": 1, "lost1": 1}
    assert room.memory.states["lost0"].reason == "no route to host"
    assert room.notices.events == []


@pytest.mark.parametrize("lost", [1, 2])
async def test_one_or_two_hosts_say_nothing_about_our_own_line(lost: int) -> None:
    room = Newsroom(hosts(lost, reached=0))
    await room.collect()
    assert len(failures(room)) == lost
    assert room.notices.events == []


async def test_half_of_the_hosts_is_not_most_of_them() -> None:
    room = Newsroom(hosts(lost=3, reached=3))
    await room.collect()
    assert len(failures(room)) == 3


async def test_many_sources_of_one_host_that_is_down_are_its_own_fault() -> None:
    lost = [source(f"lost{n}", url=f"https://x.example/{n}") for n in range(9)]
    up = [source(f"up{n}") for n in range(3)]
    room = Newsroom(hosts(lost=9, reached=3), sources=[*lost, *up])
    await room.collect()
    assert len(failures(room)) == 9


async def test_sources_without_a_host_say_nothing_about_our_own_line() -> None:
    files = [source(f"up{n}", url="maildir:/var/mail/nkwatch", kind="mailbox") for n in range(5)]
    lost = [source(f"lost{n}") for n in range(2)]
    room = Newsroom(hosts(lost=2, reached=5), sources=[*files, *lost])
    await room.collect()
    assert room.collect.line.hosts(NOW) == {"lost0.example": False, "lost1.example": False}


async def test_the_host_that_was_asked_counts_where_a_source_has_moved() -> None:
    room = Newsroom({"a": [shows("one")]})
    await room.statements.register([source("a")], NOW)
    room.memory.states["a"] = replace(room.memory.states["a"], adopted="https://new.example/feed")
    await room.collect()
    assert room.collect.line.hosts(NOW) == {"new.example": True}


async def test_a_source_that_answers_with_an_error_was_reached() -> None:
    room = Newsroom({f"s{n}": [Failed("500")] for n in range(5)})
    await room.collect()
    assert len(failures(room)) == 5
    assert room.notices.events == []


# Hosts that rest


def waits(span: timedelta) -> Failed:
    """An answer that asks to be left alone."""
    return Failed("429", retry_after=span)


def siblings(*names: str, **fields: object) -> list[Source]:
    """Sources of one host, the first due first."""
    return [source(n, url=f"https://x.example/{n}", **fields) for n in names]


async def test_a_retry_after_of_one_source_lets_its_whole_host_rest() -> None:
    room = Newsroom({"a": [waits(3 * HOUR)], "b": [shows("one")], "c": [shows("two")]}, at_once=1,
        sources=[*siblings("a", "b"), source("c")])  # fmt: skip
    assert await room.collect() == Collected(sources=2, new=1, failed=1)
    assert room.poller.asked == {"a": 1, "c": 1}
    await room.again(hours=2, minutes=59)
    assert room.poller.asked["b"] == 0
    await room.again(minutes=30)
    assert room.poller.asked["b"] == 1


async def test_a_host_rests_across_rounds_and_processes() -> None:
    room = Newsroom({"a": [shows("one")], "b": [shows("two")]}, sources=[*siblings("a"), source("b")])
    await room.statements.register(room.memory.sources.values(), NOW)
    room.memory.hosts["x.example"] = NOW + HOUR
    assert (await room.collect()).new == 1
    assert room.titles == ["two"]
    assert (await room.again(minutes=67)).new == 1


async def test_a_source_that_is_alone_neither_rests_with_its_host_nor_makes_it_rest() -> None:
    alone, *others = [*siblings("a", alone=True), *siblings("b", "c", alone=True)]
    room = Newsroom({"a": [waits(HOUR)], "b": [shows("one")], "c": [shows("two")]}, 1, sources=[alone, *others])
    assert (await room.collect()).new == 2
    assert room.memory.hosts == {}
    resting = Newsroom({"a": [shows("one")]}, sources=siblings("a", alone=True))
    resting.memory.hosts["x.example"] = NOW + HOUR
    assert (await resting.collect()).new == 1


async def test_a_source_that_has_moved_rests_with_the_host_that_it_moved_to() -> None:
    room = Newsroom({"a": [shows("one")], "b": [shows("two")]})
    await room.statements.register(room.memory.sources.values(), NOW)
    room.memory.states["a"] = replace(
        room.memory.states["a"], url="https://a.example/feed", adopted="https://new.example/"
    )
    room.memory.hosts |= {"new.example": NOW + HOUR}
    assert (await room.collect()).new == 1
    assert room.titles == ["two"]
    room.memory.hosts |= {"new.example": NOW, "a.example": NOW + 9 * DAY}
    assert (await room.again(minutes=67)).new == 1
    assert "one" in room.titles


async def test_a_host_cannot_ask_to_be_left_alone_for_ever() -> None:
    room = Newsroom({"a": [waits(timedelta(days=4000))]})
    await room.collect()
    assert room.memory.hosts == {"a.example": NOW + LONGEST_RETRY_AFTER}


async def test_a_source_that_must_rest_is_released_and_not_counted() -> None:
    room = Newsroom({"a": [waits(HOUR)], "b": [shows("one")]}, at_once=1, sources=siblings("a", "b"))
    assert await room.collect() == Collected(sources=1, failed=1)
    assert "b" not in room.memory.leases
    assert failures(room) == {"a": 1}


# The catalogue changes


async def test_a_source_whose_address_in_the_catalogue_changed_is_asked_there_without_what_belonged_to_the_other() -> (
    None
):
    room = Newsroom({"a": [shows("one"), shows("one", "two")]})
    await room.collect()
    room.memory.states["a"] = replace(
        room.memory.states["a"], adopted="https://moved.example/", failures=3, moved_seen=2
    )
    room.memory.sources["a"] = source("a", url="https://new.example/feed")  # type: ignore[index]
    assert (await room.again()).new == 1
    asked = room.poller.states[-1]
    assert asked.url == asked.address(room.memory.sources["a"]) == "https://new.example/feed"
    assert (asked.etag, asked.failures, asked.moved_seen) == ("", 0, 0)
    # it is not a first ingest: what is new there is news
    assert not room.named("two").backlog
    assert room.memory.states["a"].url == "https://new.example/feed"


async def test_the_operator_is_told_once_when_a_source_has_moved_for_good() -> None:
    room = Newsroom({"a": [shows("one"), shows("one", moved_to="https://new.example/feed")]})
    await room.collect()
    for _ in range(7):
        await room.again()
    ((event, facts),) = room.notices.told
    assert (event, facts["source"], facts["to"]) == ("source moved", "a", "https://new.example/feed")
    assert room.poller.states[-1].address(room.memory.sources["a"]) == "https://new.example/feed"


# What vanished


async def test_what_is_listed_no_more_although_older_ones_are_is_looked_up_once() -> None:
    room = Newsroom({"a": [dated(1, 2, 3), dated(1, 3)]})
    await room.collect()
    assert room.errands == {}
    await room.again()
    assert room.errands == {("2", "presence"): "https://x.example/2"}
    (errand,) = [e for e in room.memory.errands.values() if e]
    await room.statements.record_errand(Ran(errand, room.clock()))
    for _ in range(3):
        await room.again()
    assert room.errands == {}
    assert room.named("2").presence is Presence.SHOWN


@pytest.mark.parametrize(
    ("later", "why"),
    [
        (dated(1, 2), "it is older than all that is listed"),
        (dated(2, 3), "it is newer than all that is listed"),
        (Fetched(()), "nothing is listed"),
        (Fetched((entry("undated", url="https://x.example/u", published=None),)), "nothing is dated"),
        (Fetched((entry("odd", url="https://x.example/o", published=EARLIEST - DAY),)), "the date is impossible"),
        (Unchanged(), "nothing was shown"),
        (Failed("500"), "it failed"),
    ],
)
async def test_what_rolled_off_a_list_is_not_looked_up(later: Answer, why: str) -> None:
    room = Newsroom({"a": [dated(1, 2, 3), later]})
    await room.collect()
    await room.again()
    assert room.errands == {}, why


async def test_at_most_five_are_looked_up_after_one_poll_and_in_the_end_all() -> None:
    """One entry that was pinned for ever makes all that rolled off look vanished."""
    days = range(1, 13)
    room = Newsroom({"a": [dated(0, *days, 99), dated(0, 99)]})
    await room.collect()
    asked = []
    for _ in range(5):
        await room.again()
        sent = [e for e in room.memory.errands.values() if e]
        asked.append(len(sent))
        for errand in sent:
            await room.statements.record_errand(Ran(errand, room.clock()))
    assert asked == [MOST_LOOKED_UP, MOST_LOOKED_UP, 2, 0, 0]


async def test_what_left_the_domains_of_its_source_is_not_looked_up() -> None:
    room = Newsroom({"a": [dated(1, 2, 3), dated(1, 3)]}, domains=("a.example",))
    await room.collect()
    await room.again()
    assert room.errands == {}


async def test_a_redesign_looks_up_nothing() -> None:
    new = tuple(entry(f"new {n}", url=f"https://x.example/new/{n}", published=NOW - n * DAY) for n in range(20))
    room = Newsroom({"a": [dated(*range(20)), Fetched(new)]})
    await room.collect()
    await room.again()
    assert room.errands == {}


async def test_a_statement_that_changed_its_guid_has_not_vanished() -> None:
    before, after = (
        Fetched(tuple(entry(f"{n}", url=f"https://x.example/{n}", guid=f"{g}{n}", published=NOW - n * DAY) for n in range(5)))
        for g in ("old ", "new ")
    )  # fmt: skip
    room = Newsroom({"a": [before, after]})
    await room.collect()
    assert (await room.again()).new == 0
    assert room.errands == {}


async def test_what_another_source_of_the_publisher_showed_is_not_looked_up() -> None:
    sources = [source("a", publisher="P"), source("b", publisher="P")]
    room = Newsroom({"a": [dated(2)], "b": [dated(1, 3)]}, at_once=1, sources=sources)
    await room.collect()
    await room.again()
    assert room.errands == {}


async def test_what_a_source_says_it_deleted_is_hidden_at_once() -> None:
    room = Newsroom({"a": [shows("one", "two"), shows("two", removed=("guid one", "never seen"))]})
    await room.collect()
    await room.again()
    assert [s.title for s in await room.statements.missing()] == ["one"]
    assert room.errands == {}


async def test_what_an_editor_kept_stays_when_the_source_says_again_that_it_is_deleted() -> None:
    room = Newsroom({"a": [shows("one", "two"), shows("two", removed=("guid one",))]})
    await room.collect()
    await room.again()
    await room.statements.record_presence(room.named("one").id, Presence.KEPT)
    await room.again()
    assert room.named("one").presence is Presence.KEPT


# Errands and snapshots


def only(*titles: str) -> Concerns:
    """Statements with these titles may be on North Korea."""
    return lambda source, statement: statement.title in titles


async def test_the_page_of_a_statement_that_may_be_on_north_korea_is_asked_for_and_waited_for() -> None:
    room = Newsroom({"a": [shows("one", "two")]}, concerns=only("one"), domains=("x.example",))
    await room.collect()
    assert room.errands == {("one", "article"): "https://x.example/one"}
    assert room.named("one").read_from == NOW + timedelta(minutes=15)
    assert room.named("two").read_from == EARLIEST


@pytest.mark.parametrize(
    ("fields", "domains", "why"),
    [
        ({"published": NOW - ARTICLE_AGE - DAY}, ("x.example",), "it is old"),
        ({"text": "x" * WHOLE_TEXT}, ("x.example",), "its source shows it whole"),
        ({}, ("other.example",), "it leads elsewhere"),
        ({}, (), "its source names no domains"),
        ({"url": ""}, ("x.example",), "it has no page"),
        ({"url": "https://x.example@evil.example/"}, ("x.example",), "it only looks so"),
        ({"url": "http://[bad"}, ("x.example",), "it is no address"),
    ],
)
async def test_a_page_that_would_not_help_is_not_asked_for(
    fields: dict[str, object], domains: tuple[str, ...], why: str
) -> None:
    shown = entry("one", **({"url": "https://x.example/one"} | fields))
    room = Newsroom({"a": [Fetched((shown,))]}, concerns=always, domains=domains)
    await room.collect()
    assert room.errands == {}, why
    assert room.named("one").read_from == EARLIEST


async def test_the_page_of_a_statement_that_was_edited_is_asked_for_anew() -> None:
    changed = Fetched((entry("one", url="https://x.example/one", guid="guid one", text="Four are missing."),))
    room = Newsroom({"a": [shows("one"), changed]}, concerns=always, domains=("x.example",))
    await room.collect()
    ((name, errand),) = room.memory.errands.items()
    assert errand
    await room.statements.record_errand(Ran(errand, NOW))
    assert room.errands == {}
    assert (await room.again(days=2)).edited == 1
    assert room.memory.errands[name] == Errand(name[0], Purpose.ARTICLE, errand.url, "a", room.clock())
    assert room.named("one").read_from == room.clock() + timedelta(minutes=15)


async def test_what_is_under_embargo_is_not_read_before() -> None:
    held = entry("one", url="https://x.example/one", embargo=NOW + HOUR)
    room = Newsroom({"a": [Fetched((held,))]})
    await room.collect()
    for minutes, unread in ((0, 0), (59, 0), (60, 1)):
        assert len(await room.statements.unread(9, NOW + timedelta(minutes=minutes))) == unread


async def test_an_embargo_outlasts_the_wait_for_the_page() -> None:
    held = entry("one", url="https://x.example/one", embargo=NOW + HOUR)
    room = Newsroom({"a": [Fetched((held,))]}, concerns=always, domains=("x.example",))
    await room.collect()
    assert len(room.errands) == 1
    assert room.named("one").read_from == NOW + HOUR


async def test_the_bytes_are_kept_when_they_show_something_new_that_may_be_on_north_korea() -> None:
    first, second, third, fourth = (snapshot(body) for body in (b"first", b"second", b"third", b"fourth"))
    edited = Fetched((entry("two", url="https://x.example/two", guid="guid two", text="Changed."),), snapshot=fourth)
    answers = [
        shows("one", snapshot=first),
        shows("one", "two", snapshot=second),
        shows("one", "two", snapshot=third),
        edited,
    ]
    room = Newsroom({"a": answers}, concerns=only("one", "two"))  # type: ignore[arg-type]
    await room.collect()
    assert room.memory.snapshots == {}, "the first ingest is old news"
    for _ in range(3):
        await room.again()
    assert room.memory.snapshots == {room.named("two").id: [second, fourth]}


async def test_the_bytes_are_not_kept_for_what_is_on_something_else() -> None:
    room = Newsroom({"a": [shows("one"), shows("one", "two", snapshot=snapshot())]}, concerns=only("one"))
    await room.collect()
    await room.again()
    assert room.titles == ["one", "two"]
    assert room.memory.snapshots == {}


async def test_a_redesign_counts_as_a_first_ingest() -> None:
    new = tuple(entry(f"n{n}", url=f"https://x.example/n{n}") for n in range(REDESIGN))
    room = Newsroom({"a": [shows("one"), Fetched((*shows("one").entries, *new))]}, concerns=always)
    await room.collect()
    assert (await room.again()).new == REDESIGN
    assert all(s.backlog for s in room.memory.statements.values())


async def test_fewer_than_ten_new_entries_at_once_are_news() -> None:
    new = tuple(entry(f"n{n}", url=f"https://x.example/n{n}") for n in range(REDESIGN - 1))
    room = Newsroom({"a": [shows("one"), Fetched(new)]})
    await room.collect()
    await room.again()
    assert [s.backlog for s in room.memory.statements.values() if s.title != "one"] == [False] * (REDESIGN - 1)


async def test_two_sources_that_show_the_same_at_once_make_one_statement() -> None:
    """One gives guids and the other does not: they share the address only."""
    with_guid = Fetched((entry("one", url="https://x.example/one", guid="guid 1"),))
    without = Fetched((entry("one", url="https://x.example/one"),))
    room = Newsroom({"a": [with_guid], "b": [without]}, at_once=2, publisher="The same")
    await room.collect()
    assert room.titles == ["one"]
    assert (await room.again()).new == 0
