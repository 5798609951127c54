"""The daemon from its first signal to its last: starts, reloads, stops; tells systemd how it is."""

import asyncio
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from nkwatch import logs
from nkwatch.assembly import Newsroom
from nkwatch.daemon.rounds import explained
from nkwatch.daemon.shift import Opening, Shift, opened
from nkwatch.daemon.sites import Doors, Site
from nkwatch.daemon.systemd import Systemd
from nkwatch.daemon.ticks import PARTS
from nkwatch.domain.part import Part
from nkwatch.domain.problems import ConfigError
from nkwatch.garbage import nothing_collected


def _tell_site(address: str) -> None:
    logs.record("site", address=address)


@dataclass(slots=True)
class Daemon:
    """The parts `only` of the newsroom that `opening` opens, until `stop` is set; SIGHUP opens it anew.

    `app` is served in place of the site, whose address `ready` is told. `vitals` is a port to use for them instead of
    the one in the settings: two processes on one machine cannot have the same.
    """

    opening: Opening
    only: tuple[str, ...] = PARTS
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    app: Any = None
    ready: Callable[[str], None] = _tell_site
    systemd: Systemd = field(default_factory=Systemd)
    vitals: int | None = None
    _metrics: Any = None
    _reload: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Work until the stop. Raises `ConfigError` for what cannot be used at the start."""
        self._listen_for_signals()
        doors = Doors()
        try:
            shift: Shift | None = await self._opened(doors)
            logs.record("started", parts=",".join(self.only))
            while shift:
                shift = await self._worked(shift, doors)
        finally:
            doors.keep([])
        logs.record("stopped")

    async def _worked(self, shift: Shift, doors: Doors) -> Shift | None:
        """One shift from its beginning to its end; answers the next one, None at the stop."""
        try:
            doors.keep(shift.sites)
            shift.begin()
            self.systemd.tell("READY=1", f"STATUS=at work: {','.join(self.only)}")
            following = await self._until_relieved(shift, doors)
            if following is None:
                self.systemd.tell("STOPPING=1")
            return following
        finally:
            await shift.end()

    async def _opened(self, doors: Doors) -> Shift:
        with nothing_collected():
            return await opened(self.opening, self.only, doors, self._sites, self._observe)

    async def _until_relieved(self, shift: Shift, doors: Doors) -> Shift | None:
        """Wait for the stop, or a reload that succeeds: then answers the shift that takes over."""
        watchdog = asyncio.create_task(self._live(shift))
        try:
            while await self._told_to_reload():
                self.systemd.tell("RELOADING=1", f"MONOTONIC_USEC={time.monotonic_ns() // 1000}")
                if following := await self._reloaded(doors):
                    return following
                doors.keep(shift.sites)
                self.systemd.tell("READY=1", "STATUS=at work by the old settings: the new ones are wrong, see the log")
        finally:
            watchdog.cancel()
        return None

    async def _told_to_reload(self) -> bool:
        """Wait for a reload, or the stop."""
        waiting = [asyncio.create_task(event.wait()) for event in (self.stop, self._reload)]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()
        self._reload.clear()
        return not self.stop.is_set()

    async def _reloaded(self, doors: Doors) -> Shift | None:
        """A second newsroom by what the files say now. All that is wrong with it is told, and the first stays."""
        try:
            following = await self._opened(doors)
        except ConfigError as wrong:
            for problem in wrong.problems:
                logs.notice("not reloaded", problem=problem, what="mend it and reload again; all stays as it was")
        except (SQLAlchemyError, OSError) as wrong:
            logs.notice("not reloaded", problem=explained(wrong), what="reload again; all stays as it was")
        else:
            logs.record("reloaded")
            return following
        return None

    async def _live(self, shift: Shift) -> None:
        """Tell systemd that we live as long as every part ends its rounds. It ends and starts us when we do not."""
        if (every := self.systemd.watchdog) is None:
            return
        while True:
            if late := shift.late():
                logs.notice("parts hang", parts=",".join(late), what="systemd starts the service again")
            else:
                self.systemd.tell("WATCHDOG=1")
            await asyncio.sleep(every.total_seconds())

    def _observe(self, name: str, result: Any, part: Part) -> None:
        if self._metrics is not None:
            self._metrics.observe(name, result, part)

    def _sites(self, newsroom: Newsroom, parts: dict[str, Part]) -> list[Site]:
        """What is served: the site, the editors' desk where there is one, and how this process is."""
        vitals = self._vitals(newsroom, parts)
        if "web" not in self.only:
            return vitals
        from nkwatch.web.app import create_app  # noqa: PLC0415  a process without pages does without their parts

        web, desk = newsroom.config.web, newsroom.config.desk
        site = self._measured(self.app or create_app(newsroom), "web")
        sites = [Site("web", site, web.host, web.port, self.ready), *vitals]
        if desk.enabled:
            from nkwatch.web.desk import create_desk  # noqa: PLC0415

            ready = lambda address: logs.record("desk", address=address, url=f"{desk.url}/desk/")  # noqa: E731
            site = self._measured(create_desk(newsroom), "desk")
            sites.append(Site("desk", site, desk.listen, desk.port, ready))
        return sites

    def _vitals(self, newsroom: Newsroom, parts: dict[str, Part]) -> list[Site]:
        place = newsroom.config.vitals
        port = place.port if self.vitals is None else self.vitals
        if not port:
            return []
        from nkwatch.web.vitals import Metrics, create_vitals  # noqa: PLC0415

        # what is counted goes on over a reload
        self._metrics = self._metrics or Metrics()
        ready = lambda address: logs.record("vitals", address=address)  # noqa: E731
        app = create_vitals(newsroom, lambda: parts, self._metrics)
        return [Site("vitals", app, place.listen, port, ready)]

    def _measured(self, app: Any, name: str) -> Any:
        return self._metrics.measuring(app, name) if self._metrics else app

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)
        loop.add_signal_handler(signal.SIGHUP, self._reload.set)
