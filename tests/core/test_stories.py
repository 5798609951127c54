"""Which statements report the same thing: reprints do, texts that only look alike do not."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.statement import Statement
from nkwatch.reading.stories import ENOUGH, MARKS, SPAN, Placed, Shelf, likeness, marks, since, triples
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
    one, other = (of(i, "The committee met", f"{opening} {prose(i, 60)}") for i in ("a", "b"))
    assert place(one, other) == ["a", "b"]


def test_the_same_headline_over_different_texts_stays_two_stories() -> None:
    one, other = (of(i, "Statement on the human rights situation", prose(i)) for i in ("a", "b"))
    assert place(one, other) == ["a", "b"]


def test_a_text_that_says_too_little_is_compared_with_nothing() -> None:
    assert place(of("a", "No comment", "We regret this."), of("b", "No comment", "We regret this.")) == ["a", "b"]


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
    assert place(far, near, again) == ["far", "near", "near"]


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
    assert len(marks(long)) == MARKS
    assert marks(long) == marks(long)
    assert all(-(2**63) <= mark < 2**63 for mark in marks(long))


def test_marks_do_not_depend_on_the_process() -> None:
    assert min(triples("one two three four")) == min(triples("One  TWO-three four"))
    assert sorted(triples("one two three")) == [7274879177180986167]


@pytest.mark.parametrize("text", ["", "one", "one two", "북", "?!", "\x00"])
def test_a_text_of_fewer_than_three_words_has_no_triples(text: str) -> None:
    assert triples(text) == frozenset()
    assert likeness(triples(text), triples(REPORT)) == 0


def test_likeness_is_the_share_of_the_smaller_text() -> None:
    half = triples(REPORT[: len(REPORT) // 2])
    assert likeness(half, triples(REPORT)) > 0.9
    assert likeness(triples(REPORT), half) == likeness(half, triples(REPORT))
    assert likeness(triples(REPORT), triples(prose("x"))) < ENOUGH


@pytest.mark.parametrize("letter", ["a", "북", "a b ", "\n"])
def test_a_hostile_text_is_placed_by_its_beginning(letter: str) -> None:
    assert place(of("a", "", letter * 200_000)) == ["a"]
