"""Who must wait for an alert, what leaves together, and the pace of each reader."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from nkwatch.domain.alert import Due, Pace, Waiting
from nkwatch.domain.bulletin import Addressed, Block, Composition, Mailing, Window
from nkwatch.domain.subscriber import Rhythm, Schedule, Subscriber, Suppression
from nkwatch.store import leaving, schema
from tests.making import NOW
from tests.store.conftest import Stores
from tests.store.people import DAY, KINDS, claim, confirmed

FIVE = timedelta(minutes=5)
SOON = NOW + FIVE
PACE = Pace(NOW, date(2026, 11, 22), 1)


async def readers(stores: Stores, count: int, **choice: Any) -> list[Subscriber]:
    """Confirmed readers, by id."""
    found = [await confirmed(stores, f"r{n}@example.org", **choice) for n in range(count)]
    return sorted(found, key=lambda s: s.id)


def content(*stories: str, kind: KINDS = KINDS.ALERT) -> Composition:
    """A mail that tells of these stories."""
    words = " ".join(stories)
    return Composition(kind, "en", words, (Block(f"{words}\r\n".encode()),), (), stories=stories)


def alert(story: str, *to: Subscriber, waiting: Iterable[Waiting] = (), pace: Pace | None = PACE) -> Mailing:
    """An alert for these readers, and for those who must wait for it."""
    mails = tuple(Addressed(s, content(story), pace=pace) for s in to)
    return Mailing(f"alert {story}", KINDS.ALERT, NOW, mails, story_id=story, waiting=tuple(waiting), reports=(story,))


async def wait(stores: Stores, story: str, *readers: Subscriber, due_at: datetime | None = SOON) -> int:
    """Let these readers wait for an alert on a story; answers its number."""
    await stores.outbox.enqueue(alert(story, waiting=[Waiting(r, due_at) for r in readers]))
    return await stores.outbox.number(f"alert {story}", KINDS.ALERT, NOW)


def together(numbers: Iterable[int], *to: Subscriber, stories: tuple[str, ...], now: datetime = SOON) -> Mailing:
    """A mail with alerts that were waited for."""
    told = tuple(numbers)
    mails = tuple(Addressed(s, content(*stories), pace=Pace(now, now.date(), 2)) for s in to)
    return Mailing(f"alerts {told} {now}", KINDS.ALERT, now, mails, told=told)


async def test_the_pace_of_a_reader_is_kept_with_the_mail(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    ids = [one.id, other.id]
    assert await stores.outbox.paces(ids) == {}
    await stores.outbox.enqueue(alert("s1", one))
    assert await stores.outbox.paces(ids) == {one.id: PACE}
    later = Pace(SOON, date(2026, 11, 22), 2)
    await stores.outbox.enqueue(alert("s2", one, other, pace=later))
    assert await stores.outbox.paces(ids) == {one.id: later, other.id: later}


async def test_who_has_an_alert_keeps_the_pace_however_often_it_is_written(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    await stores.outbox.enqueue(alert("s1", one))
    assert await stores.outbox.enqueue(alert("s1", one, other, pace=Pace(SOON, None, 9))) == 1
    assert await stores.outbox.enqueue(alert("s1", waiting=[Waiting(one, SOON)])) == 0
    assert (await stores.outbox.paces([one.id]))[one.id] == PACE
    assert await stores.outbox.due(SOON, 9) == []


async def test_who_waits_for_an_alert_gets_it_when_it_is_due_and_not_before(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    number = await wait(stores, "s1", one, other)
    assert await stores.outbox.enqueue(alert("s1", one)) == 0
    assert await stores.outbox.paces([one.id]) == {}
    assert await stores.outbox.due(SOON - timedelta(seconds=1), 9) == []
    due = await stores.outbox.due(SOON, 9)
    assert due == [Due(r, (number,)) for r in (one, other)]
    assert await stores.outbox.enqueue(together([number], one, stories=("s1",))) == 1
    assert [d.subscriber for d in await stores.outbox.due(SOON, 9)] == [other]
    assert await stores.outbox.paces([one.id]) == {one.id: Pace(SOON, SOON.date(), 2)}


async def test_alerts_that_are_due_leave_together_and_once(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    first, second = await wait(stores, "s1", one), await wait(stores, "s2", one)
    later = await wait(stores, "s3", one, due_at=SOON + DAY)
    assert await stores.outbox.due(SOON, 9) == [Due(one, (first, second))]
    mailing = together([first, second], one, stories=("s1", "s2"))
    assert [await stores.outbox.enqueue(mailing) for _ in range(2)] == [1, 0]
    # another process was about to send one of them by itself, or all three
    assert await stores.outbox.enqueue(together([first], one, stories=("s1",))) == 0
    assert await stores.outbox.enqueue(together([second, later], one, stories=("s2", "s3"))) == 0
    assert await stores.outbox.enqueue(alert("s1", one)) == 0
    assert await stores.outbox.due(SOON + DAY, 9) == [Due((await stores.subscribers.find(one.id))[0], (later,))]


async def test_no_more_readers_are_due_at_once_than_asked_for_each_with_all_that_is_due(stores: Stores) -> None:
    many = await readers(stores, 5)
    numbers = [await wait(stores, story, *many) for story in ("s1", "s2", "s3")]
    late = await wait(stores, "s4", many[4], due_at=NOW)
    due = await stores.outbox.due(SOON, 2)
    assert [len(d.numbers) for d in due] == [3 + (d.subscriber == many[4]) for d in due]
    assert len(due) == 2
    assert {n for d in due for n in d.numbers} <= {*numbers, late}


async def test_a_reader_with_many_alerts_takes_nobody_elses_place(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    for n in range(5):
        await wait(stores, f"s{n}", one, due_at=NOW)
    last = await wait(stores, "s9", other)
    assert [len(d.numbers) for d in await stores.outbox.due(SOON, 1)] == [5]
    due = {d.subscriber.id: d.numbers for d in await stores.outbox.due(SOON, 2)}
    assert len(due[one.id]) == 5
    assert due[other.id] == (last,)


async def test_who_wants_none_of_it_any_more_is_done_without_a_mail(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    number = await wait(stores, "s1", one, other)
    mailing = replace(together([number], other, stories=("s1",)), covered=(one,))
    assert await stores.outbox.enqueue(mailing) == 1
    assert await stores.outbox.due(SOON, 9) == []
    again = await wait(stores, "s2", one)
    assert await stores.outbox.enqueue(Mailing("alerts 2", KINDS.ALERT, SOON, covered=(one,), told=(again,))) == 0
    assert await stores.outbox.due(SOON, 9) == []


async def test_who_paused_or_left_waits_for_nothing(stores: Stores) -> None:
    paused, left, erased, there = await readers(stores, 4)
    number = await wait(stores, "s1", paused, left, erased, there)
    await wait(stores, "s2", paused, left, due_at=None)
    await stores.subscribers.pause(paused.id, NOW + DAY, NOW)
    await stores.subscribers.end(left.id, "left", NOW)
    await stores.subscribers.erase(erased.id, Suppression.ERASED, NOW)
    assert await stores.outbox.due(NOW + 9 * DAY, 9) == [Due(there, (number,))]
    assert await stores.outbox.beyond([paused.id, left.id]) == {}
    assert await wait(stores, "s3", paused, left, there) > number
    assert [d.subscriber.id for d in await stores.outbox.due(SOON, 9)] == [there.id]


async def test_who_turns_alerts_off_waits_for_the_digest_only(durable: Stores) -> None:
    (one,) = await readers(durable, 1)
    await wait(durable, "s1", one)
    number = await wait(durable, "s2", one, due_at=None)
    await durable.subscribers.choose(one.id, replace(one.choice, alerts=False), NOW)
    assert await durable.outbox.due(SOON, 9) == []
    assert await durable.outbox.beyond([one.id]) == {one.id: {"s2": number}}


# What the next digest holds


async def test_what_is_over_the_cap_waits_for_the_digest_that_holds_it(stores: Stores) -> None:
    one, other = await readers(stores, 2, schedule=Schedule(Rhythm.DAILY, 7))
    first = await wait(stores, "s1", one, other, due_at=None)
    second = await wait(stores, "s2", one, due_at=None)
    assert await stores.outbox.beyond([one.id, other.id]) == {
        one.id: {"s1": first, "s2": second}, other.id: {"s1": first},
    }  # fmt: skip
    assert await stores.outbox.due(NOW + 9 * DAY, 9) == []
    digest = Mailing(
        "digest 1",
        KINDS.DIGEST,
        NOW,
        (Addressed(one, content("s1", "s9", kind=KINDS.DIGEST)),),
        Window(one.covered_until, NOW),
        covered=(one, other),
        told=(first,),
    )
    await stores.outbox.enqueue(digest)
    assert await stores.outbox.beyond([one.id, other.id]) == {one.id: {"s2": second}}
    # a digest is no mail of alerts
    assert await stores.outbox.bulletins_with("s1") == [first]


async def test_a_digest_that_holds_the_story_of_an_alert_over_the_cap_is_enough(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    number = await wait(durable, "s1", one, other, due_at=None)
    mails = (Addressed(one, content("s1", kind=KINDS.DIGEST)), Addressed(other, content("s9", kind=KINDS.DIGEST)))
    await durable.outbox.enqueue(Mailing("digest 1", KINDS.DIGEST, NOW, mails))
    assert await durable.outbox.beyond([one.id, other.id]) == {other.id: {"s1": number}}


# What is kept


async def test_who_waited_is_forgotten_after_a_week_and_who_waits_is_not(durable: Stores) -> None:
    one, other = await readers(durable, 2)
    number = await wait(durable, "s1", one, other)
    await durable.outbox.enqueue(together([number], one, stories=("s1",)))
    await durable.subscribers.tidy(SOON + leaving.WAITED - timedelta(seconds=1))
    assert durable.count("waiting_alert") == 2
    await durable.subscribers.tidy(SOON + leaving.WAITED)
    assert durable.rows(select(schema.waiting_alert.c.subscriber_id)) == [(other.id,)]


@pytest.mark.parametrize("erased", [True, False])
async def test_nothing_is_kept_on_the_alerts_of_who_left(durable: Stores, *, erased: bool) -> None:
    (one,) = await readers(durable, 1)
    await durable.outbox.enqueue(alert("s1", one))
    await wait(durable, "s2", one)
    if erased:
        await durable.subscribers.erase(one.id, Suppression.ERASED, NOW)
    else:
        await durable.subscribers.end(one.id, "left", NOW)
    assert [durable.count(t) for t in ("alert_pace", "waiting_alert")] == [0, 0]


async def test_a_digest_an_alert_and_a_notice_are_heard_and_a_letter_is_not(stores: Stores) -> None:
    (one,) = await readers(stores, 1)
    assert one.heard_at == NOW
    heard = []
    for n, kind in enumerate((KINDS.SETTINGS, KINDS.DIGEST, KINDS.ALERT_CORRECTION, KINDS.ALERT, KINDS.LULL), 1):
        mail = Mailing(f"m{n}", kind, NOW + n * DAY, (Addressed(one, content("s1", kind=kind)),))
        await stores.outbox.enqueue(mail)
        heard.append((await stores.subscribers.find(one.id))[0].heard_at)
    assert heard == [NOW, NOW + 2 * DAY, NOW + 2 * DAY, NOW + 4 * DAY, NOW + 5 * DAY]
    # an earlier mail that is written late changes nothing
    await stores.outbox.enqueue(Mailing("late", KINDS.ALERT, NOW, (Addressed(one, content("s9")),)))
    assert (await stores.subscribers.find(one.id))[0].heard_at == NOW + 5 * DAY


async def test_what_a_mail_answers_comes_back_with_its_claim(stores: Stores) -> None:
    one, other = await readers(stores, 2)
    mails = (Addressed(one, content("s1"), answers="<m1@nkwatch.example>"), Addressed(other, content("s1")))
    await stores.outbox.enqueue(Mailing("update", KINDS.ALERT, NOW, mails, story_id="s1", answers=1))
    assert {c.subscriber_id: c.answers for c in await claim(stores)} == {one.id: "<m1@nkwatch.example>", other.id: ""}
