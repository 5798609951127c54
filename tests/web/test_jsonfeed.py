"""JSON Feed 1.1: by the rules of its specification, and read back without loss."""

import json
import re
from dataclasses import replace
from datetime import datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Parsed
from nkwatch.feeds.jsonfeed import read_json_feed
from nkwatch.web.channel import Item
from nkwatch.web.jsonfeed import json_feed
from tests.web.samples import NOW, SITE
from tests.web.test_rss import CHANNEL, ITEM, ITEMS

RFC_3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


def read(*items: Item) -> dict[str, Any]:
    return json.loads(json_feed(replace(CHANNEL, items=items)))


def test_a_feed_has_what_the_specification_asks_for():
    feed = read(ITEM)
    assert feed["version"] == "https://jsonfeed.org/version/1.1"
    assert (feed["title"], feed["language"]) == ("nkwatch", "en")
    assert (feed["home_page_url"], feed["feed_url"]) == (f"{SITE}/?lang=en", f"{SITE}/feed.json?lang=en")


def test_an_item_tells_what_the_other_formats_tell():
    assert read(ITEM)["items"] == [
        {
            "id": ITEM.id,
            "url": ITEM.id,
            "external_url": "https://a.example/1?x=1&y=2",
            "title": "Close the camp",
            "content_text": "Nobody <b>should</b> be tortured & starved.",
            "date_published": "2026-11-22T04:00:00Z",
            "date_modified": "2026-11-22T07:00:00Z",
            "authors": [{"name": "Reedbank & Co"}],
            "tags": ["Prisons & camps"],
            "language": "en",
            "_nkwatch": {"themes": ["prisons"], "summary_language": "en"},
        }
    ]


def test_what_is_not_known_is_left_out():
    bare = Item(id=f"{SITE}/stories/s1", title="Close the camp", language="", author="?", updated=NOW)
    (item,) = read(bare)["items"]
    assert not {"external_url", "date_published", "tags", "language"} & item.keys()
    assert item["content_text"] == "Close the camp"


@given(st.lists(ITEMS, max_size=4))
def test_whatever_a_feed_holds_it_keeps_the_rules_and_loses_nothing(items):
    found = read(*items)["items"]
    for item, told in zip(items, found, strict=True):
        assert (told["id"], told["title"]) == (item.id, item.title)
        assert told["content_text"] == (item.summary or item.title)
        assert [a["name"] for a in told["authors"]] == [item.author]
        assert told.get("external_url", "") == item.original
        assert RFC_3339.fullmatch(told["date_modified"])
        assert datetime.fromisoformat(told["date_modified"]) == item.updated
        assert (datetime.fromisoformat(told["date_published"]) if item.published else None) == item.published
        assert all(told[name] for name in told)


@given(st.lists(ITEMS, max_size=4, unique_by=lambda i: i.id))
def test_our_own_reader_reads_it(items):
    source = Source("s", f"{SITE}/feed.json", "nkwatch")
    text = json_feed(replace(CHANNEL, items=tuple(items))).decode()
    parsed = read_json_feed(text, source.url, source)
    assert isinstance(parsed, Parsed)
    assert [e.guid for e in parsed.entries] == [i.id for i in items]
    assert not parsed.partial
