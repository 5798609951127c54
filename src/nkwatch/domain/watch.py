"""The *watch* over the sources: how many answered, and who was silent or could not be read (promise 6)."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source

_SHUT = frozenset({Health.BLOCKED, Health.FAILING, Health.GONE})


@dataclass(frozen=True, slots=True)
class Lack:
    """A publisher from whom something is lacking, and since when (UTC); None where nobody knows.

    Of who is silent, that is when something came last; of who cannot be read, when it last could be; of who can be
    read only in part, when the first of the sources that cannot last could be.
    """

    publisher: str
    since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Watch:
    """What a reader is told of the sources; without any, nothing is.

    `sources` are those that are on and were ever asked, `answering` those of them that can be read. The others are
    publishers, each once, by name: all of whose sources are `silent`, all of whose sources are `unreadable`, or only
    some (`partly`).
    """

    sources: int = 0
    answering: int = 0
    silent: tuple[Lack, ...] = ()
    unreadable: tuple[Lack, ...] = ()
    partly: tuple[Lack, ...] = ()


def watch(states: Iterable[PollState], sources: Mapping[str, Source]) -> Watch:
    """The watch over these `sources` by their poll states; equal states give an equal watch, whatever their order."""
    asked = [s for s in states if was_asked(s) and s.source_id in sources and sources[s.source_id].enabled]
    by_publisher: dict[str, list[PollState]] = defaultdict(list)
    for state in asked:
        by_publisher[sources[state.source_id].publisher].append(state)
    publishers = sorted(by_publisher.items(), key=lambda item: (item[0].casefold(), item[0]))
    shut = {name: [s for s in own if is_unreadable(s)] for name, own in publishers}
    return Watch(
        sources=len(asked),
        answering=sum(not is_unreadable(s) for s in asked),
        silent=tuple(_lack(name, own, max) for name, own in publishers if all(map(_is_silent, own))),
        unreadable=tuple(_lack(name, own, max) for name, own in publishers if len(shut[name]) == len(own)),
        partly=tuple(_lack(name, shut[name], min) for name, own in publishers if 0 < len(shut[name]) < len(own)),
    )


def _lack(publisher: str, lacking: Iterable[PollState], which: Callable[[list[datetime]], datetime]) -> Lack:
    """The gap that these sources of a publisher leave, since the first or the last of them."""
    known = [since for state in lacking if (since := quiet_since(state))]
    return Lack(publisher, which(known) if known else None)


def quiet_since(state: PollState) -> datetime | None:
    """Since when nothing came from a source that is silent or cannot be read (UTC); None where it is neither."""
    if is_unreadable(state):
        return state.last_ok_at or state.health_since
    return state.newest_at if state.health is Health.SILENT else None


def was_asked(state: PollState) -> bool:
    """Whether the source was ever polled."""
    return state.last_ok_at is not None or state.failures > 0


def is_unreadable(state: PollState) -> bool:
    """Whether the source cannot be read. One failure is an accident, unless nothing was ever read."""
    return state.health in _SHUT or (state.failures > 0 and state.last_ok_at is None)


def _is_silent(state: PollState) -> bool:
    return state.health is Health.SILENT and not is_unreadable(state)
