"""Delivering under leases: they are renewed while the worker lives, and what is lost is not offered."""

import asyncio
from datetime import datetime, timedelta

import pytest

from nkwatch.domain.delivery import Handover, Lane, Message, Sent, Unknown
from nkwatch.workflow.deliver import GROUP, Delivered
from nkwatch.workflow.ports import Letters
from nkwatch.workflow.tenure import Tenure
from nkwatch.workflow.tray import ahead
from tests.making import NOW
from tests.workflow.dispatch import LEASE, Office, settled
from tests.workflow.fakes import FakeRelay


async def test_leases_are_renewed_every_third_while_the_worker_lives() -> None:
    office = Office(connections=1)
    await office.fill(40)
    until: set[datetime] = set()

    def slowly(_: Message) -> Handover:
        office.clock.forward(seconds=7)
        until.update(r.lease.until for r in office.memory.deliveries if r.lease)
        return Sent("250")

    office.relay.answer = slowly
    # far longer than a lease, in one claim
    assert await office.deliver() == Delivered(sent=40)
    assert office.outbox.released == []
    assert 9 <= len(office.outbox.renewed) <= 14
    assert len(until) >= 9


async def test_everything_in_hand_is_renewed_and_nothing_that_is_done() -> None:
    office = Office(connections=1, depth=1)
    await office.fill(30)

    def slowly(_: Message) -> Handover:
        if len(office.relay.attempts) == 15:
            office.clock.forward(seconds=21)
        return Sent("250")

    office.relay.answer = slowly
    await office.deliver()
    (renewed,) = office.outbox.renewed
    assert 15 <= renewed <= 16 + GROUP


async def test_a_stalled_line_keeps_its_lease_though_nobody_asks_for_anything() -> None:
    office = Office(connections=1)
    await office.fill(3)
    gate = asyncio.Event()

    async def wait(_: Message) -> Handover:
        await gate.wait()
        return Sent("250")

    office.relay.answer = wait
    office.deliver.lease = timedelta(seconds=0.03)
    delivering = asyncio.create_task(office.deliver())
    while len(office.outbox.renewed) < 3:
        await asyncio.sleep(0.001)
    gate.set()
    assert await delivering == Delivered(sent=3)


async def test_a_worker_that_was_stopped_longer_than_its_lease_offers_nothing_more() -> None:
    office = Office(connections=2)
    await office.fill(60)
    other = office.lane(Lane.URGENT, "other")
    relay_of_the_other: list[str] = []

    async def stopped(_: Message) -> Handover:
        if len(office.relay.attempts) == 20:
            # here SIGSTOP comes; another worker finds that the lease is over, and takes everything
            office.clock.forward(seconds=61)
            await office.outbox.recover(office.clock.now)
            office.relay.answer = lambda _: Sent("250")
            before = len(office.relay.attempts)
            await other()
            relay_of_the_other.extend(office.relay.attempts[before:])
            # and this one goes on
        return Sent("250")

    office.relay.answer = stopped
    done = await office.deliver()
    assert await office.counts() == {"sent": 60}
    again = [r for r in set(office.relay.attempts) if office.relay.attempts.count(r) > 1]
    assert len(again) <= 2 + GROUP - 1
    assert set(again) <= set(relay_of_the_other)
    assert done.sent <= 20 + 2


async def test_what_was_marked_before_the_lease_was_lost_is_not_offered() -> None:
    office = Office(connections=1, depth=1)
    await office.fill(30)
    gate = asyncio.Event()

    async def wait(_: Message) -> Handover:
        await gate.wait()
        return Sent("250")

    office.relay.answer = wait
    delivering = asyncio.create_task(office.deliver())
    await settled(lambda: office.relay.busy == 1)
    assert sum(1 for d in office.rows if d.offered_at) == ahead(1)
    office.clock.forward(seconds=61)
    claimed_by_other = await office.outbox.recover(office.clock.now)
    assert claimed_by_other == 30
    office.deliver.stop.set()
    gate.set()
    await delivering
    assert len(office.relay.attempts) == 1
    # it was accepted, and that counts whoever has it now
    assert (await office.counts())["sent"] == 1


@pytest.mark.parametrize("seconds", [51, 3_600, -3_600, -11])
async def test_a_clock_that_jumps_ends_the_round_and_the_work_is_claimed_anew(seconds: int) -> None:
    office = Office(connections=1, depth=1)
    await office.fill(30)

    def answer(_: Message) -> Handover:
        if len(office.relay.attempts) == 5:
            office.clock.forward(seconds=seconds)
        return Sent("250")

    office.relay.answer = answer
    done = await office.deliver()
    assert len(office.relay.attempts) == len(set(office.relay.attempts)) == done.sent
    assert office.outbox.released != []
    assert done.sent == 5
    if seconds > 0:
        assert await office.deliver() == Delivered(sent=25)
        assert len(set(office.relay.attempts)) == 30


async def test_a_database_that_does_not_answer_lets_nothing_new_go_after_the_lease() -> None:
    office = Office(connections=1)
    await office.fill(40)
    gate = office.outbox.renewing = asyncio.Event()

    def slowly(_: Message) -> Handover:
        office.clock.forward(seconds=5)
        return Sent("250")

    office.relay.answer = slowly
    delivering = asyncio.create_task(office.deliver())
    await settled(lambda: len(office.relay.accepted) > 10)
    # fifty seconds of sixty
    assert len(office.relay.accepted) == 10
    gate.set()
    assert await delivering == Delivered(sent=10)
    assert await office.deliver() == Delivered(sent=30)


async def test_a_renewal_that_is_answered_too_late_renews_nothing() -> None:
    office = Office(connections=1)
    gate = office.outbox.renewing = asyncio.Event()
    tenure = Tenure(office.outbox.renew, office.clock, "test", LEASE, NOW)
    keeping = asyncio.create_task(tenure.keep(list))
    office.clock.forward(seconds=25)
    assert tenure.holds()
    await settled(steps=20)
    office.clock.forward(seconds=26)
    gate.set()
    await keeping
    office.clock.forward(seconds=-20)
    assert not tenure.holds()


async def test_what_waits_for_a_permit_when_the_lease_ends_is_not_offered() -> None:
    office = Office(connections=2)
    await office.fill(40)
    gate = office.outbox.recording = asyncio.Event()
    delivering = asyncio.create_task(office.deliver())
    await settled()
    sent = len(office.relay.accepted)
    office.clock.forward(seconds=55)
    gate.set()
    await settled(lambda: office.outbox.released != [])
    assert (await delivering).sent == len(office.relay.accepted) == sent
    assert (await office.deliver()).sent == 40 - sent


async def test_two_workers_share_the_work_and_nobody_is_sent_to_twice() -> None:
    office = Office(connections=3)
    office.outbox.page = 20
    await office.fill(300)
    other = office.lane(Lane.URGENT, "other")
    mine, theirs = await asyncio.gather(office.deliver(), other())
    assert mine.sent + theirs.sent == 300
    assert min(mine.sent, theirs.sent) > 0
    assert len(set(office.relay.attempts)) == 300


async def test_a_message_that_must_not_go_any_more_was_not_offered_whatever_its_connection_says_of_it() -> None:
    office = Office(connections=1, depth=1)
    await office.fill(5)

    class Confused(FakeRelay):
        async def carry(self, letters: Letters) -> str:
            while (message := await letters.next()) is not None:
                office.clock.forward(seconds=20 if self.attempts else 0)
                try:
                    await letters.offer(message)
                    outcome = await self.hand_over(message)
                except asyncio.CancelledError:
                    letters.give_back(message)
                    letters.answered(message, Unknown("the hand-over was stopped"))
                    raise
                letters.answered(message, outcome)
            return ""

    office.deliver.relay = Confused(office.transit, 1)
    office.outbox.renewing = asyncio.Event()
    while "sent" not in await office.counts() or len(await office.counts()) > 1:
        await office.deliver()
    assert office.outbox.released != []
    assert {d.attempts for d in office.rows} == {1}
