"""What lasts as long as a shift, beside its rounds: sites, what wakes parts, the watch of the clocks."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

from nkwatch import logs
from nkwatch.daemon.rounds import explained
from nkwatch.domain.part import Part
from nkwatch.workflow.ports import Clock

#: It is one round that lasts as long as the shift.
EVER = timedelta(days=36_500)


@dataclass(slots=True)
class Lasting:
    """Each is a part of its own among `parts`: what ends by itself begins again alone, until `end` is called."""

    parts: dict[str, Part]
    clock: Clock
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list)

    def begin(self, name: str, work: Callable[[], Awaitable[None]], *, obeys: bool = False) -> None:
        """Do this work beside the others. What `obeys` ends in order by itself once `stop` is set."""
        self._tasks.append(asyncio.create_task(self._keep(name, work, obeys=obeys)))

    async def end(self) -> None:
        """End all."""
        self.stop.set()
        await asyncio.gather(*self._tasks)

    async def _keep(self, name: str, work: Callable[[], Awaitable[None]], *, obeys: bool) -> None:
        part = Part(name, timedelta(seconds=1), EVER, self.clock())
        while not self.stop.is_set():
            self.parts[name] = part.began(self.clock())
            why = await self._ended(work, obeys=obeys)
            if self.stop.is_set():
                return
            part = self.parts[name] = self.parts[name].after(why, self.clock(), timedelta())
            logs.notice(f"{name} failed", why=why, what=f"it begins again in {part.wait}")
            with suppress(TimeoutError):
                async with asyncio.timeout(part.wait.total_seconds()):
                    await self.stop.wait()

    async def _ended(self, work: Callable[[], Awaitable[None]], *, obeys: bool) -> str:
        """Wait until the work or the shift has ended; answers why the work did."""
        working, stopping = asyncio.ensure_future(work()), asyncio.create_task(self.stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not working.done() and not obeys:
            working.cancel()
        try:
            await working
        except asyncio.CancelledError:
            return "it was broken off"
        except Exception as wrong:  # noqa: BLE001  # whatever it is, the rounds go on
            return explained(wrong)
        return "it ended by itself"
