"""`nkwatch run`: ticks, stops in order, and begins again where it was."""

import asyncio
import signal
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest
from aiohttp import web
from tests.making import sign_up
from tests.story.commands import run
from tests.story.sink import open_sink

from nkwatch.domain.subscriber import Consent, Rhythm, Schedule
from nkwatch.workflow.deliver import Delivered

PUBLISHED = datetime(2026, 11, 20, 5, tzinfo=UTC)
FEED = """<?xml version="1.0"?><rss version="2.0"><channel><title>t</title><link>http://x/</link>
<item><title>Two North Koreans sent to a prison camp</title><link>http://{host}/1</link><guid>1</guid>
<pubDate>{date}</pubDate><description>Two escapees were sent to a political prison camp in North Korea.</description></item>
</channel></rss>"""

SOURCE = """
[[source]]
id = "{id}"
url = "http://{host}/{id}"
publisher = "{id}"
role = "statement"
scope = "nk-only"
languages = ["en"]
"""


@pytest.fixture
async def site():
    """Counts requests; `hanging` never answers, `broken` answers rubbish."""
    asked = Counter()

    async def answer(request: web.Request) -> web.Response:
        asked[request.path] += 1
        if request.path == "/hanging":
            await asyncio.sleep(60)
        if request.path == "/missing":
            raise web.HTTPNotFound
        text = (
            "<html><p>no feed"
            if request.path == "/broken"
            else FEED.format(host=request.host, date=format_datetime(PUBLISHED))
        )
        return web.Response(text="" if request.path == "/empty" else text, content_type="text/xml")

    app = web.Application()
    app.router.add_get("/{name}", answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"127.0.0.1:{runner.addresses[0][1]}", asked
    await runner.cleanup()


def sources(host: str, *ids: str) -> str:
    return "".join(SOURCE.format(id=i, host=host) for i in ids)


@pytest.mark.timeout(90)
async def test_it_stops_within_ten_seconds_and_a_restart_polls_nothing_early(installation, site):
    host, asked = site
    installation.write(port=2, allow=host, more=sources(host, "good", "hanging"))
    for _ in range(2):
        daemon = await installation.start("run", "--only", "collect,read,publish,recover")
        async with asyncio.timeout(20):
            while b"started" not in await daemon.stderr.readline():
                pass
            while asked["/good"] < 1:
                await asyncio.sleep(0.1)
        began = time.monotonic()
        daemon.send_signal(signal.SIGTERM)
        assert await daemon.wait() == 0
        # a promise of the design, with room for a slow machine
        assert time.monotonic() - began < 10
    assert asked["/good"] == 1


@pytest.mark.timeout(90)
async def test_what_is_wrong_with_one_source_is_told_and_harms_no_other(installation, site):
    host, _ = site
    more = sources(host, "good", "broken", "empty", "missing")
    installation.write(port=2, allow=host, more=more)
    code, told, notices = await run(installation, "poll", "--json")
    assert code == 0, "single failing sources do not change the exit code"
    assert '"sources": 4, "new": 1, "edited": 0, "unchanged": 0, "failed": 3' in told
    assert notices.count("It is asked again at") == 3
    assert "Traceback" not in notices
    for name in ("broken", "empty", "missing"):
        assert any(line.startswith(f"{name}: ") for line in notices.splitlines())
    code, told, _ = await run(installation, "poll", "--json")
    assert '"sources": 0' in told, "nothing is due yet"


@pytest.mark.timeout(90)
async def test_mail_that_waited_goes_out_when_the_relay_is_back(installation, site):
    host, _ = site
    begin = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    clock = {"now": begin}
    installation.write(port=2, allow=host, more=sources(host, "good"))
    async with installation.open(lambda: clock["now"]) as newsroom:
        await newsroom.collect()
        await newsroom.read()
        await newsroom.subscribe.join(
            sign_up("one@readers.example", Schedule(Rhythm.DAILY, hour=7)), Consent("test", begin)
        )
        clock["now"] = begin.replace(hour=7, minute=0)
        assert (await newsroom.publish()).deliveries == 1
        delivered = await newsroom.deliver()
        assert delivered == Delivered()
        assert await newsroom.outbox.counts() == {"pending": 1}, "a line that is down says nothing of a reader"
    async with open_sink() as sink:
        installation.write(port=sink.port, allow=host, more=sources(host, "good"))
        clock["now"] = begin.replace(hour=8)
        async with installation.open(lambda: clock["now"]) as newsroom:
            assert (await newsroom.deliver()).sent == 1
            assert (await newsroom.deliver()).sent == 0, "nothing is sent twice"
        assert sink.messages == 1


@pytest.mark.timeout(90)
async def test_a_wrong_template_is_one_line_and_the_digest_comes_when_it_is_mended(installation, site):
    host, _ = site
    begin = datetime(2026, 11, 20, 6, 30, tzinfo=UTC)
    clock = {"now": begin}
    template = installation.folder / "templates" / "mail" / "digest" / "body.txt"
    template.parent.mkdir(parents=True)
    template.write_text("{{ nosuch }}")
    async with open_sink() as sink:
        installation.write(port=sink.port, allow=host, more=sources(host, "good"))
        mine = 'templates = "templates"\n' + installation.settings.read_text()
        installation.settings.write_text(mine)
        async with installation.open(lambda: clock["now"]) as newsroom:
            await newsroom.collect()
            await newsroom.read()
            await newsroom.subscribe.join(
                sign_up("one@readers.example", Schedule(Rhythm.DAILY, hour=7)), Consent("test", begin)
            )
            clock["now"] = begin.replace(hour=7, minute=0)
            held_back = await newsroom.publish()
            assert (held_back.deliveries, held_back.failed) == (0, 1)
        clock["now"] = begin.replace(hour=8)
        template.write_text("{% if %}")
        code, told, said = await installation.run("publish")
        assert (code, told) == (2, "")
        assert "mail/digest/body.txt, line 1" in said
        assert "Traceback" not in said
        template.unlink()
        async with installation.open(lambda: clock["now"]) as newsroom:
            assert (await newsroom.publish()).deliveries == 1
            assert (await newsroom.deliver()).sent == 1
        assert sink.messages == 1
