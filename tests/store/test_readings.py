"""Readings that are kept, corrections and rereadings: what follows for stories and alerts (promises 1, 5 and 7)."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Corrected, Correction
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Ask, Evidence, Headcount, Mention, MentionKind, Quote, Sighting, Urgency
from nkwatch.domain.story import AlertState
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.stories import Placement, marks
from nkwatch.store import schema
from tests.making import NOW, context, entry, finding, placement, polled, prose, reading, sifted, state, statement
from tests.store.conftest import Stores

HOUR = timedelta(hours=1)
LONG_AGO = NOW - timedelta(days=400)
RIGHTS = ThemeKind.RIGHTS


async def told(stores: Stores, *names: str, story: str = "", **fields: Any) -> None:
    """Statements that were read, in stories of their own unless one is named."""
    for name in names:
        one = statement(name, text=prose(name))
        await stores.statements.record_polls([polled(sifted(one))])
        await stores.statements.record_readings([read(name, story, **fields)], NOW)


def read(name: str, story: str = "", **fields: Any) -> Placement:
    """A reading of this statement; without a story when it is not on North Korea."""
    made = placement(statement(name, text=prose(name)), story, **fields)
    return made if made.reading.about_nk else Placement(made.reading)


def said(name: str = "s1", **fields: Any) -> Correction:
    """What Jin said."""
    return Correction(**({"statement_id": name, "revision": 1, "rules": "test.1", "at": NOW, "editor": "Jin"} | fields))


async def correct(stores: Stores, name: str = "s1", home: str = "", now: datetime = NOW, **fields: Any) -> None:
    """Jin says something of a statement."""
    found = marks(statement(name, text=prose(name)))
    assert await stores.readings.record_correction(said(name, at=now, **fields), home, found, now)


async def reread(stores: Stores, *readings: Placement, now: datetime = NOW, news_from: datetime = LONG_AGO) -> None:
    """The rules test.2 read these statements."""
    anew = [replace(p, reading=replace(p.reading, rules="test.2")) for p in readings]
    await stores.readings.record_anew(anew, now, news_from)


async def close(stores: Stores, until: datetime) -> None:
    """Windows are closed up to there."""
    await stores.subscribers.announce_closing(until)


async def alert(stores: Stores, story_id: str = "s1") -> tuple[AlertState, str]:
    """The alert of a story."""
    (story,) = await stores.statements.stories([story_id])
    return story.alert, story.alert_reason


async def readings(stores: Stores, story_id: str = "s1") -> dict[str, Any]:
    """The readings in force of a story's reports."""
    return {r.statement.id: r.reading for s in await stores.statements.stories([story_id]) for r in s.reports}


# Keeping


async def test_a_reading_comes_back_whole(stores: Stores) -> None:
    words = Evidence("text", 3, 9, "인용")
    made = reading(
        language="ko",
        quotes=(Quote(words, "Kim", "director"), Quote(words)),
        asks=(Ask(words, "China", "CN", "by May"),),
        cases=(Mention(words, "kim dong chul"), Mention(words, "families", MentionKind.GROUP)),
        released_by="Camp Watch",
        release_evidence=(words,),
        dangers=(Sighting("detention", words),),
        places=(Sighting("kp.ryanggang.hyesan", words),),
        people=(Headcount(7, words),),
    )
    await stores.statements.record_polls([polled(sifted(statement("s1")))])
    await stores.statements.record_readings([Placement(made, "s1")], NOW)
    filed = await stores.readings.filed("s1")
    assert filed.reading == made
    assert (filed.story_id, filed.correction, filed.statement.language) == ("s1", None, "ko")


async def test_what_was_not_read_or_is_not_there_has_no_reading(stores: Stores) -> None:
    await stores.statements.record_polls([polled(sifted(statement("s1")))])
    assert await stores.readings.filed("s1") is None
    assert await stores.readings.filed("gone") is None
    assert not await stores.readings.record_correction(said("s1", about_nk=False), "", (), NOW)


async def test_a_reading_of_an_older_version_lacks_what_was_not_looked_for(durable: Stores) -> None:
    await told(durable, "s1")
    old = {"relevance": 1.5, "relevance_evidence": [], "themes": [], "urgency_evidence": []}
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.reading).values(findings=old))
    found = (await durable.readings.filed("s1")).reading
    assert (found.quotes, found.asks, found.cases, found.released_by, found.language) == ((), (), (), "", "en")
    assert (found.dangers, found.places, found.people) == ((), (), ())


# Correcting


async def test_a_correction_is_in_force_in_stories_and_on_the_editors_desk(stores: Stores) -> None:
    await told(stores, "s1")
    await correct(stores, themes=(("women", RIGHTS), ("security", ThemeKind.CONTEXT)), urgency=Urgency.NOTABLE)
    found = (await readings(stores))["s1"]
    assert isinstance(found, Corrected)
    assert [(f.code, f.kind) for f in found.themes] == [("women", RIGHTS), ("security", ThemeKind.CONTEXT)]
    assert (found.urgency, found.correction.editor) == (Urgency.NOTABLE, "Jin")
    filed = await stores.readings.filed("s1")
    assert (filed.in_force, filed.reading.themes) == (found, (finding(),))


async def test_corrections_add_up_until_they_are_taken_back(stores: Stores) -> None:
    await told(stores, "s1")
    await correct(stores, themes=())
    await correct(stores, urgency=Urgency.NOTABLE, note="second", now=NOW + HOUR)
    found = (await readings(stores))["s1"]
    assert (found.themes, found.urgency) == ((), Urgency.NOTABLE)
    await correct(stores)
    assert (await readings(stores))["s1"] == read("s1").reading
    every = await stores.readings.corrections("s1")
    assert [f.correction.undoes for f in every] == [True, False, False]
    assert [f.correction.note for f in every] == ["", "second", ""]
    assert await stores.readings.in_force() == []
    assert await stores.readings.corrections("s2") == []


async def test_corrections_stand_beside_the_reading_that_they_corrected(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await correct(stores, urgency=Urgency.NOTABLE)
    await reread(stores, read("s1", themes=()), read("s2"))
    (in_force,) = await stores.readings.in_force()
    assert (in_force.reading, in_force.correction.rules) == (read("s1").reading, "test.1")
    assert in_force.in_force.urgency is Urgency.NOTABLE
    assert (await stores.readings.corrections()) == [in_force]


async def test_taken_off_north_korea_a_statement_leaves_its_story_which_keeps_its_id(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", story="s1")
    await correct(stores, about_nk=False)
    (story,) = await stores.statements.stories(["s1"])
    assert (story.id, [r.statement.id for r in story.reports]) == ("s1", ["s2"])
    assert (await stores.readings.filed("s1")).story_id == ""
    found = await stores.statements.placed(marks(statement("s1", text=prose("s1"))), LONG_AGO)
    assert [p.statement.id for p in found if p.statement.id == "s1"] == []


async def test_a_story_without_reports_is_not_shown_and_comes_back_with_an_undo(stores: Stores) -> None:
    await told(stores, "s1")
    await correct(stores, about_nk=False)
    assert await stores.statements.stories(["s1"]) == []
    assert await stores.statements.ready_between(Window(NOW - HOUR, NOW + HOUR)) == []
    await correct(stores)
    assert list(await readings(stores)) == ["s1"]


async def test_what_comes_back_before_anybody_had_it_is_news_behind_every_closed_window(stores: Stores) -> None:
    await told(stores, "s1")
    await correct(stores, about_nk=False)
    await close(stores, NOW + 2 * HOUR)
    await correct(stores, now=NOW + HOUR)
    (story,) = await stores.statements.stories(["s1"])
    assert story.ready_at == NOW + 2 * HOUR


async def test_what_readers_may_have_had_is_not_sent_again_when_it_comes_back(stores: Stores) -> None:
    await told(stores, "s1")
    await close(stores, NOW + HOUR)
    await correct(stores, about_nk=False, now=NOW + 2 * HOUR)
    await correct(stores, now=NOW + 3 * HOUR)
    (story,) = await stores.statements.stories(["s1"])
    assert story.ready_at == NOW


async def test_brought_on_north_korea_a_statement_joins_the_story_that_fits_or_opens_its_own(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", "s3", about_nk=False)
    await close(stores, NOW + HOUR)
    await correct(stores, "s2", home="s1", about_nk=True)
    await correct(stores, "s3", about_nk=True)
    assert set(await readings(stores)) == {"s1", "s2"}
    (story,) = await stores.statements.stories(["s3"])
    assert (story.ready_at, story.alert) == (NOW + HOUR, AlertState.NONE)
    found = await stores.statements.placed(marks(statement("s3", text=prose("s3"))), LONG_AGO)
    assert ("s3", "s3") in [(p.statement.id, p.story_id) for p in found]


async def test_what_stands_in_a_story_stays_there_whichever_is_named(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await correct(stores, "s2", home="s1", about_nk=True)
    assert (await stores.readings.filed("s2")).story_id == "s2"


async def test_marked_urgent_the_alert_is_asked_anew_and_says_that_an_editor_did(stores: Stores) -> None:
    await told(stores, "s1")
    await correct(stores, urgency=Urgency.URGENT)
    assert await alert(stores) == (AlertState.OPEN, "marked urgent by Jin, an editor")
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1"]


@pytest.mark.parametrize("decided", [AlertState.SENT, AlertState.WITHHELD])
async def test_an_alert_that_was_sent_or_withheld_stays_so(stores: Stores, decided: AlertState) -> None:
    await told(stores, "s1", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s1", decided, "so", NOW)
    for level in (Urgency.URGENT, Urgency.ROUTINE):
        await correct(stores, urgency=level)
        assert await alert(stores) == (decided, "so")


@pytest.mark.parametrize("waiting", [AlertState.OPEN, AlertState.HELD, AlertState.RELEASED])
async def test_corrected_down_from_urgent_an_alert_that_waits_is_none(stores: Stores, waiting: AlertState) -> None:
    await told(stores, "s1", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s1", waiting, "look", NOW)
    await correct(stores, urgency=Urgency.NOTABLE)
    assert (await alert(stores))[0] is AlertState.NONE
    assert await stores.statements.alert_candidates(9) == []


@pytest.mark.parametrize("change", [{"urgency": Urgency.ROUTINE}, {"about_nk": False}, {"themes": ()}])
async def test_another_urgent_report_keeps_the_alert(stores: Stores, change: dict[str, Any]) -> None:
    await told(stores, "s1", urgency=Urgency.URGENT)
    await told(stores, "s2", story="s1", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s1", AlertState.HELD, "look", NOW)
    await correct(stores, **change)
    assert (await alert(stores))[0] is AlertState.HELD
    await correct(stores, "s2", **change)
    found = await stores.statements.stories(["s1"])
    assert [s.alert for s in found] == ([] if "about_nk" in change else [AlertState.NONE])


async def test_a_later_revision_keeps_the_correction_in_force(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await correct(stores, urgency=Urgency.NOTABLE)
    await correct(stores, "s2", about_nk=False)
    for name in ("s1", "s2"):
        filed = await stores.readings.filed(name)
        edited = filed.statement.after(entry("Prison camp", text="Another text."), NOW)
        await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
        again = placement(edited, urgency=Urgency.URGENT)
        await stores.statements.record_readings([again], NOW)
    found = (await readings(stores))["s1"]
    assert (found.revision, found.urgency) == (2, Urgency.NOTABLE)
    assert (await alert(stores))[0] is AlertState.NONE
    assert (await stores.readings.filed("s2")).story_id == ""
    assert await stores.statements.stories(["s2"]) == []


# Reading anew


async def test_what_other_rules_have_read_is_found_by_id_in_pieces(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3", "s4")
    await stores.statements.record_polls([polled(sifted(statement("s5")))])
    await reread(stores, read("s3"))
    found = await stores.readings.outdated("test.2", None, "", 2)
    assert [f.statement.id for f in found] == ["s1", "s2"]
    assert [f.statement.id for f in await stores.readings.outdated("test.2", None, "s2", 9)] == ["s4"]
    assert await stores.readings.count_outdated("test.2", None) == 3
    assert await stores.readings.count_outdated("test.2", NOW) == 3
    assert await stores.readings.count_outdated("test.2", NOW + HOUR) == 0
    assert await stores.readings.outdated("test.2", NOW + HOUR, "", 9) == []


async def test_what_was_edited_meanwhile_is_left_to_the_round_of_reading(stores: Stores) -> None:
    await told(stores, "s1")
    edited = (await stores.readings.filed("s1")).statement.after(entry("Another"), NOW)
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
    assert await stores.readings.outdated("test.2", None, "", 9) == []
    await reread(stores, read("s1", about_nk=False), read("gone"))
    assert (await stores.readings.filed("s1")).reading.rules == "test.1"


async def test_old_readings_are_kept_when_other_rules_read(durable: Stores) -> None:
    await told(durable, "s1")
    for _ in range(2):
        await reread(durable, read("s1", themes=()))
    columns = schema.reading.c
    kept = durable.rows(select(columns.rules, columns.findings).order_by(columns.rules))
    assert [(r.rules, len(r.findings["themes"])) for r in kept] == [("test.1", 1), ("test.2", 0)]
    assert (await durable.readings.filed("s1")).reading.rules == "test.2"


async def test_read_anew_a_statement_stays_in_its_story_joins_one_or_leaves_it(stores: Stores) -> None:
    await told(stores, "s1", "s4")
    await told(stores, "s2", story="s1")
    await told(stores, "s3", about_nk=False)
    await reread(stores, read("s1", "s4"), read("s2", about_nk=False), read("s3", "s1"))
    assert set(await readings(stores)) == {"s1", "s3"}
    assert (await stores.readings.filed("s2")).story_id == ""


async def test_what_an_edit_took_off_north_korea_stays_in_its_story_when_read_anew(stores: Stores) -> None:
    await told(stores, "s1")
    edited = (await stores.readings.filed("s1")).statement.after(entry("A concert", text="Many came."), NOW)
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
    off = placement(edited, "s1", about_nk=False)
    await stores.statements.record_readings([off], NOW)
    await reread(stores, off)
    filed = await stores.readings.filed("s1")
    assert (filed.story_id, filed.reading.rules) == ("s1", "test.2")


async def test_a_correction_stays_in_force_when_other_rules_read(stores: Stores) -> None:
    await told(stores, "s1", "s2")
    await told(stores, "s3", about_nk=False)
    await correct(stores, "s1", urgency=Urgency.ROUTINE)
    await correct(stores, "s2", about_nk=False)
    await correct(stores, "s3", about_nk=True, themes=(("women", RIGHTS),))
    urgent = {"urgency": Urgency.URGENT}
    await reread(stores, read("s1", **urgent), read("s2", **urgent), read("s3", about_nk=False))
    assert (await alert(stores, "s1"))[0] is AlertState.NONE
    assert await stores.statements.stories(["s2"]) == []
    assert [f.code for f in (await readings(stores, "s3"))["s3"].themes] == ["women"]


async def test_only_news_is_asked_about_anew_when_other_rules_read(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3")
    await told(stores, "s4", "s5", about_nk=False)
    urgent = {"urgency": Urgency.URGENT}
    await reread(stores, read("s1", **urgent), read("s4", **urgent), news_from=NOW)
    await reread(stores, read("s2", **urgent), read("s5", **urgent), news_from=NOW + HOUR)
    found = {i: (await alert(stores, i))[0] for i in ("s1", "s2", "s4", "s5")}
    assert found == {
        "s1": AlertState.OPEN,
        "s2": AlertState.NONE,
        "s4": AlertState.OPEN,
        "s5": AlertState.NONE,
    }


async def test_an_alert_that_waited_is_none_when_other_rules_find_nothing_urgent(stores: Stores) -> None:
    await told(stores, "s1", "s2", urgency=Urgency.URGENT)
    await stores.statements.record_alert("s1", AlertState.HELD, "look", NOW)
    await stores.statements.record_alert("s2", AlertState.RELEASED, "by Jin", NOW)
    await reread(stores, read("s1", urgency=Urgency.URGENT, themes=(context(),)), read("s2"))
    assert (await alert(stores, "s1"))[0] is AlertState.NONE
    assert await alert(stores, "s2") == (AlertState.RELEASED, "by Jin")


async def test_reading_anew_makes_nothing_ready_again(stores: Stores) -> None:
    await told(stores, "s1")
    await reread(stores, read("s1", themes=(finding("women"),)), now=NOW + HOUR)
    (story,) = await stores.statements.stories(["s1"])
    assert (story.ready_at, story.themes) == (NOW, ("women",))
