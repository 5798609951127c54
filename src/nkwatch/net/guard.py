"""Which addresses may be connected to: those of the public internet, and exact exceptions for demo and tests.

The check stands in aiohttp's ``socket_factory``, which sees the numeric address of every connection. A
resolver alone would not do: aiohttp does not ask it for literals, and its word can change before it is used.
"""

import ipaddress
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from aiohappyeyeballs import AddrInfoType

from nkwatch.domain.problems import ConfigError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
#: What ``is_global`` lets pass on Python 3.11 and should not: IETF protocol assignments (one cloud's metadata
#: among them), the 6to4 relay, a cloud's wire server; Teredo, documentation, 6to4, documentation again.
NOT_PUBLIC = (
    ipaddress.ip_network("192.0.0.0/24"),
    ipaddress.ip_network("192.88.99.0/24"),
    ipaddress.ip_network("168.63.129.16/32"),
    ipaddress.ip_network("2001::/23"),
    ipaddress.ip_network("2001:db8::/32"),
    ipaddress.ip_network("2002::/16"),
    ipaddress.ip_network("3fff::/20"),
)
#: All public IPv6 lies here; NAT64, mapped, compatible, unique local, site-local addresses lie outside.
PUBLIC_IPV6 = ipaddress.ip_network("2000::/3")
#: Names that nobody can own (RFC 6761, 6.3), so that nobody can choose their address.
LOCALHOST = re.compile(r"([a-z0-9-]+\.)+localhost")
#: The (host, port) that the request now running in this context may connect to although it is not public. It is
#: set only while that very literal or name is asked: another name that resolves to it gains nothing.
_exempt: ContextVar[tuple[str, int] | None] = ContextVar("exempt", default=None)


class NotPublicError(OSError):
    """A socket was to be connected to an address inside somebody's network."""

    words = "is not a public address"


def is_public(address: IPAddress) -> bool:
    """Whether `address` is a unicast address of the public internet that hides no other address in it."""
    if isinstance(address, ipaddress.IPv6Address) and address not in PUBLIC_IPV6:
        return False
    return address.is_global and not address.is_multicast and not any(address in n for n in NOT_PUBLIC)


def exact_exception(text: str) -> tuple[str, int]:
    """The (host, port) of an entry of the allow-list: ``127.0.0.1:8080``, ``[::1]:8080``, ``a.localhost:8080``.

    Raises `ConfigError` for anything else: another name would let its owner choose the address.
    """
    host, _, port = text.rpartition(":")
    try:
        if LOCALHOST.fullmatch(host):
            return host, int(port)
        return str(ipaddress.ip_address(host.removeprefix("[").removesuffix("]"))), int(port)
    except ValueError:
        raise ConfigError(
            f"{text!r} is no exact exception: write a numeric address and a port, or NAME.localhost:PORT"
        ) from None


@contextmanager
def exempting(place: tuple[str, int] | None) -> Iterator[None]:
    """Let what runs in this context connect to `place`, too; a task started in it inherits that."""
    before = _exempt.set(place)
    try:
        yield
    finally:
        _exempt.reset(before)


def guarded_socket(info: AddrInfoType) -> socket.socket:
    """The socket for one address that aiohttp is about to connect to. Raises `NotPublicError`."""
    family, kind, proto, _, peer = info
    address = ipaddress.ip_address(peer[0])
    if not is_public(address) and not _is_exempt(address, peer[1]):
        raise NotPublicError(f"{address} {NotPublicError.words}")
    return socket.socket(family=family, type=kind, proto=proto)


def _is_exempt(address: IPAddress, port: int) -> bool:
    place = _exempt.get()
    if place is None or port != place[1]:
        return False
    return address.is_loopback if LOCALHOST.fullmatch(place[0]) else str(address) == place[0]
