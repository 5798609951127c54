"""Read by the current rules what other rules have read. Their readings are kept; nothing that was mailed changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.correction import Changes, Filed, changes, corrected
from nkwatch.domain.reading import Reading
from nkwatch.editing.alerts import NEWS_LASTS
from nkwatch.reading.stories import Placement
from nkwatch.workflow.ports import Clock
from nkwatch.workflow.readings import Place, Reader, Readings

BATCH = 200

Progress = Callable[[int, int], None]
"""Told how many statements were read anew so far, and how many there are to do."""


def _silent(done: int, of: int) -> None:
    """Tell nobody."""


@dataclass(frozen=True, slots=True)
class Reread:
    """In batches that are written whole: killed at any point, the next run goes on where it ended.

    `rules` is the version of the rules that `read` reads by.
    """

    readings: Readings
    place: Place
    read: Reader
    rules: str
    clock: Clock

    async def __call__(
        self, since: datetime | None = None, *, dry_run: bool = False, progress: Progress = _silent
    ) -> Changes:
        """Read what was published `since` then anew, and count what changed in the readings in force."""
        total, after = Changes(), ""
        of = await self.readings.count_outdated(self.rules, since)
        while batch := await self.readings.outdated(self.rules, since, after, BATCH):
            after = batch[-1].statement.id
            found = [self.read(filed.statement) for filed in batch]
            if not dry_run:
                await self._record(batch, found)
            pairs = zip(batch, found, strict=True)
            total = sum((changes(f.in_force, corrected(r, f.correction)) for f, r in pairs), total)
            progress(total.statements, of)
        return total

    async def _record(self, batch: Sequence[Filed], found: Sequence[Reading]) -> None:
        pairs = list(zip(batch, found, strict=True))
        about = [f for f, r in pairs if corrected(r, f.correction).about_nk]
        homes = await self.place([f.statement for f in about if not f.story_id])
        placements = [Placement(r, *homes.get(f.statement.id, (f.story_id,))) for f, r in pairs]
        now = self.clock()
        await self.readings.record_anew(placements, now, now - NEWS_LASTS)
