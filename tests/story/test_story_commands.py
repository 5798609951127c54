"""What editors do by command is audited as what they do at their desk."""

import json

import pytest
from sqlalchemy import update
from tests.making import NOW, placement, polled, sifted, statement
from tests.story.commands import SOURCE, answered, done, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Presence
from nkwatch.store import schema

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
    assert "no alert on this story" in await refused(waiting, "alert", command, *said, "--dry-run")
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


async def test_what_is_done_with_digests_and_translations_stands_in_the_audit_and_what_was_tried_does_not(waiting):
    said = ("--say", f"en={WORDS}")
    await done(waiting, "digest", "send", "--rhythm", "daily", "--dry-run")
    await refused(waiting, "digest", "correct", "7", *said, "--dry-run")
    assert await audited(waiting) == []
    await done(waiting, "digest", "send", "--rhythm", "daily")
    await refused(waiting, "digest", "correct", "7", *said)
    await done(waiting, "digest", "translate", "s1", "--language", "ko", "--title", WORDS)
    rows = await audited(waiting)
    assert [(act, thing, editor, after["outcome"]) for act, thing, editor, _, after in rows] == [
        ("send digests now", "daily", "Ann", "done"),
        ("correct digest", "7", "Ann", "refused"),
        ("translate", "s1", "Ann", "done"),
    ]
    assert WORDS not in str(rows)


async def test_redactions_stand_in_the_audit_by_their_numbers_alone(waiting):
    name = ("--editor", "Ann", "--reason", WORDS, "--yes")
    await done(waiting, "redact", "person", "Ri Un-yong", *name)
    await done(waiting, "redact", "lift", "1", "--editor", "Ann")
    await refused(waiting, "redact", "lift", "1", "--editor", "Ann")
    await done(waiting, "redact", "statement", "s1", *name)
    rows = await audited(waiting)
    assert [(act, thing, after["outcome"]) for act, thing, _, _, after in rows] == [
        ("redact", "person", "done"),
        ("lift redaction", "redaction 1", "done"),
        ("lift redaction", "redaction 1", "refused"),
        ("redact", "statement s1", "done"),
    ]
    assert [rows[0][4]["redaction"], rows[3][4]["redaction"]] == [1, 2]
    assert "Un-yong" not in str(rows)


async def test_pages_of_cases_stand_in_the_audit_without_a_name(waiting):
    await refused(waiting, "case", "open", "kim ok", "--heading", "A fisherman", "--words", "Held.")
    await refused(waiting, "case", "close", "kim ok")
    opened_, closed = await audited(waiting)
    assert (opened_[0], closed[0], opened_[1] == closed[1]) == ("open case", "close case", True)
    assert "kim" not in str([opened_, closed])


async def test_what_an_editor_says_of_a_deleted_statement_stands_in_the_audit(waiting):
    async with opened(waiting, FakeClock(NOW)) as newsroom:
        change = update(schema.statement).values(presence=Presence.MISSING)
        await newsroom.database.write(lambda c: c.execute(change))
    await done(waiting, "statements", "keep", "s1", "--by", "ann")
    code, *_ = await run(waiting, "statements", "hide", "nosuch")
    assert code == 1
    assert [(act, thing, editor, after["outcome"]) for act, thing, editor, _, after in await audited(waiting)] == [
        ("keep statement", "s1", "Ann", "done"),
        ("hide statement", "nosuch", "Ann", "refused"),
    ]


async def test_whom_alerts_are_trusted_to_stands_in_the_audit(waiting):
    await done(waiting, "alert", "trust", "a", "--yes", "--dry-run")
    assert await audited(waiting) == []
    await done(waiting, "alert", "trust", "a", "--yes")
    await done(waiting, "alert", "trust", "a", "--off")
    assert [(act, thing, editor, after) for act, thing, editor, _, after in await audited(waiting)] == [
        ("trust source", "a", "command line", {"trusted": True}),
        ("trust source", "a", "command line", {"trusted": False}),
    ]
