"""What pictures are drawn from: counted alike in both databases, by what a search finds, at most once a minute."""

from datetime import date, timedelta

import pytest
from sqlalchemy import event, select, update

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.reading import Ask, Evidence
from nkwatch.domain.search import Query
from nkwatch.domain.statement import Presence
from nkwatch.editing.plotting import Tally
from nkwatch.store import schema
from nkwatch.store.captures import captured
from nkwatch.store.indexing import IndexStore
from nkwatch.store.plots import KEPT, MOST_KEPT, PlotStore
from nkwatch.store.search import SearchStore
from nkwatch.store.snapshots import keep
from tests.making import (
    NOW,
    composition,
    context,
    finding,
    placement,
    polled,
    sifted,
    snapshot,
    source,
    state,
    statement,
)
from tests.store.people import confirmed

SOURCES = {"a": source("a"), "b": source("b"), "off": source("off", enabled=False)}
WORDS = Evidence("text", 0, 1, "A")
WEEK, DAY = timedelta(weeks=1), timedelta(days=1)
MONDAY = date(2026, 11, 16)
SINCE = MONDAY - 9 * WEEK


class Counted:
    """A database with statements to be counted."""

    def __init__(self, stores) -> None:
        self.stores = stores
        self.plots = PlotStore(stores.database, SOURCES)

    async def tell(self, *told, **reading) -> None:
        by_source = {}
        for one in told:
            by_source.setdefault(one.source_id, []).append(one)
        await self.stores.statements.register(SOURCES.values(), NOW)
        for source_id, own in by_source.items():
            found = polled(sifted(*own), source_id, state=state(source_id))
            await self.stores.statements.record_polls([found])
        await self.stores.statements.record_readings([placement(one, **reading) for one in told], NOW)
        while await IndexStore(self.stores.database).index(100):
            pass

    async def weekly(self, *themes: str) -> list[Tally]:
        return await PlotStore(self.stores.database, SOURCES).weekly(themes, SINCE, NOW)


@pytest.fixture
def counted(durable) -> Counted:
    return Counted(durable)


def said(id: str, ago: timedelta = timedelta(0), source_id: str = "a", **fields):  # noqa: A002
    return statement(id, source_id=source_id, published=NOW - ago, first_seen=NOW - ago, **fields)


async def test_statements_are_counted_by_week_and_source(counted):
    await counted.tell(said("1"), said("2", DAY), said("3", WEEK), said("4", WEEK, "b"), said("5", 20 * WEEK))
    assert await counted.weekly() == [
        Tally(MONDAY - WEEK, "a", "", 1),
        Tally(MONDAY - WEEK, "b", "", 1),
        Tally(MONDAY, "a", "", 2),
    ]


async def test_a_week_begins_with_monday_in_utc(counted):
    midnight = NOW.replace(day=16, hour=0)
    at = [midnight, midnight - timedelta(seconds=1), midnight + WEEK - timedelta(seconds=1)]
    await counted.tell(*(said(f"{n}", NOW - moment) for n, moment in enumerate(at)))
    assert [(t.week, t.count) for t in await counted.weekly()] == [(MONDAY - WEEK, 1), (MONDAY, 2)]


async def test_a_statement_on_several_themes_counts_for_each_and_once_for_all(counted):
    await counted.tell(said("1"), themes=(finding("prisons"), finding("health")))
    await counted.tell(said("2"), themes=(finding("prisons"),))
    found = {t.theme: t.count for t in await counted.weekly("prisons", "health", "women")}
    assert found == {"": 2, "prisons": 2, "health": 1}


async def test_only_what_is_on_human_rights_counts(counted):
    await counted.tell(said("1"), themes=(context("security"),))
    await counted.tell(said("2"), themes=(context("security"), finding("prisons")))
    assert {t.theme: t.count for t in await counted.weekly("security", "prisons")} == {
        "": 1,
        "security": 1,
        "prisons": 1,
    }


async def test_what_may_not_be_shown_is_not_counted(counted):
    await counted.tell(said("1"), said("2"), said("3"))
    held = {"story_id": "2", "held": True}
    gone = update(schema.statement).where(schema.statement.c.id == "3").values(presence=Presence.HIDDEN)

    def hide(connection):
        connection.execute(schema.desk.insert().values(**held))
        connection.execute(gone)

    await counted.stores.database.write(hide)
    assert [t.count for t in await counted.weekly()] == [1]


async def test_a_picture_counts_what_a_search_finds(counted):
    for n in range(12):
        asks = tuple(Ask(WORDS, "x", country) for country in ("CN", "KP")[: n % 3])
        await counted.tell(said(f"{n}", n * 6 * DAY, "ab"[n % 2]), themes=(finding("ab"[n % 2]),), asks=asks)
    tallies = await counted.weekly("a", "b")
    search = SearchStore(counted.stores.database, SOURCES)
    for theme in ("a", "b"):
        found = await search.count(Query(themes=frozenset({theme}), since=SINCE, rights=True), NOW)
        assert sum(t.count for t in tallies if t.theme == theme) == found.statements > 0
    asked = await counted.plots.asked(["CN", "KP", "JP"], SINCE, NOW)
    for country in ("CN", "KP"):
        found = await search.count(Query(asked=frozenset({country}), since=SINCE, rights=True), NOW)
        assert asked[country] == found.statements > 0
    assert set(asked) == {"CN", "KP"}


async def test_a_statement_that_asks_twice_of_a_country_counts_once(counted):
    await counted.tell(said("1"), asks=(Ask(WORDS, "x", "CN"), Ask(WORDS, "y", "CN"), Ask(WORDS, "z")))
    assert await counted.plots.asked(["CN"], SINCE, NOW) == {"CN": 1}


async def test_a_theme_or_a_country_of_any_name_can_be_asked_for(counted):
    await counted.tell(said("1"), themes=(finding("a'b\"c"),))
    assert {t.theme for t in await counted.weekly("a'b\"c", "\\", " ")} == {"", "a'b\"c"}
    assert await counted.plots.asked(["", "'\""], SINCE, NOW) == {}


async def test_deliveries_of_a_bulletin_are_counted_by_where_they_stand(counted):
    readers = [await confirmed(counted.stores, f"r{n}@example.org") for n in range(3)]
    mailing = Mailing(
        "k", BulletinKind.ALERT, NOW, tuple(Addressed(r, composition("k", BulletinKind.ALERT)) for r in readers)
    )
    await counted.stores.outbox.enqueue(mailing)
    number = counted.stores.one(select(schema.bulletin.c.number))
    refused = update(schema.delivery).where(schema.delivery.c.subscriber_id == readers[0].id).values(state="refused")
    await counted.stores.database.write(lambda c: c.execute(refused))
    assert await counted.plots.delivered(number, NOW) == {DeliveryState.PENDING: 2, DeliveryState.REFUSED: 1}
    assert await counted.plots.delivered(number + 1, NOW) == {}


async def test_what_was_counted_is_good_for_a_minute(counted):
    await counted.tell(said("1"))
    first = await counted.plots.weekly([], SINCE, NOW)
    await counted.tell(said("2"))
    assert await counted.plots.weekly([], SINCE, NOW + KEPT / 2) == first
    assert [t.count for t in await counted.plots.weekly([], SINCE, NOW + KEPT)] == [2]
    assert await counted.plots.weekly([], SINCE, NOW - DAY) is not first


async def test_no_more_counts_are_kept_than_there_is_room_for(counted):
    asked: list[str] = []

    def note(*told: object) -> None:
        asked.append(str(told[2]))

    event.listen(counted.stores.database.engine, "before_cursor_execute", note)
    for n in range(MOST_KEPT + 1):
        await counted.plots.delivered(n, NOW)
    looked = len(asked)
    for n in range(1, MOST_KEPT + 1):
        await counted.plots.delivered(n, NOW)
    assert len(asked) == looked
    await counted.plots.delivered(0, NOW)
    assert len(asked) > looked
    event.remove(counted.stores.database.engine, "before_cursor_execute", note)


async def test_the_newest_bytes_that_show_a_statement_are_found(counted):
    first, last = snapshot(b"1", at=NOW - DAY), snapshot(b"2")
    await counted.stores.statements.register(SOURCES.values(), NOW)
    one = said("1")
    await counted.stores.statements.record_polls([polled(sifted(one))])

    def keep_both(connection):
        keep(connection, last, ["1"])
        keep(connection, first, ["1"])

    await counted.stores.database.write(keep_both)
    found = await counted.stores.database.read(lambda c: captured(c, ["1", "2"]))
    assert {i: (p.sha256, p.at) for i, p in found.items()} == {"1": (last.sha256, NOW)}
