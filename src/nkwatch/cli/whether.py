"""``nkwatch subscribers why``: whether somebody got a bulletin or a story, and why."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any

import typer

from nkwatch.assembly import Newsroom
from nkwatch.cli.newsroom import in_newsroom
from nkwatch.cli.output import FAILED, Json, answer
from nkwatch.cli.people import Someone, address_of, nobody, someone
from nkwatch.cli.posted import bulletin_name, facts, outcome, returned, when
from nkwatch.cli.unfit import unfit
from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.retention import DELIVERIES
from nkwatch.domain.story import Story
from nkwatch.domain.subscriber import Own, Rhythm, Standing, Suppression
from nkwatch.editing.digests import is_news
from nkwatch.editing.matching import Offer
from nkwatch.editing.windows import next_closing
from nkwatch.store.bounces import BounceStore, BounceTrace
from nkwatch.store.outbox import Posted
from nkwatch.store.traces import BulletinTrace, StoryTrace
from nkwatch.web.asking import whole

#: Mails to one reader that are looked through, the newest first: all that are kept of half a year.
LOOKED_THROUGH = 2_000


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer: yes or no, why, and what else may be of use."""

    got: bool
    why: str
    facts: dict[str, Any] = field(default_factory=dict)


def why(
    context: typer.Context,
    who: Someone,
    what: Annotated[
        str, typer.Argument(metavar="BULLETIN|STORY", help="The number of a bulletin or the id of a story.")
    ] = "",
    as_json: Json = False,
) -> None:
    """Say whether somebody got a bulletin or a story, and why; without either, whether mails go there at all.

    Words and names that a reader follows or mutes are not shown. Exits with 1 when the answer is no.

    Example: nkwatch subscribers why k3j5mzqxd4wyv2ah 128
    """
    told = in_newsroom(context, lambda newsroom: _answered(newsroom, who, what.strip()))
    if as_json:
        answer({"got": told.got, "why": told.why} | told.facts, as_json=True)
    else:
        typer.echo(f"{'yes' if told.got else 'no'}: {told.why}")
    if not told.got:
        raise typer.Exit(FAILED)


async def _answered(newsroom: Newsroom, who: str, what: str) -> Answer:
    own = await someone(newsroom, who)
    address = own.address if own else address_of(who) if "@" in who else ""
    stood = await newsroom.subscribers.suppression(address) if address else None
    if own is None:
        return Answer(False, nobody(who) + (f"; {_suppressed(*stood)}" if stood else ""))
    asked = _Asked(newsroom, own, stood)
    known = {"id": own.subscriber.id, "standing": str(own.standing)}
    if not what:
        told = await asked.at_all()
    elif (number := whole(what)) is not None:
        told = await asked.bulletin(number)
    else:
        told = await asked.story(what)
    return Answer(told.got, told.why, known | told.facts)


@dataclass(frozen=True, slots=True)
class _Asked:
    newsroom: Newsroom
    own: Own
    stood: tuple[Suppression, datetime] | None

    async def at_all(self) -> Answer:
        """Whether mails go to somebody."""
        last = await self.newsroom.outbox.deliveries_of(self.own.subscriber.id, 5)
        marks = await self._marks(last)
        mails = {"mails": [facts(p, marks.get(p.delivery.id)) for p in last]}
        now, reader = self.newsroom.clock(), self.own.subscriber
        if blocked := self._blocked():
            return Answer(False, blocked, mails)
        if reader.paused(now):
            return Answer(False, f"paused until {when(reader.paused_until)}", mails)
        schedule, alerts = reader.choice.schedule, "alerts" if reader.choice.alerts else "no alerts"
        closing = next_closing(schedule, reader.covered_until)
        digests = f"{schedule.rhythm} digests, the next window closes on {when(closing)}" if closing else "no digests"
        newest = f"; the last mail: {_became(last[0], ', ', marks)}" if last else ""
        return Answer(True, f"{digests}, {alerts}{newest}", mails)

    async def bulletin(self, number: int) -> Answer:
        """Whether somebody got this bulletin."""
        bulletin = await self.newsroom.traces.bulletin(number)
        if bulletin is None:
            return Answer(False, f"there is no bulletin with the number {number}")
        mails = await self.newsroom.outbox.deliveries_of(self.own.subscriber.id, LOOKED_THROUGH)
        if found := next((p for p in mails if p.number == number), None):
            return await self._delivered(found)
        missed = self._blocked() or self._away(bulletin.date) or self._old(bulletin.date)
        if missed:
            return Answer(False, missed)
        if bulletin.kind is BulletinKind.ALERT:
            return Answer(False, await self._no_alert(bulletin))
        return Answer(False, await self._no_digest(bulletin))

    async def story(self, story_id: str) -> Answer:
        """Whether somebody got this story, in whatever bulletin."""
        trace = await self.newsroom.traces.story(story_id)
        if trace is None:
            return Answer(False, f"there is no story with the id {story_id!r}")
        if found := await self._holding(trace):
            return await self._delivered(found)
        if blocked := self._blocked():
            return Answer(False, blocked)
        shown = await self.newsroom.statements.stories([trace.id])
        if not shown:
            return Answer(False, "none of its reports is shown: the source or an editor took them back")
        if not_wanted := self._unfit(shown[0]):
            return Answer(False, not_wanted)
        return Answer(False, self._no_window(trace, shown[0]))

    async def _holding(self, story: StoryTrace) -> Posted | None:
        """The delivery with this story, one that was handed over if there is any."""
        found = []
        for posted in await self.newsroom.outbox.deliveries_of(self.own.subscriber.id, LOOKED_THROUGH):
            window = posted.window
            if posted.story_id in story.names:
                found.append(posted)
            elif window and any(window.start <= at < window.end for at in story.news):
                traced = await self.newsroom.traces.delivery(posted.delivery.id)
                found += [posted] if traced and not story.names.isdisjoint(traced.stories) else []
        return max(found, key=lambda p: p.delivery.state is DeliveryState.SENT, default=None)

    async def _delivered(self, found: Posted) -> Answer:
        marks = await self._marks([found])
        mark = marks.get(found.delivery.id)
        lost = mark is not None and mark.kind in {BounceKind.HARD, BounceKind.SOFT}
        got = found.delivery.state is DeliveryState.SENT and not lost
        return Answer(got, _became(found, ": ", marks), facts(found, mark))

    async def _marks(self, mails: Sequence[Posted]) -> Mapping[int, BounceTrace]:
        """What came back of these mails."""
        store = BounceStore(self.newsroom.database, self.newsroom.keyring)
        return await store.marks([p.delivery.id for p in mails])

    def _blocked(self) -> str:
        """Why nothing at all goes to somebody."""
        own = self.own
        if own.standing is Standing.PENDING:
            return f"has been asked to confirm since {when(own.joined_at)}, and has not"
        if own.standing is Standing.ENDED:
            return f"the subscription ended on {when(own.ended_at)}: {own.end_reason or 'no reason is on record'}"
        return _suppressed(*self.stood) if self.stood and self.stood[0].final else ""

    def _away(self, then: datetime) -> str:
        """Why nothing went to somebody at that time."""
        paused = self.own.subscriber.paused_until
        if then < self.own.joined_at:
            return f"joined on {when(self.own.joined_at)}; it went out on {when(then)}"
        return f"paused until {when(paused)}; it went out on {when(then)}" if paused and then < paused else ""

    def _old(self, then: datetime) -> str:
        old = self.newsroom.clock() - then > DELIVERIES
        return f"nobody knows any more: deliveries are erased after {DELIVERIES.days} days" if old else ""

    def _unfit(self, story: Story) -> str:
        offer = Offer.of(story, self.newsroom.rules.cases.keys)
        return unfit(self.own.subscriber.choice, offer)

    async def _no_alert(self, bulletin: BulletinTrace) -> str:
        if not self.own.subscriber.choice.alerts:
            return "alerts are off"
        for story in await self.newsroom.statements.stories(bulletin.stories):
            if not_wanted := self._unfit(story):
                return not_wanted
        return "by the choice of today it would have been sent; when it went out the choice was another"

    async def _no_digest(self, bulletin: BulletinTrace) -> str:
        if self.own.subscriber.choice.schedule.rhythm is Rhythm.NONE:
            return "no digests are chosen, alerts only"
        stories = await self.newsroom.statements.stories(bulletin.stories)
        why_not = [self._unfit(s) for s in stories]
        if stories and all(why_not):
            return f"none of its {len(stories)} stories fits the choice; the first: {why_not[0]}"
        window = bulletin.window
        span = f" from {when(window.start)} to {when(window.end)}" if window else ""
        return f"it went to readers whose window was the one{span}; this reader's windows close at another time"

    def _no_window(self, trace: StoryTrace, story: Story) -> str:
        """Why a story that fits the choice is in no digest of this reader."""
        reader, choice = self.own.subscriber, self.own.subscriber.choice
        alerted = trace.alert_at if trace.alert == "sent" else None
        no_alert = "it was no alert, and " if not alerted else "alerts are off, and " if not choice.alerts else ""
        if choice.schedule.rhythm is Rhythm.NONE:
            away = self._away(alerted) if alerted and choice.alerts else ""
            return away or f"{no_alert}no digests are chosen"
        if trace.ready_at >= reader.covered_until:
            closing = next_closing(choice.schedule, max(trace.ready_at, reader.covered_until))
            return f"{no_alert}the window that holds it closes on {when(closing)}"
        if away := self._away(trace.ready_at):
            return away.replace("went out", "became ready")
        if not is_news(story, Window(trace.ready_at, reader.covered_until)):
            return "it was old, or without a date among much else, when it came: digests leave it out"
        return self._old(trace.ready_at) or "its window closed before the choice was what it is today"


def _became(found: Posted, between: str, marks: Mapping[int, BounceTrace]) -> str:
    return f"{bulletin_name(found)}{between}{outcome(found.delivery)}{returned(marks.get(found.delivery.id))}"


def _suppressed(reason: Suppression, since: datetime) -> str:
    why_not = {
        Suppression.LEFT: "whoever has the address left",
        Suppression.ERASED: "whoever has the address had everything erased",
        Suppression.COMPLAINED: "whoever has the address complained",
        Suppression.BOUNCED: "nothing arrives at the address",
    }
    return f"since {when(since)} it is suppressed: {why_not[reason]}"
