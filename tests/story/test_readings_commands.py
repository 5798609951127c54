"""Readings as editors keep them from the command line: corrected, read anew, explained."""

from datetime import timedelta

import pytest
from tests.making import NOW, context, entry, finding, polled, reading, sifted, sign_up, snapshot, statement
from tests.story.commands import answered, came_back, invoke, lines, opened, refused, run
from tests.workflow.fakes import FakeClock

from nkwatch.catalogue.labelled import read_labelled
from nkwatch.domain.bounce import BounceKind
from nkwatch.domain.reading import Ask, Evidence, Mention, Quote, Urgency
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.domain.wish import Wish
from nkwatch.reading.stories import Placement, marks

HOUR = timedelta(hours=1)
CAMP = "A prison camp in North Korea holds 3,000 people, survivors said. Guards tortured prisoners at the camp, North Korea denies it."
ADDRESS = "reader@example.org"


async def told(newsroom, name: str, story: str = "", text: str = CAMP, **fields) -> None:
    """A statement that was read by the rules test.1."""
    one = statement(name, title=f"Prison camp in North Korea {name}", text=text)
    await newsroom.statements.record_polls([polled(sifted(one), snapshot=snapshot())])
    made = reading(name, **fields)
    placed = Placement(made, story or name, marks(one)) if made.about_nk else Placement(made)
    await newsroom.statements.record_readings([placed], newsroom.clock())


async def test_correct_shows_before_and_after_and_undo_brings_back_what_was_read(installation):
    async with opened(installation) as newsroom:
        await told(newsroom, "s1")
    arguments = ("correct", "s1", "--themes", "women, refugees", "--urgency", "urgent", "--editor", "Jin")
    dry = await answered(installation, *arguments, "--dry-run")
    made = await answered(installation, *arguments, "--note", "named")
    assert (dry["written"], made["written"]) == (False, True)
    for name in ("before", "after", "alert", "alert_reason"):
        assert dry[name] == made[name]
    read = {"about_nk": True, "themes": ["prisons"], "urgency": "routine", "rules": "test.1"}
    assert made["before"] == read | {"corrected_by": None, "story": "s1"}
    said = {"themes": ["women", "refugees"], "urgency": "urgent", "corrected_by": "Jin"}
    assert made["after"] == made["before"] | said
    assert (made["alert"], made["alert_reason"]) == ("open", "marked urgent by Jin, an editor")
    undone = await answered(installation, "correct", "s1", "--undo", "--editor", "Mina")
    assert (undone["after"], undone["alert"]) == (made["before"], "none")
    listed = await lines(installation, "correct", "--list")
    assert [(c["editor"], c["undo"], c["in_force"], c["note"]) for c in listed] == [
        ("Mina", True, False, ""),
        ("Jin", False, False, "named"),
    ]
    assert listed[1]["read"] == read | {"corrected_by": None}


async def test_a_correction_is_told_to_people_too(installation):
    async with opened(installation) as newsroom:
        await told(newsroom, "s1")
    code, shown, _ = await run(installation, "correct", "s1", "--not-about-nk")
    assert code == 0
    assert "about nk" in shown
    code, shown, _ = await run(installation, "correct", "--list")
    assert "not on North Korea" in shown
    code, shown, _ = await run(installation, "correct", "--count")
    assert "test.1" in shown
    assert "prisons 1" in shown


async def test_what_cannot_be_corrected_is_said_with_what_exists(installation):
    async with opened(installation) as newsroom:
        await told(newsroom, "s1")
        await newsroom.statements.record_polls([polled(sifted(statement("s2")))])
    assert "there are: s1, s2" in await refused(installation, "correct", "s", "--about-nk", code=1)
    assert "not read yet" in await refused(installation, "correct", "s2", "--about-nk", code=1)
    assert "nothing is corrected" in await refused(installation, "correct", "s1", "--undo", code=1)
    theme = await refused(installation, "correct", "s1", "--themes", "camps", code=2)
    assert "no theme is called camps; there are abductions, " in theme
    assert "urgent, notable, routine" in await refused(installation, "correct", "s1", "--urgency", "red", code=2)
    assert "nothing to correct" in await refused(installation, "correct", "s1", code=2)
    assert "--list" in await refused(installation, "correct", code=2)
    assert "--list" in await refused(installation, "correct", "s1", "--list", code=2)
    assert "cannot be written" in await refused(installation, "correct", "--export", "/nowhere/x.jsonl", code=2)
    code, shown, _ = await run(installation, "correct", "--list")
    assert (code, shown) == (0, "nothing was corrected\n")


async def test_corrections_are_exported_as_labelled_statements_and_counted(installation):
    async with opened(installation) as newsroom:
        for name in ("s1", "s2", "s3"):
            await told(newsroom, name)
    await run(installation, "correct", "s1", "--themes", "women,prisons", "--urgency", "notable")
    await run(installation, "correct", "s2", "--not-about-nk")
    await run(installation, "correct", "s3", "--not-about-nk")
    await run(installation, "correct", "s3", "--undo")
    file = installation.folder / "labelled.jsonl"
    assert await answered(installation, "correct", "--export", str(file)) == {"statements": 2, "file": str(file)}
    one, two = read_labelled(file.read_text("utf-8").splitlines(), "labelled.jsonl")
    assert (one.id, one.themes, one.urgency, one.text) == ("s1", ("women", "prisons"), Urgency.NOTABLE, CAMP)
    assert (two.id, two.about_nk, two.themes, two.published) == ("s2", False, (), "2026-11-22")
    (counted,) = await lines(installation, "correct", "--count")
    assert counted == {
        "rules": "test.1",
        "statements": 2,
        "about_nk_gained": 0,
        "about_nk_lost": 1,
        "urgency_raised": 1,
        "urgency_lowered": 0,
        "themes_added": {"women": 1},
        "themes_removed": {"prisons": 1},
    }


async def test_reread_reads_by_the_current_rules_and_keeps_the_old_readings(installation):
    async with opened(installation) as newsroom:
        await told(newsroom, "s1", themes=(finding("religion"),))
        await told(newsroom, "s2", text="A concert in Lyon.", about_nk=False, themes=())
        rules = newsroom.reread.rules
    dry = await answered(installation, "reread", "--dry-run")
    assert await answered(installation, "reread", "--since", "2027-01-01") == dict.fromkeys(dry, 0)
    done = await answered(installation, "reread", "--since", "2026-01-01")
    assert done == dry
    assert (done["statements"], done["themes_changed"]) == (2, 2)
    assert set(done) == {
        "statements",
        "about_nk_gained",
        "about_nk_lost",
        "themes_changed",
        "urgency_raised",
        "urgency_lowered",
    }
    assert (await answered(installation, "reread"))["statements"] == 0
    kept = (await answered(installation, "explain", "s1"))["readings"]
    assert [(r["rules"], r["in_force"]) for r in sorted(kept, key=lambda r: r["in_force"])] == [
        ("test.1", False),
        (rules, True),
    ]
    assert "no date such as" in await refused(installation, "reread", "--since", "soon", code=2)


WORDS = Evidence("text", 2, 13, "prison camp")


async def published(installation) -> FakeClock:
    """A story of two reports, one corrected, went out as an alert and in a digest."""
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        wish = Wish(themes=frozenset({"prisons"}))
        form = sign_up(ADDRESS, Schedule(Rhythm.DAILY, 9, "UTC"), alerts=True, wishes=(wish,))
        await newsroom.subscribe.join(form, Consent("paper", NOW))
        found = {
            "quotes": (Quote(WORDS, "Kim"),),
            "asks": (Ask(WORDS, "China", "CN"),),
            "cases": (Mention(WORDS, "kim"),),
        }
        await told(newsroom, "s1", urgency=Urgency.URGENT, urgency_evidence=(WORDS,), **found)
        await told(newsroom, "s2", "s1")
        await told(newsroom, "s3", about_nk=False, themes=())
        await told(newsroom, "s4")
        clock.forward(hours=3)
        await newsroom.publish()
        edited = (await newsroom.readings.filed("s2")).statement.after(entry("A second title"), NOW + HOUR)
        await newsroom.statements.record_polls([polled(sifted(edited=(edited,)))])
    await run(installation, "correct", "s1", "--themes", "prisons,women", "--editor", "Jin", "--note", "both")
    return clock


async def test_explain_tells_a_statements_whole_way(installation):
    await published(installation)
    told = await answered(installation, "explain", "s1")
    assert (told["kind"], told["statement"]["source"]["role"]) == ("statement", "statement")
    assert (told["statement"]["presence"], told["statement"]["captures"][0]["size"]) == ("shown", 6)
    (read,) = told["readings"]
    assert (read["rules"], read["in_force"], read["urgency"]) == ("test.1", True, "urgent")
    phrase = {"field": "text", "start": 2, "end": 13, "phrase": "prison camp"}
    assert read["urgency_evidence"] == [phrase]
    assert (read["quotes"][0]["words"], read["asks"][0]["country"], read["cases"][0]["key"]) == (phrase, "CN", "kim")
    assert told["in_force"]["corrected_by"] == "Jin"
    assert [(c["note"], c["in_force"]) for c in told["corrections"]] == [("both", True)]
    assert (told["story"]["id"], told["story"]["alert"]) == ("s1", "sent")
    assert told["story"]["alert_reason"] == "a is a primary source that may raise alerts"
    assert "it was published first of 2" in told["story"]["lead"]["why"]
    assert told["not_mailed"] is None
    assert [r["id"] for r in told["story"]["others"]] == ["s2"]
    assert [(b["bulletin"], b["readers"]) for b in told["bulletins"]] == [("alert", 1), ("digest", 1)]
    second = await answered(installation, "explain", "s2")
    assert [r["title"] for r in second["statement"]["revisions"]] == ["Prison camp in North Korea s2"]
    third = await answered(installation, "explain", "s3")
    assert (third["story"], third["bulletins"], third["in_force"]["about_nk"]) == (None, [], False)


async def test_explain_tells_a_bulletin_and_a_delivery_without_any_address(installation):
    await published(installation)
    alert = await answered(installation, "explain", "1")
    digest = await answered(installation, "explain", "2")
    assert (alert["bulletin"], alert["window"], [s["id"] for s in alert["stories"]]) == ("alert", None, ["s1"])
    assert (digest["bulletin"], digest["deliveries"]) == ("digest", {"pending": 1})
    assert digest["window"]["end"] == "2026-11-22T09:00:00Z"
    delivery = await answered(installation, "explain", "delivery:2")
    assert (delivery["bulletin"]["number"], delivery["delivery"]["state"]) == (2, "pending")
    assert {s["id"] for s in delivery["stories"]} == {"s1", "s4"}, "one in full, the other as an alert that went out"
    story = next(s for s in delivery["stories"] if s["id"] == "s4")
    assert story["reasons"] == [{"kind": "theme", "values": ["prisons"]}]
    assert delivery["subscriber"]["wishes"] == [
        {"themes": ["prisons"], "sources": [], "roles": [], "follows": {"words": 0, "cases": 0}}
    ]
    for name in ("s1", "1", "2", "delivery:1", "delivery:2"):
        for arguments in (("explain", name), ("explain", name, "--json")):
            _, shown, said = await run(installation, *arguments)
            assert "example.org" not in shown + said


async def test_explain_tells_what_came_back_of_a_delivery_and_what_it_led_to(installation):
    await published(installation)
    assert (await answered(installation, "explain", "delivery:2"))["came_back"] is None
    async with opened(installation, FakeClock(NOW + timedelta(days=1))) as newsroom:
        await newsroom.bounces.take(came_back(newsroom, 2, BounceKind.SOFT))
    told = await answered(installation, "explain", "delivery:2")
    assert told["came_back"] == {
        "kind": "soft", "at": "2026-11-23T07:00:00Z", "led_to": "nothing yet", "ended_at": None
    }  # fmt: skip
    async with opened(installation, FakeClock(NOW + timedelta(days=2))) as newsroom:
        await newsroom.bounces.take(came_back(newsroom, 2, BounceKind.HARD))
    told = await answered(installation, "explain", "delivery:2")
    at = "2026-11-24T07:00:00Z"
    assert told["came_back"] == {"kind": "hard", "at": at, "led_to": "subscription ended", "ended_at": at}
    assert (await answered(installation, "explain", "2"))["came_back"] == {"hard": 1}
    _, shown, _ = await run(installation, "explain", "delivery:2")
    assert "Came back" in shown
    assert "subscription ended" in shown


async def test_what_explain_tells_is_laid_out_for_people(installation):
    await published(installation)
    _, shown, _ = await run(installation, "explain", "s1")
    for part in ("Statement", "Readings", "Corrections", "Story", "Bulletins", "“prison camp” (text 2-13)", "Jin"):
        assert part in shown
    _, shown, _ = await run(installation, "explain", "delivery:2")
    assert "prisons" in shown


async def test_explain_says_why_a_story_was_not_mailed(installation):
    clock = FakeClock(NOW)
    async with opened(installation, clock) as newsroom:
        old = statement("old", published=NOW - timedelta(days=30))
        await newsroom.statements.record_polls([polled(sifted(old))])
        await newsroom.statements.record_readings([Placement(reading("old"), "old")], NOW)
        await told(newsroom, "fresh")
        await told(newsroom, "film", themes=(context("culture"),))
        await told(newsroom, "off")
        await newsroom.statements.record_polls([polled(sifted(removed=("off",)))])

    async def why(name: str) -> str:
        return (await answered(installation, "explain", name))["not_mailed"]

    assert "has closed yet" in await why("fresh")
    async with opened(installation, clock) as newsroom:
        form = sign_up(ADDRESS, Schedule(Rhythm.DAILY, 9, "UTC"), alerts=False, wishes=(Wish(frozenset({"women"})),))
        await newsroom.subscribe.join(form, Consent("paper", NOW))
        clock.forward(hours=3)
        await newsroom.publish()
    assert "it was old" in await why("old")
    assert "no reader" in await why("fresh")
    assert "no report of it is on human rights" in await why("film")
    assert "none of its reports is shown" in await why("off")


@pytest.mark.parametrize("name", ["nosuch", "17", "delivery:17", "delivery:x", "delivery:", "9" * 40, ""])
async def test_what_is_not_known_is_one_sentence(installation, name):
    async with opened(installation):
        pass
    said = await refused(installation, "explain", name, code=1)
    assert said.startswith("nothing is known under")


@pytest.mark.parametrize("command", ["correct", "reread", "explain"])
def test_every_command_has_help_with_an_example(command):
    code, shown, _ = invoke(command, "--help")
    assert code == 0
    assert f"Example: nkwatch {command}" in " ".join(shown.split())


RESCUE = ("Helicopters lift 4,200 stranded from Sinuiju islands", "The Yalu burst its banks on Saturday.")
REWRITTEN = ("4,200 people lifted from flooded islands off Sinuiju", "Helicopters flew after the Yalu rose.")


async def grouped(newsroom, *told: tuple[str, str, str]) -> None:
    """One story of these statements: id, title and text."""
    for name, title, text in told:
        one = statement(name, title=title, text=text, publisher=f"Publisher {name}")
        await newsroom.statements.record_polls([polled(sifted(one))])
        await newsroom.statements.record_readings([Placement(reading(name), told[0][0], marks(one))], newsroom.clock())


async def test_explain_says_why_a_statement_stands_in_its_story(installation):
    async with opened(installation) as newsroom:
        await grouped(newsroom, ("a", *RESCUE), ("b", *REWRITTEN), ("c", RESCUE[0], f"{RESCUE[1]} More to follow."))
    first = (await answered(installation, "explain", "a"))["grouped"]
    assert (first["as"], first["like"]["id"], first["days"]) == ("reprint", "c", 0)
    assert first["score"] > 0.9
    assert "runs of three words" in first["why"]
    second = (await answered(installation, "explain", "b"))["grouped"]
    assert (second["as"], second["like"]["id"]) == ("report", "a")
    assert second["score"] > 0
    assert {"islands", "sinuiju", "4200"} <= set(second["shared"])
    _, shown, _ = await run(installation, "explain", "b")
    for part in ("Grouped", "Publisher a", "most like this report", "islands, "):
        assert part in shown


async def test_explain_says_that_a_statement_is_alone_or_was_brought_to_its_story(installation):
    async with opened(installation) as newsroom:
        await grouped(newsroom, ("a", *RESCUE))
        await grouped(newsroom, ("x", "Concert delayed", "Many came."), ("y", "Rice is cheap", "Harvest was good."))
        await told(newsroom, "off", about_nk=False, themes=())
    alone = (await answered(installation, "explain", "a"))["grouped"]
    assert alone["why"] == "no other report of its story is shown"
    assert alone["like"] is alone["score"] is alone["shared"] is None
    brought = (await answered(installation, "explain", "x"))["grouped"]
    assert "would stay apart" in brought["why"]
    assert (await answered(installation, "explain", "off"))["grouped"] is None
