"""A channel as JSON Feed 1.1 (jsonfeed.org)."""

import json
from typing import Any

from nkwatch.web.atom import instant
from nkwatch.web.channel import Channel, Item, clean

ENDING, MEDIA_TYPE = "json", "application/feed+json"
VERSION = "https://jsonfeed.org/version/1.1"


def json_feed(channel: Channel) -> bytes:
    """The feed, its items in their order."""
    feed = {
        "version": VERSION,
        "title": clean(channel.title),
        "home_page_url": channel.page,
        "feed_url": channel.address(ENDING),
        "language": channel.language,
        "authors": [{"name": clean(channel.title)}],
        "items": [_item(item) for item in channel.items],
    }
    return json.dumps(feed, ensure_ascii=False, separators=(",", ":")).encode()


def _item(item: Item) -> dict[str, Any]:
    """An item. It must have a text: the title stands in where there is no summary.

    `_nkwatch` is an extension in the sense of the specification: codes of themes, and the language of the text.
    """
    told = {
        "id": item.id,
        "url": item.id,
        "external_url": item.original,
        "title": item.title,
        "content_text": item.summary or item.title,
        "date_published": instant(item.published) if item.published else "",
        "date_modified": instant(item.updated),
        "authors": [{"name": item.author}],
        "tags": [tag.name for tag in item.tags],
        "language": item.language,
        "_nkwatch": {"themes": [tag.code for tag in item.tags], "summary_language": item.spoken},
    }
    return {name: value for name, value in told.items() if value}
