"""Sending that is locked: nothing is claimed, it is told once, and it costs no look for each message."""

from datetime import timedelta

from nkwatch.domain.installation import Installed, Opened, Replayed, Resumed
from nkwatch.workflow.deliver import Delivered
from nkwatch.workflow.lock import LOOK, MARK, Lock
from tests.making import NOW
from tests.workflow.dispatch import Office
from tests.workflow.fakes import FakeClock, Notices

HERE, THERE = Installed("i", "here", "here"), Installed("i", "there", "here")
RESTORED = Installed("i", "here", "here", locked_at=NOW)


class FakeLedger:
    """A database that says what a test has it say."""

    def __init__(self, says: Installed = HERE, **found: object) -> None:
        self.says, self.found = says, found
        self.asked: list[str] = []
        self.file_mark = 0

    async def open(self, now):
        self.asked.append("open")
        return Opened(self.says, **self.found)

    async def look(self):
        self.asked.append("look")
        return self.says

    async def mark(self, now):
        self.asked.append("mark")

    async def resume(self, until, now, *, dry=False):
        self.asked.append("resume")
        self.says = self.says if dry else HERE
        return Resumed()

    async def take_over(self):
        self.says = HERE


def lock_of(ledger: FakeLedger) -> tuple[Lock, FakeClock, Notices]:
    clock, notices = FakeClock(), Notices()
    return Lock(ledger, clock, notices), clock, notices


async def test_while_it_is_locked_neither_lane_claims_anything_and_then_all_goes():
    ledger = FakeLedger(RESTORED)
    office = Office()
    office.deliver.lock = office.bulk.lock = Lock(ledger, office.clock, office.notices)
    await office.fill(3)
    await office.digests(2)
    assert await office.deliver() + await office.bulk() == Delivered()
    assert office.relay.accepted == []
    await office.deliver.lock.resume(NOW)
    assert await office.deliver() + await office.bulk() == Delivered(sent=5)


async def test_the_database_is_asked_now_and_then_and_not_for_each_message():
    ledger = FakeLedger()
    office = Office()
    office.deliver.lock = Lock(ledger, office.clock, office.notices)
    office.outbox.page = 7
    await office.fill(40)
    await office.deliver()
    assert ledger.asked == ["open", "mark"]
    office.clock.now += MARK
    await office.fill(1, "alert s2")
    await office.deliver()
    assert ledger.asked == ["open", "mark", "look", "mark"]


async def test_what_nobody_is_sent_is_not_noted():
    ledger = FakeLedger()
    office = Office()
    office.deliver.lock = Lock(ledger, office.clock, office.notices)
    await office.deliver()
    assert "mark" not in ledger.asked


async def test_it_is_told_once_that_it_is_locked_and_once_that_it_goes_on():
    ledger = FakeLedger(THERE)
    lock, clock, notices = lock_of(ledger)
    for _ in range(3):
        assert "--take-over" in await lock.locked()
        clock.now += LOOK
    await lock.take_over()
    assert await lock.locked() == ""
    assert notices.events == ["sending is locked", "sending goes on"]


async def test_one_that_is_locked_by_another_machine_looks_into_its_own_file():
    ledger = FakeLedger()
    lock, clock, _ = lock_of(ledger)
    await lock.locked()
    ledger.says = RESTORED
    clock.now += LOOK
    assert "--resume-after" in await lock.locked()
    clock.now += LOOK
    await lock.locked()
    assert ledger.asked == ["open", "look", "open", "look"]


async def test_a_database_that_fell_behind_while_this_process_ran_is_opened_again():
    ledger = FakeLedger()
    lock, clock, _ = lock_of(ledger)
    await lock.locked()
    ledger.file_mark = 9
    clock.now += LOOK
    await lock.locked()
    assert ledger.asked == ["open", "look", "open"]


async def test_a_clock_that_is_set_back_does_not_keep_it_from_looking():
    ledger = FakeLedger()
    lock, clock, _ = lock_of(ledger)
    await lock.locked()
    clock.now -= timedelta(days=1)
    await lock.locked()
    assert ledger.asked == ["open", "look"]


async def test_who_left_again_and_what_is_wrong_with_the_file_is_told():
    lock, _, notices = lock_of(FakeLedger(replayed=Replayed(ended=2), missing=True, damaged=3))
    await lock.locked()
    assert notices.events == [
        "who left has left again",
        "the file of who left is missing",
        "lines of the file of who left are damaged",
    ]
