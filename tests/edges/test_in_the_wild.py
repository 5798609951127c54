"""What went wrong in other feed readers, by the number under which they were told of it: none of it may happen here.

Sources are asked over a real site and read in real worker processes; time is moved by hand.
"""

import asyncio
import re
import socket
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from sqlalchemy import text as sql
from sqlalchemy.exc import DBAPIError

from nkwatch.domain.outcome import Trouble
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.rhythm import DAY, HOUR
from nkwatch.domain.statement import MOST_REVISIONS, Statement
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.pages import PAGE
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.visit import PageVisitor
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net import Limits, Robots, Web
from nkwatch.net.names import Resolver
from nkwatch.store.database import Database
from nkwatch.store.statements import StatementStore
from nkwatch.workflow.collect import Collect, Collected
from nkwatch.workflow.health import TellHealth
from nkwatch.workflow.visit import VisitPages
from tests import making
from tests.edges.rounds import STUCK
from tests.edges.samples import WEB_PAGE
from tests.edges.site import Behaviour, Reply, Site, conditional, feed, redirect, refusal
from tests.making import NOW, at, prose
from tests.workflow.fakes import FakeClock, Notices
from tests.workflow.memory import Memory, MemoryStatements
from tests.workflow.test_collect import always

HOSTS = "abcd"
SELECTORS = {"item": "ul.board > li", "title": "strong", "link": "a"}
LOGIN = b"<html><head><title>Sign in</title></head><body><form><input type=password></form></body></html>"


class Line(Resolver):
    """Our line to the world: while it is down, no name can be resolved."""

    down = False

    async def resolve(self, host, port=0, family=socket.AF_INET):
        if self.down:
            raise OSError(None, "no name server answers")
        return await super().resolve(host, port, family)


class Desk:
    """Sources at hosts of their own, all of one site, collected into a store in memory unless another is given."""

    def __init__(self, site: Site, net: Web, workers: Workers, line: Line) -> None:
        self.site, self.line, self.clock, self.notices = site, line, FakeClock(), Notices()
        self.sources = {}
        self.memory = Memory(self.sources)
        store, robots = MemoryStatements(self.memory), Robots(net, self.clock)
        poller = KindPoller(WebKind(kind, net, workers, robots, self.clock) for kind in (FEED, PAGE, STUCK))
        self.collect = Collect(self.sources, store, poller, always, self.clock, self.notices, "test")
        self.tell = TellHealth(self.sources, store, self.clock, self.notices)
        visitor = PageVisitor(net, workers, robots, self.clock)
        self.visit = VisitPages(self.sources, store, visitor, self.clock, self.notices, "test")

    def serve(self, *behaviours: Behaviour, name: str = "a", host: str = "", **fields: object) -> None:
        """A source that answers so, the last answer again and again; before, it forgets what it answered."""
        port = self.site.serve(f"/{name}", *behaviours).split(":")[2]
        url = f"http://{host or name}.localhost:{port}"
        self.sources[name] = making.source(name, **({"url": url} | fields))

    async def round(self, **span: float) -> Collected:
        """A round after this span, or once every source is due."""
        due = max((s.due_at for s in self.memory.states.values()), default=self.clock.now)
        self.clock.now = self.clock.now + timedelta(**span) if span else max(due, self.clock.now)
        return await self.collect()

    async def rounds(self, **span: float) -> None:
        """All rounds of this span, and the report of each morning."""
        until = self.clock.now + timedelta(**span)
        while self.clock.now < until:
            self.clock.forward(hours=1)
            await self.collect()
            await self.tell()

    def state(self, name: str = "a") -> PollState:
        return self.memory.states[name]

    @property
    def kept(self) -> list[Statement]:
        return list(self.memory.statements.values())

    @property
    def only(self) -> Statement:
        (one,) = self.kept
        return one

    def asked(self, path: str = "/a") -> list[web.Request]:
        return [r for r in self.site.requests if r.path == path]


@pytest.fixture(scope="module")
def workers():
    """Processes are dear: the tests of this module share them."""
    shared = Workers(WorkerLimits(workers=2, deadline=3))
    yield shared
    asyncio.run(shared.close())


@pytest.fixture
async def desk(workers):
    line = Line()
    async with Site() as site:
        allowed = frozenset(f"{host}.localhost:{site.place.split(':')[1]}" for host in HOSTS)
        async with Web("nkwatch-test/1", Limits(pause=0, deadline=3), allowed, line) as net:
            yield Desk(site, net, workers, line)


def item(number: int, *, body: str = "", hours: float = 0, more: str = "") -> str:
    """A statement, `number` hours old unless it is given."""
    written = format_datetime(NOW - timedelta(hours=hours or number))
    link, guid = f"http://a.localhost/news/{number}", f"http://a.localhost/?p={number}"
    text = f"<description>{body or prose(f'w{number}x', 20)}</description><pubDate>{written}</pubDate>"
    return f"<item><title>Statement {number}</title><link>{link}</link><guid isPermaLink='false'>{guid}</guid>{text}{more}</item>"


def rss(*items: str | int) -> bytes:
    shown = "".join(item(i) if isinstance(i, int) else i for i in items)
    return f"<rss version='2.0'><channel><title>T</title>{shown}</channel></rss>".encode()


def board(*titles: str, css: str = "board", path: str = "view") -> Reply:
    """A listing page."""
    shown = "".join(f"<li><a href='/{path}/{t[-2:]}'><strong>{t}</strong></a></li>" for t in titles)
    return Reply(f"<html><body><ul class='{css}'>{shown}</ul></body></html>".encode())


async def test_a_source_that_failed_for_two_months_is_still_asked_daily_and_comes_back(desk):
    """1. Miniflux #149, #306, #3334: giving up for good after three errors."""
    desk.serve(*[refusal(500)] * 60, feed(rss(item(1, hours=-24 * 50))))
    for _ in range(60):
        assert (await desk.round()).failed == 1
        assert desk.state().due_at - desk.clock.now <= 1.1 * DAY
    assert (await desk.round()).new == 1
    assert (desk.state().failures, desk.state().health) == (0, Health.OK)


async def test_an_outage_of_our_own_line_counts_against_nobody(desk):
    """1. Miniflux #2150: a local outage kills every feed."""
    for name in HOSTS:
        desk.serve(feed(rss(1)), name=name)
    desk.line.down = True
    for _ in range(12):
        assert (await desk.round()).failed == 4
    assert {s.failures for s in desk.memory.states.values()} == {0}
    desk.line.down = False
    assert (await desk.round()).new == 4
    assert desk.notices.events == ["our own line seems down", "our own line works again"]


async def test_validators_of_what_could_not_be_read_are_not_kept(desk):
    """2. Feedbin #726, commafeed #1746, nextcloud/news #2079: validators out of step."""
    broken = Reply(WEB_PAGE, headers={"ETag": '"2"'})
    desk.serve(feed(rss(1), ETag='"1"'), broken, conditional(rss(1, 2), '"2"'))
    brought = [await desk.round() for _ in range(3)]
    assert [(c.new, c.failed) for c in brought] == [(1, 0), (0, 1), (1, 0)]


async def test_validators_are_written_with_the_statements_or_not_at_all(desk, tmp_path):
    """2. Feedbin #726, commafeed #1746, nextcloud/news #2079: validators out of step."""
    desk.serve(conditional(rss(1), 'W/"a, b"'))
    database = Database(f"sqlite:///{tmp_path / 'news.db'}")
    database.prepare()
    full = "CREATE TRIGGER no_space BEFORE INSERT ON statement BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
    await database.write(lambda c: c.execute(sql(full)))
    store = StatementStore(database, desk.sources)
    desk.collect = replace(desk.collect, statements=store)
    with pytest.raises(DBAPIError):
        await desk.collect()
    await database.write(lambda c: c.execute(sql("DROP TRIGGER no_space")))
    assert (await desk.round(days=1)).new == 1
    assert (await desk.round(days=1)).unchanged == 1
    assert [r.headers.get("If-None-Match") for r in desk.asked()] == [None, None, 'W/"a, b"']
    database.close()


async def test_a_304_that_is_stuck_hides_what_is_new_for_a_week_at_most(desk):
    """3. FreshRSS #1020, rss2email PR #268: a Last-Modified in 2041 is never outdone."""
    shown = [1]

    async def stuck(request):
        if "If-Modified-Since" in request.headers:
            return web.Response(status=304)
        return web.Response(body=rss(*shown), headers={"Last-Modified": "Tue, 01 Jan 2041 00:00:00 GMT"})

    desk.serve(stuck)
    await desk.round()
    shown.append(2)
    await desk.rounds(days=8)
    assert len(desk.kept) == 2
    assert len([r for r in desk.asked() if "If-Modified-Since" not in r.headers]) == 2


async def test_sources_of_one_host_are_asked_one_by_one_and_drift_apart(desk):
    """4. Miniflux #3289, #3130: bursts, for want of jitter."""
    desk.collect = replace(desk.collect, at_once=4)
    for number in range(12):
        desk.serve(conditional(rss(1), '"1"'), name=f"s{number}", host="a")
    assert (await desk.round()).sources == 12
    assert desk.site.most_active == 1
    assert len({s.due_at for s in desk.memory.states.values()}) == 12


async def test_a_retry_after_is_for_its_host_and_not_for_sources_that_are_set_apart(desk):
    """4. FreshRSS #7870: a Retry-After for a whole domain blocks feeds that have nothing to do with it."""
    desk.collect = replace(desk.collect, at_once=1)
    desk.serve(refusal(429, Retry_After="36000"), name="first", host="a")
    desk.serve(feed(rss(2)), name="same-host", host="a")
    desk.serve(feed(rss(3)), name="set-apart", host="a", alone=True)
    desk.serve(feed(rss(4)), name="b")
    assert await desk.round() == Collected(sources=3, new=2, failed=1)
    assert NOW + 10 * HOUR <= desk.state("same-host").due_at < NOW + 11 * HOUR
    await desk.round(hours=9)
    assert not desk.asked("/same-host")
    await desk.round(hours=2)
    assert len(desk.asked("/same-host")) == 1


async def test_a_wall_against_bots_is_told_once_and_not_climbed(desk):
    """5. Miniflux #2376, RSS-Bridge #3988, lemon24/reader #226: bot walls."""
    desk.serve(refusal(403, cf_mitigated="challenge"))
    await desk.rounds(days=10)
    assert (desk.state().health, desk.state().trouble) == (Health.BLOCKED, Trouble.BLOCKED)
    assert desk.notices.events == ["source blocked"]
    assert len(desk.asked()) >= 10
    assert len({tuple(r.headers.items()) for r in desk.asked()}) == 1


@pytest.mark.parametrize("body", [WEB_PAGE, LOGIN, b"", b"{}", b"Service temporarily unavailable", rss()])
async def test_a_200_that_is_no_feed_or_an_emptied_one_is_a_failure_and_not_nothing_new(desk, body):
    """6. Feedparser #461, #460: 200 that is no feed."""
    desk.serve(feed(rss(1, 2)), Reply(body), Reply(body), feed(rss(1, 2, 3)))
    await desk.round()
    assert [(await desk.round()).failed for _ in range(2)] == [1, 1]
    assert (desk.state().health, len(desk.kept)) == (Health.FAILING, 2)
    assert (await desk.round()).new == 1


LATER: dict[str, Callable[[str], str]] = {
    "http to https": lambda shown: shown.replace("http://", "https://"),
    "https alone": lambda shown: re.sub(r"<(guid|pubDate).*?</\1>", "", shown).replace("http://", "https://"),
    "other guids": lambda shown: shown.replace("/?p=", "/?post="),
    "no guids": lambda shown: re.sub("<guid.*?</guid>", "", shown),
    "other addresses": lambda shown: shown.replace("/news/", "/archive/2026/"),
    "tracked addresses": lambda shown: shown.replace("</link>", "?utm_source=rss&amp;utm_medium=feed</link>"),
    "other dates": lambda shown: re.sub("<pubDate>.*?</pubDate>", f"<pubDate>{format_datetime(NOW)}</pubDate>", shown),
    "no dates": lambda shown: re.sub("<pubDate>.*?</pubDate>", "", shown),
    "other titles": lambda shown: shown.replace("Statement", "Updated: statement"),
    "one guid for all": lambda shown: re.sub("<guid.*?</guid>", "<guid>all</guid>", shown),
}


@pytest.mark.parametrize("later", LATER.values(), ids=LATER)
async def test_the_same_statements_are_known_again(desk, later):
    """7. Miniflux #797, #2358, #4197, feedbin/support #515 (http to https), lion-reader #1535: unstable identity."""
    first, other = feed(rss(1, 2, 3)), feed(later(rss(1, 2, 3).decode()).encode())
    desk.serve(first, other, first, other)
    assert [(await desk.round()).new for _ in range(4)] == [3, 0, 0, 0]
    assert len(desk.kept) == 3


async def test_what_returns_after_a_year_is_not_new(desk):
    """8. FreshRSS #3255, #3571: old items return, or update for ever."""
    desk.serve(feed(rss(1, 2, 3)), feed(rss(3, 4)), feed(rss(1, 2, 3, 4)))
    assert [(await desk.round(days=365 * n)).new for n in range(3)] == [3, 1, 0]


async def test_other_markup_is_no_edit(desk):
    """8. FreshRSS #3255, #3571: old items return, or update for ever."""
    said = "&lt;p class='{}'&gt;Open the camps.&lt;/p&gt;"
    desk.serve(*[feed(rss(item(1, body=said.format(n)))) for n in range(4)])
    assert [(await desk.round()).edited for _ in range(4)] == [0, 0, 0, 0]
    assert (desk.only.text, desk.only.revision) == ("Open the camps.", 1)


async def test_a_text_with_a_counter_is_not_followed_for_ever(desk):
    """8. FreshRSS #3255, #3571: old items return, or update for ever."""
    desk.serve(*[feed(rss(item(1, body=f"Read {n} times. Open the camps."))) for n in range(MOST_REVISIONS + 10)])
    for _ in range(MOST_REVISIONS + 9):
        await desk.round()
    assert desk.only.revision == MOST_REVISIONS
    assert (await desk.round()).edited == 0


async def test_a_list_that_comes_back_after_a_429_has_not_changed(desk):
    """9. Changedetection.io #962: 429, then 200, fires a false change."""
    listed, busy = board("Old 11", "Old 12"), board("Too many requests 29", "Try again 30")
    again = Reply(listed.body + b"<!-- again -->")
    desk.serve(listed, replace(busy, status=429), again, kind="page", options=SELECTORS)
    assert (await desk.round()).new == 2
    assert await desk.round() == Collected(sources=1, failed=1)
    assert await desk.round() == Collected(sources=1)


async def test_a_selector_that_catches_nothing_any_more_is_told_and_what_was_there_is_kept(desk):
    """9. Changedetection.io PR #771: the selector is silently gone."""
    gone = board("Old 11", css="other")
    desk.serve(
        board("Old 11", "Old 12"), gone, gone, board("New 13", "Old 11", "Old 12"), kind="page", options=SELECTORS
    )
    assert [(await desk.round()).failed for _ in range(3)] == [0, 1, 1]
    assert desk.state().health is Health.FAILING
    assert "selectors catch nothing" in desk.state().reason
    assert (await desk.round()).new == 1
    assert {s.title: s.backlog for s in desk.kept} == {"Old 11": True, "Old 12": True, "New 13": False}


async def test_a_redesign_is_a_failure_until_it_has_new_selectors_and_then_brings_no_news(desk):
    """9. RSSHub #9481: a redesign."""
    old, new = [f"Old {n}" for n in range(10, 22)], [f"News | Old {n}" for n in range(10, 22)]
    redesigned = board(*new, css="cards", path="2027")
    desk.serve(board(*old), redesigned, kind="page", options=SELECTORS)
    assert [(await desk.round()).failed for _ in range(3)] == [0, 1, 1]
    desk.serve(redesigned, kind="page", options=SELECTORS | {"item": "ul.cards > li"})
    await desk.round()
    assert len(desk.kept) == 24
    assert all(s.backlog for s in desk.kept)


async def test_each_change_of_state_is_told_once_and_none_is_swallowed(desk):
    """10. Urlwatch #191, #735: floods of error mails; #606: muted errors hide a death."""
    for answer in (refusal(500), refusal(410), feed(rss(item(1, hours=-24 * 28)))):
        desk.serve(answer)
        await desk.rounds(days=10)
    assert desk.notices.events == ["source failing", "source gone", "source ok"]


async def test_a_move_to_a_feed_of_somebody_else_is_never_believed(desk):
    """11. Vienna #1546, selfoss #1178: what a redirect shows must have been known before it was first seen."""
    desk.site.serve("/other", *[feed(rss(100 + n, 101 + n)) for n in range(60)])
    desk.serve(feed(rss(1, 2)), redirect("/other", 301))
    await desk.rounds(days=20)
    assert desk.state().adopted == ""


@pytest.mark.parametrize("page", [Reply(LOGIN), Reply(LOGIN, 401)])
async def test_a_redirect_to_a_login_page_does_not_overwrite_the_address(desk, page):
    """11. Vienna #1546, selfoss #1178: a redirect to a login page overwrites the address."""
    desk.site.serve("/login", page)
    desk.serve(feed(rss(1)), redirect("/login", 301))
    await desk.rounds(days=30)
    assert (desk.state().adopted, desk.state().health in {Health.FAILING, Health.BLOCKED}) == ("", True)
    desk.serve(feed(rss(1, 2)))
    assert (await desk.round()).new == 1


async def test_a_parse_that_never_ends_harms_no_other_source(desk):
    """12. Feedparser #263, apscheduler #423, #474: one hung parse blocks every job."""
    desk.serve(feed(rss(1)), name="a", kind="stuck")
    for name in "bcd":
        desk.serve(feed(rss(1)), name=name)
    assert await desk.round() == Collected(sources=4, new=3, failed=1)
    assert "longer than 3 seconds" in desk.state("a").reason
    desk.serve(feed(rss(item(1, body="All is well"))), name="a", kind="stuck")
    assert (await desk.round()).new == 1


@pytest.mark.parametrize("length", [9, 10])
async def test_a_feed_that_shows_nothing_of_the_last_poll_is_asked_sooner_and_told(desk, length):
    """13. Lobsters #2106: items lost between polls."""
    pages = [[item(n + 10, hours=5 * (300 - n)) for n in range(first, first + length)] for first in (0, 20, 25)]
    desk.serve(*[feed(rss(*shown), ETag=f'"{n}"') for n, shown in enumerate(pages)])
    await desk.round()
    before = desk.state().interval
    assert (await desk.round()).new == length
    after = desk.state()
    assert (after.health, after.interval <= before / 2) == (Health.GAP, True)
    desk.clock.now = at("2026-11-23T08:00")
    await desk.tell()
    assert desk.notices.events == ["source gap suspected"]
    await desk.round()
    assert desk.state().health is Health.OK
    assert len(desk.kept) == 2 * length + 5


SUMMARY = prose("summary", 60)
SHORT = "<p>An office of many people, open on weekdays.</p>"
COOKIES = "<p>We use cookies to measure visits. You can refuse cookies here.</p>" * 12
DEMANDS = "".join(f"<li>{prose(f'demand{n}x', 20)}</li>" for n in range(8))


async def read_whole(desk: Desk, inner: str) -> Statement:
    """The statement of a feed with a summary, once its page has been asked for."""
    port = desk.site.place.split(":")[1]
    shown = item(1, body=SUMMARY).replace("a.localhost", f"a.localhost:{port}")
    desk.site.serve("/news/1", Reply(f"<html><body><article>{inner}</article></body></html>".encode()))
    desk.serve(feed(rss(shown)), domains=("a.localhost",))
    await desk.round()
    await desk.visit()
    assert len(desk.asked("/news/1")) == 1
    return desk.only


@pytest.mark.parametrize("inner", [SHORT, COOKIES, ""])
async def test_a_page_that_says_less_than_the_summary_does_not_take_its_place(desk, inner):
    """14. Trafilatura #569: the text on cookies instead of the article."""
    assert (await read_whole(desk, inner)).text == SUMMARY


async def test_the_lists_of_an_article_belong_to_its_text(desk):
    """14. Trafilatura #10: lists are skipped."""
    read = await read_whole(desk, f"<h1>Statement 1</h1><p>{SUMMARY} We ask:</p><ul>{DEMANDS}</ul>")
    assert all(prose(f"demand{n}x", 20) in read.text for n in range(8))


def dated(date: str) -> bytes:
    return f"<rss version='2.0'><channel><item><title>북한 인권</title><pubDate>{date}</pubDate></item></channel></rss>".encode()


def on(instant: str) -> dict[str, object]:
    return {"published": at(instant), "published_estimated": False}


GUESSED: dict[str, object] = {"published": NOW, "published_estimated": True}
KOREAN = "<?xml version='1.0' encoding='{}'?><rss><channel><item><title>{}</title></item></channel></rss>"
FREE = "정치범수용소의 가족을 만나게 하라"
JSON = b'{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": 1, "title": "Three return home"}]}'
BOMB = b'<!DOCTYPE r [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>' + rss(item(1, more="<author>&b;</author>"))
TRAPS: dict[str, tuple[bytes, dict[str, object]]] = {
    "KST": (dated("Sun, 22 Nov 2026 10:00:00 KST"), on("2026-11-22T01:00")),
    "RFC 822 without a zone": (dated("Sun, 22 Nov 2026 10:00:00"), on("2026-11-22T01:00")),
    "dots": (dated("2026.11.22"), on("2026-11-21T15:00")),
    "dots and spaces": (dated("2026. 11. 22."), on("2026-11-21T15:00")),
    "Korean words": (dated("2026년 11월 22일"), on("2026-11-21T15:00")),
    "오전": (dated("2026-11-22 오전 10:30"), on("2026-11-22T01:30")),
    "epoch seconds": (dated("1795312800"), on("2026-11-22T02:00")),
    "2041": (dated("Tue, 01 Jan 2041 00:00:00 GMT"), GUESSED),
    "1970": (dated("Thu, 01 Jan 1970 00:00:00 GMT"), GUESSED),
    "no date": (dated(""), GUESSED),
    "EUC-KR undeclared": (KOREAN.replace(" encoding='{}'", "{}").format("", FREE).encode("euc-kr"), {"title": FREE}),
    "EUC-KR declared UTF-8": (KOREAN.format("utf-8", FREE).encode("euc-kr"), {"title": FREE}),
    "JSON Feed": (JSON, {"title": "Three return home"}),
    "empty body": (b"", {"reason": "empty"}),
    "ReDoS author (#562)": (rss(item(1, more=f"<author>{'a.' * 50_000}</author>")), {"title": "Statement 1"}),
    "comments opened": (rss(item(1, body="&lt;!--" * 50_000)), {"title": "Statement 1"}),
    "entity bomb": (BOMB, {"reason": "entities"}),
    "external entity": (BOMB.replace(b'"ha"', b'SYSTEM "file:///etc/passwd"'), {"reason": "entities"}),
    "a path": (b"PATH", {"reason": "no feed"}),
    "an address": (b"http://a.localhost:PORT/other", {"reason": "no feed"}),
}


@pytest.mark.parametrize(("body", "expected"), TRAPS.values(), ids=TRAPS)
async def test_no_trap_of_feedparser_catches_us(desk, tmp_path, body, expected):
    (tmp_path / "feed.xml").write_bytes(rss(1))
    desk.site.serve("/other", feed(rss(1)))
    body = body.replace(b"PATH", str(tmp_path / "feed.xml").encode())
    desk.serve(feed(body.replace(b"PORT", desk.site.place.split(":")[1].encode())))
    await desk.round()
    reason = expected.get("reason")
    assert str(reason or "") in desk.state().reason
    assert bool(desk.state().failures) == bool(reason)
    found = {} if reason else {name: getattr(desk.only, name) for name in expected}
    assert found == ({} if reason else expected)
    assert not desk.asked("/other")
