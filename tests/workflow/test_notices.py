"""Notices on their way to the morning's mail: who tells one neither waits nor fails, and none is lost silently."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from nkwatch import logs
from nkwatch.domain.notice import Noticed
from nkwatch.workflow.notices import FORGOTTEN, LONGEST, MOST, Noted, NoteNotices
from tests.workflow.fakes import FakeClock


@dataclass
class FakeShelf:
    """Keeps, or fails."""

    kept: list[Noticed] = field(default_factory=list)
    broken: bool = False
    slow: bool = False

    async def keep(self, notices: Sequence[Noticed]) -> None:
        if self.slow:
            await asyncio.sleep(60)
        if self.broken:
            raise OSError("the database is gone")
        self.kept += notices


class Desk:
    """Who hears, and where it is kept."""

    def __init__(self) -> None:
        self.clock, self.shelf = FakeClock(), FakeShelf()
        self.notices = NoteNotices(self.shelf, self.clock, logs.redact)


async def test_what_was_heard_is_written_once_the_same_as_one() -> None:
    desk = Desk()
    for number in (1, 1, 2):
        desk.notices.hear("page failed", {"number": number})
        desk.clock.forward(minutes=1)
    assert desk.notices.waiting == 2
    assert await desk.notices() == Noted(2)
    assert [(n.facts, n.times, (n.last_at - n.at).seconds) for n in desk.shelf.kept] == [
        ((("number", "1"),), 2, 60),
        ((("number", "2"),), 1, 0),
    ]
    assert await desk.notices() == Noted()
    assert (desk.notices.heard, desk.notices.forgotten, desk.notices.waiting) == (3, 0, 0)


async def test_no_address_no_token_and_nothing_that_a_statement_says_of_itself_is_kept() -> None:
    desk = Desk()
    facts = {
        "why": "550 <ann@example.org>",
        "title": "Kim Cheol-su",
        "url": "https://a.example/kim",
        "ann@b.example": 1,
    }
    desk.notices.hear("reply of ann%40example.org", facts)
    desk.notices.hear("long", {"why": "x" * 9999})
    await desk.notices()
    first, second = desk.shelf.kept
    assert first.event == "reply of [address]"
    assert first.facts == (("why", "550 <[address]>"), ("[address]", "1"))
    assert len(second.facts[0][1]) == LONGEST


async def test_while_the_database_is_away_notices_wait_and_those_since_come_with_them() -> None:
    desk = Desk()
    desk.notices.hear("one", {})
    desk.shelf.broken = True
    with pytest.raises(OSError, match="gone"):
        await desk.notices()
    desk.notices.hear("one", {})
    desk.notices.hear("two", {})
    desk.shelf.broken = False
    assert await desk.notices() == Noted(2)
    assert {n.event: n.times for n in desk.shelf.kept} == {"one": 2, "two": 1}


async def test_a_round_that_is_broken_off_loses_nothing() -> None:
    desk = Desk()
    desk.shelf.slow = True
    desk.notices.hear("one", {})
    writing = asyncio.create_task(desk.notices())
    await asyncio.sleep(0)
    desk.notices.hear("two", {})
    writing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writing
    desk.shelf.slow = False
    await desk.notices()
    assert {n.event for n in desk.shelf.kept} == {"one", "two"}


async def test_of_more_than_can_be_remembered_the_number_is_known() -> None:
    desk = Desk()
    for number in range(MOST + 500):
        desk.notices.hear("page failed", {"number": number})
    desk.notices.hear("page failed", {"number": 1})
    assert desk.notices.waiting == MOST + 1
    await desk.notices()
    assert desk.notices.forgotten == 500
    assert {n.event: n.times for n in desk.shelf.kept if n.event == FORGOTTEN} == {FORGOTTEN: 500}
    assert sum(n.times for n in desk.shelf.kept) == desk.notices.heard == MOST + 501


async def test_notices_are_heard_from_many_threads() -> None:
    desk = Desk()

    def tell() -> None:
        for _ in range(200):
            desk.notices.hear("page failed", {})

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        await desk.notices()
    await desk.notices()
    assert sum(n.times for n in desk.shelf.kept) == 1600


@pytest.mark.parametrize("trouble", ["broken", "slow"])
async def test_the_last_notices_are_written_when_all_is_closed_and_hold_up_nothing(trouble: str) -> None:
    desk = Desk()
    desk.notices.farewell = 0.01
    desk.notices.hear("one", {})
    await desk.notices.last()
    assert len(desk.shelf.kept) == 1
    setattr(desk.shelf, trouble, True)
    desk.notices.hear("two", {})
    await desk.notices.last()
    assert desk.notices.waiting == 1
