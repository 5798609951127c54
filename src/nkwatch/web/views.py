"""What templates see of stories: texts made harmless, addresses with their host, names translated.

Titles, excerpts and addresses are made by the very functions that make them for mails, so that both agree.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from nkwatch.domain.desk import Note
from nkwatch.domain.reading import Urgency
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Statement
from nkwatch.domain.story import Story
from nkwatch.domain.theme import Theme
from nkwatch.mail.excerpt import excerpt
from nkwatch.mail.views import Name, carrier, name_of, plain, tag
from nkwatch.mail.widths import shorten

#: Room for a title and for an excerpt (columns: East Asian letters take two).
TITLE, SHORT = 240, 300
#: An excerpt of that size never reaches further into a text.
OPENING = 1500

Themes = Mapping[str, Theme]


@dataclass(frozen=True, slots=True)
class Said:
    """One statement: who, what, when. `language` is that of title and excerpt, empty where it is not known.

    `by` is whose words these are, `via` the publisher that only passed them on, None where that is the same.
    """

    title: str
    language: str
    by: Name
    via: Name | None
    published: datetime
    estimated: bool
    edited_at: datetime | None
    excerpt: str


@dataclass(frozen=True, slots=True)
class Tag:
    """A theme by its name; without a code it has no page."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Card:
    """A story in a list."""

    id: str
    lead: Said
    themes: tuple[Tag, ...]
    urgent: bool
    others: int


@dataclass(frozen=True, slots=True)
class Remark:
    """Words of an editor on a story."""

    text: str
    language: str
    editor: str
    at: datetime

    @classmethod
    def of(cls, note: Note | None, language: str) -> "Remark | None":
        """What a note says to readers of `language`."""
        if note is None:
            return None
        spoken, text = note.told_in(language)
        return cls(plain(text, lines=True), tag(spoken), plain(note.editor), note.at)


@dataclass(frozen=True, slots=True)
class Remarks:
    """All that editors say of a story: what was wrong in it, whether all of it was, and what they add."""

    correction: Remark | None
    withdrawn: bool
    note: Remark | None

    @classmethod
    def of(cls, story: Story, language: str) -> "Remarks":
        """What is said of it to readers of `language`."""
        marks = story.marks
        return cls(Remark.of(marks.correction, language), marks.withdrawn, Remark.of(marks.note, language))


def card(story: Story, themes: Themes, language: str) -> Card:
    """A story for readers of `language`."""
    lead = story.lead_in(language)
    urgent = story.urgency is Urgency.URGENT
    named = tagged(story.themes, themes, language)
    return Card(story.id, said(lead.statement, SHORT, lead.by), named, urgent, len(story.reports) - 1)


@lru_cache(512)
def said(statement: Statement, width: int, by: str) -> Said:
    """A statement of whom it is `by`, with an excerpt of at most `width` columns; width 0 gives none."""
    title = shorten(plain(statement.title[:OPENING]), TITLE)
    text = plain(statement.text[:OPENING], lines=True)
    opening = excerpt(text, title=title, width=width) if width else ""
    return Said(
        title=title or shorten(opening or " ".join(text.split()), 80) or shorten(plain(by), TITLE),
        language=tag(statement.language),
        by=_short(name_of(by, statement)),
        via=_short(via) if (via := carrier(statement, by)) else None,
        published=statement.published,
        estimated=statement.published_estimated,
        edited_at=statement.edited_at,
        # letters that take no column are letters too
        excerpt=opening[:width],
    )


def publisher_of(source: Source) -> Name:
    """A publisher's name, in the language of the source where it has letters of its own."""
    publisher = plain(source.publisher)
    return Name(publisher, "" if publisher.isascii() else tag((*source.languages, "")[0]))


def tagged(codes: Iterable[str], themes: Themes, language: str) -> tuple[Tag, ...]:
    """What these themes are called; of one that is gone only its code is known."""
    return tuple(Tag(c, themes[c].name(language)) if c in themes else Tag("", c) for c in codes)


def _short(name: Name) -> Name:
    return Name(shorten(name.text, TITLE), name.language)
