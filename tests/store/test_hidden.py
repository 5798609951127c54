"""What its source deleted is hidden from stories, digests and alerts until an editor decides."""

from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import Window
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import AlertState
from nkwatch.reading.stories import marks
from tests.making import NOW, placement, polled, prose, sifted, state, statement
from tests.store.conftest import Stores

HOUR = timedelta(hours=1)
WHOLE = Window(NOW - HOUR, NOW + 9 * HOUR)


async def told(stores: Stores, *names: str, story: str = "") -> None:
    """Urgent statements, an hour apart, in stories of their own unless one is named."""
    for n, name in enumerate(names):
        one = statement(name, text=prose(name))
        await stores.statements.record_polls([polled(sifted(one))])
        await stores.statements.record_readings([placement(one, story, urgency=Urgency.URGENT)], NOW + n * HOUR)


async def hide(stores: Stores, name: str, presence: Presence = Presence.MISSING) -> None:
    """The source deletes a statement, and an editor says something on it."""
    await stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(removed=(name,)))])
    if presence is not Presence.MISSING:
        assert await stores.statements.record_presence(name, presence)


@pytest.mark.parametrize("presence", [Presence.MISSING, Presence.HIDDEN])
async def test_a_story_all_of_whose_reports_are_hidden_is_not_there(stores: Stores, presence: Presence) -> None:
    await told(stores, "s1", "s2")
    await hide(stores, "s1", presence)
    assert [s.id for s in await stores.statements.stories(["s1", "s2"])] == ["s2"]
    assert [s.id for s in await stores.statements.ready_between(WHOLE)] == ["s2"]
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s2"]


async def test_a_hidden_report_is_left_out_of_its_story_which_keeps_its_name(stores: Stores) -> None:
    await told(stores, "s1")
    await told(stores, "s2", story="s1")
    await hide(stores, "s1")
    (story,) = await stores.statements.stories(["s1"])
    assert (story.id, [r.statement.id for r in story.reports]) == ("s1", ["s2"])
    assert [s.lead.statement.id for s in await stores.statements.alert_candidates(9)] == ["s2"]


async def test_what_an_editor_keeps_is_there_again(stores: Stores) -> None:
    await told(stores, "s1")
    await hide(stores, "s1", Presence.KEPT)
    assert [s.id for s in await stores.statements.stories(["s1"])] == ["s1"]
    assert [s.id for s in await stores.statements.ready_between(WHOLE)] == ["s1"]
    assert [s.id for s in await stores.statements.alert_candidates(9)] == ["s1"]


async def test_hidden_stories_take_nobody_elses_place(stores: Stores) -> None:
    await told(stores, "s1", "s2", "s3", "s4")
    for name in ("s1", "s2"):
        await hide(stores, name)
    assert [s.id for s in await stores.statements.alert_candidates(2)] == ["s3", "s4"]


async def test_hidden_stories_take_nobody_elses_place_on_the_front_page_and_the_editors_desk(durable: Stores) -> None:
    await told(durable, "s1", "s2", "s3", "s4")
    for name in ("s1", "s2", "s3", "s4"):
        await durable.statements.record_alert(name, AlertState.HELD, "look", NOW)
    await hide(durable, "s4")
    await hide(durable, "s1")
    assert [s.id for s in await durable.statements.newest(2)] == ["s3", "s2"]
    assert [s.id for s in await durable.statements.held_alerts(1)] == ["s2"]


async def test_what_is_hidden_is_still_read_and_found_by_its_marks(stores: Stores) -> None:
    """So that what is shown again elsewhere comes into the story that readers had."""
    await told(stores, "s1")
    await hide(stores, "s1")
    found = await stores.statements.placed(marks(statement("s1", text=prose("s1"))), NOW - HOUR)
    assert [p.story_id for p in found] == ["s1"]
