"""The heartbeat: asked while all is well, and silent when anything is not, so that somebody outside notices."""

from dataclasses import dataclass

from nkwatch.domain.delivery import Late
from nkwatch.workflow.heartbeat import Beaten, Heartbeat
from nkwatch.workflow.told import Telling
from tests.making import NOW
from tests.workflow.fakes import FakeClock, Notices
from tests.workflow.test_watching import FakeOutbox


@dataclass
class Outside:
    """Who is asked."""

    asked: int = 0
    why: str = ""

    async def __call__(self) -> str:
        self.asked += 1
        return self.why


class Body:
    """What the heart beats for."""

    def __init__(self) -> None:
        self.clock, self.notices, self.outbox, self.outside = FakeClock(), Notices(), FakeOutbox(), Outside()
        self.away, self.late = "", ()
        telling = Telling(self.notices, self.clock)
        self.heart = Heartbeat(self.outside, self.outbox, self.clock, telling, unusable=self.unusable)
        self.heart.late = lambda: self.late

    async def unusable(self) -> str:
        return self.away


async def test_while_all_is_well_it_beats() -> None:
    body = Body()
    assert [await body.heart() for _ in range(3)] == [Beaten(1)] * 3
    assert body.outside.asked == 3


async def test_without_an_address_nobody_is_asked() -> None:
    body = Body()
    body.heart.ask = None
    assert await body.heart() == Beaten()
    assert body.outbox.asked == []


async def test_when_a_part_hangs_the_database_is_gone_or_alerts_do_not_leave_it_is_silent() -> None:
    body = Body()
    body.late = ("read", "publish")
    assert await body.heart.wrong() == "These parts end no rounds: read, publish."
    assert await body.heart() == Beaten()
    body.late, body.away = (), "disk I/O error"
    assert await body.heart.wrong() == "The database cannot be used: disk I/O error."
    assert await body.heart() == Beaten()
    body.away, body.outbox.waiting = "", [Late(7, 3, NOW)]
    assert await body.heart() == Beaten(1), "it is not late yet"
    body.clock.forward(minutes=3)
    assert await body.heart.wrong() == "Alerts do not leave: 7."
    assert await body.heart() == Beaten()
    assert body.outside.asked == 1


async def test_that_nobody_outside_answers_is_told_once() -> None:
    body = Body()
    body.outside.why = "The heartbeat's receiver at hc.example answered 404."
    assert [await body.heart() for _ in range(3)] == [Beaten()] * 3
    assert body.notices.events == ["the heartbeat does not arrive"]
    body.outside.why = ""
    assert await body.heart() == Beaten(1)
