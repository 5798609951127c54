"""Blocks that readers share: stories and frames. Each is rendered once and kept; so are the lines of reasons."""

from collections.abc import Callable, Mapping
from functools import lru_cache
from itertools import chain
from typing import Any

from nkwatch.domain.bulletin import Piece, Slot
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Format
from nkwatch.editing.matching import Reason
from nkwatch.mail.encoding import freeze
from nkwatch.mail.reasons import matched
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, StoryView

#: How many stories, views and lines of reasons are kept: some megabytes.
KEPT = 2048
#: An alert is one story, so its excerpt may be longer than a digest's.
ALERT_WIDTH, ALERT_SENTENCES = 700, 6

Pieces = tuple[Piece, ...]
_SUFFIX = {Format.HTML: "html", Format.TEXT: "txt"}


class Blocks:
    """Renders pieces from templates; equal arguments give the very same pieces."""

    def __init__(self, templates: Templates, names: Names, common: Mapping[str, Any]) -> None:
        """`common` are values that every template may name."""
        self._templates = templates
        self._names = names
        self._common = common
        self.view = lru_cache(KEPT)(self._view)
        self.long_view = lru_cache(KEPT)(self._long_view)
        self.story = lru_cache(KEPT)(self._story)
        self.reasons = lru_cache(KEPT)(self._reasons)
        self.everything = lru_cache(self._everything)

    def line(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """One line of text, for a subject or a slot."""
        return " ".join(self._render(template, language, values).split())

    def frame(
        self, folder: str, language: str, form: Format, values: Mapping[str, Any], places: Mapping[str, Pieces]
    ) -> Pieces:
        """The body template of `folder`, with the pieces of `places` where it has slots of these names."""
        frame = freeze(self._render(f"{folder}/body.{_SUFFIX[form]}", language, values))
        return tuple(chain.from_iterable(_resolved(piece, places) for piece in frame))

    def _view(self, story: Story, language: str) -> StoryView:
        return self._names.story(story, language)

    def _long_view(self, story: Story, language: str) -> StoryView:
        return self._names.story(story, language, width=ALERT_WIDTH, most=ALERT_SENTENCES)

    def _story(self, story: Story, language: str, form: Format) -> Pieces:
        values = {"story": self.view(story, language)}
        return freeze(self._render(f"story.{_SUFFIX[form]}", language, values))

    def _reasons(self, reasons: tuple[Reason, ...], language: str) -> str:
        return self.line("reasons.txt", language, {"matched": matched(reasons, self._names, language)})

    def _everything(self, language: str) -> str:
        return self.line("everything.txt", language, {})

    def _render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        return self._templates.render(template, language, {**self._common, "language": language, **values})


def _resolved(piece: Piece, places: Mapping[str, Pieces]) -> Pieces:
    return places.get(piece.name, (piece,)) if isinstance(piece, Slot) else (piece,)


Places = Callable[[Format], Mapping[str, Pieces]]
"""What stands at the slots of a frame, by format."""
