"""Requests to the outside world, within limits: polite to hosts, bounded in time, size and hops."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from nkwatch.net.guard import NotPublicError, exact_exception, exempting, guarded_socket
from nkwatch.net.turns import Turns
from nkwatch.net.unpacking import ACCEPTED, UNPACKERS, BadlyPacked

REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = frozenset({80, 443})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked of others and taken from them: counts, seconds and bytes.

    `pause` lies between two requests to one host. `deadline` covers the hops of one request together, without
    the time spent waiting for turns. `body` is counted after decompression, `wire` before.
    """

    connections: int = 8
    pause: float = 2.0
    deadline: float = 30.0
    body: int = 5_000_000
    wire: int = 5_000_000
    redirects: int = 5


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said. `url` is the one that answered after redirects; header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Unreached:
    """No answer that could be used; `reason` is one sentence."""

    reason: str


class Web:
    """Sends requests within `limits`. Use it as an async context manager, or call `open` and `close`.

    `allowed` holds exact exceptions (``127.0.0.1:PORT``) for the demo and for tests; anything wider raises
    `ConfigError`. `resolver` replaces the system's. No cookies, no referrer, no proxies from the environment.
    """

    def __init__(
        self,
        user_agent: str,
        limits: Limits | None = None,
        allowed: frozenset[str] = frozenset(),
        resolver: AbstractResolver | None = None,
    ) -> None:
        self._limits = limits or Limits()
        self._allowed = frozenset(map(exact_exception, allowed))
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": ACCEPTED}
        self._resolver = resolver
        self._turns = Turns(self._limits.pause)
        self._slots = asyncio.Semaphore(self._limits.connections)
        self._session: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        """Open the session; connections follow as they are needed."""
        connector = aiohttp.TCPConnector(
            limit=self._limits.connections, socket_factory=guarded_socket, resolver=self._resolver
        )
        self._session = aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers=self._headers,
            auto_decompress=False,
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

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> Answer | Unreached:
        """Ask for `url` and follow its redirects, each hop checked anew; `headers` go to every hop."""
        left, hop = self._limits.deadline, url
        clock = asyncio.get_running_loop().time
        for _ in range(self._limits.redirects + 1):
            target = self._target(hop)
            if isinstance(target, Unreached):
                return target
            async with self._turns.at(target.host or ""), self._slots:
                began = clock()
                answer = await self._ask(target, headers or {}, left)
                left -= clock() - began
            if isinstance(answer, Unreached) or not (location := _location(answer)):
                return answer
            hop = _joined(target, location)
        return Unreached(f"{url} redirects more than {self._limits.redirects} times.")

    def _target(self, hop: str) -> URL | Unreached:
        try:
            url = URL(hop.strip()).with_fragment(None)
            place = (url.host or "", url.port or 0)
        except ValueError:
            return Unreached(f"{hop[:200]!r} is no address of a page.")
        if url.scheme not in {"http", "https"} or not url.host:
            return Unreached(f"{hop[:200]!r} cannot be asked: only http and https can.")
        if url.user is not None or url.password is not None:
            return Unreached(f"The address at {url.host} holds a user name or password; they are never sent.")
        if url.port not in PORTS and place not in self._allowed:
            return Unreached(f"{url.host} was not asked at port {url.port}: only ports 80 and 443 are.")
        return url

    async def _ask(self, url: URL, headers: Mapping[str, str], deadline: float) -> Answer | Unreached:
        place = (url.host or "", url.port or 0)
        try:
            with exempting(place if place in self._allowed else None):
                async with asyncio.timeout(deadline):
                    return await self._answer(url, headers)
        except TimeoutError:
            return Unreached(f"{url.host} did not answer in full within {self._limits.deadline:g} seconds.")
        except (aiohttp.ClientError, OSError, ValueError, *BadlyPacked) as error:
            return Unreached(f"{url.host} {_what_happened(error)}.")

    async def _answer(self, url: URL, headers: Mapping[str, str]) -> Answer | Unreached:
        if self._session is None:
            raise RuntimeError("the web is not open")
        async with self._session.get(url, headers=headers, allow_redirects=False) as response:
            lower = {name.lower(): ", ".join(response.headers.getall(name)) for name in response.headers}
            body = b"" if response.status in REDIRECTS else await self._body(response)
            if isinstance(body, Unreached):
                response.close()  # the unread rest may be endless
                return body
            return Answer(response.status, str(url), lower, body)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes | Unreached:
        host, limits = response.url.host, self._limits
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


def _location(answer: Answer) -> str:
    return answer.headers.get("location", "") if answer.status in REDIRECTS else ""


def _joined(base: URL, location: str) -> str:
    try:
        return str(base.join(URL(location)))
    except ValueError:
        return location


#: The first that fits says what a host did; the order goes from the particular to the general.
_HAPPENED: tuple[tuple[type[Exception] | tuple[type[Exception], ...], str], ...] = (
    (aiohttp.InvalidURL, "is no name of a host"),
    (aiohttp.ClientConnectorDNSError, "is a name that cannot be resolved"),
    (aiohttp.ClientConnectorCertificateError, "has no valid certificate"),
    (aiohttp.ClientConnectorSSLError, "could not be reached over a secure connection"),
    ((aiohttp.ServerDisconnectedError, aiohttp.ClientOSError), "closed the connection without an answer"),
    (aiohttp.ClientPayloadError, "sent an answer that is cut off"),
    (BadlyPacked, "sent an answer that is packed wrongly"),
)


def _what_happened(error: Exception) -> str:
    match error:
        case aiohttp.ClientConnectorError(os_error=NotPublicError() as refusal):
            return f"was not asked: {refusal}"
        case aiohttp.ClientConnectorError() if type(error) is aiohttp.ClientConnectorError:
            return f"could not be reached ({error.os_error.strerror or error.os_error})"
    for kind, words in _HAPPENED:
        if isinstance(error, kind):
            return words
    return f"sent an answer that is not understood ({type(error).__name__})"
