"""What lasts beside the rounds begins again when it ends, and ends when it is told."""

import asyncio
from datetime import timedelta

from structlog.testing import capture_logs

from nkwatch.daemon.lasting import Lasting
from tests.workflow.fakes import FakeClock


class Work:
    """Does the next of `script` each time it is begun: raises it, or goes on until it is cancelled or told."""

    def __init__(self, *script):
        self.script, self.begun, self.ended = list(script), 0, []

    async def __call__(self):
        step = self.script[min(self.begun, len(self.script) - 1)]
        self.begun += 1
        if isinstance(step, Exception):
            raise step
        if step is None:
            return
        try:
            await step.wait()
            self.ended.append("in order")
        except asyncio.CancelledError:
            self.ended.append("cancelled")
            raise


async def until(condition):
    async with asyncio.timeout(20):
        while not condition():
            await asyncio.sleep(0.01)


async def test_what_fails_or_ends_by_itself_is_told_and_begins_again_alone():
    work, other = Work(OSError("too many open files"), asyncio.Event()), Work(asyncio.Event())
    lasting = Lasting({}, FakeClock())
    with capture_logs() as told:
        lasting.begin("web", work)
        lasting.begin("clocks", other)
        await until(lambda: work.begun == 2)
        await lasting.end()
    assert [(line["event"], line["why"]) for line in told] == [("web failed", "OSError: too many open files")]
    assert (lasting.parts["web"].failed_rounds, other.begun) == (1, 1)


async def test_what_ended_without_a_word_is_begun_again_too():
    work = Work(None, asyncio.Event())
    lasting = Lasting({}, FakeClock())
    lasting.begin("waking", work)
    await until(lambda: work.begun == 2)
    await lasting.end()
    assert lasting.parts["waking"].why == "it ended by itself"


async def test_it_is_never_late_however_long_it_lasts():
    lasting = Lasting({}, clock := FakeClock())
    lasting.begin("web", Work(asyncio.Event()))
    await until(lambda: "web" in lasting.parts)
    assert not lasting.parts["web"].is_late(clock.now + timedelta(days=3650))
    await lasting.end()


async def test_in_the_end_what_obeys_ends_in_order_and_the_rest_is_cancelled():
    lasting = Lasting({}, FakeClock())
    obedient, other = Work(lasting.stop), Work(asyncio.Event())
    lasting.begin("web", obedient, obeys=True)
    lasting.begin("waking", other)
    await until(lambda: obedient.begun and other.begun)
    await lasting.end()
    assert (obedient.ended, other.ended) == (["in order"], ["cancelled"])
