"""The bell: a webhook and a command of the operator's own, on the loopback, and everything that can go wrong there."""

import asyncio
import json
import os
import stat
from pathlib import Path
from typing import Self

import pytest
from aiohttp import web

from nkwatch.domain.problems import ConfigError
from nkwatch.net.bell import Bell

TEXT = "Alert 7 has not left to 3 of its readers."


class Hook:
    """A server that keeps what it was told, and answers `status`."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.told: list[tuple[str, str, bytes]] = []
        self.hanging = False

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._answer)
        self._runner = web.AppRunner(app, handler_cancellation=True, shutdown_timeout=0.1)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()

    @property
    def url(self) -> str:
        return f"http://localhost:{self.port}/hook?key=1"

    async def _answer(self, request: web.Request) -> web.Response:
        self.told.append((request.method, request.path_qs, await request.read()))
        if self.hanging:
            await asyncio.sleep(60)
        return web.Response(status=self.status, headers={"Location": "/elsewhere"})


def script(folder: Path, text: str) -> tuple[str, ...]:
    path = folder / "ring.sh"
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return (str(path), "an argument")


async def test_the_webhook_gets_json_also_inside_the_operators_network() -> None:
    async with Hook() as hook:
        assert await Bell(hook.url)("alert late", TEXT, 7) == ""
    ((method, path, body),) = hook.told
    assert (method, path) == ("POST", "/hook?key=1")
    assert json.loads(body) == {"event": "alert late", "number": 7, "text": TEXT}


@pytest.mark.parametrize("status", [302, 307, 404, 500])
async def test_what_is_no_success_is_told_and_no_redirect_is_followed(status: int) -> None:
    async with Hook(status) as hook:
        assert await Bell(hook.url)("alert late", TEXT, 7) == f"The webhook at localhost answered {status}."
    assert len(hook.told) == 1


async def test_a_webhook_that_is_not_there_is_told() -> None:
    async with Hook() as hook:
        url = hook.url
    assert "could not be reached" in await Bell(url)("alert late", TEXT, 7)
    assert "failed" in await Bell("http://nowhere.invalid/")("alert late", TEXT, 7)


async def test_a_webhook_that_hangs_is_given_up() -> None:
    async with Hook() as hook:
        hook.hanging = True
        assert "within 0.2 seconds" in await Bell(hook.url, patience=0.2)("alert late", TEXT, 7)


async def test_the_command_gets_the_same_on_its_standard_input(tmp_path: Path) -> None:
    command = script(tmp_path, f'echo "$1" > {tmp_path}/told; cat >> {tmp_path}/told')
    assert await Bell(command=command)("bulletin missing", TEXT, 8) == ""
    argument, told = (tmp_path / "told").read_text().split("\n", 1)
    assert argument == "an argument"
    assert json.loads(told) == {"event": "bulletin missing", "number": 8, "text": TEXT}


async def test_a_command_that_does_not_read_what_it_is_told_has_worked_too() -> None:
    assert await Bell(command=("true",))("alert late", "x" * 200_000, 7) == ""


@pytest.mark.parametrize(
    ("command", "why"),
    [
        (("false",), "ended with 1"),
        (("/nowhere/ring",), "No such file"),
        (("/",), "denied"),
        (("a\0b",), "cannot be run"),
    ],
)
async def test_a_command_that_fails_is_told(command: tuple[str, ...], why: str) -> None:
    assert why in await Bell(command=command)("alert late", TEXT, 7)


async def test_a_command_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    command = script(tmp_path, f"sleep 60 & echo $! > {tmp_path}/child; wait")
    bell = Bell(command=command, patience=1)
    assert "took longer than 1 seconds" in await bell("alert late", TEXT, 7)
    child = int((tmp_path / "child").read_text())
    for _ in range(100):
        try:
            state = Path(f"/proc/{child}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            break
        if state == "Z":
            break
        await asyncio.sleep(0.02)
    else:
        os.kill(child, 9)
        pytest.fail("what the command started still runs")


async def test_one_way_is_enough_and_both_are_tried() -> None:
    async with Hook() as hook:
        assert await Bell(hook.url, ("false",))("alert late", TEXT, 7) == ""
        hook.status = 500
        assert await Bell(hook.url, ("true",))("alert late", TEXT, 7) == ""
        both = await Bell(hook.url, ("false",))("alert late", TEXT, 7)
    assert "answered 500" in both
    assert "ended with 1" in both
    assert len(hook.told) == 3


@pytest.mark.parametrize("webhook", ["http://[::1", "ftp://hooks.example/", "https://", "http://hooks.example:0/", "x"])
def test_a_webhook_that_is_no_address_is_told_at_once(webhook: str) -> None:
    with pytest.raises(ConfigError, match=r"watch\.webhook"):
        Bell(webhook)


async def test_a_bell_without_any_way_says_nothing() -> None:
    assert await Bell()("alert late", TEXT, 7) == ""
