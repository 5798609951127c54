"""The site on a real socket, inside a running loop."""

import asyncio
import signal

import httpx
import pytest

from nkwatch.domain.problems import ConfigError
from nkwatch.web.app import create_app
from nkwatch.web.server import listen, serve


async def started(app, host="127.0.0.1", port=0):
    """The task that serves, the address, and the event that ends it."""
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, listen(host, port, "web"), stop, address.set_result))
    async with asyncio.timeout(20):
        await asyncio.wait([task, address], return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    return task, await address, stop


async def ended(task, stop):
    stop.set()
    async with asyncio.timeout(20):
        await task


async def test_it_tells_its_address_serves_and_ends_when_told(newsroom):
    handlers = [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)]
    task, address, stop = await started(create_app(newsroom))
    assert [signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)] == handlers
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        answer = await client.get("healthz")
        head = await client.head("")
    assert address.startswith("http://127.0.0.1:")
    assert not address.endswith(":0/")
    assert answer.json() == {"status": "ok"}
    assert "server" not in answer.headers
    assert (head.status_code, head.content) == (200, b"")
    await ended(task, stop)
    with pytest.raises(OSError, match=r"refused|failed"):
        await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)


async def test_it_ends_although_somebody_stays_connected(newsroom):
    task, address, stop = await started(create_app(newsroom))
    _reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(address).port)
    writer.write(b"POST /leave/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nList")
    await writer.drain()
    await ended(task, stop)
    writer.close()


async def test_a_port_that_is_taken_is_said_in_a_sentence(newsroom):
    app = create_app(newsroom)
    task, address, stop = await started(app)
    taken = httpx.URL(address).port
    with pytest.raises(ConfigError, match=f"cannot listen on 127.0.0.1, port {taken}"):
        await started(app, port=taken)
    await ended(task, stop)


async def test_no_address_of_a_page_is_logged(newsroom, capsys, caplog):
    task, address, stop = await started(create_app(newsroom))
    async with httpx.AsyncClient(base_url=address, trust_env=False) as client:
        await client.get("leave/1.secret.token.x")
        caplog.clear()  # httpx logs its own requests
        await client.post("leave/1.secret.token.x")
    logged = [r.getMessage() for r in caplog.records if not r.name.startswith("http")]
    await ended(task, stop)
    assert not any("secret" in line for line in logged)
    assert "secret" not in "".join(capsys.readouterr())
