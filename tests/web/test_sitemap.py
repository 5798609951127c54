"""What search engines are told: every public page of the archive, and nothing that is made for one reader."""

from datetime import timedelta
from urllib.robotparser import RobotFileParser

import httpx
import pytest
from fastapi import FastAPI
from lxml import etree

from nkwatch.web.pages import Pages
from nkwatch.web.sitemap import NAMESPACE, Sitemap
from tests.web.archived import apart, entry, queries, told
from tests.web.samples import ENGLISH, NOW, SITE


async def locations(client, path):
    """Addresses and when something new was there."""
    answer = await client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/xml"
    root = etree.fromstring(answer.content)
    found = root.iter(f"{{{NAMESPACE}}}sitemap", f"{{{NAMESPACE}}}url")
    return {e.findtext(f"{{{NAMESPACE}}}loc").removeprefix(SITE): e.findtext(f"{{{NAMESPACE}}}lastmod") for e in found}


async def stories(client):
    pages = [p for p in await locations(client, "/sitemap.xml") if "stories" in p]
    return {path: at for page in pages for path, at in (await locations(client, page)).items()}


async def test_every_public_story_is_listed_with_when_something_new_was_there(newsroom, client):
    one, other = await told(newsroom, *apart(2))
    assert await stories(client) == dict.fromkeys((f"/stories/{one}", f"/stories/{other}"), "2026-11-22T07:00:00Z")


async def test_a_story_that_may_not_be_shown_is_not_listed(newsroom, client):
    one, other = await told(newsroom, *apart(2))
    await newsroom.desk.hold(one, "Ann", NOW)
    assert set(await stories(client)) == {f"/stories/{other}"}


async def test_themes_and_sources_are_listed_and_no_search(newsroom, client):
    listed = set(await locations(client, "/sitemap/pages.xml"))
    assert {"/", "/themes", "/themes/prisons", "/sources", f"/sources/{ENGLISH}", "/editions"} <= listed
    assert not [path for path in listed if path.startswith(("/search", "/dossier", "/settings"))]
    for path in listed - {"/editions", "/numbers"}:
        assert (await client.get(path)).status_code == 200, path


async def test_pages_of_the_sitemap_hold_so_many_stories_and_stay_as_they_are(newsroom):
    app = FastAPI()
    *first, last = apart(6)
    await told(newsroom, *first)
    app.router.routes.extend(Sitemap(newsroom, Pages(newsroom), size=2).routes())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE) as client:
        index = await locations(client, "/sitemap.xml")
        pages = [p for p in index if "stories" in p]
        assert [len(await locations(client, p)) for p in pages] == [2, 2, 1]
        newsroom.clock.now += timedelta(hours=2)
        await told(newsroom, *first, last)
        assert [p for p in await locations(client, "/sitemap.xml") if "stories" in p][:3] == pages


async def test_the_pages_of_the_sitemap_are_counted_once_an_hour(newsroom, client):
    await told(newsroom, entry())
    await client.get("/sitemap.xml")
    with queries(newsroom) as asked:
        await client.get("/sitemap.xml")
    assert asked == []


@pytest.mark.parametrize("cursor", ["x", "aaaaaaaaaaaaaaaa", "..", "%00"])
async def test_a_page_that_is_none_is_not_found(newsroom, client, cursor):
    await told(newsroom, entry())
    assert (await client.get(f"/sitemap/stories-{cursor}.xml")).status_code == 404


async def test_crawlers_are_told_where_the_sitemap_is_and_what_to_leave_alone(client):
    answer = await client.get("/robots.txt")
    assert answer.headers["content-type"].startswith("text/plain")
    rules = RobotFileParser()
    rules.parse(answer.text.splitlines())
    assert rules.site_maps() == [f"{SITE}/sitemap.xml"]
    for path in (
        "/search?q=x",
        "/dossier?q=x",
        "/settings/abc",
        "/manage/abc",
        "/confirm/x",
        "/leave/x",
        "/api/v1/stories",
    ):
        assert not rules.can_fetch("AnyBot", f"{SITE}{path}"), path
    for path in ("/", "/stories/abc", "/themes/prisons", "/sources", "/feed.atom", "/subscribe", "/editions/1"):
        assert rules.can_fetch("AnyBot", f"{SITE}{path}"), path
