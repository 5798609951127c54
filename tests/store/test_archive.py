"""What the archive tells of the past, alike in both databases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, insert, update

from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.correction import Correction
from nkwatch.domain.delivery import Sent
from nkwatch.domain.desk import Ruling, RulingKind
from nkwatch.domain.identity import Sifted
from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.theme import ThemeKind
from nkwatch.store import schema
from nkwatch.store.archive import OPENING, Alerted, ArchiveStore, Revision
from nkwatch.store.findings import correction_row
from tests.making import NOW, composition, placement, polled, sifted, snapshot, statement
from tests.store.conftest import SOURCES, Stores
from tests.store.people import claim, confirmed, record

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ALERT, MENDED = BulletinKind.ALERT, BulletinKind.ALERT_CORRECTION


@pytest.fixture
def archive(durable: Stores) -> ArchiveStore:
    """The archive of a database."""
    return ArchiveStore(durable.database)


async def told(stores: Stores, name: str = "s1", story: str = "", **fields: object) -> Statement:
    """A statement in a story."""
    one = statement(name, **fields)
    await stores.statements.record_polls([polled(sifted(one), one.source_id)])
    await stores.statements.record_readings([placement(one, story)], one.first_seen)
    return one


async def edited(stores: Stores, one: Statement, **fields: object) -> Statement:
    """Its publisher changes it."""
    new = replace(one, revision=one.revision + 1, **fields)  # type: ignore[arg-type]
    await stores.statements.record_polls([polled(Sifted(edited=(new,)), new.source_id)])
    return new


async def alerted(stores: Stores, kind: BulletinKind = ALERT, answers: int = 0, *, sent: bool = True) -> int:
    """The number of a bulletin on the story s1."""
    reader = await confirmed(stores, f"{kind}{answers}@example.org", alerts=True)
    mails = (Addressed(reader, composition("In danger", kind, "en")),)
    mailing = Mailing(f"{kind} {answers}", kind, NOW, mails, story_id="s1", reports=("s1",), answers=answers)
    await stores.outbox.enqueue(mailing)
    if sent:
        await record(stores, [(c.delivery, Sent("250 taken")) for c in await claim(stores)])
    return await stores.outbox.number(mailing.key, kind, NOW)


# History


async def test_each_revision_is_told_with_its_opening_the_first_first(durable: Stores, archive: ArchiveStore) -> None:
    first = await told(durable, text="A" * 4000)
    second = await edited(durable, first, title="Second", text="B", edited_at=NOW + HOUR)
    await edited(durable, second, title="Third", text="C", edited_at=NOW + 2 * HOUR)
    await edited(durable, await told(durable, "s2"), title="Of another", edited_at=NOW + HOUR)
    found = await archive.history("s1", ["s1"])
    assert found.revisions == (
        Revision("s1", 1, first.title, "A" * OPENING, NOW + HOUR),
        Revision("s1", 2, "Second", "B", NOW + 2 * HOUR),
    )


async def test_captures_name_the_bytes_and_where_they_came_from_but_do_not_hold_them(
    durable: Stores, archive: ArchiveStore
) -> None:
    one, kept = statement("s1"), snapshot(b"<rss>1</rss>")
    await durable.statements.record_polls([polled(sifted(one), snapshot=kept)])
    (capture,) = (await archive.history("s1", ["s1"])).captures
    assert (capture.sha256, capture.size, capture.url, capture.at) == (kept.sha256, 12, kept.url, kept.at)


async def test_corrections_of_readings_are_told_with_what_was_said(durable: Stores, archive: ArchiveStore) -> None:
    await told(durable)
    said = Correction("s1", 1, "test.1", NOW, "Ann", "no camp", True, (("women", ThemeKind.RIGHTS),), Urgency.URGENT)
    bare = Correction("s1", 1, "test.1", NOW + HOUR, "Ann")
    for one in (said, bare):
        row = insert(schema.correction).values(**correction_row(one))
        await durable.database.write(lambda c, row=row: c.execute(row))
    assert (await archive.history("s1", ["s1"])).corrections == (said, bare)


async def test_only_alerts_that_went_out_are_told_and_their_corrections(durable: Stores, archive: ArchiveStore) -> None:
    await told(durable)
    number = await alerted(durable)
    mended = await alerted(durable, MENDED, number)
    await alerted(durable, answers=9, sent=False)
    await alerted(durable, MENDED, 8, sent=False)
    assert (await archive.history("s1", ["s1"])).alerts == (
        Alerted(number, ALERT, NOW, None),
        Alerted(mended, MENDED, NOW, number),
    )
    assert (await archive.history("s2", ["s1"])).alerts == ()


async def test_an_alert_stays_when_its_deliveries_are_forgotten_unless_it_was_stopped(
    durable: Stores, archive: ArchiveStore
) -> None:
    await told(durable)
    number = await alerted(durable)
    await durable.database.write(lambda c: c.execute(delete(schema.delivery)))
    assert [a.number for a in (await archive.history("s1", [])).alerts] == [number]
    await durable.desk.rule(Ruling("s1", RulingKind.STOP, "Ann", NOW + HOUR))
    assert (await archive.history("s1", [])).alerts == ()


async def test_of_what_is_not_there_nothing_is_told(durable: Stores, archive: ArchiveStore) -> None:
    found = await archive.history("s1", [])
    assert (found.revisions, found.captures, found.corrections, found.alerts) == ((), (), (), ())
    assert await archive.state("a") is None
    assert await archive.places(5) == []
    assert await archive.published("a", NOW - DAY, 5) == []


# Sources


async def test_a_source_has_its_state_and_its_rhythm(durable: Stores, archive: ArchiveStore) -> None:
    await durable.statements.register([SOURCES["a"]], NOW)
    found = await archive.state("a")
    assert found is not None
    assert (found.source_id, found.due_at) == ("a", NOW)
    for n in range(4):
        await told(durable, f"s{n}", published=NOW - n * DAY)
    await told(durable, "other", source_id="b", published=NOW)
    assert await archive.published("a", NOW - 2 * DAY, 9) == [NOW, NOW - DAY, NOW - 2 * DAY]
    assert await archive.published("a", NOW - 2 * DAY, 2) == [NOW, NOW - DAY]


# The list of all stories


async def listed(archive: ArchiveStore, size: int, now: object = NOW) -> list[list[str]]:
    """The ids on each page."""
    places = await archive.places(size)
    return [[i for i, _ in await archive.listed(p.ready_at, p.story_id, size, now)] for p in places]  # type: ignore[arg-type]


async def test_the_pages_hold_every_public_story_once(durable: Stores, archive: ArchiveStore) -> None:
    for n in range(7):
        await told(durable, f"s{n}", first_seen=NOW + n * HOUR, published=NOW)
    await told(durable, "again", "s0", first_seen=NOW + DAY, published=NOW)
    assert await listed(archive, 3) == [["s0", "s1", "s2"], ["s3", "s4", "s5"], ["s6"]]
    places = await archive.places(3)
    assert [p.changed for p in places] == [NOW + 2 * HOUR, NOW + 5 * HOUR, NOW + 6 * HOUR]
    ((_, changed), *_) = await archive.listed(places[0].ready_at, places[0].story_id, 3, NOW)
    assert changed == NOW + DAY, "another report came"


async def test_what_may_not_be_shown_is_on_no_page(durable: Stores, archive: ArchiveStore) -> None:
    for n in range(4):
        await told(durable, f"s{n}", first_seen=NOW + n * HOUR, published=NOW)
    gone = update(schema.statement).where(schema.statement.c.id == "s1").values(presence=Presence.MISSING)
    bound = update(schema.statement).where(schema.statement.c.id == "s2").values(embargo=NOW + DAY)
    for change in (gone, bound):
        await durable.database.write(lambda c, change=change: c.execute(change))
    await durable.desk.hold("s3", "Ann", NOW)
    assert await listed(archive, 2) == [["s0"], []]
    assert await listed(archive, 2, NOW + DAY) == [["s0"], ["s2"]]


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sizes=st.integers(1, 12))
async def test_whatever_the_size_of_a_page_all_pages_together_are_the_archive(
    durable: Stores, archive: ArchiveStore, sizes: int
) -> None:
    if not await archive.places(1):
        for n in range(9):
            # three at a time become ready at one instant
            await told(durable, f"s{n}", first_seen=NOW + n // 3 * HOUR, published=NOW)
    pages = await listed(archive, sizes)
    assert [i for page in pages for i in page] == [f"s{n}" for n in range(9)]
    assert {len(page) for page in pages[:-1]} <= {sizes}
