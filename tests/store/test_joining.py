"""The way in: equal work for every address, one answer a day, and no way back for who is suppressed but their own."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, update

from nkwatch.domain.retention import ONE_ANSWER
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, SignUp, Standing, Suppression
from nkwatch.keys import Keyring
from nkwatch.store import schema
from nkwatch.store.subscribers import SubscriberStore
from nkwatch.workflow.subscribe import Joined, Subscribe
from tests.making import NOW, choice, sign_up
from tests.store.conftest import KEYRING, Stores
from tests.store.people import ADDRESS, CONSENT, DAY, KINDS, claim, confirmed, pending, send, subjects
from tests.workflow.fakes import FakeClock, PlainComposer

FORM = sign_up(ADDRESS, Schedule(Rhythm.DAILY), language="ko", phrase="blue heron")
FINAL = [s for s in Suppression if s.final]
LATER = NOW + 3 * DAY


async def test_joining_twice_keeps_the_row_and_its_standing(stores: Stores) -> None:
    first = await stores.subscribers.join(FORM, CONSENT, NOW)
    again = await stores.subscribers.join(replace(FORM, choice=choice(language="fr")), None, NOW + DAY)
    assert (again.subscriber, again.standing) == (first.subscriber, Standing.CONFIRMED)
    assert (await stores.subscribers.find(first.subscriber.id))[0].choice == FORM.choice


async def test_who_is_asked_to_confirm_may_choose_again_by_signing_up_again(stores: Stores) -> None:
    first = await stores.subscribers.join(FORM, None, NOW)
    again = await stores.subscribers.join(replace(FORM, choice=choice(language="fr")), None, NOW + DAY)
    assert (again.subscriber.id, again.standing) == (first.subscriber.id, Standing.PENDING)
    assert (await stores.subscribers.find(first.subscriber.id))[0] == again.subscriber
    assert again.subscriber.choice == choice(language="fr")


async def test_capitals_make_no_other_address(stores: Stores) -> None:
    reader = await confirmed(stores, "Ann@Example.org")
    joined = await stores.subscribers.join(sign_up("ann@example.org"), None, NOW)
    assert joined.subscriber.id == reader.id
    assert (await stores.subscribers.own(reader.id)).address == "Ann@Example.org"
    assert await stores.subscribers.find_address("ANN@EXAMPLE.ORG") == reader.id
    await stores.subscribers.suppress("aNN@example.ORG", Suppression.BOUNCED, NOW)
    assert (await stores.subscribers.suppression("ann@example.org"))[0] is Suppression.BOUNCED
    assert (await stores.subscribers.find(reader.id))[1] is Standing.ENDED
    assert await stores.subscribers.allow("Ann@example.org", NOW)


async def test_two_who_join_at_once_with_one_address_are_one(opened: Callable[[], Stores]) -> None:
    one, other = opened(), opened()
    joined = await asyncio.gather(*(s.subscribers.join(FORM, None, NOW) for s in (one, other) * 4))
    assert one.count("subscriber") == 1
    assert len({j.subscriber.id for j in joined}) == 1


async def test_who_left_and_joins_again_begins_anew(stores: Stores) -> None:
    reader = (await confirmed(stores)).id
    await stores.subscribers.pause(reader, NOW + 999 * DAY, NOW)
    await stores.subscribers.end(reader, "left", NOW)
    later = NOW + 400 * DAY
    anew = await stores.subscribers.join(FORM, None, later)
    assert (anew.subscriber.id, anew.standing) == (reader, Standing.PENDING)
    own = await stores.subscribers.own(reader)
    assert own.subscriber.choice == FORM.choice
    assert own.subscriber.covered_until > NOW
    assert (own.subscriber.paused_until, own.consent, own.joined_at) == (None, None, later)
    assert (own.ended_at, own.end_reason) == (None, "")
    assert await stores.subscribers.closing(later + DAY, 9) == []
    assert await stores.subscribers.confirm(reader, CONSENT, later)
    assert [s.id for s in await stores.subscribers.closing(later + DAY, 9)] == [reader]


async def test_an_id_tells_nothing_of_the_address(durable: Stores) -> None:
    ids = {(await confirmed(durable, f"r{n}@example.org")).id for n in range(20)}
    assert len(ids) == 20
    assert not [i for i in ids if "example" in i]


# One answer in 24 hours


async def test_the_answer_is_asked_for_at_most_once_in_24_hours(stores: Stores) -> None:
    asked = [(await stores.subscribers.join(FORM, None, NOW + n * ONE_ANSWER / 4)).asked_at for n in range(9)]
    assert asked == [NOW] * 4 + [NOW + ONE_ANSWER] * 4 + [NOW + 2 * ONE_ANSWER]


async def test_the_answer_to_who_is_known_is_limited_in_the_same_way(stores: Stores) -> None:
    await stores.subscribers.join(FORM, CONSENT, NOW - timedelta(hours=1))
    joined = [await stores.subscribers.join(FORM, None, NOW + n * ONE_ANSWER / 2) for n in range(3)]
    assert [j.asked_at for j in joined] == [NOW, NOW, NOW + ONE_ANSWER]


async def test_who_leaves_and_joins_within_a_day_gets_no_second_answer(stores: Stores) -> None:
    reader = await pending(stores)
    await stores.subscribers.confirm(reader.id, CONSENT, NOW)
    await stores.subscribers.end(reader.id, "left", NOW)
    assert (await stores.subscribers.join(FORM, None, NOW + ONE_ANSWER / 2)).asked_at == NOW


async def test_sign_ups_of_one_domain_are_counted_whoever_they_are(stores: Stores) -> None:
    await confirmed(stores, "known@example.org")
    await stores.subscribers.suppress("gone@example.org", Suppression.ERASED, NOW)
    for n, name in enumerate(("known@example.org", "gone@example.org", "new@EXAMPLE.org", "new@sub.example.org")):
        await stores.subscribers.join(sign_up(name), None, NOW + n * DAY)
    assert await stores.subscribers.joined_since("who@Example.org", NOW) == 3
    assert await stores.subscribers.joined_since("who@example.org", NOW + DAY) == 2
    assert await stores.subscribers.joined_since("who@sub.example.org", NOW) == 1
    assert await stores.subscribers.joined_since("who@example.com", NOW) == 0


async def test_an_import_with_consent_does_not_count_as_sign_ups(stores: Stores) -> None:
    for n in range(5):
        await confirmed(stores, f"r{n}@example.org")
    assert await stores.subscribers.joined_since("who@example.org", NOW - DAY) == 0


# Consent from elsewhere


async def test_consent_that_comes_for_somebody_who_was_asked_confirms_them(stores: Stores) -> None:
    asked = await pending(stores)
    joined = await stores.subscribers.join(FORM, CONSENT, NOW)
    assert (joined.subscriber.id, joined.standing) == (asked.id, Standing.CONFIRMED)
    assert [s.id for s in await stores.subscribers.closing(NOW + 9 * DAY, 9)] == [asked.id]


@pytest.mark.parametrize("given", [NOW - DAY, NOW])
async def test_consent_from_before_somebody_left_does_not_bring_them_back(stores: Stores, given: Any) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    before = await stores.subscribers.own(reader.id)
    joined = await stores.subscribers.join(FORM, Consent("old list", given), NOW + DAY)
    assert (joined.standing, joined.suppression) == (Standing.ENDED, Suppression.LEFT)
    assert await stores.subscribers.own(reader.id) == before


@pytest.mark.parametrize("given", [NOW - DAY, NOW])
async def test_consent_from_before_does_not_bring_back_who_was_forgotten(stores: Stores, given: Any) -> None:
    await stores.subscribers.suppress(ADDRESS, Suppression.LEFT, NOW)
    joined = await stores.subscribers.join(FORM, Consent("old list", given), NOW + DAY)
    assert joined.suppression is Suppression.LEFT
    assert await stores.subscribers.everybody() == []
    assert await stores.subscribers.suppression(ADDRESS) == (Suppression.LEFT, NOW)


async def test_consent_from_after_somebody_left_brings_them_back(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.end(reader.id, "left", NOW)
    await stores.subscribers.suppress("other@example.org", Suppression.LEFT, NOW)
    for address in (ADDRESS, "other@example.org"):
        joined = await stores.subscribers.join(sign_up(address), Consent("signed sheet", LATER), LATER)
        assert (joined.standing, joined.suppression) == (Standing.CONFIRMED, None)
        assert await stores.subscribers.suppression(address) is None


@pytest.mark.parametrize("why", FINAL)
async def test_no_consent_from_elsewhere_brings_back_who_is_suppressed_for_good(
    stores: Stores, why: Suppression
) -> None:
    await stores.subscribers.suppress(ADDRESS, why, NOW)
    joined = await stores.subscribers.join(FORM, Consent("sheet", NOW + DAY), NOW + DAY)
    assert (joined.suppression, joined.standing) == (why, Standing.ENDED)
    assert await stores.subscribers.everybody() == []
    assert await stores.subscribers.suppression(ADDRESS) == (why, NOW)


# Suppressed addresses


@pytest.mark.parametrize("why", FINAL)
async def test_a_suppressed_address_is_taken_in_like_a_new_one_and_nothing_is_sent_there(
    stores: Stores, why: Suppression
) -> None:
    await stores.subscribers.suppress(ADDRESS, why, NOW - DAY)
    reader = await pending(stores)
    assert (await stores.subscribers.find(reader.id))[1] is Standing.PENDING
    assert await claim(stores) == []
    # nor can it be confirmed by a link from before
    assert not await stores.subscribers.confirm(reader.id, CONSENT, NOW)
    assert (await stores.subscribers.suppression(ADDRESS))[0] is why


async def test_who_left_may_sign_up_again_and_is_forgotten_as_one_who_left(stores: Stores) -> None:
    await stores.subscribers.suppress(ADDRESS, Suppression.LEFT, NOW - DAY)
    reader = await pending(stores)
    assert await subjects(stores) == ["confirm"]
    assert (await stores.subscribers.suppression(ADDRESS))[0] is Suppression.LEFT
    assert await stores.subscribers.confirm(reader.id, CONSENT, NOW)
    assert await stores.subscribers.suppression(ADDRESS) is None


@pytest.mark.parametrize("known", [True, False])
async def test_a_suppression_under_an_older_key_holds_whatever_key_is_current(durable: Stores, known: bool) -> None:
    await durable.subscribers.suppress(ADDRESS, Suppression.ERASED, NOW - DAY)
    if known:
        await pending(durable)
    ring = Keyring({1: KEYRING.masters[1], 2: b"n" * 32}, current=2)
    newer = replace(durable, subscribers=SubscriberStore(durable.database, ring))
    await pending(newer)
    assert await claim(durable) == []
    while await newer.subscribers.reseal(1):
        pass
    assert await claim(durable) == []
    assert await newer.subscribers.suppression(ADDRESS) == (Suppression.ERASED, NOW - DAY)


# Equal work


@contextmanager
def counted(stores: Stores) -> Iterator[list[str]]:
    """The statements of SQL that are run meanwhile, without their values."""
    said: list[str] = []

    def note(connection: Any, cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(stores.database.engine, "before_cursor_execute", note)
    yield said
    event.remove(stores.database.engine, "before_cursor_execute", note)


async def known_in_every_way(stores: Stores) -> dict[str, SignUp]:
    """Sign-ups for addresses of every kind."""
    await confirmed(stores, "confirmed@example.org", phrase="a phrase of one's own")
    await confirmed(stores, "bare@example.org")
    await stores.subscribers.pause((await confirmed(stores, "paused@example.org")).id, LATER, NOW)
    await pending(stores, "pending@example.org", NOW - 2 * DAY)
    await stores.subscribers.end((await confirmed(stores, "ended@example.org")).id, "left", NOW)
    await stores.subscribers.end((await pending(stores, "unasked@example.org")).id, "left", NOW)
    for why in Suppression:
        await stores.subscribers.suppress(f"{why}@example.org", why, NOW)
    await stores.subscribers.suppress("decoy@example.org", Suppression.ERASED, NOW)
    await pending(stores, "decoy@example.org", NOW - 2 * DAY)
    moving = await confirmed(stores, "moving@example.org")
    await stores.subscribers.ask_move(moving.id, "target@example.org", NOW)
    names = ("new", "confirmed", "bare", "paused", "pending", "ended", "unasked", *Suppression, "decoy", "target")
    return {name: replace(FORM, address=f"{name}@example.org") for name in names}


async def test_the_answer_to_a_sign_up_is_the_same_work_whoever_has_the_address(durable: Stores) -> None:
    forms = await known_in_every_way(durable)
    clock = FakeClock(LATER)
    desk = Subscribe(durable.subscribers, durable.outbox, PlainComposer(), clock)
    work: dict[str, list[str]] = {}
    for name, form in forms.items():
        with counted(durable) as said:
            await desk.join(form)
        # which columns an update writes may differ: it is one row all the same
        work[name] = [s.split(" SET ")[0] for s in said]
    assert {name: said for name, said in work.items() if said != work["new"]} == {}
    assert len([s for s in work["new"] if s.startswith(("INSERT", "UPDATE"))]) >= 5


async def test_asking_again_within_a_day_is_the_same_work_too(durable: Stores) -> None:
    forms = await known_in_every_way(durable)
    clock = FakeClock(LATER)
    desk = Subscribe(durable.subscribers, durable.outbox, PlainComposer(), clock)
    work: list[list[str]] = []
    for form in forms.values():
        for _ in range(2):
            with counted(durable) as said:
                await desk.join(form)
            work.append([s.split(" SET ")[0] for s in said])
            clock.forward(minutes=5)
    assert [said for said in work if said != work[0]] == []


async def test_every_sign_up_leaves_one_mail_in_the_outbox_and_the_claim_knows_which_may_go(durable: Stores) -> None:
    forms = await known_in_every_way(durable)
    desk = Subscribe(durable.subscribers, durable.outbox, PlainComposer(), FakeClock(LATER))
    before = durable.count("delivery")
    answers = {name: await desk.join(form) for name, form in forms.items()}
    assert durable.count("delivery") - before == len(forms)
    assert [n for n, a in answers.items() if a is Joined.KNOWN] == ["confirmed", "bare", "paused"]
    sent = {c.address.partition("@")[0]: c.composition.kind for c in await claim(durable, LATER)}
    asked = dict.fromkeys(("new", "ended", "unasked", "left", "bounced", "target"), KINDS.CONFIRMATION)
    known = dict.fromkeys(("confirmed", "bare", "paused"), KINDS.SETTINGS)
    assert sent == asked | known | {"pending": KINDS.CONFIRMATION}


# The rows of schema 3


async def test_who_was_there_before_look_up_hashes_had_key_ids_is_found(durable: Stores) -> None:
    reader = await confirmed(durable)
    legacy = update(schema.subscriber).values(address_key=KEYRING.lookup(ADDRESS)[1:], domain_key=b"")
    with durable.database.engine.begin() as connection:
        connection.execute(legacy)
    assert await durable.subscribers.find_address(ADDRESS) == reader.id
    assert (await durable.subscribers.join(FORM, None, NOW)).subscriber.id == reader.id
    assert durable.count("subscriber") == 1
    assert await durable.subscribers.reseal(9) == 1
    assert await durable.subscribers.reseal(9) == 0
    assert await durable.subscribers.find_address(ADDRESS) == reader.id
    assert await durable.subscribers.joined_since("who@example.org", NOW - DAY) == 1
    await send(durable, reader, "alert")
    assert await subjects(durable) == ["alert"]
