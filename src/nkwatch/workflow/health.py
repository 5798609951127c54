"""Tell the operator how the sources are: one notice for each change of state, together, in the morning."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.morning import DAYTIME, struck
from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.source import Source
from nkwatch.workflow.ports import Clock, Notice, Statements


@dataclass(frozen=True, slots=True)
class Told:
    """How many changes of state the operator was told."""

    changes: int = 0


@dataclass(frozen=True, slots=True)
class TellHealth:
    """One report a day, at `hour` of `zone`, of the sources whose state is another than was told last.

    What changed and changed back since is no news.
    """

    sources: Mapping[str, Source]
    statements: Statements
    clock: Clock
    notice: Notice
    zone: str = "UTC"
    hour: int = 8

    async def __call__(self) -> Told:
        """Tell what is to be told now, if it is morning and today's report is still to come."""
        now = self.clock()
        morning = struck(now, self.zone, self.hour)
        if not morning <= now < morning + DAYTIME:
            return Told()
        changed = await self._changed(morning)
        if not changed:
            return Told()
        for state in changed:
            source = self.sources[state.source_id]
            self.notice(
                f"source {state.health}",
                source=state.source_id,
                url=state.address(source),
                since=f"{state.health_since:%Y-%m-%d %H:%M}",
                why=state.reason or _meaning(state),
            )
        await self.statements.told_health(changed, now)
        return Told(len(changed))

    async def _changed(self, morning: datetime) -> Sequence[PollState]:
        """What had changed by this morning; what changes by day is collected for the next."""
        untold = await self.statements.untold_health(morning)
        on = [s for s in untold if s.source_id in self.sources and self.sources[s.source_id].enabled]
        return [s for s in on if s.health_since and s.health_since <= morning]


def _meaning(state: PollState) -> str:
    """What a state means that no failure explains."""
    newest = f"the newest is of {state.newest_at:%Y-%m-%d}" if state.newest_at else "nothing was ever new"
    meanings = {
        Health.SILENT: f"it answers, but shows nothing new: {newest}; look whether it has moved",
        Health.GAP: "nothing that was there at the last poll is there now: something may have been missed",
        Health.OK: "it works again",
    }
    return meanings.get(state.health, "")
