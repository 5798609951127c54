"""What database, parts and relay say now, as metrics. The database is asked rarely, however often we are."""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from nkwatch import __version__
from nkwatch.assembly import Newsroom
from nkwatch.domain.delivery import DeliveryState, Lane
from nkwatch.domain.part import Part
from nkwatch.domain.polling import Health
from nkwatch.domain.subscriber import Standing
from nkwatch.store.census import Census, CensusStore

#: A census is at least so old (seconds) before another is taken, and taking it costs at most a hundredth of the time.
EVERY, SHARE = 15.0, 100
#: Seconds after which the database has not answered.
PATIENCE = 5.0
UNDONE = (DeliveryState.PENDING, DeliveryState.LEASED, DeliveryState.DEFERRED, DeliveryState.UNKNOWN)

Parts = Callable[[], Mapping[str, Part]]


class Counting(Collector):
    """Call `refresh` before it is collected. Where the database does not answer, what only it knows is left out."""

    def __init__(
        self,
        newsroom: Newsroom,
        parts: Parts,
        steady: Callable[[], float] = time.monotonic,
        patience: float = PATIENCE,
    ) -> None:
        self._newsroom, self._parts = newsroom, parts
        self._store = CensusStore(newsroom.database)
        self._steady, self._patience = steady, patience
        self._taking: asyncio.Task[Census] | None = None
        self._census: Census | None = None
        self._next = 0.0

    async def refresh(self) -> None:
        """Take a census if the last is too old. Never raises, never waits long."""
        if self._taking is None:
            if self._census is not None and self._steady() < self._next:
                return
            self._taking = asyncio.create_task(self._take())
        done, _ = await asyncio.wait({self._taking}, timeout=self._patience)
        if not done:
            self._census = None
            return
        taken, self._taking = self._taking, None
        if taken is not None:
            self._census = None if taken.cancelled() or taken.exception() else taken.result()

    async def _take(self) -> Census:
        now, began = self._newsroom.clock(), self._steady()
        within = timedelta(seconds=self._newsroom.config.watch.alerts_within)
        census = await self._store.take(now, now - within)
        ended = self._steady()
        self._next = ended + max(EVERY, SHARE * (ended - began))
        return census

    def collect(self) -> Iterable[Metric]:
        """Called by the registry."""
        parts = self._parts()
        yield from _of_process(self._newsroom)
        yield from _of_parts(parts, self._newsroom.clock())
        # who delivers nothing has asked no relay
        if any(name.startswith("deliver") for name in parts):
            yield _gauge(
                "relay_up", "Whether a mail relay could be reached when last tried.", _relay_up(self._newsroom)
            )
        yield _gauge("database_up", "Whether the database answered the last question.", int(self._census is not None))
        if self._census is not None:
            yield from _of_census(self._census)


def _of_process(newsroom: Newsroom) -> Iterable[Metric]:
    build = GaugeMetricFamily("nkwatch_build_info", "The version of nkwatch; always 1.", labels=["version"])
    build.add_metric([__version__], 1)
    yield build
    notices = newsroom.notices
    yield CounterMetricFamily("nkwatch_notices", "Notices to the operator.", notices.heard)
    yield CounterMetricFamily("nkwatch_notices_forgotten", "Notices that could not be kept.", notices.forgotten)
    yield _gauge("notices_unwritten", "Notices that are not yet in the database.", notices.waiting)


def _relay_up(newsroom: Newsroom) -> int:
    return int(newsroom.deliver.urgent.line.failures == 0)


def _of_parts(parts: Mapping[str, Part], now: datetime) -> Iterable[Metric]:
    rounds = CounterMetricFamily("nkwatch_part_rounds", "Rounds that have ended.", labels=["part"])
    failed = CounterMetricFamily("nkwatch_part_failed_rounds", "Rounds that have failed.", labels=["part"])
    failing = GaugeMetricFamily("nkwatch_part_failures", "Failed rounds in a row.", labels=["part"])
    took = GaugeMetricFamily("nkwatch_part_duration_seconds", "How long the last round took.", labels=["part"])
    ended = GaugeMetricFamily("nkwatch_part_last_end_timestamp_seconds", "When the last round ended.", labels=["part"])
    late = GaugeMetricFamily("nkwatch_part_late", "Whether a part ends no rounds any more.", labels=["part"])
    for name, part in parts.items():
        rounds.add_metric([name], part.rounds)
        failed.add_metric([name], part.failed_rounds)
        failing.add_metric([name], part.failures)
        took.add_metric([name], part.took.total_seconds())
        late.add_metric([name], int(part.is_late(now)))
        if part.ended_at is not None:
            ended.add_metric([name], part.ended_at.timestamp())
    return rounds, failed, failing, took, ended, late


def _of_census(census: Census) -> Iterable[Metric]:
    sources = GaugeMetricFamily("nkwatch_sources", "Sources, by health.", labels=["health"])
    for health in Health:
        sources.add_metric([str(health)], census.sources.get(str(health), 0))
    readers = GaugeMetricFamily("nkwatch_readers", "Readers, by standing.", labels=["standing"])
    for standing in Standing:
        readers.add_metric([str(standing)], census.readers.get(str(standing), 0))
    outbox = GaugeMetricFamily("nkwatch_outbox", "Deliveries not yet done.", labels=["lane", "state"])
    age = GaugeMetricFamily(
        "nkwatch_outbox_oldest_due_age_seconds", "How long the first that may go has been due.", labels=["lane"]
    )
    for lane in Lane:
        for state in UNDONE:
            outbox.add_metric([str(lane), str(state)], census.outbox.get((str(lane), str(state)), 0))
        due = census.oldest_due.get(str(lane), census.at)
        age.add_metric([str(lane)], max(0.0, (census.at - due).total_seconds()))
    yield from (sources, readers, outbox, age)
    yield _gauge("alerts_late", "Alerts that have not left to all their readers in time.", census.late)
    yield _gauge("alerts_held", "Alerts that wait for an editor.", census.held)
    yield _gauge("database_size_bytes", "Bytes of all tables and indexes.", census.size)
    if census.log is not None:
        yield _gauge("database_wal_bytes", "Bytes of the write-ahead log of SQLite.", census.log)
    if census.room is not None:
        yield _gauge("database_disk_free_bytes", "Bytes free on the disk of an SQLite database.", census.room)


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"nkwatch_{name}", text, value)
