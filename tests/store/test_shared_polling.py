"""Two processes poll many sources on one host: politely together, and none twice."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest

from nkwatch.domain.outcome import Outcome, Unchanged
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.net import Limits, Web
from nkwatch.store.turns import TurnStore
from nkwatch.workflow.collect import Collect, Collected
from tests.edges.site import Reply, Site
from tests.making import source
from tests.store.conftest import Stores
from tests.workflow.fakes import FakeClock, Notices

PAUSE = 0.05


class Asks:
    """Asks for the address of a source, and finds nothing new."""

    def __init__(self, web: Web) -> None:
        self._web = web

    async def poll(self, source: Source, state: PollState) -> Outcome:
        await self._web.get(state.address(source))
        return Unchanged()


def web(site: Site, stores: Stores, owner: str) -> Web:
    among = TurnStore(stores.database, owner, timedelta(minutes=1))
    return Web("test", Limits(pause=PAUSE), allowed=frozenset({site.place}), among=among)


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


async def test_two_processes_ask_one_host_as_politely_as_one(opened: Callable[[], Stores], site: Site) -> None:
    sources = {n: source(n, url=site.serve(f"/{n}", Reply(b""))) for n in map(str, range(12))}
    both = []
    for owner in ("one", "other"):
        stores = opened()
        asks = web(site, stores, owner)
        await asks.open()
        both.append(
            (
                asks,
                Collect(
                    sources, stores.statements, Asks(asks), lambda *_: False, FakeClock(), Notices(), owner, at_once=4
                ),
            )
        )
    rounds = await asyncio.gather(*(collect() for _, collect in both))
    for asks, _ in both:
        await asks.close()
    assert sum(rounds, Collected()) == Collected(sources=12, unchanged=12)
    assert Counter(request.path for request in site.requests) == Counter(f"/{n}" for n in sources)
    assert all(later - earlier >= PAUSE for earlier, later in pairwise(site.arrivals))
    assert site.most_active == 1
