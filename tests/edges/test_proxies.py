"""Requests through proxies on the loopback, which remember what they were asked for."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Self

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.problems import ConfigError
from nkwatch.net import Answer, Limits, Unreached, Web
from nkwatch.net.proxies import proxy, refusal
from tests.edges.site import Reply, Site, hanging, redirect

AGENT = "nkwatch-test/1"
#: What a proxy was asked for: a name or a literal, and a port.
Asked = tuple[str, int]
Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[Asked | None]]


class ProxyServer:
    """A proxy that leads every request to one port of the loopback. Without a port it refuses them all."""

    def __init__(self, scheme: str, target: int | None, credentials: bytes = b"") -> None:
        talks: dict[str, Talk] = {"socks5": self._socks5, "socks4": self._socks4, "http": self._http}
        self._talk = talks[scheme.removesuffix("h")]
        self._scheme = scheme
        self._target = target
        self._credentials = credentials
        self._tasks: set[asyncio.Task[None]] = set()
        self.asked: list[Asked] = []

    @property
    def url(self) -> str:
        user = self._credentials.decode() + "@" if self._credentials else ""
        return f"{self._scheme}://{user}127.0.0.1:{self.port}"

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            asked = await self._talk(reader, writer)
            if asked:
                await self._pass_on(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            writer.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there, here = await asyncio.open_connection("127.0.0.1", self._target)
        try:
            await asyncio.gather(_copy(reader, here), _copy(there, writer))
        finally:
            here.close()

    def _note(self, host: str, port: int) -> Asked | None:
        self.asked.append((host, port))
        return (host, port) if self._target else None

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked | None:
        _, methods = await reader.readexactly(2)
        offered = await reader.readexactly(methods)
        if self._credentials:
            assert 2 in offered
            writer.write(b"\x05\x02")
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            given = user + b":" + await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x01" + bytes([given != self._credentials]))
            if given != self._credentials:
                return None
        else:
            writer.write(b"\x05\x00")
        _, _, _, kind = await reader.readexactly(4)
        if kind == 3:
            host = (await reader.readexactly((await reader.readexactly(1))[0])).decode()
        else:
            host = str(ipaddress.ip_address(await reader.readexactly(4 if kind == 1 else 16)))
        asked = self._note(host, int.from_bytes(await reader.readexactly(2), "big"))
        writer.write(b"\x05" + (b"\x00" if asked else b"\x04") + b"\x00\x01" + bytes(6))
        return asked

    async def _socks4(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked | None:
        head = await reader.readexactly(8)
        await reader.readuntil(b"\0")
        # 0.0.0.x says that a name follows (SOCKS4a)
        named = head[4:7] == bytes(3)
        host = (await reader.readuntil(b"\0"))[:-1].decode() if named else str(ipaddress.ip_address(head[4:]))
        asked = self._note(host, int.from_bytes(head[2:4], "big"))
        writer.write(b"\0" + (b"\x5a" if asked else b"\x5b") + bytes(6))
        return asked

    async def _http(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked | None:
        line, *rest = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        if self._credentials and not any(r.startswith("Proxy-Authorization: Basic ") for r in rest):
            writer.write(b"HTTP/1.1 407 Who are you\r\n\r\n")
            return None
        host, _, port = line.split()[1].rpartition(":")
        asked = self._note(host.strip("[]"), int(port))
        words = b"200 Here you are" if asked else b"502 secret-of-the-proxy"
        writer.write(b"HTTP/1.1 " + words + b"\r\n\r\n")
        return asked


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    async with Site() as running:
        yield running


def port_of(site: Site) -> int:
    return int(site.place.rpartition(":")[2])


def behind(server: ProxyServer, **limits: float) -> Web:
    return Web(AGENT, Limits(**{"pause": 0, "deadline": 20, **limits}), proxy=server.url)


SCHEMES = ["socks5", "socks5h", "socks4", "http"]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_is_given_the_name_and_resolves_it_itself(site, scheme):
    site.serve("/feed", Reply(b"here"))
    async with ProxyServer(scheme, port_of(site)) as server, behind(server) as web:
        answer = await web.get("http://feed.example/feed")
    assert isinstance(answer, Answer)
    assert (answer.body, answer.url) == (b"here", "http://feed.example/feed")
    assert server.asked == [("feed.example", 80)]
    assert site.requests[0].headers["Host"] == "feed.example"


async def test_a_name_in_another_script_is_handed_over_in_ascii(site):
    site.serve("/", Reply(b"here"))
    async with ProxyServer("socks5h", port_of(site)) as server, behind(server) as web:
        answer = await web.get("http://북한.example/")
    assert isinstance(answer, Answer)
    assert server.asked == [("xn--pr3b894b.example", 80)]


@pytest.mark.parametrize("scheme", ["socks5", "http"])
async def test_a_proxy_that_wants_credentials_gets_them(site, scheme):
    site.serve("/", Reply(b"here"))
    async with ProxyServer(scheme, port_of(site), b"reader:s3cret") as server, behind(server) as web:
        answer = await web.get("http://feed.example/")
    assert isinstance(answer, Answer)


async def test_public_literals_may_be_asked_of_a_proxy(site):
    site.serve("/", Reply(b"here"))
    async with ProxyServer("socks5", port_of(site)) as server, behind(server) as web:
        four = await web.get("http://8.8.8.8/")
        six = await web.get("http://[2001:4860:4860::8888]/")
    assert isinstance(four, Answer)
    assert isinstance(six, Answer)
    assert server.asked == [("8.8.8.8", 80), ("2001:4860:4860::8888", 80)]


INNER_HOSTS = [
    *("127.0.0.1", "10.0.0.1", "169.254.169.254", "0.0.0.0", "192.168.1.1", "100.64.0.1", "255.255.255.255"),
    *("2130706433", "0x7f000001", "0x7f.1", "0X7F.0.0.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0"),
    *("8.8.8.010", "08.8.8.8", "8.8.2056", "0x8.8.8.8", "1.2.3.4.5", "256.1.1.1", "127.0.0.1.", "feed.0x7f", "a.1"),
    *("１２７.0.0.1", "127。0。0。1", "127.0.0.1", "①②⑦.0.0.1", "0x"),
    *("[::1]", "[::]", "[::ffff:127.0.0.1]", "[::ffff:8.8.8.8]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fd00::1]"),
    *("[fe80::1%25eth0]", "[2001:4860:4860::8888%251]", "[::127.0.0.1]"),
    *("localhost", "LOCALHOST", "localhost.", "a.localhost", "a.localhost.", "printer.local", "PRINTER.LOCAL."),
    *("metadata.google.internal", "nas.home.arpa", "intranet", "metadata", "a.local..", "%6cocalhost", "127%2e0.0.1"),
    *("a_b", "x" * 300 + ".0", "ｌocalhost", "local\u00adhost"),
]


@pytest.mark.parametrize("host", INNER_HOSTS)
async def test_a_proxy_is_never_asked_for_what_lies_in_its_own_network(site, host):
    async with ProxyServer("socks5h", port_of(site)) as server, behind(server) as web:
        first = await web.get(f"http://{host}/")
        site.serve("/hop", redirect(f"http://{host}/"))
        second = await web.get("http://feed.example/hop")
    assert isinstance(first, Unreached)
    assert isinstance(second, Unreached)
    assert not first.line
    assert server.asked == [("feed.example", 80)]


@given(st.ip_addresses(v=4).filter(lambda a: a.is_private), st.sampled_from("dox"), st.integers(1, 4))
def test_no_form_of_an_inner_address_is_taken_for_a_name(address, base, parts):
    numbers = [*address.packed[: parts - 1], int.from_bytes(address.packed[parts - 1 :], "big")]
    forms = {"d": "{}", "o": "0{:o}", "x": "0x{:x}"}
    assert refusal(".".join(forms[base].format(number) for number in numbers))


@pytest.mark.parametrize(
    "host",
    ["feed.example", "expyuzz4wqqyqhjn.onion", "a-b.c_d.example.", "localhost.example", "0x7f.example", "1.example"],
)
def test_names_of_the_public_internet_may_be_asked(host):
    assert refusal(host) == ""


async def test_the_rule_of_ports_and_the_exceptions_hold_behind_a_proxy(site):
    site.serve("/", Reply(b"here"))
    allowed = frozenset({"127.0.0.1:8099", "a.localhost:8099"})
    async with (
        ProxyServer("socks5h", port_of(site)) as server,
        Web(AGENT, Limits(pause=0), allowed, proxy=server.url) as web,
    ):
        refused = [await web.get(f"http://{place}/") for place in ("feed.example:8099", "127.0.0.1", "a.localhost")]
        answers = [await web.get(f"http://{place}/") for place in sorted(allowed)]
    assert all(isinstance(answer, Unreached) for answer in refused)
    assert all(isinstance(answer, Answer) for answer in answers)
    assert server.asked == [("127.0.0.1", 8099), ("a.localhost", 8099)]


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_is_not_there_is_named_without_its_password(scheme, caplog):
    caplog.set_level(logging.DEBUG)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        web = Web(AGENT, Limits(pause=0), proxy=f"{scheme}://reader:s3cret@127.0.0.1:{port}")
        async with web:
            answer = await web.get("http://feed.example/")
    place = f"{scheme}://127.0.0.1:{port}"
    refused = f"feed.example was not asked: the proxy {place} cannot be reached (Connection refused)."
    assert answer == Unreached(refused, line=True)
    assert not any(word in repr((web, vars(web), answer)) + caplog.text for word in ("s3cret", "reader"))


@pytest.mark.parametrize(
    ("scheme", "words"),
    [("socks5", "answered: Host unreachable"), ("socks4", "answered: Request rejected"), ("http", "answered 502")],
)
async def test_a_proxy_that_cannot_get_through_says_so_in_its_number_or_the_librarys_words(scheme, words):
    async with ProxyServer(scheme, None) as server, behind(server) as web:
        answer = await web.get("http://feed.example/")
    assert isinstance(answer, Unreached)
    assert answer.line
    assert answer.reason.startswith(f"feed.example could not be reached: the proxy {server.url} {words}")
    assert "secret-of-the-proxy" not in answer.reason


async def test_a_proxy_that_refuses_our_credentials_is_named_without_them():
    async with ProxyServer("socks5", 1, b"reader:right") as server:
        wrong = server.url.replace("right", "s3cret")
        async with Web(AGENT, Limits(pause=0), proxy=wrong) as web:
            answer = await web.get("http://feed.example/")
    assert isinstance(answer, Unreached)
    assert "authentication failure" in answer.reason
    assert "s3cret" not in answer.reason
    assert "reader" not in answer.reason


@pytest.mark.parametrize("said", [b"", b"\x05", b"\x04\x00", b"HTTP/1.1 400 Bad\r\n\r\n", b"\x05\xff", b"\xff" * 50])
@pytest.mark.parametrize("scheme", SCHEMES)
async def test_what_is_no_proxy_is_a_failure_and_no_surprise(scheme, said):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with Web(AGENT, Limits(pause=0), proxy=f"{scheme}://127.0.0.1:{port}") as web:
            answer = await web.get("http://feed.example/")
    assert isinstance(answer, Unreached)
    assert answer.reason.startswith("feed.example ")


@pytest.mark.parametrize("scheme", SCHEMES)
async def test_a_proxy_that_hangs_is_left_at_the_deadline_and_named(scheme):
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        url = f"{scheme}://reader:s3cret@127.0.0.1:{port}"
        async with Web(AGENT, Limits(pause=0, deadline=0.2), proxy=url) as web:
            answer = await web.get("http://feed.example/")
    words = f"did not answer in full within 0.2 seconds (asked through the proxy {scheme}://127.0.0.1:{port})"
    assert answer == Unreached(f"feed.example {words}.", line=True)


async def test_a_host_that_hangs_behind_a_proxy_is_left_at_the_deadline(site):
    site.serve("/", hanging)
    async with ProxyServer("socks5h", port_of(site)) as server, behind(server, deadline=0.2) as web:
        answer = await web.get("http://feed.example/")
    words = f"did not answer in full within 0.2 seconds (asked through the proxy {server.url})"
    assert answer == Unreached(f"feed.example {words}.", line=True)


async def test_certificates_are_checked_behind_a_proxy(tmp_path):
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "feed.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("feed.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = tmp_path / "pem"
    plain = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *plain) + certificate.public_bytes(serialization.Encoding.PEM)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem)
    async with (
        await asyncio.start_server(lambda _, w: w.close(), "127.0.0.1", 0, ssl=context) as tls,
        ProxyServer("socks5h", tls.sockets[0].getsockname()[1]) as server,
        behind(server) as web,
    ):
        answer = await web.get("https://feed.example/")
    assert answer == Unreached("feed.example has no valid certificate.")
    assert server.asked == [("feed.example", 443)]


@pytest.mark.parametrize(
    "text",
    [
        *("tor", "127.0.0.1:9050", "socks5h://", "socks5h://127.0.0.1", "socks6://s3cret:s3cret@127.0.0.1:1"),
        *("https://s3cret:s3cret@127.0.0.1:1", "socks5://127.0.0.1:s3cret", "socks5://[s3cret:1", "socks5://a:0"),
        *("socks5://127.0.0.1:1/s3cret", "socks5://u:s3cret" + "x" * 300 + "@h:1", "http://u:s3cret북@h:1"),
        *("http://u%3as3cret:x@h:1", "socks4://s3cret%00@h:1", "socks5://h:99999", " "),
    ],
)
def test_a_wrong_proxy_is_said_in_a_sentence_without_what_was_written(text):
    with pytest.raises(ConfigError, match="proxy") as raised:
        Web(AGENT, proxy=text)
    assert "s3cret" not in str(raised.value)
    assert raised.value.__cause__ is None


def test_the_text_of_a_proxy_holds_no_credentials():
    found = proxy("socks5h://reader:s3cret@[::1]:9050")
    assert (found.user, found.password) == ("reader", "s3cret")
    assert str(found) == "socks5h://[::1]:9050"
    assert "s3cret" not in repr(found)
    assert "reader" not in repr(found)
