"""The watch: the bell rings once for each thing that wakes people, and only when somebody could be reached it is done.

It rings for three things alone: alerts that are not accepted, an outbox that is stuck, a database that cannot be used.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nkwatch.domain.delivery import Late, Stuck
from nkwatch.domain.returned import Accepted, Arrived
from nkwatch.workflow.told import Telling
from nkwatch.workflow.watching import Arrivals, Watch, Watched
from tests.making import NOW
from tests.workflow.fakes import FakeClock, Notices

MINUTE = timedelta(minutes=1)


@dataclass
class FakeBell:
    """Rings, or says why it does not."""

    broken: str = ""
    rung: list[tuple[str, int]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)

    async def __call__(self, event: str, text: str, number: int) -> str:
        if not self.broken:
            self.rung.append((event, number))
            self.texts.append(text)
        return self.broken


@dataclass
class FakeOutbox:
    """Alerts that have not left; since when bulk has been due; how many left in each hour."""

    waiting: list[Late] = field(default_factory=list)
    asked: list[datetime] = field(default_factory=list)
    due_since: datetime | None = None
    left_at: datetime | None = None

    async def late(self, before: datetime) -> Sequence[Late]:
        self.asked.append(before)
        return [w for w in self.waiting if w.since <= before]

    async def stuck(self, before: datetime) -> Stuck | None:
        return Stuck(self.due_since) if self.due_since and self.due_since < before else None

    async def accepted(self, since: datetime) -> int:
        return int(self.left_at is not None and self.left_at >= since)


@dataclass
class FakeInbox:
    """The canary's mailbox; a look brings `page` mails."""

    mails: list[Arrived] = field(default_factory=list)
    trouble: str = ""
    unmarkable: str = ""
    page: int = 2
    kept: list[str] = field(default_factory=list)
    looks: int = 0

    async def new(self) -> tuple[Arrived, ...] | str:
        self.looks += 1
        return self.trouble or tuple(m for m in self.mails if m.id not in self.kept)[: self.page]

    async def handled(self, received: Arrived) -> str:
        self.mails = [m for m in self.mails if m.id != received.id]
        return self.unmarkable

    def keep(self, received: Arrived) -> None:
        self.kept.append(received.id)


@dataclass
class FakeLedger:
    """What was accepted for the canary."""

    mails: list[Accepted] = field(default_factory=list)

    async def accepted(self, subscriber_id: str, since: datetime) -> Sequence[Accepted]:
        assert subscriber_id == "canary"
        return [m for m in self.mails if m.accepted_at >= since]


class Tower:
    """Who watches, and what."""

    def __init__(self, *, bell: bool = True) -> None:
        self.clock, self.notices, self.outbox, self.bell = FakeClock(), Notices(), FakeOutbox(), FakeBell()
        self.inbox, self.ledger = FakeInbox(), FakeLedger()
        self.silent, self.away, self.braked = not bell, "", ""
        self.watch = self.opened()

    def opened(self) -> Watch:
        """The watch of a process that begins now."""
        telling = Telling(self.notices, self.clock)
        self.inbox.kept.clear()
        arrivals = Arrivals("canary", self.ledger, self.inbox, self.clock, telling)
        bell = None if self.silent else self.bell
        return Watch(
            self.outbox, self.clock, telling, bell, arrivals=arrivals, excuses=(self.brake,), unusable=self.unusable
        )

    async def unusable(self) -> str:
        return self.away

    async def brake(self) -> str:
        return self.braked

    def accept(self, number: int, *, arrives: bool = True, relay_id: str = "", urgent: bool = True) -> None:
        """The relay takes a bulletin for the canary, now."""
        name = f"<{number}@watch.example>"
        self.ledger.mails.append(Accepted(number, self.clock(), name, relay_id, urgent))
        if arrives:
            under = f"<{relay_id}@relay.example>" if relay_id else name
            self.inbox.mails.append(Arrived(f"mail {number}", under))


# Alerts


async def test_an_alert_that_has_not_left_within_two_minutes_rings_once() -> None:
    tower = Tower()
    tower.outbox.waiting = [Late(7, 3, NOW)]
    assert await tower.watch() == Watched()
    tower.clock.forward(minutes=2)
    assert await tower.watch() == Watched(rung=1)
    tower.clock.forward(minutes=5)
    assert await tower.watch() == Watched()
    assert tower.bell.rung == [("alert late", 7)]
    assert "Alert 7 has not left to 3 of its readers" in tower.bell.texts[0]
    assert tower.notices.events == ["alert late"]


async def test_once_more_when_it_has_left_and_again_when_it_is_late_anew() -> None:
    tower = Tower()
    tower.clock.forward(minutes=3)
    tower.outbox.waiting = [Late(7, 3, NOW), Late(8, 1, NOW)]
    assert await tower.watch() == Watched(rung=2)
    del tower.outbox.waiting[0]
    assert await tower.watch() == Watched(rung=1)
    assert tower.bell.rung == [("alert late", 7), ("alert late", 8), ("alert left", 7)]
    tower.outbox.waiting = []
    assert await tower.watch() == Watched(rung=1)
    assert await tower.watch() == Watched()


async def test_a_bell_that_does_not_ring_is_told_once_and_tried_again() -> None:
    tower = Tower()
    tower.outbox.waiting = [Late(7, 3, NOW - 9 * MINUTE)]
    tower.bell.broken = "The webhook at hooks.example answered 500."
    assert [await tower.watch() for _ in range(3)] == [Watched()] * 3
    assert tower.notices.events == ["alert late", "the bell does not ring"]
    tower.bell.broken = ""
    assert await tower.watch() == Watched(rung=1)
    tower.bell.broken, tower.outbox.waiting = "Gone.", []
    assert await tower.watch() == Watched()
    tower.bell.broken = ""
    assert await tower.watch() == Watched(rung=1)
    assert tower.bell.rung == [("alert late", 7), ("alert left", 7)]


async def test_an_alert_that_left_before_anybody_could_be_told_is_no_news() -> None:
    tower = Tower()
    tower.outbox.waiting = [Late(7, 3, NOW - 9 * MINUTE)]
    tower.bell.broken = "Gone."
    await tower.watch()
    tower.bell.broken, tower.outbox.waiting = "", []
    assert await tower.watch() == Watched()


async def test_without_a_bell_the_log_alone_tells() -> None:
    tower = Tower(bell=False)
    tower.outbox.waiting = [Late(7, 3, NOW - 9 * MINUTE)]
    assert await tower.watch() == Watched(rung=1)
    assert await tower.watch() == Watched()
    assert tower.notices.events == ["alert late"]


async def test_without_a_canary_alerts_are_watched_all_the_same() -> None:
    tower = Tower()
    tower.accept(1, arrives=False)
    tower.clock.forward(hours=1)
    tower.outbox.waiting = [Late(7, 3, NOW)]
    assert await replace(tower.watch, arrivals=None)() == Watched(rung=1)
    assert tower.bell.rung == [("alert late", 7)]


# The outbox


async def test_an_outbox_of_which_nothing_has_left_for_two_hours_rings_once_and_once_when_it_moves() -> None:
    tower = Tower()
    tower.outbox.due_since = NOW
    tower.clock.forward(hours=2)
    assert await tower.watch() == Watched()
    tower.clock.forward(seconds=1)
    assert [await tower.watch() for _ in range(3)] == [Watched(1), Watched(), Watched()]
    assert "should have since 2026-11-22 07:00 UTC" in tower.bell.texts[0]
    tower.outbox.due_since = None
    assert [await tower.watch() for _ in range(2)] == [Watched(1), Watched()]
    assert tower.bell.rung == [("outbox stuck", 0), ("outbox moves", 0)]
    assert tower.notices.events == ["outbox stuck", "outbox moves"]
    tower.outbox.due_since = NOW
    assert await tower.watch() == Watched(1)


async def test_a_long_queue_that_moves_is_not_stuck() -> None:
    tower = Tower()
    tower.outbox.due_since = NOW
    for _ in range(10):
        tower.clock.forward(hours=1)
        tower.outbox.left_at = tower.clock()
        assert await tower.watch() == Watched()
    tower.clock.forward(hours=3)
    assert await tower.watch() == Watched(1)


async def test_bulk_that_stands_still_by_the_operators_own_brake_wakes_nobody() -> None:
    tower = Tower()
    tower.outbox.due_since, tower.braked = NOW, "20000 mails were accepted."
    tower.clock.forward(hours=9)
    assert await tower.watch() == Watched()
    tower.braked = ""
    assert await tower.watch() == Watched(1)


# The database


async def test_a_database_that_is_away_for_a_minute_rings_once_and_once_when_it_is_back() -> None:
    tower = Tower()
    tower.away = "OperationalError: disk I/O error"
    assert await tower.watch() == Watched()
    tower.clock.forward(seconds=59)
    assert await tower.watch() == Watched()
    tower.clock.forward(seconds=1)
    assert [await tower.watch() for _ in range(2)] == [Watched(1), Watched()]
    assert "disk I/O error" in tower.bell.texts[0]
    tower.away = ""
    assert [await tower.watch() for _ in range(2)] == [Watched(1), Watched()]
    assert tower.bell.rung == [("database unusable", 0), ("database usable", 0)]
    tower.away = "OperationalError: database is locked"
    assert await tower.watch() == Watched()
    tower.clock.forward(minutes=1)
    assert await tower.watch() == Watched(1)
    assert tower.notices.events == ["database unusable", "database usable", "database unusable"]


async def test_a_database_that_is_away_for_a_moment_wakes_nobody() -> None:
    tower = Tower()
    for _ in range(10):
        tower.away = "OperationalError: the server closed the connection"
        await tower.watch()
        tower.clock.forward(seconds=50)
        tower.away = ""
        await tower.watch()
        tower.clock.forward(seconds=50)
    assert tower.bell.rung == []
    assert tower.notices.told == []


async def test_while_the_database_is_away_it_is_asked_for_nothing_else() -> None:
    tower = Tower()
    tower.away, tower.outbox.waiting = "gone", [Late(7, 3, NOW - 9 * MINUTE)]
    assert await tower.watch() == Watched()
    assert tower.outbox.asked == []
    tower.clock.now -= timedelta(days=1)
    assert await tower.watch() == Watched(1), "a clock that was set back hides nothing"


async def test_a_bell_that_does_not_ring_for_the_database_is_tried_again_until_it_is_back() -> None:
    tower = Tower()
    tower.away, tower.bell.broken = "gone", "Gone."
    await tower.watch()
    tower.clock.forward(minutes=1)
    assert [await tower.watch() for _ in range(2)] == [Watched(), Watched()]
    assert tower.notices.events == ["database unusable", "the bell does not ring"]
    tower.bell.broken, tower.away = "", ""
    assert await tower.watch() == Watched()
    assert tower.bell.rung == []


# The canary


async def test_a_digest_that_does_not_arrive_wakes_nobody_and_is_told_once() -> None:
    tower = Tower()
    tower.accept(1, arrives=False, urgent=False)
    tower.clock.forward(minutes=31)
    assert [await tower.watch() for _ in range(2)] == [Watched(), Watched()]
    assert tower.bell.rung == []
    assert tower.notices.events == ["bulletin missing"]
    assert "Bulletin 1, which the mail relay accepted" in str(tower.notices.told[0][1]["what"])


async def test_what_arrives_rings_nothing_under_whichever_name() -> None:
    tower = Tower()
    tower.accept(1)
    tower.accept(2, relay_id="0102abcd")
    for _ in range(60):
        tower.clock.forward(minutes=1)
        assert await tower.watch() == Watched()
    assert tower.notices.told == []


async def test_an_alert_that_does_not_arrive_rings_once() -> None:
    tower = Tower()
    tower.accept(1, arrives=False)
    tower.accept(2)
    tower.clock.forward(minutes=30)
    assert await tower.watch() == Watched()
    tower.clock.forward(minutes=1)
    assert await tower.watch() == Watched(rung=1)
    tower.clock.forward(minutes=9)
    assert await tower.watch() == Watched()
    assert tower.bell.rung == [("alert missing", 1)]
    assert "Bulletin 1, which the mail relay accepted at 2026-11-22 07:00 UTC" in tower.bell.texts[0]


async def test_a_missing_bulletin_is_told_as_soon_as_the_bell_rings() -> None:
    tower = Tower()
    tower.accept(1, arrives=False)
    tower.clock.forward(minutes=31)
    tower.bell.broken = "Gone."
    assert await tower.watch() == Watched()
    tower.bell.broken = ""
    tower.clock.forward(seconds=15)
    assert await tower.watch() == Watched(rung=1)


async def test_a_mailbox_that_cannot_be_read_says_nothing_of_bulletins() -> None:
    tower = Tower()
    tower.accept(1)
    tower.inbox.trouble = "Wrong password."
    for _ in range(3):
        tower.clock.forward(minutes=31)
        assert await tower.watch() == Watched()
    assert tower.notices.events == ["the canary's mailbox cannot be read"]
    tower.inbox.trouble = ""
    tower.clock.forward(minutes=1)
    assert await tower.watch() == Watched()


async def test_the_mailbox_is_looked_into_once_a_minute_until_all_is_read() -> None:
    tower = Tower()
    for number in range(5):
        tower.accept(number)
    tower.clock.forward(minutes=40)
    assert await tower.watch() == Watched()
    assert tower.inbox.looks == 4
    tower.clock.forward(seconds=15)
    await tower.watch()
    assert tower.inbox.looks == 4


async def test_a_restart_forgets_no_arrival_of_the_last_day() -> None:
    tower = Tower()
    tower.accept(1)
    tower.clock.forward(hours=20)
    await tower.watch()
    assert await tower.opened()() == Watched()
    assert tower.notices.told == []


async def test_a_mailbox_too_full_to_be_read_in_one_round_says_nothing_yet() -> None:
    tower = Tower()
    tower.accept(1)
    tower.inbox.mails = [*(Arrived(f"junk {n}") for n in range(100)), *tower.inbox.mails]
    tower.clock.forward(minutes=40)
    assert await tower.watch() == Watched()
    tower.clock.forward(minutes=1)
    assert await tower.watch() == Watched()
    assert tower.notices.told == []


async def test_mails_of_the_day_before_yesterday_are_marked_and_forgotten() -> None:
    tower = Tower()
    tower.accept(1)
    await tower.watch()
    tower.clock.forward(hours=24)
    await tower.watch()
    assert len(tower.inbox.mails) == 1
    tower.clock.forward(hours=1)
    await tower.watch()
    assert tower.inbox.mails == []
    assert tower.notices.told == []


async def test_a_mailbox_that_cannot_be_changed_is_told_once() -> None:
    tower = Tower()
    tower.accept(1)
    tower.accept(2)
    tower.inbox.unmarkable = "Read only."
    await tower.watch()
    tower.clock.forward(hours=26)
    await tower.watch()
    assert tower.notices.events == ["the canary's mails cannot be marked as seen"]
