"""A channel as Atom (RFC 4287).

feedgen 1.0 was tried: it drops the `rel` of an entry's links, so that a second link becomes a second address of the
entry, and it knows one language for the whole feed, where ours has texts in many.
"""

from datetime import UTC, datetime

from lxml import etree
from lxml.builder import ElementMaker  # type: ignore[import-not-found]  # the stubs have no builder

from nkwatch.web.channel import Channel, Item, clean

ENDING, MEDIA_TYPE = "atom", "application/atom+xml"
NAMESPACE = "http://www.w3.org/2005/Atom"
ATOM = ElementMaker(namespace=NAMESPACE, nsmap={None: NAMESPACE})
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"


def atom(channel: Channel) -> bytes:
    """The feed, its items in their order."""
    title = clean(channel.title)
    feed = ATOM.feed(
        {XML_LANG: channel.language},
        ATOM.id(channel.id(ENDING)),
        ATOM.title(title),
        ATOM.updated(instant(channel.updated)),
        ATOM.author(ATOM.name(title)),
        ATOM.generator("nkwatch"),
        ATOM.link(rel="self", type=MEDIA_TYPE, href=channel.address(ENDING)),
        ATOM.link(rel="alternate", type="text/html", href=channel.page),
        *map(_entry, channel.items),
    )
    written: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8")
    return written


def _entry(item: Item) -> etree._Element:
    # an empty language says that it is not known; else it would be that of the feed
    element: etree._Element = ATOM.entry(
        ATOM.id(item.id),
        ATOM.title({XML_LANG: item.language}, item.title),
        ATOM.author(ATOM.name(item.author)),
        ATOM.link(rel="alternate", href=item.original or item.id),
        ATOM.link(rel="related", type="text/html", href=item.id),
        ATOM.updated(instant(item.updated)),
        *([ATOM.published(instant(item.published))] if item.published else []),
        *(ATOM.category(term=tag.code, label=tag.name, scheme=f"{tag.url.rpartition('/')[0]}/") for tag in item.tags),
        *([ATOM.summary({XML_LANG: item.spoken}, item.summary)] if item.summary else []),
    )
    return element


def instant(moment: datetime) -> str:
    """RFC 3339 in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
