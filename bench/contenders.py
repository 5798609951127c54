"""Who polls, each in a process of its own: reads ``round`` lines, runs one round for each, answers one JSON line.

``python -m bench.contenders NAME PORT COUNT PATH``: polls COUNT sources at http://sN.localhost:PORT/PATH/N.
"""

import asyncio
import json
import resource
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
import feedparser
from aiohttp.abc import AbstractResolver, ResolveResult

from bench.samples import feeds
from bench.server import ETAG
from nkwatch.domain.source import Source
from nkwatch.feeds.fetch import WebKind
from nkwatch.feeds.kinds import KindPoller
from nkwatch.feeds.parse import FEED
from nkwatch.feeds.workers import Workers
from nkwatch.net import Limits, Robots, Web
from nkwatch.store.database import Database
from nkwatch.store.statements import StatementStore
from nkwatch.workflow.collect import Collect

#: As many requests at a time for everybody.
AT_ONCE = 20
#: Feeds that feedparser parses in one round; the sizes repeat after ten.
PARSED = 200
#: Seconds before each round, not counted: nkwatch asks no host twice within them, and rounds come as fast as they can.
REST = {"nkwatch": Limits().pause}
Round = Callable[[], Any]


class Loopback(AbstractResolver):
    """Every name is this machine."""

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The one address, whatever the `family`."""
        del family
        return [ResolveResult(hostname=host, host="127.0.0.1", port=port, family=socket.AF_INET, proto=0, flags=0)]

    async def close(self) -> None:
        """Nothing to close."""


def urls(port: int, count: int, path: str) -> list[str]:
    """The addresses of all sources."""
    return [f"http://s{n}.localhost:{port}/{path}/{n}" for n in range(count)]


@asynccontextmanager
async def nkwatch(port: int, count: int, path: str) -> AsyncIterator[Round]:
    """The real thing: guarded HTTP, workers, identity, SQLite with synchronous=FULL."""
    now = [datetime(2026, 11, 22, 7, tzinfo=UTC)]

    def clock() -> datetime:
        return now[0]

    allowed = frozenset(f"s{n}.localhost:{port}" for n in range(count))
    sources = {f"s{n}": Source(f"s{n}", url, f"Publisher {n}") for n, url in enumerate(urls(port, count, path))}
    with tempfile.TemporaryDirectory() as folder:
        database = Database(f"sqlite:///{folder}/bench.db")
        database.prepare()
        limits = Limits(connections=AT_ONCE)
        async with Web("bench (+https://bench.invalid)", limits, allowed, Loopback()) as web, Workers() as workers:
            poller = KindPoller([WebKind(FEED, web, workers, Robots(web, clock), clock)])
            statements = StatementStore(database, sources)
            collect = Collect(
                sources, statements, poller, lambda _s, _t: False, clock, lambda *_a, **_k: None, "bench", AT_ONCE
            )

            async def one_round() -> int:
                now[0] += timedelta(days=2)
                done = await collect()
                if done.failed or done.sources != count:
                    raise RuntimeError(f"{done}")
                return done.sources

            yield one_round
        database.close()


@asynccontextmanager
async def bare(port: int, count: int, path: str) -> AsyncIterator[Round]:
    """Aiohttp alone, with the same headers, as many at a time: the least that asking can cost."""
    connector = aiohttp.TCPConnector(limit=AT_ONCE, resolver=Loopback())
    headers = {"If-None-Match": ETAG.decode(), "User-Agent": "bench", "Accept-Encoding": "gzip, br, zstd"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def one_round() -> int:
            waiting = iter(urls(port, count, path))

            async def worker() -> None:
                for url in waiting:
                    async with session.get(url, allow_redirects=False) as response:
                        await response.read()

            await asyncio.gather(*(worker() for _ in range(AT_ONCE)))
            return count

        yield one_round


@contextmanager
def reader(port: int, count: int, path: str) -> Iterator[Round]:
    """The PyPI package `reader`, updating the same feeds with as many workers as serve it best of 1 and AT_ONCE."""
    from reader import make_reader  # noqa: PLC0415  a package of this bench alone

    real = socket.getaddrinfo

    def loopback(host: Any, *args: Any, **kwargs: Any) -> Any:
        return real("127.0.0.1" if str(host).endswith(".localhost") else host, *args, **kwargs)

    socket.getaddrinfo = loopback
    with tempfile.TemporaryDirectory() as folder:
        rd = make_reader(f"{folder}/reader.sqlite")
        for url in urls(port, count, path):
            rd.add_feed(url)
        rd.update_feeds(scheduled=False, workers=AT_ONCE)
        took: dict[int, float] = {}
        for workers in (1, AT_ONCE):
            began = time.perf_counter()
            rd.update_feeds(scheduled=False, workers=workers)
            took[workers] = time.perf_counter() - began
        best = min(took, key=lambda workers: took[workers])

        def one_round() -> int:
            rd.update_feeds(scheduled=False, workers=best)
            return count

        yield one_round


@contextmanager
def parser(_port: int, count: int, _path: str) -> Iterator[Round]:
    """Feedparser with its defaults, one feed after the other, from memory."""
    bodies = list(feeds(min(count, PARSED)))

    def one_round() -> int:
        for body in bodies:
            feedparser.parse(body)
        return len(bodies)

    yield one_round


def _answer(began: float, polled: int) -> None:
    seconds = time.perf_counter() - began
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    record = {"polled": polled, "seconds": seconds, "resident": pages * resource.getpagesize()}
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


async def _asynchronous(name: str, port: int, count: int, path: str) -> None:
    async with {"nkwatch": nkwatch, "bare": bare}[name](port, count, path) as one_round:
        while await asyncio.to_thread(sys.stdin.readline):
            await asyncio.sleep(REST.get(name, 0.0))
            began = time.perf_counter()
            _answer(began, await one_round())


def _synchronous(name: str, port: int, count: int, path: str) -> None:
    with {"reader": reader, "feedparser": parser}[name](port, count, path) as one_round:
        while sys.stdin.readline():
            began = time.perf_counter()
            _answer(began, one_round())


def main() -> None:
    """Be the contender that the command line names."""
    name, port, count, path = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    if name in {"nkwatch", "bare"}:
        asyncio.run(_asynchronous(name, port, count, path))
    else:
        _synchronous(name, port, count, path)


if __name__ == "__main__":
    main()
