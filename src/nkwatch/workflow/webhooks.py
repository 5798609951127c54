"""Tell webhooks of stories, alerts and corrections. A call is a row before it leaves, and is noted when it has.

A process that dies in between makes the call again, under the same id: receivers know it by that. Nothing is lost.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from nkwatch.domain.lease import Lease
from nkwatch.domain.story import Story
from nkwatch.domain.webhook import Call, CallState, Due, Heard, Hook, Line, Seen
from nkwatch.editing.webhooks import Drop, Later, Tell, Words, content, judged, signed, written
from nkwatch.workflow.counts import Counts
from nkwatch.workflow.ports import Clock, Notice, Statements
from nkwatch.workflow.ports.webhooks import Post, Webhooks

#: Receivers that are called at a time; each gets one call after the other.
AT_ONCE = 8
#: Calls that are read together, and for how long a round goes on with one receiver.
BATCH, ROUND = 20, timedelta(seconds=5)
#: Longer than a round with its last call may take: after that the calls of a dead process are anybody's.
LEASE = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Called(Counts):
    """What one round did: calls that are `found`, `made`, `dropped` (not to be told), `failed`, `given_up`."""

    found: int = 0
    made: int = 0
    dropped: int = 0
    failed: int = 0
    given_up: int = 0


@dataclass(frozen=True, slots=True)
class CallWebhooks:
    """One round: find what is new, call who is to be called. Without hooks nothing is asked."""

    hooks: Mapping[str, Hook]
    store: Webhooks
    statements: Statements
    post: Post
    words: Words
    clock: Clock
    notice: Notice
    owner: str
    #: set when the process is to end: nothing more is begun
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self) -> Called:
        """An idle round is one query."""
        if not self.hooks:
            return Called()
        now = self.clock()
        seen = await self._seen(now)
        news = [self.hooks[s.line.hook] for s in seen if s.news and s.line.off_at is None]
        total = Called(await self.store.find(news, now)) if news else Called()
        named = {hook.name for hook in news}
        ready = [self.hooks[s.line.hook] for s in seen if self._callable(s, named, now)]
        at_once = asyncio.Semaphore(AT_ONCE)
        return sum(await asyncio.gather(*(self._tell(hook, at_once) for hook in ready)), total)

    async def _seen(self, now: datetime) -> Sequence[Seen]:
        """How it stands with all hooks; one that is new, or has another address than before, begins now."""
        seen = {s.line.hook: s for s in await self.store.look(list(self.hooks), now)}
        new = [h for h in self.hooks.values() if h.name not in seen or seen[h.name].address != h.address]
        for hook in new:
            await self.store.begin(hook, now)
        return [s for s in seen.values() if self.hooks[s.line.hook] not in new]

    def _callable(self, seen: Seen, found: set[str], now: datetime) -> bool:
        waits = seen.due or seen.line.hook in found
        return waits and not seen.taken and seen.line.ready(self.hooks[seen.line.hook].rate, now)

    async def _tell(self, hook: Hook, at_once: asyncio.Semaphore) -> Called:
        async with at_once:
            began = self.clock()
            line = None if self.stop.is_set() else await self.store.take(hook.name, began, self._lease(began))
            if line is None:
                return Called()
            total = await self._round(_Line(self, hook, line), began)
            await self.store.leave(hook.name, self.owner)
            return total

    def _lease(self, now: datetime) -> Lease:
        return Lease(self.owner, now + LEASE)

    async def _round(self, line: "_Line", began: datetime) -> Called:
        """Calls until nothing is due, the line is to rest, or others have waited long enough."""
        total = Called()
        while line.goes_on(began) and (batch := await self.store.due(line.hook.name, self.clock(), BATCH)):
            stories = await self._stories(batch)
            for due in batch:
                if not line.goes_on(began):
                    break
                total += await line.settle(due, stories.get(due.call.story_id))
        return total

    async def _stories(self, batch: Sequence[Due]) -> Mapping[str, Story]:
        ids = dict.fromkeys(due.call.story_id for due in batch)
        return await self.statements.named(list(ids))

    async def test(self, name: str) -> Heard:
        """Call a receiver once with nothing to tell; nothing is noted."""
        hook, now = self.hooks[name], self.clock()
        body = written("test", now, {"hook": name})
        return await self.post(hook.url, signed(f"test-{int(now.timestamp())}", hook.secrets, now, body), body)

    async def preview(self, due: Due) -> str:
        """What a call says if it is made now; else one sentence why it is not."""
        hook = self.hooks.get(due.call.hook)
        if hook is None:
            return "The hook is not in the settings any more."
        story = (await self._stories([due])).get(due.call.story_id)
        match judged(due.call, hook, story, self.clock(), knows=due.knows):
            case Tell(shown):
                return content(due.call, hook, shown, self.words).decode()
            case Later(until):
                return f"Not before {until:%Y-%m-%d %H:%M} UTC: an embargo binds."
            case Drop(why):
                return f"Not told: {why}."


@dataclass(slots=True)
class _Line:
    """One hook in this worker's hands, and how it goes with its receiver."""

    part: CallWebhooks
    hook: Hook
    line: Line

    def goes_on(self, began: datetime) -> bool:
        """Whether another call may leave."""
        now = self.part.clock()
        return not self.part.stop.is_set() and now - began < ROUND and self.line.ready(self.hook.rate, now)

    async def settle(self, due: Due, story: Story | None) -> Called:
        """Make a call, or write that it is not made."""
        call, now, record = due.call, self.part.clock(), self.part.store.record
        match judged(call, self.hook, story, now, knows=due.knows):
            case Later(until):
                await record(call.put_off(until), None, self.part.owner)
                return Called()
            case Drop(why):
                await record(call.dropped(why, now), None, self.part.owner)
                return Called(dropped=1)
            case Tell(shown):
                body = content(call, self.hook, shown, self.part.words)
                heard = await self.part.post(self.hook.url, signed(call.id, self.hook.secrets, now, body), body)
                return await self._heard(call, heard)

    async def _heard(self, call: Call, heard: Heard) -> Called:
        now = self.part.clock()
        after, self.line = call.after(heard, now), self.line.after(heard, self.hook.rate, now)
        lost = after.state is CallState.GIVEN_UP
        self._tell_operator(after, heard, lost=lost)
        await self.part.store.record(after, self.line, self.part.owner)
        well = after.state is CallState.DONE
        return Called(made=int(well), failed=int(not well), given_up=int(lost))

    def _tell_operator(self, call: Call, heard: Heard, *, lost: bool) -> None:
        """Once for as long as it goes on so."""
        again = f"see to it, then: nkwatch webhooks retry {self.hook.name}"
        if self.line.off_at is not None:
            self.part.notice("webhook switched off", hook=self.hook.name, why=heard.told, what=again)
        elif lost and not self.line.told:
            self.part.notice("webhook given up", hook=self.hook.name, call=call.id, why=heard.told, what=again)
            self.line = self.line.informed()
