"""One page of a statement is fetched, over a real site and real worker processes: what comes of it."""

import asyncio
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from nkwatch.domain.errand import Absent, Brought, Purpose, Unavailable, Visited
from nkwatch.feeds.fetch import FORBIDDEN
from nkwatch.feeds.visit import ACCEPT, PageVisitor
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net import Limits, Robots, Web
from tests import making
from tests.edges.site import Reply, Site, cut_off, gzip_bomb, hanging, redirect, refusal, streamed, trickling

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
TEXT = making.prose("word", 300)
HEAD = '<html lang="en"><head><title>A family is missing</title></head><body>'
ARTICLE = f"{HEAD}<article><h1>A family is missing</h1><p>{TEXT}</p></article></body></html>".encode()
LOGIN = b"<html><head><title>Sign in</title></head><body><form><p>Sign in to continue reading.</p><input type=password></form></body></html>"
CHECK = b"<html><head><title>Just a moment...</title></head><body><p>Checking your browser before you go on.</p></body></html>"
COOKIES = b"<html><head><title>News</title></head><body><p>We use cookies. This site uses cookies to measure visits.</p></body></html>"


@pytest.fixture(scope="module")
def workers():
    """Processes are dear: the tests of this module share one."""
    shared = Workers(WorkerLimits(workers=1))
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


@pytest.fixture
async def visitor(site, workers):
    async with Web("nkwatch-test/1", Limits(pause=0, deadline=1), frozenset({site.place})) as net:
        yield PageVisitor(net, workers, Robots(net, lambda: NOW), lambda: NOW)


async def visited(visitor: PageVisitor, url: str, purpose: Purpose = Purpose.ARTICLE, **more) -> Visited:
    return await visitor.visit(making.errand(purpose=purpose, url=url), making.source(**more))


def asked(site: Site) -> list[str]:
    return [request.path for request in site.requests if request.path != "/robots.txt"]


def unavailable(outcome: Visited) -> Unavailable:
    assert isinstance(outcome, Unavailable), outcome
    assert outcome.reason.endswith(".")
    assert "\n" not in outcome.reason
    return outcome


async def test_the_article_is_read_and_its_bytes_are_kept(site, visitor):
    url = site.serve("/1", Reply(ARTICLE, headers={"Content-Type": "text/html; charset=utf-8", "X-Seen": "yes"}))
    outcome = await visited(visitor, url)
    assert isinstance(outcome, Brought)
    assert outcome.article is not None
    assert (outcome.article.title, outcome.article.text, outcome.article.language) == (
        "A family is missing",
        TEXT,
        "en",
    )
    assert outcome.snapshot is not None
    assert (outcome.snapshot.url, outcome.snapshot.at, outcome.snapshot.body) == (url, NOW, ARTICLE)
    assert ("x-seen", "yes") in outcome.snapshot.headers


async def test_the_page_is_decoded_as_its_header_says(site, visitor):
    text = "북한 당국은 수용소의 문을 열어야 한다. " * 30
    page = f"<html><head><title>성명</title></head><body><article><p>{text}</p></article></body></html>".encode(
        "euc-kr"
    )
    outcome = await visited(
        visitor, site.serve("/1", Reply(page, headers={"Content-Type": "text/html; charset=euc-kr"}))
    )
    assert isinstance(outcome, Brought)
    assert outcome.article is not None
    assert outcome.article.text == text.strip()


async def test_the_source_says_where_its_text_stands(site, visitor):
    page = (
        f"{HEAD}<div id=a><p>{making.prose('other', 300)}</p></div><div id=b><p>{TEXT}</p></div></body></html>".encode()
    )
    outcome = await visited(visitor, site.serve("/1", Reply(page)), article="#b")
    assert isinstance(outcome, Brought)
    assert outcome.article is not None
    assert outcome.article.text == TEXT


async def test_the_snapshot_is_of_the_page_that_answered(site, visitor):
    new = site.serve("/new", Reply(ARTICLE))
    outcome = await visited(visitor, site.serve("/old", redirect("/new", 301)))
    assert isinstance(outcome, Brought)
    assert outcome.snapshot is not None
    assert outcome.snapshot.url == new


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("status", [404, 410])
async def test_a_page_that_its_publisher_says_is_no_more_is_absent(site, visitor, purpose, status):
    assert await visited(visitor, site.serve("/1", refusal(status)), purpose) == Absent()


async def test_a_page_that_leads_to_one_that_is_no_more_is_absent(site, visitor):
    assert await visited(visitor, site.serve("/1", redirect("/nowhere", 301))) == Absent()


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize("wait", ["600", format_datetime(NOW + timedelta(minutes=10), usegmt=True)])
async def test_a_host_that_asks_us_to_wait_is_heard(site, visitor, status, wait):
    outcome = unavailable(await visited(visitor, site.serve("/1", refusal(status, Retry_After=wait))))
    assert outcome.retry_after == timedelta(minutes=10)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        (refusal(401), "wants a login (401)"),
        (refusal(403), "refuses us (403)"),
        (refusal(451), "means nothing to us (451)"),
        (refusal(500), "trouble of its own (500)"),
        (refusal(403, cf_mitigated="challenge"), "a test for browsers"),
        (Reply(status=304), "304"),
        (hanging, "did not answer in full within 1 seconds"),
        (trickling(ARTICLE[:100]), "did not answer in full within 1 seconds"),
        (cut_off(ARTICLE[:300], promised=len(ARTICLE)), "cut off"),
        (gzip_bomb(10), "more than 5 MB"),
        (streamed(bytes(6_000_000)), "more than 5 MB"),
        (redirect("/1"), "redirects more than 5 times"),
        (redirect("http://127.0.0.1:9/"), "only ports 80 and 443"),
        (redirect("http://127.0.0.1/"), "is not a public address"),
        (redirect("http://[::1]/"), "is not a public address"),
        (redirect("http://10.0.0.1/"), "is not a public address"),
        (redirect("http://169.254.169.254/latest/meta-data"), "is not a public address"),
        (redirect("http://[64:ff9b::7f00:1]/"), "is not a public address"),
        (redirect("http://inner.localhost/"), "is not a public address"),
        (redirect("file:///etc/passwd"), "only http and https can"),
        (redirect("http://me:secret@watch.example/"), "they are never sent"),
    ],
)
@pytest.mark.parametrize("purpose", Purpose)
async def test_what_goes_wrong_makes_the_page_unavailable_and_never_absent(site, visitor, behaviour, words, purpose):
    outcome = unavailable(await visited(visitor, site.serve("/1", behaviour), purpose))
    assert words in outcome.reason
    assert outcome.retry_after == timedelta(0)


async def test_a_redirect_to_another_site_on_this_machine_is_refused(site, visitor):
    async with Site() as other:
        inner = other.serve("/admin", Reply(ARTICLE))
        unavailable(await visited(visitor, site.serve("/1", redirect(inner))))
        assert not other.requests


@pytest.mark.parametrize(
    "url", ["", "no address", "ftp://a.example/", "http://[", "http://a.example:99999/", "mailto:a@b.c"]
)
@pytest.mark.parametrize("purpose", Purpose)
async def test_what_is_no_address_is_not_asked_for(visitor, url, purpose):
    unavailable(await visited(visitor, url, purpose))


@pytest.mark.parametrize("purpose", Purpose)
async def test_a_page_that_robots_forbid_is_not_asked_for(site, visitor, purpose):
    site.serve("/robots.txt", Reply(b"User-agent: nkwatch\nDisallow: /private"))
    outcome = unavailable(await visited(visitor, site.serve("/private/1", Reply(ARTICLE)), purpose))
    assert outcome.reason == FORBIDDEN
    assert not asked(site)


async def test_robots_that_cannot_be_had_put_the_page_off(site, visitor):
    site.serve("/robots.txt", refusal(503))
    unavailable(await visited(visitor, site.serve("/1", Reply(ARTICLE))))
    assert not asked(site)


@pytest.mark.parametrize("page", [LOGIN, CHECK, COOKIES, b"", b"%PDF-1.7 ...", b"\x00" * 5000, b"<div>" * 100_000])
async def test_a_page_without_an_article_brings_its_bytes_only(site, visitor, page):
    outcome = await visited(visitor, site.serve("/1", Reply(page)))
    assert isinstance(outcome, Brought)
    assert outcome.article is None
    assert outcome.snapshot is not None
    assert outcome.snapshot.body == page


@pytest.mark.parametrize("page", [ARTICLE, LOGIN, b""])
async def test_whether_a_page_is_there_is_seen_without_reading_it(site, page):
    # workers that are closed would be missed
    workers = Workers(WorkerLimits(workers=1))
    async with Web("nkwatch-test/1", Limits(pause=0, deadline=1), frozenset({site.place})) as net:
        visitor = PageVisitor(net, workers, Robots(net, lambda: NOW), lambda: NOW)
        await workers.close()
        assert await visited(visitor, site.serve("/1", Reply(page)), Purpose.PRESENCE) == Brought()


async def test_a_page_that_takes_too_long_to_read_brings_its_bytes_only(site):
    async with (
        Workers(WorkerLimits(workers=1, deadline=0.001)) as workers,
        Web("nkwatch-test/1", Limits(pause=0, deadline=5), frozenset({site.place})) as net,
    ):
        visitor = PageVisitor(net, workers, Robots(net, lambda: NOW), lambda: NOW)
        page = ARTICLE.replace(b"</p>", b"</p><p>" + TEXT.encode() * 300, 1)
        outcome = await visited(visitor, site.serve("/1", Reply(page)))
    assert isinstance(outcome, Brought)
    assert outcome.article is None


async def test_the_request_says_who_asks_and_for_what_and_nothing_else(site, visitor):
    await visited(visitor, site.serve("/1", Reply(ARTICLE, headers={"Set-Cookie": "id=1"})))
    await visited(visitor, site.serve("/2", Reply(ARTICLE)))
    for request in site.requests[1:]:
        assert request.headers["Accept"] == ACCEPT["Accept"]
        assert request.headers["User-Agent"] == "nkwatch-test/1"
        assert not {"Cookie", "Referer", "If-None-Match"} & set(request.headers)
    assert asked(site) == ["/1", "/2"]


@pytest.mark.parametrize("purpose", list(Purpose))
async def test_a_page_that_leads_to_somebody_else_is_no_word_of_the_source(site, visitor, purpose):
    site.serve("/theirs", Reply(ARTICLE))
    outcome = await visited(visitor, site.serve("/ours", redirect("/theirs")), purpose, domains=("ours.example",))
    assert "none of the source's domains" in unavailable(outcome).reason
