"""Feeds and pages as bytes, written for the tests. Nothing in them was ever published."""

KOREAN = """<?xml version="1.0" encoding="{encoding}"?>
<rss version="2.0"><channel><title>북녘인권모임</title><link>https://moim.example/</link><language>ko</language>
<item><title>정치범수용소 가족 면담을 요구한다</title><link>/board/12</link><guid isPermaLink="false">board-12</guid>
<pubDate>Sun, 22 Nov 2026 10:00:00 KST</pubDate>
<description>&lt;p&gt;북한 당국은 수용소의 문을 열어야 한다.&lt;/p&gt;&lt;p&gt;가족이 기다린다.&lt;/p&gt;</description></item>
<item><title>강제송환을 멈추라</title><link>/board/11</link><pubDate>2026년 11월 21일 오후 3시 5분</pubDate>
<description>강제송환된 사람들의 이름을 밝혀야 한다.</description></item>
</channel></rss>"""

JAPANESE = """<?xml version="1.0" encoding="{encoding}"?>
<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"
 xmlns:dc="http://purl.org/dc/elements/1.1/" xml:lang="ja">
<channel rdf:about="https://kazoku.example/"><title>家族の声</title><link>https://kazoku.example/</link>
<description>お知らせ</description></channel>
<item rdf:about="https://kazoku.example/news/7"><title>拉致被害者の家族が会見</title>
<link>https://kazoku.example/news/7</link><description>北朝鮮にいる家族の帰国を求めた。</description>
<dc:creator>事務局</dc:creator><dc:date>2026-11-22T09:30:00+09:00</dc:date></item>
</rdf:RDF>"""

ENGLISH = b"""<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB" xml:base="https://watch.example/en/">
<title>Camp Watch</title><id>urn:camp-watch</id><updated>2026-11-22T08:00:00Z</updated>
<entry><title type="html">Freedom &amp;amp; return: &lt;em&gt;open the camps&lt;/em&gt;</title>
<id>urn:camp-watch:31</id><link rel="enclosure" href="https://watch.example/31.mp3"/><link href="reports/31"/>
<author><name>Ada Field</name><email>ada@watch.example</email></author><author><name>Bo Reed</name></author>
<published>2026-11-22T08:00:00Z</published><updated>2026-11-22T08:30:00Z</updated>
<summary>Open the camps.</summary>
<content type="html">&lt;p&gt;Families wait   for news.&lt;/p&gt;
&lt;script&gt;alert(1)&lt;/script&gt;&lt;ul&gt;&lt;li&gt;Name them&lt;/li&gt;&lt;li&gt;Let them write&lt;/li&gt;&lt;/ul&gt;
&lt;p&gt;Donate Now&lt;/p&gt;&lt;p&gt;The post &lt;a href="/31"&gt;Freedom&lt;/a&gt; appeared first on
 &lt;a href="/"&gt;Camp Watch&lt;/a&gt;.&lt;/p&gt;</content></entry>
<entry><title>If 3 &lt; 4 &amp; 5 &gt; 4</title><id>urn:camp-watch:30</id><link href="reports/30"/>
<updated>2026-11-20T08:00:00Z</updated><content type="text">Two  words.

Next paragraph &lt;b&gt;as typed&lt;/b&gt;.</content></entry>
</feed>"""

JSON_FEED = b"""{
 "version": "https://jsonfeed.org/version/1.1", "title": "Escape Notes", "language": "en-US",
 "authors": [{"name": "The office"}],
 "items": [
  {"id": 41, "url": "/notes/41", "title": "Three return home", "content_html": "<p>Three came back.</p><p>Two did not.</p>",
   "summary": "Three came back.", "date_published": "2026-11-22T10:00:00+09:00"},
  {"id": "40", "external_url": "https://other.example/40", "content_text": "No title.\\n\\nBut text.",
   "date_modified": "2026-11-21T10:00:00Z", "authors": [{"name": "Lee"}], "language": "ko"}
 ]}"""

LISTING = """<!doctype html><html lang="ko"><head><meta charset="{encoding}"><base href="/ko/"><title>성명</title></head><body>
<nav><ul class="list"><li><a href="/">홈</a></li></ul></nav>
<ul class="board">
<li><a href="view?id=2"><strong>강제송환을 <em>멈추라</em></strong></a><span class="date">2026.11.22</span>
<p>이름을 밝혀야 한다.</p><p>전체보기</p></li>
<li><a href="view?id=1"><strong>가족의 편지</strong></a><span class="date">2026. 11. 20.</span></li>
</ul></body></html>"""

WEB_PAGE = b"""<!DOCTYPE html>
<html><head><title>Just a moment &amp; wait</title><meta http-equiv="refresh" content="0;url=/"></head><body></body></html>"""
