"""What a digest tells besides its stories, the same for all readers of a window."""

from dataclasses import dataclass, field
from datetime import date, datetime

from nkwatch.domain.bulletin import Window
from nkwatch.domain.watch import Watch


@dataclass(frozen=True, slots=True)
class Counted:
    """A story as it is counted: when it became ready, and the codes of its themes."""

    ready_at: datetime
    themes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Bar:
    """How many stories a theme has in a window, and how many it usually has in one as long; None: too early to say."""

    theme: str
    count: int
    usual: float | None = None


@dataclass(frozen=True, slots=True)
class Figures:
    """Numbers against the usual. `bars` are the rights themes that have any, the most stories first."""

    stories: int = 0
    usual: float | None = None
    bars: tuple[Bar, ...] = ()


@dataclass(frozen=True, slots=True)
class Coming:
    """Something that will happen, as its calendar says. `until` is its last day, `as_of` when the entry was written."""

    title: str
    day: date
    until: date
    as_of: date
    place: str = ""
    url: str = ""
    language: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All of it. `held` is how many stories editors hold back when the window closes."""

    window: Window
    watch: Watch = field(default_factory=Watch)
    held: int = 0
    figures: Figures = field(default_factory=Figures)
    coming: tuple[Coming, ...] = ()


@dataclass(frozen=True, slots=True)
class Earlier:
    """The story that named a case last before the one told of now."""

    story_id: str
    title: str
    language: str
    day: datetime
