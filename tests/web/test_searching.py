"""The search on the site: a form without a script, what is found with its words marked, and the ways to carry it on."""

from datetime import timedelta
from urllib.parse import parse_qsl, urlsplit

import pytest
from sqlalchemy import update

from nkwatch.domain.reading import Urgency
from nkwatch.domain.statement import Presence
from nkwatch.store import schema
from nkwatch.web.finding import ELLIPSIS
from tests.web.archived import CAMP, HOUR, ask, entry, quote, read_as, told
from tests.web.html import Page
from tests.web.samples import ENGLISH, KOREAN, NOW, rows

KOREAN_TEXT = "북한 정치범수용소에서 살아 나온 사람들이 서울에서 증언했다. " * 12


async def search(client, **asked):
    answer = await client.get("/search", params=asked)
    assert answer.status_code == 200
    return Page.of(answer.text)


def titles(page):
    return [a.text_content() for a in page.all("article h3 a")]


async def archive(newsroom):
    """Three statements: one in English, one in Korean, one of last year."""
    ids = await told(
        newsroom,
        entry(),
        entry("North Korea: a famine in Hamgyong", "North Korean families are starving in Hamgyong. " * 6,
              published=NOW - timedelta(days=400)),
    )  # fmt: skip
    return ids + await told(newsroom, entry("수용소를 닫으라", KOREAN_TEXT, language="ko"), source=KOREAN)


async def test_nothing_is_looked_up_before_something_is_asked_for(newsroom, client):
    await archive(newsroom)
    page = await search(client)
    assert not page.all("article")
    assert page.one("form.search input[name=q]").get("value") == ""
    assert page.text("h1") == "Search in all statements"
    assert page.one("meta[name=robots]").get("content") == "noindex"
    assert not page.all("link[rel=canonical]")


async def test_every_page_has_a_box_to_search_and_it_keeps_the_language(newsroom, client):
    for path in ("/", "/themes", "/sources", "/subscribe", "/nothing"):
        form = Page.of((await client.get(path, params={"lang": "ko"})).text).one("header form[role=search]")
        fields = {e.get("name"): e.get("value") for e in form.cssselect("input")}
        assert (form.get("action"), fields) == ("/search", {"q": None, "lang": "ko"})


async def test_what_is_found_stands_with_whose_it_is_and_leads_to_its_place_in_the_story(newsroom, client):
    first, *_ = await archive(newsroom)
    page = await search(client, q="yodok")
    assert titles(page) == ["Close the camp at Yodok"]
    assert page.one("article h3 a").get("href") == f"/stories/{first}#r-{first}"
    assert page.text("article .from") == "Reedbank Border Watch · 22 November 2026"
    assert page.text("#found") == "1 statement"
    story = Page.of((await client.get(f"/stories/{first}")).text)
    assert story.all(f"#r-{first}")


@pytest.mark.parametrize(("asked", "found"), [
    ({"q": "수용소"}, ["수용소를 닫으라"]),
    ({"q": "증언"}, ["수용소를 닫으라"]),
    ({"q": '"prison camp"'}, ["Close the camp at Yodok"]),
    ({"q": "hamgy*"}, ["North Korea: a famine in Hamgyong"]),
    ({"language": "ko"}, ["수용소를 닫으라"]),
    ({"source": ENGLISH, "since": "2026"}, ["Close the camp at Yodok"]),
    ({"until": "2025-12-31"}, ["North Korea: a famine in Hamgyong"]),
    ({"theme": "food_aid"}, ["North Korea: a famine in Hamgyong"]),
    ({"q": "yodok", "language": "ko"}, []),
])  # fmt: skip
async def test_words_phrases_and_filters_find_what_they_say(newsroom, client, asked, found):
    await archive(newsroom)
    assert titles(await search(client, **asked)) == found


async def test_speakers_addressees_and_governments_are_filters_too(newsroom, client):
    first, *_ = await archive(newsroom)
    await read_as(newsroom, first, quotes=(quote("No.", "Kim Ok"),), asks=(ask("let go", "Pyongyang", "KP"),),
                  urgency=Urgency.URGENT)  # fmt: skip
    for asked in ({"speaker": "kim ok"}, {"addressee": "pyongyang"}, {"asked": "KP"}, {"urgency": "urgent"}):
        page = await search(client, **asked)
        assert titles(page) == ["Close the camp at Yodok"], asked
        assert page.text(".chips").startswith(("Who is", "Government", "Urgency"))
    assert page.all("article .urgent")


async def test_the_form_shows_what_was_asked_for(newsroom, client):
    await archive(newsroom)
    page = await search(client, q="camp", theme="prisons", since="2026-11", speaker="Kim", rights="yes", asked="ZZ")
    form = page.one("form.search")
    shown = {e.get("name"): e.get("value") for e in form.cssselect("input:not([type=checkbox])")}
    assert shown == {"q": "camp", "since": "2026-11-01", "until": "", "speaker": "Kim", "addressee": ""}
    chosen = {e.getparent().get("name"): e.get("value") for e in form.cssselect("option[selected]")}
    assert chosen == {"theme": "prisons", "asked": "ZZ"}
    assert form.cssselect("input[name=rights][checked]")
    assert "(5)" in page.text("details.more summary")


async def test_several_values_of_a_filter_are_kept_and_each_can_be_left_out(newsroom, client):
    await archive(newsroom)
    page = await search(client, q="camp", theme=["women", "prisons"])
    assert [e.get("value") for e in page.all("form.search input[type=hidden][name=theme]")] == ["women"]
    without = [dict(parse_qsl(urlsplit(a.get("href")).query)) for a in page.all(".chips a")]
    assert without == [{"theme": "women"}, {"q": "camp", "theme": "women"}, {"q": "camp", "theme": "prisons"}]


async def test_mistakes_are_told_beside_the_form_and_nothing_is_looked_up(newsroom, client):
    await archive(newsroom)
    page = await search(client, q="yodok", theme="<b>nope", since="yesterday")
    told_of = page.text(".problems")
    assert "No theme is called “<b>nope”." in told_of
    assert "“yesterday” is no date, such as 2026-01-31, 2026-01 or 2026." in told_of
    assert not page.all(".problems b, article, .chips")
    assert page.one("form.search input[name=q]").get("value") == "yodok"
    assert page.all("details.more[open]")


async def test_an_empty_search_says_what_helps(newsroom, client):
    await archive(newsroom)
    page = await search(client, q="unheardof")
    assert page.text("#found") == "Nothing was found"
    assert "북한" in page.text(".plainly")
    assert not page.all(".carry")


async def test_the_words_that_were_looked_for_are_marked_where_they_stand(newsroom, client):
    far = (
        "Nobody spoke of it for a year. " * 30
        + "Then the kwanliso was named aloud by all of them. "
        + "And so on. " * 60
    )
    await told(newsroom, entry(text=f"North Korea has a prison camp. {far}"))
    page = await search(client, q="KWANLISO yodok")
    excerpt = page.one("article .excerpt")
    assert [m.text for m in page.all("mark")] == ["Yodok", "kwanliso"]
    assert excerpt.text_content().startswith(ELLIPSIS)
    assert "Then the kwanliso was named" in excerpt.text_content()
    assert len(excerpt.text_content()) <= 300


async def test_nothing_that_is_looked_for_becomes_markup(newsroom, client):
    await told(newsroom, entry(text=f"{CAMP} <script>alert(1)</script> <mark onclick=x>camp</mark>"))
    for words in ("<script>", "script", "alert", "<mark onclick=x>", '"><b>', "&amp;", "onclick"):
        page = await search(client, q=words)
        assert not page.all("main script, main b, main [onclick], main [style]"), words
    assert page.all("mark")


@pytest.mark.parametrize("words", ["(((((", "[", "\\", "a|b", "*", "**", '"', '""', "%", "%s %(name)s {{ 7*7 }}", "\0", "가*", "a" * 500,
                                   " ".join("abcdefghijklmnop"), "﷽", "İ", "ß", "\u202egnp"])  # fmt: skip
async def test_whatever_is_looked_for_gets_a_page(newsroom, client, words):
    await archive(newsroom)
    for path in ("/search", "/dossier"):
        answer = await client.get(
            path, params={"q": words, "speaker": words, "theme": words, "since": words, "before": words}
        )
        assert answer.status_code == 200
        assert "49" not in Page.of(answer.text).text("h1")
        assert not set(answer.text) & set("\u202e\0")
        assert (await client.get(path, params={"q": words})).status_code == 200


async def test_pages_go_on_by_a_cursor_and_keep_what_is_asked_for(newsroom, client):
    entries = [entry(f"Camp number {n} at Yodok", f"{CAMP} " + " ".join(f"{w}{n}" for w in "abcdefgh"), guid=str(n),
                     published=NOW - n * HOUR) for n in range(45)]  # fmt: skip
    await told(newsroom, *entries)
    address, seen = "/search?q=yodok&theme=prisons&lang=ko", []
    while address:
        page = Page.of((await client.get(address)).text)
        assert page.language == "ko"
        seen += titles(page)
        onward = page.all("nav.paging a[rel=next]")
        address = onward[0].get("href") if onward else None
        assert not address or {"q=yodok", "theme=prisons", "lang=ko"} <= set(address.partition("?")[2].split("&"))
    assert seen == [e.title for e in entries]
    assert page.one("nav.paging a").get("href") == "/search?q=yodok&theme=prisons&lang=ko"
    assert "45" in page.text("#found")


async def test_a_search_can_be_carried_away(newsroom, client):
    await archive(newsroom)
    page = await search(client, q="yodok camp", theme="prisons")
    query = "?q=yodok+camp&theme=prisons"
    links = set(page.links())
    assert {f"/search.atom{query}", f"/search.rss{query}", f"/search.json{query}", f"/dossier{query}",
            f"/api/v1/export.csv{query}"} <= links  # fmt: skip
    assert f"/search.rss{query}" in {e.get("href") for e in page.all("link[rel=alternate]")}


async def test_what_may_not_be_shown_is_neither_found_nor_counted(newsroom, client):
    first, *_ = await archive(newsroom)
    await newsroom.desk.hold(first, "Ann", NOW)
    assert (await search(client, q="yodok")).text("#found") == "Nothing was found"
    await newsroom.desk.free(first, "Ann", NOW)
    assert titles(await search(client, q="yodok"))
    gone = update(schema.statement).where(schema.statement.c.id == first).values(presence=Presence.HIDDEN)
    await newsroom.database.write(lambda c: c.execute(gone))
    assert (await search(client, q="yodok")).text("#found") == "Nothing was found"


async def test_nothing_is_written_down_of_what_is_looked_for(newsroom, client):
    await archive(newsroom)
    before = {table: rows(newsroom, table) for table in ("statement", "story", "subscriber", "source_state")}
    await search(client, q="my own secret")
    assert {table: rows(newsroom, table) for table in before} == before
