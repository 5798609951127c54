"""A proxy that every request goes through, such as Tor's: where it is, and which hosts it may be asked for.

Behind a proxy the address of a host is looked up and connected to by the proxy, out of the guard's sight. So
literals and names are judged before they are handed over; what a name of the public internet resolves to
there is for the proxy to guard.
"""

import ipaddress
import re
from dataclasses import dataclass, field

from aiohttp_socks import ProxyConnector, ProxyType
from yarl import URL

from nkwatch.domain.problems import ConfigError
from nkwatch.net.guard import is_public

KINDS = {
    "socks5": ProxyType.SOCKS5,
    "socks5h": ProxyType.SOCKS5,
    "socks4": ProxyType.SOCKS4,
    "http": ProxyType.HTTP,
}
#: Names that mean something only inside a network (RFC 6761, RFC 6762, RFC 8375; ICANN keeps .internal free).
INNER = (".localhost", ".local", ".internal", ".home.arpa")
_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)*")
#: A host whose last label looks like this is read as an IPv4 address somewhere (WHATWG URL, 3.5).
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
#: SOCKS5 has one byte for the length of each (RFC 1929).
_LONGEST_WORD = 255


@dataclass(frozen=True, slots=True)
class Proxy:
    """Where a proxy is and how it is spoken to. Its text is fit for logs: it holds no user and no password."""

    scheme: str
    host: str
    port: int
    user: str = field(default="", repr=False)
    password: str = field(default="", repr=False)

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    def connector(self, connections: int, kept_open: float) -> ProxyConnector:
        """Connects through this proxy, which resolves every name itself: none is asked of our own resolver."""
        return ProxyConnector(
            host=self.host,
            port=self.port,
            proxy_type=KINDS[self.scheme],
            username=self.user,
            password=self.password,
            rdns=True,
            limit=connections,
            keepalive_timeout=kept_open,
        )


def proxy(text: str) -> Proxy:
    """The proxy of an URL such as ``socks5h://127.0.0.1:9050``. Raises `ConfigError`, which does not repeat it."""
    try:
        url = URL(text.strip())
        found = Proxy(url.scheme, url.raw_host or "", url.explicit_port or 0, url.user or "", url.password or "")
    except ValueError:
        found = Proxy("", "", 0)
    if found.scheme not in KINDS or not found.host or not found.port or url.path.strip("/"):
        raise ConfigError(
            "The proxy is not understood: write socks5h://HOST:PORT, socks5://HOST:PORT, socks4://HOST:PORT "
            "or http://HOST:PORT, with USER:PASSWORD@ before the host if it wants them."
        )
    if not (_sendable(found.user) and _sendable(found.password)) or ":" in found.user:
        raise ConfigError(
            f"The user name or password of the proxy {found} cannot be sent: they may hold up to "
            f"{_LONGEST_WORD} ASCII characters, and the name no colon."
        )
    return found


def _sendable(word: str) -> bool:
    return word.isascii() and len(word) <= _LONGEST_WORD and (not word or word.isprintable())


def refusal(raw_host: str) -> str:
    """Why a proxy must not be asked for `raw_host` (as it would be sent); empty when it may be."""
    host = raw_host.lower().rstrip(".")
    if ":" in host or _NUMBER.fullmatch(host.rpartition(".")[2]):
        return "" if _is_public_literal(host) else f"{raw_host[:200]} is not a public address"
    if not _NAME.fullmatch(host):
        return f"{raw_host[:200]!r} is no name of a host"
    if "." not in host or host.endswith(INNER):
        return f"{raw_host[:200]} is a name inside a network"
    return ""


def _is_public_literal(host: str) -> bool:
    try:
        # the only forms that nobody reads as another address: four decimal numbers without leading zeros, or IPv6
        return "%" not in host and is_public(ipaddress.ip_address(host))
    except ValueError:
        return False
