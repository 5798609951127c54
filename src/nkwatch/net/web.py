"""Requests to the outside world, within limits: polite to hosts, bounded in time, size and hops."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import NamedTuple, Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from nkwatch.net.answers import Answer, Limits, Unreached
from nkwatch.net.failures import EXPECTED, failure
from nkwatch.net.guard import exact_exception, exempting, guarded_socket
from nkwatch.net.names import Resolver
from nkwatch.net.proxies import proxy as proxy_at
from nkwatch.net.proxies import refusal
from nkwatch.net.turns import Among, Turns
from nkwatch.net.unpacking import ACCEPTED, UNPACKERS

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PERMANENT = frozenset({301, 308})
PORTS = frozenset({80, 443})
#: Seconds that an idle connection is kept: a round over thousands of hosts would leave as many of them open.
KEPT_OPEN = 5.0


class _Target(NamedTuple):
    """One hop: its URL and host, and the place that is exempt from the guard while it is asked."""

    url: URL
    host: str
    exempt: tuple[str, int] | None


@dataclass(slots=True)
class Move:
    """How far permanent redirects alone have led; a step down from https ends them, or it could never be undone."""

    to: str = ""
    ended: bool = False
    start: str = ""

    def follow(self, base: URL, status: int, hop: str) -> None:
        """Go from `base` to `hop`, as an answer with `status` says."""
        self.start = self.start or str(base)
        downgrade = base.scheme == "https" and not hop.lower().startswith("https:")
        self.ended = self.ended or status not in PERMANENT or downgrade
        if not self.ended:
            self.to = hop if hop != self.start else ""


class Web:
    """Sends requests within `limits`. Use it as an async context manager, or call `open` and `close`.

    `allowed` holds exact exceptions (``127.0.0.1:PORT``, ``NAME.localhost:PORT``) for the demo and for tests;
    anything wider raises `ConfigError`. `resolver` replaces the system's. With `proxy`
    (``socks5h://127.0.0.1:9050``; also socks5, socks4, http; wrong ones raise `ConfigError`) every request goes
    through it, names included. `among` shares the turns at hosts with other processes. No cookies, no referrer, no
    proxies from the environment.
    """

    def __init__(
        self,
        user_agent: str,
        limits: Limits | None = None,
        allowed: frozenset[str] = frozenset(),
        resolver: AbstractResolver | None = None,
        *,
        proxy: str = "",
        among: Among | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._allowed = frozenset(map(exact_exception, allowed))
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPTED}
        self._resolver = resolver
        self._proxy = proxy_at(proxy) if proxy else None
        self._turns = Turns(self._limits.pause, among)
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session; connections follow as they are needed."""
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers=self._headers,
            auto_decompress=False,
        )

    def _connector(self) -> aiohttp.BaseConnector:
        connections = self._limits.connections
        if self._proxy is not None:
            return self._proxy.connector(connections, KEPT_OPEN)
        resolver = self._resolver or Resolver()
        return aiohttp.TCPConnector(
            limit=connections, keepalive_timeout=KEPT_OPEN, socket_factory=guarded_socket, resolver=resolver
        )

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def slow_down(self, host: str, seconds: float) -> None:
        """Leave at least `seconds` between requests to `host` from now on; it may be less again by a later word."""
        self._turns.slow_down(host, seconds)

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer | Unreached:
        """Ask for `url` and follow its redirects, each hop checked anew; `headers` go to every hop."""
        left, hop, move = self._limits.deadline, url, Move()
        clock = asyncio.get_running_loop().time
        for followed in range(self._limits.redirects + 1):
            target = self._target(hop)
            if isinstance(target, Unreached):
                return target
            async with self._turns.at(target.host), self._slots:
                began = clock()
                answer = await self._ask(target, headers, left)
                left -= clock() - began
            if isinstance(answer, Unreached):
                # a host that redirected us has shown that our line works
                return replace(answer, line=False) if followed else answer
            if not (location := _location(answer)):
                return replace(answer, moved_to=move.to) if move.to else answer
            hop = _joined(target.url, location)
            move.follow(target.url, answer.status, hop)
        return Unreached(f"{url} redirects more than {self._limits.redirects} times.")

    def _target(self, hop: str) -> _Target | Unreached:
        try:
            url = URL(hop.strip()).with_fragment(None)
            host, port = url.raw_host or "", url.port or 0
        except ValueError:
            return Unreached(f"{hop[:200]!r} is no address of a page.")
        if "%" in host:  # bytes that are no name, or a link of this machine
            return Unreached(f"{hop[:200]!r} is no address of a page.")
        if url.scheme not in {"http", "https"} or not host:
            return Unreached(f"{hop[:200]!r} cannot be asked: only http and https can.")
        if url.user is not None or url.password is not None:
            return Unreached(f"The address at {host} holds a user name or password; they are never sent.")
        if (host, port) in self._allowed:
            return _Target(url, host, (host, port))
        return self._within_rules(_Target(url, host, None))

    def _within_rules(self, target: _Target) -> _Target | Unreached:
        if target.url.port not in PORTS:
            return Unreached(f"{target.host} was not asked at port {target.url.port}: only ports 80 and 443 are.")
        if self._proxy is not None and (why := refusal(target.host)):
            return Unreached(f"{target.host} was not asked: {why}.")
        return target

    async def _ask(self, target: _Target, headers: Mapping[str, str] | None, deadline: float) -> Answer | Unreached:
        if self._session is None:
            raise RuntimeError("the web is not open")
        answered = False
        try:
            with exempting(target.exempt):
                async with (
                    asyncio.timeout(deadline),
                    self._session.get(target.url, headers=headers, allow_redirects=False) as response,
                ):
                    answered = True
                    return await self._taken(target, response)
        except TimeoutError:
            through = f" (asked through the proxy {self._proxy})" if self._proxy and not answered else ""
            words = f"did not answer in full within {self._limits.deadline:g} seconds{through}"
            return Unreached(f"{target.host} {words}.", line=not answered)
        except EXPECTED as error:
            return failure(target.host, error, self._proxy)

    async def _taken(self, target: _Target, response: aiohttp.ClientResponse) -> Answer | Unreached:
        # of a refusal the status and the headers count, whatever else may come
        body = await self._body(response) if response.status == HTTPStatus.OK else b""
        if isinstance(body, Unreached):
            response.close()  # the unread rest may be endless
            return body
        return Answer(response.status, str(target.url), _in_lower_case(response.headers), body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes | Unreached:
        host, limits = response.url.raw_host, self._limits
        encoding = response.headers.get("Content-Encoding", "").strip().lower()
        if encoding not in UNPACKERS:
            return Unreached(f"{host} packed its answer as {encoding[:40]!r}, which was not asked for.")
        unpacker, body, wire = UNPACKERS[encoding](), bytearray(), 0
        async for chunk in response.content.iter_any():
            wire += len(chunk)
            body += unpacker.feed(chunk, limits.body + 1 - len(body))
            if wire > limits.wire or len(body) > limits.body:
                size = limits.wire if wire > limits.wire else limits.body
                return Unreached(f"{host} answered with more than {size / 1e6:g} MB.")
        return bytes(body) if unpacker.complete else Unreached(f"{host} sent an answer that is cut off.")


def _in_lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    """Header names in lower case; fields that come more than once are joined (RFC 9110, 5.3)."""
    lower: dict[str, str] = {}
    for written, raw in headers.items():
        name = written.lower()
        value = _as_text(raw, percent=name == "location")
        lower[name] = f"{lower[name]}, {value}" if name in lower else value
    return lower


def _as_text(value: str, *, percent: bool) -> str:
    """`value` in Unicode. aiohttp makes lone surrogates of other bytes; those of an address can be escaped."""
    if value.isascii():
        return value
    raw = value.encode("utf-8", "surrogateescape")
    if percent and not _is_utf8(raw):
        return "".join(chr(byte) if byte < 0x80 else f"%{byte:02X}" for byte in raw)  # noqa: PLR2004  as in ASCII
    return raw.decode("utf-8", "replace")


def _is_utf8(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True


def _location(answer: Answer) -> str:
    return answer.headers.get("location", "") if answer.status in REDIRECTS else ""


def _joined(base: URL, location: str) -> str:
    try:
        return str(base.join(URL(location)).with_fragment(None))
    except ValueError:
        return location
