"""Replies: who asks to leave leaves, everything else that a person wrote reaches a person, each mail once."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from nkwatch.domain.delivery import Deferred, Handover, Message, Refused, Sent, Unknown
from nkwatch.domain.reply import Handling, Received, Reply, Sorted
from nkwatch.domain.subscriber import Standing
from nkwatch.workflow.replies import NoReplies, Replied, Replies
from nkwatch.workflow.subscribe import Subscribe
from nkwatch.workflow.told import Telling
from tests.making import sign_up
from tests.workflow.fakes import FakeClock, Notices, PlainComposer
from tests.workflow.memory import Memory, MemoryOutbox, MemorySubscribers

LEAVE, ASK, WRITE, ROBOT, BOUNCE = "leave", "ask", "write", "robot", "bounce"


class CrashError(Exception):
    """The process dies here."""


def mail(number: int, subject: str) -> Received:
    return Received(str(number), subject.encode(), Reply(subject=subject) if subject else None)


@dataclass
class FakeInbox:
    """Unmarked mails come again, unless they are kept."""

    mails: list[Received]
    trouble: str = ""
    unmarkable: str = ""
    crashing: bool = False
    kept: list[Received] = field(default_factory=list)
    later: list[Received] = field(default_factory=list)

    async def new(self) -> tuple[Received, ...] | str:
        return self.trouble or tuple(m for m in self.mails if m not in self.kept)

    async def handled(self, received: Received) -> str:
        if self.crashing:
            raise CrashError
        self.mails.remove(received)
        return self.unmarkable

    def keep(self, received: Received) -> None:
        self.kept.append(received)

    def put_off(self, received: Received) -> None:
        self.later.append(received)


@dataclass
class FakeRelay:
    answers: Sequence[Handover] = (Sent("ok"),)
    messages: list[Message] = field(default_factory=list)
    connections: int = 1

    async def hand_over(self, message: Message) -> Handover:
        self.messages.append(message)
        return self.answers[min(len(self.messages), len(self.answers)) - 1]

    async def close(self) -> None: ...


class Desk:
    """A confirmed reader, a mailbox, a relay."""

    def __init__(self, *subjects: str, answers: Sequence[Handover] = (Sent("ok"),), **how: object) -> None:
        self.memory, self.notices = Memory(), Notices()
        self.roll = MemorySubscribers(self.memory)
        subscribe = Subscribe(self.roll, MemoryOutbox(self.memory), PlainComposer(), FakeClock())
        self.subscribe, self.relay = subscribe, FakeRelay(answers)
        self.inbox = FakeInbox([mail(n, s) for n, s in enumerate(subjects)], **how)
        telling = Telling(self.notices, FakeClock())
        self.replies = Replies(self.inbox, self._sort, subscribe, _forwarding, self.relay, telling)
        self.reader = "nobody"

    async def with_reader(self) -> "Desk":
        await self.subscribe.join(sign_up("ann@example.org"))
        (self.reader,) = self.memory.readers
        await self.subscribe.confirm(self.reader, "test")
        return self

    async def standing(self) -> Standing:
        return (await self.roll.find(self.reader))[1]

    @property
    def passed_on(self) -> list[str]:
        return [m.content.decode() for m in self.relay.messages]

    def _sort(self, reply: Reply) -> Sorted:
        return {
            LEAVE: Sorted(Handling.LEAVE, self.reader, asks_to_leave=True),
            ASK: Sorted(Handling.PERSON, asks_to_leave=True),
            WRITE: Sorted(Handling.PERSON),
            ROBOT: Sorted(Handling.IGNORE),
            BOUNCE: Sorted(Handling.BOUNCE),
        }[reply.subject]


def _forwarding(received: Received, *, asks_to_leave: bool) -> Message:
    return Message("us", "desk", received.raw + b"!" * asks_to_leave)


async def test_who_asks_to_leave_leaves_and_nobody_is_bothered() -> None:
    desk = await Desk(LEAVE).with_reader()
    assert await desk.replies() == Replied(left=1)
    assert await desk.standing() is Standing.ENDED
    assert (desk.relay.messages, desk.inbox.mails, desk.notices.events) == ([], [], [])


async def test_leaving_twice_is_leaving_once() -> None:
    desk = await Desk(LEAVE, LEAVE).with_reader()
    assert await desk.replies() == Replied(left=1, ignored=1)
    assert desk.inbox.mails == []


async def test_what_a_person_wrote_reaches_a_person() -> None:
    desk = Desk(WRITE, ASK)
    assert await desk.replies() == Replied(passed_on=2)
    assert desk.passed_on == ["write", "ask!"]
    assert desk.inbox.mails == []
    assert await desk.replies() == Replied()


async def test_automatic_mails_are_marked_and_bounces_are_not() -> None:
    desk = Desk(ROBOT, BOUNCE)
    assert await desk.replies() == Replied(ignored=1, bounces=1)
    assert [m.raw for m in desk.inbox.mails] == [b"bounce"]
    assert desk.relay.messages == []
    assert await desk.replies() == Replied()


async def test_a_mail_that_cannot_be_read_is_told_and_left_in_the_mailbox() -> None:
    desk = Desk("", WRITE)
    assert await desk.replies() == Replied(unread=1, passed_on=1)
    assert desk.notices.events == ["a reply cannot be read"]
    assert len(desk.inbox.mails) == 1


async def test_a_crash_between_act_and_mark_repeats_harmlessly() -> None:
    desk = await Desk(LEAVE, crashing=True).with_reader()
    with pytest.raises(CrashError):
        await desk.replies()
    desk.inbox.crashing = False
    assert await desk.replies() == Replied(ignored=1)
    assert (await desk.standing(), desk.inbox.mails) == (Standing.ENDED, [])


async def test_while_the_relay_is_gone_readers_still_leave_and_mails_wait() -> None:
    desk = await Desk(WRITE, WRITE, LEAVE, answers=[Deferred("gone", line=True), Sent("ok")]).with_reader()
    assert await desk.replies() == Replied(put_off=2, left=1)
    assert len(desk.relay.messages) == 1
    assert await desk.replies() == Replied(passed_on=2)


async def test_a_reply_that_the_relay_may_have_taken_is_passed_on_again_later() -> None:
    desk = Desk(WRITE, ASK, answers=[Unknown("connection lost after the message"), Sent("ok")])
    assert await desk.replies() == Replied(put_off=1, passed_on=1)


async def test_a_mail_that_the_relay_puts_off_does_not_stop_the_others() -> None:
    desk = Desk(WRITE, ASK, answers=[Deferred("later"), Sent("ok")])
    assert await desk.replies() == Replied(put_off=1, passed_on=1)
    assert [m.raw for m in desk.inbox.later] == [b"write"]


async def test_a_mail_that_the_relay_refuses_is_told_and_left_in_the_mailbox() -> None:
    desk = Desk(WRITE, answers=[Refused("552 too large")])
    assert await desk.replies() == Replied(unread=1)
    ((event, facts),) = desk.notices.told
    assert (event, facts["why"]) == ("a reply cannot be passed on", "552 too large")
    assert "mailbox" in str(facts["what"])
    assert len(desk.inbox.mails) == 1
    assert await desk.replies() == Replied()


async def test_trouble_with_the_mailbox_is_told_once_until_it_is_over() -> None:
    desk = Desk(trouble="No such folder.")
    for _ in range(3):
        assert await desk.replies() == Replied()
    assert desk.notices.events == ["the mailbox of replies cannot be read"]
    desk.inbox.trouble = ""
    await desk.replies()
    desk.inbox.trouble = "No such folder."
    await desk.replies()
    assert len(desk.notices.events) == 2


async def test_marks_that_cannot_be_made_are_told_once() -> None:
    desk = Desk(ROBOT, ROBOT, unmarkable="Read only.")
    assert await desk.replies() == Replied(ignored=2)
    assert desk.notices.events == ["replies cannot be marked as seen"]


async def test_a_stop_ends_the_round_between_two_mails() -> None:
    desk = Desk(WRITE)
    desk.replies.stop.set()
    assert await desk.replies() == Replied()
    assert len(desk.inbox.mails) == 1


async def test_without_a_mailbox_nothing_happens() -> None:
    assert await NoReplies()() == Replied()
