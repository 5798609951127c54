"""The parts of one newsroom, side by side. One that fails or hangs holds up no other, and begins again alone."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from operator import attrgetter
from typing import Any

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.interval import IntervalTrigger

from nkwatch import logs
from nkwatch.assembly import Newsroom, utc_now
from nkwatch.daemon.ticks import STOPPED
from nkwatch.domain.part import Part

#: What is in flight gets this long to end (seconds).
GRACE = 6


def explained(wrong: BaseException) -> str:
    """What went wrong, in a line."""
    # a database error carries the whole statement; what the driver said is enough
    said = getattr(wrong, "orig", None) or wrong
    return " ".join(f"{type(said).__name__}: {said}".split())


@dataclass(slots=True)
class Rounds:
    """Rounds of these `parts` of a newsroom, until `end` is called."""

    newsroom: Newsroom
    parts: dict[str, Part]
    #: is told what each round came to, None where it failed
    observe: Callable[[str, Any, Part], None] = lambda *_: None
    _scheduler: Any = field(default_factory=lambda: AsyncIOScheduler(timezone="UTC"))
    _running: set["asyncio.Task[None]"] = field(default_factory=set)
    _ending: bool = False

    def begin(self) -> None:
        """Let all tick; each does so at once."""
        for name in STOPPED:
            attrgetter(name)(self.newsroom).stop.clear()
        for part in self.parts.values():
            trigger = IntervalTrigger(seconds=part.every.total_seconds(), timezone="UTC")
            # a tick that is late for any reason still counts
            self._scheduler.add_job(
                self._tick, trigger, [part.name], id=part.name, max_instances=1, coalesce=True,
                misfire_grace_time=None, next_run_time=utc_now(),
            )  # fmt: skip
        self._scheduler.start()

    def wake(self, tick: str) -> None:
        """There is work for this part: look now. One that fails waits on, one that works will look by itself."""
        part = self.parts.get(tick)
        if part and not self._ending and not part.failures and part.began_at is None:
            self._scheduler.modify_job(tick, next_run_time=utc_now())

    def moved(self, by: timedelta) -> None:
        """The clock has jumped: what was to tick at a time of day ticks now."""
        for name, part in self.parts.items():
            self.parts[name] = part.moved(by)
        for job in self._scheduler.get_jobs():
            job.modify(next_run_time=utc_now())

    async def end(self) -> None:
        """Start nothing new, let what is in flight end, then leave."""
        self._ending = True
        self._scheduler.pause()
        for part in STOPPED:
            attrgetter(part)(self.newsroom).stop.set()
        if self._running:
            await asyncio.wait(self._running, timeout=GRACE)
        running = [task for task in self._running if task.cancel()]
        # what is broken off here is harmless: leases end, transactions are whole
        if running:
            await asyncio.wait(running, timeout=1)
        self._scheduler.shutdown(wait=False)

    async def _tick(self, name: str) -> None:
        task = asyncio.current_task()
        if task is None or self._ending:
            return
        self._running.add(task)
        began = asyncio.get_running_loop().time()
        self.parts[name] = self.parts[name].began(self.newsroom.clock())
        try:
            with logs.about(part=name):
                result, why = await self._round(name)
        except asyncio.CancelledError:
            if self._ending:
                return
            raise
        finally:
            self._running.discard(task)
        took = timedelta(seconds=asyncio.get_running_loop().time() - began)
        self._note(self.parts[name].after(why, self.newsroom.clock(), took))
        self.observe(name, result, self.parts[name])

    async def _round(self, name: str) -> tuple[Any, str]:
        """What one round came to, or why it failed."""
        longest = self.parts[name].may_take
        try:
            async with asyncio.timeout(longest.total_seconds()) as limit, self.newsroom.duties.of(name) as ours:
                if not ours:  # another process does it for all
                    return None, ""
                result = await attrgetter(name)(self.newsroom)()
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the other parts and the next tick go on
            if limit.expired():
                return None, f"it had not ended after {longest} and was broken off"
            return None, explained(wrong)
        figures = asdict(result)
        if any(figures.values()):
            logs.record(name, **figures)
        return result, ""

    def _note(self, part: Part) -> None:
        """One notice when a part begins to fail, one when it works again; between them it is tried less and less."""
        before, self.parts[part.name] = self.parts[part.name], part
        if part.failures and not self._ending:
            self._scheduler.modify_job(part.name, next_run_time=utc_now() + part.wait)
        if part.failures == 1:
            logs.notice(f"{part.name} failed", why=part.why, what="it begins again by itself, the other parts go on")
        elif before.failures and not part.failures:
            logs.notice(f"{part.name} works again", failures=before.failures)
