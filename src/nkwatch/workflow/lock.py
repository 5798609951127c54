"""Whether anything may be sent: not from a database that was restored, nor from another host than it is bound to."""

import asyncio
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

from nkwatch.domain.installation import Installed, Opened, Resumed
from nkwatch.workflow.ports import Clock, Notice

#: So often the database is asked, and so often it is noted that mail goes on leaving.
LOOK, MARK = timedelta(seconds=5), timedelta(minutes=1)
#: What the operator is told, once.
LOCKED = "sending is locked"


class Ledger(Protocol):
    """The database's row on its installation, and the file of who left."""

    @property
    def file_mark(self) -> int:
        """The highest mark that is known to be in the file."""

    async def open(self, now: datetime) -> Opened:
        """Compare database and file, and let those leave again whom only the file knows."""

    async def look(self) -> Installed:
        """What the database says."""

    async def mark(self, now: datetime) -> None:
        """Note in both that mail is about to leave."""

    async def resume(self, until: datetime, now: datetime, *, dry: bool = False) -> Resumed:
        """Unlock; what was due by `until` is taken as sent. With `dry` it is only told."""

    async def take_over(self) -> None:
        """Bind the database to this host."""


@dataclass(slots=True)
class Lock:
    """Asked before anything is claimed. It looks into memory, and now and then into the database."""

    ledger: Ledger
    clock: Clock
    notice: Notice
    _one: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _opened: bool = field(default=False, init=False)
    _looked_at: datetime | None = field(default=None, init=False)
    _marked_at: datetime | None = field(default=None, init=False)
    _why: str = field(default="", init=False)

    async def locked(self) -> str:
        """Why nothing may be sent, and what to type; "" where all may go. Told once, and once when it goes on."""
        # both lanes ask, and pages that tell of it
        async with self._one:
            return await self._locked(self.clock())

    async def sending(self) -> None:
        """Mail is about to leave: at most once a minute that is noted, so that a restored database is known."""
        now = self.clock()
        if _due(self._marked_at, now, MARK):
            await self.ledger.mark(now)
            self._marked_at = now

    async def resume(self, until: datetime, *, dry: bool = False) -> Resumed:
        """Send on; what was due by `until` is taken as sent. With `dry` it is only told."""
        resumed = await self.ledger.resume(until, self.clock(), dry=dry)
        self._looked_at = None
        return resumed

    async def take_over(self) -> None:
        """Send from this host from now on."""
        await self.ledger.take_over()
        self._looked_at = None

    async def _locked(self, now: datetime) -> str:
        if not _due(self._looked_at, now, LOOK):
            return self._why
        installed = await self._look(now)
        why = installed.locked
        if why and not self._why:
            self.notice(LOCKED, why=why, what="nothing leaves; polling, reading and the site go on")
        if self._why and not why:
            self.notice("sending goes on")
        self._looked_at, self._why = now, why
        return why

    async def _look(self, now: datetime) -> Installed:
        if self._opened:
            installed = await self.ledger.look()
            # what is locked since may be so by another machine, whose file told it: this one's tells more
            if installed.marks >= self.ledger.file_mark and not (installed.locked_at and not self._why):
                return installed
        opened = await self.ledger.open(now)
        self._opened = True
        self._tell(opened)
        return opened.installed

    def _tell(self, opened: Opened) -> None:
        figures = asdict(opened.replayed)
        if any(figures.values()):
            what = "the database did not know that they had; they are not mailed"
            self.notice("who left has left again", **figures, what=what)
        if opened.missing:
            what = "put it back if you have it, and start again; a new one is begun"
            self.notice("the file of who left is missing", what=what)
        if opened.damaged:
            what = "who left by them is not known after a restore; keep the file where only nkwatch writes"
            self.notice("lines of the file of who left are damaged", lines=opened.damaged, what=what)


def _due(last: datetime | None, now: datetime, every: timedelta) -> bool:
    """Whether it is time again; a clock that was set back counts as time."""
    return last is None or abs(now - last) >= every
