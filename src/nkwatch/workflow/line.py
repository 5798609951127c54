"""Whether our own line is down: when most hosts cannot be reached at once, no host is to blame (Miniflux #2150)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

#: What a host did longer ago than this says nothing about now.
RECENT = timedelta(minutes=15)
#: Fewer hosts than this say nothing about the line.
ENOUGH_HOSTS = 3


@dataclass(slots=True)
class Line:
    """What the hosts asked lately say about our own line to the world."""

    _hosts: dict[str, tuple[datetime, bool]] = field(default_factory=dict)
    #: whether the operator was told that it is down
    told: bool = False

    def note(self, host: str, *, reached: bool, now: datetime) -> None:
        """A host was reached, or it was not. What has no host (a folder of mails) says nothing."""
        if host:
            self._hosts[host] = (now, reached)

    def hosts(self, now: datetime) -> Mapping[str, bool]:
        """Which hosts were asked within the last quarter of an hour, and whether they were reached."""
        self._hosts = {host: seen for host, seen in self._hosts.items() if now - seen[0] <= RECENT}
        return {host: reached for host, (_, reached) in self._hosts.items()}

    def down(self, now: datetime) -> bool:
        """Whether most of the hosts asked lately could not be reached; once it is down, one must be to end it."""
        reached = list(self.hosts(now).values())
        most = reached.count(False) > len(reached) / 2
        return (most and len(reached) >= ENOUGH_HOSTS) or (self.told and not any(reached))
