"""The pages of the sources."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.outcome import Failed
from nkwatch.web.sourcing import Gap
from tests.web.archived import CAMP, HOUR, entry, told
from tests.web.html import Page
from tests.web.samples import ENGLISH, FAILING, KOREAN, NOW, poll, tell_samples

DAY = timedelta(days=1)


async def page_of(client, source, **asked):
    answer = await client.get(f"/sources/{source}", params=asked)
    assert answer.status_code == 200
    return Page.of(answer.text)


def rows(page):
    return {
        d.cssselect("dt")[0].text: " ".join(d.cssselect("dd")[0].text_content().split())
        for d in page.all("dl.choice > div")
    }


async def test_a_source_stands_with_who_publishes_it_and_how_it_is(newsroom, client):
    newsroom.sources[ENGLISH] = replace(newsroom.sources[ENGLISH], homepage="https://reedbank.example/")
    await told(newsroom, entry(), entry("Another on Yodok", f"{CAMP} Two.", published=NOW - 3 * DAY),
               entry("A third on Yodok", f"{CAMP} Three.", published=NOW - 6 * DAY))  # fmt: skip
    page = await page_of(client, ENGLISH)
    assert page.text("h1") == "Reedbank Border Watch"
    said = rows(page)
    assert said["Country"] == "South Korea"
    assert said["Languages"] == "English"
    assert said["State"] == "ok"
    assert said["Rhythm"] == "Usually a statement every 3 days."
    assert said["Newest statement"] == "22 November 2026"
    assert said["Last success"] == "22 Nov 2026, 07:00 UTC"
    link = page.one("dl.choice a")
    assert (link.get("href"), link.get("rel")) == ("https://reedbank.example/", "noopener noreferrer")
    assert page.one("svg.strip").get("aria-label") == "3 statements"


async def test_its_newest_statements_lead_to_their_stories(newsroom, client):
    (story,) = await told(newsroom, entry())
    page = await page_of(client, ENGLISH)
    assert page.one("article h3 a").get("href") == f"/stories/{story}#r-{story}"
    assert {f"/sources/{ENGLISH}/feed.{e}" for e in ("atom", "rss", "json")} <= set(page.links())
    assert not (await page_of(client, KOREAN)).all("article")


async def test_older_statements_follow_on_pages_of_their_own(newsroom, client):
    entries = [
        entry(f"Camp number {n} at Yodok", f"{CAMP} {n}", guid=str(n), published=NOW - n * HOUR) for n in range(25)
    ]
    await told(newsroom, *entries)
    first = await page_of(client, ENGLISH)
    second = Page.of((await client.get(first.one("nav.paging a[rel=next]").get("href"))).text)
    assert [a.text_content() for page in (first, second) for a in page.all("article h3 a")] == [
        e.title for e in entries
    ]
    assert not second.all("dl.choice")


async def test_a_source_that_fails_says_so_without_the_words_of_its_server(newsroom, client):
    await tell_samples(newsroom)
    await poll(newsroom, FAILING, Failed("HTTP 503 from inner.relay.example"))
    page = await page_of(client, FAILING)
    assert rows(page)["State"].startswith("failing")
    assert "503" not in page.text()


async def test_a_source_that_is_not_read_any_more_keeps_its_page(newsroom, client):
    await told(newsroom, entry())
    newsroom.sources[ENGLISH] = replace(newsroom.sources[ENGLISH], enabled=False)
    page = await page_of(client, ENGLISH)
    assert rows(page)["State"] == "not read at present"
    assert "Next poll" not in rows(page)
    assert page.all("article")


async def test_a_source_that_was_never_polled_has_a_page(newsroom, client):
    page = await page_of(client, KOREAN, lang="ja")
    assert page.language == "ja"
    assert page.text("h1") == "빈자리 가족연대"


async def test_all_sources_lead_to_their_pages(newsroom, client):
    links = Page.of((await client.get("/sources", params={"lang": "fr"})).text).links()
    assert {f"/sources/{s.id}?lang=fr" for s in newsroom.sources.values() if s.enabled} <= set(links)


@pytest.mark.parametrize("source", ["nope", "x%00", "..%2F..%2Fetc"])
async def test_a_source_that_is_none_has_no_page(client, source):
    assert (await client.get(f"/sources/{source}")).status_code == 404


@pytest.mark.parametrize(("gaps", "usual"), [
    ([], None),
    ([DAY], None),
    ([HOUR, HOUR], Gap(1, hours=True)),
    ([timedelta(minutes=5)] * 3, Gap(1, hours=True)),
    ([HOUR * 5, HOUR * 7, DAY * 30], Gap(7, hours=True)),
    ([DAY * 2, DAY * 3, DAY * 30], Gap(3, hours=False)),
])  # fmt: skip
def test_the_rhythm_is_the_median_between_the_newest(gaps, usual):
    dates = [NOW - sum(gaps[:n], timedelta(0)) for n in range(len(gaps) + 1)] if gaps else []
    assert Gap.of(dates) == usual
