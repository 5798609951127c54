"""A *channel*: what a feed holds, whichever of the formats it is then written in."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nkwatch.domain.edition import Amendment, SentAlert, amended_since
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import Report, Story
from nkwatch.domain.theme import Theme
from nkwatch.mail.views import address, plain, tag
from nkwatch.web.views import SHORT, Said, said

#: Where the page of an alert stands, before its number.
ALERT_PAGE = "/alerts"
#: The two that XML 1.0 forbids beside what `plain` takes out.
FORBIDDEN = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Words:
    """What a feed says itself, in its own language.

    `withdrawn` and `corrected` stand before the title of a story that was taken back, or in which something was wrong;
    `alert` before that of an alert, with its %(number)s; `corrections` behind the summary of one that was corrected.
    """

    withdrawn: str = "Withdrawn"
    corrected: str = "Corrected"
    alert: str = "Alert %(number)s"
    corrections: str = "Corrected by bulletin %(numbers)s"


@dataclass(frozen=True, slots=True)
class Category:
    """A theme: its code, what it is called, the address of its page."""

    code: str
    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Item:
    """One entry. All texts are clean, and none is markup.

    `id` is the address of our page on it, for ever; `original` that of the publisher's, empty where it may not be
    linked. `language` is that of the title, `spoken` that of the summary; empty where it is not known. `published` is
    None where the date is only estimated.
    """

    id: str
    title: str
    language: str
    author: str
    updated: datetime
    original: str = ""
    published: datetime | None = None
    tags: tuple[Category, ...] = ()
    summary: str = ""
    spoken: str = ""


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed: its name, its address without the ending of a format, the page that it stands for, its language.

    `query` is what stands behind the question mark of its address besides the language.
    """

    title: str
    place: str
    page: str
    language: str
    items: tuple[Item, ...] = ()
    query: str = ""

    @property
    def updated(self) -> datetime:
        """When one of its items last changed; always the same where there is none."""
        return max((item.updated for item in self.items), default=EARLIEST)

    def id(self, ending: str) -> str:
        """What it is known by in the format with this ending: its address, whatever language is asked for."""
        return f"{self.place}.{ending}" + (f"?{self.query}" if self.query else "")

    def address(self, ending: str) -> str:
        """Where it is in the format with this ending, in its language."""
        return f"{self.id(ending)}{'&' if self.query else '?'}lang={self.language}"


@dataclass(frozen=True, slots=True)
class Telling:
    """Makes items of stories for a feed in one language; `site` is the site's address."""

    site: str
    language: str
    themes: Mapping[str, Theme]
    words: Words = Words()

    def story(self, story: Story, lead: Report | None = None) -> Item:
        """A story, told by the report that leads for the feed's language unless another is given."""
        report = lead or story.lead_in(self.language)
        told = said(report.statement, SHORT, report.by)
        original = address(report.statement.url, trusted=report.link)
        permanent = f"{self.site}/stories/{story.id}"
        spoken, summary = self._summary(story, told)
        return Item(
            id=permanent,
            title=self._title(story, told) or permanent,
            language=told.language,
            author=_by(told),
            updated=_updated(story, told),
            original=original.url if original.linked else "",
            published=None if told.estimated else told.published,
            tags=tuple(self._tag(self.themes[code]) for code in story.themes if code in self.themes),
            summary=summary,
            spoken=spoken,
        )

    def alert(self, sent: SentAlert, story: Story, corrections: Sequence[Amendment] = ()) -> Item:
        """An alert that was sent, by the story as it is told now, and the bulletins that corrected it since."""
        told = self.story(story)
        dates = (sent.date, *(c.date for c in corrections), *([told.updated] if amended(sent, story) else []))
        number = self.words.alert % {"number": sent.number}
        numbers = ", ".join(f"{c.number}" for c in corrections)
        return replace(
            told,
            id=f"{self.site}{ALERT_PAGE}/{sent.number}",
            title=f"{number}: {told.title}",
            updated=max(dates).replace(microsecond=0),
            # of an alert the date that counts is when it went out
            published=sent.date,
            summary=f"{told.summary} [{self.words.corrections % {'numbers': numbers}}]" if numbers else told.summary,
        )

    def _tag(self, theme: Theme) -> Category:
        return Category(theme.code, clean(theme.name(self.language)), f"{self.site}/themes/{theme.code}")

    def _title(self, story: Story, told: Said) -> str:
        """The title, behind what an editor said of the story."""
        marks, title = story.marks, clean(told.title)
        if not marks.correction:
            return title
        return f"[{self.words.withdrawn if marks.withdrawn else self.words.corrected}] {title}"

    def _summary(self, story: Story, told: Said) -> tuple[str, str]:
        """The language and the text of the summary: what was wrong goes before what was said."""
        correction = story.marks.correction
        if not correction:
            return told.language, clean(told.excerpt)
        language, text = correction.told_in(self.language)
        return tag(language), f"{clean(text)} ({clean(correction.editor)})"


def amended(sent: SentAlert, story: Story) -> bool:
    """Whether editors said since that something was wrong in an alert."""
    return amended_since(story.marks.correction, sent.date, withdrawn=story.marks.withdrawn)


def clean(text: str) -> str:
    """`text` as any of the formats can hold it."""
    return FORBIDDEN.sub("", plain(text))


def _updated(story: Story, told: Said) -> datetime:
    """When it came to be what it is: became ready, its leading text was edited later, or an editor corrected it.

    What was imported became ready before it was published: then it counts from when we got it.
    """
    correction = story.marks.correction
    ready = max(story.ready_at, min(r.statement.first_seen for r in story.reports))
    return max(told.edited_at or ready, ready, correction.at if correction else ready).replace(microsecond=0)


def _by(told: Said) -> str:
    """Whose words these are, and who passed them on."""
    names = (told.by.text, told.via.text if told.via else "")
    return " / ".join(name for name in map(clean, names) if name) or "?"
