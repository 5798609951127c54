"""Pages stay light with every source of the shipped catalogue switched on: a slow line has to carry them."""

from dataclasses import replace
from datetime import timedelta
from itertools import cycle, islice

import httpx
import pytest
from sqlalchemy import delete

from nkwatch.assembly import Newsroom
from nkwatch.catalogue.sources import load_sources
from nkwatch.domain.theme import ThemeKind
from nkwatch.store import findings, records, schema
from nkwatch.store.days import number
from nkwatch.store.rows import insert_new
from nkwatch.web.news import ROWS
from tests.making import finding, reading, statement
from tests.web.conftest import visitor
from tests.web.html import Page
from tests.web.samples import NOW, once
from tests.web.watched import EVERY_STATE, published

#: What HTML and style sheet of a page have together, not compressed.
HEAVIEST = 60 * 1024
DAY = timedelta(days=1)
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])


@pytest.fixture
async def all_on(newsroom: Newsroom) -> Newsroom:
    """All shipped sources, in every state, with statements of months, some of them every few hours."""
    shipped = [replace(s, enabled=True) for s in load_sources().values()]
    newsroom.sources.clear()
    newsroom.sources.update({s.id: s for s in shipped})
    await once(newsroom, switched_on)
    return newsroom


async def switched_on(newsroom: Newsroom) -> None:
    shipped = list(newsroom.sources.values())
    rows = [
        (s, replace(state, source_id=s.id), every)
        for s, (_, state, every) in zip(shipped, islice(cycle(EVERY_STATE), len(shipped)), strict=True)
    ]
    told = [records.statement_row(one) for row in rows for one in published(*row)]

    def write(connection):
        connection.execute(delete(schema.source_state))
        insert_new(connection, schema.source_state, [records.state_row(state) for _, state, _ in rows])
        insert_new(connection, schema.statement, told)

    await newsroom.database.write(write)


@pytest.fixture
async def counted(all_on: Newsroom) -> Newsroom:
    """The same, with a year of statements on every theme, and sources that came and went all the time."""
    codes = [t.code for t in all_on.rules.lexicon.themes if t.kind is ThemeKind.RIGHTS]
    told = [
        statement(f"year-{n}", source_id=source.id, published=NOW - n * 7 * DAY / 3)
        for n, source in enumerate(islice(cycle(all_on.sources.values()), 150))
    ]
    read = [reading(one.id, themes=tuple(map(finding, codes[n % 5 :: 3]))) for n, one in enumerate(told)]
    days = [
        {"source_id": source, "day": number(NOW - n * DAY), "polls": 1, "answered": 1, "new": 0}
        for place, source in enumerate(all_on.sources)
        for n in (2 * place, 2 * place + 30, 400)
    ]

    def write(connection):
        inforce = {"read_revision": 1, "read_rules": "test.1"}
        told_rows = [records.statement_row(one) | inforce | {"story_id": one.id} for one in told]
        insert_new(connection, schema.statement, told_rows)
        insert_new(connection, schema.reading, [findings.reading_row(one, NOW) for one in read])
        insert_new(connection, schema.story, [{"id": s.id, "ready_at": s.published, "alert": "none"} for s in told])
        insert_new(connection, schema.source_day, days)

    await all_on.database.write(write)
    await all_on.index()
    return all_on


async def weighed(client: httpx.AsyncClient, path: str, language: str) -> tuple[Page, int]:
    """A page, and the bytes of its HTML and its style sheet."""
    answer = await client.get(path, params={"lang": language} if "lang=" not in path else None)
    assert answer.status_code == 200
    page = Page.of(answer.text)
    style = await client.get(page.one("link[rel=stylesheet]").get("href"))
    return page, len(answer.content) + len(style.content)


@LANGUAGES
async def test_the_sources_are_light_on_every_page_and_all_are_there(all_on, language):
    found, path = [], "/sources"
    async with visitor(all_on) as client:
        while path:
            page, weight = await weighed(client, path, language)
            assert weight <= HEAVIEST, path
            found += [a.get("href").partition("?")[0] for a in page.all("tbody th a")]
            onward = page.all("nav.paging a[rel=next]")
            path = onward[0].get("href") if onward else ""
        assert (await client.get("/sources", params={"from": len(found)})).status_code == 404
    assert sorted(found) == sorted(f"/sources/{i}" for i in all_on.sources)
    assert len(found) > ROWS


@LANGUAGES
async def test_the_sign_up_is_light_and_offers_all_sources(all_on, language):
    async with visitor(all_on) as client:
        page, weight = await weighed(client, "/subscribe", language)
    assert weight <= HEAVIEST
    offered = {i for box in page.all("[name=wish0-sources]") for i in box.get("value").split()}
    assert offered == set(all_on.sources)


async def test_the_list_of_sources_to_be_left_out_comes_when_it_is_asked_for(all_on):
    async with visitor(all_on) as client:
        fresh = Page.of((await client.get("/subscribe")).text)
        assert fresh.all("[name=mute-sources]") == []
        (ask,) = fresh.all("button[value=list]")
        answer = await client.post("/subscribe", data={ask.get("name"): ask.get("value"), "wish0-words": "Yodok"})
        page = Page.of(answer.text)
        offered = {i for box in page.all("[name=mute-sources]") for i in box.get("value").split()}
        assert offered == set(all_on.sources)
        assert page.one(ask.get("formaction")).tag == "fieldset"
        assert page.one("#wish0-words").text.strip() == "Yodok"
        ticked = await client.post("/subscribe", data={"step": "edit", "mute-sources": next(iter(all_on.sources))})
        assert len(Page.of(ticked.text).all("[name=mute-sources][checked]")) == 1


@LANGUAGES
async def test_the_figures_are_light(counted, language):
    async with visitor(counted) as client:
        page, weight = await weighed(client, "/numbers", language)
    assert len(page.all(".panels figure")) > 15
    assert weight <= HEAVIEST
