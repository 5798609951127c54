"""The outbox: written with the windows it closes, claimed by one, recorded once (promises 1, 2 and 4)."""

import asyncio
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from nkwatch.domain.bulletin import Addressed, Block, BulletinKind, Composition, Mailing, Slot, Window
from nkwatch.domain.delivery import Deferred, Lane, Refused, Sent
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, Subscriber, Suppression
from nkwatch.store import schema
from tests import making
from tests.making import NOW, composition, sign_up
from tests.store.conftest import Stores, open_stores
from tests.store.people import claim, offer, record

DAY = timedelta(days=1)
MINE, THEIRS = Lease("mine", NOW + timedelta(minutes=5)), Lease("theirs", NOW + timedelta(minutes=59))
KINDS = BulletinKind


async def readers(stores: Stores, count: int) -> list[Subscriber]:
    """Confirmed daily readers whose next window begins a day ago."""
    found = []
    for n in range(count):
        form = sign_up(f"r{n}@example.org", Schedule(Rhythm.DAILY, 7))
        joined = await stores.subscribers.join(form, Consent("test", NOW), NOW - timedelta(hours=1))
        found.append(joined.subscriber)
    return found


def mailing(
    *to: Subscriber, key: str = "alert s1", kind: KINDS = KINDS.ALERT, subject: str = "Subject", date: object = NOW
) -> Mailing:
    """A bulletin for these readers."""
    return Mailing(key, kind, date, tuple(Addressed(s, composition(subject, kind)) for s in to), story_id="s1")


def digest(*to: Subscriber, key: str = "digest 1", window: Window | None = None) -> Mailing:
    """A digest for these readers, whose window it closes."""
    window = window or Window(NOW - DAY, NOW)
    deliveries = tuple(Addressed(s, composition()) for s in to)
    return Mailing(key, KINDS.DIGEST, NOW, deliveries, window, covered=to)


# Writing


async def test_one_row_for_each_bulletin_and_subscriber_however_often_it_is_written(stores: Stores) -> None:
    two = await readers(stores, 2)
    assert await stores.outbox.enqueue(mailing(two[0])) == 1
    assert await stores.outbox.enqueue(mailing(*two)) == 1
    assert await stores.outbox.enqueue(mailing(*two, subject="Another")) == 0
    assert await stores.outbox.enqueue(mailing(*two, key="alert s2")) == 2
    assert await stores.outbox.counts() == {"pending": 4}


async def test_a_bulletin_keeps_its_number(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    number = await stores.outbox.number("alert s1", KINDS.ALERT, NOW)
    assert await stores.outbox.number("alert s1", KINDS.ALERT, NOW + DAY) == number
    assert await stores.outbox.number("alert s2", KINDS.ALERT, NOW) != number
    await stores.outbox.enqueue(mailing(one))
    assert [c.number for c in await claim(stores, NOW, MINE, 9)] == [number]


async def test_personal_mails_leave_no_gap_in_the_numbers_of_bulletins(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    numbers = []
    for n in range(4):
        for kind in (KINDS.SETTINGS, KINDS.ALERT, KINDS.MOVE_OLD, KINDS.DIGEST):
            numbers.append(await stores.outbox.number(f"{kind} {n}", kind, NOW))
            await stores.outbox.enqueue(mailing(one, key=f"{kind} {n}", kind=kind, subject=f"{kind} {n}"))
    assert [n for n in numbers if n > 0] == list(range(1, 9))
    assert len({n for n in numbers if n < 0}) == 8
    # and the key of one leads to the same number for ever
    assert await stores.outbox.number("settings 2", KINDS.SETTINGS, NOW) == numbers[8]


async def test_processes_that_write_personal_mails_at_once_take_no_number_twice(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    many = await readers(one, 12)
    links = [mailing(r, key=f"settings {r.id}", kind=KINDS.SETTINGS, subject="link") for r in many]
    written = await asyncio.gather(*((one if n % 2 else other).outbox.enqueue(m) for n, m in enumerate(links * 2)))
    assert sum(written) == 12
    assert len({c.number for c in await claim(one, NOW, MINE, 99)}) == one.count("bulletin") == 12


async def test_a_mail_that_is_put_off_is_dated_when_it_goes(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(replace(mailing(one), due_at=NOW + DAY))
    assert await claim(stores, NOW + DAY - timedelta(seconds=1), MINE, 9) == []
    (claimed,) = await claim(stores, NOW + DAY, MINE, 9)
    assert claimed.delivery.date == NOW + DAY


# What may be passed on


async def test_the_content_of_alerts_and_digests_may_be_passed_on(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for kind in (KINDS.ALERT, KINDS.DIGEST):
        neutral = replace(composition(kind, kind), neutral=True)
        await stores.outbox.enqueue(Mailing(f"{kind}", kind, NOW, (Addressed(one, neutral, (("phrase", "mine"),)),)))
    for claimed in await claim(stores, NOW, MINE, 9):
        assert claimed.composition_id
        assert await stores.outbox.shared(claimed.composition_id) == (claimed.composition, claimed.number)
        assert claimed.composition.neutral
    assert await stores.outbox.shared("0" * 64) is None


async def test_personal_mails_may_not_be_passed_on(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.subscribers.ask_move(one.id, "new@example.org", NOW)
    personal = [k for k in KINDS if k.personal and k is not KINDS.CONFIRMATION]
    for kind in personal:
        await stores.outbox.enqueue(mailing(one, key=kind, kind=kind, subject=kind))
    claimed = await claim(stores, NOW, MINE, 9)
    assert len(claimed) == len(personal)
    assert [await stores.outbox.shared(c.composition_id) for c in claimed] == [None] * len(claimed)


async def test_neutral_mails_are_kept_apart_from_others(durable: Stores) -> None:
    two = await readers(durable, 2)
    both = (composition(), replace(composition(), neutral=True))
    deliveries = tuple(Addressed(r, c) for r, c in zip(two, both, strict=True))
    await durable.outbox.enqueue(Mailing("digest", KINDS.DIGEST, NOW, deliveries))
    assert {c.composition for c in await claim(durable, NOW, MINE, 9)} == set(both)
    assert (durable.count("composition"), durable.count("block")) == (2, 2)


async def test_what_a_reader_got_is_told_the_newest_first(durable: Stores) -> None:
    two = await readers(durable, 2)
    await durable.outbox.enqueue(mailing(*two))
    await durable.outbox.enqueue(digest(*two))
    posted = await durable.outbox.deliveries_of(two[0].id, 9)
    assert [(p.kind, p.window, p.story_id) for p in posted] == [
        (KINDS.DIGEST, Window(NOW - DAY, NOW), ""),
        (KINDS.ALERT, None, "s1"),
    ]
    assert [p.number for p in posted] == [2, 1]
    assert len({p.delivery.id for p in posted}) == 2
    assert len(await durable.outbox.deliveries_of(two[0].id, 1)) == 1
    assert await durable.outbox.deliveries_of("nobody", 9) == []


# How it is looked for


async def test_looking_for_what_is_due_reads_no_table_whole(tmp_path: Path, prepared_file: Path) -> None:
    shutil.copy(prepared_file, tmp_path / "nkwatch.db")
    stores = open_stores(f"sqlite:///{tmp_path}/nkwatch.db")
    said: list[str] = []
    stores.database.engine.dispose()
    event.listen(stores.database.engine, "connect", lambda driver, _: driver.set_trace_callback(said.append))
    for lane in Lane:
        await stores.outbox.claim(NOW, 500, MINE, lane)
    await stores.outbox.late(NOW)
    await stores.outbox.recover(NOW)
    await stores.outbox.book([(making.delivery(), Sent("250"))], [making.claimed()], NOW, "mine")
    await stores.outbox.renew([making.delivery()], MINE)
    looks = [s for s in said if "FROM delivery" in s or s.startswith("UPDATE delivery")]
    with stores.database.engine.connect() as connection:
        plans = [[r[-1] for r in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {look}")] for look in looks]
    steps = [step for plan in plans for step in plan]
    assert [s for s in steps if s.startswith("SCAN") and "ix_delivery_leased" not in s] == []
    for plan in plans[:2]:  # the claims: in the order of the index
        assert "USING INDEX ix_delivery_undone (priority>? AND priority<?)" in plan[0]
        assert [s for s in plan if "TEMP B-TREE" in s] == []
    stores.database.close()


async def test_a_mailing_without_deliveries_opens_no_bulletin(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    empty = Mailing("digest 1", KINDS.DIGEST, NOW, (), Window(NOW - DAY, NOW), covered=(one,))
    assert await durable.outbox.enqueue(empty) == 0
    assert (durable.count("bulletin"), durable.count("delivery")) == (0, 0)
    assert (await durable.subscribers.find(one.id))[0].covered_until == NOW


async def test_a_bulletin_says_which_window_or_story_it_was(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await durable.outbox.enqueue(digest(one))
    await durable.outbox.enqueue(mailing(one))
    b = schema.bulletin.c
    rows = durable.rows(select(b.key, b.kind, b.window_start, b.window_end, b.story_id).order_by(b.number))
    assert rows == [("digest 1", "digest", NOW - DAY, NOW, ""), ("alert s1", "alert", None, None, "s1")]


async def test_compositions_and_blocks_are_stored_once_for_all(durable: Stores) -> None:
    many = await readers(durable, 12)
    shared = Block(b"A story\r\n")
    both = [
        Composition(KINDS.ALERT, language, f"Subject {language}", (Block(language.encode()), shared, Slot("links")), (shared,))
        for language in ("en", "ko")
    ]  # fmt: skip
    deliveries = tuple(Addressed(s, both[n % 2]) for n, s in enumerate(many))
    for key in ("alert s1", "alert s2"):
        await durable.outbox.enqueue(Mailing(key, KINDS.ALERT, NOW, deliveries))
    assert [durable.count(t) for t in ("delivery", "composition", "block")] == [24, 2, 4]
    claimed = await claim(durable, NOW, MINE, 99)
    assert {c.composition for c in claimed} == set(both)


async def test_a_delivery_has_its_message_id_and_date_before_the_first_attempt(stores: Stores) -> None:
    two = await readers(stores, 2)
    await stores.outbox.enqueue(mailing(*two))
    claimed = await claim(stores, NOW + DAY, MINE, 9)
    names = [c.delivery.message_id for c in claimed]
    assert len(set(names)) == 2
    assert all(n.startswith("<") and n.endswith("@nkwatch.example>") for n in names)
    assert {c.delivery.date for c in claimed} == {NOW}


async def test_a_message_id_names_no_subscriber(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await durable.outbox.enqueue(mailing(one))
    (claimed,) = await claim(durable, NOW, MINE, 9)
    assert one.id not in claimed.delivery.message_id


async def test_a_mailing_to_more_than_one_statement_of_sql_is_written_whole(stores: Stores) -> None:
    many = await readers(stores, 120)
    assert await stores.outbox.enqueue(digest(*many)) == 120
    assert len(await claim(stores, NOW, MINE, 999)) == 120
    assert await stores.subscribers.closing(NOW, 999) == []


# Windows


async def test_a_window_closes_with_its_deliveries(stores: Stores) -> None:
    two = await readers(stores, 2)
    assert len(await stores.subscribers.closing(NOW, 9)) == 2
    await stores.outbox.enqueue(digest(*two))
    assert [(await stores.subscribers.find(s.id))[0].covered_until for s in two] == [NOW, NOW]
    assert await stores.subscribers.closing(NOW + DAY - timedelta(seconds=1), 9) == []
    assert len(await stores.subscribers.closing(NOW + DAY, 9)) == 2


async def test_a_mailing_that_cannot_be_written_closes_no_window(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    # a lone surrogate is no text that a database takes
    untold = replace(composition(), subject="\ud800")
    broken = Mailing(
        "digest 1", KINDS.DIGEST, NOW, (Addressed(one, untold),), Window(NOW - DAY, NOW), covered=(one,)
    )  # fmt: skip
    with pytest.raises(UnicodeEncodeError):
        await durable.outbox.enqueue(broken)
    assert (await durable.subscribers.find(one.id))[0].covered_until == NOW - DAY
    assert [durable.count(t) for t in ("bulletin", "block", "composition", "delivery")] == [0, 0, 0, 0]


async def test_a_mailing_leaves_out_who_is_gone_and_reaches_the_others(durable: Stores) -> None:
    two = await readers(durable, 2)
    await durable.subscribers.erase(two[0].id, Suppression.ERASED, NOW)
    assert await durable.outbox.enqueue(digest(*two)) == 1
    assert await durable.outbox.enqueue(mailing(*two)) == 1
    assert {c.subscriber_id for c in await claim(durable, NOW, MINE, 9)} == {two[1].id}


async def test_of_two_publishers_one_closes_the_window(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    many = await readers(one, 8)
    # they disagree on where the window ends, so that nothing but covered_until can tell
    mine = digest(*many, key="digest mine", window=Window(NOW - DAY, NOW))
    theirs = digest(*reversed(many), key="digest theirs", window=Window(NOW - DAY, NOW + timedelta(minutes=1)))
    written = await asyncio.gather(
        one.outbox.enqueue(mine), other.outbox.enqueue(theirs), one.outbox.enqueue(mine), other.outbox.enqueue(theirs)
    )
    assert sum(written) == len(many)
    assert one.count("delivery") == len(many)


async def test_a_reader_whose_window_was_closed_meanwhile_is_left_out(stores: Stores) -> None:
    two = await readers(stores, 2)
    await stores.outbox.enqueue(digest(two[0]))
    late = digest(*two, key="digest 2", window=Window(NOW - DAY, NOW + timedelta(minutes=1)))
    assert await stores.outbox.enqueue(late) == 1
    assert (await stores.subscribers.find(two[0].id))[0].covered_until == NOW


async def test_closing_a_window_twice_changes_nothing_more(stores: Stores) -> None:
    two = await readers(stores, 2)
    assert [await stores.outbox.enqueue(digest(*two)) for _ in range(3)] == [2, 0, 0]


# Claiming


async def test_alerts_go_before_links_that_somebody_waits_for_and_those_before_digests(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for kind in (KINDS.DIGEST, KINDS.SETTINGS, KINDS.ALERT, KINDS.DIGEST, KINDS.ALERT):
        await stores.outbox.enqueue(mailing(one, key=f"{kind} {NOW}", kind=kind, subject=kind))
        await stores.outbox.enqueue(mailing(one, key=f"{kind} 2", kind=kind, subject=kind))
    claimed = [c.composition.kind for c in await claim(stores, NOW, MINE, 9)]
    assert claimed == [KINDS.ALERT] * 2 + [KINDS.SETTINGS] * 2 + [KINDS.DIGEST] * 2


async def test_what_comes_first_is_claimed_first_and_no_more_than_asked_for(stores: Stores) -> None:
    many = await readers(stores, 5)
    await stores.outbox.enqueue(mailing(*many[:2], key="settings 1", kind=KINDS.SETTINGS))
    await stores.outbox.enqueue(mailing(*many[2:]))
    first = await claim(stores, NOW, MINE, 4)
    assert [c.composition.kind for c in first] == [KINDS.ALERT] * 3 + [KINDS.SETTINGS]
    assert len(await claim(stores, NOW, THEIRS, 4)) == 1


async def test_bulk_and_what_is_urgent_are_claimed_apart(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for kind in (KINDS.LULL, KINDS.DIGEST, KINDS.SETTINGS, KINDS.DIGEST_CORRECTION, KINDS.ALERT):
        await stores.outbox.enqueue(mailing(one, key=kind, kind=kind, subject=kind))
    urgent = await stores.outbox.claim(NOW, 9, MINE, Lane.URGENT)
    assert [c.composition.kind for c in urgent] == [KINDS.DIGEST_CORRECTION, KINDS.ALERT, KINDS.SETTINGS]
    bulk = await stores.outbox.claim(NOW, 9, MINE, Lane.BULK)
    assert [c.composition.kind for c in bulk] == [KINDS.LULL, KINDS.DIGEST]


async def test_what_is_not_due_is_not_claimed(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(mailing(one, date=NOW + DAY))
    assert await claim(stores, NOW + DAY - timedelta(seconds=1), MINE, 9) == []
    assert len(await claim(stores, NOW + DAY, MINE, 9)) == 1


async def test_what_is_claimed_is_nobody_elses_until_the_lease_ends(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(mailing(one))
    (first,) = await claim(stores, NOW, MINE, 9)
    assert await claim(stores, NOW, THEIRS, 9) == []
    assert await stores.outbox.recover(MINE.until - timedelta(seconds=1)) == 0
    assert await stores.outbox.recover(MINE.until) == 1
    assert await stores.outbox.recover(MINE.until) == 0
    (again,) = await claim(stores, MINE.until, THEIRS, 9)
    assert (again.delivery.id, again.delivery.message_id) == (first.delivery.id, first.delivery.message_id)


async def test_processes_that_claim_at_once_share_the_deliveries(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    many = await readers(one, 40)
    await one.outbox.enqueue(mailing(*many))
    claims = [(one if n % 2 else other).outbox.claim(NOW, 7, MINE, Lane.URGENT) for n in range(12)]
    claimed = [c.delivery.id for batch in await asyncio.gather(*claims) for c in batch]
    rest = [c.delivery.id for c in await claim(one, NOW, MINE, 99)]
    assert len(set(claimed + rest)) == len(claimed) + len(rest) == 40


async def test_what_is_released_may_be_claimed_at_once_and_was_never_tried(stores: Stores) -> None:
    two = await readers(stores, 2)
    await stores.outbox.enqueue(mailing(*two))
    claimed = await claim(stores, NOW, MINE, 9)
    await stores.outbox.release([c.delivery for c in claimed], "mine")
    await stores.outbox.release([c.delivery for c in claimed], "mine")
    again = await claim(stores, NOW, THEIRS, 9)
    assert [(c.delivery.id, c.delivery.attempts) for c in again] == [(c.delivery.id, 0) for c in claimed]


async def test_releasing_nothing_is_no_mistake(stores: Stores) -> None:
    await stores.outbox.release([], "mine")
    await stores.outbox.renew([], MINE)
    await record(stores, [])
    assert await offer(stores, []) == frozenset()
    assert await claim(stores, NOW, MINE, 9) == []


# Recording


async def test_outcomes_are_recorded_as_they_were(durable: Stores) -> None:
    three = await readers(durable, 3)
    await durable.outbox.enqueue(mailing(*three))
    claimed = [c.delivery for c in await claim(durable, NOW, MINE, 9)]
    outcomes = (Sent("250 queued"), Deferred("451 later"), Refused("550 no such user"))
    await record(durable, list(zip(claimed, outcomes, strict=True)))
    d = schema.delivery.c
    rows = durable.rows(select(d.state, d.attempts, d.reply, d.due_at, d.done_at, d.lease_owner).order_by(d.id))
    assert rows == [
        ("sent", 1, "250 queued", None, NOW, ""),
        ("deferred", 1, "451 later", NOW + timedelta(minutes=5), None, ""),
        ("refused", 1, "550 no such user", None, NOW, ""),
    ]


async def test_what_was_put_off_is_claimed_when_it_is_due_and_what_is_done_never(stores: Stores) -> None:
    three = await readers(stores, 3)
    await stores.outbox.enqueue(mailing(*three))
    claimed = [c.delivery for c in await claim(stores, NOW, MINE, 9)]
    outcomes = (Sent("250 queued"), Deferred("451 later"), Refused("550 no such user"))
    await record(stores, list(zip(claimed, outcomes, strict=True)))
    assert await claim(stores, NOW + timedelta(minutes=4), THEIRS, 9) == []
    (again,) = await claim(stores, NOW + DAY, THEIRS, 9)
    assert (again.delivery.id, again.delivery.attempts, again.delivery.reply) == (claimed[1].id, 1, "451 later")
    assert await stores.outbox.recover(NOW + 9 * DAY) == 1
    assert await stores.outbox.counts() == {"sent": 1, "pending": 1, "refused": 1}


async def test_recording_twice_changes_nothing_more(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(mailing(one))
    (claimed,) = await claim(stores, NOW, MINE, 9)
    for _ in range(2):
        await record(stores, [(claimed.delivery, Deferred("451 later"))])
    (again,) = await claim(stores, NOW + DAY, THEIRS, 9)
    assert again.delivery.attempts == 1


async def test_what_was_sent_stays_sent_whatever_a_slower_process_says(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(mailing(one))
    (slow,) = await claim(stores, NOW, MINE, 9)
    await stores.outbox.recover(MINE.until)
    (fast,) = await claim(stores, MINE.until, THEIRS, 9)
    await record(stores, [(fast.delivery, Sent("250 queued"))], MINE.until, "theirs")
    await record(stores, [(slow.delivery, Deferred("gone", line=True))], MINE.until)
    assert await stores.outbox.counts() == {"sent": 1}


async def test_a_delivery_that_was_put_off_keeps_its_wait_through_a_crash(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(mailing(one))
    (claimed,) = await claim(stores, NOW, MINE, 9)
    await record(stores, [(claimed.delivery, Deferred("451 later"))])
    later = NOW + timedelta(minutes=5)
    await claim(stores, later, Lease("mine", later + timedelta(minutes=5)), 9)
    await stores.outbox.recover(later + timedelta(minutes=5))
    (again,) = await claim(stores, later + timedelta(minutes=5), THEIRS, 9)
    assert again.delivery.attempts == 1
