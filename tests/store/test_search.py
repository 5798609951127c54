"""Searching finds the same in both databases, the newest first, and nothing that may not be shown."""

import asyncio
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import cast, delete, select, text, update
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from nkwatch.domain import search as domain
from nkwatch.domain.correction import Correction
from nkwatch.domain.errand import Ran
from nkwatch.domain.polling import Polled
from nkwatch.domain.reading import Ask, Evidence, Quote, Urgency
from nkwatch.domain.search import COUNTED, LARGEST_PAGE, Count, Query
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.reading.stories import Placement, marks
from nkwatch.reading.tokens import MOST_ALIKE, indexed, phrase
from nkwatch.store import indexing, schema
from nkwatch.store.indexing import IndexStore, lexeme, tsvector
from nkwatch.store.search import SearchStore
from tests.making import (
    NOW,
    article,
    at,
    context,
    entry,
    errand,
    finding,
    placement,
    polled,
    sifted,
    source,
    state,
    statement,
)
from tests.store.conftest import Stores

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
WORDS = Evidence("text", 0, 1, "A")
SOURCES: dict[str, Source] = {
    "a": source("a", country="KR"),
    "b": source("b", country="JP"),
    "c": source("c", country="KR"),
}


class Archive:
    """A database with statements to be found."""

    def __init__(self, stores: Stores) -> None:
        self.stores = stores
        self.search = SearchStore(stores.database, SOURCES)
        self.store = IndexStore(stores.database)

    async def add(self, name: str, title: str = "", story: str = "", **fields: Any) -> Statement:
        """A statement that was read and is in the index. Fields of a reading are among the others."""
        own = {k: v for k, v in fields.items() if k in Statement.__slots__}
        one = statement(name, **({"title": title, "text": ""} | own))
        await self.stores.statements.record_polls([polled(sifted(one), one.source_id)])
        await self.read(one, story, **{k: v for k, v in fields.items() if k not in own})
        return one

    async def read(self, one: Statement, story: str = "", **fields: Any) -> None:
        """It was read."""
        made = placement(one, story, **fields)
        await self.stores.statements.record_readings([made if made.reading.about_nk else Placement(made.reading)], NOW)
        await self.index()

    async def index(self) -> int:
        """All is brought up to date; how many were not."""
        return await self.store.index(1_000)

    async def found(self, *words: str, now: datetime = NOW, **asked: Any) -> list[str]:
        """The ids of the statements that are found, the newest first."""
        query = Query(words, **{k: frozenset(v) if isinstance(v, set) else v for k, v in asked.items()})
        page = await self.search.find(query, now, limit=LARGEST_PAGE)
        assert page.next is None
        assert await self.search.count(query, now) == Count(len(page.hits))
        assert [h.number for h in page.hits] == sorted((h.number for h in page.hits), reverse=True)
        return [h.report.statement.id for h in page.hits]


@pytest.fixture
def archive(durable: Stores) -> Archive:
    """An archive without statements."""
    return Archive(durable)


# Words


async def test_a_word_is_found_in_title_and_text_however_it_is_written(archive: Archive) -> None:
    await archive.add("s1", "Le Café de Paris", text="Straße")
    await archive.add("s2", "cafe")
    assert await archive.found("CAFÉ") == await archive.found("cafe")
    assert set(await archive.found("cafe")) == {"s1", "s2"}
    assert await archive.found("café", "strasse") == ["s1"]
    assert await archive.found("paris strasse") == [], "title and text are no phrase"
    assert await archive.found("tee") == []


@pytest.mark.parametrize(
    "word", ["북한", "인권", "한", "북한인", "UN北韓", "北", "拉致", "拉致問題", "題", "un", "パーティー"]
)
async def test_two_letters_of_cjk_are_found_wherever_they_stand_and_one_too(archive: Archive, word: str) -> None:
    await archive.add("s1", "대북한인권법, UN北韓拉致問題とパーティー")
    await archive.add("s2", "중국어 원문", text="中国语 ティ")
    assert await archive.found(word) == ["s1"]


async def test_a_phrase_is_tokens_that_follow_each_other(archive: Archive) -> None:
    await archive.add("s1", "political prison camp")
    await archive.add("s2", "camp, prison: political", published=NOW - HOUR)
    assert await archive.found("prison camp") == ["s1"]
    assert await archive.found("prison", "camp") == ["s1", "s2"]
    assert await archive.found("A/HRC/25/63") == []
    await archive.add("s3", "the report A/HRC/25/63 of 4,200 pages")
    assert await archive.found("A/HRC/25/63", "4,200 pages") == ["s3"]
    assert await archive.found("hrc/63") == []


async def test_what_ends_with_an_asterisk_finds_what_begins_so(archive: Archive) -> None:
    await archive.add("s1", "North Koreans flee")
    await archive.add("s2", "North Korea", published=NOW - HOUR)
    assert await archive.found("korea") == ["s2"]
    assert await archive.found("korea*") == await archive.found("north korea*") == ["s1", "s2"]
    assert await archive.found("south korea*") == []


async def test_words_without_letters_find_nothing_and_no_words_find_all(archive: Archive) -> None:
    await archive.add("s1", "Camp")
    assert await archive.found("!?") == await archive.found("camp", "*") == []
    assert await archive.found() == ["s1"]


async def test_a_word_that_stands_there_very_often_is_found_after_many_others(archive: Archive) -> None:
    text = " ".join(["camp"] * (MOST_ALIKE + 9) + [f"w{n}" for n in range(500)] + ["camp", "end"])
    await archive.add("s1", "camp", text=text)
    assert await archive.found("w498 w499") == await archive.found("camp camp") == ["s1"]
    assert await archive.found("camp end") == [], "too often for a place of its own"


async def test_a_long_text_of_long_words_is_taken(archive: Archive) -> None:
    letters = "𝒶" * 200
    await archive.add("s1", text=" ".join(f"{n}{letters}" for n in range(3_000)))
    await archive.add("s2", text="\U00020000" * 100_000, title="a")
    await archive.add("s3", text=" ".join(f"{n:05}{chr(0x10A60 + n % 29) * 90}" for n in range(16_500)), title="a")
    assert await archive.found("7" + letters) == ["s1"]
    assert set(await archive.found("a")) == {"s2", "s3"}


# Filters


async def test_every_filter_narrows_and_its_values_widen(archive: Archive) -> None:
    prisons, women = (finding("prisons"),), (finding("women"),)
    await archive.add("s1", themes=prisons, language="ko", urgency=Urgency.URGENT, published=NOW - HOUR)
    await archive.add("s2", themes=women, language="zh-Hant", source_id="b", urgency=Urgency.NOTABLE)
    await archive.add("s3", themes=(context("security"),), source_id="c", published=NOW - 2 * HOUR)
    assert await archive.found(themes={"prisons"}) == ["s1"]
    assert await archive.found(themes={"prisons", "women"}) == ["s2", "s1"]
    assert await archive.found(themes={"prisons", "women"}, sources={"b", "c"}) == ["s2"]
    assert await archive.found(languages={"zh"}) == await archive.found(languages={"zh-Hans"}) == ["s2"]
    assert await archive.found(countries={"KR"}) == ["s1", "s3"]
    assert await archive.found(countries={"KR", "JP"}) == ["s2", "s1", "s3"]
    assert await archive.found(countries={"FR"}) == []
    assert await archive.found(urgency=Urgency.URGENT) == ["s1"]
    assert await archive.found(urgency=Urgency.NOTABLE) == ["s2", "s1"]
    assert await archive.found(urgency=Urgency.ROUTINE) == ["s2", "s1", "s3"]
    assert await archive.found(rights=True) == ["s2", "s1"]
    assert await archive.found("theme:prisons") == []
    assert await archive.found("theme prisons") == []


async def test_who_speaks_and_who_is_asked_are_found_by_their_names(archive: Archive) -> None:
    quotes = (Quote(WORDS, "Tomás Kim"), Quote(WORDS, "Jong Lee"), Quote(WORDS, "Tomás Kim"), Quote(WORDS))
    asks = (Ask(WORDS, "the Government of China", "CN"), Ask(WORDS, "중국 정부", "CN"), Ask(WORDS))
    await archive.add("s1", quotes=quotes, asks=asks)
    await archive.add("s2", "Tomas Kim asks the government of China")
    for name in ("tomas kim", "Kim", "Lee", "to*"):
        assert await archive.found(speaker=name) == ["s1"]
    assert await archive.found(speaker="Kim Jong") == await archive.found(speaker="China") == []
    for name in ("china", "중국", "정", "government of china"):
        assert await archive.found(addressee=name) == ["s1"]
    assert await archive.found(addressee="Kim") == await archive.found(speaker="?") == []
    assert await archive.found(asked={"CN", "KR"}) == await archive.found("kim", asked={"cn"}) + ["s1"] == ["s1"]
    assert await archive.found(asked={"KR"}) == []


async def test_days_are_included_at_both_ends(archive: Archive) -> None:
    for name, published in (("s1", "2026-11-20T23:59:59.999"), ("s2", "2026-11-21T00:00"), ("s3", "2026-11-22T00:00")):
        await archive.add(name, "camp", published=at(published))
    day = date(2026, 11, 21)
    for words in ((), ("camp",)):
        assert await archive.found(*words, since=day) == ["s3", "s2"]
        assert await archive.found(*words, until=day) == ["s2", "s1"]
        assert await archive.found(*words, since=day, until=day) == ["s2"]
        assert await archive.found(*words, since=day + DAY, until=day) == []
        assert await archive.found(*words, since=date.min, until=date.max) == ["s3", "s2", "s1"]


async def test_a_source_of_an_odd_name_is_found_by_it(archive: Archive) -> None:
    await archive.add("s1", source_id="A B'\\:북*\"")
    await archive.add("s2", source_id="a b")
    assert await archive.found(sources={"A B'\\:북*\""}) == ["s1"]
    assert await archive.found(sources={"a b"}) == ["s2"]


# What may be shown


async def test_what_may_not_be_shown_is_not_found_from_that_moment_on(archive: Archive) -> None:
    statements, desk = archive.stores.statements, archive.stores.desk
    await archive.add("s1", "camp")
    await archive.add("s2", "camp", published=NOW - HOUR)
    await statements.record_polls([polled(sifted(removed=("s1",)))])
    assert await archive.found("camp") == await archive.found() == ["s2"]
    await statements.record_presence("s1", Presence.KEPT)
    await desk.hold("s2", "Jin", NOW)
    assert await archive.found("camp") == await archive.found() == ["s1"]
    await statements.record_presence("s1", Presence.HIDDEN)
    await desk.free("s2", "Jin", NOW)
    assert await archive.found("camp") == await archive.found() == ["s2"]


async def test_what_is_under_embargo_is_found_when_it_ends(archive: Archive) -> None:
    await archive.add("s1", "camp", embargo=NOW + HOUR)
    assert await archive.found("camp") == await archive.found() == []
    assert await archive.found("camp", now=NOW + HOUR) == await archive.found(now=NOW + HOUR) == ["s1"]


# Keeping in step


async def test_only_what_is_on_north_korea_and_stands_in_a_story_is_in_the_index(archive: Archive) -> None:
    one = await archive.add("s1", "camp")
    await archive.add("s2", "camp", about_nk=False)
    assert await archive.found("camp") == await archive.found() == ["s1"]
    edited = one.after(entry("A concert", text="Many came to the camp."), NOW)
    await archive.stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
    await archive.read(edited, about_nk=False)
    assert await archive.found("camp") == await archive.found() == []


async def test_what_was_not_read_yet_is_not_looked_at(archive: Archive) -> None:
    await archive.stores.statements.record_polls([polled(sifted(statement("s1")))])
    assert await archive.index() == 0


async def test_the_newest_come_first_and_each_once(archive: Archive) -> None:
    for n in range(5):
        one = statement(f"s{n}", title="camp", published=NOW - n * HOUR)
        await archive.stores.statements.record_polls([polled(sifted(one))])
        await archive.stores.statements.record_readings([placement(one)], NOW)
    assert await archive.store.index(2) == 2
    assert await archive.found("camp") == ["s0", "s1"]
    assert [await archive.store.index(2) for _ in range(3)] == [2, 1, 0]
    assert await archive.found("camp") == [f"s{n}" for n in range(5)]


async def test_an_edit_is_found_by_its_new_words_only(archive: Archive) -> None:
    one = await archive.add("s1", "A camp")
    edited = one.after(entry("A school", text="Many came."), NOW)
    await archive.stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
    assert await archive.index() == 1
    assert (await archive.found("camp"), await archive.found("school")) == ([], ["s1"])
    await archive.read(edited, themes=(finding("women"),))
    assert await archive.found("school", themes={"women"}) == ["s1"]
    assert archive.stores.count("statement") == archive.stores.one(text("SELECT count(*) FROM search"))


async def test_an_article_that_completes_a_statement_is_found_by_its_words(archive: Archive) -> None:
    one = await archive.add("s1", "camp", published=NOW, published_estimated=True)
    await archive.stores.statements.record_errand(
        Ran(errand(), NOW, article=article("A school. " * 40, published=NOW - 9 * DAY))
    )
    assert await archive.index() == 1
    assert await archive.found("school") == ["s1"]
    assert await archive.found("camp", until=(NOW - 9 * DAY).date()) == ["s1"], "its number follows its date"
    assert await archive.found("camp", since=(NOW - 8 * DAY).date()) == []
    assert one.published == NOW


async def test_a_text_that_is_completed_before_it_is_read_anew_is_put_in_again(archive: Archive) -> None:
    one = await archive.add("s1", "camp")
    edited = one.after(entry("A camp again", text="More soon."), NOW)
    await archive.stores.statements.record_polls([Polled(state("a"), "Publisher a", sifted(edited=(edited,)))])
    await archive.index()
    await archive.stores.statements.record_errand(Ran(errand(), NOW, article=article("A school. " * 40)))
    assert await archive.index() == 1
    assert await archive.found("school") == ["s1"]


async def test_a_correction_changes_what_is_found(archive: Archive) -> None:
    one = await archive.add("s1", "camp")
    said = Correction("s1", 1, "test.1", NOW, "Jin", about_nk=False)
    await archive.stores.readings.record_correction(said, "", [], NOW)
    assert await archive.index() == 1
    assert await archive.found() == []
    back = replace(said, about_nk=True, urgency=Urgency.URGENT)
    await archive.stores.readings.record_correction(back, "", marks(one), NOW)
    assert await archive.index() == 1
    assert await archive.found("camp", urgency=Urgency.URGENT) == ["s1"]


async def test_other_rules_change_what_is_found(archive: Archive) -> None:
    one = await archive.add("s1", "camp")
    anew = placement(one, themes=(finding("women"),), rules="test.2")
    await archive.stores.readings.record_anew([anew], NOW, NOW)
    assert await archive.index() == 1
    assert (await archive.found(themes={"prisons"}), await archive.found(themes={"women"})) == ([], ["s1"])


async def test_what_is_up_to_date_is_not_written_again(archive: Archive) -> None:
    one = await archive.add("s1", "camp")
    number = archive.stores.one(select(schema.statement.c.number))
    assert number == domain.number(one.published, "s1")
    assert await archive.index() == 0
    with archive.stores.database.engine.begin() as connection:
        connection.execute(update(schema.statement).values(indexed=False))
    assert await archive.index() == 1
    assert archive.stores.one(select(schema.statement.c.number)) == number


async def test_two_statements_of_one_number_get_two(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(domain, "number", lambda published, _: domain.second(published) << 20)
    for n in range(3):
        await archive.add(f"s{n}", "camp")
    assert await archive.found("camp") == ["s2", "s1", "s0"]
    with archive.stores.database.engine.begin() as connection:
        connection.execute(update(schema.statement).values(indexed=False))
    assert await archive.index() == 3
    assert await archive.found("camp") == ["s2", "s1", "s0"]


async def test_what_must_be_gone_at_once_is_forgotten_and_comes_back_when_it_is_put_in_anew(archive: Archive) -> None:
    for name in ("s1", "s2"):
        await archive.add(name, f"camp {name}")

    def work(connection: Any) -> None:
        indexing.forget(connection, ["s1"])
        indexing.scrub(connection)

    await archive.stores.database.write(work)
    assert await archive.found("camp") == ["s2"]
    assert await archive.found("s1") == []
    if archive.stores.database.engine.dialect.name == "sqlite":
        blocks = archive.stores.rows(text("SELECT block FROM search_data"))
        assert not [b for (b,) in blocks if b"s1" in b]
    assert await archive.index() == 1
    assert await archive.found("s1") == ["s1"]


async def test_two_processes_that_index_at_once_do_not_trip_over_each_other(archive: Archive, opened: Any) -> None:
    for n in range(20):
        one = statement(f"s{n}", title="camp", published=NOW - n * HOUR)
        await archive.stores.statements.record_polls([polled(sifted(one))])
        await archive.stores.statements.record_readings([placement(one)], NOW)
    other = IndexStore(opened().database)
    done = await asyncio.gather(*(s.index(4) for s in (archive.store, other) * 3))
    while some := await archive.index():
        done.append(some)
    assert sum(done) == 20
    assert len(await archive.found("camp")) == 20


# Pages


async def test_pages_follow_each_other_without_a_gap(archive: Archive) -> None:
    for n in range(7):
        await archive.add(f"s{n}", "camp", published=NOW - (n // 2) * HOUR)
    for query in (Query(), Query(("camp",))):
        seen, before, pages = list[str](), None, 0
        while True:
            page = await archive.search.find(query, NOW, before=before, limit=3)
            seen += [h.report.statement.id for h in page.hits]
            before, pages = page.next, pages + 1
            if before is None:
                break
        assert (sorted(seen), pages) == ([f"s{n}" for n in range(7)], 3)


@pytest.mark.parametrize("before", [-(2**80), -1, 0, 2**80])
async def test_any_number_will_do_as_a_cursor(archive: Archive, before: int) -> None:
    await archive.add("s1", "camp")
    for query in (Query(), Query(("camp",))):
        page = await archive.search.find(query, NOW, before=before, limit=0)
        assert len(page.hits) == (before > 0)
        assert len((await archive.search.stories(query, NOW, before=before, limit=-1)).stories) == (before > 0)


async def test_a_hit_is_a_report_with_its_story(archive: Archive) -> None:
    one = await archive.add("s1", "camp", source_id="b")
    (hit,) = (await archive.search.find(Query(("camp",)), NOW)).hits
    assert (hit.report.statement, hit.story_id, hit.report.owner) == (one, "s1", "Publisher b")
    assert hit.number == domain.number(one.published, "s1")


async def test_each_story_stands_once_where_its_newest_hit_stands_with_all_its_public_reports(archive: Archive) -> None:
    for n, story in enumerate("abacabda"):
        await archive.add(f"s{n}", "camp" if n else "other", story, published=NOW - n * HOUR)
    await archive.stores.statements.record_polls([polled(sifted(removed=("s7",)))])
    order, before = list[list[str]](), None
    for query, expected in ((Query(), ["a", "b", "c", "d"]), (Query(("camp",)), ["b", "a", "c", "d"])):
        order, before = [], None
        while True:
            page = await archive.search.stories(query, NOW, before=before, limit=2)
            order.append([s.id for s in page.stories])
            before = page.next
            if before is None:
                break
        assert order == [expected[:2], expected[2:]]
    (first,) = (await archive.search.stories(Query(("other",)), NOW)).stories
    assert {r.statement.id for r in first.reports} == {"s0", "s2", "s4"}


async def test_a_story_that_was_shown_on_a_page_before_is_not_shown_again(archive: Archive) -> None:
    for n, story in enumerate("abcabcabc"):
        await archive.add(f"s{n}", "camp", story, published=NOW - n * HOUR)
    for query in (Query(), Query(("camp",))):
        first = await archive.search.stories(query, NOW, limit=2)
        second = await archive.search.stories(query, NOW, before=first.next, limit=2)
        assert ([s.id for s in first.stories], [s.id for s in second.stories]) == (["a", "b"], ["c"])
        assert second.next is None


async def test_a_story_that_is_held_or_hidden_is_none(archive: Archive) -> None:
    await archive.add("s1", "camp", "x")
    await archive.add("s2", "camp", "y", embargo=NOW + DAY)
    await archive.stores.desk.hold("x", "Jin", NOW)
    assert (await archive.search.stories(Query(), NOW)).stories == ()
    assert (await archive.search.stories(Query(("*",)), NOW)).stories == ()


async def test_too_much_is_not_counted(archive: Archive) -> None:
    await archive.add("s0", "camp")
    rows = [{"n": n} for n in range(COUNTED + 5)]
    with archive.stores.database.engine.begin() as connection:
        sqlite = connection.dialect.name == "sqlite"
        connection.execute(text("UPDATE statement SET number = 1 WHERE id = 's0'"))
        columns = [c.name for c in schema.statement.columns if c.name not in {"id", "number"}]
        some = ", ".join(columns)
        copied = f"INSERT INTO statement (id, number, {some}) SELECT 't' || CAST(:n AS INTEGER), 10 + :n, {some} FROM statement WHERE id = 's0'"
        connection.execute(text(copied), rows)
        into = "search(rowid, tokens) VALUES (10 + :n, 'camp')"
        if not sqlite:
            into = "search(number, statement_id, tokens) VALUES (10 + :n, 's0', 'camp:1'::tsvector)"
        connection.execute(text(f"INSERT INTO {into}".replace("::", r"\:\:")), rows)
    for query in (Query(), Query(("camp",))):
        assert await archive.search.count(query, NOW) == Count(COUNTED, more=True)


# Alike in both, and as said


CORPUS = st.text(
    st.sampled_from("북한인권 拉致問題々アパーがキム中国语 the camp é ñ ß d'UN-63 *Kk ... 4,200 çà"), max_size=24
)


def stands(asked: str, texts: Sequence[str]) -> bool:
    """Whether the tokens of what is asked for stand one after the other in one of these texts."""
    wanted = phrase(asked)
    for told in texts:
        tokens = indexed(told)
        for start in range(len(tokens) - len(wanted.tokens) + 1):
            piece = tokens[start : start + len(wanted.tokens)]
            last = piece[-1:] and (piece[-1].startswith if wanted.begins else piece[-1].__eq__)(wanted.tokens[-1])
            if wanted.tokens and last and piece[:-1] == list(wanted.tokens[:-1]):
                return True
    return False


@given(
    titles=st.lists(st.tuples(CORPUS, CORPUS, CORPUS), min_size=1, max_size=5),
    asked=st.lists(st.tuples(st.lists(CORPUS.filter(bool), max_size=2), CORPUS), min_size=1, max_size=6),
)
@example([("대북한인권", "가", "")], [(["북한"], "가"), (["한"], "")])
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
async def test_both_find_what_a_naive_search_finds(
    archive: Archive, titles: list[tuple[str, str, str]], asked: list[tuple[list[str], str]]
) -> None:
    await emptied(archive)
    for n, (title, body, speaker) in enumerate(titles):
        fields: dict[str, Any] = {"text": body, "published": NOW - n * HOUR, "quotes": (Quote(WORDS, speaker),)}
        await archive.add(f"s{n}", title, **fields)
    for words, speaker in asked:
        naive = [
            f"s{n}"
            for n, (title, body, said) in enumerate(titles)
            if all(stands(w, (title, body)) for w in words) and (not speaker or stands(speaker, [said]))
        ]
        assert await archive.found(*words, speaker=speaker) == naive, (words, speaker)


async def emptied(archive: Archive) -> None:
    """No statement is left."""

    def empty(connection: Any) -> None:
        connection.execute(text("DELETE FROM search"))
        connection.execute(update(schema.statement).values(correction_id=None))
        for table in ("named", "mark", "reading", "statement_key", "capture", "story", "source_state", "statement"):
            connection.execute(delete(schema.metadata.tables[table]))

    await archive.stores.database.write(empty)


ODD = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1, max_size=9)


@given(st.lists(ODD, min_size=1, max_size=6))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_lexemes_come_through_postgresql_as_they_are(prepared_postgres: str, emptying: Any, tokens: list[str]) -> None:
    with emptying.connect() as connection:
        made = cast(tsvector([tokens]), TSVECTOR)
        found = connection.scalar(select(text("tsvector_to_array(v)")).select_from(select(made.label("v")).subquery()))
        assert sorted(found) == sorted(set(tokens))
        for one in tokens:
            assert connection.scalar(select(made.bool_op("@@")(cast(lexeme(one), TSQUERY))))
        together = cast(" <-> ".join(map(lexeme, tokens)), TSQUERY)
        assert connection.scalar(select(made.bool_op("@@")(together)))


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_tokens_come_through_sqlite_as_they_are(prepared_file: Any, letters: str) -> None:
    import sqlite3  # noqa: PLC0415

    connection = sqlite3.connect(":memory:")
    connection.execute(
        "CREATE VIRTUAL TABLE t USING fts5(tokens, tokenize = \"ascii tokenchars ':_-.'\", columnsize = 0)"
    )
    connection.execute("CREATE VIRTUAL TABLE v USING fts5vocab(t, row)")
    tokens = [token for token in indexed(unicodedata.normalize("NFC", letters)) if token]
    connection.execute("INSERT INTO t VALUES (?)", [" ".join(tokens)])
    assert {row[0] for row in connection.execute("SELECT term FROM v")} == set(tokens)
    connection.close()
