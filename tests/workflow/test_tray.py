"""The tray of a worker: in which order messages go, and who waits for them."""

import asyncio
from dataclasses import replace

import pytest

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import Booked, Claimed, Deferred, Message, Sent
from nkwatch.workflow.tray import GIVEN_BACK, Letter, Tray, ahead
from tests.making import claimed, composition

KINDS = {"alert": BulletinKind.ALERT, "settings": BulletinKind.SETTINGS}


def due(number: int, kind: str = "alert") -> Claimed:
    """A claimed mail."""
    return replace(claimed(number), composition=composition(kind, KINDS[kind]))


def tray(connections: int = 2, low: int = 5) -> Tray:
    """An empty one whose lease never ends."""
    return Tray(connections, low, lambda: True, lambda: False)


def ready(made: Tray, *numbers: int) -> list[Letter]:
    """Make these ready to go."""
    made.add([due(n) for n in numbers])
    wanted = made.wanted()
    made.booked([], wanted, Booked(frozenset(numbers)))
    letters = [Letter(c, Message("", c.address, b"")) for c in wanted]
    made.prepared(letters)
    return letters


async def test_an_alert_overtakes_the_confirmations_that_are_claimed_already() -> None:
    made = tray(connections=1)
    made.add([due(1), *(due(n, "settings") for n in range(2, 30))])
    assert [c.delivery.id for c in made.wanted()] == list(range(1, 1 + ahead(1)))
    made.add([due(30), due(31), due(32, "settings")])
    made.unbooked([], [])
    queue = [c.delivery.id for c in made._queue]
    assert queue == [30, 31, *range(1 + ahead(1), 30), 32]


async def test_more_is_asked_for_when_few_are_left_and_not_when_nothing_more_is_due() -> None:
    made = tray(low=5)
    made.add([due(n) for n in range(16)])
    assert not made.is_hungry
    assert not made.hungry.is_set()
    made.wanted()
    assert made.is_hungry
    assert made.hungry.is_set()
    made.add([])
    made.hungry.clear()
    made.wanted()
    assert not made.hungry.is_set()


async def test_who_waits_gets_none_when_nothing_more_is_due() -> None:
    made = tray()
    waiting = asyncio.create_task(made.next())
    await asyncio.sleep(0)
    assert not waiting.done()
    made.add([])
    assert await waiting is None


async def test_who_no_longer_waits_takes_nothing_away() -> None:
    made = tray()
    gone, waiting = asyncio.create_task(made.next()), asyncio.create_task(made.next())
    await asyncio.sleep(0)
    gone.cancel()
    await asyncio.sleep(0)
    (letter,) = ready(made, 1)
    assert await waiting is letter
    assert gone.cancelled()


async def test_what_is_given_back_goes_first_but_not_for_ever() -> None:
    made = tray()
    first, second = ready(made, 1, 2)
    for _ in range(GIVEN_BACK - 1):
        assert made.take() is first
        made.give_back(first)
    assert made.take() is first
    made.give_back(first)
    assert made.take() is second
    ((delivery, outcome),) = made.group()
    assert (delivery.id, type(outcome)) == (1, Deferred)


@pytest.mark.parametrize("ends", ["finish", "stop_waiting", "break_off", "close"])
async def test_when_it_is_over_nothing_new_is_begun_and_the_rest_can_be_given_back(ends: str) -> None:
    made = tray()
    begun, taken, _ = ready(made, 1, 2, 3)
    assert made.take() is begun
    assert await made.offer(begun)
    assert made.take() is taken
    getattr(made, ends)()
    assert made.take() is None
    assert await made.next() is None
    assert made.wanted() == []
    made.give_back(taken)
    assert [d.id for d in made.untouched()] == [2, 3]
    made.answer(begun, Sent("250"))
    assert [d.id for d in made.untouched()] == [2, 3]
    assert [d.id for d in made.in_hand()] == [1, 2, 3]
    made.booked(made.group(), [], Booked())
    assert [d.id for d in made.in_hand()] == [2, 3]


async def test_no_content_goes_out_once_the_ledger_cannot_be_written() -> None:
    made = tray()
    (letter,) = ready(made, 1)
    made.take()
    made.break_off()
    assert not await made.offer(letter)
