"""The page that helps to check a mail: only a signature makes it ours, and nothing of it is kept."""

import asyncio
import itertools
import os
import re
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from fastapi import FastAPI
from fastapi.responses import PlainTextResponse
from starlette.exceptions import HTTPException

from nkwatch.catalogue.locales import load_locales
from nkwatch.config import Config
from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import Message, Sent
from nkwatch.domain.posture import Absent, Unreached
from nkwatch.feeds.workers import Workers, attempted
from nkwatch.mail.dkim_keys import load_key, new_key, write_key
from nkwatch.mail.signing import DkimSigner
from nkwatch.web.check import LARGEST_MAIL, MOST_WAITING, UPLOADS, Check
from nkwatch.web.pages import Pages
from nkwatch.web.problems import problem_of
from nkwatch.web.server import serve
from tests.making import NOW
from tests.store.conftest import open_stores
from tests.store.people import claim, confirmed, pending, record, send
from tests.web.html import Page
from tests.web.samples import SITE, Clock
from tests.web.test_browser import SCREENS, browser
from tests.web.test_browser import pytestmark as in_a_browser

MAIL = """\
From: Watch <{sender}>
To: <reader@inbox.example>
Subject: {subject}
Date: Mon, 03 Nov 2025 07:00:00 +0000
Message-ID: <1@watch.example>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

text
{lines}
"""
READER = "reader@inbox.example"


def mail(subject="Seven held", lines="No. 1", sender="digest@watch.example"):
    return MAIL.format(subject=subject, lines=lines, sender=sender).replace("\n", "\r\n").encode()


class Here:
    """Workers without processes."""

    def __init__(self):
        self.gate = None

    async def run(self, function, *args, **kwargs):
        if self.gate:
            await self.gate.wait()
        return attempted(lambda: function(*args, **kwargs))


class Dns:
    def __init__(self):
        self.answer, self.asked = Absent(), []

    async def txt(self, name):
        self.asked.append(name)
        return self.answer


class Site:
    """The page alone, over a database of its own."""

    def __init__(self, folder, workers=None):
        write_key(folder / "dkim.pem", new_key("rsa"))
        self.key = load_key("watch.example", "s1", folder / "dkim.pem", "rsa")
        self.config = Config.model_validate({
            "site": {"url": SITE, "contact": "editors@watch.example"},
            "mail": {"host": "127.0.0.1", "port": 9, "security": "none", "sender": "digest@watch.example"},
            "database": f"sqlite:///{folder / 'nkwatch.db'}",
            "dkim": {"domain": "watch.example", "selector": "s1", "key": folder / "dkim.pem"},
        })  # fmt: skip
        self.stores = open_stores(self.config.database)
        self.stores.database.prepare()
        self.names, self.workers, self.clock = Dns(), workers or Here(), Clock()
        newsroom = SimpleNamespace(
            config=self.config, clock=self.clock, translations=load_locales(), workers=self.workers,
            database=self.stores.database, outbox=self.stores.outbox, subscribers=self.stores.subscribers,
        )  # fmt: skip
        pages = Pages(newsroom)
        self.app = FastAPI()
        self.app.include_router(Check(newsroom, pages, self.names).routes())
        self.app.add_api_route("/style.css", lambda: PlainTextResponse(pages.style, media_type="text/css"))

        async def tell(request, error):
            return pages.problem(request, problem_of(error.status_code))

        self.app.add_exception_handler(HTTPException, tell)

    async def alert(self, subject="Seven held", kind=BulletinKind.ALERT):
        """An alert or digest that was sent."""
        await send(self.stores, await confirmed(self.stores, READER), subject, kind)
        found = await claim(self.stores)
        await record(self.stores, [(c.delivery, Sent("250 taken")) for c in found])
        return found[0]

    async def signed(self, content):
        [message] = await DkimSigner((self.key,), processes=0).signed([Message("b@watch.example", READER, content)])
        return message.content

    def visitor(self, host="192.0.2.1"):
        return httpx.AsyncClient(transport=httpx.ASGITransport(self.app, client=(host, 1)), base_url=SITE)

    async def checked(self, raw, **more):
        """The page that answers a file."""
        async with self.visitor() as client:
            return await client.post("/check", files={"mail": ("mail.eml", raw, "message/rfc822")}, **more)

    async def heading(self, raw):
        answer = await self.checked(raw)
        assert answer.status_code == 200
        return Page.of(answer.text).text("h1")


@asynccontextmanager
async def open_site(folder, workers=None):
    site = Site(folder, workers)
    try:
        yield site
    finally:
        site.stores.database.close()


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path) as opened:
        yield opened


OURS, ALTERED, NOT_OURS = "This mail is ours", "We cannot say that this mail is ours", "This mail is not ours"


# A file


async def test_a_mail_that_we_signed_is_ours(site):
    found = await site.alert()
    answer = await site.checked(await site.signed(mail(lines=f"{SITE}/mails/{found.composition_id}")))
    page = Page.of(answer.text)
    assert page.text("h1") == OURS
    assert "Seven held" in page.text("main")
    assert f"/mails/{found.composition_id}" in page.links()
    assert "differ" not in answer.text
    assert answer.headers["content-language"] == "en"


@pytest.mark.parametrize("lines", ["No. {number}", SITE + "/mails/{copy}"])
async def test_a_right_number_or_link_does_not_make_a_mail_ours(site, lines):
    found = await site.alert()
    lines = lines.format(number=found.number, copy=found.composition_id)
    answer = await site.checked(mail("Open this now", lines + "\nhttps://evil.example/login"))
    page = Page.of(answer.text)
    assert page.text("h1") == NOT_OURS
    assert "Seven held" in page.text("main")
    assert "https://evil.example/login" not in page.links()
    if "/mails/" in lines:
        assert "another" in page.text("main")
        assert page.text("main").count("evil.example") == 1


async def test_a_changed_mail_one_of_another_sender_and_one_without_a_key_are_told_apart(site):
    raw = await site.signed(mail())
    assert await site.heading(raw.replace(b"No. 1", b"No. 2")) == ALTERED
    other = await site.signed(mail(sender="someone@watch.example"))
    assert await site.heading(other) == "This mail is none of our bulletins"
    unsigned = raw.replace(b"d=watch.example", b"d=evil.example")
    assert await site.heading(unsigned) == NOT_OURS


async def test_a_key_that_does_not_answer_is_no_verdict(tmp_path):
    async with open_site(tmp_path) as site:
        site.names.answer = Unreached("No name server answered in time.")
        raw = (await site.signed(mail())).replace(b" s=s1;", b" s=old;")
        # the domain of this service is reserved: nobody is asked, and no key means no proof
        assert await site.heading(raw) == ALTERED
        assert site.names.asked == []


@pytest.mark.parametrize("raw", [b"\0\xff" * 100, b"hello", b"From: " + b"(" * 10_000, b"%PDF-1.4 \r\r\r"])
async def test_anything_else_is_not_ours(site, raw):
    assert await site.heading(raw) in {NOT_OURS, "This file cannot be read as a mail"}


async def test_what_a_mail_says_is_shown_as_text_only(site):
    found = await site.alert("<b>Seven</b> & held")
    answer = await site.checked(
        mail("<script>alert(1)</script>", f"{SITE}/mails/{found.composition_id}\nhttps://<i>.example/")
    )
    assert "<script>alert" not in answer.text
    assert "<b>Seven" not in answer.text
    assert "&lt;b&gt;Seven" in answer.text


async def test_no_file_is_told_beside_the_field(site):
    for raw in (b"", b" \r\n"):
        page = Page.of((await site.checked(raw)).text)
        field = page.one("input[name=mail]")
        assert field.get("aria-invalid") == "true"
        assert "choose the file" in page.text(f"#{field.get('aria-describedby')}")


async def test_a_file_that_is_too_large_is_refused(site):
    assert (await site.checked(b"x" * (LARGEST_MAIL + 1))).status_code == 413
    assert (await site.checked(b"x" * LARGEST_MAIL)).status_code == 200


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/x-www-form-urlencoded", b"mail=x"),
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=b", b"no form"),
        ("multipart/form-data; boundary=b; charset=idna", b'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\ny\r\n--b--\r\n'),
        ("multipart/form-data; boundary=b", b'--b\r\nContent-Disposition: form-data; name="mail"\r\n\r\ny\r\n--b--\r\n'),
        ("text/plain", b""),
    ],
)  # fmt: skip
async def test_what_is_no_form_of_ours_is_a_page_that_says_so(site, kind, body):
    async with site.visitor() as client:
        answer = await client.post("/check", content=body, headers={"Content-Type": kind})
    assert answer.status_code in {200, 400}
    assert Page.of(answer.text).text("h1") not in {OURS, ALTERED}


async def test_nothing_of_a_file_is_kept(site, tmp_path, capsys, caplog):
    await site.checked(await site.signed(mail("heron on the third stone")))
    kept = b"".join(p.read_bytes() for p in tmp_path.iterdir() if p.suffix != ".pem")
    assert b"heron" not in kept
    told = capsys.readouterr()
    assert "heron" not in told.out + told.err + caplog.text


async def test_one_network_sends_so_many_files_in_an_hour(site):
    async with site.visitor() as client:
        for _ in range(UPLOADS):
            assert (await client.post("/check", files={"mail": b"x"})).status_code == 200
        assert (await client.post("/check", files={"mail": b"x"})).status_code == 429
    async with site.visitor("203.0.113.9") as other:
        assert (await other.post("/check", files={"mail": b"x"})).status_code == 200


async def test_files_wait_for_their_turn_and_too_many_are_turned_away(site):
    site.workers.gate = asyncio.Event()

    async def one(n):
        async with site.visitor(f"10.0.{n}.1") as client:
            return (await client.post("/check", files={"mail": b"x"})).status_code

    waiting = [asyncio.create_task(one(n)) for n in range(MOST_WAITING)]
    await asyncio.sleep(0.2)
    assert await one(99) == 429
    site.workers.gate.set()
    assert set(await asyncio.gather(*waiting)) == {200}
    assert await one(99) == 200


async def test_a_file_is_looked_at_in_a_process_that_can_be_killed(tmp_path):
    async with Workers() as workers, open_site(tmp_path, workers) as site:
        assert await site.heading(await site.signed(mail())) == OURS


# A number


async def shown(site, number, **more):
    async with site.visitor() as client:
        answer = await client.get("/check", params={"number": number}, **more)
    assert answer.status_code == 200
    return Page.of(answer.text)


async def test_the_number_of_an_alert_shows_what_it_was_and_that_it_proves_nothing(site):
    found = await site.alert()
    page = await shown(site, f" {found.number} ")
    assert "Seven held" in page.text("main")
    assert "A right number proves nothing" in page.text("main")
    assert page.one("main time").get("datetime") == f"{NOW:%Y-%m-%dT%H:%MZ}"
    assert f"/mails/{found.composition_id}" in page.links()
    assert READER not in page.text("body")


async def test_of_a_digest_no_subject_is_shown_and_of_a_personal_mail_nothing(site):
    digest = await site.alert("Weekly digest on Tumen", BulletinKind.DIGEST)
    page = await shown(site, digest.number)
    assert "Tumen" not in page.text("main")
    assert "Digest" in page.text("main")
    await pending(site.stores, "other@inbox.example")
    (asked,) = await claim(site.stores)
    await record(site.stores, [(asked.delivery, Sent("250 taken"))])
    assert "We sent no bulletin with this number" in (await shown(site, digest.number + 1)).text("main")
    assert "in digits" in (await shown(site, asked.number)).text("main")


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "١", "1e3", "<script>"])
async def test_what_is_no_number_is_told_beside_the_field(site, number):
    page = await shown(site, number)
    field = page.one("input[name=number]")
    assert field.get("aria-invalid") == "true"
    assert "in digits" in page.text(f"#{field.get('aria-describedby')}")


# The page


async def test_the_page_explains_and_holds_no_script(site):
    async with site.visitor() as client:
        page = Page.of((await client.get("/check")).text)
    assert "watch.example" in page.text("main")
    assert "digest@watch.example" in page.text("main")
    assert not page.all("script")
    for field in page.all("main input:not([type=hidden])"):
        assert page.one(f"label[for={field.get('id')}]").text_content().strip()
    headings = [int(h.tag[1]) for h in page.all("h1, h2, h3")]
    assert headings[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(headings))
    ids = re.findall(r'\bid="([^"]+)"', (await _text(site)))
    assert len(ids) == len(set(ids))


async def _text(site):
    async with site.visitor() as client:
        return (await client.get("/check")).text


@pytest.mark.parametrize("language", ["en", "fr", "ja", "ko"])
async def test_a_language_that_was_chosen_is_kept(site, language):
    async with site.visitor() as client:
        page = Page.of((await client.get("/check", params={"lang": language})).text)
    assert page.language == language
    assert page.one("form[method=post]").get("action") == f"/check?lang={language}"
    assert page.one("form[method=get] input[name=lang]").get("value") == language


@in_a_browser
async def test_the_page_fits_every_screen_and_can_be_used_by_everybody(site, tmp_path):
    found = await site.alert("Seven people held at the border are about to be returned")
    forged = mail("Open this", f"{SITE}/mails/{found.composition_id}\nhttps://{'long.' * 20}evil.example/x")
    (tmp_path / "forged.eml").write_bytes(forged)
    stop, address = asyncio.Event(), asyncio.get_running_loop().create_future()
    task = asyncio.create_task(serve(site.app, "127.0.0.1", 0, stop, address.set_result))
    base = (await asyncio.wait_for(address, 20)).rstrip("/")
    try:
        async with browser() as opened:
            for width, scheme, examined in SCREENS:
                page = await opened.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
                for path in ("/check", f"/check?number={found.number}", "/check?number=x&lang=ko"):
                    await page.goto(f"{base}{path}")
                    await fits(page, examined)
                await page.set_input_files("#mail", tmp_path / "forged.eml")
                await page.click("form[method=post] button")
                assert await page.text_content("h1") == NOT_OURS
                await fits(page, examined)
                if folder := os.environ.get("NKWATCH_PICTURES"):
                    await page.screenshot(path=f"{folder}/check-{width}-{scheme}.png", full_page=True)
                await page.close()
    finally:
        stop.set()
        await task


async def fits(page, examined):
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), page.url
    if examined:
        results = await Axe().run(page)
        assert results.violations_count == 0, results.generate_report()
