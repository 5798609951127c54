"""Subscription lists: they go out and come back whole, and hostile ones do no harm."""

import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.opml import LARGEST, read_opml, write_opml
from nkwatch.domain.identity import normalised_address
from nkwatch.domain.source import Source

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n<opml version="{}"><head><title>Feeds</title></head><body>'
TAIL = "</body></opml>"
PATHS = st.text("abc/?&=;%é한'\"<>~+,.-0", min_size=1, max_size=30)


def a_list(*outlines: str, version: str = "2.0") -> str:
    return HEAD.format(version) + "".join(outlines) + TAIL


def a_feed(url: str, text: str = "t") -> str:
    return f'<outline text="{text}" type="rss" xmlUrl="{url}"/>'


def a_source(url: str, publisher: str = "P", **more: object) -> Source:
    return Source(id="s", url=url, publisher=publisher, **more)


@given(st.lists(st.tuples(st.text(max_size=40), PATHS), max_size=8))
def test_what_is_exported_comes_back_with_its_addresses_and_names(records):
    sources = [
        a_source(f"https://host{n}.example/{path}", name, homepage="https://h.example/?a=1&b=2")
        for n, (name, path) in enumerate(records)
    ]
    read = read_opml(write_opml(sources, "Sources <of> & nkwatch").decode())
    assert (read.problem, read.skipped) == ("", ())
    assert [f.url for f in read.feeds] == [s.url for s in sources]
    for feed, source in zip(read.feeds, sources, strict=True):
        assert feed.title == _as_xml_can_hold_it(source.publisher) or feed.title == "s"
        assert normalised_address(feed.url) == normalised_address(source.url)


def _as_xml_can_hold_it(name: str) -> str:
    kept = "".join(c for c in name if c in "\t\n\r" or (c >= "\x20" and c not in "\ufffe\uffff"))
    return " ".join(kept.split())


@given(st.text(max_size=60), st.text(max_size=20))
def test_an_exported_list_is_what_the_format_asks_for(name, title):
    pages = [a_source("https://p.example/news", name, kind="page"), a_source("imaps://mail.example", kind="mailbox")]
    feeds = [a_source("https://f.example/feed", name, languages=("ko", "en"), homepage="https://f.example/")]
    root = ET.fromstring(write_opml([*feeds, *pages], title))
    assert (root.tag, root.get("version"), [c.tag for c in root]) == ("opml", "2.0", ["head", "body"])
    outlines = root.findall("body/outline")
    assert [o.get("type") for o in outlines] == ["rss", "link"]
    assert all(o.get("text") for o in outlines)
    assert outlines[0].get("xmlUrl") == "https://f.example/feed"
    assert (outlines[0].get("htmlUrl"), outlines[0].get("language")) == ("https://f.example/", "ko")
    assert outlines[1].get("url") == "https://p.example/news"


def test_a_page_goes_out_as_a_link_and_comes_back_as_none_of_the_feeds():
    read = read_opml(write_opml([a_source("https://p.example/news", kind="page")], "t").decode())
    assert read.feeds == ()
    assert [s.url for s in read.skipped] == ["https://p.example/news"]


@pytest.mark.parametrize("version", ["1.0", "1.1", "2.0"])
def test_folders_are_told_and_old_versions_are_read(version):
    folder = f'<outline text="북한"><outline text="NGO">{a_feed("https://a.example/f", "가")}</outline></outline>'
    read = read_opml(a_list(folder, a_feed("https://b.example/f"), version=version))
    assert [(f.url, f.title, f.folders) for f in read.feeds] == [
        ("https://a.example/f", "가", ("북한", "NGO")),
        ("https://b.example/f", "t", ()),
    ]


def test_a_title_may_stand_in_either_attribute_and_may_be_missing():
    outlines = '<outline title="T" xmlUrl="https://a.example/1"/><outline xmlUrl="https://a.example/2"/>'
    assert [f.title for f in read_opml(a_list(outlines)).feeds] == ["T", ""]


def test_the_same_feed_under_two_spellings_is_taken_once():
    read = read_opml(a_list(a_feed("https://www.a.example/f/"), a_feed("http://a.example/f")))
    assert [f.url for f in read.feeds] == ["https://www.a.example/f/"]
    assert [s.reason for s in read.skipped] == ["It stands in the list twice."]


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "file:///etc/passwd", "data:text/xml,x", "//a.example/f", "feed", "http://", "http://[",
        "ftp://a.example/f", "https://a.example:99999/", "https://a.example/ x", "https://a.example/" + "x" * 3000,
    ],
)  # fmt: skip
def test_what_is_no_address_on_the_web_is_skipped_with_a_reason(url):
    read = read_opml(a_list(a_feed(url), a_feed("https://good.example/f")))
    assert [f.url for f in read.feeds] == ["https://good.example/f"]
    assert "none of a page on the web" in read.skipped[0].reason


def test_an_address_with_a_password_is_skipped_with_a_reason():
    read = read_opml(a_list(a_feed("https://me:secret@a.example/f")))
    assert read.feeds == ()
    assert "password" in read.skipped[0].reason


def test_an_entity_bomb_is_refused():
    bomb = '<!DOCTYPE opml [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>' + a_list(
        a_feed("https://a.example", "&b;")
    )
    assert "entities" in read_opml(bomb).problem


def test_ten_thousand_outlines_are_cut_at_the_limit_and_told():
    read = read_opml(a_list(*(a_feed(f"https://a.example/{n}") for n in range(10_000))))
    assert len(read.feeds) == 5_000
    assert len(read.skipped) == 5_000
    assert "more than 5000 feeds" in read.skipped[-1].reason


def test_a_list_that_is_too_large_or_too_deep_is_refused():
    assert "characters" in read_opml(a_list(" " * LARGEST)).problem
    deep = '<outline text="d">' * 2_000 + a_feed("https://a.example/f") + "</outline>" * 2_000
    assert "folders" in read_opml(a_list(deep)).problem


def test_a_thousand_titles_with_a_bare_bracket_are_not_taken_for_depth():
    outlines = (a_feed(f"https://a.example/{n}", "a > b") for n in range(1_000))
    assert len(read_opml(a_list(*outlines)).feeds) == 1_000


@pytest.mark.parametrize(
    "text", ["", "rubbish", "<html><body>Log in</body></html>", "https://a.example/x.opml", "{}", "\x00"]
)
def test_what_is_no_list_is_said_to_be_none(text):
    assert read_opml(text).problem == "This is no OPML subscription list."


def test_a_list_that_is_cut_off_gives_what_came():
    assert len(read_opml(a_list(a_feed("https://a.example/1"), a_feed("https://a.example/2"))[:-40]).feeds) >= 1


@given(st.text(max_size=300))
def test_no_text_whatever_raises(text):
    read_opml(text)
    read_opml(a_list(text))
