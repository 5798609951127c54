"""Figures against examples worked out by hand, and what holds for all of them."""

from dataclasses import astuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.labelled import Labelled
from nkwatch.domain.reading import Urgency
from nkwatch.learning.measure import (
    Judged,
    Score,
    Tally,
    bcubed,
    by,
    macro,
    micro,
    pairs,
    relevant,
    score,
    themed,
    urgent,
)
from tests.making import finding, reading

CODES = ("prisons", "refugees", "health")


def judged(
    *,
    about: tuple[bool, bool] = (True, True),
    themes: tuple[str, str] = ("", ""),
    optional: str = "",
    urgency: tuple[Urgency, Urgency] = (Urgency.ROUTINE, Urgency.ROUTINE),
    stories: tuple[str, str] = ("", ""),
    language: str = "en",
) -> Judged:
    """What is there and what was found, themes separated by spaces."""
    labelled = Labelled(
        "x", "", "", language, about[0], tuple(themes[0].split()), frozenset(optional.split()), urgency[0], stories[0]
    )
    found = tuple(finding(code) for code in themes[1].split())
    return Judged(labelled, reading("x", about_nk=about[1], themes=found, urgency=urgency[1]), stories[1])


def grouped(there: str, found: str) -> list[Judged]:
    """Statements in labelled and found stories, a letter for each."""
    return [judged(stories=pair) for pair in zip(there, found, strict=True)]


def shares(one: Score) -> tuple[float, float, float]:
    return one.precision, one.recall, one.f1


def test_relevance_counts_what_was_rightly_found_wrongly_found_and_missed() -> None:
    told = [judged(about=(True, True))] * 3 + [judged(about=(False, True))] + [judged(about=(True, False))] * 2
    told += [judged(about=(False, False))] * 4
    found = score(told, relevant)
    assert shares(found) == pytest.approx((3 / 4, 3 / 5, 2 / 3))
    assert (found.there, found.found) == (5, 4)


def test_urgency_tells_only_urgent_from_the_rest() -> None:
    told = [
        judged(urgency=(Urgency.URGENT, Urgency.URGENT)),
        judged(urgency=(Urgency.NOTABLE, Urgency.ROUTINE)),
        judged(urgency=(Urgency.NOTABLE, Urgency.URGENT)),
    ]
    assert shares(score(told, urgent)) == pytest.approx((1 / 2, 1, 2 / 3))


def test_micro_counts_every_pair_of_statement_and_theme_and_macro_every_theme_alike() -> None:
    told = [
        judged(themes=("prisons refugees", "prisons")),
        judged(themes=("prisons", "prisons refugees")),
        judged(themes=("prisons", "prisons")),
    ]
    assert shares(micro(told, CODES)) == pytest.approx((3 / 4, 3 / 4, 3 / 4))
    # health does not occur: prisons 1, refugees 0
    assert macro(told, CODES).f1 == pytest.approx(1 / 2)


def test_an_optional_theme_is_neither_rewarded_nor_punished() -> None:
    found, missed = (judged(themes=("prisons health", f), optional="health") for f in ("prisons health", "prisons"))
    for one in (found, missed):
        assert themed("health")(one) == Tally()
        assert shares(micro([one], CODES)) == (1, 1, 1)


def test_pairs_of_known_partitions() -> None:
    # labelled: aaa bb; found: xx yyy with one a among the b: 2 of 4 labelled pairs found, 2 of 4 found pairs right
    found = pairs(grouped("aaabb", "xxyyy"))
    assert shares(found) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert (found.there, found.found) == (4, 4)
    assert shares(pairs(grouped("aab", "xxx"))) == pytest.approx((1 / 3, 1, 1 / 2))
    assert shares(pairs(grouped("aab", "xyz"))) == (1, 0, 0)
    assert shares(pairs(grouped("abc", "xyz"))) == (1, 1, 1)


def test_b_cubed_of_known_partitions() -> None:
    # precision: 1, 1 (x is pure), 1/3, 2/3, 2/3; recall: 2/3, 2/3, 1/3, 1, 1
    precision, recall = 11 / 15, 11 / 15
    assert shares(bcubed(grouped("aaabb", "xxyyy"))) == pytest.approx((precision, recall, 11 / 15))
    assert shares(bcubed(grouped("aab", "xyz"))) == pytest.approx((1, 2 / 3, 4 / 5))
    found = bcubed(grouped("aabb", "xxxx"))
    assert shares(found) == pytest.approx((1 / 2, 1, 2 / 3))
    assert (found.there, found.found) == (2, 1)


def test_a_statement_whose_story_nobody_told_is_no_part_of_the_figures() -> None:
    told = grouped("aab", "xxy")
    assert pairs([*told, judged(stories=("", "x"))]) == pairs(told)
    assert bcubed([*told, judged(stories=("", "x"))]) == bcubed(told)


def test_where_there_is_nothing_to_find_and_nothing_was_found_all_is_well() -> None:
    for told in ([], [judged(about=(False, False))]):
        for found in (score(told, relevant), micro(told, CODES), pairs(told)):
            assert shares(found) == (1, 1, 1)
            assert (found.there, found.found) == (0, 0)
        assert macro(told, CODES).f1 == 1


def test_groups_come_with_the_most_frequent_first() -> None:
    told = [judged(language="ko"), judged(language="ja"), judged(language="ja"), judged(language="en")]
    assert [(name, len(of)) for name, of in by(told, lambda one: one.language).items()] == [
        ("ja", 2),
        ("en", 1),
        ("ko", 1),
    ]


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_f1_lies_between_precision_and_recall(right: int, wrong: int, missed: int) -> None:
    one = Tally(right, wrong, missed)
    least, most = sorted((one.precision, one.recall))
    if right or not (wrong or missed):
        assert least - 1e-9 <= one.f1 <= most + 1e-9
    assert all(0 <= share <= 1 for share in (one.precision, one.recall, one.f1))


@given(st.lists(st.tuples(st.booleans(), st.booleans()), max_size=30))
def test_intervals_lie_between_0_and_1_and_repeat(told: list[tuple[bool, bool]]) -> None:
    statements = [judged(about=one) for one in told]
    first = score(statements, relevant)
    assert score(statements, relevant) == first
    for low, high in (first.precision_interval, first.recall_interval, first.f1_interval):
        assert 0 <= low <= high <= 1


@pytest.mark.parametrize("size", [20, 200])
def test_an_interval_holds_its_figure_and_narrows_with_more_statements(size: int) -> None:
    told = [
        judged(about=(n % 3 > 0, n % 7 > 1), themes=("prisons", "prisons" if n % 5 else "health")) for n in range(size)
    ]
    for found in (score(told, relevant), micro(told, CODES), bcubed(grouped("ab" * 50, "xyz" * 33 + "x"))):
        *figures, spans = found.precision, found.recall, found.f1, astuple(found)[3:6]
        for figure, (low, high) in zip(figures, spans, strict=True):
            assert low <= figure <= high
    low, high = macro(told, CODES).f1_interval
    assert low <= macro(told, CODES).f1 <= high


def test_more_statements_narrow_an_interval() -> None:
    few = [judged(about=(n % 3 > 0, n % 7 > 1)) for n in range(21)]
    widths = [high - low for low, high in (score(told, relevant).f1_interval for told in (few, few * 10))]
    assert widths[1] < widths[0] / 2


@given(st.lists(st.sampled_from("abcd"), max_size=12))
def test_the_true_partition_is_perfect_whatever_its_stories_are_called(there: list[str]) -> None:
    told = grouped("".join(there), "".join(there).translate(str.maketrans("abcd", "wxyz")))
    assert shares(pairs(told)) == (1, 1, 1)
    assert there == [] or shares(bcubed(told)) == pytest.approx((1, 1, 1))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("xyz")), max_size=10))
def test_pairs_agree_with_counting_them_one_by_one(told: list[tuple[str, str]]) -> None:
    both = there = found = 0
    for n, one in enumerate(told):
        for other in told[:n]:
            there += one[0] == other[0]
            found += one[1] == other[1]
            both += one == other
    counted = pairs([judged(stories=one) for one in told])
    assert (counted.there, counted.found) == (there, found)
    assert shares(counted)[:2] == pytest.approx((both / found if found else 1, both / there if there else 1))
