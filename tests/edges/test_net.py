"""What may be asked, and how much is taken: against a real server on the loopback, and nothing beyond it."""

import asyncio
import contextlib
import gzip
import ipaddress
import itertools
import os
import socket
import tracemalloc
import zlib

import brotli
import pytest
import zstandard
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult
from hypothesis import given
from hypothesis import strategies as st
from yarl import URL

from nkwatch.domain.problems import ConfigError
from nkwatch.net import Answer, Limits, Unreached, Web
from nkwatch.net.guard import exact_exception, is_public
from nkwatch.net.names import Resolver
from nkwatch.net.turns import FEW, MOST_SLOWED, Turns
from nkwatch.net.unpacking import UNPACKERS, BadlyPacked
from nkwatch.net.web import Move
from tests.edges.site import MEGABYTE, Reply, Site, cut_off, gzip_bomb, hanging, redirect, streamed, trickling

AGENT = "nkwatch-test/1 (+https://watch.example/about)"
PACKERS = {"gzip": gzip.compress, "br": brotli.compress, "zstd": zstandard.compress}


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


def polite(site: Site, **limits) -> Web:
    return Web(AGENT, Limits(**{"pause": 0, "deadline": 20, **limits}), allowed=frozenset({site.place}))


async def fetched(site: Site, *behaviours, **limits) -> Answer | Unreached:
    async with polite(site, **limits) as web_:
        return await web_.get(site.serve("/feed", *behaviours))


def zstd_looking_back(size: int) -> bytes:
    """A small body whose sender wants `size` bytes to be kept for looking back."""
    parameters = zstandard.ZstdCompressionParameters(window_log=size.bit_length() - 1)
    packing = zstandard.ZstdCompressor(compression_params=parameters).compressobj()
    return packing.compress(b"<rss/>") + packing.flush()


class Names(AbstractResolver):
    """Resolves every name to the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self._addresses = addresses

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        families = {a: socket.AF_INET6 if ":" in a else socket.AF_INET for a in self._addresses}
        return [
            {"hostname": host, "host": address, "port": port, "family": family, "proto": 0, "flags": 0}
            for address, family in families.items()
        ]

    async def close(self) -> None: ...


async def test_an_answer_comes_with_its_final_address_and_headers_in_lower_case(site):
    url = site.serve("/feed", Reply(b"hello", headers={"ETag": '"a"', "X-Twice": "1"}))
    async with polite(site) as web_:
        answer = await web_.get(url + "#part")
    assert isinstance(answer, Answer)
    assert (answer.status, answer.body, answer.url) == (200, b"hello", url)
    assert answer.headers["etag"] == '"a"'


async def test_a_request_says_who_asks_and_carries_no_cookie_and_no_referrer(site):
    first = site.serve("/first", Reply(b"", 302, {"Location": "/second", "Set-Cookie": "id=7"}))
    site.serve("/second", Reply(b"x"))
    async with polite(site) as web_:
        await web_.get(first, {"If-None-Match": '"v1"'})
    for request in site.requests:
        assert request.headers["User-Agent"] == AGENT
        assert request.headers["Accept-Encoding"] == "gzip, br, zstd"
        assert request.headers["If-None-Match"] == '"v1"'
        assert "Cookie" not in request.headers
        assert "Referer" not in request.headers


@pytest.mark.parametrize(("name", "pack"), [*PACKERS.items(), ("identity", bytes)])
async def test_a_packed_body_is_unpacked(site, name, pack):
    body = "북한 인권".encode() * 10_000
    answer = await fetched(site, streamed(pack(body), piece=1000, Content_Encoding=name))
    assert isinstance(answer, Answer)
    assert answer.body == body


async def test_a_body_of_several_gzip_members_is_one_body(site):
    packed = gzip.compress(b"one ") + gzip.compress(b"two") + bytes(12)
    answer = await fetched(site, streamed(packed, Content_Encoding="gzip"))
    assert isinstance(answer, Answer)
    assert answer.body == b"one two"


@pytest.mark.parametrize(("name", "pack"), PACKERS.items())
async def test_a_packed_body_that_is_cut_off_is_no_answer(site, name, pack):
    answer = await fetched(site, streamed(pack(os.urandom(1000))[:-9], Content_Encoding=name))
    assert isinstance(answer, Unreached)
    assert "cut off" in answer.reason


@pytest.mark.parametrize(
    "behaviour",
    [
        streamed(b"not gzip at all", Content_Encoding="gzip"),
        streamed(b"\xff" * 100, Content_Encoding="br"),
        streamed(gzip.compress(b"x") * 50, Content_Encoding="gzip"),
        streamed(zlib.compress(b"x"), Content_Encoding="deflate"),
        streamed(b"not zstd at all", Content_Encoding="zstd"),
        streamed(zstandard.compress(b"x") * 50, Content_Encoding="zstd"),
        streamed(zstandard.compress(b"x") + bytes(12), Content_Encoding="zstd"),
        streamed(zstd_looking_back(16 * 1024 * 1024), Content_Encoding="zstd"),
    ],
)
async def test_a_body_that_is_not_packed_as_it_says_or_as_we_asked_is_no_answer(site, behaviour):
    answer = await fetched(site, behaviour)
    assert isinstance(answer, Unreached)
    assert "packed" in answer.reason


async def test_a_gzip_bomb_stops_at_the_cap_and_never_fills_the_memory(site):
    bomb = gzip_bomb(200)
    tracemalloc.start()
    try:
        answer = await fetched(site, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer == Unreached("127.0.0.1 answered with more than 5 MB.")
    assert peak < 25 * MEGABYTE


async def test_a_brotli_bomb_stops_at_the_cap(site):
    answer = await fetched(site, streamed(brotli.compress(bytes(50 * MEGABYTE), quality=1), Content_Encoding="br"))
    assert answer == Unreached("127.0.0.1 answered with more than 5 MB.")


async def test_a_zstd_bomb_stops_at_the_cap_and_never_fills_the_memory(site):
    bomb = streamed(zstandard.compress(bytes(200 * MEGABYTE)), Content_Encoding="zstd")
    tracemalloc.start()
    try:
        answer = await fetched(site, bomb)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert answer == Unreached("127.0.0.1 answered with more than 5 MB.")
    assert peak < 25 * MEGABYTE


async def test_a_body_of_several_zstd_frames_in_odd_pieces_is_one_body(site):
    skipped = b"\x50\x2a\x4d\x18\x05\0\0\0hello"
    packed = zstandard.compress(b"one ") + skipped + zstandard.compress(b"two")
    answer = await fetched(site, streamed(packed, piece=3, Content_Encoding="zstd"))
    assert isinstance(answer, Answer)
    assert answer.body == b"one two"


async def test_a_zstd_body_may_look_back_eight_megabytes(site):
    answer = await fetched(site, streamed(zstd_looking_back(8 * 1024 * 1024), Content_Encoding="zstd"))
    assert isinstance(answer, Answer)
    assert answer.body == b"<rss/>"


@given(st.binary(max_size=3000), st.integers(1, 500), st.integers(1, 3000), st.sampled_from(list(PACKERS)))
def test_unpacking_in_any_pieces_gives_the_body_and_never_more_than_the_room(body, piece, room, name):
    packed, unpacker, out = PACKERS[name](body), UNPACKERS[name](), b""
    for start in range(0, len(packed), piece):
        out += unpacker.feed(packed[start : start + piece], room - len(out))
        if len(out) >= room:
            break
    assert out == body[:room]
    assert unpacker.complete or len(out) >= room


@given(st.binary(max_size=300), st.sampled_from(list(PACKERS)))
def test_bytes_that_are_not_packed_never_surprise(noise, name):
    with contextlib.suppress(*BadlyPacked):
        assert len(UNPACKERS[name]().feed(noise, 1000)) <= 1000


async def test_a_body_of_exactly_the_cap_is_taken_and_one_byte_more_is_not(site):
    whole = await fetched(site, streamed(b"x" * 1000), body=1000)
    more = await fetched(site, streamed(b"x" * 1001), body=1000)
    assert isinstance(whole, Answer)
    assert more == Unreached("127.0.0.1 answered with more than 0.001 MB.")


async def test_bytes_that_unpack_to_nothing_are_counted_on_the_wire(site):
    # stored blocks of length zero: five bytes each, for ever
    head = gzip.compress(b"")[:10]
    answer = await fetched(site, streamed(head + b"\0\0\0\xff\xff" * 100_000, Content_Encoding="gzip"), wire=100_000)
    assert answer == Unreached("127.0.0.1 answered with more than 0.1 MB.")


async def test_a_body_shorter_than_it_was_said_to_be_is_no_answer(site):
    answer = await fetched(site, cut_off(b"<rss>", promised=5000))
    assert answer == Unreached("127.0.0.1 sent an answer that is cut off.")


@pytest.mark.parametrize(("behaviour", "line"), [(hanging, True), (trickling(b"<rss>"), False)])
async def test_a_host_that_hangs_is_left_at_the_deadline(site, behaviour, line):
    answer = await fetched(site, behaviour, deadline=0.2)
    assert answer == Unreached("127.0.0.1 did not answer in full within 0.2 seconds.", line=line)


async def test_a_host_that_is_not_there_is_named(site):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        place = f"127.0.0.1:{unused.getsockname()[1]}"
        async with Web(AGENT, Limits(pause=0), allowed=frozenset({place})) as web_:
            answer = await web_.get(f"http://{place}/")
    assert isinstance(answer, Unreached)
    assert answer.reason.startswith("127.0.0.1 could not be reached (")
    assert answer.line


class NoNames(Names):
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        raise OSError(None, "no name server answers")


async def test_a_name_that_cannot_be_resolved_may_be_our_own_lines_fault():
    async with Web(AGENT, Limits(pause=0), resolver=NoNames()) as web_:
        answer = await web_.get("http://feed.example/")
    assert answer == Unreached("feed.example is a name that cannot be resolved.", line=True)


@pytest.mark.parametrize(
    "behaviour",
    [
        streamed(b"x" * 6 * MEGABYTE),
        streamed(b"no", Content_Encoding="gzip"),
        cut_off(b"<rss>", promised=5000),
        redirect("http://10.0.0.1/"),
        redirect("http://feed.example:1/"),
        redirect("/feed"),
    ],
)
async def test_a_host_that_misbehaves_is_not_our_lines_fault(site, behaviour):
    answer = await fetched(site, behaviour)
    assert isinstance(answer, Unreached)
    assert not answer.line


async def test_a_failure_behind_a_redirect_is_not_our_lines_fault(site):
    url = site.serve("/feed", redirect("http://feed.example/"))
    async with Web(AGENT, Limits(pause=0), frozenset({site.place}), NoNames()) as web_:
        answer = await web_.get(url)
    assert answer == Unreached("feed.example is a name that cannot be resolved.")


@pytest.mark.parametrize(
    ("statuses", "moved_to"),
    [
        ((), ""),
        ((301,), "/1"),
        ((308, 301), "/2"),
        ((301, 302, 301), "/1"),
        ((302, 301), ""),
        ((303,), ""),
        ((307, 308), ""),
        ((301, 301, 307), "/2"),
    ],
)
async def test_permanent_redirects_lead_as_far_as_the_first_temporary_one(site, statuses, moved_to):
    for hop, status in enumerate(statuses):
        site.serve(f"/{hop}", redirect(f"/{hop + 1}#part", status))
    site.serve(f"/{len(statuses)}", Reply(b"here"))
    async with polite(site) as web_:
        answer = await web_.get(f"http://{site.place}/0", {"If-None-Match": '"v1"'})
    assert isinstance(answer, Answer)
    assert answer.body == b"here"
    assert answer.url == f"http://{site.place}/{len(statuses)}"
    assert answer.moved_to == (f"http://{site.place}{moved_to}" if moved_to else "")
    assert all(request.headers["If-None-Match"] == '"v1"' for request in site.requests)


async def test_a_permanent_redirect_that_comes_back_is_no_move(site):
    url = site.serve("/feed", redirect("/check", 301), Reply(b"here"))
    site.serve("/check", redirect("/feed", 301))
    async with polite(site) as web_:
        answer = await web_.get(url)
    assert isinstance(answer, Answer)
    assert (answer.body, answer.moved_to) == (b"here", "")


async def test_a_permanent_redirect_without_an_address_is_an_answer_and_no_move(site):
    answer = await fetched(site, Reply(b"", 301))
    assert isinstance(answer, Answer)
    assert (answer.status, answer.moved_to) == (301, "")


@pytest.mark.parametrize(
    ("hops", "moved_to"),
    [
        (["https://a.example/", "http://a.example/"], ""),
        (["https://a.example/", "https://b.example/", "http://b.example/"], "https://b.example/"),
        (["https://a.example/", "http://a.example/", "https://a.example/new"], ""),
        (["http://a.example/", "https://a.example/"], "https://a.example/"),
        (["http://a.example/", "HTTPS://a.example/"], "HTTPS://a.example/"),
    ],
)
def test_a_step_down_from_https_is_no_move(hops, moved_to):
    move = Move()
    for before, after in itertools.pairwise(hops):
        move.follow(URL(before), 301, after)
    assert move.to == moved_to


async def test_a_redirect_loop_ends(site):
    url = site.serve("/loop", redirect("/loop"))
    async with polite(site) as web_:
        answer = await web_.get(url)
    assert answer == Unreached(f"{url} redirects more than 5 times.")
    assert len(site.requests) == 6


async def test_five_redirects_are_followed_and_the_last_address_is_told(site):
    for hop in range(5):
        site.serve(f"/{hop}", redirect(f"/{hop + 1}", 301 + hop % 2))
    site.serve("/5", Reply(b"here"))
    async with polite(site) as web_:
        answer = await web_.get(f"http://{site.place}/0")
    assert isinstance(answer, Answer)
    assert answer.url == f"http://{site.place}/5"


@pytest.mark.parametrize(
    "target",
    [
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://0.0.0.0/",
        "http://0x7f.1/",
        "http://2130706433/",
        "http://10.0.0.1/",
        "https://192.168.1.1/",
        "http://user:secret@127.0.0.1/",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "gopher://127.0.0.1/",
        "http://[broken/",
    ],
)
async def test_a_redirect_into_somebodys_network_is_not_followed(site, target):
    url = site.serve("/feed", redirect(target))
    async with polite(site) as web_:
        answer = await web_.get(url)
    assert isinstance(answer, Unreached)
    refusals = (
        "is not a public address",
        "only http and https",
        "no name of a host",
        "no address of a page",
        "password",
    )
    assert any(words in answer.reason for words in refusals)
    assert "secret" not in answer.reason
    assert len(site.requests) == 1


async def test_a_redirect_to_another_port_of_an_allowed_address_is_not_followed(site):
    async with Site() as other:
        url = site.serve("/feed", redirect(other.serve("/inner", Reply(b"inside"))))
        async with polite(site) as web_:
            answer = await web_.get(url)
    assert isinstance(answer, Unreached)
    assert "only ports 80 and 443" in answer.reason
    assert not other.requests


@pytest.mark.parametrize("address", ["127.0.0.1", "169.254.169.254", "::1", "::ffff:10.0.0.1", "fd00:ec2::254"])
async def test_a_name_that_resolves_into_somebodys_network_is_not_asked(address):
    async with Web(AGENT, Limits(pause=0), resolver=Names(address)) as web_:
        answer = await web_.get("http://feed.example/")
    assert isinstance(answer, Unreached)
    assert "is not a public address" in answer.reason


async def test_a_name_gains_nothing_from_an_address_that_is_allowed():
    async with Web(AGENT, Limits(pause=0), frozenset({"127.0.0.1:80"}), Names("127.0.0.1")) as web_:
        answer = await web_.get("http://feed.example/")
    assert answer == Unreached("feed.example was not asked: 127.0.0.1 is not a public address.")


@pytest.mark.parametrize("addresses", [("127.0.0.1", "::1"), ("10.0.0.1", "10.0.0.2"), ("::1", "fe80::1", "10.0.0.1")])
async def test_a_name_with_several_inner_addresses_is_refused_and_our_line_is_not_suspected(addresses):
    async with Web(AGENT, Limits(pause=0), resolver=Names(*addresses)) as web_:
        answer = await web_.get("http://feed.example/")
    assert isinstance(answer, Unreached)
    assert "is not a public address" in answer.reason
    assert not answer.line


async def test_a_name_below_localhost_can_be_allowed_and_needs_no_resolver(site):
    place = site.place.replace("127.0.0.1", "a.b.localhost")
    site.serve("/feed", Reply(b"here"))
    async with Web(AGENT, Limits(pause=0), frozenset({place})) as web_:
        answer = await web_.get(f"http://{place}/feed")
        other = await web_.get(f"http://{place.replace('a.b', 'c')}/feed")
        elsewhere = await web_.get("http://a.b.localhost/feed")
    assert isinstance(answer, Answer)
    assert answer.body == b"here"
    assert isinstance(other, Unreached)
    assert elsewhere == Unreached("a.b.localhost was not asked: 127.0.0.1 is not a public address.")
    assert len(site.requests) == 1


async def test_other_names_are_asked_of_the_system():
    found = await Resolver().resolve("localhost", 80)
    assert {answer["host"] for answer in found} <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "169.254.169.254", "0.0.0.0", "192.168.1.1", "::ffff:a00:1", "fe80::1"]
)
async def test_an_allowed_name_leads_to_the_loopback_or_nowhere(address):
    async with Web(AGENT, Limits(pause=0), frozenset({"a.localhost:80"}), Names(address)) as web_:
        answer = await web_.get("http://a.localhost/")
    # Python 3.13 writes ::ffff:10.0.0.1 for what was ::ffff:a00:1
    assert answer == Unreached(f"a.localhost was not asked: {ipaddress.ip_address(address)} is not a public address.")


@pytest.mark.parametrize(
    "host", ["b.localhost", "feed.example", "a.localhost.example", "a.localhost.", "x.a.localhost", "127.0.0.1"]
)
async def test_another_host_gains_nothing_from_a_name_that_is_allowed(host):
    async with Web(AGENT, Limits(pause=0), frozenset({"a.localhost:80"}), Names("127.0.0.1")) as web_:
        answer = await web_.get(f"http://{host}/")
    assert isinstance(answer, Unreached)
    assert answer.reason.endswith("was not asked: 127.0.0.1 is not a public address.")


@pytest.mark.parametrize(
    "entry",
    [
        ".localhost:80",
        "*.localhost:80",
        "a.localhost",
        "a.localhost:x",
        "a.localhost.:80",
        "A.localhost:80",
        "a.localhost.example:80",
        "a b.localhost:80",
        "localhost:80",
        "127.0.0.1",
        "127.0.0.1:x",
        "127.0.0.0/8:80",
        "*:80",
        ":80",
        "",
    ],
)
def test_the_allow_list_takes_numeric_addresses_with_a_port_and_nothing_wider(entry):
    with pytest.raises(ConfigError, match="numeric address and a port"):
        exact_exception(entry)


async def test_an_allowed_address_of_version_six_can_be_asked():
    try:
        site = await Site("::1").__aenter__()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    try:
        answer = await fetched(site, Reply(b"six"))
    finally:
        await site.__aexit__()
    assert isinstance(answer, Answer)
    assert answer.body == b"six"


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "168.63.129.16", "169.254.169.254"),
        *("172.16.0.1", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.0.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "::7f00:1", "::ffff:8.8.8.8", "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1"),
        *("2001:db8::1", "2002:808:808::1", "3fff::1", "5f00::1", "fc00::1", "fd00:ec2::254", "fe80::1"),
        *("fec0::1", "ff02::1", "ff0e::1"),
    ],
)
def test_an_address_that_is_not_of_the_public_internet_is_refused(address):
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "193.0.6.139", "2001:4860:4860::8888", "2a02:2e0::1"])
def test_an_address_of_the_public_internet_is_not_refused(address):
    assert is_public(ipaddress.ip_address(address))


@given(st.ip_addresses())
def test_whatever_the_standard_library_calls_private_is_refused(address):
    if address.is_private or address.is_multicast or address.is_link_local or address.is_loopback:
        assert not is_public(address)


async def test_one_host_is_asked_one_thing_at_a_time(site):
    async def slow(_request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(0.01)
        return web.Response()

    url = site.serve("/feed", slow)
    async with polite(site) as web_:
        await asyncio.gather(*(web_.get(url) for _ in range(6)))
    assert len(site.requests) == 6
    assert site.most_active == 1


async def test_requests_to_one_host_lie_a_pause_apart(site):
    url = site.serve("/feed", Reply(b"x"))
    async with polite(site, pause=0.05) as web_:
        await asyncio.gather(*(web_.get(url) for _ in range(3)))
    first, second, third = site.arrivals
    assert second - first >= 0.05
    assert third - second >= 0.05


async def test_a_host_that_wants_more_time_gets_it_from_its_last_turn_on(site):
    url = site.serve("/feed", Reply(b"x"))
    async with polite(site) as web_:
        await web_.get(url)
        web_.slow_down("127.0.0.1", 0.1)
        web_.slow_down("feed.example", 60)
        await web_.get(url)
        web_.slow_down("127.0.0.1", 0)
        await web_.get(url)
    first, second, _ = site.arrivals
    assert second - first >= 0.1


async def test_a_host_that_wants_less_time_than_everybody_gets_waits_as_everybody():
    turns = Turns(pause=0.05)
    turns.slow_down("a.example", 0.01)
    clock = asyncio.get_running_loop().time
    async with turns.at("a.example"):
        left = clock()
    async with turns.at("a.example"):
        assert clock() - left >= 0.05


async def test_hosts_that_nobody_waits_for_are_forgotten():
    turns = Turns(pause=0)
    most = 0
    for number in range(20 * FEW):
        turns.slow_down(f"{number}.example", 0)
        async with turns.at(f"{number}.example"):
            most = max(most, len(turns._queues))
    assert most <= 2 * FEW


async def test_hosts_in_their_pause_are_not_forgotten_and_looked_through_only_when_they_have_doubled():
    turns, swept = Turns(pause=60), set[int]()
    for number in range(5_000):
        async with turns.at(f"{number}.example"):
            swept.add(id(turns._queues))
    assert len(turns._queues) == 5_000
    assert len(swept) <= 8


async def test_hosts_with_a_pause_of_their_own_are_bounded_and_the_latest_stay():
    turns = Turns(pause=1)
    for number in range(MOST_SLOWED + 10):
        turns.slow_down(f"{number}.example", 5)
    assert len(turns._slowed) == MOST_SLOWED
    assert f"{MOST_SLOWED + 9}.example" in turns._slowed


async def test_a_request_that_is_given_up_frees_its_turn(site):
    arrived = asyncio.Event()

    async def noticed(request: web.Request) -> web.StreamResponse:
        arrived.set()
        return await hanging(request)

    url = site.serve("/feed", noticed, Reply(b"next"))
    async with polite(site) as web_:
        waiting = asyncio.create_task(web_.get(url))
        await arrived.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        answer = await web_.get(url)
    assert isinstance(answer, Answer)
    assert answer.body == b"next"


async def test_no_more_connections_are_open_than_agreed(site):
    async def slow(_request: web.Request) -> web.StreamResponse:
        both.append(len(both))
        await asyncio.sleep(0.02)
        both.pop()
        return web.Response()

    both: list[int] = []
    most = 0
    try:
        six = await Site("::1").__aenter__()
    except OSError:
        pytest.skip("this machine has no IPv6 loopback")
    try:
        urls = [site.serve("/a", slow), six.serve("/a", slow)]
        async with Web(AGENT, Limits(connections=1, pause=0), frozenset({site.place, six.place})) as web_:
            asked = asyncio.gather(*(web_.get(url) for url in urls * 3))
            while not asked.done():
                most = max(most, len(both))
                await asyncio.sleep(0.001)
    finally:
        await six.__aexit__()
    assert most == 1
    assert len(site.requests) == len(six.requests) == 3
