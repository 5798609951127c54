"""The desk in a real browser with a virtual authenticator: the script, the keys, the screens, no help from anybody."""

import asyncio
import re
import socket
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from nkwatch.web.desk import create_desk
from nkwatch.web.desk.entry import MAILING
from nkwatch.web.server import listen, serve
from tests.web.authenticator import Post, at_the_desk
from tests.web.samples import confirmed, empty_newsroom, handed_over, rows, tell_samples
from tests.web.test_browser import SCREENS, looked_at, shifts

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]
AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
    "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@asynccontextmanager
async def desk(folder):
    """A newsroom with a held alert, the address of its desk, and the letters to its editors."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    config = at_the_desk(folder)
    place = config.desk.model_copy(update={"port": port, "url": f"http://localhost:{port}"})
    async with empty_newsroom(folder, config.model_copy(update={"desk": place})) as newsroom:
        await tell_samples(newsroom)
        await newsroom.publish()
        post = Post()
        object.__setattr__(newsroom.editors.enrol.post.pen, "relay", post)
        stop, listening = asyncio.Event(), asyncio.get_running_loop().create_future()
        task = asyncio.create_task(
            serve(create_desk(newsroom), listen(place.listen, port, "desk"), stop, listening.set_result)
        )
        try:
            await asyncio.wait_for(listening, 20)
            yield newsroom, place.url, post
        finally:
            stop.set()
            await task


async def with_authenticator(browser, **context):
    """A page in a browser of its own that has a place for passkeys, and what steers it."""
    page = await (await browser.new_context(**context)).new_page()
    steered = await page.context.new_cdp_session(page)
    await steered.send("WebAuthn.enable")
    made = await steered.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return page, steered, made["authenticatorId"]


def ruled(newsroom):
    """What editors ruled; what went out by rule has no editor."""
    return [r for r in rows(newsroom, "ruling") if r["editor"]]


async def press(page, name):
    async with page.expect_navigation():
        await page.get_by_role("button", name=name, exact=True).first.click()


async def enrol(page, newsroom, url):
    """Make a passkey by a link from the command line, and sign in with it."""
    editors = newsroom.editors.enrol
    await page.goto(await editors.link(editors.editor("Ann")))
    await press(page, "Go on")
    await page.locator("#label").fill("test device")
    await press(page, "Make the passkey")
    assert page.url == f"{url}/desk/sign-in?made"
    await press(page, "Sign in with your passkey")
    assert page.url == f"{url}/desk/"


async def test_an_editor_asks_by_mail_makes_a_passkey_and_releases_an_alert(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, post):
        page, *_ = await with_authenticator(browser)
        said, asked = [], []
        page.on("console", lambda message: said.append(message.text))
        page.on("request", lambda request: asked.append(request.url))
        await page.goto(f"{url}/desk/enrol")
        await page.locator("#who").fill("ann@inbox.example")
        await press(page, "Send me a link")
        await asyncio.gather(*(t for t in asyncio.all_tasks() if t.get_name() == MAILING))
        (mail,) = post.messages
        (link,) = re.findall(rb"/desk/enrol/\w+", mail.content.replace(b"=\r\n", b""))
        await page.goto(url + link.decode())
        await press(page, "Go on")
        await page.locator("#label").fill("my laptop")
        await press(page, "Make the passkey")
        await press(page, "Sign in with your passkey")
        await page.get_by_role("link", name=re.compile("alerts that wait")).click()
        await page.get_by_label("Why, for the record").fill("two calls")
        await press(page, "Release")
        assert "did=released" in page.url
        assert "Released" in await page.get_by_role("status").first.text_content()
        assert await page.get_by_text("No alert waits.").is_visible()
        assert said == []
        assert [a for a in asked if not a.startswith(url)] == []
        (ruling,) = ruled(newsroom)
        assert (ruling["kind"], ruling["editor"], ruling["note"]) == ("release", "Ann", "two calls")
        (row,) = [r for r in rows(newsroom, "audit") if r["act"] == "release"]
        assert '"alert":"held"' in row["before"]
        assert '"alert":"released"' in row["after"]
        assert "two calls" not in row["after"]
        assert (await newsroom.editors.audit.verify()).problems == ()


async def test_what_was_written_stays_when_the_key_is_not_touched(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, steered, device = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.goto(f"{url}/desk/queue")
        await page.get_by_text("Pin, or write a note").click()
        await page.locator("textarea[name=say-en]").fill("First line.\nSecond line.")
        await steered.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
        await page.get_by_role("button", name="Put it beside the story").click()
        await page.locator(".saying.wrong").wait_for()
        assert await page.locator("textarea[name=say-en]").input_value() == "First line.\nSecond line."
        await steered.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
        await press(page, "Put it beside the story")
        assert "did=note" in page.url
        (story,) = await newsroom.statements.held_alerts()
        assert story.marks.note.words == (("en", "First line.\nSecond line."),)
        assert story.marks.note.editor == "Ann"


async def test_an_editor_decides_with_single_keys(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.goto(f"{url}/desk/queue")
        await page.keyboard.press("?")
        assert await page.get_by_text("next, previous").is_visible()
        await page.keyboard.press("j")
        assert await page.evaluate("document.activeElement.matches('[data-item]')")
        await page.keyboard.press("o")
        assert await page.locator(".told.whole").first.is_visible()
        # in a field a letter is a letter
        await page.get_by_label("Why, for the record").focus()
        await page.keyboard.type("wrong")
        assert await page.get_by_label("Why, for the record").input_value() == "wrong"
        await page.keyboard.press("Escape")
        await page.evaluate("document.activeElement.blur()")
        async with page.expect_navigation():
            await page.keyboard.press("w")
        assert "did=withheld" in page.url
        (ruling,) = ruled(newsroom)
        assert (ruling["kind"], ruling["note"]) == ("withhold", "wrong")


async def test_single_keys_can_be_switched_off(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.goto(f"{url}/desk/queue")
        await page.keyboard.press("?")
        await page.get_by_label("Use single keys").uncheck()
        await page.reload()
        await page.keyboard.press("j")
        await page.keyboard.press("w")
        assert not await page.evaluate("document.activeElement.matches('[data-item]')")
        assert ruled(newsroom) == []


async def test_an_editor_decides_with_the_tab_key_and_enter(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.goto(f"{url}/desk/queue")
        for _step in range(40):
            await page.keyboard.press("Tab")
            if await page.evaluate("document.activeElement.dataset.act") == "withhold":
                break
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert "did=withheld" in page.url


async def test_without_the_script_everything_is_read_and_nothing_grave_is_done(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        cookies = await page.context.cookies()
        bare = await browser.new_context(java_script_enabled=False)
        await bare.add_cookies(cookies)
        page = await bare.new_page()
        for path in ("/desk/", "/desk/queue", "/desk/readings", "/desk/passkeys"):
            await page.goto(url + path)
            assert page.url == url + path
        await page.goto(f"{url}/desk/queue")
        await page.get_by_label("Why, for the record").fill("two calls")
        await press(page, "Release")
        assert await page.locator("h1").text_content() == "Confirm with your passkey"
        assert await page.locator("textarea[name=why]").input_value() == "two calls"
        assert ruled(newsroom) == []
        await page.goto(f"{url}/desk/readings")
        await press(page, "That is right")
        assert "did=corrected" in page.url
        await press(page, "Sign out")
        assert page.url == f"{url}/desk/sign-in"


async def test_where_the_script_came_late_the_next_page_asks_for_the_key(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.goto(f"{url}/desk/queue")
        await page.get_by_label("Why, for the record").fill("two calls")
        async with page.expect_navigation():
            await page.evaluate("document.querySelector('.because').submit()")
        assert await page.locator("h1").text_content() == "Confirm with your passkey"
        await press(page, "Confirm")
        assert "did=released" in page.url
        assert ruled(newsroom)[0]["note"] == "two calls"


async def test_who_follows_a_link_from_another_site_is_still_signed_in(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        other = f"http://127.0.0.1:{newsroom.config.desk.port}/webmail"
        await page.route(
            other, lambda route: route.fulfill(body=f'<a href="{url}/desk/queue">alert</a>', content_type="text/html")
        )
        await page.goto(other)
        await page.get_by_text("alert").click()
        await page.get_by_role("heading", name="Alerts that wait").wait_for()
        assert page.url == f"{url}/desk/queue"


async def test_another_site_cannot_post_to_the_desk_nor_frame_it(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        other = f"http://127.0.0.1:{newsroom.config.desk.port}/evil"
        body = f'<form method="post" action="{url}/desk/sign-out"><button>x</button></form><iframe src="{url}/desk/"></iframe>'
        await page.route(other, lambda route: route.fulfill(body=body, content_type="text/html"))
        await page.goto(other)
        framed = page.frames[1]
        assert "What waits" not in await framed.content()
        async with page.expect_navigation():
            await page.get_by_text("x", exact=True).click()
        assert "came from another site" in await page.content()
        await page.goto(f"{url}/desk/")
        assert page.url == f"{url}/desk/"


async def test_every_page_of_the_desk_fits_every_screen_and_axe_finds_nothing(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        page, *_ = await with_authenticator(browser)
        editors, wrong = newsroom.editors.enrol, []
        link = await editors.link(editors.editor("Ann"))
        doors = [f"{url}/desk/sign-in", f"{url}/desk/enrol", link, f"{url}/desk/enrol/dead"]
        wrong += await all_screens(page, doors)
        await enrol(page, newsroom, url)
        paths = (
            "/desk/",
            "/desk/queue",
            "/desk/readings",
            "/desk/passkeys",
            "/desk/nothing",
            "/desk/queue?did=released",
        )
        wrong += await all_screens(page, [url + path for path in paths])
    assert wrong == []


async def sent(newsroom):
    """The id of a story whose alert a reader has, and the number of an edition."""
    await confirmed(newsroom, alerts=True)
    (held,) = await newsroom.statements.held_alerts()
    await newsroom.rulings.release(held.id, "Ann")
    await newsroom.publish()
    assert await handed_over(newsroom)
    newsroom.clock.now += timedelta(days=1)
    assert (await newsroom.editions()).editions == 1
    return held.id, rows(newsroom, "edition")[0]["number"]


async def test_a_correction_is_said_in_the_browser_and_its_pages_fit_every_screen(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        story, number = await sent(newsroom)
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.get_by_role("link", name="Correct what was sent").click()
        await page.get_by_label("The number of an alert").fill(f"https://watch.example/stories/{story}")
        await press(page, "Go on")
        assert page.url == f"{url}/desk/corrections/stories/{story}"
        await page.get_by_role("button", name="Withdraw: all of it was wrong").click()
        assert "write what was wrong" in await page.locator(".saying.wrong").text_content()
        await page.locator("textarea[name=say-en]").fill("Nobody was returned.")
        await press(page, "Withdraw: all of it was wrong")
        assert "did=withdrawn" in page.url
        assert "on their way to 1 reader" in await page.get_by_role("status").first.text_content()
        await page.get_by_role("link", name=f"Digest {number}").click()
        await page.locator("textarea[name=say-en]").fill("One story was wrong.")
        await press(page, "Tell them")
        assert "did=corrected" in page.url
        paths = ("corrections", "corrections?of=none", f"corrections/stories/{story}", f"corrections/digests/{number}")
        paths = (*paths, "", f"corrections/stories/{story}?did=corrected&told=2&cancelled=1&lacking=1")
        assert await all_screens(page, [f"{url}/desk/{path}" for path in paths]) == []


async def all_screens(page, addresses):
    wrong = []
    for address in addresses:
        await page.goto(address)
        wrong += [(address, *shift) for shift in await shifts(page)]
        await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        for width, scheme, with_axe in SCREENS:
            wrong += [(address, width, scheme, fault) for fault in await looked_at(page, width, scheme, with_axe)]
    return wrong
