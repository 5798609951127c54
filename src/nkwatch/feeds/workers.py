"""Readers run in worker processes that can be killed: one hung parse must not stop the day's work.

feedparser and lxml read hostile bytes here. A worker that hangs is killed at the deadline, one that grows past
its memory fails, one that dies is replaced; in each case the document is unreadable and the pool goes on.
"""

import asyncio
import multiprocessing
import os
import resource
from collections.abc import Callable
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from nkwatch.feeds.documents import Unreadable

P = ParamSpec("P")
T = TypeVar("T")
#: Loaded once, in the process that the workers are forked from.
PRELOADED = ["nkwatch.feeds.parse", "nkwatch.feeds.pages", "nkwatch.feeds.articles"]
#: Documents handed out at a time, per worker: one at work, one at hand.
AHEAD = 2
#: Seconds that killing a worker and starting another may take.
GRACE = 5.0
TOO_LARGE = "Parsing needed more memory than it may have, and was stopped."


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How many workers, seconds per document, address space of one in bytes, documents until it is renewed."""

    workers: int = min(2, os.cpu_count() or 1)
    deadline: float = 10.0
    memory: int = 330_000_000
    documents: int = 200


class Workers:
    """A pool of worker processes, started with the first document. An async context manager.

    The processes come from a fork server that has the parsers loaded: starting one takes little time, and copies
    neither the memory of this process nor its threads.
    """

    def __init__(self, limits: WorkerLimits | None = None) -> None:
        self._limits = limits or WorkerLimits()
        self._turns = asyncio.Semaphore(AHEAD * self._limits.workers)
        self._pool = self._new()

    def _new(self) -> ProcessPool:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        return ProcessPool(
            max_workers=self._limits.workers,
            max_tasks=self._limits.documents,
            initializer=confine,
            initargs=(self._limits.memory,),
            context=context,
        )

    async def run(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T | Unreadable:
        """What `function` (importable by name) makes of these arguments, or why it came to nothing.

        Never raises for what is in them.
        """
        work = partial(function, *args, **kwargs)
        async with self._turns:
            try:
                return await self._run(work)
            except (BrokenProcessPool, RuntimeError):
                # somebody else's document, or the system, has broken the pool: that is no fault of this one
                return await self._run(work, last=True)

    async def _run(self, work: Callable[[], T], *, last: bool = False) -> T | Unreadable:
        deadline, pool = self._limits.deadline, await self._whole()
        # what nobody answers for by then has been lost, with the worker that had taken it
        patience = asyncio.timeout(AHEAD * (deadline + GRACE))
        try:
            async with patience:
                outcome: T | Unreadable = await asyncio.wrap_future(
                    pool.schedule(attempted, args=[work], timeout=deadline)
                )
        except TimeoutError:
            if patience.expired():
                pool.stop()  # type: ignore[no-untyped-call]
            return Unreadable(f"Parsing took longer than {deadline:g} seconds and was stopped.")
        except ProcessExpired as death:
            return Unreadable(f"The process that parsed it died (exit code {death.exitcode}).")
        except (BrokenProcessPool, RuntimeError):
            if not last:
                raise
            return Unreadable("The processes that parse cannot be kept running; look for what kills them.")
        return outcome

    async def _whole(self) -> ProcessPool:
        """The pool, or a new one: a worker that dies idle, killed by the system, breaks the pool for good."""
        if not self._pool.active:
            broken, self._pool = self._pool, self._new()
            broken.stop()  # type: ignore[no-untyped-call]
            await asyncio.to_thread(broken.join)
        return self._pool

    async def close(self) -> None:
        """Kill the workers; what they work on is lost."""
        self._pool.stop()  # type: ignore[no-untyped-call]
        await asyncio.to_thread(self._pool.join)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


def confine(memory: int) -> None:
    """Run in each worker as it starts: bound its address space (bytes), and leave no core files."""
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    bound = memory if hard == resource.RLIM_INFINITY else min(memory, hard)
    resource.setrlimit(resource.RLIMIT_AS, (bound, bound))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def attempted(work: Callable[[], T]) -> T | Unreadable:
    """Run in a worker. What is raised is told there: an exception that cannot be rebuilt here breaks the pool."""
    try:
        return work()
    except MemoryError:
        return Unreadable(TOO_LARGE)
    except BaseException as error:  # noqa: BLE001  whatever a parser raises on hostile bytes; SystemExit would end us, too
        return Unreadable(f"Parsing failed ({type(error).__name__}).")
