"""A *statement* is one published text of a source. What a source shows at one poll is an *entry*.

The same statement may be shown again re-dated, re-ordered, with another guid or under http instead of https:
it is known by any of several keys (facts: section 5 of the feeds notes; Miniflux #797, FreshRSS #3255).
"""

import base64
import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

EARLIEST = datetime(1990, 1, 1, tzinfo=UTC)
#: Clocks of publishers run fast, zones are misdeclared; more than a day ahead is a mistake.
LATEST_AHEAD = timedelta(days=1)
#: Parameters that say how a reader came to a page, never which page it is.
TRACKING = re.compile(r"utm_\w+|at_(medium|campaign)|fbclid|gclid|mc_[ce]id|ito|ns_\w+|cmpid", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One item as a source shows it. `text` is plain text, paragraphs separated by an empty line."""

    title: str
    url: str = ""
    text: str = ""
    guid: str = ""
    published: datetime | None = None
    author: str = ""
    language: str = ""
    updated: datetime | None = None


@dataclass(frozen=True, slots=True)
class Statement:
    """One published text. `backlog` marks what the first ingest of its source brought: old news by definition."""

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

    @property
    def content(self) -> str:
        """A hash of what readers see: title and text with white space collapsed, never the raw HTML."""
        return hashlib.sha256(" ".join(f"{self.title} {self.text}".split()).encode()).hexdigest()

    def after(self, entry: Entry, now: datetime) -> "Statement":
        """This statement after its source showed `entry` for it: unchanged, or its next revision."""
        text = self.text if _cut(entry.text, self.text) else entry.text
        edited = replace(self, title=entry.title or self.title, text=text)
        if edited.content == self.content:
            return self
        return replace(edited, revision=self.revision + 1, edited_at=now)


@dataclass(frozen=True, slots=True)
class Known:
    """A statement under one of its keys, as the store knows it."""

    statement: Statement
    keys: frozenset[str]


@dataclass(frozen=True, slots=True)
class Sifted:
    """What one poll of a source means: statements to add, with their keys, and statements that were edited."""

    new: tuple[Known, ...] = ()
    edited: tuple[Statement, ...] = ()
    #: keys under which statements that we know were shown for the first time
    further_keys: tuple[tuple[str, str], ...] = ()


def without_tracking(url: str) -> str:
    """The address as readers get it: without what would tell its publisher which feed they read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    pairs = [pair for pair in parts.query.split("&") if not TRACKING.fullmatch(pair.partition("=")[0])]
    return urlunsplit(parts._replace(query="&".join(pairs)))


def _cut(text: str, whole: str) -> bool:
    """Whether `text` is no more than the beginning of `whole`: the same text in a feed that shows less of it."""
    return whole.startswith(text.rstrip(" .…"))


def normalised_address(url: str) -> str:
    """The address without scheme, fragment, tracking parameters, ``www.`` and final slash.

    What cannot be taken apart (it comes from outside) stays as it is.
    """
    try:
        parts = urlsplit(url.strip())
        port = f":{parts.port}" if parts.port not in {None, 80, 443} else ""
        pairs = parse_qsl(parts.query, keep_blank_values=True)
    except ValueError:
        return url.strip()
    query = urlencode(sorted((name, value) for name, value in pairs if not TRACKING.fullmatch(name)))
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}{port}{parts.path.rstrip('/')}{'?' + query if query else ''}"


def identity_keys(entry: Entry, shared: frozenset[str] = frozenset()) -> tuple[str, ...]:
    """The keys that `entry` is known by, strongest first; those in `shared` (shown by several entries) are none.

    A date alone is no key: one of the founding pages holds two statements of the same day.
    """
    keys = []
    if entry.guid:
        keys.append(f"guid:{entry.guid.strip()}")
    if entry.url:
        keys.append(f"url:{normalised_address(entry.url)}")
    words = " ".join(entry.title.casefold().split())
    if words and entry.published:
        keys.append(f"title:{words}|{entry.published:%Y-%m-%d}")
    usable = tuple(k for k in keys if k not in shared)
    return usable or (f"text:{_digest(f'{entry.title} {entry.text}')}",)


Identified = tuple[tuple[Entry, tuple[str, ...]], ...]
"""Entries with the keys that they are known by."""


def identify(entries: Iterable[Entry]) -> Identified:
    """The entries of one document with the keys that tell them apart.

    A key that entries with different guids, addresses or titles carry tells none of them apart. The same entry shown
    twice is one.
    """
    distinct = {(e.guid, e.url, e.title, "" if e.guid or e.url else e.text): e for e in entries}
    raw = [(entry, identity_keys(entry)) for entry in distinct.values()]
    counts = Counter(key for _, keys in raw for key in set(keys))
    shared = frozenset(key for key, n in counts.items() if n > 1)
    return tuple((e, identity_keys(e, shared) if shared.intersection(keys) else keys) for e, keys in raw)


def sift(identified: Identified, known: Mapping[str, Statement], origin: "Origin", now: datetime) -> Sifted:
    """Tell new entries from statements already known (`known` maps a key to its statement), and edits from both."""
    new: dict[str, Known] = {}
    edited: dict[str, Statement] = {}
    further: list[tuple[str, str]] = []
    for entry, keys in identified:
        seen = next((known[k] for k in keys if k in known), None)
        if seen is None:
            fresh = origin.statement(entry, keys, now)
            new.setdefault(fresh.id, Known(fresh, frozenset(keys)))
        else:
            further += [(k, seen.id) for k in keys if k not in known]
            changed = seen.after(entry, now)
            if changed is not seen:
                edited[seen.id] = changed
    return Sifted(tuple(new.values()), tuple(edited.values()), tuple(further))


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the statements of one poll come from; `backlog` is true for the first ingest of a source."""

    source_id: str
    publisher: str
    language: str
    backlog: bool

    def statement(self, entry: Entry, keys: tuple[str, ...], now: datetime) -> Statement:
        """A statement first seen at `now`; a missing or impossible date becomes that, marked as estimated."""
        plausible = entry.published is not None and EARLIEST <= entry.published <= now + LATEST_AHEAD
        return Statement(
            id=_digest(f"{self.publisher}\0{keys[0]}"),
            source_id=self.source_id,
            publisher=self.publisher,
            title=entry.title,
            url=without_tracking(entry.url),
            text=entry.text,
            language=entry.language or self.language,
            author=entry.author,
            published=entry.published if entry.published and plausible else now,
            published_estimated=not plausible,
            first_seen=now,
            backlog=self.backlog,
        )


def _digest(text: str) -> str:
    """80 bits in lower-case base32: short enough for an address, never equal by chance."""
    return base64.b32encode(hashlib.sha256(text.encode()).digest()[:10]).decode().lower()
