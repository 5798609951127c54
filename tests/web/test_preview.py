"""The demo's pages: what was read, what was mailed; mounted only when asked."""

from email.message import EmailMessage

from sqlalchemy import update

from nkwatch.domain.subscriber import Format
from nkwatch.store import schema
from nkwatch.web.mails import STILL
from nkwatch.web.preview import write_overview
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import Box, confirmed, join, mailed, tell_samples

CALL = b"Subject: Alert waits\r\nMessage-ID: <held.3a8d@watch.example>\r\n\r\nLook.\r\n"


async def full_box(newsroom):
    await tell_samples(newsroom)
    await confirmed(newsroom, "a@inbox.example")
    await confirmed(newsroom, "b@inbox.example", format=Format.TEXT)
    await join(newsroom)
    return Box(*await mailed(newsroom), CALL)


def number_of(box, words):
    return next(n for n, raw in enumerate(box.messages, 1) if words in raw)


async def test_the_overview_tells_what_was_read_and_what_was_mailed(newsroom):
    box = await full_box(newsroom)
    async with visitor(newsroom, box) as client:
        page = Page.of((await client.get("/demo")).text)
    said = page.text()
    assert "Seven North Koreans held in Tumen face forced return within days" in said
    assert "Council votes to save Victorian pier after ten-year campaign" in said
    kinds = [cell.text_content() for cell in page.all('section[aria-labelledby="mails"] td[data-label="Kind"]')]
    assert len(kinds) == len(box.messages)
    assert {"alert", "confirmation"} <= set(kinds)
    assert all(kinds)
    assert page.one("nav.pages li:last-child a").get("aria-current") == "page"


async def test_every_mail_that_is_not_done_is_counted_as_waiting(newsroom):
    await join(newsroom)
    async with visitor(newsroom, Box()) as client:
        for state in ("pending", "leased", "deferred", "unknown"):
            change = update(schema.delivery).values(state=state)
            await newsroom.database.write(lambda c, change=change: c.execute(change))
            page = Page.of((await client.get("/demo")).text)
            assert waiting_in(page) == "1", state
        await newsroom.database.write(lambda c: c.execute(update(schema.delivery).values(state="refused")))
        assert waiting_in(Page.of((await client.get("/demo")).text)) == "0"


def waiting_in(page):
    return next(t.getnext().text_content() for t in page.all("dt") if t.text_content() == "mails waiting")


async def test_new_mails_appear_as_they_arrive(newsroom):
    box = Box()
    async with visitor(newsroom, box) as client:
        assert "No mail yet." in Page.of((await client.get("/demo")).text).text()
        assert (await client.get("/demo/mails/1")).status_code == 404
        box.messages += await mailed(newsroom)
        box.messages.append(b"Subject: hello\r\n\r\nworld\r\n")
        assert "hello" in Page.of((await client.get("/demo")).text).text()
        assert Page.of((await client.get("/demo/mails/1")).text).text("pre").startswith("world")


async def test_a_mail_is_shown_in_a_sandbox_that_can_load_and_run_nothing(newsroom):
    box = await full_box(newsroom)
    number = number_of(box, b"To: <a@inbox.example>")
    async with visitor(newsroom, box) as client:
        page = await client.get(f"/demo/mails/{number}")
        shown = await client.get(f"/demo/mails/{number}.html")
        saved = await client.get(f"/demo/mails/{number}.eml")
    frame = Page.of(page.text).one("iframe")
    assert (frame.get("sandbox"), frame.get("src")) == ("", f"/demo/mails/{number}.html")
    assert "frame-src 'self'" in page.headers["content-security-policy"]
    policy = set(shown.headers["content-security-policy"].split("; "))
    assert {"default-src 'none'", "style-src 'unsafe-inline'", "sandbox"} <= policy
    assert shown.text.endswith(STILL), "a link that is followed by mistake would put an error in its place"
    assert (saved.content, saved.headers["content-type"]) == (box.messages[number - 1], "message/rfc822")
    assert "attachment" in saved.headers["content-disposition"]


async def test_the_links_of_a_mail_can_be_tried_on_its_page(newsroom):
    box = await full_box(newsroom)
    number = number_of(box, b"Subject: Please confirm")
    async with visitor(newsroom, box) as client:
        page = Page.of((await client.get(f"/demo/mails/{number}")).text)
        (link,) = [a.get("href") for a in page.all(".paths a")]
        assert link.startswith("/confirm/1.")
        assert (await client.get(link)).status_code == 200


async def test_a_hostile_mail_cannot_break_out_of_its_page(newsroom):
    mail = EmailMessage()
    mail["Subject"] = "<script>alert(1)</script>"
    mail["X-Odd"] = '"><img src=x onerror=alert(1)>'
    mail.set_content("</pre><script>alert(2)</script> https://watch.example/leave/x\"onclick='")
    mail.add_alternative("<script>alert(3)</script>", subtype="html")
    async with visitor(newsroom, Box(bytes(mail))) as client:
        for path in ("/demo", "/demo/mails/1"):
            page = Page.of((await client.get(path)).text)
            assert not page.all("script, img, [onclick], [onerror]")
        assert (await client.get("/demo/mails/1.html")).headers["content-security-policy"].endswith("sandbox")


async def test_without_a_mailbox_there_is_no_demo(client):
    for path in ("/demo", "/demo/mails/1", "/demo/mails/1.eml"):
        assert (await client.get(path)).status_code == 404
    assert "/demo" not in (await client.get("/")).text


async def test_the_overview_can_be_written_to_a_folder_in_which_every_link_leads_somewhere(newsroom, tmp_path):
    box, out = await full_box(newsroom), tmp_path / "out" / "demo"
    await write_overview(newsroom, box, out)
    names = {path.name for path in out.iterdir()}
    assert {"index.html", "style.css", "001.eml", "001.html"} <= names
    assert len(names) == 2 + 2 * len(box.messages)
    assert (out / "001.eml").read_bytes() == box.messages[0]
    for path in out.glob("*.html"):
        page = Page.of(path.read_text("utf-8"))
        assert all(f.get("sandbox") == "allow-same-origin" for f in page.all("iframe"))
        assert all(f.get("srcdoc").endswith(STILL) for f in page.all("iframe"))
        links = [*page.links(), page.one("link[rel=stylesheet]").get("href")]
        assert all(link == "#main" or link in names for link in links), path
        assert not page.all("script")


async def test_writing_the_overview_twice_gives_the_same(newsroom, tmp_path):
    box = await full_box(newsroom)
    for _ in range(2):
        await write_overview(newsroom, box, tmp_path / "out")
    assert Page.of((tmp_path / "out" / "index.html").read_text("utf-8")).text("h1") == "From feed to inbox"
