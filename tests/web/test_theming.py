"""The pages of the themes."""

from datetime import timedelta

import pytest

from tests.web.archived import CAMP, apart, entry, queries, told
from tests.web.html import Page
from tests.web.samples import NOW

SPORT = "The North Korean team won in Pyongyang, and North Korea celebrates its football players. " * 3


async def page_of(client, path, **asked):
    answer = await client.get(path, params=asked or None)
    assert answer.status_code == 200
    return Page.of(answer.text)


async def test_all_themes_stand_with_what_they_are_about_and_their_stories_of_thirty_days(newsroom, client):
    await told(newsroom, entry(), entry("An old one on Yodok", f"{CAMP} Old.", published=NOW - timedelta(days=90)))
    page = await page_of(client, "/themes")
    told_of = {li.cssselect("h3")[0].text_content(): li for li in page.all(".index li")}
    assert len(told_of) == len(newsroom.rules.lexicon.themes)
    prisons = told_of["Prisons, camps and torture"]
    assert prisons.cssselect("h3 a")[0].get("href") == "/themes/prisons"
    assert "unfair trial" in prisons.text_content()
    assert "stor" in prisons.cssselect(".count")[0].text
    assert "0 stories in the last 30 days" in told_of["Health"].text_content()


async def test_each_theme_of_ours_says_what_it_is_about(newsroom, client):
    page = await page_of(client, "/themes")
    assert all(len(li.cssselect("p")) == 2 for li in page.all(".index li"))


async def test_stories_are_counted_once_a_minute_for_everybody(newsroom, client):
    await told(newsroom, entry())
    await client.get("/themes")
    with queries(newsroom) as asked:
        await client.get("/themes")
    assert asked == []
    newsroom.clock.now += timedelta(minutes=2)
    with queries(newsroom) as asked:
        await client.get("/themes")
    assert asked


async def test_a_theme_shows_its_terms_its_feeds_and_its_newest_stories(newsroom, client):
    await told(newsroom, entry(), entry("North Korea wins", SPORT, guid="2"))
    page = await page_of(client, "/themes/prisons")
    assert page.text("h1") == "Prisons, camps and torture"
    assert [a.text for a in page.all("article h3 a")] == ["Close the camp at Yodok"]
    terms = {p.get("lang"): p.text for p in page.all(".terms")}
    assert "Yodok" in terms[None]
    assert "요덕" in terms["ko"]
    assert "耀徳" in terms["ja"]
    assert {f"/themes/prisons/feed.{e}" for e in ("atom", "rss", "json")} <= set(page.links())
    assert "/search?theme=prisons" in page.links()
    assert page.all("figure.picture svg")


async def test_older_stories_of_a_theme_follow_on_pages_of_their_own(newsroom, client):
    entries = apart(25)
    await told(newsroom, *entries)
    first = await page_of(client, "/themes/prisons")
    onward = first.one("nav.paging a[rel=next]").get("href")
    second = await page_of(client, onward)
    shown = [a.text for page in (first, second) for a in page.all("article h3 a")]
    assert shown == [e.title for e in entries]
    assert not second.all(".terms, figure.picture")
    assert second.one("link[rel=canonical]").get("href").endswith(onward)


@pytest.mark.parametrize("code", ["nope", "PRISONS", "prisons%00", "..%2Fx"])
async def test_a_theme_that_is_none_has_no_page(client, code):
    assert (await client.get(f"/themes/{code}")).status_code == 404


async def test_a_theme_without_stories_says_so(newsroom, client):
    page = await page_of(client, "/themes/health", lang="ko")
    assert page.language == "ko"
    assert not page.all("article")
