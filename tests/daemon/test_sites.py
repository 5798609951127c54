"""Sites on sockets that outlive them."""

import asyncio
from dataclasses import dataclass
from functools import partial

import httpx
import pytest
from fastapi import FastAPI

from nkwatch.daemon.lasting import Lasting
from nkwatch.daemon.sites import Doors, Site
from nkwatch.domain.problems import ConfigError
from tests.workflow.fakes import FakeClock


def application(says):
    app = FastAPI(openapi_url=None)

    async def answer() -> str:
        return says

    app.add_api_route("/", answer)
    return app


@dataclass
class Told:
    """What was told of the site's address."""

    addresses: list
    first: asyncio.Event

    def __call__(self, address):
        self.addresses.append(address)
        self.first.set()


def site(says="hello"):
    return Site("web", application(says), "127.0.0.1", 0, Told([], asyncio.Event()))


async def said(address):
    async with httpx.AsyncClient(trust_env=False) as client:
        return (await client.get(address)).json()


async def served(doors, one):
    lasting = Lasting({}, FakeClock())
    lasting.begin("web", partial(one.serve, doors, lasting.stop), obeys=True)
    async with asyncio.timeout(20):
        await one.ready.first.wait()
    return lasting


async def test_a_change_of_shift_turns_nobody_away():
    doors, first, second = Doors(), site("first"), site("second")
    doors.open([first])
    serving = await served(doors, first)
    [address] = first.ready.addresses
    assert await said(address) == "first"
    doors.open([second])
    await serving.end()
    waiting = asyncio.create_task(said(address))
    await asyncio.sleep(0.05)
    assert not waiting.done(), "nobody serves now, and the door stays open"
    serving = await served(doors, second)
    assert await waiting == "second"
    assert second.ready.addresses == [address]
    await serving.end()
    doors.keep([])
    with pytest.raises(httpx.ConnectError):
        await said(address)


async def test_where_nobody_can_listen_is_said_before_anything_begins():
    doors, other, one = Doors(), Doors(), site()
    doors.open([one])
    with doors.of(one) as door:
        port = door.getsockname()[1]
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {port}"):
        other.open([Site("web", one.app, "127.0.0.1", port, one.ready)])
    doors.keep([])
