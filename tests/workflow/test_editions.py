"""Editions of the archive: every window once, whatever happens, and the same digest that a reader gets."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.edition import Progress
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.domain.wish import Mutes
from nkwatch.workflow.closing import LATER
from nkwatch.workflow.editions import Edited, Editions, key, standard, to_close
from tests.making import NOW, at
from tests.workflow.fakes import CrashError
from tests.workflow.room import Room

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
DAILY, WEEKLY = Schedule(Rhythm.DAILY, 6), Schedule(Rhythm.WEEKLY, 6, weekday=0)
MONTHLY = Schedule(Rhythm.MONTHLY, 6)


@dataclass
class Archive:
    """The editions in memory. `dies` names the call at which it dies, `written` whether it has written then."""

    room: Room
    rows: dict[Rhythm, Progress] = field(default_factory=dict)
    kept: list[tuple[Rhythm, int, Window, tuple[Composition, ...]]] = field(default_factory=list)
    passed: list[Window] = field(default_factory=list)
    dies: str = ""
    written: bool = False

    async def progress(self, rhythm: Rhythm) -> Progress | None:
        return self.rows.get(rhythm)

    async def begin(self, rhythm: Rhythm, key: str, window: Window, now: datetime) -> int:
        self._die("begin", before=True)
        row = self.rows.setdefault(rhythm, Progress(window.start))
        if row.covered_until != window.start:
            return 0
        self.rows[rhythm] = replace(row, closing_until=window.end)
        number = await self.room.outbox.number(key, BulletinKind.DIGEST, now)
        self._die("begin", before=False)
        return number

    async def as_of(self) -> int:
        return self.room.memory.redacted

    async def keep(
        self,
        rhythm: Rhythm,
        number: int,
        window: Window,
        compositions: Sequence[Composition],
        now: datetime,
        as_of: int | None = None,
    ) -> bool:
        self._die("keep", before=True)
        if as_of != self.room.memory.redacted or not self._cover(rhythm, window):
            return False
        self.kept.append((rhythm, number, window, tuple(compositions)))
        self._die("keep", before=False)
        return True

    async def pass_over(self, rhythm: Rhythm, window: Window) -> bool:
        self._die("pass", before=True)
        covered = self._cover(rhythm, window)
        self.passed += [window] if covered else []
        return covered

    async def told(self, rhythm: Rhythm, story_ids: Collection[str]) -> frozenset[str]:
        told = {i for r, _, _, made in self.kept if r is rhythm for c in made for i in c.stories}
        return frozenset(told & set(story_ids))

    def _cover(self, rhythm: Rhythm, window: Window) -> bool:
        row = self.rows.setdefault(rhythm, Progress(window.start))
        if row.covered_until != window.start:
            return False
        self.rows[rhythm] = Progress(window.end)
        return True

    def _die(self, at: str, *, before: bool) -> None:
        if self.dies == at and before is not self.written:
            self.dies = ""
            raise CrashError


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


@pytest.fixture
def archive(room: Room) -> Archive:
    """No edition yet."""
    return Archive(room)


def editing(room: Room, archive: Archive, *schedules: Schedule, languages: tuple[str, ...] = ("en", "ko")) -> Editions:
    """Rounds of editions with these schedules."""
    return Editions(
        gather=room.gather,
        subscribers=room.subscribers,
        editions=archive,
        composer=room.composer,
        clock=room.clock,
        notice=room.notices,
        schedules=schedules or (DAILY,),
        languages=languages,
    )


def told(archive: Archive) -> list[tuple[int, str]]:
    """The numbers and subjects of all editions, in the first language."""
    return [(number, made[0].subject) for _, number, _, made in archive.kept]


async def test_an_edition_tells_what_who_wishes_for_everything_gets_in_each_language(room, archive):
    await room.story("s1")
    room.clock.forward(days=1)
    assert await editing(room, archive)() == Edited(editions=1)
    ((rhythm, number, window, made),) = archive.kept
    assert (rhythm, number) == (Rhythm.DAILY, 1)
    assert window == Window(at("2026-11-22T06:00"), at("2026-11-23T06:00"))
    assert [(c.language, c.stories, c.neutral) for c in made] == [("en", ("s1",), False), ("ko", ("s1",), False)]
    assert room.memory.deliveries == []
    assert await editing(room, archive)() == Edited()


async def test_a_reader_with_the_same_window_and_no_wishes_has_the_same_number_and_content(room, archive):
    await room.reader("ann", DAILY)
    room.put(next(iter(room.memory.readers)), covered_until=NOW - HOUR)
    await room.story("s1")
    room.clock.forward(days=1)
    edition = editing(room, archive)
    await edition()
    await room.digests()
    assert [c.fingerprint for c in room.compositions] == [archive.kept[0][3][0].fingerprint]
    assert list(room.memory.bulletins) == [key(archive.kept[0][2])]


def test_the_standard_choice_narrows_nothing():
    choice = standard(WEEKLY, "ko")
    (wish,) = choice.wishes
    assert (wish.themes, wish.sources, wish.roles) == (frozenset(), frozenset(), frozenset())
    assert (choice.mutes, choice.country, choice.phrase) == (Mutes(), "", "")
    assert (choice.schedule, choice.edition.language, choice.edition.neutral) == (WEEKLY, "ko", False)


async def test_the_first_edition_is_that_of_the_window_that_ended_last(room, archive):
    room.clock.forward(days=-20)
    await room.story("long ago")
    room.clock.now = NOW - 12 * HOUR
    await room.story("yesterday")
    room.clock.now = NOW
    assert await editing(room, archive)() == Edited(editions=1)
    assert told(archive) == [(1, "digest 1: yesterday")]


async def test_a_window_with_nothing_in_it_has_no_edition_and_no_number_and_moves_on(room, archive):
    edition = editing(room, archive)
    assert await edition() == Edited(no_editions=1)
    assert (archive.kept, room.memory.bulletins) == ([], {})
    assert archive.rows[Rhythm.DAILY] == Progress(NOW - HOUR)
    assert await edition() == Edited()


async def test_after_a_downtime_one_edition_covers_it_all(room, archive):
    edition = editing(room, archive)
    await edition()
    for name in ("s1", "s2", "s3"):
        await room.story(name)
        room.clock.forward(days=3)
    assert await edition() == Edited(editions=1)
    assert told(archive) == [(1, "digest 1: s3 s2 s1")]
    assert [w.end - w.start for _, _, w, _ in archive.kept] == [9 * DAY]


async def test_what_editors_hold_back_or_drop_stands_in_no_edition(room, archive):
    for name in ("s1", "s2", "s3"):
        await room.story(name)
    await room.stories.hold("s1", "Ann")
    await room.stories.drop("s2", "Ann")
    room.clock.forward(days=1)
    await editing(room, archive)()
    assert told(archive) == [(1, "digest 1: s3")]


async def test_a_story_that_is_held_and_freed_is_told_in_one_edition_only(room, archive):
    edition = editing(room, archive)
    await edition()
    await room.story("s1")
    await room.story("late")
    await room.stories.hold("late", "Ann")
    room.clock.forward(days=1)
    await edition()
    await room.stories.hold("s1", "Ann")
    await room.stories.free("s1", "Ann")
    await room.stories.free("late", "Ann")
    await room.story("s2")
    room.clock.forward(days=1)
    await edition()
    assert [subject.partition(": ")[2] for _, subject in told(archive)] == ["s1", "s2 late"]


async def test_no_story_becomes_ready_in_a_window_that_was_closed(room, archive):
    edition = editing(room, archive)
    await edition()
    assert room.memory.closed_until == NOW
    await room.story("s1")
    room.clock.forward(days=1)
    await edition()
    room.clock.forward(hours=-2)
    await room.story("late")
    room.clock.forward(hours=2, days=1)
    await edition()
    assert told(archive) == [(1, "digest 1: s1"), (2, "digest 2: late")]


async def test_a_wrong_template_holds_the_edition_back_tells_it_once_and_loses_nothing(room, archive):
    edition = editing(room, archive)
    await room.story("s1")
    room.clock.forward(days=1)
    room.composer.wrong.add("ko")
    assert await edition() == Edited(editions_failed=1)
    assert await edition() == Edited(), "not at every tick"
    room.clock.now += LATER
    assert await edition() == Edited(editions_failed=1)
    assert room.notices.events == ["edition held back"]
    room.composer.wrong.clear()
    room.clock.forward(days=2)
    assert await edition() == Edited(editions=1)
    assert told(archive) == [(1, "digest 1: s1")]
    assert archive.kept[0][2].end == NOW + DAY - HOUR, "the window for which a number was taken"


async def test_each_rhythm_has_editions_of_its_own_and_none_may_have_any(room, archive):
    room.clock.forward(days=2)
    await room.story("s1")
    room.clock.now = at("2026-12-01T07:00")
    assert await editing(room, archive, DAILY, WEEKLY, MONTHLY)() == Edited(editions=2, no_editions=1)
    assert sorted(str(r) for r, *_ in archive.kept) == ["monthly", "weekly"]
    off = replace(editing(room, archive), schedules=())
    assert await off() == Edited()


async def test_of_two_processes_one_keeps_the_edition(room, archive):
    await room.story("s1")
    room.clock.forward(days=1)
    first, second = editing(room, archive), editing(room, archive)
    assert await first() == Edited(editions=1)
    # it looked before the other had written
    assert await replace(second, editions=_Late(archive))() == Edited()
    assert await replace(second, editions=_Late(archive, number=1))() == Edited()
    assert len(archive.kept) == 1


@dataclass
class _Late(Archive):
    """Still sees what was before the first edition; with a `number`, it had begun."""

    number: int = 0

    def __init__(self, archive: Archive, number: int = 0) -> None:
        super().__init__(archive.room, archive.rows, archive.kept)
        self.number = number

    async def progress(self, rhythm: Rhythm) -> Progress | None:
        return None

    async def begin(self, rhythm: Rhythm, key: str, window: Window, now: datetime) -> int:
        return self.number or await super().begin(rhythm, key, window, now)


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["story", "round", "die begin", "die keep", "die pass", "late begin", "late keep"]),
            st.integers(1, 90).map(lambda h: timedelta(hours=h)),
            st.builds(Schedule, st.just(Rhythm.DAILY), st.integers(0, 23), st.sampled_from(["UTC", "Asia/Seoul"])),
        ),
        max_size=30,
    )
)
async def test_every_story_stands_in_exactly_one_edition_whatever_happens(steps: list[object]) -> None:
    room = Room()
    archive, schedule, stories = Archive(room), DAILY, 0
    await editing(room, archive)()
    for step in steps:
        match step:
            case "story":
                stories += 1
                await room.story(f"s{stories}")
            case str():
                archive.dies, archive.written = step.partition(" ")[2], step.startswith("late")
                with suppress(CrashError):
                    await editing(room, archive, schedule)()
                archive.dies = ""
            case timedelta():
                room.clock.now += step
            case Schedule():
                schedule = step
    room.clock.forward(days=2)
    await editing(room, archive, schedule)()
    # a window that was begun is closed as it was begun: what came after it follows in the next round
    await editing(room, archive, schedule)()
    assert sorted(i for _, _, _, made in archive.kept for i in made[0].stories) == sorted(
        f"s{n + 1}" for n in range(stories)
    )
    windows = sorted([w for _, _, w, _ in archive.kept] + archive.passed, key=lambda w: w.start)
    assert all(a.end == b.start for a, b in pairwise(windows)), "no gap, no overlap"
    assert sorted(room.memory.bulletins.values()) == list(range(1, len(room.memory.bulletins) + 1))
    assert len(room.memory.bulletins) == len(archive.kept), "no number without an edition"


@pytest.mark.parametrize("progress", [None, Progress(NOW)])
def test_who_has_no_rhythm_has_no_window(progress: Progress | None) -> None:
    assert to_close(Schedule(Rhythm.NONE), progress, NOW + DAY) is None


async def test_an_edition_of_what_a_redaction_changed_meanwhile_is_composed_again(room: Room, archive: Archive) -> None:
    await room.story("s1")
    room.clock.forward(days=1)
    begin = archive.begin

    async def redacted_meanwhile(*given: Any) -> int:
        room.memory.redacted += 1
        archive.begin = begin  # type: ignore[method-assign]
        return await begin(*given)

    archive.begin = redacted_meanwhile  # type: ignore[method-assign]
    edition = editing(room, archive)
    assert await edition() == Edited()
    assert archive.kept == []
    assert await edition() == Edited(editions=1)
