"""One poll of one source, over a real site and real worker processes: what the operator is told of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.polling import Failed, Fetched, PollState, Unchanged
from nkwatch.domain.source import Source
from nkwatch.feeds.fetch import SourcePoller, max_age, retry_after
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net import Limits, Web
from tests.edges.samples import ENGLISH, JSON_FEED, KOREAN, LISTING, WEB_PAGE
from tests.edges.site import Reply, Site, conditional, cut_off, feed, gzip_bomb, hanging, redirect, refusal

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
PAGE = Selectors(item="ul.board > li", title="strong", link="a", date=".date", teaser="p")


@pytest.fixture(scope="module")
def workers():
    """Processes are dear: the tests of this module share them."""
    shared = Workers(WorkerLimits(workers=1))
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


@pytest.fixture
async def poller(site, workers):
    limits = Limits(pause=0, deadline=3)
    async with Web("nkwatch-test/1", limits, frozenset({site.place})) as web:
        yield SourcePoller(web, workers, lambda: NOW)


def a_source(url: str, **more) -> Source:
    return Source(id="moim", url=url, publisher="Moim", **more)


def a_state(**more) -> PollState:
    return PollState(source_id="moim", due_at=NOW, **more)


async def polled(poller: SourcePoller, url: str, state: PollState | None = None, **more):
    return await poller.poll(a_source(url, **more), state or a_state())


async def test_a_feed_brings_entries_and_its_validators_as_they_were_sent(site, poller):
    url = site.serve(
        "/feed",
        feed(
            KOREAN.format(encoding="utf-8").encode(),
            ETag='W/"북-1"'.encode().decode("latin-1"),
            Last_Modified="Sun, 22 Nov 2026 01:00:00 GMT",
            Cache_Control="public, max-age=7200",
        ),
    )
    outcome = await polled(poller, url)
    assert isinstance(outcome, Fetched)
    assert [e.title for e in outcome.entries] == ["정치범수용소 가족 면담을 요구한다", "강제송환을 멈추라"]
    assert outcome.entries[0].url == f"http://{site.place}/board/12"
    assert outcome.entries[0].published == datetime(2026, 11, 22, 1, tzinfo=UTC)
    assert outcome.last_modified == "Sun, 22 Nov 2026 01:00:00 GMT"
    assert outcome.max_age == timedelta(hours=2)


@pytest.mark.parametrize("etag", ['"abc"', 'W/"abc"', "unquoted", '"with, comma"'])
async def test_validators_go_back_verbatim_and_an_unchanged_feed_is_unchanged(site, poller, etag):
    url = site.serve("/feed", conditional(ENGLISH, etag))
    first = await polled(poller, url)
    assert isinstance(first, Fetched)
    second = await polled(poller, url, a_state(etag=first.etag, last_modified="whatever, it is theirs"))
    assert second == Unchanged()
    assert site.requests[1].headers["If-None-Match"] == etag
    assert site.requests[1].headers["If-Modified-Since"] == "whatever, it is theirs"


async def test_a_first_poll_sends_no_validators(site, poller):
    await polled(poller, site.serve("/feed", feed(ENGLISH)))
    assert not {"If-None-Match", "If-Modified-Since"} & set(site.requests[0].headers)


async def test_links_are_relative_to_the_address_that_answered(site, poller):
    site.serve("/new/feed", feed(KOREAN.format(encoding="utf-8").replace("/board/12", "board/12").encode()))
    outcome = await polled(poller, site.serve("/old", redirect("/new/feed", 301)))
    assert isinstance(outcome, Fetched)
    assert outcome.entries[0].url == f"http://{site.place}/new/board/12"


async def test_a_json_feed_and_a_listing_page_are_polled_alike(site, poller):
    notes = await polled(poller, site.serve("/notes", feed(JSON_FEED)))
    page = LISTING.format(encoding="euc-kr").encode("euc-kr")
    board = await polled(poller, site.serve("/board", Reply(page)), kind=Kind.PAGE, selectors=PAGE)
    assert isinstance(notes, Fetched)
    assert isinstance(board, Fetched)
    assert len(notes.entries) == len(board.entries) == 2


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (refusal(404), "not at its address any more (404)"),
        (refusal(410), "taken the source away for good (410)"),
        (refusal(403), "refuses us (403)"),
        (refusal(401), "wants a login (401)"),
        (refusal(403, cf_mitigated="challenge"), "a test for browsers"),
        (refusal(500), "trouble of its own (500)"),
        (refusal(418), "means nothing to us (418)"),
        (refusal(204), "means nothing to us (204)"),
        (Reply(b"", 302), "means nothing to us (302)"),
        (hanging, "did not answer in full within 3 seconds"),
        (Reply(b""), "empty where a feed should be"),
        (Reply(b"  \n "), "empty where a feed should be"),
        (Reply(WEB_PAGE), "a web page titled “Just a moment & wait” where a feed should be"),
        (feed(ENGLISH[:-20]), "cut off before its end"),
        (cut_off(ENGLISH[:300], promised=len(ENGLISH)), "cut off"),
        (feed(b"<rss version='2.0'><channel><title>Empty</title></channel></rss>"), "has no entries"),
        (feed(b"<opml version='2.0'><body/></opml>"), "no feed of a known kind"),
        (feed(b"just words"), "no feed of a known kind"),
        (feed(b'{"hello": "world"}'), "no JSON Feed"),
        (feed(JSON_FEED[:-30]), "cut off or broken"),
        (redirect("/feed"), "redirects more than 5 times"),
        (redirect("http://127.0.0.1:9/"), "only ports 80 and 443"),
        (redirect("http://169.254.169.254/"), "is not a public address"),
        (gzip_bomb(10), "more than 5 MB"),
    ],
)
async def test_what_goes_wrong_is_told_in_a_sentence(site, poller, behaviour, words):
    outcome = await polled(poller, site.serve("/feed", behaviour))
    assert isinstance(outcome, Failed)
    assert words in outcome.reason
    assert outcome.reason.endswith(".")
    assert "\n" not in outcome.reason


async def test_a_feed_that_is_cut_off_is_reported_and_nothing_is_lost(site, poller):
    url = site.serve("/feed", feed(ENGLISH[:-300], ETag='"1"'), feed(ENGLISH, ETag='"1"'))
    state = a_state()
    broken = await polled(poller, url, state)
    state = state.after(broken, NOW)
    assert state.etag == ""  # the next poll gets the whole body
    whole = await polled(poller, url, state)
    assert isinstance(whole, Fetched)
    assert len(whole.entries) == 2


async def test_a_page_whose_selectors_catch_nothing_has_failed(site, poller):
    page = LISTING.format(encoding="utf-8").replace("board", "redesigned").encode()
    outcome = await polled(poller, site.serve("/board", Reply(page)), kind=Kind.PAGE, selectors=PAGE)
    assert isinstance(outcome, Failed)
    assert "selectors catch nothing" in outcome.reason


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOW + timedelta(hours=5), usegmt=True), timedelta(hours=5)),
        (format_datetime(NOW - timedelta(hours=5), usegmt=True), timedelta(0)),
        ("soon", timedelta(0)),
        ("-5", timedelta(0)),
    ],
)
async def test_a_host_that_asks_us_to_wait_is_heard(site, poller, status, value, wait):
    outcome = await polled(poller, site.serve("/feed", refusal(status, Retry_After=value)))
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == wait


async def test_a_wait_named_with_another_refusal_is_not_for_us(site, poller):
    outcome = await polled(poller, site.serve("/feed", refusal(404, Retry_After="120")))
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == timedelta(0)


@pytest.mark.parametrize(
    ("headers", "age"),
    [
        ({}, 0),
        ({"cache-control": "max-age=600"}, 600),
        ({"cache-control": 'public, MAX-AGE="600", must-revalidate'}, 600),
        ({"cache-control": "max-age=600", "age": "100"}, 500),
        ({"cache-control": "max-age=600", "age": "1000"}, 0),
        ({"cache-control": "no-cache, max-age=600"}, 0),
        ({"cache-control": "no-store", "expires": "Sun, 22 Nov 2026 13:00:00 GMT"}, 0),
        ({"cache-control": "s-maxage=600"}, 0),
        ({"cache-control": "max-age=x"}, 0),
        ({"expires": "Sun, 22 Nov 2026 13:00:00 GMT"}, 3600),
        ({"expires": "Sun, 22 Nov 2026 13:00:00 GMT", "date": "Sun, 22 Nov 2026 12:30:00 GMT"}, 1800),
        ({"expires": "Sun, 22 Nov 2026 13:00:00 GMT", "cache-control": "max-age=60"}, 60),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ],
)
def test_freshness_is_read_from_the_headers(headers, age):
    assert max_age(headers, NOW) == timedelta(seconds=age)


@given(st.text(), st.sampled_from(["retry-after", "cache-control", "expires", "age", "date"]))
def test_no_header_can_do_harm(value, name):
    for headers in ({name: value}, {name: f"max-age={value}"}, {name: value, "expires": value, "retry-after": value}):
        assert timedelta(0) <= max_age(headers, NOW) <= timedelta(days=366)
        assert timedelta(0) <= retry_after(headers, NOW) <= timedelta(days=366)
