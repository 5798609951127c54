"""Numbers of statements in the index, what of them is in it, and what a query asks for."""

from datetime import date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.reading import Ask, Evidence, Quote, Urgency
from nkwatch.domain.search import Query, number, numbers, second, second_of
from nkwatch.reading.entries import MOST_NAMES, any_of, entry, wanted
from nkwatch.reading.tokens import HOLE, Phrase
from tests.making import NOW, at, context, finding, reading, statement

WORDS = Evidence("text", 0, 1, "A")
instants = st.datetimes(datetime(1990, 1, 1), datetime(2150, 1, 1)).map(lambda d: at(d.isoformat()))  # noqa: DTZ001


@given(instants, instants, st.text(max_size=5), st.text(max_size=5))
def test_the_newer_has_the_higher_number_and_a_second_decides(
    one: datetime, other: datetime, name: str, another: str
) -> None:
    if other - one >= timedelta(seconds=1):
        assert number(one, name) < number(other, another)
    assert second_of(number(one, name)) == second(one)
    assert 0 < number(one, name) < 2**53


@given(instants, st.text(max_size=5))
def test_the_numbers_of_a_days_statements_are_those_of_the_day(published: datetime, name: str) -> None:
    day, found = published.date(), number(published, name)
    first, end = numbers(day, day)
    assert first <= found < end
    assert numbers(None, day) == (0, end)
    assert numbers(day, None)[0] == first
    assert numbers(day + timedelta(days=1), None)[0] == end
    assert numbers(date.min, date.max)[0] < 0 < found < numbers(date.min, date.max)[1] < 2**63


def test_an_entry_holds_words_speakers_addressees_and_filters() -> None:
    one = statement("s1", title="A camp", text="In 북한.", source_id="Uni_x", language="zh-Hant")
    read = reading(
        quotes=(Quote(WORDS, "Tomás Kim"), Quote(WORDS), Quote(WORDS, "Tomás Kim"), Quote(WORDS, "Lee")),
        asks=(Ask(WORDS, "China", "CN"), Ask(WORDS, "", "CN"), Ask(WORDS)),
        themes=(finding("women"), context("security")),
        urgency=Urgency.NOTABLE,
    )
    words, speakers, addressees, filters = entry(one, read)
    assert words == ["a", "camp", HOLE, "in", "북한", "한", HOLE]
    assert speakers == ["s:tomas", "s:kim", HOLE, "s:lee", HOLE]
    assert addressees == ["a:china", HOLE]
    assert filters == [
        "theme:women", "theme:security", "source:_55ni_5fx", "language:zh", "urgency:1", "asked:cn", "rights:yes"
    ]  # fmt: skip


def test_what_is_not_on_rights_is_not_found_as_such_and_only_so_many_names_are_kept() -> None:
    read = reading(themes=(context(),), quotes=tuple(Quote(WORDS, f"k{n}") for n in range(MOST_NAMES + 9)))
    _, speakers, _, filters = entry(statement(), read)
    assert len(speakers) == 2 * MOST_NAMES
    assert filters == ["theme:security", "source:a", "language:en", "urgency:0"]


def test_a_query_wants_all_of_its_words_and_of_each_filter_any() -> None:
    query = Query(
        words=("prison camp", "북", "*"),
        themes=frozenset({"women", "abductions"}),
        sources=frozenset({"a"}),
        languages=frozenset({"ko", "KO-kr"}),
        asked=frozenset({"CN"}),
        urgency=Urgency.NOTABLE,
        speaker="Kim Jong",
        addressee="중",
        rights=True,
    )
    assert wanted(query) == (
        (Phrase(("prison", "camp")),),
        (Phrase(("북",), begins=True),),
        (Phrase(()),),
        (Phrase(("s:kim", "s:jong")),),
        (Phrase(("a:중",), begins=True),),
        (Phrase(("theme:abductions",)), Phrase(("theme:women",))),
        (Phrase(("source:a",)),),
        (Phrase(("language:ko",)),),
        (Phrase(("urgency:1",)), Phrase(("urgency:2",))),
        (Phrase(("asked:cn",)),),
        (Phrase(("rights:yes",)),),
    )
    assert wanted(Query()) == ()
    assert wanted(Query(since=NOW.date(), countries=frozenset({"KR"}))) == ()


@given(st.text(max_size=6), st.text(max_size=6))
def test_a_filter_is_one_token_that_no_other_value_has(one: str, other: str) -> None:
    (first,), (second_,) = (any_of("source", [v]) for v in (one, other))
    assert (first == second_) == (one.encode("utf-8", "replace") == other.encode("utf-8", "replace"))
    assert all(c.isascii() and (c.islower() or c.isdigit() or c in ":_-.") for c in first.tokens[0])
