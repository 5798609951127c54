"""How often something may be asked for, so that nobody can flood a mailbox, a provider or this service.

Of where somebody comes from, only a number in memory is kept: how often this network joined within this hour, under a
hash that nobody can make again on the next day. It is written nowhere.
"""

import hashlib
import os
from collections import Counter, defaultdict, deque
from datetime import UTC, datetime, time, timedelta
from ipaddress import IPv4Network, IPv6Address, ip_address, ip_network
from typing import Protocol

from nkwatch.config import SignUpSettings
from nkwatch.workflow.ports import Clock

#: Networks counted at a time; with more, the service is under attack, and the limit in total is reached long before.
MOST_NETWORKS = 100_000
#: Who has one IPv4 address shares a /24; who has one IPv6 address can take any of a /48.
IPV4_BITS, IPV6_BITS = 24, 48

#: For each who may join, a network may look so often what a choice would bring: that takes more work.
LOOKS = 20


class Roll(Protocol):
    """Who has joined."""

    async def joined_since(self, address: str, since: datetime) -> int:
        """How many of the domain of this address joined since then."""
        ...


class Gate:
    """Lets so many join as the settings allow: of one network in an hour, of one domain and in all in a day (UTC)."""

    def __init__(self, settings: SignUpSettings, clock: Clock, roll: Roll) -> None:
        self._settings = settings
        self._clock = clock
        self._roll = roll
        self._day = self._hour = datetime.min.replace(tzinfo=UTC)
        self._salt = b""
        self._joined: Counter[bytes] = Counter()
        self._looked: Counter[bytes] = Counter()
        self._total = 0

    @property
    def closed(self) -> bool:
        """Whether nobody may join at all."""
        limits = self._settings
        return 0 in {limits.per_network, limits.per_domain, limits.total}

    def look(self, host: str) -> datetime | None:
        """Count somebody at `host` (an IP address) who looks; None, or the instant from which to try again (UTC)."""
        return self._count(self._looked, self._network(host), LOOKS * self._settings.per_network)

    async def join(self, host: str, address: str) -> datetime | None:
        """Count somebody at `host` who joins; None, or the instant from which to try again (UTC).

        The address itself makes no difference, only its domain: nobody can tell whether it is known.
        """
        network = self._network(host)
        joined = await self._roll.joined_since(address, self._day)
        if self._total >= self._settings.total or joined >= self._settings.per_domain:
            return self._day + timedelta(days=1)
        again = self._count(self._joined, network, self._settings.per_network)
        self._total += again is None
        return again

    def _count(self, counted: Counter[bytes], network: bytes, most: int) -> datetime | None:
        if counted[network] >= most or len(counted) > MOST_NETWORKS:
            return self._hour + timedelta(hours=1)
        counted[network] += 1
        return None

    def _network(self, host: str) -> bytes:
        """A hash of the network, which holds for one day; a new hour begins to count anew."""
        now = self._clock()
        day = datetime.combine(now.date(), time(), now.tzinfo)
        hour = day + timedelta(hours=now.hour)
        if day != self._day:
            self._day, self._salt, self._total = day, os.urandom(16), 0
        if hour != self._hour:
            self._hour = hour
            self._joined.clear()
            self._looked.clear()
        return hashlib.blake2b(network_of(host).encode(), key=self._salt, digest_size=16).digest()


def network_of(host: str) -> str:
    """The network of an IP address: its /24 or /48. What is none stands for itself."""
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return host
    if isinstance(address, IPv6Address):
        if address.ipv4_mapped is None:
            return str(ip_network((address, IPV6_BITS), strict=False))
        address = address.ipv4_mapped
    return str(IPv4Network((address, IPV4_BITS), strict=False))


class Rarely:
    """Lets each name pass `times` in `span`. In memory alone: a restart forgets."""

    def __init__(self, clock: Clock, times: int, span: timedelta) -> None:
        self._clock = clock
        self._times = times
        self._span = span
        self._passed: defaultdict[str, deque[float]] = defaultdict(deque)

    def passes(self, name: str) -> bool:
        """Whether `name` may pass now; if so, it is counted."""
        now = self._clock().timestamp()
        self._forget(now - self._span.total_seconds())
        if len(self._passed[name]) >= self._times:
            return False
        self._passed[name].append(now)
        return True

    def _forget(self, until: float) -> None:
        for name, passed in list(self._passed.items()):
            while passed and passed[0] <= until:
                passed.popleft()
            if not passed:
                del self._passed[name]
