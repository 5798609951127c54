"""Pictures: what they say, that the same figures stand in tables and files, and that they fit every screen."""

import csv
import io
import re
from datetime import date, timedelta

import pytest
from lxml import html
from sqlalchemy import delete

from nkwatch.domain.reading import Ask, Evidence
from nkwatch.editing.bars import bars, segments
from nkwatch.store import findings, records, schema
from nkwatch.store.days import number
from nkwatch.store.rows import insert_new
from nkwatch.web.pages import Frame, Pages
from nkwatch.web.pictures import STATES, WEEKS, Pictures
from tests.making import finding, reading
from tests.web.html import Page
from tests.web.samples import NOW, empty_newsroom, once
from tests.web.test_browser import SCREENS, TRANSLATED, looked_at, site
from tests.web.watched import EVERY_STATE, published

DAY, WEEK = timedelta(days=1), timedelta(weeks=1)
WORDS = Evidence("text", 0, 1, "A")
#: Sources that were added while the others were watched, and when.
ADDED = {"border-watch": NOW - 100 * DAY, "tern": NOW - 30 * DAY, "vesper": NOW - 29 * DAY}
BEGAN = NOW - 140 * DAY


@pytest.fixture
async def watched(newsroom):
    """Sources in every state, over a third of a year."""
    return await watch_for_months(newsroom)


async def watch_for_months(newsroom):
    """Sources in every state, each with statements of a third of a year: on one theme, or on two."""
    newsroom.sources.clear()
    newsroom.sources.update({source.id: source for source, _, _ in EVERY_STATE})
    await once(newsroom, months)
    return newsroom


async def months(newsroom):
    """The rows of that."""
    told = [one for row in EVERY_STATE for one in published(*row) if row[0].enabled]
    read = [read_of(one, n) for n, one in enumerate(told)]

    def write(connection):
        connection.execute(delete(schema.source_state))
        insert_new(connection, schema.source_state, [records.state_row(state) for _, state, _ in EVERY_STATE])
        insert_new(connection, schema.statement, [row_of(one) for one in told])
        insert_new(connection, schema.reading, [findings.reading_row(one, NOW) for one in read])
        insert_new(connection, schema.story, [{"id": s.id, "ready_at": s.published, "alert": "none"} for s in told])
        insert_new(connection, schema.source_day, [day for _, state, _ in EVERY_STATE for day in days_of(state)])

    await newsroom.database.write(write)
    await newsroom.index()


def days_of(state):
    """The record of polls of a source: it answered every day from when it was added until it did last."""
    last, first = state.last_ok_at, ADDED.get(state.source_id, BEGAN)
    for n in range((last - first) // DAY + 1 if last else 0):
        day = number(first + n * DAY)
        # one was not to be read for a month, and is back
        if state.source_id != "batang" or not number(NOW - 90 * DAY) < day < number(NOW - 60 * DAY):
            yield {"source_id": state.source_id, "day": day, "polls": 24, "answered": 23, "new": 0}


def row_of(one):
    seen = max(one.published, ADDED.get(one.source_id, BEGAN))
    row = records.statement_row(one) | {"story_id": one.id, "read_revision": 1, "read_rules": "test.1"}
    return row | {"first_seen": seen, "backlog": seen > one.published}


def read_of(one, n: int):
    themes = (finding(), finding("health")) if n % 3 == 0 else (finding(),)
    return reading(one.id, themes=themes, asks=(Ask(WORDS, "x", "CN" if n % 2 else "KP"),))


async def test_the_page_says_in_words_what_it_draws(watched, client):
    page = Page.of((await client.get("/numbers")).text)
    assert page.one("h1").text == "In numbers"
    for picture in page.all("main svg[role=img]"):
        title = picture.find("title").text
        label, said = picture.get("aria-labelledby"), picture.get("aria-describedby")
        assert page.one(f"#{label}").text == title
        assert re.search(r"\d", page.one(f"#{said}").text)
    names = [f.text_content().split("\n")[0] for f in page.all(".panels figcaption a")]
    assert names == ["Prisons, camps and torture", "Health"]
    assert "No statement on: " in page.text()


async def test_the_figures_behind_a_picture_are_those_it_draws(watched, client):
    page = Page.of((await client.get("/numbers")).text)
    rows = [[c.text_content() for c in row] for row in page.all("#main section:first-of-type table tbody tr")]
    assert len(rows) == WEEKS
    total = sum(int(row[1]) for row in rows)
    assert f"{total} statements from 24 Nov 2025 to 22 Nov 2026." in page.one("#everything-said").text
    weeks = await files(client, "/numbers.csv")
    assert sum(int(row["statements"]) for row in weeks if row["theme"] == "*") == total
    by_week = {date.fromisoformat(row["week"]) for row in weeks}
    assert all(week.weekday() == 0 for week in by_week)
    sources = {row["source"] for row in weeks}
    assert sources <= set(watched.sources)


async def files(client, path: str) -> list[dict[str, str]]:
    answer = await client.get(path)
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith("attachment")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def test_a_rise_because_of_new_sources_is_seen_to_be_one(watched, client):
    page = Page.of((await client.get("/numbers")).text)
    text = page.text()
    assert "from sources that were added in this time" in text
    assert "14 Aug 2026: Reedbank Border Watch" in text
    assert "Silent, or not to be read, since:" in text
    assert "24 Aug 2026 (until 23 Sept 2026): 바탕인권모임" in text
    assert "before polls were recorded" in text
    marks = [m.text for m in page.all("svg .mark")]
    assert any(m.startswith("+") for m in marks)
    assert any("−" in m for m in marks)
    assert page.one("svg[aria-labelledby=everything] path.new").get("d")


async def test_the_sources_stand_in_a_table_with_what_they_brought(watched, client):
    page = Page.of((await client.get("/numbers")).text)
    rows = {
        " ".join(" ".join(r[0].itertext()).split()): [c.text_content() for c in r[1:]]
        for r in page.all("table.counted tbody tr")
    }
    assert rows["Alder Rights Desk alder-letters"] == ["25", "5 Jul 2026"]
    assert rows["Reedbank Border Watch"][1] == "14 Aug 2026 added"
    assert rows["Yonder Institute not polled yet"] == ["0", "–"]
    assert "Zeta Review" not in page.text()


async def test_the_file_of_sources_holds_all_of_them_with_their_silence(watched, client):
    rows = {row["source"]: row for row in await files(client, "/numbers/sources.csv")}
    assert sorted(rows) == sorted(i for i, s in watched.sources.items() if s.enabled)
    assert (rows["batang"]["answers_since"], rows["batang"]["silent"]) == ("2026-07-05", "2026-08-24/2026-09-23")
    assert (rows["quarry"]["silent"], rows["yonder"]["answers_since"]) == ("2026-10-09/..", "")
    assert int(rows["alder-letters"]["statements"]) == 25


async def test_who_is_asked_stands_beside_the_search_that_finds_it(watched, client):
    page = Page.of((await client.get("/numbers")).text)
    asked = {row["country"]: int(row["statements"]) for row in await files(client, "/numbers/asked.csv")}
    assert set(asked) == {"CN", "KP"}
    links = [a.get("href") for a in page.all("section[aria-labelledby=by-country] table a")]
    assert sorted(re.search("asked=(..)", link)[1] for link in links) == ["CN", "KP"]
    assert {"North Korea", "China"} == {t.text for t in page.all("svg[aria-labelledby=asked] .name")[::2]}


async def test_there_is_a_page_before_there_is_anything_to_count(client):
    page = Page.of((await client.get("/numbers")).text)
    assert "no statement from" in page.one("#everything-said").text
    assert page.all(".panels") == []
    assert await files(client, "/numbers.csv") == []
    assert await files(client, "/numbers/asked.csv") == []


async def test_pictures_are_drawn_in_the_language_of_the_page(watched, client):
    page = Page.of((await client.get("/numbers?lang=ko")).text)
    assert "2026년" in page.one("svg[aria-labelledby=everything]").text_content()
    assert {"중국"} <= {t.text for t in page.all("svg .name")}


async def test_nothing_of_a_picture_needs_a_style_of_its_own(watched, client):
    text = (await client.get("/numbers")).text
    assert "style=" not in text
    assert "<style" not in text
    assert "<script" not in text


async def test_a_theme_has_its_own_picture(watched):
    pictures = Pictures(watched, Pages(watched))
    drawn = await pictures.theme("health", "en")
    (panel,) = drawn.plot.panels
    everything = (await pictures.theme("prisons", "en")).plot.panels[0]
    assert 0 < panel.total < everything.total
    assert drawn.added


async def test_a_source_has_its_own_picture_without_the_comings_of_others(watched):
    pictures = Pictures(watched, Pages(watched))
    drawn = await pictures.source("quarry", "en")
    assert drawn.plot.panels[0].total > 0
    assert (drawn.added, [[n.text for n in names] for *_, names in drawn.silent]) == ([], [["Quarry Relief"]])
    nothing = await pictures.source("yonder", "en")
    assert (nothing.plot.panels[0].total, nothing.plot.events) == (0, ())


async def test_pictures_of_many_readers_cost_one_count(watched, client):
    asked = []
    read = watched.database.read

    async def counted(work):
        asked.append(work)
        return await read(work)

    await client.get("/numbers")
    object.__setattr__(watched.database, "read", counted)
    await client.get("/numbers")
    await client.get("/numbers.csv")
    # the states of sources are those of now
    assert len(asked) <= 3


def drawn_progress(newsroom, parts, language="en"):
    pages = Pages(newsroom)
    template = pages._environments[language].from_string(
        "{% from 'web/pictures.html' import progress %}{{ progress(parts, 'Delivery') }}"
    )
    return html.fragment_fromstring(template.render(parts=parts, frame=Frame(language, "")))


async def test_the_progress_of_a_bulletin_is_told_in_words_and_drawn_in_patterns(newsroom):
    counts = {"sent": 90, "deferred": 8, "refused": 2, "pending": 1, "leased": 1, "unknown": 1, "cancelled": 1}
    parts = segments(counts, STATES)
    picture = drawn_progress(newsroom, parts)
    said = [" ".join(li.text_content().split()) for li in picture.cssselect("li")]
    assert said[0] == "accepted by the relay: 90"
    assert "refused: 2" in said
    drawn = {r.get("class"): r.get("fill") for r in picture.cssselect("svg[role=img] rect")}
    assert len(drawn) == 7
    assert drawn["seg deferred"] == "url(#progress-striped)"
    assert drawn["seg unknown"] == "url(#progress-slanted)"
    assert drawn["seg refused"] == "url(#progress-crossed)"


async def test_the_progress_of_a_bulletin_leaves_out_what_there_is_none_of(newsroom):
    assert await Pictures(newsroom, Pages(newsroom)).progress(9) == []


async def test_what_is_left_out_of_the_bars_is_counted(newsroom):
    found = bars({"CN": 3, "KP": 2, "JP": 1, "US": 1}, 2)
    pages = Pages(newsroom)
    source = "{% from 'web/pictures.html' import asked_bars %}{{ asked_bars(frame, bars, 'Asked', since) }}"
    text = (
        pages._environments["en"].from_string(source).render(frame=Frame("en", ""), bars=found, since=date(2026, 1, 1))
    )
    assert "And 2 other countries, in 2 statements." in text


@pytest.mark.asyncio(loop_scope="session")
@pytest.mark.timeout(300)
async def test_pictures_fit_every_screen_and_axe_finds_nothing(tmp_path, browser):
    wrong, letters = [], set()
    async with empty_newsroom(tmp_path) as newsroom, site(await watch_for_months(newsroom)) as address:
        page = await browser.new_page()
        for language in ("en", "fr", "ko", "ja"):
            await page.goto(f"{address}/numbers?lang={language}")
            await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
            for width, scheme, with_axe in SCREENS if language == "en" else TRANSLATED:
                wrong += [(language, width, scheme, f) for f in await looked_at(page, width, scheme, with_axe)]
            sizes = "[...document.querySelectorAll('svg text')].map(t => parseFloat(getComputedStyle(t).fontSize))"
            letters |= set(await page.evaluate(sizes))
    assert wrong == []
    assert min(letters) >= 12
