"""Reading in processes that can be killed: what hangs, dies or grows harms nobody else."""

import asyncio
import gc
import os
import resource
import signal
import time
from itertools import count

import pytest

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Article
from nkwatch.feeds.articles import read_article
from nkwatch.feeds.documents import Document, Parsed, Unreadable
from nkwatch.feeds.parse import read_feed
from nkwatch.feeds.workers import WorkerLimits, Workers
from tests.edges.samples import ENGLISH, KOREAN
from tests.making import prose

SOURCE = Source(id="s", url="https://feed.example/", publisher="S")
MEMORY = 350_000_000


class OwnError(Exception):
    """Cannot be rebuilt in another process from what it shows of itself."""

    def __init__(self, one: str, *, two: str) -> None:
        super().__init__(one)
        self.two = two


def hang() -> None:
    gc.disable()
    for _ in count():
        pass


def sleep_through_signals() -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.pause()


def recurse() -> None:
    recurse()


def fail(error: BaseException) -> None:
    raise error


ORDERS = {
    "hang": hang,
    "sleep through signals": sleep_through_signals,
    "nap": lambda: time.sleep(0.7),
    "die": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "leave": lambda: os._exit(0),
    "grow": lambda: bytearray(2_000_000_000),
    "recurse": recurse,
    "raise": lambda: fail(KeyError("北")),
    "raise its own": lambda: fail(OwnError("one", two="two")),
    "exit": lambda: fail(SystemExit(3)),
}


def obedient(order: str) -> str:
    """Does as it is told; run in a worker. Answers the id of its process."""
    if order in ORDERS:
        ORDERS[order]()
    return str(os.getpid())


def unspeakable() -> object:
    """Answers what cannot be handed over to another process."""
    return lambda: None


def limits() -> tuple[int, int]:
    """The address space and the core files that a worker may have, in bytes."""
    return resource.getrlimit(resource.RLIMIT_AS)[0], resource.getrlimit(resource.RLIMIT_CORE)[0]


def joined(*parts: str, between: str) -> str:
    """Takes arguments of both kinds."""
    return between.join(parts)


@pytest.fixture(scope="module")
def workers():
    """Processes are dear: most tests of this module share one."""
    shared = Workers(WorkerLimits(workers=1, deadline=1, memory=MEMORY))
    yield shared
    asyncio.run(shared.close())


@pytest.mark.parametrize(
    ("order", "words"),
    [
        ("hang", "took longer than 1 seconds"),
        ("sleep through signals", "took longer than 1 seconds"),
        ("die", "died (exit code"),
        ("leave", "took longer than 1 seconds"),
        ("grow", "more memory than it may have"),
        ("recurse", "failed (RecursionError)"),
        ("raise", "failed (KeyError)"),
        ("raise its own", "failed (OwnError)"),
        ("exit", "failed (SystemExit)"),
    ],
)
async def test_a_worker_that_fails_makes_one_document_unreadable_and_the_pool_goes_on(workers, order, words):
    outcome = await workers.run(obedient, order)
    assert isinstance(outcome, Unreadable)
    assert words in outcome.reason
    assert outcome.reason.endswith(".")
    assert isinstance(await workers.run(obedient, "work"), str)


async def test_an_answer_that_cannot_be_handed_over_is_unreadable(workers):
    outcome = await workers.run(unspeakable)
    assert isinstance(outcome, Unreadable)
    assert isinstance(await workers.run(obedient, "work"), str)


async def test_arguments_arrive_as_they_were_given(workers):
    assert await workers.run(joined, "a", "북", between="-") == "a-북"


async def test_a_worker_is_confined_and_is_another_process(workers):
    assert await workers.run(limits) == (MEMORY, 0)
    assert await workers.run(obedient, "work") != str(os.getpid())


async def test_the_others_are_unharmed_while_one_hangs():
    async with Workers(WorkerLimits(workers=2, deadline=2)) as pool:
        orders = ["hang", "work", "die", "work", "work"]
        outcomes = await asyncio.gather(*(pool.run(obedient, order) for order in orders))
    assert [isinstance(o, Unreadable) for o in outcomes] == [True, False, True, False, False]


async def test_waiting_for_a_worker_does_not_count_against_the_deadline():
    async with Workers(WorkerLimits(workers=1, deadline=1)) as pool:
        hung, *others = await asyncio.gather(*(pool.run(obedient, order) for order in ["hang", "hang", "work"]))
    assert isinstance(hung, Unreadable)
    assert [isinstance(o, Unreadable) for o in others] == [True, False]


async def test_a_worker_is_renewed_after_its_share():
    async with Workers(WorkerLimits(workers=1, documents=2)) as pool:
        pids = [await pool.run(obedient, "work") for _ in range(5)]
    assert all(isinstance(pid, str) for pid in pids)
    assert len(set(pids)) == 3


async def test_feeds_are_read_by_the_same_reader_as_outside():
    async with Workers(WorkerLimits(workers=1)) as pool:
        english = await pool.run(read_feed, Document(ENGLISH, "https://watch.example/"), SOURCE)
        korean = await pool.run(read_feed, Document(KOREAN.format(encoding="utf-8").encode("euc-kr")), SOURCE)
    assert english == read_feed(Document(ENGLISH, "https://watch.example/"), SOURCE)
    assert isinstance(korean, Parsed)
    assert korean.entries[1].title == "강제송환을 멈추라"


async def test_articles_are_read_within_the_memory_of_a_worker():
    page = f"<html><head><title>Camps</title></head><body><article><p>{prose('x', 400)}</p></article></body></html>"
    async with Workers(WorkerLimits(workers=1)) as pool:
        article = await pool.run(read_article, Document(page.encode(), "https://watch.example/1"), SOURCE)
    assert isinstance(article, Article)
    assert article.text == prose("x", 400)


async def test_a_poll_that_is_given_up_kills_its_reading():
    async with Workers(WorkerLimits(workers=1, deadline=60)) as pool:
        await pool.run(obedient, "work")
        hung = asyncio.create_task(pool.run(obedient, "hang"))
        await asyncio.sleep(0.3)
        hung.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hung
        assert isinstance(await pool.run(obedient, "work"), str)


@pytest.mark.parametrize("busy", [False, True])
async def test_a_worker_that_the_system_kills_while_it_is_idle_is_replaced(busy):
    async with Workers(WorkerLimits(workers=2, deadline=3)) as pool:
        pids = {str(await pool.run(obedient, "work")) for _ in range(20)}
        others = [asyncio.create_task(pool.run(obedient, "nap")) for _ in range(busy)]
        await asyncio.sleep(0.3)
        for pid in pids:
            os.kill(int(pid), signal.SIGKILL)
        await asyncio.sleep(0.5)
        assert isinstance(await pool.run(obedient, "work"), str)
        for other in others:
            assert isinstance(await other, str | Unreadable)
        assert isinstance(await pool.run(obedient, "work"), str)
