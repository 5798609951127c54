"""What this process has done, counted since it began: rounds of its parts and requests to its sites.

Nothing here is named after a reader or a source: labels have few values. Names follow Prometheus' own rules: base
units, and `_total` for what is counted.
"""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from nkwatch.domain.part import Part
from nkwatch.workflow.collect import Collected
from nkwatch.workflow.publish import Published
from nkwatch.workflow.read import Read
from nkwatch.workflow.recover import Recovered
from nkwatch.workflow.tally import Delivered
from nkwatch.workflow.watching import Watched

#: Seconds that requests take: most pages are kept and take less than a millisecond.
BUCKETS = (0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0)
#: Routes of requests that no page answered: there is no such page, or it had been kept.
UNKNOWN, KEPT = "(none)", "(kept)"
OK = 200
OUTCOMES = ("sent", "deferred", "refused", "unknown")


class Metrics(Collector):
    """Counts for one process, over all newsrooms that it opens one after the other."""

    def __init__(self) -> None:
        registry = self._registry = CollectorRegistry()
        ProcessCollector(registry=registry)

        def counter(name: str, text: str, *labels: str) -> Counter:
            return Counter(f"nkwatch_{name}", text, labels, registry=registry)

        self._polls = counter("polls", "Polls of sources, by outcome.", "outcome")
        self._new = counter("statements_new", "Statements that sources showed for the first time.")
        self._read = counter("statements_read", "Statements that were read.")
        self._about_nk = counter("statements_about_nk", "Statements read that are on North Korea.")
        self._bulletins = counter("bulletins", "Alerts and digests written, by kind.", "kind")
        self._deliveries = counter("deliveries", "Handovers to relays, by lane and outcome.", "lane", "outcome")
        self._leases = counter("leases_recovered", "Deliveries freed from leases of processes that are gone.")
        self._repairs = counter("repairs", "Rows put right, by kind.", "kind")
        self._bells = counter("bells", "Times that the bell rang for people.")
        self._requests = counter("web_requests", "Requests, by site, route and class.", "site", "route", "status")
        self._overdue = Gauge("nkwatch_overdue", "Pieces of work that are overdue.", registry=registry)
        self._took = Histogram(
            "nkwatch_web_request_duration_seconds", "Time until an answer was sent.", ("site",), buckets=BUCKETS,
            registry=registry,
        )  # fmt: skip
        for outcome in ("fetched", "unchanged", "failed"):
            self._polls.labels(outcome)
        for lane in ("urgent", "bulk"):
            for outcome in OUTCOMES:
                self._deliveries.labels(lane, outcome)

    def collect(self) -> Iterable[Metric]:
        """Called by the registry that this one is a part of."""
        return self._registry.collect()

    def observe(self, name: str, result: Any, part: Part) -> None:  # noqa: ARG002  of the part its own state tells
        """A round of this part has ended with a result, or None where it failed."""
        match result:
            case Collected():
                self._polls.labels("failed").inc(result.failed)
                self._polls.labels("unchanged").inc(result.unchanged)
                self._polls.labels("fetched").inc(result.sources - result.failed - result.unchanged)
                self._new.inc(result.new)
            case Read():
                self._read.inc(result.statements)
                self._about_nk.inc(result.about_nk)
            case Published():
                self._bulletins.labels("alert").inc(result.alerts)
                self._bulletins.labels("digest").inc(result.digests)
            case Delivered():
                lane = name.rpartition(".")[2]
                for outcome in OUTCOMES:
                    self._deliveries.labels(lane, outcome).inc(getattr(result, outcome))
            case Recovered():
                self._recovered(name, result)
            case Watched():
                self._bells.inc(result.rung)
            case _:
                """Of this the part's own state tells enough."""

    def measuring(self, app: ASGIApp, site: str) -> ASGIApp:
        """`app`, with its requests counted and timed under the name of this site."""
        return _Measured(app, site, self._requests, self._took)

    def _recovered(self, name: str, result: Recovered) -> None:
        figures: Mapping[str, int] = {f: getattr(result, f) for f in result.__dataclass_fields__}
        for kind, count in figures.items():
            if kind == "deliveries":
                self._leases.inc(count)
            elif kind != "overdue":
                self._repairs.labels(kind).inc(count)
        # the round that frees leases looks at nothing else
        if name != "recover":
            self._overdue.set(figures.get("overdue", 0))


class _Measured:
    """ASGI middleware around a whole site."""

    def __init__(self, app: ASGIApp, site: str, requests: Counter, took: Histogram) -> None:
        self._app, self._site, self._requests, self._took = app, site, requests, took

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status = time.perf_counter(), 500

        async def heard(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, heard)
        finally:
            self._took.labels(self._site).observe(time.perf_counter() - began)
            self._requests.labels(self._site, _route(scope, status), f"{status // 100}xx").inc()


def _route(scope: Scope, status: int) -> str:
    """The template of the page's address: never the address, in which a token may stand."""
    route = getattr(scope.get("route"), "path", "")
    return route or (KEPT if status in {OK, 304} else UNKNOWN)
