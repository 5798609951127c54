"""The page that helps to check a mail: only a signature makes it ours, and nothing of it is kept."""

import asyncio
import itertools
import os
import re
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import cache

import httpx
import pytest
from fastapi import FastAPI

from nkwatch.config import DkimSettings
from nkwatch.domain.bulletin import Addressed, BulletinKind, Mailing
from nkwatch.domain.delivery import Message, Sent
from nkwatch.domain.posture import Unreached
from nkwatch.feeds.workers import Workers, attempted
from nkwatch.mail.dkim_keys import new_key, write_key
from nkwatch.mail.signing import DkimSigner
from nkwatch.web.app import create_app
from nkwatch.web.check import MOST_WAITING, UPLOADS, Check
from nkwatch.web.pages import Pages
from nkwatch.web.values import LARGEST_MAIL, LARGEST_UPLOAD
from tests.making import NOW, composition
from tests.store.people import claim, confirmed, pending, record, send
from tests.web.html import Page
from tests.web.samples import SITE, empty_newsroom, secluded_newsroom, settings
from tests.web.test_browser import SCREENS, TRANSLATED, looked_at, shifts, site_of

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
UNREADABLE = "This file cannot be read as a mail"
OURS, ALTERED, NOT_OURS = "This mail is ours", "We cannot say that this mail is ours", "This mail is not ours"


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
    """Name servers that do not answer."""

    def __init__(self):
        self.asked = []

    async def txt(self, name):
        self.asked.append(name)
        return Unreached("No name server answered in time.")


@cache
def private_key():
    return new_key("rsa")


class Site:
    """The site over a newsroom that signs its mails."""

    def __init__(self, newsroom, app):
        self.newsroom, self.app, self.workers = newsroom, app, newsroom.workers
        [self.key] = newsroom.keys

    async def alert(self, subject="Seven held", kind=BulletinKind.ALERT, neutral=""):
        """An alert or digest that was sent; with `neutral`, with this subject to another reader."""
        await send(self.newsroom, await confirmed(self.newsroom, READER), subject, kind)
        if neutral:
            other, made = await confirmed(self.newsroom, "other@inbox.example"), composition(neutral, kind)
            mails = (Addressed(other, replace(made, neutral=True)),)
            await self.newsroom.outbox.enqueue(Mailing(subject, kind, NOW, mails))
        found = await claim(self.newsroom)
        await record(self.newsroom, [(c.delivery, Sent("250 taken")) for c in found])
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
        page = Page.of(answer.text)
        heading = page.text("h1")
        # what to do stands right below it
        assert bool(page.all("h1 + .beware")) == (heading not in {OURS, UNREADABLE})
        return heading


@asynccontextmanager
async def open_site(folder, workers=None, domain="watch.example", names=None, opening=empty_newsroom):
    """With `names`, the page alone, which looks keys up there."""
    write_key(folder / "dkim.pem", private_key())
    config = settings(folder)
    sender = config.mail.model_copy(update={"sender": f"digest@{domain}"})
    dkim = DkimSettings(domain=domain, selector="s1", key=folder / "dkim.pem")
    async with opening(folder, config.model_copy(update={"mail": sender, "dkim": dkim})) as opened:
        newsroom = replace(opened, workers=workers or Here())
        app = FastAPI() if names else create_app(newsroom)
        if names:
            app.router.routes.extend(Check(newsroom, Pages(newsroom), names).routes())
        yield Site(newsroom, app)


@pytest.fixture
async def site(tmp_path):
    async with open_site(tmp_path) as opened:
        yield opened


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


@pytest.mark.parametrize(
    ("subject", "differs"), [("Your alert no. 1", False), ("Seven held", False), ("Open this now", True)]
)
async def test_a_mail_is_compared_with_every_subject_that_its_bulletin_had(site, subject, differs):
    found = await site.alert(neutral="Your alert no. 1")
    for lines in (f"No. {found.number}", f"{SITE}/mails/{found.composition_id}"):
        page = Page.of((await site.checked(mail(subject, lines))).text)
        assert page.text("h1") == NOT_OURS
        assert ("The subject of your mail is another." in page.text("main")) is differs, lines


async def test_a_changed_mail_one_of_another_sender_and_one_without_a_key_are_told_apart(site):
    raw = await site.signed(mail())
    assert await site.heading(raw.replace(b"No. 1", b"No. 2")) == ALTERED
    other = await site.signed(mail(sender="someone@watch.example"))
    assert await site.heading(other) == "This mail is none of our bulletins"
    unsigned = raw.replace(b"d=watch.example", b"d=evil.example")
    assert await site.heading(unsigned) == NOT_OURS


@pytest.mark.parametrize(
    ("domain", "heading", "asked"),
    [
        ("nkwatch-press.org", "We cannot tell just now", ["old._domainkey.nkwatch-press.org"]),
        # such a name is nobody's: nobody is asked, and no key means no proof
        ("watch.example", ALTERED, []),
    ],
)
async def test_a_key_that_does_not_answer_is_no_verdict(tmp_path, domain, heading, asked):
    names = Dns()
    async with open_site(tmp_path, domain=domain, names=names) as site:
        raw = (await site.signed(mail(sender=f"digest@{domain}"))).replace(b" s=s1;", b" s=old;")
        assert await site.heading(raw) == heading
        assert names.asked == asked


@pytest.mark.parametrize("raw", [b"\0\xff" * 100, b"hello", b"From: " + b"(" * 10_000, b"%PDF-1.4 \r\r\r"])
async def test_anything_else_is_not_ours(site, raw):
    assert await site.heading(raw) in {NOT_OURS, UNREADABLE}


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
    # the whole form is refused before anybody reads it
    assert (await site.checked(b"x" * LARGEST_UPLOAD)).status_code == 413


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


async def test_nothing_of_a_file_is_kept(tmp_path, capsys, caplog):
    async with open_site(tmp_path, opening=secluded_newsroom) as site:
        await site.checked(await site.signed(mail("heron on the third stone")))
        kept = b"".join(p.read_bytes() for p in tmp_path.iterdir() if p.suffix != ".pem")
    assert kept
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
    # the answer comes first: nobody has to look for it
    assert page.text("h1") == "What we really sent under this number"
    assert page.one("main time").get("datetime") == f"{NOW:%Y-%m-%dT%H:%MZ}"
    assert f"/mails/{found.composition_id}" in page.links()
    assert READER not in page.text("body")


async def test_who_has_a_neutral_mail_finds_its_subject_too(site):
    found = await site.alert(neutral="Your alert no. 1")
    page = await shown(site, found.number)
    terms = [(d.text_content(), d.getnext().text_content()) for d in page.all("main dt")][2:]
    assert [term for term, _ in terms] == ["Subject (English)", "Subject (English; Neutral envelope)"]
    assert terms[0][1].startswith("Seven held")
    assert terms[1][1].startswith("Your alert no. 1")


async def test_of_a_digest_no_subject_is_shown_and_of_a_personal_mail_nothing(site):
    digest = await site.alert("Weekly digest on Tumen", BulletinKind.DIGEST)
    page = await shown(site, digest.number)
    assert "Tumen" not in page.text("main")
    assert "Digest" in page.text("main")
    await pending(site.newsroom, "other@inbox.example")
    (asked,) = await claim(site.newsroom)
    await record(site.newsroom, [(asked.delivery, Sent("250 taken"))])
    page = await shown(site, digest.number + 1)
    assert page.text("h1") == "No bulletin has this number"
    assert page.all("h1 + .beware")
    assert "in digits" in (await shown(site, asked.number)).text("main")


@pytest.mark.parametrize("number", ["x", "-1", "1.5", "9" * 30, "١", "1e3", "<script>"])
async def test_what_is_no_number_is_told_beside_the_field(site, number):
    page = await shown(site, number)
    field = page.one("input[name=number]")
    assert field.get("aria-invalid") == "true"
    assert "in digits" in page.text(f"#{field.get('aria-describedby')}")


# The page


async def test_every_page_leads_here_and_an_answer_leads_to_its_beginning(site):
    async with site.visitor() as client:
        for path in ("/", "/sources", "/subscribe", "/nothing", "/leave/x", "/check?number=7"):
            assert "/check" in Page.of((await client.get(path)).text).links()
        assert "/check?lang=ko" in Page.of((await client.get("/?lang=ko")).text).links()


async def test_the_page_explains_and_holds_no_script(site):
    async with site.visitor() as client:
        page = Page.of((await client.get("/check")).text)
    assert "watch.example" in page.text("main")
    assert "digest@watch.example" in page.text("main")
    assert "in each mail to you, but not in those that ask you to confirm an address" in page.text("main")
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


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.parametrize(("language", "screens"), [("en", SCREENS), ("ko", TRANSLATED)], ids=["en", "ko"])
async def test_every_answer_fits_every_screen_and_can_be_used_by_everybody(tmp_path, browser, language, screens):
    async with open_site(tmp_path) as site:
        assert await faults_of_answers(site, browser, tmp_path, language, screens) == []


async def faults_of_answers(site, browser, folder, language, screens):
    """What is wrong with the answers to files and numbers."""
    found = await site.alert("Seven people held at the border are about to be returned")
    ours = await site.signed(mail("Seven people held", f"{SITE}/mails/{found.composition_id}"))
    forged = mail("Open this", f"{SITE}/mails/{found.composition_id}\nhttps://{'long.' * 20}evil.example/x")
    files = {"ours": ours, "altered": ours.replace(b"Seven", b"Eight"), "not-ours": forged}
    wrong = []
    async with site_of(site.app) as address:
        page = await browser.new_page(viewport={"width": 320, "height": 800})

        async def look(name):
            for width, scheme, with_axe in screens:
                faults = await looked_at(page, width, scheme, with_axe)
                wrong.extend((name, width, scheme, fault) for fault in faults)
                if pictures := os.environ.get("NKWATCH_PICTURES"):
                    await page.screenshot(path=f"{pictures}/{name}-{language}-{width}-{scheme}.png", full_page=True)

        start = f"{address}/check?lang={language}"
        for name, raw in files.items():
            (folder / f"{name}.eml").write_bytes(raw)
            await page.goto(start)
            await page.set_input_files("#mail", folder / f"{name}.eml")
            async with page.expect_navigation():
                await page.click("form[method=post] button")
            await look(name)
        for name, number in (("number", found.number), ("no-number", found.number + 1), ("nonsense", "x")):
            await page.goto(f"{start}&number={number}")
            wrong.extend((name, *shift) for shift in await shifts(page))
            await look(name)
    return wrong
