"""The desk beside the site: on an address of its own, and only where it was switched on."""

import asyncio
import socket

import httpx
import pytest

from nkwatch.daemon import Daemon, standing
from nkwatch.domain.problems import ConfigError
from nkwatch.web.desk import create_desk
from tests.web.authenticator import at_the_desk
from tests.web.samples import empty_newsroom


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def placed(folder, **desk):
    """Settings with a site on any port, and a desk with these values."""
    config = at_the_desk(folder)
    port = desk.setdefault("port", free_port())
    own = config.desk.model_copy(update={"url": f"http://localhost:{port}"} | desk)
    return config.model_copy(update={"desk": own, "web": config.web.model_copy(update={"port": 0})})


async def got(address):
    async with httpx.AsyncClient() as client:
        for _ in range(100):
            try:
                return await client.get(address)
            except httpx.ConnectError:
                await asyncio.sleep(0.05)
    return None


async def test_the_daemon_serves_both_and_each_only_its_own(tmp_path):
    async with empty_newsroom(tmp_path, placed(tmp_path)) as newsroom:
        listening = asyncio.get_running_loop().create_future()
        daemon = Daemon(standing(newsroom), only=("web",), ready=listening.set_result)
        running = asyncio.create_task(daemon.run())
        site, desk = await listening, newsroom.config.desk.url
        try:
            assert (await got(f"{desk}/desk/sign-in")).status_code == 200
            assert (await got(f"{site}healthz")).status_code == 200
            assert (await got(f"{site}desk/sign-in")).status_code == 404
            assert (await got(f"{desk}/sources")).status_code == 404
            assert (await got(f"http://127.0.0.1:{newsroom.config.desk.port}/desk/sign-in")).status_code == 421
        finally:
            daemon.stop.set()
            await running


async def test_where_no_desk_was_asked_for_there_is_none(tmp_path):
    async with empty_newsroom(tmp_path, placed(tmp_path, enabled=False)) as newsroom:
        listening = asyncio.get_running_loop().create_future()
        daemon = Daemon(standing(newsroom), only=("web",), ready=listening.set_result)
        running = asyncio.create_task(daemon.run())
        await listening
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", newsroom.config.desk.port)) != 0
        daemon.stop.set()
        await running


async def test_a_desk_that_cannot_listen_says_so_and_the_site_ends_with_it(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        async with empty_newsroom(tmp_path, placed(tmp_path, port=taken.getsockname()[1])) as newsroom:
            with pytest.raises(ConfigError, match=r"desk: cannot listen on .*choose another in \[desk\]"):
                await asyncio.wait_for(Daemon(standing(newsroom), only=("web",)).run(), 30)


@pytest.mark.parametrize(("listen", "told"), [("127.0.0.1", False), ("0.0.0.0", True)])
async def test_a_desk_that_is_open_to_others_is_told_loudly(tmp_path, capsys, listen, told):
    async with empty_newsroom(tmp_path, placed(tmp_path, listen=listen)) as newsroom:
        create_desk(newsroom)
    said = capsys.readouterr()
    assert ("OPEN TO OTHER MACHINES" in said.out + said.err) is told


async def test_a_desk_without_editors_says_that_nobody_can_sign_in(tmp_path, capsys):
    config = placed(tmp_path).model_copy(update={"editor": ()})
    async with empty_newsroom(tmp_path, config) as newsroom:
        create_desk(newsroom)
    said = capsys.readouterr()
    assert "nobody can sign in" in said.out + said.err
