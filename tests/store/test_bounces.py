"""What came back, in both databases: whose it was, what is noted, whose subscription ends, and whose must not."""

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from nkwatch.domain.bounce import Bounce, Bounced, BounceKind, Fate
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.returned import Accepted, Refusal
from nkwatch.domain.subscriber import Consent, Standing, Subscriber, Suppression
from nkwatch.store import schema
from nkwatch.store.bounces import BounceStore, BounceTrace
from nkwatch.workflow.bounces import Bounces, CameBack
from nkwatch.workflow.canary import ensure, with_canary
from nkwatch.workflow.told import Telling
from tests.making import NOW, sign_up
from tests.store.conftest import KEYRING, Stores
from tests.store.people import ADDRESS, CONSENT, DAY, KINDS, confirmed, pending, send
from tests.workflow.fakes import FakeClock, Notices

HARD, SOFT, COMPLAINT, NONE = BounceKind.HARD, BounceKind.SOFT, BounceKind.COMPLAINT, BounceKind.NONE
BOUNCED, COMPLAINED = Suppression.BOUNCED, Suppression.COMPLAINED
OTHER, NEW = "other@example.org", "new.box@example.org"
LATER = NOW + DAY
_D = schema.delivery.c


@pytest.fixture
def bounces(durable: Stores) -> BounceStore:
    return BounceStore(durable.database, KEYRING)


async def mailed(durable: Stores, to: Subscriber, key: str, kind: BulletinKind = KINDS.DIGEST, **columns: Any) -> int:
    """A mail to this reader that was accepted when it was written; answers the id of its delivery."""
    await send(durable, to, key, kind, columns.pop("date", NOW))
    newest = select(_D.id).where(_D.subscriber_id == to.id).order_by(_D.id.desc()).limit(1)
    delivery_id: int = durable.one(newest)
    date = durable.one(select(_D.date).where(_D.id == delivery_id))
    values = {"state": "sent", "done_at": date} | columns
    change = update(schema.delivery).where(_D.id == delivery_id).values(**values)
    await durable.database.write(lambda c: c.execute(change))
    return delivery_id


def to(*tokens: str, kind: BounceKind = HARD, **more: Any) -> Bounce:
    return Bounce(kind, status="5.1.1", sent_to=tuple(f"bounces+{t}@watch.example" for t in tokens), **more)


async def standing(durable: Stores, reader: Subscriber) -> Standing:
    found = await durable.subscribers.find(reader.id)
    assert found is not None
    return found[1]


# Proof


async def test_the_token_in_the_envelope_proves_whose_mail_came_back(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1")
    token = KEYRING.envelope(mail)
    expected = Bounced(reader.id, HARD, "5.1.1", mail)
    for address in (
        f"bounces+{token}@watch.example",
        f"Bounces+{token.upper()}@WATCH.example",
        f"SRS0=Ab1d=XY=watch.example=bounces+{token}@forwarder.example",
        f"prvs=12345678=bounces+{token}@watch.example",
    ):
        assert await bounces.proved(Bounce(HARD, status="5.1.1", sent_to=("x@y.example", address)), NOW) == expected


@pytest.mark.parametrize(
    "bounce",
    [
        Bounce(HARD, (ADDRESS,)),
        Bounce(HARD, (ADDRESS,), sent_to=("bounces@watch.example", f"bounces+{'a' * 40}@watch.example")),
        Bounce(HARD, (ADDRESS,), sent_to=(f"bounces+{'a' * 41}@watch.example", "", "@", "\0\ud800")),
        Bounce(HARD, leave_tokens=("", "1.x..aaaaaaaaaaaaaaaaaaaaaa", "\ud800.a.b.c", "x" * 999)),
        Bounce(HARD, relay_ids=("relay-1",), message_ids=("<1@watch.example>",)),
    ],
)
async def test_without_a_token_of_ours_nothing_is_proved(durable: Stores, bounces: BounceStore, bounce: Bounce) -> None:
    reader = await confirmed(durable)
    await mailed(durable, reader, "digest 1", relay_id="relay-1", message_id="<1@watch.example>")
    assert await bounces.proved(bounce, NOW) is None


async def test_a_token_for_something_else_is_none(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    tokens = (KEYRING.token("confirm", reader.id), KEYRING.token("manage", reader.id))
    assert await bounces.proved(Bounce(HARD, leave_tokens=tokens), NOW) is None


async def test_a_leave_token_that_is_quoted_proves_it_too(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    first = await mailed(durable, reader, "digest 1", message_id="<one@watch.example>")
    await mailed(durable, reader, "digest 2", relay_id="relay-2")
    second = await mailed(durable, reader, "digest 3", relay_id="relay-3")
    token = KEYRING.token("leave", reader.id)
    for names, mail in (
        ({}, 0),
        ({"message_ids": ("<x@y>", "<one@watch.example>")}, first),
        ({"relay_ids": ("relay-3",)}, second),
        ({"relay_ids": ("", "\0")}, 0),
    ):
        found = await bounces.proved(Bounce(SOFT, leave_tokens=("rubbish", token), **names), NOW)
        assert found == Bounced(reader.id, SOFT, "", mail)


async def test_the_envelope_goes_before_what_is_quoted(durable: Stores, bounces: BounceStore) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    mail = await mailed(durable, reader, "digest 1")
    both = to(KEYRING.envelope(mail), leave_tokens=(KEYRING.token("leave", other.id),))
    assert await bounces.proved(both, NOW) == Bounced(reader.id, HARD, "5.1.1", mail)


async def test_with_tokens_of_two_readers_nobody_can_tell_who_is_meant(durable: Stores, bounces: BounceStore) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    mails = [await mailed(durable, r, f"digest {n}") for n, r in enumerate((reader, other, reader))]
    tokens = [KEYRING.envelope(i) for i in mails]
    assert await bounces.proved(to(*tokens), NOW) is None
    leave = tuple(KEYRING.token("leave", r.id) for r in (reader, other))
    assert await bounces.proved(Bounce(HARD, leave_tokens=leave), NOW) is None
    assert await bounces.proved(to(tokens[0], tokens[2]), NOW) == Bounced(reader.id, HARD, "5.1.1", mails[2])


async def test_proof_of_a_mail_to_somebody_who_is_erased_is_about_nobody(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1")
    leave = KEYRING.token("leave", reader.id)
    await durable.subscribers.erase(reader.id, Suppression.ERASED, NOW)
    assert await bounces.proved(to(KEYRING.envelope(mail)), NOW) == Bounced("", HARD, "5.1.1", mail)
    assert await bounces.proved(Bounce(HARD, leave_tokens=(leave,)), NOW) == Bounced("", HARD)
    for bounced in (Bounced("", HARD, "5.1.1", mail), Bounced("", HARD)):
        assert not await bounces.mark(bounced, NOW)
        assert not await bounces.end(bounced, BOUNCED, "came back", NOW)


HOSTILE = st.lists(st.text(max_size=60) | st.from_regex(r"bounces\+[a-z2-7]{40}@x\Z"), max_size=4).map(tuple)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(HOSTILE, HOSTILE, HOSTILE, HOSTILE)
async def test_nothing_in_a_bounce_raises_or_proves(
    bounces: BounceStore,
    sent_to: tuple[str, ...],
    tokens: tuple[str, ...],
    names: tuple[str, ...],
    who: tuple[str, ...],
) -> None:
    bounce = Bounce(HARD, who, "5.1.1", "", sent_to, tokens, names, names)
    assert await bounces.proved(bounce, NOW) is None
    assert await bounces.reported(bounce) is None


# What providers report


async def test_a_provider_names_the_message_by_its_own_id(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1", relay_id="0102abcd")
    assert await bounces.reported(Bounce(HARD, relay_ids=("x", "0102abcd"))) == Bounced(reader.id, HARD, "", mail)
    assert await bounces.reported(Bounce(HARD, (ADDRESS,), relay_ids=("x", ""))) is None


async def test_an_id_that_two_mails_have_is_nobodys(durable: Stores, bounces: BounceStore) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    for one in (reader, other):
        await mailed(durable, one, f"digest {one.id}", relay_id="ABC")
    assert await bounces.reported(Bounce(HARD, (ADDRESS,), relay_ids=("ABC",))) is None


async def test_our_own_name_counts_among_the_mails_to_one_address(durable: Stores, bounces: BounceStore) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    mail = await mailed(durable, reader, "digest 1", message_id="<one@watch.example>")
    await mailed(durable, other, "digest 2", message_id="<two@watch.example>")
    names = {"message_ids": ("<one@watch.example>",)}
    assert await bounces.reported(Bounce(HARD, (ADDRESS.upper(),), **names)) == Bounced(reader.id, HARD, "", mail)
    assert await bounces.reported(Bounce(HARD, (OTHER,), **names)) is None
    assert await bounces.reported(Bounce(HARD, **names)) is None
    assert await bounces.reported(Bounce(HARD, (ADDRESS,))) is None


# What is noted


async def test_a_mark_is_made_once_and_only_a_stronger_one_takes_its_place(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1")
    said = [(SOFT, True), (SOFT, False), (NONE, False), (HARD, True), (SOFT, False), (COMPLAINT, True), (HARD, False)]
    for kind, new in said:
        assert await bounces.mark(Bounced(reader.id, kind, "", mail), LATER) is new
    assert await bounces.marks([mail, mail + 1]) == {mail: BounceTrace(COMPLAINT, LATER)}
    assert not await bounces.mark(Bounced(reader.id, HARD), LATER)


async def test_refusals_are_there_until_they_are_judged(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    ids = [await mailed(durable, reader, f"d{n}", state="refused", reply="550 5.1.1 gone") for n in range(3)]
    await mailed(durable, reader, "taken")
    assert await bounces.refused(2) == [Refusal(i, reader.id, "550 5.1.1 gone") for i in ids[:2]]
    for delivery_id, kind in zip(ids, (HARD, SOFT, NONE), strict=True):
        assert await bounces.mark(Bounced(reader.id, kind, "", delivery_id), LATER)
    assert await bounces.refused(9) == []
    assert await bounces.marks(ids) == {ids[0]: BounceTrace(HARD, LATER), ids[1]: BounceTrace(SOFT, LATER)}


def test_refusals_are_found_without_a_look_at_all_mails(prepared_file: Path) -> None:
    query = "EXPLAIN QUERY PLAN SELECT id FROM delivery WHERE state = 'refused' AND bounce = '' ORDER BY id LIMIT 9"
    with closing(sqlite3.connect(prepared_file)) as connection:
        plan = " ".join(row[3] for row in connection.execute(query))
    assert "ix_delivery_unjudged" in plan


async def test_fates_are_of_what_was_accepted_since_joining_the_newest_first(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    await mailed(durable, reader, "before", date=NOW - DAY, bounce="soft")
    await mailed(durable, reader, "d1", date=NOW + DAY)
    await mailed(durable, reader, "d2", date=NOW + 2 * DAY, bounce="soft")
    await mailed(durable, reader, "d3", date=NOW + 3 * DAY, state="refused", bounce="soft")
    await mailed(durable, reader, "unjudged", date=NOW + 4 * DAY, state="refused")
    await mailed(durable, reader, "waiting", date=NOW + 5 * DAY, state="deferred", done_at=None)
    await mailed(durable, reader, "new box", KINDS.MOVE_NEW, date=NOW + 6 * DAY, bounce="hard")
    await mailed(durable, await confirmed(durable, OTHER), "theirs")
    assert await bounces.fates(reader.id) == [
        Fate(NOW + 3 * DAY, SOFT),
        Fate(NOW + 2 * DAY, SOFT),
        Fate(NOW + DAY),
    ]
    assert await bounces.fates("nobody") == []


async def test_what_the_canary_got_is_known_by_both_names(durable: Stores, bounces: BounceStore) -> None:
    canary = await confirmed(durable)
    await mailed(durable, canary, "old", date=NOW - 2 * DAY)
    await mailed(durable, canary, "d1", date=NOW, message_id="<1@watch.example>", relay_id="r-1", done_at=LATER)
    await mailed(durable, canary, "waiting", date=NOW, state="pending", done_at=None)
    (found,) = await bounces.accepted(canary.id, NOW)
    assert found == Accepted(found.number, LATER, "<1@watch.example>", "r-1")
    assert found.number > 0


# Whose subscription ends


async def test_a_subscription_ends_with_its_reason_and_the_address_is_noted(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1")
    await send(durable, reader, "under way")
    bounced = Bounced(reader.id, HARD, "5.1.1", mail)
    assert await bounces.end(bounced, BOUNCED, "mails came back", LATER)
    assert not await bounces.end(bounced, BOUNCED, "again", LATER)
    own = await durable.subscribers.own(reader.id)
    assert (own.standing, own.end_reason, own.ended_at) == (Standing.ENDED, "mails came back", LATER)
    assert await durable.subscribers.suppression(ADDRESS) == (BOUNCED, LATER)
    assert await durable.outbox.counts() == {"cancelled": 1, "sent": 1}


async def test_it_ends_where_only_the_reader_is_known(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    assert await bounces.end(Bounced(reader.id, COMPLAINT), COMPLAINED, "complained", NOW)
    assert await durable.subscribers.suppression(ADDRESS) == (COMPLAINED, NOW)


async def test_whose_mailbox_came_back_may_subscribe_again(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    mail = await mailed(durable, reader, "digest 1")
    assert await bounces.end(Bounced(reader.id, HARD, "", mail), BOUNCED, "mails came back", NOW)
    joined = await durable.subscribers.join(sign_up(ADDRESS), None, NOW + 9 * DAY)
    assert joined.standing is Standing.PENDING
    await send(durable, joined.subscriber, "confirm", KINDS.CONFIRMATION, NOW + 9 * DAY)
    assert await durable.subscribers.confirm(reader.id, Consent("form", NOW + 9 * DAY), NOW + 9 * DAY)
    assert await durable.subscribers.suppression(ADDRESS) is None
    # the old bounce, found once more, is about the time before
    assert not await bounces.end(Bounced(reader.id, HARD, "", mail), BOUNCED, "again", NOW + 10 * DAY)
    assert not await bounces.end(Bounced(reader.id, COMPLAINT, "", mail), COMPLAINED, "again", NOW + 10 * DAY)
    assert await standing(durable, reader) is Standing.CONFIRMED


async def test_what_bounced_is_not_imported_again_but_a_newer_consent_counts(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    assert await bounces.end(Bounced(reader.id, HARD), BOUNCED, "mails came back", LATER)
    old = await durable.subscribers.join(sign_up(ADDRESS), CONSENT, LATER + DAY)
    assert old.suppression is BOUNCED
    new = await durable.subscribers.join(sign_up(ADDRESS), Consent("form", LATER + DAY), LATER + DAY)
    assert new.confirmed
    assert await durable.subscribers.suppression(ADDRESS) is None


async def test_a_lighter_word_on_an_address_does_not_replace_a_heavier_one(durable: Stores) -> None:
    said = [Suppression.LEFT, BOUNCED, Suppression.LEFT, COMPLAINED, BOUNCED, Suppression.ERASED]
    kept = [Suppression.LEFT, BOUNCED, BOUNCED, COMPLAINED, COMPLAINED, Suppression.ERASED]
    for days, (why, expected) in enumerate(zip(said, kept, strict=True)):
        await durable.subscribers.suppress(ADDRESS, why, NOW + days * DAY)
        assert (await durable.subscribers.suppression(ADDRESS))[0] is expected


async def test_who_bounced_is_known_as_that_after_everything_else_is_erased(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    assert await bounces.end(Bounced(reader.id, HARD), BOUNCED, "mails came back", NOW)
    assert (await durable.subscribers.tidy(NOW + 31 * DAY)).ended == 1
    assert await durable.subscribers.suppression(ADDRESS) == (BOUNCED, NOW)


async def test_who_never_confirmed_is_kept_no_longer_for_a_bounce(durable: Stores, bounces: BounceStore) -> None:
    reader = await pending(durable)
    mail = durable.one(select(_D.id))
    assert not await bounces.end(Bounced(reader.id, HARD, "", mail), BOUNCED, "mails came back", NOW)
    assert await standing(durable, reader) is Standing.PENDING
    assert await durable.subscribers.suppression(ADDRESS) is None


async def test_who_complains_of_being_asked_is_never_asked_again(durable: Stores, bounces: BounceStore) -> None:
    reader = await pending(durable)
    mail = durable.one(select(_D.id))
    assert await bounces.end(Bounced(reader.id, COMPLAINT, "", mail), COMPLAINED, "complained", NOW)
    assert await standing(durable, reader) is Standing.ENDED
    assert await durable.subscribers.suppression(ADDRESS) == (COMPLAINED, NOW)


# Changes of address


async def test_what_comes_back_from_a_new_address_ends_nothing(durable: Stores, bounces: BounceStore) -> None:
    reader = await confirmed(durable)
    assert await durable.subscribers.ask_move(reader.id, NEW, LATER)
    mail = await mailed(durable, reader, "move", KINDS.MOVE_NEW, date=LATER)
    assert not await bounces.end(Bounced(reader.id, HARD, "", mail), BOUNCED, "mails came back", LATER)
    assert await standing(durable, reader) is Standing.CONFIRMED
    assert [await durable.subscribers.suppression(a) for a in (ADDRESS, NEW)] == [None, None]
    assert durable.count("move") == 1


async def test_who_complains_at_a_new_address_is_not_asked_again_and_the_subscription_stays(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    assert await durable.subscribers.ask_move(reader.id, NEW, LATER)
    mail = await mailed(durable, reader, "move", KINDS.MOVE_NEW, date=LATER)
    complaint = Bounced(reader.id, COMPLAINT, "", mail)
    for _ in range(2):
        assert not await bounces.end(complaint, COMPLAINED, "complained", LATER)
    assert await standing(durable, reader) is Standing.CONFIRMED
    assert await durable.subscribers.suppression(NEW) == (COMPLAINED, LATER)
    assert await durable.subscribers.suppression(ADDRESS) is None
    assert durable.count("move") == 0


async def test_a_mail_from_before_a_move_says_nothing_of_the_address_of_now(
    durable: Stores, bounces: BounceStore
) -> None:
    reader = await confirmed(durable)
    old = await mailed(durable, reader, "digest 1", date=NOW + timedelta(hours=1))
    assert await durable.subscribers.ask_move(reader.id, NEW, LATER)
    await mailed(durable, reader, "move", KINDS.MOVE_NEW, date=LATER)
    for side in (KINDS.MOVE_OLD, KINDS.MOVE_NEW):
        assert await durable.subscribers.confirm_move(reader.id, side, LATER)
    assert not await bounces.end(Bounced(reader.id, HARD, "", old), BOUNCED, "mails came back", LATER)
    assert await standing(durable, reader) is Standing.CONFIRMED
    new = await mailed(durable, reader, "digest 2", date=LATER + DAY)
    assert await bounces.end(Bounced(reader.id, HARD, "", new), BOUNCED, "mails came back", LATER + DAY)
    assert await durable.subscribers.suppression(NEW) == (BOUNCED, LATER + DAY)


# All of it


@pytest.fixture
def round_of(durable: Stores, bounces: BounceStore) -> Bounces:
    clock = FakeClock(LATER)
    return Bounces(bounces, durable.outbox.accepted, clock, Telling(Notices(), clock))


async def test_one_mail_with_proof_ends_a_subscription_and_twenty_without_do_not(
    durable: Stores, bounces: BounceStore, round_of: Bounces
) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    mails = [
        await mailed(durable, r, f"d{r.id}", message_id=f"<{n}@watch.example>") for n, r in enumerate((reader, other))
    ]
    forged = Bounce(HARD, (OTHER,), "5.1.1", message_ids=("<1@watch.example>",))
    for _ in range(20):
        assert await round_of.take(forged) == CameBack(unproved=1)
    real = to(KEYRING.envelope(mails[0]))
    assert [await round_of.take(real) for _ in range(2)] == [CameBack(ended=1), CameBack(known=1)]
    assert [await standing(durable, r) for r in (reader, other)] == [Standing.ENDED, Standing.CONFIRMED]
    reason = "mails came back: no such mailbox (5.1.1)"
    assert (await durable.subscribers.own(reader.id)).end_reason == reason
    assert await bounces.marks(mails) == {mails[0]: BounceTrace(HARD, LATER, LATER, reason)}


async def test_a_full_mailbox_ends_a_subscription_after_two_weeks_in_which_nothing_arrived(
    durable: Stores, round_of: Bounces
) -> None:
    reader = await confirmed(durable)
    mails = [await mailed(durable, reader, f"d{n}", date=NOW + n * 7 * DAY) for n in range(4)]
    clock = round_of.clock
    done = []
    for week, mail in enumerate(mails[1:], 1):
        clock.now = NOW + week * 7 * DAY + timedelta(hours=1)
        done.append(await round_of.take(to(KEYRING.envelope(mail), kind=SOFT)))
    assert done == [CameBack(marked=1), CameBack(marked=1), CameBack(ended=1)]
    assert (await durable.subscribers.own(reader.id)).end_reason == "mails came back: none arrived for two weeks"


async def test_what_the_relay_refused_is_judged_once(durable: Stores, round_of: Bounces) -> None:
    reader, other = await confirmed(durable), await confirmed(durable, OTHER)
    await mailed(durable, reader, "d1", state="refused", reply="550 5.1.1 no such user")
    await mailed(durable, other, "d2", state="refused", reply="552 5.2.2 mailbox full")
    assert await round_of() == CameBack(ended=1, marked=1)
    assert await round_of() == CameBack()
    assert [await standing(durable, r) for r in (reader, other)] == [Standing.ENDED, Standing.CONFIRMED]


# The canary


async def test_the_canary_gets_each_bulletin_once_however_many_batches_it_has(
    durable: Stores, bounces: BounceStore
) -> None:
    canary = await ensure(durable.subscribers, "canary@watch.example", FakeClock())
    readers = [await confirmed(durable, f"r{n}@example.org") for n in range(4)]
    outbox = with_canary(durable.outbox, canary)
    watched = Stores(durable.statements, durable.subscribers, outbox)
    for reader in readers:
        await send(watched, reader, "digest 1", KINDS.DIGEST)
        await send(watched, reader, "settings", KINDS.SETTINGS)
    await send(watched, readers[0], "alert 1")
    await send(watched, readers[0], "correction", KINDS.ALERT_CORRECTION)
    assert await outbox.counts() == {"pending": len(readers) * 2 + 2 + 3}
    change = update(schema.delivery).values(state="sent", done_at=NOW)
    await durable.database.write(lambda c: c.execute(change))
    assert len(await bounces.accepted(canary.id, NOW)) == 3
