"""Close one window for many readers: who gets a digest, who hears that there was nothing, who gets nothing."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from nkwatch.domain.bulletin import Addressed, BulletinKind, Composition, Mailing, Slots, Window
from nkwatch.domain.subscriber import Choice, Subscriber
from nkwatch.domain.watch import Watch
from nkwatch.editing.digests import History, Plan, plans
from nkwatch.editing.windows import SILENCE, lull
from nkwatch.workflow.composing import NOBODY, Composed, Composing
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.gather import Gather, Gathered
from nkwatch.workflow.ports import Composer, Issue, Outbox, Subscribers

#: When a digest that could not be composed is tried again.
LATER = timedelta(minutes=5)


def content(
    composer: Composer, issue: Issue, gathered: Gathered, plan: Plan, choice: Choice
) -> tuple[Composition, Slots]:
    """A digest for readers with this plan and choice, and what stands in places of their own."""
    return issue.composed(plan, choice), composer.slots(choice, plan.picks, gathered.earlier(plan.picks))


@dataclass(frozen=True, slots=True)
class Digested(Counts):
    """What closing windows came to. `empty` counts readers whose window closed with nothing to send.

    `lulls` counts those who are told that nothing was found for long; `deliveries` are digests and these notices.
    """

    digests: int = 0
    empty: int = 0
    lulls: int = 0
    deliveries: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class Planned:
    """What the readers of a window get: `full` a digest, `silent` a notice that there was nothing, `rest` nothing.

    `beyond` are by reader the numbers of the alerts over the daily cap that waited for this digest.
    """

    full: tuple[tuple[Subscriber, Plan], ...]
    silent: tuple[Subscriber, ...]
    rest: tuple[Subscriber, ...]
    beyond: Mapping[str, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class CloseWindows:
    """Closes windows, all that close in one round together."""

    gather: Gather
    subscribers: Subscribers
    outbox: Outbox
    composer: Composer
    composing: Composing

    async def at(self, now: datetime) -> "Closing":
        """What closes windows at this instant."""
        return Closing(self, await self.outbox.as_of(), await self.gather.watch(), now)


class Closing:
    """One round. What a window holds is gathered once, for all its readers."""

    def __init__(self, parts: CloseWindows, as_of: int, watched: Watch, now: datetime) -> None:
        """`as_of` is asked before anything else is read."""
        self._parts, self._as_of, self._watched, self._now = parts, as_of, watched, now
        self._gathered: dict[Window, Gathered] = {}
        self._issues: dict[Window, Issue] = {}
        self._told: set[Window] = set()

    async def __call__(self, window: Window, readers: Sequence[Subscriber]) -> Digested:
        """Close one window for these readers: who paused, or for whom it holds nothing, gets nothing and is covered.

        Whose digest cannot be composed stays uncovered, and is looked at again later.
        """
        gathered = await self._holds(window)
        planned = await self._planned(gathered, readers)
        digests, lacking = await self._digests(gathered, planned)
        lulls, silent = await self._lulls(gathered, planned)
        if held_back := sorted(lacking | silent):
            await self._parts.subscribers.postpone(held_back, self._now + LATER)
        written = await self._write(_mailing(BulletinKind.DIGEST, window, self._now), planned, digests, planned.rest)
        silence = replace(_mailing(BulletinKind.LULL, _silence(window), self._now), window=window)
        told = await self._write(silence, planned, lulls)
        first = self._first(window, told=bool(digests))
        return Digested(first, len(planned.rest), len(lulls), written + told, bool(held_back))

    async def foreseen(self, window: Window, readers: Sequence[Subscriber]) -> Digested:
        """What closing this window for these readers would come to. Nothing is written."""
        planned = await self._planned(await self._holds(window), readers)
        full, lulls = len(planned.full), len(planned.silent)
        return Digested(self._first(window, told=bool(full)), len(planned.rest), lulls, full + lulls)

    async def _holds(self, window: Window) -> Gathered:
        if window not in self._gathered:
            self._gathered[window] = await self._parts.gather(window, self._watched, self._now)
        return self._gathered[window]

    async def _planned(self, gathered: Gathered, readers: Sequence[Subscriber]) -> Planned:
        waiting = await self._parts.outbox.beyond([r.id for r in readers])
        elsewhere = {story for own in waiting.values() for story in own} - {o.story.id for o in gathered.offers}
        extra, held = await self._parts.gather.besides(elsewhere, self._now)
        awake = [r for r in readers if not r.paused(self._now)]
        had = await self._parts.outbox.had([r.id for r in awake], gathered.since) if gathered.offers else {}
        # what editors hold back goes on waiting
        beyond = {i: {story: n for story, n in own.items() if story not in held} for i, own in waiting.items()}
        histories = {r.id: History(had.get(r.id, frozenset()), frozenset(beyond.get(r.id, ()))) for r in awake}
        made = zip(awake, _left(plans(gathered.offers, awake, histories, extra), gathered), strict=True)
        full = {r.id: (r, plan) for r, plan in made if not plan.empty}
        silent = {r.id: r for r in awake if r.id not in full and lull(r, gathered.surroundings.window)}
        rest = tuple(r for r in readers if r.id not in full and r.id not in silent)
        numbers = {i: tuple(sorted(own.values())) for i, own in beyond.items()}
        return Planned(tuple(full.values()), tuple(silent.values()), rest, numbers)

    async def _digests(self, gathered: Gathered, planned: Planned) -> Composed:
        if not planned.full:
            return NOBODY
        issue = await self._issue(gathered)

        def addressed(reader: Subscriber, plan: Plan) -> Addressed:
            return Addressed(reader, *content(self._parts.composer, issue, gathered, plan, reader.choice))

        return self._parts.composing("digests held back", planned.full, addressed)

    async def _issue(self, gathered: Gathered) -> Issue:
        window = gathered.surroundings.window
        if window not in self._issues:
            number = await self._number(BulletinKind.DIGEST, window)
            self._issues[window] = self._parts.composer.issue(gathered.surroundings, number)
        return self._issues[window]

    async def _lulls(self, gathered: Gathered, planned: Planned) -> Composed:
        if not planned.silent:
            return NOBODY
        surroundings = replace(gathered.surroundings, window=_silence(gathered.surroundings.window))
        number = await self._number(BulletinKind.LULL, surroundings.window)

        def addressed(reader: Subscriber, choice: Choice) -> Addressed:
            composer = self._parts.composer
            return Addressed(reader, composer.lull(surroundings, number, choice), composer.slots(choice))

        return self._parts.composing("digests held back", [(r, r.choice) for r in planned.silent], addressed)

    async def _number(self, kind: BulletinKind, window: Window) -> int:
        mailing = _mailing(kind, window, self._now)
        return await self._parts.outbox.number(mailing.key, kind, self._now)

    async def _write(
        self, mailing: Mailing, planned: Planned, deliveries: Iterable[Addressed], rest: Iterable[Subscriber] = ()
    ) -> int:
        """Write the deliveries and cover the readers, apart by the alerts that waited for this digest."""
        readers: dict[tuple[int, ...], list[Subscriber]] = defaultdict(list)
        mails: dict[tuple[int, ...], list[Addressed]] = defaultdict(list)
        for delivery in deliveries:
            told = planned.beyond.get(delivery.subscriber.id, ())
            readers[told].append(delivery.subscriber)
            mails[told].append(delivery)
        for reader in rest:
            readers[planned.beyond.get(reader.id, ())].append(reader)
        written = 0
        for told, covered in readers.items():
            part = replace(mailing, deliveries=tuple(mails[told]), covered=tuple(covered), told=told, as_of=self._as_of)
            # what was not written leaves its windows open, and the next round composes it again
            written += await self._parts.outbox.enqueue(part) or 0
        return written

    def _first(self, window: Window, *, told: bool) -> bool:
        """Whether something of this window is told for the first time in this round."""
        first = told and window not in self._told
        self._told.update([window] if told else [])
        return first


def _left(made: Sequence[Plan], gathered: Gathered) -> list[Plan]:
    """The plans without lines for what was held back and freed: who had that had it in an earlier digest, too."""
    kept = {plan: tuple(s for s in plan.alerted if s.id not in gathered.freed) for plan in made}
    changed = {plan: replace(plan, alerted=own) for plan, own in kept.items() if len(own) < len(plan.alerted)}
    return [changed.get(plan, plan) for plan in made]


def _silence(window: Window) -> Window:
    """The span in which nothing was found, when it ends with this window."""
    return Window(min(window.start, window.end - SILENCE), window.end)


def _mailing(kind: BulletinKind, window: Window, now: datetime) -> Mailing:
    return Mailing(window_key(kind, window), kind, now, window=window)


def window_key(kind: BulletinKind, window: Window) -> str:
    """The key of the bulletin of this kind on this window."""
    return f"{kind} {window.start:%Y-%m-%dT%H:%M:%S.%fZ}/{window.end:%Y-%m-%dT%H:%M:%S.%fZ}"
