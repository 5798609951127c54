"""Runs contenders in turn, round by round, and takes the processor's time that each needs."""

import time
from collections.abc import Callable, Mapping, Sequence
from statistics import median

ROUNDS, QUICK_ROUNDS = 5, 2
#: Seconds of each round.
Times = Mapping[str, Sequence[float]]


def seconds(work: Callable[[], object]) -> float:
    """The processor's time that `work` takes: what others do on the machine meanwhile does not count."""
    began = time.process_time()
    work()
    return time.process_time() - began


def race(contenders: Mapping[str, Callable[[], object]], rounds: int = ROUNDS) -> Times:
    """What each took in each round; a first round, in which everything is cold, is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds + 1):
        for name, work in contenders.items():
            took = seconds(work)
            if number:
                times[name].append(took)
    return times


def paired(times: Times, name: str, peer: str) -> float:
    """How many times as long one took as its peer: the median over the rounds."""
    return median(one / other for one, other in zip(times[name], times[peer], strict=True))
