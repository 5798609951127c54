"""A search as one document: what was asked for, what was found, in figures and statement by statement."""

from datetime import timedelta

import pytest

from tests.web.archived import CAMP, HOUR, ask, entry, quote, read_as, shelved, told
from tests.web.html import Page
from tests.web.samples import ENGLISH, KOREAN, NOW, SITE


async def dossier(client, **asked):
    answer = await client.get("/dossier", params=asked)
    assert answer.status_code == 200
    return Page.of(answer.text)


def rows(page):
    return {
        d.cssselect("dt")[0].text: " ".join(d.cssselect("dd")[0].text_content().split())
        for d in page.all("dl.choice > div")
    }


async def archive(newsroom):
    """Two statements, of two publishers."""
    ids = await told(newsroom, entry(text=f"{CAMP} See A/HRC/25/63."))
    await read_as(
        newsroom,
        ids[0],
        quotes=(quote("No.", "Kim Ok", "a lawyer"),),
        asks=(ask("let go", "Pyongyang", "KP", "today"),),
    )
    text = "북한 정치범수용소에서 살아 나온 사람들이 서울에서 증언했다. " * 12
    older = entry(
        "수용소를 닫으라", text, language="ko", published=NOW - timedelta(days=3), url=f"https://www.{KOREAN}.example/1"
    )
    return ids + await told(newsroom, older, source=KOREAN)


async def test_it_says_what_was_asked_for_and_when_and_how_much_was_found(newsroom, client):
    await archive(newsroom)
    said = rows(await dossier(client, theme="prisons", since="2026-11-01"))
    assert said["Theme"] == "Prisons, camps and torture"
    assert said["First day"] == "2026-11-01"
    assert said["Period of what was found"] == "19 November 2026 – 22 November 2026"
    assert said["Found"] == "2 statements"
    assert said["Retrieved"] == f"on 22 November 2026 from nkwatch: {SITE}/search?theme=prisons&since=2026-11-01"


async def test_it_counts_by_theme_and_by_publisher(newsroom, client):
    await archive(newsroom)
    page = await dossier(client, theme="prisons")
    by_theme, by_publisher = (
        [" ".join(li.text_content().split()) for li in ul.cssselect("li")] for ul in page.all(".counts ul")
    )
    assert by_theme == ["Prisons, camps and torture 2"]
    assert by_publisher == ["Reedbank Border Watch 1", "빈자리 가족연대 1"]


async def test_each_statement_stands_with_quotes_requests_documents_and_addresses(newsroom, client):
    first, second = await archive(newsroom)
    page = await dossier(client, theme="prisons")
    one, other = (" ".join(e.text_content().split()) for e in page.all("article.entry"))
    assert one.startswith("Reedbank Border Watch · 22 November 2026 Close the camp at Yodok")
    for part in ("No. Kim Ok, a lawyer", "let go asked of Pyongyang (North Korea) · by when: today", "A/HRC/25/63",
                 f"Original: www.{ENGLISH}.example/1", f"{SITE}/stories/{first}#r-{first}"):  # fmt: skip
        assert part in one
    assert f"{SITE}/stories/{second}#r-{second}" in other
    assert "Quoted" not in other
    assert all(len(b.text_content()) <= 300 for b in page.all("blockquote"))
    assert page.one("meta[name=robots]").get("content") == "noindex"


async def test_more_than_two_hundred_are_not_listed_and_it_says_so(newsroom, client):
    entries = [entry(f"Camp number {n} at Yodok", f"{CAMP} " + " ".join(f"{w}{n}" for w in "abcdefgh"), guid=str(n),
                     published=NOW - n * HOUR) for n in range(201)]  # fmt: skip
    await shelved(newsroom, *entries[:200])
    page = await dossier(client, q="yodok")
    assert len(page.all("article.entry")) == 200
    assert rows(page)["Found"] == "200 statements"
    await shelved(newsroom, *entries[200:])
    page = await dossier(client, q="yodok")
    assert [h.text for h in page.all("article.entry h3")] == [e.title for e in entries[:200]]
    assert "There are more" in rows(page)["Found"]


@pytest.mark.parametrize("asked", [{}, {"since": "x"}, {"q": "!?"}])
async def test_without_a_right_search_there_is_no_dossier_but_a_word_why(newsroom, client, asked):
    await archive(newsroom)
    page = await dossier(client, **asked)
    assert page.all(".problems li")
    assert not page.all("article, .choice")


async def test_a_search_that_finds_nothing_makes_an_empty_dossier(newsroom, client):
    await archive(newsroom)
    page = await dossier(client, q="unheardof")
    assert rows(page)["Found"] == "no statement"
    assert not page.all("article, .counts")


async def test_what_is_printed_leaves_out_what_only_a_screen_needs(client):
    style = (await client.get("/style.css")).text
    printed = style[style.index("@media print") :]
    for what in (".pages", ".find", ".paging", ".onward", "break-inside:avoid"):
        assert what in printed
