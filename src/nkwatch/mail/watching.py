"""What templates see of the watch over the sources: a few names of publishers, and how many more there are."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from nkwatch.domain.source import Source
from nkwatch.domain.watch import Watch
from nkwatch.mail.views import Name, plain, tag

#: How many publishers are named; the rest is counted.
NAMED = 5


@dataclass(frozen=True, slots=True)
class Named:
    """The first of some publishers; `further` counts the rest."""

    names: tuple[Name, ...]
    further: int

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.names)


@dataclass(frozen=True, slots=True)
class WatchView:
    """The watch as it is told; false where there is nothing to tell."""

    sources: int
    answering: int
    silent: Named
    unreadable: Named
    partly: Named

    def __bool__(self) -> bool:
        """Whether any source was ever asked."""
        return self.sources > 0


def watch_view(watch: Watch, sources: Mapping[str, Source]) -> WatchView:
    """The view of `watch`; `sources` say in which language a publisher writes its name."""
    spoken = {s.publisher: s.languages[0] for s in sources.values() if s.languages}

    def named(publishers: Iterable[str]) -> Named:
        names = [Name(plain(p), "" if p.isascii() else tag(spoken.get(p, ""))) for p in publishers]
        return Named(tuple(names[:NAMED]), max(0, len(names) - NAMED))

    silent, unreadable, partly = named(watch.silent), named(watch.unreadable), named(watch.partly)
    return WatchView(watch.sources, watch.answering, silent, unreadable, partly)
