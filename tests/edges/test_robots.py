"""What robots.txt files say, how long it holds, and that no file can hurt its reader."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st
from protego import Protego

from nkwatch.net import Allowed, Disallowed, Limits, Robots, Unknown, Web
from nkwatch.net import robots as robots_module
from nkwatch.net.robots import LONGEST_URL, MOST_ORIGINS
from nkwatch.net.rules import LONGEST_LINE, MOST_BYTES, MOST_RULES, MOST_TEXT, MOST_WILDCARDS, TOKEN, reduced
from tests.edges.site import MEGABYTE, Reply, Site, hanging, redirect, refusal, streamed


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 10, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def goes_on(self, **span: float) -> None:
        self.now += timedelta(**span)


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


@pytest.fixture
async def web_(site):
    async with Web("nkwatch-test/1", Limits(pause=0, deadline=0.5), frozenset({site.place})) as open_:
        yield open_


@pytest.fixture
def clock():
    return Clock()


def page(site: Site, path: str = "/news/1") -> str:
    return f"http://{site.place}{path}"


async def said(site: Site, web_: Web, text: str, path: str = "/news/1"):
    site.serve("/robots.txt", Reply(text.encode()))
    return await Robots(web_, Clock()).allows(page(site, path))


def permits(text: str, path: str = "/news/1") -> bool:
    return Protego.parse(reduced(text.encode())).can_fetch(f"https://a.example{path}", TOKEN)


@pytest.mark.parametrize(
    ("text", "allowed"),
    [
        ("", True),
        ("<html><title>Not found</title></html>", True),
        ("Disallow: /", True),
        ("User-agent: *\nDisallow:", True),
        ("User-agent: *\nDisallow: /", False),
        ("\ufeffUser-agent: *\r\nDisallow: /", False),
        ("user-agent:*\rdisallow:/news # why not", False),
        ("User-agent: *\nDisallow: /news\nAllow: /news/1", True),
        ("User-agent: *\nDisallow: /*/1$", False),
        ("User-agent: *\nDisallow: /*/2$", True),
        ("User-agent: *\nDisallow: /\n\nUser-agent: nkwatch\nDisallow: /private", True),
        ("User-agent: nkwatch\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        ("User-agent: NKWatch/2.0 (reader)\nDisallow: /", False),
        ("User-agent: nk\nDisallow: /\nUser-agent: n\nDisallow: /", True),
        ("User-agent: nkwatchman\nDisallow: /", True),
        ("User-agent: other\nDisallow: /", True),
        ("User-agent: other\nUser-agent: nkwatch\nDisallow: /", False),
        ("User-agent: nkwatch\nUser-agent: other\nDisallow: /", False),
        ("User-agent: nkwatch\n\nSitemap: https://a.example/s.xml\nUser-agent: other\nDisallow: /", False),
        ("User-agent: nkwatch\nAllow: /\nUser-agent: other\nDisallow: /", True),
        ("User-agent: nkwatch\nDisallow: /a\nUser-agent: *\nDisallow: /\nUser-agent: nkwatch\nDisallow: /news", False),
        ("User-agent: *\n" + "Disallow: /news" + "x" * LONGEST_LINE, True),
        ("User-agent: *\nDisallow: /" + "*" * 500 + "1", False),
    ],
)
async def test_a_page_is_allowed_as_the_file_says(site, web_, text, allowed):
    word = await said(site, web_, text)
    assert isinstance(word, Allowed if allowed else Disallowed)


async def test_the_file_itself_and_the_query_are_seen(site, web_):
    text = "User-agent: *\nDisallow: /*?print="
    assert isinstance(await said(site, web_, text, "/news?print=1"), Disallowed)
    assert isinstance(await said(site, web_, text, "/news?page=1"), Allowed)
    assert isinstance(await said(site, web_, "User-agent: *\nDisallow: /", "/robots.txt"), Allowed)


async def test_rules_in_other_scripts_match_however_they_are_written(site, web_):
    text = "User-agent: *\nDisallow: /인권/"
    assert isinstance(await said(site, web_, text, "/%EC%9D%B8%EA%B6%8C/1"), Disallowed)
    assert isinstance(await said(site, web_, text, "/인권/1"), Disallowed)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418])
async def test_a_file_that_is_not_there_allows_everything(site, web_, status):
    site.serve("/robots.txt", refusal(status))
    assert await Robots(web_, Clock()).allows(page(site)) == Allowed()


@pytest.mark.parametrize("status", [429, 500, 503, 301, 304])
async def test_a_server_that_does_not_say_leaves_it_open(site, web_, status):
    site.serve("/robots.txt", refusal(status))
    word = await Robots(web_, Clock()).allows(page(site))
    assert word == Unknown(f"http://{site.place} does not say what its robots.txt allows ({status}).")


@pytest.mark.parametrize(
    ("behaviour", "line"), [(hanging, True), (redirect("/robots.txt"), False), (streamed(b"#" * 6 * MEGABYTE), False)]
)
async def test_a_file_that_cannot_be_had_leaves_it_open(site, web_, behaviour, line):
    site.serve("/robots.txt", behaviour)
    word = await Robots(web_, Clock()).allows(page(site))
    assert isinstance(word, Unknown)
    assert word.line is line


@pytest.mark.parametrize("url", ["http://[", "file:///etc/passwd", "nonsense", "", "http://a.example:x/"])
async def test_what_is_no_address_of_a_page_leaves_it_open(web_, url):
    assert isinstance(await Robots(web_, Clock()).allows(url), Unknown)


async def test_an_address_that_is_too_long_to_match_leaves_it_open(site, web_):
    assert isinstance(await said(site, web_, "", "/" + "x" * LONGEST_URL), Unknown)
    assert not site.requests


async def test_five_redirects_are_followed_to_the_file(site, web_):
    site.serve("/robots.txt", redirect("/1"))
    for hop in range(1, 5):
        site.serve(f"/{hop}", redirect(f"/{hop + 1}"))
    site.serve("/5", Reply(b"User-agent: *\nDisallow: /"))
    assert await Robots(web_, Clock()).allows(page(site)) == Disallowed()


async def test_a_word_holds_for_a_day(site, web_, clock):
    site.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /"), Reply(b""))
    robots = Robots(web_, clock)
    words = []
    for hours in (0, 23.9, 0.2):
        clock.goes_on(hours=hours)
        words.append(await robots.allows(page(site)))
    assert words == [Disallowed(), Disallowed(), Allowed()]
    assert len(site.requests) == 2


async def test_a_failure_is_forgotten_after_ten_minutes(site, web_, clock):
    site.serve("/robots.txt", refusal(503), Reply(b""))
    robots = Robots(web_, clock)
    words = []
    for minutes in (0, 9, 2):
        clock.goes_on(minutes=minutes)
        words.append(type(await robots.allows(page(site))))
    assert words == [Unknown, Unknown, Allowed]


async def test_questions_at_the_same_time_ask_the_site_once(site, web_, clock):
    site.serve("/robots.txt", Reply(b""))
    robots = Robots(web_, clock)
    words = await asyncio.gather(*(robots.allows(page(site, f"/{n}")) for n in range(20)))
    assert words == [Allowed()] * 20
    assert len(site.requests) == 1
    assert not robots._asking


async def test_whoever_waits_is_answered_when_the_one_who_asked_gives_up(site, web_, clock):
    arrived = asyncio.Event()

    async def noticed(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return await hanging(request)

    site.serve("/robots.txt", noticed, Reply(b""))
    robots = Robots(web_, clock)
    first = asyncio.create_task(robots.allows(page(site)))
    second = asyncio.create_task(robots.allows(page(site)))
    await arrived.wait()
    first.cancel()
    assert await second == Allowed()


async def test_each_port_has_a_word_of_its_own(site, web_, clock):
    async with Site() as other, Web("x/1", Limits(pause=0), frozenset({site.place, other.place})) as both:
        site.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /"))
        robots = Robots(both, clock)
        assert await robots.allows(page(site)) == Disallowed()
        assert await robots.allows(page(other)) == Allowed()


class SlowWeb(Web):
    """Remembers which hosts it was told to be slow at, and answers every question with one text."""

    def __init__(self, text: bytes = b"") -> None:
        super().__init__("x/1")
        self.text = text
        self.slow: dict[str, float] = {}
        self.asked = 0

    def slow_down(self, host: str, seconds: float) -> None:
        self.slow[host] = seconds

    async def get(self, url, headers=None):
        self.asked += 1
        return robots_module.Answer(200, url, {}, self.text)


@pytest.mark.parametrize(
    ("delay", "seconds"),
    [("10", 10), ("0.5", 0.5), ("3600", 60), ("-1", 0), ("nan", 0), ("inf", 0), ("1e400", 0), ("soon", 0), ("", 0)],
)
async def test_a_crawl_delay_is_told_and_kept_to_up_to_a_minute(clock, delay, seconds):
    web_ = SlowWeb(f"User-agent: *\nCrawl-delay: {delay}\nDisallow: /private".encode())
    assert await Robots(web_, clock).allows("https://a.example/") == Allowed(seconds)
    assert await Robots(web_, clock).allows("https://b.example/private") == Disallowed()
    assert web_.slow == {"a.example": seconds, "b.example": seconds}


async def test_as_many_origins_are_remembered_as_there_is_room_for(clock):
    web_ = SlowWeb()
    robots = Robots(web_, clock)
    for number in range(MOST_ORIGINS + 50):
        await robots.allows(f"https://{number}.example/")
        await robots.allows("https://0.example/")
    assert len(robots._known) == MOST_ORIGINS
    assert web_.asked == MOST_ORIGINS + 50


async def test_large_files_are_forgotten_sooner(clock):
    web_ = SlowWeb(b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % n for n in range(MOST_RULES)))
    robots = Robots(web_, clock)
    for number in range(60):
        await robots.allows(f"https://{number}.example/")
        assert robots._size <= robots_module.MOST_BYTES
        assert robots._size == sum(known.size for known in robots._known.values())
    assert 10 < len(robots._known) < 60


@pytest.mark.parametrize(
    "body",
    [
        b"User-agent: *\n" + b"".join(b"Disallow: /%d\n" % n for n in range(40_000)),
        b"".join(b"User-agent: a%d\n" % n for n in range(15_000)) + b"User-agent: *\nDisallow: /\n" * 10_000,
        b"User-agent: *\n" + b"".join(b"Disallow: /*" + b"a" * 1900 + b"%d*\n" % n for n in range(260)),
        b"User-agent: *\n" + b"Disallow: /" + b"*a" * 900 + b"*b\n",
        b"User-agent: *\n" + (b"Disallow: /" + b"*a" * MOST_WILDCARDS + b"*b\n") * 10_000,
        b"User-agent: nkwatch\nUser-agent: *\nAllow: /\n" * 11_000,
        "User-agent: *\u2028Disallow: /\u2028".encode() * 12_000,
        b"\n" * 600_000,
        b":" * 600_000,
        bytes(600_000),
        b"\xff\xfe" * 300_000,
    ],
)
def test_whatever_a_file_holds_little_of_it_is_matched(body):
    text = reduced(body)
    assert len(text) <= 2 * MOST_TEXT
    rules = [line for line in text.splitlines() if not line.startswith("User-agent: ")]
    assert len(rules) <= MOST_RULES
    assert all(len(rule) <= LONGEST_LINE and rule.count("*") <= MOST_WILDCARDS for rule in rules)
    assert len(Protego.parse(text)._user_agents) <= 2


def test_a_file_that_is_cut_off_forbids_no_more_than_it_said():
    head = b"User-agent: *\n"
    padding = b"#" * (MOST_BYTES - len(head) - len(b"\nDisallow: /"))
    assert permits((head + padding + b"\nDisallow: /private").decode())
    assert not permits((head + padding[100:] + b"\nDisallow: /\n" + b"#" * 1000).decode())


@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["User-agent", "USER-AGENT ", "Allow", "Disallow", " disallow", "Crawl-delay", "Sitemap", "#"]
            ),
            st.sampled_from(["*", "nkwatch", "other", "/", "/a", "/a/*b$", "", "5", "# x", "nk"]),
        ),
        max_size=12,
    ),
    st.sampled_from(["/", "/a", "/a/b", "/c"]),
)
def test_the_reduced_file_says_the_same_as_a_plain_reading_of_the_whole(lines, path):
    text = "\n".join(f"{name}: {value}" for name, value in lines)
    assert permits(text, path) == _plain_reading(lines, path)


def _plain_reading(lines, path):
    """RFC 9309 word for word, for the few patterns above; Crawl-delay is a rule that says nothing on paths."""
    groups: dict[str, list[tuple[int, bool]]] = {}
    current: list[str] = []
    heading = False
    for name, value in ((n.strip().lower(), v.partition("#")[0].strip()) for n, v in lines):
        if name == "user-agent":
            current, heading = [*(current if heading else []), value], True
            continue
        if name in {"allow", "disallow", "crawl-delay"}:
            heading = False
            for agent in current:
                groups.setdefault(agent, [])
                if name != "crawl-delay" and value and _matches(value, path):
                    groups[agent].append((len(value), name == "allow"))
    rules = groups.get("nkwatch", groups.get("*", []))
    return max(rules)[1] if rules else True


def _matches(pattern, path):
    return path.startswith("/a/") and path.endswith("b") if pattern == "/a/*b$" else path.startswith(pattern)


@given(st.text(max_size=300), st.text(max_size=50))
def test_no_text_and_no_address_surprise(text, path):
    permits("User-agent: *\nDisallow: " + text, "/" + path)
    permits(text, "/" + path)
