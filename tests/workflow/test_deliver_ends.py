"""Delivering: how it stops, when the relay or the database is gone, and what is left then."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.delivery import Deferred, Handover, Message, Sent, Unknown
from nkwatch.workflow.deliver import GROUP, Delivered, Line
from nkwatch.workflow.ports import Letters
from tests.making import NOW
from tests.workflow.dispatch import Office, addresses, settled
from tests.workflow.fakes import FakeRelay

# The line


async def test_a_line_that_is_down_stops_the_round_and_gives_the_rest_back() -> None:
    office = Office(connections=2)
    await office.fill(100)
    office.relay.down = "connection refused"
    assert await office.deliver() == Delivered()
    assert office.notices.events == ["mail relay unreachable"]
    assert office.notices.told[0][1]["why"] == "connection refused"
    assert await office.counts() == {"pending": 100}
    assert not any(d.offered_at for d in office.rows)
    office.relay.down = ""
    office.clock.forward(minutes=5)
    assert (await office.deliver()).sent == 100
    assert office.notices.events == ["mail relay unreachable", "mail relay works again"]


async def test_a_line_that_goes_down_under_way_leaves_nothing_in_hand() -> None:
    office = Office(connections=3)
    await office.fill(100)

    def answer(_: Message) -> Handover:
        if len(office.relay.attempts) < 40:
            return Sent("250")
        office.relay.down = "connection reset"
        return Unknown("the line broke after the final dot")

    office.relay.answer = answer
    done = await office.deliver()
    assert done.sent >= 37
    assert 1 <= done.unknown <= 3
    assert await office.counts() == {
        "sent": done.sent,
        "unknown": done.unknown,
        "pending": 100 - done.sent - done.unknown,
    }
    assert office.notices.events == ["mail relay unreachable"]


async def test_a_relay_that_takes_fewer_connections_is_served_over_those() -> None:
    office = Office(connections=5)
    await office.fill(60)
    office.deliver.relay = Narrow(office, 2)
    assert await office.deliver() == Delivered(sent=60)
    assert office.notices.events == []


class Narrow(FakeRelay):
    """Lets only some connections in."""

    def __init__(self, office: Office, allowed: int) -> None:
        super().__init__(office.transit, office.relay.connections)
        self.allowed = allowed

    async def carry(self, letters: Letters) -> str:
        self.allowed -= 1
        return "421 too many connections" if self.allowed < 0 else await super().carry(letters)


async def test_a_relay_that_is_gone_is_asked_less_and_less_often_and_told_of_once() -> None:
    office = Office(connections=1)
    await office.fill(30)
    office.relay.down = "connection refused"
    asked = []
    for second in range(300):
        office.outbox.released.clear()
        await office.deliver()
        if office.outbox.released:
            asked.append(second)
        office.clock.forward(seconds=1)
    assert asked == [0, 15, 45, 105, 225]
    assert office.notices.events == ["mail relay unreachable"]
    office.relay.down = ""
    office.clock.forward(minutes=10)
    assert (await office.deliver()).sent == 30
    assert office.notices.events == ["mail relay unreachable", "mail relay works again"]


async def test_a_relay_that_works_for_a_while_each_time_is_told_of_once_and_asked_again_soon() -> None:
    office = Office(connections=1)
    await office.fill(50)

    def answer(_: Message) -> Handover:
        office.relay.down = "connection reset" if len(office.relay.attempts) % 10 == 0 else ""
        return Sent("250")

    office.relay.answer = answer
    rounds = 0
    while (await office.counts()).get("pending"):
        office.relay.down = ""
        await office.deliver()
        office.clock.forward(seconds=15)
        rounds += 1
    assert rounds == 5
    # in the last round everything went
    assert office.notices.events == ["mail relay unreachable", "mail relay works again"]


async def test_a_line_that_is_down_is_down_for_both_lanes_and_counts_once() -> None:
    office = Office(connections=1)
    await office.fill(3)
    await office.digests(3)
    office.relay.down = "connection refused"
    await asyncio.gather(office.bulk(), office.deliver())
    assert office.notices.events == ["mail relay unreachable"]
    office.relay.down = ""
    office.clock.forward(seconds=14)
    assert (await office.deliver(), await office.bulk()) == (Delivered(), Delivered())
    office.clock.forward(seconds=1)
    assert (await office.deliver(), await office.bulk()) == (Delivered(sent=3), Delivered(sent=3))


async def test_a_failure_that_both_lanes_see_counts_once() -> None:
    line = Line()
    assert line.broke(NOW)
    assert not line.broke(NOW)
    assert not line.is_up(NOW + timedelta(seconds=14))
    assert line.is_up(NOW + timedelta(seconds=15))
    assert line.held()
    assert not line.held()


# Stopping


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
    done = await delivering
    # those whose envelope is on the line already go too
    assert 3 <= done.sent <= 6
    assert await office.counts() == {"sent": done.sent, "pending": 50 - done.sent}
    assert not any(d.offered_at for d in office.rows)
    assert await office.deliver() == Delivered()


async def test_a_stop_reaches_those_who_wait_for_the_database_too() -> None:
    office = Office(connections=2)
    await office.fill(50)
    gate = office.outbox.recording = asyncio.Event()
    delivering = asyncio.create_task(office.deliver())
    await settled()
    office.deliver.stop.set()
    await settled(steps=50)
    gate.set()
    done = await delivering
    assert done.sent == 2 + GROUP - 1
    assert await office.counts() == {"sent": done.sent, "pending": 50 - done.sent}


async def test_a_stop_reaches_those_who_wait_for_a_signature_too() -> None:
    office = Office(connections=2)
    await office.fill(50)
    gate = asyncio.Event()

    class Slow:
        async def signed(self, messages: list[Message]) -> list[Message]:
            await gate.wait()
            return messages

    office.deliver.signer = Slow()
    delivering = asyncio.create_task(office.deliver())
    await settled(steps=100)
    office.deliver.stop.set()
    assert await delivering == Delivered()
    assert await office.counts() == {"pending": 50}


async def test_who_is_cancelled_leaves_no_work_behind_that_still_runs() -> None:
    office = Office(connections=2)
    await office.fill(50)
    gate = asyncio.Event()

    async def wait(_: Message) -> Handover:
        await gate.wait()
        return Sent("250")

    office.relay.answer = wait
    delivering = asyncio.create_task(office.deliver())
    await settled(lambda: office.relay.busy == 2)
    assert office.deliver.busy
    delivering.cancel()
    with pytest.raises(asyncio.CancelledError):
        await delivering
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert not office.deliver.busy
    # nobody knows of two: they are marked, and settled first when the lease is over
    office.clock.forward(minutes=1)
    await office.outbox.recover(office.clock.now)
    assert (await office.counts())["unknown"] >= 2


# Faults of ours


class Breaking(FakeRelay):
    """Breaks in the middle of a message."""

    def __init__(self, office: Office, broken: int) -> None:
        super().__init__(office.transit, office.relay.connections)
        self.broken = addresses([broken])

    async def hand_over(self, message: Message) -> Handover:
        outcome = await super().hand_over(message)
        if message.recipient in self.broken:
            raise ValueError(self.broken[0])
        return outcome


async def test_a_connection_that_breaks_does_not_tear_down_the_others() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.deliver.relay = Breaking(office, 3)
    with pytest.raises(ValueError, match="r3"):
        await office.deliver()
    # whether the message left is not known
    assert await office.counts() == {"sent": 29, "unknown": 1}


async def test_when_every_connection_is_broken_the_rest_is_given_back() -> None:
    office = Office(connections=2)
    await office.fill(30)
    relay = Breaking(office, 0)
    relay.broken = addresses(range(30))
    office.deliver.relay = relay
    with pytest.raises(ValueError, match="example"):
        await office.deliver()
    assert await office.counts() == {"unknown": 2, "pending": 28}


async def test_a_relay_that_takes_nothing_is_not_asked_for_ever() -> None:
    office = Office(connections=2)
    await office.fill(5)

    class Idle(FakeRelay):
        async def carry(self, letters: Letters) -> str:
            return ""

    office.deliver.relay = Idle(office.transit, 2)
    assert await office.deliver() == Delivered()
    assert await office.counts() == {"pending": 5}


async def test_without_a_signature_nothing_goes() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.signer.wrong = OSError("the signing process is gone")
    with pytest.raises(OSError, match="signing process"):
        await office.deliver()
    assert office.relay.attempts == []
    assert await office.counts() == {"pending": 30}


# The database


async def test_a_database_that_fails_when_looked_at_again_stops_the_work_and_says_so() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.outbox.marking = OSError("disk gone")
    with pytest.raises(OSError, match="disk gone"):
        await office.deliver()
    assert office.relay.attempts == []
    assert await office.counts() == {"pending": 30}


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
    # and goes on by itself when the database is back: what was handed over is sent again first, the rest once
    sent_twice = set(office.transit.accepted)
    office.outbox.recording = None
    office.clock.forward(minutes=6)
    await office.outbox.recover(office.clock.now)
    await office.deliver()
    assert await office.counts() == {"sent": count}
    assert len(office.relay.accepted) == count + len(sent_twice)


async def test_what_was_answered_is_written_if_the_database_is_back_before_the_end() -> None:
    office = Office(connections=4)
    await office.fill(200)
    book, locked = office.outbox.book, [OSError("database is locked")]

    async def once(answered: object, *rest: object) -> object:
        if answered and locked:
            raise locked.pop()
        return await book(answered, *rest)  # type: ignore[arg-type]

    office.outbox.book = once  # type: ignore[method-assign, assignment]
    with pytest.raises(OSError, match="locked"):
        await office.deliver()
    sent = len(office.relay.accepted)
    assert 0 < sent <= 4 + GROUP - 1
    assert await office.counts() == {"sent": sent, "pending": 200 - sent}


async def test_a_lease_that_cannot_be_renewed_for_a_database_that_fails_stops_the_work_too() -> None:
    office = Office(connections=1)
    await office.fill(40)
    office.outbox.renewing = OSError("disk gone")

    def slowly(_: Message) -> Handover:
        office.clock.forward(seconds=10)
        return Sent("250")

    office.relay.answer = slowly
    with pytest.raises(OSError, match="disk gone"):
        await office.deliver()
    assert 1 <= len(office.relay.accepted) <= 5
    assert (await office.counts())["pending"] == 40 - len(office.relay.accepted)


async def test_what_cannot_be_given_back_is_told() -> None:
    office = Office(connections=1)
    await office.fill(40)
    office.relay.down = "gone"

    async def broken(*_: object) -> None:
        raise OSError("disk gone")

    office.outbox.release = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="disk gone"):
        await office.deliver()


async def test_a_message_that_was_not_accepted_is_not_lost_with_the_answer() -> None:
    office = Office(connections=1)
    await office.fill(2)
    answers = iter([Deferred("450 4.2.0 greylisted"), Sent("250")])
    office.relay.answer = lambda _: next(answers)
    assert await office.deliver() == Delivered(sent=1, deferred=1)
    first = office.rows[0]
    assert (first.attempts, first.reply) == (1, "450 4.2.0 greylisted")
    assert first.due_at is not None
    assert replace(first, due_at=None).offered_at is None
