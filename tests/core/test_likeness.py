"""How likely two statements report one event."""

from datetime import timedelta

from nkwatch.domain.statement import Statement
from nkwatch.reading.likeness import NEVER, UNSURE, likeness, profile, shared
from nkwatch.reading.vocabulary import Vocabulary
from tests.making import NOW, prose, statement

VOCABULARY = Vocabulary({"satellite*": "satellite", "위성": "satellite", "launch*": "launch", "발사": "launch"})


def of(title: str, text: str = "", **fields: object) -> Statement:
    """A statement with this text and no address, of a publisher of its own."""
    return statement(**({"title": title, "text": text, "url": "", "publisher": title} | fields))


def odds(one: Statement, other: Statement) -> float:
    """The log odds of these two."""
    left, right = profile(one, VOCABULARY), profile(other, VOCABULARY)
    there, back = likeness(left, left.index(), right), likeness(right, right.index(), left)
    assert abs(there - back) < 1e-6
    return there


FIRST = of("Guards shoot two fishermen near Nampo", "27 boats had left the harbour.")


def test_the_more_is_shared_the_likelier() -> None:
    same = of("Two fishermen shot by guards near Nampo", "The harbour was left by 27 boats.")
    half = of("Guards patrol near Nampo", "Boats stay away.")
    assert odds(FIRST, same) > odds(FIRST, half) > odds(FIRST, of("Concert delayed", "Many came."))


def test_a_number_in_common_counts() -> None:
    assert odds(FIRST, of("Harbour guards", "27")) > odds(FIRST, of("Harbour guards", "28"))


def test_days_apart_count_against() -> None:
    assert odds(FIRST, FIRST) > odds(FIRST, of(FIRST.title, FIRST.text, published=NOW + timedelta(days=3)))


def test_what_one_publisher_writes_on_another_day_is_likely_the_next_of_a_series() -> None:
    later = NOW + timedelta(days=1)
    own = of(FIRST.title, FIRST.text, published=later, publisher=FIRST.publisher)
    assert odds(FIRST, own) < odds(FIRST, of(FIRST.title, FIRST.text, published=later, publisher="Another"))


def test_concepts_bridge_languages_and_words_do_not() -> None:
    korean = of("위성 발사", language="ko")
    assert odds(of("Satellite launched"), korean) > odds(of("Satellites"), korean) > odds(of("Concert"), korean)
    assert odds(of("Concert"), of("Concert", language="ko")) == odds(of("Dance"), of("Concert", language="ko"))


def test_statements_without_words_are_unlike() -> None:
    assert odds(of(""), of("")) < 0
    assert odds(of("", "27"), FIRST) < odds(FIRST, FIRST)


def test_what_is_shared_is_told_the_weightiest_first() -> None:
    keys = [p.key for p in shared(of("Satellite near Nampo", "27"), of("위성 Nampo", "27", language="ko"), VOCABULARY)]
    assert keys == ["c:satellite", "nampo", "n:27"]


def test_one_word_in_common_is_a_heading() -> None:
    assert odds(of("Statement", publisher="A"), of("Statement", publisher="B")) == UNSURE
    assert odds(of("Joint statement", publisher="A"), of("Joint statement", publisher="B")) > UNSURE


def test_two_long_texts_of_one_publisher_that_only_begin_alike_are_two_statements() -> None:
    opening = "The committee met on Thursday and heard three organisations on prisons."
    one, other = (of("The committee met", f"{opening} {prose(i, 200)}", publisher="A") for i in "xy")
    assert odds(one, other) == NEVER
    assert odds(one, of(one.title, f"{one.text} Updated.", publisher="A")) > 0
    assert odds(one, of("The committee met", other.text, publisher="B")) > NEVER
