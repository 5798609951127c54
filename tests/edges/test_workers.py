"""Parsing in processes that can be killed: what hangs, dies or grows harms nobody else."""

import asyncio
import gc
import os
import signal
from itertools import count

import pytest

from nkwatch.domain.source import Source
from nkwatch.domain.statement import Entry
from nkwatch.feeds.documents import Document, Unreadable
from nkwatch.feeds.workers import WorkerLimits, Workers
from tests.edges.samples import ENGLISH, KOREAN

SOURCE = Source(id="s", url="https://feed.example/", publisher="S")


def obedient(document: Document, _source: Source) -> tuple[Entry, ...] | Unreadable:
    """Does what the document says; run in a worker."""
    match document.body:
        case b"hang":
            gc.disable()
            for _ in count():
                pass
        case b"die":
            os.kill(os.getpid(), signal.SIGKILL)
        case b"grow":
            bytearray(2_000_000_000)
        case b"raise":
            raise KeyError("北")
    return (Entry(title=str(os.getpid())),)


@pytest.fixture(scope="module")
def workers():
    shared = Workers(WorkerLimits(workers=1, deadline=1), reader=obedient)
    yield shared
    asyncio.run(shared.close())


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"hang", "took longer than 1 seconds"),
        (b"die", "died (exit code"),
        (b"grow", "more memory than it may have"),
        (b"raise", "failed (KeyError)"),
    ],
)
async def test_a_worker_that_fails_makes_one_document_unreadable_and_the_pool_goes_on(workers, body, words):
    outcome = await workers.parse(Document(body), SOURCE)
    assert isinstance(outcome, Unreadable)
    assert words in outcome.reason
    assert isinstance(await workers.parse(Document(b"work"), SOURCE), tuple)


async def test_the_others_are_unharmed_while_one_hangs():
    async with Workers(WorkerLimits(workers=2, deadline=2), reader=obedient) as pool:
        bodies = [b"hang", b"work", b"die", b"work", b"work"]
        outcomes = await asyncio.gather(*(pool.parse(Document(b), SOURCE) for b in bodies))
    assert [isinstance(o, Unreadable) for o in outcomes] == [True, False, True, False, False]


async def test_a_worker_is_renewed_after_its_share():
    async with Workers(WorkerLimits(workers=1, documents=2), reader=obedient) as pool:
        outcomes = [await pool.parse(Document(b"work"), SOURCE) for _ in range(5)]
    pids = [o[0].title for o in outcomes if isinstance(o, tuple)]
    assert len(pids) == 5
    assert len(set(pids)) == 3


async def test_feeds_are_read_by_the_same_reader_as_outside():
    async with Workers(WorkerLimits(workers=1)) as pool:
        english = await pool.parse(Document(ENGLISH, "https://watch.example/"), SOURCE)
        korean = await pool.parse(Document(KOREAN.format(encoding="utf-8").encode("euc-kr")), SOURCE)
    assert isinstance(english, tuple)
    assert isinstance(korean, tuple)
    assert korean[1].title == "강제송환을 멈추라"


async def test_a_poll_that_is_given_up_kills_its_parse():
    async with Workers(WorkerLimits(workers=1, deadline=60), reader=obedient) as pool:
        await pool.parse(Document(b"work"), SOURCE)
        hung = asyncio.create_task(pool.parse(Document(b"hang"), SOURCE))
        await asyncio.sleep(0.3)
        hung.cancel()
        with pytest.raises(asyncio.CancelledError):
            await hung
        assert isinstance(await pool.parse(Document(b"work"), SOURCE), tuple)
