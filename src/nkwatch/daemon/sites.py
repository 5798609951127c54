"""What is served over HTTP beside the rounds, and the doors for it."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Site:
    """An application and where it is served, as the table `name` of the settings says; `ready` is told its address."""

    name: str
    app: Any
    host: str
    port: int
    ready: Callable[[str], None]

    @property
    def place(self) -> tuple[str, str, int]:
        """What is the same after a reload that moves nothing."""
        return self.name, self.host, self.port

    async def serve(self, doors: "Doors", stop: asyncio.Event) -> None:
        """Serve until `stop` is set, then end within three seconds."""
        from nkwatch.web.server import serve  # noqa: PLC0415  a process without pages does without their parts

        await serve(self.app, doors.of(self), stop, self.ready)


@dataclass(slots=True)
class Doors:
    """Sockets that listen. They outlive a reload: who knocks meanwhile waits a moment, and is not turned away."""

    _open: dict[tuple[str, str, int], socket.socket] = field(default_factory=dict)

    def open(self, sites: Sequence[Site]) -> None:
        """Listen for each of these. Raises `ConfigError` where nobody can."""
        from nkwatch.web.server import listen  # noqa: PLC0415

        for site in sites:
            if site.place not in self._open:
                self._open[site.place] = listen(site.host, site.port, site.name)

    def of(self, site: Site) -> socket.socket:
        """A copy of its socket, which whoever serves on it closes."""
        return self._open[site.place].dup()

    def keep(self, sites: Sequence[Site]) -> None:
        """Close all others."""
        wanted = {site.place for site in sites}
        for place in self._open.keys() - wanted:
            self._open.pop(place).close()
