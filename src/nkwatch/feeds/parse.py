"""Documents into entries: chooses the reader by kind of source, and reads RSS, Atom and RDF by feedparser.

feedparser is handed UTF-8 with the declaration rewritten and cleaned of what is known to hurt it; its dates are
not used. All of this may run long or grow large on hostile bytes: the daemon runs it in `feeds.workers`.
"""

import io
import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.sax import SAXException

import feedparser

from nkwatch.domain.source import Kind, Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.decoding import decode
from nkwatch.feeds.documents import Document, Reader, Unreadable, address, entries_or, language_tag
from nkwatch.feeds.jsonfeed import read_json_feed
from nkwatch.feeds.pages import read_page

DECLARATION = re.compile(r"\s*<\?xml\b[^>]*\?>", re.IGNORECASE)
WEB_PAGE = re.compile(r"\s*(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body)\b", re.IGNORECASE | re.DOTALL)
PAGE_TITLE = re.compile(r"<title[^>]*>([^<]{1,300})", re.IGNORECASE)
END_OF_ROOT = re.compile(r"</(?:[\w.-]+:)?(?:rss|feed|rdf|channel)\s*>", re.IGNORECASE)
#: feedparser looks for an address in an author in quadratic time (feedparser #562).
LONG_AUTHOR = re.compile(
    r"(<(?:[\w.-]+:)?(?:author|creator|contributor|managingEditor|owner|publisher|webMaster)\b[^<>]*>"
    r"\s*(?:<!\[CDATA\[)?[^<\]]{500})[^<\]]+",
    re.IGNORECASE,
)
LONGEST_AUTHOR = 200
#: How much of a document is looked at to see what it is (characters).
HEAD = 5_000


def read(document: Document, source: Source) -> tuple[Entry, ...] | Unreadable:
    """The entries of `document`, read as the kind of its source asks."""
    return READERS[source.kind](document, source)


def read_feed(document: Document, source: Source) -> tuple[Entry, ...] | Unreadable:
    """The entries of a feed: JSON Feed, or RSS, Atom and RDF, told apart by what is in it."""
    text = DECLARATION.sub("", decode(document.body, document.content_type), count=1).strip()
    if not text:
        return Unreadable("The answer is empty where a feed should be.")
    if text.startswith(("{", "[")):
        return read_json_feed(text, document.url, source)
    if _declares_entities(text):
        return Unreadable("The feed declares entities in a DOCTYPE, which is refused: they can hide a bomb.")
    if WEB_PAGE.match(text[:HEAD]):
        return _web_page(text)
    return _parsed(text, document.url, source)


def _declares_entities(text: str) -> bool:
    """Whether a DOCTYPE may do so: one of 448 bytes grew to 3,000,000 characters, and feedparser was content."""
    lower = text.lower()
    doctype = lower.find("<!doctype")
    return doctype >= 0 and lower.find("<!entity", doctype) >= 0


def _shortened(text: str) -> str:
    return LONG_AUTHOR.sub(r"\1", text)


def _web_page(text: str) -> Unreadable:
    title = PAGE_TITLE.search(text)
    named = f" titled “{title_line(title[1])[:80]}”" if title else ""
    return Unreadable(f"There is a web page{named} where a feed should be: look for the feed's new address.")


def _parsed(text: str, url: str, source: Source) -> tuple[Entry, ...] | Unreadable:
    body = f'<?xml version="1.0" encoding="utf-8"?>\n{_shortened(text)}'.encode()
    # without a base: feedparser would make an address of every guid; links are made absolute below
    headers = {"content-type": "application/xml; charset=utf-8"}
    try:
        # as a stream: feedparser takes bytes and strings for names of files or addresses first
        feed = feedparser.parse(
            io.BytesIO(body), response_headers=headers, sanitize_html=False, resolve_relative_uris=False
        )
    except Exception as error:  # noqa: BLE001  on hostile bytes it may raise anything
        return Unreadable(f"The feed cannot be parsed ({type(error).__name__}).")
    if not feed.version:
        return _web_page(text) if "<html" in text[:HEAD].lower() else Unreadable("This is no feed of a known kind.")
    if isinstance(feed.get("bozo_exception"), SAXException) and not END_OF_ROOT.search(text):
        return Unreadable("The feed is cut off before its end; it is read as soon as it comes whole.")
    entries = (_entry(item, feed, url, source) for item in feed.entries)
    return entries_or("The feed has no entries.", entries)


def _entry(item: Mapping[str, Any], feed: Any, url: str, source: Source) -> Entry:
    atom = feed.version.startswith("atom")
    title = _plain(item.get("title_detail") or {"value": item.get("title", "")}, atom=atom)
    language = language_tag(_language(item) or str(feed.feed.get("language") or ""))
    # "updated" last, and only if it is there: feedparser's own fallback warns
    dates = (str(item[key]) for key in ("published", "created", "updated") if key in item)
    texts = (
        paragraphs(part.get("value") or "", source.strip, plain=atom and part.get("type") == "text/plain")
        for part in _parts(item)
    )
    return Entry(
        title=title,
        url=address(url, _link(item)),
        text=max(texts, key=len, default=""),
        guid=str(item.get("id") or "").strip(),
        published=published(source, f"{title} {language}", *dates),
        author=_author(item),
        language=language,
        updated=published(source, f"{title} {language}", str(item["updated"]) if "updated" in item else ""),
    )


def _plain(detail: Mapping[str, Any], *, atom: bool) -> str:
    return title_line(detail.get("value") or "", plain=atom and detail.get("type") == "text/plain")


def _parts(item: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from item.get("content") or ()
    if "summary" in item:
        yield item.get("summary_detail") or {"value": item["summary"]}


def _language(item: Mapping[str, Any]) -> str:
    details = (*_parts(item), item.get("title_detail") or {})
    return next((str(d["language"]) for d in details if d.get("language")), "")


def _link(item: Mapping[str, Any]) -> str:
    """The alternate link, else the first that is no enclosure."""
    links = [link for link in item.get("links") or () if link.get("href")]
    ordered = sorted(links, key=lambda link: link.get("rel") != "alternate")
    first = next((link["href"] for link in ordered if link.get("rel") != "enclosure"), "")
    return str(item.get("link") or first)


def _author(item: Mapping[str, Any]) -> str:
    """Names only: mail addresses of authors are nobody's business here."""
    names = (title_line(str(author.get("name") or "")) for author in item.get("authors") or ())
    return ", ".join(name for name in names if name and "@" not in name)[:LONGEST_AUTHOR]


READERS: Mapping[Kind, Reader] = {Kind.FEED: read_feed, Kind.PAGE: read_page}
