"""Who was told what, and what happens to an alert that was wrong."""

import re
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from nkwatch.domain.alert import Recipient, Told, Waiting
from nkwatch.domain.bulletin import Addressed, Mailing
from nkwatch.domain.delivery import Booked, Deferred, Handover, Lane, Refused, Sent, Turn, Unknown
from nkwatch.domain.desk import Note, Ruling, RulingKind
from nkwatch.domain.subscriber import Subscriber
from nkwatch.store import schema, waiting
from nkwatch.store.editions import EditionStore
from nkwatch.store.outbox import OutboxStore
from tests.making import NOW, placement, polled, sifted, statement
from tests.store.conftest import KEYRING, Stores, open_stores
from tests.store.people import DAY, KINDS, LEASE, claim, offer, record, send, subjects
from tests.store.test_waiting import FIVE, SOON, alert, content, readers, together, wait

LONG_AGO = NOW - 99 * DAY


async def hand_over(stores: Stores, *, but: int = 0) -> list[str]:
    """Let the relay accept what may be handed over, but for the last few; answers whose those were."""
    claimed = await claim(stores)
    sent = claimed[: len(claimed) - but]
    await record(stores, [(c.delivery, Sent("250")) for c in sent])
    await offer(stores, claimed[len(sent) :])
    return [c.subscriber_id for c in claimed[len(sent) :]]


async def got(stores: Stores, story: str = "s1") -> list[str]:
    """Who got an alert on a story or may have got it."""
    numbers = await stores.outbox.bulletins_with(story)
    return [r.subscriber.id for r in await stores.outbox.recipients(numbers, "", 99)]


async def story(stores: Stores, *names: str) -> None:
    """Stories that were read."""
    for name in names:
        one = statement(name)
        await stores.statements.record_polls([polled(sifted(one))])
        await stores.statements.record_readings([placement(one)], NOW)


# Who had what


async def test_what_a_reader_was_written_is_known_by_its_stories(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", one, other))
    await stores.outbox.enqueue(Mailing("d", KINDS.DIGEST, NOW + DAY, (Addressed(one, content("s2", "s3")),)))
    ids = [one.id, other.id, "nobody"]
    assert await stores.outbox.had(ids, LONG_AGO) == {one.id: {"s1", "s2", "s3"}, other.id: {"s1"}}
    assert await stores.outbox.had(ids, NOW + DAY) == {one.id: {"s2", "s3"}}
    assert await stores.outbox.had([], LONG_AGO) == {}


async def test_what_was_cancelled_or_refused_was_not_had(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", one, other))
    for claimed in await claim(stores):
        outcome = Refused("550") if claimed.subscriber_id == one.id else Deferred("451")
        await record(stores, [(claimed.delivery, outcome)])
    assert await stores.outbox.had([one.id, other.id], LONG_AGO) == {other.id: {"s1"}}
    await stores.outbox.stop("s1", NOW)
    assert await stores.outbox.had([one.id, other.id], LONG_AGO) == {}


async def test_a_story_that_was_taken_back_or_corrected_since_was_not_had(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    await story(stores, "s1", "s2", "s3")
    await stores.outbox.enqueue(Mailing("d", KINDS.DIGEST, NOW, (Addressed(one, content("s1", "s2", "s3")),)))
    for name, kind in (("s1", RulingKind.WITHDRAW), ("s2", RulingKind.CORRECT)):
        note = Note((("en", "It was wrong."),), "Ann", NOW + DAY)
        await stores.desk.rule(Ruling(name, kind, "Ann", NOW + DAY), note)
    assert await stores.outbox.had([one.id], LONG_AGO) == {one.id: {"s3"}}
    # its correction is no news of it, and what is written later says it right
    correction = Mailing("c", KINDS.ALERT_CORRECTION, NOW + DAY, (Addressed(one, content("s1", "s2")),))
    await stores.outbox.enqueue(correction)
    assert await stores.outbox.had([one.id], LONG_AGO) == {one.id: {"s3"}}
    await stores.outbox.enqueue(Mailing("e", KINDS.DIGEST, NOW + 2 * DAY, (Addressed(one, content("s1", "s2")),)))
    assert await stores.outbox.had([one.id], LONG_AGO) == {one.id: {"s2", "s3"}}


async def test_what_alerts_told_is_known_under_the_first(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    assert await stores.outbox.told("s1") is None
    first = await stores.outbox.number("alert s1", KINDS.ALERT, NOW)
    assert await stores.outbox.told("s1") is None
    await stores.outbox.enqueue(alert("s1", one))
    mails = (Addressed(one, content("s1")),)
    await stores.outbox.enqueue(
        Mailing("u", KINDS.ALERT, NOW + DAY, mails, story_id="s1", reports=("s4", "s5"), answers=first)
    )
    assert await stores.outbox.told("s1") == Told(first, NOW, frozenset({"s1", "s4", "s5"}))
    update = await stores.outbox.number("u", KINDS.ALERT, NOW)
    digest = await stores.outbox.number("d", KINDS.DIGEST, NOW)
    assert await stores.outbox.alerts([first, update, digest, 999]) == {first: "s1", update: "s1"}
    assert await stores.outbox.bulletins_with("s1") == [first, update]
    assert await stores.outbox.bulletins_with("s9") == []


# Stopping


async def test_stopping_cancels_what_is_not_handed_over_and_who_waits(stores: Stores) -> None:
    many = await readers(stores, 4)
    await stores.outbox.enqueue(alert("s1", *many[:3]))
    await wait(stores, "s1", many[3])
    await send(stores, many[0], "another")
    (sent, *_) = await claim(stores)
    await record(stores, [(sent.delivery, Sent("250"))])
    assert await stores.outbox.stop("s1", NOW) == 3
    assert await stores.outbox.stop("s1", NOW) == 0
    assert await stores.outbox.due(NOW + DAY, 9) == []
    assert await stores.outbox.counts() == {"sent": 1, "cancelled": 2, "leased": 1}
    # nor does it leave again, when the alert is written on
    await stores.outbox.enqueue(alert("s1", *many, waiting=[Waiting(many[3], SOON)]))
    assert await stores.outbox.counts() == {"sent": 1, "cancelled": 2, "leased": 1}


async def test_who_may_have_got_it_is_told_and_nobody_else(stores: Stores) -> None:
    many = await readers(stores, 3)
    await stores.outbox.enqueue(alert("s1", *many))
    (in_hand,) = await hand_over(stores, but=1)  # this one is on the line
    assert await got(stores) == [r.id for r in many]
    assert await stores.outbox.stop("s1", NOW) == 1
    assert await got(stores) == [r.id for r in many]
    (late,) = await readers(stores, 1)
    await stores.outbox.enqueue(alert("s1", late))
    assert in_hand in await got(stores)


async def test_what_was_not_in_anybodys_hands_was_not_had(stores: Stores) -> None:
    many = await readers(stores, 3)
    await stores.outbox.enqueue(alert("s1", *many))
    claimed = await claim(stores)
    await record(stores, [(claimed[0].delivery, Deferred("451 later"))])
    await offer(stores, claimed[1:])
    await stores.outbox.release([claimed[1].delivery], LEASE.owner)
    assert await got(stores) == [claimed[2].subscriber_id]
    await stores.outbox.stop("s1", NOW)
    assert await got(stores) == [claimed[2].subscriber_id]


@pytest.mark.parametrize("stopped", [True, False])
async def test_what_was_on_its_way_when_its_process_died_may_have_left(stores: Stores, *, stopped: bool) -> None:
    one, other = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", one, other))
    await offer(stores, [c for c in await claim(stores) if c.subscriber_id == one.id])
    assert await stores.outbox.recover(NOW + DAY) == 2
    if stopped:
        await stores.outbox.stop("s1", NOW)
    assert await got(stores) == [one.id]


async def test_what_was_stopped_on_the_line_of_a_process_that_died_may_have_left(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", one, other))
    await offer(stores, [c for c in await claim(stores) if c.subscriber_id == one.id])
    assert await stores.outbox.stop("s1", NOW) == 2
    assert await stores.outbox.recover(NOW + DAY) == 0
    assert await got(stores) == [one.id]


async def test_what_may_have_left_once_may_have_whatever_is_said_of_it_later(stores: Stores) -> None:
    many = await readers(stores, 4)
    await stores.outbox.enqueue(alert("s1", *many))
    claimed = await claim(stores)
    await offer(stores, claimed)
    await record(stores, [(c.delivery, Unknown("silent after the final dot")) for c in claimed])
    again = await claim(stores, NOW + DAY)
    assert [c.delivery.turn for c in again] == [Turn.LAST] * 4
    outcomes = (Deferred("451"), Refused("550"), Unknown("silent again"))
    await record(stores, [(c.delivery, o) for c, o in zip(again, outcomes, strict=False)], NOW + DAY)
    await stores.outbox.release([again[3].delivery], LEASE.owner)
    assert await got(stores) == sorted(r.id for r in many)
    await stores.outbox.stop("s1", NOW + DAY)
    assert await got(stores) == sorted(r.id for r in many)
    assert await stores.outbox.counts() == {"cancelled": 3, "refused": 1}


@pytest.mark.parametrize(
    ("outcome", "told"), [
        (Sent("250"), True), (Deferred("451"), False), (Refused("550"), False), (Deferred("gone", line=True), False),
        (Unknown("silent after the final dot"), True), (None, False),
    ],
)  # fmt: skip
async def test_what_the_relay_says_of_a_mail_that_was_stopped_meanwhile_counts(
    stores: Stores, outcome: Handover | None, *, told: bool
) -> None:
    (one,) = await readers(stores, 1)
    await stores.outbox.enqueue(alert("s1", one))
    claimed = await claim(stores)
    await offer(stores, claimed)
    await stores.outbox.stop("s1", NOW)
    assert await got(stores) == [one.id]
    assert await offer(stores, claimed) == frozenset()
    if outcome:
        await record(stores, [(claimed[0].delivery, outcome)])
    else:  # not a byte was sent
        await stores.outbox.release([claimed[0].delivery], LEASE.owner)
    assert await got(stores) == ([one.id] if told else [])
    assert await stores.outbox.counts() == {"sent" if isinstance(outcome, Sent) else "cancelled": 1}


async def test_recipients_come_page_by_page_each_with_the_last_mail(stores: Stores) -> None:
    many = await readers(stores, 5)
    await stores.outbox.enqueue(alert("s1", *many))
    mails = tuple(Addressed(r, content("s1")) for r in many[1:4])
    await stores.outbox.enqueue(Mailing("update", KINDS.ALERT, NOW, mails, story_id="s1"))
    last = {c.subscriber_id: c.delivery.message_id for c in sorted(await claim(stores), key=lambda c: c.delivery.id)}
    numbers, found, after = await stores.outbox.bulletins_with("s1"), list[Recipient](), ""
    while page := await stores.outbox.recipients(numbers, after, 2):
        assert len(page) <= 2
        found += page
        after = page[-1].subscriber.id
    assert [(r.subscriber.id, r.message_id) for r in found] == [(r.id, last[r.id]) for r in many]
    assert await stores.outbox.recipients([], "", 9) == []


async def test_who_left_is_told_nothing_and_who_paused_is(stores: Stores) -> None:
    left, paused = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", left, paused))
    await hand_over(stores)
    await stores.subscribers.end(left.id, "left", NOW)
    await stores.subscribers.pause(paused.id, NOW + DAY, NOW)
    assert await got(stores) == [paused.id]


# Mails of several alerts


async def both(stores: Stores, *to: Subscriber) -> tuple[int, int]:
    """A mail with two alerts that these readers waited for; answers their numbers."""
    numbers = await wait(stores, "s1", *to), await wait(stores, "s2", *to)
    await stores.outbox.enqueue(together(numbers, *to, stories=("s1", "s2"), now=NOW))
    return numbers


async def test_what_left_together_is_found_under_each_of_its_stories(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    numbers = await both(stores, one)
    await hand_over(stores)
    for n, name in zip(numbers, ("s1", "s2"), strict=True):
        found = await stores.outbox.bulletins_with(name)
        assert found[0] == n
        assert len(found) == 2
        assert await got(stores, name) == [one.id]
        assert (await stores.outbox.told(name)).number == n


async def test_of_a_mail_with_several_alerts_those_are_told_whose_mail_held_the_story(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    numbers = await wait(durable, "s1", one, other), await wait(durable, "s2", one, other)
    mails = (Addressed(one, content("s1", "s2")), Addressed(other, content("s2")))
    await durable.outbox.enqueue(Mailing("alerts 1 2", KINDS.ALERT, NOW, mails, told=numbers))
    await hand_over(durable)
    assert await got(durable, "s1") == [one.id]
    assert await got(durable, "s2") == [one.id, other.id]


async def test_what_was_to_leave_with_an_alert_that_is_stopped_leaves_without_it(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    _, second = await both(stores, one)
    assert await stores.outbox.stop("s1", NOW) == 1
    assert await subjects(stores) == []
    assert [d.numbers for d in await stores.outbox.due(NOW, 9)] == [(second,)]
    await stores.outbox.enqueue(together([second], one, stories=("s2",)))
    assert await subjects(stores, SOON) == ["s2"]
    assert await stores.outbox.due(SOON + DAY, 9) == []


async def test_what_was_in_hand_with_an_alert_that_is_stopped_leaves_again_only_if_it_did_not(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    _, second = await both(stores, one, other)
    await offer(stores, taken := await claim(stores))
    claimed = {c.subscriber_id: c.delivery for c in taken}
    await stores.outbox.stop("s1", NOW)
    assert await stores.outbox.due(NOW + waiting.IN_HAND - timedelta(seconds=1), 9) == []
    await record(stores, [(claimed[one.id], Sent("250")), (claimed[other.id], Deferred("451"))])
    due = await stores.outbox.due(NOW + waiting.IN_HAND, 9)
    assert [(d.subscriber.id, d.numbers) for d in due] == [(other.id, (second,))]


async def test_looking_for_who_had_what_reads_no_table_whole(tmp_path: Path, prepared_file: Path) -> None:
    shutil.copy(prepared_file, tmp_path / "nkwatch.db")
    stores = open_stores(f"sqlite:///{tmp_path}/nkwatch.db")
    said: list[tuple[str, Any]] = []
    event.listen(stores.database.engine, "before_cursor_execute", lambda *told: said.append((told[2], told[3])))
    outbox, ids = stores.outbox, ["r1", "r2"]
    await outbox.due(NOW, 9)
    await outbox.beyond(ids)
    await outbox.paces(ids)
    await outbox.had(ids, LONG_AGO)
    await outbox.told("s1")
    await outbox.bulletins_with("s1")
    await outbox.recipients([1, 2], "", 9)
    await stores.statements.counted(LONG_AGO, NOW)
    await stores.statements.named_before(["kim"], NOW)
    looks = [s for s in said if s[0].startswith("SELECT")]
    with stores.database.engine.connect() as connection:
        plans = [[r[-1] for r in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {q}", v)] for q, v in looks]
    tables = rf"SCAN ({'|'.join(schema.metadata.tables)})\b"
    assert [step for plan in plans for step in plan if re.match(tables, step)] == []
    stores.database.close()


# Corrections


async def test_a_correction_waits_for_who_paused_and_is_not_cancelled_by_a_pause(stores: Stores) -> None:
    before, after = await readers(stores, 2)
    await stores.subscribers.pause(before.id, NOW + DAY, NOW)
    for n, kind in enumerate((KINDS.ALERT_CORRECTION, KINDS.DIGEST_CORRECTION)):
        mails = tuple(Addressed(r, content(f"m{n}", kind=kind)) for r in (before, after))
        await stores.outbox.enqueue(Mailing(kind, kind, NOW, mails, answers=1))
    await stores.subscribers.pause(after.id, NOW + DAY, NOW)
    assert await subjects(stores) == []
    assert sorted(await subjects(stores, NOW + DAY)) == ["m0", "m0", "m1", "m1"]


async def test_a_notice_that_there_was_nothing_is_not_sent_to_who_has_paused(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await send(durable, one, "lull", KINDS.LULL)
    await durable.subscribers.pause(one.id, NOW + DAY, NOW)
    assert await durable.outbox.counts() == {"cancelled": 1}
    await send(durable, one, "another", KINDS.LULL)
    assert await durable.outbox.counts() == {"cancelled": 1}


async def test_corrections_go_before_everything_else(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    for kind in (KINDS.DIGEST, KINDS.LULL, KINDS.SETTINGS, KINDS.DIGEST_CORRECTION, KINDS.ALERT_CORRECTION):
        await send(stores, one, kind, kind)
    assert await subjects(stores) == ["digest-correction", "alert-correction", "settings", "digest", "lull"]


async def test_what_was_stopped_in_the_hands_of_another_process_is_seen_there(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await durable.outbox.enqueue(alert("s1", one))
    other = OutboxStore(durable.database, KEYRING, "nkwatch.example")
    claimed = await other.claim(NOW + FIVE, 9, replace(LEASE, until=NOW + 2 * FIVE), Lane.URGENT)
    await durable.outbox.stop("s1", NOW)
    assert len(claimed) == 1
    assert await other.book((), claimed, NOW + FIVE, LEASE.owner) == Booked()


async def test_the_digests_that_told_of_a_story_are_known_once_somebody_got_them_or_the_archive_shows_them(
    durable: Stores,
) -> None:
    one, other = await readers(durable, 2)
    for key, told in (("d1", ("s1", "s2")), ("d2", ("s2",)), ("d3", ("s1",))):
        digest = replace(content(*told), kind=KINDS.DIGEST, subject=key)
        await durable.outbox.enqueue(Mailing(key, KINDS.DIGEST, NOW, (Addressed(one, digest),)))
    await durable.outbox.enqueue(alert("s1", other))
    assert await durable.outbox.digests_with("s1") == []
    kept = {"number": 3, "rhythm": "weekly", "window_start": NOW, "window_end": NOW, "date": NOW}
    await durable.database.write(lambda c: c.execute(schema.edition.insert().values(kept)))
    assert await durable.outbox.digests_with("s1") == [3]
    assert [await durable.outbox.shows(n) for n in (1, 3, 9)] == [False, True, False]
    await hand_over(durable)
    assert await durable.outbox.digests_with("s1") == [1, 3]
    assert await durable.outbox.digests_with("s2") == [1, 2]
    assert await durable.outbox.digests_with("s") == []


async def test_words_of_a_correction_are_kept_with_it_as_they_were_said_first(durable: Stores) -> None:
    number = await durable.outbox.number("digest", KINDS.DIGEST, NOW)
    said = Mailing(
        "correction", KINDS.DIGEST_CORRECTION, NOW, answers=number, note=Note((("en", "Wrong."),), "Ann", NOW)
    )
    again = replace(said, note=Note((("en", "Wrong."),), "Ben", NOW + DAY))
    assert [await durable.outbox.enqueue(one) for one in (said, again)] == [0, 0]
    editions = EditionStore(durable.database)
    (amendment,) = await editions.amendments(number)
    assert (amendment.number, amendment.note) == (number + 1, said.note)
    assert await editions.amended([number, number + 1]) == {number}
