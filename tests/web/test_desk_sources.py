"""The sources at the desk: how they are, why, and polling one now without being impolite."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import update

from nkwatch.domain.outcome import Failed, Fetched
from nkwatch.store import schema
from tests.web.authenticator import OWN, at_the_desk, browser, press, shown, signed_in
from tests.web.html import Page
from tests.web.samples import ENGLISH, FAILING, KOREAN, empty_newsroom, poll, rows, samples, settings, tell_samples

MINUTE = timedelta(minutes=1)
LAST = samples()["source"][-1]["id"]
SOURCES = "/desk/sources"


@pytest.fixture
async def newsroom(tmp_path):
    config = at_the_desk(tmp_path)
    off = config.source[0].model_copy(update={"id": "switched-off", "publisher": "Quiet <b>", "enabled": False})
    config = config.model_copy(update={"source": (*settings(tmp_path).source, off)})
    async with empty_newsroom(tmp_path, config) as opened:
        await tell_samples(opened)
        # a round of the samples ends with all of them due
        for source_id in (ENGLISH, KOREAN):
            await change(opened, source_id, due_at=opened.clock() + 360 * MINUTE)
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        await signed_in(newsroom, opened)
        yield opened


def due(newsroom, source_id):
    return next(r["due_at"] for r in rows(newsroom, "source_state") if r["source_id"] == source_id)


def path(source_id):
    return f"{SOURCES}/{source_id}/poll"


def audited(newsroom):
    found = [r for r in rows(newsroom, "audit") if r["act"] == "poll source"]
    return [(r["editor"], r["thing"], json.loads(r["after"])["outcome"]) for r in found]


async def change(newsroom, source_id, **values):
    state = schema.source_state
    changed = update(state).where(state.c.source_id == source_id).values(**values)
    await newsroom.database.write(lambda c: c.execute(changed))


async def pressed(newsroom, client, source_id):
    """What came of the button, and whether the source is due otherwise than before."""
    before = due(newsroom, source_id)
    answer = await press(client, await shown(client, SOURCES), path(source_id))
    assert answer.status_code == 303, answer.text
    found = answer.headers["location"]
    page = await shown(client, found)
    assert page.all("[role=status]")
    return found.partition("did=")[2].partition("&")[0], due(newsroom, source_id) != before, page


async def test_who_is_not_signed_in_is_sent_to_sign_in(newsroom):
    async with browser(newsroom) as stranger:
        answer = await stranger.get(SOURCES)
        assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
        assert (await stranger.post(path(ENGLISH), data={}, headers=OWN)).status_code == 403
    assert audited(newsroom) == []


async def test_every_source_stands_there_with_its_state_in_words(client):
    page = await shown(client, SOURCES)
    failing = page.text(f"#source-{FAILING}")
    assert "HTTP 503 from sample-courier.example" in failing
    assert "The last poll failed" in failing or "failing" in failing
    assert "ok" in page.text(f"#source-{ENGLISH}")
    assert "not polled yet" in page.text(f"#source-{LAST}")
    assert len(page.all("svg.strip")) == len(samples()["source"])
    assert "Quiet <b>" in page.text("details .off")
    assert [a.get("href") for a in page.all("nav a[aria-current=page]")] == [SOURCES]
    assert not page.all("main script, main [style]")


async def test_what_a_source_answered_is_cleaned(newsroom, client):
    await change(newsroom, FAILING, reason="<script>\u202e\x00" + "x" * 500)
    page = await shown(client, SOURCES)
    told = page.text(f"#source-{FAILING} .error")
    assert told.startswith("<script>x")
    assert len(told) <= 300
    assert "\u202e" not in told


async def test_a_source_is_polled_now_and_that_is_audited(newsroom, client):
    newsroom.clock.now += 6 * MINUTE
    did, moved, page = await pressed(newsroom, client, ENGLISH)
    assert (did, moved) == ("asked", True)
    assert "polled with the next round" in page.text("[role=status]")
    (state,) = [s for s in await newsroom.statements.states() if s.source_id == ENGLISH]
    assert state.due_at == newsroom.clock()
    assert audited(newsroom) == [("Ann", ENGLISH, "asked")]
    assert (await pressed(newsroom, client, ENGLISH))[:2] == ("due", False)


async def test_a_source_that_failed_is_polled_now_though_it_would_wait_for_an_hour(newsroom, client):
    assert (await pressed(newsroom, client, FAILING))[:2] == ("soon", False)
    newsroom.clock.now += 4 * MINUTE
    assert (await pressed(newsroom, client, FAILING))[:2] == ("soon", False)
    newsroom.clock.now += 2 * MINUTE
    assert (await pressed(newsroom, client, FAILING))[:2] == ("asked", True)


async def test_a_source_polled_a_minute_ago_is_left_alone(newsroom, client):
    await poll(newsroom, KOREAN, Fetched((), etag='"2"'))
    newsroom.clock.now += MINUTE
    did, moved, page = await pressed(newsroom, client, KOREAN)
    assert (did, moved) == ("soon", False)
    assert "less than five minutes ago" in page.text("[role=status]")


async def test_a_host_that_rests_is_left_alone(newsroom, client):
    await poll(newsroom, FAILING, Failed("HTTP 429", retry_after=timedelta(hours=12)))
    newsroom.clock.now += 10 * MINUTE
    did, moved, page = await pressed(newsroom, client, ENGLISH)
    # the sources of the samples share a host
    assert (did, moved) == ("resting", False)
    assert "asked to be left alone" in page.text("[role=status]")
    assert "left alone until" in page.text(f"#source-{ENGLISH}")


async def test_what_a_host_asked_for_counts_for_a_source_that_stands_alone(newsroom, client):
    await change(newsroom, FAILING, due_at=newsroom.clock() + timedelta(hours=12))
    newsroom.clock.now += 10 * MINUTE
    assert (await pressed(newsroom, client, FAILING))[:2] == ("resting", False)


async def test_a_source_that_is_being_polled_is_not_asked_twice(newsroom, client):
    newsroom.clock.now += 10 * MINUTE
    await change(newsroom, ENGLISH, lease_owner="other", leased_until=newsroom.clock() + MINUTE)
    assert (await pressed(newsroom, client, ENGLISH))[:2] == ("under-way", False)
    newsroom.clock.now += 2 * MINUTE
    assert (await pressed(newsroom, client, ENGLISH))[:2] == ("asked", True)


async def test_a_source_that_was_never_polled_is_due_anyway(newsroom, client):
    answer = await press(client, await shown(client, SOURCES), path(LAST))
    assert "did=due" in answer.headers["location"]


async def test_a_source_that_is_off_stays_so(newsroom, client):
    fields = {"csrf": (await shown(client, SOURCES)).all("input[name=csrf]")[0].get("value")}
    answer = await client.post(path("switched-off"), data=fields, headers=OWN)
    assert "did=off" in answer.headers["location"]
    assert "is switched off" in (await shown(client, answer.headers["location"])).text("[role=status]")


async def test_without_our_form_nothing_is_polled(newsroom, client):
    newsroom.clock.now += 10 * MINUTE
    before = due(newsroom, ENGLISH)
    for fields in ({}, {"csrf": "f" * 66}):
        answer = await client.post(path(ENGLISH), data=fields, headers=OWN)
        assert answer.status_code == 400
        assert "too old" in Page.of(answer.text).text()
    assert due(newsroom, ENGLISH) == before
    assert audited(newsroom) == []


@pytest.mark.parametrize("name", ["no-such-source", "a%00b", "%F0%9F%99%88"])
async def test_a_source_that_there_is_none_of_is_a_page_that_says_so(newsroom, client, name):
    fields = {"csrf": (await shown(client, SOURCES)).all("input[name=csrf]")[0].get("value")}
    answer = await client.post(path(name), data=fields, headers=OWN)
    assert answer.status_code == 404
    assert audited(newsroom) == []


@pytest.mark.parametrize("asked", ["did=asked", "did=x&of=" + ENGLISH, "did=asked&of=<b>", "did=asked&of=%00"])
async def test_an_address_made_up_says_nothing(client, asked):
    assert not (await shown(client, f"{SOURCES}?{asked}")).all("[role=status]")
