"""Messages are assembled and signed in small batches, while others are on the line."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import PurePath

from nkwatch.domain.delivery import Claimed, Deferred, Message
from nkwatch.workflow.permits import GROUP
from nkwatch.workflow.ports import Assembler, Notice, Signer
from nkwatch.workflow.tray import Letter, Tray

#: Runs work, and sees to what it raises.
Guard = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


class Preparing:
    """Makes messages ready for a tray. `told` are the faults of which the operator knows."""

    def __init__(
        self, assembler: Assembler, signer: Signer, notice: Notice, told: set[str], tray: Tray, guard: Guard
    ) -> None:
        self._assembler, self._signer = assembler, signer
        self._notice, self._told = notice, told
        self._tray, self._guard = tray, guard
        self.tasks: set[asyncio.Future[None]] = set()

    def __call__(self, marked: Sequence[Claimed]) -> None:
        """Begin with these; one batch is put together while another is signed."""
        for start in range(0, len(marked), GROUP):
            task = asyncio.ensure_future(self._guard(partial(self._prepare, marked[start : start + GROUP])))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def _prepare(self, batch: Sequence[Claimed]) -> None:
        made = [(claimed, message) for claimed in batch if (message := self._assembled(claimed))]
        signed = await self._signer.signed([message for _, message in made])
        self._tray.prepared([Letter(c, message) for (c, _), message in zip(made, signed, strict=True)])

    def _assembled(self, claimed: Claimed) -> Message | None:
        """The message. One that cannot be made is put off and tells so once; it must not hold up the others."""
        try:
            return self._assembler.assemble(claimed)
        except Exception as wrong:  # noqa: BLE001  # a fault of ours or of a template, in whatever there is of one reader
            kind = type(wrong).__name__
            self._tell(kind, traceback.extract_tb(wrong.__traceback__)[-1], claimed)
            self._tray.unprepared(claimed, Deferred(f"this mail could not be put together ({kind})"))
            return None

    def _tell(self, kind: str, place: traceback.FrameSummary, claimed: Claimed) -> None:
        # what the error says may hold something of the reader's
        why = f"{kind} in {PurePath(place.filename).name}, line {place.lineno}"
        if why not in self._told:
            self._told.add(why)
            what = "it is tried again, others are sent"
            self._notice("a mail cannot be put together", why=why, delivery=claimed.delivery.id, what=what)
