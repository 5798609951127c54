"""Which statements report the same thing: reprints do, texts that only look alike do not."""

from datetime import timedelta
from unicodedata import normalize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.reading.likeness import FEWEST, REPRINTED, SKETCHED, profile, reprinted, sketch
from nkwatch.reading.particulars import triples
from nkwatch.reading.shelved import Marks, Rack, Shelved
from nkwatch.reading.stories import (
    BRIDGES,
    CANDIDATES,
    CROWDED,
    FOLLOWS,
    SPAN,
    TRIPLES,
    WORDS,
    Alike,
    Joined,
    Placed,
    Shelf,
    marks,
    most_alike,
    since,
    sought,
)  # fmt: skip
from nkwatch.reading.vocabulary import Vocabulary
from tests.making import NOW, prose, statement

REPORT = (
    "Border guards in the north-east took four members of one family from their house before dawn on Monday, two "
    "neighbours said by telephone. The father had sold medicine at the market and the eldest daughter had talked with "
    "an aunt abroad. Nobody has told the grandmother where they are. The house was sealed the same afternoon. We ask "
    "the authorities to say where the four are held and to let a doctor see them, because the mother is ill."
)
KOREAN = (
    "월요일 새벽 국경 지역의 한 가족 네 명이 집에서 끌려갔다고 이웃 두 명이 전화로 전했다. 아버지는 시장에서 약을 팔았고 큰딸은 해외에 있는 "
    "이모와 통화한 적이 있다. 할머니는 가족이 어디에 있는지 아무 말도 듣지 못했다. 집은 그날 오후에 봉쇄되었다."
)
JAPANESE = (
    "月曜日の未明、国境の町で一家四人が自宅から連れ去られたと隣人二人が電話で話した。父親は市場で薬を売り、長女は外国のおばと電話で話したことがある。"
    "祖母には家族の居場所が知らされていない。家はその日の午後に封鎖された。"
)


def place(*told: Statement) -> list[str]:
    """The stories of these statements in the order of their arrival."""
    shelf = Shelf()
    return [shelf.place(one) for one in told]


def of(id: str, title: str, text: str, **fields: object) -> Statement:  # noqa: A002
    """A statement with this text."""
    return statement(id, title=title, text=text, **fields)


@pytest.mark.parametrize("text", [REPORT, KOREAN, JAPANESE])
def test_a_reprint_under_another_headline_joins(text: str) -> None:
    assert place(of("a", "Four taken from their house", text), of("b", "네 명 실종", text)) == ["a", "a"]


def test_a_reprint_with_an_inserted_quote_and_a_carriers_note_joins() -> None:
    first, rest = REPORT.split("The father", 1)
    quoted = (
        f"SEOUL (Agency) - {first}“This is how it always begins,” a lawyer in Seoul told this paper. The father{rest} "
        "Subscribe to our newsletter for more."
    )
    assert place(of("a", "Four taken", REPORT), of("b", "Lawyer alarmed", quoted)) == ["a", "a"]


def test_a_shortened_reprint_joins() -> None:
    assert place(of("a", "Four taken", REPORT), of("b", "In brief", REPORT[:260])) == ["a", "a"]


def test_capitals_hyphens_and_spaces_make_no_difference() -> None:
    dressed = REPORT.upper().replace("-", " ").replace(" ", "\u00a0 ")
    assert place(of("a", "Four taken", REPORT), of("b", "FOUR TAKEN", dressed)) == ["a", "a"]


def test_texts_that_open_alike_and_go_on_to_different_matters_stay_apart() -> None:
    opening = (
        "The committee met in Geneva on Thursday and heard from three organisations on the situation of human rights."
    )
    one, other = (of(i, "The committee met", f"{opening} {prose(i, 200)}") for i in ("a", "b"))
    assert place(one, other) == ["a", "b"]


def test_a_reprint_joins_within_fourteen_days_and_not_after() -> None:
    told = of("a", "Four taken", REPORT)
    within = of("b", "Four taken", REPORT, published=NOW + SPAN)
    after = of("c", "Four taken", REPORT, published=NOW + SPAN + timedelta(seconds=1))
    assert place(told, within) == ["a", "a"]
    assert place(told, after) == ["a", "c"]


def test_last_years_text_said_again_is_another_statement() -> None:
    last_year = of("a", "Anniversary", REPORT, published=NOW - timedelta(days=365))
    assert place(last_year, of("b", "Anniversary", REPORT)) == ["a", "b"]


def test_the_first_to_arrive_gives_the_story_its_name() -> None:
    one, other = of("z", "Four taken", REPORT), of("a", "Four taken", REPORT, published=NOW - timedelta(days=1))
    assert place(one, other) == ["z", "z"]
    assert place(other, one) == ["a", "a"]


def test_a_statement_joins_the_story_that_it_is_most_like() -> None:
    far = of("far", "One", f"{REPORT} {prose('x', 60)}")
    near = of("near", "Another", f"{REPORT[:200]} {prose('y', 40)}")
    again = of("again", "Again", f"{REPORT[:200]} {prose('y', 40)} {prose('z', 5)}")
    assert Shelf([Placed(far, "far"), Placed(near, "near")]).place(again) == "near"


def test_a_story_keeps_its_name_however_many_join() -> None:
    told = [of(f"s{n}", f"Headline {n}", f"{prose(f'n{n}', 9)} {REPORT}") for n in range(30)]
    assert set(place(*told)) == {"s0"}


def test_a_statement_finds_what_was_placed_before() -> None:
    shelf = Shelf([Placed(of("a", "Four taken", REPORT), "older")])
    assert shelf.place(of("b", "Four taken", REPORT)) == "older"


def test_a_statement_placed_again_does_not_join_itself() -> None:
    one = of("a", "Four taken", REPORT)
    shelf = Shelf([Placed(one, "older")])
    assert shelf.place(one) == "a"


@given(st.permutations([("a", 0), ("b", 1), ("c", 0), ("d", 1), ("e", 2)]))
def test_the_same_texts_come_together_in_whatever_order_they_arrive(order: list[tuple[str, int]]) -> None:
    texts = [REPORT, KOREAN, prose("other")]
    stories = dict(zip(order, place(*(of(i, "Headline", texts[n]) for i, n in order)), strict=True))
    for one, name in stories.items():
        assert {other[1] for other, same in stories.items() if same == name} == {one[1]}


def test_what_could_share_a_story_reaches_back_fourteen_days_from_the_earliest() -> None:
    told = [statement("a", published=NOW), statement("b", published=NOW - timedelta(days=3))]
    assert since(told) == NOW - timedelta(days=17)


def test_a_statement_is_found_by_a_limited_number_of_marks() -> None:
    long = of("a", "A report", prose("x", 3_000))
    assert len(marks(long)) <= TRIPLES + WORDS + BRIDGES
    assert marks(long) == marks(long)
    assert set(marks(long)) < set(sought(long))
    assert all(-(2**63) <= mark < 2**63 for mark in sought(long))


def test_a_statement_without_a_date_is_found_by_its_runs_of_words_only() -> None:
    undated = of("a", "A report", prose("x"), published_estimated=True)
    assert marks(undated) == sought(undated) == tuple(sorted(triples(f"A report\n{undated.text}"))[:TRIPLES])


def test_marks_do_not_depend_on_the_process() -> None:
    assert min(triples("one two three four")) == min(triples("One  TWO-three four"))
    assert sorted(triples("one two three")) == [7274879177180986167]


@pytest.mark.parametrize("text", ["", "one", "one two", "북", "?!", "\x00"])
def test_a_text_of_fewer_than_three_words_has_no_triples(text: str) -> None:
    assert triples(text) == frozenset()


def part(one: frozenset[int], other: frozenset[int]) -> float:
    """The share of the smaller."""
    return reprinted(sketch(one), sketch(other))


def test_a_reprint_shares_what_the_smaller_text_has() -> None:
    half = triples(REPORT[: len(REPORT) // 2])
    assert part(half, triples(REPORT)) > 0.9
    assert part(triples(REPORT), half) == part(half, triples(REPORT))
    assert part(triples(REPORT), triples(prose("x"))) < REPRINTED
    assert part(frozenset(range(FEWEST - 1)), triples(REPORT)) == 0


def test_of_a_long_text_an_even_sample_is_compared() -> None:
    long = triples(prose("x", 950))
    assert len(long) > SKETCHED
    assert len(sketch(long).least) == SKETCHED
    assert part(long, long) == 1
    assert part(long, triples(f"{prose('x', 400)} {prose('y', 300)}")) > REPRINTED
    assert part(long, triples(f"{prose('x', 100)} {prose('y', 600)}")) < REPRINTED
    assert part(long, frozenset(sorted(long)[-FEWEST:])) == 0


RESCUE = ("Helicopters lift 4,200 stranded from Sinuiju islands", "The Yalu burst its banks on Saturday.")
REWRITTEN = ("4,200 people lifted from flooded islands off Sinuiju", "Helicopters flew after the Yalu rose.")


def rewritten(id: str, **fields: object) -> Statement:  # noqa: A002
    """The rescue in other words, from another publisher."""
    return of(id, *REWRITTEN, **({"publisher": "Another", "url": ""} | fields))


def test_a_rewrite_joins_within_six_days_and_says_why() -> None:
    shelf = Shelf([Placed(of("a", *RESCUE, url=""), "older")])
    joined = shelf.join(rewritten("b"))
    assert (joined.story_id, joined.like, joined.reprint) == ("older", "a", False)
    assert joined.score > 0
    later = rewritten("c", published=NOW + timedelta(days=FOLLOWS, seconds=1))
    assert Shelf([Placed(of("a", *RESCUE, url=""), "older")]).join(later) == Joined("c")


def test_a_reprint_says_so() -> None:
    shelf = Shelf([Placed(of("a", "Four taken", REPORT), "older")])
    assert shelf.join(of("b", "Four taken", REPORT)) == Joined("older", "a", 1.0, reprint=True)


def test_what_opens_a_story_is_like_nothing() -> None:
    assert Shelf().join(of("a", *RESCUE)) == Joined("a")


@pytest.mark.parametrize("undated", ["a", "b"])
def test_a_statement_without_a_date_joins_as_a_reprint_only(undated: str) -> None:
    far = NOW - timedelta(days=900)
    dates = {i: {"published_estimated": i == undated, "published": far if i == "b" else NOW} for i in ("a", "b")}
    assert place(of("a", "Four taken", REPORT, **dates["a"]), of("b", "Four", REPORT, **dates["b"])) == ["a", "a"]
    near = {i: {"published_estimated": i == undated} for i in ("a", "b")}
    assert place(of("a", *RESCUE, url="", **near["a"]), rewritten("b", **near["b"])) == ["a", "b"]


def test_a_story_does_not_drift_from_event_to_event() -> None:
    others = [Placed(of(f"o{n}", "Concert Sinuiju", f"Choir number {n * 7 + 30}", url=""), "older") for n in range(6)]
    alone, drifted = Shelf([Placed(of("a", *RESCUE, url=""), "older")]), Shelf(others)
    drifted.add(Placed(of("a", *RESCUE, url=""), "older"))
    assert alone.join(rewritten("b")).score > drifted.join(rewritten("b")).score


def test_where_two_stories_could_be_meant_more_is_asked_for() -> None:
    weak = ("Sinuiju helicopters return to base", "The crews are thanked.")
    one = Placed(of("a", *RESCUE, url=""), "a")
    rivals = [Placed(of(f"r{n}", *RESCUE, url=""), f"r{n}") for n in range(9)]
    new = of("n", *weak, url="", publisher="Another")
    assert Shelf([one]).place(new) == "a"
    assert Shelf([one, *rivals]).place(new) == "n"


def test_a_mark_that_many_share_finds_nothing() -> None:
    crowd = [Placed(of(f"c{n}", "Sinuiju islands", "Rescue.", url=""), f"c{n}") for n in range(CROWDED + 1)]
    assert Shelf(crowd[:1]).place(of("n", "Sinuiju islands", "Rescue.", url="")) == "c0"
    assert Shelf(crowd).place(of("n", "Sinuiju islands", "Rescue.", url="")) == "n"


def test_only_so_many_are_compared_in_full() -> None:
    like = [Placed(of(f"c{n}", *RESCUE, url=""), "one") for n in range(CANDIDATES + 5)]
    assert Shelf(like).place(rewritten("n")) == "one"


def test_what_is_without_a_date_could_share_a_story_with_any() -> None:
    assert since([statement("a"), statement("b", published_estimated=True)]) == EARLIEST


@pytest.mark.parametrize("letter", ["a", "북", "a b ", "\n"])
def test_a_hostile_text_is_placed_by_its_beginning(letter: str) -> None:
    assert place(of("a", "", letter * 200_000)) == ["a"]


def series(*texts: str, **fields: object) -> list[str]:
    """The stories of what one publisher releases on one day under one title."""
    told = (of(str(n), "Korea, a review", text, url="", **fields) for n, text in enumerate(texts))
    return place(*told)


def test_items_of_a_series_stay_apart_unless_they_repeat_each_other() -> None:
    visit = "Let the rapporteur visit every prison without conditions, Norway recommends."
    ratify = "Ratify the convention against torture and its protocol, Chile recommends."
    assert series(visit, ratify) == ["0", "1"]
    assert series(visit, f"{visit} Corrected.") == ["0", "0"]


def test_a_title_without_text_said_twice_on_one_day_is_one_statement() -> None:
    title = "Guards shoot two fishermen near the harbour of Nampo"
    assert place(*(of(i, title, "", url="") for i in "ab")) == ["a", "a"]


def test_the_most_alike_is_told_with_what_is_shared() -> None:
    told, other = of("a", *RESCUE, url=""), of("o", "Concert delayed", "Many came.", url="", publisher="Other")
    later = rewritten("b", published=NOW + timedelta(hours=12))
    found = most_alike(later, [other, told])
    assert found is not None
    assert (found.other, found.reprint, found.days, found.enough) == (told, False, 0.5, True)
    assert {"islands", "Sinuiju", "4200"} <= set(found.words)
    assert most_alike(later, []) is None


def test_a_reprint_is_more_alike_than_any_report() -> None:
    first, again = of("a", "Four taken", REPORT), of("b", "Four taken", REPORT, publisher="Another")
    near = of("c", "Four taken", REPORT[:60], publisher="Third")
    assert most_alike(again, [near, first]) == Alike(first, 1.0, True, 0.0, most_alike(again, [first]).words)  # type: ignore[union-attr]


@pytest.mark.parametrize("fields", [{"published_estimated": True}, {"published": NOW + timedelta(days=7)}])
def test_what_would_stay_apart_is_told_so(fields: dict[str, object]) -> None:
    found = most_alike(rewritten("b", **fields), [of("a", *RESCUE, url="")])
    assert found is not None
    assert not found.enough
    assert (found.days is None) == ("published_estimated" in fields)


def test_a_statement_keeps_all_that_it_is_compared_by_on_the_shelf() -> None:
    rack, told = Rack(), [of(i, *RESCUE, publisher=f"P{i}") for i in "ab"]
    kept = [Shelved(s.id, "story", profile(s, Vocabulary())) for s in told]
    for one in kept:
        rack.add(one)
    assert [rack[n] for n in range(2)] == kept


@given(st.lists(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 9), unique_by=lambda m: m % 2**32)))
def test_every_mark_finds_whom_it_was_given(given_marks: list[list[int]]) -> None:
    kept = Marks()
    for some in given_marks:
        kept.add(some)
    for mark in {mark for some in given_marks for mark in some}:
        wanted = {n for n, some in enumerate(given_marks) if mark % 2**32 in {m % 2**32 for m in some}}
        assert set(kept.sharing(mark, len(given_marks))) == wanted
        assert kept.sharing(mark, len(wanted) - 1) == []


def test_a_mark_is_found_among_many() -> None:
    kept = Marks()
    for number in range(5_000):
        kept.add((number * 0x9E3779B97F4A7C15, 7))
    assert [kept.sharing(n * 0x9E3779B97F4A7C15, 9) for n in (0, 17, 4_999)] == [[0], [17], [4_999]]
    assert kept.sharing(7, CROWDED) == []


@pytest.mark.parametrize(
    "text", ["", "\u0301" * 30, "e\u0301 " * 30, "\ud800 \ud800 \ud800 x", "\u1112\u1161\u11ab " * 9]
)
def test_odd_texts_are_placed(text: str) -> None:
    assert place(of("a", "", text), of("b", text, "", publisher="B"))[0] == "a"


def test_a_text_in_decomposed_letters_is_a_reprint_of_the_composed_one() -> None:
    assert place(of("a", "네 명", KOREAN), of("b", "실종", normalize("NFD", KOREAN), publisher="B")) == ["a", "a"]


def test_a_statement_never_joins_a_story_that_it_was_taken_from() -> None:
    shelf = Shelf([Placed(of("s1", "Four are missing", REPORT), "s1")])
    again = of("s2", "Four are missing", REPORT)
    assert shelf.join(again).story_id == "s1"
    assert shelf.join(of("s3", "Four are missing", REPORT), {"s1"}) == Joined("s3")
    assert shelf.place(of("s4", "Four are missing", REPORT), {"s3"}) == "s1"
