"""The pages in a real browser: they fit, they can be read by everybody, and the buttons work."""

import asyncio
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from axe_playwright_python.base import AXE_SCRIPT

from nkwatch.web.app import create_app
from nkwatch.web.preview import write_overview
from nkwatch.web.server import listen, serve
from tests.web.samples import Box, confirmed, empty_newsroom, join, mailed, row, tell_samples
from tests.web.watched import watch_every_state

pytestmark = pytest.mark.asyncio(loop_scope="session")
#: Screens to look at, and whether axe-core runs there: once at each width and in each colour scheme.
SCREENS = [(320, "light", False), (320, "dark", True), (1280, "light", True), (1280, "dark", False)]
#: Screens for a page that stands in English beside it: what axe-core may find besides does not change with the screen.
TRANSLATED = [(320, "light", True), (320, "dark", False), (1280, "light", False), (1280, "dark", False)]


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(tmp_path):
    """A newsroom in which nothing has happened yet, in the loop of the browser."""
    async with empty_newsroom(tmp_path) as opened:
        yield opened


@asynccontextmanager
async def site(newsroom, box=None):
    """The address of the site on a socket of its own."""
    async with site_of(create_app(newsroom, mailbox=box)) as address:
        yield address


@asynccontextmanager
async def site_of(app):
    """The address of this application on a socket of its own."""
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(app, listen("127.0.0.1", 0, "web"), stop, address.set_result))
    try:
        yield (await asyncio.wait_for(address, 20)).rstrip("/")
    finally:
        stop.set()
        await task


@asynccontextmanager
async def busy_site(newsroom):
    """A site in full use: its address, and the path of every kind of page."""
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, "a@inbox.example")
    pending = await join(newsroom)
    box = Box(*await mailed(newsroom))
    told = max(await newsroom.statements.newest(90), key=lambda s: len(s.reports))
    with_html = next(n for n, raw in enumerate(box.messages, 1) if b"text/html" in raw)
    paths = [
        "/",
        f"/stories/{told.id}",
        "/sources",
        f"/confirm/{newsroom.keyring.token('confirm', pending)}",
        f"/confirm/{newsroom.keyring.token('confirm', reader)}",
        f"/leave/{newsroom.keyring.token('leave', reader)}",
        "/nothing",
        "/demo",
        f"/demo/mails/{with_html}",
        "/?lang=ko",
        "/demo?lang=ja",
        "/sources?lang=fr",
        "/check",
        "/check?lang=ko",
        "/check?lang=ja",
        "/check?lang=fr",
    ]
    async with site(newsroom, box) as address:
        yield address, paths


async def too_wide(page):
    return await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


async def faults(page):
    """What axe-core finds; mails in their sandbox run no scripts, so it cannot look into them."""
    options = {"resultTypes": ["violations"], "iframes": False, "preload": False}
    if not await page.evaluate("'axe' in window"):
        await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("options => axe.run(options).then(all => all.violations)", options)
    return [f"{v['id']}: {v['nodes'][0]['html']}" for v in found]


async def shifts(page):
    """What moved without anybody having touched the page, and by how much."""
    ask = """() => new Promise(done => new PerformanceObserver(list =>
      done(list.getEntries().map(e => [e.value, String(e.sources.map(s => s.node && s.node.nodeName))]))
    ).observe({type: "layout-shift", buffered: true}) || setTimeout(() => done([]), 50))"""
    return await page.evaluate(ask)


async def looked_at(page, width, scheme, with_axe):
    await page.set_viewport_size({"width": width, "height": 800})
    await page.emulate_media(color_scheme=scheme)
    found = await faults(page) if with_axe else []
    return [*found, *(["too wide"] if await too_wide(page) else [])]


@pytest.mark.timeout(300)
async def test_every_page_fits_every_screen_and_axe_finds_nothing(newsroom, browser):
    wrong, asked = [], []
    async with busy_site(newsroom) as (address, paths):
        page = await browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        for path in paths:
            await page.goto(address + path)
            wrong += [(path, *shift) for shift in await shifts(page)]
            for width, scheme, with_axe in TRANSLATED if "?lang=" in path else SCREENS:
                wrong += [(path, width, scheme, fault) for fault in await looked_at(page, width, scheme, with_axe)]
    assert wrong == []
    assert [url for url in asked if not url.startswith(address)] == []


async def test_the_sources_in_every_state_fit_every_screen_and_axe_finds_nothing(newsroom, browser):
    await watch_every_state(newsroom)
    wrong, drawn = [], set()
    async with site(newsroom) as address:
        page = await browser.new_page()
        for language in ("en", "ko", "ja", "fr"):
            await page.goto(f"{address}/sources?lang={language}")
            screens = SCREENS if language == "en" else TRANSLATED
            for width, scheme, with_axe in [*screens, (360, "light", False), (700, "dark", False)]:
                wrong += [(language, width, fault) for fault in await looked_at(page, width, scheme, with_axe)]
                drawn.add(await page.evaluate("document.querySelector('svg.strip').clientWidth >= 180"))
    assert wrong == []
    assert drawn == {True}


async def test_a_reader_confirms_and_leaves_with_the_keyboard_alone(newsroom, browser):
    reader = await join(newsroom)
    async with site(newsroom) as address:
        context = await browser.new_context(java_script_enabled=False)
        page = await context.new_page()
        for purpose, standing in (("confirm", "confirmed"), ("leave", "ended")):
            await page.goto(f"{address}/{purpose}/{newsroom.keyring.token(purpose, reader)}")
            await page.locator("main button").focus()
            async with page.expect_navigation():
                await page.keyboard.press("Enter")
            assert row(newsroom, reader)["standing"] == standing
        assert await page.locator("h1").text_content() == "You have left this list"
        assert await context.cookies() == []


async def test_the_first_tab_stop_leads_past_the_menu(newsroom, browser):
    async with site(newsroom) as address:
        page = await browser.new_page()
        await page.goto(address)
        await page.keyboard.press("Tab")
        assert await page.evaluate("document.activeElement.className") == "skip"
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"


async def test_the_written_overview_opens_without_a_server(newsroom, browser, tmp_path):
    await tell_samples(newsroom)
    await confirmed(newsroom, "a@inbox.example")
    await write_overview(newsroom, Box(*await mailed(newsroom)), tmp_path)
    page = await browser.new_page()
    complaints, asked = [], []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    await page.goto((tmp_path / "index.html").as_uri())
    await page.locator("section[aria-labelledby=mails] a").first.click()
    await page.wait_for_url("**/001.html")
    shown = page.frame_locator("iframe.mail").locator("h1")
    assert await shown.text_content()
    assert await page.evaluate("getComputedStyle(document.body).display") == "flex"
    assert (await faults(page), complaints) == ([], [])
    assert all(url.startswith(("file:", "about:")) for url in asked)
    # a frame in a process of its own is painted after the page has loaded: a picture taken then shows it white
    targets = await (await browser.new_browser_cdp_session()).send("Target.getTargets")
    assert "iframe" not in {target["type"] for target in targets["targetInfos"]}
