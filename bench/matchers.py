"""A contender of `bench.match` in a process of its own: ``python -m bench.matchers index|loop WISHES STORIES``.

It says what it is made of in one line of JSON, then answers each line it reads with the seconds for each story.
"""

import gc
import json
import resource
import sys
from collections import deque
from collections.abc import Callable, Iterable
from pathlib import Path

from bench.crowd import Crowd, stories
from bench.rounds import seconds
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.audience import Audience
from nkwatch.editing.matching import Offer, reasons

Matching = Callable[[Story], list[int]]


def main() -> None:
    """Build, tell, and match for as long as lines come."""
    kind, wishes, count = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    told, crowd = stories(count), Crowd()
    matching, made = (_index if kind == "index" else _loop)(crowd, wishes)
    wanting = [matching(story) for story in told]
    _say({**made, "wanting": [len(w) for w in wanting], "sums": [sum(w) for w in wanting]})
    for _ in sys.stdin:
        _say({"seconds": [seconds(lambda story=story: matching(story)) for story in told]})


def _index(crowd: Crowd, wishes: int) -> tuple[Matching, dict[str, float]]:
    drawing = seconds(lambda: deque(crowd.readers(wishes), maxlen=0))
    before, kept = _resident(), []
    both = seconds(lambda: kept.append(Audience.of(crowd.readers(wishes))))
    peak, after = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, _resident()
    made = {
        "build_seconds": both - drawing,
        "megabytes": (after - before) / 1e6,
        "peak_megabytes": (max(peak, after) - before) / 1e6,
    }
    return kept[0].wanting, made


def _loop(crowd: Crowd, wishes: int) -> tuple[Matching, dict[str, float]]:
    readers = list(crowd.readers(wishes))
    return lambda story: plainly(readers, story), {}


def plainly(readers: Iterable[Subscriber], story: Story) -> list[int]:
    """The numbers of those who want a story, one after the other; the story is prepared once."""
    offer = Offer.of(story)
    return [number for number, reader in enumerate(readers) if reasons(reader.choice, offer)]


def _resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _say(answer: object) -> None:
    sys.stdout.write(f"{json.dumps(answer)}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
