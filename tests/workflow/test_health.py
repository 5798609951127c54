"""How sources are is told once for each change of state, together, in the operator's morning and never at night."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.morning import DAYTIME, struck
from nkwatch.domain.outcome import Failed, Trouble, Unchanged
from nkwatch.domain.polling import Health, Polled, PollState
from nkwatch.workflow.health import TellHealth, Told
from tests.making import NOW, at, source, state
from tests.workflow.fakes import FakeClock, Notices
from tests.workflow.memory import Memory, MemoryStatements

FAILED = Failed("It timed out.")


class Operator:
    """Somebody who gets up at `hour` of `zone`, and their sources."""

    def __init__(self, *names: str, zone: str = "UTC", hour: int = 8, now: datetime = NOW) -> None:
        self.clock, self.notices = FakeClock(now), Notices()
        self.memory = Memory({n: source(n) for n in names or ("a",)})
        self.memory.states = {n: state(n, last_ok_at=NOW) for n in self.memory.sources}
        self.tell = TellHealth(self.memory.sources, MemoryStatements(self.memory), self.clock, self.notices, zone, hour)

    async def poll(self, name: str, *outcomes: Failed | Unchanged) -> None:
        """Polls of a source that came to this, just now."""
        for outcome in outcomes:
            after = self.memory.states[name].after(outcome, self.clock())
            await self.tell.statements.record_polls([Polled(after, name)])

    async def fails(self, name: str) -> None:
        """A source begins to fail."""
        await self.poll(name, FAILED, FAILED)

    async def at(self, instant: str) -> list[str]:
        """What is told at this instant."""
        self.clock.now = at(instant)
        before = len(self.notices.told)
        told = await self.tell()
        news = [f"{facts['source']} {event.removeprefix('source ')}" for event, facts in self.notices.told[before:]]
        assert told == Told(len(news))
        return news


async def test_a_change_of_state_is_told_once_in_the_morning() -> None:
    one = Operator(now=at("2026-11-22T07:00"))
    await one.fails("a")
    assert await one.at("2026-11-22T07:59") == []
    assert await one.at("2026-11-22T08:00") == ["a failing"]
    assert await one.at("2026-11-22T08:01") == []
    assert await one.at("2026-11-23T08:00") == []
    ((_, facts),) = one.notices.told
    assert facts == {
        "source": "a", "url": "https://a.example/feed", "since": "2026-11-22 07:00", "why": "It timed out."
    }  # fmt: skip


async def test_what_works_again_is_told_the_next_morning() -> None:
    one = Operator(now=at("2026-11-22T07:00"))
    await one.fails("a")
    await one.at("2026-11-22T08:00")
    await one.poll("a", Unchanged())
    assert await one.at("2026-11-22T09:00") == []
    assert await one.at("2026-11-23T08:00") == ["a ok"]
    assert one.notices.told[-1][1]["why"] == "it works again"


async def test_one_failure_is_an_accident() -> None:
    one = Operator(now=at("2026-11-22T07:00"))
    await one.poll("a", FAILED)
    assert await one.at("2026-11-22T08:00") == []


async def test_all_changes_of_a_day_are_told_together() -> None:
    one = Operator("a", "b", "c", now=at("2026-11-21T09:00"))
    for hour, name in ((9, "c"), (15, "a"), (23, "b")):
        one.clock.now = at(f"2026-11-21T{hour:02}:00")
        await one.fails(name)
        assert await one.at(f"2026-11-21T{hour:02}:30") == [], "it is collected for the morning"
    assert await one.at("2026-11-22T08:00") == ["a failing", "b failing", "c failing"]


async def test_what_changed_and_changed_back_is_not_told() -> None:
    one = Operator(now=at("2026-11-21T20:00"))
    await one.fails("a")
    await one.poll("a", Unchanged())
    assert await one.at("2026-11-22T08:00") == []


async def test_what_changed_back_and_changed_again_is_not_told_anew() -> None:
    one = Operator(now=at("2026-11-21T07:00"))
    await one.fails("a")
    assert await one.at("2026-11-21T08:00") == ["a failing"]
    await one.poll("a", Unchanged())
    one.clock.forward(hours=1)
    await one.fails("a")
    assert await one.at("2026-11-22T08:00") == []


async def test_a_state_that_turns_into_another_is_told() -> None:
    one = Operator(now=at("2026-11-21T07:00"))
    await one.fails("a")
    await one.at("2026-11-21T08:00")
    await one.poll("a", *[Failed("It refuses us.", trouble=Trouble.BLOCKED)] * 2)
    assert await one.at("2026-11-22T08:00") == ["a blocked"]
    await one.poll("a", *[Failed("It is gone.", trouble=Trouble.GONE)] * 2)
    assert await one.at("2026-11-23T08:00") == ["a gone"]


async def test_a_report_missed_while_the_daemon_was_down_is_told_by_day() -> None:
    one = Operator(now=at("2026-11-22T03:00"))
    await one.fails("a")
    assert await one.at("2026-11-22T17:59") == ["a failing"]


@pytest.mark.parametrize("late", ["2026-11-22T18:00", "2026-11-22T23:00", "2026-11-23T04:00", "2026-11-23T07:59"])
async def test_a_report_missed_by_day_waits_for_the_next_morning(late: str) -> None:
    one = Operator(now=at("2026-11-22T03:00"))
    await one.fails("a")
    assert await one.at(late) == []
    assert await one.at("2026-11-23T08:00") == ["a failing"]


async def test_sources_switched_off_or_taken_out_since_are_not_told() -> None:
    one = Operator("a", "b", "c", now=at("2026-11-22T07:00"))
    for name in "abc":
        await one.fails(name)
    one.memory.sources["a"] = source("a", enabled=False)  # type: ignore[index]
    del one.memory.sources["b"]  # type: ignore[attr-defined]
    assert await one.at("2026-11-22T08:00") == ["c failing"]


async def test_nothing_to_tell_leaves_the_day_open() -> None:
    one = Operator(now=at("2026-11-22T03:00"))
    assert await one.at("2026-11-22T08:00") == []
    assert one.memory.told == {}


async def test_silence_and_gaps_are_told_with_what_they_mean() -> None:
    one = Operator("a", "b", "c", now=at("2026-11-22T07:00"))
    known = one.memory.states
    known["a"] = replace(known["a"], health=Health.SILENT, health_since=NOW, newest_at=at("2026-10-01"))
    known["b"] = replace(known["b"], health=Health.GAP, health_since=NOW)
    known["c"] = replace(known["c"], health=Health.SILENT, health_since=NOW)
    assert await one.at("2026-11-22T08:00") == ["a silent", "b gap suspected", "c silent"]
    assert "2026-10-01" in str(one.notices.told[0][1]["why"])
    assert all(facts["why"] for _, facts in one.notices.told)


async def test_the_address_that_is_told_is_the_one_that_is_asked() -> None:
    one = Operator(now=at("2026-11-22T07:00"))
    one.memory.states["a"] = replace(one.memory.states["a"], adopted="https://new.example/")
    await one.fails("a")
    await one.at("2026-11-22T08:00")
    assert one.notices.told[0][1]["url"] == "https://new.example/"


async def test_what_was_told_before_a_crash_is_told_again_rather_than_never() -> None:
    one = Operator(now=at("2026-11-22T07:00"))
    await one.fails("a")
    told, one.memory.told = one.memory.told, {}
    await one.at("2026-11-22T08:00")
    one.memory.told = told
    assert await one.at("2026-11-22T08:01") == ["a failing"]


# Zones and clocks


@pytest.mark.parametrize(
    ("zone", "night", "morning"),
    [
        ("Asia/Seoul", "2026-11-21T22:59", "2026-11-21T23:00"),
        ("America/New_York", "2026-11-22T12:59", "2026-11-22T13:00"),
        ("Asia/Kathmandu", "2026-11-22T02:14", "2026-11-22T02:15"),
        ("Pacific/Kiritimati", "2026-11-22T17:59", "2026-11-22T18:00"),
        ("Pacific/Pago_Pago", "2026-11-22T18:59", "2026-11-22T19:00"),
    ],
)
async def test_the_morning_is_that_of_the_operators_zone(zone: str, night: str, morning: str) -> None:
    one = Operator(zone=zone, now=at("2026-11-21T20:00"))
    await one.fails("a")
    assert await one.at(night) == []
    assert await one.at(morning) == ["a failing"]


@pytest.mark.parametrize(
    ("day", "morning"),
    [("2026-03-28", "07:00"), ("2026-03-29", "06:00"), ("2026-10-24", "06:00"), ("2026-10-25", "07:00")],
)
async def test_the_morning_keeps_its_hour_when_the_clocks_change(day: str, morning: str) -> None:
    one = Operator(zone="Europe/Berlin", now=at(f"{day}T00:00"))
    await one.fails("a")
    assert await one.at(f"{day}T05:59") == []
    assert await one.at(f"{day}T{morning}") == ["a failing"]


async def test_a_morning_that_strikes_twice_is_one_morning() -> None:
    one = Operator("a", "b", zone="Europe/Berlin", hour=2, now=at("2026-10-24T12:00"))
    await one.fails("a")
    assert await one.at("2026-10-25T00:10") == ["a failing"]
    await one.fails("b")
    assert await one.at("2026-10-25T01:10") == []
    assert await one.at("2026-10-26T01:00") == ["b failing"]


async def test_a_morning_that_never_strikes_comes_when_the_clock_has_jumped_over_it() -> None:
    one = Operator(zone="Europe/Berlin", hour=2, now=at("2026-03-28T12:00"))
    await one.fails("a")
    assert await one.at("2026-03-29T00:59") == []
    assert await one.at("2026-03-29T01:01") == ["a failing"]


changes = st.lists(
    st.tuples(st.sampled_from("ab"), st.sampled_from([FAILED, Unchanged()]), st.integers(1, 60 * 30)), max_size=30
)
zones = st.sampled_from(["UTC", "Asia/Seoul", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe"])


@given(
    changes,
    zones,
    st.integers(0, 23),
    st.datetimes(at("2026-01-01").replace(tzinfo=None), at("2026-12-01").replace(tzinfo=None)),
)
async def test_whatever_happens_reports_are_a_day_apart_by_day_and_say_what_is_so(
    happened: list[tuple[str, Failed | Unchanged, int]], zone: str, hour: int, start: datetime
) -> None:
    one = Operator("a", "b", zone=zone, hour=hour, now=at(start.isoformat()))
    reports: list[datetime] = []
    last: dict[str, str] = {"a": "ok", "b": "ok"}
    for name, outcome, minutes in [*happened, *([("a", Unchanged(), 60)] * 60)]:
        one.clock.forward(minutes=minutes)
        news = await one.at(one.clock().isoformat())
        for told in news:
            known, _, health = told.partition(" ")
            assert last[known] != health
            assert one.memory.states[known].health == health
            last[known] = health
        reports += [one.clock()] if news else []
        await one.poll(name, outcome)
    # by the clock on the wall, which may jump by an hour or two
    mornings = [struck(r, zone, hour) for r in reports]
    assert all(later - earlier >= timedelta(hours=22) for earlier, later in pairwise(mornings))
    assert all(r - m < DAYTIME + timedelta(hours=1) for r, m in zip(reports, mornings, strict=True))
    assert last == {n: s.health.value for n, s in one.memory.states.items()} or len(one.memory.told) < 2


def test_a_state_that_is_healthy_from_the_beginning_is_no_news() -> None:
    assert PollState("a", NOW).health is Health.OK
