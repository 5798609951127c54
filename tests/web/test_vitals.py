"""Health, readiness and metrics: what a process says of itself, and what it never says."""

import asyncio
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from fastapi import FastAPI
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as plain

from nkwatch.assembly import Newsroom
from nkwatch.config.running import VitalsSettings
from nkwatch.domain.part import Part
from nkwatch.domain.subscriber import Consent
from nkwatch.web.app import create_app
from nkwatch.web.vitals import Metrics, create_vitals
from nkwatch.web.vitals.counting import Counting
from nkwatch.workflow.collect import Collected
from nkwatch.workflow.publish import Published
from nkwatch.workflow.read import Read
from nkwatch.workflow.recover import Recovered
from nkwatch.workflow.tally import Delivered
from nkwatch.workflow.watching import Watched
from tests.making import sign_up

RULES = Path(__file__).parents[2] / "deploy" / "prometheus" / "nkwatch.rules.yml"
OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}
MINUTE = timedelta(minutes=1)


class Process:
    """A process whose parts are as the test says."""

    def __init__(self, newsroom: Newsroom) -> None:
        self.newsroom, self.metrics = newsroom, Metrics()
        self.parts: dict[str, Part] = {}
        self.app = create_vitals(newsroom, lambda: self.parts, self.metrics)
        self.client = asking(self.app)

    def part(self, name: str, *, ended: bool = True, since: timedelta = timedelta(), why: str = "") -> Part:
        now = self.newsroom.clock() - since
        part = Part(name, timedelta(seconds=5), timedelta(minutes=30), now)
        self.parts[name] = part.began(now).after(why, now, timedelta(seconds=2)) if ended else part
        return self.parts[name]

    async def scraped(self, **headers: str) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
        """Every sample by name and labels."""
        answer = await self.client.get("/metrics", headers=headers)
        assert answer.status_code == 200
        samples = (s for family in plain(answer.text) for s in family.samples)
        return {(s.name, tuple(sorted(s.labels.items()))): s.value for s in samples}

    async def value(self, name: str, **labels: str) -> float:
        return (await self.scraped())[f"nkwatch_{name}", tuple(sorted(labels.items()))]


def asking(app: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://127.0.0.1:9464")


@pytest.fixture
async def process(newsroom: Newsroom) -> AsyncIterator[Process]:
    made = Process(newsroom)
    async with made.client:
        yield made


# Health


async def test_a_process_whose_parts_end_their_rounds_is_healthy(process: Process) -> None:
    process.part("read")
    answer = await process.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"ok": True, "late": []})


async def test_one_of_whose_parts_some_end_no_rounds_is_not_and_names_them(process: Process) -> None:
    process.part("read", since=9 * MINUTE)
    process.part("publish", ended=False, since=9 * MINUTE)
    process.part("collect")
    answer = await process.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"ok": False, "late": ["publish", "read"]})


# Readiness


async def test_a_process_is_ready_when_each_part_has_ended_a_round(process: Process) -> None:
    process.part("read")
    process.part("publish", ended=False)
    answer = await process.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == {
        "database": "", "parts": "no round has ended yet of: publish", "sending": "",
    }  # fmt: skip
    process.part("publish", why="it failed, and ended")
    site = process.part("web", ended=False)
    process.parts["web"] = replace(site, began_at=process.newsroom.clock(), may_take=timedelta(days=36_500))
    assert (await process.client.get("/readyz")).json()["ok"]


async def test_a_process_is_not_ready_when_its_database_is_another(process: Process) -> None:
    with process.newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '0001'")
    answer = await process.client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"]["database"] == "its schema is not the one of this nkwatch"
    with process.newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    assert (await process.client.get("/readyz")).json()["reasons"]["database"] != ""


# Metrics


async def test_metrics_are_told_in_both_formats_that_prometheus_reads(process: Process) -> None:
    process.part("deliver.bulk", why="it failed")
    answer = await process.client.get("/metrics", headers=OPENMETRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
    assert answer.text.endswith("# EOF\n")
    names = {family.name for family in openmetrics(answer.text)}
    old = await process.client.get("/metrics")
    assert old.headers["content-type"].startswith("text/plain; version=")
    assert {"nkwatch_sources", "nkwatch_polls", "process_resident_memory_bytes", "nkwatch_part_rounds"} <= names
    assert {f.name for f in plain(old.text)} >= {"nkwatch_sources", "nkwatch_relay_up"}


async def test_each_metric_has_a_help_text_a_unit_and_few_values(process: Process) -> None:
    process.part("read")
    answer = await process.client.get("/metrics", headers=OPENMETRICS)
    for family in openmetrics(answer.text):
        assert family.documentation, family.name
        assert not re.search(r"(_ms|_minutes|_kb|_mb|_percent)$", family.name)
        assert len(family.samples) <= 60, family.name
        if family.type == "counter":
            assert {s.name for s in family.samples} <= {f"{family.name}_total", f"{family.name}_created"}


async def test_rounds_of_parts_are_told(process: Process) -> None:
    process.part("read", why="it failed")
    assert await process.value("part_rounds_total", part="read") == 1
    assert await process.value("part_failed_rounds_total", part="read") == 1
    assert await process.value("part_failures", part="read") == 1
    assert await process.value("part_duration_seconds", part="read") == 2
    assert await process.value("part_late", part="read") == 0
    ended = process.newsroom.clock().timestamp()
    assert await process.value("part_last_end_timestamp_seconds", part="read") == ended


async def test_what_rounds_bring_is_counted(process: Process) -> None:
    part = process.part("read")
    for name, result in (
        ("collect", Collected(sources=9, new=4, edited=1, unchanged=3, failed=2)),
        ("read", Read(7, 2, 1)),
        ("publish", Published(alerts=1, digests=2)),
        ("deliver.bulk", Delivered(sent=5, deferred=1, refused=1)),
        ("deliver.urgent", Delivered(sent=1)),
        ("recover", Recovered(deliveries=3)),
        ("survey", Recovered(sources=2, overdue=6)),
        ("recover", Recovered()),
        ("watch", Watched(1)),
        ("collect", None),
    ):
        process.metrics.observe(name, result, part)
    found = await process.scraped()

    def told(name: str, **labels: str) -> float:
        return found[f"nkwatch_{name}", tuple(sorted(labels.items()))]

    assert [told("polls_total", outcome=o) for o in ("fetched", "unchanged", "failed")] == [4, 3, 2]
    assert (told("statements_new_total"), told("statements_read_total"), told("statements_about_nk_total")) == (4, 7, 2)
    assert (told("bulletins_total", kind="alert"), told("bulletins_total", kind="digest")) == (1, 2)
    assert told("deliveries_total", lane="bulk", outcome="sent") == 5
    assert told("deliveries_total", lane="urgent", outcome="sent") == 1
    assert told("leases_recovered_total") == 3
    assert told("repairs_total", kind="sources") == 2
    assert (told("overdue"), told("bells_total")) == (6, 1)


async def test_what_the_database_says_is_told_and_no_address_is(process: Process) -> None:
    now = process.newsroom.clock()
    await process.newsroom.subscribers.join(sign_up("ann@example.org"), Consent("form", now), now)
    answer = await process.client.get("/metrics")
    assert "@" not in answer.text
    assert await process.value("readers", standing="confirmed") == 1
    assert await process.value("outbox", lane="urgent", state="pending") == 0
    assert await process.value("outbox_oldest_due_age_seconds", lane="bulk") == 0
    assert await process.value("database_size_bytes") > 10_000
    assert await process.value("database_up") == 1
    assert ("nkwatch_relay_up", ()) not in await process.scraped(), "who delivers nothing asks no relay"
    process.part("deliver.urgent")
    assert await process.value("relay_up") == 1
    process.newsroom.deliver.urgent.line.broke(now)
    assert await process.value("relay_up") == 0


async def test_the_database_is_asked_at_most_every_fifteen_seconds_and_rarer_where_that_takes_long(
    newsroom: Newsroom,
) -> None:
    now = [0.0]
    counting, asked = Counting(newsroom, dict, steady=lambda: now[0]), []
    take, slow = counting._store.take, [0.0]

    async def counted(*given: Any) -> Any:
        asked.append(now[0])
        now[0] += slow[0]
        return await take(*given)

    counting._store.take = counted  # type: ignore[method-assign]
    for moment in (0.0, 1.0, 14.9, 15.0, 16.0):
        now[0] = moment
        await counting.refresh()
    assert asked == [0.0, 15.0]
    slow[0] = 2.0
    for moment in (40.0, 60.0, 200.0, 242.0):
        now[0] = moment
        await counting.refresh()
    assert asked == [0.0, 15.0, 40.0, 242.0]


async def test_many_who_ask_at_once_cost_one_question(newsroom: Newsroom) -> None:
    counting, asked = Counting(newsroom, dict), []
    take = counting._store.take

    async def counted(*given: Any) -> Any:
        asked.append(1)
        return await take(*given)

    counting._store.take = counted  # type: ignore[method-assign]
    await asyncio.gather(*(counting.refresh() for _ in range(20)))
    assert asked == [1]


async def test_where_the_database_is_away_what_only_it_knows_is_left_out(process: Process) -> None:
    process.part("read")
    with process.newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE source_state RENAME TO gone")
    found = await process.scraped()
    assert found["nkwatch_database_up", ()] == 0
    names = {name for name, _ in found}
    assert "nkwatch_part_rounds_total" in names
    assert not {"nkwatch_sources", "nkwatch_readers"} & names
    with process.newsroom.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE gone RENAME TO source_state")
    assert await process.value("database_up") == 1


async def test_a_database_that_does_not_answer_holds_up_nobody(newsroom: Newsroom) -> None:
    counting, answers = Counting(newsroom, dict, patience=0.01), asyncio.Event()
    take = counting._store.take

    async def hanging(*given: Any) -> Any:
        await answers.wait()
        return await take(*given)

    counting._store.take = hanging  # type: ignore[method-assign]
    await counting.refresh()
    up = next(f for f in counting.collect() if f.name == "nkwatch_database_up")
    assert up.samples[0].value == 0
    answers.set()
    counting._patience = 5.0
    await counting.refresh()
    assert next(f for f in counting.collect() if f.name == "nkwatch_database_up").samples[0].value == 1


# Requests


async def test_requests_are_counted_by_the_template_of_their_page_never_by_its_address(
    process: Process, newsroom: Newsroom
) -> None:
    token = newsroom.keyring.token("leave", "reader~17", None)
    async with asking(process.metrics.measuring(create_app(newsroom), "web")) as reader:
        for page in ("/", "/", f"/leave/{token}", "/no/such/page", "/ann@example.org"):
            await reader.get(page)
    answer = await process.client.get("/metrics")
    assert token not in answer.text
    assert "@" not in answer.text
    found = await process.scraped()
    counted = {labels: n for (name, labels), n in found.items() if name == "nkwatch_web_requests_total"}
    routes = {dict(labels)["route"] for labels in counted}
    assert "/leave/{token}" in {re.sub(r"\{\w+\}", "{token}", r) for r in routes}
    assert sum(n for labels, n in counted.items() if dict(labels)["route"] == "(none)") == 2
    assert sum(counted.values()) == 5
    assert found["nkwatch_web_request_duration_seconds_count", (("site", "web"),)] == 5


async def test_a_page_that_breaks_is_counted_as_our_mistake(process: Process) -> None:
    app = FastAPI()

    @app.get("/broken")
    async def broken() -> None:
        raise ZeroDivisionError

    async with asking(process.metrics.measuring(app, "web")) as reader:
        with pytest.raises(ZeroDivisionError):
            await reader.get("/broken")
    assert await process.value("web_requests_total", site="web", route="/broken", status="5xx") == 1


# Where it listens, and the rules


@pytest.mark.parametrize("address", ["127.0.0.1", "::1", "10.1.2.3", "192.168.0.7", "fd00::1"])
def test_vitals_are_told_on_this_machine_and_in_inner_networks(address: str) -> None:
    assert VitalsSettings(listen=address).listen == address


@pytest.mark.parametrize("address", ["0.0.0.0", "::", "8.8.8.8", "2001:4860:4860::8888"])
def test_elsewhere_only_where_that_is_said(address: str) -> None:
    assert VitalsSettings(listen=address, public=True).public
    with pytest.raises(ValueError, match="public = true"):
        VitalsSettings(listen=address)


def test_a_name_is_no_address() -> None:
    with pytest.raises(ValueError, match="listen must be an address"):
        VitalsSettings(listen="example.org")


async def test_each_metric_that_a_rule_names_is_told(process: Process, newsroom: Newsroom) -> None:
    process.part("deliver.bulk")
    async with asking(process.metrics.measuring(create_app(newsroom), "web")) as reader:
        await reader.get("/")
    names = {name for name, _ in await process.scraped()}
    groups = yaml.safe_load(RULES.read_text("utf-8"))["groups"]
    rules = [rule for group in groups for rule in group["rules"]]
    for rule in rules:
        asked = set(re.findall(r"\bnkwatch_\w+", rule["expr"]))
        assert asked <= names, (rule["alert"], asked - names)
        assert rule["expr"].count("(") == rule["expr"].count(")")
        assert rule["annotations"]["summary"]
    woken = [rule["alert"] for rule in rules if rule["labels"]["severity"] == "page"]
    assert woken == ["NkwatchAlertsNotAccepted", "NkwatchOutboxStuck", "NkwatchDatabaseUnusable"]
    assert {rule["labels"]["severity"] for rule in rules} == {"page", "ticket"}
