"""``nkwatch story``: two stories put together and taken apart again on the command line, and what is said of them."""

import json
from datetime import UTC, datetime

import pytest
from tests.making import placement, polled, prose, sifted, statement
from tests.story.commands import SOURCE, answered, done, lines, opened, refused
from tests.story.test_desk_commands import EDITORS


@pytest.fixture
async def stories(installation):
    """An installation with the stories `s1` and `s2`, and `s3` in the second."""
    installation.write(port=2, more=SOURCE + EDITORS)
    now = datetime.now(UTC)
    async with opened(installation, lambda: now) as newsroom:
        for name, story in (("s1", "s1"), ("s2", "s2"), ("s3", "s2")):
            one = statement(name, title=f"A march {name}", text=prose(name), published=now, first_seen=now)
            await newsroom.statements.record_polls([polled(sifted(one))])
            await newsroom.statements.record_readings([placement(one, story)], now)
    return installation


async def standing(installation, story: str) -> list[str]:
    told = await answered(installation, "story", "show", story)
    return [one["id"] for one in told["statements"]]


async def test_stories_are_merged_and_a_dry_run_only_says_so(stories):
    what = ("story", "merge", "s1", "https://watch.example/stories/s2", "--by", "Ann", "--note", "one march")
    told = {"into": "s1", "stories": ["s2"], "statements": ["s2", "s3"], "alerts_ended": []}
    assert await answered(stories, *what, "--dry-run") == told | {"written": False}
    assert await standing(stories, "s1") == ["s1"]
    assert await answered(stories, *what) == told | {"written": True}
    assert await standing(stories, "s1") == await standing(stories, "s2") == ["s1", "s2", "s3"]
    (row,) = await lines(stories, "audit")
    assert (row["act"], row["thing"], row["editor"]) == ("merge", "s1", "Ann")
    assert "march" not in row["after"]


async def test_what_came_with_a_story_is_split_off_again(stories):
    await done(stories, "story", "merge", "s1", "s2", "--by", "Ann")
    what = ("story", "split", "s2", "s3", "--by", "Ben", "--note", "another march")
    told = {
        "story": "s2",
        "of": "s1",
        "statements": ["s2", "s3"],
        "reopened": True,
        "news": False,
        "alert_asked": False,
    }
    assert await answered(stories, *what, "--dry-run") == told | {"written": False}
    assert await standing(stories, "s2") == ["s1", "s2", "s3"]
    assert await answered(stories, *what) == told | {"written": True}
    assert (await standing(stories, "s1"), await standing(stories, "s2")) == (["s1"], ["s2", "s3"])
    rows = sorted(await lines(stories, "audit"), key=lambda row: row["number"])
    assert [(row["act"], row["thing"], row["editor"]) for row in rows] == [
        ("merge", "s1", "Ann"),
        ("split", "s2 s3", "Ben"),
    ]
    assert json.loads(rows[1]["after"])["story"] == "s2"


async def test_as_news_it_is_freed_now(stories):
    assert (await answered(stories, "story", "split", "s3", "--by", "Ann", "--news"))["news"] is True
    told = await answered(stories, "story", "show", "s3")
    assert told["freed_at"] is not None


async def test_explain_says_where_a_story_went_and_what_was_split_off(stories):
    await done(stories, "story", "merge", "s1", "s2", "--by", "Ann")
    told = await answered(stories, "explain", "s2")
    assert (told["merged"]["into"], told["merged"]["by"], told["story"]["id"]) == ("s1", "Ann", "s1")
    shown = await answered(stories, "story", "show", "s2")
    assert (shown["id"], shown["asked_for"], [one["id"] for one in shown["took_in"]]) == ("s1", "s2", ["s2"])
    assert "Took in" in await done(stories, "story", "show", "s1")
    await done(stories, "story", "split", "s3", "--by", "Ann")
    told = await answered(stories, "explain", "s3")
    assert told["statement"]["split_off_from"] == ["s1"]
    assert [one["what"] for one in told["editors"]["marked"]] == ["split off from s1"]


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("merge", "s1", "s1"), "cannot go into itself"),
        (("merge", "s1", "nosuch"), "no story with the id 'nosuch'"),
        (("split", "nosuch"), "no statement with the id 'nosuch'"),
        (("split", "s2"), "gave the story its name"),
        (("split", "s1", "s3"), "stand in several stories"),
        (("show", "nosuch"), "no story has the id 'nosuch'"),
    ],
)
async def test_what_cannot_be_is_said_with_what_to_do_instead(stories, command, said):
    by = () if command[0] == "show" else ("--by", "Ann")
    assert said in await refused(stories, "story", *command, *by)
    assert await standing(stories, "s2") == ["s2", "s3"]


async def test_a_merged_story_is_named_no_more_but_leads_on(stories):
    await done(stories, "story", "merge", "s1", "s2", "--by", "Ann")
    assert "s2 was merged into s1 already" in await refused(stories, "story", "merge", "s2", "s1", "--by", "Ann")
    pinned = await answered(stories, "digest", "pin", "s2", "--by", "Ann")
    assert (pinned["story"], pinned["pinned"]) == ("s1", True)


async def test_who_says_so_must_be_an_editor_of_the_settings(stories):
    for what in (("merge", "s1", "s2"), ("split", "s3")):
        assert "no editor is called 'Eve'" in await refused(stories, "story", *what, "--by", "Eve", code=2)
