"""Feeds are found where sites say them, and pages without one get selectors proposed. The pages are our own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.feeds.discovery import distinct, from_robots, look, usual_places
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.listings import FEWEST_ITEMS, page, propose

URL = "https://site.example/news/"

TITLES = (
    "Prison camp survivor speaks before the committee",
    "New report on forced returns across the river",
    "Statement on the abduction of fishermen",
    "Letter to the ministers on separated families",
    "What the new law on foreign films means",
)


def document(body: str) -> Document:
    return Document(body.encode(), URL, "text/html; charset=utf-8")


def whole(inner: str) -> str:
    menu = "".join(f'<li><a href="/s/{n}">A section of the site called {n}</a></li>' for n in range(8))
    return f"""<!doctype html><html lang="en"><head><title>Site</title></head><body>
    <header class="site-header"><nav class="main-nav"><ul>{menu}</ul></nav></header>
    {inner}
    <footer><ul><li><a href="/privacy">The privacy policy of this organisation</a></li>
    <li><a href="/contact">How to get in touch with all of us</a></li>
    <li><a href="/donate">Support our work with a donation today</a></li></ul></footer></body></html>"""


def wordpress() -> str:
    posts = "".join(
        f"""<article id="post-{n}" class="post-{n} post type-post category-{n} hentry">
        <a href="/{n}/"><img src="{n}.jpg"></a>
        <header class="entry-header"><h2 class="entry-title"><a href="/{n}/" rel="bookmark">{title}</a></h2>
        <span class="posted-on"><time class="entry-date" datetime="2026-11-1{n}T09:00:00+00:00">{n} days ago</time></span>
        </header>
        <div class="entry-summary"><p>A first paragraph that says at some length what this text is about, {n}.</p></div>
        <a class="more-link" href="/{n}/">Continue reading this text on our site</a></article>"""
        for n, title in enumerate(TITLES)
    )
    return whole(f'<main id="main">{posts}</main>')


def drupal() -> str:
    rows = "".join(
        f"""<div class="views-row views-row-{n} {"views-row-odd" if n % 2 else "views-row-even"}">
        <div class="views-field views-field-created"><span class="field-content">1{n} November 2026</span></div>
        <div class="views-field views-field-title"><span class="field-content"><a href="/node/{n}">{title}</a></span></div>
        <div class="views-field views-field-body"><div class="field-content">Some words that lead into the text, longer than a title, {n}.</div></div>
        </div>"""
        for n, title in enumerate(TITLES)
    )
    return whole(
        f'<div class="region-content"><div class="view view-news"><div class="view-content">{rows}</div></div></div>'
    )


def korean_board() -> str:
    titles = (
        "북한인권 상황 보고서를 발간합니다",
        "강제북송 규탄 성명을 발표했습니다",
        "납북자 가족 간담회가 열렸습니다",
        "정치범수용소 생존자 증언 행사 안내",
        "이산가족의 날 기념행사 개최 안내",
    )
    rows = "".join(
        f"""<tr><td class="num">{90 - n}</td><td class="subject"><a href="/bbs/board.php?bo_table=news&amp;wr_id={n}">{title}</a></td>
        <td class="name">관리자</td><td class="date">2026.11.1{n}</td><td class="hit">{100 + n}</td></tr>"""
        for n, title in enumerate(titles)
    )
    return whole(
        f"""<div id="bo_list"><table class="board_list"><thead><tr><th>번호</th><th>제목</th><th>글쓴이</th><th>날짜</th><th>조회</th></tr></thead>
        <tbody>{rows}</tbody></table></div>"""
    )


def nameless_board() -> str:
    rows = "".join(
        f"""<tr><td>{n}</td><td><a href="view.asp?no={n}">{title}</a></td><td>editor</td><td>2026-11-1{n}</td></tr>"""
        for n, title in enumerate(TITLES)
    )
    return whole(f"<table><tr><td>no</td><td>title</td><td>by</td><td>date</td></tr>{rows}</table>")


def cards() -> str:
    boxes = [
        f"""<div class="col-md-6"><div class="card"><a class="card-link" href="/c/{n}"><img src="x.png">
        <h3 class="card-title">{title}</h3><small>1{n}/11/2026</small></a></div></div>"""
        for n, title in enumerate(TITLES[:4])
    ]
    return whole(
        f'<section id="list"><div class="row">{"".join(boxes[:2])}</div><div class="row">{"".join(boxes[2:])}</div></section>'
    )


def caught(text: str) -> list[dict[str, str]]:
    """What the first proposal catches on its own page."""
    read = page(document(text))
    assert not isinstance(read, Unreadable)
    options = propose(document(text))[0].options
    found = []
    for item in read.cssselect(options["item"]):
        parts = {name: next(iter(item.cssselect(s)), None) for name, s in options.items() if name != "item"}
        if parts["title"] is not None:
            found.append(
                {
                    n: " ".join((p.get("href") if n == "link" else p.text_content()).split())
                    for n, p in parts.items()
                    if p is not None
                }
            )
    return found


@pytest.mark.parametrize("make", [wordpress, drupal, nameless_board])
def test_the_items_of_a_site_are_caught_and_nothing_else(make):
    items = caught(make())
    assert [i["title"] for i in items] == list(TITLES)
    assert len({i["link"] for i in items}) == 5


def test_a_wordpress_page_gives_titles_dates_and_teasers():
    options = propose(document(wordpress()))[0].options
    assert options == {
        "item": "article.post", "title": "h2", "link": "h2 > a", "date": "time", "teaser": "p",
    } or options["item"] in {"article.post", "article.hentry", "article.type-post"}  # fmt: skip
    first = caught(wordpress())[0]
    assert first["date"] == "0 days ago"
    assert first["teaser"].startswith("A first paragraph")
    assert first["link"] == "/0/"


def test_a_drupal_view_gives_titles_dates_and_teasers():
    first = caught(drupal())[0]
    assert (first["date"], first["link"]) == ("10 November 2026", "/node/0")
    assert first["teaser"].startswith("Some words")


def test_a_korean_board_gives_titles_and_dates_and_no_teaser():
    items = caught(korean_board())
    assert len(items) == 5
    assert items[0] == {
        "title": "북한인권 상황 보고서를 발간합니다",
        "link": "/bbs/board.php?bo_table=news&wr_id=0",
        "date": "2026.11.10",
    }


def test_a_board_without_any_names_is_told_by_the_places_of_its_cells():
    assert caught(nameless_board())[1]["date"] == "2026-11-11"


def test_cards_in_rows_are_one_list_and_the_heading_in_the_link_is_the_title():
    items = caught(cards())
    assert [i["title"] for i in items] == list(TITLES[:4])
    assert [i["link"] for i in items] == ["/c/0", "/c/1", "/c/2", "/c/3"]
    assert items[3]["date"] == "13/11/2026"


def test_a_page_with_nothing_that_repeats_gets_no_proposal():
    assert propose(document("<html><body><h1>Welcome</h1><p>We are a small organisation.</p></body></html>")) == ()


def test_a_menu_is_proposed_only_behind_the_news():
    assert all("nav" not in p.options["item"] for p in propose(document(wordpress()))[:1])


def test_an_empty_page_is_said_to_be_empty():
    assert propose(document("  ")) == look(document("")) == Unreadable("The page is empty.")


def test_feeds_that_a_page_names_come_before_those_that_it_links_to_and_comments_come_last():
    body = """<html lang="ko-KR"><head><title>Home - Site</title><meta property="og:site_name" content="The Site">
    <link rel="alternate" type="application/rss+xml" title="Comments Feed" href="/comments/feed/">
    <link rel="alternate" type="application/atom+xml" title="News" href="../atom">
    <link rel="alternate" type="application/json" href="/wp-json/wp/v2/pages/7">
    <link rel="alternate" hreflang="ja" href="/ja/"><link rel="stylesheet" type="text/css" href="/feed.css">
    </head><body><a href="/rss/allArticle.xml">RSS</a><a href="https://feedly.com/i/subscription/feed/x">Feedly</a>
    <a href="/feedback">Feedback</a><a href="/about">About us</a><a href="javascript:feed()">Feed</a>
    <a href="/atom/">Atom again</a></body></html>"""
    seen = look(document(body))
    assert not isinstance(seen, Unreadable)
    assert (seen.name, seen.language) == ("The Site", "ko-kr")
    assert [c.url for c in seen.candidates] == [
        "https://site.example/atom",
        "https://site.example/rss/allArticle.xml",
        "https://site.example/comments/feed/",
    ]
    assert [c.found for c in seen.candidates[:2]] == ["named by the page", "linked on the page"]


def test_links_start_at_the_base_that_the_page_names():
    body = (
        '<head><base href="https://other.example/x/"><link rel="alternate" type="application/rss+xml" href="f"></head>'
    )
    seen = look(document(body))
    assert not isinstance(seen, Unreadable)
    assert [c.url for c in seen.candidates] == ["https://other.example/x/f"]


def test_news_sitemaps_of_robots_txt_are_candidates_and_others_are_not():
    robots = "User-agent: *\nDisallow: /x\nSitemap: https://site.example/sitemap.xml\n sitemap: /news-sitemap.xml\nSitemap: javascript:news\n"
    assert [(c.url, c.kind) for c in from_robots(robots, URL)] == [("https://site.example/news-sitemap.xml", "sitemap")]


def test_the_usual_places_are_those_of_the_host():
    assert usual_places("https://site.example/a/b?c")[0].url == "https://site.example/feed/"
    assert usual_places("https://site.example/", "ko")[0].url == "https://site.example/rss/allArticle.xml"
    assert usual_places("https://site.co.kr/a")[0].url == "https://site.co.kr/rss/allArticle.xml"
    assert len(distinct(usual_places(URL))) == len(usual_places(URL))


def test_more_links_than_any_listing_has_are_not_looked_at():
    body = "".join(f'<div class="i"><a href="/{n}">A longish title that is number {n}</a></div>' for n in range(20_000))
    assert propose(document(body)) == ()
    assert propose(document(body[: len(body) // 40]))[0].items > FEWEST_ITEMS
    assert len(look(document("".join(f'<a href="/feed/{n}">feed</a>' for n in range(5_000)))).candidates) == 20


@given(st.text(max_size=200), st.text("<>/abdhlrtiv=\"' 1.", max_size=300))
def test_no_page_whatever_raises(text, markup):
    for body in (text, markup, f"<ul>{markup}</ul>" * 3):
        look(document(body))
        propose(document(body))
        from_robots(body, URL)
