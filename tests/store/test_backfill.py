"""Old news in the database: written whole or not at all, never ready for any window, and news once it is shown."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from nkwatch.domain.bulletin import Window
from nkwatch.domain.identity import Known
from nkwatch.domain.reading import Evidence, Mention, Urgency
from nkwatch.domain.statement import EARLIEST
from nkwatch.domain.story import AlertState
from nkwatch.keys import Keyring
from nkwatch.reading.stories import Placement
from nkwatch.store import backfill, schema, stories
from nkwatch.store.arriving import Arrivals
from nkwatch.store.backfill import SHELVED, BacklogStore
from tests.making import NOW, placement, polled, sifted, statement
from tests.store.conftest import KEYRING

PUBLISHER = "Publisher a"
DAY = timedelta(days=1)
OPEN = (AlertState.OPEN, "")


def old(name="s1", days=400, **fields):
    """A statement of an archive."""
    return statement(name, backlog=True, published=NOW - days * DAY, **fields)


def known(*told):
    return [Known(s, frozenset({f"url:{s.url}", f"guid:{s.id}"})) for s in told]


@pytest.fixture
def backlog(durable):
    return BacklogStore(durable.database, Arrivals(KEYRING))


async def keep(backlog, *told, **fields) -> bool:
    return await backlog.keep(PUBLISHER, known(*told), [placement(s, **fields) for s in told], NOW)


async def test_old_news_is_read_and_stands_in_a_story_that_no_window_holds(durable, backlog):
    who = Mention(Evidence("title", 0, 1, "A"), "a name")
    assert await keep(backlog, old(days=3), urgency=Urgency.URGENT, cases=(who,))
    (story,) = await durable.statements.stories(["s1"])
    assert story.ready_at == NOW - 3 * DAY - SHELVED < EARLIEST
    assert (story.alert, story.alert_reason) == (AlertState.NONE, "it was imported from an archive: old news")
    assert await durable.statements.ready_between(Window(EARLIEST, NOW + DAY)) == []
    assert await durable.statements.counted(EARLIEST, NOW + DAY) == []
    assert await durable.statements.alert_candidates(10) == []
    assert await durable.statements.unread(10, NOW) == []
    assert durable.rows(select(schema.named.c.key)) == [("a name",)]
    assert set(await durable.statements.known(PUBLISHER, ["guid:s1", "url:https://a.example/s1"])) == {
        "guid:s1",
        "url:https://a.example/s1",
    }


async def test_newer_ones_among_old_news_come_first(durable, backlog):
    assert await keep(backlog, old("s1", 400), old("s2", 40, text="Another."), old("s3", 4_000, text="A third."))
    assert [s.id for s in await durable.statements.newest(9)] == ["s2", "s1", "s3"]


async def test_what_is_not_on_north_korea_stands_in_no_story(durable, backlog):
    one = old()
    read = replace(placement(one).reading, about_nk=False, themes=())
    assert await backlog.keep(PUBLISHER, known(one), [Placement(read)], NOW)
    assert durable.count("story") == durable.count("mark") == 0
    assert durable.count("reading") == 1


async def test_old_news_joins_a_story_that_is_there_and_leaves_it_as_it_is(durable, backlog):
    live = statement("s0")
    await durable.statements.record_polls([polled(sifted(live))])
    await durable.statements.record_readings([placement(live)], NOW)
    before = durable.rows(select(schema.story))
    one = old(days=2)
    assert await backlog.keep(PUBLISHER, known(one), [placement(one, "s0", urgency=Urgency.URGENT)], NOW)
    assert durable.rows(select(schema.story)) == before
    (story,) = await durable.statements.stories(["s0"])
    assert {r.statement.id for r in story.reports} == {"s0", "s1"}


async def test_nothing_is_written_where_one_of_them_is_known(durable, backlog):
    assert await keep(backlog, old("s1"))
    assert not await keep(backlog, old("s2", text="Another."), old("s1"))
    assert durable.count("statement") == 1


async def test_an_empty_part_is_written(backlog):
    assert await backlog.keep(PUBLISHER, [], [], NOW)


class Blackened(Arrivals):
    """Redacts every title, once it is told to."""

    on = False

    def forms(self, connection):
        return self.on

    def stored(self, one, forms):
        return Known(replace(one.statement, title="■■■"), one.keys)


async def test_nothing_is_written_that_is_to_be_redacted(durable):
    arrivals = Blackened(Keyring({}, current=0))
    backlog = BacklogStore(durable.database, arrivals)
    looked_at = await backlog.redacted(known(old()))
    assert looked_at == known(old())
    arrivals.on = True
    assert not await keep(backlog, old())
    (clean,) = await backlog.redacted(known(old()))
    assert clean.statement.title == "■■■"
    assert await keep(backlog, clean.statement)
    assert durable.one(select(schema.statement.c.title)) == "■■■"


async def joined(durable, live):
    """A statement of a poll that is put into the story of `s1`."""
    await durable.statements.record_polls([polled(sifted(live))])
    await durable.database.write(lambda c: stories.join(c, live.id, "s1", []))


def wake(durable, ready_at=NOW):
    return durable.database.write(lambda c: backfill.wake(c, "s1", ready_at, OPEN))


async def test_a_story_of_old_news_is_news_once_a_source_shows_a_report_of_it(durable, backlog):
    await keep(backlog, old(days=2))
    assert not await wake(durable)
    await joined(durable, statement("s2", backlog=True))
    assert not await wake(durable)
    await joined(durable, statement("s3"))
    assert await wake(durable)
    assert not await wake(durable, NOW + DAY)
    row = durable.rows(select(schema.story.c.ready_at, schema.story.c.alert, schema.story.c.alert_reason))
    assert row == [(NOW, "open", "")]


async def test_a_story_that_was_news_is_not_woken(durable, backlog):
    await keep(backlog, old(days=2))
    await joined(durable, statement("s3"))
    told = update(schema.story).values(ready_at=NOW - DAY)
    await durable.database.write(lambda c: c.execute(told))
    assert not await wake(durable)
    assert not await durable.database.write(lambda c: backfill.wake(c, "nobody", NOW, OPEN))


async def test_reading_a_live_report_of_imported_old_news_tells_the_story(durable, backlog):
    await keep(backlog, old(days=2))
    live = statement("s3")
    await durable.statements.record_polls([polled(sifted(live))])
    await durable.statements.record_readings([placement(live, "s1")], NOW)
    (story,) = await durable.statements.stories(["s1"])
    assert story.ready_at == NOW
    assert len(story.reports) == 2
