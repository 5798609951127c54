"""A *statement* is one published text of a source. What a source shows of it is an *entry*, its page an *article*."""

import base64
import hashlib
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from urllib.parse import urlsplit, urlunsplit

from nkwatch.domain.timeline import ahead

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
#: A statement waits so long for its page before it is read without.
ARTICLE_WAIT = timedelta(minutes=15)
#: Clocks of publishers run fast, zones are misdeclared; more than a day ahead is a mistake.
LATEST_AHEAD = timedelta(days=1)
#: An embargo that ends later than this was misread: it must not bury a statement.
LONGEST_EMBARGO = timedelta(days=31)
#: A text that changes with every poll holds a counter or an advert, and is not followed for ever (FreshRSS #3571).
MOST_REVISIONS = 50
#: Parameters that say how a reader came to a page, never which page it is.
TRACKING = re.compile(r"utm_\w+|at_(medium|campaign)|fbclid|gclid|mc_[ce]id|ito|ns_\w+|cmpid", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as a source shows it. `text` is plain text, paragraphs separated by an empty line.

    `embargo` is the instant (UTC) before which the text says that it must not be published.
    """

    title: str
    url: str = ""
    text: str = ""
    guid: str = ""
    published: datetime | None = None
    author: str = ""
    language: str = ""
    updated: datetime | None = None
    embargo: datetime | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """What the page of a statement says. `text` is plain text, paragraphs separated by an empty line."""

    title: str
    text: str
    published: datetime | None = None
    author: str = ""
    language: str = ""
    embargo: datetime | None = None


class Presence(StrEnum):
    """Whether a statement is still shown by its source, and what an editor said where it is not."""

    SHOWN = "shown"
    #: its source deleted it; hidden until an editor decides
    MISSING = "missing"
    #: deleted by its source, and shown all the same
    KEPT = "kept"
    #: deleted by its source, and hidden for good
    HIDDEN = "hidden"
    #: taken out by an editor: nothing of it is left but its id, source and dates
    REDACTED = "redacted"


@dataclass(frozen=True, slots=True)
class Statement:
    """One published text. `backlog` marks what the first ingest of its source brought: old news by definition.

    `text` is what is read; where it comes from the statement's page, `teaser` is what its source shows. Before
    `read_from` it is not read: it is under embargo, or its page is still to come. `embargo` is kept when it is over.
    """

    id: str
    source_id: str
    publisher: str
    title: str
    url: str
    text: str
    language: str
    author: str
    published: datetime
    published_estimated: bool
    first_seen: datetime
    backlog: bool = False
    revision: int = 1
    edited_at: datetime | None = None
    teaser: str = ""
    embargo: datetime | None = None
    read_from: datetime = EARLIEST
    presence: Presence = Presence.SHOWN

    @property
    def shown(self) -> str:
        """The text as the source shows it."""
        return self.teaser or self.text

    @property
    def content(self) -> str:
        """A hash of what readers see: title and text with white space collapsed, never the raw HTML."""
        return _content(self.title, self.text)

    def public(self, now: datetime) -> bool:
        """Whether it may be shown: neither deleted by its source, nor under an embargo that still binds."""
        bound = self.embargo is not None and self.embargo > now
        return self.presence in {Presence.SHOWN, Presence.KEPT} and not bound

    def after(self, entry: Entry, now: datetime) -> "Statement":
        """This statement after its source showed `entry` for it: unchanged, or its next revision."""
        if self.presence is Presence.REDACTED:
            return self
        title = entry.title or self.title
        shown = self.shown if cut(entry.text, self.shown) or cut(entry.text, self.text) else entry.text
        if _content(title, shown) == _content(self.title, self.shown) or self.revision >= MOST_REVISIONS:
            return self
        revised = replace(self, title=title, revision=self.revision + 1, edited_at=now)
        revised = replace(revised, teaser=shown) if self.teaser else replace(revised, text=shown)
        return revised.under(entry.embargo, now)

    def completed(self, article: Article, now: datetime) -> "Statement":
        """This statement with what its page says, where that is more than its source shows."""
        if self.presence is Presence.REDACTED:
            return self
        fuller = len(article.text) > len(self.shown)
        dated = self.published_estimated and plausible(article.published, now)
        title = self.title or article.title
        complete = replace(
            self.freed(),
            title=title,
            text=article.text if fuller else self.text,
            # a list that shows titles only: a text that it shows one day must not take the place of the article
            teaser=(self.shown or title) if fuller else self.teaser,
            author=self.author or article.author,
            language=self.language or article.language,
            published=article.published if dated and article.published else self.published,
            published_estimated=self.published_estimated and not dated,
        )
        return complete.under(article.embargo, now)

    def freed(self) -> "Statement":
        """This statement when it waits for its page no longer: it may be read once no embargo forbids it."""
        return replace(self, read_from=self.embargo or EARLIEST)

    def overlong(self, now: datetime) -> bool:
        """Whether it waits for its page longer than any does: it was seen by a clock that was ahead."""
        return ahead(self.read_from, max(self.embargo or EARLIEST, now + ARTICLE_WAIT))

    def under(self, embargo: datetime | None, now: datetime) -> "Statement":
        """This statement under an embargo, if there is one: it is not read before, so nothing goes out before."""
        if embargo is None or embargo > now + LONGEST_EMBARGO:
            return self
        latest = max(embargo, self.embargo or embargo)
        return replace(self, embargo=latest, read_from=max(self.read_from, latest))


def plausible(published: datetime | None, now: datetime) -> bool:
    """Whether this can be the date of a statement: neither before 1990 nor more than a day ahead."""
    return published is not None and EARLIEST <= published <= now + LATEST_AHEAD


def without_tracking(url: str) -> str:
    """The address as readers get it: without what would tell its publisher which feed they read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    pairs = [pair for pair in parts.query.split("&") if not TRACKING.fullmatch(pair.partition("=")[0])]
    return urlunsplit(parts._replace(query="&".join(pairs)))


def cut(text: str, whole: str) -> bool:
    """Whether `text` is no more than the beginning of `whole`: the same text in a feed that shows less of it."""
    return " ".join(whole.split()).startswith(" ".join(text.split()).rstrip(" .…[]"))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the statements of one poll come from; `backlog` is true for the first ingest of a source."""

    source_id: str
    publisher: str
    language: str
    backlog: bool

    def statement(self, entry: Entry, key: str, now: datetime) -> Statement:
        """A statement first seen at `now`; a missing or impossible date becomes that, marked as estimated."""
        dated = plausible(entry.published, now)
        fresh = Statement(
            id=digest(f"{self.publisher}\0{key}"),
            source_id=self.source_id,
            publisher=self.publisher,
            title=entry.title,
            url=without_tracking(entry.url),
            text=entry.text,
            language=entry.language or self.language,
            author=entry.author,
            published=entry.published if entry.published and dated else now,
            published_estimated=not dated,
            first_seen=now,
            backlog=self.backlog,
        )
        return fresh.under(entry.embargo, now)


def digest(text: str) -> str:
    """80 bits in lower-case base32: short enough for an address, never equal by chance."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()


def _content(title: str, text: str) -> str:
    return hashlib.sha256(" ".join(f"{title} {text}".split()).encode()).hexdigest()
