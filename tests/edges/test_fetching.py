"""One poll of one source, over a real site and real worker processes: what the operator is told of it."""

import asyncio
import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.outcome import Failed, Fetched, Outcome, Trouble, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.feeds.fetch import FORBIDDEN, WebKind, max_age, retry_after
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.reliefweb import RELIEFWEB
from nkwatch.feeds.sitemaps import SITEMAP
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net import Limits, Robots, Web
from tests import making
from tests.edges.samples import ENGLISH, JSON_FEED, KOREAN, LISTING, WEB_PAGE
from tests.edges.site import Reply, Site, conditional, cut_off, feed, gzip_bomb, hanging, redirect, refusal, streamed

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
AGENT = "nkwatch-test/1 (+https://watch.example/; desk@watch.example)"
KINDS = (FEED, PAGE, SITEMAP, RELIEFWEB)
SELECTORS = {"item": "ul.board > li", "title": "strong", "link": "a", "date": ".date", "teaser": "p"}
LIST = LISTING.format(encoding="utf-8").encode()
EMPTY = b"<rss version='2.0'><channel><title>Empty</title></channel></rss>"
VALIDATORS = {"If-None-Match", "If-Modified-Since"}


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
async def net(site):
    async with Web(AGENT, Limits(pause=0, deadline=3), frozenset({site.place})) as open_:
        yield open_


@pytest.fixture
def poller(net, workers):
    robots = Robots(net, lambda: NOW)
    return KindPoller(WebKind(kind, net, workers, robots, lambda: NOW) for kind in KINDS)


def a_state(**more) -> PollState:
    return making.state("moim", **({"due_at": NOW} | more))


async def polled(poller: KindPoller, url: str, state: PollState | None = None, **more) -> Outcome:
    return await poller.poll(making.source("moim", url=url, **more), state or a_state())


async def listed(poller: KindPoller, url: str, state: PollState | None = None) -> Outcome:
    return await polled(poller, url, state, kind="page", options=SELECTORS)


async def mapped(poller: KindPoller, url: str, state: PollState | None = None) -> Outcome:
    return await polled(poller, url, state, kind="sitemap")


def fetched(outcome: Outcome) -> Fetched:
    assert isinstance(outcome, Fetched), outcome
    return outcome


def failed(outcome: Outcome) -> Failed:
    assert isinstance(outcome, Failed), outcome
    assert outcome.reason.endswith(".")
    assert "\n" not in outcome.reason
    return outcome


def asked(site: Site) -> list[str]:
    return [request.path for request in site.requests]


def sitemap(*urls: str) -> bytes:
    return f"<urlset>{''.join(f'<url><loc>{u}</loc></url>' for u in urls)}</urlset>".encode()


def index(*urls: str) -> bytes:
    return f"<sitemapindex>{''.join(f'<sitemap><loc>{u}</loc></sitemap>' for u in urls)}</sitemapindex>".encode()


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
    known = a_state(etag=first.etag, last_modified="whatever, it is theirs", full_at=NOW)
    assert await polled(poller, url, known) == Unchanged()
    assert site.requests[1].headers["If-None-Match"] == etag
    assert site.requests[1].headers["If-Modified-Since"] == "whatever, it is theirs"


async def test_a_first_poll_sends_no_validators(site, poller):
    await polled(poller, site.serve("/feed", feed(ENGLISH)))
    assert not VALIDATORS & set(site.requests[0].headers)


async def test_links_are_relative_to_the_address_that_answered(site, poller):
    site.serve("/new/feed", feed(KOREAN.format(encoding="utf-8").replace("/board/12", "board/12").encode()))
    outcome = await polled(poller, site.serve("/old", redirect("/new/feed", 301)))
    assert isinstance(outcome, Fetched)
    assert outcome.entries[0].url == f"http://{site.place}/new/board/12"


async def test_a_json_feed_and_a_listing_page_are_polled_alike(site, poller):
    notes = await polled(poller, site.serve("/notes", feed(JSON_FEED)))
    page = LISTING.format(encoding="euc-kr").encode("euc-kr")
    board = await listed(poller, site.serve("/board", Reply(page)))
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
        (feed(ENGLISH[:600]), "cut off before the end of its first entry"),
        (cut_off(ENGLISH[:300], promised=len(ENGLISH)), "cut off"),
        (feed(b"<opml version='2.0'><body/></opml>"), "no feed of a known kind"),
        (feed(b"just words"), "no feed of a known kind"),
        (feed(b'{"hello": "world"}'), "no JSON Feed"),
        (feed(JSON_FEED[:90]), "cut off or broken"),
        (redirect("/feed"), "redirects more than 5 times"),
        (redirect("http://127.0.0.1:9/"), "only ports 80 and 443"),
        (redirect("http://169.254.169.254/"), "is not a public address"),
        (gzip_bomb(10), "more than 5 MB"),
    ],
)
async def test_what_goes_wrong_is_told_in_a_sentence(site, poller, behaviour, words):
    assert words in failed(await polled(poller, site.serve("/feed", behaviour))).reason


async def test_a_feed_that_is_cut_off_brings_what_came_and_comes_again_whole(site, poller):
    cut = ENGLISH[: ENGLISH.rindex(b"<entry>") + 40]
    url = site.serve("/feed", feed(cut, ETag='"1"', Last_Modified="then"), feed(ENGLISH, ETag='"1"'))
    broken = fetched(await polled(poller, url))
    assert len(broken.entries) == 1
    assert (broken.etag, broken.last_modified, broken.body) == ("", "", "")
    state = a_state().after(broken, NOW)
    whole = fetched(await polled(poller, url, state))
    assert not VALIDATORS & set(site.requests[1].headers)
    assert len(whole.entries) == 2


async def test_a_page_whose_selectors_catch_nothing_has_failed(site, poller):
    page = LIST.replace(b"board", b"redesigned")
    assert "selectors catch nothing" in failed(await listed(poller, site.serve("/board", Reply(page)))).reason


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(
    ("value", "wait"),
    [
        ("120", timedelta(minutes=2)),
        (format_datetime(NOW + timedelta(hours=5), usegmt=True), timedelta(hours=5)),
        (format_datetime(NOW - timedelta(hours=5), usegmt=True), timedelta(0)),
        ("soon", timedelta(0)),
        ("1.5", timedelta(0)),
        ("9" * 5000, timedelta(366)),
        ("Fri, 31 Dec 9999 23:59:59 -0100", timedelta(366)),
        ("Fri, 31 Dec 9999 23:59:59 +0100", timedelta(366)),
        ("Fri, 31 Dec 99999999999 23:59:59 GMT", timedelta(0)),
        ("-5", timedelta(0)),
    ],
)
async def test_a_host_that_asks_us_to_wait_is_heard(site, poller, status, value, wait):
    outcome = failed(await polled(poller, site.serve("/feed", refusal(status, Retry_After=value))))
    assert (outcome.retry_after, outcome.trouble) == (wait, Trouble.FAILING)


async def test_a_wait_named_with_another_refusal_is_not_for_us(site, poller):
    outcome = failed(await polled(poller, site.serve("/feed", refusal(404, Retry_After="120"))))
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
        ({"expires": "Fri, 31 Dec 9999 23:59:59 -0100"}, 366 * 86_400),
        ({"expires": "Sun, 22 Nov 2026 13:00:00 GMT", "date": "Fri, 31 Dec 9999 23:59:59 -0100"}, 0),
        ({"expires": "0"}, 0),
        ({"expires": "-1"}, 0),
        ({"expires": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0),
    ],
)
def test_freshness_is_read_from_the_headers(headers, age):
    assert max_age(headers, NOW) == timedelta(seconds=age)


DATES = st.builds(
    "{} {} {} {} {}:{}:{} {}".format,
    st.sampled_from(["Sun,", "Fri,", ""]),
    st.sampled_from([0, 1, 31, 99, 10**12]),
    st.sampled_from(["Jan", "Dec", "13", ""]),
    st.sampled_from([0, 1, 49, 99, 100, 1970, 9999, 10_000, 10**12]),
    st.sampled_from([0, 23, 24, 10**12]),
    st.sampled_from([0, 59, 99]),
    st.sampled_from([0, 59, 60]),
    st.sampled_from(["GMT", "+0000", "-0100", "+0100", "-9999", "+9999", "+" + "9" * 30, "KST", ""]),
)


@given(st.text() | DATES, st.sampled_from(["retry-after", "cache-control", "expires", "age", "date"]))
def test_no_header_can_do_harm(value, name):
    for headers in ({name: value}, {name: f"max-age={value}"}, {name: value, "expires": value, "retry-after": value}):
        assert timedelta(0) <= max_age(headers, NOW) <= timedelta(days=366)
        assert timedelta(0) <= retry_after(headers, NOW) <= timedelta(days=366)


async def test_once_a_week_the_whole_feed_is_asked_for(site, poller):
    url = site.serve("/feed", conditional(ENGLISH, '"1"'))
    known = a_state(etag='"1"', full_at=NOW - timedelta(days=7))
    fetched(await polled(poller, url, known))
    assert not VALIDATORS & set(site.requests[0].headers)
    assert isinstance(await polled(poller, url, replace(known, full_at=NOW - timedelta(days=6))), Unchanged)


async def test_the_same_bytes_again_are_unchanged_and_their_new_validators_are_kept(site, poller):
    first, again = feed(ENGLISH, ETag='"1"'), feed(ENGLISH, ETag='"2"', Last_Modified="now", Cache_Control="max-age=60")
    url = site.serve("/feed", first, again)
    state = a_state().after(await polled(poller, url), NOW)
    outcome = await polled(poller, url, state)
    assert outcome == Unchanged(timedelta(minutes=1), full=True, etag='"2"', last_modified="now")
    after = state.after(outcome, NOW)
    assert (after.etag, after.last_modified, after.full_at, after.body) == ('"2"', "now", NOW, state.body)


async def test_the_same_bytes_without_validators_leave_none_behind(site, poller):
    url = site.serve("/feed", feed(ENGLISH, ETag='"1"'), feed(ENGLISH))
    state = a_state().after(await polled(poller, url), NOW)
    outcome = await polled(poller, url, state)
    assert outcome == Unchanged(full=True)
    assert not state.after(outcome, NOW).validated


async def test_an_unchanged_feed_may_ask_to_be_left_alone(site, poller):
    url = site.serve("/feed", Reply(status=304, headers={"Cache-Control": "max-age=7200", "Age": "200"}))
    assert await polled(poller, url, a_state(etag='"1"', full_at=NOW)) == Unchanged(timedelta(seconds=7000))


@pytest.mark.parametrize("full_at", [None, NOW - timedelta(days=8)])
async def test_a_304_that_nobody_asked_for_is_no_success(site, poller, full_at):
    url = site.serve("/feed", Reply(status=304))
    state = a_state(full_at=full_at, etag='"1"' if full_at else "")
    assert "304" in failed(await polled(poller, url, state)).reason
    assert not VALIDATORS & set(site.requests[0].headers)


async def test_a_feed_that_asks_for_more_time_by_its_ttl_gets_it(site, poller):
    timed = KOREAN.format(encoding="utf-8").replace("<language>", "<ttl>180</ttl><language>").encode()
    url = site.serve(
        "/feed", feed(timed, Cache_Control="max-age=60"), feed(timed + b" ", Cache_Control="max-age=86400")
    )
    assert fetched(await polled(poller, url)).max_age == timedelta(hours=3)
    assert fetched(await polled(poller, url)).max_age == timedelta(days=1)


@pytest.mark.parametrize(
    ("behaviour", "trouble"),
    [
        (refusal(401), Trouble.BLOCKED),
        (refusal(403), Trouble.BLOCKED),
        (refusal(410), Trouble.GONE),
        (refusal(404), Trouble.FAILING),
        (refusal(500), Trouble.FAILING),
        (refusal(200, cf_mitigated="challenge"), None),
        (refusal(503, cf_mitigated="Challenge"), Trouble.BLOCKED),
        (hanging, Trouble.UNREACHED),
        (cut_off(ENGLISH[:300], promised=len(ENGLISH)), Trouble.FAILING),
        (redirect("http://10.0.0.1/"), Trouble.FAILING),
    ],
)
async def test_what_kind_of_trouble_it_is_is_told(site, poller, behaviour, trouble):
    outcome = failed(await polled(poller, site.serve("/feed", behaviour)))
    assert outcome.trouble is (trouble or Trouble.FAILING)


async def test_a_site_behind_a_test_for_browsers_may_ask_to_be_left_alone(site, poller):
    wall = refusal(503, cf_mitigated="challenge", Retry_After="120")
    outcome = failed(await polled(poller, site.serve("/feed", wall)))
    assert (outcome.retry_after, outcome.trouble) == (timedelta(minutes=2), Trouble.BLOCKED)


async def test_where_nobody_listens_the_line_may_be_to_blame(site, workers):
    async with Site() as other:
        place = other.place
    async with Web(AGENT, Limits(pause=0, deadline=3), frozenset({place})) as net:
        kind = WebKind(FEED, net, workers, Robots(net, lambda: NOW), lambda: NOW)
        outcome = failed(await kind.poll(making.source(url=f"http://{place}/feed"), a_state()))
    assert outcome.trouble is Trouble.UNREACHED


@pytest.mark.parametrize("behaviour", [gzip_bomb(10), streamed(b"no", Content_Encoding="deflate"), hanging])
async def test_a_refusal_stands_whatever_its_body(site, poller, behaviour):
    async def refusing(request):
        if behaviour is hanging:
            response = web.StreamResponse(status=429, headers={"Retry-After": "120"})
            await response.prepare(request)
            await asyncio.Event().wait()
        body = gzip.compress(bytes(10_000_000)) if behaviour is not hanging else b""
        encoding = "deflate" if "streamed" in behaviour.__qualname__ else "gzip"
        return web.Response(status=429, headers={"Retry-After": "120", "Content-Encoding": encoding}, body=body)

    outcome = failed(await polled(poller, site.serve("/feed", refusing)))
    assert (outcome.retry_after, "429" in outcome.reason) == (timedelta(minutes=2), True)


@pytest.mark.parametrize(
    ("steps", "moved"),
    [
        ((301,), "/2"),
        ((308,), "/2"),
        ((301, 308), "/3"),
        ((301, 302), "/2"),
        ((302, 301), ""),
        ((302,), ""),
        ((303,), ""),
        ((307,), ""),
    ],
)
async def test_only_permanent_redirects_say_that_a_source_has_moved(site, poller, steps, moved):
    for number, status in enumerate(steps, start=1):
        site.serve(f"/{number}", redirect(f"/{number + 1}", status))
    url = f"http://{site.place}/1"
    site.serve(f"/{len(steps) + 1}", conditional(ENGLISH, '"1"'))
    to = f"http://{site.place}{moved}" if moved else ""
    assert fetched(await polled(poller, url)).moved_to == to
    assert await polled(poller, url, a_state(etag='"1"', full_at=NOW)) == Unchanged(moved_to=to)


async def test_the_adopted_address_is_the_one_that_is_asked(site, poller):
    new = site.serve("/new", feed(ENGLISH))
    fetched(await polled(poller, f"http://{site.place}/old", a_state(adopted=new)))
    assert asked(site) == ["/new"]


async def test_robots_are_heeded_for_pages_and_not_for_feeds(site, poller):
    site.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /"))
    board, news = site.serve("/board", Reply(LIST)), site.serve("/feed", feed(ENGLISH))
    assert failed(await listed(poller, board)) == Failed(FORBIDDEN, trouble=Trouble.BLOCKED)
    fetched(await polled(poller, news))
    assert asked(site) == ["/robots.txt", "/feed"]


async def test_robots_that_cannot_be_had_are_a_failure_and_the_page_is_not_asked_for(site, poller):
    site.serve("/robots.txt", refusal(503))
    outcome = failed(await listed(poller, site.serve("/board", Reply(LIST))))
    assert outcome.trouble is Trouble.FAILING
    assert asked(site) == ["/robots.txt"]


async def test_robots_that_nobody_answers_for_may_be_a_matter_of_the_line(site, poller):
    site.serve("/robots.txt", hanging)
    outcome = failed(await listed(poller, site.serve("/board", Reply(LIST))))
    assert outcome.trouble is Trouble.UNREACHED


async def test_a_crawl_delay_is_kept_to(site, poller):
    site.serve("/robots.txt", Reply(b"User-agent: nkwatch\nCrawl-delay: 0.4"))
    await listed(poller, site.serve("/board", Reply(LIST)))
    assert asked(site) == ["/robots.txt", "/board"]
    assert site.arrivals[1] - site.arrivals[0] >= 0.4


async def test_the_child_of_an_index_brings_the_entries(site, poller):
    child = site.serve("/posts.xml", Reply(sitemap("https://a.example/1")))
    outcome = fetched(await mapped(poller, site.serve("/sitemap.xml", Reply(index(child)))))
    assert [e.url for e in outcome.entries] == ["https://a.example/1"]
    assert outcome.snapshot is not None
    assert outcome.snapshot.url == child
    assert asked(site) == ["/robots.txt", "/sitemap.xml", "/posts.xml"]


async def test_an_index_that_stays_the_same_hides_nothing_that_is_new_in_its_child(site, poller):
    child = site.serve("/posts.xml", Reply(sitemap("https://a.example/1")), Reply(sitemap("https://a.example/2")))
    url = site.serve("/sitemap.xml", conditional(index(child), '"same"'))
    state = a_state().after(await mapped(poller, url), NOW)
    again = fetched(await mapped(poller, url, state))
    assert [e.url for e in again.entries] == ["https://a.example/2"]


async def test_an_index_is_followed_twice_and_no_further(site, poller):
    place = f"http://{site.place}"
    for number in range(6):
        site.serve(f"/{number}.xml", Reply(index(f"{place}/{number + 1}.xml")))
    assert "from one index to the next" in failed(await mapped(poller, f"{place}/0.xml")).reason
    assert asked(site) == ["/robots.txt", "/0.xml", "/1.xml", "/2.xml"]


async def test_the_child_of_an_index_is_guarded_like_everything_else(site, poller):
    async with Site() as other:
        child = other.serve("/posts.xml", Reply(sitemap("https://a.example/1")))
        outcome = failed(await mapped(poller, site.serve("/sitemap.xml", Reply(index(child)))))
        assert "only ports 80 and 443" in outcome.reason
        assert not other.requests


async def test_the_child_of_an_index_may_be_forbidden_by_robots(site, poller):
    site.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /posts.xml"))
    child = site.serve("/posts.xml", Reply(sitemap("https://a.example/1")))
    assert failed(await mapped(poller, site.serve("/sitemap.xml", Reply(index(child))))).reason == FORBIDDEN
    assert "/posts.xml" not in asked(site)


async def test_an_index_whose_child_cannot_be_had_has_failed(site, poller):
    child = site.serve("/posts.xml", refusal(429, Retry_After="60"))
    outcome = failed(await mapped(poller, site.serve("/sitemap.xml", Reply(index(child)))))
    assert outcome.retry_after == timedelta(minutes=1)


async def test_a_feed_that_is_empty_at_first_is_well_and_one_that_was_not_has_failed(site, poller):
    url = site.serve("/feed", feed(EMPTY))
    assert fetched(await polled(poller, url)).entries == ()
    assert "nothing where there were 7 entries" in failed(await polled(poller, url, a_state(shown=7))).reason


async def test_a_snapshot_holds_what_was_read_unpacked_with_its_headers_and_address(site, poller):
    site.serve("/new", Reply(gzip.compress(ENGLISH), headers={"Content-Encoding": "gzip", "X-Origin": "here"}))
    outcome = fetched(await polled(poller, site.serve("/feed", redirect("/new"))))
    assert outcome.snapshot is not None
    assert (outcome.snapshot.url, outcome.snapshot.at, outcome.snapshot.body) == (
        f"http://{site.place}/new",
        NOW,
        ENGLISH,
    )
    assert ("x-origin", "here") in outcome.snapshot.headers


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
async def test_every_kind_says_who_asks_and_for_what_and_nothing_else(site, poller, kind):
    url = site.serve("/here", Reply(b"", 302, {"Location": "/there", "Set-Cookie": "id=1"}))
    site.serve("/there", Reply(b"", headers={"Set-Cookie": "id=2"}))
    options = {"page": SELECTORS, "reliefweb": {"appname": "watch", "country": "PRK"}}
    source = making.source("moim", url=url, kind=kind.name, options=options.get(kind.name, {}))
    for _ in range(2):
        await poller.poll(source, a_state())
    requests = [request for request in site.requests if request.path != "/robots.txt"]
    assert [request.path for request in requests] == ["/here", "/there"] * 2
    for request in requests:
        assert request.headers["Accept"] == kind.accept
        assert request.headers["User-Agent"] == AGENT
        assert not {"Cookie", "Referer", "From", "Authorization", *VALIDATORS} & set(request.headers)


@pytest.mark.parametrize("tag", [b'"\xff\xfe"', '"북"'.encode(), '"북"'.encode("euc-kr")])
async def test_a_validator_of_odd_bytes_is_kept_and_does_no_harm(site, poller, tag):
    async def odd(request):
        request.transport.write(
            b"HTTP/1.1 200 OK\r\nETag: %b\r\nX-Odd: %b\r\nContent-Length: %d\r\n\r\n%b"
            % (tag, tag, len(ENGLISH), ENGLISH)
        )
        await asyncio.sleep(0.2)
        request.transport.close()
        return web.Response()

    url = site.serve("/feed", odd, conditional(ENGLISH, '"1"'))
    outcome = fetched(await polled(poller, url))
    assert outcome.etag.encode() in {tag, b""}
    assert outcome.snapshot is not None
    assert str(outcome.snapshot.headers).encode()
    state = a_state().after(outcome, NOW)
    assert not isinstance(await polled(poller, url, state), Failed)


async def test_an_address_in_odd_bytes_is_followed(site, poller):
    async def odd(request):
        request.transport.write(
            b"HTTP/1.1 302 Found\r\nLocation: /%b\r\nContent-Length: 0\r\n\r\n" % "북".encode("euc-kr")
        )
        await asyncio.sleep(0.2)
        request.transport.close()
        return web.Response()

    outcome = failed(await polled(poller, site.serve("/feed", odd)))
    assert "404" in outcome.reason
    assert site.requests[1].raw_path == "/%BA%CF"


async def test_a_kind_that_nobody_knows_is_a_failure_of_this_source_only(poller):
    assert "no kind of source named 'gopher'" in (await polled(poller, "http://a.example/", kind="gopher")).reason
