"""What editors rule on an alert: let it go, keep it back, stop it, and tell those who got it that it was wrong."""

from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.passkey import same_name
from nkwatch.domain.story import UNDER_WAY, AlertState, Story
from nkwatch.domain.subscriber import Subscriber
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.office import BATCH
from nkwatch.workflow.ports import Clock, Composer, Desk, Outbox, Statements
from nkwatch.workflow.ruled import Affected, Outcome, Ruled

_CORRECTS = (RulingKind.WITHDRAW, RulingKind.CORRECT)
#: After these a release begins anew.
_ENDS_RELEASE = frozenset(RulingKind) - {RulingKind.RELEASE}


@dataclass(frozen=True, slots=True)
class Rulings:
    """`persons` (1 or 2) are how many different editors must release an alert."""

    statements: Statements
    outbox: Outbox
    desk: Desk
    composer: Composer
    composing: Composing
    clock: Clock
    persons: int = 1

    async def release(self, story_id: str, editor: str, note: str = "") -> Ruled:
        """Let a held alert go; it leaves with the next round."""
        if self.persons > 1 and not editor.strip():
            return Ruled(Outcome.UNSIGNED)
        if problem := await self._not_held(story_id):
            return Ruled(problem)
        since = await self._told_at(story_id)
        if same_name(editor) in _released_by(await self.desk.rulings(story_id), self.persons, since)[0]:
            return Ruled(Outcome.SAME_PERSON)
        ruling = Ruling(story_id, RulingKind.RELEASE, editor, self.clock(), note)
        # judged by all rulings, this one among them: two persons may say yes at the same instant
        waiting, by = _released_by(await self.desk.rule(ruling), self.persons, since)
        if waiting:
            return Ruled(Outcome.NEEDS_SECOND)
        done = await self._record(story_id, AlertState.RELEASED, f"released by {by}", [AlertState.HELD])
        return Ruled(Outcome.RELEASED if done else Outcome.ALREADY_SENT)

    async def withhold(self, story_id: str, editor: str, note: str = "") -> Ruled:
        """Keep a held alert back; the story still stands in the digests.

        Of a story whose alert was sent only the update is withheld: it is sent, as before.
        """
        if problem := await self._not_held(story_id):
            return Ruled(problem)
        await self.desk.rule(Ruling(story_id, RulingKind.WITHHOLD, editor, self.clock(), note))
        await self._put_by(story_id, f"withheld by {editor}", [AlertState.HELD])
        return Ruled(Outcome.WITHHELD)

    async def stop(self, story_id: str, editor: str, note: str = "") -> Ruled:
        """Cancel everything of a story's alerts that was not handed over, also when it is being written right now.

        An alert that was not yet written for all its readers ends withheld; what was sent stays sent. It does not leave
        again: who was to get it finds the story in the next digest.
        """
        story = await self._story(story_id)
        if not (story or await self.outbox.bulletins_with(story_id)):
            return Ruled(Outcome.NO_STORY)
        under_way = story is not None and story.alert in UNDER_WAY
        if not under_way and not await self.outbox.bulletins_with(story_id):
            return Ruled(Outcome.NOT_WAITING)
        await self.desk.rule(Ruling(story_id, RulingKind.STOP, editor, self.clock(), note))
        return Ruled(Outcome.STOPPED, cancelled=await self._cancel(story_id, f"stopped by {editor}"))

    async def withdraw(self, story_id: str, words: Sequence[tuple[str, str]], editor: str) -> Ruled:
        """Tell everybody who got an alert on the story, or may have got it, that all of it was wrong.

        `words` are (language, text) pairs, the one written first leads. What is unsent is stopped. The same words again
        tell only those who were not told.
        """
        return await self._take_back(RulingKind.WITHDRAW, story_id, tuple(words), editor)

    async def correct(self, story_id: str, words: Sequence[tuple[str, str]], editor: str) -> Ruled:
        """Tell the same readers what was wrong in it; the rest is as for `withdraw`."""
        return await self._take_back(RulingKind.CORRECT, story_id, tuple(words), editor)

    async def affected(self, story_id: str) -> Affected:
        """Whom a correction would reach now; nothing is written."""
        numbers = await self.outbox.bulletins_with(story_id)
        batches = [len(batch) async for batch in self._recipients(numbers)]
        return Affected(tuple(numbers), sum(batches), tuple(await self.outbox.digests_with(story_id)))

    async def rehearse(self, story_id: str) -> Affected | Ruled:
        """`affected`; or why a correction would not be taken, whatever it says."""
        found = await self.affected(story_id)
        return found if found.bulletins else await self._untold(story_id, found.digests)

    async def _take_back(
        self, kind: RulingKind, story_id: str, words: tuple[tuple[str, str], ...], editor: str
    ) -> Ruled:
        if not editor.strip():
            return Ruled(Outcome.UNSIGNED)
        if not words or not all(text.strip() for _, text in words):
            return Ruled(Outcome.UNSAID)
        numbers, told = await self.outbox.bulletins_with(story_id), await self.outbox.told(story_id)
        digests = tuple(await self.outbox.digests_with(story_id))
        if told is None or not numbers:
            return await self._untold(story_id, digests)
        said = " | ".join(f"{language}: {text}" for language, text in words)
        wanted = Ruling(story_id, kind, editor, self.clock(), said)
        ruling, number = await self._ruling(wanted)
        note = Note(words, ruling.editor, ruling.at)
        if ruling is wanted:
            await self.desk.rule(ruling, note)
        cancelled = await self._cancel(story_id, f"{kind} by {editor}")
        key = f"correction {story_id} {number}"
        mailing = Mailing(key, BulletinKind.ALERT_CORRECTION, self.clock(), story_id=story_id, answers=told.number)
        written, lacking = await self._tell(mailing, note, numbers)
        outcome = Outcome.WITHDRAWN if kind is RulingKind.WITHDRAW else Outcome.CORRECTED
        return Ruled(outcome, cancelled, written, lacking, digests)

    async def _untold(self, story_id: str, digests: tuple[int, ...]) -> Ruled:
        known = digests or await self._story(story_id)
        return Ruled(Outcome.NEVER_TOLD if known else Outcome.NO_STORY, digests=digests)

    async def _ruling(self, ruling: Ruling) -> tuple[Ruling, int]:
        """The ruling, or the same one made before; and which of the story's corrections it is, from 1."""
        before = [r for r in await self.desk.rulings(ruling.story_id) if r.kind in _CORRECTS]
        same = (r for r in before if (r.kind, r.note) == (ruling.kind, ruling.note))
        known = next(same, None)
        return (known, before.index(known) + 1) if known else (ruling, len(before) + 1)

    async def _tell(self, mailing: Mailing, note: Note, numbers: Collection[int]) -> tuple[int, int]:
        """How many readers are told now, and how many could not be."""
        number = await self.outbox.number(mailing.key, mailing.kind, mailing.date)
        as_of, story = await self.outbox.as_of(), await self._story(mailing.story_id)
        written = lacking = 0

        def addressed(reader: Subscriber, answers: str) -> Addressed:
            edition = reader.choice.edition
            content = self.composer.correction(mailing.kind, number, mailing.answers, note, story, edition)
            return Addressed(reader, content, self.composer.slots(reader.choice), answers)

        async for batch in self._recipients(numbers):
            deliveries, wrong = self.composing("correction not composed", batch, addressed)
            new = await self.outbox.enqueue(replace(mailing, deliveries=deliveries, as_of=as_of))
            written += new or 0
            # what a redaction has changed meanwhile is composed again when this is said once more
            lacking += len(wrong) if new is not None else len(batch)
        return written, lacking

    async def _recipients(self, numbers: Collection[int]) -> AsyncIterator[list[tuple[Subscriber, str]]]:
        """The readers of these bulletins batch by batch, each with the Message-ID of the mail that they have."""
        after = ""
        while page := await self.outbox.recipients(numbers, after, BATCH):
            after = page[-1].subscriber.id
            yield [(r.subscriber, r.message_id) for r in page]

    async def _cancel(self, story_id: str, why: str) -> int:
        await self._put_by(story_id, why, UNDER_WAY)
        return await self.outbox.stop(story_id, self.clock())

    async def _put_by(self, story_id: str, why: str, was: Iterable[AlertState]) -> None:
        """What an alert becomes that goes no further: withheld; where it was sent, and an update asked about, sent."""
        told = await self.outbox.told(story_id)
        state = AlertState.SENT if told and told.statement_ids else AlertState.WITHHELD
        await self._record(story_id, state, why, was)

    async def _record(self, story_id: str, state: AlertState, why: str, was: Iterable[AlertState]) -> bool:
        record, now = self.statements.record_alert, self.clock()
        return any([await record(story_id, state, why, now, was=before) for before in was])

    async def _story(self, story_id: str) -> Story | None:
        """The story; None also where its sources took all of it back."""
        return next(iter(await self.statements.stories([story_id])), None)

    async def _not_held(self, story_id: str) -> Outcome | None:
        """Why no alert on the story can be released or withheld; None where it can."""
        story = await self._story(story_id)
        if story is None:
            return Outcome.NO_STORY
        if story.alert is AlertState.HELD:
            return None
        gone = story.alert in {AlertState.RELEASED, AlertState.SENT}
        return Outcome.ALREADY_SENT if gone else Outcome.NOT_WAITING

    async def _told_at(self, story_id: str) -> datetime | None:
        told = await self.outbox.told(story_id)
        return told.at if told else None


def _released_by(rulings: Iterable[Ruling], persons: int, since: datetime | None) -> tuple[frozenset[str], str]:
    """Who said yes and waits for a second person, as compared; and the names of those whose yes was enough last.

    A word of another kind resets it. Yes to what was told since, and what was agreed on already, counts no more.
    """
    names: dict[str, str] = {}
    agreed = ""
    for ruling in rulings:
        if ruling.kind in _ENDS_RELEASE:
            names = {}
        elif since is None or ruling.at > since:
            names |= {same_name(ruling.editor): ruling.editor}
        if len(names) >= persons:
            names, agreed = {}, " and ".join(names.values())
    return frozenset(names), agreed
