"""Blocks that readers share, and lines for the places that are a reader's own. Each is rendered once and kept."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nkwatch.domain.story import Story
from nkwatch.domain.surroundings import Earlier
from nkwatch.editing.matching import Reason
from nkwatch.mail.encoding import fill, freeze
from nkwatch.mail.parts import Part, Pieces
from nkwatch.mail.reasons import matched
from nkwatch.mail.stories import StoryView, story_view
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, plain, tag
from nkwatch.mail.widths import shorten

#: How many stories, views and lines of reasons are kept: some megabytes.
KEPT = 2048
#: An alert is one story, so its excerpt may be longer than a digest's.
ALERT_WIDTH, ALERT_SENTENCES = 700, 6
#: Room for the title of an earlier story, in columns.
EARLIER_WIDTH = 90


@dataclass(frozen=True, slots=True)
class Line:
    """A line for a reader's own place; `weight` is what it takes in the HTML of a mail, in octets."""

    text: str
    weight: int

    @classmethod
    def of(cls, text: str) -> "Line":
        """The line with its weight."""
        return cls(text, len(fill(html.escape(text))))


class Blocks:
    """Renders pieces from templates; equal arguments give the very same pieces."""

    def __init__(self, templates: Templates, names: Names, common: Mapping[str, Any]) -> None:
        """`common` are values that every template may name."""
        self._templates = templates
        self._common = common
        self.names = names
        self.view = lru_cache(KEPT)(self._view)
        self.long_view = lru_cache(KEPT)(self._long_view)
        self.story = lru_cache(KEPT)(self._story)
        self.reasons = lru_cache(KEPT)(self._reasons)
        self.earlier = lru_cache(KEPT)(self._earlier)
        self.everything = lru_cache(self._everything)

    def line(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """One line of text, for a subject or a slot."""
        return " ".join(self._render(template, language, values).split())

    def pieces(self, template: str, language: str, values: Mapping[str, Any]) -> Pieces:
        """What a template makes of these values; nothing where that is only white space."""
        rendered = self._render(template, language, values)
        return freeze(rendered) if rendered.strip() else ()

    def part(self, template: str, language: str, values: Mapping[str, Any]) -> Part:
        """The same in both forms; `template` is named without its suffix."""
        text, page = (self.pieces(f"{template}.{suffix}", language, values) for suffix in ("txt", "html"))
        return Part.of(text, page)

    def _view(self, story: Story, language: str) -> StoryView:
        return story_view(self.names, story, language)

    def _long_view(self, story: Story, language: str) -> StoryView:
        return story_view(self.names, story, language, width=ALERT_WIDTH, most=ALERT_SENTENCES)

    def _story(self, story: Story, language: str) -> tuple[Part, Part]:
        """The story in full, and in one line."""
        values = {"story": self.view(story, language)}
        return self.part("story", language, values), self.part("digest/line", language, values)

    def _reasons(self, reasons: tuple[Reason, ...], language: str) -> Line:
        return Line.of(self.line("reasons.txt", language, {"matched": matched(reasons, self.names, language)}))

    def _earlier(self, name: str, earlier: Earlier, language: str) -> Line:
        title = shorten(plain(earlier.title), EARLIER_WIDTH)
        values = {"named": plain(name), "title": title, "spoken": tag(earlier.language), "day": earlier.day}
        return Line.of(self.line("earlier.txt", language, values))

    def _everything(self, language: str) -> str:
        return self.line("everything.txt", language, {})

    def _render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        return self._templates.render(template, language, {**self._common, "language": language, **values})
