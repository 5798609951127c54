"""What is put right in the database, and what is found overdue: on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select, text, update

from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import Deferred, Lane, Sent
from nkwatch.domain.errand import Rest
from nkwatch.domain.lease import LONGEST_LEASE, Lease
from nkwatch.domain.outcome import Failed, Unchanged
from nkwatch.domain.statement import Statement
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.domain.survey import Overdue, Repair, Wanting
from nkwatch.domain.timeline import SLACK
from nkwatch.store import schema
from nkwatch.store.surveying import UpkeepStore, question
from nkwatch.workflow.closing import CloseWindows
from nkwatch.workflow.digests import Digests
from nkwatch.workflow.gather import Gather
from nkwatch.workflow.recover import Recover, Recovered
from tests.making import NOW, at, errand, placement, polled, sifted, state, statement
from tests.store.conftest import SOURCES, Stores
from tests.store.people import claim, confirmed, offer, record, send
from tests.workflow.fakes import FakeClock, Notices, PlainComposer
from tests.workflow.room import Room

DAY, HOUR, MINUTE, SECOND = (timedelta(days=1), timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1))
MINE = Lease("mine", NOW + MINUTE)
DAILY = Schedule(Rhythm.DAILY, 8)


@pytest.fixture
def upkeep(durable: Stores) -> UpkeepStore:
    """What looks after the database of these sources."""
    return UpkeepStore(durable.database, SOURCES, [Rhythm.WEEKLY])


async def registered(stores: Stores) -> None:
    await stores.statements.register(SOURCES.values(), NOW)


async def arrived(stores: Stores, one: Statement, now: datetime = NOW, **more: Any) -> None:
    """A statement that came just now, unread."""
    await stores.statements.record_polls([polled(sifted(one, **more), state=state("a", due_at=now + HOUR))])


async def ready(stores: Stores, name: str, now: datetime) -> None:
    """A story of one statement that becomes ready now."""
    one = statement(name, first_seen=now, published=now)
    await arrived(stores, one, now)
    await stores.statements.record_readings([placement(one)], now)


def put(stores: Stores, table: Any, **values: Any) -> None:
    with stores.database.engine.begin() as connection:
        connection.execute(update(table).values(**values))


async def mended(upkeep: UpkeepStore, repair: Repair, now: datetime = NOW) -> int:
    """What is put right: as much as was foreseen, and nothing a second time."""
    foreseen = await upkeep.repair(repair, now, dry=True)
    assert await upkeep.repair(repair, now, dry=True) == foreseen
    assert await upkeep.repair(repair, now) == foreseen
    assert await upkeep.repair(repair, now) == 0
    return foreseen


@pytest.mark.parametrize("repair", Repair)
async def test_in_an_empty_database_nothing_is_to_be_put_right(upkeep: UpkeepStore, repair: Repair) -> None:
    assert await mended(upkeep, repair) == 0
    assert await upkeep.overdue(NOW) == []


# Leases


async def test_who_claimed_and_is_gone_has_it_no_longer(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    await arrived(durable, statement(), errands=(errand(),))
    await durable.statements.claim_due(SOURCES, NOW, 9, MINE)
    await durable.statements.claim_errands(NOW, 9, MINE)
    for repair in (Repair.SOURCES, Repair.ERRANDS):
        assert await upkeep.repair(repair, MINE.until - SECOND) == 0
        assert await mended(upkeep, repair, MINE.until) == 1


async def test_a_lease_that_a_wrong_clock_took_ends(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    await arrived(durable, statement(), errands=(errand(),))
    far = Lease("mine", NOW + LONGEST_LEASE + SECOND)
    assert len(await durable.statements.claim_due(SOURCES, NOW, 9, far)) == 1
    assert len(await durable.statements.claim_errands(NOW, 9, far)) == 1
    assert await durable.statements.claim_due(SOURCES, NOW, 9, MINE) == []
    assert [await mended(upkeep, r) for r in (Repair.SOURCES, Repair.ERRANDS)] == [1, 1]
    assert len(await durable.statements.claim_due(SOURCES, NOW, 9, MINE)) == 1
    assert len(await durable.statements.claim_errands(NOW, 9, MINE)) == 1


# Due times


async def test_sources_polled_by_a_clock_a_day_ahead_are_due_again(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    well, failed = (s for s in await durable.statements.states())
    ran = [well.after(Unchanged(), NOW + DAY), failed.after(Failed("no answer"), NOW + DAY)]
    await durable.statements.record_polls([polled(state=s) for s in ran])
    assert await durable.statements.claim_due(SOURCES, NOW, 9, MINE) == []
    assert await mended(upkeep, Repair.POLLS) == 2
    assert len(await durable.statements.claim_due(SOURCES, NOW, 9, MINE)) == 2


async def test_a_host_that_asked_for_days_is_left_alone(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    after = state("a", url=SOURCES["a"].url).after(Failed("busy", retry_after=3 * DAY), NOW)
    await durable.statements.record_polls([polled(state=after, rest=Rest("a.example", NOW + 3 * DAY))])
    assert await mended(upkeep, Repair.POLLS) == 0
    assert await mended(upkeep, Repair.RESTS) == 0
    assert await mended(upkeep, Repair.RESTS, NOW - 5 * DAY) == 1


async def test_pages_and_statements_do_not_wait_for_a_wrong_clock(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    await arrived(durable, statement(read_from=NOW + DAY), errands=(errand(due_at=NOW + DAY),))
    assert await mended(upkeep, Repair.VISITS) == 1
    assert await mended(upkeep, Repair.READINGS) == 1
    assert len(await durable.statements.claim_errands(NOW, 9, MINE)) == 1
    assert len(await durable.statements.unread(9, NOW)) == 1


async def test_an_embargo_is_kept(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    await arrived(durable, statement(read_from=NOW + DAY, embargo=NOW + DAY))
    assert await mended(upkeep, Repair.READINGS) == 0


async def test_mails_of_a_wrong_clock_leave_and_what_was_put_off_waits(durable: Stores, upkeep: UpkeepStore) -> None:
    reader = await confirmed(durable)
    await send(durable, reader, "ahead", date=NOW + DAY)
    await send(durable, reader, "put off", due_at=NOW + 9 * DAY)
    await send(durable, reader, "deferred")
    (one,) = await claim(durable)
    await offer(durable, [one])
    await record(durable, [(one.delivery, Deferred("451 later"))], NOW + DAY)
    assert await claim(durable, NOW + HOUR) == []
    assert await mended(upkeep, Repair.MAILS) == 2
    assert sorted(c.composition.subject for c in await claim(durable)) == ["ahead", "deferred"]


async def test_alerts_that_a_clock_a_day_ahead_put_off_are_due(durable: Stores, upkeep: UpkeepStore) -> None:
    reader = await confirmed(durable)
    for number, date in ((1, NOW), (2, NOW + DAY)):
        await durable.outbox.number(f"alert s{number}", BulletinKind.ALERT, date)
    rows = [{"subscriber_id": reader.id, "bulletin": n, "due_at": NOW + DAY + n * HOUR} for n in (1, 2)]
    with durable.database.engine.begin() as connection:
        connection.execute(insert(schema.waiting_alert), rows)
    assert await mended(upkeep, Repair.WAITING) == 1
    assert [d.numbers for d in await durable.outbox.due(NOW, 9)] == [(2,)]
    assert await mended(upkeep, Repair.WAITING, NOW - 3 * DAY) == 2


async def test_webhooks_rates_and_hosts_hold_nothing_for_days(durable: Stores, upkeep: UpkeepStore) -> None:
    hook = {
        "name": "newsdesk", "address": "", "began_at": NOW, "stories_until": NOW, "bulletin": 0, "ruling": 0,
        "correction": 0, "rests_until": NOW + DAY, "leased_until": NOW + DAY,
    }  # fmt: skip
    call = {
        "id": "1", "hook": "newsdesk", "key": "story s1", "event": "story.new", "story_id": "s1", "priority": 1,
        "at": NOW, "found_at": NOW, "state": "waiting", "due_at": NOW + DAY,
    }  # fmt: skip
    with durable.database.engine.begin() as connection:
        connection.execute(insert(schema.webhook), hook)
        connection.execute(insert(schema.webhook_call), call)
        connection.execute(insert(schema.rate), {"key": b"total", "free_at": NOW + DAY})
    assert await mended(upkeep, Repair.WEBHOOKS) == 1
    assert await mended(upkeep, Repair.CALLS) == 2
    assert await mended(upkeep, Repair.RATES) == 1
    assert durable.one(select(schema.webhook_call.c.due_at)) == NOW
    assert durable.one(select(schema.rate.c.free_at)) == NOW


# Windows and stories that a clock wrote that was ahead


class Simulated(UpkeepStore):
    """On a machine whose clock is simulated."""

    async def clock_differs(self, now: datetime) -> timedelta:
        return timedelta()


class Publishing:
    """Digests over these stores, and how they come to be read."""

    def __init__(self, stores: Stores) -> None:
        self.stores, self.clock, self.notices, room = stores, FakeClock(), Notices(), Room()
        self.upkeep = Simulated(stores.database, SOURCES)
        gather = Gather(room.memory.sources, stores.statements, (), frozenset({"prisons"}), {})
        windows = CloseWindows(gather, stores.subscribers, stores.outbox, PlainComposer(), room.composing)
        self.digests = Digests(windows, self.clock)
        self.recover = Recover(stores.outbox, self.clock, self.notices, self.upkeep)

    async def read(self) -> None:
        """What is unread is read, and each statement opens a story."""
        unread = await self.stores.statements.unread(99, self.clock.now)
        await self.stores.statements.record_readings([placement(u.statement) for u in unread], self.clock.now)

    async def round(self) -> None:
        """One round of each part, as after a start."""
        await self.recover()
        await self.recover.survey()
        await self.read()
        await self.digests()
        for one in await claim(self.stores, self.clock.now):
            await offer(self.stores, [one], self.clock.now)
            await record(self.stores, [(one.delivery, Sent("250 ok"))], self.clock.now)

    async def until(self, end: datetime) -> None:
        """Rounds every few hours until then."""
        while self.clock.now <= end:
            await self.round()
            self.clock.now += 7 * HOUR

    def told(self) -> list[tuple[str, str, str]]:
        """Who was sent which story: subscriber, story, kind."""
        d, c = schema.delivery.c, schema.composition.c
        query = select(d.subscriber_id, c.stories, c.kind, d.state).join_from(schema.delivery, schema.composition)
        rows = self.stores.rows(query)
        assert all(row.state == "sent" for row in rows)
        return sorted((row.subscriber_id, story, row.kind) for row in rows for story in row.stories)


@pytest.fixture
def publishing(durable: Stores) -> Publishing:
    return Publishing(durable)


async def test_stories_and_windows_of_a_wrong_clock_are_told_once_in_the_present(publishing: Publishing) -> None:
    stores, clock = publishing.stores, publishing.clock
    early, late = [await confirmed(stores, f"{h}@example.org", schedule=Schedule(Rhythm.DAILY, h)) for h in (8, 20)]
    clock.now = at("2026-11-23T09:00")  # it is Sunday, 7:00
    await ready(stores, "s1", at("2026-11-22T06:30"))
    await publishing.digests()  # both windows of the day to come close
    await ready(stores, "s2", clock.now)
    clock.now = at("2026-11-23T21:00")
    await publishing.digests()  # the one reader had s2, the other one did not
    clock.now = at("2026-11-22T07:05")
    await publishing.recover.survey()
    await ready(stores, "s3", clock.now)
    (closes,) = set(stores.rows(select(schema.subscriber.c.closes_at).where(schema.subscriber.c.id == early.id)))
    assert closes[0] == at("2026-11-22T08:00")
    await publishing.until(at("2026-11-23T22:00"))
    everything = [(r.id, s, "digest") for r in (early, late) for s in ("s1", "s2", "s3")]
    assert publishing.told() == sorted(everything)


async def test_what_was_written_ahead_is_found_by_what_everything_passes(durable: Stores, upkeep: UpkeepStore) -> None:
    reader = await confirmed(durable)
    with durable.database.engine.begin() as connection:
        connection.execute(insert(schema.alert_pace), {"subscriber_id": reader.id, "leaves_at": NOW + DAY, "mails": 1})
        connection.execute(insert(schema.accepted_hour), [{"hour": NOW + DAY, "bulk": 3}, {"hour": NOW, "bulk": 4}])
        connection.execute(insert(schema.alert_call), {"story_id": "s1", "calls": 1, "at": NOW + DAY})
    put(durable, schema.subscriber, asked_at=NOW + DAY)
    assert await mended(upkeep, Repair.AHEAD) == 4
    assert durable.one(select(schema.alert_call.c.at)) == NOW
    assert durable.rows(select(schema.accepted_hour.c.hour, schema.accepted_hour.c.bulk)) == [(NOW, 7)]
    assert durable.one(select(schema.alert_pace.c.leaves_at)) == NOW
    assert durable.one(select(schema.subscriber.c.asked_at)) == NOW


async def test_a_pace_that_somebody_waits_by_is_kept(durable: Stores, upkeep: UpkeepStore) -> None:
    reader = await confirmed(durable)
    await durable.outbox.number("alert s1", BulletinKind.ALERT, NOW)
    with durable.database.engine.begin() as connection:
        connection.execute(insert(schema.alert_pace), {"subscriber_id": reader.id, "leaves_at": NOW + HOUR, "mails": 1})
        connection.execute(
            insert(schema.waiting_alert), {"subscriber_id": reader.id, "bulletin": 1, "due_at": NOW + HOUR}
        )
        connection.execute(insert(schema.accepted_hour), {"hour": NOW + DAY, "bulk": 3})
    assert await mended(upkeep, Repair.AHEAD) == 1
    assert durable.one(select(schema.alert_pace.c.leaves_at)) == NOW + HOUR


async def test_a_window_that_a_wrong_clock_put_off_closes_in_time(durable: Stores, upkeep: UpkeepStore) -> None:
    reader = await confirmed(durable, schedule=DAILY)
    await durable.subscribers.postpone([reader.id], NOW + DAY + 5 * MINUTE)
    await durable.subscribers.announce_closing(NOW + DAY)
    assert await mended(upkeep, Repair.AHEAD) == 2
    assert [r.id for r in await durable.subscribers.closing(at("2026-11-22T08:00"), 9)] == [reader.id]


# Stories


async def test_a_statement_on_north_korea_in_no_story_is_read_again(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    await ready(durable, "s1", NOW)
    await ready(durable, "s2", NOW)
    put(durable, schema.statement, story_id="")
    assert await mended(upkeep, Repair.STORIES) == 2
    unread = await durable.statements.unread(9, NOW)
    await durable.statements.record_readings([placement(u.statement) for u in unread], NOW)
    assert durable.rows(select(schema.statement.c.story_id)) == [("s1",), ("s2",)]
    assert await mended(upkeep, Repair.STORIES) == 0


# Whatever point a process dies at


STAGES = ("to come", "unread", "lost", "ready", "numbered", "written", "claimed", "offered", "sent")


async def died_at(publishing: Publishing, stage: str, claimed_until: timedelta) -> None:
    """Leave the rows as a process does that dies right after this."""
    stores, clock, place = publishing.stores, publishing.clock, STAGES.index(stage)
    lease = Lease("dead", clock.now + claimed_until)
    one = statement(first_seen=clock.now, published=clock.now)
    waiting = replace(one, read_from=clock.now + 15 * MINUTE)
    known = sifted(one if place else waiting, errands=() if place else (errand(due_at=clock.now),))
    await stores.statements.record_polls([polled(known, state=state("a").after(Unchanged(), clock.now))])
    await stores.statements.claim_due(SOURCES, clock.now, 9, lease)
    await stores.statements.claim_errands(clock.now, 9, lease)
    if place >= STAGES.index("lost"):
        await publishing.read()
    if stage == "lost":
        put(stores, schema.statement, story_id="")
    if place < STAGES.index("numbered"):
        return
    clock.now = clock.now.replace(hour=8) + MINUTE
    if stage == "numbered":
        await stores.subscribers.announce_closing(clock.now)
        window = Window(clock.now - DAY, clock.now)
        await stores.outbox.number(f"digest {window.start}/{window.end}", BulletinKind.DIGEST, clock.now)
        return
    await publishing.digests()
    if stage == "written":
        return
    took = await stores.outbox.claim(clock.now, 9, replace(lease, until=clock.now + claimed_until), Lane.BULK)
    if stage in {"offered", "sent"}:
        await stores.outbox.book((), took, clock.now, "dead")
    if stage == "sent":
        await stores.outbox.book([(c.delivery, Sent("250 ok")) for c in took], (), clock.now, "dead")


@pytest.mark.parametrize("ahead", [timedelta(), DAY])
@pytest.mark.parametrize("stage", STAGES)
async def test_wherever_a_process_dies_everybody_gets_the_story_once(
    publishing: Publishing, stage: str, ahead: timedelta
) -> None:
    stores, clock = publishing.stores, publishing.clock
    await registered(stores)
    readers = [await confirmed(stores, f"{n}@example.org", schedule=DAILY) for n in range(2)]
    clock.now = NOW + ahead
    await died_at(publishing, stage, MINUTE)
    clock.now = max(NOW, clock.now - ahead) + 5 * MINUTE
    await publishing.until(NOW + 2 * DAY)
    assert publishing.told() == sorted((r.id, "s1", "digest") for r in readers)
    assert replace(await publishing.recover.survey(dry=True), overdue=0) == Recovered()


# What is overdue


async def test_what_should_have_been_done_is_found(durable: Stores, upkeep: UpkeepStore) -> None:
    await registered(durable)
    reader = await confirmed(durable, schedule=DAILY)
    await confirmed(durable, "paused@example.org", schedule=DAILY)
    await arrived(durable, statement(), errands=(errand(),))
    await ready(durable, "s2", NOW)
    put(durable, schema.story, alert="open")
    await send(durable, reader, "alert")
    await send(durable, reader, "digest", BulletinKind.DIGEST)
    await send(durable, reader, "put off", due_at=NOW + 9 * DAY)
    with durable.database.engine.begin() as connection:
        for rhythm in ("daily", "weekly"):
            row = {"rhythm": rhythm, "covered_until": NOW - 8 * DAY}
            connection.execute(insert(schema.edition_rhythm), row)
    assert [o.wanting for o in await upkeep.overdue(NOW)] == [Wanting.EDITIONS]
    later = NOW + 3 * HOUR
    assert await upkeep.overdue(later) == [
        Overdue(Wanting.POLLS, 2, NOW),
        Overdue(Wanting.ERRANDS, 1, NOW),
        Overdue(Wanting.UNREAD, 1, NOW),
        Overdue(Wanting.UNINDEXED, 1, NOW),
        Overdue(Wanting.ALERTS, 1, NOW),
        Overdue(Wanting.WINDOWS, 2, at("2026-11-22T08:00")),
        Overdue(Wanting.EDITIONS, 1, NOW - 8 * DAY),
        Overdue(Wanting.URGENT, 1, NOW),
        Overdue(Wanting.BULK, 1, NOW),
    ]


async def test_nobody_is_told_of_what_need_not_be_done(durable: Stores, upkeep: UpkeepStore) -> None:
    """A source that is gone from the catalogue, a host that rests, a reader who paused."""
    await registered(durable)
    reader = await confirmed(durable)
    await arrived(durable, statement(read_from=NOW + DAY, embargo=NOW + DAY), errands=(errand(),))
    await durable.statements.record_polls([polled(rest=Rest("a.example", NOW + DAY))])
    await send(durable, reader, "correction", BulletinKind.ALERT_CORRECTION)
    await durable.subscribers.pause(reader.id, NOW + 9 * DAY, NOW)
    without = UpkeepStore(durable.database, {})
    assert await without.overdue(NOW + 3 * HOUR) == []


@pytest.mark.parametrize("wanting", Wanting)
async def test_to_look_reads_no_great_table_from_end_to_end(durable: Stores, wanting: Wanting) -> None:
    compiled = question(wanting, NOW).compile(durable.database.engine, compile_kwargs={"literal_binds": True})
    small = {"source_state", "host", "edition_rhythm"}
    with durable.database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            # in an empty table a walk from end to end is cheapest; it is dear where there is any other way
            connection.execute(text("SET LOCAL enable_seqscan = off"))
            steps = [row[0].strip() for row in connection.exec_driver_sql(f"EXPLAIN {compiled}")]
            scans = [s.partition(" on ")[2].split()[0] for s in steps if "Seq Scan" in s]
        else:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}")]
            scans = [s.split()[1] for s in steps if s.startswith("SCAN") and "USING" not in s]
    assert not set(scans) - small, steps


async def test_the_clock_of_another_machine_is_compared_with_the_database(durable: Stores, upkeep: UpkeepStore) -> None:
    there = datetime.now(tz=NOW.tzinfo)
    differs = await upkeep.clock_differs(there + DAY)
    if durable.database.engine.dialect.name == "sqlite":
        assert differs == timedelta()
    else:
        assert abs(differs - DAY) < SLACK
