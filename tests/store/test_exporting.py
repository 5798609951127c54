"""What exports ask of the database: marks of stories, readings that are kept, statements by day."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from nkwatch.domain.desk import Note
from nkwatch.domain.statement import Presence
from nkwatch.editing.coverage import DayCounts
from nkwatch.reading.stories import Placement, marks
from nkwatch.store.exporting import ExportStore
from tests.making import NOW, placement, polled, sifted, statement

DAY = timedelta(days=1)
TODAY = NOW.date()


@pytest.fixture
def store(durable):
    return ExportStore(durable.database)


async def tell(stores, *told, on_nk=True):
    """Statements of a poll that were read."""
    await stores.statements.record_polls([polled(sifted(*told))])
    made = [placement(s) if on_nk else Placement(replace(placement(s).reading, about_nk=False)) for s in told]
    await stores.statements.record_readings(made, NOW)


async def test_marks_are_those_of_the_stories_that_are_asked_for(durable, store):
    await tell(durable, statement("s1"), statement("s2"))
    note = Note((("en", "See s2."),), "Jin", NOW)
    await durable.desk.note("s1", note, NOW)
    assert {i: m.note for i, m in (await store.marks(["s1", "s2", "s1", "s9"])).items()} == {"s1": note}
    assert await store.marks([]) == {}


async def test_a_statement_leads_to_its_story(durable, store):
    await tell(durable, statement("s1"))
    await tell(durable, statement("s2"), on_nk=False)
    assert [await store.story_of(i) for i in ("s1", "s2", "s9")] == ["s1", "", ""]


async def test_all_readings_of_a_statement_are_kept_and_one_is_in_force(durable, store):
    one = statement("s1")
    await tell(durable, one)
    newer = replace(placement(one).reading, rules="test.2")
    await durable.readings.record_anew([Placement(newer, "s1", marks(one))], NOW + DAY, NOW)
    kept = await store.readings("s1")
    assert [(k.reading.rules, k.read_at, k.in_force) for k in kept] == [
        ("test.2", NOW + DAY, True),
        ("test.1", NOW, False),
    ]
    assert await store.readings("s9") == []


async def test_statements_are_counted_by_the_day_on_which_they_were_published_and_seen(durable, store):
    last = NOW.replace(hour=23, minute=59, second=59)
    await tell(
        durable,
        statement("s1", published=last - 2 * DAY),
        statement("s2", published=NOW - 2 * DAY, text="Another."),
        statement("s3", published=NOW - 400 * DAY, text="A third.", backlog=True, first_seen=NOW - DAY),
        statement("s4", text="No date.", published_estimated=True),
        statement("s5", text="Elsewhere.", source_id="b"),
    )
    await tell(durable, statement("s6", text="A concert.", published=NOW - 2 * DAY), on_nk=False)
    two_days_ago, long_ago = TODAY - 2 * DAY, TODAY - 400 * DAY
    told = await store.counts("a", NOW)
    assert told.published == {two_days_ago: 3, long_ago: 1}
    assert told.about_nk == {two_days_ago: 2, long_ago: 1}
    assert told.first_seen == {TODAY: 4}
    lately = await store.counts("a", NOW, two_days_ago)
    assert (lately.published, lately.first_seen) == ({two_days_ago: 3}, {TODAY: 4})
    later = await store.counts("a", NOW, TODAY + DAY)
    assert (later.published, later.first_seen) == ({}, {})
    assert await store.counts("nobody", NOW) == DayCounts()
    assert (await store.counts("a", NOW, date.min)).published == told.published


async def test_what_may_not_be_shown_is_not_counted_as_on_north_korea(durable, store):
    await tell(
        durable, statement("s1"), statement("s2", text="Bound.", embargo=NOW + DAY), statement("s3", text="Held.")
    )
    await durable.statements.record_polls([polled(sifted(removed=("s1",)))])
    await durable.desk.hold("s3", "Jin", NOW)
    told = await store.counts("a", NOW)
    assert (told.published, told.about_nk) == ({TODAY: 3}, {})
    await durable.statements.record_presence("s1", Presence.KEPT)
    assert (await store.counts("a", NOW)).about_nk == {TODAY: 1}
