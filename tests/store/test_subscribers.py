"""Who joined, confirmed, chose and paused (promise 3), and who gets what because of it."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from nkwatch.domain.bulletin import Addressed, Mailing, Window
from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import Consent, Format, QuietHours, Rhythm, Schedule, Standing
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.windows import next_closing
from nkwatch.store import schema
from tests.making import NOW, choice, composition, sign_up
from tests.store.conftest import Stores
from tests.store.people import ADDRESS, CONSENT, DAY, KINDS, claim, confirmed, pending, send, subjects

CHOICE = choice(
    schedule=Schedule(Rhythm.MONTHLY, 6, "Asia/Seoul", weekday=4, monthday=31),
    alerts=False,
    language="ko",
    format=Format.TEXT,
    neutral=True,
    wishes=(
        Wish(frozenset({"prisons", "women"}), roles=frozenset({Role.STATEMENT})),
        Wish(sources=frozenset({"a"}), follows=Follows(frozenset({"요덕"}), frozenset({"Hong Gil-dong"}))),
    ),
    mutes=Mutes(sources=frozenset({"b"}), follows=Follows(frozenset({"missile*"}))),
    phrase="blue heron",
    country="KR",
    lull=True,
    quiet=QuietHours(23, 7),
)
FORM = sign_up(ADDRESS, **{name: getattr(CHOICE, name) for name in
                          ("schedule", "alerts", "wishes", "mutes", "phrase", "country", "lull", "quiet")},
               language="ko", format=Format.TEXT, neutral=True)  # fmt: skip


async def test_what_somebody_chose_comes_back(stores: Stores) -> None:
    joined = await stores.subscribers.join(FORM, None, NOW)
    found, standing = await stores.subscribers.find(joined.subscriber.id)
    assert standing is joined.standing is Standing.PENDING
    assert found == joined.subscriber
    assert found.choice == FORM.choice == CHOICE


async def test_nobody_is_found_by_an_id_that_is_none(stores: Stores) -> None:
    assert await stores.subscribers.find("nobody") is None
    assert not await stores.subscribers.confirm("nobody", CONSENT, NOW)
    assert not await stores.subscribers.end("nobody", "left", NOW)


def test_the_tables_hold_no_column_for_a_network_address() -> None:
    columns = {c.name for c in schema.subscriber.c}
    assert not [c for c in columns if "ip" in c.split("_") or "agent" in c]


async def test_the_database_is_ready_when_it_says_so(durable: Stores) -> None:
    assert durable.database.is_prepared()
    assert durable.one(text("SELECT 1")) == 1


async def test_only_who_is_pending_can_be_confirmed(stores: Stores) -> None:
    reader = (await pending(stores)).id
    assert await stores.subscribers.confirm(reader, CONSENT, NOW - DAY)
    assert not await stores.subscribers.confirm(reader, CONSENT, NOW - 9 * DAY)
    found, standing = await stores.subscribers.find(reader)
    assert (found.covered_until, standing) == (NOW - DAY, Standing.CONFIRMED)
    await stores.subscribers.end(reader, "left", NOW)
    assert not await stores.subscribers.confirm(reader, CONSENT, NOW)
    assert (await stores.subscribers.find(reader))[1] is Standing.ENDED


async def test_the_consent_is_recorded_with_its_origin_and_instant(stores: Stores) -> None:
    given = (await confirmed(stores)).id
    asked = (await pending(stores, "other@example.org")).id
    assert (await stores.subscribers.own(given)).consent == CONSENT
    assert (await stores.subscribers.own(asked)).consent is None
    await stores.subscribers.confirm(asked, Consent("link", NOW + DAY), NOW)
    assert (await stores.subscribers.own(asked)).consent == Consent("link", NOW + DAY)


async def test_a_reader_is_heard_from_when_the_subscription_is_confirmed(stores: Stores) -> None:
    reader = await pending(stores)
    assert reader.heard_at is None
    await stores.subscribers.confirm(reader.id, Consent("link", NOW + DAY), NOW)
    assert (await stores.subscribers.find(reader.id))[0].heard_at == NOW + DAY
    # of somebody imported, silence counts from the import, however old the consent is
    imported = await stores.subscribers.join(sign_up("i@example.org"), Consent("list", NOW - 99 * DAY), NOW)
    assert imported.subscriber.heard_at == NOW


async def test_quiet_hours_that_begin_at_midnight_are_quiet_hours(stores: Stores) -> None:
    reader = await confirmed(stores, quiet=QuietHours(0, 6))
    assert (await stores.subscribers.find(reader.id))[0].choice.quiet == QuietHours(0, 6)
    assert await stores.subscribers.choose(reader.id, choice(), NOW)
    assert (await stores.subscribers.find(reader.id))[0].choice.quiet is None


async def test_who_is_pending_gets_a_confirmation_and_nothing_else(stores: Stores) -> None:
    reader = await pending(stores)
    for kind in set(KINDS) - {KINDS.CONFIRMATION}:
        await send(stores, reader, kind, kind)
    assert await subjects(stores, NOW + DAY) == ["confirm"]


async def test_who_is_confirmed_gets_everything_but_a_confirmation(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.ask_move(reader.id, "new@example.org", NOW)
    for kind in KINDS:
        await send(stores, reader, kind, kind)
    assert set(await subjects(stores)) == set(KINDS) - {KINDS.CONFIRMATION}


async def test_a_request_to_confirm_is_not_sent_to_who_has_confirmed_meanwhile(stores: Stores) -> None:
    reader = await pending(stores)
    await stores.subscribers.confirm(reader.id, CONSENT, NOW)
    assert await stores.outbox.counts() == {"cancelled": 1}
    await stores.subscribers.end(reader.id, "left", NOW)
    await stores.subscribers.join(FORM, None, NOW)
    assert await claim(stores) == []


async def test_a_closing_instant_is_kept_for_who_is_confirmed_only(durable: Stores) -> None:
    reader = (await durable.subscribers.join(FORM, None, NOW)).subscriber.id
    closes = select(schema.subscriber.c.closes_at)
    assert durable.one(closes) is None
    await durable.subscribers.confirm(reader, CONSENT, NOW)
    # the last day of November, 6:00 in Seoul
    assert durable.one(closes).isoformat() == "2026-11-29T21:00:00+00:00"


# Who gets what


async def test_alerts_go_to_who_is_confirmed_and_wants_them_page_by_page(stores: Stores) -> None:
    wanting = [(await confirmed(stores, f"r{n}@example.org")).id for n in range(5)]
    await confirmed(stores, "no@example.org", alerts=False)
    await pending(stores, "pending@example.org")
    left = await confirmed(stores, "left@example.org")
    await stores.subscribers.end(left.id, "left", NOW)
    found: list[str] = []
    while page := await stores.subscribers.with_alerts(found[-1] if found else "", 2, NOW):
        found += [s.id for s in page]
    assert found == sorted(wanting)


async def test_readers_with_a_rhythm_whose_window_has_begun_come_page_by_page_paused_or_not(stores: Stores) -> None:
    weekly = [await confirmed(stores, f"w{n}@example.org") for n in range(5)]
    await confirmed(stores, "daily@example.org", schedule=Schedule(Rhythm.DAILY))
    await pending(stores, "pending@example.org")
    begun = max(r.covered_until for r in weekly)
    await stores.subscribers.pause(weekly[0].id, NOW + DAY, NOW)
    found: list[str] = []
    after = ""
    while page := await stores.subscribers.with_rhythm(Rhythm.WEEKLY, after, 2, begun + DAY):
        after = page[-1].id
        found += [r.id for r in page]
    assert found == sorted(r.id for r in weekly)
    assert await stores.subscribers.with_rhythm(Rhythm.WEEKLY, "", 9, begun) == []
    assert await stores.subscribers.with_rhythm(Rhythm.MONTHLY, "", 9, begun + DAY) == []


async def test_windows_that_have_closed_come_longest_closed_first(stores: Stores) -> None:
    before = NOW - 9 * DAY
    daily = await confirmed(stores, "d@example.org", NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    weekly = await confirmed(stores, "w@example.org", before, schedule=Schedule(Rhythm.WEEKLY, 6, weekday=0))
    await confirmed(stores, "n@example.org", before, schedule=Schedule(Rhythm.NONE))
    await pending(stores, "p@example.org", before)
    left = await confirmed(stores, "l@example.org", before)
    await stores.subscribers.end(left.id, "left", NOW)
    assert await stores.subscribers.closing(NOW, 9) == [weekly, daily]
    assert await stores.subscribers.closing(NOW, 1) == [weekly]
    assert await stores.subscribers.closing(before, 9) == []


async def test_a_window_that_is_postponed_is_looked_at_later_and_covers_the_same(stores: Stores) -> None:
    reader = await confirmed(stores, now=NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    await stores.subscribers.postpone([], NOW + DAY)
    for _ in range(2):
        await stores.subscribers.postpone([reader.id], NOW + timedelta(minutes=10))
    assert await stores.subscribers.closing(NOW + timedelta(minutes=9), 9) == []
    assert await stores.subscribers.closing(NOW + timedelta(minutes=10), 9) == [reader]


# Another choice


async def test_another_choice_takes_the_place_of_the_old_one_whole(stores: Stores) -> None:
    reader = await confirmed(stores)
    assert await stores.subscribers.choose(reader.id, CHOICE, reader.covered_until)
    found, _ = await stores.subscribers.find(reader.id)
    assert (found.choice, found.covered_until) == (CHOICE, reader.covered_until)
    assert await stores.subscribers.choose(reader.id, choice(), reader.covered_until)
    assert (await stores.subscribers.find(reader.id))[0].choice == choice()


async def test_only_who_is_confirmed_can_choose(stores: Stores) -> None:
    reader = await pending(stores)
    assert not await stores.subscribers.choose(reader.id, CHOICE, NOW)
    assert not await stores.subscribers.choose("nobody", CHOICE, NOW)
    assert (await stores.subscribers.find(reader.id))[0].choice == choice()


async def test_the_next_window_closes_by_the_new_schedule(stores: Stores) -> None:
    reader = await confirmed(stores, schedule=Schedule(Rhythm.MONTHLY))
    daily = Schedule(Rhythm.DAILY, 5)
    await stores.subscribers.choose(reader.id, choice(schedule=daily), NOW)
    closes = next_closing(daily, NOW)
    assert await stores.subscribers.closing(closes - timedelta(seconds=1), 9) == []
    assert [s.id for s in await stores.subscribers.closing(closes, 9)] == [reader.id]
    await stores.subscribers.choose(reader.id, choice(schedule=Schedule(Rhythm.NONE)), NOW)
    assert await stores.subscribers.closing(NOW + 99 * DAY, 9) == []


def digest(reader, window: Window) -> Mailing:
    """A digest for this reader, whose window it closes."""
    addressed = (Addressed(reader, composition()),)
    return Mailing(f"digest {window.end}", KINDS.DIGEST, window.end, addressed, window, covered=(reader,))


async def test_what_was_covered_while_somebody_chose_stays_covered(stores: Stores) -> None:
    reader = await confirmed(stores, now=NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    # the form was opened before the window closed
    await stores.outbox.enqueue(digest(reader, Window(reader.covered_until, NOW)))
    await stores.subscribers.choose(reader.id, choice(schedule=Schedule(Rhythm.WEEKLY)), reader.covered_until)
    assert (await stores.subscribers.find(reader.id))[0].covered_until == NOW


async def test_a_window_that_closes_after_another_choice_is_followed_by_one_of_the_new_schedule(stores: Stores) -> None:
    reader = await confirmed(stores, now=NOW - DAY, schedule=Schedule(Rhythm.MONTHLY, 6))
    await stores.subscribers.choose(reader.id, choice(schedule=Schedule(Rhythm.DAILY, 6)), reader.covered_until)
    await stores.outbox.enqueue(digest(reader, Window(reader.covered_until, NOW)))
    assert [s.id for s in await stores.subscribers.closing(NOW + DAY, 9)] == [reader.id]


async def test_who_had_no_rhythm_begins_where_asked_to_but_not_before_the_last_digest(stores: Stores) -> None:
    without, weekly = choice(schedule=Schedule(Rhythm.NONE)), choice(schedule=Schedule(Rhythm.WEEKLY))
    never = await confirmed(stores, "a@example.org", schedule=Schedule(Rhythm.NONE))
    once = await confirmed(stores, "b@example.org", NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    await stores.outbox.enqueue(digest(once, Window(once.covered_until, NOW)))
    await stores.subscribers.choose(once.id, without, NOW)
    for reader in (never, once):
        await stores.subscribers.choose(reader.id, weekly, NOW - 6 * DAY)
    begins = [(await stores.subscribers.find(r.id))[0].covered_until for r in (never, once)]
    assert begins == [NOW - 6 * DAY, NOW]


# A pause


async def test_while_somebody_pauses_no_bulletin_is_sent_and_the_links_they_ask_for_are(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "before", KINDS.DIGEST)
    await send(stores, reader, "link before", KINDS.SETTINGS)
    assert await stores.subscribers.pause(reader.id, NOW + DAY, NOW)
    assert await send(stores, reader, "meanwhile") == 0
    await send(stores, reader, "link", KINDS.SETTINGS)
    assert await stores.subscribers.with_alerts("", 9, NOW + DAY / 2) == []
    assert await subjects(stores) == ["link before", "link"]
    assert [s.id for s in await stores.subscribers.with_alerts("", 9, NOW + DAY)] == [reader.id]
    assert await send(stores, reader, "after", date=NOW + DAY) == 1
    assert await subjects(stores, NOW + DAY) == ["after"]


async def test_nothing_is_claimed_for_who_pauses_whatever_came_into_the_outbox(stores: Stores) -> None:
    reader = await confirmed(stores)
    await send(stores, reader, "written")
    # by a clock that is a day ahead, there is nothing to cancel
    await stores.subscribers.pause(reader.id, NOW + DAY, NOW + DAY)
    assert await claim(stores, NOW + DAY - timedelta(seconds=1)) == []
    assert await subjects(stores, NOW + DAY) == ["written"]


async def test_a_window_closes_while_somebody_pauses_and_nothing_piles_up(stores: Stores) -> None:
    reader = await confirmed(stores, now=NOW - DAY, schedule=Schedule(Rhythm.DAILY, 6))
    await stores.subscribers.pause(reader.id, NOW + 9 * DAY, NOW)
    (paused,) = await stores.subscribers.closing(NOW, 9)
    assert paused.paused_until == NOW + 9 * DAY
    assert await stores.outbox.enqueue(digest(paused, Window(paused.covered_until, NOW))) == 0
    assert (await stores.subscribers.find(reader.id))[0].covered_until == NOW


async def test_going_on_is_a_pause_until_nothing(stores: Stores) -> None:
    reader = await confirmed(stores)
    await stores.subscribers.pause(reader.id, NOW + 9 * DAY, NOW)
    await stores.subscribers.pause(reader.id, None, NOW)
    await send(stores, reader, "again")
    assert await subjects(stores) == ["again"]
    assert (await stores.subscribers.find(reader.id))[0].paused_until is None


async def test_only_who_is_confirmed_can_pause(stores: Stores) -> None:
    reader = await pending(stores)
    assert not await stores.subscribers.pause(reader.id, NOW + DAY, NOW)
    assert not await stores.subscribers.pause("nobody", NOW + DAY, NOW)
    assert await subjects(stores) == ["confirm"]


# What the operator sees


async def test_everybody_is_listed_once_in_the_order_of_joining_however_many_there_are(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nkwatch.store.subscribers.PAGE", 2)
    for n in range(5):
        await confirmed(stores, f"r{n}@example.org", NOW + n * DAY, phrase=f"phrase {n}")
    found = await stores.subscribers.everybody()
    assert [o.address for o in found] == [f"r{n}@example.org" for n in range(5)]
    assert [o.subscriber.choice.phrase for o in found] == [f"phrase {n}" for n in range(5)]
    assert await stores.subscribers.counts() == {"confirmed": 5}


async def test_all_that_is_kept_of_a_reader_can_be_exported(stores: Stores) -> None:
    reader = await confirmed(stores, phrase="blue heron")
    await stores.subscribers.end(reader.id, "one click", NOW + DAY)
    own = await stores.subscribers.own(reader.id)
    assert own.subscriber == (await stores.subscribers.find(reader.id))[0]
    assert (own.standing, own.address, own.joined_at, own.consent) == (Standing.ENDED, ADDRESS, NOW, CONSENT)
    assert (own.ended_at, own.end_reason, own.subscriber.choice.phrase) == (NOW + DAY, "one click", "blue heron")
    assert await stores.subscribers.own("nobody") is None


async def test_an_address_leads_to_its_reader(stores: Stores) -> None:
    reader = await confirmed(stores)
    assert await stores.subscribers.find_address(ADDRESS) == reader.id
    assert await stores.subscribers.find_address("other@example.org") is None
