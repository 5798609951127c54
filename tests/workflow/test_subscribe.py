"""Joining, confirming, leaving (promise 3)."""

from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import Claimed
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Joining, Rhythm, Schedule, Standing, Suppression, Tidied
from nkwatch.editing.windows import beginning, closed_window, next_closing
from nkwatch.workflow.subscribe import Joined, Subscribe
from tests.making import NOW, choice, sign_up
from tests.workflow.fakes import FakeClock, PlainComposer, claim
from tests.workflow.memory import Memory, MemoryOutbox, MemorySubscribers

FORM = sign_up("ann@example.org", Schedule(Rhythm.WEEKLY, 7, "UTC", weekday=0), language="ko")

CONSENT = Consent("import from the old list", NOW)


class Desk:
    """A roll, an outbox and the way in and out."""

    def __init__(self) -> None:
        self.memory, self.clock = Memory(), FakeClock()
        self.roll, self.outbox = MemorySubscribers(self.memory), MemoryOutbox(self.memory)
        self.subscribe = Subscribe(self.roll, self.outbox, PlainComposer(), self.clock)

    @classmethod
    async def with_reader(cls, schedule: Schedule = FORM.choice.schedule) -> "Desk":
        """A desk with one subscriber, who is confirmed."""
        desk = cls()
        await desk.subscribe.join(sign_up(FORM.address, schedule), CONSENT)
        return desk

    async def claim(self) -> list[Claimed]:
        """What may be handed over now."""
        return await claim(self.outbox, self.clock.now, 99, Lease("test", self.clock.now))

    @property
    def mails(self) -> list[BulletinKind]:
        """The kinds of what is in the outbox."""
        return [r.kind for r in self.memory.deliveries]

    @property
    def reader(self) -> str:
        """The id of the only subscriber."""
        (only,) = self.memory.readers
        return only


async def test_who_signs_up_is_asked_to_confirm_in_their_language_and_gets_nothing_else() -> None:
    desk = Desk()
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert (await desk.roll.find(desk.reader))[1] is Standing.PENDING
    assert [(r.kind, r.composition.language) for r in desk.memory.deliveries] == [(BulletinKind.CONFIRMATION, "ko")]
    assert await desk.roll.with_alerts("", 9, NOW) == []
    assert await desk.roll.closing(NOW + timedelta(days=99), 9) == []


async def test_one_confirmation_mail_a_day_however_often_somebody_asks() -> None:
    desk = Desk()
    for _ in range(20):
        assert await desk.subscribe.join(FORM) is Joined.ASKED
        desk.clock.forward(minutes=30)
    assert len(desk.mails) == 1
    desk.clock.forward(days=1)
    await desk.subscribe.join(FORM)
    assert len(desk.mails) == 2


async def test_who_is_known_already_gets_a_link_to_the_settings_instead() -> None:
    desk = Desk()
    assert await desk.subscribe.join(FORM, CONSENT) is Joined.CONFIRMED
    assert desk.mails == []
    assert await desk.subscribe.join(sign_up("ann@example.org", language="fr")) is Joined.KNOWN
    # in the language that was chosen before: who knows an address does not change what its reader gets
    assert [(r.kind, r.composition.language) for r in desk.memory.deliveries] == [(BulletinKind.SETTINGS, "ko")]


async def test_one_link_a_day_for_who_is_known_however_often_somebody_asks() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM, CONSENT)
    for _ in range(20):
        assert await desk.subscribe.join(FORM) is Joined.KNOWN
        desk.clock.forward(minutes=30)
    assert len(desk.mails) == 1
    desk.clock.forward(days=1)
    await desk.subscribe.join(FORM)
    assert len(desk.mails) == 2


@pytest.mark.parametrize("why", list(Suppression))
async def test_a_suppressed_address_is_answered_like_a_new_one(why: Suppression) -> None:
    desk, other = Desk(), Desk()
    await desk.roll.suppress(FORM.address, why, NOW)
    assert await desk.subscribe.join(FORM) is await other.subscribe.join(FORM) is Joined.ASKED
    assert desk.mails == other.mails == [BulletinKind.CONFIRMATION]
    assert len(await other.claim()) == 1
    assert len(await desk.claim()) == (0 if why.final else 1)


@pytest.mark.parametrize("why", list(Suppression))
async def test_an_old_consent_does_not_bring_back_who_is_suppressed(why: Suppression) -> None:
    desk = Desk()
    await desk.roll.suppress(FORM.address, why, NOW)
    assert await desk.subscribe.join(FORM, CONSENT) is Joined.SUPPRESSED
    assert (desk.mails, desk.memory.readers) == ([], {})


async def test_an_old_consent_does_not_bring_back_who_left() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM, CONSENT)
    desk.clock.forward(days=1)
    await desk.subscribe.leave(desk.reader, "one click")
    assert await desk.subscribe.join(FORM, CONSENT) is Joined.SUPPRESSED
    desk.clock.forward(days=1)
    assert await desk.subscribe.join(FORM, Consent("signed sheet", desk.clock.now)) is Joined.CONFIRMED


async def test_who_is_imported_twice_is_confirmed_once() -> None:
    desk = Desk()
    assert [await desk.subscribe.join(FORM, CONSENT) for _ in range(2)] == [Joined.CONFIRMED] * 2
    assert len(desk.memory.readers) == 1


async def test_a_request_to_confirm_may_be_put_off() -> None:
    desk = Desk()
    later = NOW + timedelta(days=3)
    await desk.subscribe.join(FORM, not_before=later)
    assert await desk.claim() == []
    assert await desk.subscribe.tidy() == Tidied()
    desk.clock.forward(days=3)
    (claimed,) = await desk.claim()
    assert claimed.delivery.date == later


async def test_the_phrase_that_somebody_chose_stands_in_every_mail() -> None:
    desk = Desk()
    await desk.subscribe.join(sign_up(phrase="blue heron"))
    await desk.subscribe.confirm(desk.reader, "link")
    await desk.subscribe.ask_settings(desk.reader)
    await desk.subscribe.ask_move(desk.reader, "new@example.org")
    assert {r.addressed.slots for r in desk.memory.deliveries} == {(("phrase", "blue heron"),)}


async def test_neutral_mails_are_neutral_from_the_first() -> None:
    desk = Desk()
    await desk.subscribe.join(sign_up(neutral=True))
    await desk.subscribe.confirm(desk.reader, "link")
    await desk.subscribe.ask_settings(desk.reader)
    assert [r.composition.neutral for r in desk.memory.deliveries] == [True, True]


async def test_a_consent_on_record_needs_no_mail() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM, Consent("signed sheet 12", NOW))
    reader = desk.memory.readers[desk.reader]
    assert (reader.standing, reader.consent) == (Standing.CONFIRMED, Consent("signed sheet 12", NOW))


async def test_confirming_records_the_consent_once() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    desk.clock.forward(hours=3)
    assert await desk.subscribe.confirm(desk.reader, "link in the mail of 2026-11-22")
    assert not await desk.subscribe.confirm(desk.reader, "again")
    consent = desk.memory.readers[desk.reader].consent
    assert consent == Consent("link in the mail of 2026-11-22", desk.clock.now)


async def test_nobody_is_confirmed_who_did_not_ask() -> None:
    desk = Desk()
    assert not await desk.subscribe.confirm("nobody", "link")
    await desk.subscribe.join(FORM)
    await desk.subscribe.leave(desk.reader, "left")
    assert not await desk.subscribe.confirm(desk.reader, "link")


@pytest.mark.parametrize("rhythm", [Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY])
@pytest.mark.parametrize("hours", [0, 26])
async def test_the_first_digest_after_confirming_covers_the_usual_span(rhythm: Rhythm, hours: int) -> None:
    desk = Desk()
    desk.clock.forward(hours=hours)
    await desk.subscribe.join(sign_up("ann@example.org", Schedule(rhythm, 7, "Asia/Seoul", weekday=2, monthday=9)))
    await desk.subscribe.confirm(desk.reader, "link")
    found, _ = await desk.roll.find(desk.reader)
    first = closed_window(found.choice.schedule, found.covered_until, desk.clock.now)
    if first is None:
        closing = next_closing(found.choice.schedule, desk.clock.now)
        first = closed_window(found.choice.schedule, found.covered_until, closing)
    assert first.start == beginning(found.choice.schedule, desk.clock.now)
    assert first.end == next_closing(found.choice.schedule, first.start)


async def test_who_wants_no_digest_can_be_confirmed_for_alerts() -> None:
    desk = Desk()
    await desk.subscribe.join(sign_up("ann@example.org", Schedule(Rhythm.NONE)))
    assert await desk.subscribe.confirm(desk.reader, "link")
    assert [s.id for s in await desk.roll.with_alerts("", 9, NOW)] == [desk.reader]
    assert await desk.roll.closing(NOW + timedelta(days=99), 9) == []


async def test_leaving_works_in_one_step_and_twice_is_once() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    assert await desk.subscribe.leave(desk.reader, "one click")
    assert not await desk.subscribe.leave(desk.reader, "one click")
    assert not await desk.subscribe.leave("nobody", "one click")
    assert await desk.claim() == []


async def test_who_left_and_signs_up_again_is_asked_again() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM, Consent("import", NOW))
    await desk.subscribe.leave(desk.reader, "left")
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert desk.mails == [BulletinKind.CONFIRMATION]


# Links to the settings


async def test_a_link_to_the_settings_is_mailed_to_who_asks_and_at_most_once_in_ten_minutes() -> None:
    desk = await Desk.with_reader()
    for _ in range(10):
        assert await desk.subscribe.ask_settings(desk.reader)
        desk.clock.forward(minutes=2)
    assert desk.mails == [BulletinKind.SETTINGS] * 2


async def test_a_link_to_the_settings_comes_while_somebody_pauses() -> None:
    desk = await Desk.with_reader()
    await desk.subscribe.pause(desk.reader, NOW + timedelta(days=30))
    await desk.subscribe.ask_settings(desk.reader)
    assert [c.composition.kind for c in await desk.claim()] == [BulletinKind.SETTINGS]


async def test_nobody_is_mailed_a_link_who_is_not_subscribed() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    assert not await desk.subscribe.ask_settings(desk.reader)
    assert not await desk.subscribe.ask_settings("nobody")
    await desk.subscribe.leave(desk.reader, "left")
    assert not await desk.subscribe.ask_settings(desk.reader)
    assert desk.mails == [BulletinKind.CONFIRMATION]


# Another choice, a pause


async def test_another_choice_keeps_what_was_covered() -> None:
    desk = await Desk.with_reader(Schedule(Rhythm.DAILY))
    before, _ = await desk.roll.find(desk.reader)
    chosen = choice(schedule=Schedule(Rhythm.MONTHLY), alerts=False, language="ja", phrase="blue heron")
    assert await desk.subscribe.choose(desk.reader, chosen)
    found, _ = await desk.roll.find(desk.reader)
    assert (found.choice, found.covered_until) == (chosen, before.covered_until)


@pytest.mark.parametrize("rhythm", [Rhythm.DAILY, Rhythm.WEEKLY, Rhythm.MONTHLY])
async def test_who_goes_from_no_digests_to_a_rhythm_begins_with_a_usual_span(rhythm: Rhythm) -> None:
    desk = await Desk.with_reader(Schedule(Rhythm.NONE))
    desk.clock.forward(days=70, hours=3)
    schedule = Schedule(rhythm, 7, "Asia/Seoul", weekday=2, monthday=9)
    assert await desk.subscribe.choose(desk.reader, choice(schedule=schedule))
    found, _ = await desk.roll.find(desk.reader)
    assert found.covered_until == beginning(schedule, desk.clock.now)
    closes = next_closing(schedule, desk.clock.now)
    assert closed_window(schedule, found.covered_until, closes) == Window(found.covered_until, closes)
    assert [s.id for s in await desk.roll.closing(closes, 9)] == [desk.reader]


async def test_only_who_is_subscribed_can_choose_or_pause() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    for reader in (desk.reader, "nobody"):
        assert not await desk.subscribe.choose(reader, choice())
        assert not await desk.subscribe.pause(reader, NOW + timedelta(days=1))
        assert not await desk.subscribe.ask_move(reader, "new@example.org")


async def test_a_pause_is_in_force_at_once_and_ends_by_itself_or_by_asking() -> None:
    desk = await Desk.with_reader()
    until = NOW + timedelta(days=9)
    for went_on in (None, until):
        assert await desk.subscribe.pause(desk.reader, until)
        assert await desk.roll.with_alerts("", 9, NOW) == []
        if went_on is None:
            assert await desk.subscribe.pause(desk.reader, None)
        assert [s.id for s in await desk.roll.with_alerts("", 9, went_on or NOW)] == [desk.reader]


# Another address


async def test_both_addresses_are_asked_whether_a_subscription_may_move() -> None:
    desk = await Desk.with_reader()
    assert await desk.subscribe.ask_move(desk.reader, "new@example.org")
    sent = {c.composition.kind: (c.address, c.delivery.date) for c in await desk.claim()}
    assert sent == {
        BulletinKind.MOVE_OLD: (FORM.address, NOW),
        BulletinKind.MOVE_NEW: ("new@example.org", NOW),
    }
    for kind, (_, asked_at) in sent.items():
        move = await desk.roll.confirm_move(desk.reader, kind, asked_at)
    assert move.complete
    assert await desk.roll.find_address("new@example.org") == desk.reader


@pytest.mark.parametrize("state", ["free", "taken", "suppressed"])
async def test_the_answer_to_a_move_is_the_same_whoever_has_the_address(state: str) -> None:
    desk = await Desk.with_reader()
    if state == "taken":
        await desk.subscribe.join(sign_up("new@example.org"), CONSENT)
    if state == "suppressed":
        await desk.roll.suppress("new@example.org", Suppression.ERASED, NOW)
    assert await desk.subscribe.ask_move(await desk.roll.find_address(FORM.address), "new@example.org")
    assert desk.mails == [BulletinKind.MOVE_OLD, BulletinKind.MOVE_NEW]


# The way out


async def test_erasing_keeps_nothing_and_nothing_is_sent_any_more() -> None:
    desk = await Desk.with_reader()
    reader = desk.reader
    await desk.subscribe.ask_settings(reader)
    assert await desk.subscribe.erase(reader)
    assert not await desk.subscribe.erase(reader)
    assert (desk.memory.readers, desk.memory.deliveries, desk.memory.bulletins) == ({}, [], {})
    assert await desk.subscribe.join(FORM, Consent("import", NOW + timedelta(days=1))) is Joined.SUPPRESSED
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert await desk.claim() == []


async def test_the_reason_of_an_erasure_is_kept() -> None:
    desk = await Desk.with_reader()
    await desk.subscribe.erase(desk.reader, Suppression.COMPLAINED)
    assert await desk.roll.suppression(FORM.address) == (Suppression.COMPLAINED, NOW)


async def test_what_is_kept_no_longer_is_erased() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    desk.clock.forward(hours=48)
    assert await desk.subscribe.tidy() == Tidied(unconfirmed=1)
    assert await desk.subscribe.tidy() == Tidied()
    # and who comes later is asked as if for the first time
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert len(await desk.claim()) == 1


async def test_a_sign_up_that_vanishes_meanwhile_is_answered_like_any_other() -> None:
    desk = Desk()
    join = desk.roll.join

    async def vanish(*args: object) -> Joining:
        joined = await join(*args)  # type: ignore[arg-type]
        desk.memory.readers.clear()
        return joined

    desk.roll.join = vanish  # type: ignore[method-assign]
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert desk.mails == []
