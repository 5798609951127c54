"""The daemon: one ticking job for each part of the day's work. The scheduler ticks, the rows decide.

A part that fails tells the operator once and ticks on; SIGTERM finishes what is in flight and stops within ten seconds.
"""

import asyncio
import signal
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import asdict, dataclass, field
from operator import attrgetter
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from nkwatch import logs
from nkwatch.assembly import Newsroom, utc_now

#: How often each part looks into the rows (seconds). Looking costs one indexed query.
TICKS = {
    "collect": 10, "visit": 5, "tell": 60, "read": 2, "index": 2, "publish": 5, "editions": 30, "call": 5,
    "webhooks": 5, "deliver.urgent": 1, "deliver.bulk": 1, "recover": 5, "tidy": 600, "redact": 600, "watch": 15,
    "bounces": 60, "replies": 60,
}  # fmt: skip
#: Jobs that belong to another part: who collects also visits pages and tells how the sources are, who reads puts it
#: into the index, who publishes calls editors to alerts that wait and tells programs, who delivers does so in two
#: lanes, and who recovers watches whether all leaves in time.
BELONGS = {
    "visit": "collect", "tell": "collect", "index": "read", "editions": "publish", "call": "publish",
    "webhooks": "publish", "deliver.urgent": "deliver", "deliver.bulk": "deliver", "tidy": "recover",
    "redact": "recover", "watch": "recover", "replies": "bounces",
}  # fmt: skip
PARTS = (*dict.fromkeys(BELONGS.get(tick, tick) for tick in TICKS), "web")
#: What ends in the middle of a round.
STOPPED = ("collect", "visit", "webhooks", "deliver.urgent", "deliver.bulk", "bounces", "replies")
#: What is in flight gets this long to end (seconds).
GRACE = 6


@dataclass(slots=True)
class Daemon:
    """The parts `only` of one newsroom, ticking until `stop` is set."""

    newsroom: Newsroom
    only: tuple[str, ...] = PARTS
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    app: Any = None
    ready: Callable[[str], None] = lambda address: logs.record("site", address=address)
    _failing: set[str] = field(default_factory=set)
    _running: set["asyncio.Task[None]"] = field(default_factory=set)

    async def run(self) -> None:
        """Tick until the stop."""
        self._listen_for_signals()
        scheduler = AsyncIOScheduler(timezone="UTC")
        for part in self._ticking():
            trigger = IntervalTrigger(seconds=TICKS[part], timezone="UTC")
            # the first tick comes at once; a tick that is late for any reason still counts
            scheduler.add_job(
                self._tick, trigger, [part], id=part, max_instances=1, coalesce=True, misfire_grace_time=None,
                next_run_time=utc_now(),
            )  # fmt: skip
        scheduler.start()
        logs.record("started", parts=",".join(self.only))
        try:
            await (self._serve() if "web" in self.only else self.stop.wait())
            await self.stop.wait()
        finally:
            await self._end(scheduler)

    def _ticking(self) -> Iterable[str]:
        return (part for part in TICKS if BELONGS.get(part, part) in self.only)

    async def _tick(self, part: str) -> None:
        task = asyncio.current_task()
        if task is None or self.stop.is_set():
            return
        self._running.add(task)
        work: Callable[[], Awaitable[Any]] = attrgetter(part)(self.newsroom)
        try:
            result = await work()
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the other parts and the next tick go on
            self._report(part, wrong)
        else:
            self._failing.discard(part)
            figures = asdict(result)
            if any(figures.values()):
                logs.record(part, **figures)
        finally:
            self._running.discard(task)

    def _report(self, part: str, wrong: Exception) -> None:
        """One notice when a part begins to fail, not one at every tick."""
        if part not in self._failing:
            self._failing.add(part)
            # a database error carries the whole statement; what the driver said is enough
            said = getattr(wrong, "orig", None) or wrong
            why = f"{type(said).__name__}: {said}"
            logs.notice(f"{part} failed", why=why, what="it is tried again at every tick")

    async def _serve(self) -> None:
        from nkwatch.web.server import serve  # noqa: PLC0415  a process without pages does without their parts

        sites = [asyncio.create_task(serve(*site)) for site in self._sites()]
        try:
            await asyncio.gather(*sites)
        finally:
            # where one cannot listen, the other ends too
            self.stop.set()
            await asyncio.wait(sites)

    def _sites(self) -> list[tuple[Any, ...]]:
        """What is served, as `serve` takes it: the site, and the editors' desk where there is one."""
        from nkwatch.web.app import create_app  # noqa: PLC0415

        web, desk = self.newsroom.config.web, self.newsroom.config.desk
        sites = [(self.app or create_app(self.newsroom), web.host, web.port, self.stop, self.ready)]
        if not desk.enabled:
            return sites
        from nkwatch.web.desk import create_desk  # noqa: PLC0415

        ready = lambda address: logs.record("desk", address=address, url=f"{desk.url}/desk/")  # noqa: E731
        return [*sites, (create_desk(self.newsroom), desk.listen, desk.port, self.stop, ready, "desk")]

    def _listen_for_signals(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.stop.set)

    async def _end(self, scheduler: AsyncIOScheduler) -> None:
        """Start nothing new, let what is in flight end, then leave."""
        self.stop.set()
        scheduler.pause()
        for part in STOPPED:
            attrgetter(part)(self.newsroom).stop.set()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE)
        # the scheduler cancels what still runs; leases and transactions keep that harmless
        scheduler.shutdown(wait=False)
        logs.record("stopped")
