"""Decide which stories are alerts, and write who gets them into the outbox: at once, later, or with the next digest.

A crash between any two writes loses nothing and repeats nothing: a bulletin's rows are unique per reader, and what an
alert told is noted in a write of its own, once all readers are served. Until then the same bulletin is written on.
"""

from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property

from nkwatch.domain.alert import Alert, Change, Pace, Told, Waiting
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.correction import alarming
from nkwatch.domain.desk import Ruling, RulingKind
from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.editing.alerts import Decision, decide
from nkwatch.editing.audience import Audience
from nkwatch.editing.digests import Pick, picked
from nkwatch.editing.matching import Offer
from nkwatch.editing.pacing import paced
from nkwatch.editing.updates import changed
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.office import BATCH, Office
from nkwatch.workflow.together import Together


@dataclass(frozen=True, slots=True)
class Alerted(Counts):
    """What one round of alerts wrote. `alerts` and `updates` are stories told to all their readers, `held` those that
    an editor must look at.

    `deliveries` are mails that leave; `together` are those of them that had waited, with one alert or several.
    """

    alerts: int = 0
    updates: int = 0
    held: int = 0
    deliveries: int = 0
    failed: int = 0
    together: int = 0


@dataclass(eq=False)
class _Telling:
    """An alert on its way, and how far it has come. An update has what was `told` before, and in which bulletins."""

    offer: Offer
    why: str
    by_rule: bool
    #: see `Mailing`
    as_of: int
    told: Told | None = None
    bulletins: tuple[int, ...] = ()
    number: int = 0
    #: what was written last
    last: Mailing | None = None
    written: int = 0
    held_back: bool = False
    stopped: bool = False

    @property
    def story(self) -> Story:
        """The story as it may be shown."""
        return self.offer.story

    @cached_property
    def key(self) -> str:
        """Equal until all readers are served, whatever joins the story meanwhile; another one for each update."""
        update = f" update {len(self.told.statement_ids)}" if self.told else ""
        return f"alert {self.story.id}{update}"

    def changes(self, story: Story) -> tuple[Change, ...]:
        """What is new in an update for who hears these reports of the story: all of them, but for who mutes some."""
        return self._changes if story is self.story else self._changed(story)

    @cached_property
    def _changes(self) -> tuple[Change, ...]:
        return self._changed(self.story)

    def _changed(self, story: Story) -> tuple[Change, ...]:
        return _news(story, self.told.statement_ids)[1] if self.told else ()

    def worth(self, pick: Pick) -> bool:
        """Whether there is anything in it for a reader: of an update, perhaps only what they mute is new."""
        return self.told is None or bool(self.changes(pick.story))

    def alert(self, pick: Pick, *, had: bool) -> Alert:
        """The alert as this reader is told it: who did not have what went before is told the story as it is."""
        if self.told is None or not had:
            return Alert(pick.story, self.number)
        return Alert(pick.story, self.number, self.changes(pick.story), self.told.number)


@dataclass(frozen=True, slots=True)
class Alerts:
    """One round: what waited and is due, then what is new. A reader gets `office.per_day` mails a day at most."""

    office: Office

    async def __call__(self) -> Alerted:
        """A wrong template holds back what needs it, says so, and loses nothing."""
        now, together = self.office.clock(), Together(self.office)
        left = await together(now)
        total = Alerted(deliveries=left.mails, together=left.mails, failed=int(left.failed))
        released: list[_Telling] = []
        as_of = await self.office.outbox.as_of()
        for found in await self.office.statements.alert_candidates(BATCH):
            story = found.public(now)
            # under an embargo since it was read, or held back by an editor: it stays as it is until then
            if story is None or story.marks.held:
                continue
            judged = await self._judged(story, as_of, now)
            if isinstance(judged, _Telling):
                released.append(judged)
            else:
                total += judged
        return total + await self._send(released, now) if released else total

    async def _judged(self, story: Story, as_of: int, now: datetime) -> "_Telling | Alerted":
        """What is to be told now; else what became of the story is written, and how much that was comes back."""
        told = await self.office.outbox.told(story.id)
        # that it told anything is noted when all its readers are served: before, it is still on its way
        told = told if told and told.statement_ids else None
        state, why = self._decision(story, told, now)
        if state is not AlertState.RELEASED:
            return await self._put_by(story, state, why, now)
        by_rule = story.alert is not AlertState.RELEASED
        earlier = tuple(await self.office.outbox.bulletins_with(story.id)) if told else ()
        return _Telling(Offer.of(story, self.office.known_cases), why, by_rule, as_of, told, earlier)

    def _decision(self, story: Story, told: Told | None, now: datetime) -> Decision:
        """What was told before is told again only if new urgent reports change anything in it."""
        new: frozenset[str] | None = None
        if told:
            new, changes = _news(story, told.statement_ids)
            if not changes:
                return AlertState.SENT, story.alert_reason
        if story.alert is AlertState.RELEASED:
            return story.alert, story.alert_reason
        state, why = decide(story, self.office.sources, now, self.office.policy, new)
        return (AlertState.SENT, story.alert_reason) if told and state is AlertState.NONE else (state, why)

    async def _put_by(self, story: Story, state: AlertState, why: str, now: datetime) -> Alerted:
        written = await self.office.statements.record_alert(story.id, state, why, now, was=story.alert)
        if not written or state is not AlertState.HELD:
            return Alerted()
        # not again for every report that joins while the alert waits for the same reason
        if why != story.alert_reason:
            title = story.lead.statement.title
            self.office.notice("alert held for an editor", story=story.id, title=title, why=why)
        return Alerted(held=1)

    async def _send(self, tellings: Sequence[_Telling], now: datetime) -> Alerted:
        """Write each for everybody who wants it, batch by batch; only then is an alert done.

        While somebody's mail cannot be composed it stays released, and the next round tries again.
        """
        after = ""
        for telling in tellings:
            telling.number = await self.office.outbox.number(telling.key, BulletinKind.ALERT, now)
        while batch := await self.office.subscribers.with_alerts(after, BATCH, now):
            after = batch[-1].id
            audience = Audience.of(batch)
            for telling in [t for t in tellings if not t.stopped]:
                await self._write(telling, [batch[n] for n in audience.wanting(telling.offer)], now)
        return sum([await self._done(t, now) for t in tellings], Alerted())

    async def _write(self, telling: _Telling, readers: Iterable[Subscriber], now: datetime) -> None:
        """Write it for these readers: one part leaves now, the other when their pace allows it."""
        wanted = [(r, pick) for r in readers if (pick := picked(r.choice, telling.offer)) and telling.worth(pick)]
        picks = await self._untold(telling, wanted)
        if not picks:
            return
        leaving, waiting = await self._paced(picks, now)
        mails = await self.office.earlier(set(telling.bulletins) - {telling.number}, [r for r, _ in leaving])

        def addressed(reader: Subscriber, what: tuple[Pick, Pace]) -> Addressed:
            pick, pace = what
            answers = mails.get(reader.id, "")
            alert = telling.alert(pick, had=bool(answers))
            composition = self.office.composer.alert([alert], now, reader.choice.edition)
            return Addressed(reader, composition, self.office.composer.slots(reader.choice, [pick]), answers, pace)

        deliveries, lacking = self.office.composing("alert not composed", leaving, addressed)
        telling.held_back = telling.held_back or bool(lacking)
        follows = telling.told.number if telling.told else 0
        bulletin = Mailing(telling.key, BulletinKind.ALERT, now, story_id=telling.story.id, answers=follows)
        telling.last = replace(bulletin, deliveries=deliveries, waiting=waiting, as_of=telling.as_of)
        telling.written += await self._enqueued(telling, telling.last)
        telling.stopped = await self.office.halted(telling.story.id, now)

    async def _enqueued(self, telling: _Telling, mailing: Mailing) -> int:
        """How many deliveries are new. What must be composed again is held back until the next round."""
        written = await self.office.outbox.enqueue(mailing)
        telling.held_back = telling.held_back or written is None
        return written or 0

    async def _untold(
        self, telling: _Telling, picks: Sequence[tuple[Subscriber, Pick]]
    ) -> Sequence[tuple[Subscriber, Pick]]:
        """Those who did not have the story, in a digest that closed while it waited; an update is for all."""
        if telling.told or not picks:
            return picks
        had = await self.office.outbox.had([r.id for r, _ in picks], telling.story.ready_at)
        return [(r, pick) for r, pick in picks if telling.story.id not in had.get(r.id, frozenset())]

    async def _paced(
        self, picks: Iterable[tuple[Subscriber, Pick]], now: datetime
    ) -> tuple[list[tuple[Subscriber, tuple[Pick, Pace]]], tuple[Waiting, ...]]:
        picks = list(picks)
        paces = await self.office.outbox.paces([r.id for r, _ in picks])
        leaving: list[tuple[Subscriber, tuple[Pick, Pace]]] = []
        waiting: list[Waiting] = []
        for reader, pick in picks:
            leaves_at, pace = paced(reader.choice, paces.get(reader.id), now, self.office.per_day)
            if leaves_at is not None and leaves_at <= now:
                leaving.append((reader, (pick, pace)))
            else:
                waiting.append(Waiting(reader, leaves_at))
        return leaving, tuple(waiting)

    async def _done(self, telling: _Telling, now: datetime) -> Alerted:
        """Note what became of an alert; of one that an editor stopped meanwhile, nothing."""
        story, why = telling.story, telling.why
        if telling.last and not (telling.stopped or telling.held_back):
            await self._enqueued(telling, _closing(telling.last, story))
        told = Alerted(deliveries=telling.written, failed=int(telling.held_back))
        if telling.stopped:
            return told
        if not telling.held_back:
            told += Alerted(updates=1) if telling.told else Alerted(alerts=1)
        if telling.by_rule:
            await self.office.desk.rule(Ruling(story.id, RulingKind.RULE, "", now, why))
        state = AlertState.RELEASED if telling.held_back else AlertState.SENT
        await self.office.statements.record_alert(story.id, state, why, now, was=story.alert)
        return told


def _closing(last: Mailing, story: Story) -> Mailing:
    """A mailing that says what its bulletin told, and nothing to anybody: its one reader has it already."""
    ids = tuple(r.statement.id for r in story.reports)
    return replace(last, deliveries=last.deliveries[-1:], waiting=last.waiting[-1:], reports=ids)


def _news(story: Story, told: AbstractSet[str]) -> tuple[frozenset[str], tuple[Change, ...]]:
    """The urgent reports that were not told, and what they change."""
    before = [r for r in story.reports if r.statement.id in told]
    new: list[Report] = [r for r in story.reports if r.statement.id not in told and alarming(r.reading)]
    return frozenset(r.statement.id for r in new), changed(before, new)
