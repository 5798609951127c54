"""Two lanes: what is urgent never waits behind bulk, and what stops bulk stops nothing else."""

import asyncio
from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import Handover, Message, Refused, Sent
from nkwatch.domain.rates import Limits, Rate
from nkwatch.workflow.deliver import CLAIM, GROUP, Delivered
from nkwatch.workflow.halts import Brake
from tests.making import NOW
from tests.workflow.dispatch import Office, number, settled
from tests.workflow.memory import MemoryOutbox


async def test_each_lane_hands_over_its_own() -> None:
    office = Office()
    await office.digests(3)
    await office.fill(4)
    await office.fill(2, "settings", BulletinKind.SETTINGS)
    assert await office.bulk() == Delivered(sent=3)
    assert await office.deliver() == Delivered(sent=6)


async def test_an_alert_overtakes_claimed_digests_of_a_slow_relay() -> None:
    office = Office(connections=2)
    await office.digests(CLAIM)
    gate = asyncio.Event()

    async def slowly(message: Message) -> Handover:
        if b"digest" in message.content:
            await gate.wait()
        return Sent("250")

    office.relay.answer = slowly
    bulk = asyncio.create_task(office.bulk())
    await settled(lambda: office.relay.busy == 2)
    await office.fill(5)
    assert await office.deliver() == Delivered(sent=5)
    assert not bulk.done()
    gate.set()
    assert await bulk == Delivered(sent=CLAIM)


async def test_bulk_stands_aside_while_something_urgent_is_on_its_way() -> None:
    office = Office(connections=2)
    await office.digests(100)
    gate = asyncio.Event()

    async def slowly(message: Message) -> Handover:
        if b"alert" in message.content:
            await gate.wait()
        return Sent("250")

    office.relay.answer = slowly
    bulk = asyncio.create_task(office.bulk())
    await settled(lambda: len(office.relay.accepted) >= 20)
    await office.fill(30)
    urgent = asyncio.create_task(office.deliver())
    done = await bulk
    assert 20 <= done.sent < 100
    assert office.deliver.busy
    assert not office.bulk.busy
    # what it had not begun is in nobody's hands, and it begins nothing
    assert await office.bulk() == Delivered()
    digests = [r.delivery for r in office.memory.deliveries if r.kind is BulletinKind.DIGEST]
    assert {d.state.value for d in digests} == {"sent", "pending"}
    assert not any(d.offered_at for d in digests)
    gate.set()
    assert await urgent == Delivered(sent=30)
    assert not office.deliver.busy
    assert await office.bulk() == Delivered(sent=100 - done.sent)
    assert len(set(office.relay.contents)) == 2
    assert len(office.relay.accepted) == 130


async def test_both_lanes_together_keep_the_law_of_crashes() -> None:
    office = Office(connections=4)
    await office.digests(100)
    gate = office.outbox.recording = asyncio.Event()
    # the database does not answer, and alerts come meanwhile
    bulk = asyncio.create_task(office.bulk())
    await settled()
    await office.fill(100)
    urgent = asyncio.create_task(office.deliver())
    await settled()
    assert len(office.relay.accepted) == 4 + GROUP - 1
    gate.set()
    await asyncio.gather(urgent, bulk)
    await office.bulk()
    assert office.transit.most == 4 + GROUP - 1
    assert await office.counts() == {"sent": 200}


async def test_what_a_lane_could_not_write_keeps_no_permit_from_the_other() -> None:
    office = Office(connections=4)
    await office.digests(100)
    office.outbox.recording = OSError("no space left on device")
    with pytest.raises(OSError, match="no space"):
        await office.bulk()
    office.outbox.recording = None
    await office.fill(100)
    assert await office.deliver() == Delivered(sent=100)


async def test_who_looks_and_finds_nothing_keeps_nobody_waiting() -> None:
    office = Office()
    seen: list[bool] = []
    claim = office.outbox.claim

    async def watched(*asked: object) -> object:
        found = await claim(*asked)  # type: ignore[arg-type]
        seen.append(office.deliver.busy)
        return found

    office.outbox.claim = watched  # type: ignore[method-assign, assignment]
    await office.deliver()
    assert seen == [False]


# Halts


class Halting:
    """A halt that says what it is told to."""

    def __init__(self, why: str = "") -> None:
        self.why = why

    async def __call__(self) -> str:
        return self.why


async def test_a_halt_stops_bulk_and_nothing_else_and_is_told_once() -> None:
    office = Office()
    halt, other = Halting("anybody can write in our name"), Halting()
    office.bulk.halts = office.deliver.halts = (halt, other)
    await office.digests(3)
    await office.fill(4)
    for _ in range(3):
        assert await office.bulk() == Delivered()
    assert await office.deliver() == Delivered(sent=4)
    assert [(event, facts.get("why")) for event, facts in office.notices.told] == [
        ("bulk mail stands still", "anybody can write in our name")
    ]
    other.why = "too much"
    await office.bulk()
    halt.why = ""
    await office.bulk()
    assert office.notices.told[1:] == [
        ("bulk mail stands still", {"why": "too much", "what": "alerts and confirmations go on"})
    ]
    other.why = ""
    assert await office.bulk() == Delivered(sent=3)
    await office.bulk()
    assert office.notices.events[2:] == ["bulk mail goes on"]


async def test_a_halt_that_comes_while_it_goes_on_stops_what_is_not_claimed() -> None:
    office = Office()
    halt = Halting()
    office.bulk.halts = (halt,)
    await office.digests(CLAIM + 40)

    def answer(_: Message) -> Handover:
        halt.why = "stop"
        return Sent("250")

    office.relay.answer = answer
    assert await office.bulk() == Delivered(sent=CLAIM)
    assert await office.counts() == {"sent": CLAIM, "pending": 40}


async def test_the_brake_stops_bulk_after_exactly_so_many_in_a_day() -> None:
    office = Office()
    office.outbox.page = 10
    office.bulk.halts = (Brake(office.outbox, office.clock, 25),)
    office.deliver.halts = office.bulk.halts
    await office.digests(40)
    await office.fill(40)
    office.clock.now = NOW + timedelta(minutes=20)
    assert await office.bulk() == Delivered(sent=25)
    assert await office.deliver() == Delivered(sent=40)
    assert await office.bulk() == Delivered()
    ((event, facts),) = office.notices.told
    assert event == "bulk mail stands still"
    assert facts["why"] == (
        "25 mails of the bulk lane were accepted in the last 24 hours, and `mail.per_day` is 25: they go on at"
        " 2026-11-23 08:00 UTC, or with a higher setting after a restart"
    )
    office.clock.now = NOW + timedelta(hours=24, minutes=59)
    assert await office.bulk() == Delivered()
    assert len(office.notices.told) == 1
    office.clock.now = NOW + timedelta(hours=25)
    assert await office.bulk() == Delivered(sent=15)
    assert office.notices.events == ["bulk mail stands still", "bulk mail goes on"]


async def test_the_brake_does_not_count_what_was_not_accepted() -> None:
    office = Office()
    office.bulk.halts = (Brake(office.outbox, office.clock, 5),)
    await office.digests(20)
    office.relay.answer = lambda m: Refused("550") if number(m.recipient) % 2 else Sent("250")
    for _ in range(20):
        await office.bulk()
    assert (await office.counts())["sent"] == 5


async def test_the_brake_says_when_the_first_of_several_hours_is_long_enough_ago() -> None:
    office = Office()
    brake = Brake(office.outbox, office.clock, 100)
    office.memory.hours = {NOW - timedelta(hours=h): n for h, n in ((30, 900), (22, 1), (20, 2), (3, 99), (1, 50))}
    assert "152 mails" in await brake()
    assert "at 2026-11-23 05:00 UTC" in await brake()
    office.memory.hours = {NOW: 100}
    office.clock.forward(hours=21)
    assert "at 2026-11-23 05:00 UTC" in await brake()
    office.clock.forward(hours=1)
    assert "at 2026-11-23 08:00 UTC" in await brake()


@pytest.mark.parametrize("hours", [-25, -48])
async def test_a_clock_that_was_set_back_does_not_hold_the_brake(hours: int) -> None:
    office = Office()
    brake = Brake(office.outbox, office.clock, 100)
    office.memory.hours = {NOW: 100}
    assert await brake()
    office.memory.hours = {}
    office.clock.forward(hours=hours)
    assert await brake() == ""


async def test_the_brake_lets_what_is_under_it_go_and_asks_the_database_once_while_it_holds() -> None:
    office = Office()
    asked = 0

    class Asked(MemoryOutbox):
        async def accepted(self, since: object) -> int:
            nonlocal asked
            asked += 1
            return await super().accepted(since)  # type: ignore[arg-type]

    brake = Brake(Asked(office.memory), office.clock, 100)
    office.memory.hours = {NOW: 99}
    assert await brake() == ""
    assert asked == 1
    office.memory.hours = {NOW: 100}
    await brake()
    before = asked
    assert await brake()
    assert asked == before <= 1 + 1 + 5


# Limits of rate, as the store keeps them


async def test_what_is_put_off_by_a_limit_comes_later_and_alerts_do_not_wait() -> None:
    office = Office()
    office.outbox.limits = Limits(total=Rate(1, burst=5))
    await office.digests(12)
    await office.fill(3)
    assert await office.deliver() == Delivered(sent=3)
    assert await office.bulk() == Delivered(sent=2)
    assert await office.counts() == {"sent": 5, "pending": 10}
    office.clock.forward(seconds=4)
    assert (await office.bulk()).sent == 4
    office.clock.forward(seconds=60)
    assert (await office.bulk()).sent == 5
    office.clock.forward(seconds=1)
    assert (await office.bulk()).sent == 1
