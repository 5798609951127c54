"""The contenders of `bench.match`, each in a process of its own.

It answers first with what it is made of, then in each turn with the seconds for each story.
"""

import gc
import resource
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

from bench.contending import Answer
from bench.crowd import Crowd
from bench.rounds import seconds
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.audience import Audience
from nkwatch.editing.matching import Offer, reasons


def index(crowd: Crowd, wishes: int, told: Sequence[Story]) -> Iterator[Answer]:
    """The service's own index."""
    drawing = seconds(lambda: deque(crowd.readers(wishes), maxlen=0))
    before, kept = _resident(), []
    both = seconds(lambda: kept.append(Audience.of(crowd.readers(wishes))))
    peak, after = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, _resident()
    made = {
        "build_seconds": both - drawing,
        "megabytes": (after - before) / 1e6,
        "peak_megabytes": (max(peak, after) - before) / 1e6,
    }
    yield from _turns(kept[0].wanting, told, made)


def loop(crowd: Crowd, wishes: int, told: Sequence[Story]) -> Iterator[Answer]:
    """A plain loop over the readers."""
    readers = list(crowd.readers(wishes))
    yield from _turns(lambda story: plainly(readers, story), told, {})


def _turns(matching: Callable[[Story], list[int]], told: Sequence[Story], made: Answer) -> Iterator[Answer]:
    wanting = [matching(story) for story in told]
    yield {**made, "wanting": [len(w) for w in wanting], "sums": [sum(w) for w in wanting]}
    while True:
        yield {"seconds": [seconds(lambda story=story: matching(story)) for story in told]}


def plainly(readers: Iterable[Subscriber], story: Story) -> list[int]:
    """The numbers of those who want a story, one after the other; the story is prepared once."""
    offer = Offer.of(story)
    return [number for number, reader in enumerate(readers) if reasons(reader.choice, offer)]


def _resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
