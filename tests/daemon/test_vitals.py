"""A process without pages tells how it is, too."""

import asyncio
import socket

import httpx

from nkwatch.daemon import Daemon, standing
from tests.web.samples import empty_newsroom


async def test_a_process_that_only_delivers_tells_its_health_and_counts_its_rounds(tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with empty_newsroom(tmp_path) as newsroom:
        daemon = Daemon(standing(newsroom), only=("deliver",), vitals=port)
        running = asyncio.create_task(daemon.run())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            async with asyncio.timeout(20):
                while not (await answered(client, "/readyz")).get("ok"):
                    await asyncio.sleep(0.05)
            health, counted = await client.get("/healthz"), await client.get("/metrics")
        daemon.stop.set()
        await running
    assert health.json() == {"ok": True, "late": []}
    assert 'nkwatch_deliveries_total{lane="bulk",outcome="sent"} 0.0' in counted.text
    assert 'part="deliver.urgent"' in counted.text
    assert 'part="collect"' not in counted.text


async def answered(client, path):
    try:
        return (await client.get(path)).json()
    except httpx.ConnectError:
        return {}
