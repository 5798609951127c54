"""A reader's whole way in a real browser, with mails that a real SMTP server took: in, around, and out.

And what is left of it: nothing that names the reader or what they watch, in the database, its files or the log.
"""

import re
from contextlib import asynccontextmanager
from email import message_from_bytes
from email.policy import default

import pytest
from playwright.async_api import Page as Tab

from nkwatch.demo.mailbox import open_mailbox
from tests.web.samples import NOW, SITE, dump, rows, secluded_newsroom, settings, tell_samples
from tests.web.test_browser import SCREENS, looked_at, site

pytestmark = pytest.mark.asyncio(loop_scope="session")

READER, ELSEWHERE = "kestrel.reader@inbox.example", "kestrel.elsewhere@inbox.example"
PHRASE, WORD, CASE = "heron on the third stone", "zinnwaldite", "Kim Dong-chul"
#: What must never stand anywhere unsealed.
SECRETS = ("kestrel", "inbox.example", "heron on the", WORD, "Dong-chul", "dong chul")


@asynccontextmanager
async def service(folder):
    """A newsroom with the sample texts, whose relay is a mailbox on this machine."""
    async with open_mailbox() as mailbox:
        config = settings(folder)
        config = config.model_copy(update={"mail": config.mail.model_copy(update={"port": mailbox.port})})
        # what stands in its files is looked at
        async with secluded_newsroom(folder, config) as newsroom:
            await tell_samples(newsroom)
            yield newsroom, mailbox


class Journey:
    """A browser without scripts on the site, and the mails that came so far."""

    def __init__(self, newsroom, mailbox, address, page: Tab) -> None:
        self.newsroom, self.mailbox, self.address, self.page = newsroom, mailbox, address, page
        self.read = 0

    async def mails(self):
        """What has come since the last time, by recipient."""
        await self.newsroom.deliver()
        new = [message_from_bytes(m, policy=default) for m in self.mailbox.messages[self.read :]]
        self.read = len(self.mailbox.messages)
        return {m["To"].strip("<>"): m for m in new}

    async def follow(self, mail, place):
        """Open the page at `place` that a mail links to."""
        text = mail.get_body(("plain",)).get_content()
        path = re.search(rf"{re.escape(SITE)}(/{place}/\S+)", text)[1]
        await self.page.goto(self.address + path)

    async def press(self, name):
        async with self.page.expect_navigation():
            await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def click(self, name):
        async with self.page.expect_navigation():
            await self.page.get_by_role("link", name=name, exact=True).first.click()

    async def heading(self):
        return (await self.page.locator("h1").first.text_content()).strip()

    async def settings(self, mail):
        """From any mail to the settings: the link asks for another one, which is mailed."""
        await self.follow(mail, "manage")
        await self.press("Mail me a link to my settings")
        (answer,) = (await self.mails()).values()
        assert answer["Subject"] == "Your settings: mails from nkwatch"
        await self.follow(answer, "settings")
        return answer


@pytest.mark.timeout(240)
async def test_a_reader_comes_changes_everything_and_goes_without_a_trace(tmp_path, capfd, browser):
    async with service(tmp_path) as (newsroom, mailbox), site(newsroom) as address:
        context = await browser.new_context(java_script_enabled=False)
        journey = Journey(newsroom, mailbox, address, await context.new_page())
        await subscribes(journey)
        digest = await is_mailed(journey)
        await journey.settings(digest)
        await changes(journey)
        await pauses_and_goes_on(journey)
        await moves(journey)
        await exports(journey)
        everything = "\n".join(dump(newsroom)).lower()
        assert [s for s in SECRETS if s.lower() in everything] == []
        await erases(journey)
        assert await context.cookies() == []
        reader = rows(newsroom, "subscriber")
    assert reader == []
    files = b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).lower()
    told = "".join(capfd.readouterr()).lower()
    assert [s for s in SECRETS if s.lower().encode() in files or s.lower() in told] == []


async def subscribes(journey):
    page = journey.page
    await page.goto(f"{journey.address}/")
    await journey.click("Subscribe")
    await page.locator("#wish0-words").fill(WORD)
    await page.locator("#wish0-cases").fill(CASE)
    await page.get_by_label("Your phrase").fill(PHRASE)
    await page.get_by_label("Your mail address").fill(READER)
    await page.locator('input[name="rhythm"][value="daily"]').check()
    await journey.press("Show what this brings")
    assert rows(journey.newsroom, "subscriber") == []
    await journey.press("Subscribe")
    assert journey.mailbox.messages == []
    (mail,) = (await journey.mails()).values()
    assert WORD not in mail.as_string()
    await journey.follow(mail, "confirm")
    assert rows(journey.newsroom, "subscriber")[0]["standing"] == "pending"
    await journey.press("Yes, send me these mails")
    assert await journey.heading() == "Confirmed. Thank you."


async def is_mailed(journey):
    journey.newsroom.clock.now = NOW.replace(day=24, hour=8)
    await journey.newsroom.publish()
    mails = [m for m in (await journey.mails()).values() if m["List-Id"] and "digests" in m["List-Id"]]
    (digest,) = mails
    assert PHRASE in digest.get_body(("plain",)).get_content()
    await journey.follow(digest, "mails")
    copied = await journey.page.content()
    assert [s for s in (*SECRETS, PHRASE) if s.lower() in copied.lower()] == []
    return digest


async def changes(journey):
    await journey.click("Change what you get")
    await journey.page.locator('input[name="rhythm"][value="weekly"]').check()
    await journey.press("Show what this brings")
    await journey.press("Save")
    assert "every week" in await journey.page.locator("main").text_content()
    assert rows(journey.newsroom, "subscriber")[0]["rhythm"] == "weekly"


async def pauses_and_goes_on(journey):
    await journey.click("Pause until a day of your choice")
    await journey.page.locator("#until").fill("2026-12-24")
    await journey.press("Pause")
    assert rows(journey.newsroom, "subscriber")[0]["paused_until"] is not None
    await journey.press("Go on now")
    assert rows(journey.newsroom, "subscriber")[0]["paused_until"] is None


async def moves(journey):
    await journey.click("Change your address")
    await journey.page.locator("#address").fill(ELSEWHERE)
    await journey.press("Send both mails")
    mails = await journey.mails()
    assert set(mails) == {READER, ELSEWHERE}
    assert PHRASE not in mails[ELSEWHERE].as_string()
    before = rows(journey.newsroom, "subscriber")[0]["address_key"]
    for mailed_to, place in ((READER, "move/old"), (ELSEWHERE, "move/new")):
        await journey.follow(mails[mailed_to], place)
        await journey.press("Yes, change the address")
    assert rows(journey.newsroom, "subscriber")[0]["address_key"] != before


async def exports(journey):
    journey.newsroom.clock.now = NOW.replace(day=24, hour=9)
    (subscriber,) = rows(journey.newsroom, "subscriber")
    token = journey.newsroom.keyring.token("manage", subscriber["id"])
    await journey.page.goto(f"{journey.address}/manage/{token}")
    await journey.press("Mail me a link to my settings")
    mails = await journey.mails()
    assert list(mails) == [ELSEWHERE]
    await journey.follow(mails[ELSEWHERE], "settings")
    async with journey.page.expect_download() as download:
        await journey.page.get_by_role("link", name="Save everything that we keep of you").click()
    saved = (await (await download.value).path()).read_text("utf-8")
    assert all(s in saved for s in (ELSEWHERE, PHRASE, WORD, CASE))


async def erases(journey):
    link = journey.page.url
    await journey.click("Erase everything that we keep of you")
    await journey.press("Erase everything")
    assert rows(journey.newsroom, "delivery") == []
    assert [r["reason"] for r in rows(journey.newsroom, "suppression")] == ["erased"]
    await journey.page.goto(link)
    assert "does not work" in await journey.heading()


@pytest.mark.timeout(240)
async def test_the_pages_of_a_reader_fit_every_screen_and_axe_finds_nothing(tmp_path, browser):
    wrong = []
    async with service(tmp_path) as (newsroom, mailbox), site(newsroom) as address:
        context = await browser.new_context(java_script_enabled=True)
        page = await context.new_page()
        journey = Journey(newsroom, mailbox, address, page)

        async def look(name):
            for width, scheme, with_axe in SCREENS:
                found = await looked_at(page, width, scheme, with_axe)
                wrong.extend((name, width, scheme, fault) for fault in found)

        await page.goto(f"{address}/subscribe?lang=ko")
        await look("subscribe ko")
        await page.goto(f"{address}/subscribe")
        await look("subscribe")
        await journey.press("Show what this brings")
        await look("subscribe with a problem")
        await page.get_by_label("Your mail address").fill(READER)
        await journey.press("Show what this brings")
        await look("forecast")
        await journey.press("Subscribe")
        await look("asked")
        (mail,) = (await journey.mails()).values()
        await journey.follow(mail, "confirm")
        await look("confirm")
        await journey.press("Yes, send me these mails")
        (subscriber,) = rows(newsroom, "subscriber")
        newsroom.clock.now = NOW.replace(day=30, hour=8)
        await newsroom.publish()
        for name in ("manage", "settings", "settings/pause", "settings/address", "settings/erase", "settings/choice"):
            purpose, _, sub = name.partition("/")
            token = newsroom.keyring.token(purpose, subscriber["id"])
            await page.goto(f"{address}/{purpose}/{token}{'/' + sub if sub else ''}")
            await look(name)
        digest = [m for m in (await journey.mails()).values() if m["List-Id"]][-1]
        await journey.follow(digest, "mails")
        await look("copy")
    assert wrong == []
