"""Whether a story is what a subscriber wants to read, and why."""

from collections.abc import Iterable
from dataclasses import dataclass

from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Wish


@dataclass(frozen=True, slots=True)
class Reason:
    """Why somebody gets a story: the kind of choice that matched (`theme`, `source`, `any`) and its values."""

    kind: str
    values: tuple[str, ...] = ()


def reasons(wishes: Iterable[Wish], story: Story) -> tuple[Reason, ...]:
    """All reasons, over all wishes, why `story` is wanted; none means that it is not."""
    found = (reason for wish in wishes for reason in _match(wish, story))
    return tuple(dict.fromkeys(found))


def _match(wish: Wish, story: Story) -> tuple[Reason, ...]:
    """The reasons of one wish: all its kinds must match. Context themes are read only by who names them."""
    if not (story.rights or wish.themes.intersection(story.themes)):
        return ()
    themes = tuple(code for code in story.themes if code in wish.themes)
    sources = tuple(sorted({r.statement.source_id for r in story.reports} & wish.sources))
    if (wish.themes and not themes) or (wish.sources and not sources):
        return ()
    matched = (Reason("theme", themes), Reason("source", sources))
    return tuple(r for r in matched if r.values) or (Reason("any"),)
