"""The next digest as any kind of reader would get it, shown at the desk; nothing is written."""

from datetime import timedelta

import pytest

from nkwatch.web.desk.preview import MAIL_POLICY
from tests.web.authenticator import at_the_desk, browser, shown, signed_in
from tests.web.html import Page
from tests.web.samples import confirmed, dump, empty_newsroom, handed_over, tell_samples

PREVIEW, MAIL = "/desk/preview", "/desk/preview/mail"


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        await signed_in(newsroom, opened)
        await tell_samples(newsroom)
        newsroom.clock.now += timedelta(minutes=2)
        await opened.get("/desk/")  # that the session is in use is written once a minute
        yield opened


async def test_who_is_not_signed_in_is_sent_to_sign_in(newsroom):
    async with browser(newsroom) as stranger:
        for path in (PREVIEW, MAIL):
            answer = await stranger.get(path)
            assert (answer.status_code, answer.headers["location"]) == (303, "/desk/sign-in")
            assert "unsafe-inline" not in answer.headers["content-security-policy"]


async def test_the_form_stands_alone_before_anything_is_asked(client):
    page = await shown(client, PREVIEW)
    assert page.one("main form").get("method") == "get"
    assert {"rhythm", "language", "format", "country"} == {s.get("name") for s in page.all("main select")}
    assert not page.all("main pre, main section")
    assert [a.get("href") for a in page.all("nav a[aria-current=page]")] == [PREVIEW]


async def test_a_digest_is_shown_as_text_and_as_html_and_nothing_is_written(newsroom, client):
    before = dump(newsroom)
    page = await shown(client, f"{PREVIEW}?rhythm=weekly&language=en&format=html&country=")
    text = page.text("pre.mailtext")
    titles = [" ".join(s.lead.statement.title.split()) for s in await newsroom.statements.newest(20)]
    assert any(title in text for title in titles)
    link = page.one("main section a").get("href")
    answer = await client.get(link)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"] == MAIL_POLICY
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["cache-control"] == "no-store"
    assert "<script" not in answer.text
    assert any(title in " ".join(Page.of(answer.text).text("body").split()) for title in titles)
    assert dump(newsroom) == before


async def test_only_the_mail_may_have_styles_of_its_own(client):
    for path in (PREVIEW, f"{PREVIEW}?rhythm=weekly", "/desk/sources", "/desk/preview/mailx"):
        assert "unsafe-inline" not in (await client.get(path)).headers["content-security-policy"]


async def test_a_reader_of_text_alone_has_no_html(client):
    page = await shown(client, f"{PREVIEW}?rhythm=weekly&format=text")
    assert page.all("pre.mailtext")
    assert not page.all("main section a")
    answer = await client.get(f"{MAIL}?rhythm=weekly&format=text")
    assert answer.status_code == 404
    assert "unsafe-inline" not in answer.headers["content-security-policy"]


async def test_the_choice_is_kept_in_the_form_and_counts(client):
    asked = "rhythm=weekly&language=ko&themes=abduction&themes=refugees&country=CN&had=yes"
    page = await shown(client, f"{PREVIEW}?{asked}")
    chosen = {o.getparent().get("name"): o.get("value") for o in page.all("main option[selected]")}
    assert chosen == {"rhythm": "weekly", "language": "ko", "format": "html", "country": "CN"}
    ticked = {i.get("value") for i in page.all("main input[checked]")}
    known = {i.get("value") for i in page.all("main input[name=themes]")}
    assert ticked == ({"abduction", "refugees"} & known) | {"yes"}
    everything = await shown(client, f"{PREVIEW}?rhythm=weekly&language=ko")
    assert everything.one("#digest").get("lang") == "ko"
    assert everything.text("pre.mailtext") != (await shown(client, f"{PREVIEW}?rhythm=weekly")).text("pre.mailtext")


async def test_who_had_the_alerts_is_not_told_again(newsroom, client):
    await confirmed(newsroom)
    await newsroom.publish()
    for story in await newsroom.statements.held_alerts():
        await newsroom.rulings.release(story.id, "Ann")
    await newsroom.publish()
    await handed_over(newsroom)
    assert await newsroom.statements.sent_alerts()
    new, had = [
        (await shown(client, f"{PREVIEW}?rhythm=weekly{also}")).text("pre.mailtext") for also in ("", "&had=yes")
    ]
    assert new != had


@pytest.mark.parametrize("seconds", [0, 1, 30, 86_399])
async def test_a_window_that_has_just_closed_or_opened_is_no_failure(tmp_path, seconds):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as newsroom, browser(newsroom) as client:
        await tell_samples(newsroom)
        newsroom.clock.now += timedelta(seconds=seconds)
        await signed_in(newsroom, client)
        for rhythm in ("daily", "weekly", "monthly"):
            assert (await shown(client, f"{PREVIEW}?rhythm={rhythm}")).all("#digest")


async def test_where_nothing_is_for_such_a_reader_that_is_said(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as newsroom, browser(newsroom) as client:
        await signed_in(newsroom, client)
        assert "no mail would be sent" in (await shown(client, f"{PREVIEW}?rhythm=daily")).text()
        assert (await client.get(f"{MAIL}?rhythm=daily")).status_code == 404


@pytest.mark.parametrize(
    "asked", ["rhythm=none", "rhythm=%00", "rhythm=weekly&language=xx&format=x&country=%00&themes=%3Cb%3E&themes=%00"]
)
async def test_what_is_not_offered_is_as_if_it_were_not_given(client, asked):
    page = await shown(client, f"{PREVIEW}?{asked}")
    assert {o.get("value") for o in page.all("main option[selected]")} == {"weekly", "en", "html", ""}
    assert not page.all("main input[checked]")
