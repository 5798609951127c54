"""Close the windows of the archive's own editions: what who wishes for everything gets, in each language of the site.

A crash at any point loses nothing: an edition is kept in the very transaction that covers its window, and the window
for which a number was taken is the one that is closed next.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from nkwatch.domain.bulletin import BulletinKind, Composition, Window
from nkwatch.domain.edition import Progress
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Choice, Edition, Rhythm, Schedule, Subscriber
from nkwatch.editing.digests import History, Plan, plans
from nkwatch.editing.windows import closed_window, last_closing
from nkwatch.workflow.closing import LATER, window_key
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.gather import Gather, Gathered
from nkwatch.workflow.ports import Clock, Composer, Notice, Subscribers
from nkwatch.workflow.ports.editions import StandardEditions

#: Of a closing instant, what is earlier.
MOMENT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Edited(Counts):
    """What one round came to: editions kept, windows with nothing in them, editions that could not be composed."""

    editions: int = 0
    no_editions: int = 0
    editions_failed: int = 0


@dataclass(frozen=True, slots=True)
class Editions:
    """One round: every rhythm's window that has closed by now. `languages` are those of the site, fallback first."""

    gather: Gather
    subscribers: Subscribers
    editions: StandardEditions
    composer: Composer
    clock: Clock
    notice: Notice
    schedules: Sequence[Schedule]
    languages: Sequence[str]
    #: when a rhythm whose edition could not be composed is tried again, and why it could not
    held_back: dict[Rhythm, tuple[datetime, str]] = field(default_factory=dict)

    async def __call__(self) -> Edited:
        """Close what has closed. A wrong template holds an edition back, says so, and loses nothing."""
        now, total = self.clock(), Edited()
        for schedule in self.schedules:
            window = await self._window(schedule, now)
            if window:
                total += await self._close(schedule, window, now)
        return total

    async def _window(self, schedule: Schedule, now: datetime) -> Window | None:
        again, _ = self.held_back.get(schedule.rhythm, (now, ""))
        if now < again:
            return None
        return to_close(schedule, await self.editions.progress(schedule.rhythm), now)

    async def _close(self, schedule: Schedule, window: Window, now: datetime) -> Edited:
        await self.subscribers.announce_closing(now)
        as_of = await self.editions.as_of()
        gathered = await self.gather(window, await self.gather.watch(), now)
        plan = await self._plan(schedule, gathered)
        if plan.empty:
            return Edited(no_editions=int(await self.editions.pass_over(schedule.rhythm, window)))
        number = await self.editions.begin(schedule.rhythm, key(window), window, now)
        if not number:
            return Edited()
        try:
            made = self._composed(schedule, gathered, plan, number)
        except ConfigError as wrong:
            return self._put_off(schedule.rhythm, str(wrong), now)
        self.held_back.pop(schedule.rhythm, None)
        return Edited(editions=int(await self.editions.keep(schedule.rhythm, number, window, made, now, as_of)))

    async def _plan(self, schedule: Schedule, gathered: Gathered) -> Plan:
        """What a new reader gets who wishes for everything; nothing that an earlier edition told."""
        freed = gathered.freed
        told = await self.editions.told(schedule.rhythm, freed) if freed else frozenset[str]()
        reader = Subscriber("", standard(schedule, ""), gathered.surroundings.window.start)
        (plan,) = plans(gathered.offers, [reader], {reader.id: History(told)})
        # lines tell what went out as alerts; what was told here stands in an edition before this one
        return replace(plan, alerted=()) if plan.alerted else plan

    def _composed(self, schedule: Schedule, gathered: Gathered, plan: Plan, number: int) -> list[Composition]:
        """Raises `ConfigError` where a template is wrong."""
        issue = self.composer.issue(gathered.surroundings, number)
        return [issue.composed(plan, standard(schedule, language)) for language in self.languages]

    def _put_off(self, rhythm: Rhythm, why: str, now: datetime) -> Edited:
        _, told = self.held_back.get(rhythm, (now, ""))
        if why != told:
            self.notice("edition held back", rhythm=str(rhythm), why=why)
        self.held_back[rhythm] = (now + LATER, why)
        return Edited(editions_failed=1)


def standard(schedule: Schedule, language: str) -> Choice:
    """What who wishes for everything chooses: no mutes, no country, no name."""
    return Choice(schedule=schedule, edition=Edition(language))


def to_close(schedule: Schedule, progress: Progress | None, now: datetime) -> Window | None:
    """The window that is to be closed now, if any; before the first edition the one that ended last."""
    if progress is None:
        closed = last_closing(schedule, now)
        before = last_closing(schedule, closed - MOMENT) if closed else None
        return Window(before, closed) if before and closed else None
    if progress.closing_until:
        return Window(progress.covered_until, progress.closing_until)
    return closed_window(schedule, progress.covered_until, now)


def key(window: Window) -> str:
    """The key of the digest of this window, the same as that of readers' digests: both have one number."""
    return window_key(BulletinKind.DIGEST, window)
