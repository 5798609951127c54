"""Decide on alerts, close the windows that have closed, and write who gets what into the outbox.

A crash at any point loses nothing: a bulletin's rows are unique per subscriber, and a window moves on in the very
transaction that writes its deliveries.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TypeVar

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing, Window
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.domain.watch import Watch, watch
from nkwatch.editing.alerts import decide
from nkwatch.editing.audience import Audience
from nkwatch.editing.digests import Plan, is_news, picked, plans, ranked
from nkwatch.editing.matching import Offer
from nkwatch.editing.windows import closed_window
from nkwatch.workflow.ports import Clock, Composer, Notice, Outbox, Statements, Subscribers

T = TypeVar("T")

#: Subscribers in one transaction.
BATCH = 1_000
#: When a digest that could not be composed is tried again.
LATER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing wrote. `empty` counts windows that closed with nothing to send."""

    alerts: int = 0
    held: int = 0
    digests: int = 0
    empty: int = 0
    deliveries: int = 0
    failed: int = 0

    def __add__(self, other: "Published") -> "Published":
        return Published(
            self.alerts + other.alerts,
            self.held + other.held,
            self.digests + other.digests,
            self.empty + other.empty,
            self.deliveries + other.deliveries,
            self.failed + other.failed,
        )


@dataclass(frozen=True, slots=True)
class Publish:
    """One round: alerts first, then digests."""

    sources: Mapping[str, Source]
    statements: Statements
    subscribers: Subscribers
    outbox: Outbox
    composer: Composer
    clock: Clock
    notice: Notice
    #: from the keys of spellings to those of known cases (`CaseBook.keys`)
    known_cases: Mapping[str, str] = field(default_factory=dict)
    #: problems of templates that the operator has been told of
    told: set[str] = field(default_factory=set)

    async def __call__(self) -> Published:
        """Publish what is due. A wrong template holds back what needs it, says so, and loses nothing."""
        alerts = await self._alerts()
        return alerts + await self._digests()

    async def _alerts(self) -> Published:
        total = Published()
        released: list[tuple[Story, str]] = []
        for found in await self.statements.alert_candidates(BATCH):
            story = found.public(self.clock())
            if story is None:  # under an embargo since it was read: it stays open until then
                continue
            state, why = self._decision(story)
            if state is AlertState.RELEASED:
                released.append((story, why))
                continue
            await self.statements.record_alert(story.id, state, why, self.clock(), was=story.alert)
            if state is AlertState.HELD:
                total += Published(held=1)
                self._tell_held(story, why)
        return total + await self._send_alerts(released) if released else total

    def _tell_held(self, story: Story, why: str) -> None:
        """Not again for every report that joins while the alert waits for the same reason."""
        if why != story.alert_reason:
            self.notice("alert held for an editor", story=story.id, title=story.lead.statement.title, why=why)

    def _decision(self, story: Story) -> tuple[AlertState, str]:
        if story.alert is AlertState.RELEASED:
            return story.alert, story.alert_reason
        return decide(story, self.sources, self.clock())

    async def _send_alerts(self, released: Sequence[tuple[Story, str]]) -> Published:
        """Enqueue each for everybody who wants it, batch by batch; only then is an alert done.

        While somebody's mail cannot be composed it stays released, and the next round tries again.
        """
        now, after = self.clock(), ""
        alerts = [await self._opened(story, why, now) for story, why in released]
        while batch := await self.subscribers.with_alerts(after, BATCH, now):
            after = batch[-1].id
            audience = Audience.of(batch)
            for alert in alerts:
                await self._send_alert(alert, [batch[n] for n in audience.wanting(alert.offer)], now)
        for alert in alerts:
            state = AlertState.RELEASED if alert.held_back else AlertState.SENT
            await self.statements.record_alert(alert.story.id, state, alert.why, now, was=alert.story.alert)
        return sum((Published(not a.held_back, deliveries=a.written, failed=a.held_back) for a in alerts), Published())

    async def _opened(self, story: Story, why: str, now: datetime) -> "_Alert":
        key = f"alert {story.id}"
        number = await self.outbox.number(key, BulletinKind.ALERT, now)
        return _Alert(story, why, key, number, Offer.of(story, self.known_cases))

    async def _send_alert(self, alert: "_Alert", readers: Iterable[Subscriber], now: datetime) -> None:
        wanted = [(r, pick) for r in readers if (pick := picked(r.choice, alert.offer))]
        deliveries, lacking = self._composed(
            "alert not composed",
            wanted,
            lambda reader, pick: Addressed(
                reader,
                self.composer.alert(pick.story, alert.number, reader.choice.edition),
                self.composer.slots(reader.choice, [pick]),
            ),
        )
        alert.held_back = alert.held_back or bool(lacking)
        mailing = Mailing(alert.key, BulletinKind.ALERT, now, deliveries, story_id=alert.story.id)
        alert.written += await self.outbox.enqueue(mailing)

    async def _digests(self) -> Published:
        """Close every window that has closed by now, each reader's once."""
        now = self.clock()
        total = Published()
        if not await self.subscribers.closing(now, 1):
            return total  # an idle tick writes nothing
        await self.subscribers.announce_closing(now)
        watched = watch(await self.statements.states(), self.sources)
        stories: dict[Window, list[Offer]] = {}
        seen: set[str] = set()
        while closing := [r for r in await self.subscribers.closing(now, BATCH) if r.id not in seen]:
            seen.update(r.id for r in closing)
            windows, early = _by_window(closing, now)
            await self.subscribers.postpone(early, now + LATER)
            for window, readers in windows.items():
                if window not in stories:
                    ready = await self.statements.ready_between(window)
                    public = [part for s in ready if (part := s.public(now))]
                    order = ranked(s for s in public if is_news(s, window))
                    stories[window] = [Offer.of(s, self.known_cases) for s in order]
                total += await self._close(window, readers, stories[window], watched, now)
        return total

    async def _close(
        self, window: Window, readers: Sequence[Subscriber], stories: Sequence[Offer], watched: Watch, now: datetime
    ) -> Published:
        """Close one window for these readers: who paused, or for whom it holds nothing, gets nothing and is covered.

        Whose digest cannot be composed stays uncovered, and is looked at again later.
        """
        key = f"digest {window.start:%Y-%m-%dT%H:%M:%S.%fZ}/{window.end:%Y-%m-%dT%H:%M:%S.%fZ}"
        waiting = [r for r in readers if not r.paused(now)]
        full = [(r, p) for r, p in zip(waiting, plans(stories, waiting), strict=True) if p.picks]
        number = await self.outbox.number(key, BulletinKind.DIGEST, now) if full else 0

        def addressed(reader: Subscriber, content: Plan) -> Addressed:
            stories, choice = [p.story for p in content.picks], reader.choice
            composition = self.composer.digest(
                stories, content.more, window, number, choice.schedule, choice.edition, watched
            )
            return Addressed(reader, composition, self.composer.slots(choice, content.picks))

        deliveries, held_back = self._composed("digests held back", full, addressed)
        await self.subscribers.postpone(sorted(held_back), now + LATER)
        covered = tuple(r for r in readers if r.id not in held_back)
        mailing = Mailing(key, BulletinKind.DIGEST, now, deliveries, window, covered=covered)
        written = await self.outbox.enqueue(mailing)
        return Published(
            digests=bool(deliveries), empty=len(readers) - len(full), deliveries=written, failed=bool(held_back)
        )

    def _composed(
        self, event: str, wanted: Sequence[tuple[Subscriber, T]], compose: Callable[[Subscriber, T], Addressed]
    ) -> tuple[tuple[Addressed, ...], set[str]]:
        """The deliveries, and the ids of readers whose template is wrong; each problem is told once."""
        deliveries: list[Addressed] = []
        problems: dict[str, str] = {}
        for reader, content in wanted:
            try:
                deliveries.append(compose(reader, content))
            except ConfigError as wrong:
                problems[reader.id] = str(wrong)
        for problem in sorted(set(problems.values()) - self.told):
            self.notice(event, readers=len(problems), why=problem)
        self.told.update(problems.values())
        return tuple(deliveries), set(problems)


@dataclass(slots=True)
class _Alert:
    """An alert on its way, and how far it has come."""

    story: Story
    why: str
    key: str
    number: int
    offer: Offer
    written: int = 0
    held_back: bool = False


def _by_window(closing: Iterable[Subscriber], now: datetime) -> tuple[dict[Window, list[Subscriber]], list[str]]:
    """The readers of each window, and the ids of those whose window has not closed after all."""
    windows: dict[Window, list[Subscriber]] = defaultdict(list)
    early: list[str] = []
    for reader in closing:
        window = closed_window(reader.choice.schedule, reader.covered_until, now)
        if window is None:
            early.append(reader.id)
        else:
            windows[window].append(reader)
    return windows, early
