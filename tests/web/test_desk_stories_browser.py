"""Merging and splitting in a real browser, by the keyboard alone and on every screen."""

import pytest

from tests.web.samples import rows
from tests.web.test_desk_browser import all_screens, desk, enrol, press, with_authenticator

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]


async def test_stories_are_merged_and_split_by_the_keyboard_and_their_pages_fit_every_screen(tmp_path, browser):
    async with desk(tmp_path) as (newsroom, url, _):
        one, other = [s.id for s in await newsroom.statements.newest(99) if len(s.reports) == 1][:2]
        page, *_ = await with_authenticator(browser)
        await enrol(page, newsroom, url)
        await page.get_by_role("link", name="Stories").click()
        await page.get_by_label("The id of a story").fill(f"https://watch.example/stories/{one}")
        await page.keyboard.press("Enter")
        await page.wait_for_url(f"{url}/desk/stories/{one}")
        # the last field of a form sends it
        await page.locator("#other").fill(other)
        await page.locator("#other").press("Enter")
        await page.wait_for_url(f"{url}/desk/stories/{one}?did=merged")
        assert [r["into_id"] for r in rows(newsroom, "merged")] == [one]
        wrong = await all_screens(page, [f"{url}/desk/stories", f"{url}/desk/stories/{one}?did=held"])
        await page.goto(f"{url}/desk/stories/{one}")
        await page.locator(f"input[value='{other}']").focus()
        await page.keyboard.press("Space")
        await press(page, "Split off what is ticked")
        assert page.url == f"{url}/desk/stories/{other}?did=split"
        assert rows(newsroom, "merged") == []
    assert wrong == []
