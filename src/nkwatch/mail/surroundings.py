"""What templates see of a digest's surroundings: bars of figures, what is coming, the watch over the sources."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from nkwatch.domain.source import Source
from nkwatch.domain.surroundings import Coming, Figures, Surroundings
from nkwatch.mail.views import Address, Names, address, plain, tag
from nkwatch.mail.watching import WatchView, watch_view
from nkwatch.mail.widths import columns, shorten

#: How many themes have a bar, and how many dates are told.
BARS, COMING = 6, 6
#: Columns of the longest bar in plain text, and of the names before it.
BAR_WIDTH, LABEL_WIDTH = 20, 30
#: Room for the title of something that is coming, and for its place, in columns.
TITLE_WIDTH, PLACE_WIDTH = 160, 80


@dataclass(frozen=True, slots=True)
class BarView:
    """A theme with its count. `share` is the length in percent, `letters` the same in block letters.

    `label` is the name in as many columns as all others have.
    """

    theme: str
    label: str
    count: int
    usual: int | None
    share: int
    letters: str


@dataclass(frozen=True, slots=True)
class ComingView:
    """Something that will happen."""

    title: str
    language: str
    day: date
    until: date
    place: str
    as_of: date
    address: Address


@dataclass(frozen=True, slots=True)
class AroundView:
    """All of it. `usual` is how many stories there usually are; None where it is too early to say."""

    stories: int
    usual: int | None
    bars: tuple[BarView, ...]
    coming: tuple[ComingView, ...]
    further: int
    watch: WatchView
    held: int


def around_view(told: Surroundings, names: Names, language: str, sources: Mapping[str, Source]) -> AroundView:
    """The view of surroundings for readers of `language`."""
    return AroundView(
        stories=told.figures.stories,
        usual=_whole(told.figures.usual),
        bars=bars(told.figures, names, language),
        coming=tuple(map(_coming, told.coming[:COMING])),
        further=len(told.coming[COMING:]),
        watch=watch_view(told.watch, sources),
        held=told.held,
    )


def bars(figures: Figures, names: Names, language: str) -> tuple[BarView, ...]:
    """The themes with most stories; the longest bar is as long as the greatest count."""
    shown = figures.bars[:BARS]
    labels = [shorten(names.theme(bar.theme, language), LABEL_WIDTH) for bar in shown]
    width = max(map(columns, labels), default=0)
    most = max((bar.count for bar in shown), default=0) or 1
    return tuple(
        BarView(
            theme=label,
            label=label + " " * (width - columns(label)),
            count=bar.count,
            usual=_whole(bar.usual),
            share=max(2, round(100 * bar.count / most)),
            letters="█" * max(1, round(BAR_WIDTH * bar.count / most)),
        )
        for bar, label in zip(shown, labels, strict=True)
    )


def _whole(usual: float | None) -> int | None:
    """A median of whole numbers as one of them: halves count up."""
    return None if usual is None else int(usual + 0.5)


def _coming(one: Coming) -> ComingView:
    title, place = shorten(plain(one.title), TITLE_WIDTH), shorten(plain(one.place), PLACE_WIDTH)
    return ComingView(title, tag(one.language), one.day, one.until, place, one.as_of, address(one.url))
