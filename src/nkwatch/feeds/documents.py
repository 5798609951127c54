"""What goes into a reader and what comes out of it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from urllib.parse import urljoin, urlsplit

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry

#: What one document may bring: a feed holds dozens of entries, a hostile one as many as fit into its bytes.
MOST_ENTRIES = 5_000
#: Code points of one text; the longest UN reports stay below.
LONGEST_TEXT = 500_000
LONGEST_AUTHOR = 200
TAG = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}")


@dataclass(frozen=True, slots=True)
class Document:
    """The bytes that `url` (after redirects) answered, and the value of their Content-Type header."""

    body: bytes
    url: str = ""
    content_type: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Why there are no entries; one sentence for the operator."""

    reason: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a document shows. `ttl` is how long it asks to be left alone, `removed` the guids that it says are deleted.

    `partial` says that it is cut off: what came before is here, and the rest must be fetched again.
    """

    entries: tuple[Entry, ...]
    ttl: timedelta = timedelta(0)
    partial: bool = False
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The document is an index: the entries are in the one at `url`."""

    url: str


Read = Parsed | Elsewhere | Unreadable
Reader = Callable[[Document, Source], Read]
"""Reads a document of one kind of source. Pure: no clock, no network, no files. Importable by name."""


def address(base: str, link: str) -> str:
    """`link` as an absolute http or https URL, or empty when it is none."""
    try:
        absolute = urljoin(base, "".join(link.split()))
        parts = urlsplit(absolute)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return ""
    return absolute if usable and link.strip() else ""


def declares_entities(text: str) -> bool:
    """Whether a DOCTYPE may do so: one of 448 bytes grew to 3,000,000 characters, and feedparser was content."""
    lower = text.lower()
    doctype = lower.find("<!doctype")
    return doctype >= 0 and lower.find("<!entity", doctype) >= 0


def language_tag(text: str) -> str:
    """`text` as a language tag in lower case (RFC 5646), or empty when it is none."""
    tag = text.strip().replace("_", "-").lower()
    return tag if TAG.fullmatch(tag) else ""


def distinct(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries without exact repetitions and empty ones."""
    told = (e for e in islice(entries, MOST_ENTRIES) if e.title or e.url or e.text)
    return tuple(dict.fromkeys(told))
