"""The *watch* over the sources: how many answered, and who was silent or could not be read (promise 6)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source

_SHUT = frozenset({Health.BLOCKED, Health.FAILING, Health.GONE})


@dataclass(frozen=True, slots=True)
class Watch:
    """What a reader is told of the sources; without any, nothing is.

    `sources` are those that are on and were ever asked, `answering` those of them that can be read. The others are
    names of publishers, each once: all of whose sources are `silent`, all of whose sources are `unreadable`, or only
    some (`partly`).
    """

    sources: int = 0
    answering: int = 0
    silent: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    partly: tuple[str, ...] = ()


def watch(states: Iterable[PollState], sources: Mapping[str, Source]) -> Watch:
    """The watch over these `sources` by their poll states; equal states give an equal watch, whatever their order."""
    asked = [s for s in states if was_asked(s) and s.source_id in sources and sources[s.source_id].enabled]
    by_publisher: dict[str, list[PollState]] = defaultdict(list)
    for state in asked:
        by_publisher[sources[state.source_id].publisher].append(state)
    publishers = sorted(by_publisher.items(), key=lambda item: (item[0].casefold(), item[0]))
    unreadable = [name for name, own in publishers if all(map(is_unreadable, own))]
    partly = [name for name, own in publishers if any(map(is_unreadable, own)) and name not in unreadable]
    return Watch(
        sources=len(asked),
        answering=sum(not is_unreadable(s) for s in asked),
        silent=tuple(name for name, own in publishers if all(map(_is_silent, own))),
        unreadable=tuple(unreadable),
        partly=tuple(partly),
    )


def was_asked(state: PollState) -> bool:
    """Whether the source was ever polled."""
    return state.last_ok_at is not None or state.failures > 0


def is_unreadable(state: PollState) -> bool:
    """Whether the source cannot be read. One failure is an accident, unless nothing was ever read."""
    return state.health in _SHUT or (state.failures > 0 and state.last_ok_at is None)


def _is_silent(state: PollState) -> bool:
    return state.health is Health.SILENT and not is_unreadable(state)
