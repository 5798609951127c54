"""One request to an address of the operator's own choice, which may lie inside their network.

The guard (`guard`) lets nobody else's address lead there. This one stands in the settings: one request goes to exactly
that host and port, and no redirect is followed.
"""

import asyncio

import aiohttp
from yarl import URL

from nkwatch.domain.problems import ConfigError
from nkwatch.net.failures import EXPECTED, failure

#: Seconds for the whole of it.
PATIENCE = 20.0


class Knock:
    """Asks one address. `what` names it in what is said, such as "webhook". Raises `ConfigError` where it is none."""

    def __init__(
        self, setting: str, what: str, address: str, user_agent: str = "nkwatch", patience: float = PATIENCE
    ) -> None:
        self._url = _address(setting, address)
        self._what = what
        self._agent = user_agent
        self._patience = patience

    @property
    def place(self) -> tuple[str, int, bool]:
        """Host, port, and whether it is asked over TLS."""
        return self._url.host or "", self._url.port or 0, self._url.scheme == "https"

    async def get(self) -> str:
        """Ask once. Answers one sentence, without the address, where it did not go well; else nothing."""
        return await self._ask("GET", {}, None)

    async def post(self, body: bytes) -> str:
        """The same with a body of JSON."""
        return await self._ask("POST", {"Content-Type": "application/json"}, body)

    async def _ask(self, method: str, headers: dict[str, str], body: bytes | None) -> str:
        host = self._url.raw_host or ""
        session = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar(), headers={"User-Agent": self._agent})
        try:
            async with (
                asyncio.timeout(self._patience),
                session,
                session.request(method, self._url, data=body, headers=headers, allow_redirects=False) as answer,
            ):
                well = answer.ok and answer.status < 300  # noqa: PLR2004  a redirect is not followed
                return "" if well else f"The {self._what} at {host} answered {answer.status}."
        except TimeoutError:
            return f"The {self._what} at {host} did not answer within {self._patience:g} seconds."
        except EXPECTED as error:
            return f"The {self._what} failed: {failure(host, error, None).reason}"


def _address(setting: str, address: str) -> URL:
    try:
        url = URL(address)
        well = url.scheme in {"http", "https"} and bool(url.raw_host) and bool(url.port)
    except ValueError:
        well = False
    if not well:
        raise ConfigError(f"{setting}: {address!r} is no address; write it like https://hooks.example/key")
    return url
