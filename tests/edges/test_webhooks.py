"""Calls to a real receiver on the loopback: what it can verify, what it can do to us, and where nothing is sent."""

import asyncio
import base64
import json
import socket
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from nkwatch.domain.problems import ConfigError
from nkwatch.domain.webhook import Answered, CallState, Event, Hook, Unanswered
from nkwatch.editing.webhooks import Words, signed
from nkwatch.net.posting import LARGEST_ANSWER, Poster, _span, scrubbed
from nkwatch.store.database import Database
from nkwatch.store.statements import StatementStore
from nkwatch.store.webhooks import WebhookStore
from nkwatch.workflow.webhooks import LEASE, Called, CallWebhooks
from tests.edges.site import Reply, Site, cut_off, hanging, redirect, streamed, trickling
from tests.making import NOW, placement, polled, sifted, source, statement
from tests.workflow.fakes import CrashError, FakeClock, Notices

AGENT = "nkwatch-test/1 (+https://watch.example)"
SECRET, OLD = ("whsec_" + base64.b64encode(letter * 32).decode() for letter in (b"n", b"o"))
SECOND = timedelta(seconds=1)
PATIENCE = 0.6


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


def poster(site=None, **fields):
    allowed = frozenset({site.place}) if site else frozenset()
    return Poster(AGENT, allowed, clock=lambda: NOW, **({"patience": 20.0} | fields))


async def posted(site, *behaviours, **fields):
    async with poster(site, **fields) as post:
        return await post(site.serve("/in", *behaviours), {"webhook-id": "x"}, b'{"a":1}')


# One post


async def test_a_call_arrives_as_json_and_says_who_calls(site):
    assert await posted(site, Reply(b"thanks", 202)) == Answered(202, "thanks")
    (request,) = site.requests
    assert request.method == "POST"
    assert (request.headers["Content-Type"], request.headers["User-Agent"]) == ("application/json", AGENT)
    assert request.headers["webhook-id"] == "x"
    assert "Cookie" not in request.headers


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_no_redirect_is_followed(site, status):
    there = site.serve("/there", Reply(b"x"))
    assert (await posted(site, redirect(there, status))).status == status
    assert [r.path for r in site.requests] == ["/in"]


async def test_no_cookie_comes_back(site):
    url = site.serve("/in", Reply(b"", 200, {"Set-Cookie": "id=7"}))
    async with poster(site) as post:
        for _ in range(2):
            await post(url, {}, b"{}")
    assert all("Cookie" not in r.headers for r in site.requests)


async def test_of_an_endless_answer_a_little_is_kept(site):
    answer = await posted(site, streamed(b"word " * 4_000_000))
    assert answer.status == 200
    assert 0 < len(answer.body) <= LARGEST_ANSWER


async def test_the_status_counts_though_the_body_never_ends_or_is_cut_off(site):
    assert await posted(site, trickling(b"begun"), patience=PATIENCE) == Answered(200, "begun")
    assert await posted(site, cut_off(b"begun", 9999)) == Answered(200, "begun")


async def test_who_does_not_answer_is_given_up(site):
    assert await posted(site, hanging, patience=PATIENCE) == Unanswered("127.0.0.1 did not answer within 0.6 seconds.")


async def test_a_port_where_nobody_listens_is_said_plainly():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{probe.getsockname()[1]}"
    async with Poster(AGENT, frozenset({place})) as post:
        answer = await post(f"http://{place}/in", {}, b"{}")
    assert isinstance(answer, Unanswered)
    assert "could not be reached" in answer.told


async def test_what_is_no_http_is_a_value():
    async def rubbish(_reader, writer):
        writer.write(b"\xff" * 5000)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(rubbish, "127.0.0.1", 0)
    place = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server, Poster(AGENT, frozenset({place})) as post:
        answer = await post(f"http://{place}/in", {}, b"{}")
    assert isinstance(answer, Unanswered)


@pytest.mark.parametrize("kind", ["gzip", "br", "bogus"])
async def test_a_packed_answer_is_not_unpacked(site, kind):
    answer = await posted(site, streamed(b"\x1f\x8b" + b"\0" * 90, Content_Encoding=kind))
    assert answer.status == 200


async def test_how_long_the_receiver_wants_to_be_left_alone_is_read(site):
    for value, seconds in (("120", 120), (format_datetime(NOW + 9 * SECOND, usegmt=True), 9), ("soon", 0), ("-7", 0)):
        answer = await posted(site, Reply(b"", 429, {"Retry-After": value}))
        assert answer.retry_after == seconds * SECOND, value
    await posted(site, Reply(b"", 429, {"Retry-After": format_datetime(NOW - 9 * SECOND, usegmt=True)}))


@given(st.text() | st.from_regex(r"[0-9]{1,40}") | st.from_regex(r"\w{3}, \d+ \w{3} \d{1,9} \d+:\d+:\d+( [-+]\d{4})?"))
def test_whatever_stands_in_retry_after_is_a_span(value):
    assert _span(value, NOW) >= timedelta(0)


def test_of_an_answer_no_address_no_secret_and_no_hidden_letter_is_kept():
    told = f"for ann@example.org\x00\u202e {SECRET}\r\nv1,{'a' * 44}= bob%40example.org\u200b"
    assert scrubbed(told) == "for [address] [secret] [secret] [address]"
    assert len(scrubbed("북한 " * 9999).encode()) <= LARGEST_ANSWER


# Where nothing is sent


class Names(AbstractResolver):
    """Resolves every name to one address."""

    def __init__(self, address):
        self.address = address

    async def resolve(self, host, port=0, family=socket.AF_INET):
        family = socket.AF_INET6 if ":" in self.address else socket.AF_INET
        return [{"hostname": host, "host": self.address, "port": port, "family": family, "proto": 0, "flags": 0}]

    async def close(self): ...


INNER = [
    "127.0.0.1", "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.192",
    "168.63.129.16", "224.0.0.1", "::1", "::", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "fd00::1", "fe80::1", "64:ff9b::7f00:1",
    "2002:7f00:1::", "fec0::1", "2001:db8::1", "::127.0.0.1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
async def test_a_name_that_leads_into_an_inner_network_is_not_called(address):
    async with poster(resolver=Names(address)) as post:
        answer = await post("https://hooks.example/in", {}, b"{}")
    assert isinstance(answer, Unanswered)
    assert "is not a public address" in answer.told


WRITTEN = [
    "https://127.0.0.1/", "https://2130706433/", "https://0x7f.1/", "https://0177.0.0.1/", "https://127.1/", "https://[::1]/",
    "https://[::ffff:127.0.0.1]/", "https://localhost/", "https://a.localhost/", "https://[fe80::1%25eth0]/",
    "https://①②⑦.0.0.1/", "https://169.254.169.254/latest/", "http://93.184.216.34/", "http://hooks.example/",
    "https://user:word@hooks.example/", "ftp://hooks.example/", "file:///etc/passwd", "https://", "https://[", "nonsense", "",
    "https://hooks.example:99999/",
]  # fmt: skip


@pytest.mark.parametrize("url", WRITTEN)
async def test_an_address_in_any_disguise_is_refused_before_a_byte_is_sent(site, url):
    async with poster(site, resolver=Names("127.0.0.1")) as post:
        answer = await post(url, {}, b"{}")
    assert isinstance(answer, Unanswered)
    assert site.requests == []
    assert "word" not in answer.told


async def test_the_allow_list_is_exact(site):
    host, _, port = site.place.rpartition(":")
    async with poster(site, resolver=Names("127.0.0.1"), patience=5.0) as post:
        for url in (f"http://localhost:{port}/in", f"https://hooks.example:{port}/in", f"ftp://{host}:{port}/in"):
            assert isinstance(await post(url, {}, b"{}"), Unanswered)
    assert site.requests == []
    with pytest.raises(ConfigError, match="no exact exception"):
        Poster(AGENT, frozenset({"hooks.example:443"}))


async def test_behind_a_proxy_names_and_literals_are_judged_before_they_are_handed_over():
    async with Poster(AGENT, proxy="socks5h://127.0.0.1:1", patience=5.0) as post:
        for url in ("https://10.0.0.1/", "https://printer/", "https://box.local/", "https://2130706433/"):
            answer = await post(url, {}, b"{}")
            assert "was not asked" in answer.told
            assert "proxy" not in answer.told
        assert "proxy" in (await post("https://hooks.example/", {}, b"{}")).told


# The whole way


class Receiver:
    """An endpoint as a customer would write it, with the reference library; it knows calls by their ids."""

    def __init__(self, secret=SECRET):
        self.secret, self.answers, self.calls, self.seen = secret, [200], [], []

    async def __call__(self, request):
        body = await request.read()
        headers = {k.lower(): v for k, v in request.headers.items()}
        self.seen.append((headers["webhook-id"], body))
        expected = Webhook(self.secret).sign(headers["webhook-id"], self.now, body.decode())
        if expected not in headers["webhook-signature"].split(" "):
            return web.Response(status=401)
        status = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if status == 200 and headers["webhook-id"] not in dict(self.calls):
            self.calls.append((headers["webhook-id"], json.loads(body)))
        return web.Response(status=status)


class Service:
    """A database, a clock and the part that calls, put together as in the newsroom."""

    def __init__(self, folder, site, receiver, secrets=(SECRET,)):
        self.database = Database(f"sqlite:///{folder}/nkwatch.db")
        self.database.prepare()
        self.clock, self.notices, self.receiver = FakeClock(NOW), Notices(), receiver
        self.statements = StatementStore(self.database, {"a": source("a")})
        self.hook = Hook("newsdesk", site.serve("/in", receiver), secrets)
        self.site = site

    def part(self, post):
        words = Words("https://watch.example", str, str)
        return CallWebhooks(
            {"newsdesk": self.hook},
            WebhookStore(self.database),
            self.statements,
            post,
            words,
            self.clock,
            self.notices,
            "me",
        )

    async def round(self, seconds=1.0):
        """One round of a process that begins and ends with it."""
        self.clock.forward(seconds=seconds)
        self.receiver.now = self.clock.now
        async with poster(self.site) as post:
            return await self.part(post)()

    async def tell(self, *ids, **fields):
        told = [statement(i, first_seen=self.clock.now, **fields) for i in ids]
        await self.statements.record_polls([polled(sifted(*told))])
        await self.statements.record_readings([placement(one) for one in told], self.clock.now)


@pytest.fixture
async def service(tmp_path, site):
    made = Service(tmp_path, site, Receiver())
    await made.round()
    yield made
    made.database.close()


async def test_a_receiver_with_the_reference_library_gets_every_story_once(service):
    await service.tell("s1", "s2")
    assert await service.round() == Called(found=2, made=2)
    assert await service.round() == Called()
    told = [body for _, body in service.receiver.calls]
    assert [t["type"] for t in told] == ["story.new"] * 2
    assert {t["data"]["url"] for t in told} == {f"https://watch.example/stories/{i}" for i in ("s1", "s2")}
    assert "Three people" not in json.dumps(told)


async def test_while_a_secret_is_changed_receivers_with_either_take_the_calls(service):
    service.hook = replace(service.hook, secrets=(SECRET, OLD))
    await service.tell("s1")
    service.receiver.secret = OLD
    assert (await service.round()).made == 1
    service.receiver.secret = SECRET
    await service.tell("s2")
    assert (await service.round()).made == 1


async def test_a_receiver_that_is_down_for_hours_misses_nothing_and_counts_nothing_twice(service):
    service.receiver.answers = [500, 503, 429, 302, 200]
    await service.tell("s1")
    await service.round()
    await service.tell("s2")
    for _ in range(20):
        await service.round(1800)
    assert sorted(body["data"]["id"] for _, body in service.receiver.calls) == ["s1", "s2"]
    assert len(service.receiver.seen) == 6


async def test_a_process_that_dies_with_a_call_on_the_line_makes_it_again_under_its_id(service):
    await service.tell("s1")
    service.clock.forward(seconds=1)
    service.receiver.now = service.clock.now

    async def dies(address, headers, body):
        """The receiver has it; nobody here lives to note that."""
        async with poster(service.site) as post:
            assert (await post(address, headers, body)).well
        raise CrashError

    with pytest.raises(CrashError):
        await service.part(dies)()
    assert await service.round() == Called()
    assert (await service.round(LEASE.total_seconds())).made == 1
    assert len(service.receiver.seen) == 2
    assert len(service.receiver.calls) == 1


async def test_a_receiver_that_is_gone_is_called_no_more(service):
    service.receiver.answers = [410]
    await service.tell("s1")
    await service.round()
    await service.tell("s2")
    for _ in range(9):
        await service.round(3600)
    assert len(service.receiver.seen) == 1
    assert service.notices.events == ["webhook switched off"]
    store = WebhookStore(service.database)
    assert (await store.counts("newsdesk")) == {CallState.WAITING: 1}
    await store.retry("newsdesk", service.clock())
    service.receiver.answers = [200]
    await service.round()
    assert sorted(b["data"]["id"] for _, b in service.receiver.calls) == ["s1", "s2"]


def test_the_reference_library_verifies_a_call_of_this_minute():
    body = b'{"type":"story.new"}'
    headers = signed("abc", (OLD, SECRET), datetime.now(UTC), body)
    assert Webhook(SECRET).verify(body, headers) == {"type": "story.new"}
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(body, signed("abc", (SECRET,), datetime.now(UTC) - timedelta(hours=1), body))


def test_a_call_that_was_changed_on_its_way_is_refused_by_the_reference_library():
    body = b'{"type":"story.new"}'
    headers = signed("abc", (SECRET,), NOW, body)
    assert headers["webhook-signature"] != Webhook(SECRET).sign("abc", NOW, body.decode() + " ")
    assert headers["webhook-signature"] != Webhook(SECRET).sign("abd", NOW, body.decode())
    assert headers["webhook-signature"] != Webhook(SECRET).sign("abc", NOW + SECOND, body.decode())
    assert Event.STORY_NEW.value in body.decode()
