"""What editors do by command is audited as what they do at their desk."""

import json

import pytest
from tests.making import NOW, placement, polled, sifted, statement
from tests.story.commands import SOURCE, answered, done, lines, opened, refused
from tests.workflow.fakes import FakeClock

from nkwatch.domain.reading import Urgency

EDITORS = '\n[[editor]]\nname = "Ann"\naddress = "ann@watch.example"\n'
WORDS = "It happened in Tumen"


@pytest.fixture
async def waiting(installation):
    """An installation with a story whose alert waits."""
    installation.write(port=2, more=SOURCE.replace("alerts = true", "alerts = false") + EDITORS)
    async with opened(installation, FakeClock(NOW)) as newsroom:
        one = statement("s1", title="Prison camp in North Korea")
        await newsroom.statements.record_polls([polled(sifted(one))])
        await newsroom.statements.record_readings([placement(one, "s1", urgency=Urgency.URGENT)], NOW)
        await newsroom.publish()
    return installation


async def audited(installation) -> list[tuple[str, str, str, dict, dict]]:
    """Act, thing, editor, what was so before and after of each row, the first first."""
    rows = sorted(await lines(installation, "audit"), key=lambda row: row["number"])
    assert (await answered(installation, "audit", "--verify"))["whole"]
    return [(r["act"], r["thing"], r["editor"], json.loads(r["before"]), json.loads(r["after"])) for r in rows]


@pytest.mark.parametrize(
    ("command", "act", "outcome"),
    [
        (("release",), "release", "released"),
        (("withhold",), "withhold", "withheld"),
        (("stop",), "stop", "stopped"),
    ],
)
async def test_a_ruling_by_command_stands_in_the_audit(waiting, command, act, outcome):
    made = await answered(waiting, "alert", *command, "s1", "--by", "ann", "--note", WORDS)
    assert made["outcome"] == outcome
    ((was, thing, editor, before, after),) = await audited(waiting)
    assert (was, thing, editor, before["alert"], after["outcome"]) == (act, "s1", "Ann", "held", outcome)
    assert after["alert"] != "held"


@pytest.mark.parametrize(("command", "act"), [("withdraw", "withdraw"), ("correct", "correct")])
async def test_taking_back_by_command_stands_in_the_audit_also_where_it_was_refused(waiting, command, act):
    said = ("s1", "--by", "Ann", "--say", f"en={WORDS}")
    assert "nothing to take back" in await refused(waiting, "alert", command, *said)
    ((was, thing, editor, before, after),) = await audited(waiting)
    assert (was, thing, editor, after["outcome"]) == (act, "s1", "Ann", "never-told")
    assert before["alert"] == after["alert"] == "held"
    await done(waiting, "alert", command, *said, "--dry-run")
    assert len(await audited(waiting)) == 1, "what was only tried is no act"


@pytest.mark.parametrize("mark", ["hold", "pin", "drop"])
async def test_a_mark_by_command_stands_in_the_audit_and_so_does_taking_it_back(waiting, mark):
    column = {"hold": "held", "pin": "pinned", "drop": "dropped"}[mark]
    assert (await answered(waiting, "digest", mark, "s1"))[column] is True
    assert (await answered(waiting, "digest", mark, "s1", "--off"))[column] is False
    rows = await audited(waiting)
    assert [row[:3] for row in rows] == [(mark, "s1", "Ann")] * 2
    assert [(before[column], after[column]) for *_, before, after in rows] == [(False, True), (True, False)]


async def test_freeing_a_story_that_is_not_held_is_refused_and_audited_as_refused(waiting):
    assert "is not held" in await refused(waiting, "digest", "hold", "s1", "--off")
    ((was, *_, after),) = await audited(waiting)
    assert (was, after["outcome"]) == ("hold", "refused")


async def test_a_note_stands_in_the_audit_without_its_words(waiting):
    await done(waiting, "digest", "note", "s1", "--say", f"en={WORDS}")
    await done(waiting, "digest", "note", "s1", "--off")
    noted, taken_back = await audited(waiting)
    assert noted[0] == taken_back[0] == "note"
    assert noted[4]["note"] == taken_back[3]["note"] != ""
    assert noted[3]["note"] == taken_back[4]["note"] == ""
    assert WORDS not in str([noted, taken_back])


async def test_a_corrected_reading_stands_in_the_audit_and_one_that_was_only_tried_does_not(waiting):
    corrected = ("correct", "s1", "--themes", "women", "--urgency", "routine", "--editor", "Jin", "--note", WORDS)
    await done(waiting, *corrected, "--dry-run")
    assert await audited(waiting) == []
    await done(waiting, *corrected)
    await refused(waiting, "correct", "nosuch", "--about-nk", "--editor", "Jin")
    ((was, thing, editor, before, after),) = await audited(waiting)
    assert (was, thing, editor) == ("correct reading", "s1", "Jin")
    assert (before["urgency"], after["urgency"], after["themes"]) == ("urgent", "routine", "women")
    assert WORDS not in str(after)
