"""What is served over HTTP beside the rounds. A site that ends by itself begins again alone."""

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from nkwatch import logs
from nkwatch.daemon.rounds import explained
from nkwatch.domain.part import Part
from nkwatch.workflow.ports import Clock

#: A site is one round that lasts as long as we do.
EVER = timedelta(days=36_500)


@dataclass(frozen=True, slots=True)
class Site:
    """An application and where it is served; `ready` is told its address. `table` of the settings says where."""

    name: str
    table: str
    app: Any
    host: str
    port: int
    ready: Callable[[str], None]

    @property
    def place(self) -> tuple[str, str, int]:
        """What is the same after a reload that moves nothing."""
        return self.name, self.host, self.port


@dataclass(slots=True)
class Doors:
    """Sockets that listen. They outlive a reload: who knocks meanwhile waits a moment, and is not turned away."""

    _open: dict[tuple[str, str, int], socket.socket] = field(default_factory=dict)

    def open(self, sites: Sequence[Site]) -> None:
        """Listen for each of these. Raises `ConfigError` where nobody can."""
        from nkwatch.web.server import listen  # noqa: PLC0415  a process without pages does without their parts

        for site in sites:
            if site.place not in self._open:
                self._open[site.place] = listen(site.host, site.port, site.table)

    def of(self, site: Site) -> socket.socket:
        """A copy of its socket, which whoever serves on it closes."""
        return self._open[site.place].dup()

    def keep(self, sites: Sequence[Site]) -> None:
        """Close all others."""
        wanted = {site.place for site in sites}
        for place in self._open.keys() - wanted:
            self._open.pop(place).close()


@dataclass(slots=True)
class Serving:
    """Serves these sites until `stop` is set."""

    sites: Sequence[Site]
    doors: Doors
    clock: Clock
    parts: dict[str, Part]
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def begin(self) -> None:
        """Serve each beside the others."""
        self._tasks = [asyncio.create_task(self._keep(site)) for site in self.sites]

    async def end(self) -> None:
        """End all, within three seconds."""
        self.stop.set()
        await asyncio.gather(*self._tasks)

    async def _keep(self, site: Site) -> None:
        part = Part(site.name, timedelta(seconds=1), EVER, self.clock())
        while not self.stop.is_set():
            part = self.parts[site.name] = part.began(self.clock())
            why = await self._serve(site)
            if self.stop.is_set():
                return
            part = self.parts[site.name] = part.after(why, self.clock(), timedelta())
            logs.notice(f"{site.name} failed", why=why, what=f"it begins again in {part.wait}")
            with suppress(TimeoutError):
                async with asyncio.timeout(part.wait.total_seconds()):
                    await self.stop.wait()

    async def _serve(self, site: Site) -> str:
        from nkwatch.web.server import serve  # noqa: PLC0415

        try:
            await serve(site.app, self.doors.of(site), self.stop, site.ready)
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the rounds go on
            return explained(wrong)
        return "it ended by itself"
