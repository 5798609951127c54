"""Which alerts there would have been: released by rule, or held for an editor, and why."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from nkwatch.assembly import Newsroom
from nkwatch.backtest.post import Post
from nkwatch.backtest.weeks import Mail, Raised
from nkwatch.domain.alert import Alert, Change
from nkwatch.domain.desk import RulingKind
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import Choice
from nkwatch.editing.digests import Pick, picked
from nkwatch.editing.updates import changed
from nkwatch.store import schema
from nkwatch.workflow.publish import Published

#: The editor of a backtest in which somebody always says yes at once.
EDITOR = "backtest"
_SEEN = (AlertState.HELD, AlertState.RELEASED, AlertState.SENT)


class Alarms:
    """Notes what each round of publishing did with alerts."""

    def __init__(self, newsroom: Newsroom, post: Post, choice: Choice, *, release: bool) -> None:
        """With `release`, each held alert is let go at once, as an editor would."""
        self._newsroom, self._post, self._choice, self._release = newsroom, post, choice, release
        self._raised: list[Raised] = []
        #: by story, where its last alert stands in the list
        self._last: dict[str, int] = {}

    @property
    def raised(self) -> Sequence[Raised]:
        """All alerts so far, the first first; an update of one that was told is one of its own."""
        return self._raised

    async def note(self, published: Published, now: datetime) -> None:
        """Look at what this round did; where it held an alert that an editor releases, publish once more."""
        if not (published.alerts or published.updates or published.held):
            return
        states = await self._decided(now)
        stories = {s.id: s for s in await self._newsroom.statements.stories(states)}
        held = [s for s in stories.values() if states[s.id] is AlertState.HELD]
        for story in stories.values():
            if states[story.id] is not AlertState.HELD and (why := await self._ruled(story.id, now)):
                self._put(story, now, AlertState.RELEASED, why)
        for story in held:
            self._put(story, now, AlertState.HELD, story.alert_reason)
        if held and self._release:
            await self._let_go(held, now)

    async def _decided(self, now: datetime) -> dict[str, AlertState]:
        """The stories whose alert was decided on at this instant, the first first, and how."""
        row = schema.story.c
        query = (
            select(row.id, row.alert).where(row.alert_at == now, row.alert.in_(_SEEN)).order_by(row.ready_at, row.id)
        )
        return {r.id: AlertState(r.alert) for r in await self._newsroom.database.read(lambda c: c.execute(query).all())}

    async def _ruled(self, story_id: str, now: datetime) -> str:
        """Why an alert goes out by rule now; empty where it does not."""
        rulings = await self._newsroom.desk.rulings(story_id)
        return next((r.note for r in rulings if r.kind is RulingKind.RULE and r.at == now), "")

    async def _let_go(self, held: Sequence[Story], now: datetime) -> None:
        for story in held:
            await self._newsroom.rulings.release(story.id, EDITOR)
            self._put(story, now, AlertState.RELEASED, f"{story.alert_reason}; released as if by an editor")
        await self._newsroom.publish()

    def _put(self, story: Story, at: datetime, state: AlertState, why: str) -> None:
        """One alert a story: what is released after it was held, or held with more reports, is still the same one."""
        place = self._last.get(story.id, len(self._raised))
        before = self._raised[place] if place < len(self._raised) else None
        changes: tuple[Change, ...] = ()
        follows = 0
        if before and before.state is AlertState.RELEASED:
            told = {r.statement.id for r in before.story.reports}
            changes = changed(before.story.reports, [r for r in story.reports if r.statement.id not in told])
            place, follows = len(self._raised), place + 1
        elif before:
            changes, follows = before.changes, before.follows
            at = before.at if state is AlertState.HELD else at
        mail = self._told(Alert(story, place + 1, changes, follows), at)
        self._raised[place : place + 1] = [Raised(story, at, state, why, _first(mail.text), mail, changes, follows)]
        self._last[story.id] = place

    def _told(self, alert: Alert, at: datetime) -> Mail:
        """The alert as a mail. It is not a neutral one: that says nothing."""
        pick = picked(self._choice, alert.story) or Pick(alert.story, ())
        composer, edition = self._newsroom.composer, replace(self._choice.edition, neutral=False)
        composition = composer.alert([alert], at, edition)
        return self._post.mail(composition, composer.slots(self._choice, [pick]), at)


def _first(text: str) -> str:
    """What an alert opens with, in one line."""
    return " ".join(text.strip().partition("\n\n")[0].split())
