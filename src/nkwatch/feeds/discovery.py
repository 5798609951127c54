"""Looks for the feed of a site: in a page's own words, in robots.txt, in the usual places. Pure; nothing is asked here.

Where there is none, `feeds.listings` proposes how the page itself might be read.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from lxml import html

from nkwatch.domain.identity import normalised_address
from nkwatch.domain.source import host_of
from nkwatch.feeds.cleaning import title_line
from nkwatch.feeds.documents import Document, Unreadable, address, language_tag
from nkwatch.feeds.listings import page

FEED, SITEMAP = "feed", "sitemap"
#: Media types by which pages name their feeds (RFC 4287, 7; jsonfeed.org; the others by custom).
FEED_TYPES = re.compile(r"application/(?:rss|atom|rdf|feed)\+(?:xml|json)|application/json|text/xml")
#: In the text or address of a link to a feed.
SPEAKS_OF_FEEDS = re.compile(r"\b(?:rss|atom|feeds?)\b|\.rss\b|[/_-](?:rss|atom|feeds?)(?=[/_.?-]|\d|$)", re.IGNORECASE)
#: A link that speaks of feeds and leads to something else: services that read them, and pages on what they are.
NO_FEED = re.compile(
    r"feedly\.com|add\.my\.yahoo|inoreader\.com|newsblur\.com|feedback|wikipedia\.org|#|\.(?:png|gif|svg)$"
)
COMMENTS = re.compile(r"comments?\b|댓글|コメント|commentaires", re.IGNORECASE)
SITEMAP_LINE = re.compile(r"^\s*sitemap\s*:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
#: What systems for websites serve without saying so, and what that of many Korean newspapers serves.
USUAL_PLACES = ("/feed/", "/rss.xml", "/rss", "/feed.xml", "/atom.xml", "/index.xml")
USUAL_IN_KOREA = "/rss/allArticle.xml"
MOST_CANDIDATES = 20
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class Candidate:
    """An address where a feed may be: its name, its kind (feed or sitemap), and how it was found, in words."""

    url: str
    name: str = ""
    kind: str = FEED
    found: str = ""

    @property
    def comments(self) -> bool:
        """Whether it rather holds what readers say below the articles."""
        return bool(COMMENTS.search(f"{self.name} {urlsplit(self.url).path}"))


@dataclass(frozen=True, slots=True)
class Seen:
    """What a page says of itself: its name, its language, its feeds."""

    name: str = ""
    language: str = ""
    candidates: tuple[Candidate, ...] = ()


def look(document: Document) -> Seen | Unreadable:
    """What there is to see on a page. It may be hostile: run this in a worker process."""
    root = page(document)
    if isinstance(root, Unreadable):
        return root
    base = address(document.url, next((b.get("href") or "" for b in root.iter("base")), "")) or document.url
    found = distinct((*_named(root, base), *_linked(root, base)))
    return Seen(_name(root), language_tag(root.get("lang") or ""), found)


def from_robots(robots: str, url: str) -> tuple[Candidate, ...]:
    """The news sitemaps that a robots.txt names (sitemaps.org, "Submitting your Sitemap via robots.txt")."""
    named = (address(url, line) for line in SITEMAP_LINE.findall(robots))
    return distinct(
        Candidate(u, kind=SITEMAP, found="named in robots.txt") for u in named if "news" in urlsplit(u).path
    )


def usual_places(url: str, language: str = "") -> tuple[Candidate, ...]:
    """Where a feed of the site at `url` may be, though nothing says so; likely places first."""
    korean = language.startswith("ko") or host_of(url).endswith(".kr")
    places = (USUAL_IN_KOREA, *USUAL_PLACES) if korean else (*USUAL_PLACES, USUAL_IN_KOREA)
    return tuple(Candidate(urljoin(url, path), found="in a usual place") for path in places)


def distinct(candidates: Iterable[Candidate]) -> tuple[Candidate, ...]:
    """Each address once, those of comments last."""
    once: dict[str, Candidate] = {}
    for candidate in candidates:
        if candidate.url:
            once.setdefault(normalised_address(candidate.url), candidate)
    return tuple(sorted(once.values(), key=lambda c: c.comments)[:MOST_CANDIDATES])


def _named(root: html.HtmlElement, base: str) -> Iterator[Candidate]:
    """Feeds in the head of a page (the "alternate" links of HTML 4.6.7.1)."""
    for link in root.iter("link"):
        kind = (link.get("type") or "").lower().strip()
        if "alternate" in (link.get("rel") or "").lower().split() and FEED_TYPES.match(kind):
            if kind == "application/json" and "wp-json" in (link.get("href") or ""):
                continue  # the programming interface of WordPress, on nearly every page of it
            yield Candidate(
                address(base, link.get("href") or ""), _short(link.get("title") or ""), found="named by the page"
            )


def _linked(root: html.HtmlElement, base: str) -> Iterator[Candidate]:
    for link in root.iter("a"):
        href, words = link.get("href") or "", _short(link.text_content())
        told = f"{words} {link.get('title') or ''} {link.get('type') or ''}"
        path = urlsplit(address(base, href)).path
        if (SPEAKS_OF_FEEDS.search(told) or SPEAKS_OF_FEEDS.search(path)) and not NO_FEED.search(href):
            yield Candidate(address(base, href), words, found="linked on the page")


def _name(root: html.HtmlElement) -> str:
    """The name of the site, or else the title of the page."""
    for meta in root.iter("meta"):
        if (meta.get("property") or "").lower() == "og:site_name" and (meta.get("content") or "").strip():
            return _short(meta.get("content") or "")
    return _short(next((t.text_content() for t in root.iter("title")), ""))


def _short(text: str) -> str:
    return title_line(text, plain=True)[:LONGEST_NAME].rstrip()
