"""What editors do with stories and digests: hold, pin, drop, note, translate; send now, and say what was wrong."""

import hashlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from nkwatch.domain.alert import Recipient
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.desk import Marks, Note, Translation
from nkwatch.domain.merging import Merged, Split, Unfit, Word
from nkwatch.domain.subscriber import Rhythm, Subscriber
from nkwatch.workflow.closing import Digested
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.digests import BATCH, Digests
from nkwatch.workflow.ports import Clock, Composer, Desk, Outbox, Statements

#: Longer words of an editor belong on a page of their own (characters, in one language).
LONGEST = 2_000
UNSIGNED = "say who you are: what editors say to readers is signed"

Words = Sequence[tuple[str, str]]
"""What an editor says: language and text, the one written first leads."""


@dataclass(frozen=True, slots=True)
class Marked:
    """A story, and all that editors say of it now."""

    story_id: str
    marks: Marks


@dataclass(frozen=True, slots=True)
class StoryDesk:
    """Words on one story. Each is undone by its counterpart, and said twice it changes nothing more."""

    desk: Desk
    statements: Statements
    clock: Clock

    async def hold(self, story_id: str, editor: str) -> Marked | Refused:
        """Keep a story out of alerts and digests until it is freed."""
        return await self._marked(story_id, done=await self.desk.hold(story_id, editor, self.clock()))

    async def free(self, story_id: str, editor: str) -> Marked | Refused:
        """Let a held story go: it becomes news again."""
        done = await self.desk.free(story_id, editor, self.clock())
        if not done and await self.statements.stories([story_id]):
            return Refused(f"the story {story_id!r} is not held", usage=False)
        return await self._marked(story_id, done=done)

    async def pin(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Let a story lead every digest that holds it, or no longer."""
        return await self._marked(story_id, done=await self.desk.pin(story_id, editor, self.clock(), on=on))

    async def drop(self, story_id: str, editor: str, *, on: bool = True) -> Marked | Refused:
        """Keep a story out of every digest, or no longer."""
        return await self._marked(story_id, done=await self.desk.drop(story_id, editor, self.clock(), on=on))

    async def note(self, story_id: str, words: Words, editor: str) -> Marked | Refused:
        """Put words beside a story, signed; none take them away."""
        if problem := _problem(words, editor) if words else "":
            return Refused(problem)
        note = _note(words, editor, self.clock()) if words else None
        return await self._marked(story_id, done=await self.desk.note(story_id, note, self.clock()))

    async def merge(
        self, into_id: str, other_ids: Sequence[str], editor: str, why: str = "", *, dry: bool = False
    ) -> Merged | Unfit:
        """Let one story take in others: all that is known under their ids is found in it; with `dry` only say it."""
        return await self.desk.merge(into_id, other_ids, Word(editor, self.clock(), why.strip()), dry=dry)

    async def split(
        self, statement_ids: Sequence[str], editor: str, why: str = "", *, news: bool = False, dry: bool = False
    ) -> Split | Unfit:
        """Let statements of one story make a story of their own; with `dry` only say what that comes to.

        With `news` it is news again for who did not have it.
        """
        return await self.desk.split(statement_ids, Word(editor, self.clock(), why.strip()), news=news, dry=dry)

    async def translate(
        self, statement_id: str, language: str, title: str, text: str, editor: str
    ) -> Translation | Refused:
        """Keep a translation, signed; an empty title and text take it away."""
        given = Translation(statement_id, language, title.strip(), text.strip(), editor, self.clock())
        if given.text and not given.title:
            return Refused("a translation needs a title: digests tell most stories by it")
        if given.title and not editor.strip():
            return Refused(UNSIGNED)
        if not await self.desk.translate(given):
            return Refused(f"no statement has the id {statement_id!r}", usage=False)
        return given

    async def _marked(self, story_id: str, *, done: bool) -> Marked | Refused:
        if not done:
            return Refused(f"no story has the id {story_id!r}", usage=False)
        found = await self.statements.stories([story_id])
        # a story none of whose reports is shown any more may be marked all the same
        return Marked(story_id, found[0].marks if found else Marks())


@dataclass(frozen=True, slots=True)
class Corrected:
    """A correction of a digest. `readers` got that digest or may have got it, `told` are those who are told now.

    `lacking` are those whose mail could not be composed: the same words tell them once the template is right.
    `public` says that the archive shows this digest, and these words above it.
    """

    readers: int
    told: int = 0
    lacking: int = 0
    public: bool = False


@dataclass(frozen=True, slots=True)
class DigestDesk:
    """What editors do with digests. For previews and tests there are `Proofs`."""

    digests: Digests
    outbox: Outbox
    composer: Composer
    composing: Composing
    clock: Clock

    async def send_now(self, rhythm: Rhythm, *, dry: bool = False) -> Digested | Refused:
        """Send the digests of this rhythm now; with `dry` only say what would be sent."""
        if rhythm is Rhythm.NONE:
            return Refused("who has no rhythm gets no digests")
        return await self.digests.ahead(rhythm, dry=dry)

    async def correct_digest(self, number: int, words: Words, editor: str, *, dry: bool = False) -> Corrected | Refused:
        """Tell everybody who got the digest of this number, or may have got it, what was wrong in it.

        Where the archive shows it, the words stand there, too. The same words again tell only those who got the digest
        since. With `dry` nobody is told.
        """
        if problem := _problem(words, editor):
            return Refused(problem)
        if await self.outbox.alerts([number]):
            return Refused(f"bulletin {number} is an alert: see `nkwatch alert correct --help`")
        readers = told = lacking = 0
        tell, public = _Telling(self, number, _note(words, editor, self.clock())), await self.outbox.shows(number)
        if public and not dry:
            await tell.everybody()
        async for batch in self._recipients(number):
            readers += len(batch)
            if not dry:
                written, wrong = await tell(batch)
                told, lacking = told + written, lacking + wrong
        if not (readers or public):
            return Refused(f"nobody has got a digest with the number {number}", usage=False)
        return Corrected(readers, told, lacking, public)

    async def affected(self, number: int) -> Corrected | None:
        """Whom a correction of the digest of this number would reach now; None where there is nothing to correct."""
        alert = await self.outbox.alerts([number])
        readers = 0 if alert else sum([len(batch) async for batch in self._recipients(number)])
        public = await self.outbox.shows(number)
        return Corrected(readers, public=public) if readers or public else None

    async def _recipients(self, number: int) -> AsyncIterator[Sequence[Recipient]]:
        after = ""
        while batch := await self.outbox.recipients([number], after, BATCH):
            after = batch[-1].subscriber.id
            yield batch


@dataclass(frozen=True, slots=True)
class _Telling:
    """Tells readers of a digest what was wrong in it."""

    desk: DigestDesk
    corrected: int
    note: Note

    async def everybody(self) -> None:
        """Tell whoever looks at it in the archive."""
        await self.desk.outbox.enqueue(self._mailing)

    async def __call__(self, batch: Sequence[Recipient]) -> tuple[int, int]:
        """How many of them are told now, and how many could not be."""
        mailing, parts = self._mailing, self.desk
        kind = mailing.kind
        number = await parts.outbox.number(mailing.key, kind, mailing.date)

        def addressed(reader: Subscriber, answers: str) -> Addressed:
            edition = reader.choice.edition
            composition = parts.composer.correction(kind, number, self.corrected, self.note, None, edition)
            return Addressed(reader, composition, parts.composer.slots(reader.choice), answers)

        wanted = [(r.subscriber, r.message_id) for r in batch]
        deliveries, lacking = parts.composing("correction not composed", wanted, addressed)
        return await parts.outbox.enqueue(replace(mailing, deliveries=deliveries)) or 0, len(lacking)

    @property
    def _mailing(self) -> Mailing:
        """To nobody yet. Its key is the same for the same words, whoever says them again and when."""
        said = hashlib.sha256(repr(self.note.words).encode()).hexdigest()
        key = f"correction of {self.corrected} {said[:16]}"
        kind, now = BulletinKind.DIGEST_CORRECTION, self.note.at
        return Mailing(key, kind, now, answers=self.corrected, note=self.note)


def _note(words: Words, editor: str, now: datetime) -> Note:
    return Note(tuple((language, text.strip()) for language, text in words), editor.strip(), now)


def _problem(words: Words, editor: str) -> str:
    """Why this cannot be said to readers; empty where it can."""
    languages = [language for language, _ in words]
    problems = (
        (not words, "say something: give a language and what readers are told in it"),
        (not editor.strip(), UNSIGNED),
        (any(not text.strip() for _, text in words), "there is a language without words"),
        (len(set(languages)) < len(languages), "there is a language twice"),
        (any(len(text) > LONGEST for _, text in words), f"more than {LONGEST} characters: tell the rest on a page"),
    )
    return next((why for applies, why in problems if applies), "")
