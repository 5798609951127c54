"""Pages of one statement, written by ourselves in the shapes that real sites have."""

import resource
import subprocess
import sys
import textwrap
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner

from nkwatch.cli import documents
from nkwatch.domain.source import Source
from nkwatch.feeds.articles import MOST_ELEMENTS, Article, read_article
from nkwatch.feeds.documents import LONGEST_TEXT, Document, Unreadable

PAGES = Path(__file__).parent / "pages"
URL = "https://a.example/2020/01/02/page"


def source(**fields):
    return Source(**({"id": "a", "url": "https://a.example/", "publisher": "A"} | fields))


def page(name):
    return (PAGES / f"{name}.html").read_bytes()


def read(body, **fields):
    return read_article(Document(body if isinstance(body, bytes) else body.encode(), URL), source(**fields))


def article(name, **fields):
    found = read(page(name), **fields)
    assert isinstance(found, Article), found
    return found


def sentences(n):
    return "".join(
        f"<p>Sentence {i} of a statement that goes on for some time, about house {i * i}.</p>" for i in range(n)
    )


def test_a_release_is_read_without_its_donation_block_related_links_and_scripts():
    found = article("ngo_release")
    assert found.title == "Families of the disappeared need answers"
    assert found.published == datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert (found.author, found.language) == ("Mina Harrow", "en-gb")
    assert found.text.startswith("(Seoul) – The North Korean authorities")
    for kept in ("“Release the detainees, or say", "We call on donors", "Share information on new arrests"):
        assert kept in found.text
    for gone in ("donat", "cookies", "inbox", "Facebook", "Chongjin", "leak-me-not", "All rights reserved", "color"):
        assert gone not in found.text.replace("We call on donors", "")


def test_text_has_the_shape_of_feed_texts():
    text = article("un_release").text
    assert all(p and p == " ".join(p.split()) for p in text.split("\n\n"))


@pytest.mark.parametrize("encoding", ["euc-kr", "cp949", "utf-8"])
def test_korean_pages_without_a_declared_charset_are_read(encoding):
    body = page("korean_page").decode().encode(encoding)
    found = read(body)
    assert isinstance(found, Article)
    assert found.title.startswith("강제실종 피해자 가족 성명")
    assert "정치범수용소" in found.text
    assert found.published is None
    for gone in ("뉴스레터", "무단", "카카오톡", "로그인"):
        assert gone not in found.text


def test_japanese_fields_stay_and_dates_without_a_zone_are_of_there():
    found = article("japanese_page")
    assert found.text.startswith("国・地域：朝鮮民主主義人民共和国")
    assert found.text.endswith("続けなければならない。")
    assert found.published == datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
    assert article("japanese_page", zone="UTC").published == datetime(2026, 11, 20, 18, 0, tzinfo=UTC)


def test_captions_go_and_lists_stay():
    text = article("wordpress_page").text
    assert "the villages that were emptied in 2021;" in text.split("\n\n")
    for gone in ("demand the return", "압록강", "(FILE)", "appeared first"):
        assert gone not in text


def test_the_lines_of_a_player_and_the_title_as_its_label_go():
    text = article("broadcaster_page").text
    assert text.startswith("“People who are taken away")
    assert text.endswith("before that date.")
    for gone in ("please wait", "0:00", "XS SM", "Time to Ask"):
        assert gone not in text


def test_numbered_lists_of_a_un_release_are_whole():
    text = article("un_release").text
    assert "Where are they held, and have they seen a lawyer?" in text
    assert "*The experts:" in text
    assert "press@office.example" not in text
    assert "Media advisories" not in text


def test_a_text_that_stands_in_json_ld_only_is_read():
    found = article("json_only")
    assert found.text.count("\n\n") == 2
    assert found.published == datetime(2026, 11, 16, 12, tzinfo=UTC)
    assert '"' not in found.text


@pytest.mark.parametrize(
    ("name", "words"),
    [("cookie_wall", "cookies"), ("login_wall", "login"), ("missing", "not found")],
)
def test_what_stands_in_the_way_is_no_article(name, words):
    found = read(page(name))
    assert isinstance(found, Unreadable)
    assert words in found.reason


@pytest.mark.parametrize("body", [b"", b" \n", b"<html></html>", b"\x00\x00", b"%PDF-1.7 \x00\xff", b"<!-- x -->"])
def test_nothing_is_no_article(body):
    assert isinstance(read(body), Unreadable)


def test_the_catalogue_may_name_the_element_that_holds_the_text_and_what_to_drop():
    body = f"<html><body><div class=t>{sentences(3)}<p class=x>Not this.</p><p>Nor this.</p></div><p>Other.</p></body></html>"
    found = read(body, article=".t, .t p", drop=(".x",), strip=("Nor this.",))
    assert isinstance(found, Article)
    assert found.text.startswith("Sentence 0 of")
    assert found.text.endswith("about house 4.")
    assert found.text.count("\n\n") == 2


def test_an_element_that_is_not_there_any_more_leaves_it_to_the_extractor():
    assert isinstance(read(page("un_release"), article=".gone"), Article)


def test_a_selector_that_is_none_is_told():
    found = read(page("un_release"), article="p[")
    assert isinstance(found, Unreadable)
    assert "selector" in found.reason


@pytest.mark.parametrize(
    "head",
    ["", "<meta name=copyright content='© 2019'>", "<meta property='article:published_time' content='soon'>"],
)
def test_addresses_and_years_of_copyright_are_no_dates(head):
    body = f"<html><head>{head}</head><body><main>{sentences(5)}</main><footer>© 2019</footer></body></html>"
    assert read(body).published is None


def test_long_articles_that_mention_a_login_or_cookies_are_articles():
    talk = "<p>Sign in to continue, the guard said. The page used cookies.</p>"
    assert isinstance(read(f"<html><body><main>{sentences(30)}{talk}</main></body></html>"), Article)


HOSTILE = {
    "nested": "<div>" * 20_000 + sentences(5),
    "json": f"<script type='application/ld+json'>{'[' * 50_000}</script><main>{sentences(5)}</main>",
    "odd json": f"<script type='application/ld+json'>[1, null, {{'@graph': 3}}]</script><main>{sentences(5)}</main>",
    "nulls": "\x00".join(sentences(5)),
    "attributes": f"<main {'a=1 ' * 20_000}>{sentences(5)}</main>",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_pages_give_an_answer(name):
    assert isinstance(read(f"<html><body>{HOSTILE[name]}</body></html>"), Article | Unreadable)


def test_pages_of_too_many_elements_are_read_without_the_extractor():
    found = read(f"<html><body><nav>Away</nav><main>{sentences(MOST_ELEMENTS + 1)}</main></body></html>")
    assert isinstance(found, Article)
    assert len(found.text) <= LONGEST_TEXT
    assert "Away" not in found.text


LARGE = """
    import resource, sys
    from nkwatch.feeds.articles import Article, MOST_ELEMENTS, read_article
    from nkwatch.feeds.documents import Document
    from nkwatch.feeds.workers import WorkerLimits, confine
    from nkwatch.domain.source import Source
    confine(WorkerLimits().memory)
    words = "".join(f"<p>{'word ' * %d}{i}.</p>" for i in range(%d))
    body = f"<html><body><main>{words}</main></body></html>".encode()
    found = read_article(Document(body), Source(id="a", url="", publisher="A"))
    assert isinstance(found, Article), found
"""


@pytest.mark.parametrize(("words", "count"), [(1_000, 1_000), (45, 19_000), (5, 160_000)])
def test_pages_of_five_megabytes_fit_into_the_memory_of_a_worker(words, count):
    code = textwrap.dedent(LARGE % (words, count))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr[-500:]
    assert resource.getrlimit(resource.RLIMIT_AS)[0] == resource.RLIM_INFINITY


app = Typer()
app.command("extract")(documents.extract)
app.command("parse")(documents.parse)


def test_extract_answers_with_one_json_object():
    done = CliRunner().invoke(app, ["extract", str(PAGES / "un_release.html"), "--url", URL, "--json"])
    assert done.exit_code == 0
    assert done.stdout.startswith('{"title": "Experts alarmed')
    assert '"published": "2026-11-17T00:00:00Z"' in done.stdout


def test_extract_reads_standard_input_and_says_why_there_is_no_article():
    done = CliRunner().invoke(app, ["extract", "-"], input=page("cookie_wall"))
    assert done.exit_code == 1
    assert done.stdout == ""
    assert "standard input: The page shows a notice on cookies" in done.stderr
