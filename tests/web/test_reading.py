"""The pages to read: front page, story, sources, health."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import update

from nkwatch.domain.statement import Entry, Presence
from nkwatch.reading.stories import Placement
from nkwatch.store import schema
from tests.making import prose
from tests.web import samples
from tests.web.archived import samples_indexed
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import ENGLISH, KOREAN, NOW, Box, empty_newsroom, secluded_newsroom, settings

CAMP = "The North Korean government must close the prison camp at Yodok. Nobody should be tortured there. " * 3


async def tell(newsroom, source_id, *entries):
    """Statements that can be found."""
    told = await samples.tell(newsroom, source_id, *entries)
    await newsroom.index()
    return told


async def tell_samples(newsroom):
    await samples_indexed(newsroom)


def entry(title="Close the camp at Yodok", text=CAMP, **fields):
    given = {"url": f"https://www.{ENGLISH}.example/1", "guid": title, "published": NOW - timedelta(hours=5)}
    return Entry(title, text=text, **(given | fields))


async def test_the_front_page_shows_a_story_with_publisher_date_themes_and_an_excerpt(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry())
    page = Page.of((await client.get("/")).text)
    link = page.one("article h3 a")
    assert (link.text, link.get("lang"), link.get("href")) == ("Close the camp at Yodok", "en", f"/stories/{story}")
    assert "Reedbank Border Watch" in page.text("article .from")
    assert page.one("article time").text == "22 November 2026"
    assert page.text("article .themes") == "Prisons, camps and torture"
    excerpt = page.text("article .excerpt")
    assert excerpt.endswith(".")
    assert excerpt in CAMP
    assert len(excerpt) <= 300
    assert not page.all(".urgent")
    assert not page.all(".others")


async def test_the_front_page_says_what_this_is_and_what_it_is_not(client):
    said = Page.of((await client.get("/")).text).text("main")
    assert "nkwatch watches what organisations" in said
    assert "It is not the NGO NK Watch in Seoul (nkwatch.org)." in said
    assert "There is no story yet." in said


async def test_the_front_page_shows_the_newest_on_human_rights_and_leads_to_older_ones(newsroom, client):
    days = [entry(f"North Korea: close prison {prose(f'camp{n}', 3)}", prose(f"case{n}"),
                  published=NOW - timedelta(hours=n + 1)) for n in range(31)]  # fmt: skip
    sport = entry("North Korea wins a football match", "The North Korean team won in Pyongyang. " * 5, published=NOW)
    await tell(newsroom, ENGLISH, *days, sport)
    first = Page.of((await client.get("/")).text)
    assert [a.text for a in first.all("article h3 a")] == [day.title for day in days[:20]]
    onward = first.one("nav.paging a[rel=next]")
    assert onward.text == "Older stories"
    assert first.one("head link[rel=next]").get("href") == onward.get("href")
    second = Page.of((await client.get(onward.get("href"))).text)
    assert [a.text for a in second.all("article h3 a")] == [day.title for day in days[20:]]
    assert second.text("h1") == "Older stories"
    assert not second.all("a[rel=next]")
    assert second.one("nav.paging a").get("href") == "/"


@pytest.mark.parametrize("before", ["1", "0", "9" * 30, "-1", "x", "", "٣"])
async def test_whatever_stands_for_a_place_in_the_list_gives_a_page(newsroom, client, before):
    await tell(newsroom, ENGLISH, entry())
    assert (await client.get("/", params={"before": before})).status_code == 200


async def test_an_urgent_story_is_marked_and_other_reports_are_counted(newsroom, client):
    await samples_indexed(newsroom)
    articles = {a.cssselect("h3 a")[0].text: a for a in Page.of((await client.get("/")).text).all("article")}
    tumen = articles["Seven North Koreans held in Tumen face forced return within days"]
    assert tumen.cssselect(".urgent")[0].text == "Urgent"
    women = articles["Women sold across the river need protection, not police"]
    assert women.cssselect(".others")[0].text == "1 other report"
    assert not women.cssselect(".urgent")


async def test_a_story_shows_each_report_with_its_host_and_the_words_that_decided(newsroom, client):
    await samples_indexed(newsroom)
    story = next(s for s in await newsroom.statements.newest(90) if s.lead.statement.title.startswith("Women sold"))
    page = Page.of((await client.get(f"/stories/{story.id}")).text)
    assert page.text("h1") == "Women sold across the river need protection, not police"
    assert [h.text for h in page.all("article h3")] == [r.statement.title for r in story.others]
    assert [h.text for h in page.all(".original .host")] == [
        "(www.sample-border-watch.example)",
        "(www.sample-release-wire.example)",
    ]
    phrases = [q.text for q in page.all(".report.lead .facts q")]
    assert "brokers" in phrases
    lead = story.lead.statement
    assert all(phrase in lead.text or phrase in lead.title for phrase in phrases)
    for quoted in page.all("blockquote"):
        assert len(quoted.text) <= 300


async def test_beside_a_demand_stands_where_one_writes_to_that_government(tmp_path):
    config = settings(tmp_path).model_copy(update={"contacts": {"KR": "https://write-to.example/kr"}})
    async with empty_newsroom(tmp_path, config) as newsroom, visitor(newsroom) as client:
        await samples_indexed(newsroom)
        page = Page.of((await client.get("/")).text)
        (tumen,) = [a.get("href") for a in page.all("article h3 a") if a.text.startswith("Seven North Koreans")]
        page = Page.of((await client.get(tumen)).text)
    (to_seoul,) = [ask for ask in page.all(".asks li") if "write-to.example" in ask.text_content()]
    assert "asked of The South Korean government" in to_seoul.text_content()
    assert [a.get("href") for a in to_seoul.cssselect("a")] == ["https://write-to.example/kr"]
    assert "#cite" in page.links()


async def test_a_report_in_the_readers_language_leads_the_story(newsroom, client):
    await tell(newsroom, ENGLISH, entry())
    quoting = "북한 정치범수용소에서 살아 나온 사람들이 서울에서 증언했다. " * 20 + CAMP
    (korean,) = await tell(newsroom, KOREAN, entry("요덕 수용소를 닫으라", quoting, language="ko"))
    story = next(s for s in await newsroom.statements.newest(9))
    assert {korean} < {r.statement.id for r in story.reports}
    for language, title in (("ko", "요덕 수용소를 닫으라"), ("en", "Close the camp at Yodok")):
        page = Page.of((await client.get(f"/stories/{story.id}", params={"lang": language})).text)
        assert page.text("h1") == title


async def test_an_estimated_date_and_a_later_change_are_said(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry(published=None, guid="one"))
    newsroom.clock.now += timedelta(hours=2)
    await tell(newsroom, ENGLISH, entry(text=CAMP + " Corrected.", published=None, guid="one"))
    page = Page.of((await client.get(f"/stories/{story}")).text)
    assert "22 November 2026, 07:00 UTC (date estimated)" in page.text(".report .from")
    assert page.text(".edited") == "Changed by the publisher: 22 November 2026, 09:00 UTC"


HOSTILE = [
    ("<script>alert(1)</script>", "https://www.sample-border-watch.example/1"),
    ('"><img src=x onerror=alert(1)>', "javascript:alert(1)"),
    ("{{ 7 * 7 }}{% include 'web/base.html' %}", "data:text/html,<script>alert(1)</script>"),
    ("safe \u202egpj.exe\u202c \u2066x\u2069 \x00\x1b[31m\ufeff title", "https://sample-border-watch.example@evil.example/"),
    ("W" * 5000, "https://evil.example/'onmouseover='alert(1)"),
    ("", 'HTTPS://WWW.SAMPLE-BORDER-WATCH.EXAMPLE/"><script>'),
    ("%(name)s %s %", "//www.sample-border-watch.example/1"),
]  # fmt: skip


@pytest.mark.parametrize(("title", "url"), HOSTILE)
async def test_hostile_titles_and_addresses_come_out_harmless(newsroom, client, title, url):
    text = f"{title} must close the prison camp at Yodok in North Korea. <script>alert(2)</script>"
    (story,) = await tell(newsroom, ENGLISH, entry(title, text, url=url, guid="x"))
    for path in ("/", f"/stories/{story}"):
        text = (await client.get(path)).text
        page = Page.of(text)
        assert not page.all("script, img, iframe, object")
        assert {e.get("rel") for e in page.all("link")} <= {"stylesheet", "icon", "alternate", "canonical", "cite-as"}
        assert not [n for e in page.tree.iter("*") for n in e.attrib if n.startswith("on") or n == "style"]
        assert all(
            href.startswith(("/", "?", "#", "https://www.sample-border-watch.example/")) for href in page.links()
        )
        assert not set(text) & set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\ufeff")
        assert page.text("h1") if path != "/" else page.one("article h3 a").text


async def test_an_address_outside_the_source_is_text_and_no_link(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry(url="https://elsewhere.example/page"))
    page = Page.of((await client.get(f"/stories/{story}")).text)
    assert "elsewhere.example/page" in page.text(".original")
    assert not page.all(".original a")


async def test_a_host_in_other_letters_is_shown_in_punycode(newsroom, client):
    source = newsroom.sources[ENGLISH]
    newsroom.sources[ENGLISH] = replace(source, domains=())
    (story,) = await tell(newsroom, ENGLISH, entry(url="https://аррӏе.example/1"))
    page = Page.of((await client.get(f"/stories/{story}")).text)
    assert page.text(".original .host").startswith("(xn--")


async def test_sources_say_in_words_how_they_are(newsroom, client):
    await samples_indexed(newsroom)
    rows = {r.cssselect("th bdi")[0].text: " ".join(r.text_content().split())
            for r in Page.of((await client.get("/sources")).text).all("tbody tr")}  # fmt: skip
    assert len(rows) == 7
    courier = rows["The Wendlebury Courier"]
    assert "Last success 22 Nov 2026, 07:00 UTC" in courier
    assert "HTTP 503" not in courier
    assert "not polled yet" in rows["누리가람일보"]
    assert "never" in rows["누리가람일보"]
    assert " ok " in rows["Reedbank Border Watch"]


# ---- whose words they are


async def released(newsroom, story, organisation):
    """Let the statement that opened a story be what `organisation` released and its source only reprints."""
    (found,) = await newsroom.statements.stories([story])
    released_by = replace(found.lead.reading, released_by=organisation, rules="test.9")
    await newsroom.statements.record_readings([Placement(released_by, story, ())], newsroom.clock())


async def test_a_reprint_names_who_released_it_and_then_who_passed_it_on(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry())
    await released(newsroom, story, "Quarry Relief")
    for path in ("/", f"/stories/{story}"):
        page = Page.of((await client.get(path)).text)
        assert page.text("article .from").startswith("Quarry Relief · via Reedbank Border Watch · 22 November 2026")
    for language, words in (("ko", "Border Watch 경유"), ("ja", "Border Watch経由"), ("fr", "via Reedbank")):
        page = Page.of((await client.get(f"/stories/{story}", params={"lang": language})).text)
        assert words in page.text("article .from")


async def test_a_publisher_of_its_own_words_is_named_once(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry())
    assert "via" not in Page.of((await client.get(f"/stories/{story}")).text).text("article .from")


# ---- what may not be shown

PUBLIC = ("/", "/stories/{}", "/sources", "/?lang=ko", "/stories/{}?lang=fr", "/search?q=camp", "/dossier?q=camp",
          "/themes/prisons", f"/sources/{ENGLISH}", "/search?q=yodok&theme=prisons")  # fmt: skip


async def changed(newsroom, statement_id, **values):
    """Write these values into a statement."""
    row = update(schema.statement).where(schema.statement.c.id == statement_id).values(**values)
    await newsroom.database.write(lambda c: c.execute(row))


@pytest.mark.parametrize("presence", [Presence.MISSING, Presence.HIDDEN])
async def test_what_its_source_deleted_is_on_no_page(newsroom, client, presence):
    (story,) = await tell(newsroom, ENGLISH, entry())
    await changed(newsroom, story, presence=presence)
    for path in PUBLIC:
        assert "Close the camp" not in (await client.get(path.format(story))).text
    answer = await client.get(f"/stories/{story}")
    assert answer.status_code == 404
    assert "or the text was taken back by its publisher" in Page.of(answer.text).text("main")


async def test_what_an_editor_keeps_is_shown_again(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry())
    await changed(newsroom, story, presence=Presence.MISSING)
    await newsroom.statements.record_presence(story, Presence.KEPT)
    assert Page.of((await client.get(f"/stories/{story}")).text).text("h1") == "Close the camp at Yodok"


async def test_a_deleted_report_leaves_its_story_to_the_others(newsroom, client):
    await samples_indexed(newsroom)
    story = next(s for s in await newsroom.statements.newest(90) if s.lead.statement.title.startswith("Women sold"))
    await changed(newsroom, story.lead.statement.id, presence=Presence.MISSING)
    page = Page.of((await client.get(f"/stories/{story.id}")).text)
    assert page.text("h1") == story.others[0].statement.title
    assert len(page.all("article")) == len(story.others)


async def test_nothing_under_embargo_is_on_a_page_before_its_hour(newsroom, client):
    later = NOW + timedelta(hours=8)
    await tell(newsroom, ENGLISH, entry(embargo=later))
    ((held, _),) = await newsroom.statements.recent(9)
    for path in PUBLIC:
        assert "Close the camp" not in (await client.get(path.format(held.id))).text
    assert (await client.get(f"/stories/{held.id}")).status_code == 404
    newsroom.clock.now = later
    await newsroom.read()
    await newsroom.index()
    assert (await client.get(f"/stories/{held.id}")).status_code == 200


async def test_a_text_that_is_put_under_embargo_later_goes_until_its_hour(newsroom, client):
    (story,) = await tell(newsroom, ENGLISH, entry())
    later = NOW + timedelta(hours=8)
    await changed(newsroom, story, embargo=later, read_from=later)
    assert (await client.get(f"/stories/{story}")).status_code == 404
    assert "Close the camp" not in (await client.get("/")).text
    newsroom.clock.now = later
    assert (await client.get(f"/stories/{story}")).status_code == 200


async def test_the_demo_lists_neither_what_was_deleted_nor_what_is_under_embargo(newsroom):
    await tell(
        newsroom, ENGLISH, entry(embargo=NOW + timedelta(hours=8)), entry("Free the prisoners of Yodok", guid="2")
    )
    shown = next(s for s, _ in await newsroom.statements.recent(9) if s.title.startswith("Free"))
    async with visitor(newsroom, Box()) as client:
        page = (await client.get("/demo")).text
        assert "Free the prisoners" in page
        assert "Close the camp" not in page
        await changed(newsroom, shown.id, presence=Presence.HIDDEN)
        assert "Free the prisoners" not in (await client.get("/demo")).text


async def test_health_follows_the_database(tmp_path):
    async with secluded_newsroom(tmp_path) as newsroom, visitor(newsroom) as client:
        assert (await client.get("/healthz")).json() == {"status": "ok"}
        newsroom.database.close()
        answer = await client.get("/healthz")
    assert (answer.status_code, answer.json()) == (503, {"status": "unavailable"})


async def test_a_page_with_its_style_weighs_at_most_sixty_kilobytes(newsroom):
    await samples_indexed(newsroom)
    async with visitor(newsroom) as client:
        style = (await client.get("/style.css")).content
        for path in ("/", "/sources", "/?lang=ko", "/check", "/check?lang=ko", "/themes", "/themes/prisons?lang=ko",
                     f"/sources/{KOREAN}?lang=ja", "/search?q=camp&lang=fr", "/search"):  # fmt: skip
            assert len((await client.get(path)).content) + len(style) <= 60_000, path


async def test_the_style_sheet_may_be_kept_for_good_under_an_address_that_changes_with_it(client):
    address = Page.of((await client.get("/")).text).one("link[rel=stylesheet]").get("href")
    answer = await client.get(address)
    assert answer.headers["content-type"].startswith("text/css")
    assert "immutable" in answer.headers["cache-control"]
    assert "url(" not in answer.text
    assert "@import" not in answer.text
