"""Bytes into entries: encodings, the traps of feedparser, cleaning, JSON Feed, listing pages, hostile input."""

import json
import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.cleaning import paragraphs, title_line
from nkwatch.feeds.documents import Document, Parsed, Unreadable, address
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.net.decoding import FORBIDDEN, decode
from tests.edges.samples import ENGLISH, JAPANESE, JSON_FEED, KOREAN, LISTING, WEB_PAGE

BOARD = {"item": "ul.board > li", "title": "strong", "link": "a", "date": ".date", "teaser": "p"}
KINDS = {kind.name: kind for kind in (FEED, PAGE)}


def a_source(**more) -> Source:
    return Source(id="s", url="https://feed.example/feed", publisher="S", **more)


def read_(body: bytes, url: str = "https://feed.example/feed", content_type: str = "", **source):
    asked = a_source(**source)
    return KINDS[asked.kind].read(Document(body, url, content_type), asked)


def parsed(*args, **source) -> Parsed:
    found = read_(*args, **source)
    assert isinstance(found, Parsed), found
    return found


def entries(*args, **source) -> tuple[Entry, ...]:
    return parsed(*args, **source).entries


def reason(*args, **source) -> str:
    found = read_(*args, **source)
    assert isinstance(found, Unreadable), found
    return found.reason


def rss(inner: str, channel: str = "") -> bytes:
    return f'<rss version="2.0"><channel><title>T</title>{channel}{inner}</channel></rss>'.encode()


def item(**parts: str) -> bytes:
    return rss("<item>" + "".join(f"<{n}>{v}</{n}>" for n, v in parts.items()) + "</item>")


# Encodings


@pytest.mark.parametrize(
    ("written", "declared", "header"),
    [
        ("utf-8", "utf-8", ""),
        ("utf-8-sig", "utf-8", ""),
        ("utf-16", "utf-16", ""),
        ("utf-16-le", "utf-16", ""),
        ("euc-kr", "euc-kr", ""),
        ("euc-kr", "utf-8", ""),
        ("euc-kr", "utf-8", "text/xml; charset=utf-8"),
        ("cp949", "ks_c_5601-1987", ""),
        ("euc-kr", "no-such-encoding", ""),
        ("euc-kr", "utf-8", 'text/xml; charset="EUC-KR"'),
        ("utf-8", "euc-kr", "text/xml; charset=euc-kr"),
    ],
)
def test_korean_comes_out_right_whatever_is_said_of_its_encoding(written, declared, header):
    first, second = entries(KOREAN.format(encoding=declared).encode(written), content_type=header)
    assert first.title == "정치범수용소 가족 면담을 요구한다"
    assert first.text == "북한 당국은 수용소의 문을 열어야 한다.\n\n가족이 기다린다."
    assert second.title == "강제송환을 멈추라"


def test_korean_that_declares_nothing_comes_out_right():
    body = KOREAN.format(encoding="x").replace(' encoding="x"', "").encode("euc-kr")
    assert entries(body)[0].title == "정치범수용소 가족 면담을 요구한다"


@pytest.mark.parametrize("written", ["utf-8", "euc-jp", "shift_jis", "iso-2022-jp"])
@pytest.mark.parametrize("declared", ["", "itself"])
def test_japanese_comes_out_right_whatever_is_said_of_its_encoding(written, declared):
    body = JAPANESE.format(encoding=written if declared else "utf-8").encode(written)
    (entry,) = entries(body)
    assert entry.title == "拉致被害者の家族が会見"


WRITINGS = {
    "정치범수용소 가족 면담을 요구한다": ["euc-kr", "cp949", "utf-16-le", "utf-16-be", "iso2022_kr"],
    "똠방각하와 뷁의 성명, 북한 인권": ["cp949"],
    "拉致被害者の家族が会見": ["shift_jis", "euc-jp", "iso-2022-jp", "utf-16-le"],
    "ミサイル発射のニュース": ["shift_jis", "euc-jp"],
    "朝鲜人权状况：联合国人权理事会呼吁释放政治犯": ["gb18030", "gb2312"],
    "北韓人權狀況：聯合國人權理事會呼籲釋放政治犯": ["big5"],
    "Corée – été “libre” : où sont-ils ?": ["windows-1252"],
    "¿Dónde están los niños detenidos?": ["windows-1252"],
    "Права человека в Корее и освобождение политических заключённых": ["windows-1251"],
}


@pytest.mark.parametrize(("text", "written"), [(text, name) for text, names in WRITINGS.items() for name in names])
@pytest.mark.parametrize(
    ("declared", "header"),
    [
        ("itself", ""),
        ("", ""),
        ("utf-8", "text/xml; charset=utf-8"),
        ("iso-8859-1", ""),
        ("", "text/xml; charset=ISO-8859-1"),
        ("", "text/xml; charset=us-ascii"),
        ("no-such-encoding", ""),
    ],
)
def test_bytes_come_out_right_undeclared_and_misdeclared(text, written, declared, header):
    said = f'<?xml version="1.0" encoding="{written if declared == "itself" else declared}"?>' if declared else ""
    body = (said + item(title=text, link="https://feed.example/1").decode()).encode(written)
    assert entries(body, content_type=header)[0].title == text


def test_short_utf_8_with_one_broken_byte_stays_utf_8():
    assert (
        entries(rss("<item><title>’<>”@</title></item>".replace("<>", "북한")).replace(b"@", b"\x8a"))[0].title
        == "’북한”\ufffd"
    )


def test_control_characters_that_mean_windows_1252_are_read_so():
    assert entries(item(title="the &#8216;free&#146; \u0093camps\u0094"))[0].title == "the ‘free’ “camps”"


def test_one_broken_byte_does_not_turn_a_whole_text_into_noise():
    body = KOREAN.format(encoding="utf-8").encode().replace("문".encode(), b"\xeb\xac")
    assert "북한 당국은 수용소의" in entries(body)[0].text


@pytest.mark.parametrize("declared", ["iso-8859-1", "windows-1252"])
def test_western_text_comes_out_right(declared):
    body = rss("<item><title>Corée – été “libre”</title></item>").decode().encode("cp1252")
    declaration = f'<?xml version="1.0" encoding="{declared}"?>'.encode()
    assert entries(declaration + body)[0].title == "Corée – été “libre”"


def test_characters_that_xml_forbids_are_taken_out():
    assert entries(rss("<item><title>ope\x0bn the\x00 camps\ufffe</title></item>"))[0].title == "open the camps"


@given(st.binary(max_size=400), st.text(max_size=30))
def test_no_bytes_fail_to_become_text(body, content_type):
    decode(body, content_type).encode()  # no surrogates are left


# Feeds


def test_an_rss_item_is_read():
    first, second = entries(KOREAN.format(encoding="utf-8").encode())
    assert first == Entry(
        title="정치범수용소 가족 면담을 요구한다",
        url="https://feed.example/board/12",
        text="북한 당국은 수용소의 문을 열어야 한다.\n\n가족이 기다린다.",
        guid="board-12",
        published=datetime(2026, 11, 22, 1, tzinfo=UTC),
        language="ko",
    )
    assert second.published == datetime(2026, 11, 21, 6, 5, tzinfo=UTC)


def test_an_rdf_item_is_read():
    (entry,) = entries(JAPANESE.format(encoding="utf-8").encode())
    assert entry.url == "https://kazoku.example/news/7"
    assert entry.author == "事務局"
    assert entry.published == datetime(2026, 11, 22, 0, 30, tzinfo=UTC)
    assert entry.language == "ja"


def test_an_atom_entry_is_read_with_its_longest_text_and_without_its_mail_addresses():
    first, second = entries(ENGLISH, strip=("Donate Now",))
    assert first == Entry(
        title="Freedom & return: open the camps",
        url="https://watch.example/en/reports/31",
        text="Families wait for news.\n\nName them\n\nLet them write",
        guid="urn:camp-watch:31",
        published=datetime(2026, 11, 22, 8, tzinfo=UTC),
        author="Ada Field, Bo Reed",
        language="en-gb",
        updated=first.updated,
    )
    assert first.updated is not None
    assert second.title == "If 3 < 4 & 5 > 4"
    assert second.text == "Two words.\n\nNext paragraph <b>as typed</b>."
    assert second.published == datetime(2026, 11, 20, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Kim &amp;amp; Lee", "Kim & Lee"),
        ("Kim &amp; Lee", "Kim & Lee"),
        ("&lt;b&gt;Camps&lt;/b&gt; are open", "Camps are open"),
        ("<![CDATA[<i>Camps</i> &#8217;open&#8217;]]>", "Camps ’open’"),
        ("  two\n  lines ", "two lines"),
        ("3 &lt; 4", "3 < 4"),
        ("북\u1112\u1161\u11ab", "북한"),
        ("zero\u200bwidth and soft\u00adhyphen", "zerowidth and softhyphen"),
        ("", ""),
    ],
)
def test_a_title_is_one_line_without_markup(written, title):
    assert entries(item(title=written, link="https://feed.example/1"))[0].title == title


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("/a?b=1&amp;c=2", "https://feed.example/a?b=1&c=2"),
        (" https://other.example/a\n", "https://other.example/a"),
        ("//other.example/a", "https://other.example/a"),
        ("javascript:alert(1)", ""),
        ("https://feed.example:99999/", ""),
    ],
)
def test_a_link_is_absolute_or_none(link, url):
    assert entries(item(title="t", link=link))[0].url == url


def test_a_permanent_guid_serves_as_link():
    (entry,) = entries(item(title="t", guid="https://feed.example/p/1"))
    assert entry.url == entry.guid == "https://feed.example/p/1"


def test_an_entry_without_title_date_and_text_is_taken_with_what_it_has():
    assert entries(item(link="https://feed.example/1")) == (Entry(title="", url="https://feed.example/1"),)


def test_more_entries_than_anybody_shows_are_left_out():
    many = "".join(f"<item><title>{number}</title></item>" for number in range(20_000))
    found = parsed(rss(many))
    assert len(found.entries) == 5_000
    assert not found.partial


def test_entries_that_are_the_same_in_everything_are_one():
    one = "<item><title>t</title><link>https://feed.example/1</link></item>"
    assert len(entries(rss(one * 3))) == 1


def test_malformed_xml_that_comes_whole_is_read_as_far_as_it_can_be():
    body = rss("<item><title>Rice & salt</title><link>https://feed.example/1</link></item>")
    assert entries(body)[0].title == "Rice & salt"


def test_a_feed_is_never_taken_for_the_name_of_a_file(tmp_path):
    secret = tmp_path / "feed.xml"
    secret.write_bytes(KOREAN.format(encoding="utf-8").encode())
    assert "no feed" in reason(str(secret).encode())


@pytest.mark.parametrize(
    "body",
    [
        WEB_PAGE,
        b"\n<!-- a remark -->\n<html><body>login</body></html>",
        b'<?xml version="1.0"?><!DOCTYPE html><html xmlns="http://www.w3.org/1999/xhtml"><body/></html>',
        b"<p>Warning</p><HTML></HTML>",
    ],
)
def test_a_web_page_under_the_address_of_a_feed_is_named_as_such(body):
    assert "a web page" in reason(body)


@pytest.mark.parametrize(("end", "whole"), [(-7, 2), (-8, 2), (-60, 1), (-200, 1)])
def test_a_feed_that_is_cut_off_keeps_what_came_whole(end, whole):
    found = parsed(ENGLISH[:end])
    assert found.partial
    assert found.entries == entries(ENGLISH)[:whole]


def test_a_feed_that_lacks_no_more_than_the_end_of_its_last_tag_is_whole():
    assert parsed(ENGLISH[:-1]) == parsed(ENGLISH)


def test_a_json_feed_that_is_cut_off_keeps_what_came_whole():
    found = parsed(JSON_FEED[: JSON_FEED.index(b"date_modified")], "https://notes.example/feed.json")
    assert found.partial
    assert [entry.guid for entry in found.entries] == ["41"]


def test_a_feed_of_rss_or_rdf_that_is_cut_off_keeps_what_came_whole():
    rss_, rdf = (text.format(encoding="utf-8") for text in (KOREAN, JAPANESE))
    for feed, end in ((rss_, "강제송환된"), (rss_, "<item><title>강제송환을"), (rdf, "</rdf:RDF>")):
        found = parsed(feed[: feed.index(end)].encode())
        assert found.partial
        assert found.entries == entries(feed.encode())[:1]


@pytest.mark.parametrize("feed", [ENGLISH[:400], b"<rss><channel><title>T", JSON_FEED[:200]])
def test_a_feed_that_is_cut_off_before_the_end_of_its_first_entry_is_reported(feed):
    assert "cut off" in reason(feed)


def test_a_feed_that_holds_no_entries_is_no_failure_in_itself():
    assert parsed(rss("")) == Parsed(())
    assert parsed(b'<feed xmlns="http://www.w3.org/2005/Atom"/>') == Parsed(())
    assert parsed(b'{"version": "https://jsonfeed.org/version/1.1", "items": []}') == Parsed(())


def test_rubbish_behind_a_whole_feed_does_no_harm():
    assert len(entries(ENGLISH + b"\n<!-- cached --> Warning: disk full in line 3")) == 2


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>',
        '<!-- <rss> --><!doctype rss [\n<!entity % a "x">]>',
        '<!DOCTYPE rss [<!ENTITY x SYSTEM "file:///etc/passwd">]>',
    ],
)
def test_a_doctype_that_declares_entities_is_refused(doctype):
    assert "entities" in reason(doctype.encode() + item(title="&b;"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-be", "utf-32"])
def test_no_encoding_hides_such_a_doctype(encoding):
    doctype = f'<?xml version="1.0" encoding="{encoding}"?><!DOCTYPE rss [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    assert "entities" in reason((doctype + item(title="&b;").decode()).encode(encoding))


def test_a_feed_behind_the_doctype_of_a_web_page_is_a_feed():
    doctype = b'<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://site.invalid/">'
    assert entries(doctype + item(title="found"))[0].title == "found"


def test_a_doctype_that_declares_none_is_not():
    doctype = b'<!DOCTYPE rss PUBLIC "-//Netscape Communications//DTD RSS 0.91//EN" "http://my.netscape.com/rss.dtd">'
    assert entries(doctype + item(title="old"))[0].title == "old"


@pytest.mark.parametrize("wrapped", ["{}", "<![CDATA[{}]]>", "{}@", "{}]", "x<i/>{}"])
@pytest.mark.parametrize("name", ["author", "dc:creator", "itunes:author", "managingEditor"])
def test_a_very_long_author_is_cut_before_it_costs_anything(wrapped, name):
    body = rss(f"<item><title>t</title><{name}>{wrapped.format('a.' * 500_000)}</{name}></item>")
    assert all(len(entry.author) <= 200 for entry in entries(body))


def test_an_author_with_children_keeps_its_name():
    people = "<author><name>Ada</name><uri>https://watch.example/{0}</uri><email>{0}@b.example</email></author>"
    body = ENGLISH.decode().replace(
        "<author><name>Ada Field</name>", people.format("a" * 300) + "<author><name>Cy</name>"
    )
    assert entries(body.encode())[0].author == "Ada, Cy, Bo Reed"


TEXTS = [
    "&lt;div&gt;" * 20_000 + "deep" + "&lt;/div&gt;" * 20_000,
    "&lt;div&gt;" * 100_000,
    "&lt;li&gt;&lt;dd&gt;" * 20_000,
    "&lt;p&gt;" + "".join(f"&lt;font color={n}&gt;" for n in range(200)) + "&lt;/p&gt;" + "&lt;p&gt;x" * 20_000,
    "&lt;p " + " ".join(f"a{n}=1" for n in range(100_000)) + "&gt;",
    "&lt;!--" * 100_000,
    "&lt;p" * 50_000,
    "&amp;" * 100_000,
    "&lt;a href='" * 20_000,
    "&lt;![CDATA[" * 20_000,
    "&lt;iframe&gt;" * 100_000,
    "The post " * 50_000 + " appeared first on ",
]


@pytest.mark.parametrize("text", TEXTS, ids=[text[:24] for text in TEXTS])
def test_hostile_markup_is_read_to_its_end(text):
    assert entries(item(title="t", description=text))[0].title == "t"


@pytest.mark.parametrize(
    "body",
    [
        b" " * 2_000_000 + rss(""),
        b"<!-- -->" + b"\n" * 2_000_000 + rss(""),
        b"<!---->" * 300_000 + rss(""),
        b"<!---->" * 300_000 + b"x",
        b"<?xml" * 400_000,
        b"<html>" + b"<title" * 500_000,
        b"<!doctype " * 300_000,
        b"<" + b"a:" * 500_000,
        b"<author>" + b" " * 499,
        b"\xff" * 1_000_000,
        b"\x1b$" * 1_000_000,
        b'{"version": "https://jsonfeed.org/version/1", "items": [' + b'{"items": [' * 100_000,
    ],
    ids=lambda body: repr(body[:24]),
)
def test_hostile_documents_are_read_to_their_end(body):
    found = read_(body)
    assert isinstance(found, Unreadable) or found.entries == ()


def test_text_as_deep_as_twenty_thousand_elements_is_kept():
    assert entries(item(title="t", description=TEXTS[0]))[0].text == "deep"


@given(st.binary(max_size=300), st.sampled_from([ENGLISH, KOREAN.encode(), JSON_FEED]), st.integers(0, 900))
def test_no_damage_to_a_feed_raises(noise, body, place):
    found = read_(body[:place] + noise + body[place:])
    assert isinstance(found, Unreadable) or all(e.title or e.url or e.text for e in found.entries)


@pytest.mark.parametrize(
    ("channel", "minutes"),
    [
        ("<ttl>45</ttl>", 45),
        ("<ttl> 100000 </ttl>", 24 * 60),
        ("<ttl>soon</ttl>", 0),
        ("<ttl>-5</ttl>", 0),
        ("<sy:updatePeriod>hourly</sy:updatePeriod><sy:updateFrequency>1</sy:updateFrequency>", 60),
        ("<sy:updatePeriod> daily </sy:updatePeriod><sy:updateFrequency>4</sy:updateFrequency>", 6 * 60),
        ("<sy:updatePeriod>daily</sy:updatePeriod><sy:updateFrequency>0</sy:updateFrequency>", 24 * 60),
        ("<sy:updatePeriod>weekly</sy:updatePeriod>", 24 * 60),
        ("<sy:updatePeriod>sometimes</sy:updatePeriod>", 0),
        ("", 0),
    ],
)
def test_a_feed_says_how_long_it_wants_to_be_left_alone(channel, minutes):
    body = rss("", channel).replace(b"<rss", b'<rss xmlns:sy="http://purl.org/rss/1.0/modules/syndication/"')
    assert parsed(body).ttl == timedelta(minutes=minutes)


def test_tombstones_name_what_is_deleted_and_not_shown():
    stones = (
        b'<feed xmlns:at="http://purl.org/atompub/tombstones/1.0" xmlns="http://www.w3.org/2005/Atom"'
        b' xml:base="https://watch.example/en/">'
        b'<at:deleted-entry ref="urn:camp-watch:29" when="2026-11-20T08:00:00Z"/><at:deleted-entry ref="urn:camp-watch:28">'
        b'<at:comment>twice</at:comment></at:deleted-entry><at:deleted-entry ref="urn:camp-watch:30"/>'
        b'<at:deleted-entry/><at:deleted-entry ref="urn:camp-watch:29"/>'
    )
    body = ENGLISH.replace(ENGLISH[ENGLISH.index(b"<feed") : ENGLISH.index(b"<title>Camp Watch")], stones)
    found = parsed(body)
    assert found.removed == ("urn:camp-watch:29", "urn:camp-watch:28")
    assert len(found.entries) == 2


def test_the_language_of_an_item_goes_before_that_of_its_feed():
    body = rss("<item><title>t</title><dc:language>ko-KR</dc:language></item>", "<language>en</language>")
    assert entries(body)[0].language == "ko-kr"


EMBARGO = "EMBARGO: 23 November 2026, 09:00 KST"


@pytest.mark.parametrize(
    ("body", "options"),
    [
        (item(title="Open the camps", description=f"&lt;p&gt;{EMBARGO}&lt;/p&gt;&lt;p&gt;Text.&lt;/p&gt;"), {}),
        (item(title=EMBARGO, description="Text."), {}),
        (JSON_FEED.replace(b"<p>Three came back.</p>", f"<p>{EMBARGO}</p>".encode()), {}),
        (
            LISTING.format(encoding="utf-8").replace("이름을 밝혀야 한다.", EMBARGO).encode(),
            {"kind": "page", "options": BOARD},
        ),
    ],
)
def test_an_embargo_is_read_and_kept(body, options):
    assert entries(body, **options)[0].embargo == datetime(2026, 11, 23, tzinfo=UTC)


# JSON Feed


def test_a_json_feed_is_read():
    first, second = entries(JSON_FEED, "https://notes.example/feed.json")
    assert first == Entry(
        title="Three return home",
        url="https://notes.example/notes/41",
        text="Three came back.\n\nTwo did not.",
        guid="41",
        published=datetime(2026, 11, 22, 1, tzinfo=UTC),
        author="The office",
        language="en-us",
    )
    assert second == Entry(
        title="",
        url="https://other.example/40",
        text="No title.\n\nBut text.",
        guid="40",
        published=datetime(2026, 11, 21, 10, tzinfo=UTC),
        author="Lee",
        language="ko",
        updated=datetime(2026, 11, 21, 10, tzinfo=UTC),
    )


def test_a_json_feed_of_version_one_has_one_author():
    body = {
        "version": "https://jsonfeed.org/version/1",
        "author": {"name": "Ada"},
        "items": [{"id": "1", "title": "<t>"}],
    }
    (entry,) = entries(json.dumps(body).encode())
    assert (entry.author, entry.title) == ("Ada", "<t>")


@pytest.mark.parametrize(
    "body",
    [
        b"[1, 2]",
        b"{}",
        b'{"version": "https://jsonfeed.org/version/1.1"}',
        b'{"version": "https://jsonfeed.org/version/1.1", "items": {"a": 1}}',
        b'{"version": 1, "items": []}',
        b"[" * 100_000,
        b'{"id": ' + b"9" * 10_000 + b"}",
    ],
)
def test_json_that_is_no_feed_is_unreadable(body):
    assert reason(body)


def test_members_of_the_wrong_type_are_absent():
    items = [
        {"id": True, "title": ["x"], "url": 7, "content_html": {"a": 1}, "summary": "left \ud800", "authors": "me"}
    ]
    body = json.dumps({"version": "https://jsonfeed.org/version/1.1", "items": items}).encode()
    assert [e.text for e in entries(body)] == ["left"]


# Listing pages


@pytest.mark.parametrize("encoding", ["utf-8", "euc-kr"])
def test_a_listing_page_is_read_by_its_selectors(encoding):
    body = LISTING.format(encoding=encoding).encode(encoding)
    first, second = entries(
        body, "https://ngo.example/ko/board/", kind="page", options=BOARD, strip=("전체보기",), zone="Asia/Seoul"
    )
    assert first == Entry(
        title="강제송환을 멈추라",
        url="https://ngo.example/ko/view?id=2",
        text="이름을 밝혀야 한다.",
        published=datetime(2026, 11, 21, 15, tzinfo=UTC),
        language="ko",
    )
    assert second.published == datetime(2026, 11, 19, 15, tzinfo=UTC)


def test_an_item_may_itself_be_the_link_and_a_date_may_be_in_an_attribute():
    body = b'<a class="n" href="/1"><h3>One</h3><time datetime="2026-11-22T10:00:00Z">today</time></a>'
    (entry,) = entries(body, kind="page", options={"item": "a.n", "title": "h3", "date": "time"})
    assert entry.url == "https://feed.example/1"
    assert entry.published == datetime(2026, 11, 22, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("body", "options", "words"),
    [
        (LISTING.encode(), {"item": "ul.news li", "title": "strong"}, "catch nothing"),
        (LISTING.encode(), {"item": "ul.board li", "title": "h2"}, "catch nothing"),
        (LISTING.encode(), {"item": "ul[", "title": "h2"}, "not valid"),
        (LISTING.encode(), {}, "'item'"),
        (b" ", BOARD, "empty"),
        (b"<!-- -->", BOARD, "."),
    ],
)
def test_a_page_that_gives_nothing_says_why(body, options, words):
    assert words in reason(body, kind="page", options=options)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, ["'item'", "'title'"]),
        ({"item": " ", "title": "h2"}, ["'item'"]),
        (BOARD | {"colour": "red"}, ["'colour'"]),
        (BOARD | {"link": "a[href"}, ["'link' is not valid: 'a[href'"]),
        (BOARD | {"date": "p:never-heard-of"}, ["'date' is not valid"]),
        (BOARD | {"teaser": ""}, []),
    ],
)
def test_the_settings_of_a_page_are_checked(options, words):
    found = list(PAGE.problems(a_source(kind="page", options=options)))
    assert len(found) == len(words)
    assert all(word in problem for word, problem in zip(words, found, strict=True))


@pytest.mark.parametrize(
    "around", ["<div>" * 20_000, "<!--" * 300_000, "<ul class=board>" * 100_000, "<p " + "a=1 " * 300_000]
)
def test_a_hostile_page_is_read_to_its_end(around):
    body = f"<html><body>{around}{LISTING}".encode()
    found = read_(body, kind="page", options=BOARD)
    assert isinstance(found, Unreadable) or found.entries


def test_a_listing_below_a_thousand_elements_is_found():
    body = LISTING.format(encoding="utf-8").replace("<nav>", "<div>" * 1_000 + "<nav>").encode()
    assert len(entries(body, kind="page", options=BOARD)) == 2


# Cleaning


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<p>One</p><p>Two</p>", "One\n\nTwo"),
        ("<p>One<br>and a half</p>Two", "One and a half\n\nTwo"),
        ("One<br/><br/>Two", "One\n\nTwo"),
        ("<div>One<div>Two</div>Three</div>", "One\n\nTwo\n\nThree"),
        ("<p>a <b>bold</b>, <i>word</i>.</p>", "a bold, word."),
        ("<ul><li>One</li><li>Two</li></ul>", "One\n\nTwo"),
        ("<table><tr><td>One</td><td>Two</td></tr><tr><td>Three</td></tr></table>", "One Two\n\nThree"),
        ("<script>x()</script><style>p{}</style><p>Text</p><noscript>n</noscript> tail", "Text\n\ntail"),
        ("<figure><img alt='x'><figcaption>A caption</figcaption></figure><p>Text</p>", "Text"),
        ("<p>&nbsp;Rice&nbsp;&amp; salt&hellip;</p>", "Rice & salt…"),
        ("Rice &amp; salt", "Rice & salt"),
        ("First line\nsame paragraph\n\nNext", "First line same paragraph\n\nNext"),
        ("<p>in markup\n\nlines mean nothing</p>", "in markup lines mean nothing"),
        ("<!-- note --><p>Text<!-- n --> goes on</p>", "Text goes on"),
        ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("<unknown>kept</unknown>", "kept"),
        ("\x1e<p>a\x1eb</p>", "a b"),
        ("<p></p>", ""),
        ("One<iframe src='https://v.example/1'/> two", "One two"),
        ("One<iframe src='https://v.example/1'> two", "One two"),
        ("One<object data='x'><p>two</p>", "One\n\ntwo"),
        ("One<iframe src='x'>no frames</iframe> two", "One two"),
        ("One<script src='x'/> two", "One two"),
        ("<b>One<p>two</b>", "One\n\ntwo"),
        ("<p title='a > b' onclick='x()'>One</p>", "One"),
        ("The families wait...</", "The families wait..."),
        ("<img src='data:image/png;base64," + "A" * 20_000 + "'>One", "One"),
        ("<svg><title>icon</title></svg><math><mi>x</mi></math>One", "One"),
        ("&lt;b&gt; stays as typed<br>", "<b> stays as typed"),
    ],
)
def test_markup_becomes_paragraphs(markup, text):
    assert paragraphs(markup) == text


def test_lines_to_strip_go_only_as_whole_lines():
    markup = "<p>Donate  Now</p><p>Do not say Donate Now here</p><p>Text<br>Share:<br>goes on</p>"
    assert paragraphs(markup, ["Donate Now", "Share:"]) == "Do not say Donate Now here\n\nText goes on"


@pytest.mark.parametrize(
    "trailer",
    [
        "The post Camps appeared first on Watch.",
        "L’article Camps est apparu en premier sur Watch.",
        "La entrada Camps se publicó primero en Watch.",
    ],
)
def test_the_trailer_of_wordpress_goes(trailer):
    assert paragraphs(f"<p>The post was closed.</p><p>{trailer}</p>") == "The post was closed."
    assert paragraphs(f"The post was closed. {trailer}") == "The post was closed."


def test_the_same_title_is_one_line_in_every_form():
    assert title_line("<h1>A<br>title</h1>") == title_line("A\ntitle", plain=True) == "A title"


@given(st.text(max_size=300))
def test_cleaned_text_is_clean_already(text):
    once = paragraphs(text, plain=True)
    assert paragraphs(once, plain=True) == once
    assert "\n\n\n" not in once
    assert all(" ".join(p.split()) == p for p in once.split("\n\n"))


@pytest.mark.parametrize(
    "link", ["", " ", "http://[broken", "https://x:99999/", "https://x:0/", "mailto:a@b.example", "https:///"]
)
def test_a_broken_link_is_none(link):
    assert address("", link) == ""


def test_an_entry_without_a_link_does_not_lead_to_its_feed():
    assert entries(item(title="t", link="http://[broken"))[0].url == ""
    assert entries(item(title="t"))[0].url == ""


@given(st.text(max_size=60), st.text(max_size=60))
def test_an_address_can_always_be_taken_apart(base, link):
    found = address(f"https://feed.example/{base}", link)
    assert found == "" or found.startswith(("http://", "https://"))


# Real feeds, where they are at hand


def test_every_real_feed_at_hand_is_read_whole():
    shared = os.environ.get("NKWATCH_SHARED")
    if not shared:
        pytest.skip("NKWATCH_SHARED names no folder of third-party feeds")
    files = sorted(Path(shared).glob("replay/dev_feeds/*/*.xml"))[::8]
    for file in files:
        body = file.read_bytes()
        assert len(entries(body)) == body.count(b"<item>"), file


def test_bytes_that_are_said_to_be_utf_16_and_cannot_be_are_read_as_what_they_are() -> None:
    body = "<rss version='2.0'><channel><item><title>정치범수용소 가족 면담을 요구한다</title></item></channel></rss>"
    assert "정치범수용소" in decode(body.encode("euc-kr"), "text/xml; charset=utf-16")


def test_relative_links_of_a_feed_start_where_the_catalogue_says() -> None:
    body = b"<rss version='2.0'><channel><item><title>t</title><link>/news/1</link></item></channel></rss>"
    source = Source("a", "https://api.a.example/feed", "A", options={"base": "https://www.a.example/"})
    read = FEED.read(Document(body, source.url), source)
    assert isinstance(read, Parsed)
    assert [e.url for e in read.entries] == ["https://www.a.example/news/1"]
    assert not list(FEED.problems(source))
    assert len(list(FEED.problems(replace(source, options={"base": "/x", "item": "li"})))) == 2


@pytest.mark.parametrize("written", ["&#0;", "&#x0;", "&#x00;", "&#8;", "&#xD800;", "&#55296;", "&#65535;"])
def test_characters_that_no_text_may_hold_are_not_let_in_by_their_numbers(written):
    # loose as feedparser is, it takes them; PostgreSQL refuses them, and with them the whole poll
    rss = f"""<rss version="2.0"><channel><title>x</title><item><guid>g{written}</guid><title>one{written}two</title>
        <author>a{written}b</author><link>https://feed.example/1{written}</link>
        <description>a{written}b &amp;{written[1:]} &#xD55C;&#33;</description></item></channel></rss>"""
    (entry,) = read_(rss.encode()).entries
    said = (entry.guid, entry.title, entry.author, entry.url, entry.text)
    assert not any(FORBIDDEN.search(text) for text in said), said
    assert (entry.title, entry.text.endswith("한!")) == ("onetwo", True)
