"""What came back: nobody is removed without proof, and whatever is done twice is done once."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from nkwatch.domain.bounce import Bounce, Bounced, BounceKind, Fate
from nkwatch.domain.returned import Refusal, Returned, weaker
from nkwatch.domain.subscriber import Suppression
from nkwatch.workflow.bounces import Bounces, CameBack
from nkwatch.workflow.told import Telling
from tests.making import NOW
from tests.workflow.fakes import CrashError, FakeClock, Notices

HARD, SOFT, COMPLAINT = BounceKind.HARD, BounceKind.SOFT, BounceKind.COMPLAINT
AUTO_REPLY, NONE = BounceKind.AUTO_REPLY, BounceKind.NONE
DAY = timedelta(days=1)
GONE, FULL = "550 5.1.1 no such user", "452 4.2.2 mailbox full"


@dataclass
class FakeLedger:
    """Readers by id, with what was noted of their deliveries; a token is `DELIVERY@READER`."""

    readers: set[str] = field(default_factory=lambda: {"r1", "r2"})
    noted: dict[int, BounceKind] = field(default_factory=dict)
    ended: dict[str, tuple[Suppression, str]] = field(default_factory=dict)
    history: dict[str, list[Fate]] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    async def proved(self, bounce: Bounce, now: datetime) -> Bounced | None:
        self.calls.append("proved")
        return _named(bounce, bounce.sent_to)

    async def reported(self, bounce: Bounce) -> Bounced | None:
        self.calls.append("reported")
        return _named(bounce, bounce.relay_ids)

    async def mark(self, bounced: Bounced, now: datetime) -> bool:
        self.calls.append("mark")
        if self.noted.get(bounced.delivery_id, "") not in weaker(bounced.kind):
            return False
        self.noted[bounced.delivery_id] = bounced.kind
        self.refusals = [r for r in self.refusals if r.delivery_id != bounced.delivery_id]
        return True

    async def fates(self, subscriber_id: str) -> Sequence[Fate]:
        return self.history.get(subscriber_id, [])

    async def end(self, bounced: Bounced, why: Suppression, reason: str, now: datetime) -> bool:
        self.calls.append("end")
        if bounced.subscriber_id not in self.readers:
            return False
        self.readers.discard(bounced.subscriber_id)
        self.ended[bounced.subscriber_id] = (why, reason)
        return True

    async def refused(self, limit: int) -> Sequence[Refusal]:
        return self.refusals[:limit]


def _named(bounce: Bounce, tokens: Sequence[str]) -> Bounced | None:
    for token in tokens:
        delivery, _, reader = token.partition("@")
        return Bounced(reader, bounce.kind, bounce.status, int(delivery))
    return None


@dataclass
class FakeInbox:
    """Unmarked mails come again, unless they are kept."""

    mails: list[Returned]
    trouble: str = ""
    unmarkable: str = ""
    crashing: bool = False
    kept: list[Returned] = field(default_factory=list)

    async def new(self) -> tuple[Returned, ...] | str:
        return self.trouble or tuple(m for m in self.mails if m not in self.kept)

    async def handled(self, received: Returned) -> str:
        if self.crashing:
            raise CrashError
        self.mails.remove(received)
        return self.unmarkable

    def keep(self, received: Returned) -> None:
        self.kept.append(received)


class Desk:
    """Everything that came back, and what is done with it."""

    def __init__(self, *bounces: Bounce | None, shared: bool = False, taken: int = 0) -> None:
        self.clock, self.notices, self.ledger = FakeClock(), Notices(), FakeLedger()
        self.inbox = FakeInbox([Returned(str(n), b"", b) for n, b in enumerate(bounces)])
        self.asked: list[datetime] = []
        self.taken = taken
        telling = Telling(self.notices, self.clock)
        self.bounces = Bounces(self.ledger, self._accepted, self.clock, telling, self.inbox, shared)

    async def _accepted(self, since: datetime) -> int:
        self.asked.append(since)
        return self.taken


def proved(kind: BounceKind, reader: str = "r1", delivery: int = 1, status: str = "") -> Bounce:
    return Bounce(kind, ("whoever@inbox.example",), status, sent_to=(f"{delivery}@{reader}",))


def unproved(kind: BounceKind) -> Bounce:
    return Bounce(kind, ("r1@inbox.example",), "5.1.1", "no such user")


def soft_run(days: int, count: int) -> list[Fate]:
    """So many mails that came back, over so many days, the newest first."""
    step = DAY * days / (count - 1)
    return [Fate(NOW - 6 * DAY - step * n, SOFT) for n in range(count)]


# With proof


async def test_no_such_mailbox_ends_the_subscription_at_once_and_says_so() -> None:
    desk = Desk(proved(HARD, status="5.1.1"))
    assert await desk.bounces() == CameBack(ended=1)
    assert desk.ledger.ended == {"r1": (Suppression.BOUNCED, "mails came back: no such mailbox (5.1.1)")}
    assert desk.ledger.noted == {1: HARD}
    assert (desk.inbox.mails, desk.notices.told) == ([], [])


async def test_without_a_code_the_reason_is_told_all_the_same() -> None:
    desk = Desk(proved(HARD))
    await desk.bounces()
    assert desk.ledger.ended["r1"] == (Suppression.BOUNCED, "mails came back: no such mailbox")


async def test_who_complains_is_never_mailed_again() -> None:
    desk = Desk(proved(COMPLAINT))
    assert await desk.bounces() == CameBack(complained=1)
    assert desk.ledger.ended == {"r1": (Suppression.COMPLAINED, "complained")}


async def test_a_mail_that_did_not_arrive_this_time_is_noted_and_ends_nothing() -> None:
    desk = Desk(proved(SOFT))
    assert await desk.bounces() == CameBack(marked=1)
    assert (desk.ledger.noted, desk.ledger.ended) == ({1: SOFT}, {})


@pytest.mark.parametrize(("days", "count", "ends"), [(14, 3, True), (20, 9, True), (13, 9, False), (30, 2, False)])
async def test_when_all_mails_of_two_weeks_came_back_it_ends(days: int, count: int, *, ends: bool) -> None:
    desk = Desk(proved(SOFT))
    desk.ledger.history["r1"] = soft_run(days, count)
    assert await desk.bounces() == (CameBack(ended=1) if ends else CameBack(marked=1))
    expected = {"r1": (Suppression.BOUNCED, "mails came back: none arrived for two weeks")}
    assert desk.ledger.ended == (expected if ends else {})


async def test_one_that_arrived_among_them_saves_the_subscription() -> None:
    desk = Desk(proved(SOFT))
    run = soft_run(20, 9)
    desk.ledger.history["r1"] = [run[0], replace(run[1], bounce=NONE), *run[2:]]
    assert await desk.bounces() == CameBack(marked=1)


async def test_a_warning_of_a_delay_counts_for_nothing() -> None:
    late = replace(proved(SOFT), final=False)
    desk = Desk(late)
    desk.ledger.history["r1"] = soft_run(20, 9)
    assert await desk.bounces() == CameBack(delayed=1)
    assert (desk.ledger.noted, desk.ledger.ended, desk.inbox.mails, desk.notices.told) == ({}, {}, [], [])
    assert await desk.bounces.take(late) == CameBack(delayed=1)
    assert await desk.bounces.report([replace(late, relay_ids=("1@r1",))]) == CameBack(delayed=1)
    assert desk.ledger.noted == {}


async def test_a_warning_without_proof_is_left_like_any_other() -> None:
    desk = Desk(replace(unproved(SOFT), final=False))
    assert await desk.bounces() == CameBack(unproved=1)
    assert len(desk.inbox.mails) == 1


async def test_the_same_mail_twice_changes_nothing_more() -> None:
    desk = Desk(proved(HARD), proved(HARD), proved(SOFT, "r2", 2), proved(SOFT, "r2", 2))
    assert await desk.bounces() == CameBack(ended=1, marked=1, known=2)
    assert desk.inbox.mails == []


async def test_a_bounce_for_a_reader_who_is_gone_is_done_with() -> None:
    desk = Desk(proved(HARD, "", 9))
    await desk.bounces()
    assert desk.ledger.ended == {}
    assert desk.inbox.mails == []


# Without proof


@pytest.mark.parametrize("kind", [HARD, SOFT, COMPLAINT])
async def test_without_proof_nobody_is_removed_and_the_mail_stays_unread(kind: BounceKind) -> None:
    desk = Desk(*[unproved(kind)] * 50)
    assert await desk.bounces() == CameBack(unproved=50)
    assert (desk.ledger.ended, desk.ledger.noted, len(desk.inbox.mails)) == ({}, {}, 50)
    assert await desk.bounces() == CameBack()


async def test_the_operator_is_told_of_them_once_a_day() -> None:
    desk = Desk(unproved(HARD), None)
    assert await desk.bounces() == CameBack(unproved=1, unread=1)
    assert desk.notices.told[0][1]["mails"] == 2
    for hours in (1, 22.9, 0.2):
        desk.clock.forward(hours=hours)
        desk.inbox.mails.append(Returned(f"later {hours}", b"", unproved(SOFT)))
        await desk.bounces()
    assert desk.notices.events == ["bounces without proof"] * 2


async def test_what_is_no_bounce_is_counted_and_marked() -> None:
    desk = Desk(proved(AUTO_REPLY), unproved(AUTO_REPLY), proved(NONE), unproved(NONE))
    assert await desk.bounces() == CameBack(automatic=2, other=2)
    assert (desk.inbox.mails, desk.ledger.calls) == ([], [])


async def test_in_a_mailbox_of_replies_too_what_is_no_bounce_is_left_to_those_who_read_replies() -> None:
    desk = Desk(proved(AUTO_REPLY), unproved(NONE), proved(HARD), unproved(HARD), shared=True)
    assert await desk.bounces() == CameBack(automatic=1, other=1, ended=1, unproved=1)
    assert [m.id for m in desk.inbox.mails] == ["0", "1", "3"]


# The mailbox


async def test_a_crash_before_the_mark_repeats_what_may_be_repeated() -> None:
    desk = Desk(proved(HARD))
    desk.inbox.crashing = True
    with pytest.raises(CrashError):
        await desk.bounces()
    assert desk.ledger.readers == {"r2"}
    desk.inbox.crashing = False
    assert await desk.bounces() == CameBack(known=1)
    assert desk.inbox.mails == []


async def test_a_crash_between_note_and_end_is_made_good() -> None:
    desk = Desk(proved(HARD))
    desk.ledger.noted[1] = HARD
    assert await desk.bounces() == CameBack(ended=1)


async def test_a_mailbox_that_fails_is_told_once_until_it_works_again() -> None:
    desk = Desk()
    for trouble in ("Wrong password.", "Wrong password.", "", "Wrong password."):
        desk.inbox.trouble = trouble
        assert await desk.bounces() == CameBack()
    assert desk.notices.events == ["the mailbox of bounces cannot be read"] * 2


async def test_what_cannot_be_marked_is_told_once() -> None:
    desk = Desk(proved(SOFT, delivery=1), proved(SOFT, delivery=2))
    desk.inbox.unmarkable = "Read only."
    await desk.bounces()
    assert desk.notices.told == [
        ("bounces cannot be marked as seen", {"why": "Read only.", "what": "bounces wait, and it is tried again"})
    ]


async def test_the_stop_is_obeyed_between_two_mails() -> None:
    desk = Desk(proved(SOFT))
    desk.bounces.stop.set()
    assert await desk.bounces() == CameBack()
    assert len(desk.inbox.mails) == 1


async def test_one_mail_may_come_by_another_way() -> None:
    desk = Desk()
    assert await desk.bounces.take(proved(HARD)) == CameBack(ended=1)
    assert await desk.bounces.take(unproved(HARD)) == CameBack(unproved=1)
    assert await desk.bounces.take(unproved(NONE)) == CameBack(other=1)


# What a provider reports


async def test_a_provider_is_believed_where_it_names_the_message() -> None:
    desk = Desk()
    named = [Bounce(kind, relay_ids=(f"{n}@r{n}",)) for n, kind in ((1, HARD), (2, SOFT))]
    nobody = Bounce(COMPLAINT, ("r1@inbox.example",))
    assert await desk.bounces.report([*named, nobody, Bounce(NONE, relay_ids=("1@r1",))]) == CameBack(
        ended=1, marked=1, unproved=1, other=1
    )
    assert desk.ledger.calls.count("reported") == 3
    assert "proved" not in desk.ledger.calls


# What the relay refused


def refusals(*replies: str) -> list[Refusal]:
    return [Refusal(n, f"r{n}", reply) for n, reply in enumerate(replies, 1)]


async def test_a_relay_that_knows_no_such_mailbox_is_as_good_as_a_bounce() -> None:
    desk = Desk()
    desk.ledger.refusals = refusals(GONE, FULL)
    assert await desk.bounces() == CameBack(ended=1, marked=1)
    assert desk.ledger.ended == {"r1": (Suppression.BOUNCED, "mails came back: no such mailbox (5.1.1)")}
    assert desk.ledger.noted == {1: HARD, 2: SOFT}
    assert await desk.bounces() == CameBack()


async def test_refusals_are_judged_where_there_is_no_mailbox_too() -> None:
    desk = Desk()
    desk.ledger.refusals = refusals(GONE)
    assert await replace(desk.bounces, inbox=None)() == CameBack(ended=1)


@pytest.mark.parametrize(("refused", "taken", "believed"), [(3, 0, True), (4, 3, False), (4, 4, True), (60, 59, False)])
async def test_a_relay_that_refuses_more_than_it_takes_ends_nobodys_subscription(
    refused: int, taken: int, *, believed: bool
) -> None:
    desk = Desk(taken=taken)
    desk.ledger.readers = {f"r{n}" for n in range(1, refused + 1)}
    desk.ledger.refusals = refusals(*itertools.repeat(GONE, refused))
    assert await desk.bounces() == (CameBack(ended=refused) if believed else CameBack(marked=refused))
    assert desk.notices.events == ([] if believed else ["the relay refuses more than it takes"])
    assert set(desk.ledger.noted.values()) == {HARD if believed else SOFT}
    assert all(desk.clock.now - since == timedelta(hours=1) for since in desk.asked)
