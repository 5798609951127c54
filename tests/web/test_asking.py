"""Queries in addresses: what is mistaken is said, and what is read is written in one way."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import QueryParams

from nkwatch.domain.reading import Urgency
from nkwatch.domain.search import Query
from nkwatch.web.asking import LONGEST, MOST_VALUES, MOST_WORDS, Known, quoted, read_query, split, written_query

KNOWN = Known({"women", "prisons"}, {"a", "b"})


def read(address: str) -> Query:
    """A query without mistakes."""
    query, mistakes = read_query(QueryParams(address), KNOWN)
    assert mistakes == []
    return query


def mistaken(address: str) -> tuple[Query, list[str]]:
    """A query with mistakes, as they are told."""
    query, mistakes = read_query(QueryParams(address), KNOWN)
    return query, [str(m) for m in mistakes]


def test_nothing_is_asked_for_by_nothing() -> None:
    assert read("") == read("q=&q=+&theme=&since=&urgency=&speaker=&lang=ko&x=1") == Query()


def test_everything_that_can_be_asked_for_is_read() -> None:
    assert read(
        "q=camp+북한&theme=women&theme=prisons&source=a&country=kr&country=JP&language=KO&language=zh-Hant&asked=CN"
        "&since=2026-01-31&until=2026-02-28&urgency=Notable&speaker=Tomás+Kim&addressee=China&rights=yes"
    ) == Query(
        ("camp", "북한"),
        frozenset({"women", "prisons"}),
        frozenset({"a"}),
        frozenset({"KR", "JP"}),
        frozenset({"ko", "zh"}),
        frozenset({"CN"}),
        date(2026, 1, 31),
        date(2026, 2, 28),
        Urgency.NOTABLE,
        "Tomás Kim",
        "China",
        rights=True,
    )


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("prison camp", ("prison", "camp")),
        ('"prison  camp" guard', ("prison camp", "guard")),
        ("“prison camp”「拉致 問題」x", ("prison camp", "拉致 問題", "x")),
        ('"prison camp', ("prison", "camp")),
        ('"" “” camp camp', ("camp",)),
        ('a"b "', ("ab",)),
        ("kore* A/HRC/25/63", ("kore*", "A/HRC/25/63")),
        ("북한\u3000인권\u200b\x00법", ("북한", "인권", "법")),
    ],
)
def test_a_line_is_split_into_words_and_phrases(line: str, words: tuple[str, ...]) -> None:
    assert split(" ".join("".join(c if c.isprintable() else " " for c in line).split())) == words
    assert read_query(QueryParams({"q": line}))[0].words == words


@pytest.mark.parametrize(
    ("since", "until", "first", "last"),
    [
        ("2026", "2026", date(2026, 1, 1), date(2026, 12, 31)),
        ("2024-02", "2024-02", date(2024, 2, 1), date(2024, 2, 29)),
        ("2026-11-22", "2026-11-22", date(2026, 11, 22), date(2026, 11, 22)),
    ],
)
def test_a_year_and_a_month_are_whole(since: str, until: str, first: date, last: date) -> None:
    query = read(f"since={since}&until={until}")
    assert (query.since, query.until) == (first, last)


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("theme=men", "No theme is called “men”."),
        ("source=c", "No source is called “c”."),
        ("country=Korea", "“Korea” is no code of a country, such as KR."),
        ("asked=%2A%2A", "“**” is no code of a country, such as KR."),
        ("language=korean", "“korean” is no code of a language, such as ko."),
        ("urgency=red", "Urgency is one of urgent, notable and routine, not “red”."),
        ("since=soon", "“soon” is no date, such as 2026-01-31, 2026-01 or 2026."),
        ("until=2026-02-30", "“2026-02-30” is no date, such as 2026-01-31, 2026-01 or 2026."),
        ("until=2026-13", "“2026-13” is no date, such as 2026-01-31, 2026-01 or 2026."),
        ("since=0000", "“0000” is no date, such as 2026-01-31, 2026-01 or 2026."),
        ("since=２０２６", "“２０２６” is no date, such as 2026-01-31, 2026-01 or 2026."),
        ("q=%3F%21", "“?!” holds no letter and no digit that could be looked for."),
        ("speaker=-", "“-” holds no letter and no digit that could be looked for."),
    ],
)
def test_what_is_mistaken_is_said_and_left_out(address: str, said: str) -> None:
    assert mistaken(address) == (Query(), [said])
    assert mistaken(f"{address}&q=camp")[0] == Query(("camp",))


def test_a_search_that_ends_before_it_begins_is_mistaken() -> None:
    query, said = mistaken("since=2026-02-01&until=2026-01")
    assert (query, said) == (Query(), ["The search ends (2026-01-31) before it begins (2026-02-01)."])


def test_what_is_too_much_is_cut_off_and_said() -> None:
    query, said = mistaken(f"q={'x' * (LONGEST + 9)}&speaker={'y' * 101}")
    assert (query.words, query.speaker) == (("x" * LONGEST,), "y" * 100)
    assert said == ["What is looked for may have 200 letters at most.", "A name may have 100 letters at most."]
    query, said = mistaken("q=" + "+".join(f"w{n}" for n in range(MOST_WORDS + 1)))
    assert (len(query.words), said) == (MOST_WORDS, ["At most 12 words and phrases can be looked for at once."])
    query, said = read_query(QueryParams([("theme", f"t{n}") for n in range(MOST_VALUES + 9)]))
    assert (len(query.themes), [str(m) for m in said]) == (
        MOST_VALUES,
        ["At most 50 values of one filter can be given."],
    )
    _, said = mistaken(f"theme={'t' * 500}")
    assert len(said[0]) < 200


def test_without_what_is_known_any_code_will_do() -> None:
    query, mistakes = read_query(QueryParams("theme=x&source=y"))
    assert (query, mistakes) == (Query(themes=frozenset({"x"}), sources=frozenset({"y"})), [])


def test_a_mistake_holds_what_pages_translate() -> None:
    (mistake,) = read_query(QueryParams("theme=%25s"), KNOWN)[1]
    assert (mistake.message, mistake.values) == ("No theme is called “%(value)s”.", {"value": "%s"})


def test_a_query_is_written_in_one_way() -> None:
    address = "urgency=urgent&theme=women&q=b+%22a+b%22&since=2026&country=kr&theme=prisons&rights=1&q=b"
    assert written_query(read(address)) == [
        ("q", 'b "a b"'),
        ("theme", "prisons"),
        ("theme", "women"),
        ("country", "KR"),
        ("since", "2026-01-01"),
        ("urgency", "urgent"),
        ("rights", "yes"),
    ]
    assert written_query(Query()) == []
    assert quoted('"a” b') == '"a b"'


PIECES = st.sampled_from(
    ['"', "“", "”", "「", "」", " ", "a", "b", "북", "*", "?", "\x00", "\u200b", "%", "é", "-", "x" * 70]
)
LINES = st.lists(PIECES, max_size=30).map("".join)
GIVEN = st.sampled_from(
    ["a", "b", "women", "kr", "KR", "ko", "2026", "2026-02", "2025-01-31", "urgent", "yes", "x y", "", "?"]
)
NAMES = ("theme", "source", "country", "language", "asked", "since", "until", "urgency", "rights")


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["q", "speaker", "addressee"]), LINES), st.tuples(st.sampled_from(NAMES), GIVEN)
        ),
        max_size=9,
    )
)
def test_what_is_written_is_read_as_the_same(pairs: list[tuple[str, str]]) -> None:
    query, _ = read_query(QueryParams(pairs), KNOWN)
    again, mistakes = read_query(QueryParams(written_query(query)), KNOWN)
    assert (again, mistakes) == (query, [])
