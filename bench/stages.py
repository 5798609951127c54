"""What each stage of a reading takes, looked at while the whole is read."""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from nkwatch import reading
from nkwatch.reading.rules import Rules

#: The functions that `nkwatch.reading.read` calls, by stage.
STAGES: Mapping[str, tuple[str, ...]] = {
    "language": ("language",),
    "relevance": ("names_rights", "relevance"),
    "themes_and_urgency": ("features", "themes", "urgency"),
    "quotes_and_asks": ("quotes", "asks"),
    "cases": ("cases",),
}


class Watch:
    """Seconds of the processor that each stage took so far."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = defaultdict(float)

    def on(self, stage: str, work: Callable[..., Any]) -> Callable[..., Any]:
        """`work`, watched."""

        def watched(*args: Any, **kwargs: Any) -> Any:
            began = time.process_time()
            try:
                return work(*args, **kwargs)
            finally:
                self.spent[stage] += time.process_time() - began

        return watched


class _Watched:
    """An object with one method watched."""

    def __init__(self, inner: Any, method: str, watch: Watch, stage: str) -> None:
        self._inner = inner
        setattr(self, method, watch.on(stage, getattr(inner, method)))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)


@contextmanager
def watched(rules: Rules) -> Iterator[tuple[Rules, Watch]]:
    """These rules, to be read by while every stage is watched."""
    watch = Watch()
    lexicon: Any = _Watched(rules.lexicon, "hits", watch, "terms")
    weights: Any = _Watched(rules.weights, "probabilities", watch, "themes_and_urgency")
    kept = {name: getattr(reading, name) for names in STAGES.values() for name in names}
    for stage, names in STAGES.items():
        for name in names:
            setattr(reading, name, watch.on(stage, kept[name]))
    try:
        yield replace(rules, lexicon=lexicon, weights=weights), watch
    finally:
        for name, work in kept.items():
            setattr(reading, name, work)


@contextmanager
def uncut() -> Iterator[None]:
    """Texts are read to their end, however long."""
    longest = reading.LONGEST
    reading.LONGEST = 10**9
    try:
        yield
    finally:
        reading.LONGEST = longest
