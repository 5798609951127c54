"""The copies of mails that may be passed on: nothing of a reader's own is in them, and no page lists them."""

import re

import pytest

from nkwatch.domain.subscriber import Format
from nkwatch.domain.wish import Follows, Wish
from tests.web.html import Page
from tests.web.samples import READER, SITE, confirmed, handed_over, join, link_in, rows, tell_samples

PHRASE = "a heron at the dam"
OWN = {"phrase": PHRASE, "wishes": (Wish(), Wish(follows=Follows(frozenset({"Tumen"}))))}


async def a_digest(newsroom, **chosen):
    """The digest that a reader got, and the path of its copy."""
    await tell_samples(newsroom)
    await confirmed(newsroom, **(OWN | {"alerts": False} | chosen))
    newsroom.clock.now = newsroom.clock.now.replace(hour=23)
    await newsroom.publish()
    (mail,) = await handed_over(newsroom)
    return mail, link_in(mail, "mails")


async def test_the_copy_of_a_digest_holds_its_stories_and_nothing_personal(newsroom, client):
    mail, path = await a_digest(newsroom)
    copy = await client.get(path)
    assert (copy.status_code, copy.headers["content-type"]) == (200, "text/html; charset=utf-8")
    titles = [h.text_content() for h in Page.of(mail.get_body(("html",)).get_content()).all("h2, h3")]
    assert titles
    shown = Page.of(copy.text)
    assert all(title in shown.text("body") for title in titles if "Tumen" in title)
    assert PHRASE in mail.get_body(("html",)).get_content()
    for personal in (PHRASE, READER, "/leave/", "/manage/", "/settings/", "/confirm/", "You follow"):
        assert personal not in copy.text
    ours = [href for href in shown.links() if href.startswith(SITE)]
    assert all(re.match(rf"{SITE}(/|/stories/.*|/sources|/subscribe)?$", href) for href in ours), ours


async def test_a_copy_may_use_its_own_styles_and_load_or_run_nothing(newsroom, client):
    _, path = await a_digest(newsroom)
    headers = (await client.get(path)).headers
    policy = set(headers["content-security-policy"].split("; "))
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "form-action 'none'", "frame-ancestors 'none'"} <= policy
    assert not [part for part in policy if "script" in part or "img" in part]
    assert (headers["x-robots-tag"], headers["referrer-policy"]) == ("noindex", "no-referrer")
    assert headers["cache-control"] == "private, max-age=300"
    assert "unsafe" not in (await client.get("/")).headers["content-security-policy"]


async def test_the_copy_of_a_text_mail_is_its_text_on_a_page_of_ours(newsroom, client):
    _, path = await a_digest(newsroom, format=Format.TEXT, language="ko")
    copy = await client.get(path)
    page = Page.of(copy.text)
    assert (page.language, copy.headers["x-robots-tag"]) == ("ko", "noindex")
    assert page.one("meta[name=robots]").get("content") == "noindex"
    assert "unsafe" not in copy.headers["content-security-policy"]
    assert "Tumen" in page.text("pre")
    for personal in (PHRASE, READER, "/leave/", "/manage/"):
        assert personal not in copy.text


async def test_readers_of_the_same_digest_share_one_copy(newsroom, client):
    await confirmed(newsroom, "b@inbox.example", alerts=False, phrase="another one")
    await tell_samples(newsroom)
    await confirmed(newsroom, alerts=False)
    newsroom.clock.now = newsroom.clock.now.replace(hour=23)
    await newsroom.publish()
    first, second = await handed_over(newsroom)
    assert link_in(first, "mails") == link_in(second, "mails")


async def test_a_letter_to_one_reader_has_no_copy(newsroom, client):
    await join(newsroom)
    reader = await confirmed(newsroom, "b@inbox.example")
    await newsroom.subscribe.ask_settings(reader)
    await newsroom.subscribe.ask_move(reader, "c@inbox.example")
    compositions = rows(newsroom, "composition")
    assert {c["kind"] for c in compositions} == {"confirmation", "settings", "move-old", "move-new"}
    for composition in compositions:
        assert (await client.get(f"/mails/{composition['id']}")).status_code == 404


@pytest.mark.parametrize("name", ["x", "0" * 64, "../settings", "%00", "'; --", "١", "a" * 5000])
async def test_what_is_no_copy_is_a_page_that_does_not_exist(newsroom, client, name):
    answer = await client.get(f"/mails/{name}")
    assert answer.status_code == 404
    assert "public" not in answer.headers["cache-control"]


async def test_no_page_lists_copies(newsroom, client):
    await a_digest(newsroom)
    for path in ("/", "/sources", "/mails", "/mails/", "/feed.atom"):
        assert "/mails/" not in (await client.get(path)).text
