"""How many there are of what, what a week came to, and whether the outbox is stuck: asked of the rows."""

from datetime import timedelta

import pytest
from sqlalchemy import event, insert, update

from nkwatch.domain.bounce import Bounced, BounceKind
from nkwatch.domain.delivery import Deferred, Refused, Sent, Stuck
from nkwatch.domain.lease import Lease
from nkwatch.domain.polling import Health
from nkwatch.domain.subscriber import Suppression
from nkwatch.domain.week import Figures
from nkwatch.store import schema
from nkwatch.store.bounces import BounceStore
from nkwatch.store.census import CensusStore
from nkwatch.store.notices import NoticeStore
from nkwatch.store.weekly import WeekStore
from nkwatch.workflow.bounces import NO_MAILBOX
from tests.making import NOW, placement, polled, sifted, source, state, statement
from tests.store.conftest import KEYRING, Stores
from tests.store.people import DAY, KINDS, claim, confirmed, offer, pending, record, send

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
#: The Monday after `NOW`, a Sunday.
MONDAY = NOW + DAY


# The outbox


async def test_bulk_that_was_due_long_ago_is_stuck_and_alerts_are_another_matter(durable: Stores) -> None:
    reader = await confirmed(durable)
    assert await durable.outbox.stuck(NOW + DAY) is None
    await send(durable, reader, "alert")
    assert await durable.outbox.stuck(NOW + DAY) is None
    await send(durable, reader, "digest", KINDS.DIGEST, NOW + HOUR)
    assert await durable.outbox.stuck(NOW + HOUR) is None
    assert await durable.outbox.stuck(NOW + HOUR + MINUTE) == Stuck(NOW + HOUR)


async def test_what_was_put_off_or_may_not_go_is_not_stuck(durable: Stores) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, "other@example.org")
    await send(durable, reader, "one", KINDS.DIGEST)
    await send(durable, other, "two", KINDS.DIGEST)
    one, two = await claim(durable)
    await offer(durable, [one, two])
    await record(durable, [(one.delivery, Deferred("451 later")), (two.delivery, Sent("250 OK"))])
    assert await durable.outbox.stuck(NOW + MINUTE) is None
    assert await durable.outbox.stuck(NOW + DAY) is not None
    await durable.subscribers.end(reader.id, "left", NOW)
    assert await durable.outbox.stuck(NOW + DAY) is None


async def test_what_a_worker_holds_for_ever_is_stuck(durable: Stores) -> None:
    await send(durable, await confirmed(durable), "one", KINDS.DIGEST)
    await claim(durable, NOW, Lease("hangs", NOW + 3 * DAY))
    assert await durable.outbox.stuck(NOW + HOUR) == Stuck(NOW)


# A census


async def test_a_census_of_nothing(durable: Stores) -> None:
    census = await CensusStore(durable.database).take(NOW, NOW)
    assert (census.sources, census.readers, census.outbox, census.oldest_due) == ({}, {}, {}, {})
    assert (census.late, census.held) == (0, 0)
    assert census.size > 10_000
    on_sqlite = durable.database.engine.dialect.name == "sqlite"
    assert (census.log is not None, census.room is not None) == (on_sqlite, on_sqlite)


async def test_a_census_counts_what_there_is(durable: Stores) -> None:
    await durable.statements.register([source("a"), source("b")], NOW)
    await durable.statements.record_polls([polled(), polled(source_id="b", state=state("b", health=Health.SILENT))])
    reader = await confirmed(durable)
    await pending(durable, "new@example.org")
    await send(durable, reader, "alert", date=NOW - HOUR)
    await send(durable, reader, "digest", KINDS.DIGEST, NOW - 2 * HOUR)
    with durable.database.engine.begin() as connection:
        for name, alert in (("x", "held"), ("y", "none")):
            connection.execute(insert(schema.story).values(id=name, ready_at=NOW, alert=alert))
    census = await CensusStore(durable.database).take(NOW, NOW - 2 * MINUTE)
    assert census.sources == {"ok": 1, "silent": 1}
    assert census.readers == {"confirmed": 1, "pending": 1}
    assert census.outbox == {("urgent", "pending"): 2, ("bulk", "pending"): 1}
    assert census.oldest_due == {"urgent": NOW - HOUR, "bulk": NOW - 2 * HOUR}
    assert (census.late, census.held) == (1, 1)


# A week


async def test_a_week_in_which_nothing_was_is_all_zeros(durable: Stores) -> None:
    week = await WeekStore(durable.database).last(MONDAY)
    assert week.this == week.before == Figures()
    assert (week.end - week.start, week.end.weekday(), week.backup_at, week.readers) == (7 * DAY, 0, None, 0)
    versions = dict(week.versions)
    assert versions["schema"].isdecimal()
    assert {"nkwatch", "Python"} < versions.keys()


async def test_a_week_says_how_long_alerts_took_from_their_newest_report_to_the_last_reader(durable: Stores) -> None:
    one = statement("s1", first_seen=NOW)
    await durable.statements.record_polls([polled(sifted(one), at=NOW)])
    await durable.statements.record_readings([placement(one, "s1")], NOW + MINUTE)
    readers = [await confirmed(durable, f"r{n}@example.org") for n in range(2)]
    for reader in readers:
        await send(durable, reader, "alert", date=NOW + MINUTE)
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.bulletin).values(story_id="s1"))
    first, second = await claim(durable, NOW + MINUTE)
    await offer(durable, [first, second], NOW + MINUTE)
    await record(durable, [(first.delivery, Sent("250 OK"))], NOW + 2 * MINUTE)
    await record(durable, [(second.delivery, Sent("250 OK"))], NOW + 7 * MINUTE)
    week = await WeekStore(durable.database).last(MONDAY)
    assert (week.this.alerts, week.this.sent) == (1, 2)
    assert week.this.median == week.this.worst == 7 * MINUTE
    assert (week.this.polls, week.this.new, week.this.read, week.this.stories) == (1, 1, 1, 1)
    assert week.before == Figures()


async def test_a_week_says_what_became_of_deliveries_and_of_readers(durable: Stores) -> None:
    readers = [await confirmed(durable, f"r{n}@example.org") for n in range(4)]
    for reader in readers:
        await send(durable, reader, "digest", KINDS.DIGEST)
    claimed = await claim(durable)
    await offer(durable, claimed)
    sent, junk, refused, later = [c.delivery for c in claimed]
    outcomes = [(sent, Sent("250")), (junk, Sent("250")), (refused, Refused("550")), (later, Deferred("451"))]
    await record(durable, outcomes)
    ledger = BounceStore(durable.database, KEYRING)
    for delivery, kind in ((sent, BounceKind.HARD), (junk, BounceKind.COMPLAINT)):
        await ledger.mark(Bounced(claimed[0].subscriber_id, kind, delivery_id=delivery.id), NOW)
    bounced = Bounced(claimed[0].subscriber_id, BounceKind.HARD, "5.1.1")
    assert await ledger.end(bounced, Suppression.BOUNCED, f"{NO_MAILBOX} (5.1.1)", NOW)
    await durable.subscribers.end(claimed[1].subscriber_id, "by the link in a mail", NOW)
    await durable.subscribers.erase(claimed[2].subscriber_id, Suppression.ERASED, NOW)
    week = await WeekStore(durable.database).last(MONDAY)
    this = week.this
    assert (this.digests, this.sent, this.refused, this.undone) == (1, 2, 0, 1), "the erased leave no trace"
    assert (this.bounced, this.complained, this.joined, this.left, this.gone) == (1, 1, 3, 2, 1)
    assert (week.readers, week.waiting) == (1, 1)


async def test_a_week_names_sources_that_broke_in_it_and_knows_the_size_and_the_last_backup(durable: Stores) -> None:
    await durable.statements.register([source("a"), source("b")], NOW)
    broke, before = state("a", health=Health.FAILING, health_since=NOW), NOW - 30 * DAY
    await durable.statements.record_polls(
        [polled(state=broke), polled(source_id="b", state=state("b", health=Health.SILENT, health_since=before))]
    )
    notices = NoticeStore(durable.database)
    for day, bytes_ in (("2026-11-16", 100), ("2026-11-23", 300)):
        await notices.begin(day, Lease("mine", NOW), NOW)
        with durable.database.engine.begin() as connection:
            of_day = update(schema.morning).where(schema.morning.c.day == day)
            connection.execute(of_day.values(database_bytes=bytes_))
    with durable.database.engine.begin() as connection:
        row = {"number": 1, "id": "mine", "host": "here", "backed_up_at": NOW}
        connection.execute(insert(schema.installation).values(row))
    week = await WeekStore(durable.database).last(MONDAY)
    assert week.sources == (("a", "failing"),)
    assert (week.this.database_bytes, week.before.database_bytes) == (300, 100)
    assert week.backup_at == NOW


@pytest.mark.parametrize("kind", [KINDS.CONFIRMATION, KINDS.SETTINGS])
async def test_personal_mails_are_no_bulletins_of_a_week(durable: Stores, kind: KINDS) -> None:
    await send(durable, await confirmed(durable), "mine", kind)
    week = await WeekStore(durable.database).last(MONDAY)
    assert (week.this.alerts, week.this.digests, week.this.undone) == (0, 0, 0)


async def test_a_census_and_the_watch_look_at_indexes_alone(durable: Stores) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []
    engine = durable.database.engine

    def note(_connection: object, _cursor: object, text: str, values: tuple[object, ...], *_: object) -> None:
        if text.startswith("SELECT"):
            asked.append((text, values))

    event.listen(engine, "before_cursor_execute", note)
    await CensusStore(durable.database).take(NOW, NOW)
    await durable.outbox.stuck(NOW)
    event.remove(engine, "before_cursor_execute", note)
    if engine.dialect.name != "sqlite":
        assert len(asked) == 9, "as many questions, by PostgreSQL's own plans"
        return
    assert len(asked) == 8
    with engine.connect() as connection:
        for text, values in asked:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
            whole = [s for s in steps if s.startswith("SCAN") and " INDEX " not in s and "source_state" not in s]
            assert not whole, (text, steps)
