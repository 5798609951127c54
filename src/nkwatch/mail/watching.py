"""What templates see of the watch over the sources: a few publishers, and how many more there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.source import Source
from nkwatch.domain.watch import Lack, Watch
from nkwatch.mail.views import NAME_WIDTH, Name, plain, tag
from nkwatch.mail.widths import shorten

#: How many publishers are named; the rest is counted.
NAMED = 5


@dataclass(frozen=True, slots=True)
class LackView:
    """A publisher from whom something is lacking; `since` is None where nobody knows since when."""

    name: Name
    since: datetime | None


@dataclass(frozen=True, slots=True)
class Named:
    """The first of some publishers; `further` counts the rest."""

    gaps: tuple[LackView, ...]
    further: int

    def __bool__(self) -> bool:
        """Whether there is any."""
        return bool(self.gaps)


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

    def named(lacks: Sequence[Lack]) -> Named:
        return Named(tuple(_lack(lack, spoken) for lack in lacks[:NAMED]), len(lacks[NAMED:]))

    silent, unreadable, partly = named(watch.silent), named(watch.unreadable), named(watch.partly)
    return WatchView(watch.sources, watch.answering, silent, unreadable, partly)


def _lack(lack: Lack, spoken: Mapping[str, str]) -> LackView:
    language = "" if lack.publisher.isascii() else tag(spoken.get(lack.publisher, ""))
    return LackView(Name(shorten(plain(lack.publisher), NAME_WIDTH), language), lack.since)
