"""Parts tick side by side: none overlaps itself, fails for another, or hangs for good."""

import asyncio
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace

from structlog.testing import capture_logs

from nkwatch.daemon.rounds import Rounds
from nkwatch.daemon.ticks import STOPPED
from nkwatch.domain.part import Part
from tests.making import NOW
from tests.workflow.fakes import FakeClock


@dataclass(frozen=True)
class Did:
    things: int = 0


@dataclass
class Work:
    """One part's work: each round does the next of `script`, the last for ever."""

    script: list
    begun: int = 0
    at_once: int = 0
    most_at_once: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self):
        step = self.script[min(self.begun, len(self.script) - 1)]
        self.begun += 1
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            if isinstance(step, Exception):
                raise step
            await (self.stop.wait() if step == "until told" else asyncio.sleep(step))
        finally:
            self.at_once -= 1
        return Did(1)


def rounds(every=0.01, may_take=30.0, **works):
    """Rounds over these works; what else can be stopped does nothing."""
    duties = SimpleNamespace(of=lambda tick: nullcontext(tick != "anothers"))
    newsroom = SimpleNamespace(clock=FakeClock(), deliver=SimpleNamespace(), duties=duties)
    for name in STOPPED:
        place, _, last = name.rpartition(".")
        setattr(newsroom.deliver if place else newsroom, last, Work([0]))
    for name, work in works.items():
        setattr(newsroom, name, work)
    spans = timedelta(seconds=every), timedelta(seconds=may_take)
    return Rounds(newsroom, {name: Part(name, *spans, NOW) for name in works})


async def until(condition):
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.005)


async def test_what_another_process_does_for_all_is_left_to_it():
    anothers, work = Work([0]), Work([0])
    these = rounds(anothers=anothers, read=work)
    these.begin()
    await until(lambda: work.begun > 2 and these.parts["anothers"].rounds > 2)
    await these.end()
    assert (anothers.begun, these.parts["anothers"].failures) == (0, 0)


async def test_a_part_never_overlaps_itself_however_often_it_is_woken():
    work = Work([0.05])
    these = rounds(read=work)
    these.begin()
    for _ in range(30):
        these.wake("read")
        await asyncio.sleep(0.005)
    await until(lambda: work.begun > 2)
    await these.end()
    assert work.most_at_once == 1


async def test_a_part_that_fails_is_told_once_waits_and_is_told_when_it_works_while_the_others_go_on():
    broken, good = Work([OSError("disk\ngone"), OSError("disk gone"), 0]), Work([0])
    these = rounds(read=broken, tell=good)
    with capture_logs() as told:
        these.begin()
        await until(lambda: these.parts["read"].failures == 1 and good.begun > 3)
        these.wake("read")
        await asyncio.sleep(0.03)
        assert broken.begun == 1, "it waits, whoever wakes it"
        for failures in (2, 0):
            these.moved(timedelta())
            await until(lambda f=failures: these.parts["read"].failures == f)
        await these.end()
    warned = [(line["event"], line.get("why")) for line in told if line["log_level"] == "warning"]
    assert warned == [("read failed", "OSError: disk gone"), ("read works again", None)]
    assert these.parts["read"].failed_rounds == 2


async def test_a_round_that_hangs_is_broken_off_and_begun_anew():
    work = Work([60, 0])
    these = rounds(read=work, may_take=0.05)
    these.begin()
    await until(lambda: these.parts["read"].failures == 1)
    assert "broken off" in these.parts["read"].why
    these.moved(timedelta())
    await until(lambda: not these.parts["read"].failures)
    await these.end()


async def test_a_timeout_within_a_round_is_no_round_that_hangs():
    work = Work([TimeoutError("the relay said nothing")])
    these = rounds(read=work)
    these.begin()
    await until(lambda: these.parts["read"].failures)
    await these.end()
    assert these.parts["read"].why == "TimeoutError: the relay said nothing"


async def test_work_wakes_a_part_that_looks_seldom():
    work = Work([0])
    these = rounds(read=work, every=3600)
    these.begin()
    await until(lambda: these.parts["read"].rounds == 1)
    these.wake("read")
    these.wake("somebody else's")
    await until(lambda: these.parts["read"].rounds == 2)
    await these.end()
    these.wake("read")


async def test_a_clock_that_jumped_lets_every_part_look_at_once():
    work = Work([0])
    these = rounds(read=work, every=86_400)
    these.begin()
    await until(lambda: these.parts["read"].rounds == 1)
    these.moved(timedelta(days=-1))
    await until(lambda: these.parts["read"].rounds == 2)
    await these.end()
    assert these.parts["read"].since == NOW - timedelta(days=1)


async def test_what_may_stop_in_the_middle_is_told_to_and_can_begin_again():
    work = Work(["until told"])
    for _ in range(2):
        these = rounds(collect=work)
        these.begin()
        begun = work.begun
        await until(lambda b=begun: work.begun > b)
        await these.end()
        assert work.at_once == 0
        assert not these.parts["collect"].failures


async def test_a_site_is_a_part_without_ticks_and_hinders_no_jump_of_the_clock():
    work = Work([0])
    these = rounds(read=work, every=86_400)
    these.begin()
    these.parts["web"] = Part("web", timedelta(seconds=1), timedelta(days=9), NOW)
    await until(lambda: these.parts["read"].rounds == 1)
    these.moved(timedelta(days=1))
    await until(lambda: these.parts["read"].rounds == 2)
    await these.end()
    assert these.parts["web"].since == NOW + timedelta(days=1)


async def test_a_round_that_is_broken_off_at_the_end_is_no_mistake(caplog, monkeypatch):
    monkeypatch.setattr("nkwatch.daemon.rounds.GRACE", 0.01)
    work = Work([60])
    these = rounds(read=work)
    these.begin()
    await until(lambda: work.begun)
    await these.end()
    assert work.at_once == 0
    assert not [r for r in caplog.records if r.levelname == "ERROR"]
