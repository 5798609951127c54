"""Subscription lists (OPML 1.0 and 2.0, opml.org/spec2.opml): from other feed readers, and for them.

listparser reads them as HTML: entities that a list declares stay as they are written, and nothing is fetched.
"""

import re
from codecs import BOM_UTF8
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import listparser
from lxml import etree

from nkwatch.domain.identity import normalised_address
from nkwatch.domain.source import Source

FEED = "feed"
#: A list of 2,000 feeds has about half a megabyte (characters).
LARGEST = 2_000_000
#: More feeds than anybody reads; one process polls some thousands.
MOST_FEEDS = 5_000
#: Folders within folders: a hostile list grows with the square of its depth.
DEEPEST = 100
LONGEST_ADDRESS = 2_000
LONGEST_TITLE = 200
#: What XML 1.0 cannot hold (production 2).
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Feed:
    """A feed of a subscription list: its address, its title on one line, and the folders that it lies in."""

    url: str
    title: str = ""
    folders: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """An outline that is not taken, and why."""

    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """What a list holds. `problem` says why nothing of it is used; it is empty where all is well."""

    feeds: tuple[Feed, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    problem: str = ""


def read_opml(text: str) -> Subscriptions:
    """The feeds of a subscription list, each address once. What is no list, or a hostile one, is a `problem`."""
    if problem := _refused(text):
        return Subscriptions(problem=problem)
    # never a string: listparser would fetch one that begins with http
    found = listparser.parse(_bytes(text))
    if not found.version.startswith("opml"):
        return Subscriptions(problem="This is no OPML subscription list.")
    feeds: dict[str, Feed] = {}
    skipped = [Skipped(_short(link.url), "It is a link or another list, not a feed.") for link in found.lists]
    for outline in found.feeds:
        reason = _unusable(outline.url, feeds)
        if reason:
            skipped.append(Skipped(_short(outline.url), reason))
            continue
        folders = tuple(_line(name) for name in next(iter(outline.categories), ()) if name.strip())
        feeds[normalised_address(outline.url)] = Feed(outline.url, _line(outline.title), folders)
    return Subscriptions(tuple(feeds.values()), tuple(skipped))


def write_opml(sources: Iterable[Source], title: str) -> bytes:
    """These sources as OPML 2.0 in UTF-8.

    What a feed reader cannot read (pages, sitemaps) stands there as a link; what is not on the web is left out.
    """
    root = etree.Element("opml", version="2.0")
    etree.SubElement(etree.SubElement(root, "head"), "title").text = _line(title)
    body = etree.SubElement(root, "body")
    for source in sources:
        if on_the_web(source.url):
            etree.SubElement(body, "outline", _outline(source))
    return etree.tostring(root, encoding="utf-8", xml_declaration=True, pretty_print=True)


def on_the_web(url: str) -> bool:
    """Whether `url` is an http or https address that names a host."""
    try:
        parts = urlsplit(url)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _outline(source: Source) -> dict[str, str]:
    name = _line(source.publisher) or source.id
    if source.kind != FEED:
        return {"text": name, "type": "link", "url": _written(source.url)}
    optional = {"htmlUrl": _written(source.homepage), "language": ",".join(source.languages[:1])}
    return {"text": name, "title": name, "type": "rss", "xmlUrl": _written(source.url)} | {
        attribute: value for attribute, value in optional.items() if value
    }


def _refused(text: str) -> str:
    if len(text) > LARGEST:
        return f"The list has more than {LARGEST:,} characters; split it."
    if "<!entity" in text.lower():
        return "The list declares entities, which no subscription list needs: they can hide a bomb."
    if _depth(text) > DEEPEST:
        return f"The list has folders within folders, more than {DEEPEST} deep."
    return ""


def _depth(text: str) -> int:
    counted = _Depth()
    target: Any = counted
    etree.fromstring(_bytes(text), etree.HTMLParser(target=target))
    return counted.deepest


class _Depth:
    """Counts how deep outlines lie in outlines, as listparser will meet them."""

    def __init__(self) -> None:
        self.depth = self.deepest = 0

    def start(self, tag: str, _attributes: object) -> None:
        self.depth += tag == "outline"
        self.deepest = max(self.deepest, self.depth)

    def end(self, tag: str) -> None:
        self.depth -= tag == "outline"

    def close(self) -> None:
        """Called by the parser at the end."""


def _bytes(text: str) -> bytes:
    """The mark at the front keeps the parser from guessing the encoding."""
    return BOM_UTF8 + text.encode("utf-8", "replace")


def _unusable(url: str, feeds: dict[str, Feed]) -> str:
    """Why a feed of this address is not taken; empty when it is."""
    if not on_the_web(url) or len(url) > LONGEST_ADDRESS or any(c.isspace() for c in url):
        return "Its address is none of a page on the web (http or https)."
    if "@" in urlsplit(url).netloc:
        return "Its address holds a user name or password; they are never sent."
    if normalised_address(url) in feeds:
        return "It stands in the list twice."
    return f"The list holds more than {MOST_FEEDS} feeds." if len(feeds) >= MOST_FEEDS else ""


def _line(text: str) -> str:
    return " ".join(FORBIDDEN.sub("", text).split())[:LONGEST_TITLE].rstrip()


def _written(url: str) -> str:
    return FORBIDDEN.sub("", url.strip())


def _short(url: str) -> str:
    return FORBIDDEN.sub("", url)[:LONGEST_TITLE]
