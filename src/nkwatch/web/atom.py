"""Stories as an Atom feed (RFC 4287): of each the title, a short excerpt, who says it and where it stands.

feedgen 1.0 was tried: it drops the `rel` of an entry's links, so that a second link becomes a second address of the
entry, and it knows one language for the whole feed, where ours has texts in many.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]  # the stubs have no builder

from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import Report, Story
from nkwatch.domain.theme import Theme
from nkwatch.mail.views import address, plain
from nkwatch.web.views import SHORT, Said, said

NAMESPACE = "http://www.w3.org/2005/Atom"
ATOM = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
#: The two that XML 1.0 forbids beside what `plain` takes out.
FORBIDDEN = re.compile("[\ufffe\uffff]")


@dataclass(frozen=True, slots=True)
class Channel:
    """A feed: its name, its address, the page that it stands for, the language of its frame, the site's address."""

    title: str
    url: str
    page: str
    language: str
    site: str
    #: what stands before the title of a story that was taken back, or in which something was wrong
    withdrawn: str = "Withdrawn"
    corrected: str = "Corrected"

    @property
    def id(self) -> str:
        """What it is known by: its address, whatever language is asked for."""
        return self.url.partition("?")[0]


def atom(channel: Channel, stories: Iterable[Story], themes: Mapping[str, Theme]) -> tuple[bytes, datetime]:
    """The feed with these stories in this order, and when one of them last changed (UTC)."""
    entries = [_Entry.of(channel, story) for story in stories]
    updated = max((entry.updated for entry in entries), default=EARLIEST)
    feed = ATOM.feed(
        {XML_LANG: channel.language},
        ATOM.id(channel.id),
        ATOM.title(_clean(channel.title)),
        ATOM.updated(_instant(updated)),
        ATOM.author(ATOM.name(_clean(channel.title))),
        ATOM.generator("nkwatch"),
        ATOM.link(rel="self", type="application/atom+xml", href=channel.url),
        ATOM.link(rel="alternate", type="text/html", href=channel.page),
        *(_element(entry, channel, themes) for entry in entries),
    )
    return etree.tostring(feed, xml_declaration=True, encoding="utf-8"), updated


@dataclass(frozen=True, slots=True)
class _Entry:
    """A story with the report that leads for the feed's language."""

    story: Story
    lead: Report
    told: Said

    @classmethod
    def of(cls, channel: Channel, story: Story) -> "_Entry":
        lead = story.lead_in(channel.language)
        return cls(story, lead, said(lead.statement, SHORT, lead.by))

    @property
    def updated(self) -> datetime:
        """When it came to be what it is: became ready, its leading text was edited later, or an editor corrected it."""
        ready, said = self.story.ready_at, self.story.marks.correction
        return max(self.told.edited_at or ready, ready, said.at if said else ready).replace(microsecond=0)

    def title(self, channel: Channel) -> str:
        """The title, behind what an editor said of the story."""
        marks, title = self.story.marks, _clean(self.told.title)
        if not marks.correction:
            return title
        return f"[{channel.withdrawn if marks.withdrawn else channel.corrected}] {title}"

    def summary(self, channel: Channel) -> tuple[str, str]:
        """The language and the text of the summary: what was wrong goes before what was said."""
        correction = self.story.marks.correction
        if not correction:
            return self.told.language, _clean(self.told.excerpt)
        language, text = correction.told_in(channel.language)
        return language, f"{_clean(text)} ({_clean(correction.editor)})"


def _element(entry: _Entry, channel: Channel, themes: Mapping[str, Theme]) -> etree._Element:
    told, permanent = entry.told, f"{channel.site}/stories/{entry.story.id}"
    original = address(entry.lead.statement.url, trusted=entry.lead.link)
    # an empty one says that the language is not known; else it would be that of the feed
    tongue = {XML_LANG: told.language}
    known = [themes[code] for code in entry.story.themes if code in themes]
    spoken, summary = entry.summary(channel)
    element: etree._Element = ATOM.entry(
        ATOM.id(permanent),
        ATOM.title(tongue, entry.title(channel) or permanent),
        ATOM.author(ATOM.name(_by(told))),
        ATOM.link(rel="alternate", href=original.url if original.linked else permanent),
        ATOM.link(rel="related", type="text/html", href=permanent),
        ATOM.updated(_instant(entry.updated)),
        *([] if told.estimated else [ATOM.published(_instant(told.published))]),
        *(ATOM.category(term=t.code, label=_clean(t.name(channel.language))) for t in known),
        *([ATOM.summary({XML_LANG: spoken}, summary)] if summary else []),
    )
    return element


def _by(told: Said) -> str:
    """Whose words these are, and who passed them on."""
    names = (told.by.text, told.via.text if told.via else "")
    return " / ".join(name for name in map(_clean, names) if name) or "?"


def _instant(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _clean(text: str) -> str:
    return FORBIDDEN.sub("", plain(text))
