"""Reads a listing page by CSS selectors. Most North Korea NGOs have no feed: a page is a first-class source.

A page whose selectors catch nothing was redesigned or stands behind a wall: that is a failure, never silence.
"""

from urllib.parse import urljoin

from cssselect import SelectorError
from lxml import etree, html

from nkwatch.domain.source import Selectors, Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.decoding import decode
from nkwatch.feeds.documents import Document, Unreadable, address, entries_or, language_tag


def read_page(document: Document, source: Source) -> tuple[Entry, ...] | Unreadable:
    """The entries of a listing page, in the order of the page."""
    if source.selectors is None:
        return Unreadable("The source is a page, but the catalogue holds no selectors for it.")
    text = decode(document.body, document.content_type)
    if not text.strip():
        return Unreadable("The page is empty.")
    try:
        root = html.document_fromstring(text.encode(), parser=html.HTMLParser(encoding="utf-8"))
        entries = _entries(root, document.url, source, source.selectors)
    except SelectorError as error:
        return Unreadable(f"A selector of the catalogue is not valid: {error}.")
    except (etree.LxmlError, ValueError):
        return Unreadable("The page cannot be read as HTML.")
    return entries_or(
        "The selectors catch nothing on the page: it was redesigned, or shows something else today.", entries
    )


def _entries(root: html.HtmlElement, url: str, source: Source, selectors: Selectors) -> list[Entry]:
    base = urljoin(url, next((b.get("href") or "" for b in root.iter("base")), ""))
    language = language_tag(root.get("lang") or "")
    found = [_entry(item, base, source, selectors, language) for item in root.cssselect(selectors.item)]
    return [entry for entry in found if entry.title]


def _entry(item: html.HtmlElement, base: str, source: Source, selectors: Selectors, language: str) -> Entry:
    title = title_line(_markup(_first(item, selectors.title)))
    link = _first(item, selectors.link)
    date = _first(item, selectors.date)
    written = () if date is None else (date.get("datetime") or "", title_line(_markup(date)))
    return Entry(
        title=title,
        url="" if link is None else address(base, link.get("href") or ""),
        text=paragraphs(_markup(_first(item, selectors.teaser)), source.strip),
        published=published(source, f"{title} {language}", *written),
        language=language,
    )


def _first(item: html.HtmlElement, selector: str) -> html.HtmlElement | None:
    """The first element in `item` that fits, or `item` itself: often it is the link."""
    if not selector:
        return None
    return next(iter(item.cssselect(selector)), None)


def _markup(element: html.HtmlElement | None) -> str:
    return "" if element is None else etree.tostring(element, encoding="unicode", method="html", with_tail=False)
