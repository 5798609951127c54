"""A channel as RSS 2.0 (the RSS Advisory Board's specification 2.0.11 and its profile of good practice).

What RSS has no element for is told in those of Atom and Dublin Core: the feed's own address, who says it, the language
of an item, and when it last changed.
"""

import html
from datetime import UTC, datetime
from email.utils import format_datetime

from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]  # the stubs have no builder

from nkwatch.web.atom import NAMESPACE, instant
from nkwatch.web.channel import Channel, Item, clean

ENDING, MEDIA_TYPE = "rss", "application/rss+xml"
DUBLIN_CORE = "http://purl.org/dc/elements/1.1/"
RSS = ElementMaker(nsmap={"atom": NAMESPACE, "dc": DUBLIN_CORE})
ATOM = ElementMaker(namespace=NAMESPACE, nsmap={"atom": NAMESPACE})
DC = ElementMaker(namespace=DUBLIN_CORE, nsmap={"dc": DUBLIN_CORE})


def rss(channel: Channel) -> bytes:
    """The feed, its items in their order."""
    title = clean(channel.title)
    feed = RSS.rss(
        {"version": "2.0"},
        RSS.channel(
            RSS.title(title),
            RSS.link(channel.page),
            RSS.description(html.escape(title, quote=False)),
            RSS.language(channel.language),
            RSS.lastBuildDate(date(channel.updated)),
            RSS.generator("nkwatch"),
            ATOM.link(rel="self", type=MEDIA_TYPE, href=channel.address(ENDING)),
            *map(_item, channel.items),
        ),
    )
    written: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8")
    return written


def _item(item: Item) -> etree._Element:
    element: etree._Element = RSS.item(
        RSS.title(item.title),
        RSS.link(item.original or item.id),
        RSS.guid(item.id, isPermaLink="true"),
        *([RSS.pubDate(date(item.published))] if item.published else []),
        ATOM.updated(instant(item.updated)),
        DC.creator(item.author),
        *([DC.language(item.language)] if item.language else []),
        *(RSS.category(tag.name, domain=tag.url) for tag in item.tags),
        # the one element that is HTML by the specification
        *([RSS.description(html.escape(item.summary, quote=False))] if item.summary else []),
    )
    return element


def date(moment: datetime) -> str:
    """RFC 822 with a year of four digits (RFC 1123)."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)
