"""A poller in a process of its own, so that its memory can be measured: runs a round for each line that it reads.

``python -m tests.edges.rounds PLAN``: the plan is JSON with `database`, `allow` and `sources`. A line on standard
input is the number of hours that have passed since it began; each round answers with one line of JSON.
"""

import asyncio
import json
import sys
from datetime import timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import func, select

from nkwatch.assembly import kinds, utc_now
from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Document, Read
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import DocumentKind, KindPoller
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.workers import WorkerLimits, Workers
from nkwatch.net import Limits, Robots, Web
from nkwatch.store import schema
from nkwatch.store.database import Database
from nkwatch.store.statements import StatementStore
from nkwatch.workflow.collect import Collect


def stuck(document: Document, _source: Source) -> Read:
    """Never comes to an end, unless it is told that all is well."""
    next(n for n in count() if b"All is well" in document.body)
    return FEED.read(document, _source)


STUCK = DocumentKind("stuck", FEED.accept, stuck, robots=False)
LIMITS = Limits(pause=0, deadline=6)


class Rounds:
    """Rounds over the sources of a plan."""

    def __init__(self, plan: dict, web: Web, workers: Workers) -> None:
        self.began, self.hours = utc_now(), 0.0
        self.database = Database(plan["database"])
        self.database.prepare()
        self.sources = {s["id"]: Source(**s) for s in plan["sources"]}
        self.statements = StatementStore(self.database, self.sources)
        robots = Robots(web, self.clock)
        known = (*kinds(web, workers, robots, self.clock, {}), WebKind(STUCK, web, workers, robots, self.clock))
        self.notices: list[str] = []
        self.collect = Collect(
            self.sources,
            self.statements,
            KindPoller(known),
            lambda _source, _statement: True,
            self.clock,
            lambda event, **_: self.notices.append(event),
            "test",
        )

    def clock(self):
        return self.began + timedelta(hours=self.hours)

    async def run(self, hours: float) -> dict:
        self.hours = hours
        collected = await self.collect()
        brought = select(schema.statement.c.source_id, func.count()).group_by(schema.statement.c.source_id)
        return {
            "polled": collected.sources,
            "failed": collected.failed,
            "brought": dict(await self.database.read(lambda c: [tuple(row) for row in c.execute(brought)])),
            "states": {s.source_id: self.told(s) for s in await self.statements.states()},
            "notices": self.notices,
            "peak": peak(),
        }

    def told(self, state) -> dict:
        due = (state.due_at - self.clock()) / timedelta(hours=1)
        return {"failures": state.failures, "reason": state.reason, "due": due, "health": state.health}


def peak() -> int:
    """The most memory that this process ever held, in bytes; what getrusage says may be its parent's."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])


async def main() -> None:
    plan = json.loads(Path(sys.argv[1]).read_text())
    async with (
        Web("nkwatch-test/1", LIMITS, frozenset(plan["allow"])) as web,
        Workers(WorkerLimits(deadline=6)) as workers,
    ):
        rounds = Rounds(plan, web, workers)
        for line in sys.stdin:
            sys.stdout.write(f"{json.dumps(await rounds.run(float(line)))}\n")
            sys.stdout.flush()
        rounds.database.close()


if __name__ == "__main__":
    asyncio.run(main())
