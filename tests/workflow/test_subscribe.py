"""Joining, confirming, leaving (promise 3)."""

from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.lease import Lease
from nkwatch.domain.subscriber import Consent, Rhythm, Schedule, SignUp, Standing
from nkwatch.editing.windows import beginning, closed_window, next_closing
from nkwatch.workflow.subscribe import Joined, Subscribe
from tests.making import NOW
from tests.workflow.fakes import FakeClock, PlainComposer
from tests.workflow.memory import Memory, MemoryOutbox, MemorySubscribers

FORM = SignUp("ann@example.org", Schedule(Rhythm.WEEKLY, 7, "UTC", weekday=0), language="ko")


class Desk:
    """A roll, an outbox and the way in and out."""

    def __init__(self) -> None:
        self.memory, self.clock = Memory(), FakeClock()
        self.roll, self.outbox = MemorySubscribers(self.memory), MemoryOutbox(self.memory)
        self.subscribe = Subscribe(self.roll, self.outbox, PlainComposer(), self.clock)

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
    assert await desk.roll.with_alerts("", 9) == []
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


async def test_who_is_confirmed_already_is_not_mailed() -> None:
    desk = Desk()
    consent = Consent("import from the old list", NOW)
    assert await desk.subscribe.join(FORM, consent) is Joined.CONFIRMED
    assert await desk.subscribe.join(FORM) is Joined.KNOWN
    assert desk.mails == []


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
    await desk.subscribe.join(SignUp("ann@example.org", Schedule(rhythm, 7, "Asia/Seoul", weekday=2, monthday=9)))
    await desk.subscribe.confirm(desk.reader, "link")
    found, _ = await desk.roll.find(desk.reader)
    first = closed_window(found.schedule, found.covered_until, desk.clock.now)
    if first is None:
        closing = next_closing(found.schedule, desk.clock.now)
        first = closed_window(found.schedule, found.covered_until, closing)
    assert first.start == beginning(found.schedule, desk.clock.now)
    assert first.end == next_closing(found.schedule, first.start)


async def test_who_wants_no_digest_can_be_confirmed_for_alerts() -> None:
    desk = Desk()
    await desk.subscribe.join(SignUp("ann@example.org", Schedule(Rhythm.NONE)))
    assert await desk.subscribe.confirm(desk.reader, "link")
    assert [s.id for s in await desk.roll.with_alerts("", 9)] == [desk.reader]
    assert await desk.roll.closing(NOW + timedelta(days=99), 9) == []


async def test_leaving_works_in_one_step_and_twice_is_once() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM)
    assert await desk.subscribe.leave(desk.reader, "one click")
    assert not await desk.subscribe.leave(desk.reader, "one click")
    assert not await desk.subscribe.leave("nobody", "one click")
    assert await desk.outbox.claim(NOW, 9, Lease("test", NOW)) == []


async def test_who_left_and_signs_up_again_is_asked_again() -> None:
    desk = Desk()
    await desk.subscribe.join(FORM, Consent("import", NOW))
    await desk.subscribe.leave(desk.reader, "left")
    assert await desk.subscribe.join(FORM) is Joined.ASKED
    assert desk.mails == [BulletinKind.CONFIRMATION]


async def test_a_sign_up_that_vanishes_meanwhile_is_answered_like_any_known_address() -> None:
    desk = Desk()
    join = desk.roll.join

    async def vanish(*args: object) -> tuple[str, Standing]:
        joined = await join(*args)  # type: ignore[arg-type]
        desk.memory.readers.clear()
        return joined

    desk.roll.join = vanish  # type: ignore[method-assign]
    assert await desk.subscribe.join(FORM) is Joined.KNOWN
    assert desk.mails == []
