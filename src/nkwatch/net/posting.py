"""Requests that bring something to an address of the operator's choice, under the same guard as all others.

The address stands in the settings, but what it leads to can change: its name may resolve to a machine of an inner
network one day. No redirect is followed, no cookie kept; of the answer a little is read, and cleaned.
"""

import asyncio
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Self

import aiohttp
from aiohttp.abc import AbstractResolver
from yarl import URL

from nkwatch.domain.webhook import Answered, Heard, Unanswered
from nkwatch.net.decoding import decode
from nkwatch.net.failures import EXPECTED, failure
from nkwatch.net.guard import exact_exception, exempting, guarded_socket
from nkwatch.net.names import Resolver
from nkwatch.net.proxies import proxy as proxy_at
from nkwatch.net.proxies import refusal

#: Seconds for the whole request, and octets of the answer that are read.
PATIENCE, LARGEST_ANSWER = 15.0, 4096
CONNECTIONS = 8
#: Seconds that an idle connection is kept.
KEPT_OPEN = 15.0
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+")
_WORD = r"[^\s<>()\[\],;:\"']"
_ADDRESS = re.compile(rf"(?<!{_WORD}){_WORD}+(?:@|%40|＠){_WORD}*", re.IGNORECASE)
#: A receiver that says our own request back must not make us keep what it is signed with.
_SECRET = re.compile(r"whsec_[\w+/=-]*|v1,[\w+/=-]{20,}")


class Poster:
    """Posts to addresses. Use it as an async context manager. Arguments are those of `net.Web`."""

    def __init__(
        self,
        user_agent: str,
        allowed: frozenset[str] = frozenset(),
        resolver: AbstractResolver | None = None,
        *,
        proxy: str = "",
        patience: float = PATIENCE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._headers = {"User-Agent": user_agent, "Accept-Encoding": "identity"}
        self._allowed = frozenset(map(exact_exception, allowed))
        self._resolver = resolver
        self._proxy = proxy_at(proxy) if proxy else None
        self._patience = patience
        self._clock = clock
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=self._connector(),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),
            headers=self._headers,
            auto_decompress=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._session is not None:
            await self._session.close()

    def _connector(self) -> aiohttp.BaseConnector:
        if self._proxy is not None:
            return self._proxy.connector(CONNECTIONS, KEPT_OPEN)
        resolver = self._resolver or Resolver()
        return aiohttp.TCPConnector(
            limit=CONNECTIONS, keepalive_timeout=KEPT_OPEN, socket_factory=guarded_socket, resolver=resolver
        )

    async def __call__(self, address: str, headers: Mapping[str, str], body: bytes) -> Heard:
        """Post `body`; what comes of it is a value."""
        try:
            url = URL(address)
            host, port = url.raw_host or "", url.port or 0
        except ValueError:
            return Unanswered("The address is none; write it like https://hooks.example/nkwatch.")
        if why := self._unfit(url, host, port):
            return Unanswered(f"{host or 'the address'} was not asked: {why}.")
        try:
            with exempting((host, port) if (host, port) in self._allowed else None):
                async with asyncio.timeout(self._patience):
                    return await self._post(url, headers, body)
        except TimeoutError:
            return Unanswered(f"{host} did not answer within {self._patience:g} seconds.")
        except EXPECTED as error:
            return Unanswered(failure(host, error, self._proxy).reason)

    def _unfit(self, url: URL, host: str, port: int) -> str:
        """Why nothing is posted there; empty where it may be."""
        if not host or "%" in host or url.user is not None or url.password is not None:
            return "its address is none, or holds a user name"
        if (host, port) in self._allowed:
            return "" if url.scheme in {"http", "https"} else "only https is"
        if url.scheme != "https":
            return "only https is"
        return refusal(host) if self._proxy is not None else ""

    async def _post(self, url: URL, headers: Mapping[str, str], body: bytes) -> Heard:
        if self._session is None:
            raise RuntimeError("the poster is not open")
        said = {"Content-Type": "application/json", **headers}
        async with self._session.post(url, data=body, headers=said, allow_redirects=False) as answer:
            text = await self._read(answer)
            wait = _span(answer.headers.get("Retry-After", ""), self._clock())
            status = answer.status
        return Answered(status, text, wait)

    async def _read(self, answer: aiohttp.ClientResponse) -> str:
        """The beginning of the body; the status counts whatever becomes of the rest."""
        begun = bytearray()
        try:
            async with asyncio.timeout(self._patience / 3):
                async for chunk in answer.content.iter_any():
                    begun += chunk[: LARGEST_ANSWER - len(begun)]
                    if len(begun) >= LARGEST_ANSWER:
                        break
        except (TimeoutError, *EXPECTED):
            pass
        if not answer.content.at_eof():
            answer.close()  # the rest may be endless
        return scrubbed(decode(bytes(begun), answer.headers.get("Content-Type", "")))


def scrubbed(text: str) -> str:
    """One line without mail addresses, secrets and letters that nobody sees; at most 4 KB in UTF-8."""
    clean = _SECRET.sub("[secret]", _ADDRESS.sub("[address]", _INVISIBLE.sub(" ", text)))
    return " ".join(clean.split()).encode()[:LARGEST_ANSWER].decode(errors="ignore")


def _span(value: str, now: datetime) -> timedelta:
    """What a Retry-After asks for: seconds, or a date (RFC 9110, 10.2.3); zero for anything else."""
    try:
        if value.strip().isdecimal():
            return timedelta(seconds=int(value))
        until = parsedate_to_datetime(value)
        return max((until if until.tzinfo else until.replace(tzinfo=UTC)) - now, timedelta(0))
    except (ValueError, OverflowError):
        return timedelta(0)
