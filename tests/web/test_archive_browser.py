"""The public archive in a real browser: every page fits, everybody can read it, it is light, and keys alone do."""

from datetime import timedelta
from itertools import product

import pytest
import pytest_asyncio

from nkwatch.domain.reading import Ask, Evidence, Quote
from nkwatch.domain.theme import ThemeKind
from nkwatch.store import findings, records, schema
from nkwatch.store.editions import EditionStore
from nkwatch.store.rows import insert_new
from tests.making import finding, prose, reading, statement
from tests.web.samples import NOW, empty_newsroom, tell_samples
from tests.web.test_browser import faults, shifts, site, too_wide
from tests.web.test_cases import KEY, WORDS, named
from tests.web.test_editions import MONDAY, an_alert
from tests.web.watched import reads, watched_source

pytestmark = [
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.timeout(300),
]
#: Page after page takes the next of these, so that each is met although no page is looked at in more than one.
COMBINATIONS = list(product(("en", "ko", "ja", "fr"), (320, 1280), ("light", "dark")))
#: HTML and CSS of a page, in bytes, not compressed.
HEAVIEST = 60 * 1024
SOURCES, EACH, LONG = 20, 17, 34
ASKED = ("KP", "CN", "KR", "JP", "US", "RU", "GB", "FR")
WORD = Evidence("text", 0, 1, "A")


@pytest_asyncio.fixture(loop_scope="session")
async def newsroom(tmp_path):
    """A newsroom in which nothing has happened yet, in the loop of the browser."""
    async with empty_newsroom(tmp_path) as opened:
        yield opened


async def filled(newsroom):
    """A year of many sources on all themes, a long story, a case, an edition and an alert; the paths of all pages."""
    number, alerted = await an_alert(newsroom)
    newsroom.clock.now = MONDAY
    assert (await newsroom.editions()).editions == 1
    told = a_year(newsroom)
    rights = [t.code for t in newsroom.rules.lexicon.themes if t.kind is ThemeKind.RIGHTS]
    long = told[0].id
    rows = [row_of(one, long if n < LONG else one.id, n) for n, one in enumerate(told)]
    read = [read_of(one, n, rights) for n, one in enumerate(told)]
    stories = [{"id": s.id, "ready_at": s.published, "alert": "none"} for s in told[:1] + told[LONG:]]

    def write(connection):
        insert_new(connection, schema.statement, rows)
        insert_new(connection, schema.reading, [findings.reading_row(one, NOW) for one in read])
        insert_new(connection, schema.story, stories)
        states = [records.state_row(reads(f"watch-{n}")) for n in range(SOURCES)]
        insert_new(connection, schema.source_state, states)

    await newsroom.database.write(write)
    await newsroom.index()
    await named(newsroom, *[one.id for one in told[LONG : LONG + 25]])
    case = await newsroom.cases.open(KEY, WORDS)
    edition = next(e for e in await EditionStore(newsroom.database).listed() if e.number != number)
    return [
        "/", "/search", "/search?q=camp", "/search?q=camp&since=nonsense", "/search?q=nobodywrotethis",
        "/dossier?source=watch-3", f"/stories/{long}", f"/stories/{long}?from=20", f"/stories/{alerted}",
        "/themes", "/themes/prisons", "/sources", "/sources/watch-1", "/editions", f"/editions/{edition.number}",
        f"/alerts/{number}", "/cases", f"/cases/{case.id}", "/numbers", "/api", "/check",
    ]  # fmt: skip


def a_year(newsroom):
    """Statements of the last year, the newest first."""
    sources = [watched_source(f"watch-{n}", f"Committee for the Prisoners of Camp {n}") for n in range(SOURCES)]
    newsroom.sources.update({source.id: source for source in sources})
    made = (
        statement(
            f"{source.id}-{n}", source_id=source.id, publisher=source.publisher, url=f"https://{source.id}.example/{n}",
            title=f"North Korea: close camp {prose(f'{source.id}x{n}', 4)}", text=f"The camp. {prose(f'w{n}', 60)}",
            published=NOW - timedelta(hours=1 + n * 500 + at * 23),
        )
        for at, source in enumerate(sources)
        for n in range(EACH)
    )  # fmt: skip
    return sorted(made, key=lambda one: one.published, reverse=True)


def row_of(one, story, n):
    # every third source was added while the others were watched
    since = NOW - timedelta(days=100 if int(one.source_id.removeprefix("watch-")) % 3 == 0 else 200)
    seen = max(one.published, since)
    row = records.statement_row(one) | {"story_id": story, "read_revision": 1, "read_rules": "test.1"}
    return row | {"first_seen": seen, "backlog": seen > one.published}


def read_of(one, n, rights):
    themes = tuple(finding(code) for code in {"prisons", rights[n % len(rights)], rights[n * 7 % len(rights)]})
    asks = (Ask(Evidence("text", 0, 9, "Close it."), "the government", ASKED[n % (n % 8 + 1)], "this year"),)
    quotes = (Quote(WORD, "Kim Ok", "a lawyer"),)
    return reading(one.id, themes=themes, asks=asks, quotes=quotes)


async def style_of(page, address):
    """Bytes of the one style sheet."""
    answer = await page.request.get(f"{address}/style.css")
    return len(await answer.body())


async def looked_at(page, address, path, language, width, style):
    """What is wrong with a page."""
    await page.set_viewport_size({"width": width, "height": 800})
    answer = await page.goto(f"{address}{path}{'&' if '?' in path else '?'}lang={language}")
    wrong = [] if answer.ok or "nonsense" in path else [f"answered {answer.status}"]
    wrong += await shifts(page)
    heavy = len(await answer.body()) + style
    # a dossier has all that was found on one page: it is made to be printed
    if heavy > HEAVIEST and not path.startswith("/dossier"):
        wrong.append(f"{heavy} bytes")
    if language != await page.evaluate("document.documentElement.lang"):
        wrong.append("in another language")
    await page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    return [*wrong, *await faults(page), *(["too wide"] if await too_wide(page) else [])]


async def test_every_page_of_the_archive_fits_and_is_light_and_axe_finds_nothing(newsroom, browser):
    wrong, met, asked = [], set(), []
    paths = await filled(newsroom)
    async with site(newsroom) as address:
        pages = {scheme: await browser.new_page(color_scheme=scheme) for scheme in ("light", "dark")}
        for page in pages.values():
            page.on("request", lambda request: asked.append(request.url))
        await pages["light"].goto(address)
        style = await style_of(pages["light"], address)
        paths.append(await pages["light"].locator(".paging [rel=next]").get_attribute("href"))
        for n, path in enumerate(paths):
            language, width, scheme = COMBINATIONS[n % len(COMBINATIONS)]
            met.add((language, width, scheme))
            found = await looked_at(pages[scheme], address, path, language, width, style)
            wrong += [(path, language, width, scheme, fault) for fault in found]
        await pages["light"].goto(address + next(path for path in paths if path.startswith("/dossier")))
        wrong += await seen_on_paper(pages["light"])
    assert wrong == []
    assert met == set(COMBINATIONS)
    assert [url for url in asked if not url.startswith(address)] == []


async def test_a_story_stays_where_it_is_when_its_title_arrives_after_it(newsroom, browser):
    paths = await filled(newsroom)
    async with site(newsroom) as address:
        page = await browser.new_page(viewport={"width": 1280, "height": 800})
        await page.goto(address + next(path for path in paths if path.startswith("/stories/watch-")))
        top = "document.querySelector('article.lead').getBoundingClientRect().top"
        whole = await page.evaluate(top)
        assert await page.evaluate(f"document.querySelector('article.lead h1').replaceChildren(), {top}") == whole


async def seen_on_paper(page):
    """What is printed of a dossier and should not be, or is not and should be."""
    await page.emulate_media(media="print")
    shown = {
        name: await page.locator(name).first.is_visible()
        for name in ("nav.pages", "form.find", ".skip", "footer", ".screen", "h1", "article.entry h3", ".addresses")
    }
    return [] if [name for name, seen in shown.items() if seen] == ["h1", "article.entry h3", ".addresses"] else [shown]


FOCUSED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at)
  return {what: at.id || at.className || at.textContent.trim(), result: at.matches('article h3 a'),
    seen: style.outlineStyle === 'solid' && parseFloat(style.outlineWidth) >= 2 && box.bottom > 0 && box.height > 0}
}"""


async def tabbed(page, until):
    """What the Tab key came by, up to where `until` is said of it."""
    stops = []
    while len(stops) < 40 and not (stops and until(stops[-1])):
        await page.keyboard.press("Tab")
        stops.append(await page.evaluate(FOCUSED))
    return stops


async def test_with_keys_alone_a_reader_searches_and_opens_what_was_found(newsroom, browser):
    await tell_samples(newsroom)
    await newsroom.index()
    async with site(newsroom) as address:
        page = await browser.new_page(viewport={"width": 320, "height": 800})
        await page.goto(address)
        stops = await tabbed(page, lambda stop: stop["what"] == "find")
        assert [stop["what"] for stop in stops] == ["skip", "brand", "find"]
        await page.keyboard.type("camp")
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        first = await tabbed(page, lambda stop: stop["what"] == "skip")
        await page.keyboard.press("Enter")
        assert await page.evaluate("document.activeElement.id") == "main"
        passed = await tabbed(page, lambda stop: stop["result"])
        assert passed[-1]["result"]
        assert [stop for stop in stops + first + passed if not stop["seen"]] == []
        async with page.expect_navigation():
            await page.keyboard.press("Enter")
        assert "/stories/" in page.url
