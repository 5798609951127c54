"""Pages of cases: there while an editor keeps them open, and before and after that as if they had never been."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import delete, insert, update

from nkwatch.domain.casepage import CaseWords, case_id
from nkwatch.domain.statement import Presence, digest
from nkwatch.store import schema
from nkwatch.web.cases import PAGE
from tests.web.html import Page
from tests.web.samples import NOW, tell_samples

KEY = "a name that nobody else has"
WORDS = CaseWords("en", "A fisherman of <Rason>", "Held since 2019.\nWe ask for news of him.", "Ann", NOW)
KOREAN = replace(WORDS, language="ko", heading="나선의 어부")


@pytest.fixture
async def statements(newsroom) -> list[str]:
    """The ids of the newest statements of the samples; each of them names the case."""
    await tell_samples(newsroom)
    found = [s.id for s, reading in await newsroom.statements.recent(500) if reading and reading.about_nk]
    await named(newsroom, *found)
    return found


async def named(newsroom, *ids):
    """These statements, and no others, name the case."""

    def write(connection):
        connection.execute(delete(schema.named).where(schema.named.c.key == KEY))
        connection.execute(insert(schema.named), [{"key": KEY, "statement_id": i} for i in ids])

    await newsroom.database.write(write)


async def page(client, path) -> Page:
    answer = await client.get(path)
    assert answer.status_code == 200, path
    return Page.of(answer.text)


async def test_an_open_case_has_a_page_with_the_editors_words_and_every_statement(newsroom, client, statements):
    opened = await newsroom.cases.open(KEY, WORDS)
    await newsroom.cases.open(KEY, KOREAN)
    listed = await page(client, "/cases?lang=en")
    assert f"/cases/{opened.id}?lang=en" in listed.links()
    shown = await page(client, f"/cases/{opened.id}?lang=en")
    assert shown.text("h1") == "A fisherman of <Rason>"
    assert "We ask for news of him." in shown.text(".remark")
    assert "Ann" in shown.text(".remark .quiet")
    titles = shown.all("article.story h3")
    assert len(titles) == min(len(statements), PAGE)
    dates = [t.get("datetime") for t in shown.all("article.story .from time")]
    assert dates == sorted(dates, reverse=True)
    assert all(a.get("rel") == "noopener noreferrer" for a in shown.all("article.story .others a"))
    korean = await page(client, f"/cases/{opened.id}?lang=ko")
    assert korean.text("h1") == "나선의 어부"
    french = await page(client, f"/cases/{opened.id}?lang=fr")
    assert french.one("h1").get("lang") == "en", "words in another language than the page say in which"


async def test_neither_address_nor_page_shows_the_key(newsroom, client, statements):
    opened = await newsroom.cases.open(KEY, WORDS)
    assert opened.id == case_id(KEY)
    assert opened.id != digest(KEY)
    for path in ("/cases", f"/cases/{opened.id}"):
        assert KEY not in (await client.get(path)).text


async def test_a_case_that_is_closed_or_was_never_open_is_not_there(newsroom, client, statements):
    path = f"/cases/{case_id(KEY)}"
    before = await client.get(path)
    await newsroom.cases.open(KEY, WORDS)
    assert (await client.get(path)).status_code == 200
    await newsroom.cases.close(KEY, "Ann", NOW)
    after, never = await client.get(path), await client.get(f"/cases/{case_id('somebody else')}")
    assert (before.status_code, after.status_code, never.status_code) == (404, 404, 404)
    assert before.text == after.text
    assert dict(before.headers) == dict(after.headers)
    assert "No case has a page" in (await page(client, "/cases?lang=en")).text()
    for elsewhere in ("/", "/cases", "/feed.atom", "/sources"):
        assert case_id(KEY) not in (await client.get(elsewhere)).text


async def test_a_page_whose_statements_may_not_be_shown_is_not_there(newsroom, client, statements):
    await newsroom.cases.open(KEY, WORDS)
    gone = update(schema.statement).values(presence=Presence.MISSING)
    await newsroom.database.write(lambda c: c.execute(gone))
    assert (await client.get(f"/cases/{case_id(KEY)}")).status_code == 404
    assert "Rason" not in (await client.get("/cases")).text


async def test_what_is_asked_for_stands_above_the_statements_each_once(newsroom, client, statements):
    asking = [s.id for s, r in await newsroom.statements.recent(500) if r and r.asks and r.about_nk]
    await named(newsroom, *asking)
    opened = await newsroom.cases.open(KEY, WORDS)
    shown = await page(client, f"/cases/{opened.id}?lang=en")
    demands = [q.text_content() for q in shown.all(".demands q")]
    assert demands
    assert len(set(demands)) == len(demands)
    assert all(len(d) <= 300 for d in demands)
    assert all(len(p.text_content()) <= 300 for p in shown.all(".excerpt"))


async def test_a_long_case_goes_on_page_by_page(newsroom, client, statements):
    one = next(s for s, r in await newsroom.statements.recent(500) if s.id == statements[0])
    (row,) = [dict(r) for r in await newsroom.database.read(lambda c: _row(c, one.id))]
    (read,) = [dict(r) for r in await newsroom.database.read(lambda c: _reading(c, one.id))]
    ids = [f"more{n:03}" for n in range(PAGE + 3)]

    def write(connection):
        dates = [NOW - timedelta(days=n) for n in range(len(ids))]
        copies = [row | {"id": i, "published": at} for i, at in zip(ids, dates, strict=True)]
        connection.execute(insert(schema.statement), copies)
        connection.execute(insert(schema.reading), [read | {"statement_id": i} for i in ids])

    await newsroom.database.write(write)
    await named(newsroom, *ids)
    opened = await newsroom.cases.open(KEY, WORDS)
    path = f"/cases/{opened.id}"
    first = await page(client, path)
    assert len(first.all("article.story")) == PAGE
    assert first.one("a[rel=next]").get("href") == f"{path}?page=2"
    second = await page(client, f"{path}?page=2")
    assert len(second.all("article.story")) == 3
    assert second.one("a[rel=prev]").get("href") == f"{path}?page=1"
    assert not second.all("a[rel=next]")


@pytest.mark.parametrize("number", ["0", "-1", "x", "2", "9999", "١", "%00"])
async def test_what_is_no_page_of_a_case_does_not_exist(newsroom, client, statements, number):
    await named(newsroom, statements[0])
    opened = await newsroom.cases.open(KEY, WORDS)
    assert (await client.get(f"/cases/{opened.id}?page={number}")).status_code == 404


@pytest.mark.parametrize("name", ["x", "%00", "a" * 5000])
async def test_what_is_no_case_does_not_exist(client, name):
    assert (await client.get(f"/cases/{name}")).status_code == 404


def _row(connection, statement_id):
    query = schema.statement.select().where(schema.statement.c.id == statement_id)
    return connection.execute(query).mappings().all()


def _reading(connection, statement_id):
    query = schema.reading.select().where(schema.reading.c.statement_id == statement_id)
    return connection.execute(query).mappings().all()
