"""Every act of an editor leaves one row, also when it was refused or broke off."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from nkwatch.domain.audit import Deed
from nkwatch.domain.passkey import Act
from nkwatch.domain.reading import Urgency
from nkwatch.workflow.acts import Acts
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

    async def release(self, *_: str) -> Ruled:
        return Ruled(Outcome.SAME_PERSON)

    async def stop(self, *_: str) -> Ruled:
        raise ConnectionError

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
    acts = Acts(refusing, stories, refusing, statements, audit, lambda: NOW, lambda words: f"<{len(words)}>")
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
