"""Decide on alerts, close the windows that have closed, and write who gets what into the outbox.

A crash at any point loses nothing: a bulletin's rows are unique per subscriber, and a window moves on in the very
transaction that writes its deliveries.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from nkwatch.domain.bulletin import BulletinKind, Composition, Mailing, Window
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.alerts import decide
from nkwatch.editing.digests import Plan, plan, ranked
from nkwatch.editing.matching import reasons
from nkwatch.editing.windows import closed_window
from nkwatch.workflow.ports import Clock, Composer, Notice, Outbox, Statements, Subscribers

#: Subscribers in one transaction.
BATCH = 1_000


@dataclass(frozen=True, slots=True)
class Published:
    """What one round of publishing wrote. `empty` counts windows that closed with nothing to send."""

    alerts: int = 0
    held: int = 0
    digests: int = 0
    empty: int = 0
    deliveries: int = 0
    failed: int = 0


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

    async def __call__(self) -> Published:
        """Publish what is due. A wrong template holds back what needs it, says so, and loses nothing."""
        alerts, held, alerted, unsent = await self._alerts()
        digests = Published()
        try:
            digests = await self._digests()
        except ConfigError as wrong:
            self.notice("digests held back", why=str(wrong))
            unsent += 1
        return Published(alerts, held, digests.digests, digests.empty, alerted + digests.deliveries, unsent)

    async def _alerts(self) -> tuple[int, int, int, int]:
        """Alerts sent, held, their deliveries, and alerts that could not be composed."""
        sent = held = deliveries = failed = 0
        for story in await self.statements.alert_candidates(BATCH):
            state, why = self._decision(story)
            if state is not AlertState.RELEASED:
                await self.statements.record_alert(story.id, state, why, self.clock())
                held += state is AlertState.HELD
                if state is AlertState.HELD:
                    self.notice(
                        "alert held for an editor", story=story.id, title=story.lead.statement.title, why=why
                    )
                continue
            try:
                deliveries += await self._send_alert(story, why)
                sent += 1
            except ConfigError as wrong:
                failed += 1
                self.notice("alert not composed", story=story.id, why=str(wrong))
        return sent, held, deliveries, failed

    def _decision(self, story: Story) -> tuple[AlertState, str]:
        if story.alert is AlertState.RELEASED:
            return story.alert, story.alert_reason
        return decide(story, self.sources, self.clock())

    async def _send_alert(self, story: Story, why: str) -> int:
        """Enqueue for everybody who wants it, batch by batch; only then is the alert done."""
        now, key, written, after = self.clock(), f"alert {story.id}", 0, ""
        number = await self.outbox.number(key, BulletinKind.ALERT, now)
        while batch := await self.subscribers.with_alerts(after, BATCH):
            after = batch[-1].id
            wanted = [(s, matched) for s in batch if (matched := reasons(s.wishes, story))]
            deliveries = tuple(
                (s, self.composer.alert(story, matched, number, s.language, s.format))
                for s, matched in wanted
            )
            mailing = Mailing(key, BulletinKind.ALERT, now, deliveries, story_id=story.id)
            written += await self.outbox.enqueue(mailing)
        await self.statements.record_alert(story.id, AlertState.SENT, why, now)
        return written

    async def _digests(self) -> Published:
        now = self.clock()
        total = Published()
        await self.subscribers.announce_closing(now)
        stories: dict[Window, list[Story]] = {}
        while closing := await self.subscribers.closing(now, BATCH):
            for window, readers in _by_window(closing, now).items():
                if window not in stories:
                    stories[window] = ranked(await self.statements.ready_between(window))
                total = _sum(total, await self._close(window, readers, stories[window], now))
        return total

    async def _close(
        self, window: Window, readers: Sequence[Subscriber], stories: Sequence[Story], now: datetime
    ) -> Published:
        """Close one window for these readers: those for whom it holds nothing get nothing, and are covered too."""
        key = f"digest {window.start:%Y-%m-%dT%H:%M:%S.%fZ}/{window.end:%Y-%m-%dT%H:%M:%S.%fZ}"
        plans = [(reader, plan(stories, reader)) for reader in readers]
        full = [(reader, p) for reader, p in plans if p.picks]
        number = await self.outbox.number(key, BulletinKind.DIGEST, now) if full else 0
        deliveries = tuple((reader, self._digest(p, window, number, reader)) for reader, p in full)
        mailing = Mailing(key, BulletinKind.DIGEST, now, deliveries, window, covered=tuple(readers))
        written = await self.outbox.enqueue(mailing)
        return Published(digests=bool(full), empty=len(readers) - len(full), deliveries=written)

    def _digest(self, content: Plan, window: Window, number: int, reader: Subscriber) -> Composition:
        return self.composer.digest(
            content.picks, content.more, window, number, reader.schedule, reader.language, reader.format
        )


def _by_window(closing: Iterable[Subscriber], now: datetime) -> dict[Window, list[Subscriber]]:
    windows: dict[Window, list[Subscriber]] = defaultdict(list)
    for reader in closing:
        window = closed_window(reader.schedule, reader.covered_until, now)
        if window is not None:
            windows[window].append(reader)
    return windows


def _sum(one: Published, other: Published) -> Published:
    return Published(
        digests=one.digests + other.digests,
        empty=one.empty + other.empty,
        deliveries=one.deliveries + other.deliveries,
    )
