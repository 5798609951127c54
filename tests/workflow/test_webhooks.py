"""Rounds of calls to webhooks: who is called, in which order, what is written of it, what the operator hears."""

import asyncio
import json
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from nkwatch.domain.desk import Marks
from nkwatch.domain.webhook import (
    BURST,
    Answered,
    Call,
    CallState,
    Due,
    Event,
    Hook,
    Line,
    Seen,
    Unanswered,
)
from nkwatch.editing.webhooks import Words
from nkwatch.workflow.webhooks import LEASE, Called, CallWebhooks
from tests.making import NOW, report, story
from tests.workflow.fakes import CrashError, FakeClock, Notices

HOUR = timedelta(hours=1)
HOOK = Hook("newsdesk", "https://hooks.example/in", ("whsec_" + "a2tr" * 8,))
OTHER = replace(HOOK, name="other", url="https://other.example/in")
WORDS = Words("https://watch.example", str, str)
WELL, DOWN, GONE = Answered(204), Unanswered("It did not answer."), Answered(410)


@dataclass
class MemoryHooks:
    """The store of webhooks in memory; `news` are stories that will be found."""

    news: list[str] = field(default_factory=list)
    lines: dict[str, tuple[Line, str]] = field(default_factory=dict)
    rows: dict[str, Call] = field(default_factory=dict)
    taken: dict[str, tuple] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def look(self, names, now):
        self.asked.append("look")
        return [self._seen(line, address, now) for n, (line, address) in self.lines.items() if n in names]

    def _seen(self, line, address, now):
        due = any(c.hook == line.hook and c.due_at and c.due_at <= now for c in self.rows.values())
        return Seen(line, address, bool(self.news), due, line.hook in self.taken and self.taken[line.hook][1] > now)

    async def begin(self, hook, now):
        self.lines[hook.name] = (Line(hook.name), hook.address)

    async def find(self, hooks, now):
        self.asked.append("find")
        new = [Call(h.name, f"story {s}", Event.STORY_NEW, s, NOW, now, due_at=now) for h in hooks for s in self.news]
        self.rows |= {c.id: c for c in new if c.id not in self.rows}
        self.news.clear()
        return len(new)

    async def take(self, name, now, lease):
        held = self.taken.get(name)
        if held and held[1] > now:
            return None
        self.taken[name] = (lease.owner, lease.until)
        return self.lines[name][0]

    async def due(self, name, now, limit):
        self.asked.append("due")
        return [Due(c) for c in self.rows.values() if c.hook == name and c.due_at and c.due_at <= now][:limit]

    async def record(self, call, line, owner):
        self.rows[call.id] = call
        if line:
            self.lines[line.hook] = (line, self.lines[line.hook][1])

    async def leave(self, name, owner):
        del self.taken[name]


@dataclass
class Stories:
    """Stories by id; each is there unless it is in `gone`."""

    gone: set[str] = field(default_factory=set)
    marks: Marks = field(default_factory=Marks)

    async def named(self, ids):
        return {i: story(report(i), marks=self.marks) for i in ids if i not in self.gone}


@dataclass
class Receiver:
    """Answers what it is told to, the last answer again and again; each call takes so many seconds."""

    clock: FakeClock
    answers: list = field(default_factory=lambda: [WELL])
    seconds: float = 0
    heard: list = field(default_factory=list)

    async def __call__(self, address, headers, body):
        self.heard.append((address, headers["webhook-id"], json.loads(body)))
        self.clock.forward(seconds=self.seconds)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


@dataclass
class Room:
    clock: FakeClock = field(default_factory=FakeClock)
    store: MemoryHooks = field(default_factory=MemoryHooks)
    stories: Stories = field(default_factory=Stories)
    notices: Notices = field(default_factory=Notices)
    hooks: tuple = (HOOK,)

    def __post_init__(self):
        self.receiver = Receiver(self.clock)
        self.part = CallWebhooks(
            {h.name: h for h in self.hooks}, self.store, self.stories, self.receiver, WORDS, self.clock, self.notices, "me",
        )  # fmt: skip

    async def begun(self, *news):
        """A room whose hooks have begun before this news."""
        await self.part()
        self.store.news.extend(news)
        return self

    def states(self):
        return [c.state for c in self.store.rows.values()]

    @property
    def told(self):
        return [body["data"]["id"] for _, _, body in self.receiver.heard]


async def test_without_hooks_nobody_is_asked_anything():
    room = Room(hooks=())
    assert await room.part() == Called()
    assert room.store.asked == []


async def test_an_idle_round_asks_once():
    room = await Room().begun()
    room.store.asked.clear()
    assert await room.part() == Called()
    assert room.store.asked == ["look"]
    assert room.receiver.heard == []


async def test_what_is_new_is_found_and_told_in_the_same_round():
    room = await Room().begun("s1", "s2")
    assert await room.part() == Called(found=2, made=2)
    assert room.told == ["s1", "s2"]
    assert room.states() == [CallState.DONE] * 2
    assert room.store.taken == {}
    assert await room.part() == Called()


async def test_every_hook_is_told_and_one_that_fails_holds_nobody_up():
    room = await Room(hooks=(HOOK, OTHER)).begun("s1")
    room.receiver.answers = [DOWN, WELL]
    assert await room.part() == Called(found=2, made=1, failed=1)
    assert {address for address, _, _ in room.receiver.heard} == {HOOK.url, OTHER.url}


async def test_what_fails_is_told_again_under_the_same_id_and_the_line_rests_meanwhile():
    room = await Room().begun("s1", "s2")
    room.receiver.answers = [DOWN, WELL]
    assert await room.part() == Called(found=2, failed=1)
    assert await room.part() == Called()  # not even what was never tried
    room.clock.forward(seconds=6)
    assert await room.part() == Called(made=2)
    ids = [call_id for _, call_id, _ in room.receiver.heard]
    assert ids.count(ids[0]) == 2
    assert len(set(ids)) == 2


async def test_a_crash_while_a_call_is_on_the_line_loses_nothing():
    room = await Room().begun("s1")
    room.receiver.answers = [CrashError(), WELL]
    with pytest.raises(CrashError):
        await room.part()
    assert room.states() == [CallState.WAITING]
    assert await room.part() == Called()  # still in the hands of who died
    room.clock.now += LEASE
    assert await room.part() == Called(made=1)
    assert len({call_id for _, call_id, _ in room.receiver.heard}) == 1


async def test_a_backlog_leaves_at_the_pace():
    room = await Room().begun(*(f"s{n}" for n in range(30)))
    assert (await room.part()).made == BURST
    room.clock.forward(seconds=5)
    assert (await room.part()).made == 5
    for _ in range(3):
        room.clock.forward(seconds=5)
        await room.part()
    assert len(room.told) == len(set(room.told)) == 30


async def test_a_slow_receiver_gets_few_calls_a_round():
    room = await Room(hooks=(replace(HOOK, per_minute=600),)).begun(*(f"s{n}" for n in range(9)))
    room.receiver.seconds = 3
    assert (await room.part()).made == 2


async def test_more_than_are_read_together_go_in_one_round():
    room = Room(hooks=(replace(HOOK, per_minute=600),))
    room.receiver.seconds = 0.1
    await room.begun(*(f"s{n}" for n in range(45)))
    assert (await room.part()).made == 45
    assert room.store.asked.count("due") == 4


async def test_what_may_not_be_told_is_dropped_with_the_reason_and_takes_nothing_of_the_pace():
    room = await Room().begun(*(f"s{n}" for n in range(60)))
    room.stories.gone = {f"s{n}" for n in range(59)}
    assert await room.part() == Called(found=60, made=1, dropped=59)
    assert {c.reply for c in room.store.rows.values() if c.state is CallState.DROPPED} == {
        "the story is not there any more"
    }


async def test_what_was_held_between_two_attempts_does_not_leave():
    room = await Room().begun("s1")
    room.receiver.answers = [DOWN, WELL]
    await room.part()
    room.stories.marks = Marks(held=True)
    room.clock.now += HOUR
    assert await room.part() == Called(dropped=1)
    assert len(room.receiver.heard) == 1


async def test_an_embargo_puts_a_call_off():
    room = await Room().begun("s1")

    async def under_embargo(ids):
        return {"s1": story(report("s1", embargo=NOW + HOUR))}

    room.stories.named = under_embargo
    assert await room.part() == Called(found=1)
    (call,) = room.store.rows.values()
    assert call.due_at == NOW + HOUR
    room.clock.now += HOUR
    assert await room.part() == Called(made=1)


async def test_gone_switches_the_hook_off_and_the_operator_is_told_what_to_do():
    room = await Room().begun("s1", "s2")
    room.receiver.answers = [GONE]
    assert await room.part() == Called(found=2, failed=1)
    room.clock.now += 99 * HOUR
    room.store.news.append("s3")
    assert await room.part() == Called()
    assert room.notices.told == [
        (
            "webhook switched off",
            {"hook": "newsdesk", "why": "410", "what": "see to it, then: nkwatch webhooks retry newsdesk"},
        ),
    ]


async def test_calls_that_are_given_up_are_told_once_until_it_goes_well_again():
    room = await Room().begun("s1", "s2", "s3")
    room.receiver.answers = [DOWN]
    for _ in range(200):
        room.clock.forward(minutes=30)
        await room.part()
    assert room.states() == [CallState.GIVEN_UP] * 3
    assert [e for e in room.notices.events if e == "webhook given up"] == ["webhook given up"]
    room.receiver.answers = [WELL]
    room.store.news.append("s4")
    assert (await room.part()).made == 1
    assert not room.store.lines["newsdesk"][0].told


async def test_a_hook_with_another_address_begins_again_and_is_not_called_in_that_round():
    room = await Room().begun("s1")
    room.store.lines["newsdesk"] = (Line("newsdesk", off_at=NOW), "another")
    assert await room.part() == Called()
    assert await room.part() == Called(found=1, made=1)


async def test_the_end_of_the_process_begins_nothing_more():
    room = await Room().begun("s1", "s2")
    room.part.stop.set()
    assert await room.part() == Called(found=2)
    assert room.receiver.heard == []
    room.part.stop.clear()

    async def stopping(address, headers, body):
        room.part.stop.set()
        return WELL

    part = replace(room.part, post=stopping)
    assert await part() == Called(made=1)
    assert CallState.WAITING in room.states()


async def test_no_more_than_a_few_receivers_are_called_at_a_time():
    hooks = tuple(replace(HOOK, name=f"h{n}") for n in range(20))
    room, now, most = Room(hooks=hooks), 0, 0

    async def slow(address, headers, body):
        nonlocal now, most
        now += 1
        most = max(most, now)
        for _ in range(20):
            await asyncio.sleep(0)
        now -= 1
        return WELL

    room.part = replace(room.part, post=slow)
    await room.begun("s1")
    assert (await room.part()).made == 20
    assert most == 8


async def test_a_test_call_tells_nothing_and_is_not_noted():
    room = Room()
    assert await room.part.test("newsdesk") == WELL
    ((address, call_id, body),) = room.receiver.heard
    assert (address, body["type"], body["data"]) == (HOOK.url, "test", {"hook": "newsdesk"})
    assert call_id.startswith("test-")
    assert room.store.rows == {}


async def test_what_a_call_says_can_be_seen_before():
    room = Room()
    call = Call("newsdesk", "story s1", Event.STORY_NEW, "s1", NOW, NOW)
    assert json.loads(await room.part.preview(Due(call)))["data"]["id"] == "s1"
    assert "not in the settings" in await room.part.preview(Due(replace(call, hook="gone")))
    room.stories.gone.add("s1")
    assert await room.part.preview(Due(call)) == "Not told: the story is not there any more."

    async def under_embargo(ids):
        return {"s1": story(report("s1", embargo=NOW + HOUR))}

    room.stories.named = under_embargo
    assert "Not before 2026-11-22 08:00 UTC" in await room.part.preview(Due(call))
