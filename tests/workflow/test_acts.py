"""Every act of an editor leaves one row, also when it was refused or broke off."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from nkwatch.domain.audit import Deed
from nkwatch.domain.passkey import Act
from nkwatch.domain.reading import Urgency
from nkwatch.domain.subscriber import Rhythm
from nkwatch.workflow.acts import Acts
from nkwatch.workflow.closing import Digested
from nkwatch.workflow.correct import Refused, Said
from nkwatch.workflow.desk import StoryDesk
from nkwatch.workflow.ruled import Outcome, Ruled
from tests.making import NOW, placement, polled, sifted, statement
from tests.workflow.memory import Memory, MemoryDesk, MemoryStatements

WORDS = (("en", "The hearing is on Friday."),)


@dataclass
class Deeds:
    """An audit that keeps what it is given."""

    deeds: list[Deed] = field(default_factory=list)

    async def write(self, deed: Deed) -> Any:
        self.deeds.append(deed)


class Refusing:
    """Rulings that are not taken, and corrections neither."""

    async def release(self, *_: str, **__: str) -> Ruled:
        return Ruled(Outcome.SAME_PERSON)

    async def stop(self, *_: str, **__: str) -> Ruled:
        raise ConnectionError

    async def correct_digest(self, number: int, *_: object) -> Refused:
        return Refused(f"nobody has got {number}")

    async def send_now(self, rhythm: Rhythm) -> Digested:
        return Digested(deliveries=len(rhythm))

    async def __call__(self, statement_id: str, said: Said) -> Refused:
        return Refused(f"{said.editor} may not correct {statement_id}")


@pytest.fixture
async def desk() -> tuple[Acts, list[Deed]]:
    """What editors do with one story, `s1`, and the rows that tell of it."""
    memory, audit = Memory({}), Deeds()
    statements = MemoryStatements(memory)
    one = statement("s1")
    await statements.record_polls([polled(sifted(one))])
    await statements.record_readings([placement(one, "s1", urgency=Urgency.URGENT)], NOW)
    stories = StoryDesk(MemoryDesk(memory), statements, lambda: NOW)
    refusing: Any = Refusing()
    acts = Acts(refusing, stories, refusing, refusing, statements, audit, lambda: NOW, lambda words: f"<{len(words)}>")
    return acts, audit.deeds


async def test_a_mark_is_told_as_it_was_and_as_it_is(desk):
    acts, deeds = desk
    await acts.pin("s1", "Ann")
    (deed,) = deeds
    assert (deed.act, deed.thing, deed.editor, deed.at) == (Act.PIN, "s1", "Ann", NOW)
    assert (deed.before["pinned"], deed.after["pinned"], deed.after["outcome"]) == (False, True, "done")


async def test_a_ruling_that_was_not_taken_is_told_with_its_reason(desk):
    acts, deeds = desk
    assert (await acts.release("s1", "Ann", "two calls")).outcome is Outcome.SAME_PERSON
    assert (deeds[0].after["outcome"], deeds[0].after["words"]) == ("same-person", "<9>")


async def test_an_act_that_broke_off_is_told_as_failed(desk):
    acts, deeds = desk
    with pytest.raises(ConnectionError):
        await acts.stop("s1", "Ann")
    assert (deeds[0].act, deeds[0].after["outcome"]) == (Act.STOP, "failed")
    assert "words" not in deeds[0].after


async def test_of_a_story_that_is_not_there_nothing_is_told_but_the_refusal(desk):
    acts, deeds = desk
    assert isinstance(await acts.drop("nosuch", "Ann"), Refused)
    assert (deeds[0].before, deeds[0].after) == ({}, {"outcome": "refused"})


async def test_words_of_a_note_are_told_as_a_hash_alone(desk):
    acts, deeds = desk
    await acts.note("s1", WORDS, "Ann")
    assert deeds[0].after["note"].startswith("<")
    assert "hearing" not in str(deeds)


async def test_a_reading_that_was_not_corrected_leaves_no_row(desk):
    acts, deeds = desk
    assert isinstance(await acts.read("s1", Said("Ann", about_nk=True)), Refused)
    assert deeds == []


async def test_a_translation_is_told_with_its_language_and_taking_it_away_without_words(desk):
    acts, deeds = desk
    await acts.translate("s1", "ko", "수용소", "", "Ann")
    await acts.translate("s1", "ko", "", "", "Ann")
    assert isinstance(await acts.translate("nosuch", "ko", "수용소", "", "Ann"), Refused)
    given, taken, refused = (d.after for d in deeds)
    assert (given["language"], given["words"], given["outcome"]) == ("ko", "<4>", "done")
    assert taken == {"language": "ko", "outcome": "done"}
    assert (deeds[2].thing, refused["outcome"]) == ("nosuch", "refused")


async def test_what_is_done_with_digests_is_told_with_what_came_of_it(desk):
    acts, deeds = desk
    await acts.send_now(Rhythm.DAILY, "Ann")
    await acts.correct_digest(7, WORDS, "Ann")
    assert [(d.act, d.thing, d.after["outcome"]) for d in deeds] == [
        (Act.SEND_NOW, "daily", "done"), (Act.CORRECT_DIGEST, "7", "refused"),
    ]  # fmt: skip
    assert (deeds[0].after["deliveries"], deeds[1].after["words"][0]) == (5, "<")


async def test_an_act_on_what_is_not_there_is_told_as_refused(desk):
    acts, deeds = desk

    async def nothing() -> bool:
        return False

    assert not await acts.noted(Act.LIFT, "redaction 3", "Ann", nothing())
    assert deeds[0].after == {"outcome": "refused"}


async def test_merging_and_splitting_are_told_with_what_went_where(desk):
    acts, deeds = desk
    await stories(acts, "s2", "s3")
    await acts.merge("s1", ["s2", "s3"], "Ann", "one march")
    await acts.split(["s2"], "Ben", news=True)
    await acts.merge("s1", ["s1"], "Ann")
    merged, split, refused = deeds
    assert (merged.act, merged.thing, merged.before["alert"]) == (Act.MERGE, "s1", "open")
    told = {name: merged.after[name] for name in ("stories", "statements", "outcome", "words")}
    assert told == {"stories": "s2 s3", "statements": 2, "outcome": "done", "words": "<9>"}
    assert (split.act, split.thing, split.editor) == (Act.SPLIT, "s2", "Ben")
    assert split.after == {"outcome": "done", "story": "s2", "of": "s1", "news": True}
    assert refused.after["outcome"] == "itself"


async def test_what_is_done_to_a_merged_story_is_done_to_the_one_into_which_it_went(desk):
    acts, deeds = desk
    await stories(acts, "s2")
    await acts.merge("s2", ["s1"], "Ann")
    done = await acts.pin("s1", "Ann")
    assert (done.story_id, done.marks.pinned) == ("s2", True)
    assert deeds[-1].thing == "s2"


async def stories(acts: Acts, *names: str) -> None:
    """More stories of one statement each."""
    told: Any = acts.statements
    for name in names:
        one = statement(name)
        await told.record_polls([polled(sifted(one))])
        await told.record_readings([placement(one)], NOW)
