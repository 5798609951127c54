"""Pages of cases in the database: who opened what, and which statements stand on them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select

from nkwatch.domain.casepage import CaseDeed, CaseWords, Extent, case_id
from nkwatch.domain.reading import Evidence, Mention
from nkwatch.domain.statement import Presence
from nkwatch.store import schema
from nkwatch.store.cases import CaseStore
from nkwatch.store.records import LONGEST_KEY
from tests.making import NOW, placement, polled, sifted, statement
from tests.store.conftest import SOURCES, Stores

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
OK, UN = "kim ok", "pak un"
WORDS = CaseWords("en", "A fisherman of Rason", "Held since 2019.", "Ann", NOW)
KOREAN = replace(WORDS, language="ko", heading="나선의 어부", text="2019년부터.", editor="Ben", at=NOW + HOUR)


@pytest.fixture
def cases(durable: Stores) -> CaseStore:
    """The cases of a database."""
    return CaseStore(durable.database, SOURCES)


async def named(stores: Stores, name: str, *keys: str, joins: str = "", **fields: object) -> None:
    """A statement that names these cases."""
    one = statement(name, **fields)
    mentions = tuple(Mention(Evidence("title", 0, 1, "A"), key) for key in keys)
    await stores.statements.record_polls([polled(sifted(one))])
    await stores.statements.record_readings([placement(one, joins, cases=mentions)], NOW)


async def ids(cases: CaseStore, **part: int) -> list[str]:
    """The ids of the statements on the page of the first case."""
    found = await cases.find(case_id(OK), NOW)
    assert found is not None
    return [report.statement.id for _, report in await cases.reports(found[0], NOW, **part)]


async def test_a_case_has_a_page_only_while_an_editor_keeps_it_open(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK)
    assert (await cases.pages(NOW), await cases.find(case_id(OK), NOW)) == ([], None)
    page = await cases.open(OK, WORDS)
    assert page is not None
    assert (page.id, page.key, page.opened_at, page.words) == (case_id(OK), OK, NOW, (WORDS,))
    assert await cases.find(page.id, NOW) == (page, Extent(1, NOW, NOW))
    assert await cases.pages(NOW) == [(page, Extent(1, NOW, NOW))]
    assert await cases.close(OK, "Ben", NOW + DAY)
    assert (await cases.pages(NOW), await cases.find(page.id, NOW)) == ([], None)
    assert not await cases.close(OK, "Ben", NOW + DAY)


async def test_a_name_that_no_statement_has_gets_no_page(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK)
    assert await cases.open(UN, WORDS) is None
    assert durable.count("case_act") == 0


async def test_words_in_another_language_are_added_and_every_act_is_kept(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK)
    await cases.open(OK, WORDS)
    page = await cases.open(OK, KOREAN)
    assert page is not None
    assert page.words == (WORDS, KOREAN)
    other = replace(WORDS, text="Freed in 2026.", at=NOW + DAY)
    await cases.open(OK, other)
    await cases.close(OK, "Ben", NOW + 2 * DAY)
    await cases.open(OK, KOREAN)
    acts = [(a.deed, a.editor, a.at, a.words) for a in await cases.acts(OK)]
    assert acts == [
        (CaseDeed.OPENED, "Ann", NOW, WORDS),
        (CaseDeed.CHANGED, "Ben", NOW + HOUR, KOREAN),
        (CaseDeed.CHANGED, "Ann", NOW + DAY, other),
        (CaseDeed.CLOSED, "Ben", NOW + 2 * DAY, None),
        (CaseDeed.OPENED, "Ben", NOW + HOUR, KOREAN),
    ]
    found = await cases.find(page.id, NOW)
    assert found is not None
    assert found[0].words == (KOREAN,), "what was said on a page that was closed is not said again"
    assert await cases.acts(UN) == []


async def test_the_newest_statements_come_first_with_their_stories(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "old", OK, published=NOW - 9 * DAY)
    await named(durable, "new", OK, UN, published=NOW - DAY)
    await named(durable, "joined", OK, joins="old", published=NOW - 2 * DAY)
    await named(durable, "other", UN)
    page = await cases.open(OK, WORDS)
    assert page is not None
    assert await ids(cases) == ["new", "joined", "old"]
    assert [story for story, _ in await cases.reports(page, NOW)] == ["new", "old", "old"]
    assert await ids(cases, skip=1, limit=1) == ["joined"]
    assert await cases.find(page.id, NOW) == (page, Extent(3, NOW - 9 * DAY, NOW - DAY))


async def test_what_may_not_be_shown_stands_on_no_page(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK)
    await named(durable, "gone", OK)
    await named(durable, "held", OK)
    await named(durable, "embargoed", OK, embargo=NOW + HOUR, read_from=NOW)
    await cases.open(OK, WORDS)
    gone = schema.statement.update().where(schema.statement.c.id == "gone").values(presence=Presence.MISSING)
    await durable.database.write(lambda c: c.execute(gone))
    await durable.desk.hold("held", "Ann", NOW)
    assert await ids(cases) == ["s1"]
    await durable.desk.hold("s1", "Ann", NOW)
    assert await cases.find(case_id(OK), NOW) is None, "a page that lists nothing is none"
    ((page, extent),) = await cases.pages(NOW)
    assert (page.key, extent) == (OK, None), "editors still see that it is open"


async def test_the_names_that_most_statements_have_lately_are_candidates(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK, published=NOW - DAY)
    await named(durable, "s2", OK, UN, published=NOW - 2 * DAY)
    await named(durable, "s3", "cho", published=NOW)
    await named(durable, "s4", "long ago", "cho", published=NOW - 99 * DAY)
    await cases.open(UN, WORDS)
    found = await cases.candidates(NOW - 9 * DAY, 9)
    assert [(c.key, c.statements, c.newest.id, c.open) for c in found] == [
        (OK, 2, "s1", False), ("cho", 1, "s3", False), (UN, 1, "s2", True),
    ]  # fmt: skip
    assert [c.key for c in await cases.candidates(NOW - 9 * DAY, 1)] == [OK]


async def test_a_key_too_long_for_an_index_is_found_all_the_same(durable: Stores, cases: CaseStore) -> None:
    key = "k" * (LONGEST_KEY + 5)
    await named(durable, "s1", key)
    page = await cases.open(key, WORDS)
    assert page is not None
    assert page.key != key
    assert await cases.find(page.id, NOW) is not None
    (candidate,) = await cases.candidates(NOW - DAY, 9)
    assert candidate.key == page.key
    assert [a.deed for a in await cases.acts(key)] == [CaseDeed.OPENED]
    assert await cases.close(candidate.key, "Ann", NOW)


async def test_the_address_of_a_page_is_all_that_is_kept_beside_the_key(durable: Stores, cases: CaseStore) -> None:
    await named(durable, "s1", OK)
    await cases.open(OK, WORDS)
    (row,) = durable.rows(select(schema.case_page))
    assert "kim" not in row.id
