"""Blocks that readers share, and lines for the places that are a reader's own. Each is rendered once and kept."""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from nkwatch.domain.story import Story
from nkwatch.domain.surroundings import Earlier
from nkwatch.editing.matching import CASE, ROLE, WORD, Reason
from nkwatch.mail.encoding import fill, freeze
from nkwatch.mail.parts import Part, Pieces
from nkwatch.mail.reasons import Matched, told
from nkwatch.mail.stories import StoryView, story_view
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names, plain, tag
from nkwatch.mail.widths import shorten

#: How many stories, views and lines of reasons are kept: some megabytes.
KEPT = 2048
#: An alert is one story, so its excerpt may be longer than a digest's.
ALERT_WIDTH, ALERT_SENTENCES = 700, 6
#: Where names and followed words go in a line of reasons: letters that no value has.
NAMED, FOLLOWED = "\ue010", "\ue011"
#: What a soft line break takes, and such a letter, in octets of quoted-printable.
BREAK, PLACE = len("=\r\n"), len("=EE=80=90")
#: Room for the title of an earlier story, in columns.
EARLIER_WIDTH = 90


@dataclass(frozen=True, slots=True)
class OwnLine:
    """A line for a reader's own place; `weight` is what it takes in the HTML of a mail, in octets."""

    text: str
    weight: int

    @classmethod
    def of(cls, text: str) -> "OwnLine":
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
        self._value = lru_cache(KEPT)(self._value_shown)
        self._frame = lru_cache(KEPT)(self._frame_of)
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

    def _reasons(self, reasons: tuple[Reason, ...], language: str) -> OwnLine:
        """Put together of a frame and the values in it: readers' reasons differ more than what they are made of."""
        roles: tuple[str, ...] = ()
        named: dict[str, int] = {}
        followed: dict[str, int] = {}
        for reason in reasons:
            if reason.kind == ROLE:
                roles = reason.values
            else:
                group = followed if reason.kind in {WORD, CASE} else named
                group.update([self._value(reason.kind, value, language) for value in reason.values])
        line = self._frame((bool(named), bool(followed)), roles, language)
        text, weight = line.text, line.weight
        for values, place in ((named, NAMED), (followed, FOLLOWED)):
            if values:
                text = text.replace(place, ", ".join(values), 1)
                # of frame and values by themselves each ends with a soft break, and the place takes room, too
                weight += sum(values.values()) - BREAK * len(values) + 2 * (len(values) - 1) - PLACE
        return OwnLine(text, weight)

    def _value_shown(self, kind: str, value: str, language: str) -> tuple[str, int]:
        line = OwnLine.of(told(kind, value, self.names, language))
        return line.text, line.weight

    def _frame_of(self, shown_in: tuple[bool, bool], roles: tuple[str, ...], language: str) -> OwnLine:
        named, followed = shown_in
        shown = Matched((NAMED,) if named else (), roles, (FOLLOWED,) if followed else ())
        return OwnLine.of(self.line("reasons.txt", language, {"matched": shown}))

    def _earlier(self, name: str, earlier: Earlier, language: str) -> OwnLine:
        title = shorten(plain(earlier.title), EARLIER_WIDTH)
        values = {"named": plain(name), "title": title, "spoken": tag(earlier.language), "day": earlier.day}
        return OwnLine.of(self.line("earlier.txt", language, values))

    def _everything(self, language: str) -> str:
        return self.line("everything.txt", language, {})

    def _render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        return self._templates.render(template, language, {**self._common, "language": language, **values})
