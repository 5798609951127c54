"""Stories merged and split at the desk, and where whoever names a merged one is led."""

import json
import re

import httpx
import pytest

from nkwatch.web.app import create_app
from nkwatch.web.desk.stories import STORIES
from tests.web.authenticator import (
    OWN,
    at_the_desk,
    browser,
    challenged,
    fields_of,
    form_to,
    press,
    shown,
    signed_in,
    touch,
)
from tests.web.html import Page
from tests.web.samples import SITE, empty_newsroom, rows, tell_samples


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        await tell_samples(opened)
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        yield opened


@pytest.fixture
async def device(newsroom, client):
    return await signed_in(newsroom, client)


async def two(newsroom):
    """The ids of two stories of one report each."""
    found = [s.id for s in await newsroom.statements.newest(99) if len(s.reports) == 1]
    return found[:2]


async def reports(newsroom, story_id):
    return sorted(r.statement.id for s in await newsroom.statements.stories([story_id]) for r in s.reports)


def path(story, verb=""):
    return f"{STORIES}/{story}/{verb}".rstrip("/")


def audited(newsroom, act):
    found = [r for r in rows(newsroom, "audit") if r["act"] == act]
    return [(r["editor"], r["thing"], json.loads(r["after"])) for r in found]


async def merged(newsroom, client, device):
    one, other = await two(newsroom)
    done = await touch(client, await shown(client, path(one)), path(one, "merge"), device, other=other, why="one march")
    assert done.headers["location"] == f"{path(one)}?did=merged", done.text
    return one, other


async def test_the_newest_stories_are_listed_and_any_is_found_by_its_address(newsroom, client, device):
    one, other = await two(newsroom)
    page = await shown(client, STORIES)
    assert {path(one), path(other)} <= set(page.links())
    for named in (one, f"{SITE}/stories/{one}", f" {SITE}/stories/{one}?from=20 "):
        answer = await client.get(STORIES, params={"story": named})
        assert (answer.status_code, answer.headers["location"]) == (303, path(one))
    for nothing in ("nosuch", "https://[", "\0", "<script>"):
        answer = await client.get(STORIES, params={"story": nothing})
        assert (answer.status_code, "There is no such story" in answer.text) == (200, True)
        assert "<script>" not in answer.text.replace("<script src", "")


async def test_another_story_is_merged_into_one_by_a_touch(newsroom, client, device):
    one, other = await merged(newsroom, client, device)
    assert await reports(newsroom, one) == sorted([one, other])
    assert await reports(newsroom, other) == []
    ((editor, thing, after),) = audited(newsroom, "merge")
    assert (editor, thing, after["stories"], after["outcome"]) == ("Ann", one, other, "done")
    assert "march" not in json.dumps(after)
    page = await shown(client, f"{path(one)}?did=merged")
    assert "Merged." in page.text("[role=status]")
    assert other in page.text()
    answer = await client.get(path(other))
    assert answer.headers["location"] == path(one)


async def test_without_a_touch_the_next_page_asks_for_it_and_keeps_what_was_written(newsroom, client, device):
    one, other = await two(newsroom)
    answer = await press(client, await shown(client, path(one)), path(one, "merge"), other=other, why="one march")
    assert answer.status_code == 403
    asks = Page.of(answer.text)
    assert "You merge one story into another" in asks.text()
    assert await reports(newsroom, other) == [other]
    done = await touch(client, asks, path(one, "merge"), device)
    assert done.headers["location"] == f"{path(one)}?did=merged"
    assert await reports(newsroom, one) == sorted([one, other])


async def test_a_touch_for_one_story_is_none_for_another(newsroom, client, device):
    one, other = await two(newsroom)
    page = await shown(client, path(one))
    told = await challenged(client, page, path(one, "merge"), other=other)
    signed = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    third = next(s.id for s in await newsroom.statements.newest(99) if s.id not in {one, other})
    answer = await press(client, page, path(one, "merge"), other=third, **signed)
    assert answer.status_code == 403
    assert rows(newsroom, "merged") == []


async def test_a_story_that_looks_alike_is_chosen_from_a_list(newsroom, client, device):
    one, other = await two(newsroom)
    # as if both had the same words
    with newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql(
            f"INSERT OR IGNORE INTO mark SELECT mark, '{other}' FROM mark WHERE statement_id = '{one}'"
        )
    page = await shown(client, path(one))
    assert other in [i.get("value") for i in page.all("input[name=alike]")]
    done = await touch(client, page, path(one, "merge"), device, alike=other)
    assert done.headers["location"] == f"{path(one)}?did=merged"


@pytest.mark.parametrize(("other", "what"), [("", "none"), ("nosuch", "no-story"), ("\0", "no-story")])
async def test_what_names_no_story_is_not_merged(newsroom, client, device, other, what):
    one, _ = await two(newsroom)
    answer = await press(client, await shown(client, path(one)), path(one, "merge"), other=other)
    assert answer.headers["location"] == f"{path(one)}?did={what}"
    assert "Nothing was done" in (await shown(client, answer.headers["location"])).text("[role=status]")


async def test_what_stands_in_the_way_is_said_before_the_key_is_asked_for(newsroom, client, device):
    one, other = await two(newsroom)
    await newsroom.editors.acts.hold(other, "Ann")
    answer = await press(client, await shown(client, path(one)), path(one, "merge"), other=other)
    assert answer.headers["location"] == f"{path(one)}?did=held"
    answer = await press(client, await shown(client, path(one)), path(one, "merge"), other=one)
    assert answer.headers["location"] == f"{path(one)}?did=itself"
    assert audited(newsroom, "merge") == []


async def test_what_is_ticked_is_split_off_by_a_touch(newsroom, client, device):
    one, other = await merged(newsroom, client, device)
    page = await shown(client, path(one))
    assert [i.get("value") for i in page.all("input[name=statements]")] == [other]
    done = await touch(client, page, path(one, "split"), device, statements=other, why="another camp")
    assert done.headers["location"] == f"{path(other)}?did=split"
    assert (await reports(newsroom, one), await reports(newsroom, other)) == ([one], [other])
    ((editor, thing, after),) = audited(newsroom, "split")
    assert (editor, thing, after["story"], after["news"]) == ("Ann", other, other, False)
    assert "Split off" in (await shown(client, done.headers["location"])).text("[role=status]")


async def test_as_news_it_is_news_again(newsroom, client, device):
    one, other = await merged(newsroom, client, device)
    await touch(client, await shown(client, path(one)), path(one, "split"), device, statements=other, news="yes")
    assert [r["story_id"] for r in rows(newsroom, "desk") if r["freed_at"]] == [other]


async def test_nothing_ticked_is_nothing_split(newsroom, client, device):
    one, _ = await merged(newsroom, client, device)
    answer = await press(client, await shown(client, path(one)), path(one, "split"))
    assert answer.headers["location"] == f"{path(one)}?did=none"
    # nor what does not stand there
    answer = await press(client, await shown(client, path(one)), path(one, "split"), statements="nosuch")
    assert answer.headers["location"] == f"{path(one)}?did=none"
    answer = await press(client, await shown(client, path(one)), path(one, "split"), statements=one)
    assert answer.headers["location"] == f"{path(one)}?did=namesake"


async def test_nobody_but_an_editor_sees_or_does_anything(newsroom, client):
    one, other = await two(newsroom)
    for address in (STORIES, path(one)):
        answer = await client.get(address)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
    for verb in ("merge", "split"):
        answer = await client.post(path(one, verb), data={"other": other, "statements": one}, headers=OWN)
        assert answer.status_code == 403
    assert rows(newsroom, "merged") == []


async def test_a_story_that_is_not_there_is_said_so(newsroom, client, device):
    one, _ = await two(newsroom)
    fields = fields_of(form_to(await shown(client, path(one)), path(one, "merge")))
    assert (await client.get(path("nosuch"))).status_code == 404
    for verb in ("merge", "split"):
        assert (await client.post(path("nosuch", verb), data=fields, headers=OWN)).status_code == 404


# The public site


async def test_the_page_and_the_resource_of_a_merged_story_lead_on_for_good(newsroom, client, device):
    one, other = await merged(newsroom, client, device)
    transport = httpx.ASGITransport(create_app(newsroom))
    async with httpx.AsyncClient(transport=transport, base_url=SITE) as public:
        for asked, where in (
            (f"/stories/{other}", f"/stories/{one}"),
            (f"/stories/{other}.bib", f"/stories/{one}.bib"),
            (f"/api/v1/stories/{other}", f"{SITE}/api/v1/stories/{one}"),
        ):
            answer = await public.get(asked)
            assert (answer.status_code, answer.headers["location"]) == (301, where), asked
            assert (await public.get(where)).status_code == 200
        await newsroom.index()
        listed = re.findall(rf"{SITE}(/sitemap/stories-[^<]+)<", (await public.get("/sitemap.xml")).text)
        assert listed
        for place in (*listed, "/feed.atom", "/"):
            told = (await public.get(place)).text
            assert f"/stories/{one}" in told, place
            assert f"/stories/{other}" not in told, place
        statement = (await public.get(f"/api/v1/statements/{other}")).json()
        assert statement["story"] == one
        # taken apart again, it has its page again
        await newsroom.editors.acts.split([other], "Ann")
        assert (await public.get(f"/stories/{other}")).status_code == 200
