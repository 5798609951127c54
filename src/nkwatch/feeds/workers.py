"""Readers run in worker processes that can be killed: one hung parse must not stop the day's work.

feedparser and lxml read hostile bytes here. A worker that hangs is killed at the deadline, one that grows past
its memory fails, one that dies is replaced; in each case the document is unreadable and the pool goes on.
"""

import asyncio
import multiprocessing
import resource
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Self, TypeVar

from pebble import ProcessExpired, ProcessPool

from nkwatch.feeds.documents import Unreadable

P = ParamSpec("P")
T = TypeVar("T")
#: Loaded once, in the process that the workers are forked from.
PRELOADED = ["nkwatch.feeds.parse", "nkwatch.feeds.pages", "nkwatch.feeds.articles"]


@dataclass(frozen=True, slots=True)
class WorkerLimits:
    """How many workers, seconds per document, address space of one in bytes, documents until it is renewed."""

    workers: int = 2
    deadline: float = 10.0
    memory: int = 400_000_000
    documents: int = 200


class Workers:
    """A pool of worker processes, started with the first document. An async context manager.

    The processes come from a fork server that has the parsers loaded: starting one takes little time, and copies
    neither the memory of this process nor its threads.
    """

    def __init__(self, limits: WorkerLimits | None = None) -> None:
        self._limits = limits or WorkerLimits()
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        self._pool = ProcessPool(
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
        deadline = self._limits.deadline
        future = self._pool.schedule(function, args=list(args), kwargs=kwargs, timeout=deadline)
        try:
            outcome: T = await asyncio.wrap_future(future)
        except TimeoutError:
            return Unreadable(f"Parsing took longer than {deadline:g} seconds and was stopped.")
        except MemoryError:
            return Unreadable("Parsing needed more memory than it may have, and was stopped.")
        except ProcessExpired as death:
            return Unreadable(f"The process that parsed it died (exit code {death.exitcode}).")
        except Exception as error:  # noqa: BLE001  whatever a parser raises on hostile bytes
            return Unreadable(f"Parsing failed ({type(error).__name__}).")
        return outcome

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
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
