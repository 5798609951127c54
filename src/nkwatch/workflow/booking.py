"""The ledger's side of delivering: what was answered is written, and what may go next is marked, together."""

from collections.abc import Callable, Sequence

from nkwatch.domain.delivery import Claimed
from nkwatch.workflow.outcomes import Answered
from nkwatch.workflow.ports import Clock, Outbox
from nkwatch.workflow.tally import Tally
from nkwatch.workflow.tray import Tray


class Booking:
    """Books for `owner` what connections do with a tray; `prepare` gets what was marked."""

    def __init__(
        self,
        outbox: Outbox,
        clock: Clock,
        owner: str,
        tray: Tray,
        tally: Tally,
        prepare: Callable[[Sequence[Claimed]], None],
    ) -> None:
        self._outbox, self._clock, self._owner = outbox, clock, owner
        self._tray, self._tally, self._prepare = tray, tally, prepare

    async def __call__(self) -> None:
        """Book until the tray is closed and everything in it is written. Raises what the database raises."""
        tray = self._tray
        while not tray.is_closed:
            if not tray.is_due():
                tray.bell.clear()
                await tray.bell.wait()
                continue
            group = tray.group()
            wanted = tray.wanted()
            if group or wanted:
                await self._book(group, wanted)

    async def _book(self, group: Sequence[Answered], wanted: Sequence[Claimed]) -> None:
        try:
            booked = await self._outbox.book(group, wanted, self._clock(), self._owner)
        except BaseException:
            self._tray.unbooked(group, wanted)
            raise
        marked = self._tray.booked(group, wanted, booked)
        self._tally.add(outcome for _, outcome in group)
        if marked:
            self._prepare(marked)
