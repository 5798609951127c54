"""Outcomes are written in groups of ten, or soon."""

import asyncio

from nkwatch.domain.delivery import Sent, Turn
from nkwatch.workflow.outcomes import PATIENCE, Outcomes
from nkwatch.workflow.permits import GROUP
from tests.making import delivery

DONE = Sent("250")


class Bell:
    """Counts how often it rang."""

    def __init__(self) -> None:
        self.rang = 0

    def __call__(self) -> None:
        self.rang += 1


async def test_ten_are_due_at_once_and_fewer_when_patience_is_over() -> None:
    bell = Bell()
    outcomes = Outcomes(bell)
    for n in range(GROUP):
        assert (outcomes.is_due(hurry=False), bell.rang) == (False, 0)
        outcomes.add(delivery(n), DONE, hurry=False)
    assert (outcomes.is_due(hurry=False), bell.rang) == (True, 1)
    outcomes.add(delivery(99), DONE, hurry=False)
    assert [d.id for d, _ in outcomes.group()] == list(range(GROUP))
    assert not outcomes.is_due(hurry=False)
    while not outcomes.is_due(hurry=False):
        await asyncio.sleep(PATIENCE / 10)
    assert (len(outcomes), bell.rang) == (1, 3)
    assert outcomes.ids == {99}


async def test_where_somebody_waits_there_is_no_patience() -> None:
    bell = Bell()
    outcomes = Outcomes(bell)
    assert not outcomes.is_due(hurry=True)
    outcomes.add(delivery(1), DONE, hurry=True)
    assert (outcomes.is_due(hurry=True), outcomes.is_due(hurry=False), bell.rang) == (True, False, 1)


async def test_what_a_dead_worker_left_behind_is_written_by_itself() -> None:
    outcomes = Outcomes(Bell())
    for n, turn in enumerate([Turn.USUAL, Turn.USUAL, Turn.FIRST, Turn.FIRST, Turn.LAST]):
        outcomes.add(delivery(n, turn=turn), DONE, hurry=False)
    groups = []
    while outcomes.is_due(hurry=False):
        groups.append([d.id for d, _ in outcomes.group()])
    assert groups == [[0, 1], [2], [3]]
    assert outcomes.ids == {4}


async def test_what_could_not_be_written_stays_in_its_order() -> None:
    outcomes = Outcomes(Bell())
    for n in range(4):
        outcomes.add(delivery(n), DONE, hurry=False)
    group = outcomes.group()
    outcomes.add(delivery(4), DONE, hurry=False)
    outcomes.put_back(group)
    assert [d.id for d, _ in outcomes.group()] == [0, 1, 2, 3, 4]
    assert outcomes.group() == []
