"""Sitemaps: plain, of news, of sitemaps, as text; and hostile ones."""

import gzip
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Document, Elsewhere, Parsed, Unreadable
from nkwatch.feeds.sitemaps import LARGEST, SITEMAP, read_sitemap

HOME = "https://www.ngo.example/sitemap.xml"
NS = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'
NEWS = 'xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'


def read_(body: str | bytes, url: str = HOME, content_type: str = "", **options: str):
    source = Source(id="s", url=HOME, publisher="S", kind="sitemap", options=options)
    return read_sitemap(Document(body.encode() if isinstance(body, str) else body, url, content_type), source)


def entries(*args, **options):
    found = read_(*args, **options)
    assert isinstance(found, Parsed), found
    return found.entries


def reason(*args, **options) -> str:
    found = read_(*args, **options)
    assert isinstance(found, Unreadable), found
    return found.reason


def row(url: str, lastmod: str = "", extra: str = "") -> str:
    return f"<url><loc>{url}</loc>{f'<lastmod>{lastmod}</lastmod>' if lastmod else ''}{extra}</url>"


def urlset(*rows: str, attributes: str = f"{NS} {NEWS}") -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset {attributes}>{"".join(rows)}</urlset>'


def news(title: str, date: str, language: str = "ko") -> str:
    publication = (
        f"<news:publication><news:name>일보</news:name><news:language>{language}</news:language></news:publication>"
    )
    return f"<news:news>{publication}<news:publication_date>{date}</news:publication_date><news:title>{title}</news:title></news:news>"


def index(*children: tuple[str, str]) -> str:
    rows = (f"<sitemap><loc>{u}</loc>{f'<lastmod>{d}</lastmod>' if d else ''}</sitemap>" for u, d in children)
    return f"<sitemapindex {NS}>{''.join(rows)}</sitemapindex>"


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def test_addresses_come_newest_first_with_the_day_of_their_last_change():
    found = entries(
        urlset(
            row("https://www.ngo.example/a", "2026-11-01"),
            row("https://www.ngo.example/b", "2026-11-20T09:00:00+09:00"),
            row("https://www.ngo.example/c"),
        )
    )
    assert [(e.url[-1], e.title, e.published) for e in found] == [
        ("b", "", at(2026, 11, 20)),
        ("a", "", at(2026, 11, 1)),
        ("c", "", None),
    ]


def test_news_have_title_date_name_and_language():
    (found,) = entries(
        urlset(row("https://www.ngo.example/n", "2026-11-22", news("북한 인권 &amp; 결의", "2026-11-21T15:00+09:00")))
    )
    assert (found.title, found.published, found.author, found.language) == (
        "북한 인권 & 결의",
        at(2026, 11, 21, 6),
        "일보",
        "ko",
    )
    assert found.updated == at(2026, 11, 21, 15)  # a day without a zone beside Korean is one of Korea


@pytest.mark.parametrize("attributes", ["", 'xmlns="http://wrong.example/ns"', 'xmlns="https://www.google.com/0.84"'])
def test_missing_and_wrong_namespaces_do_not_matter(attributes):
    assert [e.url for e in entries(urlset(row("https://www.ngo.example/a"), attributes=attributes))] == [
        "https://www.ngo.example/a"
    ]


def test_prefixed_elements_are_read_and_images_are_not():
    text = (
        '<s:urlset xmlns:s="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:image="urn:i"><s:url>'
        "<image:image><image:loc>https://www.ngo.example/i.jpg</image:loc></image:image>"
        "<s:loc> https://www.ngo.example/a </s:loc></s:url></s:urlset>"
    )
    assert [e.url for e in entries(text)] == ["https://www.ngo.example/a"]


def test_the_day_of_a_build_is_no_date_of_publication():
    rows = [row(f"https://www.ngo.example/{n}", "2026-11-20T10:00:00Z") for n in range(6)]
    found = entries(urlset(*rows, row("https://www.ngo.example/new", "2026-11-21")))
    assert [e.published for e in found] == [at(2026, 11, 21), *[None] * 6]


def test_few_rows_of_one_day_keep_their_date():
    found = entries(urlset(*(row(f"https://www.ngo.example/{n}", "2026-11-20") for n in range(5))))
    assert {e.published for e in found} == {at(2026, 11, 20)}


def test_a_day_that_only_half_of_the_rows_share_is_no_build():
    rows = [row(f"https://www.ngo.example/{n}", f"2026-11-{20 if n < 3 else n:02}") for n in range(6)]
    assert all(e.published for e in entries(urlset(*rows)))


def test_only_the_newest_five_hundred_are_shown():
    rows = [row(f"https://www.ngo.example/{n}", f"20{n % 25:02}-0{n % 9 + 1}-11") for n in range(2_000)]
    found = entries(urlset(*rows))
    assert len(found) == 500
    dates = [e.published for e in found]
    assert dates == sorted(dates, reverse=True)
    assert min(dates).year == 2018


def test_the_catalogue_chooses_paths():
    text = urlset(
        row("https://www.ngo.example/news/1"),
        row("https://www.ngo.example/shop/1"),
        row("https://www.ngo.example/statements/1"),
    )
    assert [e.url[24:] for e in entries(text, path="/news/ /statements/")] == ["news/1", "statements/1"]


def test_a_path_is_not_looked_for_in_the_host():
    assert "path" in reason(urlset(row("https://news.ngo.example/shop")), path="news")


def test_news_of_other_paths_are_no_failure():
    assert entries(urlset(row("https://www.ngo.example/x", "", news("T", "2026-11-21"))), path="/nk/") == ()


def test_a_sitemap_of_news_may_be_empty():
    assert entries(urlset()) == ()
    assert entries("<urlset/>") == ()


def test_ampersands_that_are_not_escaped_stay_in_their_address():
    found = entries(urlset(row("https://www.ngo.example/v?a=1&b=2"), row("https://www.ngo.example/v?a=1&amp;c=3")))
    assert [e.url for e in found] == ["https://www.ngo.example/v?a=1&b=2", "https://www.ngo.example/v?a=1&c=3"]


def test_a_sitemap_that_is_cut_off_keeps_what_came_but_for_the_address_at_the_cut():
    whole = urlset(*(row(f"https://www.ngo.example/{n}") for n in range(3)))
    found = read_(whole[: whole.index("example/2") + 8])
    assert isinstance(found, Parsed)
    assert found.partial
    assert [e.url[-1] for e in found.entries] == ["0", "1"]


def test_a_comment_behind_the_end_is_no_cut():
    found = read_(urlset(row("https://www.ngo.example/a")) + "<!-- built in 0.1 s -->")
    assert isinstance(found, Parsed)
    assert not found.partial


def test_addresses_that_are_none_are_left_out():
    text = urlset(row("javascript:alert(1)"), row(""), row("/relative"), row("ftp://x.example/a"), "<url></url>")
    assert [e.url for e in entries(text)] == ["https://www.ngo.example/relative"]


def test_dates_that_are_none_are_none():
    rows = (row("https://www.ngo.example/a", "yesterday"), row("https://www.ngo.example/b", "2026-99-99"))
    assert [e.published for e in entries(urlset(*rows))] == [None, None]


# Indexes


def test_of_an_index_the_sitemap_that_changed_last_is_read():
    text = index(
        ("https://www.ngo.example/old.xml", "2025-01-01"),
        ("https://www.ngo.example/new.xml", "2026-11-22T01:00:00Z"),
        ("https://www.ngo.example/none.xml", ""),
    )
    assert read_(text) == Elsewhere("https://www.ngo.example/new.xml")


def test_the_catalogue_chooses_among_the_sitemaps_of_an_index():
    text = index(("https://www.ngo.example/page.xml", "2026-11-22"), ("https://www.ngo.example/post.xml", "2026-11-01"))
    assert read_(text, child="post") == Elsewhere("https://www.ngo.example/post.xml")
    assert "'video'" in reason(text, child="video")


def test_without_dates_the_first_is_read_and_of_those_chosen_the_last():
    text = index(*((f"https://www.ngo.example/wp-sitemap-posts-post-{n}.xml", "") for n in (1, 2)))
    assert read_(text) == Elsewhere("https://www.ngo.example/wp-sitemap-posts-post-1.xml")
    assert read_(text, child="posts-post") == Elsewhere("https://www.ngo.example/wp-sitemap-posts-post-2.xml")


@pytest.mark.parametrize(
    ("child", "fine"),
    [
        ("https://www.ngo.example/a.xml", True),
        ("http://ngo.example/a.xml", True),
        ("/a.xml", True),
        (HOME, False),
        ("https://evil.example/a.xml", False),
        ("https://example/a.xml", False),
        ("https://xngo.example/a.xml", False),
        ("https://other.www.ngo.example/a.xml", False),
        ("javascript:1", False),
        ("https://[bad/a.xml", False),
    ],
)
def test_an_index_names_sitemaps_of_its_own_site_only(child, fine):
    assert isinstance(read_(index((child, ""))), Elsewhere if fine else Unreadable)


def test_an_index_on_a_host_may_name_the_domain_above():
    assert read_(index(("https://ngo.example/a.xml", "")), url="https://news.ngo.example/i.xml") == Elsewhere(
        "https://ngo.example/a.xml"
    )


# Forms


def test_a_list_of_addresses_is_a_sitemap():
    text = "\ufeffhttps://www.ngo.example/a\r\n\r\nhttps://www.ngo.example/b\n# a note\n"
    assert [e.url[-1] for e in entries(text)] == ["a", "b"]


def test_a_text_of_something_else_is_not():
    assert "list of addresses" in reason("Not found\nhttps://www.ngo.example/\nSorry\n")


@pytest.mark.parametrize("content_type", ["application/gzip", "application/octet-stream", ""])
def test_a_packed_sitemap_is_unpacked(content_type):
    body = gzip.compress(urlset(row("https://www.ngo.example/a")).encode())
    assert [e.url for e in entries(body, content_type=content_type)] == ["https://www.ngo.example/a"]


def test_a_bomb_is_refused():
    assert "20 MB" in reason(gzip.compress(bytes(LARGEST + 1)))


def test_broken_gzip_is_a_sentence():
    assert "broken" in reason(b"\x1f\x8bnonsense-nonsense")


def test_gzip_that_is_cut_off_keeps_what_came():
    body = gzip.compress(urlset(*(row(f"https://www.ngo.example/{n * 7919 % 9973}") for n in range(5_000))).encode())
    found = read_(body[: len(body) // 2])
    assert isinstance(found, Parsed)
    assert found.partial
    assert found.entries


def test_korean_that_declares_euc_kr_is_read():
    text = urlset(row("https://www.ngo.example/a", "", news("북한인권 성명을 발표하다", "2026-11-21"))).replace(
        "UTF-8", "EUC-KR"
    )
    assert entries(text.encode("cp949"))[0].title == "북한인권 성명을 발표하다"


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("", "empty"),
        ("<!DOCTYPE html><html><body>404</body></html>", "web page"),
        ("<html><head><title>x</title></head></html>", "web page"),
        ("<rss version='2.0'/>", "another kind"),
        ("<", "XML"),
        ('<!DOCTYPE urlset [<!ENTITY a "b">]><urlset/>', "entities"),
        (
            '<!DOCTYPE urlset [<!ENTITY a SYSTEM "file:///etc/passwd">]><urlset><url><loc>&a;</loc></url></urlset>',
            "entities",
        ),
    ],
)
def test_what_is_no_sitemap_is_a_sentence(body, told):
    assert told in reason(body)


def test_deep_nesting_is_survived():
    assert isinstance(read_("<urlset>" + "<url>" * 50_000), Parsed | Unreadable)


def test_nested_rows_are_no_rows():
    assert entries(f"<urlset><wrap>{row('https://www.ngo.example/a')}</wrap></urlset>") == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_answered(body):
    assert isinstance(read_(body), Parsed | Elsewhere | Unreadable)


@given(st.text(alphabet="<>/=\"'&; urlsetocmd:-1", max_size=200))
def test_anything_like_xml_is_answered(text):
    assert isinstance(read_(f"<urlset><url>{text}"), Parsed | Elsewhere | Unreadable)


def test_unknown_options_are_told():
    source = Source(id="s", url=HOME, publisher="S", kind="sitemap", options={"paht": "x"})
    assert "paht" in " ".join(SITEMAP.problems(source))
    assert not list(SITEMAP.problems(Source(id="s", url=HOME, publisher="S", options={"path": "/a/", "child": "b"})))
