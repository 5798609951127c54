"""Reads a listing page by CSS selectors. Most North Korea NGOs have no feed: a page is a first-class source.

A page whose selectors catch nothing was redesigned or stands behind a wall: that is a failure, never silence.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import cast
from urllib.parse import urljoin

from cssselect import SelectorError
from lxml import etree, html
from lxml.cssselect import CSSSelector

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import Document, Parsed, Unreadable, address, distinct, language_tag
from nkwatch.feeds.embargo import held_until
from nkwatch.feeds.kinds import DocumentKind
from nkwatch.net.decoding import decode

#: The options of such a source, each a selector, with what it selects; and those that must be there.
OPTIONS = {
    "item": "CSS selector of each item of the list; needed.",
    "title": "CSS selector of the title in an item; needed.",
    "link": "CSS selector of the link in an item; else the first one, or the item itself.",
    "date": "CSS selector of the date in an item.",
    "teaser": "CSS selector of the first sentences in an item.",
}
NEEDED = {"item": "each item of the list", "title": "the title in an item"}

#: The link where the catalogue says nothing of it: the first in the item, or the item itself.
LINK = "a[href]"


def read_page(document: Document, source: Source) -> Parsed | Unreadable:
    """The entries of a listing page, in the order of the page."""
    if wrong := next(problems(source), ""):
        return Unreadable(wrong)
    text = decode(document.body, document.content_type)
    if not text.strip():
        return Unreadable("The page is empty.")
    try:
        parser = html.HTMLParser(encoding="utf-8", huge_tree=True)
        root = html.document_fromstring(text.encode(), parser=parser)
        entries = distinct(_entries(root, document.url, source))
    except (etree.LxmlError, ValueError):
        return Unreadable("The page cannot be read as HTML.")
    if not entries:
        return Unreadable("The selectors catch nothing on the page: it was redesigned, or shows something else today.")
    return Parsed(entries)


def problems(source: Source) -> Iterator[str]:
    """What is wrong with the selectors of `source`; sentences for the operator."""
    for name in source.options:
        if name not in OPTIONS:
            yield f"A page has no option {name!r}; there are {', '.join(OPTIONS)}."
    for name, meaning in NEEDED.items():
        if not source.options.get(name, "").strip():
            yield f"A page needs the option {name!r}: the CSS selector of {meaning}."
    for name, selector in source.options.items():
        if selector.strip() and (wrong := _wrong(selector)):
            yield f"The CSS selector of {name!r} is not valid: {selector!r}: {wrong}."


def _wrong(selector: str) -> str:
    try:
        _compiled(selector)
    except (SelectorError, etree.XPathError) as error:
        return str(error).rstrip(".")
    return ""


def _compiled(selector: str) -> Callable[[html.HtmlElement], list[html.HtmlElement]]:
    return cast("Callable[[html.HtmlElement], list[html.HtmlElement]]", CSSSelector(selector, translator="html"))


def _entries(root: html.HtmlElement, url: str, source: Source) -> Iterator[Entry]:
    base = urljoin(url, next((b.get("href") or "" for b in root.iter("base")), ""))
    language = language_tag(root.get("lang") or "")
    given = {name: text for name, text in source.options.items() if text.strip()}
    selectors = {name: _compiled(text) for name, text in ({"link": LINK} | given).items()}
    for item in selectors.pop("item")(root):
        # the first that fits, or the item itself: often it is the link
        parts = {name: next(iter(fitting(item)), None) for name, fitting in selectors.items()}
        entry = _entry(parts, base, source, language)
        if entry.title:
            yield entry


def _entry(parts: Mapping[str, html.HtmlElement | None], base: str, source: Source, language: str) -> Entry:
    title = title_line(_markup(parts.get("title")))
    text = paragraphs(_markup(parts.get("teaser")), source.strip)
    link, date = parts.get("link"), parts.get("date")
    written = () if date is None else (date.get("datetime") or "", title_line(_markup(date)))
    shown = f"{title} {language}"
    when = published(source, shown, *written)
    return Entry(
        title=title,
        url="" if link is None else address(base, link.get("href") or ""),
        text=text,
        published=when,
        language=language,
        embargo=held_until(source, shown, title, text, when),
    )


def _markup(element: html.HtmlElement | None) -> str:
    return "" if element is None else etree.tostring(element, encoding="unicode", method="html", with_tail=False)


PAGE = DocumentKind(
    "page", accept="text/html, application/xhtml+xml;q=0.9, */*;q=0.1", read=read_page, problems=problems
)
