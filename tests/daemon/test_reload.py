"""`nkwatch run` takes up changed settings, keeps the old ones when the new are wrong, and tells systemd how it is."""

import asyncio
import signal
import socket

import httpx
import pytest

from tests.story.conftest import Installation


class Watched:
    """A daemon as a process, and what it says on standard error and to systemd."""

    def __init__(self, process, systemd):
        self.process, self.systemd, self.lines = process, systemd, []

    async def until(self, words):
        """Read the log until a line has these words; answers that line."""
        async with asyncio.timeout(30):
            while line := (await self.process.stderr.readline()).decode():
                self.lines.append(line)
                if words in line:
                    return line
        raise AssertionError("".join(self.lines))

    async def told(self, words):
        async with asyncio.timeout(30):
            while words not in (said := (await asyncio.get_running_loop().sock_recv(self.systemd, 4096)).decode()):
                pass
        return said


@pytest.fixture
async def daemon(tmp_path, monkeypatch):
    """Its settings and itself, at work, with a site on a free port."""
    installation = Installation(tmp_path)
    installation.write(port=2)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(f"{tmp_path}/notify")
        systemd.setblocking(False)
        monkeypatch.setenv("NOTIFY_SOCKET", f"{tmp_path}/notify")
        monkeypatch.setenv("WATCHDOG_USEC", "400000")
        process = await installation.start("run", "--only", "read,web")
        try:
            yield installation, Watched(process, systemd)
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()


async def test_settings_are_taken_up_at_the_same_door_and_wrong_ones_change_nothing(daemon):
    installation, running = daemon
    address = (await running.until("site")).rpartition("address=")[2].strip()
    await running.told("READY=1")
    await running.told("WATCHDOG=1")
    good = installation.settings.read_text()

    async def name():
        async with httpx.AsyncClient(trust_env=False) as client:
            return (await client.get(address)).text.partition("</title>")[0].rpartition("<title>")[2]

    before = await name()
    installation.settings.write_text(
        good.replace("[site]", '[site]\nname = "Border Watch"\nurll = 1').replace("[web]", "[web]\nport_ = 1")
    )
    running.process.send_signal(signal.SIGHUP)
    assert "MONOTONIC_USEC=" in await running.told("RELOADING=1")
    assert "old settings" in await running.told("READY=1")
    await running.until("urll")
    await running.until("port_")
    assert await name() == before

    installation.settings.write_text(good.replace("[site]", '[site]\nname = "Border Watch"'))
    running.process.send_signal(signal.SIGHUP)
    await running.until("reloaded")
    await running.told("READY=1")
    assert "Border Watch" in await name()
    assert "Border Watch" not in before

    running.process.send_signal(signal.SIGTERM)
    await running.told("STOPPING=1")
    assert await running.process.wait() == 0
    assert not any("Traceback" in line for line in running.lines)
