"""Delivering: how much a crash can repeat, and how work stops in order (promise 2)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import (
    Addressed,
    BulletinKind,
    Claimed,
    Deferred,
    Handover,
    Mailing,
    Message,
    Refused,
    Sent,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Suppression
from nkwatch.workflow.deliver import GROUP, Deliver, Delivered
from nkwatch.workflow.recover import Recover, Recovered
from tests.making import NOW, composition, sign_up
from tests.workflow.fakes import CountingOutbox, FakeClock, FakeRelay, Notices, PlainAssembler, Transit
from tests.workflow.memory import Memory, MemorySubscribers

LEASE = timedelta(minutes=5)
DOWN = Deferred("connection refused", line=True)


class Office:
    """An outbox with an alert to each of `count` readers, and a relay."""

    def __init__(self, connections: int = 4) -> None:
        self.memory, self.transit = Memory(), Transit()
        self.clock, self.notices, self.assembler = FakeClock(), Notices(), PlainAssembler()
        self.outbox = CountingOutbox(self.memory, self.transit)
        self.relay = FakeRelay(self.transit, connections)
        self.deliver = Deliver(self.outbox, self.assembler, self.relay, self.clock, self.notices, "test", LEASE)

    async def fill(self, count: int, key: str = "alert s1") -> None:
        """Put an alert to each of so many readers into the outbox."""
        roll = MemorySubscribers(self.memory)
        joined = [await roll.join(sign_up(f"r{n}@example.org"), Consent("test", NOW), NOW) for n in range(count)]
        content = composition("alert", BulletinKind.ALERT)
        mailing = Mailing(key, BulletinKind.ALERT, NOW, tuple(Addressed(j.subscriber, content) for j in joined))
        await self.outbox.enqueue(mailing)

    async def counts(self) -> dict[str, int]:
        """How many deliveries are in each state."""
        return await self.outbox.counts()


@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 137])
async def test_everything_that_is_due_is_handed_over_once(count: int) -> None:
    office = Office()
    await office.fill(count)
    assert await office.deliver() == Delivered(sent=count)
    assert sorted(office.relay.accepted) == sorted(f"r{n}@example.org" for n in range(count))
    assert await office.deliver() == Delivered()


async def test_more_than_is_claimed_at_a_time_is_delivered_in_one_round() -> None:
    office = Office()
    office.outbox.page = 7
    await office.fill(40)
    assert await office.deliver() == Delivered(sent=40)


async def test_outcomes_are_counted_and_recorded_as_they_come() -> None:
    office = Office()
    await office.fill(30)
    answers = [Sent("250"), Deferred("451 later"), Refused("550 unknown")]
    office.relay.answer = lambda m: answers[int(m.recipient.strip("r@exampl.og")) % 3]
    assert await office.deliver() == Delivered(sent=10, deferred=10, refused=10)
    assert await office.counts() == {"sent": 10, "deferred": 10, "refused": 10}


async def test_no_more_connections_are_used_than_the_relay_has() -> None:
    office = Office(connections=3)
    await office.fill(50)
    await office.deliver()
    assert office.relay.most_busy == 3


# The law of crashes


@pytest.mark.parametrize("connections", [1, 2, 4, 16])
async def test_what_is_handed_over_and_not_recorded_never_exceeds_connections_and_nine(connections: int) -> None:
    office = Office(connections)
    await office.fill(120)
    gate = office.outbox.recording = asyncio.Event()
    delivering = asyncio.create_task(office.deliver())
    # the database does not answer: everything that may go on goes on, until it must wait
    for _ in range(2_000):
        await asyncio.sleep(0)
    assert len(office.relay.accepted) == connections + GROUP - 1
    gate.set()
    assert (await delivering).sent == 120
    assert office.transit.most <= connections + GROUP - 1
    assert office.transit.accepted == set()


@given(st.integers(1, 12), st.integers(0, 60), st.data())
async def test_the_law_of_crashes_holds_whatever_the_relay_does(
    connections: int, count: int, data: st.DataObject
) -> None:
    office = Office(connections)
    await office.fill(count)
    pauses = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=20))
    outcomes = data.draw(st.lists(st.sampled_from([Sent("250"), Deferred("451"), Refused("550")]), min_size=1))

    async def answer(message: Message) -> Handover:
        n = int(message.recipient.strip("r@exampl.og"))
        for _ in range(pauses[n % len(pauses)]):
            await asyncio.sleep(0)
        return outcomes[n % len(outcomes)]

    office.relay.answer = answer
    done = await office.deliver()
    assert done.sent + done.deferred + done.refused == count
    assert office.transit.most <= connections + GROUP - 1
    assert len(office.relay.attempts) == len(set(office.relay.attempts)) == count


async def test_outcomes_are_written_in_groups_of_ten_at_most() -> None:
    office = Office(connections=8)
    await office.fill(64)
    await office.deliver()
    assert sum(office.outbox.groups) == 64
    assert max(office.outbox.groups) <= GROUP


async def test_a_slow_trickle_is_recorded_without_waiting_for_a_full_group() -> None:
    office = Office(connections=1)
    await office.fill(3)

    async def when_the_one_before_is_recorded(_: Message) -> Handover:
        while office.transit.accepted:
            await asyncio.sleep(0.001)
        return Sent("250")

    office.relay.answer = when_the_one_before_is_recorded
    assert (await office.deliver()).sent == 3
    assert office.outbox.groups == [1, 1, 1]


async def test_after_a_crash_what_was_not_recorded_is_sent_again_with_the_same_message_id() -> None:
    office = Office()
    await office.fill(3)
    first = await office.outbox.claim(NOW, 9, Lease("dead", NOW + LEASE))
    assert await office.deliver() == Delivered()
    office.clock.forward(minutes=5)
    recover = Recover(office.outbox, office.clock, office.notices)
    assert await recover() == Recovered(deliveries=3)
    assert await recover() == Recovered()
    assert office.notices.events == ["leases expired"]
    again = await office.outbox.claim(office.clock.now, 9, Lease("test", NOW + 2 * LEASE))
    assert [c.delivery.message_id for c in again] == [c.delivery.message_id for c in first]


# Who leaves meanwhile


@pytest.mark.parametrize("way", ["leaves", "pauses", "is erased"])
async def test_who_goes_while_hundreds_are_claimed_gets_nothing(way: str) -> None:
    office = Office(connections=1)
    await office.fill(500)
    roll = MemorySubscribers(office.memory)
    gone = [r.subscriber_id for r in office.memory.deliveries][100::2]

    async def meanwhile(message: Message) -> Handover:
        """The first to be mailed is slow, and others go before it is done."""
        if len(office.relay.attempts) == 1:
            for reader in gone:
                match way:
                    case "leaves":
                        await roll.end(reader, "one click", NOW)
                    case "pauses":
                        await roll.pause(reader, NOW + timedelta(days=9), NOW)
                    case "is erased":
                        await roll.erase(reader, Suppression.ERASED, NOW)
        return Sent("250")

    office.relay.answer = meanwhile
    assert await office.deliver() == Delivered(sent=300)
    assert not {f"r{n}@example.org" for n in range(100, 500, 2)} & set(office.relay.attempts)
    left = {} if way == "is erased" else {"cancelled": 200}
    assert await office.counts() == {"sent": 300} | left
    assert office.notices.events == []


async def test_what_is_dropped_holds_up_nothing_and_nothing_is_recorded_over_it() -> None:
    office = Office(connections=2)
    await office.fill(100)
    roll = MemorySubscribers(office.memory)
    claim = office.outbox.claim

    async def claim_and_lose(*asked: object) -> list[Claimed]:
        claimed = await claim(*asked)  # type: ignore[arg-type]
        for one in claimed:
            await roll.end(one.subscriber_id, "one click", NOW)
        return claimed

    office.outbox.claim = claim_and_lose  # type: ignore[method-assign]
    assert await office.deliver() == Delivered()
    assert office.relay.attempts == []
    assert {r.delivery.reply for r in office.memory.deliveries} == {"one click"}
    assert office.outbox.released == []


async def test_a_database_that_fails_when_looked_at_again_stops_the_work_and_says_so() -> None:
    office = Office(connections=2)
    await office.fill(30)

    async def broken(_: int) -> bool:
        raise OSError("disk gone")

    office.outbox.holds = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk gone"):
        await office.deliver()
    assert office.relay.attempts == []
    assert await office.counts() == {"leased": 2, "pending": 28}


# Stopping


async def test_a_line_that_is_down_stops_the_round_and_gives_the_rest_back() -> None:
    office = Office(connections=2)
    await office.fill(100)
    office.relay.answer = lambda _: DOWN
    done = await office.deliver()
    assert 1 <= done.deferred <= 2
    assert office.notices.events == ["mail relay unreachable"]
    assert office.notices.told[0][1]["why"] == "connection refused"
    assert await office.counts() == {"deferred": done.deferred, "pending": 100 - done.deferred}
    office.relay.answer = lambda _: Sent("250")
    office.clock.forward(minutes=5)
    assert (await office.deliver()).sent == 100


async def test_a_line_that_is_down_without_a_word_stops_the_round_too() -> None:
    office = Office(connections=1)
    await office.fill(100)
    office.relay.answer = lambda _: Deferred("", line=True)
    assert (await office.deliver()).deferred == 1


async def test_a_message_that_is_put_off_does_not_stop_the_others() -> None:
    office = Office(connections=1)
    await office.fill(5)
    office.relay.answer = lambda m: Deferred("451 later") if m.recipient.startswith("r0") else Sent("250")
    assert await office.deliver() == Delivered(sent=4, deferred=1)


async def test_a_stop_finishes_what_is_in_flight_and_gives_the_rest_back() -> None:
    office = Office(connections=3)
    await office.fill(50)
    gate, flying = asyncio.Event(), asyncio.Event()

    async def wait(_: Message) -> Handover:
        if office.relay.busy == 3:
            flying.set()
        await gate.wait()
        return Sent("250")

    office.relay.answer = wait
    delivering = asyncio.create_task(office.deliver())
    await flying.wait()
    office.deliver.stop.set()
    gate.set()
    assert await delivering == Delivered(sent=3)
    assert await office.counts() == {"sent": 3, "pending": 47}
    assert await office.deliver() == Delivered()


async def test_a_stop_reaches_those_who_wait_for_the_database_too() -> None:
    office = Office(connections=2)
    await office.fill(50)
    gate = office.outbox.recording = asyncio.Event()
    delivering = asyncio.create_task(office.deliver())
    for _ in range(500):
        await asyncio.sleep(0)
    office.deliver.stop.set()
    gate.set()
    done = await delivering
    assert done.sent == 2 + GROUP - 1
    assert await office.counts() == {"sent": done.sent, "pending": 50 - done.sent}


async def test_what_is_not_on_its_way_before_the_lease_ends_is_given_back() -> None:
    office = Office(connections=1)
    await office.fill(10)
    seen: list[int] = []

    def slowly(_: Message) -> Handover:
        seen.append(len(office.outbox.released))
        office.clock.forward(minutes=1)
        return Sent("250")

    office.relay.answer = slowly
    assert (await office.deliver()).sent == 10
    # four minutes into a lease of five, nothing new is begun under it
    assert seen == [0, 0, 0, 0, 6, 6, 6, 6, 8, 8]


async def test_a_sender_that_breaks_does_not_tear_down_the_others() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.assembler.broken = {"r3@example.org"}
    with pytest.raises(ValueError, match="r3"):
        await office.deliver()
    counts = await office.counts()
    assert counts["leased"] == 1
    assert counts["sent"] == 29


async def test_when_every_sender_is_broken_the_rest_is_given_back() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.assembler.broken = {f"r{n}@example.org" for n in range(30)}
    with pytest.raises(ValueError, match="example"):
        await office.deliver()
    assert await office.counts() == {"leased": 2, "pending": 28}


@pytest.mark.parametrize("count", [5, 200])
async def test_when_the_database_fails_the_work_stops_and_says_so(count: int) -> None:
    office = Office(connections=4)
    await office.fill(count)
    office.outbox.recording = OSError("disk full")
    delivering = asyncio.create_task(office.deliver())
    done, _ = await asyncio.wait([delivering], timeout=5)
    delivering.cancel()
    assert done, "delivering hangs"
    with pytest.raises(OSError, match="disk full"):
        await delivering
    assert len(office.transit.accepted) <= 4 + GROUP - 1
    # and goes on by itself when the database is back: what was handed over is sent again, the rest once
    office.outbox.recording = None
    office.clock.forward(minutes=6)
    await office.outbox.recover(office.clock.now)
    await office.deliver()
    assert await office.counts() == {"sent": count}
    assert len(office.relay.accepted) <= count + 4 + GROUP - 1


async def test_a_relay_that_answers_in_its_own_time_is_waited_for() -> None:
    office = Office()
    await office.fill(1)

    def later(_: Message) -> Awaitable[Handover]:
        return asyncio.sleep(0.01, Sent("250"))

    office.relay.answer = later
    assert await office.deliver() == Delivered(sent=1)


async def test_a_relay_that_is_gone_is_asked_less_and_less_often_and_told_of_once() -> None:
    office = Office(connections=1)
    await office.fill(30)
    office.relay.answer = lambda _: Deferred("connection refused", line=True)
    asked = []
    for second in range(300):
        if (await office.deliver()).deferred:
            asked.append(second)
        office.clock.forward(seconds=1)
    assert asked == [0, 15, 45, 105, 225]
    assert office.notices.events == ["mail relay unreachable"]
    office.relay.answer = lambda _: Sent("250")
    office.clock.forward(minutes=10)
    assert (await office.deliver()).sent == 30
    assert office.notices.events == ["mail relay unreachable", "mail relay works again"]
