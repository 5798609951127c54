"""RSS 2.0: valid by the rules of its specification, and read back without loss, whatever the texts hold."""

import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import feedparser
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from nkwatch.web.channel import Category, Channel, Item, clean
from nkwatch.web.rss import rss
from tests.web.samples import NOW, SITE

PRISONS = Category("prisons", "Prisons & camps", f"{SITE}/themes/prisons")
ITEM = Item(
    id=f"{SITE}/stories/s1",
    title="Close the camp",
    language="en",
    author="Reedbank & Co",
    updated=NOW,
    original="https://a.example/1?x=1&y=2",
    published=NOW - timedelta(hours=3),
    tags=(PRISONS,),
    summary="Nobody <b>should</b> be tortured & starved.",
    spoken="en",
)
CHANNEL = Channel("nkwatch", f"{SITE}/feed", f"{SITE}/?lang=en", "en")
#: Letters as texts have them: markup, right-to-left letters and marks, emoji, CJK, and what XML forbids.
LETTERS = st.one_of(
    st.sampled_from("<>&\"'; ]\u202e\u200b\x00\x0b\ufffe\uffff\u0085"),
    st.sampled_from("북한拉致日本語שלוםé😀👩‍👩‍👧"),
    st.characters(),
)


def is_ambiguous(text: str) -> bool:
    """Whether feedparser takes a text for UTF-8 that was read as Latin-1, and mends it: "Â¡"."""
    try:
        return text.encode("iso-8859-1").decode() != text
    except UnicodeError:
        return False


TEXTS = st.text(LETTERS, max_size=60).map(clean).filter(lambda text: not is_ambiguous(text))
INSTANTS = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ITEMS = st.builds(
    Item,
    id=st.integers(1, 10**6).map(lambda n: f"{SITE}/stories/s{n}"),
    title=TEXTS.filter(bool),
    language=st.sampled_from(["en", "ko", "ja", "he", ""]),
    author=TEXTS.filter(bool),
    updated=INSTANTS.map(lambda at: at.replace(microsecond=0)),
    original=st.sampled_from(["", "https://a.example/1?x=1&y=%7B2%7D#top"]),
    published=st.none() | INSTANTS.map(lambda at: at.replace(microsecond=0)),
    tags=st.sampled_from([(), (PRISONS,)]),
    summary=TEXTS,
    spoken=st.just("en"),
)


def read(*items: Item) -> feedparser.FeedParserDict:
    # what is read back is compared with what was written: nothing is to be cleaned on the way
    found = feedparser.parse(rss(replace(CHANNEL, items=items)), sanitize_html=False, resolve_relative_uris=False)
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "rss20"
    return found


def at(parsed) -> datetime:
    return datetime(*parsed[:6], tzinfo=UTC)


def test_a_feed_has_what_the_specification_asks_for():
    root = etree.fromstring(rss(replace(CHANNEL, items=(ITEM,))))
    assert (root.tag, root.get("version")) == ("rss", "2.0")
    (channel,) = root
    told = [(e.tag, e.text) for e in channel if e.tag in {"title", "link", "description", "language"}]
    assert told == [("title", "nkwatch"), ("link", f"{SITE}/?lang=en"), ("description", "nkwatch"), ("language", "en")]
    (mine,) = channel.iterfind("{http://www.w3.org/2005/Atom}link")
    assert mine.attrib == {"rel": "self", "type": "application/rss+xml", "href": f"{SITE}/feed.rss?lang=en"}


def test_the_description_of_a_feed_is_html_too_and_holds_no_markup():
    searched = replace(CHANNEL, title="nkwatch: <b>torture</b>")
    (channel,) = etree.fromstring(rss(searched))
    assert channel.findtext("title") == "nkwatch: <b>torture</b>"
    assert channel.findtext("description") == "nkwatch: &lt;b&gt;torture&lt;/b&gt;"


def test_an_item_is_known_by_the_address_of_our_page_and_leads_to_its_publisher():
    (item,) = etree.fromstring(rss(replace(CHANNEL, items=(ITEM,)))).iter("item")
    assert item.findtext("guid") == ITEM.id
    assert item.find("guid").get("isPermaLink") == "true"
    assert item.findtext("link") == ITEM.original
    assert item.findtext("{http://purl.org/dc/elements/1.1/}creator") == "Reedbank & Co"
    assert item.find("category").attrib == {"domain": PRISONS.url}


def test_dates_are_written_as_mails_write_them():
    (item,) = etree.fromstring(rss(replace(CHANNEL, items=(ITEM,)))).iter("item")
    assert item.findtext("pubDate") == "Sun, 22 Nov 2026 04:00:00 GMT"
    assert parsedate_to_datetime(item.findtext("pubDate")) == ITEM.published


def test_an_excerpt_is_html_by_the_specification_and_holds_no_markup():
    (item,) = etree.fromstring(rss(replace(CHANNEL, items=(ITEM,)))).iter("item")
    assert item.findtext("description") == "Nobody &lt;b&gt;should&lt;/b&gt; be tortured &amp; starved."
    assert etree.HTML(item.findtext("description")).xpath("//b") == []


@given(st.lists(ITEMS, max_size=4, unique_by=lambda i: i.id))
def test_whatever_a_feed_holds_it_is_read_back_without_loss(items):
    entries = read(*items).entries
    assert len(entries) == len(items)
    for item, entry in zip(items, entries, strict=True):
        assert (entry.id, entry.link) == (item.id, item.original or item.id)
        assert (entry.title, entry.author) == (item.title, item.author)
        assert html.unescape(entry.get("summary", "")) == item.summary
        assert at(entry.updated_parsed) == item.updated
        assert (at(entry.published_parsed) if item.published else None) == item.published
        assert [(t.term, t.scheme) for t in entry.get("tags", ())] == [(t.name, t.url) for t in item.tags]


@given(ITEMS)
def test_no_control_letter_stands_in_a_feed(item):
    assert not re.search(
        "[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]", rss(replace(CHANNEL, items=(item,))).decode()
    )
