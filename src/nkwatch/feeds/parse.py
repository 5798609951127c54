"""Reads feeds: RSS, Atom and RDF by feedparser, JSON Feed by `feeds.jsonfeed`, told apart by what is in them.

feedparser is handed UTF-8 without declaration and cleaned of what is known to hurt it; its dates are not used. All
of this may run long or grow large on hostile bytes: the daemon runs it in `feeds.workers`.
"""

import io
import re
import sys
from collections.abc import Iterator, Mapping
from datetime import timedelta
from itertools import islice
from typing import Any
from xml.sax import SAXException

import feedparser
from lxml import etree

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import (
    LONGEST_AUTHOR,
    MOST_ENTRIES,
    Document,
    Parsed,
    Unreadable,
    address,
    declares_entities,
    distinct,
    language_tag,
)
from nkwatch.feeds.embargo import held_until
from nkwatch.feeds.jsonfeed import read_json_feed
from nkwatch.feeds.kinds import DocumentKind
from nkwatch.net.decoding import FORBIDDEN, decode

#: All quantifiers are possessive, or end at the next mark: these look at hostile bytes.
DECLARATION = re.compile(r"<\?xml\b[^<>]*\?>", re.IGNORECASE)
PROLOG = re.compile(
    r"(?:\s++|<!--.*?-->|<\?.*?\?>|<!doctype\b[^<>\[]*+(?:\[[^\]]*+\]\s*+)?>)*+", re.IGNORECASE | re.DOTALL
)
WEB_PAGE = re.compile(r"<(?:html|head|body)\b", re.IGNORECASE)
WEB_DOCTYPE = re.compile(r"<!doctype\s++html\b", re.IGNORECASE)
PAGE_TITLE = re.compile(r"<title[^<>]*>([^<]{1,300})", re.IGNORECASE)
ROOT = re.compile(r"<((?:[\w.-]+:)?(?:rss|feed|rdf|channel))\b", re.IGNORECASE)
END_OF_ENTRY = re.compile(r"</(?:[\w.-]+:)?(?:item|entry)\s*>", re.IGNORECASE)
CHANNEL = re.compile(r"<(/?)((?:[\w.-]+:)?channel)\b", re.IGNORECASE)
AUTHOR_TAG = re.compile(
    r"<(/?)(?:[\w.-]+:)?(?:author|creator|contributor|managingEditor|owner|publisher|webMaster)\b[^<>]*>",
    re.IGNORECASE,
)
#: A character by its number. What no text may hold makes feedparser give up the feed, or comes out at the other end.
REFERENCE = re.compile(r"&#(?:x0*+([0-9a-f]*+)|0*+([0-9]*+))(?<=[0-9a-f]);?+", re.IGNORECASE)
#: Digits of the last character that there is, U+10FFFF.
MOST_DIGITS = 7
CHILD = re.compile(r"<[\w/]")
MARK = re.compile(r"<!\[CDATA\[|\]\]>|<[^<>]*>?")
#: feedparser looks for an address in an author in quadratic time (feedparser #562).
LONGEST_MARKED_UP = 2_000
#: How much of a document is looked at to see what it is (characters).
HEAD = 5_000
#: The options of such a source, with what they mean.
OPTIONS = {"base": "Where relative links start, when the feed lies on another host; else at its own address."}
TOMBSTONES = "http://purl.org/atompub/tombstones/1.0"
PERIODS = {
    "hourly": timedelta(hours=1),
    "daily": timedelta(days=1),
    "weekly": timedelta(days=7),
    "monthly": timedelta(days=30),
    "yearly": timedelta(days=365),
}
LONGEST_TTL = timedelta(days=1)


def read_feed(document: Document, source: Source) -> Parsed | Unreadable:
    """The entries of a feed: JSON Feed, or RSS, Atom and RDF, told apart by what is in it."""
    text = DECLARATION.sub("", decode(document.body, document.content_type), count=1).strip()
    if not text:
        return Unreadable("The answer is empty where a feed should be.")
    if text.startswith(("{", "[")):
        return read_json_feed(text, _base(document, source), source)
    if declares_entities(text):
        return Unreadable("The feed declares entities in a DOCTYPE, which is refused: they can hide a bomb.")
    prolog = PROLOG.match(text)
    start = prolog.end() if prolog else 0
    # a feed may stand behind the DOCTYPE of a web page
    if WEB_PAGE.match(text, start) or (WEB_DOCTYPE.search(text, 0, min(start, HEAD)) and not ROOT.match(text, start)):
        return _web_page(text)
    return _parsed(REFERENCE.sub(_permitted, text[start:]), _base(document, source), source)


def _web_page(text: str) -> Unreadable:
    title = PAGE_TITLE.search(text, 0, 10 * HEAD)
    named = f" titled “{title_line(title[1])[:80]}”" if title else ""
    return Unreadable(f"There is a web page{named} where a feed should be: look for the feed's new address.")


def _parsed(text: str, url: str, source: Source) -> Parsed | Unreadable:
    if len(END_OF_ENTRY.findall(text)) > MOST_ENTRIES:
        text = _whole(text)
    feed = _understood(text)
    if isinstance(feed, Unreadable):
        return feed
    partial = isinstance(feed.get("bozo_exception"), SAXException) and not _ends(text)
    if partial:
        feed = _understood(_whole(text))
        if isinstance(feed, Unreadable) or not feed.entries:
            return Unreadable("The feed is cut off before the end of its first entry.")
    entries = distinct(_entry(item, feed, url, source) for item in feed.entries)
    return Parsed(entries, ttl=_ttl(feed.feed), partial=partial, removed=_removed(text, entries))


def _understood(text: str) -> Any:
    """What feedparser makes of `text`, or that it is no feed."""
    if not ROOT.search(text):
        return _unknown(text)
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
    return feed if feed.version else _unknown(text)


def _unknown(text: str) -> Unreadable:
    return _web_page(text) if "<html" in text[:HEAD].lower() else Unreadable("This is no feed of a known kind.")


def _shortened(text: str) -> str:
    """`text` with what stands in overlong authors cut to plain text that ends in time."""
    pieces, place = [], 0
    opening: re.Match[str] | None = None
    for tag in AUTHOR_TAG.finditer(text):
        if opening and tag[1] and tag.start() - opening.end() > LONGEST_AUTHOR:
            inside = text[opening.end() : tag.start()]
            if len(inside) > LONGEST_MARKED_UP or not CHILD.search(inside):
                pieces += [text[place : opening.end()], MARK.sub(" ", inside)[:LONGEST_AUTHOR]]
                place = tag.start()
        opening = None if tag[1] else tag
    return "".join((*pieces, text[place:]))


def _ends(text: str) -> bool:
    """Whether the end of the feed came, if not all of it: that of the root, or of the channel that holds all in RSS."""
    root = ROOT.search(text)
    name, lower = root[1].lower() if root else "", text.lower()
    return not name or f"</{name}" in lower or (name == "rss" and "</channel" in lower)


def _whole(text: str) -> str:
    """The entries that came whole, as many as are read at most, with the ends of the feed set right."""
    ends = [match.end() for match in islice(END_OF_ENTRY.finditer(text), MOST_ENTRIES)]
    root = ROOT.search(text)
    kept = text[: ends[-1]] if ends else ""
    channels = list(CHANNEL.finditer(kept))
    end_of_channel = f"</{channels[-1][2]}>" if channels and not channels[-1][1] else ""
    return f"{kept}{end_of_channel}</{root[1]}>" if root else kept


def _ttl(feed: Mapping[str, Any]) -> timedelta:
    """How long the feed asks to be left alone: minutes (RSS 2.0), or so many times a period (RSS 1.0 syndication)."""
    minutes, often = (str(feed.get(name) or "").strip()[:9] for name in ("ttl", "sy_updatefrequency"))
    if minutes.isdecimal():
        return min(timedelta(minutes=int(minutes)), LONGEST_TTL)
    period = PERIODS.get(str(feed.get("sy_updateperiod") or "").strip().lower(), timedelta(0))
    return min(period / (int(often) if often.isdecimal() and int(often) else 1), LONGEST_TTL)


def _removed(text: str, entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """The ids of entries that an Atom feed says are deleted (RFC 6721), without those that it shows."""
    if TOMBSTONES not in text:
        return ()
    parser = etree.XMLParser(recover=True, resolve_entities=False, no_network=True)
    root = etree.fromstring(text.encode(), parser)
    stones = root.findall(f"{{{TOMBSTONES}}}deleted-entry") if root is not None else []
    shown = {entry.guid for entry in entries}
    ids = dict.fromkeys((stone.get("ref") or "").strip() for stone in stones[:MOST_ENTRIES])
    return tuple(guid for guid in ids if guid and guid not in shown)


def _entry(item: Mapping[str, Any], feed: Any, url: str, source: Source) -> Entry:
    atom = feed.version.startswith("atom")
    title = _plain(item.get("title_detail") or {"value": item.get("title", "")}, atom=atom)
    language = language_tag(_language(item) or str(item.get("language") or feed.feed.get("language") or ""))
    # "updated" last, and only if it is there: feedparser's own fallback warns
    dates = (str(item[key]) for key in ("published", "created", "updated") if key in item)
    texts = (
        paragraphs(part.get("value") or "", source.strip, plain=atom and part.get("type") == "text/plain")
        for part in _parts(item)
    )
    text, shown = max(texts, key=len, default=""), f"{title} {language}"
    when = published(source, shown, *dates)
    return Entry(
        title=title,
        url=address(url, _link(item)),
        text=text,
        guid=str(item.get("id") or "").strip(),
        published=when,
        author=_author(item),
        language=language,
        updated=published(source, shown, str(item["updated"]) if "updated" in item else ""),
        embargo=held_until(source, shown, title, text, when),
    )


def _permitted(reference: re.Match[str]) -> str:
    """A reference as it was written; nothing where it names what no text may hold (XML 1.0, 4.1)."""
    hexadecimal, decimal = reference.groups()
    digits = hexadecimal or decimal or "0"
    number = int(digits, 16 if hexadecimal else 10) if len(digits) <= MOST_DIGITS else sys.maxunicode + 1
    return "" if number > sys.maxunicode or FORBIDDEN.match(chr(number)) else reference[0]


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


def _base(document: Document, source: Source) -> str:
    """Where relative links start: at the document, unless it is served from a host that its links do not mean."""
    return source.options.get("base") or document.url


def problems(source: Source) -> list[str]:
    """What is wrong with the options of a feed: there is `base` only, where its relative links start."""
    unknown = sorted(source.options.keys() - OPTIONS.keys())
    base = source.options.get("base", "https://")
    said = [f"a feed has no option {name!r}; there is base" for name in unknown]
    return said if base.startswith(("https://", "http://")) else [*said, f"base is no web address: {base!r}"]


FEED = DocumentKind(
    "feed",
    accept="application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, "
    "application/json;q=0.8, */*;q=0.1",
    read=read_feed,
    robots=False,
    problems=problems,
)
