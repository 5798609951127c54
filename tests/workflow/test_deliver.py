"""Delivering: how much a crash can repeat, and what becomes of each message (promise 2)."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import (
    Deferred,
    Delivery,
    DeliveryState,
    Handover,
    Lane,
    Message,
    Refused,
    Sent,
    Turn,
    Unknown,
)
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Suppression
from nkwatch.workflow.deliver import CLAIM, GROUP, Delivered
from nkwatch.workflow.recover import Recovered
from nkwatch.workflow.tray import ahead
from tests.making import NOW
from tests.workflow.dispatch import LEASE, Office, addresses, number, settled
from tests.workflow.memory import MemorySubscribers

CONNECTIONS = [1, 2, 4, 16]


@pytest.mark.parametrize("depth", [1, 2, 5])
@pytest.mark.parametrize("count", [0, 1, 9, 10, 11, 137])
async def test_everything_that_is_due_is_handed_over_once(count: int, depth: int) -> None:
    office = Office(depth=depth)
    await office.fill(count)
    assert await office.deliver() == Delivered(sent=count)
    assert sorted(office.relay.accepted) == sorted(addresses(range(count)))
    assert await office.deliver() == Delivered()
    assert office.outbox.released == []


async def test_more_than_is_claimed_at_a_time_is_delivered_in_one_round() -> None:
    office = Office()
    office.outbox.page = 7
    await office.fill(40)
    assert await office.deliver() == Delivered(sent=40)


async def test_outcomes_are_counted_and_recorded_as_they_come() -> None:
    office = Office()
    await office.fill(40)
    answers = [Sent("250"), Deferred("451 later"), Refused("550 unknown"), Unknown("silence")]
    office.relay.answer = lambda m: answers[number(m.recipient) % 4]
    assert await office.deliver() == Delivered(10, 10, 10, 10)
    assert await office.counts() == {"sent": 10, "deferred": 10, "refused": 10, "unknown": 10}


async def test_the_name_that_the_relay_gave_is_kept() -> None:
    office = Office()
    await office.fill(1)
    office.relay.answer = lambda _: Sent("250 queued as 4Fx", "4Fx")
    await office.deliver()
    assert [(d.reply, d.relay_id) for d in office.rows] == [("250 queued as 4Fx", "4Fx")]


async def test_no_more_connections_are_used_than_the_relay_has() -> None:
    office = Office(connections=3)
    await office.fill(50)
    await office.deliver()
    assert office.relay.most_busy == 3


async def test_what_is_handed_over_is_signed_in_batches() -> None:
    office = Office(connections=2)
    await office.fill(30)
    await office.deliver()
    assert office.relay.contents == [b"signed\r\nalert s1"] * 30
    assert (sum(office.signer.batches), max(office.signer.batches)) == (30, GROUP)


async def test_a_relay_that_answers_in_its_own_time_is_waited_for() -> None:
    office = Office()
    await office.fill(1)

    def later(_: Message) -> Awaitable[Handover]:
        return asyncio.sleep(0.01, Sent("250"))

    office.relay.answer = later
    assert await office.deliver() == Delivered(sent=1)


async def test_progress_is_told_while_it_goes_on() -> None:
    told: list[Delivered] = []
    office = Office(progress=told.append)
    await office.fill(95)
    await office.deliver()
    counts = [d.sent for d in told]
    assert counts[0] >= 10
    assert all(later - sooner >= 10 for sooner, later in pairwise(counts))
    assert 95 >= counts[-1] > 85


async def test_a_message_that_is_put_off_does_not_stop_the_others() -> None:
    office = Office(connections=1)
    await office.fill(5)
    office.relay.answer = lambda m: Deferred("451 later") if m.recipient.startswith("r0") else Sent("250")
    assert await office.deliver() == Delivered(sent=4, deferred=1)


# The law of crashes


@pytest.mark.parametrize("depth", [1, 2])
@pytest.mark.parametrize("connections", CONNECTIONS)
async def test_what_is_handed_over_and_not_recorded_never_exceeds_connections_and_nine(
    connections: int, depth: int
) -> None:
    office = Office(connections, depth)
    await office.fill(120)
    gate = office.outbox.recording = asyncio.Event()
    delivering = asyncio.create_task(office.deliver())
    # the database does not answer: everything that may go on goes on, until it must wait
    await settled()
    assert len(office.relay.accepted) == connections + GROUP - 1
    gate.set()
    assert (await delivering).sent == 120
    assert office.transit.most <= connections + GROUP - 1
    assert office.transit.out == set()


ANSWERS = [Sent("250"), Deferred("451"), Refused("550"), Unknown("silence")]


@given(st.integers(1, 12), st.integers(1, 4), st.integers(0, 60), st.data())
async def test_the_law_of_crashes_holds_whatever_the_relay_does(
    connections: int, depth: int, count: int, data: st.DataObject
) -> None:
    office = Office(connections, depth)
    await office.fill(count)
    pauses = data.draw(st.lists(st.integers(0, 5), min_size=1, max_size=20))
    outcomes = data.draw(st.lists(st.sampled_from(ANSWERS), min_size=1))
    breaking = data.draw(st.lists(st.integers(0, 60), max_size=5))
    office.relay.breaks.update(addresses(breaking))

    async def answer(message: Message) -> Handover:
        n = number(message.recipient)
        for _ in range(pauses[n % len(pauses)]):
            await asyncio.sleep(0)
        return outcomes[n % len(outcomes)]

    office.relay.answer = answer
    done = await office.deliver()
    assert done.sent + done.deferred + done.refused + done.unknown == count
    assert office.transit.most <= connections + GROUP - 1
    assert len(office.relay.attempts) == len(set(office.relay.attempts)) <= count
    assert "leased" not in await office.counts()


async def test_outcomes_are_written_in_groups_of_ten_at_most() -> None:
    office = Office(connections=8)
    await office.fill(64)
    await office.deliver()
    assert sum(office.outbox.groups) == 64
    assert max(office.outbox.groups) <= GROUP


async def test_no_more_is_marked_ahead_than_the_connections_need() -> None:
    office = Office(connections=3)
    await office.fill(200)
    most = 0

    def answer(_: Message) -> Handover:
        nonlocal most
        marked = [d for d in office.rows if d.offered_at and d.state is DeliveryState.LEASED]
        most = max(most, len(marked) - len(office.transit.out))
        return Sent("250")

    office.relay.answer = answer
    await office.deliver()
    # what the connections have taken, with its envelope on the line or about to be, is marked too
    assert most <= ahead(3) + 3 * office.relay.depth


async def test_few_transactions_are_needed_for_many_messages() -> None:
    office = Office(connections=10)
    await office.fill(400)
    await office.deliver()
    assert len(office.outbox.groups) <= 400 / GROUP * 1.5
    assert len(office.outbox.marked) <= 400 / GROUP * 1.5


async def test_a_slow_trickle_is_recorded_without_waiting_for_a_full_group() -> None:
    office = Office(connections=1, depth=1)
    await office.fill(3)

    async def when_the_one_before_is_recorded(message: Message) -> Handover:
        while office.transit.out != {message.recipient}:
            await asyncio.sleep(0.001)
        return Sent("250")

    office.relay.answer = when_the_one_before_is_recorded
    assert (await office.deliver()).sent == 3
    assert office.outbox.groups == [1, 1, 1]


async def test_what_is_marked_next_is_written_together_with_what_was_answered() -> None:
    office = Office(connections=2)
    await office.fill(60)
    seen: list[tuple[int, int]] = []
    book = office.outbox.book

    async def watched(*asked: object) -> object:
        seen.append((len(asked[0]), len(asked[1])))  # type: ignore[arg-type]
        return await book(*asked)  # type: ignore[arg-type]

    office.outbox.book = watched  # type: ignore[method-assign, assignment]
    await office.deliver()
    first, *others = seen
    assert first == (0, ahead(2))
    assert sum(1 for answered, wanted in others if answered and wanted) >= 4


# What crashes leave behind


async def test_after_a_crash_what_was_not_recorded_is_sent_again_with_the_same_message_id() -> None:
    office = Office()
    await office.fill(3)
    first = await office.die_with(3, offered=3)
    assert await office.deliver() == Delivered()
    assert await office.recover() == Recovered(deliveries=3)
    assert await office.recover() == Recovered()
    assert office.notices.events == ["leases expired"]
    again = await office.outbox.claim(office.clock.now, 9, Lease("test", office.clock.now + LEASE), Lane.URGENT)
    assert [c.delivery.message_id for c in again] == [c.delivery.message_id for c in first]


async def test_what_may_have_left_goes_first_and_the_rest_is_as_it_was() -> None:
    office = Office(connections=1, depth=1)
    await office.fill(30)
    office.outbox.page = 10
    await office.die_with(10, offered=0)
    await office.outbox.recover(office.clock.now)
    await office.die_with(10, offered=4)
    await office.outbox.recover(office.clock.now)
    assert await office.counts() == {"pending": 26, "unknown": 4}
    office.outbox.page = 1_000
    assert await office.deliver() == Delivered(sent=30)
    assert office.relay.attempts == addresses(range(30))


@pytest.mark.parametrize("connections", CONNECTIONS)
async def test_what_a_dead_worker_left_is_settled_one_by_one_on_each_connection(connections: int) -> None:
    office = Office(connections)
    await office.fill(60)
    await office.die_with(25, offered=25)
    await office.outbox.recover(office.clock.now)
    left, most = set(addresses(range(25))), 0
    together: list[int] = []
    book = office.outbox.book

    async def watched(answered: list[tuple[Delivery, Handover]], *rest: object) -> object:
        if any(delivery.turn is Turn.FIRST for delivery, _ in answered):
            together.append(len(answered))
        return await book(answered, *rest)  # type: ignore[arg-type]

    def answer(_: Message) -> Handover:
        nonlocal most
        most = max(most, len(office.transit.out & left))
        return Sent("250")

    office.outbox.book, office.relay.answer = watched, answer  # type: ignore[method-assign, assignment]
    assert await office.deliver() == Delivered(sent=60)
    # small batches are signed beside each other
    assert left <= set(office.relay.attempts[: 25 + connections])
    assert together == [1] * 25
    assert most <= connections


async def test_one_that_stalls_again_does_not_hold_up_the_others() -> None:
    office = Office(connections=2)
    await office.fill(40)
    await office.die_with(1, offered=1)
    await office.outbox.recover(office.clock.now)
    gate = asyncio.Event()

    async def answer(message: Message) -> Handover:
        if message.recipient == "r0@example.org":
            await gate.wait()
        return Sent("250")

    office.relay.answer = answer
    delivering = asyncio.create_task(office.deliver())
    await settled(lambda: len(office.relay.accepted) == 39 - 1)
    gate.set()
    assert await delivering == Delivered(sent=40)


async def test_what_was_not_answered_is_tried_again_last_with_the_same_bytes() -> None:
    office = Office(connections=1)
    await office.fill(2)
    office.relay.answer = lambda m: Unknown("silence") if m.recipient == "r0@example.org" else Sent("250")
    assert await office.deliver() == Delivered(sent=1, unknown=1)
    office.relay.answer = lambda _: Sent("250")
    office.clock.forward(minutes=29)
    assert await office.deliver() == Delivered()
    await office.fill(2, "alert s2")
    office.clock.forward(minutes=1)
    assert (await office.deliver()).sent == 3
    assert office.relay.attempts[-3:] == addresses([0, 1, 0])
    assert office.relay.contents[-1] == office.relay.contents[0] != office.relay.contents[-2]
    assert {(d.state, d.turn) for d in office.rows} == {(DeliveryState.SENT, Turn.USUAL)}


# Who leaves meanwhile


@pytest.mark.parametrize("way", ["leaves", "pauses", "is erased"])
async def test_who_goes_while_hundreds_are_claimed_gets_nothing(way: str) -> None:
    office = Office(connections=1)
    await office.fill(CLAIM)
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
    assert not set(addresses(range(100, 500, 2))) & set(office.relay.attempts)
    left = {} if way == "is erased" else {"cancelled": 200}
    assert await office.counts() == {"sent": 300} | left
    assert office.notices.events == []
    assert office.outbox.released == []


async def test_what_is_dropped_holds_up_nothing_and_nothing_is_recorded_over_it() -> None:
    office = Office(connections=2)
    await office.fill(100)
    roll = MemorySubscribers(office.memory)
    claim = office.outbox.claim

    async def claim_and_lose(*asked: object) -> object:
        claimed = await claim(*asked)  # type: ignore[arg-type]
        for one in claimed:
            await roll.end(one.subscriber_id, "one click", NOW)
        return claimed

    office.outbox.claim = claim_and_lose  # type: ignore[method-assign, assignment]
    assert await office.deliver() == Delivered()
    assert office.relay.attempts == []
    assert {d.reply for d in office.rows} == {"one click"}
    assert office.outbox.released == []


# What cannot be made or offered


async def test_a_mail_that_cannot_be_put_together_is_put_off_and_told_of_once_and_the_others_go() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.assembler.broken = {"r3@example.org", "r4@example.org"}
    assert await office.deliver() == Delivered(sent=28, deferred=2)
    assert await office.counts() == {"sent": 28, "deferred": 2}
    assert {d.reply for d in office.rows if d.due_at} == {"this mail could not be put together (ValueError)"}
    ((event, facts),) = office.notices.told
    assert event == "a mail cannot be put together"
    assert str(facts["why"]).startswith("ValueError in fakes.py, line ")
    assert "example.org" not in str(facts)
    office.clock.forward(minutes=5)
    assert await office.deliver() == Delivered(deferred=2)
    assert len(office.notices.told) == 1


async def test_when_none_can_be_put_together_all_are_put_off() -> None:
    office = Office(connections=2)
    await office.fill(30)
    office.assembler.broken = set(addresses(range(30)))
    assert await office.deliver() == Delivered(deferred=30)
    assert await office.counts() == {"deferred": 30}


async def test_a_message_that_is_given_back_goes_first_over_the_next_connection() -> None:
    office = Office(connections=1)
    await office.fill(12)
    office.relay.breaks.update(["r4@example.org", "r4@example.org"])
    assert await office.deliver() == Delivered(sent=12)
    assert office.relay.attempts == addresses(range(12))


async def test_a_message_that_breaks_the_line_each_time_is_put_off() -> None:
    office = Office(connections=2, depth=1)
    await office.fill(12)
    office.relay.breaks["r4@example.org"] = 1_000
    assert await office.deliver() == Delivered(sent=11, deferred=1)
    (put_off,) = [d for d in office.rows if d.due_at]
    assert put_off.reply == "the line broke 10 times before this message could be offered"


# More comes while it goes on


async def test_an_alert_that_comes_while_one_message_stalls_is_not_held_up() -> None:
    office = Office(connections=2)
    await office.fill(1)
    gate = asyncio.Event()

    async def answer(message: Message) -> Handover:
        if message.content.endswith(b"alert s1"):
            await gate.wait()
        return Sent("250")

    office.relay.answer = answer
    delivering = asyncio.create_task(office.deliver())
    await settled(lambda: office.relay.busy == 1)
    assert not office.deliver.busy
    await office.fill(3, "alert s2")
    # looked at every second while anything is on its way
    while len(office.relay.accepted) < 3:
        await asyncio.sleep(0.01)
    gate.set()
    assert await delivering == Delivered(sent=4)


async def test_more_is_claimed_before_what_was_claimed_is_used_up() -> None:
    office = Office(connections=5)
    office.outbox.page = 150
    await office.fill(500)
    in_hand: list[int] = []
    claim = office.outbox.claim

    async def watched(*asked: object) -> object:
        in_hand.append((await office.counts()).get("leased", 0))
        return await claim(*asked)  # type: ignore[arg-type]

    office.outbox.claim = watched  # type: ignore[method-assign, assignment]
    assert await office.deliver() == Delivered(sent=500)
    first, *others = in_hand
    assert (first, len(others)) == (0, 4)
    assert 50 <= min(others) <= max(others) <= 150


@given(st.integers(1, 6), st.integers(1, 3), st.lists(st.integers(1, 400), max_size=6), st.data())
async def test_whenever_it_dies_nothing_is_lost_and_hardly_anything_is_sent_twice(
    connections: int, depth: int, deaths: list[int], data: st.DataObject
) -> None:
    office = Office(connections, depth)
    await office.fill(50)
    outcomes = data.draw(st.lists(st.sampled_from(ANSWERS), min_size=1, max_size=9))
    office.relay.answer = lambda m: outcomes[number(m.recipient) % len(outcomes)]
    for steps in deaths:
        delivering = asyncio.create_task(office.deliver())
        await settled(delivering.done, steps)
        delivering.cancel()
        await asyncio.gather(delivering, return_exceptions=True)
        office.clock.forward(minutes=1)
        await office.outbox.recover(office.clock.now)
        office.transit.out.clear()
    office.relay.answer = lambda _: Sent("250")
    office.clock.forward(hours=5)
    await office.deliver()
    counts = await office.counts()
    assert counts.keys() <= {"sent", "refused"}
    assert sum(counts.values()) == 50
    copies = len(office.relay.accepted) - counts.get("sent", 0)
    assert copies <= len(deaths) * (connections + GROUP - 1)
    assert office.transit.most <= connections + GROUP - 1
