"""The whole service on bundled samples, as a newcomer runs it."""

import email
import email.policy
import json
import shlex
import socket
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import html5lib
import pytest
from tests.story.commands import invoke
from tests.web.test_browser import faults

from nkwatch.assembly import utc_now
from nkwatch.demo.run import SITE_PORT
from nkwatch.demo.samples import load_samples
from nkwatch.demo.site import HOST, sample_site

ROOT = Path(__file__).parents[2]


def shown(folder):
    command = [sys.executable, "-m", "nkwatch", "demo", "--once", "--out", folder / "out", "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    (folder / "told").write_text(ended.stdout)
    (folder / "progress").write_text(ended.stderr)


@pytest.fixture(scope="module")
def demo(once):
    folder = once("demo", shown)
    out = folder / "out"
    mails = [email.message_from_bytes(p.read_bytes(), policy=email.policy.default) for p in sorted(out.glob("*.eml"))]
    return json.loads((folder / "told").read_text()), (folder / "progress").read_text(), out, mails


@pytest.mark.timeout(120)
def test_the_demo_polls_reads_groups_alerts_and_digests(demo):
    told, progress, out, mails = demo
    assert told["statements"] == 32
    assert told["edited"] == 1, "one sample is edited between the polls"
    assert told["stories"] == told["about_north_korea"] - 4, "a reprint, a translation, a report, and an appeal"
    assert told["alerts"] == 1, "one primary source may raise alerts by itself"
    assert "2 held for an editor" in progress
    assert told["calls"] == 2, "the editor is told of both"
    assert told["mails"] == len(mails) > 8
    assert (out / "index.html").stat().st_size > 5_000

    english = [m for m in mails if (m["subject"] or "").startswith("ALERT: ")]
    assert {m["subject"] for m in english} == {"ALERT: Forced return, 7 people, Tumen (China)"}
    text = english[0].get_body(("plain",)).get_content()
    assert text.startswith("Forced return: 7 people, Tumen (China). "), "the first line of an alert is the fact"
    kinds = {m["list-id"].partition("<")[2].partition(".")[0] for m in mails if m["list-id"]}
    assert kinds == {"alerts", "digests"}


@pytest.mark.timeout(120)
def test_each_mail_of_the_demo_can_be_verified_without_asking_anybody_by_the_command_that_it_names(demo, tmp_path):
    _, progress, out, mails = demo
    _, _, command = " ".join(progress.split()).partition("check that one is ours: nkwatch ")
    words = shlex.split(command)[:6]
    assert words[0] == "verify"
    first = out / words[1].rpartition("/")[2]
    files = sorted(out.glob("*.eml"))
    assert first in files
    for file in files:
        code, told, said = invoke("--config", str(out / "none.toml"), "verify", str(file), *words[2:], "--json")
        assert (code, json.loads(told)["signed_by"]) == (0, ["nkwatch.example"]), said
    assert len(files) == len(mails)
    changed = tmp_path / first.name
    changed.write_bytes(first.read_bytes().replace(b"Subject: ", b"Subject: x", 1))
    code, *_ = invoke("--config", str(out / "none.toml"), "verify", str(changed), *words[2:])
    assert code == 1


@pytest.mark.timeout(120)
def test_every_bulletin_can_be_left_and_a_confirmation_cannot(demo):
    *_, mails = demo
    for mail in mails:
        left = mail["list-unsubscribe"]
        if mail["list-id"] is None:
            assert left is None
            continue
        assert left.startswith("<http")
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"
        assert left.strip("<>") in mail.get_body(("plain",)).get_content()


class _Anchors(HTMLParser):
    """Collects links with the text of their block, and tags that have no place in a mail."""

    def __init__(self):
        super().__init__()
        self.links, self.foreign, self.text = [], set(), ""

    def handle_starttag(self, tag, attrs):
        if tag == "a":
            self.links.append(dict(attrs)["href"])
        self.foreign |= {tag} & {"script", "img", "form", "iframe", "object", "link"}

    def handle_data(self, data):
        self.text += data


@pytest.mark.timeout(120)
def test_the_mails_hold_nothing_remote_and_show_the_host_of_every_link(demo):
    *_, mails = demo
    for mail in mails:
        html = mail.get_body(("html",))
        if html is None:
            continue
        content = html.get_content()
        assert len(content.encode()) < 80_000
        found = _Anchors()
        found.feed(content)
        assert not found.foreign
        assert "url(" not in content
        for link in found.links:
            assert link.startswith(("http://", "https://", "mailto:"))
            if link.startswith("http"):
                assert link.split("/")[2] in found.text


def pages(mails):
    """The HTML of the mails that have any."""
    return [html.get_content() for mail in mails if (html := mail.get_body(("html",)))]


@pytest.mark.timeout(120)
def test_the_html_of_each_mail_is_without_a_fault(demo):
    *_, mails = demo
    for content in pages(mails):
        parser = html5lib.HTMLParser()
        parser.parse(content)
        assert parser.errors == []


@pytest.mark.timeout(180)
@pytest.mark.asyncio(loop_scope="session")
async def test_each_mail_fits_a_phone_and_axe_finds_nothing_by_day_and_by_night(demo, browser):
    *_, mails = demo
    for scheme in ("light", "dark"):
        page = await browser.new_page(viewport={"width": 320, "height": 800}, color_scheme=scheme)
        for content in pages(mails):
            # inside a mail program the sheet is an article; by itself, as in a copy, it is the main part
            await page.set_content(content.replace(' role="article"', ' role="main"', 1))
            assert await page.evaluate("document.documentElement.scrollWidth") <= 320
            assert await faults(page) == []


@pytest.mark.timeout(120)
def test_off_topic_samples_stand_in_no_digest(demo):
    *_, mails = demo
    everything = "".join(m.get_body(("plain",)).get_content() for m in mails)
    for off_topic in ("Victorian pier", "Sahel", "DR Congo", "북한산", "국민연금", "missiles into eastern sea"):
        assert off_topic not in everything


async def test_the_sample_site_is_where_the_tutorial_has_it_or_anywhere_while_that_is_taken():
    samples = load_samples(utc_now())
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        async with sample_site(samples, utc_now, port) as elsewhere:
            assert elsewhere != f"http://{HOST}:{port}"
    async with sample_site(samples, utc_now, port) as there:
        assert there == f"http://{HOST}:{port}"
    assert f"http://{HOST}:{SITE_PORT}/" in (ROOT / "docs" / "tutorial.md").read_text("utf-8")


@pytest.mark.timeout(120)
def test_what_is_quoted_begins_where_the_text_begins(demo):
    *_, mails = demo
    everything = "".join(m.get_body(("plain",)).get_content() for m in mails)
    assert "“(Seoul) – Chinese" in everything
    assert "invented sample" not in everything
