"""What there is to tell webhooks, as the database finds it: nothing twice, nothing lost, nothing from before."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import event, select, update

from nkwatch.domain.bulletin import BulletinKind, Mailing
from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import Ruling, RulingKind
from nkwatch.domain.lease import Lease
from nkwatch.domain.webhook import Answered, CallState, Event, Hook, Line, Unanswered
from nkwatch.store import schema
from nkwatch.store.hooking import KEPT, OLDEST_NEWS, OVERLAP
from nkwatch.store.webhooks import LONGEST_LEASE, WebhookStore
from tests.making import NOW, placement, polled, sifted, statement

SECOND, HOUR = timedelta(seconds=1), timedelta(hours=1)
HOOK = Hook("newsdesk", "https://hooks.example/in", ("whsec_x",))
ALERTS = replace(HOOK, name="alerts", events=frozenset({"alert", "correction"}))
LATER = NOW + HOUR
WELL, DOWN = Answered(204), Unanswered("It did not answer.")


@pytest.fixture
def hooks(durable):
    return WebhookStore(durable.database)


async def ready(stores, *ids, at=NOW, **fields):
    """Stories of one statement each that become ready at this instant."""
    told = [statement(i, **fields) for i in ids]
    await stores.statements.record_polls([polled(sifted(*told))])
    await stores.statements.record_readings([placement(one) for one in told], at)


async def found(hooks, hook=HOOK):
    return sorted(c.key for c in await hooks.calls(hook.name, 999))


async def alert(stores, story_id="s1", number=""):
    """An alert as it is opened, before any reader is written to."""
    return await stores.outbox.number(f"alert {story_id}{number}", BulletinKind.ALERT, LATER)


async def rule(stores, kind, story_id="s1", at=LATER):
    await stores.desk.rule(Ruling(story_id, kind, "Ann", at, "en: wrong"))


# What is found


async def test_a_hook_that_is_new_begins_now(durable, hooks):
    await ready(durable, "s1")
    await alert(durable)
    await rule(durable, RulingKind.WITHDRAW)
    await hooks.begin(HOOK, LATER + SECOND)
    assert await hooks.find([HOOK], LATER + HOUR) == 0
    (seen,) = await hooks.look(["newsdesk"], LATER + HOUR)
    assert (seen.line, seen.news, seen.due, seen.taken) == (Line("newsdesk"), False, False, False)
    assert seen.address == HOOK.address


async def test_a_story_is_found_once_by_each_hook_however_often_is_looked(durable, hooks):
    for hook in (HOOK, other := replace(HOOK, name="other")):
        await hooks.begin(hook, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND)
    assert (await hooks.look(["newsdesk"], LATER))[0].news
    assert await hooks.find([HOOK, other], LATER) == 4
    assert await hooks.find([HOOK, other], LATER) == 0
    assert await found(hooks) == await found(hooks, other) == ["story s1", "story s2"]
    (seen,) = await hooks.look(["newsdesk"], LATER)
    assert (seen.news, seen.due) == (False, True)


async def test_no_story_slips_behind_the_cursor_when_a_slow_process_makes_it_ready(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await hooks.find([HOOK], LATER)
    # its clock was read before the look, its transaction comes after
    await ready(durable, "s1", at=NOW + SECOND)
    assert durable.one(select(schema.story.c.ready_at)) >= LATER
    assert await hooks.find([HOOK], LATER + SECOND) == 1


async def test_a_story_that_becomes_ready_in_the_very_instant_of_a_look_is_found_by_the_next(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=LATER)
    assert await hooks.find([HOOK], LATER) == 0
    assert await hooks.find([HOOK], LATER + SECOND) == 1


async def test_windows_and_webhooks_find_the_same_stories(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await durable.subscribers.closing(LATER, 9)
    await ready(durable, "s1", at=NOW)
    assert await hooks.find([HOOK], LATER + HOUR) == 1


async def test_the_first_ingest_of_a_source_is_not_told(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND, backlog=True)
    assert await hooks.find([HOOK], LATER) == 0


async def test_what_editors_hold_is_found_when_they_let_it_go(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    await durable.desk.hold("s1", "Ann", NOW)
    assert await hooks.find([HOOK], LATER) == 0
    await durable.desk.free("s1", "Ann", LATER + SECOND)
    assert (await hooks.look(["newsdesk"], LATER + HOUR))[0].news
    assert await hooks.find([HOOK], LATER + HOUR) == 1


async def test_what_was_dropped_while_it_was_held_is_due_again(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND)
    await hooks.find([HOOK], LATER)
    for due in await hooks.due("newsdesk", LATER, 9):
        await hooks.record(due.call.dropped("an editor holds the story back", LATER), None, "me")
    await durable.desk.hold("s1", "Ann", LATER)
    await durable.desk.free("s1", "Ann", LATER + SECOND)
    assert await hooks.find([HOOK], LATER + HOUR) == 0
    (due,) = await hooks.due("newsdesk", LATER + HOUR, 9)
    assert (due.call.story_id, due.call.reply, due.call.done_at) == ("s1", "", None)


async def test_what_was_told_is_not_told_again_when_it_is_held_and_freed(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    await hooks.find([HOOK], LATER)
    (due,) = await hooks.due("newsdesk", LATER, 9)
    await hooks.record(due.call.after(WELL, LATER), None, "me")
    await durable.desk.hold("s1", "Ann", LATER)
    await durable.desk.free("s1", "Ann", LATER + SECOND)
    await hooks.find([HOOK], LATER + HOUR)
    assert await hooks.due("newsdesk", LATER + HOUR, 9) == []


async def test_alerts_are_found_by_their_bulletins_also_before_anybody_is_written_to(durable, hooks):
    await hooks.begin(ALERTS, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    numbers = [await alert(durable), await alert(durable, "s1", " update 2")]
    # mails in which several alerts leave together, digests and personal mails are no alerts
    await durable.outbox.number("alerts 1 2 2026-11-22", BulletinKind.ALERT, LATER)
    await durable.outbox.number("digest x", BulletinKind.DIGEST, LATER)
    await durable.outbox.number("confirm x", BulletinKind.CONFIRMATION, LATER)
    assert await hooks.find([ALERTS], LATER) == 2
    calls = {c.key: c for c in await hooks.calls("alerts", 9)}
    assert {c.number for c in calls.values()} == set(numbers)
    assert {(c.event, c.story_id, c.at) for c in calls.values()} == {(Event.ALERT_SENT, "s1", LATER)}
    assert await hooks.find([ALERTS], LATER) == 0


async def test_what_is_taken_back_is_found_by_the_rulings_with_the_number_of_the_alert(durable, hooks):
    await hooks.begin(ALERTS, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    number = await alert(durable)
    await durable.outbox.enqueue(Mailing("alert s1", BulletinKind.ALERT, LATER, story_id="s1", reports=("s1",)))
    for kind in RulingKind:
        await rule(durable, kind)
    await hooks.find([ALERTS], LATER)
    told = {c.event: c.number for c in await hooks.calls("alerts", 9)}
    assert told == {Event.ALERT_SENT: number, Event.ALERT_CORRECTED: number, Event.ALERT_WITHDRAWN: number}


async def test_a_corrected_reading_is_found_with_its_story(durable, hooks):
    await hooks.begin(ALERTS, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    for n, about in enumerate((None, False)):
        said = Correction("s1", 1, "test.1", LATER + n * SECOND, "Ann", "", about_nk=about)
        assert await durable.readings.record_correction(said, "", (), LATER + n * SECOND)
    await hooks.find([ALERTS], LATER + HOUR)
    assert {(c.event, c.story_id) for c in await hooks.calls("alerts", 9)} == {(Event.STORY_CORRECTED, "s1")}
    assert len(await hooks.calls("alerts", 9)) == 2


async def test_a_number_that_is_seen_after_a_higher_one_is_not_lost(durable, hooks):
    """On PostgreSQL, transactions that end in another order than they began."""
    await hooks.begin(ALERTS, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    rows = [{"number": n, "key": f"alert s1 update {n}", "kind": "alert", "date": LATER} for n in (1, 2, 3)]
    late, *others = rows
    with durable.database.engine.begin() as connection:
        connection.execute(schema.bulletin.insert(), others)
    assert await hooks.find([ALERTS], LATER) == 2
    with durable.database.engine.begin() as connection:
        connection.execute(schema.bulletin.insert(), [late])
    assert await hooks.find([ALERTS], LATER) == 1
    assert OVERLAP >= 100


async def test_only_what_a_hook_asks_for_is_found(durable, hooks):
    stories = replace(HOOK, events=frozenset({"story"}))
    for hook in (stories, ALERTS, only := replace(HOOK, name="only", events=frozenset({"correction"}))):
        await hooks.begin(hook, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    await alert(durable)
    await rule(durable, RulingKind.WITHDRAW)
    await hooks.find([stories, ALERTS, only], LATER)
    assert await found(hooks, stories) == ["story s1"]
    assert await found(hooks, ALERTS) == ["alert 1", "ruling 1"]
    assert await found(hooks, only) == ["ruling 1"]


async def test_after_a_long_time_only_the_last_days_are_told(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    await alert(durable)
    assert await hooks.find([HOOK], NOW + OLDEST_NEWS + 2 * HOUR) == 0
    assert await hooks.find([HOOK], NOW + OLDEST_NEWS + 3 * HOUR) == 0


async def test_nothing_is_found_and_nobody_is_called_for_a_hook_that_is_off_or_unknown(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    with durable.database.engine.begin() as connection:
        connection.execute(update(schema.webhook).values(off_at=NOW))
    assert await hooks.find([HOOK, ALERTS], LATER) == 0
    assert await hooks.take("newsdesk", LATER + HOUR, Lease("me", LATER + 2 * HOUR)) is None


# Calls


async def test_alerts_come_first_then_what_happened_first(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s2", at=NOW + SECOND)
    await ready(durable, "s1", at=NOW + 2 * SECOND)
    await alert(durable)
    await hooks.find([HOOK], LATER)
    assert [d.call.key for d in await hooks.due("newsdesk", LATER, 9)] == ["alert 1", "story s2", "story s1"]
    assert len(await hooks.due("newsdesk", LATER, 2)) == 2
    assert await hooks.due("newsdesk", NOW, 9) == []


async def test_an_outcome_is_written_with_the_line_while_it_is_ours(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", at=NOW + SECOND)
    await hooks.find([HOOK], LATER)
    line = await hooks.take("newsdesk", LATER, Lease("me", LATER + HOUR))
    (due,) = await hooks.due("newsdesk", LATER, 9)
    assert not due.knows
    after = line.after(DOWN, HOOK.rate, LATER)
    await hooks.record(due.call.after(DOWN, LATER), after, "me")
    (call,) = await hooks.calls("newsdesk", 9)
    assert (call.attempts, call.reply, call.state) == (1, "It did not answer.", CallState.WAITING)
    (seen,) = await hooks.look(["newsdesk"], LATER)
    assert (seen.line, seen.taken) == (after, True)
    await hooks.record(call.after(WELL, LATER), Line("newsdesk"), "somebody else")
    (seen,) = await hooks.look(["newsdesk"], LATER)
    assert (seen.line, seen.due) == (after, False)
    found = await hooks.call(call.id)
    assert (found.call.state, found.call.status, found.knows) == (CallState.DONE, 204, True)
    # what is done stays done
    await hooks.record(call.after(DOWN, LATER), None, "me")
    assert await hooks.counts("newsdesk") == {CallState.DONE: 1}
    assert await hooks.call("nosuch") is None


async def test_a_hook_knows_a_story_that_it_was_told_of(durable, hooks):
    for hook in (HOOK, other := replace(HOOK, name="other")):
        await hooks.begin(hook, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND)
    await hooks.find([HOOK, other], LATER)
    first = next(d.call for d in await hooks.due("newsdesk", LATER, 9) if d.call.story_id == "s1")
    await hooks.record(first.after(WELL, LATER), None, "me")
    await rule(durable, RulingKind.WITHDRAW)
    await rule(durable, RulingKind.WITHDRAW, "s2")
    await hooks.find([HOOK, other], LATER)
    due = {(name, d.call.key): d.knows for name in ("newsdesk", "other") for d in await hooks.due(name, LATER, 9)}
    assert {key for key, knows in due.items() if knows} == {("newsdesk", "ruling 1")}


async def test_one_process_at_a_time_calls_a_hook_until_its_lease_is_over(opened):
    one, other = (WebhookStore(opened().database) for _ in range(2))
    await one.begin(HOOK, NOW)
    await other.begin(HOOK, LATER)
    assert await one.take("newsdesk", NOW, Lease("one", LATER)) == Line("newsdesk")
    assert await other.take("newsdesk", NOW, Lease("other", LATER)) is None
    assert (await other.look(["newsdesk"], NOW))[0].taken
    await other.leave("newsdesk", "other")
    assert await other.take("newsdesk", NOW, Lease("other", LATER)) is None
    await one.leave("newsdesk", "one")
    assert await other.take("newsdesk", NOW, Lease("other", LATER)) is not None
    # the other died; or a clock was wrong
    assert await one.take("newsdesk", LATER, Lease("one", LATER + LONGEST_LEASE * 99)) is not None
    assert await other.take("newsdesk", LATER, Lease("other", LATER)) is not None


async def failed_for_good(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND)
    await hooks.find([HOOK], LATER)
    line = await hooks.take("newsdesk", LATER, Lease("me", LATER + HOUR))
    one, two = [d.call for d in await hooks.due("newsdesk", LATER, 9)]
    gone = Answered(410)
    await hooks.record(replace(one, attempts=6).after(DOWN, LATER), line.after(DOWN, HOOK.rate, LATER).informed(), "me")
    await hooks.record(two.after(gone, LATER), line.after(gone, HOOK.rate, LATER), "me")
    await hooks.leave("newsdesk", "me")
    assert await hooks.due("newsdesk", LATER + HOUR, 9) == []
    (seen,) = await hooks.look(["newsdesk"], LATER)
    assert seen.line.off_at == LATER


async def test_what_was_given_up_or_waits_is_told_when_an_operator_says_so(durable, hooks):
    await failed_for_good(durable, hooks)
    assert await hooks.retry("newsdesk", LATER + HOUR) == 2
    (seen,) = await hooks.look(["newsdesk"], LATER + HOUR)
    assert (seen.line.off_at, seen.line.failures, seen.line.rests_until, seen.due) == (None, 0, None, True)
    assert {d.call.found_at for d in await hooks.due("newsdesk", LATER + HOUR, 9)} == {LATER, LATER + HOUR}


async def test_another_address_switches_a_hook_on_again(durable, hooks):
    await failed_for_good(durable, hooks)
    await hooks.begin(HOOK, LATER + HOUR)
    assert (await hooks.look(["newsdesk"], LATER + HOUR))[0].line.off_at == LATER
    await hooks.begin(replace(HOOK, url="https://other.example/"), LATER + HOUR)
    (seen,) = await hooks.look(["newsdesk"], LATER + HOUR)
    assert (seen.line.off_at, seen.due, seen.address == HOOK.address) == (None, True, False)
    assert await hooks.counts("newsdesk") == {CallState.WAITING: 1, CallState.GIVEN_UP: 1}


async def test_calls_that_were_done_long_ago_are_forgotten(durable, hooks):
    await hooks.begin(HOOK, NOW)
    await ready(durable, "s1", "s2", at=NOW + SECOND)
    await hooks.find([HOOK], LATER)
    first = (await hooks.due("newsdesk", LATER, 9))[0].call
    await hooks.record(first.after(WELL, LATER), None, "me")
    await hooks.find([HOOK], LATER + KEPT)
    assert durable.count("webhook_call") == 2
    await hooks.find([HOOK], LATER + KEPT + SECOND)
    assert durable.count("webhook_call") == 1


# What it costs


async def test_to_look_is_one_query_and_reads_no_table_from_end_to_end(durable, hooks):
    await hooks.begin(HOOK, NOW)
    statements = []

    def note(_connection, _cursor, text, values, *_):
        statements.append((text, values))

    event.listen(durable.database.engine, "before_cursor_execute", note)
    await hooks.look(["newsdesk"], LATER)
    event.remove(durable.database.engine, "before_cursor_execute", note)
    ((text, values),) = [s for s in statements if not s[0].startswith("BEGIN")]
    if durable.database.engine.dialect.name == "sqlite":
        with durable.database.engine.connect() as connection:
            steps = [row[3] for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}", values)]
        assert not [s for s in steps if s.startswith("SCAN")], steps
        assert any("ix_webhook_call_waiting" in s for s in steps), steps


async def test_no_text_is_kept_of_what_is_told(durable, hooks):
    kept = {c.name for c in schema.webhook_call.columns}
    assert kept == {
        "id", "hook", "key", "event", "story_id", "number", "priority", "at", "found_at", "state", "due_at", "attempts",
        "status", "reply", "done_at",
    }  # fmt: skip
