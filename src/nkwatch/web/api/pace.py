"""How much one network may ask for, so that one program that runs wild leaves the site to all others."""

import hashlib
import os
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from nkwatch.web.limits import MOST_NETWORKS, network_of
from nkwatch.workflow.ports import Clock

#: Units of one network in a minute: an answer takes one, a whole file `FILE`.
MOST, SPAN, FILE = 300, timedelta(minutes=1), 30
NAME = "network"


@dataclass(frozen=True, slots=True)
class Left:
    """Whether something may be asked for now, what is left of the span, and its seconds until it begins anew."""

    passes: bool
    units: int
    seconds: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 has them; Retry-After is RFC 9110, 10.2.3."""
        told = {
            "RateLimit-Policy": f'"{NAME}";q={MOST};w={int(SPAN.total_seconds())}',
            "RateLimit": f'"{NAME}";r={self.units};t={self.seconds}',
        }
        return told if self.passes else told | {"Retry-After": str(self.seconds)}


class Pace:
    """Counts what each network takes within a minute. Kept in memory alone, under hashes that end with the minute."""

    def __init__(self, clock: Clock, most: int = MOST) -> None:
        self._clock = clock
        self._most = most
        self._began = datetime.min.replace(tzinfo=UTC)
        self._salt = b""
        self._taken: Counter[bytes] = Counter()

    def take(self, host: str, units: int = 1) -> Left:
        """Count this for the network of `host` (an IP address); what does not pass is not counted."""
        now = self._clock()
        if not self._began <= now < self._began + SPAN:
            self._began, self._salt = now, os.urandom(16)
            self._taken.clear()
        seconds = max(1, -((now - self._began - SPAN) // timedelta(seconds=1)))
        network = hashlib.blake2b(network_of(host).encode(), key=self._salt, digest_size=16).digest()
        left = self._most - self._taken[network]
        if units > left or (network not in self._taken and len(self._taken) >= MOST_NETWORKS):
            return Left(passes=False, units=max(0, left), seconds=seconds)
        self._taken[network] += units
        return Left(passes=True, units=left - units, seconds=seconds)
