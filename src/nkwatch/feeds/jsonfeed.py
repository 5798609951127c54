"""Reads JSON Feed 1.0 and 1.1 (jsonfeed.org), which feedparser 6 does not know. Lenient: a wrong type is absent."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.dates import published
from nkwatch.feeds.documents import LONGEST_AUTHOR, MOST_ENTRIES, Parsed, Unreadable, address, distinct, language_tag
from nkwatch.feeds.embargo import held_until
from nkwatch.net.decoding import FORBIDDEN

VERSION = "jsonfeed.org/version/1"
ITEMS = re.compile(r'"items"\s*+:\s*+\[')
BETWEEN = re.compile(r"[\s,]*")


def read_json_feed(text: str, url: str, source: Source) -> Parsed | Unreadable:
    """The entries of the JSON Feed `text` that came from `url`."""
    try:
        feed = json.loads(text)
        partial = False
    except (ValueError, RecursionError):
        feed, partial = _cut_off(text), True
    if feed is None:
        return Unreadable("This looks like JSON, but it is cut off or broken.")
    if not isinstance(feed, dict) or VERSION not in _text(feed, "version"):
        return Unreadable("This is JSON, but no JSON Feed.")
    if not isinstance(feed.get("items"), list):
        return Unreadable("This JSON Feed has no list of items.")
    entries = distinct(_entry(item, feed, url, source) for item in _objects(feed["items"]))
    return Parsed(entries, partial=partial)


def _cut_off(text: str) -> dict[str, Any] | None:
    """What came whole of a feed that is cut off in its items; None where that is nothing."""
    start = ITEMS.search(text)
    if start is None:
        return None
    try:
        feed = json.loads(f"{text[: start.end()]}]}}")
    except (ValueError, RecursionError):
        return None
    items = list(_whole_items(text, start.end()))
    return {**feed, "items": items} if items and isinstance(feed, dict) else None


def _whole_items(text: str, place: int) -> Iterator[object]:
    decoder = json.JSONDecoder()
    for _ in range(MOST_ENTRIES):
        match = BETWEEN.match(text, place)
        try:
            item, place = decoder.raw_decode(text, match.end() if match else place)
        except (ValueError, RecursionError):
            return
        yield item


def _entry(item: Mapping[str, Any], feed: Mapping[str, Any], url: str, source: Source) -> Entry:
    title = title_line(_text(item, "title"), plain=True)
    language = language_tag(_text(item, "language") or _text(feed, "language"))
    shown = f"{title} {language}"
    texts = (
        paragraphs(_text(item, "content_html"), source.strip),
        paragraphs(_text(item, "content_text"), source.strip, plain=True),
        paragraphs(_text(item, "summary"), source.strip, plain=True),
    )
    text = max(texts, key=len)
    when = published(source, shown, _text(item, "date_published"), _text(item, "date_modified"))
    return Entry(
        title=title,
        url=address(url, _text(item, "url") or _text(item, "external_url")),
        text=text,
        guid=_text(item, "id"),
        published=when,
        author=(_authors(item) or _authors(feed))[:LONGEST_AUTHOR],
        language=language,
        updated=published(source, shown, _text(item, "date_modified")),
        embargo=held_until(source, shown, title, text, when),
    )


def _authors(thing: Mapping[str, Any]) -> str:
    """Version 1.1 has a list of authors, version 1.0 had one."""
    found = [*_objects(thing.get("authors")), *_objects([thing.get("author")])]
    names = dict.fromkeys(title_line(_text(author, "name"), plain=True) for author in found)
    return ", ".join(name for name in names if name)


def _objects(value: object) -> Iterator[Mapping[str, Any]]:
    yield from (v for v in value if isinstance(v, dict)) if isinstance(value, list) else ()


def _text(thing: Mapping[str, Any], name: str) -> str:
    """The member as text; an id may be a number, which the format tells readers to take as a string."""
    value = thing.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return FORBIDDEN.sub("", value).strip() if isinstance(value, str) else ""
